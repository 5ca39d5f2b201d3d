import type { Detector, Finding, Report, RunningDetector, Values } from '../../detector.ts';
import type { Entity, Step } from '../../step.ts';
import { rounded } from './certainty.ts';
import { destinationNetwork, sourceHash } from './pair-ends.ts';
import { type SavedKeys, RememberedKeys, fingerprint, isSavedKeys } from './remembered-keys.ts';
import { median, quantile, relativeSpread } from './robust.ts';

/*
 * What an intruder left on a host asks for orders: a short connection to one address outside, again and again, with a fixed sleep between
 * and some chance added to it (Cobalt Strike calls it jitter), and nearly always of the same size, for as a rule there are no orders.
 *
 * So for each pair of an own host and a service outside the latest intervals between contacts are kept, and their sizes. Regular is
 * what has a small median absolute deviation and most intervals near the median or, where a call was missed, near twice or three times it: an even
 * jitter of 20 % gives a spread of 0.1, contacts by chance one of 0.7. The chance that 15 intervals of a Poisson process pass is below one in
 * a million.
 *
 * Much of what is regular is innocent. Left out are: services that are polled by nature (time, names, mail, VPN and telephony keepalives, push);
 * what several own hosts contact (updates, telemetry, content networks, monitoring in the cloud), by network; TCP flows of less than a
 * handshake and a request: keepalives of a connection that an exporter cut at its inactive timeout; flows that last nearly until the next, pieces of
 * one connection cut at an active timeout. What was regular on three days is a habit of the house and not told of any more.
 *
 * Where traffic is sampled most contacts are not seen, and this detector is silent.
 */

const parameters = {
  contacts: {
    default: 16,
    unit: 'contacts',
    threshold: true,
    least: 8,
    most: 32,
    doc: 'So many contacts in a row must be regular.',
  },
  span_s: {
    default: 600,
    unit: 's',
    threshold: true,
    least: 60,
    doc: 'So long it must go on: short loops of programs that retry are over by then.',
  },
  interval_spread: {
    default: 0.15,
    unit: 'ratio',
    most: 0.5,
    doc: 'The median absolute deviation of intervals is not more than this part of their median: a jitter of up to 30 %.',
  },
  size_spread: {
    default: 0.2,
    unit: 'ratio',
    most: 1,
    doc: 'The same of octets: answers to a call differ little.',
  },
  popular_hosts: {
    default: 4,
    unit: 'hosts',
    doc: 'A network that so many own hosts contacted within a week is used by all and no single host’s master.',
  },
} as const;

type BeaconingValues = Values<typeof parameters>;

const TCP = 6;
const UDP = 17;
const DAY = 86_400;
const LEAST_INTERVAL_MS = 8000;
const MOST_INTERVAL_MS = 12 * 3600 * 1000;
/** Contacts nearer to each other than this are one: a call may take some connections. */
const ONE_CALL_MS = 5000;
/** Intervals without a call that are a pause. */
const PAUSE = 5;
const KEPT = 32;
/** Packets of a TCP connection with a request, from its source. */
const LEAST_PACKETS = 4;
/** Of the interval, what the flow itself may last. */
const MOST_COVERED = 0.5;
/** Intervals near the median or a small multiple of it. */
const NEAR_SHARE = 0.8;
const NEAR = 0.35;
const MOST_QUARTILES = 0.4;
const MOST_CALL_BYTES = 1_000_000;
const MOST_PAIRS = 16_384;
const NETWORKS = 2 ** 17;
const NETWORK_SECONDS = 7 * DAY;
const HABITS = 2 ** 13;
const HABIT_DAYS = 3;
const HABIT_SECONDS = 30 * DAY;
const FORGET_MS = 2 * DAY * 1000;

/** Polled by nature, or kept open by small packets. */
const polled = new Set([
  25, 53, 67, 68, 110, 123, 137, 138, 143, 161, 162, 465, 500, 514, 587, 853, 993, 995, 1194, 1701, 1723,
  1900, 3478, 3479, 3480, 3481, 4500, 5060, 5061, 5222, 5223, 5228, 5229, 5230, 5353, 19302, 41641, 51820,
]);

