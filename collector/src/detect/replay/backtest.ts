import type { AnomalyRow, AnomalyType } from '@weir/core/anomalies';
import { type ClosedWindow, WINDOW_SECONDS } from '@weir/core/windows';
import { DetectionEngine } from '../engine.ts';
import { detectors as allDetectors } from '../detectors/index.ts';
import type { DetectionSettings } from '../settings.ts';
import { type ComparedAnomaly, comparedAnomalies } from './compare.ts';
import { liveAnomalies } from './live-anomalies.ts';
import { windowsOfStoredFlows } from './raw-flows.ts';
import { rowFilter } from './row-filter.ts';
import {
  type Change,
  RULES,
  ReplayProblem,
  checkDetectorName,
  parseChange,
  settingsForReplay,
} from './settings-for-replay.ts';
import { withSilentWindows } from './silent-windows.ts';
import { readStoredWindows } from './stored-windows.ts';
import { storedSpan } from './window-chunks.ts';
import type { WindowReads } from './window-reads.ts';

export const replaySources = ['windows', 'flows'] as const;
export type ReplaySource = (typeof replaySources)[number];

/** What a replay is asked for: plain data, fit for messages. */
export interface BacktestRequest {
  /** The database that has the tables. */
  readonly database: string;
  /** Seconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** The configuration's. */
  readonly settings: DetectionSettings;
  /** Names of detectors that run; all that are enabled where left out. `rules` are those of the user's own. */
  readonly detectors?: readonly string[] | undefined;
  /** `name.parameter=value`, over the configuration. */
  readonly set?: readonly string[] | undefined;
  /** Stored windows, or windows made anew of stored flows. */
  readonly source: ReplaySource;
  /** How long before `from` to learn what is usual, in seconds; of what is stored. */
  readonly warmUpSeconds: number;
  readonly tenant?: string | undefined;
  /** In the filter language: only these anomalies are shown. */
  readonly filter?: string | undefined;
  /** Whether what the configuration excludes is left out; true where left out. */
  readonly exclusions?: boolean | undefined;
  /** Whether to look up what was recorded live; true where left out. */
  readonly compare?: boolean | undefined;
}

export interface BacktestProgress {
  readonly phase: 'learning' | 'detecting';
  /** How far it has come: from 0 to 1. */
  readonly done: number;
  /** The window that was worked on last, in seconds since 1970. */
  readonly window: number;
  readonly windows: number;
  readonly anomalies: number;
}

export interface BacktestResult {
  readonly from: number;
  readonly to: number;
  /** Where learning began; `from` where nothing was learnt. */
  readonly learntFrom: number;
  /** Windows looked at, those without flows too. */
  readonly windows: number;
  readonly windowsLearnt: number;
  /** Whether `anomalies` say what was recorded live. */
  readonly compared: boolean;
  /** In order of their beginning. */
  readonly anomalies: readonly ComparedAnomaly[];
  /** What the user should know of the result, in sentences. */
  readonly notes: readonly string[];
}

/** So long before the beginning anomalies are followed already: those that last then have begun earlier. */
const LEAD_SECONDS = 3600;
/** The event loop is let go on, and progress is told, after so long. */
const BREATH_MS = 50;

/** The request's names and values. @throws ReplayProblem with what would be right */
export function checkRequest(request: BacktestRequest): readonly Change[] {
  request.detectors?.forEach(checkDetectorName);
  if (!(request.from < request.to))
    throw new ReplayProblem(
      `it begins at ${timeText(request.from)} and ends at ${timeText(request.to)}: the end must be later`,
    );
  rowFilter(request.filter ?? '');
  return (request.set ?? []).map(parseChange);
}

/**
 * What detectors would have found in a time that is over, beside what they did find.
 *
 * @throws ReplayProblem what is wrong with the request; DatabaseError what ClickHouse answered, or why it could not be asked
 */
