/**
 * What detection costs: flows at a rate among so many hosts, sealed as the receiving thread seals them, then all that the detection
 * thread does with them: read the blocks, count, look at the window that has just ended, close it, encode it for the database, run all
 * detectors. Whether a scan in the last window's last second is told. CPU seconds a million flows, beside decoding and sealing flows in the same run.
 * Each rate and number of hosts in a process of its own, for its memory.
 */
import { spawnSync } from 'node:child_process';
import { FlowBatch, at, decodeNative, encodeNative } from '@weir/core';
import { DetectionEngine } from '../../collector/src/detect/engine.ts';
import type { DetectionSettings } from '../../collector/src/detect/settings.ts';
import { Exporters, NetflowDecoder } from '../../collector/src/inputs/netflow/index.ts';
import { SimulatedExporter } from '../../collector/src/simulate/exporter.ts';
import { buildNetwork } from '../../collector/src/simulate/network.ts';
import { WindowSet, encodeWindow } from '../../collector/src/detect/windows/index.ts';
import { mebibytes, printTable, printUsage, thousands } from './support/report.ts';
import { cpuSeconds } from './support/usage.ts';

const quick = process.argv.includes('--quick');
const BATCH_ROWS = 32_768;
/** Flows made; where a window has more they come again in it, as hosts' flows do. */
const POOL = 1_000_000;
const SECONDS = 10;
const LATENESS = 20;
/** Nothing runs longer, whatever goes wrong. */
const LIMIT_MS = 5 * 60_000;
const NOW = Date.UTC(2026, 2, 10, 9) / 1000;
const SCANNED_PORTS = 1_000;
const SCANNER = (10 | (255 << 8) | (255 << 16) | (7 << 24)) >>> 0;
const V4 = 0xffff0000;

const settings: DetectionSettings = {
  enabled: true,
  ownNetworks: ['10.0.0.0/8'],
  latenessSeconds: LATENESS,
  capacities: {},
  detectors: {},
  tenants: {},
  exclude: [],
  silences: [],
  rules: [],
};

/** What clients ask for, of a hundred. */
const services: readonly (readonly [port: number, protocol: number, share: number])[] = [
  [443, 6, 46],
  [443, 17, 12],
  [53, 17, 14],
  [80, 6, 10],
  [123, 17, 3],
  [445, 6, 4],
  [993, 6, 3],
  [22, 6, 1],
  [8080, 6, 4],
  [5060, 17, 3],
];

/** Conversations of own clients with servers, few of which have most of them; a record for each direction. */
function conversations(hosts: number): FlowBatch[] {
  let state = 7;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.imul(state ^ (state >>> 16), 0x7feb352d) >>> 0;
  };
  const ofHundred = services.flatMap(([port, protocol, share]) =>
    Array.from({ length: share }, () => ({ port, protocol })),
  );
  const clients = hosts >>> 1;
  return Array.from({ length: Math.ceil(POOL / BATCH_ROWS) }, () => {
    const batch = new FlowBatch(BATCH_ROWS);
    const ends = [batch.u32(at.source_ip), batch.u32(at.destination_ip)] as const;
    for (let r = 0; r < BATCH_ROWS; r++) {
      const isAnswer = (r & 1) === 1;
      const first = r & ~1;
      if (!isAnswer) {
        const skewed = (next() / 2 ** 32) ** 3;
        ends[0][4 * r + 3] = address(10, next() % clients);
        ends[1][4 * r + 3] = address(
          next() % 8 === 0 ? 10 : 52,
          clients + Math.floor(skewed * (hosts - clients)),
        );
        const { port, protocol } = ofHundred[next() % ofHundred.length]!;
        batch.u16(at.source_port)[r] = 32_768 + (next() & 0x7fff);
        batch.u16(at.destination_port)[r] = port;
        batch.u8(at.protocol)[r] = protocol;
      } else {
        for (const k of [0, 1] as const) ends[k][4 * r + 3] = ends[1 - k]![4 * first + 3]!;
        batch.u16(at.source_port)[r] = batch.u16(at.destination_port)[first]!;
        batch.u16(at.destination_port)[r] = batch.u16(at.source_port)[first]!;
        batch.u8(at.protocol)[r] = batch.u8(at.protocol)[first]!;
      }
      ends[0][4 * r + 2] = ends[1][4 * r + 2] = V4;
      const packets = 4 + (next() & 31);
      batch.u16(at.tcp_flags)[r] = batch.u8(at.protocol)[r] === 6 ? 0x1b : 0;
      batch.u32(at.packets_in)[2 * r] = packets;
      batch.u32(at.bytes_in)[2 * r] = packets * (isAnswer ? 900 : 120);
      batch.u32(at.duration_ms)[r] = next() & 0x1fff;
      batch.u32(at.input_interface)[r] = isAnswer ? 2 : 1;
      batch.u32(at.output_interface)[r] = isAnswer ? 1 : 2;
    }
    batch.rows = BATCH_ROWS;
    return batch;
  });
}

