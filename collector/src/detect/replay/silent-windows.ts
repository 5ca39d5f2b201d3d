import { type ClosedWindow, WINDOW_SECONDS } from '@weir/core/windows';
import { emptyWindow } from '../windows/index.ts';

/** Windows without flows that are made up for a gap, as live: beyond, nobody was there to see. */
const MOST_EMPTY = 360;

/**
 * The windows, and between them and up to `to`, in seconds since 1970, those in which nothing came, for they are not stored: silence is
 * to be seen.
 */
export async function* withSilentWindows(
  windows: AsyncIterable<ClosedWindow>,
  to: number,
): AsyncGenerator<ClosedWindow> {
  let next: number | undefined;
  for await (const window of windows) {
    yield* silence(next, window.start);
    yield window;
    next = window.start + WINDOW_SECONDS;
  }
  yield* silence(next, to);
}

function* silence(from: number | undefined, to: number): Generator<ClosedWindow> {
  if (from === undefined || (to - from) / WINDOW_SECONDS > MOST_EMPTY) return;
  for (let start = from; start < to; start += WINDOW_SECONDS) yield emptyWindow(start);
}
