import { addressText } from '@weir/core';
import { WINDOW_SECONDS } from '@weir/core/windows';
import type { Detector, Report, RunningDetector, Values } from '../../detector.ts';
import type { Step } from '../../step.ts';
import { joined, tenantFilter } from './what.ts';

/*
 * An exporter that sends and then sends no more is a blind spot: a crashed metering process, a changed access list, a link that is gone.
 * Nobody notices, for what is not measured looks like quiet traffic.
 *
 * Each exporter has its own habit of pauses. A busy router is in every window; a switch of a small office at night is not. So what is
 * remembered of each are its pauses: how long they were, as a histogram that slowly forgets. It is silent when it has paused for three
 * times as long as 99 of 100 of its pauses, and not before two minutes. Pauses much longer than that are remembered by themselves with
 * their time of day: an office whose router is switched off every night is not silent at night (two such nights teach it).
 *
 * What looks alike:
 * - the collector was away, and there are no windows at all: nobody is blamed for that time, each exporter's pause begins anew;
 * - an exporter that is seen seldom, once for a test, or has just begun: at least half an hour of windows must be known of it, and it
 *   must be there every ten minutes, or in a tenth of the windows;
 * - all exporters fall silent at once: that is one anomaly, and the collector's own network is likelier than all of them.
 */

const HOUR = 3600;
const DAY = 86_400;
/** Pauses of up to so many windows: the last bucket is all longer ones. */
const PAUSES = [1, 2, 3, 4, 6, 8, 12, 18, 30, 60, 120, 360] as const;
/** The histogram of pauses is halved when it has so many: a day and a half of an exporter in all windows. */
const MOST_PAUSES = 13_000;
const LONG_PAUSES_KEPT = 8;
/** Who pauses longer now and then is missed only where it is there in a tenth of the windows. */
const REGULAR_SECONDS = 600;
/** Exporters remembered. */
const MOST_EXPORTERS = 4096;
/** More than so many that fall silent together are the collector's network. */
const TOGETHER = 3;

const parameters = {
  least_seconds: {
    default: 120,
    unit: 's',
    least: 30,
    threshold: true,
    doc: 'An exporter is silent after so long at the earliest. Two minutes: exporters that send templates and flows every minute have missed two turns.',
  },
  pause_factor: {
    default: 3,
    unit: 'ratio',
    least: 1,
    doc: 'And after so many times as long as 99 of 100 of its pauses.',
  },
  learn_windows: {
    default: 180,
    unit: 'windows',
    least: 6,
    doc: 'Windows that an exporter must have been seen in before it can be missed: half an hour of one that sends always.',
  },
  forget_days: {
    default: 7,
    unit: 'd',
    least: 1,
    doc: 'After so long an exporter is taken for put away: the anomaly ends.',
  },
} as const;

type P = typeof parameters;

interface Exporter {
  readonly tenant: string;
  readonly address: string;
  /** Seconds since 1970: the end of the last window that it was in; begun anew where the collector was away. */
  last: number;
  /** First seen. */
  readonly since: number;
  /** Windows that it was in. */
  seen: number;
  /** Pauses by length, and their sum. */
  readonly pauses: number[];
  count: number;
  /** The latest pauses much longer than usual: when they began, and seconds. */
  long: { readonly from: number; readonly seconds: number }[];
  /** Records of a window as usual: says how much is not seen now. */
  records: number;
}

interface Saved {
  readonly version: 1;
  readonly end: number;
  readonly exporters: readonly Exporter[];
}

class RunningExporterSilent implements RunningDetector {
  private readonly settings: (tenant: string) => Values<P>;
  private exporters = new Map<string, Exporter>();
  /** When the latest window ended; undefined before the first. */
  private end: number | undefined;

  constructor(settings: (tenant: string) => Values<P>) {
    this.settings = settings;
  }

  detect(step: Step, _usual: unknown, report: Report): void {
    const here = sendersOf(step);
    const away = this.awayBefore(step);
    const silent: { exporter: Exporter; seconds: number; allowed: number }[] = [];
    const expected = new Map<string, number>();
    for (const [id, exporter] of this.exporters) {
      const values = this.settings(exporter.tenant);
      if (!isKnown(exporter, values)) continue;
      expected.set(exporter.tenant, (expected.get(exporter.tenant) ?? 0) + 1);
      if (here.has(id)) continue;
      // `learn` will begin its pause anew; what was silent before the collector went away still is.
      const last = lastOf(exporter, away, step, values);
      const seconds = step.end - last;
      const allowed = allowedOf(exporter, values, last);
      if (seconds >= allowed && seconds < values.forget_days * DAY)
        silent.push({ exporter, seconds, allowed });
    }
    for (const [tenant, known] of expected) {
      const of = silent.filter(({ exporter }) => exporter.tenant === tenant);
      if (of.length >= TOGETHER && of.length === known) reportAll(tenant, of, this.settings(tenant), report);
      else
        for (const { exporter, seconds, allowed } of of) this.reportOne(exporter, seconds, allowed, report);
    }
  }

