import { DISTINCT_KEPT, distinctWithout, keptPorts } from '@weir/core/windows';
import type { Detector, Finding, Report, RunningDetector, Values } from '../../detector.ts';
import { type Entity, MOST_WINDOWS_BACK, type Step } from '../../step.ts';
import { answersSeen } from './answers-seen.ts';
import { certainty, rounded, samplingCaveat, scoreOver } from './certainty.ts';
import { isOutage } from './outage.ts';
import { knownThoughFailed, reachedReads } from './reached.ts';

/*
 * Who looks for services asks many ports of few hosts, or few ports of many hosts, and most of what is asked is refused or not there.
 *
 * Many ports alone are no scan: answers of a server on a high port go to any port, FTP and RTP change ports all the time, peer-to-peer
 * programs have one port a peer, a NAT gateway does all of it at once. What sets a scan apart is both together: *the shape* (ports per
 * host, or hosts per port) and *that it fails*. Failing shows in three ways, the surest first:
 *
 * - SYN without ACK: the source never made a connection (connect scans of closed ports, SYN scans of all). Those that the other end did
 *   accept are taken off where its answers are seen: load balancers check their servers half open.
 * - RST and ICMP unreachable that come back: FIN, NULL, Xmas, ACK and UDP scans have no SYN.
 * - Small flows that nothing answers: what firewalls drop. Only where answers are seen otherwise, and where nothing is sampled.
 *
 * Monitoring asks each host for several services, of which some hosts do not have some. A host that was reached by one service is known, and
 * does not count as not reached for another; of own sources, whose pairs are there, that is seen. While a window still takes flows it is
 * not seen yet: then most flows to more than one port must fail.
 *
 * With sampling, a SYN that was seen alone is no failure, for the rest of its connection was only not seen; but of connections that come
 * about one packet in ten is a SYN, of a scan all are. So then nearly all contacts must be such.
 */

const parameters = {
  ports: {
    default: 20,
    unit: 'ports/min',
    threshold: true,
    least: 5,
    doc: 'More distinct ports than this in a minute, of few hosts, are a vertical scan. Programs talk to less than ten ports of a host.',
  },
  hosts: {
    default: 20,
    unit: 'hosts/min',
    threshold: true,
    least: 5,
    doc: 'More distinct hosts than this in a minute that were not reached, on few ports, are a horizontal scan.',
  },
  syns: {
    default: 100,
    unit: 'SYN/min',
    threshold: true,
    least: 20,
    doc: 'More half-open connections than this in a minute, over more than `ports` ports: the scan is graver, and the shape may be less clear.',
  },
  failed_share: {
    default: 0.5,
    unit: 'ratio',
    most: 1,
    doc: 'So much of what was asked must fail: crawlers and resolvers fail in one of ten, scans in nine of ten.',
  },
} as const;

type PortScanValues = Values<typeof parameters>;

const SAMPLED_FAILED_SHARE = 0.7;
const EARLY_FAILED_SHARE = 0.8;
const SAMPLED_LEAST_RECORDS = 20;
/** Ports for each host, or hosts for each port, from which on the shape is that of a scan. */
const VERTICAL_SHAPE = 2;
const HORIZONTAL_SHAPE = 4;
/** Flows for each host and each port: of all ports of a block of hosts. A peer-to-peer program has one or two. */
const BLOCK_SHAPE = 5;
/** Packets of a probe, retries with it; and the share of flows that are not over 256 octets. */
const PROBE_PACKETS = 3;
const PROBE_SHARE = 0.8;
const STUB_PACKETS = 1.5;
const ANSWERS_SEEN = 0.5;
/** traceroute's UDP ports. */
const TRACEROUTE_FIRST = 33_434;
const TRACEROUTE_LAST = 33_534;
/** Ports or hosts in a window, of the minute's threshold: a sixth of it on the average. */
const LEAST_ASKED = 4;
/** Own hosts fail to reach the web outside for many reasons: a firewall, IPv6 without a route. Then it takes so many times more. */
const WEB_FACTOR = 3;
const web = new Set([80, 443]);
const MANY = 1000;
const MOST_LISTED = 32;

/** What a host did in a minute. */
interface Minute {
  readonly host: Entity;
  readonly own: boolean;
  readonly rate: number;
  readonly records: number;
  readonly ports: number;
  readonly keptPorts: readonly number[];
  readonly contacts: number;
  readonly contactFlows: number;
  /** Half-open flows that were not accepted. */
  readonly half: number;
  /** Refused by RST or ICMP, as flows; of biflows, TCP of a packet each way: that is no connection. */
  readonly refused: number;
  readonly unanswered: number;
  readonly halfAccepted: number;
  /** Whether its flows are as small as probes. */
  readonly small: boolean;
  readonly back: Entity;
}

