import { parentPort, workerData } from 'node:worker_threads';
import { AskedDatabase } from '../live/asked-database.ts';
import type { FromBacktest, ToBacktest } from './backtest-messages.ts';
import { type BacktestRequest, backtest } from './backtest.ts';
import { ReplayProblem } from './settings-for-replay.ts';

/* A replay in a thread of its own: the rest of the collector goes on. */

const port = parentPort!;
const reads = new AskedDatabase((id, question) => post({ kind: 'ask', id, question }));

function post(message: FromBacktest): void {
  port.postMessage(message);
}

port.on('message', ({ id, answer }: ToBacktest) => reads.answered(id, answer));

async function run(): Promise<void> {
  try {
    const running = backtest(reads, workerData as BacktestRequest);
    for (;;) {
      const next = await running.next();
      if (next.done === true) {
        post({ kind: 'result', result: next.value });
        return;
      }
      post({ kind: 'progress', progress: next.value });
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    post({ kind: 'failed', message, ofRequest: error instanceof ReplayProblem });
  } finally {
    port.close();
  }
}

void run();
