import type { WindowKind } from '@weir/core/windows';
import type { Usual, UsualValue } from '../../baselines/usual.ts';
import type { Detector, Report, RunningDetector, Values } from '../../detector.ts';
import { type Entity, MOST_WINDOWS_BACK, type Step } from '../../step.ts';
import { sampled } from './certainty.ts';
import { type Candidate, explaining } from './explain.ts';
import { whatOf } from './what.ts';

/*
 * Round trips that take twice as long as usual, by destination, interface and service: queues that fill, a detour after a route has changed,
 * a server that does not keep up. Exporters measure them at the TCP handshake, so it is the way and the kernel, not the application.
 *
 * What looks alike:
 * - A handshake's packet that was lost: sent again after one second, then three (RFC 6298), one such among twenty quick ones makes a slow
 *   mean. So what is beyond the usual must be more than a few such packets bring, or be seen in two windows without one each, or in four.
 * - Clients: what is sent to one comes from near and far, and another site is another round trip. Destinations are looked at only where
 *   most flows are contacts to them: servers.
 * - A fast network where twice as long is nothing: there is a floor.
 * - Places whose round trips are never alike (radio, satellites, clients of all the world): the usual spread counts as well, and the more so
 *   the fewer measurements there are.
 * - One slow server makes its service and the interface before it slow: explain.ts names the one that explains it.
 */

const KINDS = ['destination', 'interface', 'service'] as const satisfies readonly WindowKind[];
/** What two handshakes with packets lost add, one of them twice, with the waits of RFC 6298: 1 s, and 1 s and 2 s. */
const LOST_HANDSHAKES_US = 4e6;
const LOST_HANDSHAKE_US = 1e6;
const FEW = 5;
const SPREADS = 4;

const parameters = {
  multiple: {
    default: 2,
    unit: 'ratio',
    least: 1.2,
    threshold: true,
    doc: 'So many times the usual round trip.',
  },
  least_increase_us: {
    default: 10_000,
    unit: 'us',
    threshold: true,
    doc: 'And longer by so much: below ten milliseconds hardly any service is the worse for it.',
  },
  least_measurements: {
    default: 20,
    unit: 'records',
    least: 5,
    doc: 'Round trips that must have been measured, in the latest windows of a minute at most.',
  },
} as const;

type P = typeof parameters;

interface Slow extends Candidate {
  readonly mean: number;
  readonly usual: UsualValue;
  readonly threshold: number;
  readonly measured: number;
  readonly windows: number;
}

class RunningHighLatency implements RunningDetector {
  private readonly settings: (tenant: string) => Values<P>;

  constructor(settings: (tenant: string) => Values<P>) {
    this.settings = settings;
  }

  detect(step: Step, usual: Usual, report: Report): void {
    const slow: Slow[] = [];
    const well = new Map<string, number>();
    for (const kind of KINDS) {
      const rows = step.rows(kind);
      const measured = rows.numbers.rtt_records;
      for (let row = 0; row < rows.rows; row++) {
        if (measured[row] === 0 || rows.rest[row] === 1) continue;
        const values = this.settings(step.tenant(kind, row));
        // Most rows are quick: their own window says so.
        const of = usual.of(step, kind, row, 'rtt');
        if (of.learning) continue;
        const entity = step.entity(kind, row);
        const found = slowOf(entity, of, values);
        if (typeof found === 'object') slow.push(found);
        else if (found === 'well' && kind === 'service')
          well.set(entity.tenant, (well.get(entity.tenant) ?? 0) + 1);
      }
    }
    for (const one of explaining(slow, (tenant) => well.get(tenant) ?? 0))
      reportSlow(one, this.settings(one.entity.tenant), report);
  }
}

