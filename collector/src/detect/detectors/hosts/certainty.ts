/**
 * How much a finding of so many records can be relied on where one packet in `rate` was seen: 1 where nothing is sampled. What is counted
 * of n samples is uncertain by about 1 / sqrt(n) (Duffield, Lund, Thorup 2002), and the absence of an answer says little.
 */
export function certainty(records: number, rate: number): number {
  if (rate <= 1) return 1;
  return Math.max(0.3, 0.9 - 1 / Math.sqrt(Math.max(1, records)));
}

/** Said beside a finding of sampled traffic; undefined where nothing was sampled. */
export function samplingCaveat(records: number, rate: number): string | undefined {
  return rate <= 1 ? undefined : `1:${rate} sampling, ${records} records: counts are estimates`;
}

/** From 0 to 1: at the threshold 0.6, from thirty times the threshold on 1. */
export function scoreOver(value: number, threshold: number): number {
  if (threshold <= 0) return 1;
  const over = Math.log(Math.max(1, value / threshold)) / Math.log(30);
  return 0.6 + 0.4 * Math.min(1, over);
}

/** A count as a person reads it: not more exact than it is. */
export function rounded(value: number): number {
  return value < 100 ? Math.round(value) : Number(value.toPrecision(3));
}
