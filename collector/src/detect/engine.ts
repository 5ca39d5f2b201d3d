import { deserialize, serialize } from 'node:v8';
import type { AnomalyRow, AnomalyType } from '@weir/core/anomalies';
import { type ClosedWindow, WINDOW_SECONDS, type WindowKind, windowKinds } from '@weir/core/windows';
import {
  type AnomalyCounts,
  AnomalyTracker,
  type DetectedFinding,
  type TrackerOptions,
} from './anomalies/index.ts';
import { Baselines } from './baselines/index.ts';
import type { Usual } from './baselines/usual.ts';
import type { Detector, RunningDetector, WindowColumnName } from './detector.ts';
import { settingsOf, valuesOf } from './detector-settings.ts';
import { detectors as allDetectors } from './detectors/index.ts';
import { rulesDetector } from './rules/index.ts';
import type { DetectionSettings } from './settings.ts';
import { type Step, WindowHistory } from './step.ts';

export interface EngineOptions {
  readonly settings: DetectionSettings;
  /** Names of those that run; all where left out. */
  readonly detectors?: readonly string[] | undefined;
  /** Whether baselines are learnt always, or only where a detector that runs asks for them: in a replay, whose state nobody keeps. */
  readonly baselines?: 'always' | 'where used' | undefined;
  /** How anomalies are kept: the clock of their rows, exporters' names. */
  readonly anomalies?: TrackerOptions | undefined;
  /** Called with what a detector threw: a fault of ours, which stops neither it nor the others. */
  readonly onFault?: ((detector: string, error: unknown) => void) | undefined;
}

export interface EngineCounts {
  readonly windows: number;
  /** Since the start, by type of anomaly, before exclusions; of closed windows only. */
  readonly findings: Readonly<Partial<Record<AnomalyType, number>>>;
  readonly open: number;
  readonly anomalies: AnomalyCounts;
  /** Times that a detector failed, by its name. */
  readonly faults: Readonly<Record<string, number>>;
  /** Entities with a baseline, and those among them still being learnt. */
  readonly entities: number;
  readonly learning: number;
}

function asksUsual({ usesUsual }: Detector): boolean {
  return usesUsual !== false;
}

/** In the place of baselines, which may not be learnt: whoever says that it does not ask is not to ask. */
const notUsed: Usual = { of: refuse, now: refuse };

function refuse(): never {
  throw new Error('it asks what is usual, and says with `usesUsual: false` that it does not');
}

interface Running {
  readonly detector: Detector;
  running: RunningDetector;
}

/** Changes when what is saved would be read wrongly. */
const STATE_VERSION = 1;

/**
 * Windows in, rows of anomalies out: the same live and in a replay, for nothing else goes in, neither a clock nor chance.
 *
 *     window → history → step → detectors → findings → tracker → rows
 *                          └→ baselines, and what detectors remember
 */
export class DetectionEngine {
  private settings: DetectionSettings;
  private readonly onFault: EngineOptions['onFault'];
  private readonly history = new WindowHistory();
  private readonly baselines = new Baselines();
  private readonly tracker: AnomalyTracker;
  private readonly running: Running[];
  private rules: Running | undefined;
  private readonly wanted: readonly string[] | undefined;
  private readonly learnsUsual: boolean;
  private latest = -Infinity;
  private windows = 0;
  private readonly findings: Partial<Record<AnomalyType, number>> = {};
  private readonly faults: Record<string, number> = {};

  /** @throws Error for a name that no detector has */
  constructor({ settings, detectors, baselines, anomalies = {}, onFault }: EngineOptions) {
    this.settings = settings;
    this.onFault = onFault;
    this.wanted = detectors;
    for (const name of detectors ?? [])
      if (name !== 'rules' && !allDetectors.some((d) => d.name === name))
        throw new Error(
          `there is no detector ${name}; there are ${allDetectors.map((d) => d.name).join(', ')}, rules`,
        );
    this.tracker = new AnomalyTracker(settings, anomalies);
    this.running = allDetectors
      .filter(({ name }) => detectors?.includes(name) ?? true)
      .map((detector) => ({ detector, running: this.started(detector) }));
    this.rules = this.startedRules();
    this.learnsUsual = baselines !== 'where used' || this.all.some(({ detector }) => asksUsual(detector));
  }

  private started(detector: Detector): RunningDetector {
    const values = new Map<string, ReturnType<typeof valuesOf>>();
    let of = this.settings;
    return detector.start((tenant) => {
      if (of !== this.settings) {
        of = this.settings;
        values.clear();
      }
      let known = values.get(tenant);
      if (known === undefined) values.set(tenant, (known = valuesOf(detector, this.settings, tenant)));
      return known;
    });
  }

  private startedRules(): Running | undefined {
    if (this.settings.rules.length === 0 || this.wanted?.includes('rules') === false) return undefined;
    const detector = rulesDetector(this.settings.rules);
    return { detector, running: this.started(detector) };
  }

  private get all(): readonly Running[] {
    return this.rules === undefined ? this.running : [...this.running, this.rules];
  }