function slowOf(entity: Entity, usual: UsualValue, values: Values<P>): Slow | 'well' | undefined {
  let windows = 0;
  let measured = 0;
  while (windows < MOST_WINDOWS_BACK && measured < values.least_measurements)
    measured += entity.at('rtt_records', windows++);
  if (measured < values.least_measurements) return undefined;
  if (
    entity.kind === 'destination' &&
    entity.sum('contact_flows', windows) < entity.sum('flows', windows) / 2
  )
    return undefined;
  const { median, spread, high } = usual;
  // Means of fewer measurements scatter more than those of the minutes that taught the usual.
  const scatter = Math.sqrt(Math.max(1, entity.sum('rtt_records') / measured));
  const threshold = Math.max(
    values.multiple * median,
    median + values.least_increase_us,
    median + SPREADS * spread * scatter,
    median + 1.1 * Math.max(0, high - median) * scatter,
  );
  const mean = entity.sum('rtt_sum_us', windows) / measured;
  if (mean <= threshold) return 'well';
  const excess = mean * measured - median * measured;
  if (excess < LOST_HANDSHAKES_US && slowWindows(entity, threshold, LOST_HANDSHAKE_US) < 2)
    if (slowWindows(entity, threshold, 0) < 4) return undefined;
  return { entity, excess, times: mean / Math.max(1, median), mean, usual, threshold, measured, windows };
}

/** Windows of the minute that are slow, with so much taken off each. */
function slowWindows(entity: Entity, threshold: number, without: number): number {
  let slow = 0;
  for (let back = 0; back < MOST_WINDOWS_BACK; back++) {
    const measured = entity.at('rtt_records', back);
    if (measured >= FEW && entity.at('rtt_sum_us', back) - without > threshold * measured) slow++;
  }
  return slow;
}

function reportSlow(slow: Slow, values: Values<P>, report: Report): void {
  const { entity, mean, usual, threshold, times, measured, windows } = slow;
  const what = whatOf(entity);
  const { certainty, caveat } = sampled(entity, windows);
  report({
    type: 'high_latency',
    tenant: entity.tenant,
    entity: what.entity,
    severity: mean < 50_000 ? 'low' : times >= 5 && mean >= 150_000 ? 'high' : 'medium',
    score:
      certainty * Math.min(1, 0.6 + 0.1 * Math.log2(mean / threshold) + 0.05 * Math.log2(measured / FEW)),
    title: `Round trips of ${what.name} take ${milliseconds(mean)}, ${times.toFixed(1)} times as long as usual`,
    description:
      `The mean of ${measured} round trips; usual at this hour are ${milliseconds(usual.median)}. ${advice[entity.kind] ?? ''} ` +
      'It may also be a new group of clients that are farther away.',
    ...what.columns,
    metric: 'rtt_us',
    value: mean,
    baseline: usual.median,
    threshold,
    flowFilter: `${what.flowFilter} and tcp_rtt_us > 0`,
    evidence: {
      measures: [
        { name: 'round_trips', value: measured, unit: 'records' },
        { name: 'usual_high', value: usual.high, unit: 'us' },
        { name: 'usual_spread', value: usual.spread, unit: 'us' },
      ],
      ...caveat,
      parameters: { multiple: values.multiple, least_increase_us: values.least_increase_us },
    },
  });
}

const advice: Partial<Record<WindowKind, string>> = {
  destination: 'It is this host: look at its load, and at the way to it.',
  interface:
    'Many hosts by this interface are slow: look at its queues and load, and whether routes have changed.',
  service: 'It is this service on several hosts, others are as usual: look at what these hosts share.',
};

function milliseconds(us: number): string {
  return us < 10_000 ? `${(us / 1000).toFixed(1)} ms` : `${Math.round(us / 1000)} ms`;
}

export const highLatency: Detector<P> = {
  name: 'high_latency',
  title: 'High latency',
  types: ['high_latency'],
  doc:
    'TCP round trips twice as long as usual for the hour and longer by ten milliseconds, of a server, an interface or a service: the one of ' +
    'them that explains the others. Wants exporters that measure round trips.',
  parameters,
  reads: Object.fromEntries(
    KINDS.map((kind) => [
      kind,
      ['rtt_sum_us', 'rtt_records', 'records', 'sampling_rate', 'flows', 'contact_flows'],
    ]),
  ),
  windowsBack: MOST_WINDOWS_BACK,
  early: false,
  start: (settings) => new RunningHighLatency(settings),
};
