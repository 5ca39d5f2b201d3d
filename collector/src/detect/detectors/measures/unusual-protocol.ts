import type { AnomalyContributor } from '@weir/core/anomalies';
import { WINDOW_SECONDS } from '@weir/core/windows';
import type { Detector, Report, RunningDetector, Values } from '../../detector.ts';
import { type Entity, MOST_WINDOWS_BACK, type Step } from '../../step.ts';
import { caveatOf, certaintyOf } from './certainty.ts';
import { learnMinutes } from './habits.ts';
import { joined, protocolName, serviceName, tenantFilter } from './what.ts';

/*
 * An IP protocol that this network has never or hardly ever used, with more than a probe's traffic: a tunnel that passes the firewall (GRE,
 * IPIP, ESP, 6in4), SCTP where there is no telephony, a protocol of nobody's. And services below port 512 over TCP that were never used in days.
 *
 * What looks alike:
 * - Ports above: any program takes one, and a new high port is no protocol. Clients of NFS and rsh take source ports from 512 to 1023.
 * - Scans touch all protocols and ports, with a packet each: there is a least volume, and several services at once are a scan.
 * - Routers' own protocols (OSPF, VRRP, IGMP, PIM) send a little always: what was there in the learning time is usual, however little.
 * - Fragments and extension headers are no protocols; protocol 0 is what an exporter does not say.
 * - What stays becomes usual: after six hours of use in all.
 */

const TCP = 6;
/** Hop-by-hop options (or not known), TCP, UDP, ICMP, routing and fragment headers, ICMPv6, no next header, destination options. */
const NOT_UNUSUAL: readonly number[] = [0, 1, TCP, 17, 43, 44, 58, 59, 60];
/** That carry others: MITRE ATT&CK T1572, protocol tunneling. Of the rest: T1095, non-application layer protocol. */
const TUNNELS: readonly number[] = [4, 41, 47, 50, 94, 97, 98, 115, 137];
const LAST_SERVICE = 511;
const MOST_NEW_SERVICES = 3;
const MOST_TENANTS = 1024;
const HOUR = 3600;
const WINDOWS_AN_HOUR = HOUR / WINDOW_SECONDS;

const parameters = {
  least_bytes: {
    default: 100_000,
    unit: 'bytes/min',
    threshold: true,
    doc: 'Octets of a protocol in a minute that are more than a probe.',
  },
  least_packets: {
    default: 100,
    unit: 'packets/min',
    threshold: true,
    doc: 'Or packets: of small ones a hundred a minute.',
  },
  least_records: {
    default: 3,
    unit: 'records/min',
    least: 1,
    doc: 'Records that this must rest on where traffic is sampled.',
  },
  usual_hours: {
    default: 6,
    unit: 'h',
    least: 1,
    doc: 'Hours of use, in all, after which a protocol is usual.',
  },
  least_service_bytes: {
    default: 1e6,
    unit: 'bytes/min',
    threshold: true,
    doc: 'Octets of a TCP service in a minute that are more than a scan.',
  },
  service_learn_hours: {
    default: 72,
    unit: 'h',
    least: 1,
    doc: 'Services are told only after the network was watched for so long: there are many that are used once a day.',
  },
  learn_minutes: learnMinutes,
} as const;

type P = typeof parameters;

interface Known {
  /** Windows of the tenant that were learnt. */
  windows: number;
  /** Windows in which a protocol (by its number) or a TCP service (1000 and its port) was seen; -1 where it was in the learning time. */
  readonly seen: Map<number, number>;
  last: number;
}

interface Use {
  readonly tenant: string;
  readonly protocol: number;
  /** 0 for a protocol as a whole. */
  readonly port: number;
  bytes: number;
  packets: number;
  flows: number;
  records: number;
  rate: number;
  contacts: number;
}

const SERVICE = 1000;
const FROM_THE_BEGINNING = -1;

class RunningUnusualProtocol implements RunningDetector {
  private readonly settings: (tenant: string) => Values<P>;
  private readonly known = new Map<string, Known>();

  constructor(settings: (tenant: string) => Values<P>) {
    this.settings = settings;
  }

