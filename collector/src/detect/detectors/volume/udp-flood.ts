import { WINDOW_SECONDS, keptPorts } from '@weir/core/windows';
import type { Usual } from '../../baselines/usual.ts';
import type { Detector, Finding, Report, RunningDetector, Values } from '../../detector.ts';
import { type Entity, MOST_WINDOWS_BACK, type Step } from '../../step.ts';
import { reportBelowCarpets } from './carpets.ts';
import { evenRate } from './even-rate.ts';
import { isFirm, samplesOf, samplingCaveat, scoreOf, severityOf } from './gravity.ts';
import { onPorts } from './on-ports.ts';
import { bytesText, countText } from './quantities.ts';
import { isPortScan } from './scan-shape.ts';
import { sendersText, topSenders } from './senders.ts';
import { valuesByRow } from './tenant-values.ts';
import { isToMany, showsAnswers, udpAnswersEach } from './view.ts';

/*
 * Why it works: UDP in use is a conversation of few ports, whose other end answers at least now and then. A flood is one-sided, and
 * either comes from ever new sources or ports, a packet or a few each, or in packets too small to carry anything.
 *
 * What looks alike, and how it is told:
 * - QUIC, VoIP, games, VPNs, uTP, DNS servers: they answer, one packet for twenty at the very least;
 * - iperf3 over UDP, video, IPTV, replication: one-sided, but large packets of few sources and ports, hundreds for each flow. Such a
 *   stream is never called a flood, even where it fills the line: nothing in it tells ill will, and a tool that floods with large packets
 *   from one port to one port cannot be told from it. Where it is not usual, traffic_spike says that it is there;
 * - what collects NetFlow, sFlow, syslog, statsd: one-sided for ever. The same few senders make many packets a flow; where each message
 *   has a socket of its own, it is what the host usually receives;
 * - scans of UDP ports: many ports, few packets each (scan-shape.ts);
 * - multicast and broadcast;
 * - an exporter that shows one direction only: nobody seems to answer. Then only ten times the threshold counts.
 */
const parameters = {
  packets_per_second: {
    default: 2_000,
    unit: 'packets/s',
    threshold: true,
    least: 50,
    doc:
      'One-sided UDP packets to one destination, from where on they are a flood. Far below what tools send (tens of thousands), above what ' +
      'misbehaving programs do.',
  },
  answers: {
    default: 0.05,
    unit: 'packets/packet',
    most: 1,
    doc: 'Who sends back more UDP packets than this for each received takes part in a conversation.',
  },
  packets_per_flow: {
    default: 50,
    unit: 'packets/flow',
    doc:
      'Flows of a flood are short: sources or ports are new for each packet, or after some thousand. Not held against sampled traffic, of ' +
      'which one packet a flow is seen; there many sources or ports are asked for.',
  },
  small_packet: {
    default: 100,
    unit: 'bytes',
    doc:
      'Packets of not more bytes on average carry next to nothing: at four times the threshold they are a flood even with always the ' +
      'same ports.',
  },
} as const;

type P = typeof parameters;

const UDP = 17;
const MANY = 50;
const MANY_FLOWS = 200;
const ONE_WAY_VIEW = 10;
const BEYOND_USUAL = 3;

export const udpFlood: Detector<P> = {
  name: 'udp_flood',
  title: 'UDP flood',
  types: ['udp_flood'],
  doc:
    'Many one-sided UDP packets a second to one destination, of ever new sources or ports or next to empty. Streams of few sources and ' +
    'large packets (video, VPN, iperf3) are none, nor is what a host usually receives.',
  parameters,
  reads: {
    destination: [
      'records',
      'flows',
      'packets',
      'answered_flows',
      'bytes',
      'bytes_before',
      'udp_packets',
      'udp_bytes',
      'amplified_bytes',
      'longest_ms',
      'sampling_rate',
      'internal',
      'sources',
      'ports',
    ],
    source: ['udp_packets'],
    pair: ['udp_packets'],
    tenant: ['internal'],
  },
  windowsBack: MOST_WINDOWS_BACK,
  early: false,
  start: (settings) => new RunningUdpFlood(settings),
};

class RunningUdpFlood implements RunningDetector {
  private readonly settings: (tenant: string) => Values<P>;