  /** Seconds without any window before this one: the collector was away, or nothing at all came. */
  private awayBefore(step: Step): number {
    return this.end === undefined ? 0 : Math.max(0, step.start - this.end);
  }

  learn(step: Step): void {
    const away = this.awayBefore(step);
    if (away > 0)
      for (const exporter of this.exporters.values())
        exporter.last = lastOf(exporter, away, step, this.settings(exporter.tenant));
    for (const [id, { tenant, address, records }] of sendersOf(step)) {
      const known = this.exporters.get(id);
      if (known === undefined) {
        if (this.exporters.size >= MOST_EXPORTERS) continue;
        this.exporters.set(id, {
          tenant,
          address,
          last: step.end,
          since: step.start,
          seen: 1,
          pauses: PAUSES.map(() => 0),
          count: 0,
          long: [],
          records,
        });
        continue;
      }
      this.paused(known, step);
      known.seen++;
      known.records += (records - known.records) / Math.min(known.seen, 360);
      known.last = step.end;
    }
    for (const [id, exporter] of this.exporters)
      if (step.end - exporter.last > this.settings(exporter.tenant).forget_days * DAY)
        this.exporters.delete(id);
    this.end = step.end;
  }

  private paused(exporter: Exporter, step: Step): void {
    const seconds = step.end - exporter.last;
    if (seconds <= 0) return;
    const values = this.settings(exporter.tenant);
    if (isKnown(exporter, values) && seconds >= usualPause(exporter, values)) {
      exporter.long = [...exporter.long, { from: exporter.last, seconds }].slice(-LONG_PAUSES_KEPT);
      return;
    }
    const windows = seconds / WINDOW_SECONDS;
    const bucket = PAUSES.findIndex((most) => windows <= most);
    exporter.pauses[bucket < 0 ? PAUSES.length - 1 : bucket]!++;
    if (++exporter.count <= MOST_PAUSES) return;
    exporter.pauses.forEach((n, i) => (exporter.pauses[i] = n / 2));
    exporter.count = exporter.pauses.reduce((sum, n) => sum + n, 0);
  }

  private reportOne(exporter: Exporter, seconds: number, allowed: number, report: Report): void {
    const { tenant, address } = exporter;
    const values = this.settings(tenant);
    const usual = pauseOf(exporter, 0.99);
    report({
      type: 'exporter_silent',
      tenant,
      entity: address,
      severity: 'high',
      score: Math.min(1, 0.7 + (0.3 * (seconds - allowed)) / (4 * allowed)),
      title: `Exporter ${address} has sent nothing for ${lasting(seconds)}`,
      description:
        `It usually sends at least every ${lasting(usual)}, about ${Math.round(exporter.records)} records in ${WINDOW_SECONDS} s. What passes ` +
        'it is not seen now. Look whether the device is up, its metering process runs, and its packets still reach the collector ' +
        '(access lists, routes, the port).',
      exporter: address,
      metric: 'silent_seconds',
      value: seconds,
      baseline: usual,
      threshold: allowed,
      flowFilter: joined(`exporter = ${address}`, tenantFilter(tenant)),
      since: exporter.last,
      holdSeconds: WINDOW_SECONDS,
      evidence: {
        measures: [
          { name: 'usual_records', value: exporter.records, unit: 'records per window' },
          { name: 'seen_windows', value: exporter.seen, unit: 'windows' },
        ],
        parameters: { least_seconds: values.least_seconds, pause_factor: values.pause_factor },
      },
    });
  }

  save(): unknown {
    if (this.end === undefined) return undefined;
    return { version: 1, end: this.end, exporters: [...this.exporters.values()] } satisfies Saved;
  }

  load(saved: unknown): void {
    const state = saved as Partial<Saved> | undefined;
    if (state?.version !== 1 || !Array.isArray(state.exporters) || typeof state.end !== 'number') return;
    this.end = state.end;
    this.exporters = new Map(
      (state.exporters as readonly Exporter[])
        .filter((e) => e.pauses.length === PAUSES.length)
        .map((e) => [idOf(e.tenant, e.address), { ...e, pauses: [...e.pauses], long: [...e.long] }]),
    );
  }

  counts(): { entities: number; learning: number } {
    const all = [...this.exporters.values()];
    return {
      entities: all.length,
      learning: all.filter((e) => !isKnown(e, this.settings(e.tenant))).length,
    };
  }
}

