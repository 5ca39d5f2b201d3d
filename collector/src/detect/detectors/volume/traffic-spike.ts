import { WINDOW_SECONDS, type WindowKind } from '@weir/core/windows';
import type { Usual, UsualValue } from '../../baselines/usual.ts';
import type { Detector, Report, RunningDetector, Values } from '../../detector.ts';
import { type Entity, MOST_WINDOWS_BACK, type Step } from '../../step.ts';
import { type Explanation, bestExplained } from './best-explained.ts';
import { evenSeries } from './even-rate.ts';
import { isFirm, samplesOf, samplingCaveat, scoreOf } from './gravity.ts';
import { bytesText } from './quantities.ts';
import { valuesByRow } from './tenant-values.ts';
import { largestPairEntities, largestPairs, named } from './traffic-entities.ts';

/*
 * Why it works: what is usual for an interface, a service, a network at an hour of the week is known after some weeks. Three times that, well
 * outside its spread and beyond what nearly all minutes of that hour had, for half a minute, is something that was not there.
 *
 * What looks alike, and how it is told:
 * - a burst of one window, an exporter that tells all at once: three windows in a row are asked for;
 * - a long flow told of at its end: laid over the time that it lasted;
 * - a nightly backup, a weekly report: usual at this hour;
 * - what is bursty by its nature (a home at night, one client’s downloads): where the 99th percentile is many times the median
 *   there is no level that could be left; hosts have to be steady still, which servers are and clients are not;
 * - one large file that is fetched or copied, which is what most bursts of a network are: where one pair of hosts makes up most of it, it
 *   has to go on for five minutes;
 * - a small network that doubles: below the floor nobody is hurt;
 * - what comes at an hour that is not known yet: in the first day twice as much is asked for;
 * - floods: SYN, ICMP, amplified and empty packets have their own detectors.
 *
 * One thing shows on many entities; told is the one closest to the cause (best-explained.ts).
 */
const parameters = {
  times_usual: {
    default: 3,
    unit: 'ratio',
    least: 1.2,
    threshold: true,
    doc: 'So many times the median of this hour of the week.',
  },
  times_usual_host: {
    default: 5,
    unit: 'ratio',
    least: 1.2,
    threshold: true,
    doc: 'The same of single hosts, of which there are many, each with its own whims.',
  },
  spreads: {
    default: 6,
    unit: 'spreads',
    doc: 'And so many times the usual spread above the median.',
  },
  beyond_high: {
    default: 1.5,
    unit: 'ratio',
    least: 1,
    doc: 'And so many times the 99th percentile of the minutes of this hour.',
  },
  floor: {
    default: 1_000_000,
    unit: 'bytes/s',
    doc: 'And at least so much: 8 Mbit/s.',
  },
  least_usual: {
    default: 10_000,
    unit: 'bytes/s',
    doc: 'Where less than this is usual, nothing is: what begins there is no spike of it. Of hosts, ten times as much.',
  },
  windows: {
    default: 3,
    unit: 'windows',
    least: 1,
    most: MOST_WINDOWS_BACK,
    doc: 'Windows in a row.',
  },
  one_pair_seconds: {
    default: 300,
    unit: 's',
    doc: 'Where one pair of hosts makes up most of it, for so long: files are fetched and copied all day.',
  },
  first_day: {
    default: 2,
    unit: 'ratio',
    least: 1,
    doc: 'So many times the threshold as long as less than a day is known of the entity.',
  },
} as const;

type P = typeof parameters;

/** From what is closest to the cause to what is farthest. */
const levels: readonly { readonly kind: WindowKind; readonly level: number }[] = [
  { kind: 'source', level: 0 },
  { kind: 'destination', level: 0 },
  { kind: 'service', level: 1 },
  { kind: 'prefix', level: 2 },
  { kind: 'interface', level: 3 },
  { kind: 'tenant', level: 4 },
];

/** Where so many times the median is still within the 99th percentile, there is no level. */
const BURSTY = 20;
const BURSTY_HOST = 3;

