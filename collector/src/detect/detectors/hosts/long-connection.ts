import type { Detector, Finding, Report, RunningDetector, Values } from '../../detector.ts';
import type { Entity, Step } from '../../step.ts';
import { certainty, samplingCaveat, scoreOver } from './certainty.ts';
import { destinationHash } from './pair-ends.ts';
import { type SavedKeys, RememberedKeys, fingerprint, isSavedKeys } from './remembered-keys.ts';
import { quantile } from './robust.ts';

/*
 * A shell that an intruder keeps open, a tunnel out, a transfer that never ends: one connection that lasts, where such connections do not. Most
 * that last are innocent (VPN, databases, push, a colleague's SSH session over the day), and they do so again and again: so what is usual is
 * learnt of three: of the pair, of the destination's service, of the port, within and to the outside. Only what lasts twice as long as all of
 * these, and over 1,500 s, is told of; never what lasted already while learning.
 *
 * How long a connection has lasted, exporters tell in different ways. Without an active timeout, or where records keep the first start, the
 * flow's own duration says it. With an active timeout (a minute to half an hour) a connection comes as pieces, each beginning where the one before
 * ended: these are joined. Connections that overlap cannot be told apart by pair, and are not joined: a client with many connections, one
 * after the other, is no long one.
 */

const parameters = {
  seconds: {
    default: 1500,
    unit: 's',
    threshold: true,
    least: 300,
    doc: 'A connection that lasts no longer than this is none. Requests, mail and most sessions end before.',
  },
  factor: {
    default: 2,
    unit: 'ratio',
    least: 1,
    doc: 'How many times as long as usual for the pair, the service and the port it must last.',
  },
  learning_hours: {
    default: 24,
    unit: 'h',
    doc: 'For so long after its first flows a tenant’s connections are learnt only.',
  },
} as const;

const TCP = 6;
const UDP = 17;
const DAY = 86_400;
/** Pieces of at least so much, and so near to one another, are of one connection. */
const PIECE_MS = 20_000;
const GAP_MS = 30_000;
const OVERLAP_MS = 2_000;
const COVERED = 0.7;
/** When nothing more came for so long, a connection is over: half an hour of active timeout, and some. */
const OVER_MS = 2_400_000;
/** What lasts so long as a rule is a link, whatever its length: not told of. */
const PERMANENT_SECONDS = 4 * 3600;
/** Of a port, from this on a connection is a long one; and of so many pairs it must be known. */
const LONG_SECONDS = 900;
const LEAST_PAIRS = 3;
const KEPT_OF_PORT = 32;
const MOST_PAIRS = 8192;
const MOST_PORTS = 2048;
const USUALS = 2 ** 15;
const USUAL_SECONDS = 30 * DAY;
/** BGP, VPN: made to last. */
const lasting = new Set([179, 500, 1194, 1701, 1723, 4500, 41641, 51820]);
/** Ports from here on are anybody's: of UDP those of calls too (RTP, from 10,000 on by the usual settings), another with each call. */
const EPHEMERAL = 32_768;
const EPHEMERAL_UDP = 10_000;
const HOLD_SECONDS = 2400;

interface Chain {
  readonly since: number;
  readonly end: number;
  /** Milliseconds of it in which there was a flow. */
  readonly covered: number;
}

interface Current extends Chain {
  /** The longest flow by itself. */
  longest: number;
  readonly pair: {
    readonly pairKey: Key;
    readonly serviceKey: Key;
    readonly portKey: string;
    readonly tenant: string;
  };
}

type Key = ReturnType<typeof fingerprint>;

interface Saved {
  readonly version: 1;
  readonly pairs: readonly (readonly [string, Current])[];
  readonly usual: SavedKeys;
  readonly ports: readonly (readonly [string, readonly number[]])[];
  readonly since: readonly (readonly [string, number])[];
}

class LongConnection implements RunningDetector {
  private readonly settings: (tenant: string) => Values<typeof parameters>;
  private pairs = new Map<string, Current>();
  /** The longest in seconds, as count, of a pair and of a service. */
  private readonly usual = new RememberedKeys(USUALS, USUAL_SECONDS);
  /** The latest long ones of a port. */
  private ports = new Map<string, number[]>();
  private since = new Map<string, number>();

  constructor(settings: (tenant: string) => Values<typeof parameters>) {
    this.settings = settings;
  }

