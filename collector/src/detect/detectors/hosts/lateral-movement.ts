import type { Detector, Finding, Report, RunningDetector, Values } from '../../detector.ts';
import type { Entity, Step } from '../../step.ts';
import { certainty, samplingCaveat, scoreOver } from './certainty.ts';
import { destinationHash, sourceHash } from './pair-ends.ts';
import { type SavedKeys, RememberedKeys, fingerprint, isSavedKeys } from './remembered-keys.ts';

/*
 * Whoever has one host wants the next. He gets there by the ways of administration (SSH, RDP, SMB, RPC, WinRM, VNC, Telnet), and sooner or later
 * by an edge that was never there: this host has never been on that host. One such edge is nothing; people get new tasks. Several within
 * minutes are rare, but for those whose work it is: jump hosts, deployment, monitoring. These have many edges, and so must have many new ones
 * at once to be told of. Edges to what everybody uses (domain controllers, file servers, print servers) do not count.
 *
 * A day does not teach all edges of a network whose people go everywhere. So it is also learnt which share of the edges that a tenant uses is
 * new (over some hours); a host that uses n edges within minutes has that share of n new ones by chance, and must have four times as many.
 *
 * Only connections that came about count, for others are scans. Edges are learnt for a day before anything is said; they are kept for a
 * month after they were last used.
 */

const parameters = {
  hosts: {
    default: 3,
    unit: 'hosts',
    threshold: true,
    least: 2,
    doc: 'So many hosts that it never reached before, by ports of administration, within `within_s`; of who has n such edges, the square root of n more.',
  },
  within_s: {
    default: 600,
    unit: 's',
    least: 10,
    most: 3600,
    doc: 'The time within which they are counted.',
  },
  popular_sources: {
    default: 5,
    unit: 'hosts',
    doc: 'A host that so many others reach by the same port is a server for all: edges to it do not count.',
  },
  learning_hours: {
    default: 24,
    unit: 'h',
    doc: 'For so long after its first flows a tenant’s edges are learnt only: a day has all hours of work in it.',
  },
} as const;

const TCP = 6;
const DAY = 86_400;
const EDGES = 2 ** 17;
const HOSTS = 2 ** 15;
const MEMORY_SECONDS = 30 * DAY;
const MOST_SOURCES = 4096;
const MOST_RECENT = 64;
const NOVELTY_SECONDS = 4 * 3600;
const CHANCE_FACTOR = 4;
/** Packets from which on a flow was a connection. */
const CONNECTED_PACKETS = 3;
const HOLD_SECONDS = 900;

const administration: Readonly<Record<number, string>> = {
  22: 'SSH',
  23: 'Telnet',
  135: 'RPC',
  139: 'SMB',
  445: 'SMB',
  2222: 'SSH',
  3389: 'RDP',
  5900: 'VNC',
  5901: 'VNC',
  5985: 'WinRM',
  5986: 'WinRM',
};
const techniques: Readonly<Record<string, string>> = {
  SSH: 'T1021.004',
  SMB: 'T1021.002',
  RDP: 'T1021.001',
  VNC: 'T1021.005',
  WinRM: 'T1021.006',
};

/** An edge that was new. */
interface NewEdge {
  readonly at: number;
  readonly destination: string;
  readonly port: number;
}

/** What a host did lately; `used` counts its edges, once a window, and fades within `within_s`. */
interface Recent {
  readonly edges: readonly NewEdge[];
  readonly used: number;
  readonly at: number;
}

/** Of a tenant: when its first flow was seen, and how many edges were used and new, fading over hours. */
interface Novelty {
  readonly since: number;
  readonly used: number;
  readonly fresh: number;
  readonly at: number;
}

interface Saved {
  readonly version: 1;
  readonly edges: SavedKeys;
  readonly hosts: SavedKeys;
  readonly recent: readonly (readonly [string, Recent])[];
  readonly tenants: readonly (readonly [string, Novelty])[];
}

class LateralMovement implements RunningDetector {
  private readonly settings: (tenant: string) => Values<typeof parameters>;
  private readonly edges = new RememberedKeys(EDGES, MEMORY_SECONDS);
  /** Of a host: edges that it has as a source; of a host and port: those that it has as a destination. */
  private readonly hosts = new RememberedKeys(HOSTS, MEMORY_SECONDS);
  private recent = new Map<string, Recent>();
  private tenants = new Map<string, Novelty>();

  constructor(settings: (tenant: string) => Values<typeof parameters>) {
    this.settings = settings;
  }

