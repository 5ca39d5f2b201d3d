import { DISTINCT_KEPT, type WindowKind, distinctKept, portHash } from '@weir/core/windows';
import type { Usual } from '../../baselines/usual.ts';
import type { Detector, Report, RunningDetector, Values } from '../../detector.ts';
import { type Entity, MOST_WINDOWS_BACK, type Step } from '../../step.ts';
import { sampled } from './certainty.ts';
import { type Candidate, explaining } from './explain.ts';
import { type Habit, Habits, isLearnt, learnMinutes } from './habits.ts';
import { whatOf } from './what.ts';

/*
 * Contacts that fail or are dropped, as a part of all contacts to a server, through an interface or of a service: a service that is down, a
 * rule of a firewall that is wrong, a way that ends nowhere. A contact fails that gets no answer or is refused; an exporter says of a flow that
 * it was dropped or denied.
 *
 * Against the habit: a monitoring check of a host that is gone fails always, and that is usual; an interface towards the internet has a third
 * of failed contacts from those who knock at all doors. So what fails must be more than in 98 of 100 windows of the same entity, by more than
 * chance makes of as many contacts.
 *
 * What looks alike:
 * - Scans: each fails nearly everywhere. What the worst few of those brought that fail towards many hosts or ports is taken off, as far as
 *   they can have met the entity, for as long as the minute holds it. A scan is a thing of the scanner, not of those scanned.
 * - Floods of SYNs, of forged sources: five times as many flows as the entity ever has are an attack, and said by others.
 * - An outage makes clients fail towards many hosts too, and then they look like scanners: so only the worst few are taken off.
 * - Sampling: one packet of a good connection may be its SYN, and looks failed. That part is steady, and so it is habit.
 */

const KINDS = ['destination', 'interface', 'service'] as const satisfies readonly WindowKind[];
const MOST_HABITS = 8192;
const MOST_SCANNERS = 5;
/** Hosts or ports that one fails towards who scans. */
const SCANNED = 5;
const FLOOD = 5;
const DEVIATIONS = 4;
const MINUTE_WINDOWS = MOST_WINDOWS_BACK;

const parameters = {
  error_ratio: {
    default: 0.05,
    unit: 'ratio',
    most: 1,
    threshold: true,
    doc: 'The part of a minute’s contacts that fail or are dropped.',
  },
  error_ratio_at_once: {
    default: 0.25,
    unit: 'ratio',
    most: 1,
    threshold: true,
    doc: 'The same of a single window: what is that bad need not last.',
  },
  least_errors: {
    default: 10,
    unit: 'flows',
    least: 3,
    doc: 'Failed contacts at the least, as seen: not scaled by sampling.',
  },
  least_contacts: {
    default: 20,
    unit: 'flows/min',
    least: 5,
    doc: 'Contacts of a minute below which an entity has neither habit nor errors.',
  },
  learn_minutes: learnMinutes,
} as const;

type P = typeof parameters;

interface Errors {
  readonly errors: number;
  readonly contacts: number;
  readonly share: number;
  readonly windows: number;
}

interface Failing extends Candidate, Errors {
  readonly habit: Habit;
  readonly threshold: number;
}

interface Scanner {
  readonly hash: number;
  readonly errors: readonly [window: number, minute: number];
  readonly hosts: number;
  readonly ports: Uint32Array;
  readonly portCount: number;
}

class RunningErrorRate implements RunningDetector {
  private readonly settings: (tenant: string) => Values<P>;
  private readonly habits = new Habits(MOST_HABITS, 'root');

  constructor(settings: (tenant: string) => Values<P>) {
    this.settings = settings;
  }

  detect(step: Step, usual: Usual, report: Report): void {
    const failing: Failing[] = [];
    const well = new Map<string, number>();
    this.each(step, (entity, row, scanners) => {
      const values = this.settings(entity.tenant);
      const habit = this.habits.of(idOf(entity));
      if (!isLearnt(habit, values.learn_minutes)) return;
      const found =
        judged(errorsOf(entity, 1, scanners), habit, values.error_ratio_at_once, entity, values) ??
        judged(errorsOf(entity, MINUTE_WINDOWS, scanners), habit, values.error_ratio, entity, values);
      if (found === undefined) {
        if (entity.kind === 'service') well.set(entity.tenant, (well.get(entity.tenant) ?? 0) + 1);
      } else if (!isFlood(step, usual, entity.kind, row)) failing.push(found);
    });
    for (const one of explaining(failing, (tenant) => well.get(tenant) ?? 0))
      reportFailing(one, this.settings(one.entity.tenant), report);
  }

