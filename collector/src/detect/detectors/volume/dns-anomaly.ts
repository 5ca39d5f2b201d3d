import type { Usual } from '../../baselines/usual.ts';
import type { Detector, Report, RunningDetector, Values } from '../../detector.ts';
import { type Entity, MOST_WINDOWS_BACK, type Step } from '../../step.ts';
import {
  askedOfAll,
  dnsReads,
  isAsked,
  serversOf,
  spreadOf,
  takesMail,
  tunnelOf,
  usualTunnelLimits,
} from './dns-use.ts';
import { samplingCaveat, scoreOf, severityOf } from './gravity.ts';
import { largest } from './senders.ts';
import { countText } from './quantities.ts';
import { valuesByRow } from './tenant-values.ts';

/*
 * Why it works: a client asks for a name, and then talks to what it was told. One that asks and asks and talks to nobody is a program: a
 * domain generator, a tunnel, a flood on the server, or a fault that is worth knowing.
 *
 * Over 100 queries a minute alone is every other page in a browser (a dozen names, three types each). So the minute has to be filled,
 * not begun with a burst, and there are four queries or more for each other contact.
 *
 * What looks alike, and how it is told:
 * - browsing: bursts, and each few queries a contact;
 * - resolvers, forwarders: others ask them; recursive ones ask many servers themselves;
 * - mail servers: mail comes to them. Where their usual is known, that decides instead;
 * - monitoring, crawlers: they talk to what they ask for; and theirs is the same each day: twice the 99th percentile of the hour;
 * - tunnels: `dns_tunnel` tells of them;
 * - devices that ask out of one port all day: their flow is told of once in half an hour, and then a minute's part of it is counted.
 */
const parameters = {
  queries_per_minute: {
    default: 100,
    unit: 'queries/min',
    threshold: true,
    least: 10,
    doc: 'DNS queries of one client in a minute. Ordinary ones ask 5 to 60, and only in bursts more.',
  },
  queries_per_contact: {
    default: 4,
    unit: 'queries/flow',
    doc: 'Queries for each contact of another kind: browsers ask up to three (A, AAAA, HTTPS) and talk to most of what they ask for.',
  },
  servers: {
    default: 8,
    unit: 'hosts',
    doc: 'Who asks so many servers in a minute resolves by itself.',
  },
  times_usual: {
    default: 2,
    unit: 'ratio',
    least: 1,
    doc: 'Where it is known what the host asks at this hour, so many times its 99th percentile.',
  },
} as const;

type P = typeof parameters;
/** The minute is filled: in so many windows there were queries, and not most of them in one. */
const FILLED_WINDOWS = 4;
const FULLEST = 0.6;
/** So many times the threshold nobody browses, in however short a time. */
const FAR_BEYOND = 10;

export const dnsAnomaly: Detector<P> = {
  name: 'dns_anomaly',
  title: 'DNS anomaly',
  types: ['dns_anomaly'],
  doc:
    'A client asks over 100 DNS queries a minute, all through the minute, without talking to what it asks for; and more than it usually ' +
    'asks. Resolvers and mail servers are told by what they do.',
  parameters,
  reads: dnsReads,
  windowsBack: MOST_WINDOWS_BACK,
  early: false,
  start: (settings) => new RunningDnsAnomaly(settings),
};

class RunningDnsAnomaly implements RunningDetector {
  private readonly settings: (tenant: string) => Values<P>;

  constructor(settings: (tenant: string) => Values<P>) {
    this.settings = settings;
  }

  detect(step: Step, usual: Usual, report: Report): void {
    const rows = step.rows('source');
    const { dns_queries: queries, internal } = rows.numbers;
    const values = valuesByRow(step, 'source', this.settings);
    for (let row = 0; row < rows.rows; row++) {
      if (rows.rest[row] === 1 || queries[row] === 0 || (internal[row]! & 1) === 0) continue;
      const v = values(row);
      if (queries[row]! < v.queries_per_minute / MOST_WINDOWS_BACK / 4) continue;
      const host = step.entity('source', row);
      if (host.sum('dns_queries') <= v.queries_per_minute) continue;
      const servers = serversOf(step, host);
      const asked = askedOfAll(host, servers);
      if (asked <= v.queries_per_minute) continue;
      const rate = host.most('sampling_rate');
      if (rate > 1 && asked / rate < 10) continue;
      const known = usual.of(step, 'source', row, 'dns_queries');
      if (!known.learning && asked < v.times_usual * known.high * 60) continue;
      if (!isProgram(host, asked, v) || isAsked(step, host)) continue;
      if (known.learning && takesMail(step, host)) continue;
      const asks = new Set(servers.map((pair) => pair.address('destination_ip'))).size;
      if (asks >= v.servers) continue;
      if (tunnelOf(step, servers, usualTunnelLimits) !== undefined) continue;
      const source = host.address('source_ip');
      const baseline = known.learning ? 0 : known.median * 60;
      const times = asked / v.queries_per_minute;
      const caveat = samplingCaveat(host, MOST_WINDOWS_BACK);
      const first = servers[0]?.address('destination_ip');
      report({
        type: 'dns_anomaly',
        tenant: host.tenant,
        entity: source,
        severity: times >= 100 ? 'high' : severityOf(1, times >= 10 ? 'medium' : 'low'),
        score: scoreOf(times, asked / rate, rate),
        title:
          `${source} asks ${countText(asked)} DNS queries a minute` +
          (first === undefined ? '' : asks === 1 ? ` of ${first}` : ` of ${first} and ${asks - 1} more`) +
          (baseline > 0 ? `; usual is ${countText(baseline)}` : ', and talks to next to nobody'),
        description:
          `Questions come all through the minute, with ${countText(otherContacts(host))} other contacts; the threshold is ` +
          `${countText(v.queries_per_minute)} a minute. A program that tries generated names, a flood on the server, a tunnel at rest, or ` +
          'one that asks again for what is not answered: look at the names.',
        source,
        ...(asks === 1 && first !== undefined ? { destination: first } : {}),
        protocol: 17,
        port: 53,
        metric: 'dns_queries_per_minute',
        value: asked,
        baseline,
        threshold: v.queries_per_minute,
        technique: 'T1071.004',
        flowFilter: `source = ${source} and destination_port = 53`,
        evidence: {
          measures: [
            { name: 'servers', value: asks, unit: 'hosts' },
            { name: 'other_contacts', value: otherContacts(host), unit: 'flows/min' },
          ],
          contributors: largest(
            servers.map((pair) => ({
              source_ip: source,
              destination_ip: pair.address('destination_ip'),
              protocol: pair.number('protocol'),
              destination_port: 53,
              value: pair.sum('dns_queries'),
            })),
          ),
          ...(caveat === undefined ? {} : { caveat }),
          parameters: {
            queries_per_minute: v.queries_per_minute,
            queries_per_contact: v.queries_per_contact,
          },
        },
      });
    }
  }
}

/** Each query is a flow as a rule; where a program asks from one port, there are fewer flows than queries. */
function otherContacts(host: Entity): number {
  return Math.max(0, host.sum('contact_flows') - host.sum('dns_queries'));
}

function isProgram(host: Entity, asked: number, v: Values<P>): boolean {
  if (otherContacts(host) * v.queries_per_contact > asked) return false;
  const { windows, fullest } = spreadOf(host);
  return asked >= FAR_BEYOND * v.queries_per_minute || (windows >= FILLED_WINDOWS && fullest <= FULLEST);
}
