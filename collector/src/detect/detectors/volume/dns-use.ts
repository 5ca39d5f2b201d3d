import { amplifierPorts, keptPorts } from '@weir/core/windows';
import { type Entity, MOST_WINDOWS_BACK, type Step } from '../../step.ts';

/*
 * How a host uses DNS, over the minute that ends with the current window. What both DNS detectors look at, so that they agree on which of
 * them a thing belongs to.
 */

const DNS = 53;
const UDP = 17;
const DNS_BIT = 1 << amplifierPorts.findIndex(({ port }) => port === DNS);
const mailPorts = [25, 465, 587];

/** Reads of the rows that the functions here need. */
export const dnsReads = {
  source: ['dns_queries', 'contact_flows', 'internal', 'sampling_rate', 'records'],
  destination: [
    'dns_queries',
    'dns_answers',
    'dns_answer_bytes',
    'amplified_bytes',
    'amplified_packets',
    'amplifiers',
    'ports',
  ],
  pair: ['dns_queries', 'dns_query_bytes', 'dns_answers', 'dns_answer_bytes', 'sampling_rate', 'records'],
} as const;

/** Pairs of a host with the servers that it asks, the one that it asks most first. */
export function serversOf(step: Step, host: Entity): Entity[] {
  return step
    .pairsOf(host, 'source', MOST_WINDOWS_BACK)
    .filter((pair) => pair.number('port') === DNS && pair.sum('dns_queries') > 0)
    .sort((a, b) => b.sum('dns_queries') - a.sum('dns_queries'));
}

/** Whether others ask it: a resolver or forwarder, whose questions are theirs. */
export function isAsked(step: Step, host: Entity): boolean {
  const asked = step.host('destination', host.tenantId, host.address('source_ip')).sum('dns_queries');
  return asked >= 10 && asked >= 0.05 * host.sum('dns_queries');
}

/** Whether mail is delivered to it: each is looked up in lists, with the sender’s keys and policies. */
export function takesMail(step: Step, host: Entity): boolean {
  const ports = step.host('destination', host.tenantId, host.address('source_ip')).hashes('ports');
  return keptPorts(ports).some((port) => mailPorts.includes(port));
}

/** Windows of the minute in which it asked, and the share of the fullest. */
export function spreadOf(entity: Entity): { windows: number; fullest: number } {
  let windows = 0;
  for (let back = 0; back < MOST_WINDOWS_BACK; back++) if (entity.at('dns_queries', back) > 0) windows++;
  return { windows, fullest: entity.most('dns_queries') / entity.sum('dns_queries') };
}

export interface Sizes {
  readonly queries: number;
  readonly queryBytes: number;
  readonly answers: number;
  readonly answerBytes: number;
}

/**
 * Packets and octets of a pair over UDP, both ways. Answers stand in the pair’s row where it is of biflows; else they are in what the
 * client received in all, which is of this server alone where the client asks no other.
 */
export function sizesOf(step: Step, pair: Entity, isOnly: boolean): Sizes | undefined {
  if (pair.number('protocol') !== UDP) return undefined;
  let answers = pair.sum('dns_answers');
  let answerBytes = pair.sum('dns_answer_bytes');
  if (answers === 0 && isOnly) {
    const client = step.host('destination', pair.tenantId, pair.address('source_ip'));
    // Answers over TCP are counted by connection: where all that amplifies was DNS, its packets are those over UDP.
    const alone = client.bits('amplifiers') === DNS_BIT;
    answers = client.sum(alone ? 'amplified_packets' : 'dns_answers');
    answerBytes = client.sum(alone ? 'amplified_bytes' : 'dns_answer_bytes');
  }
  return { queries: pair.sum('dns_queries'), queryBytes: pair.sum('dns_query_bytes'), answers, answerBytes };
}

export interface TunnelLimits {
  readonly queries_per_minute: number;
  readonly query_bytes: number;
  readonly answer_bytes: number;
  readonly bytes_per_minute: number;
}

export const usualTunnelLimits: TunnelLimits = {
  queries_per_minute: 60,
  query_bytes: 150,
  answer_bytes: 500,
  bytes_per_minute: 30_000,
};

/** Whether questions or answers are too large, on average and for long, to be names and what they stand for. */
export function isTunnel(sizes: Sizes, pair: Entity, limits: TunnelLimits): boolean {
  const { queries, queryBytes, answers, answerBytes } = sizes;
  if (queries < limits.queries_per_minute || queryBytes + answerBytes < limits.bytes_per_minute) return false;
  if (pair.most('sampling_rate') > 1 && pair.sum('records') < 10) return false;
  const { windows, fullest } = spreadOf(pair);
  if (windows < 3 || fullest > 0.7) return false;
  return (
    queryBytes >= limits.query_bytes * queries ||
    (answers >= limits.queries_per_minute && answerBytes >= limits.answer_bytes * answers)
  );
}

/** The pair over which a host tunnels, if it does, with its sizes. */
export function tunnelOf(
  step: Step,
  servers: readonly Entity[],
  limits: TunnelLimits,
): { pair: Entity; sizes: Sizes } | undefined {
  const all = servers.reduce((sum, pair) => sum + pair.sum('dns_queries'), 0);
  for (const pair of servers) {
    const sizes = sizesOf(step, pair, pair.sum('dns_queries') >= 0.9 * all);
    if (sizes !== undefined && isTunnel(sizes, pair, limits)) return { pair, sizes };
  }
  return undefined;
}
