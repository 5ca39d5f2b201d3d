import { addressText } from '@weir/core';
import { WINDOW_SECONDS, addressHash } from '@weir/core/windows';
import type { Usual } from '../../baselines/usual.ts';
import type { Detector, Finding, Report, RunningDetector, Values } from '../../detector.ts';
import { type Entity, MOST_WINDOWS_BACK, type Step } from '../../step.ts';
import { evenRate } from './even-rate.ts';
import { isFirm, samplesOf, samplingCaveat, scoreOf, severityOf } from './gravity.ts';
import { bytesText, countText } from './quantities.ts';
import { valuesByRow } from './tenant-values.ts';
import { isLookedAfter, showsAnswers } from './view.ts';

/*
 * Why it works: who wants to stay below thresholds for hosts spreads an attack over all addresses of a prefix, used or not; the line that
 * they share is filled all the same. So the prefix is looked at: a /24, or a /48 of IPv6. Most of its addresses get much alike,
 * and none answers.
 *
 * What looks alike, and how it is told:
 * - a prefix of busy servers or clients: they answer. Only those of its addresses count that do not, so that an attack is seen beside a
 *   backup to a neighbour, too;
 * - an attack on one host: that host has most of it, and its own detectors;
 * - a scan of the prefix: of few sources, or packets that are few by far;
 * - an own network’s multicast; what own hosts send elsewhere.
 */
const parameters = {
  bytes_per_second: {
    default: 12_500_000,
    unit: 'bytes/s',
    threshold: true,
    least: 125_000,
    doc: 'Unanswered, to a prefix as a whole: 100 Mbit/s, as of one host.',
  },
  packets_per_second: {
    default: 20_000,
    unit: 'packets/s',
    threshold: true,
    least: 500,
    doc: 'The same in packets.',
  },
  destinations: {
    default: 16,
    unit: 'hosts',
    least: 2,
    doc: 'Addresses of the prefix that are hit in a window.',
  },
  sources: {
    default: 30,
    unit: 'hosts',
    doc: 'Sources in a window, from where on they are many. Up to here they are counted exactly.',
  },
  top_share: {
    default: 0.4,
    unit: 'ratio',
    most: 1,
    doc: 'What the address that is hit most has of it, at most: with more, it is an attack on that host.',
  },
  answers: {
    default: 0.1,
    unit: 'packets/packet',
    most: 1,
    doc: 'A host that sends back more packets than this for each received is in use, not under attack.',
  },
  times_usual: {
    default: 5,
    unit: 'ratio',
    least: 1,
    doc: 'Where it is known what the prefix receives at this hour, so many times its median.',
  },
} as const;

type P = typeof parameters;
const ONE_WAY_VIEW = 10;

export const carpetBombing: Detector<P> = {
  name: 'carpet_bombing',
  title: 'Carpet bombing',
  types: ['ddos_carpet_bombing'],
  doc:
    'A prefix (/24, of IPv6 /48) receives, from many sources and over many of its addresses, unanswered bytes or packets beyond an ' +
    'absolute rate and many times its usual, while no single host has most of it.',
  parameters,
  reads: {
    prefix: [
      'records',
      'packets',
      'packets_back',
      'bytes',
      'bytes_before',
      'longest_ms',
      'sampling_rate',
      'internal',
      'sources',
      'destinations',
    ],
    destination: ['bytes', 'packets', 'packets_back'],
    source: ['packets'],
    tenant: ['internal'],
  },
  windowsBack: MOST_WINDOWS_BACK,
  early: false,
  start: (settings) => new RunningCarpetBombing(settings),
};

class RunningCarpetBombing implements RunningDetector {
  private readonly settings: (tenant: string) => Values<P>;

  constructor(settings: (tenant: string) => Values<P>) {
    this.settings = settings;
  }

  detect(step: Step, usual: Usual, report: Report): void {
    const rows = step.rows('prefix');
    const { bytes, packets, internal } = rows.numbers;
    const values = valuesByRow(step, 'prefix', this.settings);
    for (let row = 0; row < rows.rows; row++) {
      if (rows.rest[row] === 1) continue;
      const v = values(row);
      if (
        bytes[row]! < v.bytes_per_second * WINDOW_SECONDS &&
        packets[row]! < v.packets_per_second * WINDOW_SECONDS
      )
        continue;
      if (!isLookedAfter(internal[row]!)) continue;
      const prefix = step.entity('prefix', row);
      if (isMulticast(prefix) || !isFirm(prefix)) continue;
      if (prefix.distinct('destinations', 1) < v.destinations || prefix.distinct('sources', 1) < v.sources)
        continue;
      const oneWay = !showsAnswers(step, prefix.tenantId);
      const factor = oneWay ? ONE_WAY_VIEW : 1;
      for (const metric of ['bytes', 'packets'] as const) {
        const known = usual.of(step, 'prefix', row, metric);
        const absolute = metric === 'bytes' ? v.bytes_per_second : v.packets_per_second;
        // Of the median: beside nightly copies to a neighbour the 99th percentile would hide anything.
        const threshold = known.learning
          ? absolute * factor
          : Math.max(absolute, v.times_usual * known.median);
        const hit = unanswering(step, prefix, metric, oneWay ? Infinity : v.answers);
        const rate = Math.min(evenRate(prefix, metric), hit.sum / WINDOW_SECONDS);
        if (rate < threshold || hit.count < v.destinations || hit.most > v.top_share * hit.sum) continue;
        report(finding(prefix, metric, rate, threshold, known.learning ? 0 : known.median, hit, v));
        break;
      }
    }
  }
}

