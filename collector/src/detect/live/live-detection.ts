import { FlowBatch, decodeNative } from '@weir/core';
import type { AnomalyRow } from '@weir/core/anomalies';
import { type ClosedWindow, WINDOW_SECONDS, windowKinds } from '@weir/core/windows';
import { BiflowOrientation } from '../biflow-orientation.ts';
import type { DetectionEngine } from '../engine.ts';
import type { DetectionSettings } from '../settings.ts';
import { WindowSet, emptyWindow, encodeWindow } from '../windows/index.ts';
import type { DetectionCounts } from './messages.ts';

export interface LiveOptions {
  readonly settings: DetectionSettings;
  /** Written beside each window: which collector counted. */
  readonly collector: string;
  readonly engine: Pick<DetectionEngine, 'take' | 'early' | 'latestWindow' | 'counts'>;
  /** Takes each closed window as a Native block for the table. */
  readonly onWindow: (block: Uint8Array<ArrayBuffer>, rows: number) => void;
  readonly onAnomalies: (rows: readonly AnomalyRow[]) => void;
  /** Called with what was wrong with a block, which is a fault of ours. */
  readonly onFault: (error: unknown) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Rows of the largest sealed block: what the receiving thread's batch holds. */
const BLOCK_ROWS = 65_536;
/** Rows in windows that wait, and how many windows: about 300 MB, ten minutes. */
const WAITING_ROWS = 500_000;
const WAITING_WINDOWS = 60;
/** Windows without flows that are made up for a gap: beyond, the clock was set. */
const MOST_EMPTY = 360;

type Counted = Omit<
  DetectionCounts,
  'catchingUp' | 'windowsLearnt' | 'cpuSeconds' | 'heapBytes' | 'savedMs' | 'savedBytes'
>;

/**
 * From sealed blocks to rows of windows and anomalies: what the detection thread does, but for the thread.
 *
 * Detectors get every window from the start on, in order, also those in which nothing came: silence is to be seen. Until they may go (`go`),
 * windows are stored, and wait for them.
 */
export class LiveDetection {
  private readonly options: LiveOptions;
  private readonly now: () => number;
  private readonly windows: WindowSet;
  private readonly biflows = new BiflowOrientation();
  private readonly batch = new FlowBatch(BLOCK_ROWS);
  private readonly lateness: number;
  private waiting: ClosedWindow[] = [];
  private waitingRows = 0;
  private going = false;
  /** The window that detectors are to get next. */
  private next: number;
  private windowsClosed = 0;
  private windowsTaken = 0;
  private windowsPassedOver = 0;
  private faultyBlocks = 0;
  private closeMs = 0;
  private earlyMs = 0;
  private earlyLooks = 0;
  private anomalyRows = 0;
  private delaySeconds: number | null = null;

  /** @throws Error where the settings' lateness or prefixes are none */
  constructor(options: LiveOptions) {
    const { settings } = options;
    this.options = options;
    this.now = options.now ?? Date.now;
    this.windows = new WindowSet({
      internalPrefixes: settings.ownNetworks,
      latenessSeconds: settings.latenessSeconds,
      capacities: settings.capacities,
    });
    this.lateness = settings.latenessSeconds;
    this.next = startOf(this.now() / 1000);
  }

  /** Counts the flows of a sealed block. */
  observe(block: Uint8Array): void {
    try {
      decodeNative(block, this.batch);
      this.biflows.orient(this.batch);
      this.windows.observe(this.batch);
    } catch (error) {
      this.faultyBlocks++;
      this.options.onFault(error);
    } finally {
      this.batch.reset();
    }
  }

  /** Closes what is to be closed and looks at what has ended: once a second or so, and when a window has ended. */
  turn(): void {
    this.closeDue();
    this.lookEarly();
  }

  private closeDue(): void {
    const began = performance.now();
    const now = this.now() / 1000;
    const closed = this.windows.close(now);
    for (const window of closed) this.store(window);
    const due = startOf(now) - this.lateness;
    this.give(closed, due);
    this.closeMs += performance.now() - began;
  }

