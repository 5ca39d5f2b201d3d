import type { HourSummary } from './hour-summary.ts';
import { WEEK_HOURS, likeHours } from './hours.ts';
import { CODES_PER_OCTAVE, codeOf, placeOf, valueAt, valueOf } from './value-code.ts';

/*
 * What is known of each hour of the week, of each series (a metric of an entity): 7 bytes a slot, in columns, those of a series one after the
 * other. An hour that has passed moves its slot by these rules:
 *
 * - The first one fills it.
 * - One that is like it (its median within an octave, three spreads, or what its minutes usually span) moves it by half, a third, then
 *   always a quarter of the way: four weeks of memory.
 * - One that is not like it leaves it as it is, and is remembered as the slot's pending level. An hour's, a day's attack ends there.
 * - The same pending level a week later takes the slot's place. So does one that four other days alike have pending at the same hour
 *   (a working week of another level), in all of these. So a lasting change is learnt within a week on weekdays, two at weekends.
 * - A slot of one week only gives way at once where the other days agree with the new hour and not with it: it was the odd one.
 *
 * Low and high percentiles widen by a part of an octave at once. Minutes beyond the hour's outer fence do not move them unless such were
 * there the last time as well: once is an outlier, twice a habit (a job of a minute each hour or each night), which is taken up at once.
 */

/** The slots of all series. Arrays are as long as there are slots; the last two as there are series. */
export interface Slots {
  /** Codes of the medians. */
  readonly medians: Uint16Array;
  /** Codes / 256 of pending medians. */
  readonly pendings: Uint8Array;
  /** Spread by median: see `spreadCode`. */
  readonly spreads: Uint8Array;
  /** How far above and below the median, in codes: see `reachOf`. */
  readonly highs: Uint8Array;
  readonly lows: Uint8Array;
  /** Weeks that a slot rests on; 0 where nothing is known. */
  readonly weeks: Uint8Array;
  /** Codes of the latest highs and lows that were beyond their fence; 0 where there were none. */
  readonly outlyingHighs: Uint16Array;
  readonly outlyingLows: Uint16Array;
}

export interface Level {
  readonly median: number;
  readonly spread: number;
  readonly low: number;
  readonly high: number;
}

export const NOTHING_PENDING = 255;
const PENDING_STEP = 256;
/** Of the square of what is kept of a reach, in codes: fine steps near the median, and 32 octaves at most. */
const REACH = 0.6;
const MOST_WEEKS = 250;
const SLOWEST = 0.25;
const AGREEING_DAYS = 4;
const AGREEING_KNOWN = 3;
const LIKE_SPREADS = 3;
/** The largest spread by median that is told, and steps an octave. */
const MOST_SPREAD = 4;
const SPREAD_STEPS = 20;

export function levelAt(slots: Slots, series: number, hour: number): Level {
  const at = series * WEEK_HOURS + hour;
  const code = slots.medians[at]!;
  return {
    median: valueOf(code),
    spread: spreadOf(slots.spreads[at]!, valueOf(code)),
    low: valueAt(code - reachOf(slots.lows[at]!)),
    high: valueAt(code + reachOf(slots.highs[at]!)),
  };
}

/** Takes the summary of an hour that has passed into its slot. */
export function learnHour(slots: Slots, series: number, hour: number, summary: HourSummary): void {
  const at = series * WEEK_HOURS + hour;
  const level = withoutOutliers(slots, series, summary);
  const { medians, pendings, weeks } = slots;
  if (weeks[at] === 0) {
    write(slots, at, level, 1);
    return;
  }
  const known = levelAt(slots, series, hour);
  if (isLike(known, level.median)) {
    move(slots, at, known, level);
    pendings[at] = NOTHING_PENDING;
    return;
  }
  const place = placeOf(level.median);
  const base = series * WEEK_HOURS;
  if (isNear(pendingPlace(pendings[at]!), place)) {
    write(slots, at, level, 2);
    return;
  }
  const others = likeHours(hour);
  if (weeks[at] === 1 && outvoted(slots, base, others, medians[at]!, place)) {
    write(slots, at, level, 1);
    return;
  }
  pendings[at] = Math.min(NOTHING_PENDING - 1, Math.floor(place / PENDING_STEP));
  const agreeing = others.filter((h) => isNear(pendingPlace(pendings[base + h]!), place));
  if (agreeing.length < AGREEING_DAYS) return;
  write(slots, at, level, 2);
  for (const h of agreeing) write(slots, base + h, level, 1);
}

/** An hour that has passed; whether its lowest and highest were outliers before as well. */
interface Observed extends Level {
  readonly lowIsHabit: boolean;
  readonly highIsHabit: boolean;
}

