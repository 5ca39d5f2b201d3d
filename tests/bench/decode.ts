/**
 * Decoding alone: datagrams of simulated exporters into a batch that is emptied when full; beside it the same with each full
 * batch turned into a Native block.
 */
import { FlowBatch, encodeNative } from '@weir/core';
import { Exporters, NetflowDecoder } from '../../collector/src/inputs/netflow/index.ts';
import type { ExportProtocol } from '../../collector/src/simulate/encoder.ts';
import { SimulatedExporter } from '../../collector/src/simulate/exporter.ts';
import { buildNetwork } from '../../collector/src/simulate/network.ts';
import { printTable, printUsage } from './support/report.ts';
import { cpuSeconds } from './support/usage.ts';

const quick = process.argv.includes('--quick');
const RING = 2_000;
const BATCH_ROWS = 32_768;
const FLOWS_A_RUN = quick ? 1_000_000 : 3_000_000;
const RUNS = quick ? 3 : 5;
const NOW_MS = Date.UTC(2026, 2, 10, 9);

interface Traffic {
  readonly name: string;
  readonly templates: readonly { readonly payload: Uint8Array; readonly step: number }[];
  readonly datagrams: readonly Uint8Array[];
  readonly flows: number;
  readonly bytes: number;
  /** Where the sequence number stands, and how far a datagram moves it. */
  readonly sequenceAt: number;
  readonly steps: readonly number[];
}

function simulated(name: string, protocol: ExportProtocol, ipv6Share: number): Traffic {
  const exporter = new SimulatedExporter({
    network: buildNetwork(3),
    seed: 3,
    number: 0,
    protocol,
    domain: 1,
    samplingRate: 1,
    maxPayload: 1472, // 30 records of version 5
    templateRefresh: Number.MAX_SAFE_INTEGER,
    skewMs: 0,
    dropFraction: 0,
    ipv6Share,
    biflow: false,
    traceTimes: false,
    startMs: NOW_MS,
  });
  const templates: { payload: Uint8Array; step: number }[] = [];
  const datagrams: Uint8Array[] = [];
  const steps: number[] = [];
  let flows = 0;
  let bytes = 0;
  exporter.produce(RING * exporter.encoder.typicalFlows, NOW_MS, ({ datagram }) => {
    const payload = new Uint8Array(datagram.payload);
    if (datagram.flows === 0) {
      templates.push({ payload, step: datagram.sequenceStep });
      return;
    }
    datagrams.push(payload);
    steps.push(datagram.sequenceStep);
    flows += datagram.flows;
    bytes += payload.length;
  });
  return { name, templates, datagrams, flows, bytes, sequenceAt: exporter.encoder.sequenceOffset, steps };
}

/** Version 9 as routers are usually configured: one template of 18 fields, 49 bytes a record, 28 records a datagram. */
function plainNetflow9(): Traffic {
  const fields: readonly (readonly [type: number, length: number])[] = [
    [8, 4],
    [12, 4],
    [15, 4],
    [10, 4],
    [14, 4],
    [2, 4],
    [1, 4],
    [22, 4],
    [21, 4], // prettier-ignore
    [7, 2],
    [11, 2],
    [6, 1],
    [4, 1],
    [5, 1],
    [9, 1],
    [13, 1],
    [16, 2],
    [17, 2],
  ];
  const recordLength = fields.reduce((sum, [, length]) => sum + length, 0);
  const records = 28;
  const header = (view: DataView, count: number): void => {
    view.setUint16(0, 9);
    view.setUint16(2, count);
    view.setUint32(4, 3_600_000);
    view.setUint32(8, NOW_MS / 1000);
    view.setUint32(16, 1);
  };
  const template = new Uint8Array(20 + 8 + fields.length * 4);
  const t = new DataView(template.buffer);
  header(t, 1);
  t.setUint16(22, 8 + fields.length * 4);
  t.setUint16(24, 256);
  t.setUint16(26, fields.length);
  fields.forEach(([type, length], i) => {
    t.setUint16(28 + i * 4, type);
    t.setUint16(30 + i * 4, length);
  });
  let state = 12345;
  const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0);
  const datagrams = Array.from({ length: RING }, () => {
    const padded = (4 + records * recordLength + 3) & ~3;
    const bytes = new Uint8Array(20 + padded);
    const view = new DataView(bytes.buffer);
    header(view, records);
    view.setUint16(20, 256);
    view.setUint16(22, padded);
    let at = 24;
    for (let r = 0; r < records; r++)
      for (const [type, length] of fields) {
        const value = type === 4 ? 6 : type === 22 ? 3_550_000 : type === 21 ? 3_590_000 : random() >>> 8;
        if (length === 4) view.setUint32(at, value);
        else if (length === 2) view.setUint16(at, value & 0xffff);
        else view.setUint8(at, value & 0x1f);
        at += length;
      }
    return bytes;
  });
  return {
    name: 'v9, 18 fields, 28 records',
    templates: [{ payload: template, step: 1 }],
    datagrams,
    flows: RING * records,
    bytes: datagrams.reduce((sum, d) => sum + d.length, 0),
    sequenceAt: 12,
    steps: datagrams.map(() => 1),
  };
}