  private store(window: ClosedWindow): void {
    this.windowsClosed++;
    this.options.onWindow(encodeWindow(window, this.options.collector), rowsOf(window));
  }

  /** Gives detectors the windows that begin before `due`, those without flows too. */
  private give(closed: readonly ClosedWindow[], due: number): void {
    const first = closed[0]?.start;
    if (first !== undefined && first < this.next && first > this.options.engine.latestWindow)
      this.next = first;
    if ((due - this.next) / WINDOW_SECONDS > MOST_EMPTY) this.next = due - WINDOW_SECONDS;
    const byStart = new Map(closed.map((window) => [window.start, window]));
    for (; this.next < due; this.next += WINDOW_SECONDS) {
      this.take(byStart.get(this.next) ?? emptyWindow(this.next));
      byStart.delete(this.next);
    }
    // What the clock has passed over, forwards or back.
    for (const window of byStart.values()) this.take(window);
  }

  private take(window: ClosedWindow): void {
    if (this.going) {
      this.taken(window);
      return;
    }
    this.waiting.push(window);
    this.waitingRows += rowsOf(window);
    while (this.waiting.length > WAITING_WINDOWS || this.waitingRows > WAITING_ROWS) {
      this.waitingRows -= rowsOf(this.waiting.shift()!);
      this.windowsPassedOver++;
    }
  }

  private taken(window: ClosedWindow): void {
    this.windowsTaken++;
    this.tell(this.options.engine.take(window));
    this.measureDelay(window);
  }

  /** Of a window's first look; later ones are for flows that came late. */
  private measureDelay({ start }: ClosedWindow): void {
    const delay = this.now() / 1000 - start - WINDOW_SECONDS;
    if (delay >= 0 && delay < WINDOW_SECONDS / 2) this.delaySeconds = delay;
  }

  private tell(rows: readonly AnomalyRow[]): void {
    if (rows.length === 0) return;
    this.anomalyRows += rows.length;
    this.options.onAnomalies(rows);
  }

  private lookEarly(): void {
    if (!this.going) return;
    const began = performance.now();
    for (const window of this.windows.peek(this.now() / 1000)) {
      this.earlyLooks++;
      this.tell(this.options.engine.early(window));
      this.measureDelay(window);
    }
    this.earlyMs += performance.now() - began;
  }

  /** What was there to be learnt is learnt: detectors get the windows that wait, and from now on each as it is closed. */
  go(): void {
    this.going = true;
    const began = performance.now();
    for (const window of this.waiting) this.taken(window);
    this.waiting = [];
    this.waitingRows = 0;
    this.closeMs += performance.now() - began;
  }

  /** Stores what is still open. Detectors do not see it: half a window would be half the traffic. */
  finish(): void {
    this.closeDue();
    for (const window of this.windows.closeAll()) this.store(window);
  }

  counts(): Counted {
    const { records, late, early, folded, namesRefused, bytes, mostBytes } = this.windows.counts();
    return {
      windowsClosed: this.windowsClosed,
      windowsTaken: this.windowsTaken,
      windowsPassedOver: this.windowsPassedOver,
      waitingWindows: this.waiting.length,
      records,
      lateRecords: late,
      earlyRecords: early,
      foldedRecords: folded,
      namesRefused,
      windowBytes: bytes,
      windowMostBytes: mostBytes,
      faultyBlocks: this.faultyBlocks,
      closeSeconds: this.closeMs / 1000,
      earlySeconds: this.earlyMs / 1000,
      earlyLooks: this.earlyLooks,
      delaySeconds: this.delaySeconds,
      anomalyRows: this.anomalyRows,
      engine: this.options.engine.counts(),
    };
  }
}

/** When the window of a time begins, both in seconds. */
function startOf(seconds: number): number {
  return Math.floor(seconds / WINDOW_SECONDS) * WINDOW_SECONDS;
}

function rowsOf({ kinds }: ClosedWindow): number {
  return windowKinds.reduce((sum, { name }) => sum + kinds[name].rows, 0);
}
