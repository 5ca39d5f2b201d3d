/** Too many wait already. */
export class QueueFull extends Error {
  override readonly name = 'QueueFull';
}

/** Lets so many through at once and has so many wait, first come first served. */
export class Gate {
  readonly #limit: number;
  readonly #queueLimit: number;
  #inside = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number, queueLimit: number) {
    this.#limit = limit;
    this.#queueLimit = queueLimit;
  }

  get inside(): number {
    return this.#inside;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Runs a task when its turn has come.
   *
   * @throws {QueueFull} at once; the signal's reason when it is aborted while waiting
   */
  async run<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (this.#inside < this.#limit) this.#inside++;
    else await this.#wait(signal);
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#inside--;
      else next(); // hands its place on
    }
  }

  #wait(signal: AbortSignal): Promise<void> {
    if (this.#waiting.length >= this.#queueLimit)
      throw new QueueFull(
        `${this.#inside} queries of this data source run and ${this.#waiting.length} wait: no more are taken. ` +
          'Fewer or slower refreshing panels help, or a higher limit of queries at once in the data source’s settings.',
      );
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        const index = this.#waiting.indexOf(go);
        if (index < 0) return;
        this.#waiting.splice(index, 1);
        reject(signal.reason as Error);
      };
      const go = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(go);
    });
  }
}