interface Calls {
  readonly since: number;
  /** Since when there was no pause of many intervals. */
  readonly steadySince: number;
  /** Milliseconds since 1970: when the latest began. */
  readonly last: number;
  readonly total: number;
  /** Milliseconds between calls, octets and milliseconds that calls took: the latest. */
  readonly intervals: readonly number[];
  readonly sizes: readonly number[];
  readonly durations: readonly number[];
}

interface Saved {
  readonly version: 1;
  readonly pairs: readonly (readonly [string, Calls])[];
  readonly networks: SavedKeys;
  readonly visits: SavedKeys;
  readonly habits: SavedKeys;
  readonly marked: SavedKeys;
}

class Beaconing implements RunningDetector {
  private readonly settings: (tenant: string) => BeaconingValues;
  /** The one that called last at the end. */
  private pairs = new Map<string, Calls>();
  /** How many own hosts contact a network, and which of them were counted. */
  private readonly networks = new RememberedKeys(NETWORKS / 2, NETWORK_SECONDS);
  private readonly visits = new RememberedKeys(NETWORKS, NETWORK_SECONDS);
  /** On how many days a pair was regular, and which days were counted. */
  private readonly habits = new RememberedKeys(HABITS, HABIT_SECONDS);
  private readonly marked = new RememberedKeys(HABITS, 2 * DAY);

  constructor(settings: (tenant: string) => BeaconingValues) {
    this.settings = settings;
  }

  detect(step: Step, _usual: unknown, report: Report): void {
    for (const pair of callersOf(step)) {
      const before = this.pairs.get(nameOf(pair));
      if (before === undefined || before.intervals.length < 5) continue;
      const values = this.settings(pair.tenant);
      const visitors = this.networks.count(networkKey(pair), step.start);
      if (visitors >= values.popular_hosts) continue;
      const calls = withCalls(before, pair);
      if (calls.total === before.total || !isRegular(calls, values)) continue;
      const today = this.marked.has(dayKey(pair, step.start), step.start) ? 1 : 0;
      if (this.habits.count(pairKey(pair), step.start) - today >= HABIT_DAYS) continue;
      report(findingOf(pair, calls, values, Math.max(1, visitors)));
    }
  }

  learn(step: Step): void {
    const now = step.start;
    for (const pair of callersOf(step)) {
      const network = networkKey(pair);
      const visit = fingerprint(pair.tenant, network.high, network.low, sourceHash(pair));
      this.networks.meet(network, now, this.visits.meet(visit, now) ? 1 : 0);
      const name = nameOf(pair);
      const before = this.pairs.get(name);
      const values = this.settings(pair.tenant);
      this.pairs.delete(name);
      if (this.networks.count(network, now) >= values.popular_hosts) continue;
      const calls = withCalls(before, pair);
      this.pairs.set(name, calls);
      if (calls.total < values.contacts || !isRegular(calls, values)) continue;
      if (this.marked.meet(dayKey(pair, now), now)) this.habits.meet(pairKey(pair), now, 1);
    }
    this.forget(step.end * 1000);
  }

  /** Those that called long ago go; where there are too many, first those that called once or twice. */
  private forget(now: number): void {
    for (const [name, { last }] of this.pairs) {
      if (now - last < FORGET_MS) break;
      this.pairs.delete(name);
    }
    if (this.pairs.size <= MOST_PAIRS) return;
    const room = MOST_PAIRS * 0.9;
    for (const few of [2, Infinity])
      for (const [name, { total }] of this.pairs) {
        if (this.pairs.size <= room) return;
        if (total <= few) this.pairs.delete(name);
      }
  }

  save(): Saved {
    return {
      version: 1,
      pairs: [...this.pairs],
      networks: this.networks.save(),
      visits: this.visits.save(),
      habits: this.habits.save(),
      marked: this.marked.save(),
    };
  }