function minuteOf(step: Step, row: number): Minute {
  const host = step.entity('source', row);
  const back = step.entityOf('destination', host.key);
  const hashes = host.hashes('ports');
  const flows = host.sum('flows');
  const contactFlows = host.sum('contact_flows');
  const syn = host.sum('syn_flows');
  const failed = host.sum('failed_flows');
  const answers = Math.max(0, back.sum('flows') - back.sum('contact_flows'));
  const refusedFlows = back.sum('refused_flows');
  const unreachable = back.sum('unreachable_flows');
  const accepted = Math.max(0, answers - refusedFlows - unreachable);
  // Accepted beyond what the host itself went on with: half-open connections that were accepted.
  const halfAccepted = Math.min(syn, Math.max(0, accepted - Math.max(0, contactFlows - syn)));
  const sizes = host.histogram('size_histogram');
  const packets = host.sum('packets');
  const answered = host.sum('answered_flows');
  const tcpPackets = packets - host.sum('udp_packets') - host.sum('icmp_packets') - host.sum('other_packets');
  const stubs =
    tcpPackets >= PROBE_SHARE * packets &&
    packets <= STUB_PACKETS * flows &&
    host.sum('packets_back') <= STUB_PACKETS * flows;
  return {
    host,
    back,
    own: (host.bits('internal') & 1) === 1,
    rate: host.most('sampling_rate'),
    records: host.sum('records'),
    ports: host.distinct('ports'),
    keptPorts: keptPorts(hashes),
    contacts: host.distinct('contacts'),
    contactFlows,
    half: Math.max(0, failed - halfAccepted),
    halfAccepted,
    refused: refusedFlows + unreachable + (stubs && syn < contactFlows / 2 ? answered : 0),
    unanswered: Math.max(0, contactFlows - answered - answers),
    small: packets <= PROBE_PACKETS * flows && (sizes[0] ?? 0) + (sizes[1] ?? 0) >= PROBE_SHARE * flows,
  };
}

function start(settings: (tenant: string) => PortScanValues): RunningDetector {
  return {
    detect(step, _usual, report) {
      const rows = step.rows('source');
      const { failed_flows: failed } = rows.numbers;
      const { ports, contacts } = rows.distincts;
      const kept = (ends: Uint32Array, row: number): number => ends[row]! - (row === 0 ? 0 : ends[row - 1]!);
      for (let row = 0; row < rows.rows; row++) {
        if (rows.rest[row] === 1) continue;
        // A look at each host that fails at anything; at those that nobody answers if they ask more than a little.
        if (
          failed[row] === 0 &&
          (step.early || (kept(ports!.ends, row) < LEAST_ASKED && kept(contacts!.ends, row) < LEAST_ASKED))
        )
          continue;
        look(step, row, settings(step.tenant('source', row)), report);
      }
    },
  };
}

function look(step: Step, row: number, values: PortScanValues, report: Report): void {
  const host = step.entity('source', row);
  if (host.distinct('ports') <= values.ports && host.distinct('contacts') <= values.hosts) return;
  const minute = minuteOf(step, row);
  if (minute.rate > 1 && minute.records < SAMPLED_LEAST_RECORDS) return;
  const vertical = verticalOf(step, minute, values);
  if (vertical !== undefined) report(vertical);
  else {
    const horizontal = horizontalOf(step, minute, values);
    if (horizontal !== undefined) report(horizontal);
  }
}

/** Flows of a minute that failed, by what can be relied on. */
function failuresOf(step: Step, minute: Minute): number {
  const { half, refused, unanswered, small, rate } = minute;
  if (step.early) return half;
  if (rate > 1) return Math.max(half, refused);
  return Math.max(
    half,
    refused,
    small && unanswered > 0 && seesAnswers(step, minute) ? refused + unanswered : 0,
  );
}

function seesAnswers(step: Step, { host, own }: Minute): boolean {
  return (answersSeen(step, host.tenant, own, host.key) ?? 1) >= ANSWERS_SEEN;
}

