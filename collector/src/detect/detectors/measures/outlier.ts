import {
  type WindowDistinct,
  type WindowNumber,
  WINDOW_SECONDS,
  addressHash,
  scattered,
} from '@weir/core/windows';
import type { Detector, Report, RunningDetector, Values } from '../../detector.ts';
import { type Entity, MOST_WINDOWS_BACK, type Step } from '../../step.ts';
import { sampled } from './certainty.ts';
import { IsolationForest } from './isolation-forest.ts';
import { whatOf } from './what.ts';

/*
 * Behaviour that nobody wrote a rule for. An own host's minute is a point: how much of fourteen things it did, in powers of two, each less what
 * this host usually does. A resolver, a backup server, a gateway lie where all others lie, for their own habit is taken off. An isolation
 * forest (isolation-forest.ts) over points of all hosts says how alone a point is.
 *
 * A forest alone would tell something every hour: of a million points some are the loneliest. What keeps it quiet:
 *
 * - A point counts only where things of two kinds or more are twice as much as the most that this host did in weeks: an upload is more
 *   bytes, more packets and more to the outside, and is one thing.
 * - Its score must be above the highest of the last seven days, of all hosts. If days are alike, a new record of eight days falls on today one
 *   time in eight, whatever scores are distributed like, however many hosts there are: about one a week is the ceiling, not the rule.
 * - It must be there in two windows.
 * - Where many hosts stand out at once it is patch day, or the measuring has changed, and no outlier.
 *
 * The price: after one that stood out far, lesser ones are not told for a week. Other detectors know what they look for; this one is for
 * the rest.
 */

interface Feature {
  readonly name: string;
  readonly unit: string;
  readonly column: WindowNumber | WindowDistinct;
  readonly distinct?: true;
  /** What is less in a minute is nothing, whatever the habit. */
  readonly least: number;
  /** What grows together is of one kind. */
  readonly of: 'volume' | 'activity' | 'names' | 'ping' | 'tunnels' | 'logins' | 'reach' | 'failing';
}

const FEATURES: readonly Feature[] = [
  { name: 'bytes sent', unit: 'bytes/min', column: 'bytes', least: 1e7, of: 'volume' },
  { name: 'bytes got back', unit: 'bytes/min', column: 'bytes_back', least: 1e7, of: 'volume' },
  { name: 'packets sent', unit: 'packets/min', column: 'packets', least: 10_000, of: 'volume' },
  { name: 'flows', unit: 'flows/min', column: 'flows', least: 100, of: 'activity' },
  { name: 'contacts begun', unit: 'flows/min', column: 'contact_flows', least: 100, of: 'activity' },
  { name: 'bytes to other networks', unit: 'bytes/min', column: 'outbound_bytes', least: 1e7, of: 'volume' },
  { name: 'DNS queries', unit: 'queries/min', column: 'dns_queries', least: 60, of: 'names' },
  { name: 'UDP packets', unit: 'packets/min', column: 'udp_packets', least: 10_000, of: 'volume' },
  { name: 'ICMP packets', unit: 'packets/min', column: 'icmp_packets', least: 100, of: 'ping' },
  {
    name: 'packets of other protocols',
    unit: 'packets/min',
    column: 'other_packets',
    least: 1000,
    of: 'tunnels',
  },
  { name: 'contacts to login ports', unit: 'flows/min', column: 'login_flows', least: 20, of: 'logins' },
  { name: 'hosts contacted', unit: 'hosts/min', column: 'contacts', distinct: true, least: 20, of: 'reach' },
  {
    name: 'hosts not reached',
    unit: 'hosts/min',
    column: 'failed_contacts',
    distinct: true,
    least: 10,
    of: 'failing',
  },
  { name: 'ports contacted', unit: 'ports/min', column: 'ports', distinct: true, least: 15, of: 'reach' },
];
const WIDTH = FEATURES.length;
const SUMS = FEATURES.flatMap(({ column, distinct }, i) =>
  distinct ? [] : [[column as WindowNumber, i] as const],
);
const LEAST = FEATURES.map(({ least }) => Math.log2(1 + least));
/** The most that one window of the minute can hide: a minute's worth is six windows'. */
const WINDOW_OF_MINUTE = Math.log2(MOST_WINDOWS_BACK);

