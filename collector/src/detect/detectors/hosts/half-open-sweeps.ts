import type { Finding } from '../../detector.ts';
import { type Entity, MOST_WINDOWS_BACK, type Step } from '../../step.ts';
import { rounded, scoreOver } from './certainty.ts';
import { isOutage } from './outage.ts';
import { destinationHash } from './pair-ends.ts';

/*
 * A sweep of one port over hosts that are mostly there does not fail: they accept. But who only asks who is there does not go on: after the
 * SYN and ACK comes an RST or nothing, where programs would send their requests (nmap -sS, masscan, zmap). Half-open or failed, to own hosts
 * that the source has never contacted by that port, on one port, many of them in a minute: nothing but a sweep does all of it.
 *
 * What looks alike, and how it is told:
 * - load balancers that check their servers half open: always the same ones, so that they are new once. For the first minutes of a tenant
 *   nothing is said, so that all checks have come round;
 * - pollers whose list is out of date: they go on with those that are there, so that the larger part comes about;
 * - outages: then others fail as well;
 * - a sweep by whole connections: told from administration by habit alone, by `lateral_movement`.
 */

export const sweepReads = [
  'flows',
  'failed_flows',
  'answered_flows',
  'packets',
  'sampling_rate',
  'internal',
] as const;

const TCP = 6;
const WITHIN = 3;
/** Packets of who asks and does not go on: SYN and RST. */
const HALF_OPEN_PACKETS = 2;
const MINUTE = 60;
const LEARNING_SECONDS = 600;
const LEAST_SHARE = 0.5;
const MOST_SOURCES = 2048;
const MOST_HOSTS = 512;
const MOST_TENANTS = 4096;

interface Asked {
  readonly hash: number;
  readonly at: number;
}

interface Sweep {
  readonly tenant: string;
  readonly port: number;
  asked: readonly Asked[];
}

export interface SavedSweeps {
  readonly sweeps: readonly (readonly [string, Sweep])[];
  readonly since: readonly (readonly [string, number])[];
}

export class HalfOpenSweeps {
  private sweeps = new Map<string, Sweep>();
  /** When a tenant was first seen. */
  private since = new Map<string, number>();

  /** Findings of the current window, of whose pairs those are told that the source has not had before. */
  *find(step: Step, isNew: (row: number) => boolean, hosts: (tenant: string) => number): Generator<Finding> {
    const now = new Map<string, { first: Entity; hashes: Set<number> }>();
    const isHalfOpen = halfOpenOf(step);
    const { rows } = step.rows('pair');
    for (let row = 0; row < rows; row++) {
      if (!isHalfOpen(row) || !isNew(row)) continue;
      const pair = step.entity('pair', row);
      const name = nameOf(pair);
      const of = now.get(name) ?? { first: pair, hashes: new Set<number>() };
      of.hashes.add(destinationHash(pair));
      now.set(name, of);
    }
    for (const [name, { first, hashes }] of now) {
      const { tenant } = first;
      if (step.end - (this.since.get(tenant) ?? step.start) < LEARNING_SECONDS) continue;
      for (const { hash, at } of this.sweeps.get(name)?.asked ?? [])
        if (at > step.end - MINUTE) hashes.add(hash);
      const threshold = hosts(tenant);
      if (hashes.size <= threshold) continue;
      const all = hostsOnPort(step, first);
      if (hashes.size < LEAST_SHARE * all || isOutage(step, tenant)) continue;
      yield findingOf(first, hashes.size, Math.max(all, hashes.size), threshold);
    }
  }

  /** What takes the rows of the current window that are new. */
  learner(step: Step): (row: number) => void {
    const isHalfOpen = halfOpenOf(step);
    return (row) => {
      if (isHalfOpen(row)) this.add(step, row);
    };
  }