export async function* backtest(
  reads: WindowReads,
  request: BacktestRequest,
  signal?: AbortSignal,
): AsyncGenerator<BacktestProgress, BacktestResult> {
  const changes = checkRequest(request);
  const wanted = rowFilter(request.filter ?? '');
  const { detectors } = request;
  const from = Math.floor(request.from / WINDOW_SECONDS) * WINDOW_SECONDS;
  const to = Math.ceil(request.to / WINDOW_SECONDS) * WINDOW_SECONDS;
  const notes: string[] = [];
  const engine = new DetectionEngine({
    settings: settingsForReplay(request.settings, {
      detectors,
      changes,
      exclusions: request.exclusions ?? true,
    }),
    detectors,
    baselines: 'where used',
    onFault: (name, error) => {
      const said = `${name} has failed, which is a fault of Weir's: ${String(error)}. Its anomalies are not complete.`;
      if (!notes.includes(said)) notes.push(said);
    },
  });
  for (const { detector } of changes)
    if (detectors?.includes(detector) === false)
      notes.push(`${detector} does not run: what is set of it has no effect.`);

  const newest = new Map<string, AnomalyRow>();
  const begin = from - request.warmUpSeconds;
  const lead = from - Math.min(LEAD_SECONDS, request.warmUpSeconds);
  let learntFrom = from;
  let learnt = 0;
  let windows = 0;
  let stored = 0;
  const counted = async function* (all: AsyncIterable<ClosedWindow>): AsyncGenerator<ClosedWindow> {
    for await (const window of all) {
      if (window.start >= from) stored++;
      yield window;
    }
  };
  let breath = performance.now();
  for await (const window of withSilentWindows(
    counted(replayed(reads, request, engine, { begin, from, to, signal })),
    to,
  )) {
    const { start } = window;
    if (learnt + windows === 0) learntFrom = Math.min(from, start);
    if (start < lead) engine.learn(window);
    else for (const row of engine.take(window)) newest.set(row.id, row);
    if (start < from) learnt++;
    else windows++;
    if (performance.now() - breath < BREATH_MS) continue;
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
    yield {
      phase: start < from ? 'learning' : 'detecting',
      done: (start + WINDOW_SECONDS - learntFrom) / (to - learntFrom),
      window: start,
      windows: learnt + windows,
      anomalies: newest.size,
    };
    breath = performance.now();
  }
  for (const row of engine.finish(to)) newest.set(row.id, row);
  const found = [...newest.values()].filter(
    ({ opened, closed }) => opened < to && (closed === 0 || closed > from),
  );
  const types = typesOf(detectors);
  const compared = request.compare ?? true;
  const live = compared
    ? await liveAnomalies(reads, { database: request.database, from, to, types, tenant: request.tenant })
    : [];
  if (stored === 0) notes.push(...(await emptyNotes(reads, request)));
  return {
    from,
    to,
    learntFrom,
    windows,
    windowsLearnt: learnt,
    compared,
    anomalies: comparedAnomalies(found, live).filter(({ row }) => wanted(row)),
    notes,
  };
}

/** Windows to learn from and to look at, in order of time. What is usual is learnt from stored windows wherever there are any. */
async function* replayed(
  reads: WindowReads,
  { database, source, settings, tenant }: BacktestRequest,
  engine: DetectionEngine,
  { begin, from, to, signal }: { begin: number; from: number; to: number; signal: AbortSignal | undefined },
): AsyncGenerator<ClosedWindow> {
  const stored = { database, tenant, reads: engine.reads, signal };
  if (source === 'windows') {
    yield* readStoredWindows(reads, { ...stored, from: begin, to });
    return;
  }
  const flows = { database, tenant, settings, signal };
  const first = begin < from ? ((await storedSpan(reads, database))?.first ?? Infinity) : Infinity;
  if (first < from) {
    yield* readStoredWindows(reads, { ...stored, from: begin, to: from });
    yield* windowsOfStoredFlows(reads, { ...flows, from, to });
  } else yield* windowsOfStoredFlows(reads, { ...flows, from: begin, to });
}

/** Types of anomalies that the detectors find. */
function typesOf(names: readonly string[] | undefined): AnomalyType[] {
  const wanted = allDetectors.filter(({ name }) => names?.includes(name) ?? true);
  const types = wanted.flatMap((detector) => detector.types);
  return [...new Set([...types, ...((names?.includes(RULES) ?? true) ? (['rule'] as const) : [])])];
}

async function emptyNotes(reads: WindowReads, { database, source }: BacktestRequest): Promise<string[]> {
  if (source === 'flows') return ['No flows are stored of this time.'];
  const span = await storedSpan(reads, database);
  return [
    span === undefined
      ? 'No windows are stored yet: is detection enabled (detection.enabled)? Flows of this time can be replayed with the source flows.'
      : `No windows are stored of this time; there are some from ${timeText(span.first)} to ${timeText(span.last + WINDOW_SECONDS)}. How long they are kept says retention.windows_days.`,
  ];
}

function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
