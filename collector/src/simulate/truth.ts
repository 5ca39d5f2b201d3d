import type { ExporterLedger, DatagramSums, KindTruth } from './exporter-ledger.ts';
import type { ExportProtocol } from './encoder.ts';
import type { SimulatedExporter } from './exporter.ts';
import type { AddressShare, FlowSums, Share, Tally } from './tally.ts';
import type { UdpSender } from './udp-sender.ts';

/** What one exporter did. */
export interface ExporterTruth {
  readonly name: string;
  /** source of its datagrams */
  readonly address: string;
  readonly port: number;
  readonly protocol: ExportProtocol;
  /** source id, observation domain id, or engine type × 256 + engine id */
  readonly domain: number;
  readonly samplingRate: number;
  /** by how much its clock is ahead */
  readonly skewMs: number;
  /** milliseconds since 1970, by its own clock */
  readonly bootMs: number;
  readonly interfaces: readonly {
    index: number;
    name: string;
    description: string;
    speedBitsPerSecond: number;
  }[];
  readonly sent: Readonly<DatagramSums>;
  readonly refused: Readonly<DatagramSums>;
  readonly withheld: Readonly<DatagramSums>;
  /** datagrams of templates and options, contained in `sent` */
  readonly announcements: number;
  readonly optionRecords: number;
  /** the sequence number that its next datagram would have had, 32 bits */
  readonly nextSequence: number;
  readonly sums: Readonly<FlowSums>;
  readonly kinds: readonly KindTruth[];
  readonly byProtocol: Readonly<Record<string, Share>>;
  /** by bytes as sent; empty where there are too many exporters to keep them */
  readonly topSources: readonly AddressShare[];
  readonly topDestinations: readonly AddressShare[];
}

/** All that a simulation sent: what a collector that loses nothing must have stored. */
export interface Truth {
  readonly seed: number;
  readonly mode: 'live' | 'replay';
  readonly target: { readonly address: string; readonly port: number };
  /** ISO 8601, UTC, by the real clock */
  readonly startedAt: string;
  readonly endedAt: string;
  readonly elapsedSeconds: number;
  /** CPU time of the process (or of the worker thread) while it sent */
  readonly cpuSeconds: number;
  readonly flowsPerSecond: number;
  readonly sent: Readonly<DatagramSums>;
  readonly refused: Readonly<DatagramSums>;
  readonly withheld: Readonly<DatagramSums>;
  /** why the kernel refused, by error code; reports that nothing listens at the target */
  readonly refusals: Readonly<Record<string, number>>;
  readonly unreachable: number;
  readonly sums: Readonly<FlowSums>;
  readonly byProtocol: Readonly<Record<string, Share>>;
  readonly topSources: readonly AddressShare[];
  readonly topDestinations: readonly AddressShare[];
  readonly exporters: readonly ExporterTruth[];
}

const TOP = 20;

/** One exporter with what sends and what counts for it. */
export interface RunningExporter {
  readonly exporter: SimulatedExporter;
  readonly sender: UdpSender;
  readonly ledger: ExporterLedger;
}

export function exporterTruth({ exporter, sender, ledger }: RunningExporter): ExporterTruth {
  const { options } = exporter;
  return {
    name: exporter.name,
    address: sender.address,
    port: sender.port,
    protocol: options.protocol,
    domain: options.domain,
    samplingRate: options.samplingRate,
    skewMs: options.skewMs,
    bootMs: exporter.bootMs,
    interfaces: exporter.site.interfaces.map(({ index, name, description, speedBitsPerSecond }) => ({
      index,
      name,
      description,
      speedBitsPerSecond,
    })),
    sent: ledger.sent,
    refused: ledger.refused,
    withheld: ledger.withheld,
    announcements: ledger.announcements,
    optionRecords: ledger.optionRecords,
    nextSequence: exporter.encoder.sequence,
    sums: ledger.sums,
    kinds: ledger.kinds(),
    byProtocol: ledger.tally.byProtocol(),
    topSources: ledger.tally.topSources(TOP),
    topDestinations: ledger.tally.topDestinations(TOP),
  };
}

/** The truth of a whole simulation, of which `head` holds what is not counted by flows. */
export function wholeTruth(
  head: Pick<Truth, 'seed' | 'mode' | 'target' | 'startedAt' | 'endedAt' | 'elapsedSeconds' | 'cpuSeconds'>,
  running: readonly RunningExporter[],
  total: Tally,
): Truth {
  const add = (of: (ledger: ExporterLedger) => DatagramSums): DatagramSums => {
    const sums: DatagramSums = { datagrams: 0, payloadBytes: 0, flows: 0 };
    for (const { ledger } of running) {
      const one = of(ledger);
      sums.datagrams += one.datagrams;
      sums.payloadBytes += one.payloadBytes;
      sums.flows += one.flows;
    }
    return sums;
  };
  const refusals: Record<string, number> = {};
  let unreachable = 0;
  for (const { sender } of running) {
    unreachable += sender.unreachable;
    for (const [code, count] of sender.refusals) refusals[code] = (refusals[code] ?? 0) + count;
  }
  const sent = add((ledger) => ledger.sent);
  return {
    ...head,
    flowsPerSecond: head.elapsedSeconds > 0 ? Math.round(sent.flows / head.elapsedSeconds) : 0,
    sent,
    refused: add((ledger) => ledger.refused),
    withheld: add((ledger) => ledger.withheld),
    refusals,
    unreachable,
    sums: total.sums,
    byProtocol: total.byProtocol(),
    topSources: total.topSources(TOP),
    topDestinations: total.topDestinations(TOP),
    exporters: running.map(exporterTruth),
  };
}
