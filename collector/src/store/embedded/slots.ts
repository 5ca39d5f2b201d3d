import { DatabaseError } from '../clickhouse/database.ts';
import { ErrorCode } from '../clickhouse/error-codes.ts';

export interface SlotsOptions {
  readonly size: number;
  /** How many may wait for a slot; one more is refused at once. */
  readonly maxWaiting: number;
  /** How long one may wait, in milliseconds. */
  readonly maxWaitMs: number;
}

/**
 * A fixed number of places to run in and a bounded queue before them, first come, first served.
 * Each place has a number, from 0, so that what belongs to it (a pipe) can be found.
 */
export class Slots {
  readonly #options: SlotsOptions;
  readonly #free: number[];
  readonly #waiting: { take: (slot: number) => void }[] = [];

  constructor(options: SlotsOptions) {
    this.#options = options;
    this.#free = Array.from({ length: options.size }, (_, index) => options.size - 1 - index);
  }

  get running(): number {
    return this.#options.size - this.#free.length;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Runs the task as soon as there is a place, and frees it when the task has settled.
   *
   * @throws {DatabaseError} code 202 when the queue is full or the wait too long; the signal's reason when it aborts first
   */
  async run<T>(task: (slot: number) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const slot = this.#free.pop() ?? (await this.#wait(signal));
    try {
      return await task(slot);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free.push(slot);
      else next.take(slot);
    }
  }

  #wait(signal: AbortSignal | undefined): Promise<number> {
    const { size, maxWaiting, maxWaitMs } = this.#options;
    if (this.#waiting.length >= maxWaiting) {
      throw refused(`Too many simultaneous queries: ${size} are running and ${maxWaiting} waiting`);
    }
    return new Promise((resolve, reject) => {
      const leave = (reason: unknown): void => {
        const index = this.#waiting.indexOf(entry);
        if (index < 0) return;
        this.#waiting.splice(index, 1);
        settle();
        reject(reason);
      };
      const onAbort = (): void => leave(signal?.reason);
      const timer = setTimeout(
        () =>
          leave(
            refused(`Too many simultaneous queries: waited ${maxWaitMs} ms for one of ${size} places to run`),
          ),
        maxWaitMs,
      );
      const settle = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      const entry = {
        take: (slot: number): void => {
          settle();
          resolve(slot);
        },
      };
      this.#waiting.push(entry);
      signal?.addEventListener('abort', onAbort, { once: true });
      if (signal?.aborted) onAbort();
    });
  }
}

function refused(message: string): DatabaseError {
  return new DatabaseError(message, {
    code: ErrorCode.TOO_MANY_SIMULTANEOUS_QUERIES,
    codeName: 'TOO_MANY_SIMULTANEOUS_QUERIES',
    retryable: true,
  });
}