const MOST_HOSTS = 16_384;
const DAY = 86_400;
const HOUR = 3600;
const REMEMBERED_DAYS = 7;
const FORGOTTEN_AFTER = 14 * DAY;
/** Windows that a host must have been learnt in, each sixth of those that it is in. */
const HOST_LEARNT = 6;
/** What was the most of a host falls by half in so long. */
const MOST_HALVES = 10 * DAY;
/** How fast what stands out becomes usual: powers of two a minute. */
const CREEP = 0.1;
const POINTS = 2048;
const LEAST_POINTS = 128;
const POINTS_A_WINDOW = 16;
const REBUILT = 6 * HOUR;
const SEED = 0x5eed;
/** Of a point: further than this is far enough. */
const FAR = 10;

const parameters = {
  least_score: {
    default: 0.62,
    unit: 'score',
    least: 0.5,
    most: 0.95,
    doc: 'Score of the isolation forest, at the least: half is what is like the others.',
  },
  margin: {
    default: 0.005,
    unit: 'score',
    doc: 'How much the score must be above the highest of the last seven days.',
  },
  multiple: {
    default: 2,
    unit: 'ratio',
    least: 1.1,
    threshold: true,
    doc: 'So many times the most that this host did in weeks, of things of two kinds or more.',
  },
  least_features: {
    default: 2,
    unit: 'features',
    least: 1,
    most: WIDTH,
    doc: 'Of how many kinds those things are.',
  },
  learn_hours: {
    default: 24,
    unit: 'h',
    doc: 'Hours that the network, and the host, must have been watched for.',
  },
} as const;

type P = typeof parameters;

interface Host {
  readonly since: number;
  seen: number;
  /** Minutes learnt. */
  minutes: number;
  readonly usual: Float32Array;
  readonly most: Float32Array;
  /** End of the last window in which it stood out. */
  out: number;
}

/** A host whose point counts. */
interface Standing {
  readonly key: number;
  readonly entity: Entity;
  readonly host: Host;
  readonly now: Float64Array;
  /** Features in which it is beyond its most, the furthest first. */
  readonly beyond: readonly number[];
  readonly score: number;
}

interface Looked {
  readonly step: Step;
  readonly standing: readonly Standing[];
  readonly hosts: number;
}

interface Saved {
  readonly version: 1;
  readonly since: number;
  readonly day: number;
  readonly records: readonly number[];
  readonly today: number;
  readonly built: number;
  readonly points: readonly (readonly number[])[];
  readonly basis: readonly (readonly number[])[];
  readonly hosts: readonly (readonly [
    number,
    number,
    number,
    number,
    readonly number[],
    readonly number[],
    number,
  ])[];
}

class RunningOutlier implements RunningDetector {
  private readonly settings: (tenant: string) => Values<P>;
  private readonly hosts = new Map<number, Host>();
  private readonly points: Float64Array[] = [];
  /** What the forest was made of, and when. */
  private basis: readonly Float64Array[] = [];
  private built = 0;
  private forest: IsolationForest | undefined;
  /** When learning began. */
  private since: number | undefined;
  /** Highest scores of the days before, the latest first, and of today so far. */
  private records: number[] = [];
  private day = 0;
  private today = 0;
  private looked: Looked | undefined;

  constructor(settings: (tenant: string) => Values<P>) {
    this.settings = settings;
  }

  detect(step: Step, _usual: unknown, report: Report): void {
    const { standing, hosts } = this.look(step);
    const told = standing.filter((s) => s.score > this.limitOf(s.entity.tenant, step));
    if (told.length > Math.max(3, 0.02 * hosts)) return;
    for (const one of told) {
      if (one.host.out !== step.start) continue;
      const values = this.settings(one.entity.tenant);
      if (this.since === undefined || step.start - this.since < values.learn_hours * HOUR) continue;
      reportStanding(one, this.limitOf(one.entity.tenant, step), step, values, report);
    }
  }

