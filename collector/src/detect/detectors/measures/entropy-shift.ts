import { type WindowHistogram, type WindowKind, normalisedEntropy } from '@weir/core/windows';
import type { Detector, Report, RunningDetector, Values } from '../../detector.ts';
import type { Entity, Step } from '../../step.ts';
import { sampled } from './certainty.ts';
import { type Habit, Habits, UNUSUAL_WEIGHT, isLearnt, learnMinutes } from './habits.ts';
import { heaviestHosts } from './heaviest.ts';
import { telling } from './protocol-mix.ts';
import { whatOf } from './what.ts';

/*
 * How evenly packets are spread over addresses and ports says what kind of traffic it is (Lakhina, Crovella, Diot, "Mining anomalies using
 * traffic feature distributions", 2005). A flood from many sources spreads the sources and draws the destinations together; a scan of
 * ports spreads the destination ports and draws the addresses together; a worm draws the ports together and spreads the destinations. It
 * shows in volumes too small to be seen as such, and of attacks that nobody wrote a rule for.
 *
 * The entropy of each of the four histograms (source and destination address and port) is held against its habit at this time of day, both
 * up and down. One alone is not enough: two must be off.
 *
 * What looks alike:
 * - One large flow (a backup, a speed test, a download: an "alpha flow" in that paper) draws all four together, as far as they were not so
 *   before. Where nothing is spread, and both addresses are drawn together, or one source and one destination have the larger part of all
 *   packets, it is not told: other detectors see its volume.
 * - An update that all fetch: its server draws source addresses and ports together, towards as many destinations as ever. What only draws the
 *   source's side together is a server that answers; who scans has many destinations or ports, who floods has one destination.
 * - Crawlers, gateways, resolvers have shapes of their own, and these are habit.
 * - Few records have no shape.
 * - A short burst: it must be strong, or there in two windows.
 */

const KINDS = ['tenant', 'interface'] as const satisfies readonly WindowKind[];
const FEATURES = [
  'source_histogram',
  'destination_histogram',
  'source_port_histogram',
  'destination_port_histogram',
] as const satisfies readonly WindowHistogram[];
const NAMES = ['source addresses', 'destination addresses', 'source ports', 'destination ports'] as const;
/** Habits: of 256 tenants and interfaces, each of four features, all day and by three hours. */
const MOST_HABITS = 256 * 4 * 9;
const SLOT_HOURS = 3;
/** The part of all packets that one source and one destination have where most of it is one conversation. */
const MOST_OF_IT = 0.4;
/** So many thresholds, of all that is off together, are told in the first window. */
const STRONG = 3;

const parameters = {
  shift: {
    default: 0.15,
    unit: 'ratio',
    most: 1,
    threshold: true,
    doc: 'How far an entropy must be from its median, of 1 which all alike have.',
  },
  usual_multiple: {
    default: 1.5,
    unit: 'ratio',
    least: 1,
    doc: 'And so many times as far as in 998 of 1000 windows.',
  },
  least_records: {
    default: 50,
    unit: 'records',
    least: 10,
    doc: 'Records of a window below which there is no shape.',
  },
  learn_minutes: learnMinutes,
} as const;

type P = typeof parameters;

interface Shift {
  readonly feature: number;
  readonly now: number;
  readonly usual: number;
  readonly threshold: number;
  /** Signed, in thresholds. */
  readonly by: number;
}

interface Shifted {
  readonly entity: Entity;
  readonly shifts: readonly Shift[];
  readonly distance: number;
}

class RunningEntropyShift implements RunningDetector {
  private readonly settings: (tenant: string) => Values<P>;
  private readonly habits = new Habits(MOST_HABITS, 'even');

  constructor(settings: (tenant: string) => Values<P>) {
    this.settings = settings;
  }

