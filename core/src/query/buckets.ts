import type { QueryRange } from './model.ts';

/** Lengths of a bucket that people read easily, in seconds; beyond a week whole weeks. */
const STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800,
  604_800,
];
const WEEK = 604_800;

/** The shortest easily read bucket of at least so many seconds. */
export function niceStep(seconds: number): number {
  return STEPS.find((step) => step >= seconds) ?? Math.ceil(seconds / WEEK) * WEEK;
}

/** A bucket for a range, from what the panel suggests, at least `minSeconds` long and at most `maxBuckets` in number. */
export function bucketFor(range: QueryRange, minSeconds: number, maxBuckets: number): number {
  const seconds = (range.toMs - range.fromMs) / 1000;
  const points = Math.max(
    1,
    Math.min(range.maxDataPoints > 0 ? range.maxDataPoints : maxBuckets, maxBuckets),
  );
  return niceStep(Math.max(1, range.intervalMs / 1000, minSeconds, seconds / points));
}

export const floorTo = (seconds: number, step: number): number => Math.floor(seconds / step) * step;
export const ceilTo = (seconds: number, step: number): number => Math.ceil(seconds / step) * step;
