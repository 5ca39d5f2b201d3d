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
  source: ['dns_queries', 'contact_flows', 'internal', 'sampling_rate', 'records', 'packets'],
  destination: [
    'dns_queries',
    'dns_answers',
    'dns_answer_bytes',
    'amplified_bytes',
    'amplified_packets',
    'amplifiers',
    'ports',
  ],
  pair: [
    'dns_queries',
    'dns_query_bytes',
    'dns_answers',
    'dns_answer_bytes',
    'flows',
    'longest_ms',
    'sampling_rate',
    'records',
    'packets',
  ],
} as const;

/** A flow that lasted so long tells by itself that what it carried was no burst: exporters tell of it once, when it ended. */
const LASTING_MS = 20_000;
/** Sampled packets from which on a mean size says something. */
const LEAST_SEEN = 10;
/** Questions out of one port: ordinary clients take another one for each, or for the two or three of one name. */
const ONE_SOCKET = 30;

/** Pairs of a host with the servers that it asks, the one that it asks most first. */
export function serversOf(step: Step, host: Entity): Entity[] {
  return step
    .pairsOf(host, 'source', MOST_WINDOWS_BACK)
    .filter((pair) => pair.number('port') === DNS)
    .map((pair) => ({ pair, queries: pair.sum('dns_queries') }))
    .filter(({ queries }) => queries > 0)
    .sort((a, b) => b.queries - a.queries)
    .map(({ pair }) => pair);
}

/** Whether others ask it: a resolver or forwarder, whose questions are theirs. */
export function isAsked(step: Step, host: Entity): boolean {
  const asked = step.entityOf('destination', host.key).sum('dns_queries');
  return asked >= 10 && asked >= 0.05 * host.sum('dns_queries');
}

/** Whether mail is delivered to it: each is looked up in lists, with the sender’s keys and policies. */
export function takesMail(step: Step, host: Entity): boolean {
  const ports = step.entityOf('destination', host.key).hashes('ports');
  return keptPorts(ports).some((port) => mailPorts.includes(port));
}

/** Windows of the minute in which it asked, and the share of the fullest. */
export function spreadOf(entity: Entity): { windows: number; fullest: number } {
  let windows = 0;
  for (let back = 0; back < MOST_WINDOWS_BACK; back++) if (entity.at('dns_queries', back) > 0) windows++;
  return { windows, fullest: entity.most('dns_queries') / entity.sum('dns_queries') };
}

/**
 * Questions of a pair in a minute. A flow that is told of once in half an hour brings its questions at once: they are spread over the
 * time that it lasted.
 */
export function askedAMinute(pair: Entity): number {
  return pair.sum('dns_queries') / Math.max(1, pair.most('longest_ms') / 60_000);
}

/** The same of a host, by the servers that it asks. */
export function askedOfAll(host: Entity, servers: readonly Entity[]): number {
  const before = servers.reduce((sum, pair) => sum + pair.sum('dns_queries') - askedAMinute(pair), 0);
  return host.sum('dns_queries') - before;
}

/** Whether the minute was filled with questions, and did not only have a burst. */
function lasts(pair: Entity): boolean {
  if (pair.most('longest_ms') >= LASTING_MS) return true;
  const { windows, fullest } = spreadOf(pair);
  return windows >= 3 && fullest <= 0.7;
}

export interface Sizes {
  /** In a minute, as are the others: of what lasted longer, a minute’s part. */
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
  const minute = askedAMinute(pair) / pair.sum('dns_queries');
  return {
    queries: pair.sum('dns_queries') * minute,
    queryBytes: pair.sum('dns_query_bytes') * minute,
    answers: answers * minute,
    answerBytes: answerBytes * minute,
  };
}

export interface TunnelLimits {
  readonly queries_per_minute: number;
  readonly query_bytes: number;
  readonly answer_bytes: number;
  readonly bytes_per_minute: number;
  readonly socket_queries_per_minute: number;
  readonly socket_query_bytes: number;
  readonly socket_answer_bytes: number;
}

export const usualTunnelLimits: TunnelLimits = {
  queries_per_minute: 60,
  query_bytes: 150,
  answer_bytes: 500,
  bytes_per_minute: 30_000,
  socket_queries_per_minute: 300,
  socket_query_bytes: 100,
  socket_answer_bytes: 300,
};

/** Questions as seen, not scaled: a record may hold many. */
export function questionsSeen(pair: Entity): number {
  return pair.sum('dns_queries') / Math.max(1, pair.most('sampling_rate'));
}

/** Whether a client asks and asks out of one port. */
export function isOneSocket(pair: Entity): boolean {
  return pair.sum('dns_queries') >= ONE_SOCKET * pair.sum('flows');
}

/** Limits of the mean sizes: lower where many questions come out of one port, for that alone is what few programs do. */
export function sizeLimits(
  { queries }: Sizes,
  pair: Entity,
  limits: TunnelLimits,
): { readonly query: number; readonly answer: number } {
  return isOneSocket(pair) && queries >= limits.socket_queries_per_minute
    ? {
        query: Math.min(limits.query_bytes, limits.socket_query_bytes),
        answer: Math.min(limits.answer_bytes, limits.socket_answer_bytes),
      }
    : { query: limits.query_bytes, answer: limits.answer_bytes };
}

/** Whether questions or answers are too large, on average and for long, to be names and what they stand for. */
export function isTunnel(sizes: Sizes, pair: Entity, limits: TunnelLimits): boolean {
  const { queries, queryBytes, answers, answerBytes } = sizes;
  if (queries < limits.queries_per_minute || queryBytes + answerBytes < limits.bytes_per_minute) return false;
  if (pair.most('sampling_rate') > 1 && questionsSeen(pair) < LEAST_SEEN) return false;
  if (!lasts(pair)) return false;
  const { query, answer } = sizeLimits(sizes, pair, limits);
  return (
    queryBytes >= query * queries || (answers >= limits.queries_per_minute && answerBytes >= answer * answers)
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