const DAY_MINUTES = 1_440;
/** What has so much of it is most of it. */
const MOSTLY_ONE = 0.6;
/** A spike that is gone for so long is another when it comes again. */
const GONE_SECONDS = 60;

/** Octets: a header, hardly more. */
const EMPTY_PACKET = 100;

const columns = [
  'records',
  'bytes',
  'packets',
  'bytes_before',
  'longest_ms',
  'sampling_rate',
  'internal',
  'syn_packets',
  'icmp_packets',
  'amplified_bytes',
] as const;

export const trafficSpike: Detector<P> = {
  name: 'traffic_spike',
  title: 'Traffic spike',
  types: ['traffic_spike'],
  doc:
    'The traffic of a tenant, an interface, a prefix, a service or a steady host is three times its usual at this hour of the week, well ' +
    'outside its spread, for half a minute. Told of the entity closest to the cause.',
  parameters,
  reads: {
    source: columns,
    destination: columns,
    service: columns,
    prefix: columns,
    interface: columns,
    tenant: columns,
    pair: ['bytes'],
  },
  windowsBack: MOST_WINDOWS_BACK,
  early: false,
  start: (settings) => new RunningTrafficSpike(settings),
};

class RunningTrafficSpike implements RunningDetector {
  private readonly settings: (tenant: string) => Values<P>;
  /** Since when traffic has been above its threshold, and until when, by entity: seconds since 1970. */
  private lasting = new Map<string, { since: number; last: number }>();
  /** What was above in the latest step that was looked at, to be remembered when it is learnt. */
  private above: readonly string[] = [];

  constructor(settings: (tenant: string) => Values<P>) {
    this.settings = settings;
  }

  learn(step: Step): void {
    for (const id of this.above) {
      const known = this.lasting.get(id);
      if (known === undefined) this.lasting.set(id, { since: step.start, last: step.start });
      else known.last = step.start;
    }
    for (const [id, { last }] of this.lasting) if (step.start - last >= GONE_SECONDS) this.lasting.delete(id);
    this.above = [];
  }

  save(): unknown {
    return { version: 1, lasting: [...this.lasting] };
  }

  load(saved: unknown): void {
    const { version, lasting } = (saved ?? {}) as {
      version?: number;
      lasting?: [string, { since: number; last: number }][];
    };
    if (version === 1 && Array.isArray(lasting)) this.lasting = new Map(lasting);
  }

  detect(step: Step, usual: Usual, report: Report): void {
    const found: Explanation[] = [];
    const above: string[] = [];
    for (const { kind, level } of levels) {
      const rows = step.rows(kind);
      const { bytes, internal } = rows.numbers;
      const values = valuesByRow(step, kind, this.settings);
      for (let row = 0; row < rows.rows; row++) {
        if (rows.rest[row] === 1) continue;
        const v = values(row);
        // A part of a long flow is told of in a window; a spike shows at least its floor there.
        if (bytes[row]! < v.floor * WINDOW_SECONDS) continue;
        if (level === 0 && (internal[row]! & (kind === 'source' ? 1 : 2)) === 0) continue;
        const known = usual.of(step, kind, row, 'bytes');
        const threshold = thresholdOf(known, v, level === 0);
        if (threshold === undefined) continue;
        const entity = step.entity(kind, row);
        const rate = sustainedRate(entity, threshold, v.windows);
        if (rate === 0 || !isFirm(entity) || isFlood(entity)) continue;
        const spike = spikeOf(step, entity, level, rate, threshold, known, v);
        const id = `${spike.finding.tenant} ${spike.finding.entity}`;
        above.push(id);
        const since = this.lasting.get(id)?.since ?? step.start;
        if (level > 0 && step.end - since < v.one_pair_seconds && isOnePair(step, entity)) continue;
        found.push(spike);
      }
    }
    this.above = above;
    bestExplained(found).forEach(report);
  }
}