function reportAll(
  tenant: string,
  silent: readonly { readonly exporter: Exporter; readonly seconds: number; readonly allowed: number }[],
  values: Values<P>,
  report: Report,
): void {
  const seconds = Math.min(...silent.map((s) => s.seconds));
  const allowed = Math.max(...silent.map((s) => s.allowed));
  const addresses = silent.map(({ exporter }) => exporter.address);
  report({
    type: 'exporter_silent',
    tenant,
    entity: 'all exporters',
    severity: 'critical',
    score: 0.95,
    title: `None of ${silent.length} exporters has sent anything for ${lasting(seconds)}`,
    description:
      'All fell silent together, so what they have in common is likelier than each of them: the collector’s network, a firewall before ' +
      `it, its port. They are ${addresses.slice(0, 8).join(', ')}${addresses.length > 8 ? ', …' : ''}.`,
    metric: 'silent_seconds',
    value: seconds,
    baseline: Math.max(...silent.map(({ exporter }) => pauseOf(exporter, 0.99))),
    threshold: allowed,
    flowFilter: tenantFilter(tenant),
    since: Math.max(...silent.map(({ exporter }) => exporter.last)),
    holdSeconds: WINDOW_SECONDS,
    evidence: {
      measures: [{ name: 'exporters', value: silent.length, unit: 'exporters' }],
      parameters: { least_seconds: values.least_seconds, pause_factor: values.pause_factor },
    },
  });
}

function idOf(tenant: string, address: string): string {
  return `${tenant}\n${address}`;
}

interface Sender {
  readonly tenant: string;
  readonly address: string;
  records: number;
}

/** The exporters that a window has rows of. What came in by an interface is all that an exporter sent: once each flow. */
function sendersOf(step: Step): Map<string, Sender> {
  const rows = step.rows('interface');
  const senders = new Map<string, Sender>();
  const { collector_ip: addresses, direction, tenant_id: tenants } = rows.keys;
  const records = rows.numbers.records;
  let lastId = '';
  let lastWords: readonly number[] = [];
  for (let row = 0; row < rows.rows; row++) {
    if (rows.rest[row] === 1 || direction![row] !== 1) continue;
    const at = 4 * row;
    const words = [
      tenants![row]!,
      addresses![at]!,
      addresses![at + 1]!,
      addresses![at + 2]!,
      addresses![at + 3]!,
    ];
    if (words.some((w, k) => w !== lastWords[k])) {
      lastWords = words;
      const tenant = rows.texts.tenant_id[words[0]!] ?? '';
      const address = addressText(addresses!, at);
      lastId = idOf(tenant, address);
      if (!senders.has(lastId)) senders.set(lastId, { tenant, address, records: 0 });
    }
    senders.get(lastId)!.records += records[row]!;
  }
  return senders;
}

/** Whether enough is known of it to miss it. */
function isKnown(exporter: Exporter, values: Values<P>): boolean {
  if (exporter.seen < values.learn_windows) return false;
  const windows = Math.max(1, (exporter.last - exporter.since) / WINDOW_SECONDS);
  return pauseOf(exporter, 0.99) <= REGULAR_SECONDS || exporter.seen >= 0.1 * windows;
}

/** Seconds that this share of its pauses does not exceed. */
function pauseOf(exporter: Exporter, share: number): number {
  let left = share * exporter.count;
  for (const [i, n] of exporter.pauses.entries()) {
    left -= n;
    if (left <= 0) return PAUSES[i]! * WINDOW_SECONDS;
  }
  return PAUSES.at(-1)! * WINDOW_SECONDS;
}

function usualPause(exporter: Exporter, values: Values<P>): number {
  return Math.max(values.least_seconds, values.pause_factor * pauseOf(exporter, 0.99));
}

/** How long it may be silent, in a pause that began at a time: longer where it has paused on two days at this time of day. */
function allowedOf(exporter: Exporter, values: Values<P>, from: number): number {
  const usual = usualPause(exporter, values);
  const alike = exporter.long.filter((pause) => {
    const apart = Math.abs((pause.from % DAY) - (from % DAY));
    return Math.min(apart, DAY - apart) <= HOUR && from - pause.from > DAY / 2;
  });
  return alike.length < 2 ? usual : Math.max(usual, 1.5 * Math.max(...alike.map(({ seconds }) => seconds)));
}

/** When it was last there, if the collector was away before this window for so many seconds. */
function lastOf(exporter: Exporter, away: number, step: Step, values: Values<P>): number {
  if (away === 0) return exporter.last;
  const before = step.start - away;
  return before - exporter.last >= allowedOf(exporter, values, exporter.last)
    ? exporter.last
    : exporter.last + away;
}

function lasting(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 2 * HOUR) return `${Math.round(seconds / 60)} min`;
  return seconds < 2 * DAY ? `${Math.round(seconds / HOUR)} h` : `${Math.round(seconds / DAY)} days`;
}

export const exporterSilent: Detector<P> = {
  name: 'exporter_silent',
  title: 'Exporter silent',
  types: ['exporter_silent'],
  doc:
    'An exporter that usually sends and sends no more, by its own habit of pauses: three times as long as 99 of 100 of them, two minutes ' +
    'at the least. Pauses at the same time of day on two days are known. Time in which the collector itself was away does not count. The ' +
    'anomaly ends when flows come again.',
  parameters,
  reads: { interface: ['records'] },
  windowsBack: 1,
  early: false,
  usesUsual: false,
  start: (settings) => new RunningExporterSilent(settings),
};