  private add(step: Step, row: number): void {
    const pair = step.entity('pair', row);
    const name = nameOf(pair);
    const before = this.sweeps.get(name);
    const asked = (before?.asked ?? []).filter(({ at }) => at > step.end - MINUTE);
    this.sweeps.delete(name);
    this.sweeps.set(name, {
      tenant: pair.tenant,
      port: pair.number('port'),
      asked: [...asked.slice(1 - MOST_HOSTS), { hash: destinationHash(pair), at: step.start }],
    });
  }

  /** Once a window: who is there, and what is too long ago. */
  pass(step: Step): void {
    const rows = step.rows('pair');
    for (const tenant of rows.rows === 0 ? [] : rows.texts.tenant_id)
      if (!this.since.has(tenant) && this.since.size < MOST_TENANTS) this.since.set(tenant, step.start);
    for (const [name, { asked }] of this.sweeps) {
      if (this.sweeps.size <= MOST_SOURCES && asked.at(-1)!.at > step.end - MINUTE) break;
      this.sweeps.delete(name);
    }
  }

  save(): SavedSweeps {
    return { sweeps: [...this.sweeps], since: [...this.since] };
  }

  load(saved: unknown): void {
    const { sweeps, since } = (saved ?? {}) as Partial<SavedSweeps>;
    if (!Array.isArray(sweeps) || !Array.isArray(since)) return;
    this.sweeps = new Map(sweeps as [string, Sweep][]);
    this.since = new Map(since as [string, number][]);
  }
}

/** Tells rows of own hosts that asked own hosts by TCP and did not go on. Columns are looked up once: there are many rows. */
function halfOpenOf(step: Step): (row: number) => boolean {
  const { keys, numbers, rest } = step.rows('pair');
  const { flows, failed_flows, answered_flows, packets, sampling_rate, internal } = numbers;
  const { protocol, port } = keys;
  return (row) => {
    if (internal[row] !== WITHIN || protocol![row] !== TCP || rest[row] === 1) return false;
    if (port![row] === 0 || sampling_rate[row]! > 1) return false;
    if (failed_flows[row]! >= flows[row]!) return true;
    return answered_flows[row]! > 0 && packets[row]! <= HALF_OPEN_PACKETS * flows[row]!;
  };
}

function nameOf(pair: Entity): string {
  return `${pair.tenant} ${pair.address('source_ip')} ${pair.number('port')}`;
}

/** Hosts that a pair's source asked by its port within the minute. */
function hostsOnPort(step: Step, first: Entity): number {
  const source = step.host('source', first.tenantId, first.address('source_ip'));
  const hashes = new Set<number>();
  for (const pair of step.pairsOf(source, 'source', MOST_WINDOWS_BACK))
    if (pair.number('port') === first.number('port') && pair.number('protocol') === TCP)
      hashes.add(destinationHash(pair));
  return hashes.size;
}

function findingOf(first: Entity, reached: number, all: number, threshold: number): Finding {
  const source = first.address('source_ip');
  const port = first.number('port');
  return {
    type: 'port_scan_horizontal',
    tenant: first.tenant,
    entity: source,
    severity: reached > 5 * threshold ? 'high' : 'medium',
    score: scoreOver(reached, threshold),
    title: `${source} sweeps the network: ${rounded(reached)} own hosts asked on port ${port} in a minute, and none gone on with`,
    description:
      `Of ${rounded(all)} own hosts that ${source} contacted on port ${port} within a minute, it had never asked ${rounded(reached)} there, ` +
      'and with none of these it made a connection: it was refused, not answered, or it broke off when it was. Programs go on with ' +
      'what accepts; who looks for hosts does not. Find out what runs there; exclude it where it is your scanner.',
    source,
    protocol: TCP,
    port,
    metric: 'new_half_open_hosts_per_minute',
    value: reached,
    baseline: 0,
    threshold,
    technique: 'T1046',
    flowFilter: `source_ip = ${source} and protocol = tcp and destination_port = ${port}`,
    evidence: {
      measures: [
        { name: 'new_half_open', value: reached, unit: 'hosts/min' },
        { name: 'hosts', value: all, unit: 'hosts/min' },
      ],
      ports: [port],
      parameters: { sweep_hosts: threshold },
    },
  };
}
