import type { WindowKind } from '@weir/core/windows';
import type { Detector, Report, RunningDetector, Values } from '../../detector.ts';
import { type Entity, MOST_WINDOWS_BACK, type Step } from '../../step.ts';
import { sampled } from './certainty.ts';
import { type Candidate, explaining } from './explain.ts';
import { type Habit, Habits, isLearnt, learnMinutes } from './habits.ts';
import { whatOf } from './what.ts';

/*
 * Packets that are sent again, or that exporters say were dropped, as a part of all: a link that loses, a queue that overflows, a duplex
 * mismatch.
 *
 * Two thresholds. Half of all packets sent again is an outage by anybody's habit. From a tenth on it is an anomaly for who usually loses
 * little: five times as much as 98 of 100 of its windows. TCP's throughput falls with the root of the loss (Mathis, Semke, Mahdavi, Ott 1997):
 * at a tenth little of it is left.
 *
 * What looks alike:
 * - A dead host: all that is sent to it is a SYN, again and again. That is no loss; what SYNs without an answer bring is taken off.
 * - Exporters that tell retransmissions and no round trips: flows without any are not told from those not measured, so all TCP packets
 *   are what they are a part of.
 * - Keep-alives of idle connections count as sent again with some meters: there are few of them, and a few hundred packets are asked for.
 * - What a firewall drops on purpose is no loss: drops count for interfaces alone, without SYNs, and against the interface's habit.
 * - A bad link makes all services behind it bad: explain.ts names the one that explains it.
 */

const KINDS = ['destination', 'interface', 'service'] as const satisfies readonly WindowKind[];
const MOST_HABITS = 8192;

const parameters = {
  loss_high: {
    default: 0.5,
    unit: 'ratio',
    most: 1,
    threshold: true,
    doc: 'From this part of packets sent again on it is an anomaly whatever is usual, of severity high.',
  },
  loss_critical: {
    default: 0.7,
    unit: 'ratio',
    most: 1,
    threshold: true,
    doc: 'From this part on, of severity critical.',
  },
  loss_unusual: {
    default: 0.1,
    unit: 'ratio',
    most: 1,
    threshold: true,
    doc: 'From this part on, of severity medium, where it is unusual.',
  },
  unusual_multiple: {
    default: 5,
    unit: 'ratio',
    least: 1,
    doc: 'Unusual is so many times what 98 of 100 windows of the same entity have.',
  },
  least_packets: {
    default: 200,
    unit: 'packets/min',
    least: 10,
    doc: 'Packets of which it is a part, in the latest windows of a minute at most.',
  },
  learn_minutes: learnMinutes,
} as const;

type P = typeof parameters;

interface Loss {
  readonly share: number;
  readonly packets: number;
  readonly lost: number;
  readonly windows: number;
  readonly how: 'sent again' | 'dropped';
}

interface Lossy extends Candidate, Loss {
  readonly habit: Habit | undefined;
  readonly threshold: number;
}

class RunningPacketLoss implements RunningDetector {
  private readonly settings: (tenant: string) => Values<P>;
  private readonly habits = new Habits(MOST_HABITS, 'root');

  constructor(settings: (tenant: string) => Values<P>) {
    this.settings = settings;
  }

  detect(step: Step, _usual: unknown, report: Report): void {
    const lossy: Lossy[] = [];
    const well = new Map<string, number>();
    this.each(step, (entity, loss, values) => {
      const habit = this.habits.of(idOf(entity));
      const threshold = thresholdOf(loss, habit, values);
      if (loss.share > threshold)
        lossy.push({ ...loss, entity, habit, threshold, excess: loss.lost, times: loss.share / threshold });
      else if (entity.kind === 'service') well.set(entity.tenant, (well.get(entity.tenant) ?? 0) + 1);
    });
    for (const one of explaining(lossy, (tenant) => well.get(tenant) ?? 0))
      reportLoss(one, this.settings(one.entity.tenant), report);
  }

  learn(step: Step): void {
    this.each(step, (entity, loss, values) => {
      const id = idOf(entity);
      const unusual = loss.share > thresholdOf(loss, this.habits.of(id), values);
      this.habits.learn(id, loss.share, step.end, unusual ? 0.1 : 1);
    });
  }

  private each(step: Step, look: (entity: Entity, loss: Loss, values: Values<P>) => void): void {
    for (const kind of KINDS) {
      const rows = step.rows(kind);
      const measured = rows.numbers.measured_packets;
      for (let row = 0; row < rows.rows; row++) {
        // That an interface drops nothing is its habit too.
        if (rows.rest[row] === 1 || (measured[row] === 0 && kind !== 'interface')) continue;
        const entity = step.entity(kind, row);
        const values = this.settings(entity.tenant);
        const loss = lossOf(entity, values.least_packets);
        if (loss !== undefined) look(entity, loss, values);
      }
    }
  }

  save(): unknown {
    return this.habits.save();
  }

  load(saved: unknown): void {
    this.habits.load(saved);
  }

  counts(): { entities: number; learning: number } {
    return this.habits.counts();
  }
}

function idOf(entity: Entity): string {
  return `${entity.tenant}\n${entity.kind} ${whatOf(entity).entity}`;
}

