import { describe, expect, it } from '@jest/globals';
import { median, quantile, relativeSpread } from './robust.ts';

describe('robust statistics', () => {
  it('are not moved by single values', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([10, 10, 10, 1e9])).toBe(10);
    expect(relativeSpread([10, 10, 10, 1e9])).toBe(0);
    expect(relativeSpread([8, 9, 10, 11, 12])).toBeCloseTo(0.1);
    expect(quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.9)).toBe(10);
    expect([median([]), relativeSpread([]), quantile([], 0.5)]).toEqual([0, 0, 0]);
  });
});
