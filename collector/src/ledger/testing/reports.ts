import { datagramReasons, lossReasons, setReasons, zeroCounts } from '../reasons.ts';
import type { DomainReport, ExporterReport, LedgerReport } from '../report.ts';

/** The time by which the reports below are made. */
export const NOW_MS = Date.UTC(2026, 10, 16, 8);

/** An exporter with which all is well. */
export function healthyReport(
  change: Partial<ExporterReport> = {},
  ledger: Partial<LedgerReport> = {},
): ExporterReport {
  return {
    address: '192.0.2.1',
    name: 'core-1',
    tenantId: 'default',
    versions: [9],
    firstSeenMs: NOW_MS - 3_600_000,
    lastSeenMs: NOW_MS - 2_000,
    clockOffsetMs: -300,
    samplingRate: 1000,
    templateMissingMs: 0,
    pendingBytes: 0,
    interfaces: 4,
    applications: 0,
    domains: [healthyDomain()],
    unused: [],
    ...change,
    ledger: {
      datagramsReceived: 1000,
      datagramsDecoded: 1000,
      datagramsMissing: 0,
      bytesReceived: 1_400_000,
      datagramsRefused: zeroCounts(datagramReasons),
      setsMalformed: zeroCounts(setReasons),
      recordsAnnounced: 20_010,
      flows: 20_000,
      optionsRecords: 10,
      recordsWaiting: 0,
      recordsLost: zeroCounts(lossReasons),
      templatesReceived: 20,
      sequenceGaps: 0,
      sequenceResets: 0,
      reordered: 0,
      imbalance: 0,
      ...ledger,
    },
  };
}

export function healthyDomain(change: Partial<DomainReport> = {}): DomainReport {
  return {
    id: 0,
    version: 9,
    templates: [{ id: 256, options: false, fields: 18, seenMs: NOW_MS - 40_000, usedMs: NOW_MS - 2_000 }],
    waitingSets: 0,
    waitingFor: [],
    samplers: [{ id: 1, rate: 1000 }],
    samplingRate: 0,
    contrarySequence: false,
    ...change,
  };
}
