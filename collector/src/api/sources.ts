import type { DetectionState } from '../detect/live/index.ts';
import type { LiveCounts } from '../live/hub.ts';
import type { TapCounts } from '../live/subscription.ts';
import type { ExporterReport } from '../ledger/report.ts';

/**
 * What the API asks the collector for. Each function gives a snapshot of plain data, at most a second or two old, and is cheap
 * enough for every scrape.
 */
export interface ApiSources {
  exporters(): readonly ExporterReport[];
  listeners(): readonly ListenerReport[];
  receiver(): ReceiverReport;
  store(): StoreReport;
  live(): LiveReport;
  /** null where detection is off. */
  detection(): DetectionReport | null;
  /** When the collector started, milliseconds since 1970. */
  readonly startedMs: number;
  readonly version: string;
  /** The folder whose file system must not fill. */
  readonly dataDir: string;
}

/** The thread that receives and decodes. */
export interface ReceiverReport {
  /** When it last gave a sign of life, milliseconds since 1970; null before the first. */
  readonly reportedMs: number | null;
  /** Datagrams of exporters for which there was no room. */
  readonly refusedUnnamed: number;
  /** Sealed batches on their way to the spool, and how many bytes of them there may be before flows are refused. */
  readonly queuedBytes: number;
  readonly queueLimitBytes: number;
  /** How much of one core it uses, 0 to 1; null where not known. */
  readonly utilization: number | null;
  /** The latest fault of ours while decoding. */
  readonly lastFault: string | null;
}

/** Live readers. */
export interface LiveReport extends LiveCounts, TapCounts {}

/** The thread that keeps windows and runs detectors. */
export interface DetectionReport extends DetectionState {
  /** Copies of sealed blocks on their way to it, and how many bytes of them there may be before blocks are passed over. */
  readonly queuedBytes: number;
  readonly queueLimitBytes: number;
  readonly flowsPassedOver: number;
}

/** One UDP socket. */
export interface ListenerReport {
  /** As configured: `0.0.0.0:2055`, `[::]:2055`. */
  readonly address: string;
  readonly receiveBufferAsked: number;
  readonly receiveBufferGot: number;
  /** Datagrams that the kernel dropped for want of room; null where the system does not tell. */
  readonly kernelDrops: number | null;
  readonly datagrams: number;
  readonly bytes: number;
}

/** The way from sealed batches to acknowledged rows. */
export interface StoreReport {
  /** The latest attempt to reach ClickHouse succeeded. */
  readonly connected: boolean;
  readonly lastError: string | null;
  /** Blocks on disk that ClickHouse has not acknowledged. */
  readonly spoolBlocks: number;
  readonly spoolBytes: number;
  readonly spoolMaxBytes: number;
  /** When the oldest of them was sealed, milliseconds since 1970; null for none. */
  readonly oldestBlockMs: number | null;
  /** Batches received and not yet in the spool. */
  readonly queueDepth: number;
  readonly rowsStored: number;
  readonly blocksStored: number;
  /** Rows in blocks that ClickHouse refuses for good: kept aside on disk. */
  readonly rowsRejected: number;
  /** Rows lost because the spool was full or could not be written. */
  readonly rowsRefused: number;
  /** The same three of rows of windows. */
  readonly windowRowsStored: number;
  readonly windowRowsRejected: number;
  readonly windowRowsLost: number;
}