  detect(step: Step, _usual: unknown, report: Report): void {
    const fresh = new Map<string, { pairs: Entity[]; edges: NewEdge[] }>();
    for (const pair of this.newEdges(step)) {
      const name = sourceName(pair);
      const of = fresh.get(name) ?? { pairs: [], edges: [] };
      of.pairs.push(pair);
      of.edges.push(edgeOf(pair, step.start));
      fresh.set(name, of);
    }
    for (const [name, { pairs, edges }] of fresh) {
      const first = pairs[0]!;
      const values = this.settings(first.tenant);
      const before = this.recent.get(name);
      const all = [...(before?.edges ?? []), ...edges].filter(({ at }) => at > step.end - values.within_s);
      const byChance =
        this.shareOfNew(first.tenant) * (edges.length + faded(before, step.start, values.within_s));
      const reached = new Set(all.map((e) => e.destination)).size;
      const known = this.hosts.count(sourceKey(first), step.start);
      // Who got on many hosts by and by gets on more.
      const threshold = values.hosts + Math.floor(Math.sqrt(Math.max(0, known - all.length - 1)));
      if (reached >= threshold && reached >= CHANCE_FACTOR * byChance)
        report(findingOf(first, pairs, all, reached, known, threshold));
    }
  }

  /** Which part of the edges that a tenant uses is new. */
  private shareOfNew(tenant: string): number {
    const { used, fresh } = this.tenants.get(tenant) ?? { used: 0, fresh: 0 };
    return used === 0 ? 1 : fresh / used;
  }

  /** Pairs of the current window that are new edges to hosts that not everybody uses, once there is enough to know. */
  private *newEdges(step: Step): Generator<Entity> {
    if (this.edges.isCrowded(step.start)) return;
    for (const pair of edgesOf(step)) {
      const values = this.settings(pair.tenant);
      const since = this.tenants.get(pair.tenant)?.since ?? step.start;
      if (step.start - since < values.learning_hours * 3600) continue;
      if (this.edges.has(edgeKey(pair), step.start)) continue;
      if (this.hosts.count(destinationKey(pair), step.start) >= values.popular_sources) continue;
      yield pair;
    }
  }

  learn(step: Step): void {
    const now = step.start;
    for (const pair of this.newEdges(step)) {
      const name = sourceName(pair);
      const { within_s: within } = this.settings(pair.tenant);
      const before = this.recent.get(name);
      const kept = (before?.edges ?? []).filter(({ at }) => at > step.end - within);
      this.recent.set(name, {
        edges: [...kept, edgeOf(pair, now)].slice(-MOST_RECENT),
        used: before?.used ?? 0,
        at: before?.at ?? now,
      });
    }
    for (const pair of edgesOf(step)) {
      const fresh = this.edges.meet(edgeKey(pair), now) ? 1 : 0;
      this.hosts.meet(sourceKey(pair), now, fresh);
      this.hosts.meet(destinationKey(pair), now, fresh);
      this.use(pair, now, fresh);
    }
    for (const [name, { at }] of this.recent) {
      if (this.recent.size <= MOST_SOURCES && at > step.end - 3600) break;
      this.recent.delete(name);
    }
  }

  private use(pair: Entity, now: number, fresh: number): void {
    const name = sourceName(pair);
    const before = this.recent.get(name);
    const { within_s: within } = this.settings(pair.tenant);
    this.recent.delete(name);
    this.recent.set(name, { edges: before?.edges ?? [], used: faded(before, now, within) + 1, at: now });
    const tenant = this.tenants.get(pair.tenant) ?? { since: now, used: 0, fresh: 0, at: now };
    const fade = Math.exp(-(now - tenant.at) / NOVELTY_SECONDS);
    this.tenants.set(pair.tenant, {
      since: tenant.since,
      used: tenant.used * fade + 1,
      fresh: tenant.fresh * fade + fresh,
      at: now,
    });
  }

  save(): Saved {
    return {
      version: 1,
      edges: this.edges.save(),
      hosts: this.hosts.save(),
      recent: [...this.recent],
      tenants: [...this.tenants],
    };
  }

  load(saved: unknown): void {
    const { version, edges, hosts, recent, tenants } = (saved ?? {}) as Partial<Saved>;
    if (version !== 1 || !isSavedKeys(edges) || !isSavedKeys(hosts)) return;
    if (!Array.isArray(recent) || !Array.isArray(tenants)) return;
    this.edges.load(edges);
    this.hosts.load(hosts);
    this.recent = new Map(recent as [string, Recent][]);
    this.tenants = new Map(tenants as [string, Novelty][]);
  }

  counts(): { entities: number; learning: number } {
    return { entities: this.recent.size, learning: 0 };
  }
}

function faded(recent: Recent | undefined, now: number, within: number): number {
  return recent === undefined ? 0 : recent.used * Math.exp(-(now - recent.at) / within);
}

