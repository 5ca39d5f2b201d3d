import { WINDOW_SECONDS } from '@weir/core/windows';
import type { Usual } from '../../baselines/usual.ts';
import type { Detector, Finding, Report, RunningDetector, Values } from '../../detector.ts';
import { type Entity, MOST_WINDOWS_BACK, type Step } from '../../step.ts';
import { reportBelowCarpets } from './carpets.ts';
import { evenRate } from './even-rate.ts';
import { isFirm, samplesOf, samplingCaveat, scoreOf, severityOf } from './gravity.ts';
import { bytesText, countText } from './quantities.ts';
import { sendersText, topSenders } from './senders.ts';
import { valuesByRow } from './tenant-values.ts';
import { answersEach, isLookedAfter, isToMany, showsAnswers } from './view.ts';

/*
 * Why it works: an attack by volume comes from many sources at once, is many times what the host knows, and is not answered: the host cannot,
 * or there is nothing to answer. What people want of a host, however many come, it answers, one packet for each few.
 *
 * `ddos_volumetric` is about the volume on a host, whatever it is made of: it speaks where the line is filled (bytes), beside the flood
 * detectors, which say what fills it; and of packets, where neither SYN, ICMP nor UDP explains most of them (fragments, ACK, GRE).
 *
 * What looks alike, and how it is told:
 * - a flash crowd, a CDN’s edge: answered. That it is more than usual is for traffic_spike to say;
 * - a backup target, a speed test, a large download: few sources, and acknowledged;
 * - an update that all hosts of a site fetch: answers of few servers to many hosts, none of which gets much;
 * - uTP and QUIC downloads from hundreds of peers: acknowledged;
 * - what always receives one-sided streams of many (collectors, cameras’ recorder): usual;
 * - where exporters show one direction only, nobody seems to answer: ten times the thresholds count then, or five times the usual.
 */
const parameters = {
  bytes_per_second: {
    default: 12_500_000,
    unit: 'bytes/s',
    threshold: true,
    least: 125_000,
    doc: 'Unanswered, from many sources, to one destination: 100 Mbit/s fill the line of a small site, and are an attack at any.',
  },
  packets_per_second: {
    default: 20_000,
    unit: 'packets/s',
    threshold: true,
    least: 500,
    doc: 'The same in packets, of any size: what brings small firewalls and servers down.',
  },
  sources: {
    default: 30,
    unit: 'hosts',
    doc: 'Sources in a window, from where on they are many. Up to here they are counted exactly.',
  },
  answers: {
    default: 0.1,
    unit: 'packets/packet',
    most: 1,
    doc: 'Who sends back more packets than this for each received is in use, not under attack.',
  },
  times_usual: {
    default: 5,
    unit: 'ratio',
    least: 1,
    doc: 'Where it is known what the destination receives at this hour, so many times its 99th percentile.',
  },
} as const;

type P = typeof parameters;
const ONE_WAY_VIEW = 10;
const EXPLAINED = 0.6;

export const ddosVolumetric: Detector<P> = {
  name: 'ddos',
  title: 'Volumetric DDoS',
  types: ['ddos_volumetric'],
  doc:
    'A host receives, from many sources, unanswered bytes or packets beyond an absolute rate and many times its usual. What only ' +
    'SYN, UDP or ICMP packets make up without filling the line is left to the flood detectors.',
  parameters,
  reads: {
    destination: [
      'records',
      'packets',
      'packets_back',
      'bytes',
      'bytes_before',
      'syn_packets',
      'udp_packets',
      'icmp_packets',
      'longest_ms',
      'sampling_rate',
      'internal',
      'sources',
    ],
    source: ['packets', 'bytes'],
    pair: ['bytes'],
    tenant: ['internal'],
  },
  windowsBack: MOST_WINDOWS_BACK,
  early: false,
  start: (settings) => new RunningDdos(settings),
};

class RunningDdos implements RunningDetector {
  private readonly settings: (tenant: string) => Values<P>;

  constructor(settings: (tenant: string) => Values<P>) {
    this.settings = settings;
  }

