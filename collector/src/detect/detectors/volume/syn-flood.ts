import { WINDOW_SECONDS, keptPorts } from '@weir/core/windows';
import type { Detector, Finding, Report, RunningDetector, Values } from '../../detector.ts';
import { type Entity, MOST_WINDOWS_BACK, type Step } from '../../step.ts';
import { evenRate } from './even-rate.ts';
import { isFirm, samplesOf, samplingCaveat, scoreOf, severityOf } from './gravity.ts';
import { onPorts } from './on-ports.ts';
import { countText } from './quantities.ts';
import { isPortScan } from './scan-shape.ts';
import { sendersText, topSenders } from './senders.ts';
import { valuesByRow } from './tenant-values.ts';
import { isToMany } from './view.ts';

/*
 * Why it works: a connection that comes about shows SYN and ACK in its client's flow. SYN without ACK is one that did not. A server has
 * a few of these a second (scanners, clients that gave up); a flood has nothing else, and each fills a place in the server's queue
 * of half-open connections (RFC 4987): some hundreds a second are enough for an unprotected one, whatever the line carries.
 *
 * What looks alike:
 * - a port scan sends SYN alone too, but to many ports, few to each (scan-shape.ts);
 * - a horizontal scan hits each destination once or twice: no destination comes near the threshold;
 * - sampling: of a short connection often the SYN is the one packet that is seen, and 1:1000 makes it a thousand half-open ones. Each
 *   real connection has at least two further packets of the client though, sampled as often. So of sampled traffic, half as many
 *   SYN as there are other TCP packets are taken for harmless;
 * - a busy service that dies: its clients try again, a few times each, over seconds: 1,000 clients make some 300 SYN/s. The threshold is
 *   above that; a site with far more clients of one service raises it.
 * - an idle server behind a CDN, a load balancer's health checks, monitoring: their connections come about.
 *
 * Only counts that grow decide where nothing is sampled, so windows that still take flows are looked at (`early`).
 */
const parameters = {
  syn_per_second: {
    default: 500,
    unit: 'packets/s',
    threshold: true,
    least: 10,
    doc:
      'SYN packets of connections that do not come about, to one destination, from where on it is a flood. Clients that ' +
      'retry a dead service of a site of 1,000 hosts make about 300; tools that flood, thousands.',
  },
  destinations: {
    default: 10,
    unit: 'hosts',
    doc:
      'An own host that sends such SYN to not more than so many hosts within a window floods them; to more, it scans or its uplink ' +
      'is down.',
  },
} as const;

type P = typeof parameters;

const TCP = 6;
/** SYN packets a flow: beyond, a few flows with the same ports are sent all the while, and last as long as the exporter lets them. */
const REPEATED = 20;
const HARMLESS_SHARE = 0.5;

/** Of either end. */
const columns = [
  'records',
  'packets',
  'bytes',
  'bytes_before',
  'syn_flows',
  'syn_packets',
  'udp_packets',
  'icmp_packets',
  'other_packets',
  'longest_ms',
  'sampling_rate',
  'internal',
] as const;

export const synFlood: Detector<P> = {
  name: 'syn_flood',
  title: 'SYN flood',
  types: ['syn_flood'],
  doc:
    'Many SYN packets a second to one destination without connections that come about, from forged or true sources. Port scans and, ' +
    'under sampling, the SYN packets of real connections are told apart.',
  parameters,
  reads: {
    destination: [...columns, 'sources', 'ports'],
    source: [...columns, 'contacts'],
    pair: ['syn_packets'],
  },
  windowsBack: MOST_WINDOWS_BACK,
  early: true,
  start: (settings) => new RunningSynFlood(settings),
};

class RunningSynFlood implements RunningDetector {
  private readonly settings: (tenant: string) => Values<P>;

  constructor(settings: (tenant: string) => Values<P>) {
    this.settings = settings;
  }

  detect(step: Step, _usual: unknown, report: Report): void {
    const rows = step.rows('destination');
    const values = valuesByRow(step, 'destination', this.settings);
    for (let row = 0; row < rows.rows; row++) {
      if (rows.rest[row] === 1) continue;
      const threshold = values(row).syn_per_second;
      if (rows.numbers.syn_packets[row]! < threshold * WINDOW_SECONDS) continue;
      const host = step.entity('destination', row);
      const rate = halfOpenRate(host, step.early);
      if (rate < threshold || isPortScan(host) || isToMany(host.address('destination_ip'))) continue;
      report(toDestination(step, host, rate, threshold));
    }
    this.detectFlooders(step, report);
  }

  /** Own hosts that flood several others, none of which gets enough to be found by itself. */
  private detectFlooders(step: Step, report: Report): void {
    const rows = step.rows('source');
    const values = valuesByRow(step, 'source', this.settings);
    for (let row = 0; row < rows.rows; row++) {
      if (rows.rest[row] === 1) continue;
      const { syn_per_second: threshold, destinations: most } = values(row);
      if (rows.numbers.syn_packets[row]! < threshold * WINDOW_SECONDS) continue;
      if ((rows.numbers.internal[row]! & 1) === 0) continue;
      const host = step.entity('source', row);
      const rate = halfOpenRate(host, step.early);
      const contacts = host.distinct('contacts', 1);
      if (rate < threshold || contacts < 2 || contacts > most) continue;
      const targets = step
        .pairsOf(host, 'source')
        .map((pair) => ({ pair, value: pair.at('syn_packets') / WINDOW_SECONDS }))
        .filter(({ value }) => value > 0)
        .sort((a, b) => b.value - a.value);
      // As many SYN as ports: a scan.
      if (targets.length === 0 || targets.length > 2 * most || targets[0]!.value >= threshold) continue;
      report(fromSource(host, rate, threshold, targets));
    }
  }
}

