import type { Metadata } from '@grpc/grpc-js';
import { CallAborted } from '../plugin-error.ts';
import type { CallMetrics } from './call-metrics.ts';

/** What every kind of gRPC call has. */
export interface GrpcCall {
  readonly metadata: Metadata;
  readonly cancelled: boolean;
  getDeadline(): Date | number;
  on(event: 'cancelled', listener: () => void): unknown;
}

/** A call that is under way. */
export interface OpenCall {
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch; undefined without a deadline. */
  readonly deadlineMs: number | undefined;
  readonly traceparent: string | undefined;
  /** Milliseconds since the call came in. */
  elapsedMs(): number;
  /** To be called exactly when the call has been answered; further calls do nothing. */
  end(status: string): void;
}

/** Timers hold no longer spans. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The signal aborts so much before the deadline that an answer saying so still reaches the caller. */
const MAX_HEAD_START_MS = 500;
const HEAD_START_SHARE = 0.05;

interface Entry {
  readonly controller: AbortController;
  readonly isStream: boolean;
}

/** Knows all calls under way: one signal each for deadline, cancellation and the end of the plugin. */
export class CallTracker {
  readonly #metrics: CallMetrics;
  readonly #open = new Set<Entry>();
  readonly #idle = new Set<() => void>();
  #stopping = false;

  constructor(metrics: CallMetrics) {
    this.#metrics = metrics;
  }

  begin(rpc: string, call: GrpcCall, { isStream = false } = {}): OpenCall {
    const startedAt = performance.now();
    const entry: Entry = { controller: new AbortController(), isStream };
    const abort = (why: CallAborted['why']): void => {
      if (this.#open.has(entry)) entry.controller.abort(new CallAborted(why));
    };
    this.#open.add(entry);
    this.#metrics.started(rpc);

    const deadlineMs = deadlineOf(call);
    let timer: ReturnType<typeof setTimeout> | undefined;
    if (deadlineMs !== undefined) {
      const left = deadlineMs - Date.now();
      const wait = left - Math.min(MAX_HEAD_START_MS, left * HEAD_START_SHARE);
      if (wait <= MAX_TIMER_MS) timer = setTimeout(() => abort('deadline'), Math.max(0, wait));
    }
    // gRPC reports the normal end of a call as 'cancelled' too; `abort` ignores it once the call has ended.
    call.on('cancelled', () => {
      abort(deadlineMs !== undefined && Date.now() >= deadlineMs ? 'deadline' : 'cancelled');
    });
    if (call.cancelled) abort('cancelled');
    if (this.#stopping) abort('shutdown');

    return {
      signal: entry.controller.signal,
      deadlineMs,
      traceparent: call.metadata.get('traceparent')[0]?.toString(),
      elapsedMs: () => performance.now() - startedAt,
      end: (status) => {
        if (!this.#open.delete(entry)) return;
        clearTimeout(timer);
        this.#metrics.ended(rpc, status, isStream ? undefined : (performance.now() - startedAt) / 1000);
        if (this.#open.size === 0) for (const wake of this.#idle) wake();
      },
    };
  }

  /**
   * Ends everything: streams at once, calls after `graceMs`. Resolves when none is left, or after `graceMs` and a little.
   */
  async drain(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.#abort((entry) => entry.isStream);
    if (await this.#becomesIdle(graceMs)) return;
    this.#abort(() => true);
    await this.#becomesIdle(AFTER_ABORT_MS);
  }

  #abort(which: (entry: Entry) => boolean): void {
    for (const entry of [...this.#open]) {
      if (which(entry)) entry.controller.abort(new CallAborted('shutdown'));
    }
  }

  #becomesIdle(withinMs: number): Promise<boolean> {
    if (this.#open.size === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const finish = (idle: boolean): void => {
        clearTimeout(timer);
        this.#idle.delete(wake);
        resolve(idle);
      };
      const wake = (): void => finish(true);
      const timer = setTimeout(() => finish(false), withinMs);
      this.#idle.add(wake);
    });
  }
}

const AFTER_ABORT_MS = 200;

const deadlineOf = (call: GrpcCall): number | undefined => {
  const deadline = call.getDeadline();
  const ms = typeof deadline === 'number' ? deadline : deadline.getTime();
  return Number.isFinite(ms) ? ms : undefined;
};
