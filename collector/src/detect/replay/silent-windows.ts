import { type ClosedWindow, WINDOW_SECONDS } from '@weir/core/windows';
import { emptyWindow } from '../windows/index.ts';

/** Windows without flows that are made up for a gap, as live: beyond, nobody was there to see. */
const MOST_EMPTY = 360;

/** The windows, and between them those in which nothing came, for they are not stored: silence is to be seen. */
export async function* withSilentWindows(windows: AsyncIterable<ClosedWindow>): AsyncGenerator<ClosedWindow> {
  let next: number | undefined;
  for await (const window of windows) {
    if (next !== undefined && (window.start - next) / WINDOW_SECONDS <= MOST_EMPTY)
      for (; next < window.start; next += WINDOW_SECONDS) yield emptyWindow(next);
    yield window;
    next = window.start + WINDOW_SECONDS;
  }
}
