import { deserialize, serialize } from 'node:v8';
import type { ClosedWindow } from '@weir/core/windows';
import type { Detector, Parameters, RunningDetector, Values } from '../../../detector.ts';
import { WindowHistory } from '../../../step.ts';
import { type Found, nothingUsual } from '../../../testing/run-detector.ts';

/** Runs a detector over windows, and starts it anew with what it saved before each window that begins at one of the given times. */
export function runWithRestarts<P extends Parameters>(
  detector: Detector<P>,
  windows: readonly ClosedWindow[],
  restarts: readonly number[],
  set: Readonly<Record<string, number>> = {},
): { readonly found: Found[]; readonly running: RunningDetector } {
  const values = Object.fromEntries(
    Object.entries(detector.parameters).map(([name, { default: value }]) => [name, set[name] ?? value]),
  ) as Values<P>;
  let running = detector.start(() => values);
  let history = new WindowHistory();
  const left = [...restarts];
  const found: Found[] = [];
  for (const window of windows) {
    if (left.length > 0 && window.start >= left[0]!) {
      left.shift();
      const saved: unknown = deserialize(serialize(running.save?.()));
      running = detector.start(() => values);
      running.load?.(saved);
      history = new WindowHistory();
    }
    const step = history.step(window, false);
    running.detect(step, nothingUsual, (finding) => found.push({ ...finding, at: step.start }));
    running.learn?.(step);
  }
  return { found, running };
}
