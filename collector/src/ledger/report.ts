import type { Counts, DatagramReason, LossReason, SetReason } from './reasons.ts';

/** A snapshot of one exporter's state as the receiving thread hands it on: plain data, for the API, metrics and verdicts. */
export interface ExporterReport {
  readonly address: string;
  readonly name: string;
  readonly tenantId: string;
  /** Protocol versions seen: 5, 9, 10 (IPFIX). */
  readonly versions: readonly number[];
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** The exporter's clock minus ours in milliseconds; null before the first datagram. */
  readonly clockOffsetMs: number | null;
  /** Rate stored with its latest flow; 0 for not known. */
  readonly samplingRate: number;
  /** When data last came without its template, milliseconds since 1970; 0 for never. */
  readonly templateMissingMs: number;
  readonly pendingBytes: number;
  readonly interfaces: number;
  readonly applications: number;
  readonly ledger: LedgerReport;
  readonly domains: readonly DomainReport[];
  /** Elements that no column takes, most records first. */
  readonly unused: readonly UnusedReport[];
}

export interface LedgerReport {
  readonly datagramsReceived: number;
  readonly datagramsDecoded: number;
  readonly datagramsMissing: number;
  readonly bytesReceived: number;
  readonly datagramsRefused: Counts<DatagramReason>;
  readonly setsMalformed: Counts<SetReason>;
  readonly recordsAnnounced: number;
  readonly flows: number;
  readonly optionsRecords: number;
  readonly recordsWaiting: number;
  readonly recordsLost: Counts<LossReason>;
  readonly templatesReceived: number;
  readonly sequenceGaps: number;
  readonly sequenceResets: number;
  readonly reordered: number;
  /** recordsAnnounced − flows − optionsRecords − recordsWaiting − Σ recordsLost: 0 when the identity holds. */
  readonly imbalance: number;
}

export interface DomainReport {
  readonly id: number;
  readonly version: number;
  readonly templates: readonly TemplateReport[];
  /** Sets that wait for a template, and which templates. */
  readonly waitingSets: number;
  readonly waitingFor: readonly number[];
  readonly samplers: readonly { readonly id: number; readonly rate: number }[];
  readonly samplingRate: number;
  /** Its sequence numbers count something else than its protocol says. */
  readonly contrarySequence: boolean;
}

export interface TemplateReport {
  readonly id: number;
  readonly options: boolean;
  readonly fields: number;
  readonly seenMs: number;
  readonly usedMs: number;
}

export interface UnusedReport {
  readonly pen: number;
  readonly id: number;
  readonly name: string;
  readonly records: number;
}

/** The interfaces of one exporter: configured, learnt from its options data, or seen in its flows. */
export interface InterfaceInventory {
  readonly address: string;
  readonly exporterName: string;
  readonly tenantId: string;
  readonly interfaces: readonly (readonly [number, InterfaceReport])[];
}

export interface InterfaceReport {
  readonly name: string;
  readonly description: string;
  /** Bits per second; 0 where not known. */
  readonly speed: number;
}
