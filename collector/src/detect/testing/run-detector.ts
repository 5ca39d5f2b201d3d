import type { ClosedWindow, WindowKind, WindowRows } from '@weir/core/windows';
import type { Usual, UsualValue } from '../baselines/usual.ts';
import type { Detector, Finding, Parameters, Values } from '../detector.ts';
import { WindowHistory } from '../step.ts';
import { WindowSet } from '../windows/index.ts';
import { type Flow, batchOf } from '../windows/testing/flows.ts';

export const OWN_NETWORKS = ['10.0.0.0/8', 'fd00::/8'];

/** A finding, and the window that it was in. */
export interface Found extends Finding {
  readonly at: number;
}

export interface Run {
  /** Parameters that are not at their defaults. */
  readonly set?: Readonly<Record<string, number>>;
  /** What is usual; nothing is known where left out. */
  readonly usual?: Usual;
}

const learning: UsualValue = { median: 0, spread: 0, high: 0, low: 0, minutes: 0, learning: true };

/** Knows nothing yet, of anything. */
export const nothingUsual: Usual = { of: () => learning, now: () => 0 };

/** Windows of flows, which may be in any order. */
export function windowsOfFlows(flows: readonly Flow[]): ClosedWindow[] {
  const windows = new WindowSet({ internalPrefixes: OWN_NETWORKS, latenessSeconds: 0, seed: 1 });
  const sorted = [...flows].sort((a, b) => Number(a.timestamp) - Number(b.timestamp));
  const closed: ClosedWindow[] = [];
  for (let from = 0; from < sorted.length;) {
    const now = Number(sorted[from]!.timestamp);
    let to = from;
    while (to < sorted.length && Number(sorted[to]!.timestamp) === now) to++;
    closed.push(...windows.close(now));
    windows.observe(batchOf(sorted.slice(from, to)));
    from = to;
  }
  return [...closed, ...windows.closeAll()];
}

/** Runs a detector over windows as the engine does. Fails where it reads what it does not say it reads. */
export function runDetector<P extends Parameters>(
  detector: Detector<P>,
  windows: readonly ClosedWindow[],
  { set = {}, usual = nothingUsual }: Run = {},
): Found[] {
  const values = Object.fromEntries(
    Object.entries(detector.parameters).map(([name, { default: value }]) => [name, set[name] ?? value]),
  ) as Values<P>;
  for (const name of Object.keys(set))
    if (detector.parameters[name] === undefined) throw new Error(`${detector.name} has no parameter ${name}`);
  const running = detector.start(() => values);
  const history = new WindowHistory();
  const found: Found[] = [];
  for (const window of windows) {
    const step = history.step(guarded(window, detector), false);
    running.detect(step, usual, (finding) => found.push({ ...finding, at: step.start }));
    running.learn?.(step);
  }
  return found;
}

/** A window of which only what a detector says it reads can be read. */
function guarded<P extends Parameters>(window: ClosedWindow, detector: Detector<P>): ClosedWindow {
  const kinds = Object.entries(window.kinds).map(([kind, rows]) => {
    const allowed = new Set<string>(detector.reads[kind as WindowKind] ?? []);
    const guard = <T extends object>(of: T): T =>
      new Proxy(of, {
        get(target, name) {
          if (!allowed.has(String(name)))
            throw new Error(
              `${detector.name} reads ${kind}.${String(name)} and does not say so in \`reads\``,
            );
          return Reflect.get(target, name) as unknown;
        },
      });
    return [
      kind,
      {
        ...rows,
        numbers: guard(rows.numbers),
        histograms: guard(rows.histograms),
        distincts: guard(rows.distincts),
      } satisfies WindowRows,
    ];
  });
  return { start: window.start, kinds: Object.fromEntries(kinds) as ClosedWindow['kinds'] };
}