  learn(step: Step): void {
    this.each(step, (entity, _row, scanners) => {
      const id = idOf(entity);
      const { share, contacts } = errorsOf(entity, MINUTE_WINDOWS, scanners);
      const values = this.settings(entity.tenant);
      if (contacts < values.least_contacts) return;
      const habit = this.habits.of(id);
      // Also on the way to the threshold, or what begins would be usual when it gets there.
      const unusual =
        isLearnt(habit, values.learn_minutes) && share > Math.max(values.error_ratio / 5, 2 * habit.high);
      this.habits.learn(id, share, step.end, unusual ? 0.1 : 1);
    });
  }

  private each(step: Step, look: (entity: Entity, row: number, scanners: readonly Scanner[]) => void): void {
    const scanners = scannersOf(step);
    for (const kind of KINDS) {
      const rows = step.rows(kind);
      const contacts = rows.numbers.contact_flows;
      for (let row = 0; row < rows.rows; row++) {
        if (rows.rest[row] === 1 || contacts[row] === 0) continue;
        const entity = step.entity(kind, row);
        if (entity.sum('contact_flows') < this.settings(entity.tenant).least_contacts) continue;
        look(entity, row, scanners.get(entity.tenant) ?? []);
      }
    }
  }

  save(): unknown {
    return this.habits.save();
  }

  load(saved: unknown): void {
    this.habits.load(saved);
  }

  counts(): { entities: number; learning: number } {
    return this.habits.counts();
  }
}

function idOf(entity: Entity): string {
  return `${entity.tenant}\n${entity.kind} ${whatOf(entity).entity}`;
}

/** By tenant, those that failed most and towards many within the minute, also where they are gone by now. */
function scannersOf(step: Step): Map<string, Scanner[]> {
  const by = new Map<string, Scanner[]>();
  for (let back = 0; back < MINUTE_WINDOWS; back++) {
    const rows = step.rowsBack('source', back);
    if (rows === undefined) continue;
    const { failed_flows: failed, dropped_flows: dropped } = rows.numbers;
    for (let row = 0; row < rows.rows; row++) {
      if (rows.rest[row] === 1 || failed[row]! + dropped[row]! < SCANNED) continue;
      const entity = step.entityBack('source', back, row)!;
      const scanner = scannerOf(entity);
      if (scanner === undefined) continue;
      const of = by.get(entity.tenant) ?? [];
      if (of.length === 0) by.set(entity.tenant, of);
      if (of.every(({ hash }) => hash !== scanner.hash)) of.push(scanner);
      if (of.length > 4 * MOST_SCANNERS) by.set(entity.tenant, worst(of));
    }
  }
  for (const [tenant, of] of by) by.set(tenant, worst(of));
  return by;
}

function worst(scanners: Scanner[]): Scanner[] {
  return scanners.sort((a, b) => b.errors[1] - a.errors[1] || a.hash - b.hash).slice(0, MOST_SCANNERS);
}

function scannerOf(entity: Entity): Scanner | undefined {
  const errors = failuresOf(entity, MINUTE_WINDOWS);
  if (errors < 0.5 * entity.sum('contact_flows')) return undefined;
  const portCount = entity.distinct('ports');
  const hosts = Math.max(entity.distinct('failed_contacts'), entity.distinct('contacts'));
  if (portCount < SCANNED && hosts < SCANNED) return undefined;
  return {
    hash: entity.addressHash(),
    errors: [failuresOf(entity, 1), errors],
    hosts,
    ports: entity.hashes('ports'),
    portCount,
  };
}

/** A denied SYN is dropped and failed at once: the larger of both is counted. */
function failuresOf(entity: Entity, windows: number): number {
  return Math.max(entity.sum('failed_flows', windows), entity.sum('dropped_flows', windows));
}

function errorsOf(entity: Entity, windows: number, scanners: readonly Scanner[]): Errors {
  const of = scanners.reduce((sum, s) => sum + broughtBy(s, entity, windows), 0);
  // Hosts and routers tell of what cannot be reached by ICMP, which itself is no contact.
  const told = entity.kind === 'interface' ? entity.sum('unreachable_flows', windows) : 0;
  const all = Math.min(entity.sum('contact_flows', windows), failuresOf(entity, windows) + told);
  const errors = Math.max(0, all - of);
  const contacts = Math.max(errors, entity.sum('contact_flows', windows) - of);
  return { errors, contacts, share: contacts === 0 ? 0 : errors / contacts, windows };
}

/** Failures that a scanner can have brought to an entity: what it has as a rule towards each host or port, and half as much again. */
function broughtBy(scanner: Scanner, entity: Entity, windows: number): number {
  const errors = scanner.errors[windows === 1 ? 0 : 1];
  if (entity.kind === 'service') {
    const has = scanner.ports.includes(portHash(entity.number('port')));
    if (!has && scanner.ports.length < DISTINCT_KEPT) return 0;
    return (1.5 * errors) / Math.max(1, scanner.portCount);
  }
  if (errors === 0) return 0;
  const sources = entity.hashes('sources');
  if (!sources.includes(scanner.hash) && sources.length < distinctKept(entity.kind)) return 0;
  return entity.kind === 'interface' ? errors : Math.min(errors, (1.5 * errors) / Math.max(1, scanner.hosts));
}