  constructor(settings: (tenant: string) => Values<P>) {
    this.settings = settings;
  }

  detect(step: Step, usual: Usual, report: Report): void {
    const findings: Finding[] = [];
    const rows = step.rows('destination');
    const values = valuesByRow(step, 'destination', this.settings);
    for (let row = 0; row < rows.rows; row++) {
      if (rows.rest[row] === 1) continue;
      const v = values(row);
      if (rows.numbers.udp_packets[row]! < v.packets_per_second * WINDOW_SECONDS) continue;
      const host = step.entity('destination', row);
      const rate = evenRate(host, 'udp_packets');
      if (rate < v.packets_per_second || !isFirm(host)) continue;
      if (!isFloodShaped(host, rate, v) || isPortScan(host) || isToMany(host.address('destination_ip')))
        continue;
      // What amplifiers send has its own detector.
      if (host.at('amplified_bytes') > 0.5 * host.at('udp_bytes')) continue;
      if (!showsAnswers(step, host.tenantId)) {
        if (rate < ONE_WAY_VIEW * v.packets_per_second) continue;
      } else if (udpAnswersEach(step, host) > v.answers) continue;
      const known = usual.of(step, 'destination', row, 'packets');
      if (!known.learning && rate < BEYOND_USUAL * known.high) continue;
      findings.push(finding(step, host, rate, v, known.learning ? 0 : known.median));
    }
    reportBelowCarpets(findings, report);
  }
}

/** Ever new sources or ports, or next to empty packets. */
function isFloodShaped(host: Entity, rate: number, v: Values<P>): boolean {
  const packets = host.at('udp_packets');
  const small = rate >= 4 * v.packets_per_second && host.at('udp_bytes') <= v.small_packet * packets;
  if (small) return true;
  if (host.at('sampling_rate') > 1)
    return host.distinct('sources', 1) >= MANY || host.distinct('ports', 1) >= MANY;
  const flows = host.at('flows');
  return flows >= MANY_FLOWS && packets <= v.packets_per_flow * flows;
}

function finding(step: Step, host: Entity, rate: number, v: Values<P>, baseline: number): Finding {
  const destination = host.address('destination_ip');
  const hashes = host.hashes('ports', 1);
  const port = hashes.length === 1 ? keptPorts(hashes)[0]! : 0;
  const sources = host.distinct('sources', 1);
  const senders = topSenders(step, host, 'udp_packets');
  const single = sources <= 1 ? senders[0]?.source_ip : undefined;
  const caveat = samplingCaveat(host);
  const times = rate / v.packets_per_second;
  const size = host.at('udp_bytes') / host.at('udp_packets');
  return {
    type: 'udp_flood',
    tenant: host.tenant,
    entity: destination,
    severity: severityOf(times),
    score: scoreOf(times, samplesOf(host), host.at('sampling_rate')),
    title: `${destination} receives ${countText(rate)} UDP packets/s ${sendersText(senders, sources)}${onPorts(host, port)}, unanswered`,
    description:
      `${bytesText(rate * size)}/s in packets of ${countText(size)} bytes that nobody answers; the threshold is ` +
      `${countText(v.packets_per_second)} packets/s. ` +
      (single === undefined
        ? 'Filter the port before it reaches the line, or ask the provider to.'
        : 'Block the source, or find out what it sends.'),
    ...(single === undefined ? {} : { source: single }),
    destination,
    protocol: UDP,
    ...(port > 0 ? { port } : {}),
    metric: 'udp_packets_per_second',
    value: rate,
    baseline,
    threshold: v.packets_per_second,
    technique: 'T1498.001',
    flowFilter:
      `destination = ${destination} and protocol = udp` + (port > 0 ? ` and destination_port = ${port}` : ''),
    evidence: {
      measures: [
        { name: 'sources', value: Math.round(sources), unit: 'hosts' },
        { name: 'mean_packet', value: Math.round(size), unit: 'bytes' },
        { name: 'udp_bytes', value: rate * size, unit: 'bytes/s' },
        { name: 'flows', value: host.at('flows'), unit: 'flows' },
      ],
      contributors: senders,
      ports: keptPorts(hashes).slice(0, 32),
      ...(caveat === undefined ? {} : { caveat }),
      parameters: { packets_per_second: v.packets_per_second },
    },
  };
}
