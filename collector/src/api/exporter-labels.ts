import type { ExporterReport } from '../ledger/report.ts';

/** The label of all exporters beyond the bound. */
export const OTHER = 'other';

/**
 * Which exporters have series of their own. Labels are cardinality, and an exporter's address is what anyone who can send a
 * datagram may choose: only exporters that have sent flows get one, the first so many, for good; the rest is summed up.
 */
export class ExporterLabels {
  private readonly limit: number;
  private readonly own = new Set<string>();

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Reports by label. */
  group(reports: readonly ExporterReport[]): Map<string, ExporterReport[]> {
    const groups = new Map<string, ExporterReport[]>();
    for (const report of reports) {
      if (report.ledger.flows > 0 && this.own.size < this.limit) this.own.add(report.address);
      const label = this.own.has(report.address) ? report.address : OTHER;
      const group = groups.get(label);
      if (group === undefined) groups.set(label, [report]);
      else group.push(report);
    }
    return groups;
  }
}