  private limitOf(tenant: string, step: Step): number {
    const { least_score: least, margin } = this.settings(tenant);
    const today = Math.floor(step.start / DAY);
    // The day may have turned since what was learnt last.
    const records = today === this.day ? this.records : [this.today, ...this.records];
    return Math.max(least, ...records.slice(0, REMEMBERED_DAYS).map((record) => record + margin));
  }

  private look(step: Step): Looked {
    if (this.looked?.step === step) return this.looked;
    const standing: Standing[] = [];
    let hosts = 0;
    ownRows(step, (row, key) => {
      const host = this.hosts.get(key);
      if (host === undefined) return;
      hosts++;
      const {
        learn_hours: hours,
        multiple,
        least_features: least,
      } = this.settings(step.tenant('source', row));
      const margin = Math.log2(multiple);
      if (this.forest === undefined || host.minutes < HOST_LEARNT || step.start - host.since < hours * HOUR)
        return;
      if (!mayStand(step, row, host, margin)) return;
      const entity = step.entity('source', row);
      const now = featuresOf(entity);
      const beyond = [...now.keys()]
        .filter((i) => now[i]! > host.most[i]! + margin && now[i]! >= LEAST[i]!)
        .sort((a, b) => now[b]! - host.usual[b]! - (now[a]! - host.usual[a]!));
      const kinds = new Set(beyond.map((i) => FEATURES[i]!.of)).size;
      if (kinds < least || entity.sum('records') < 10) return;
      standing.push({ key, entity, host, now, beyond, score: this.forest.score(pointOf(now, host)) });
    });
    return (this.looked = { step, standing, hosts });
  }

  learn(step: Step): void {
    const { standing } = this.look(step);
    this.since ??= step.start;
    this.turnDay(Math.floor(step.start / DAY));
    const out = new Set<number>();
    for (const { key, host, score, entity } of standing) {
      out.add(key);
      if (score > this.limitOf(entity.tenant, step)) host.out = step.end;
      this.today = Math.max(this.today, score);
    }
    const number = step.start / WINDOW_SECONDS;
    const chosen: { readonly place: number; readonly point: Float64Array }[] = [];
    const { rows } = step.rows('source');
    ownRows(step, (row, key) => {
      let host = this.hosts.get(key);
      if (host === undefined) {
        if (this.hosts.size >= MOST_HOSTS) return;
        this.hosts.set(key, (host = newHost(step.start)));
      }
      host.seen = step.end;
      // Each host once a minute, not all in one window.
      if ((key + number) % MOST_WINDOWS_BACK !== 0) return;
      const now = featuresOf(step.entity('source', row));
      if (host.minutes >= HOST_LEARNT) {
        const draw = scattered(key ^ scattered(number));
        if (draw < (2 ** 32 * POINTS_A_WINDOW * MOST_WINDOWS_BACK) / Math.max(1, rows))
          chosen.push({ place: scattered(draw), point: pointOf(now, host) });
      }
      learnt(host, now, out.has(key));
    });
    chosen.sort((a, b) => a.place - b.place);
    for (const { place, point } of chosen) {
      if (this.points.length < POINTS) this.points.push(point);
      else this.points[place % POINTS] = point;
    }
    this.rebuild(step);
    this.looked = undefined;
  }

  private turnDay(day: number): void {
    if (day === this.day) return;
    if (this.day > 0) this.records = [this.today, ...this.records].slice(0, REMEMBERED_DAYS);
    this.day = day;
    this.today = 0;
    const forgotten = day * DAY - FORGOTTEN_AFTER;
    for (const [key, { seen }] of this.hosts) if (seen < forgotten) this.hosts.delete(key);
  }

  private rebuild(step: Step): void {
    if (this.points.length < LEAST_POINTS) return;
    if (this.forest !== undefined && step.end - this.built < REBUILT) return;
    this.built = step.end;
    this.basis = [...this.points];
    this.forest = new IsolationForest(this.basis, SEED);
  }

