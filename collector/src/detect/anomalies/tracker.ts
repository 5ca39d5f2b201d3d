import type { AnomalyRow } from '@weir/core/anomalies';
import type { Finding } from '../detector.ts';
import type { DetectionSettings } from '../settings.ts';
import { type AnomalySubject, anomalyId, subjectKey } from './anomaly-id.ts';
import { type Badness, badnessOf, compareBadness, severityRank } from './badness.ts';
import { usualAddress } from './finding-match.ts';
import { REST_ENTITY, RestOfMany, type SavedRest, restOfRow } from './rest-of-many.ts';
import { Scope } from './scope.ts';
import { Stories, type Tie, tiesBetween } from './story.ts';
import { StoryIndex } from './story-index.ts';
import { type Tracked, isToBeWritten, readRow, severityOf, stateOf, writeRow } from './tracked.ts';

/** A finding, and by which detector. */
export type DetectedFinding = Finding & { readonly detector: string };

/** The window that findings are of; seconds since 1970. */
export interface TakenWindow {
  readonly start: number;
  readonly end: number;
  /** Whether it still takes flows: it will come again. */
  readonly early: boolean;
}

export interface TrackerOptions {
  /**
   * Milliseconds since 1970, for the column `updated` and the ends of silences. The windows' own time where left out, so that a replay
   * writes the same rows.
   */
  readonly now?: () => number;
  /** The exporter's name, for the row and for filters; empty where it has none. */
  readonly exporterName?: (tenant: string, address: string) => string;
  /** Anomalies of a tenant and type open at once, and begun within an hour; those beyond are summed up in one. 200 where left out. */
  readonly mostOpen?: number;
}

export interface AnomalyCounts {
  /** Silenced ones among them. */
  readonly open: number;
  readonly silenced: number;
  /** Ended, and remembered for those that come again and for stories. */
  readonly remembered: number;
  /** Findings that had no anomaly of their own, as there were too many of their type. */
  readonly summedUp: number;
  readonly outOfScope: number;
  /** Findings by the exclusion's filter. */
  readonly excluded: Readonly<Record<string, number>>;
}

/** Seconds without a finding after which an anomaly has ended, where the detector does not say. */
export const HOLD_SECONDS = 60;
/** What comes again within so many seconds of having ended is the same thing. */
export const REOPEN_SECONDS = 900;
/** How long anomalies that ended are remembered, for stories: as long as the longest rule, and some. */
export const REMEMBER_SECONDS = 5 * 3600;
const MOST_OPEN = 200;
const MOST_REMEMBERED = 5000;
const STATE_VERSION = 1;

/**
 * From findings to anomalies: one row for one thing that happens.
 *
 * - It opens with the first finding, lasts as long as findings of the same tenant, type, rule and entity come, and has ended when none came
 *   for `holdSeconds`; `closed` is the end of the last window with a finding. All times are of windows, so it does not matter when `take`
 *   is called, and a replay gives the same.
 * - What comes again within a quarter of an hour of having ended is the same anomaly, reopened. Each time doubles how long it is then held
 *   open, up to a quarter of an hour: what flaps stays open.
 * - The row says it at its worst: value, severity, text and evidence are those of the worst finding.
 * - A row is written where something changed that is worth it: state, severity, story, the value by more than a tenth; and once a minute
 *   as a sign of life. `updated` grows with each row; `opened` never changes.
 * - An early look at a later window may open an anomaly of which the windows before, once closed, say that it began there; it keeps
 *   `opened`, which is part of the table's order. A replay, which never looks early, opens it then.
 */