interface Hosts {
  readonly sum: number;
  readonly most: number;
  readonly count: number;
  readonly top: readonly { readonly address: string; readonly value: number }[];
}

/** What hosts of the prefix received in the current window that send back fewer packets than `answers` for each. */
function unanswering(step: Step, prefix: Entity, name: 'bytes' | 'packets', answers: number): Hosts {
  const sent = new Map<number, number>();
  eachHost(step, 'source', prefix, (hash, row) => sent.set(hash, step.rows('source').numbers.packets[row]!));
  const rows = step.rows('destination');
  const { packets, packets_back: back } = rows.numbers;
  const found: { row: number; value: number }[] = [];
  eachHost(step, 'destination', prefix, (hash, row) => {
    if ((sent.get(hash) ?? 0) + back[row]! < answers * packets[row]!)
      found.push({ row, value: rows.numbers[name][row]! });
  });
  found.sort((a, b) => b.value - a.value);
  const words = rows.keys.destination_ip!;
  return {
    sum: found.reduce((total, { value }) => total + value, 0),
    most: found[0]?.value ?? 0,
    count: found.length,
    top: found.slice(0, 10).map(({ row, value }) => ({ address: addressText(words, 4 * row), value })),
  };
}

/** The hosts of a prefix in the current window: walks over all, so only for a prefix that is suspicious. */
function eachHost(
  step: Step,
  kind: 'source' | 'destination',
  prefix: Entity,
  use: (hash: number, row: number) => void,
): void {
  const rows = step.rows(kind);
  const words = rows.keys[kind === 'source' ? 'source_ip' : 'destination_ip']!;
  const mask = prefix.number('destination_prefix') === 120 ? V4_MASK : V6_MASK;
  for (let row = 0; row < rows.rows; row++) {
    if (rows.rest[row] === 1) continue;
    let inside = true;
    for (let k = 0; k < 4 && inside; k++)
      inside = ((words[4 * row + k]! ^ prefix.key[1 + k]!) & mask[k]!) === 0;
    if (!inside || step.tenant(kind, row) !== prefix.tenant) continue;
    const w = 4 * row;
    use(addressHash(words[w]!, words[w + 1]!, words[w + 2]!, words[w + 3]!), row);
  }
}

/** Bits of a prefix in words as they lie in memory: see `WindowSet.countPrefixes`. */
const V4_MASK = [-1, -1, -1, 0x00ffffff];
const V6_MASK = [-1, 0x0000ffff, 0, 0];

function isMulticast(prefix: Entity): boolean {
  const address = prefix.address('destination_ip');
  if (address.includes(':')) return address.startsWith('ff');
  const first = Number(address.slice(0, address.indexOf('.')));
  return first >= 224;
}

function finding(
  prefix: Entity,
  metric: 'bytes' | 'packets',
  rate: number,
  threshold: number,
  baseline: number,
  hit: Hosts,
  v: Values<P>,
): Finding {
  const address = prefix.address('destination_ip');
  const bits = prefix.number('destination_prefix');
  const name = `${address}/${bits >= 96 && !address.includes(':') ? bits - 96 : bits}`;
  const destinations = Math.round(prefix.distinct('destinations', 1));
  const sources = Math.round(prefix.distinct('sources', 1));
  const times = rate / threshold;
  const caveat = samplingCaveat(prefix);
  const text = (value: number): string =>
    metric === 'bytes' ? `${bytesText(value)}/s` : `${countText(value)} packets/s`;
  return {
    type: 'ddos_carpet_bombing',
    tenant: prefix.tenant,
    entity: name,
    severity: severityOf(times, 'high'),
    score: scoreOf(times, samplesOf(prefix), prefix.at('sampling_rate')),
    title:
      `${name} receives ${text(rate)} over ${countText(destinations)} of its addresses, unanswered` +
      (baseline > 0 ? `; usual is ${text(baseline)}` : ''),
    description:
      `About ${countText(sources)} sources hit many addresses of the prefix alike; the threshold is ${text(threshold)}. ` +
      'Filtering single hosts will not help: filter by what the packets have in common, or have the whole prefix scrubbed.',
    destination: address,
    destinationPrefix: bits,
    metric: metric === 'bytes' ? 'bytes_per_second' : 'packets_per_second',
    value: rate,
    baseline,
    threshold,
    technique: 'T1498',
    flowFilter: `destination in ${name}`,
    evidence: {
      measures: [
        { name: 'destinations', value: destinations, unit: 'hosts' },
        { name: 'sources', value: sources, unit: 'hosts' },
        { name: 'top_share', value: hit.most / prefix.at(metric), unit: 'ratio' },
        { name: 'packets', value: evenRate(prefix, 'packets'), unit: 'packets/s' },
      ],
      contributors: hit.top.map(({ address: destination_ip, value }) => ({
        destination_ip,
        value: value / WINDOW_SECONDS,
      })),
      ...(caveat === undefined ? {} : { caveat }),
      parameters: { destinations: v.destinations, top_share: v.top_share },
    },
  };
}