/** Connections between own hosts by ports of administration, in the current window. */
function* edgesOf(step: Step): Generator<Entity> {
  const rows = step.rows('pair');
  const { flows, syn_flows, failed_flows, packets, internal } = rows.numbers;
  const { protocol, port } = rows.keys;
  for (let row = 0; row < rows.rows; row++) {
    if (rows.rest[row] === 1 || internal[row] !== 3 || protocol![row] !== TCP) continue;
    if (administration[port![row]!] === undefined) continue;
    const failed = Math.max(syn_flows[row]!, failed_flows[row]!);
    const made = flows[row]! - failed;
    // Of what is left, after a packet or two for each that failed.
    if (made <= 0 || packets[row]! - 2 * failed < CONNECTED_PACKETS * made) continue;
    yield step.entity('pair', row);
  }
}

function sourceName(pair: Entity): string {
  return `${pair.tenant} ${pair.address('source_ip')}`;
}

function edgeOf(pair: Entity, at: number): NewEdge {
  return { at, destination: pair.address('destination_ip'), port: pair.number('port') };
}

type Key = ReturnType<typeof fingerprint>;

function edgeKey(pair: Entity): Key {
  return fingerprint(pair.tenant, 1, sourceHash(pair), destinationHash(pair), pair.number('port'));
}

function sourceKey(pair: Entity): Key {
  return fingerprint(pair.tenant, 2, sourceHash(pair));
}

function destinationKey(pair: Entity): Key {
  return fingerprint(pair.tenant, 3, destinationHash(pair), pair.number('port'));
}

function findingOf(
  first: Entity,
  pairs: readonly Entity[],
  all: readonly NewEdge[],
  reached: number,
  known: number,
  threshold: number,
): Finding {
  const source = first.address('source_ip');
  const ports = [...new Set(all.map((e) => e.port))].sort((a, b) => a - b);
  const services = [...new Set(ports.map((port) => administration[port]!))];
  const hosts = [...new Set(all.map((e) => e.destination))];
  const since = Math.min(...all.map((e) => e.at));
  const records = pairs.reduce((sum, p) => sum + p.sum('records'), 0);
  const rate = Math.max(...pairs.map((p) => p.most('sampling_rate')));
  const caveat = samplingCaveat(records, rate);
  return {
    type: 'lateral_movement',
    tenant: first.tenant,
    entity: source,
    severity: reached >= 3 * threshold ? 'critical' : 'high',
    score: scoreOver(reached, threshold) * certainty(records, rate),
    title: `${source} gets on ${reached} hosts it was never on, by ${services.join(', ')}: ${hosts.slice(0, 3).join(', ')}${hosts.length > 3 ? ', …' : ''}`,
    description:
      `Within minutes ${source} made connections of administration to ${reached} own hosts that it never reached before ` +
      `(it has ${known} such edges in all). If nobody has a new task there, its credentials or the host itself may be in other hands: see who ` +
      'is logged in on it, and what it did on those hosts.',
    source,
    ...(hosts.length === 1 ? { destination: hosts[0]! } : {}),
    protocol: TCP,
    ...(ports.length === 1 ? { port: ports[0]! } : {}),
    metric: 'new_hosts',
    value: reached,
    baseline: 0,
    threshold,
    technique: services.length === 1 ? (techniques[services[0]!] ?? 'T1021') : 'T1021',
    flowFilter: `source_ip = ${source} and destination_ip in (${hosts.slice(0, 32).join(', ')}) and destination_port in (${ports.join(', ')})`,
    evidence: {
      measures: [
        { name: 'new_hosts', value: reached, unit: 'hosts' },
        { name: 'known_edges', value: known, unit: 'edges' },
      ],
      contributors: pairs.slice(0, 10).map((p) => ({
        source_ip: source,
        destination_ip: p.address('destination_ip'),
        protocol: TCP,
        destination_port: p.number('port'),
        value: 1,
      })),
      ports,
      ...(caveat === undefined ? {} : { caveat }),
    },
    since,
    holdSeconds: HOLD_SECONDS,
  };
}

export const lateralMovement: Detector<typeof parameters> = {
  name: 'lateral_movement',
  title: 'Lateral movement',
  types: ['lateral_movement'],
  doc:
    'An own host that within minutes gets on several other own hosts which it was never on, by ports of administration. Edges are learnt for a day, ' +
    'and remembered for a month. Hosts with many edges (jump hosts, deployment, monitoring) need more new ones; edges to servers that many use do not ' +
    'count, nor do connections that did not come about.',
  parameters,
  reads: {
    pair: ['records', 'flows', 'packets', 'syn_flows', 'failed_flows', 'sampling_rate', 'internal'],
  },
  windowsBack: 6,
  early: false,
  usesUsual: false,
  start: (settings) => new LateralMovement(settings),
};