  detect(step: Step, _usual: unknown, report: Report): void {
    for (const pair of connectionsOf(step)) {
      const values = this.settings(pair.tenant);
      const tenantSince = this.since.get(pair.tenant) ?? step.start;
      const learnt = tenantSince + values.learning_hours * 3600;
      if (step.start < learnt) continue;
      const chain = chained(this.pairs.get(nameOf(pair)), pair);
      const seconds = Math.max(pair.at('longest_ms'), lengthOf(chain)) / 1000;
      const began = Math.min(chain.since, pair.at('first_ms')) / 1000;
      if (seconds <= values.seconds || began < learnt) continue;
      const usual = this.usualOf(pair, step.start);
      const threshold = Math.max(values.seconds, values.factor * usual);
      if (usual >= PERMANENT_SECONDS || seconds <= threshold) continue;
      report(findingOf(pair, seconds, usual, threshold, began));
    }
  }

  /** Seconds that connections of a pair, its service, or its port last when they last long. */
  private usualOf(pair: Entity, now: number): number {
    const ofPort = this.ports.get(portName(pair)) ?? [];
    return Math.max(
      this.usual.count(pairKey(pair), now),
      this.usual.count(serviceKey(pair), now),
      ofPort.length < LEAST_PAIRS ? 0 : quantile(ofPort, 0.9),
    );
  }

  learn(step: Step): void {
    for (const pair of connectionsOf(step)) {
      if (!this.since.has(pair.tenant)) this.since.set(pair.tenant, step.start);
      const name = nameOf(pair);
      const before = this.pairs.get(name);
      const chain = chained(before, pair);
      if (before !== undefined && chain.since !== before.since) this.ended(before, step.start);
      const longest = pair.at('longest_ms');
      this.pairs.delete(name);
      this.pairs.set(name, {
        ...chain,
        longest:
          before !== undefined && chain.since === before.since ? Math.max(before.longest, longest) : longest,
        pair: {
          tenant: pair.tenant,
          pairKey: pairKey(pair),
          serviceKey: serviceKey(pair),
          portKey: portName(pair),
        },
      });
    }
    for (const [name, current] of this.pairs) {
      if (this.pairs.size <= MOST_PAIRS && step.end * 1000 - current.end < OVER_MS) break;
      this.pairs.delete(name);
      this.ended(current, step.start);
    }
  }

  /** Learns how long a connection lasted that is over. */
  private ended(current: Current, now: number): void {
    const seconds = Math.floor(Math.max(current.longest, lengthOf(current)) / 1000);
    const { pairKey: own, serviceKey: service, portKey } = current.pair;
    if (seconds < LONG_SECONDS) return;
    for (const key of [own, service])
      this.usual.meet(key, now, Math.max(0, seconds - this.usual.count(key, now)));
    const known = this.ports.get(portKey) ?? [];
    this.ports.delete(portKey);
    this.ports.set(portKey, [...known, seconds].slice(-KEPT_OF_PORT));
    for (const name of this.ports.keys()) {
      if (this.ports.size <= MOST_PORTS) break;
      this.ports.delete(name);
    }
  }

  save(): Saved {
    return {
      version: 1,
      pairs: [...this.pairs],
      usual: this.usual.save(),
      ports: [...this.ports],
      since: [...this.since],
    };
  }

  load(saved: unknown): void {
    const { version, pairs, usual, ports, since } = (saved ?? {}) as Partial<Saved>;
    if (version !== 1 || !Array.isArray(pairs) || !isSavedKeys(usual)) return;
    if (!Array.isArray(ports) || !Array.isArray(since)) return;
    this.pairs = new Map(pairs as [string, Current][]);
    this.usual.load(usual);
    this.ports = new Map(ports as [string, number[]][]);
    this.since = new Map(since as [string, number][]);
  }

  counts(): { entities: number; learning: number } {
    return { entities: this.pairs.size, learning: 0 };
  }
}

/** Pairs with long flows, or pieces of such, in the current window. */
function* connectionsOf(step: Step): Generator<Entity> {
  const rows = step.rows('pair');
  const { longest_ms, contact_flows, internal } = rows.numbers;
  const { protocol, port } = rows.keys;
  for (let row = 0; row < rows.rows; row++) {
    if (rows.rest[row] === 1 || longest_ms[row]! < PIECE_MS || contact_flows[row] === 0) continue;
    if (internal[row] === 0 || (protocol![row] !== TCP && protocol![row] !== UDP)) continue;
    if (port![row] === 0 || lasting.has(port![row]!)) continue;
    yield step.entity('pair', row);
  }
}