function withoutOutliers(slots: Slots, series: number, summary: HourSummary): Observed {
  const { median, spread, lowFence, highFence } = summary;
  let { high, low } = summary;
  let highIsHabit = false;
  let lowIsHabit = false;
  if (high > highFence) {
    const before = slots.outlyingHighs[series]!;
    slots.outlyingHighs[series] = codeOf(high);
    highIsHabit = before > 0 && valueAt(before + CODES_PER_OCTAVE) > highFence;
    high = Math.min(high, highIsHabit ? valueAt(before + CODES_PER_OCTAVE) : highFence);
  }
  if (low < lowFence) {
    const before = slots.outlyingLows[series]!;
    slots.outlyingLows[series] = Math.max(1, codeOf(low));
    lowIsHabit = before > 0 && valueAt(before - CODES_PER_OCTAVE) < lowFence;
    low = Math.max(low, lowIsHabit ? valueAt(before - CODES_PER_OCTAVE) : lowFence);
  }
  return { median, spread, low, high, lowIsHabit, highIsHabit };
}

function isLike(known: Level, median: number): boolean {
  return (
    (median >= known.low && median <= known.high) ||
    Math.abs(median - known.median) <= LIKE_SPREADS * known.spread ||
    isNear(placeOf(known.median), placeOf(median))
  );
}

function isNear(a: number, b: number): boolean {
  return Math.abs(a - b) <= CODES_PER_OCTAVE;
}

function pendingPlace(pending: number): number {
  return pending === NOTHING_PENDING ? Infinity : (pending + 0.5) * PENDING_STEP;
}

/** Whether the other days agree with a new level and not with the known one. */
function outvoted(
  slots: Slots,
  base: number,
  others: readonly number[],
  known: number,
  place: number,
): boolean {
  let agreeing = 0;
  for (const h of others) {
    if (slots.weeks[base + h] === 0) continue;
    const median = slots.medians[base + h]!;
    if (isNear(median, known)) return false;
    if (isNear(median, place)) agreeing++;
  }
  return agreeing >= AGREEING_KNOWN;
}

function move(slots: Slots, at: number, known: Level, level: Observed): void {
  const weeks = slots.weeks[at]!;
  const rate = Math.max(SLOWEST, 1 / (weeks + 1));
  const from = placeOf(known.median);
  const median = from + part(placeOf(level.median) - from, rate);
  // What differs from week to week is usual as well.
  const seen = Math.hypot(level.spread, level.median - known.median);
  const spread = Math.max(known.spread / 2, Math.min(seen, 2 * known.spread + 0.1 * known.median));
  const high = slots.highs[at]!;
  const low = slots.lows[at]!;
  write(
    slots,
    at,
    {
      median: valueAt(median),
      spread: known.spread + (spread - known.spread) * rate,
      low: valueAt(median - movedReach(low, from - placeOf(level.low), rate, level.lowIsHabit)),
      high: valueAt(median + movedReach(high, placeOf(level.high) - from, rate, level.highIsHabit)),
    },
    Math.min(MOST_WEEKS, weeks + 1),
  );
}

/** Some of the way, of which an octave is looked at. */
function part(way: number, rate: number): number {
  return Math.max(-CODES_PER_OCTAVE, Math.min(CODES_PER_OCTAVE, way)) * rate;
}

/** Outwards an octave's part at once, but all the way to a habit; inwards any part. One step at least, where there is one to go. */
function movedReach(kept: number, to: number, rate: number, habit: boolean): number {
  const from = reachOf(kept);
  if (to > from && habit) return to;
  const next = from + (to > from ? part(to - from, rate) : (to - from) * rate);
  const step = Math.sign(reachCode(to) - kept);
  return step !== 0 && reachCode(next) === kept ? reachOf(kept + step) : next;
}

function write(slots: Slots, at: number, level: Level, weeks: number): void {
  const code = codeOf(level.median);
  slots.medians[at] = code;
  slots.pendings[at] = NOTHING_PENDING;
  slots.spreads[at] = spreadCode(level.spread, level.median);
  slots.highs[at] = reachCode(placeOf(level.high) - code);
  slots.lows[at] = reachCode(code - placeOf(level.low));
  slots.weeks[at] = weeks;
}

function reachOf(kept: number): number {
  return REACH * kept * kept;
}

function reachCode(codes: number): number {
  return Math.min(255, Math.round(Math.sqrt(Math.max(0, codes) / REACH)));
}

/** Of values that are never negative the median deviation is not above the median: so it is kept as a part of it, in steps of 3.5 %. */
function spreadCode(spread: number, median: number): number {
  if (spread <= 0 || median <= 0) return 0;
  return Math.max(
    0,
    Math.min(255, Math.round(255 + SPREAD_STEPS * Math.log2(spread / median / MOST_SPREAD))),
  );
}

function spreadOf(code: number, median: number): number {
  return code === 0 ? 0 : spreadParts[code]! * median;
}

const spreadParts = Float64Array.from(
  { length: 256 },
  (_, k) => MOST_SPREAD * 2 ** ((k - 255) / SPREAD_STEPS),
);