  load(saved: unknown): void {
    const { version, pairs, networks, visits, habits, marked } = (saved ?? {}) as Partial<Saved>;
    if (version !== 1 || !Array.isArray(pairs)) return;
    if (!isSavedKeys(networks) || !isSavedKeys(visits) || !isSavedKeys(habits) || !isSavedKeys(marked))
      return;
    this.pairs = new Map(pairs as [string, Calls][]);
    this.networks.load(networks);
    this.visits.load(visits);
    this.habits.load(habits);
    this.marked.load(marked);
  }

  counts(): { entities: number; learning: number } {
    let learning = 0;
    for (const { total } of this.pairs.values()) if (total < parameters.contacts.default) learning++;
    return { entities: this.pairs.size, learning };
  }
}

/** Pairs of own hosts with services outside, in the current window, that may be calls. */
function* callersOf(step: Step): Generator<Entity> {
  const rows = step.rows('pair');
  const { internal, flows, syn_flows, packets, bytes, sampling_rate, contact_flows } = rows.numbers;
  const { protocol, port } = rows.keys;
  for (let row = 0; row < rows.rows; row++) {
    if (rows.rest[row] === 1 || internal[row] !== 1 || sampling_rate[row]! > 1) continue;
    if (port![row] === 0 || polled.has(port![row]!) || contact_flows[row] === 0) continue;
    if (bytes[row]! > MOST_CALL_BYTES) continue;
    const made = flows[row]! - syn_flows[row]!;
    if (made <= 0) continue;
    if (protocol![row] === TCP ? packets[row]! < LEAST_PACKETS * made : protocol![row] !== UDP) continue;
    yield step.entity('pair', row);
  }
}

function withCalls(before: Calls | undefined, pair: Entity): Calls {
  const first = pair.at('first_ms');
  const last = pair.at('last_ms');
  const starts = last - first >= ONE_CALL_MS ? [first, last] : [first];
  const size = pair.at('bytes') / starts.length;
  const longest = pair.at('longest_ms');
  let calls = before;
  for (const start of starts) {
    if (calls === undefined)
      calls = {
        since: start,
        steadySince: start,
        last: start,
        total: 1,
        intervals: [],
        sizes: [size],
        durations: [longest],
      };
    else if (start - calls.last >= ONE_CALL_MS)
      calls = {
        since: calls.since,
        steadySince:
          calls.intervals.length > 0 && start - calls.last > PAUSE * median(calls.intervals)
            ? start
            : calls.steadySince,
        last: start,
        total: calls.total + 1,
        intervals: [...calls.intervals, start - calls.last].slice(-KEPT),
        sizes: [...calls.sizes, size].slice(-KEPT),
        durations: [...calls.durations, longest].slice(-KEPT),
      };
  }
  return calls!;
}

/** Whether the latest calls are regular, in time and size. */
function isRegular(calls: Calls, values: BeaconingValues): boolean {
  const intervals = calls.intervals.slice(-Math.max(KEPT / 2, values.contacts));
  if (intervals.length < values.contacts - 1) return false;
  if (calls.last - calls.steadySince < values.span_s * 1000) return false;
  const usual = median(intervals);
  if (usual < LEAST_INTERVAL_MS || usual > MOST_INTERVAL_MS) return false;
  if (relativeSpread(intervals) > values.interval_spread) return false;
  if (quantile(intervals, 0.75) - quantile(intervals, 0.25) > MOST_QUARTILES * usual) return false;
  const near = intervals.filter((i) => {
    const times = Math.max(1, Math.round(i / usual));
    return times <= 3 && Math.abs(i - times * usual) <= NEAR * usual;
  });
  if (near.length < NEAR_SHARE * intervals.length) return false;
  if (median(calls.durations) > MOST_COVERED * usual) return false;
  return relativeSpread(calls.sizes) <= values.size_spread;
}

function nameOf(pair: Entity): string {
  return pair.pairName();
}

type Key = ReturnType<typeof fingerprint>;

function networkKey(pair: Entity): Key {
  return fingerprint(pair.tenant, 1, destinationNetwork(pair));
}

function pairKey(pair: Entity): Key {
  return fingerprint(pair.tenant, 2, ...pair.key.subarray(1));
}