export class AnomalyTracker {
  private scope: Scope;
  private readonly options: TrackerOptions;
  private readonly mostOpen: number;
  /** The latest anomaly of each subject, open or remembered. */
  private readonly tracked = new Map<string, Tracked>();
  private readonly byId = new Map<string, Tracked>();
  private readonly lasting = new Set<Tracked>();
  /** Keys of those that ended, the longest ago first. */
  private readonly remembered = new Set<string>();
  /** How many are open, by tenant, type and rule. */
  private readonly openOf = new Map<string, number>();
  private readonly allowances = new Map<string, Allowance>();
  private readonly rests = new Map<string, RestOfMany>();
  private readonly stories = new Stories();
  private readonly index = new StoryIndex<Tracked>();
  /** Those that no longer last and may have to be written. */
  private readonly touched = new Set<Tracked>();
  /** Seconds since 1970: windows that end by then have been taken. */
  private frontier = 0;
  /** Milliseconds since 1970; never goes back. */
  private time = 0;
  private summedUp = 0;
  private outOfScope = 0;
  private readonly excluded = new Map<string, number>();

  constructor(settings: DetectionSettings, options: TrackerOptions = {}) {
    this.scope = new Scope(settings);
    this.options = options;
    this.mostOpen = options.mostOpen ?? MOST_OPEN;
  }

  /**
   * Takes what was found in a window: closed windows in order of time, each once with all that was found, and any number of early looks at
   * later ones in between.
   *
   * @returns rows to be written
   */
  take(findings: readonly DetectedFinding[], at: TakenWindow): AnomalyRow[] {
    this.time = Math.max(this.time, this.options.now?.() ?? at.end * 1000);
    const going = new Set<Tracked>();
    const fresh: Judged[] = [];
    const begun = new Set<Tracked>();
    for (const finding of findings) {
      const judged = this.judge(finding, at.early);
      if (judged === undefined) continue;
      const known = this.tracked.get(judged.key);
      if (known === undefined || !isSame(known, at)) fresh.push(judged);
      else this.goOn(known, judged, at, going, begun);
    }
    if (!at.early) this.frontier = Math.max(this.frontier, at.end);
    this.endOverdue(going);
    // The worst first: they get rows of their own
    fresh.sort(
      (a, b) =>
        compareBadness(b.badness, a.badness) || b.badness.score - a.badness.score || (a.key < b.key ? -1 : 1),
    );
    const beyond = new Map<string, Judged[]>();
    for (const judged of fresh) this.begin(judged, at, going, begun, beyond);
    for (const [key, many] of beyond) this.sumUp(key, many, at, going, begun);
    for (const one of begun) this.tell(one);
    this.forgetOld();
    return this.rows(at);
  }

  /**
   * Ends what must have ended, where no windows come to say so.
   *
   * @param at seconds since 1970: no window that ends by then is still to come
   */
  expire(at: number): AnomalyRow[] {
    return this.take([], { start: at, end: at, early: false });
  }

  /** Settings as they hold from now on. What is open and now excluded ends with the next window; silences begin and end with it too. */
  reconfigure(settings: DetectionSettings): void {
    this.scope = new Scope(settings);
    for (const one of this.lasting) this.judgeAgain(one);
  }

  /**
   * Takes up anomalies from the table after a restart, open ones and those that ended lately; what `load` gave goes on where it is newer.
   * Findings of windows that were counted before change nothing.
   */
  resume(rows: readonly AnomalyRow[]): void {
    for (const row of rows) this.adopt(trackedOf(row));
    this.afterAdopting();
  }

  /** What is remembered, for the state file: plain data. */
  save(): unknown {
    const state: State = {
      version: STATE_VERSION,
      frontier: this.frontier,
      time: this.time,
      tracked: [...this.tracked.values()].map((one) => ({ ...one })),
      allowances: [...this.allowances],
      rests: [...this.rests].map(([key, rest]) => [key, rest.save()]),
    };
    return state;
  }

  load(saved: unknown): void {
    const state = saved as State | undefined;
    if (state?.version !== STATE_VERSION) return;
    this.frontier = Math.max(this.frontier, state.frontier);
    this.time = Math.max(this.time, state.time);
    for (const [key, rest] of state.rests) this.rests.set(key, new RestOfMany(rest));
    for (const [group, allowance] of state.allowances) this.allowances.set(group, allowance);
    for (const one of state.tracked) this.adopt({ ...one });
    this.afterAdopting();
  }

