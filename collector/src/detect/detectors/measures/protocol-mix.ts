import type { WindowKind, WindowNumber } from '@weir/core/windows';
import type { Detector, Report, RunningDetector, Values } from '../../detector.ts';
import { type Entity, MOST_WINDOWS_BACK, type Step } from '../../step.ts';
import { sampled } from './certainty.ts';
import { type Habit, Habits, UNUSUAL_WEIGHT, isLearnt, learnMinutes } from './habits.ts';
import { heaviestHosts } from './heaviest.ts';
import { joined, whatOf } from './what.ts';

/*
 * The parts that TCP, UDP, ICMP and the rest have of an interface's or a tenant's traffic are much the same from day to day at the same hour. A
 * flood, a loop, a tunnel or an application gone wild changes them. The distance of two mixes is their total variation: the part of the
 * traffic that would have to be of another protocol, from 0 to 1. Bytes and packets each have a mix; the one further off counts.
 *
 * What looks alike:
 * - A backup or another large copy: TCP by one pair of hosts. The largest such pairs are taken off, and the mix must be off without them too.
 * - QUIC and TCP, which share the web's traffic by what people watch, calls, games: how far the mix usually is from its mean is learnt as
 *   well, and what has been seen in 998 of 1000 windows is not off.
 * - Little traffic, of which one flow is a large part.
 */

const KINDS = ['tenant', 'interface'] as const satisfies readonly WindowKind[];
const MOST_ENTITIES = 1024;
const NAMES = ['TCP', 'UDP', 'ICMP', 'other protocols'] as const;
const HOURS = 24;
/** Windows that a mean rests on, at most: what is six hours of the same hour of day old counts a third. */
const MEMORY = 2160;
/** Windows of an hour of day that make it known by itself. */
const HOUR_LEARNT = 180;
const COPIES = 5;
const TCP = 6;
const UDP = 17;

const parameters = {
  distance: {
    default: 0.3,
    unit: 'ratio',
    most: 1,
    threshold: true,
    doc: 'The part of a minute’s bytes or packets that is of other protocols than usual.',
  },
  usual_multiple: {
    default: 1.25,
    unit: 'ratio',
    least: 1,
    doc: 'And further by so much than in 998 of 1000 windows.',
  },
  least_bytes: {
    default: 1e6,
    unit: 'bytes/min',
    doc: 'Traffic of a minute below which there is no mix.',
  },
  least_records: {
    default: 50,
    unit: 'records/min',
    least: 5,
    doc: 'Records of a minute below which there is no mix.',
  },
  learn_minutes: learnMinutes,
} as const;

type P = typeof parameters;
/** Parts of TCP, UDP, ICMP, others; their sum is 1. */
type Mix = readonly number[];

interface Mixes {
  readonly bytes: Mix;
  readonly packets: Mix;
}

/** Means: of all hours, then by hour of day, eight numbers each. */
interface Kept {
  readonly means: Float64Array;
  readonly windows: Float64Array;
  seen: number;
}

interface Off {
  readonly entity: Entity;
  readonly by: 'bytes' | 'packets';
  readonly now: Mix;
  readonly usual: Mix;
  readonly distance: number;
  readonly threshold: number;
  readonly habit: Habit;
}

/** Of TCP pairs that move most, and of QUIC. */
interface Copies {
  readonly tcp: { readonly bytes: number; readonly packets: number };
  readonly udp: { readonly bytes: number; readonly packets: number };
}

class RunningProtocolMix implements RunningDetector {
  private readonly settings: (tenant: string) => Values<P>;
  private readonly kept = new Map<string, Kept>();
  private readonly distances = new Habits(MOST_ENTITIES, 'even');

  constructor(settings: (tenant: string) => Values<P>) {
    this.settings = settings;
  }

  detect(step: Step, _usual: unknown, report: Report): void {
    const off: Off[] = [];
    const copies = new Map<string, Copies>();
    this.each(step, (entity, values) => {
      const found = this.offOf(entity, step, values, copies);
      if (found !== undefined) off.push(found);
    });
    for (const one of telling(off)) reportOff(one, step, this.settings(one.entity.tenant), report);
  }

