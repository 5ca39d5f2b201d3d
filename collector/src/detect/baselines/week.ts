import type { HourSummary } from './hour-summary.ts';
import { WEEK_HOURS, likeHours } from './hours.ts';
import { CODES_PER_OCTAVE, NO_VALUE, codeOf, placeOf, valueAt, valueOf } from './value-code.ts';

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
 *
 * Beside that a series keeps the share of its minutes that were outside of what their slots said: by it estimate.ts knows how far to
 * believe them.
 */

/** The slots of all series. Arrays are as long as there are slots; the last three as there are series. */
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
  /** The share of the last weeks' minutes that were outside of their slot's low and high. */
  readonly outside: Float32Array;
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
/** Of the way of low and high: outwards at least, inwards at most. */
const OUTWARDS = 0.5;
const INWARDS = 0.15;
/** Hours over which what was outside is taken: the workdays of a week. Of an hour, at most so much. */
const SCORED_HOURS = 120;
const BAD_HOUR = 0.3;
/** What is kept of a low that is zero, whatever the median; less than half of one event a minute is. */
const DOWN_TO_ZERO = 255;
const LEAST = 1 / 120;
/** Codes that a reach may be off. */
const ROUNDED = 60;
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
    low: slots.lows[at] === DOWN_TO_ZERO ? 0 : valueAt(code - reachOf(slots.lows[at]!)),
    high: valueAt(code + reachOf(slots.highs[at]!)),
  };
}

/** Takes the summary of an hour that has passed into its slot. */
export function learnHour(
  slots: Slots,
  series: number,
  hour: number,
  summary: HourSummary,
  minutes: Uint16Array,
): void {
  const at = series * WEEK_HOURS + hour;
  const level = withoutOutliers(slots, series, summary);
  const { medians, pendings, weeks } = slots;
  if (weeks[at] === 0) {
    write(slots, at, level, 1);
    return;
  }
  const known = levelAt(slots, series, hour);
  score(slots, series, known, minutes);
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

/** How well the slot foretold the hour. An hour counts as a bad one at most, so that a day's attack does not make all doubtful. */
function score(slots: Slots, series: number, known: Level, minutes: Uint16Array): void {
  const low = codeOf(known.low) - ROUNDED;
  const high = codeOf(known.high) + ROUNDED;
  let outside = 0;
  let all = 0;
  for (const code of minutes) {
    if (code === NO_VALUE) continue;
    all++;
    if (code < low || code > high) outside++;
  }
  const share = Math.min(BAD_HOUR, outside / all);
  slots.outside[series]! += (share - slots.outside[series]!) / SCORED_HOURS;
}

type Outliers = 'none' | 'once' | 'again';

/** An hour that has passed, less what was beyond its fences for the first time. */
interface Observed extends Level {
  readonly lows: Outliers;
  readonly highs: Outliers;
}

function withoutOutliers(slots: Slots, series: number, summary: HourSummary): Observed {
  const { median, spread, lowFence, highFence } = summary;
  let { high, low } = summary;
  let highs: Outliers = 'none';
  let lows: Outliers = 'none';
  if (high > highFence) {
    const before = slots.outlyingHighs[series]!;
    const most = before === 0 ? 0 : valueAt(before + CODES_PER_OCTAVE);
    slots.outlyingHighs[series] = codeOf(high);
    highs = most > highFence ? 'again' : 'once';
    high = Math.min(high, Math.max(most, highFence));
  }
  if (low < lowFence) {
    const before = slots.outlyingLows[series]!;
    const least = before === 0 ? Infinity : valueAt(before - CODES_PER_OCTAVE);
    slots.outlyingLows[series] = Math.max(1, codeOf(low));
    lows = least < lowFence ? 'again' : 'once';
    low = Math.max(low, Math.min(least, lowFence));
  }
  return { median, spread, low, high, lows, highs };
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
  // The reach down to zero is as far as the median is up.
  const low = slots.lows[at] === DOWN_TO_ZERO ? reachCode(from) : slots.lows[at]!;
  write(
    slots,
    at,
    {
      median: valueAt(median),
      spread: known.spread + (spread - known.spread) * rate,
      low: valueAt(median - movedReach(low, from - placeOf(level.low), rate, level.lows)),
      high: valueAt(median + movedReach(high, placeOf(level.high) - from, rate, level.highs)),
    },
    Math.min(MOST_WEEKS, weeks + 1),
  );
}

/** Some of the way, of which an octave is looked at. */
function part(way: number, rate: number): number {
  return Math.max(-CODES_PER_OCTAVE, Math.min(CODES_PER_OCTAVE, way)) * rate;
}

/** Outwards an octave's part at once, but none to what is an outlier, and all the way to a habit; inwards any part. One step at least. */
function movedReach(kept: number, to: number, rate: number, outliers: Outliers): number {
  const from = reachOf(kept);
  if (to > from && outliers !== 'none') return outliers === 'again' ? to : from;
  const next =
    from + (to > from ? part(to - from, Math.max(rate, OUTWARDS)) : (to - from) * Math.min(rate, INWARDS));
  const step = Math.sign(reachCode(to) - kept);
  return step !== 0 && reachCode(next) === kept ? reachOf(kept + step) : next;
}

function write(slots: Slots, at: number, level: Level, weeks: number): void {
  const code = codeOf(level.median);
  slots.medians[at] = code;
  slots.pendings[at] = NOTHING_PENDING;
  slots.spreads[at] = spreadCode(level.spread, level.median);
  slots.highs[at] = reachCode(placeOf(level.high) - code);
  slots.lows[at] =
    level.low < LEAST ? DOWN_TO_ZERO : Math.min(DOWN_TO_ZERO - 1, reachCode(code - placeOf(level.low)));
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