  /** How many are open, silenced ones among them. */
  open(): number {
    return this.lasting.size;
  }

  counts(): AnomalyCounts {
    let silenced = 0;
    for (const one of this.lasting) if (stateOf(one, this.time) === 'silenced') silenced++;
    const { summedUp, outOfScope } = this;
    const excluded = Object.fromEntries(this.excluded);
    return {
      open: this.lasting.size,
      silenced,
      remembered: this.remembered.size,
      summedUp,
      outOfScope,
      excluded,
    };
  }

  // Findings

  private judge(detected: DetectedFinding, early: boolean): Judged | undefined {
    const { detector } = detected;
    const finding = tidy(detected);
    const exporterName = this.nameOf(finding);
    const verdict = this.scope.judge(finding, detector, exporterName);
    if (verdict.kind === 'kept') {
      const subject = {
        tenant: finding.tenant,
        type: finding.type,
        rule: finding.rule ?? '',
        entity: finding.entity,
      };
      return {
        finding,
        badness: badnessOf(finding),
        detector,
        exporterName,
        subject,
        key: subjectKey(subject),
        silencedUntil: verdict.silencedUntil,
      };
    }
    // An early look comes again
    if (early) return undefined;
    if (verdict.kind === 'excluded')
      this.excluded.set(verdict.filter, (this.excluded.get(verdict.filter) ?? 0) + 1);
    else if (verdict.kind === 'out of scope') this.outOfScope++;
    return undefined;
  }

  private nameOf({ tenant, exporter }: Finding): string {
    return exporter === undefined ? '' : (this.options.exporterName?.(tenant, exporter) ?? '');
  }

  private goOn(
    known: Tracked,
    judged: Judged,
    at: TakenWindow,
    going: Set<Tracked>,
    begun: Set<Tracked>,
  ): void {
    const later = at.end > known.last;
    // Windows that were counted before a restart, and those of an earlier time that something else was open in
    if (known.closed > 0 && !later) return;
    if (at.end <= known.opened - known.hold - REOPEN_SECONDS) return;
    // By the windows' time, whether or not it was closed in between: an early look may have come before
    if (later && at.start - known.last >= holdOf(known)) known.reopened++;
    if (known.closed > 0) {
      known.closed = 0;
      this.count(known);
      begun.add(known);
    }
    known.ended = undefined;
    known.last = Math.max(known.last, at.end);
    known.hold = Math.max(known.hold, holdSeconds(judged.finding));
    known.score = Math.max(known.score, judged.finding.score);
    known.silencedUntil = judged.silencedUntil;
    learnWorst(known, judged, at);
    going.add(known);
  }

  private begin(
    judged: Judged,
    at: TakenWindow,
    going: Set<Tracked>,
    begun: Set<Tracked>,
    beyond: Map<string, Judged[]>,
  ): void {
    const known = this.tracked.get(judged.key);
    // Found twice in this window, or with the same beginning as before: the same thing
    if (
      known !== undefined &&
      (begun.has(known) || known.id === anomalyId(judged.subject, openedOf(judged, at)))
    )
      return this.goOn(known, judged, at, going, begun);
    const group = groupOf(judged.finding);
    if ((this.openOf.get(group) ?? 0) < this.mostOpen && this.allow(group)) {
      begun.add(this.start(judged, at, false));
      return;
    }
    if (!at.early) this.summedUp++;
    const key = subjectKey({ ...judged.subject, entity: REST_ENTITY });
    const many = beyond.get(key);
    if (many === undefined) beyond.set(key, [judged]);
    else many.push(judged);
  }

