import { MAD_TO_DEVIATION, deviation, quantile, summaryOf } from './hour-summary.ts';
import { WEEK_HOURS, hourOfWeek, likeHours } from './hours.ts';
import type { UsualValue } from './usual.ts';
import { placeOf, valueAt } from './value-code.ts';
import { type Level, type Slots, levelAt } from './week.ts';

/**
 * Minutes of an entity that must be known before anything is said of it. Less than an hour, so that a day need not pass before detectors
 * may speak; what is said then is wide (see `wholeOf`). A detector that wants to be surer asks for more `minutes`.
 */
export const LEARNING_MINUTES = 45;
/** Weeks, or other days, after which a slot, or what is known of such days, stands for itself. */
const SURE = 3;
/**
 * Shares of minutes outside of their slots' low and high: two in a hundred ought to be. From here on the same hour of other days is mixed in,
 * then there is nothing but it, then nothing but all hours: who has no habits by the hour has them by the week.
 */
const ERRING = 0.025;
const DOUBTFUL = 0.06;
const CHANCE = 0.12;
/** Minutes before and after the full hour in which the neighbouring hour's low and high hold as well: jobs and people are not punctual. */
const NEAR_HOUR = 10;
/** Of a new entity (an hour or less): low and high lie half as far again from the median, and the spread is not below 0.3 of it. */
const NEW_REACH = 0.5;
const NEW_SPREAD = 0.3;
/** With so many hours, single odd ones do not make the highest and lowest any more. */
const OUTSIDE = 0.05;

export const stillLearning: UsualValue = {
  median: 0,
  spread: 0,
  high: 0,
  low: 0,
  minutes: 0,
  learning: true,
};

/**
 * What is usual for a series at a time. Of the hour of the week itself, once it is known of three weeks; before, mixed with the same
 * hour of other days (weekdays and weekends apart), as far as these are fewer than three with all hours that are known, and on the first
 * day with the last minutes. What is mixed has of both the wider low, high and spread. So has what slots foretold badly so far, however
 * long it is known: a host that works when it pleases. Then high and low have about a hundredth of the minutes outside each
 * after three weeks, of bursts, of slow waves, of what is on or off; in the first days up to a tenth of one that keeps no hours.
 *
 * @param recent the codes of the last sixty minutes
 * @param known minutes known of it in all
 */
export function usualAt(
  slots: Slots,
  recent: Uint16Array,
  series: number,
  known: number,
  seconds: number,
): UsualValue {
  if (known < LEARNING_MINUTES) return { ...stillLearning, minutes: known };
  const hour = hourOfWeek(seconds);
  const weeks = slots.weeks[series * WEEK_HOURS + hour]!;
  const outside = slots.outside[series]!;
  // How much the slot says by itself: its middle by the weeks it has seen, its width also by how well slots have foretold so far.
  const own = Math.min(1, weeks / SURE);
  const trust = falling(outside, ERRING, DOUBTFUL);
  let level: Level | undefined = weeks > 0 ? levelAt(slots, series, hour) : undefined;
  if (level === undefined || own * trust < 1) {
    const others = otherDays(slots, recent, series, hour, known);
    if (others === undefined) return { ...stillLearning, minutes: known };
    level = level === undefined ? others : mixed(level, others, own, trust);
  }
  const minutes = weeks >= SURE ? Math.min(known, weeks * 60) : known;
  const beside = neighbour(seconds);
  if (beside !== hour && slots.weeks[series * WEEK_HOURS + beside]! > 0) {
    const { low, high } = levelAt(slots, series, beside);
    level = { ...level, low: Math.min(low, level.low), high: Math.max(high, level.high) };
  }
  return { ...level, minutes, learning: false };
}

/** 1 up to `from`, 0 from `to` on. */
function falling(value: number, from: number, to: number): number {
  return Math.max(0, Math.min(1, (to - value) / (to - from)));
}

function neighbour(seconds: number): number {
  return hourOfWeek(seconds + NEAR_HOUR * 60) !== hourOfWeek(seconds)
    ? hourOfWeek(seconds + NEAR_HOUR * 60)
    : hourOfWeek(seconds - NEAR_HOUR * 60);
}

