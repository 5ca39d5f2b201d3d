import { describe, expect, it } from '@jest/globals';
import { bucketFor, niceStep } from './buckets.ts';

describe('the length of a bucket', () => {
  it.each([
    [0.2, 1],
    [1, 1],
    [21.6, 30],
    [61, 120],
    [43 * 60, 3600],
    [90_000, 172_800],
    [700_000, 1_209_600],
  ])('of at least %d seconds is %d', (wanted, step) => {
    expect(niceStep(wanted)).toBe(step);
  });

  const range = { fromMs: 0, toMs: 6 * 3_600_000, intervalMs: 15_000, maxDataPoints: 1000 };

  it('follows what the panel suggests, in interval and in points', () => {
    expect(bucketFor(range, 0, 5000)).toBe(30);
    expect(bucketFor({ ...range, intervalMs: 60_000 }, 0, 5000)).toBe(60);
    expect(bucketFor({ ...range, maxDataPoints: 50 }, 0, 5000)).toBe(600);
  });

  it('is no shorter than the least interval, and buckets are never more than allowed', () => {
    expect(bucketFor(range, 300, 5000)).toBe(300);
    expect(bucketFor(range, 0, 100)).toBe(300);
    expect(bucketFor({ ...range, intervalMs: 0, maxDataPoints: 0 }, 0, 5000)).toBe(5);
  });
});