  learn(step: Step): void {
    this.each(step, (entity, values) => {
      const id = idOf(entity);
      const now = mixesOf(entity);
      const usual = this.usualOf(id, step);
      let rate = 1;
      if (usual !== undefined) {
        const distance = Math.max(distanceOf(now.bytes, usual.bytes), distanceOf(now.packets, usual.packets));
        const habit = this.distances.of(id);
        // Also on the way to the threshold, or what begins would be usual when it gets there.
        const unusual = isLearnt(habit, values.learn_minutes) && distance > thresholdOf(habit, values, 1 / 3);
        if (unusual) rate = 0.1;
        this.distances.learn(id, distance, step.end, unusual ? UNUSUAL_WEIGHT : 1);
      }
      this.remember(id, now, step, rate);
    });
  }

  private offOf(entity: Entity, step: Step, values: Values<P>, copies: Map<string, Copies>): Off | undefined {
    const id = idOf(entity);
    const usual = this.usualOf(id, step);
    const habit = this.distances.of(id);
    if (usual === undefined || !isLearnt(habit, values.learn_minutes)) return undefined;
    const threshold = thresholdOf(habit, values);
    const now = mixesOf(entity);
    const by =
      distanceOf(now.bytes, usual.bytes) >= distanceOf(now.packets, usual.packets) ? 'bytes' : 'packets';
    const distance = distanceOf(now[by], usual[by]);
    if (distance <= threshold) return undefined;
    let taken = copies.get(entity.tenant);
    if (taken === undefined) copies.set(entity.tenant, (taken = copiesOf(step, entity.tenant)));
    const without = mixesOf(entity, taken);
    if (distanceOf(without[by], usual[by]) <= threshold) return undefined;
    return { entity, by, now: now[by], usual: usual[by], distance, threshold, habit };
  }

  private each(step: Step, look: (entity: Entity, values: Values<P>) => void): void {
    for (const kind of KINDS) {
      const rows = step.rows(kind);
      for (let row = 0; row < rows.rows; row++) {
        if (rows.rest[row] === 1) continue;
        const entity = step.entity(kind, row);
        const values = this.settings(entity.tenant);
        if (entity.sum('bytes') >= values.least_bytes && entity.sum('records') >= values.least_records)
          look(entity, values);
      }
    }
  }

  private usualOf(id: string, step: Step): Mixes | undefined {
    const kept = this.kept.get(id);
    if (kept === undefined) return undefined;
    const slot = 1 + hourOf(step);
    const at = 8 * (kept.windows[slot]! >= HOUR_LEARNT ? slot : 0);
    return {
      bytes: [...kept.means.subarray(at, at + 4)],
      packets: [...kept.means.subarray(at + 4, at + 8)],
    };
  }

  private remember(id: string, { bytes, packets }: Mixes, step: Step, weight: number): void {
    let kept = this.kept.get(id);
    if (kept === undefined) {
      if (this.kept.size >= MOST_ENTITIES && !this.makeRoom(step.end)) return;
      kept = { means: new Float64Array(8 * (HOURS + 1)), windows: new Float64Array(HOURS + 1), seen: 0 };
    } else this.kept.delete(id);
    this.kept.set(id, kept);
    kept.seen = step.end;
    for (const slot of [0, 1 + hourOf(step)]) {
      const windows = Math.min(MEMORY, (kept.windows[slot]! += weight));
      const rate = weight / Math.max(1, windows);
      [...bytes, ...packets].forEach((part, i) => {
        kept.means[8 * slot + i]! += rate * (part - kept.means[8 * slot + i]!);
      });
    }
  }

  private makeRoom(now: number): boolean {
    const [oldest] = this.kept;
    return oldest !== undefined && now - oldest[1].seen >= 3600 && this.kept.delete(oldest[0]);
  }

  save(): unknown {
    return {
      distances: this.distances.save(),
      mixes: [...this.kept].map(([id, { means, windows, seen }]) => [id, [...means], [...windows], seen]),
    };
  }