/** SYN packets a second of connections that do not come about; 0 where that cannot be said. */
function halfOpenRate(host: Entity, early: boolean): number {
  const syn = host.at('syn_packets');
  if (host.at('sampling_rate') > 1) {
    // What is taken off grows with the window: too early to say.
    if (early || !isFirm(host)) return 0;
    const others = host.at('udp_packets') + host.at('icmp_packets') + host.at('other_packets') + syn;
    const harmless = HARMLESS_SHARE * Math.max(0, host.at('packets') - others);
    return Math.max(0, syn - harmless) / WINDOW_SECONDS;
  }
  return syn > REPEATED * host.at('syn_flows') ? evenRate(host, 'syn_packets') : syn / WINDOW_SECONDS;
}

function toDestination(step: Step, host: Entity, rate: number, threshold: number): Finding {
  const destination = host.address('destination_ip');
  const hashes = host.hashes('ports', 1);
  const port = hashes.length === 1 ? keptPorts(hashes)[0]! : 0;
  const sources = host.distinct('sources', 1);
  const senders = topSenders(step, host, 'syn_packets');
  const single = sources <= 1 ? senders[0]?.source_ip : undefined;
  const caveat = samplingCaveat(host);
  return {
    type: 'syn_flood',
    tenant: host.tenant,
    entity: destination,
    severity: severityOf(rate / threshold),
    score: scoreOf(rate / threshold, samplesOf(host), host.at('sampling_rate')),
    title: `${destination} receives ${countText(rate)} SYN/s ${sendersText(senders, sources)}${onPorts(host, port)}, without connections`,
    description:
      `${countText(rate)} SYN packets a second do not become connections; the threshold is ${countText(threshold)}. ` +
      (sources > 100
        ? 'So many sources are most likely forged: block by port or use SYN cookies rather than by address. '
        : 'Look at the sources named and block them. ') +
      'A service that just went down and is tried again by many clients looks alike.',
    ...(single === undefined ? {} : { source: single }),
    destination,
    protocol: TCP,
    ...(port > 0 ? { port } : {}),
    metric: 'syn_per_second',
    value: rate,
    baseline: 0,
    threshold,
    technique: 'T1498.001',
    flowFilter:
      `destination = ${destination} and protocol = tcp and tcp_flags has syn and tcp_flags not has ack` +
      (port > 0 ? ` and destination_port = ${port}` : ''),
    evidence: {
      measures: [
        { name: 'sources', value: Math.round(sources), unit: 'hosts' },
        { name: 'half_open_flows', value: host.at('syn_flows'), unit: 'flows' },
        { name: 'packets', value: host.at('packets') / WINDOW_SECONDS, unit: 'packets/s' },
      ],
      contributors: senders,
      ports: keptPorts(hashes).slice(0, 32),
      ...(caveat === undefined ? {} : { caveat }),
      parameters: { syn_per_second: threshold },
    },
  };
}

function fromSource(
  host: Entity,
  rate: number,
  threshold: number,
  targets: readonly { pair: Entity; value: number }[],
): Finding {
  const source = host.address('source_ip');
  const ports = new Set(targets.map(({ pair }) => pair.number('port')));
  const port = ports.size === 1 ? [...ports][0]! : 0;
  const caveat = samplingCaveat(host);
  const hosts = new Set(targets.map(({ pair }) => pair.address('destination_ip'))).size;
  return {
    type: 'syn_flood',
    tenant: host.tenant,
    entity: source,
    severity: severityOf(rate / threshold, 'high'),
    score: scoreOf(rate / threshold, samplesOf(host), host.at('sampling_rate')),
    title: `${source} sends ${countText(rate)} SYN/s to ${hosts} hosts${port > 0 ? ` on port ${port}` : ''}, without connections`,
    description:
      `An own host opens ${countText(rate)} connections a second to a few hosts, and none comes about; the threshold is ` +
      `${countText(threshold)}. It takes part in an attack, or a program on it tries something that is down without pause.`,
    source,
    protocol: TCP,
    ...(port > 0 ? { port } : {}),
    metric: 'syn_per_second',
    value: rate,
    baseline: 0,
    threshold,
    technique: 'T1498.001',
    flowFilter: `source = ${source} and protocol = tcp and tcp_flags has syn and tcp_flags not has ack`,
    evidence: {
      measures: [{ name: 'destinations', value: hosts, unit: 'hosts' }],
      contributors: targets.slice(0, 10).map(({ pair, value }) => ({
        source_ip: source,
        destination_ip: pair.address('destination_ip'),
        protocol: TCP,
        destination_port: pair.number('port'),
        value,
      })),
      ports: [...ports].sort((a, b) => a - b).slice(0, 32),
      ...(caveat === undefined ? {} : { caveat }),
      parameters: { syn_per_second: threshold },
    },
  };
}