  save(): unknown {
    const rounded = (values: ArrayLike<number>): number[] => Array.from(values, (v) => Math.fround(v));
    return {
      version: 1,
      since: this.since ?? 0,
      day: this.day,
      records: this.records,
      today: this.today,
      built: this.built,
      points: this.points.map((p) => [...p]),
      basis: this.basis.map((p) => [...p]),
      hosts: [...this.hosts].map(([key, h]) => [
        key,
        h.since,
        h.seen,
        h.minutes,
        rounded(h.usual),
        rounded(h.most),
        h.out,
      ]),
    } satisfies Saved;
  }

  load(saved: unknown): void {
    const state = saved as Partial<Saved> | undefined;
    if (state?.version !== 1 || !Array.isArray(state.hosts) || !Array.isArray(state.points)) return;
    const {
      since = 0,
      day = 0,
      records = [],
      today = 0,
      built = 0,
      points = [],
      basis = [],
      hosts = [],
    } = state;
    const wide = (list: readonly (readonly number[])[]): Float64Array[] =>
      list.filter((p) => p.length === WIDTH).map((p) => Float64Array.from(p));
    this.since = since === 0 ? undefined : since;
    this.day = day;
    this.records = [...records];
    this.today = today;
    this.built = built;
    this.points.push(...wide(points));
    this.basis = wide(basis);
    if (this.basis.length > 0) this.forest = new IsolationForest(this.basis, SEED);
    for (const [key, from, seen, minutes, usual, most, out] of hosts)
      if (usual.length === WIDTH && most.length === WIDTH)
        this.hosts.set(key, {
          since: from,
          seen,
          minutes,
          usual: Float32Array.from(usual),
          most: Float32Array.from(most),
          out,
        });
  }

  counts(): { entities: number; learning: number } {
    let learning = 0;
    for (const { minutes } of this.hosts.values()) if (minutes < HOST_LEARNT) learning++;
    return { entities: this.hosts.size, learning };
  }
}

function newHost(since: number): Host {
  return {
    since,
    seen: since,
    minutes: 0,
    usual: new Float32Array(WIDTH),
    most: new Float32Array(WIDTH),
    out: 0,
  };
}

/** Own hosts of the current window, by a number that is the same in every process. */
function ownRows(step: Step, look: (row: number, key: number) => void): void {
  const rows = step.rows('source');
  const { source_ip: words, tenant_id: tenants } = rows.keys;
  const hashes = rows.texts.tenant_id.map((text) =>
    [...text].reduce((h, c) => scattered(h ^ c.codePointAt(0)!), 0),
  );
  for (let row = 0; row < rows.rows; row++) {
    if (rows.rest[row] === 1 || (rows.numbers.internal[row]! & 1) === 0) continue;
    const at = 4 * row;
    const address = addressHash(words![at]!, words![at + 1]!, words![at + 2]!, words![at + 3]!);
    look(row, (address ^ hashes[tenants![row]!]!) >>> 0);
  }
}

/** Whether the window alone leaves it open that the minute stands out: rules out nearly all. */
function mayStand(step: Step, row: number, host: Host, margin: number): boolean {
  const { numbers } = step.rows('source');
  for (const [column, i] of SUMS)
    if (Math.log2(1 + numbers[column][row]!) > Math.max(host.most[i]! + margin, LEAST[i]!) - WINDOW_OF_MINUTE)
      return true;
  return false;
}

function featuresOf(entity: Entity): Float64Array {
  return Float64Array.from(FEATURES, ({ column, distinct }) =>
    Math.log2(
      1 + (distinct ? entity.distinct(column as WindowDistinct) : entity.sum(column as WindowNumber)),
    ),
  );
}

function pointOf(now: Float64Array, host: Host): Float64Array {
  return now.map((value, i) => Math.max(-FAR, Math.min(FAR, value - host.usual[i]!)));
}