  detect(step: Step, usual: Usual, report: Report): void {
    const findings: Finding[] = [];
    const rows = step.rows('destination');
    const { bytes, packets, internal } = rows.numbers;
    const values = valuesByRow(step, 'destination', this.settings);
    for (let row = 0; row < rows.rows; row++) {
      if (rows.rest[row] === 1) continue;
      const v = values(row);
      if (
        bytes[row]! < v.bytes_per_second * WINDOW_SECONDS &&
        packets[row]! < v.packets_per_second * WINDOW_SECONDS
      )
        continue;
      if (!isLookedAfter(internal[row]!)) continue;
      const host = step.entity('destination', row);
      if (!isFirm(host) || host.distinct('sources', 1) < v.sources) continue;
      if (isToMany(host.address('destination_ip'))) continue;
      const oneWay = !showsAnswers(step, host.tenantId);
      if (!oneWay && answersEach(step, host) > v.answers) continue;
      const found = (['bytes', 'packets'] as const)
        .map((metric) => exceeded(step, usual, host, row, metric, v, oneWay))
        .filter((e) => e !== undefined)
        .sort((a, b) => b.rate / b.threshold - a.rate / a.threshold)[0];
      if (found !== undefined) findings.push(finding(step, host, found, v));
    }
    reportBelowCarpets(findings, report);
  }
}

interface Exceeded {
  readonly metric: 'bytes' | 'packets';
  readonly rate: number;
  readonly threshold: number;
  readonly baseline: number;
}

function exceeded(
  step: Step,
  usual: Usual,
  host: Entity,
  row: number,
  metric: 'bytes' | 'packets',
  v: Values<P>,
  oneWay: boolean,
): Exceeded | undefined {
  const rate = evenRate(host, metric);
  const known = usual.of(step, 'destination', row, metric);
  const absolute = metric === 'bytes' ? v.bytes_per_second : v.packets_per_second;
  const threshold = known.learning
    ? absolute * (oneWay ? ONE_WAY_VIEW : 1)
    : Math.max(absolute, v.times_usual * known.high);
  if (rate < threshold) return undefined;
  if (metric === 'packets') {
    const named = Math.max(host.at('syn_packets'), host.at('udp_packets'), host.at('icmp_packets'));
    if (named >= EXPLAINED * host.at('packets')) return undefined;
  }
  return { metric, rate, threshold, baseline: known.learning ? 0 : known.median };
}

function finding(step: Step, host: Entity, found: Exceeded, v: Values<P>): Finding {
  const destination = host.address('destination_ip');
  const { metric, rate, threshold, baseline } = found;
  const times = rate / threshold;
  const sources = host.distinct('sources', 1);
  const senders = topSenders(step, host, 'bytes');
  const caveat = samplingCaveat(host);
  const text = (value: number): string =>
    metric === 'bytes' ? `${bytesText(value)}/s` : `${countText(value)} packets/s`;
  return {
    type: 'ddos_volumetric',
    tenant: host.tenant,
    entity: destination,
    severity: severityOf(times, 'high'),
    score: scoreOf(times, samplesOf(host), host.at('sampling_rate')),
    title:
      `${destination} receives ${text(rate)} ${sendersText(senders, sources)}, unanswered` +
      (baseline > 0 ? `; usual is ${text(baseline)}` : ''),
    description:
      `Many sources send to one host at once and hardly anything goes back; the threshold is ${text(threshold)}. ` +
      'See by port and protocol what it is made of, and have it filtered or the address announced to a scrubbing service.',
    destination,
    metric: metric === 'bytes' ? 'bytes_per_second' : 'packets_per_second',
    value: rate,
    baseline,
    threshold,
    technique: 'T1498',
    flowFilter: `destination = ${destination}`,
    evidence: {
      measures: [
        { name: 'sources', value: Math.round(sources), unit: 'hosts' },
        { name: 'bytes', value: evenRate(host, 'bytes'), unit: 'bytes/s' },
        { name: 'packets', value: evenRate(host, 'packets'), unit: 'packets/s' },
        { name: 'udp_share', value: host.at('udp_packets') / host.at('packets'), unit: 'ratio' },
        { name: 'syn_share', value: host.at('syn_packets') / host.at('packets'), unit: 'ratio' },
      ],
      contributors: senders,
      ...(caveat === undefined ? {} : { caveat }),
      parameters: { bytes_per_second: v.bytes_per_second, packets_per_second: v.packets_per_second },
    },
  };
}