  detect(step: Step, _usual: unknown, report: Report): void {
    const services = new Map<string, Use[]>();
    for (const use of usesOf(step)) {
      const values = this.settings(use.tenant);
      const known = this.known.get(use.tenant);
      if (known === undefined || known.windows < values.learn_minutes * 6) continue;
      const before = known.seen.get(codeOf(use)) ?? 0;
      if (before === FROM_THE_BEGINNING || before >= values.usual_hours * WINDOWS_AN_HOUR) continue;
      // A tunnel is one flow, and thus a record or two, however many packets were picked of it.
      if (use.rate > 1 && Math.max(use.records, use.packets / use.rate) < values.least_records) continue;
      if (use.port === 0) {
        if (use.bytes >= values.least_bytes || use.packets >= values.least_packets)
          reportUse(use, before, step, values, report);
        continue;
      }
      if (known.windows < values.service_learn_hours * WINDOWS_AN_HOUR) continue;
      // A service is spoken with: a scan and a flood have a packet or two a flow.
      if (use.bytes < values.least_service_bytes || use.packets < 4 * use.flows || use.contacts === 0)
        continue;
      const of = services.get(use.tenant) ?? [];
      of.push(use);
      services.set(use.tenant, of);
    }
    for (const [tenant, uses] of services)
      if (uses.length <= MOST_NEW_SERVICES)
        for (const use of uses)
          reportUse(
            use,
            this.known.get(tenant)!.seen.get(codeOf(use)) ?? 0,
            step,
            this.settings(tenant),
            report,
          );
  }

  learn(step: Step): void {
    const rows = step.rows('tenant');
    for (let row = 0; row < rows.rows; row++) {
      if (rows.rest[row] === 1) continue;
      const tenant = step.tenant('tenant', row);
      let known = this.known.get(tenant);
      if (known === undefined) {
        if (this.known.size >= MOST_TENANTS) continue;
        this.known.set(tenant, (known = { windows: 0, seen: new Map(), last: 0 }));
      }
      known.windows++;
      known.last = step.end;
    }
    for (const use of usesOf(step)) {
      const known = this.known.get(use.tenant);
      if (known === undefined) continue;
      const values = this.settings(use.tenant);
      const code = codeOf(use);
      const before = known.seen.get(code) ?? 0;
      const learning =
        known.windows <=
        (use.port === 0 ? values.learn_minutes * 6 : values.service_learn_hours * WINDOWS_AN_HOUR);
      // What a scan has touched is not used.
      const isUsed = use.port === 0 || (use.packets >= 4 * use.flows && use.bytes >= 1000);
      if (!isUsed || before === FROM_THE_BEGINNING) continue;
      known.seen.set(code, learning ? FROM_THE_BEGINNING : before + 1);
    }
  }

  save(): unknown {
    return [...this.known].map(([tenant, { windows, seen, last }]) => [tenant, windows, [...seen], last]);
  }

  load(saved: unknown): void {
    if (!Array.isArray(saved)) return;
    for (const one of saved as readonly unknown[]) {
      if (!Array.isArray(one)) continue;
      const [tenant, windows, seen, last] = one as [unknown, unknown, unknown, unknown];
      if (typeof tenant !== 'string' || typeof windows !== 'number' || typeof last !== 'number') continue;
      if (!Array.isArray(seen)) continue;
      this.known.set(tenant, { windows, seen: new Map(seen as [number, number][]), last });
    }
  }

  counts(): { entities: number; learning: number } {
    const all = [...this.known];
    return {
      entities: all.length,
      learning: all.filter(([tenant, { windows }]) => windows < this.settings(tenant).learn_minutes * 6)
        .length,
    };
  }
}

function codeOf({ protocol, port }: Use): number {
  return port === 0 ? protocol : SERVICE + port;
}

/** What could be unusual in the current window, over the minute: applications of a protocol together. */
function usesOf(step: Step): Use[] {
  const rows = step.rows('service');
  const uses = new Map<string, Use>();
  for (let row = 0; row < rows.rows; row++) {
    if (rows.rest[row] === 1) continue;
    const protocol = rows.keys.protocol![row]!;
    const port = protocol === TCP ? rows.keys.port![row]! : 0;
    if (protocol === TCP ? port === 0 || port > LAST_SERVICE : NOT_UNUSUAL.includes(protocol)) continue;
    const entity = step.entity('service', row);
    const { tenant } = entity;
    const key = `${tenant}\n${protocol}/${port}`;
    let use = uses.get(key);
    if (use === undefined)
      uses.set(
        key,
        (use = { tenant, protocol, port, bytes: 0, packets: 0, flows: 0, records: 0, rate: 1, contacts: 0 }),
      );
    use.bytes += entity.sum('bytes');
    use.packets += entity.sum('packets') + entity.sum('packets_back');
    use.flows += entity.sum('flows');
    use.records += entity.sum('records');
    use.contacts += entity.sum('contact_flows');
    use.rate = Math.max(use.rate, entity.most('sampling_rate'));
  }
  return [...uses.values()];
}

