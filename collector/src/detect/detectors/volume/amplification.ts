import { WINDOW_SECONDS, amplifierPorts } from '@weir/core/windows';
import type { Detector, Finding, Report, RunningDetector, Values } from '../../detector.ts';
import { type Entity, MOST_WINDOWS_BACK, type Step } from '../../step.ts';
import { evenRate } from './even-rate.ts';
import { isFirm, samplesOf, samplingCaveat, scoreOf, severityOf } from './gravity.ts';
import { bytesText } from './quantities.ts';
import { sendersText, topSenders } from './senders.ts';
import { valuesByRow } from './tenant-values.ts';
import { isToMany } from './view.ts';

/*
 * Why it works: some services over UDP answer a small question with much, and do not know that its source is forged. The victim receives
 * large packets from these ports that it never asked for; the abused service sends many times what it receives.
 *
 * What looks alike, and how it is told:
 * - a resolver, an NTP client, a poller of SNMP: it asks for each answer. Only where a host receives far more such packets than it
 *   sends UDP packets at all are they unasked for; and answers in use are small (DNS 100 to 250 bytes on average, NTP 76), so that a
 *   resolver is silent too where an exporter does not show what it sends;
 * - one server on such a port (a VPN on 53, a download by TFTP): few senders, and it is acknowledged;
 * - an authoritative DNS server with DNSSEC: five to eight times what it is asked. Abuse is asked for above fifteen;
 * - mDNS, SSDP and NetBIOS in an own network: multicast and broadcast.
 */
const parameters = {
  bytes_per_second: {
    default: 1_000_000,
    unit: 'bytes/s',
    threshold: true,
    least: 10_000,
    doc:
      'From amplifying ports to one destination: 8 Mbit/s hurt a home office already, and no host’s wanted answers of such size come ' +
      'near it.',
  },
  mean_packet: {
    default: 250,
    unit: 'bytes',
    doc: 'On average such packets are at least so large: SSDP, the smallest, has about 300, NTP’s list 468, all others more.',
  },
  unasked: {
    default: 5,
    unit: 'packets/packet',
    doc: 'So many times the UDP packets that the destination sends: what it receives is no answer to them.',
  },
  amplifiers: {
    default: 3,
    unit: 'hosts',
    doc: 'Senders at least. Of own hosts that are abused, one is enough.',
  },
  gain: {
    default: 15,
    unit: 'bytes/byte',
    doc: 'An own host that sends so many times what it receives over UDP is abused.',
  },
} as const;

type P = typeof parameters;
const UDP = 17;

export const amplification: Detector<P> = {
  name: 'amplification',
  title: 'Amplification attack',
  types: ['amplification'],
  doc:
    'Large UDP packets from ports that amplify (DNS, NTP, CLDAP, SSDP, memcached and others) to a destination that did not ask for them; ' +
    'also of own hosts that are abused for it.',
  parameters,
  reads: {
    destination: [
      'records',
      'packets',
      'bytes',
      'bytes_before',
      'amplified_bytes',
      'amplified_packets',
      'amplifiers',
      'udp_packets',
      'udp_bytes',
      'bytes_back',
      'longest_ms',
      'sampling_rate',
      'internal',
      'sources',
    ],
    source: [
      'records',
      'bytes',
      'bytes_before',
      'amplified_bytes',
      'amplified_packets',
      'amplifiers',
      'udp_packets',
      'udp_bytes',
      'longest_ms',
      'sampling_rate',
      'internal',
    ],
    pair: ['amplified_bytes'],
  },
  windowsBack: MOST_WINDOWS_BACK,
  early: false,
  start: (settings) => new RunningAmplification(settings),
};

class RunningAmplification implements RunningDetector {
  private readonly settings: (tenant: string) => Values<P>;

  constructor(settings: (tenant: string) => Values<P>) {
    this.settings = settings;
  }

  detect(step: Step, _usual: unknown, report: Report): void {
    for (const kind of ['destination', 'source'] as const) {
      const rows = step.rows(kind);
      const values = valuesByRow(step, kind, this.settings);
      for (let row = 0; row < rows.rows; row++) {
        if (rows.rest[row] === 1) continue;
        const v = values(row);
        const bytes = rows.numbers.amplified_bytes[row]!;
        if (bytes < v.bytes_per_second * WINDOW_SECONDS) continue;
        if (bytes < v.mean_packet * rows.numbers.amplified_packets[row]!) continue;
        const host = step.entity(kind, row);
        const rate = evenRate(host, 'amplified_bytes');
        if (rate < v.bytes_per_second || !isFirm(host)) continue;
        const finding =
          kind === 'destination' ? victimOf(step, host, rate, v) : abusedOf(step, host, rate, v);
        if (finding !== undefined) report(finding);
      }
    }
  }
}