/** From where on it is a spike; undefined where there is nothing to compare with. */
function thresholdOf(known: UsualValue, v: Values<P>, isHost: boolean): number | undefined {
  if (known.learning || known.median < v.least_usual * (isHost ? 10 : 1)) return undefined;
  if (known.high > (isHost ? BURSTY_HOST : BURSTY) * known.median) return undefined;
  const threshold = Math.max(
    v.floor,
    (isHost ? v.times_usual_host : v.times_usual) * known.median,
    known.median + v.spreads * known.spread,
    v.beyond_high * known.high,
  );
  return known.minutes < DAY_MINUTES ? v.first_day * threshold : threshold;
}

/** Whether one pair of hosts makes up most of the latest minute. */
function isOnePair(step: Step, entity: Entity): boolean {
  const all = entity.sum('bytes');
  return largestPairEntities(step, entity).some((pair) => pair.sum('bytes') >= MOSTLY_ONE * all);
}

/** The mean of the latest windows, where each of them reaches the threshold; else 0. */
function sustainedRate(entity: Entity, threshold: number, windows: number): number {
  const even = evenSeries(entity, 'bytes');
  let sum = 0;
  for (let back = 0; back < windows; back++) {
    const rate = Math.max(
      even[back]!,
      Math.min(entity.at('bytes', back) / WINDOW_SECONDS, most(entity, back)),
    );
    if (rate < threshold) return 0;
    sum += rate;
  }
  return sum / windows;
}

/**
 * Of a row of many flows, as much ends in a window as goes on: all of it counts. Of few, what was sent before counts only as laid over
 * their time.
 */
function most(entity: Entity, back: number): number {
  return entity.at('records', back) >= 100 || entity.at('bytes_before', back) === 0 ? Infinity : 0;
}

/** Floods by what they are made of; packets that carry next to nothing are no traffic of anybody. */
function isFlood(entity: Entity): boolean {
  return (
    entity.at('bytes') < EMPTY_PACKET * entity.at('packets') ||
    entity.at('syn_packets') + entity.at('icmp_packets') > 0.5 * entity.at('packets') ||
    entity.at('amplified_bytes') > 0.5 * entity.at('bytes')
  );
}

function spikeOf(
  step: Step,
  entity: Entity,
  level: number,
  rate: number,
  threshold: number,
  known: UsualValue,
  v: Values<P>,
): Explanation {
  const { title, flowFilter, ends, entity: name } = named(entity);
  const times = rate / known.median;
  const contributors = largestPairs(step, entity);
  const caveat = samplingCaveat(entity);
  const top = contributors[0];
  const verb =
    entity.kind === 'source'
      ? 'sends'
      : entity.kind === 'destination' || entity.kind === 'prefix'
        ? 'receives'
        : 'carries';
  return {
    level,
    amount: rate - known.median,
    finding: {
      type: 'traffic_spike',
      tenant: entity.tenant,
      entity: name,
      severity: times >= 20 ? 'high' : times >= 6 ? 'medium' : 'low',
      score: scoreOf(rate / threshold, samplesOf(entity), entity.at('sampling_rate')),
      title: `${title} ${verb} ${bytesText(rate)}/s, ${times.toFixed(1)} times the usual ${bytesText(known.median)}/s`,
      description:
        `At this hour of the week ${bytesText(known.high)}/s are seldom exceeded; the threshold is ${bytesText(threshold)}/s. ` +
        (top?.source_ip === undefined
          ? 'See by host and port what is new.'
          : `Most of what is known by pair: ${top.source_ip} to ${top.destination_ip}, ${bytesText(top.value)}/s.`),
      ...ends,
      metric: 'bytes_per_second',
      value: rate,
      baseline: known.median,
      threshold,
      flowFilter,
      evidence: {
        measures: [
          { name: 'times_usual', value: times, unit: 'ratio' },
          { name: 'usual_spread', value: known.spread, unit: 'bytes/s' },
          { name: 'usual_high', value: known.high, unit: 'bytes/s' },
        ],
        contributors,
        ...(caveat === undefined ? {} : { caveat }),
        parameters: { times_usual: level === 0 ? v.times_usual_host : v.times_usual, floor: v.floor },
      },
    },
  };
}