function otherDays(
  slots: Slots,
  recent: Uint16Array,
  series: number,
  hour: number,
  known: number,
): Level | undefined {
  const hours = likeHours(hour).filter((h) => slots.weeks[series * WEEK_HOURS + h]! > 0);
  const seen = hours.reduce((sum, h) => sum + slots.weeks[series * WEEK_HOURS + h]!, 0);
  const days = hours.length === 0 ? undefined : levelOf(slots, series, hours);
  const own = Math.min(1, seen / SURE);
  const trust = falling(slots.outside[series]!, DOUBTFUL, CHANCE);
  if (days !== undefined && own * trust === 1) return days;
  const whole = wholeOf(slots, recent, series, known);
  return days === undefined || whole === undefined ? (days ?? whole) : mixed(days, whole, own, trust);
}

/** All that is known: of hours that passed, or while there is none, of the last minutes. */
function wholeOf(slots: Slots, recent: Uint16Array, series: number, known: number): Level | undefined {
  const hours: number[] = [];
  for (let h = 0; h < WEEK_HOURS; h++) if (slots.weeks[series * WEEK_HOURS + h]! > 0) hours.push(h);
  const level = hours.length > 0 ? levelOf(slots, series, hours) : lastMinutes(recent);
  if (level === undefined) return undefined;
  const { median, spread, low, high } = level;
  const newness = Math.sqrt(60 / Math.max(60, known));
  const reach = 1 + NEW_REACH * newness;
  return {
    median,
    spread: Math.max(spread * reach, NEW_SPREAD * newness * median),
    low: Math.max(0, median - (median - low) * reach),
    high: median + (high - median) * reach,
  };
}

/** What is beyond the outer fence is left out: else an attack's first minute would make the rest of it usual. */
function lastMinutes(recent: Uint16Array): Level | undefined {
  const summary = summaryOf(recent);
  if (summary === undefined) return undefined;
  const { median, spread, low, high, lowFence, highFence } = summary;
  return { median, spread, low: Math.max(low, lowFence), high: Math.min(high, highFence) };
}

const medians = new Uint16Array(WEEK_HOURS);

/** Several hours as one: their middle, how they differ among themselves where that is more than within each, and what they reach. */
function levelOf(slots: Slots, series: number, hours: readonly number[]): Level {
  const levels = hours.map((h) => levelAt(slots, series, h));
  if (levels.length === 1) return levels[0]!;
  const codes = medians.subarray(0, hours.length);
  hours.forEach((h, i) => (codes[i] = slots.medians[series * WEEK_HOURS + h]!));
  codes.sort();
  const median = quantile(codes, 0.5);
  const ascending = (of: (level: Level) => number): number[] => levels.map(of).sort((a, b) => a - b);
  const outside = Math.floor(OUTSIDE * levels.length);
  return {
    median,
    spread: Math.max(
      ascending((l) => l.spread)[levels.length >> 1]!,
      MAD_TO_DEVIATION * deviation(codes, median),
    ),
    low: Math.min(median, ascending((l) => l.low)[outside]!),
    high: Math.max(median, ascending((l) => l.high)[levels.length - 1 - outside]!),
  };
}

/** Up to this share a zero that one of both had is possible, not a little more than zero. */
const MOSTLY = 0.7;

/**
 * The share `t` of a, the rest of b; medians on the logarithmic scale. Its width is the wider one's for longer, and where
 * a is not to be trusted: a narrow one that is known of one day is narrow by chance.
 */
function mixed(a: Level, b: Level, t: number, trust: number): Level {
  const narrow = (t * trust) ** 2;
  const between = (x: number, y: number, share: number): number =>
    valueAt(share * placeOf(x) + (1 - share) * placeOf(y));
  const median = between(a.median, b.median, t);
  const lowest = Math.min(a.low, b.low);
  return {
    median,
    spread:
      narrow * a.spread + (1 - narrow) * Math.max(a.spread, b.spread, Math.abs(a.median - b.median) / 2),
    low: lowest === 0 && narrow < MOSTLY ? 0 : Math.min(median, between(a.low, lowest, narrow)),
    high: Math.max(median, between(a.high, Math.max(a.high, b.high), narrow)),
  };
}
