import { WINDOW_SECONDS } from '@weir/core/windows';
import type { Usual } from '../../baselines/usual.ts';
import type { Detector, Finding, Report, RunningDetector, Values } from '../../detector.ts';
import { type Entity, MOST_WINDOWS_BACK, type Step } from '../../step.ts';
import { evenRate } from './even-rate.ts';
import { isFirm, samplesOf, samplingCaveat, scoreOf, severityOf } from './gravity.ts';
import { bytesText, countText } from './quantities.ts';
import { sendersText, topSenders } from './senders.ts';
import { valuesByRow } from './tenant-values.ts';
import { isToMany } from './view.ts';

/*
 * Why it works: hosts receive next to no ICMP: a few echo requests of monitoring, errors for what they sent themselves. A thousand
 * packets a second are no diagnosis any more, answered or not.
 *
 * What looks alike:
 * - a monitoring server that pings all hosts receives as many replies as it sent requests; a host that scans or whose peers are gone
 *   receives errors for what it sent: each packet has one of the host’s own before it. Replies that nobody asked for (Smurf) have
 *   none: found;
 * - a router that a whole site pings to see whether it is up: each host sends one or two a second. What it usually receives, where that
 *   is known;
 * - large pings of path tests (one source, under 100 a second): below the threshold.
 */
const parameters = {
  packets_per_second: {
    default: 1_000,
    unit: 'packets/s',
    threshold: true,
    least: 50,
    doc:
      'ICMP packets to one destination, from where on they are a flood. A router that 500 hosts watch receives up to 1,000; ' +
      '`ping -f` and tools send many thousands.',
  },
} as const;

type P = typeof parameters;

const BEYOND_USUAL = 3;
const OWN_DOING = 0.8;

export const icmpFlood: Detector<P> = {
  name: 'icmp_flood',
  title: 'ICMP flood',
  types: ['icmp_flood'],
  doc:
    'Many ICMP packets a second to one destination: echo requests, or replies and errors that nothing it sent explains. Not where it is ' +
    'used to so many packets.',
  parameters,
  reads: {
    destination: [
      'records',
      'flows',
      'contact_flows',
      'packets',
      'bytes',
      'bytes_before',
      'icmp_packets',
      'icmp_bytes',
      'unreachable_flows',
      'longest_ms',
      'sampling_rate',
      'internal',
      'sources',
    ],
    source: ['icmp_packets', 'packets'],
    pair: ['icmp_packets', 'contact_flows'],
  },
  windowsBack: MOST_WINDOWS_BACK,
  early: false,
  start: (settings) => new RunningIcmpFlood(settings),
};

class RunningIcmpFlood implements RunningDetector {
  private readonly settings: (tenant: string) => Values<P>;

  constructor(settings: (tenant: string) => Values<P>) {
    this.settings = settings;
  }

  detect(step: Step, usual: Usual, report: Report): void {
    const rows = step.rows('destination');
    const values = valuesByRow(step, 'destination', this.settings);
    for (let row = 0; row < rows.rows; row++) {
      if (rows.rest[row] === 1) continue;
      const threshold = values(row).packets_per_second;
      if (rows.numbers.icmp_packets[row]! < threshold * WINDOW_SECONDS) continue;
      const host = step.entity('destination', row);
      const rate = evenRate(host, 'icmp_packets');
      if (rate < threshold || !isFirm(host) || isToMany(host.address('destination_ip'))) continue;
      if (isOwnDoing(step, host)) continue;
      const known = usual.of(step, 'destination', row, 'packets');
      if (!known.learning && rate < BEYOND_USUAL * known.high) continue;
      report(finding(step, host, rate, threshold, known.learning ? 0 : known.median));
    }
  }
}

/** Replies to its own requests, which are pairs where it is an own host, or errors for what else it sent. */
function isOwnDoing(step: Step, host: Entity): boolean {
  const received = host.sum('icmp_packets');
  const sent = step.host('source', host.tenantId, host.address('destination_ip'));
  const begun = host.sum('contact_flows') > 0.5 * host.sum('flows');
  let requests = 0;
  if ((host.bits('internal') & 2) === 2) {
    for (const pair of step.pairsOf(sent, 'source', MOST_WINDOWS_BACK))
      if (pair.sum('contact_flows') > 0) requests += pair.sum('icmp_packets');
  } else if (!begun) requests = sent.sum('icmp_packets');
  if (requests >= OWN_DOING * received) return true;
  const errors = host.sum('unreachable_flows') > 0.3 * host.sum('flows');
  return errors && sent.sum('packets') - sent.sum('icmp_packets') >= OWN_DOING * received;
}

function finding(step: Step, host: Entity, rate: number, threshold: number, baseline: number): Finding {
  const destination = host.address('destination_ip');
  const sources = host.distinct('sources', 1);
  const senders = topSenders(step, host, 'icmp_packets');
  const single = sources <= 1 ? senders[0]?.source_ip : undefined;
  const caveat = samplingCaveat(host);
  const size = host.at('icmp_bytes') / host.at('icmp_packets');
  const replies = host.at('contact_flows') < 0.5 * host.at('flows');
  return {
    type: 'icmp_flood',
    tenant: host.tenant,
    entity: destination,
    severity: severityOf(rate / threshold),
    score: scoreOf(rate / threshold, samplesOf(host), host.at('sampling_rate')),
    title: `${destination} receives ${countText(rate)} ICMP packets/s ${sendersText(senders, sources)}`,
    description:
      `${bytesText(rate * size)}/s of ICMP, in packets of ${countText(size)} bytes; the threshold is ` +
      `${countText(threshold)} packets/s. ` +
      (replies
        ? 'They are replies or errors that nothing it sent explains: somebody asks others in its name. Limit ICMP before it.'
        : 'Limit echo requests before it; where one source is named, ask there first: it may be a test.'),
    ...(single === undefined ? {} : { source: single }),
    destination,
    protocol: destination.includes(':') ? 58 : 1,
    metric: 'icmp_packets_per_second',
    value: rate,
    baseline,
    threshold,
    technique: 'T1498.001',
    flowFilter: `destination = ${destination} and protocol = ${destination.includes(':') ? 'icmp6' : 'icmp'}`,
    evidence: {
      measures: [
        { name: 'sources', value: Math.round(sources), unit: 'hosts' },
        { name: 'mean_packet', value: Math.round(size), unit: 'bytes' },
        { name: 'icmp_bytes', value: rate * size, unit: 'bytes/s' },
      ],
      contributors: senders,
      ...(caveat === undefined ? {} : { caveat }),
      parameters: { packets_per_second: threshold },
    },
  };
}