/** Words are in the order of memory: the first octet is the lowest. */
function address(first: number, number: number): number {
  return (
    (first | (((number >>> 16) & 0xff) << 8) | (((number >>> 8) & 0xff) << 16) | ((number & 0xff) << 24)) >>>
    0
  );
}

/** One own host asks a thousand ports of another, in vain. */
function scan(timestamp: number): FlowBatch {
  const batch = new FlowBatch(SCANNED_PORTS);
  for (let r = 0; r < SCANNED_PORTS; r++) {
    batch.u32(at.source_ip)[4 * r + 2] = batch.u32(at.destination_ip)[4 * r + 2] = V4;
    batch.u32(at.source_ip)[4 * r + 3] = SCANNER;
    batch.u32(at.destination_ip)[4 * r + 3] = address(10, 9);
    batch.u16(at.source_port)[r] = 40_000 + r;
    batch.u16(at.destination_port)[r] = 1 + r;
    batch.u8(at.protocol)[r] = 6;
    batch.u16(at.tcp_flags)[r] = 2;
    batch.u32(at.packets_in)[2 * r] = 1;
    batch.u32(at.bytes_in)[2 * r] = 44;
    batch.u32(at.input_interface)[r] = 1;
    batch.u32(at.timestamp)[r] = timestamp;
  }
  batch.rows = SCANNED_PORTS;
  return batch;
}

/** Datagrams of NetFlow v9 decoded into batches, and these sealed: CPU seconds a million flows, what a flow costs before detection. */
function decodingAndSealing(): number {
  const exporter = new SimulatedExporter({
    network: buildNetwork(3),
    seed: 3,
    number: 0,
    protocol: 'v9',
    domain: 1,
    samplingRate: 1,
    maxPayload: 1472,
    templateRefresh: 500,
    skewMs: 0,
    dropFraction: 0,
    ipv6Share: 0.25,
    biflow: false,
    traceTimes: false,
    startMs: NOW * 1000,
  });
  const from = new Exporters((address) => ({ name: address, tenantId: 'default' }), 10).at(
    '192.0.2.1',
    NOW * 1000,
  )!;
  const payloads: Uint8Array[] = [];
  for (let step = 1; step <= 250; step++)
    exporter.produce(1_000, NOW * 1000 + step * 10, ({ datagram }) =>
      payloads.push(datagram.payload.slice()),
    );
  let least = Infinity;
  for (let run = 0; run < 4; run++) {
    const decoder = new NetflowDecoder();
    const batch = new FlowBatch(BATCH_ROWS + 2_048);
    let flows = 0;
    const before = cpuSeconds();
    for (const payload of payloads) {
      decoder.decode(payload, from, 50_000, NOW * 1000, { reserve: () => batch });
      if (batch.rows < BATCH_ROWS) continue;
      flows += batch.rows;
      encodeNative(batch);
      batch.reset();
    }
    least = Math.min(least, (cpuSeconds() - before) / (flows / 1e6));
  }
  return least;
}

interface Costs {
  reading: number;
  counting: number;
  looking: number;
  closing: number;
  encoding: number;
  detecting: number;
}