  detect(step: Step, _usual: unknown, report: Report): void {
    const shifted: Shifted[] = [];
    this.each(step, (entity, values) => {
      const now = this.shiftsOf(entity, entropiesOf(entity), step, values);
      if (!isTelling(now) || (isDrawnTogether(now) && isOneConversation(entity))) return;
      const distance = now.reduce((sum, { by }) => sum + Math.abs(by), 0);
      if (distance >= STRONG || isTelling(this.shiftsOf(entity, entropiesBefore(entity), step, values)))
        shifted.push({ entity, shifts: now, distance });
    });
    for (const one of telling(shifted)) reportShifted(one, step, this.settings(one.entity.tenant), report);
  }

  learn(step: Step): void {
    this.each(step, (entity, values) => {
      const id = idOf(entity);
      const entropies = entropiesOf(entity);
      const weight = this.shiftsOf(entity, entropies, step, values).length > 0 ? UNUSUAL_WEIGHT : 1;
      entropies.forEach((entropy, feature) => {
        this.habits.learn(`${id} ${feature}`, entropy, step.end, weight);
        this.habits.learn(`${id} ${feature} ${slotOf(step)}`, entropy, step.end, weight);
      });
    });
  }

  private each(step: Step, look: (entity: Entity, values: Values<P>) => void): void {
    for (const kind of KINDS) {
      const rows = step.rows(kind);
      for (let row = 0; row < rows.rows; row++) {
        if (rows.rest[row] === 1) continue;
        const values = this.settings(step.tenant(kind, row));
        if (rows.numbers.records[row]! >= values.least_records) look(step.entity(kind, row), values);
      }
    }
  }

