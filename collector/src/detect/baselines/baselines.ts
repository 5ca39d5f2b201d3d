import { WINDOW_SECONDS, type WindowKind } from '@weir/core/windows';
import type { Detector } from '../detector.ts';
import { type Entity, MOST_WINDOWS_BACK, type Step } from '../step.ts';
import { KindBaselines, type SavedKind } from './kind-baselines.ts';
import { usualKinds, usualReads } from './metrics.ts';
import { HOUR_MINUTES } from './store.ts';
import { TextNumbers } from './text-numbers.ts';
import type { Usual, UsualValue } from './usual.ts';

export interface BaselineLimits {
  /** Entities of a kind that are remembered at most, where it is not the usual. */
  readonly entities?: Readonly<Partial<Record<WindowKind, number>>>;
}

/**
 * Entities by kind: of 47,000 series (a metric of an entity), 1.4 kB each, about 65 MB when all have places. It is what a network of
 * some 3,000 own hosts takes; places are made as they are needed.
 */
export const defaultEntities: Readonly<Partial<Record<WindowKind, number>>> = {
  source: 3072,
  destination: 3072,
  interface: 512,
  service: 1024,
  tenant: 64,
  prefix: 1024,
};

export interface BaselineCounts {
  /** That have a place. */
  readonly entities: number;
  /** Of these, those of which too little is known to say anything. */
  readonly learning: number;
  /** Times that one found no place, or lost it to another. */
  readonly folded: number;
  /** Memory. */
  readonly bytes: number;
}

const VERSION = 1;
const MINUTE = 60;
/**
 * Without a window of anybody for longer than this, it was the collector or its exporters that were away, and the time teaches nothing.
 * Networks that are silent for longer are learnt by the minutes in which they are not.
 */
const GAP_SECONDS = 180;

interface Saved {
  readonly version: typeof VERSION;
  readonly minute: number;
  readonly last: number;
  readonly whole: boolean;
  readonly tenants: readonly string[];
  readonly applications: readonly string[];
  readonly kinds: Readonly<Partial<Record<WindowKind, SavedKind>>>;
}

/**
 * What is usual for each entity, by metric (metrics.ts) and hour of the week in UTC, learnt from closed windows as they come.
 *
 * - A minute's value is taken when a window of a later minute comes (kind-baselines.ts); flows longer than a minute count over
 *   as long as they took (long-flows.ts). Minutes of which not all was seen, and those of a gap, are not known.
 * - At the hour's end its minutes' median, deviation and percentiles move the slot of their hour of the week, by rules that attacks of an hour or
 *   a day do not pass and changes that last do (week.ts). A day's end or a restart changes nothing: it learns from the first minute on.
 * - An entity is `learning` for 45 minutes from when it got a place, then what is said rests on what there is, and is the wider the less
 *   there is (estimate.ts): that of an hour is enough to see three times as much, not to know what the morning brings.
 * - Whoever asks for the spike of three times the median asks as well whether it is above `high`, and of a drop whether it is below `low`: these say
 *   how far the entity goes by itself.
 * - Entities are bounded in number, by kind; who has a place is in entities.ts and newcomers.ts.
 *
 * Time is that of windows alone; the order of rows within a window does not matter; the same windows give the same answers.
 */
export class Baselines implements Usual {
  readonly reads: Detector['reads'] = usualReads;
  private readonly kinds: Readonly<Partial<Record<WindowKind, KindBaselines>>>;
  private readonly all: readonly KindBaselines[];
  private texts = { tenants: new TextNumbers(), applications: new TextNumbers() };
  /** Of the current minute, since 1970; -1 before the first window. */
  private minute = -1;
  /** Whether it was watched from its beginning. */
  private whole = false;
  /** Start of the latest window, seconds since 1970. */
  private last = 0;
  private latest: { step: Step; kind: WindowKind; row: number; entity: Entity } | undefined;

  constructor(limits: BaselineLimits = {}) {
    this.kinds = Object.fromEntries(
      usualKinds.map((kind) => [
        kind,
        new KindBaselines(kind, Math.max(1, limits.entities?.[kind] ?? defaultEntities[kind]!)),
      ]),
    );
    this.all = Object.values(this.kinds);
  }

  /** Takes in a window that is closed. Once for each, in order of time: one of an earlier minute than the last is passed over. */
  learn(step: Step): void {
    const { start } = step;
    const minute = Math.floor(start / MINUTE);
    if (minute < this.minute) return;
    if (this.minute < 0) {
      this.minute = minute;
      this.whole = start % MINUTE === 0;
    } else if (minute > this.minute) this.advance(minute, start);
    for (const kind of this.all) {
      kind.observe(step.rows(kind.kind), this.texts, minute);
      kind.learnSome();
    }
    this.last = start;
    this.latest = undefined;
  }