/** CPU seconds of each part of a window, the least of several windows; what is shared among them is none. */
function run(rate: number, hosts: number, windowsMeasured: number): (string | number)[] {
  const pool = conversations(hosts);
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  const reference = decodingAndSealing();
  const windows = new WindowSet({
    internalPrefixes: settings.ownNetworks,
    latenessSeconds: LATENESS,
    seed: 1,
  });
  const engine = new DetectionEngine({
    settings,
    onFault: (detector, error) => {
      throw new Error(`${detector} failed: ${String(error)}`);
    },
  });
  const read = new FlowBatch(BATCH_ROWS);
  const parts = ['reading', 'counting', 'looking', 'closing', 'encoding', 'detecting'] as const;
  const least = Object.fromEntries(parts.map((part) => [part, Infinity])) as unknown as Costs;
  let rows = 0;
  let early = NaN;
  let told = NaN;
  let isTold = false;
  // Those that warm up fill the minute that detectors look back on, with fewer flows.
  const warming = LATENESS / SECONDS + 4;
  const count = warming + windowsMeasured;
  for (let w = 0; w < count; w++) {
    const costs: Costs = {
      reading: 0,
      counting: 0,
      looking: 0,
      closing: 0,
      encoding: 0,
      detecting: 0,
    };
    const of = <T>(part: keyof Costs, work: () => T): T => {
      const before = cpuSeconds();
      const result = work();
      costs[part] += cpuSeconds() - before;
      return result;
    };
    const start = NOW + w * SECONDS;
    const inWindow = w < warming ? Math.min(POOL, rate * SECONDS) : rate * SECONDS;
    let sent = 0;
    for (let b = 0; sent < inWindow; b++) {
      const batch = pool[b % pool.length]!;
      batch.rows = Math.min(BATCH_ROWS, inWindow - sent);
      batch.u32(at.timestamp).fill(start + Math.floor((SECONDS * sent) / inWindow));
      sent += batch.rows;
      const block = encodeNative(batch);
      of('reading', () => {
        read.reset();
        decodeNative(block, read);
      });
      of('counting', () => windows.observe(read));
    }
    const last = w === count - 1;
    if (last) windows.observe(scan(start + SECONDS - 1));
    // A second after the window's end, as the thread's clock ticks; by the clock, for that is how long one waits.
    const ended = performance.now();
    const looked = of('looking', () =>
      windows.peek(start + SECONDS + 1).map((window) => engine.early(window)),
    );
    if (last) {
      early = performance.now() - ended;
      isTold = looked.flat().some(({ type }) => type === 'port_scan_vertical');
    }
    const began = performance.now();
    const closed = of('closing', () => windows.close(start + SECONDS + 1));
    of('encoding', () => closed.map((window) => encodeWindow(window, 'bench')));
    of('detecting', () => closed.map((window) => engine.take(window)));
    if (closed.length > 0) told = performance.now() - began;
    for (const { kinds } of closed) rows = Object.values(kinds).reduce((sum, k) => sum + k.rows, 0);
    if (w >= warming) for (const part of parts) least[part] = Math.min(least[part], costs[part]);
  }
  for (const batch of pool) batch.rows = BATCH_ROWS;
  const millions = (rate * SECONDS) / 1e6;
  const perMillion = (seconds: number): string => (seconds / millions).toFixed(2);
  const all = parts.reduce((sum, part) => sum + least[part], 0);
  return [
    thousands(rate),
    thousands(hosts),
    thousands(rows),
    perMillion(least.reading),
    perMillion(least.counting),
    perMillion(least.looking),
    perMillion(least.closing + least.encoding),
    perMillion(least.detecting),
    perMillion(all),
    (all / millions / reference).toFixed(1),
    (100 * (all / SECONDS)).toFixed(0),
    early.toFixed(0),
    isTold ? 'yes' : 'no',
    told.toFixed(0),
    mebibytes(windows.counts().bytes),
    mebibytes(process.memoryUsage.rss() - before),
  ];
}

const scenarios: readonly (readonly [rate: number, hosts: number, windows: number])[] = quick
  ? [[100_000, 50_000, 1]]
  : [
      [100_000, 50_000, 3],
      [100_000, 1_000_000, 3],
      [1_000_000, 50_000, 1],
      [1_000_000, 1_000_000, 1],
    ];
/** Runs one as a process of its own and returns its row. */
function inProcess(scenario: number): (string | number)[] {
  const args = [
    ...process.execArgv,
    import.meta.filename,
    `--scenario=${scenario}`,
    ...process.argv.slice(2),
  ];
  const { stdout, status } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  if (status !== 0) throw new Error(`the benchmark of ${scenarios[scenario]!.join(', ')} has failed`);
  return JSON.parse(stdout) as (string | number)[];
}

const chosen = process.argv.find((a) => a.startsWith('--scenario='));
if (chosen !== undefined) console.log(JSON.stringify(run(...scenarios[Number(chosen.split('=')[1])]!)));
else {
  console.log(
    'CPU seconds a million flows; all parts on one core. Milliseconds by the clock from when a window is looked at, or closed.',
  );
  printTable(
    [
      'flows/s',
      'hosts',
      'rows',
      'read',
      'count',
      'look',
      'close, encode',
      'detect',
      'in all',
      'x decode, seal',
      'core %',
      'early ms',
      'scan told',
      'closed ms',
      'windows MiB',
      'RSS more MiB',
    ],
    scenarios.map((_, i) => inProcess(i)),
  );
  printUsage();
}
