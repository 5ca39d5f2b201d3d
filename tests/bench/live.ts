/**
 * From datagram to live reader: a collector, background traffic of simulated exporters, one subscription that follows a few marked
 * flows beside one of rates; how long each marked flow takes from its `send` to its WebSocket message.
 */
import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LiveMessage } from '@weir/core';
import { WebSocket } from 'ws';
import { netflow5 } from '../../collector/src/inputs/netflow/testing/datagrams.ts';
import { TestCollector } from '../support/collector.ts';
import { Workspace, killed, until } from '../support/workspace.ts';
import { printTable, printUsage } from './support/report.ts';

const quick = process.argv.includes('--quick');
const RATES = [0, 10_000, 100_000];
const PROBES = quick ? 100 : 500;
const PROBE_EVERY_MS = 20;
/** Marks a probe: its number is in the source port. */
const PROBE_SOURCE = '203.0.113.77';

async function measure(rate: number): Promise<(string | number)[]> {
  const workspace = new Workspace();
  try {
    const collector = await TestCollector.start(workspace, { env: { BATCH_TIMEOUT_SECS: '5' } });
    const background = rate === 0 ? undefined : simulate(workspace, collector, rate);
    const url = collector.apiUrl.replace('http', 'ws');
    const arrivals = new Map<number, number>();
    const follower = new WebSocket(
      `${url}/ws/flows?columns=source_port&filter=${encodeURIComponent(`source = ${PROBE_SOURCE}`)}`,
    );
    const rates = new WebSocket(`${url}/ws/rates?by=source_ip,destination_port`);
    let ready = 0;
    for (const socket of [follower, rates]) socket.once('message', () => ready++);
    follower.on('message', (data: Buffer) => {
      const now = performance.now();
      const message = JSON.parse(data.toString('utf8')) as LiveMessage;
      if (message.type === 'flows') for (const [port] of message.rows) arrivals.set(Number(port), now);
    });
    await until('both subscriptions', () => (ready === 2 ? true : undefined));
    await sleep(2_000);

    const socket = createSocket('udp4');
    const sent = new Map<number, number>();
    for (let probe = 1; probe <= PROBES; probe++) {
      const datagram = netflow5(
        { sequence: probe - 1, exportMs: Date.now() },
        { source: PROBE_SOURCE, sourcePort: probe },
      );
      sent.set(probe, performance.now());
      socket.send(datagram, collector.udpPort, '127.0.0.1');
      // Not in step with the collector's looks.
      await sleep(PROBE_EVERY_MS * (0.5 + Math.random()));
    }
    await sleep(1_000);
    socket.close();
    const metrics = await collector.metrics();
    const tested = metrics.get('weir_live_rows_tested_total') ?? 0;
    const passedOver = metrics.get('weir_live_rows_passed_over_total') ?? 0;
    const busy = metrics.get('weir_receiver_utilization_ratio') ?? 0;
    follower.terminate();
    rates.terminate();
    if (background !== undefined) await killed(background);
    await collector.kill();

    const times = [...arrivals].map(([port, at]) => at - sent.get(port)!).sort((a, b) => a - b);
    const at = (share: number): string => (times[Math.ceil(share * times.length) - 1] ?? NaN).toFixed(1);
    return [
      rate,
      `${times.length}/${PROBES}`,
      at(0.5),
      at(0.95),
      at(0.99),
      at(1),
      `${((100 * passedOver) / Math.max(1, tested + passedOver)).toFixed(1)} %`,
      `${(100 * busy).toFixed(0)} %`,
    ];
  } finally {
    await workspace.dispose();
  }
}

function simulate(workspace: Workspace, collector: TestCollector, rate: number) {
  const main = new URL('../../collector/src/main.ts', import.meta.url).pathname;
  const child = workspace.spawn(
    process.execPath,
    [
      main,
      'simulate',
      '--target',
      `127.0.0.1:${collector.udpPort}`,
      ...['--rate', String(rate), '--exporters', '4', '--protocol', 'v9', '--replay', '--quiet'],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  createInterface({ input: child.stderr! }).on('line', (line) => console.error(line));
  return child;
}

console.log(`Datagram to live reader, ${PROBES} probes at each rate; the sender shares the machine's cores`);
const rows: (string | number)[][] = [];
for (const rate of RATES) rows.push(await measure(rate));
printTable(
  ['background flows/s', 'probes', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms', 'not looked at', 'receiver busy'],
  rows,
);
printUsage();