function learnt(host: Host, now: Float64Array, standsOut: boolean): void {
  const rate = 1 / Math.min(1440, ++host.minutes);
  const fall = 60 / MOST_HALVES;
  for (let i = 0; i < WIDTH; i++) {
    const off = now[i]! - host.usual[i]!;
    // A single minute moves the usual by a step, however far it is.
    host.usual[i]! += rate * (host.minutes <= HOST_LEARNT ? off : Math.max(-1, Math.min(1, off)));
    const most = host.most[i]! - fall;
    host.most[i] = standsOut && now[i]! > most ? Math.min(now[i]!, most + CREEP) : Math.max(most, now[i]!);
  }
}

function reportStanding(
  { entity, host, now, beyond, score }: Standing,
  limit: number,
  step: Step,
  values: Values<P>,
  report: Report,
): void {
  const what = whatOf(entity);
  const { certainty, caveat } = sampled(entity, MOST_WINDOWS_BACK);
  const said = beyond.slice(0, 3).map((i) => {
    const { name } = FEATURES[i]!;
    return `${amount(now[i]!)} ${name} (usual ${amount(host.usual[i]!)}, at most ${amount(host.most[i]!)})`;
  });
  const [first] = beyond;
  const times = 2 ** (now[first!]! - host.most[first!]!);
  const pairs = step
    .pairsOf(entity, 'source', MOST_WINDOWS_BACK)
    .map((pair) => ({
      destination_ip: pair.address('destination_ip'),
      protocol: pair.number('protocol'),
      destination_port: pair.number('port'),
      value: pair.sum('bytes'),
    }))
    .sort((a, b) => b.value - a.value || (a.destination_ip < b.destination_ip ? -1 : 1))
    .slice(0, 5);
  report({
    type: 'outlier',
    tenant: entity.tenant,
    entity: what.entity,
    severity: beyond.length >= 4 ? 'medium' : 'low',
    score: certainty * Math.min(1, 0.5 + 2 * (score - limit) + 0.05 * beyond.length),
    title: `${what.name} does what it never did: ${times.toFixed(0)} times as many ${FEATURES[first!]!.name} as ever in weeks`,
    description:
      `In a minute: ${said.join('; ')}. No own host stood out so far in seven days. Nobody wrote a rule for this: look at what it talks ` +
      'to, and ask whose work it is.',
    ...what.columns,
    metric: 'outlier_score',
    value: score,
    baseline: 0.5,
    threshold: limit,
    flowFilter: what.flowFilter,
    evidence: {
      measures: beyond.flatMap((i) => [
        { name: FEATURES[i]!.name, value: whole(now[i]!), unit: FEATURES[i]!.unit },
        { name: `usual ${FEATURES[i]!.name}`, value: whole(host.usual[i]!), unit: FEATURES[i]!.unit },
      ]),
      contributors: pairs,
      ...caveat,
      parameters: { multiple: values.multiple, least_features: values.least_features },
    },
  });
}

function whole(power: number): number {
  return Math.max(0, Math.round(2 ** power - 1));
}

function amount(power: number): string {
  const value = whole(power);
  if (value < 10_000) return String(value);
  return value < 1e6
    ? `${Math.round(value / 1e3)} k`
    : value < 1e9
      ? `${(value / 1e6).toPrecision(3)} M`
      : `${(value / 1e9).toPrecision(3)} G`;
}

export const outlier: Detector<P> = {
  name: 'outlier',
  title: 'Outlier',
  types: ['outlier'],
  doc:
    'An own host whose minute is alone among the minutes of all own hosts, each held against its own habit, by an isolation forest: two things ' +
    'or more are twice the most that it did in weeks, and nobody stood out so far in seven days. Learns for a day.',
  parameters,
  reads: {
    source: [...FEATURES.map(({ column }) => column), 'internal', 'records', 'sampling_rate'],
    pair: ['bytes'],
  },
  windowsBack: MOST_WINDOWS_BACK,
  early: false,
  usesUsual: false,
  start: (settings) => new RunningOutlier(settings),
};