function verticalOf(step: Step, minute: Minute, values: PortScanValues): Finding | undefined {
  const { ports, contacts, contactFlows, rate } = minute;
  if (ports <= values.ports || isTraceroute(minute.keptPorts)) return undefined;
  const failures = failuresOf(step, minute);
  const share = step.early ? Math.max(EARLY_FAILED_SHARE, values.failed_share) : values.failed_share;
  const fails = failures >= share * ports && (rate <= 1 || failures >= SAMPLED_FAILED_SHARE * contactFlows);
  if (!fails) return undefined;
  const few = ports >= VERTICAL_SHAPE * contacts;
  const block =
    ports * HORIZONTAL_SHAPE > contacts &&
    failures >= BLOCK_SHAPE * Math.max(ports, contacts) &&
    failures >= share * contactFlows;
  if (few || block)
    return verticalFinding(
      minute,
      ports,
      failures,
      values,
      few ? undefined : contacts,
      onlyOneOf(step, minute),
    );
  const one = minute.own && rate <= 1 ? mostAskedOf(step, minute.host) : undefined;
  if (one === undefined || one.ports.size <= values.ports) return undefined;
  return verticalFinding(minute, one.ports.size, one.ports.size, values, undefined, one);
}

interface Asked {
  readonly address: string;
  readonly ports: Set<number>;
}

/** Whom it asked, where it was one host and a row tells which has that hash. */
function onlyOneOf(step: Step, { host, contacts, keptPorts }: Minute): Asked | undefined {
  if (contacts !== 1) return undefined;
  const address = step.addressOf(host.hashes('contacts')[0]!);
  return address === undefined ? undefined : { address, ports: new Set(keptPorts) };
}

/** Of an own host: which other host it failed to reach on most ports. */
function mostAskedOf(step: Step, host: Entity): Asked | undefined {
  const asked = new Map<string, Asked>();
  let most: Asked | undefined;
  for (const pair of step.pairsOf(host, 'source', MOST_WINDOWS_BACK)) {
    const failed = pair.sum('failed_flows');
    if (failed === 0 || failed < pair.sum('flows') / 2) continue;
    const address = pair.address('destination_ip');
    const of = asked.get(address) ?? { address, ports: new Set<number>() };
    of.ports.add(pair.number('port'));
    asked.set(address, of);
    if (most === undefined || of.ports.size > most.ports.size) most = of;
  }
  return most;
}

function isTraceroute(ports: readonly number[]): boolean {
  const within = ports.filter((port) => port >= TRACEROUTE_FIRST && port <= TRACEROUTE_LAST);
  return within.length >= 0.8 * ports.length;
}

function horizontalOf(step: Step, minute: Minute, values: PortScanValues): Finding | undefined {
  const { host, ports, contacts, rate, halfAccepted, half, refused, contactFlows } = minute;
  if (contacts <= values.hosts || ports * HORIZONTAL_SHAPE > contacts) return undefined;
  const share = Math.max(
    values.failed_share,
    rate > 1 ? SAMPLED_FAILED_SHARE : 0,
    step.early ? EARLY_FAILED_SHARE : 0,
  );
  const several = ports > 1;
  if (step.early && several && half < share * contactFlows) return undefined;
  const known = several && minute.own ? knownThoughFailed(step, host) : 0;
  const halfHosts = halfAccepted > half ? 0 : host.distinct('failed_contacts') - known;
  const soft = !step.early && rate <= 1;
  const refusedHosts = soft && minute.small ? contacts * Math.min(1, refused / contactFlows) : 0;
  const silentHosts =
    soft && minute.small && seesAnswers(step, minute)
      ? // Biflows bring their answers along: then nobody sends anything by itself, and only the count tells.
        Math.min(
          minute.unanswered,
          distinctWithout(host.hashes('contacts'), minute.back.hashes('sources'), DISTINCT_KEPT),
        )
      : 0;
  const failed = Math.max(halfHosts, refusedHosts, silentHosts);
  const toWeb =
    minute.own && (host.bits('internal') & 2) === 0 && minute.keptPorts.every((port) => web.has(port));
  const threshold = toWeb ? WEB_FACTOR * values.hosts : values.hosts;
  if (failed <= threshold || failed < share * contacts) return undefined;
  if (isOutage(step, host.tenant)) return undefined;
  return horizontalFinding(minute, failed, threshold, values);
}

function verticalFinding(
  minute: Minute,
  ports: number,
  failures: number,
  values: PortScanValues,
  hosts: number | undefined,
  one?: Asked,
): Finding {
  const { host, own, contacts, rate, records } = minute;
  const source = host.address('source_ip');
  const listed = one === undefined ? minute.keptPorts : [...one.ports].sort((a, b) => a - b);
  const grave = ports > MANY || host.sum('syn_flows') > values.syns;
  const of =
    one !== undefined
      ? one.address
      : hosts !== undefined || contacts > 1
        ? `${rounded(contacts)} hosts`
        : 'one host';
  const caveat = samplingCaveat(records, rate);
  return {
    type: 'port_scan_vertical',
    tenant: host.tenant,
    entity: source,
    severity: own ? (grave ? 'high' : 'medium') : grave ? 'medium' : 'low',
    score: scoreOver(ports, values.ports) * certainty(records, rate),
    title: `${source} scans ports: ${rounded(ports)} ports of ${of} in a minute`,
    description:
      `${source} asked ${rounded(ports)} ports of ${of} within a minute, and ${rounded(failures)} of its flows were refused or not ` +
      `answered. ${whose(own)} A vulnerability scanner or an inventory does the same: exclude it where it is yours.`,
    source,
    ...(one === undefined ? {} : { destination: one.address }),
    metric: 'ports_per_minute',
    value: ports,
    baseline: 0,
    threshold: values.ports,
    technique: 'T1046',
    flowFilter:
      one === undefined
        ? `source_ip = ${source}`
        : `source_ip = ${source} and destination_ip = ${one.address}`,
    evidence: {
      measures: measuresOf(minute),
      ports: listed.slice(0, MOST_LISTED),
      ...(caveat === undefined ? {} : { caveat }),
      parameters: { ports: values.ports, failed_share: values.failed_share },
    },
  };
}