  private sumUp(
    key: string,
    many: readonly Judged[],
    at: TakenWindow,
    going: Set<Tracked>,
    begun: Set<Tracked>,
  ): void {
    const sofar = this.tracked.get(key);
    const known = sofar !== undefined && isSame(sofar, at) ? sofar : undefined;
    const rest = known === undefined ? new RestOfMany() : (this.rests.get(key) ?? restOfRow(known.finding));
    for (const { finding } of many) rest.add(finding);
    const { detector, subject, finding: one } = many[0]!;
    const hold = Math.max(...many.slice(0, 100).map(({ finding }) => holdSeconds(finding)));
    const finding = rest.finding(one, this.mostOpen, hold);
    const judged: Judged = {
      finding,
      badness: badnessOf(finding),
      detector,
      exporterName: this.nameOf(finding),
      subject: { ...subject, entity: REST_ENTITY },
      key,
      silencedUntil: many.reduce((least, { silencedUntil }) => Math.min(least, silencedUntil), Infinity),
    };
    if (known !== undefined) this.goOn(known, judged, at, going, begun);
    else this.start(judged, at, true);
    this.rests.set(key, rest);
  }

  // Life

  private start(judged: Judged, at: TakenWindow, rest: boolean): Tracked {
    const { finding, detector, exporterName, subject, key, silencedUntil } = judged;
    const before = this.tracked.get(key);
    if (before !== undefined) {
      if (before.closed === 0) this.end(before);
      this.forget(key);
    }
    const opened = openedOf(judged, at);
    const id = anomalyId(subject, opened);
    const one: Tracked = {
      id,
      key,
      entity: finding.entity,
      detector,
      opened,
      last: at.end,
      hold: holdSeconds(finding),
      reopened: 0,
      closed: 0,
      finding,
      findingAt: at.start,
      score: finding.score,
      exporterName,
      raised: undefined,
      silencedUntil,
      ended: undefined,
      story: id,
      rest,
      written: undefined,
    };
    this.tracked.set(key, one);
    this.byId.set(id, one);
    this.stories.add(id, opened);
    this.count(one);
    return one;
  }

  /** As many may begin at once, and again within an hour: hosts that change each minute shall not write rows each minute. */
  private allow(group: string): boolean {
    const seconds = this.time / 1000;
    const { left, at } = this.allowances.get(group) ?? { left: this.mostOpen, at: seconds };
    const now = Math.min(this.mostOpen, left + ((seconds - at) * this.mostOpen) / 3600);
    if (now < 1) return false;
    this.allowances.set(group, { left: now - 1, at: seconds });
    return true;
  }

  private count(one: Tracked): void {
    this.lasting.add(one);
    this.remembered.delete(one.key);
    const group = groupOf(one.finding);
    if (!one.rest) this.openOf.set(group, (this.openOf.get(group) ?? 0) + 1);
  }

  private end(one: Tracked): void {
    one.closed = one.last;
    this.lasting.delete(one);
    this.remembered.add(one.key);
    this.touched.add(one);
    if (one.rest) return;
    const group = groupOf(one.finding);
    const left = (this.openOf.get(group) ?? 1) - 1;
    if (left > 0) this.openOf.set(group, left);
    else this.openOf.delete(group);
  }

  private endOverdue(going: ReadonlySet<Tracked>): void {
    for (const one of this.lasting)
      if (!going.has(one) && (one.ended !== undefined || this.frontier >= one.last + holdOf(one)))
        this.end(one);
  }

  private forgetOld(): void {
    for (const key of this.remembered) {
      const old = this.tracked.get(key)!.closed < this.frontier - REMEMBER_SECONDS;
      if (!old && this.remembered.size <= MOST_REMEMBERED) return;
      this.forget(key);
    }
  }

  private forget(key: string): void {
    const one = this.tracked.get(key);
    if (one === undefined) return;
    this.tracked.delete(key);
    this.byId.delete(one.id);
    this.index.remove(one);
    this.remembered.delete(key);
    this.rests.delete(key);
    this.stories.forget(one.id);
  }