  /** Ends minutes up to that of a window. */
  private advance(minute: number, start: number): void {
    const away = start - this.last - WINDOW_SECONDS > GAP_SECONDS;
    this.endMinute(this.minute, this.whole && !(away && (this.last + WINDOW_SECONDS) % MINUTE !== 0));
    // After an hour of a gap nothing is left in it to end.
    const until = Math.min(minute, this.minute + 1 + HOUR_MINUTES);
    for (let m = this.minute + 1; m < until; m++) this.endMinute(m, !away);
    this.minute = minute;
    this.whole = !away || start % MINUTE === 0;
  }

  private endMinute(minute: number, whole: boolean): void {
    for (const kind of this.all) {
      kind.learnAll();
      kind.endMinute(minute, whole);
      if ((minute + 1) % HOUR_MINUTES === 0) kind.endHour(minute);
    }
  }

  /** @throws Error where the kind has no such metric */
  of(step: Step, kind: WindowKind, row: number, metric: string): UsualValue {
    return this.kindOf(kind).of(step.rows(kind), this.texts, row, metric, step.start);
  }

  /**
   * By the same measure as `of`: with long flows evened out. NaN where there is no value (a round-trip time that was measured too seldom),
   * which no comparison holds for. 0 for a row of the rest.
   *
   * @throws Error where the kind has no such metric
   */
  now(step: Step, kind: WindowKind, row: number, metric: string): number {
    const rows = step.rows(kind);
    if (rows.rest[row] === 1) return 0;
    const entity = this.entityOf(step, kind, row);
    return this.kindOf(kind).now(rows, this.texts, row, metric, entity, MOST_WINDOWS_BACK);
  }

  /** Detectors ask for several metrics of a row, one after the other. */
  private entityOf(step: Step, kind: WindowKind, row: number): Entity {
    const { latest } = this;
    if (latest?.step === step && latest.kind === kind && latest.row === row) return latest.entity;
    this.latest = { step, kind, row, entity: step.entity(kind, row) };
    return this.latest.entity;
  }

  private kindOf(kind: WindowKind): KindBaselines {
    const found = this.kinds[kind];
    if (found === undefined)
      throw new Error(
        `there is no usual of the kind ${kind}: of ${Object.keys(this.kinds).join(', ')} there is`,
      );
    return found;
  }

  /** What `v8.serialize` takes, a copy: about 1.4 kB for each metric of an entity. */
  save(): unknown {
    for (const kind of this.all) kind.learnAll();
    return {
      version: VERSION,
      minute: this.minute,
      last: this.last,
      whole: this.whole,
      tenants: this.texts.tenants.save(),
      applications: this.texts.applications.save(),
      kinds: Object.fromEntries(this.all.map((kind) => [kind.kind, kind.save()])),
    } satisfies Saved;
  }

  /** Takes up what was saved in the place of all that is known, and goes on as if there had been no break. What is of another version is ignored; kinds of another form begin anew. */
  load(saved: unknown): void {
    if (!isSaved(saved)) return;
    this.texts = {
      tenants: TextNumbers.load(saved.tenants),
      applications: TextNumbers.load(saved.applications),
    };
    this.minute = saved.minute;
    this.last = saved.last;
    this.whole = saved.whole;
    this.latest = undefined;
    for (const kind of this.all) kind.load(saved.kinds[kind.kind]);
  }

  counts(): BaselineCounts {
    const sum = (of: (kind: KindBaselines) => number): number =>
      this.all.reduce((total, kind) => total + of(kind), 0);
    return {
      entities: sum((k) => k.entities.count),
      learning: sum((k) => k.learning),
      folded: sum((k) => k.entities.displaced + k.entities.newcomers.refused),
      bytes: sum((k) => k.bytes),
    };
  }
}

function isSaved(saved: unknown): saved is Saved {
  if (typeof saved !== 'object' || saved === null) return false;
  const { version, minute, last, tenants, applications, kinds } = saved as Partial<Saved>;
  return (
    version === VERSION &&
    Number.isInteger(minute) &&
    Number.isInteger(last) &&
    Array.isArray(tenants) &&
    Array.isArray(applications) &&
    typeof kinds === 'object' &&
    kinds !== null
  );
}