  private shiftsOf(entity: Entity, entropies: readonly number[], step: Step, values: Values<P>): Shift[] {
    const id = idOf(entity);
    return entropies.flatMap((now, feature) => {
      const slot = this.habits.of(`${id} ${feature} ${slotOf(step)}`);
      const habit: Habit | undefined = isLearnt(slot, values.learn_minutes)
        ? slot
        : this.habits.of(`${id} ${feature}`);
      if (!isLearnt(habit, values.learn_minutes)) return [];
      const { median, most, least } = habit;
      const ever = now > median ? most - median : median - least;
      const threshold = Math.max(values.shift, values.usual_multiple * ever);
      const by = (now - median) / threshold;
      return Math.abs(by) > 1 ? [{ feature, now, usual: median, threshold, by }] : [];
    });
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

/** Of the day, in UTC. */
function slotOf(step: Step): number {
  return Math.floor(step.start / 3600 / SLOT_HOURS) % (24 / SLOT_HOURS);
}

function entropiesOf(entity: Entity): number[] {
  return FEATURES.map((name) => normalisedEntropy(entity.histogram(name, 1)));
}

/** Of the window before; nothing where there was none. */
function entropiesBefore(entity: Entity): number[] {
  return FEATURES.flatMap((name) => {
    const now = entity.histogram(name, 1);
    const before = entity.histogram(name, 2).map((n, i) => n - (now[i] ?? 0));
    return before.some((n) => n > 0) ? [normalisedEntropy(before)] : [];
  });
}

/** Two or more, and not only addresses drawn together: that is one large flow; nor only the source’s side: that is a server that answers. */
function isTelling(shifts: readonly Shift[]): boolean {
  if (shifts.length < 2) return false;
  if (!isDrawnTogether(shifts)) return true;
  const together = (feature: number): boolean => shifts.some((s) => s.feature === feature);
  const [source, destination, sourcePort, destinationPort] = [0, 1, 2, 3].map(together);
  if (source && destination) return false;
  return !(source && sourcePort && !destination && !destinationPort);
}

function isDrawnTogether(shifts: readonly Shift[]): boolean {
  return shifts.every(({ by }) => by < 0);
}

/** Whether one bucket of addresses has so much of the packets, of the sources and of the destinations. */
function isOneConversation(entity: Entity): boolean {
  return (['source_histogram', 'destination_histogram'] as const).every((name) => {
    const histogram = entity.histogram(name, 1);
    return Math.max(...histogram) >= MOST_OF_IT * histogram.reduce((sum, n) => sum + n, 0);
  });
}

function reportShifted(
  { entity, shifts, distance }: Shifted,
  step: Step,
  values: Values<P>,
  report: Report,
): void {
  const what = whatOf(entity);
  const { certainty, caveat } = sampled(entity, 1);
  const worst = shifts.reduce((a, b) => (Math.abs(b.by) > Math.abs(a.by) ? b : a));
  const said = (of: readonly Shift[]): string => of.map(({ feature }) => NAMES[feature]!).join(' and ');
  const [apart, drawn] = [shifts.filter(({ by }) => by > 0), shifts.filter(({ by }) => by < 0)];
  const changes = [
    apart.length > 0 ? `${said(apart)} are spread out` : '',
    drawn.length > 0 ? `${said(drawn)} are drawn together` : '',
  ].filter((text) => text !== '');
  report({
    type: 'entropy_shift',
    tenant: entity.tenant,
    entity: what.entity,
    severity: distance >= 6 ? 'medium' : 'low',
    score: certainty * Math.min(1, 0.5 + 0.07 * distance),
    title: `Traffic of ${what.name} has another shape: ${changes.join(', ')}`,
    description: `${shapeOf(shifts)} Look at the hosts that send and get most packets now.`,
    ...what.columns,
    metric: `${FEATURES[worst.feature]!.replace('_histogram', '')}_entropy`,
    value: worst.now,
    baseline: worst.usual,
    threshold: worst.usual + Math.sign(worst.by) * worst.threshold,
    flowFilter: what.flowFilter,
    evidence: {
      measures: shifts.flatMap(({ feature, now, usual }) => [
        { name: `entropy of ${NAMES[feature]!}`, value: now, unit: 'ratio' },
        { name: `usual entropy of ${NAMES[feature]!}`, value: usual, unit: 'ratio' },
      ]),
      contributors: [
        ...heaviestHosts(step, entity.tenant, 'source', 'packets'),
        ...heaviestHosts(step, entity.tenant, 'destination', 'packets'),
      ],
      ...caveat,
      parameters: { shift: values.shift, usual_multiple: values.usual_multiple },
    },
  });
}

/** What such a change is, as a rule: table 1 of the paper. */
function shapeOf(shifts: readonly Shift[]): string {
  const is = (feature: number): number => Math.sign(shifts.find((s) => s.feature === feature)?.by ?? 0);
  const [source, destination, , port] = [is(0), is(1), is(2), is(3)];
  if (destination < 0 && port > 0)
    return 'Few targets and many ports: so looks a scan of ports, or a flood of random ports.';
  if (destination < 0 && source >= 0)
    return 'Few targets, from as many or more sources: so looks a flood of one target.';
  if (destination > 0 && port < 0)
    return 'Many targets of few ports: so looks a scan of a network, a worm, a new crawler.';
  if (source < 0 && destination >= 0)
    return 'Few sources, of as many or more targets: so looks one who sends to many.';
  return 'Addresses and ports are otherwise distributed than usual at this time of day.';
}

export const entropyShift: Detector<P> = {
  name: 'entropy_shift',
  title: 'Entropy shift',
  types: ['entropy_shift'],
  doc:
    'Packets are otherwise spread over source and destination addresses and ports than usual at this time of day: two of the four ' +
    'entropies are off, up or down, and it is not one large flow. Of a tenant, or where that is as usual of an interface.',
  parameters,
  reads: {
    ...Object.fromEntries(KINDS.map((kind) => [kind, ['records', 'sampling_rate', ...FEATURES]])),
    source: ['packets'],
    destination: ['packets'],
  },
  windowsBack: 2,
  early: false,
  usesUsual: false,
  start: (settings) => new RunningEntropyShift(settings),
};