  private judgeAgain(one: Tracked): void {
    const verdict = this.scope.judge(one.finding, one.detector, one.exporterName);
    // What is summed up has ends of its own only where all have the same: its findings are judged one by one
    if (one.rest && verdict.kind !== 'detector off') return;
    one.ended =
      verdict.kind === 'kept'
        ? undefined
        : verdict.kind === 'excluded'
          ? `excluded by ${verdict.filter}`
          : verdict.kind === 'out of scope'
            ? 'no longer in the scope of its detector'
            : 'its detector is switched off';
    one.silencedUntil = verdict.kind === 'kept' ? verdict.silencedUntil : 0;
  }

  private rows({ end, early }: TakenWindow): AnomalyRow[] {
    const rows: AnomalyRow[] = [];
    for (const one of [...this.touched, ...this.lasting]) {
      const state = stateOf(one, this.time);
      if (isToBeWritten(one, state, end, early)) rows.push(writeRow(one, state, end, this.time));
    }
    this.touched.clear();
    return rows;
  }

  // Stories

  /** Looks for the story of one that has just begun. */
  private tell(one: Tracked): void {
    if (one.rest) return;
    let nearest: { readonly tie: Tie<Tracked>; readonly apart: number } | undefined;
    this.index.add(one);
    for (const other of this.index.near(one)) {
      for (const tie of tiesBetween(other, one)) {
        const { rule, first, then } = tie;
        if (rule.mark !== true) this.join(tie);
        else if (then !== one) {
          if (this.stories.isAlone(then.id)) this.join(tie);
        } else {
          const apart = Math.abs(first.opened - one.opened);
          if (nearest === undefined || apart < nearest.apart) nearest = { tie, apart };
        }
      }
    }
    if (nearest !== undefined && this.stories.isAlone(one.id)) this.join(nearest.tie);
  }

  private join({ rule, first, then }: Tie<Tracked>): void {
    const renamed = this.stories.join(first.id, then.id);
    for (const id of renamed) {
      const one = this.byId.get(id);
      if (one === undefined) continue;
      one.story = this.stories.of(id);
      if (one.closed > 0) this.touched.add(one);
    }
    const { raises } = rule;
    if (raises === undefined || severityRank(severityOf(then)) >= severityRank(raises)) return;
    if (this.stories.of(first.id) !== this.stories.of(then.id)) return;
    then.raised = { to: raises, because: rule.because };
    if (then.closed > 0) this.touched.add(then);
  }

  // After a restart

  private adopt(one: Tracked): void {
    const known = this.tracked.get(one.key);
    if (known !== undefined) {
      const same = known.id === one.id;
      const older = same
        ? (one.written?.updated ?? 0) <= (known.written?.updated ?? 0)
        : one.opened < known.opened;
      const [kept, left] = older ? [known, one] : [one, known];
      if (same) kept.last = Math.max(kept.last, left.last);
      else if (left.closed === 0) {
        left.closed = left.last;
        this.touched.add(left);
      }
      if (older) return;
      const rest = this.rests.get(one.key);
      this.lasting.delete(known);
      this.forget(one.key);
      if (rest !== undefined) this.rests.set(one.key, rest);
    }
    this.tracked.set(one.key, one);
    this.byId.set(one.id, one);
    this.stories.add(one.id, one.opened, one.story);
    if (!one.rest) this.index.add(one);
  }

  private afterAdopting(): void {
    this.lasting.clear();
    this.remembered.clear();
    this.openOf.clear();
    const all = [...this.tracked.values()];
    for (const one of all) {
      if (one.closed > 0) continue;
      this.count(one);
      this.judgeAgain(one);
    }
    for (const one of all.filter(({ closed }) => closed > 0).sort((a, b) => a.closed - b.closed))
      this.remembered.add(one.key);
    this.forgetOld();
  }
}

interface Judged {
  readonly finding: Finding;
  readonly badness: Badness;
  readonly detector: string;
  readonly exporterName: string;
  readonly subject: AnomalySubject;
  readonly key: string;
  readonly silencedUntil: number;
}

