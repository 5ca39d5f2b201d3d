import { readFileSync, readdirSync } from 'node:fs';
import { setPriority } from 'node:os';

/** Names of the engine's threads whose work can wait: merges and mutations. */
const BACKGROUND = new Set(['MergeMutate', 'Fetch', 'Move', 'Common']);
const NICE = 15;
const EVERY_MS = 5_000;

/**
 * Gives the engine's background threads a lower priority than the rest of the process: merges take what receiving and
 * inserting leave of the cores, and catch up when it is quiet. Linux counts priorities by thread; elsewhere nothing is done.
 * Returns a function that ends the watch.
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
        if (!BACKGROUND.has(readFileSync(`/proc/self/task/${task}/comm`, 'utf8').trim())) continue;
        setPriority(id, NICE);
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
