import type { MessagePort } from 'node:worker_threads';
import type { AnomalyRow } from '@weir/core/anomalies';
import type { WindowKind } from '@weir/core/windows';
import type { EngineCounts } from '../engine.ts';
import type { DetectionSettings } from '../settings.ts';

/** What the detection thread is started with: plain data, but for the port. */
export interface DetectionThreadSettings {
  readonly detection: DetectionSettings;
  /** Days of stored windows to learn from where nothing was saved. */
  readonly warmUpDays: number;
  /** Written beside each window: which collector counted. */
  readonly collector: string;
  /** The database that has `windows_10s`. */
  readonly database: string;
  /** Where what was learnt is kept over a restart. */
  readonly stateFile: string;
  /** Where sealed blocks come in. */
  readonly feed: MessagePort;
}

/** On the feed, from the receiving thread. */
export type ToFeed =
  /** A copy of a sealed Native block. */
  | { readonly kind: 'block'; readonly block: Uint8Array<ArrayBuffer> }
  /** All that was received before it was asked for is on its way. */
  | { readonly kind: 'sealed' };

/** On the feed, to the receiving thread. */
export type FromFeed =
  /** A block of so many bytes has been worked off; its memory comes back for another. */
  | { readonly kind: 'taken'; readonly bytes: number; readonly memory: ArrayBuffer }
  /** A window has ended: what is being filled is wanted now. */
  | { readonly kind: 'seal' };

export type ToDetection =
  | { readonly kind: 'reconfigure'; readonly detection: DetectionSettings }
  /** Names of exporters by their address. */
  | { readonly kind: 'names'; readonly names: ReadonlyMap<string, string> }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answer }
  | { readonly kind: 'stop' };

/** Of a question to ClickHouse: rows, Native blocks, or why there are none. */
export type Answer =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string };

export interface Question {
  readonly form: 'rows' | 'native';
  readonly sql: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

export type FromDetection =
  /** A closed window for `windows_10s`. */
  | { readonly kind: 'window'; readonly block: Uint8Array<ArrayBuffer>; readonly rows: number }
  | { readonly kind: 'anomalies'; readonly rows: readonly AnomalyRow[] }
  | { readonly kind: 'counts'; readonly counts: DetectionCounts }
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question }
  | { readonly kind: 'log'; readonly level: 'info' | 'warn' | 'error'; readonly message: string }
  | { readonly kind: 'stopped' };

/** What the thread has done since its start, and what it holds. */
export interface DetectionCounts {
  /** Whether it still learns from stored windows: live ones wait. */
  readonly catchingUp: boolean;
  readonly windowsClosed: number;
  /** Windows given to the detectors; those that nothing was seen in, too. */
  readonly windowsTaken: number;
  /** Windows that waited too long for the catching up to end: detectors have not seen them. */
  readonly windowsPassedOver: number;
  readonly waitingWindows: number;
  /** Stored windows learnt from at the start. */
  readonly windowsLearnt: number;
  readonly records: number;
  readonly lateRecords: number;
  readonly earlyRecords: number;
  readonly foldedRecords: Readonly<Record<WindowKind, number>>;
  readonly namesRefused: number;
  readonly windowBytes: number;
  readonly windowMostBytes: number;
  /** Blocks that could not be read, which is a fault of ours. */
  readonly faultyBlocks: number;
  /** Seconds spent on windows that were closed, in all: closing, encoding, detecting, learning. */
  readonly closeSeconds: number;
  /** … and on looks at windows that still took flows. */
  readonly earlySeconds: number;
  readonly earlyLooks: number;
  /** From the end of the latest window to when the detectors had looked at it, in seconds; null before the first. */
  readonly delaySeconds: number | null;
  readonly anomalyRows: number;
  /** CPU time of the thread in seconds. */
  readonly cpuSeconds: number;
  /** What the thread holds beside the windows: detectors' and baselines' memory, mostly. */
  readonly heapBytes: number;
  /** When what was learnt was saved last, milliseconds since 1970; null for not yet. */
  readonly savedMs: number | null;
  readonly savedBytes: number;
  readonly engine: EngineCounts;
}
