/**
 * Windows alone: flows in batches into the rows of all kinds, beside one plain pass over the columns that windows read. Flows of
 * simulated exporters, decoded; random ones among many hosts; floods of forged sources. CPU time, best of several runs.
 */
import { FlowBatch, at } from '@weir/core';
import { WindowSet, encodeWindow } from '../../collector/src/detect/windows/index.ts';
import { Exporters, NetflowDecoder } from '../../collector/src/inputs/netflow/index.ts';
import { SimulatedExporter } from '../../collector/src/simulate/exporter.ts';
import { buildNetwork } from '../../collector/src/simulate/network.ts';
import { mebibytes, printTable, printUsage, thousands } from './support/report.ts';
import { cpuSeconds } from './support/usage.ts';

const quick = process.argv.includes('--quick');
const BATCH_ROWS = 32_768;
const BATCHES = quick ? 16 : 32;
const RUNS = quick ? 3 : 5;
const NOW = Date.UTC(2026, 2, 10, 9) / 1000;
const OWN = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'];

/** A window's worth of flows: `BATCHES` batches within ten seconds. */
interface Traffic {
  readonly name: string;
  readonly batches: readonly FlowBatch[];
  readonly flows: number;
}

function simulated(name: string, protocol: 'v9' | 'ipfix', biflow: boolean): Traffic {
  const exporter = new SimulatedExporter({
    network: buildNetwork(3),
    seed: 3,
    number: 0,
    protocol,
    domain: 1,
    samplingRate: 1,
    maxPayload: 1472,
    templateRefresh: 500,
    skewMs: 0,
    dropFraction: 0,
    ipv6Share: 0.25,
    biflow,
    traceTimes: false,
    startMs: NOW * 1000,
  });
  const decoder = new NetflowDecoder();
  const known = new Exporters((address) => ({ name: address, tenantId: 'default' }), 10);
  const from = known.at('192.0.2.1', NOW * 1000)!;
  const batches: FlowBatch[] = [];
  let batch = new FlowBatch(BATCH_ROWS + 2_048);
  for (let step = 1; batches.length < BATCHES; step++) {
    const nowMs = NOW * 1000 + Math.min(9_999, step * 10);
    exporter.produce(1_000, nowMs, ({ datagram }) => {
      decoder.decode(datagram.payload, from, 50_000, nowMs, { reserve: () => batch });
      if (batch.rows < BATCH_ROWS) return;
      batches.push(batch);
      batch = new FlowBatch(BATCH_ROWS + 2_048);
    });
  }
  return { name, batches, flows: batches.reduce((sum, b) => sum + b.rows, 0) };
}

/** Flows between `hosts` hosts and as many others, all as likely; or of sources that never come again. */
function random(name: string, hosts: number, forged: boolean): Traffic {
  let state = 99;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.imul(state ^ (state >>> 16), 0x7feb352d) >>> 0;
  };
  const batches = Array.from({ length: BATCHES }, () => {
    const batch = new FlowBatch(BATCH_ROWS);
    const source = batch.u32(at.source_ip);
    const destination = batch.u32(at.destination_ip);
    batch.u32(at.timestamp).fill(NOW + 5);
    batch.u8(at.protocol).fill(6);
    batch.u16(at.tcp_flags).fill(forged ? 2 : 0x1b);
    batch.u32(at.input_interface).fill(1);
    batch.u32(at.output_interface).fill(2);
    for (let r = 0; r < BATCH_ROWS; r++) {
      source[4 * r + 2] = destination[4 * r + 2] = 0xffff0000;
      // 10.x.y.z, in memory's byte order
      source[4 * r + 3] = forged ? next() : (10 | ((next() % hosts) << 8)) >>> 0;
      destination[4 * r + 3] = forged ? 0x0100000a : (198 | ((next() % hosts) << 8)) >>> 0;
      batch.u16(at.source_port)[r] = 1024 + (next() & 0x7fff);
      batch.u16(at.destination_port)[r] = 443;
      batch.u32(at.bytes_in)[2 * r] = forged ? 40 : next() & 0xffff;
      batch.u32(at.packets_in)[2 * r] = forged ? 1 : 1 + (next() & 31);
      batch.u32(at.duration_ms)[r] = forged ? 0 : next() & 0x1fff;
    }
    batch.rows = BATCH_ROWS;
    return batch;
  });
  return { name, batches, flows: BATCHES * BATCH_ROWS };
}

/** One pass over what windows read: what a flow costs at least. */
function plainPass(batches: readonly FlowBatch[]): number {
  let sum = 0;
  for (const batch of batches)
    for (const [column, words] of [
      [at.timestamp, 1],
      [at.end_lag_ms, 2],
      [at.duration_ms, 1],
      [at.source_ip, 4],
      [at.destination_ip, 4],
      [at.bytes_in, 2],
      [at.packets_in, 2],
      [at.input_interface, 1],
      [at.output_interface, 1],
      [at.sampling_rate, 1],
    ] as const) {
      if (!batch.has(column)) continue;
      const values = batch.u32(column);
      for (let i = 0; i < batch.rows * words; i++) sum = (sum + values[i]!) | 0;
    }
  return sum;
}

/** Least CPU seconds of several runs: what else the machine does can only make it more. */
function best(work: () => void): number {
  let least = Infinity;
  for (let run = -1; run < RUNS; run++) {
    const before = cpuSeconds();
    work();
    if (run >= 0) least = Math.min(least, cpuSeconds() - before); // the first warms up
  }
  return least;
}

const traffics = [
  simulated('simulated, v9', 'v9', false),
  simulated('simulated, IPFIX biflows', 'ipfix', true),
  random('50 k hosts, all alike', 50_000, false),
  random('1 M hosts, all alike', 1_000_000, false),
  random('flood of forged sources', 0, true),
];
const rows = traffics.map(({ name, batches, flows }) => {
  const windows = new WindowSet({ internalPrefixes: OWN, seed: 1 });
  let closing = Infinity;
  let encoding = Infinity;
  let held = 0;
  let blockBytes = 0;
  const plain = best(() => plainPass(batches));
  let observing = Infinity;
  best(() => {
    const before = cpuSeconds();
    for (const batch of batches) windows.observe(batch);
    const seen = cpuSeconds();
    observing = Math.min(observing, seen - before);
    const closed = windows.closeAll();
    const taken = cpuSeconds();
    const blocks = closed.map((window) => encodeWindow(window, 'bench'));
    closing = Math.min(closing, taken - seen);
    encoding = Math.min(encoding, cpuSeconds() - taken);
    held = closed.reduce((sum, w) => sum + Object.values(w.kinds).reduce((s, k) => s + k.rows, 0), 0);
    blockBytes = blocks.reduce((sum, b) => sum + b.length, 0);
  });
  const counts = windows.counts();
  return [
    name,
    thousands(flows / observing),
    (observing / plain).toFixed(1),
    thousands(held),
    (1000 * closing).toFixed(0),
    (1000 * encoding).toFixed(0),
    mebibytes(blockBytes),
    `${((100 * counts.folded.source) / counts.records).toFixed(1)}`,
    `${mebibytes(counts.bytes)} of ${mebibytes(counts.mostBytes)}`,
  ];
});
printTable(
  [
    'flows',
    'flows/s',
    'x plain pass',
    'rows',
    'close ms',
    'encode ms',
    'block MiB',
    'sources folded %',
    'MiB',
  ],
  rows,
);
printUsage();