interface Measured {
  readonly flowsPerSecond: number;
  readonly blockBytes: number;
}

/** Flows a second of CPU, the best of several runs: what else runs on the machine can only make it slower. */
function measure(traffic: Traffic, native: boolean): Measured {
  const decoder = new NetflowDecoder();
  const exporters = new Exporters((address) => ({ name: address, tenantId: 'default' }), 10);
  const exporter = exporters.at('192.0.2.1', NOW_MS)!;
  const batch = new FlowBatch(BATCH_ROWS + 2_048);
  let blockBytes = 0;
  let rows = 0;
  const empty = (): void => {
    if (native) blockBytes += encodeNative(batch).length;
    rows += batch.rows;
    batch.reset();
  };
  const sink = {
    reserve: (n: number): FlowBatch => {
      if (batch.room < n) empty();
      return batch;
    },
  };
  let sequence = 0;
  const send = (payload: Uint8Array, step: number): number => {
    const at = traffic.sequenceAt;
    payload[at] = sequence >>> 24;
    payload[at + 1] = sequence >>> 16;
    payload[at + 2] = sequence >>> 8;
    payload[at + 3] = sequence;
    sequence = (sequence + step) >>> 0;
    const outcome = decoder.decode(payload, exporter, 50_000, NOW_MS + 500, sink);
    return outcome.kind === 'decoded' ? outcome.flows : 0;
  };
  let best = 0;
  for (let run = -1; run < RUNS; run++) {
    for (const { payload, step } of traffic.templates) send(payload, step);
    let flows = 0;
    const before = cpuSeconds();
    while (flows < FLOWS_A_RUN)
      for (let i = 0; i < traffic.datagrams.length; i++)
        flows += send(traffic.datagrams[i]!, traffic.steps[i]!);
    const rate = flows / (cpuSeconds() - before);
    if (run >= 0) best = Math.max(best, rate); // the first warms up
  }
  empty();
  const { ledger } = exporter;
  if (ledger.flows !== rows || ledger.recordsLost.sequence_gap > 0)
    throw new Error(`${traffic.name}: ${rows} rows of ${ledger.flows} flows, ${ledger.sequenceGaps} gaps`);
  return { flowsPerSecond: best, blockBytes: blockBytes / rows };
}

const traffics = [
  simulated('v5, 30 records', 'v5', 0),
  plainNetflow9(),
  simulated('v9, 21 fields, IPv4', 'v9', 0),
  simulated('v9, a quarter IPv6', 'v9', 0.25),
  simulated('IPFIX, variable-length fields', 'ipfix', 0.25),
];
const rows = traffics.map((traffic) => {
  const alone = measure(traffic, false);
  const native = measure(traffic, true);
  return [
    traffic.name,
    (traffic.flows / traffic.datagrams.length).toFixed(1),
    (traffic.bytes / traffic.flows).toFixed(1),
    (alone.flowsPerSecond / 1e6).toFixed(2),
    (1e6 / alone.flowsPerSecond).toFixed(3),
    (native.flowsPerSecond / 1e6).toFixed(2),
    native.blockBytes.toFixed(0),
  ];
});
printTable(
  [
    'datagrams',
    'flows each',
    'B/flow',
    'decoded: M flows/s a core',
    'CPU s/M',
    'and as Native: M flows/s',
    'B/flow',
  ],
  rows,
);
printUsage();