/** How many anomalies may still begin. */
interface Allowance {
  readonly left: number;
  /** As of then: seconds since 1970. */
  readonly at: number;
}

interface State {
  readonly version: number;
  readonly frontier: number;
  readonly time: number;
  readonly tracked: readonly Tracked[];
  readonly rests: readonly (readonly [string, SavedRest])[];
  readonly allowances: readonly (readonly [string, Allowance])[];
}

/** Whether a finding of the window belongs to the anomaly, open or to be reopened. */
function isSame(known: Tracked, at: TakenWindow): boolean {
  return at.start < known.last + known.hold + REOPEN_SECONDS;
}

function learnWorst(known: Tracked, judged: Judged, at: TakenWindow): void {
  const { finding } = judged;
  const worse = compareBadness(judged.badness, badnessOf(known.finding));
  // The same window again has more to show for the same
  if (worse < 0 || (worse === 0 && at.start !== known.findingAt)) return;
  const { flows } = known.finding.evidence;
  known.finding = flows === undefined ? finding : { ...finding, evidence: { flows, ...finding.evidence } };
  known.findingAt = at.start;
  known.detector = judged.detector;
  known.exporterName = judged.exporterName;
}

function holdSeconds({ holdSeconds: hold = HOLD_SECONDS }: Finding): number {
  return hold;
}

/** Seconds without a finding after which it has ended: longer for what came again. */
function holdOf({ hold, reopened }: Tracked): number {
  return Math.min(Math.max(hold, REOPEN_SECONDS), hold * 2 ** Math.min(reopened, 20));
}

function openedOf({ finding: { since } }: Judged, at: TakenWindow): number {
  return since !== undefined && since > 0 && since < at.start ? Math.floor(since) : at.start;
}

function groupOf({ tenant, type, rule = '' }: Finding): string {
  return JSON.stringify([tenant, type, rule]);
}

/** Addresses in the form in which rows have them, and nothing where a zero stands for it. As a rule it is so already. */
function tidy(finding: Finding): Finding {
  const { source, destination, exporter, interface: index, protocol, port } = finding;
  const [from, to, by] = [addressOr(source), addressOr(destination), addressOr(exporter)];
  const isTidy = from === source && to === destination && by === exporter;
  if (isTidy && index !== 0 && protocol !== 0 && port !== 0) return finding;
  const out: { -readonly [Name in keyof Finding]?: Finding[Name] | undefined } = {
    ...finding,
    source: from,
    destination: to,
    destinationPrefix: to === undefined ? undefined : finding.destinationPrefix,
    exporter: by,
    interface: index === 0 ? undefined : index,
    protocol: protocol === 0 ? undefined : protocol,
    port: port === 0 ? undefined : port,
  };
  return Object.fromEntries(
    Object.entries(out).filter(([, value]) => value !== undefined),
  ) as unknown as Finding;
}

const DOTTED = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.|$)){4}$/;

function addressOr(text: string | undefined): string | undefined {
  if (text === undefined || text === '' || text === '::') return undefined;
  return DOTTED.test(text) ? text : usualAddress(text);
}

function trackedOf(row: AnomalyRow): Tracked {
  const { finding, kept } = readRow(row);
  const { id, opened, closed, updated, severity, state, story, value } = row;
  const last = kept.last_seen;
  const subject = { tenant: row.tenant_id, type: row.type, rule: row.rule, entity: finding.entity };
  return {
    id,
    key: subjectKey(subject),
    entity: finding.entity,
    detector: kept.detector,
    opened,
    last: Math.max(last, closed),
    hold: kept.hold_seconds,
    reopened: kept.reopened ?? 0,
    closed,
    finding,
    findingAt: -1,
    score: row.score,
    exporterName: row.exporter_name,
    raised: kept.raised === undefined ? undefined : { to: severity, because: kept.raised.because },
    silencedUntil: 0,
    ended: undefined,
    story,
    rest: finding.entity === REST_ENTITY,
    written: { updated, at: last, last, severity, state, story, value },
  };
}
