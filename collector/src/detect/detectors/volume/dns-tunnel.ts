import type { Usual } from '../../baselines/usual.ts';
import type { Detector, Report, RunningDetector, Values } from '../../detector.ts';
import { MOST_WINDOWS_BACK, type Step } from '../../step.ts';
import {
  dnsReads,
  isAsked,
  isOneSocket,
  questionsSeen,
  serversOf,
  sizeLimits,
  tunnelOf,
  usualTunnelLimits,
} from './dns-use.ts';
import { samplingCaveat, scoreOf } from './gravity.ts';
import { bytesText, countText } from './quantities.ts';
import { valuesByRow } from './tenant-values.ts';

/*
 * Why it works: a tunnel carries its data in names and in the records that answer. Names hold 255 octets at most, so that it needs many
 * questions, and fills each: questions of 150 to 300 octets where ordinary ones have 60 to 100, or answers of 500 to 1,400 where
 * ordinary ones have 100 to 250 (octets of the IP packet). iodine, where it reaches its server, sends raw packets to
 * port 53, which are larger still than any question can be. And it lasts, with one server or by one resolver.
 *
 * What it carries may be small: keys as they are typed, pages that were compressed. Then its questions have 100 to 150 octets on average.
 * So have those of many an honest program; but such take a new port for each name (RFC 5452, section 9.2), and a tunnel (iodine, dnscat2,
 * dns2tcp) has one socket for all. Who asks five times a second out of one port, for long, is told from 100 octets on (answers: 300).
 *
 * A socket's questions are one flow, which is told of when it ends, or once in a minute or half an hour: then they all stand in one
 * window. That it was no burst is known of the flow's duration, and of what lasted longer a minute's part is counted.
 *
 * What looks alike, and how it is told:
 * - DNSSEC, DKIM, SPF, large SRV sets: large answers, but few; the mean over a minute of many stays low;
 * - reverse lookups of IPv6, block lists: questions of up to 140 octets;
 * - reputation services of virus scanners: questions of 100 to 200, in bursts; what is usual for the host, once that is known;
 * - resolvers and forwarders: their questions are others’, who are looked at themselves;
 * - zone transfers: TCP, which is not looked at; nor can DNS over HTTPS be.
 *
 * - small devices (lwIP's resolver) and forwarders with a fixed port: one socket too, but ordinary names; or few of them.
 *
 * A tunnel that idles sends some 15 ordinary questions a minute out of one port, as do such devices: nothing tells it from them. Regular
 * ones are for `beaconing`. Where only what a resolver asks outside is seen, tunnels through it have a port for each question and are
 * told by size alone: reputation services send thousands of 130 octets to one server as well.
 */
const parameters = {
  queries_per_minute: {
    default: usualTunnelLimits.queries_per_minute,
    unit: 'queries/min',
    threshold: true,
    least: 10,
    doc: 'Questions a minute to one server, from where on their size is looked at: a tunnel in use asks without pause.',
  },
  query_bytes: {
    default: usualTunnelLimits.query_bytes,
    unit: 'bytes',
    doc: 'Mean octets of a question’s packet, from where on it carries data.',
  },
  answer_bytes: {
    default: usualTunnelLimits.answer_bytes,
    unit: 'bytes',
    doc: 'Mean octets of an answer’s packet, from where on it carries data.',
  },
  bytes_per_minute: {
    default: usualTunnelLimits.bytes_per_minute,
    unit: 'bytes/min',
    doc: 'Both ways together, at least.',
  },
  socket_queries_per_minute: {
    default: usualTunnelLimits.socket_queries_per_minute,
    unit: 'queries/min',
    threshold: true,
    least: 60,
    doc:
      'Questions a minute out of one port to one server, from where on less size is needed. What only tries again after each failure asks ' +
      'once or twice a second.',
  },
  socket_query_bytes: {
    default: usualTunnelLimits.socket_query_bytes,
    unit: 'bytes',
    doc: 'Mean octets of a question’s packet for those.',
  },
  socket_answer_bytes: {
    default: usualTunnelLimits.socket_answer_bytes,
    unit: 'bytes',
    doc: 'Mean octets of an answer’s packet for those.',
  },
} as const;

type P = typeof parameters;
const BEYOND_USUAL = 1.5;