function horizontalFinding(
  minute: Minute,
  failed: number,
  threshold: number,
  values: PortScanValues,
): Finding {
  const { host, own, rate, records, ports, keptPorts: list } = minute;
  const source = host.address('source_ip');
  const on = list.filter((port) => port > 0);
  const where = on.length === 0 ? 'by ping' : `on port ${on.slice(0, 5).join(', ')}`;
  const caveat = samplingCaveat(records, rate);
  return {
    type: 'port_scan_horizontal',
    tenant: host.tenant,
    entity: source,
    severity: own ? (failed > 5 * threshold ? 'high' : 'medium') : 'low',
    score: scoreOver(failed, threshold) * certainty(records, rate),
    title: `${source} sweeps the network: ${rounded(failed)} hosts not reached ${where} in a minute`,
    description:
      `${source} contacted ${rounded(minute.contacts)} hosts ${where} within a minute; ${rounded(failed)} of them refused or did not ` +
      `answer. ${whose(own)} Pollers whose list is out of date look alike, but fail at less.`,
    source,
    ...(ports === 1 && on.length === 1 ? { port: on[0]! } : {}),
    metric: 'failed_hosts_per_minute',
    value: failed,
    baseline: 0,
    threshold,
    technique: 'T1046',
    flowFilter:
      on.length > 0 && on.length < DISTINCT_KEPT / 4
        ? `source_ip = ${source} and destination_port in (${on.join(', ')})`
        : `source_ip = ${source}`,
    evidence: {
      measures: measuresOf(minute),
      ports: list.slice(0, MOST_LISTED),
      ...(caveat === undefined ? {} : { caveat }),
      parameters: { hosts: values.hosts, failed_share: values.failed_share },
    },
  };
}

function whose(own: boolean): string {
  return own
    ? 'It is an own host: find out who works there, or what runs on it.'
    : 'It comes from outside: see whether any of its connections came about.';
}

function measuresOf(minute: Minute): { name: string; value: number; unit: string }[] {
  return [
    { name: 'ports', value: minute.ports, unit: 'ports/min' },
    { name: 'hosts', value: minute.contacts, unit: 'hosts/min' },
    { name: 'contacts', value: minute.contactFlows, unit: 'flows/min' },
    { name: 'half_open', value: minute.half, unit: 'flows/min' },
    { name: 'refused', value: minute.refused, unit: 'flows/min' },
    { name: 'unanswered', value: minute.unanswered, unit: 'flows/min' },
  ];
}

export const portScan: Detector<typeof parameters> = {
  name: 'port_scan',
  title: 'Port scan',
  types: ['port_scan_vertical', 'port_scan_horizontal'],
  doc:
    'Many ports of few hosts, or few ports of many hosts, asked within a minute, of which most are refused or not answered. Counts distinct ports ' +
    'and hosts over six windows; failing is a SYN that led to no connection, an RST or ICMP unreachable that came back, or, where answers are ' +
    'seen otherwise and nothing is sampled, a small flow without answer. Programs with one port a peer, servers, gateways and pollers differ in ' +
    'shape or succeed. Many own hosts failing at once are an outage and no scan.',
  parameters,
  reads: {
    source: [
      'records',
      'flows',
      'packets',
      'packets_back',
      'udp_packets',
      'icmp_packets',
      'other_packets',
      'contact_flows',
      'answered_flows',
      'syn_flows',
      'failed_flows',
      'sampling_rate',
      'internal',
      'size_histogram',
      'contacts',
      'failed_contacts',
      'ports',
    ],
    destination: ['flows', 'contact_flows', 'refused_flows', 'unreachable_flows', 'sources'],
    pair: reachedReads,
  },
  windowsBack: MOST_WINDOWS_BACK,
  early: true,
  usesUsual: false,
  start,
};
