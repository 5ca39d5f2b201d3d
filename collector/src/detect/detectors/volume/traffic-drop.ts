import type { Usual } from '../../baselines/usual.ts';
import type { Detector, Report, RunningDetector, Values } from '../../detector.ts';
import { MOST_WINDOWS_BACK, type Step } from '../../step.ts';
import { type Explanation, bestExplained } from './best-explained.ts';
import { bytesText } from './quantities.ts';
import { type Level, SteadyLevels } from './steady-levels.ts';

/*
 * Why it works: an interface, a service or a network that carried about the same all day and now, for a minute, carries a fifth of it or
 * nothing, has lost something: a line, a route, a server.
 *
 * What is expected is the least of the hour before and of yesterday’s same and next hour, all of them steady. So
 * - the night, the end of an office’s day, a week-end do not fire: one of the three is low already, or becomes so;
 * - a nightly backup that ends does not: before it there was nothing, and its hours are not steady;
 * - one host’s maintenance does not: hosts are not looked at, and what many hosts share does not lose four fifths by one;
 * - what is bursty, near zero, or told of by long flows every half hour is not steady, and left out;
 * - an exporter that is silent takes its interfaces with it, and a part of all else: exporter_silent tells of it. Where nothing at all
 *   came in one of the minute’s windows, nothing is said either;
 * - what is gone altogether has no row: it is remembered here.
 */
const parameters = {
  remaining: {
    default: 0.2,
    unit: 'ratio',
    most: 1,
    doc: 'What is left of the expected at most: a fall by 80 %.',
  },
  least_expected: {
    default: 100_000,
    unit: 'bytes/s',
    least: 1_000,
    doc: 'Where less than this is expected, nothing is said: of so little, most may be one client’s.',
  },
  deviation: {
    default: 0.5,
    unit: 'ratio',
    doc: 'Standard deviation of the minutes of an hour as a share of their mean, up to which the hour is steady.',
  },
} as const;

type P = typeof parameters;

const levels: Readonly<Record<string, number>> = { interface: 1, service: 2, tenant: 3 };

export const trafficDrop: Detector<P> = {
  name: 'traffic_drop',
  title: 'Traffic drop',
  types: ['traffic_drop'],
  doc:
    'An interface, a service or a tenant that was steady the hour before and yesterday at this time carries, over a minute, a fifth of it ' +
    'or less. Known after a day.',
  parameters,
  reads: { interface: ['bytes'], service: ['bytes'], tenant: ['bytes'] },
  windowsBack: MOST_WINDOWS_BACK,
  early: false,
  start: (settings) => new RunningTrafficDrop(settings),
};

class RunningTrafficDrop implements RunningDetector {
  private readonly settings: (tenant: string) => Values<P>;
  private readonly known = new SteadyLevels();

  constructor(settings: (tenant: string) => Values<P>) {
    this.settings = settings;
  }

  detect(step: Step, usual: Usual, report: Report): void {
    for (let back = 0; back < MOST_WINDOWS_BACK; back++)
      if (step.rowsBack('tenant', back) === undefined) return;
    const seen = this.known.seen(step);
    const found: Explanation[] = [];
    for (const [id, level] of this.known.all) {
      const v = this.settings(level.tenant);
      const expected = this.known.expected(level, step.start, v.deviation);
      if (expected === undefined || expected < v.least_expected) continue;
      const current = seen.get(id);
      const now = this.known.now(level, step, current?.bytes ?? 0);
      if (now > v.remaining * expected) continue;
      if (current !== undefined) {
        const known = usual.of(step, level.kind, current.row, 'bytes');
        if (!known.learning && (now > v.remaining * known.median || now >= known.low)) continue;
      }
      if (this.known.isSilent(step, level.tenant, level.named.ends.exporter)) continue;
      found.push(dropOf(level, now, expected, v));
    }
    bestExplained(found).forEach(report);
  }

  learn(step: Step): void {
    const least = this.settings('').least_expected;
    this.known.learn(step, least);
  }

  save(): unknown {
    return this.known.save();
  }

  load(saved: unknown): void {
    this.known.load(saved);
  }

  counts(): { entities: number; learning: number } {
    let learning = 0;
    for (const level of this.known.all.values()) if (level.hours.includes(-1)) learning++;
    return { entities: this.known.all.size, learning };
  }
}

function dropOf(level: Level, now: number, expected: number, v: Values<P>): Explanation {
  const { title, entity, ends, flowFilter } = level.named;
  const lost = 1 - now / expected;
  return {
    level: levels[level.kind]!,
    amount: expected - now,
    finding: {
      type: 'traffic_drop',
      tenant: level.tenant,
      entity,
      severity: lost >= 0.98 ? 'high' : 'medium',
      score: Math.min(1, 0.5 + 0.5 * (1 - now / (v.remaining * expected))),
      title:
        now < 1
          ? `${title} carries nothing any more; ${bytesText(expected)}/s are expected`
          : `${title} carries ${bytesText(now)}/s, ${Math.round(100 * lost)} % less than the expected ${bytesText(expected)}/s`,
      description:
        'It was steady the hour before and yesterday at this time, and over the last minute lost nearly all; its exporter still reports. ' +
        'Look for a line or a route that is down, a server that stopped, or a filter that was changed.',
      ...ends,
      metric: 'bytes_per_second',
      value: now,
      baseline: expected,
      threshold: v.remaining * expected,
      flowFilter,
      evidence: {
        measures: [{ name: 'lost', value: lost, unit: 'ratio' }],
        parameters: { remaining: v.remaining, least_expected: v.least_expected },
      },
    },
  };
}
