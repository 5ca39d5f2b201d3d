import { CODES_PER_OCTAVE, NO_VALUE, valueAt, valueOf } from './value-code.ts';

/** Of a normal distribution, the standard deviation is this times the median absolute deviation. */
export const MAD_TO_DEVIATION = 1.4826;
/** Tukey's outer fence. */
const FENCE = 3;

/** What the minutes of an hour were like. */
export interface HourSummary {
  readonly minutes: number;
  readonly median: number;
  readonly spread: number;
  /** 1st and 99th percentile. */
  readonly low: number;
  readonly high: number;
  /**
   * Beyond these lie outliers: three times the distance of the quartiles from these, and an octave at least. Above, that is on the
   * logarithmic scale, for traffic comes in bursts; where three quarters of the minutes are zero there is no telling. Below it is on
   * the linear one: of a few events a minute there are none in many.
   */
  readonly lowFence: number;
  readonly highFence: number;
}

const sorted = new Uint16Array(1024);

/**
 * Exact for the codes, except that quantiles lie between two of them in proportion (type 7 of Hyndman and Fan, 1996). Undefined
 * where fewer than `least` minutes are known.
 */
export function summaryOf(codes: Uint16Array, least = 1): HourSummary | undefined {
  let n = 0;
  for (let i = 0; i < codes.length; i++) if (codes[i] !== NO_VALUE) sorted[n++] = codes[i]!;
  if (n < least) return undefined;
  const minutes = sorted.subarray(0, n).sort();
  const median = quantile(minutes, 0.5);
  const q1 = minutes[Math.floor((n - 1) / 4)]!;
  const q3 = minutes[Math.ceil((3 * (n - 1)) / 4)]!;
  const low = valueOf(q1);
  const reach = Math.max(CODES_PER_OCTAVE, FENCE * (q3 - q1));
  return {
    minutes: n,
    median,
    spread: MAD_TO_DEVIATION * deviation(minutes, median),
    low: quantile(minutes, 0.01),
    high: quantile(minutes, 0.99),
    lowFence: Math.max(0, Math.min(low / 2, low - FENCE * (valueOf(q3) - low))),
    highFence: q3 === 0 ? Infinity : valueAt(q3 + reach),
  };
}

/** Of ascending codes, as a value. */
export function quantile(codes: Uint16Array, q: number): number {
  const at = q * (codes.length - 1);
  const below = Math.floor(at);
  const low = valueOf(codes[below]!);
  return at === below ? low : low + (at - below) * (valueOf(codes[below + 1]!) - low);
}

/** Median absolute deviation of ascending codes: the nearest half of them, from the median outwards. */
export function deviation(codes: Uint16Array, median: number): number {
  const n = codes.length;
  let up = 0;
  while (up < n && valueOf(codes[up]!) < median) up++;
  let down = up - 1;
  let last = 0;
  let before = 0;
  for (let k = 0; k <= n >> 1; k++) {
    const above = up < n ? valueOf(codes[up]!) - median : Infinity;
    const below = down >= 0 ? median - valueOf(codes[down]!) : Infinity;
    before = last;
    if (above <= below) {
      last = above;
      up++;
    } else {
      last = below;
      down--;
    }
  }
  return n % 2 === 1 ? last : (before + last) / 2;
}
