import type { Exporter } from '../inputs/netflow/index.ts';

/** One entry of the ledger: how much a count has grown since it was last written. */
export interface LedgerEntry {
  readonly exporter: string;
  readonly exporterName: string;
  readonly tenantId: string;
  /** `datagrams_received`, `records_announced`, `flows`, …: see docs/reference/ledger.md. */
  readonly measure: string;
  /** For refusals, malformed sets and losses: why. Empty otherwise. */
  readonly reason: string;
  /** May be negative: a record that was thought lost has come late, waiting data has been decoded. */
  readonly value: number;
}

/** An exporter's counts as a flat list of measure, reason and value. */
export function countsOf(exporter: Exporter): [measure: string, reason: string, value: number][] {
  const { ledger } = exporter;
  const all: [string, string, number][] = [
    ['datagrams_received', '', ledger.datagramsReceived],
    ['datagrams_decoded', '', ledger.datagramsDecoded],
    ['datagrams_missing', '', ledger.datagramsMissing],
    ['bytes_received', '', ledger.bytesReceived],
    ['records_announced', '', ledger.recordsAnnounced],
    ['flows', '', ledger.flows],
    ['options_records', '', ledger.optionsRecords],
    ['records_waiting', '', ledger.recordsWaiting],
    ['sequence_gaps', '', ledger.sequenceGaps],
    ['sequence_resets', '', ledger.sequenceResets],
    ['reordered', '', ledger.reordered],
  ];
  for (const [reason, value] of Object.entries(ledger.datagramsRefused))
    all.push(['datagrams_refused', reason, value]);
  for (const [reason, value] of Object.entries(ledger.setsMalformed))
    all.push(['sets_malformed', reason, value]);
  for (const [reason, value] of Object.entries(ledger.recordsLost)) all.push(['records_lost', reason, value]);
  return all;
}

/** What has grown since the last call, for exporters that have sent anything since. */
export class LedgerDeltas {
  private readonly written = new WeakMap<Exporter, number[]>();
  private readonly seen = new WeakMap<Exporter, number>();

  take(exporters: Iterable<Exporter>): LedgerEntry[] {
    const entries: LedgerEntry[] = [];
    for (const exporter of exporters) {
      const activity =
        exporter.ledger.datagramsReceived +
        exporter.ledger.recordsWaiting +
        exporter.ledger.recordsLost.queue +
        exporter.ledger.recordsLost.store;
      if (this.seen.get(exporter) === activity) continue;
      this.seen.set(exporter, activity);
      const counts = countsOf(exporter);
      const before = this.written.get(exporter);
      counts.forEach(([measure, reason, value], i) => {
        const grown = value - (before?.[i] ?? 0);
        if (grown === 0) return;
        const { name, tenantId } = exporter.profile;
        entries.push({
          exporter: exporter.address,
          exporterName: name,
          tenantId,
          measure,
          reason,
          value: grown,
        });
      });
      this.written.set(
        exporter,
        counts.map(([, , value]) => value),
      );
    }
    return entries;
  }
}