export const dnsTunnel: Detector<P> = {
  name: 'dns_tunnel',
  title: 'DNS tunnel',
  types: ['dns_tunnel'],
  doc:
    'A host exchanges many questions or answers with one DNS server that are, on average over a minute, too large to be names and what they ' +
    'stand for; or somewhat large, and all out of one port.',
  parameters,
  reads: dnsReads,
  windowsBack: MOST_WINDOWS_BACK,
  early: false,
  start: (settings) => new RunningDnsTunnel(settings),
};

class RunningDnsTunnel implements RunningDetector {
  private readonly settings: (tenant: string) => Values<P>;

  constructor(settings: (tenant: string) => Values<P>) {
    this.settings = settings;
  }

  detect(step: Step, usual: Usual, report: Report): void {
    const rows = step.rows('source');
    const { dns_queries: queries, internal } = rows.numbers;
    const values = valuesByRow(step, 'source', this.settings);
    for (let row = 0; row < rows.rows; row++) {
      // Of what takes a minute to come together, the current window has its part.
      if (rows.rest[row] === 1 || queries[row] === 0 || (internal[row]! & 1) === 0) continue;
      const v = values(row);
      if (queries[row]! < v.queries_per_minute / MOST_WINDOWS_BACK / 4) continue;
      const host = step.entity('source', row);
      if (host.sum('dns_queries') < v.queries_per_minute || isAsked(step, host)) continue;
      const tunnel = tunnelOf(step, serversOf(step, host), v);
      if (tunnel === undefined) continue;
      const known = usual.of(step, 'source', row, 'dns_queries');
      const rate = host.sum('dns_queries');
      if (!known.learning && rate < BEYOND_USUAL * known.high * 60) continue;
      const { pair, sizes } = tunnel;
      const source = pair.address('source_ip');
      const server = pair.address('destination_ip');
      const query = sizes.queryBytes / sizes.queries;
      const answer = sizes.answers === 0 ? 0 : sizes.answerBytes / sizes.answers;
      const limits = sizeLimits(sizes, pair, v);
      const byQuery = query / limits.query >= answer / limits.answer;
      const times = byQuery ? query / limits.query : answer / limits.answer;
      const caveat = samplingCaveat(pair, MOST_WINDOWS_BACK);
      report({
        type: 'dns_tunnel',
        tenant: pair.tenant,
        entity: `${source} → ${server}`,
        severity: 'high',
        score: scoreOf(
          times + sizes.queries / v.queries_per_minute / 10,
          questionsSeen(pair),
          pair.most('sampling_rate'),
        ),
        title:
          `${source} likely tunnels by DNS through ${server}: ${countText(sizes.queries)} queries/min of ` +
          `${countText(query)} bytes` +
          (answer > 0 ? `, answers of ${countText(answer)} bytes` : ''),
        description:
          `In a minute ${bytesText(sizes.queryBytes)} were asked and ${bytesText(sizes.answerBytes)} answered; questions usually have ` +
          '60 to 100 bytes, answers 100 to 250. ' +
          (isOneSocket(pair) ? 'All come out of one port, where programs take another for each name. ' : '') +
          'Look at the names that it asks for: of a tunnel they are long and under one domain.',
        source,
        destination: server,
        protocol: 17,
        port: 53,
        metric: byQuery ? 'mean_query_bytes' : 'mean_answer_bytes',
        value: byQuery ? query : answer,
        baseline: 0,
        threshold: byQuery ? limits.query : limits.answer,
        technique: 'T1572',
        flowFilter: `host = ${source} and host = ${server} and protocol = udp and port = 53`,
        evidence: {
          measures: [
            { name: 'queries', value: sizes.queries, unit: 'queries/min' },
            { name: 'query_bytes', value: sizes.queryBytes, unit: 'bytes/min' },
            { name: 'answers', value: sizes.answers, unit: 'answers/min' },
            { name: 'answer_bytes', value: sizes.answerBytes, unit: 'bytes/min' },
          ],
          contributors: [
            {
              source_ip: source,
              destination_ip: server,
              protocol: 17,
              destination_port: 53,
              value: byQuery ? query : answer,
            },
          ],
          ...(caveat === undefined ? {} : { caveat }),
          parameters: { query_bytes: limits.query, answer_bytes: limits.answer },
        },
      });
    }
  }
}