  load(saved: unknown): void {
    if (typeof saved !== 'object' || saved === null) return;
    const { distances, mixes } = saved as { distances?: unknown; mixes?: unknown };
    this.distances.load(distances);
    if (!Array.isArray(mixes)) return;
    for (const one of mixes as readonly unknown[]) {
      if (!Array.isArray(one)) continue;
      const [id, means, windows, seen] = one as [string, number[], number[], number];
      if (means?.length !== 8 * (HOURS + 1) || windows?.length !== HOURS + 1) continue;
      this.kept.set(id, { means: Float64Array.from(means), windows: Float64Array.from(windows), seen });
    }
  }

  counts(): { entities: number; learning: number } {
    return this.distances.counts();
  }
}

function idOf(entity: Entity): string {
  return `${entity.tenant}\n${entity.kind} ${whatOf(entity).entity}`;
}

function hourOf(step: Step): number {
  return Math.floor(step.start / 3600) % HOURS;
}

function thresholdOf(habit: Habit, values: Values<P>, part = 1): number {
  return Math.max(part * values.distance, values.usual_multiple * habit.most);
}

function mixesOf(entity: Entity, without?: Copies): Mixes {
  const of = (measure: 'bytes' | 'packets'): Mix => {
    const sum = (name: WindowNumber): number => entity.sum(name);
    const udp = sum(`udp_${measure}`);
    const icmp = sum(`icmp_${measure}`);
    const other = sum(`other_${measure}`);
    const tcp = Math.max(0, sum(measure) - udp - icmp - other);
    const parts = [
      Math.max(0, tcp - (without?.tcp[measure] ?? 0)),
      Math.max(0, udp - (without?.udp[measure] ?? 0)),
      icmp,
      other,
    ];
    const all = parts.reduce((a, b) => a + b, 0);
    return parts.map((part) => (all === 0 ? 0 : part / all));
  };
  return { bytes: of('bytes'), packets: of('packets') };
}

/** Total variation. */
function distanceOf(a: Mix, b: Mix): number {
  return a.reduce((sum, part, i) => sum + Math.abs(part - b[i]!), 0) / 2;
}

/** What the pairs that move most have moved in the latest minute, where it is a copy's protocol: TCP, QUIC. */
function copiesOf(step: Step, tenant: string): Copies {
  const moved = new Map<string, { protocol: number; bytes: number; packets: number }>();
  for (let back = 0; back < MOST_WINDOWS_BACK; back++) {
    const rows = step.rowsBack('pair', back);
    if (rows === undefined) continue;
    const { source_ip: from, destination_ip: to, protocol, port, tenant_id: tenants } = rows.keys;
    for (let row = 0; row < rows.rows; row++) {
      if (rows.rest[row] === 1 || rows.texts.tenant_id[tenants![row]!] !== tenant) continue;
      const is = protocol![row]!;
      const bytes = rows.numbers.bytes[row]!;
      if (bytes < 100_000 || !(is === TCP || (is === UDP && port![row] === 443))) continue;
      const ends = [...from!.subarray(4 * row, 4 * row + 4), ...to!.subarray(4 * row, 4 * row + 4)];
      const key = `${ends.join()} ${is}`;
      const known = moved.get(key) ?? { protocol: is, bytes: 0, packets: 0 };
      known.bytes += bytes;
      known.packets += rows.numbers.packets[row]!;
      moved.set(key, known);
    }
  }
  const most = [...moved.values()].sort((a, b) => b.bytes - a.bytes).slice(0, COPIES);
  const sum = (is: number): { bytes: number; packets: number } =>
    most
      .filter(({ protocol }) => protocol === is)
      .reduce((s, m) => ({ bytes: s.bytes + m.bytes, packets: s.packets + m.packets }), {
        bytes: 0,
        packets: 0,
      });
  return { tcp: sum(TCP), udp: sum(UDP) };
}

