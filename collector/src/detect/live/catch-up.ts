import { WINDOW_SECONDS } from '@weir/core/windows';
import type { DetectionEngine } from '../engine.ts';
import { withSilentWindows } from '../replay/silent-windows.ts';
import { readStoredWindows } from '../replay/stored-windows.ts';
import type { WindowReads } from '../replay/window-reads.ts';

export interface CatchUpOptions {
  readonly reads: WindowReads;
  /** The database that has `windows_10s`. */
  readonly database: string;
  readonly engine: Pick<DetectionEngine, 'learn' | 'latestWindow' | 'reads'>;
  /** Days to go back where nothing was saved. */
  readonly warmUpDays: number;
  /** Seconds since 1970: windows from here on come live. */
  readonly now: number;
  /** How long it may take. */
  readonly mostMs: number;
  readonly log: (message: string) => void;
  readonly signal: AbortSignal;
  /** Called after each window. */
  readonly onLearnt: () => void;
}

const DAY = 86_400;
/** Progress is said as often as this. */
const SAY_MS = 10_000;
/** The event loop is let go on after so long: blocks wait for it. */
const BREATH_MS = 50;

/**
 * Learns from stored windows: those since what was saved, or of some days. Findings are none of them: they were made when they were live.
 */
export async function catchUp(options: CatchUpOptions): Promise<void> {
  const { engine, now, log, signal } = options;
  const saved = Number.isFinite(engine.latestWindow);
  const back = now - options.warmUpDays * DAY;
  const from = Math.max(back, saved ? engine.latestWindow + WINDOW_SECONDS : 0);
  if (from >= now) return;
  const began = performance.now();
  let said = began;
  let breath = began;
  let learnt = 0;
  const seconds = (): string => `${Math.round((performance.now() - began) / 1000)} s`;
  const stored = readStoredWindows(options.reads, {
    database: options.database,
    from,
    to: now,
    reads: engine.reads,
    signal,
  });
  for await (const window of withSilentWindows(stored, now)) {
    engine.learn(window);
    options.onLearnt();
    learnt++;
    const at = performance.now();
    if (at - breath > BREATH_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      breath = performance.now();
    }
    if (at - began > options.mostMs) {
      log(
        `Detection: ${learnt} stored windows learnt from in ${seconds()}, up to ${text(window.start)}; the rest is left, for live ones wait.`,
      );
      return;
    }
    if (at - said < SAY_MS) continue;
    said = at;
    const done = Math.round((100 * (window.start - from)) / (now - from));
    log(
      `Detection: learning from stored windows, up to ${text(window.start)} (${done} %) after ${seconds()}.`,
    );
  }
  if (learnt > 0) log(`Detection: learnt from ${learnt} stored windows in ${seconds()}.`);
}

function text(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 16);
}