  /** Columns of windows that are read by baselines and the detectors that run: what a replay has to load. */
  get reads(): Readonly<Record<WindowKind, ReadonlySet<WindowColumnName>>> {
    return Object.fromEntries(
      windowKinds.map(({ name }) => [
        name,
        new Set([
          ...(this.learnsUsual ? (this.baselines.reads[name] ?? []) : []),
          ...this.all.flatMap(({ detector }) => detector.reads[name] ?? []),
        ]),
      ]),
    ) as Record<WindowKind, Set<WindowColumnName>>;
  }

  /** A window that takes no more flows, later than all before. Returns rows to be written. */
  take(window: ClosedWindow): AnomalyRow[] {
    if (window.start <= this.latest) return [];
    this.latest = window.start;
    this.windows++;
    const step = this.history.step(window, false);
    const found = this.detected(step, this.all);
    for (const { type } of found) this.findings[type] = (this.findings[type] ?? 0) + 1;
    this.remember(step);
    return this.tracker.take(found, { start: step.start, end: step.end, early: false });
  }

  /** A window that has ended and still takes flows: detectors that need not wait look at it. Nothing is learnt of it. */
  early(window: ClosedWindow): AnomalyRow[] {
    if (window.start <= this.latest) return [];
    const step = this.history.step(window, true);
    const found = this.detected(
      step,
      this.running.filter(({ detector }) => detector.early),
    );
    return this.tracker.take(found, { start: step.start, end: step.end, early: true });
  }

  /** A window of the past, to learn from and say nothing. */
  learn(window: ClosedWindow): void {
    if (window.start <= this.latest) return;
    this.latest = window.start;
    this.remember(this.history.step(window, false));
  }

  private detected(step: Step, by: readonly Running[]): DetectedFinding[] {
    const found: DetectedFinding[] = [];
    for (const { detector, running } of by)
      this.guarded(detector.name, () =>
        running.detect(step, asksUsual(detector) ? this.baselines : notUsed, (finding) => {
          if (settingsOf(this.settings, detector.name, finding.tenant).enabled === false) return;
          found.push({ ...finding, detector: detector.name });
        }),
      );
    return found;
  }

  private remember(step: Step): void {
    if (this.learnsUsual) this.guarded('baselines', () => this.baselines.learn(step));
    for (const { detector, running } of this.all) this.guarded(detector.name, () => running.learn?.(step));
  }

  private guarded(name: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.faults[name] = (this.faults[name] ?? 0) + 1;
      this.onFault?.(name, error);
    }
  }

  /** Closes what has ended by a time, in seconds since 1970, when no more windows come: at the end of a replay. */
  finish(end: number): AnomalyRow[] {
    const start = Math.floor(end / WINDOW_SECONDS) * WINDOW_SECONDS;
    return this.tracker.take([], { start, end: start + WINDOW_SECONDS, early: false });
  }

  /** Settings as they hold from the next window on; what detectors remember stays. */
  reconfigure(settings: DetectionSettings): void {
    const saved = this.rules?.running.save?.();
    this.settings = settings;
    this.tracker.reconfigure(settings);
    this.rules = this.startedRules();
    if (saved !== undefined) this.rules?.running.load?.(saved);
  }

  /** Rows of the table from before: those open or closed lately go on. */
  resume(rows: readonly AnomalyRow[]): void {
    this.tracker.resume(rows);
  }

  /** All that is remembered, but the last minute's windows. */
  save(): Uint8Array {
    return serialize({
      version: STATE_VERSION,
      latest: this.latest,
      baselines: this.baselines.save(),
      tracker: this.tracker.save(),
      detectors: Object.fromEntries(
        this.all.map(({ detector, running }) => [detector.name, running.save?.()]),
      ),
    });
  }

  /** @throws Error where the bytes are not such a state. What single parts do not know they leave. */
  load(bytes: Uint8Array): void {
    const state = deserialize(bytes) as {
      version?: number;
      latest: number;
      baselines: unknown;
      tracker: unknown;
      detectors: Record<string, unknown>;
    };
    if (state.version !== STATE_VERSION)
      throw new Error(
        `detection's state is of version ${String(state.version)}, this program's is ${STATE_VERSION}: it is learnt anew`,
      );
    this.latest = state.latest;
    this.baselines.load(state.baselines);
    this.tracker.load(state.tracker);
    for (const { detector, running } of this.all) {
      const saved = state.detectors[detector.name];
      if (saved !== undefined) this.guarded(detector.name, () => running.load?.(saved));
    }
  }

  /** Seconds since 1970 of the latest window taken; -Infinity before the first. */
  get latestWindow(): number {
    return this.latest;
  }

  counts(): EngineCounts {
    const { entities, learning } = this.baselines.counts();
    return {
      windows: this.windows,
      findings: { ...this.findings },
      open: this.tracker.open(),
      anomalies: this.tracker.counts(),
      faults: { ...this.faults },
      entities,
      learning,
    };
  }
}