/** The tenant says it for its interfaces; where it is not off as a whole, that interface of each exporter that is furthest off. */
export function telling<C extends { readonly entity: Entity; readonly distance: number }>(
  off: readonly C[],
): C[] {
  const tenants = new Set(off.flatMap(({ entity }) => (entity.kind === 'tenant' ? [entity.tenant] : [])));
  const told = new Map<string, C>();
  for (const one of off) {
    const { entity } = one;
    if (entity.kind !== 'tenant' && tenants.has(entity.tenant)) continue;
    const key = `${entity.tenant}\n${entity.kind === 'tenant' ? '' : entity.address('collector_ip')}`;
    const before = told.get(key);
    if (before === undefined || one.distance > before.distance) told.set(key, one);
  }
  return [...told.values()];
}

function reportOff(off: Off, step: Step, values: Values<P>, report: Report): void {
  const { entity, by, now, usual, distance, threshold, habit } = off;
  const what = whatOf(entity);
  const { certainty, caveat } = sampled(entity, MOST_WINDOWS_BACK);
  const grown = now.reduce((best, part, i) => (part - usual[i]! > now[best]! - usual[best]! ? i : best), 0);
  const name = NAMES[grown]!;
  const measure = ([by, `udp_${by}`, `icmp_${by}`, `other_${by}`] as const)[grown]!;
  const filter = [
    'protocol = tcp',
    'protocol = udp',
    'protocol in (icmp, icmp6)',
    'protocol not in (tcp, udp, icmp, icmp6)',
  ];
  report({
    type: 'protocol_mix',
    tenant: entity.tenant,
    entity: what.entity,
    severity: distance >= 0.6 ? 'medium' : 'low',
    score: certainty * Math.min(1, 0.5 + 0.5 * distance),
    title: `${name} is ${percent(now[grown]!)} of the ${by} of ${what.name}, usual are ${percent(usual[grown]!)}`,
    description:
      `The mix of protocols is off by ${percent(distance)} of the ${by} of a minute; seldom is it off by more than ${percent(habit.most)}. ` +
      `Now: ${shown(now)}. Usual: ${shown(usual)}. Look at the hosts that send most ${name}.`,
    ...what.columns,
    metric: `${by}_mix_distance`,
    value: distance,
    baseline: habit.median,
    threshold,
    flowFilter: joined(what.flowFilter, filter[grown]!),
    evidence: {
      measures: NAMES.flatMap((protocol, i) => [
        { name: `${protocol} now`, value: now[i]!, unit: 'ratio' },
        { name: `${protocol} usual`, value: usual[i]!, unit: 'ratio' },
      ]),
      contributors: heaviestHosts(step, entity.tenant, 'source', measure),
      ...caveat,
      parameters: { distance: values.distance, usual_multiple: values.usual_multiple },
    },
  });
}

function shown(mix: Mix): string {
  return NAMES.map((name, i) => `${name} ${percent(mix[i]!)}`).join(', ');
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

export const protocolMix: Detector<P> = {
  name: 'protocol_mix',
  title: 'Protocol mix',
  types: ['protocol_mix'],
  doc:
    'TCP, UDP, ICMP and others have other parts of the traffic than usual at this hour: more than three tenths of a minute’s bytes or ' +
    'packets, and more than is ever usual. Of a tenant, or where it is not off as a whole of an interface. Large copies between two hosts do ' +
    'not count.',
  parameters,
  reads: {
    ...Object.fromEntries(
      KINDS.map((kind) => [
        kind,
        [
          'records',
          'sampling_rate',
          'bytes',
          'packets',
          'udp_bytes',
          'udp_packets',
          'icmp_bytes',
          'icmp_packets',
          'other_bytes',
          'other_packets',
        ],
      ]),
    ),
    pair: ['bytes', 'packets'],
    source: [
      'bytes',
      'packets',
      'udp_bytes',
      'udp_packets',
      'icmp_bytes',
      'icmp_packets',
      'other_bytes',
      'other_packets',
    ],
  },
  windowsBack: MOST_WINDOWS_BACK,
  early: false,
  start: (settings) => new RunningProtocolMix(settings),
};
