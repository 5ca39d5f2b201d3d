import { Worker } from 'node:worker_threads';
import type { Answer } from '../live/messages.ts';
import type { FromBacktest, ToBacktest } from './backtest-messages.ts';
import type { BacktestProgress, BacktestRequest, BacktestResult } from './backtest.ts';
import { ReplayProblem } from './settings-for-replay.ts';
import type { WindowReads } from './window-reads.ts';

export interface InThread {
  readonly reads: WindowReads;
  /** Ends the thread: the promise is rejected with the signal's reason. */
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: BacktestProgress) => void) | undefined;
}

/**
 * A replay in a thread of its own; ClickHouse is asked from here.
 *
 * @throws ReplayProblem what is wrong with the request; Error what else went wrong
 */
export async function backtestInThread(
  request: BacktestRequest,
  { reads, signal, onProgress }: InThread,
): Promise<BacktestResult> {
  signal.throwIfAborted();
  const worker = new Worker(new URL('./backtest-thread.ts', import.meta.url), {
    workerData: request,
    name: 'weir-replay',
  });
  const answer = async ({ id, question }: Extract<FromBacktest, { kind: 'ask' }>): Promise<void> => {
    const { form, sql, parameters } = question;
    let said: Answer;
    const memory: ArrayBuffer[] = [];
    try {
      if (form === 'rows') said = { ok: true, value: await reads.query(sql, parameters) };
      else {
        // In memory of its own, which is handed over.
        const blocks = Uint8Array.from(await reads.queryNative(sql, parameters));
        memory.push(blocks.buffer);
        said = { ok: true, value: blocks };
      }
    } catch (error) {
      said = { ok: false, message: error instanceof Error ? error.message : String(error) };
    }
    worker.postMessage({ kind: 'answer', id, answer: said } satisfies ToBacktest, memory);
  };
  const stop = (): void => void worker.terminate();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise<BacktestResult>((resolve, reject) => {
      worker.on('message', (message: FromBacktest) => {
        switch (message.kind) {
          case 'ask':
            void answer(message);
            return;
          case 'progress':
            onProgress?.(message.progress);
            return;
          case 'result':
            resolve(message.result);
            return;
          case 'failed':
            reject(message.ofRequest ? new ReplayProblem(message.message) : new Error(message.message));
        }
      });
      worker.on('error', reject);
      worker.on('exit', () =>
        reject(signal.aborted ? (signal.reason as Error) : new Error('the thread of the replay has ended')),
      );
    });
  } finally {
    signal.removeEventListener('abort', stop);
    await worker.terminate();
  }
}