/** The connection that the current window's flow goes on with, or the one that it begins. */
function chained(before: Chain | undefined, pair: Entity): Chain {
  const start = pair.at('first_ms');
  const longest = pair.at('longest_ms');
  const end = start + longest;
  const single = pair.at('last_ms') - start <= OVERLAP_MS;
  if (before === undefined || start > before.end + GAP_MS) return { since: start, end, covered: longest };
  // A record that keeps the connection's first start.
  if (start <= before.since + OVERLAP_MS && end >= before.end)
    return { since: Math.min(start, before.since), end, covered: longest };
  if (!single || start < before.end - OVERLAP_MS)
    return { since: start, end: Math.max(before.end, end), covered: longest };
  return { since: before.since, end: Math.max(before.end, end), covered: before.covered + longest };
}

/** Milliseconds that a chain of pieces lasted; 0 where there was too little in between. */
function lengthOf({ since, end, covered }: Chain): number {
  return covered >= COVERED * (end - since) ? end - since : 0;
}

function nameOf(pair: Entity): string {
  return `${pair.tenant} ${pair.address('source_ip')} ${pair.address('destination_ip')} ${pair.number('protocol')} ${pair.number('port')}`;
}

function pairKey(pair: Entity): Key {
  return fingerprint(pair.tenant, 1, ...pair.key.subarray(1));
}

function serviceKey(pair: Entity): Key {
  return fingerprint(pair.tenant, 2, destinationHash(pair), pair.number('protocol'), pair.number('port'));
}

function portName(pair: Entity): string {
  const port = pair.number('port');
  const protocol = pair.number('protocol');
  const any = port >= (protocol === UDP ? EPHEMERAL_UDP : EPHEMERAL);
  return `${pair.tenant} ${pair.bits('internal')} ${protocol} ${any ? 0 : port}`;
}

function timeText(seconds: number): string {
  if (seconds < 7200) return `${Math.round(seconds / 60)} minutes`;
  return seconds < 2 * DAY ? `${Math.round(seconds / 3600)} hours` : `${Math.round(seconds / DAY)} days`;
}

function findingOf(pair: Entity, seconds: number, usual: number, threshold: number, began: number): Finding {
  const source = pair.address('source_ip');
  const destination = pair.address('destination_ip');
  const protocol = pair.number('protocol');
  const port = pair.number('port');
  const crosses = pair.bits('internal') !== 3;
  const rate = pair.most('sampling_rate');
  const records = pair.sum('records');
  const caveat = samplingCaveat(records, rate);
  const rise = Math.min(1, Math.max(0, seconds / threshold - 1));
  return {
    type: 'long_connection',
    tenant: pair.tenant,
    entity: `${source} → ${destination}:${port}/${protocol === TCP ? 'tcp' : 'udp'}`,
    severity: crosses ? 'medium' : 'low',
    score: scoreOver(seconds, threshold) * (0.8 + 0.2 * rise) * certainty(records, rate),
    title: `${source} has been connected to ${destination} port ${port} for ${timeText(seconds)}`,
    description:
      `One connection has lasted for ${timeText(seconds)}; ` +
      (usual > 0
        ? `those of this pair, service or port last ${timeText(usual)} at most. `
        : 'no other of this pair, service or port lasted long. ') +
      'It may be a session that somebody left open or a new service; it may be a shell or a tunnel. See which program holds it.',
    source,
    destination,
    protocol,
    port,
    metric: 'duration_seconds',
    value: seconds,
    baseline: usual,
    threshold,
    ...(crosses ? { technique: 'T1572' } : {}),
    flowFilter: `source_ip = ${source} and destination_ip = ${destination} and protocol = ${protocol} and destination_port = ${port}`,
    evidence: {
      measures: [
        { name: 'duration', value: seconds, unit: 's' },
        { name: 'bytes', value: pair.at('bytes'), unit: 'bytes' },
        { name: 'bytes_back', value: pair.at('bytes_back'), unit: 'bytes' },
      ],
      ports: [port],
      ...(caveat === undefined ? {} : { caveat }),
    },
    since: Math.floor(began),
    holdSeconds: HOLD_SECONDS,
  };
}

export const longConnection: Detector<typeof parameters> = {
  name: 'long_connection',
  title: 'Long connection',
  types: ['long_connection'],
  doc:
    'One connection that lasts over 1,500 s and twice as long as those of its pair, its service and its port do, told from a flow’s own duration or ' +
    'joined from the pieces that active timeouts make of it. What is usual is learnt for a day before anything is said; what lasts for hours as a ' +
    'rule is a link and not told of.',
  parameters,
  reads: {
    pair: [
      'records',
      'bytes',
      'bytes_back',
      'contact_flows',
      'sampling_rate',
      'internal',
      'longest_ms',
      'first_ms',
      'last_ms',
    ],
  },
  windowsBack: 6,
  early: false,
  usesUsual: false,
  start: (settings) => new LongConnection(settings),
};
