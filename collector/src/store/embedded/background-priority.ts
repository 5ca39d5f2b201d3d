import { readFileSync, readdirSync } from 'node:fs';
import { setPriority } from 'node:os';

/**
 * How much the engine's threads give way, by their names: merges and mutations most; inserts and queries, which run on libuv's
 * threads and on those that they start, a little. Higher is later, 0 is what the receiving thread has.
 */
const NICE: ReadonlyMap<string, number> = new Map([
  ['MergeMutate', 15],
  ['Fetch', 15],
  ['Move', 15],
  ['Common', 15],
  ['libuv-worker', 5],
  ['ThreadPool', 5],
  ['Unknown', 5],
]);
const EVERY_MS = 5_000;

/**
 * Gives the engine's threads a lower priority than the one that receives: a datagram that is not taken in time is lost, an
 * insert comes later, a merge when it is quiet. Linux counts priorities by thread, and threads inherit them from the one that
 * starts them; elsewhere nothing is done. Returns a function that ends the watch.
 */
export function lowerBackgroundPriority(): () => void {
  const done = new Set<number>();
  const visit = (): void => {
    let tasks: string[];
    try {
      tasks = readdirSync('/proc/self/task');
    } catch {
      return;
    }
    for (const task of tasks) {
      const id = Number(task);
      if (done.has(id)) continue;
      try {
        const nice = NICE.get(readFileSync(`/proc/self/task/${task}/comm`, 'utf8').trim());
        if (nice === undefined) continue;
        setPriority(id, nice);
        done.add(id);
      } catch {
        // the thread has ended meanwhile
      }
    }
  };
  visit();
  const timer = setInterval(visit, EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