/** The pairs that use it most, of the pairs that windows have: the largest first. */
function pairsOf({ tenant, protocol, port }: Use, step: Step): AnomalyContributor[] {
  const found = new Map<string, Entity>();
  for (let back = 0; back < MOST_WINDOWS_BACK; back++) {
    const rows = step.rowsBack('pair', back);
    for (let row = 0; row < (rows?.rows ?? 0); row++) {
      if (rows!.rest[row] === 1 || rows!.keys.protocol![row] !== protocol) continue;
      if (port > 0 && rows!.keys.port![row] !== port) continue;
      const pair = step.entityBack('pair', back, row)!;
      if (pair.tenant === tenant && found.size < 1000) found.set(pair.key.join(), pair);
    }
  }
  return [...found.values()]
    .map((pair) => ({
      source_ip: pair.address('source_ip'),
      destination_ip: pair.address('destination_ip'),
      value: pair.sum('bytes'),
    }))
    .sort((a, b) => b.value - a.value || (a.source_ip < b.source_ip ? -1 : 1))
    .slice(0, 5);
}

function reportUse(use: Use, before: number, step: Step, values: Values<P>, report: Report): void {
  const { tenant, protocol, port, bytes, packets, records, rate } = use;
  const name = port === 0 ? protocolName(protocol).toUpperCase() : serviceName(protocol, port, '');
  const contributors = pairsOf(use, step);
  const [first] = contributors;
  const alone = first !== undefined && first.value >= 0.8 * bytes;
  const tunnel = TUNNELS.includes(protocol);
  const caveat = caveatOf(rate, records);
  const ends = alone ? `, ${first.source_ip!} → ${first.destination_ip!}` : '';
  report({
    type: 'unusual_protocol',
    tenant,
    entity: port === 0 ? protocolName(protocol) : name,
    severity: port > 0 ? 'low' : tunnel ? 'medium' : 'low',
    score: certaintyOf(rate, records) * (port > 0 ? 0.55 : before === 0 ? 0.8 : 0.65),
    title: `${name} is new in this network: ${size(bytes)} in a minute${ends}`,
    description:
      (before === 0
        ? 'It was never seen here before'
        : `It was seen here for ${Math.ceil(before / 6)} minutes in all`) +
      `, in ${Math.round(packets)} packets of the last minute. ` +
      (tunnel
        ? 'It carries other traffic, past what firewalls look at: ask whose tunnel it is.'
        : 'Ask whose it is; a new product or an upgrade may have brought it.'),
    ...(alone ? { source: first.source_ip!, destination: first.destination_ip! } : {}),
    protocol,
    ...(port > 0 ? { port } : {}),
    metric: 'bytes_per_minute',
    value: bytes,
    baseline: 0,
    threshold: port > 0 ? values.least_service_bytes : values.least_bytes,
    technique: tunnel ? 'T1572' : 'T1095',
    flowFilter: joined(`protocol = ${protocol}`, port > 0 ? `service = ${port}` : '', tenantFilter(tenant)),
    evidence: {
      measures: [
        { name: 'packets', value: packets, unit: 'packets/min' },
        { name: 'seen_before', value: Math.round(before / 6), unit: 'min' },
      ],
      contributors,
      ...(caveat === undefined ? {} : { caveat }),
      parameters: { least_bytes: values.least_bytes, least_packets: values.least_packets },
    },
  });
}

function size(bytes: number): string {
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toPrecision(3)} MB` : `${(bytes / 1e9).toPrecision(3)} GB`;
}

export const unusualProtocol: Detector<P> = {
  name: 'unusual_protocol',
  title: 'Unusual protocol',
  types: ['unusual_protocol'],
  doc:
    'An IP protocol other than TCP, UDP and ICMP that was not there in the learning time and has been used for less than six hours since: ' +
    'tunnels first of all. After three days also TCP services below port 512 that were never used.',
  parameters,
  reads: {
    tenant: [],
    service: ['bytes', 'packets', 'packets_back', 'flows', 'records', 'sampling_rate', 'contact_flows'],
    pair: ['bytes'],
  },
  windowsBack: MOST_WINDOWS_BACK,
  early: false,
  start: (settings) => new RunningUnusualProtocol(settings),
};