function judged(
  { errors, contacts, share, windows }: Errors,
  habit: Habit,
  least: number,
  entity: Entity,
  values: Values<P>,
): Failing | undefined {
  const usual = Math.max(habit.high, habit.median);
  const threshold = Math.max(least, usual);
  if (share <= threshold) return undefined;
  const flows = entity.sum('flows', windows);
  const seen = flows === 0 ? 0 : Math.min(1, entity.sum('records', windows) / flows);
  const [errorsSeen, contactsSeen] = [errors * seen, contacts * seen];
  if (errorsSeen < values.least_errors) return undefined;
  const expected = contactsSeen * usual;
  if (errorsSeen - expected < DEVIATIONS * Math.sqrt(expected * (1 - usual) + 1)) return undefined;
  const excess = errors - contacts * habit.median;
  return { errors, contacts, share, windows, habit, threshold, entity, excess, times: share / threshold };
}

function isFlood(step: Step, usual: Usual, kind: WindowKind, row: number): boolean {
  const flows = usual.of(step, kind, row, 'flows');
  return !flows.learning && usual.now(step, kind, row, 'flows') > FLOOD * Math.max(1, flows.high);
}

function reportFailing(failing: Failing, values: Values<P>, report: Report): void {
  const { entity, errors, contacts, share, windows, habit, threshold } = failing;
  const what = whatOf(entity);
  const { certainty, caveat } = sampled(entity, windows);
  const dropped = entity.sum('dropped_flows', windows) > entity.sum('failed_flows', windows);
  const sources = entity.distinct('sources', windows);
  report({
    type: 'error_rate',
    tenant: entity.tenant,
    entity: what.entity,
    severity: share >= 0.5 ? 'high' : share >= 0.25 ? 'medium' : 'low',
    score: certainty * Math.min(1, 0.55 + 0.3 * share + 0.1 * Math.log10(errors / 10)),
    title: `${percent(share)} of the contacts ${towards[entity.kind] ?? 'of'} ${what.name} ${dropped ? 'are dropped' : 'fail'}`,
    description:
      `${Math.round(errors)} of ${Math.round(contacts)} contacts in ${10 * windows} s, from ${Math.round(sources)} sources; usual are ` +
      `${percent(habit.median)}, seldom more than ${percent(habit.high)}. ` +
      (dropped
        ? 'Something on the way drops or denies them: look at access lists and firewall rules changed lately.'
        : 'They get no answer or are refused: look whether the service runs and can be reached.'),
    ...what.columns,
    metric: 'error_ratio',
    value: share,
    baseline: habit.median,
    threshold,
    flowFilter: what.flowFilter,
    evidence: {
      measures: [
        { name: 'errors', value: errors, unit: 'flows' },
        { name: 'contacts', value: contacts, unit: 'flows' },
        { name: 'sources', value: sources, unit: 'hosts' },
        { name: 'failed_flows', value: entity.sum('failed_flows', windows), unit: 'flows' },
        { name: 'dropped_flows', value: entity.sum('dropped_flows', windows), unit: 'flows' },
      ],
      ...caveat,
      parameters: { error_ratio: values.error_ratio, error_ratio_at_once: values.error_ratio_at_once },
    },
  });
}

const towards: Partial<Record<WindowKind, string>> = { destination: 'to', interface: 'by' };

function percent(share: number): string {
  return `${share < 0.1 ? (100 * share).toFixed(1) : Math.round(100 * share)} %`;
}

export const errorRate: Detector<P> = {
  name: 'error_rate',
  title: 'Error rate',
  types: ['error_rate'],
  doc:
    'Contacts that fail, are refused, dropped or denied: over a twentieth of a minute’s, or over a quarter of a window’s, and more than is ' +
    'usual for the same server, interface or service by more than chance. What scanners bring is taken off; of several that fail together ' +
    'the one is named that explains the others.',
  parameters,
  reads: {
    ...Object.fromEntries(
      KINDS.map((kind) => [
        kind,
        [
          'records',
          'sampling_rate',
          'flows',
          'contact_flows',
          'failed_flows',
          'dropped_flows',
          'unreachable_flows',
          'sources',
        ],
      ]),
    ),
    source: ['contact_flows', 'failed_flows', 'dropped_flows', 'ports', 'contacts', 'failed_contacts'],
  },
  windowsBack: MOST_WINDOWS_BACK,
  early: false,
  start: (settings) => new RunningErrorRate(settings),
};
