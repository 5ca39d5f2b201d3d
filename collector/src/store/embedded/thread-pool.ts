import { readdirSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';

/**
 * chdb runs each query on a thread of libuv's pool and keeps it until the query has ended. The pool has four threads unless
 * `UV_THREADPOOL_SIZE` says otherwise, and files, DNS and zlib share it: four slow queries would stop the spool, the writer
 * and everything else. So the pool must have a thread for each query that may run at once, and some to spare.
 *
 * libuv reads the variable once, when the pool is first used. Node's own start does not use it, so importing this module
 * before anything else in the program is in time; that is what this assignment is for.
 */
const DEFAULT_THREADS = 24;
process.env['UV_THREADPOOL_SIZE'] ??= String(DEFAULT_THREADS);

/** Threads that files, DNS and compression shall always find free, beside those that queries hold. */
export const SPARE_THREADS = 4;

/**
 * How many threads libuv's pool really has: counted on Linux, elsewhere believed from the environment.
 * Uses the pool once, so that it exists.
 */
export async function threadPoolSize(): Promise<number> {
  await stat('.');
  try {
    const tasks = readdirSync('/proc/self/task');
    const workers = tasks.filter((task) => readCommand(task) === 'libuv-worker').length;
    if (workers > 0) return workers;
  } catch {
    // not Linux
  }
  return Number(process.env['UV_THREADPOOL_SIZE']) || 4;
}

function readCommand(task: string): string {
  try {
    return readFileSync(`/proc/self/task/${task}/comm`, 'utf8').trim();
  } catch {
    return ''; // the thread has ended meanwhile
  }
}