/** A host that receives what it did not ask for. */
function victimOf(step: Step, host: Entity, rate: number, v: Values<P>): Finding | undefined {
  const destination = host.address('destination_ip');
  const sources = host.distinct('sources', 1);
  if (sources < v.amplifiers || isToMany(destination)) return undefined;
  const sent = step.host('source', host.tenantId, destination);
  if (host.sum('amplified_packets') < v.unasked * sent.sum('udp_packets')) return undefined;
  const senders = topSenders(step, host, 'amplified_bytes');
  const services = servicesOf(host);
  return {
    ...common(host, rate, v),
    entity: destination,
    title: `${destination} receives ${bytesText(rate)}/s of unasked-for ${services.names} answers ${sendersText(senders, sources)}`,
    description:
      `Somebody asks these services in its name, so that their answers hit it; the threshold is ${bytesText(v.bytes_per_second)}/s. ` +
      'Fragments that follow carry no ports and come on top. Have the source port filtered before it reaches the line.',
    destination,
    flowFilter: `destination = ${destination} and protocol = udp and source_port in (${services.ports.join(', ')})`,
    evidence: {
      measures: [
        { name: 'sources', value: Math.round(sources), unit: 'hosts' },
        {
          name: 'mean_packet',
          value: Math.round(host.at('amplified_bytes') / host.at('amplified_packets')),
          unit: 'bytes',
        },
        { name: 'udp_packets_sent', value: sent.sum('udp_packets'), unit: 'packets/min' },
      ],
      contributors: senders,
      ...caveatOf(host),
      parameters: { bytes_per_second: v.bytes_per_second, unasked: v.unasked },
    },
  };
}

/** An own host that sends many times what it is asked. */
function abusedOf(step: Step, host: Entity, rate: number, v: Values<P>): Finding | undefined {
  if ((host.at('internal') & 3) !== 1) return undefined;
  const source = host.address('source_ip');
  const received = step.host('destination', host.tenantId, source).sum('udp_bytes');
  // Nothing is seen of what it is asked: the exporter does not show it, and nothing can be said.
  if (received === 0 || host.sum('amplified_bytes') < v.gain * received) return undefined;
  const services = servicesOf(host);
  return {
    ...common(host, rate, v),
    entity: source,
    title: `${source} is abused as amplifier: it sends ${bytesText(rate)}/s of ${services.names} answers, ${Math.round(host.sum('amplified_bytes') / received)} times what it receives`,
    description:
      'Small questions of forged sources make it flood others with large answers. Close the service to the outside, or have it answer less ' +
      '(no recursion for all, no monlist, response rate limiting).',
    source,
    flowFilter: `source = ${source} and protocol = udp and source_port in (${services.ports.join(', ')})`,
    evidence: {
      measures: [
        { name: 'udp_received', value: received, unit: 'bytes/min' },
        {
          name: 'mean_packet',
          value: Math.round(host.at('amplified_bytes') / host.at('amplified_packets')),
          unit: 'bytes',
        },
      ],
      contributors: step
        .pairsOf(host, 'source')
        .filter((pair) => pair.at('amplified_bytes') > 0)
        .map((pair) => ({
          source_ip: source,
          destination_ip: pair.address('destination_ip'),
          protocol: UDP,
          value: pair.at('amplified_bytes') / WINDOW_SECONDS,
        }))
        .sort((a, b) => b.value - a.value)
        .slice(0, 10),
      ...caveatOf(host),
      parameters: { bytes_per_second: v.bytes_per_second, gain: v.gain },
    },
  };
}

function common(host: Entity, rate: number, v: Values<P>) {
  const times = rate / v.bytes_per_second;
  return {
    type: 'amplification',
    tenant: host.tenant,
    severity: severityOf(times),
    score: scoreOf(times, samplesOf(host), host.at('sampling_rate')),
    protocol: UDP,
    metric: 'amplified_bytes_per_second',
    value: rate,
    baseline: 0,
    threshold: v.bytes_per_second,
    technique: 'T1498.002',
  } as const;
}

function servicesOf(host: Entity): { names: string; ports: number[] } {
  const bits = host.at('amplifiers');
  const services = amplifierPorts.filter((_, i) => ((bits >>> i) & 1) === 1);
  const names = services.slice(0, 3).map((s) => s.name);
  return {
    names: names.join(', ') + (services.length > 3 ? ' and other' : ''),
    ports: services.map((s) => s.port),
  };
}

function caveatOf(host: Entity): { caveat?: string } {
  const caveat = samplingCaveat(host);
  return caveat === undefined ? {} : { caveat };
}