/** Over the fewest windows that have packets enough; the larger of what was sent again and what was dropped. */
function lossOf(entity: Entity, leastPackets: number): Loss | undefined {
  let best: Loss | undefined;
  for (let windows = 1; windows <= MOST_WINDOWS_BACK && best === undefined; windows++) {
    const again = sentAgain(entity, windows);
    const dropped = entity.kind === 'interface' ? droppedOf(entity, windows) : undefined;
    for (const one of [again, dropped]) {
      if (one === undefined || one.packets < leastPackets) continue;
      if (best === undefined || one.share > best.share) best = one;
    }
  }
  return best;
}

function sentAgain(entity: Entity, windows: number): Loss {
  const sum = (name: Parameters<Entity['sum']>[0]): number => entity.sum(name, windows);
  // SYNs that nobody answered: the first of each flow is none that was sent again.
  const synPackets = sum('syn_packets');
  const synAgain = Math.max(0, synPackets - sum('syn_flows'));
  const told = sum('rtt_records') >= 0.1 * sum('records');
  const tcp =
    sum('packets') + sum('packets_back') - sum('udp_packets') - sum('icmp_packets') - sum('other_packets');
  const of = told ? sum('measured_packets') : Math.max(sum('measured_packets'), tcp);
  const lost = Math.max(0, sum('retransmissions') - synAgain);
  const packets = Math.max(lost, of - Math.min(synPackets, 2 * synAgain));
  return { share: packets <= 0 ? 0 : Math.min(1, lost / packets), packets, lost, windows, how: 'sent again' };
}

function droppedOf(entity: Entity, windows: number): Loss {
  const syn = entity.sum('syn_packets', windows);
  const lost = Math.max(0, entity.sum('dropped_packets', windows) - syn);
  const packets = Math.max(lost, entity.sum('packets', windows) - syn);
  return { share: packets <= 0 ? 0 : lost / packets, packets, lost, windows, how: 'dropped' };
}

/** What is lost beyond this is too much. Who usually loses as much is not news. */
function thresholdOf({ how }: Loss, habit: Habit | undefined, values: Values<P>): number {
  if (!isLearnt(habit, values.learn_minutes)) return how === 'dropped' ? Infinity : values.loss_high;
  const unusual = Math.max(values.loss_unusual, values.unusual_multiple * habit.high);
  const usual = habit.median >= 0.5 * values.loss_high ? 1.2 * habit.high : values.loss_high;
  return how === 'dropped' ? unusual : Math.min(unusual, usual);
}

function reportLoss(loss: Lossy, values: Values<P>, report: Report): void {
  const { entity, share, packets, lost, windows, how, habit, threshold } = loss;
  const what = whatOf(entity);
  const { certainty, caveat } = sampled(entity, windows);
  const usual = habit?.median ?? 0;
  report({
    type: 'packet_loss',
    tenant: entity.tenant,
    entity: what.entity,
    severity: share >= values.loss_critical ? 'critical' : share >= values.loss_high ? 'high' : 'medium',
    score: certainty * Math.min(1, 0.6 + 0.2 * (share / threshold - 1) + 0.05 * Math.log10(packets / 100)),
    title: `${percent(share)} of the packets of ${what.name} are ${how}`,
    description:
      `${Math.round(lost)} of ${Math.round(packets)} packets in ${10 * windows} s were ${how}; usual are ${percent(usual)}. ` +
      (entity.kind === 'interface'
        ? 'Look at the interface’s errors, drops and load, at both ends of its link.'
        : 'Look at the way to it: errors and drops of the interfaces, and at the load of what answers.'),
    ...what.columns,
    metric: how === 'dropped' ? 'dropped_ratio' : 'retransmission_ratio',
    value: share,
    baseline: usual,
    threshold,
    flowFilter: `${what.flowFilter} and ${how === 'dropped' ? 'dropped_packets' : 'retransmissions'} > 0`,
    evidence: {
      measures: [
        { name: how === 'dropped' ? 'dropped_packets' : 'retransmissions', value: lost, unit: 'packets' },
        { name: 'packets', value: packets, unit: 'packets' },
      ],
      ...caveat,
      parameters: { loss_unusual: values.loss_unusual, loss_high: values.loss_high },
    },
  });
}

function percent(share: number): string {
  return `${share < 0.1 ? (100 * share).toFixed(1) : Math.round(100 * share)} %`;
}

export const packetLoss: Detector<P> = {
  name: 'packet_loss',
  title: 'Packet loss',
  types: ['packet_loss'],
  doc:
    'Packets sent again as a part of those measured: over half (high) or seventy of a hundred (critical) at any time, over a tenth where ' +
    'that is five times what is usual; of a server, an interface or a service, the one that explains the others. Of interfaces also packets ' +
    'that exporters report as dropped. Wants exporters that count retransmissions or drops.',
  parameters,
  reads: Object.fromEntries(
    KINDS.map((kind) => [
      kind,
      [
        'records',
        'sampling_rate',
        'measured_packets',
        'retransmissions',
        'dropped_packets',
        'rtt_records',
        'syn_packets',
        'syn_flows',
        'packets',
        'packets_back',
        'udp_packets',
        'icmp_packets',
        'other_packets',
      ],
    ]),
  ),
  windowsBack: MOST_WINDOWS_BACK,
  early: false,
  usesUsual: false,
  start: (settings) => new RunningPacketLoss(settings),
};