function dayKey(pair: Entity, now: number): Key {
  return fingerprint(pair.tenant, 3, Math.floor(now / DAY), ...pair.key.subarray(1));
}

function findingOf(pair: Entity, calls: Calls, values: BeaconingValues, visitors: number): Finding {
  const source = pair.address('source_ip');
  const destination = pair.address('destination_ip');
  const protocol = pair.number('protocol');
  const port = pair.number('port');
  const interval = median(calls.intervals);
  const spread = relativeSpread(calls.intervals);
  const sizes = relativeSpread(calls.sizes);
  const seconds = interval / 1000;
  const every =
    seconds < 120
      ? `${Math.round(seconds)} s`
      : seconds < 7200
        ? `${Math.round(seconds / 60)} min`
        : `${(seconds / 3600).toFixed(1)} h`;
  const hours = (calls.last - calls.since) / 3_600_000;
  const regular = 1 - spread / values.interval_spread;
  const alike = 1 - sizes / values.size_spread;
  const long = Math.min(1, Math.log2(calls.total / values.contacts + 1) / 4);
  return {
    type: 'beaconing',
    tenant: pair.tenant,
    entity: `${source} → ${destination}:${port}/${protocol === TCP ? 'tcp' : 'udp'}`,
    severity: visitors === 1 && calls.total >= 3 * values.contacts ? 'high' : 'medium',
    score: 0.5 + 0.2 * regular + 0.1 * alike + 0.2 * long,
    title: `${source} calls ${destination} port ${port} every ${every}, ${calls.total} times by now`,
    description:
      `${calls.total} short connections in ${hours < 2 ? `${Math.round(hours * 60)} minutes` : `${Math.round(hours)} hours`}, every ${every} ` +
      `with a spread of ${Math.round(100 * spread)} %, of about ${rounded(median(calls.sizes))} octets each. ` +
      `${visitors === 1 ? 'No other own host' : `${visitors} own hosts in all`} contacted that network within a week. ` +
      'Programs that ask for updates or send measures do the same: see which program it is, and whose the address.',
    source,
    destination,
    protocol,
    port,
    metric: 'regular_contacts',
    value: calls.total,
    baseline: 0,
    threshold: values.contacts,
    technique: protocol === TCP && port === 443 ? 'T1573' : 'T1071',
    flowFilter: `source_ip = ${source} and destination_ip = ${destination} and protocol = ${protocol} and destination_port = ${port}`,
    evidence: {
      measures: [
        { name: 'interval', value: seconds, unit: 's' },
        { name: 'interval_spread', value: spread, unit: 'ratio' },
        { name: 'bytes', value: median(calls.sizes), unit: 'bytes' },
        { name: 'size_spread', value: sizes, unit: 'ratio' },
        { name: 'own_hosts', value: visitors, unit: 'hosts' },
      ],
      ports: [port],
      parameters: {
        contacts: values.contacts,
        span_s: values.span_s,
        interval_spread: values.interval_spread,
        size_spread: values.size_spread,
      },
    },
    since: Math.floor(calls.since / 1000),
    holdSeconds: Math.max(600, Math.ceil(4 * seconds)),
  };
}

export const beaconing: Detector<typeof parameters> = {
  name: 'beaconing',
  title: 'Beaconing',
  types: ['beaconing'],
  doc:
    'An own host calls one service outside at regular intervals of ten seconds to hours, with connections of like size. Intervals are kept for each pair; ' +
    'regular is what has a small median absolute deviation and nearly all intervals near the median or a small multiple. Services that are polled by ' +
    'nature, networks that several own hosts contact, keepalives and pieces of long connections are left out; what is regular on three days becomes a ' +
    'habit. Silent where traffic is sampled.',
  parameters,
  reads: {
    pair: [
      'flows',
      'bytes',
      'packets',
      'contact_flows',
      'syn_flows',
      'sampling_rate',
      'internal',
      'longest_ms',
      'first_ms',
      'last_ms',
    ],
  },
  windowsBack: 1,
  early: false,
  usesUsual: false,
  start: (settings) => new Beaconing(settings),
};
