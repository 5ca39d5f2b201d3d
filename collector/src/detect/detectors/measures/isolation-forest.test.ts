import { describe, expect, it } from '@jest/globals';
import { IsolationForest, numbersFrom } from './isolation-forest.ts';

const random = numbersFrom(7);
/** About normal. */
const normal = (): number => Array.from({ length: 12 }, random).reduce((a, b) => a + b, 0) - 6;
const cloud = Array.from({ length: 1000 }, () => Float64Array.of(normal(), normal(), normal(), 0));

describe('an isolation forest', () => {
  const forest = new IsolationForest(cloud, 1);

  it('scores a point the higher the more alone it is', () => {
    const scores = [0, 2, 4, 8].map((x) => forest.score([x, x, x, 0]));
    expect([...scores].sort((a, b) => a - b)).toEqual(scores);
    expect(scores[0]).toBeLessThan(0.5);
    expect(scores[3]).toBeGreaterThan(0.65);
  });

  it('finds those far off among many', () => {
    const off = Float64Array.of(6, -6, 6, 0);
    const mixed = new IsolationForest([...cloud, off], 2);
    const higher = cloud.filter((p) => mixed.score(p) >= mixed.score(off));
    expect(higher).toHaveLength(0);
  });

  it('is the same for the same seed', () => {
    expect(new IsolationForest(cloud, 1).score([1, 2, 3, 0])).toBe(forest.score([1, 2, 3, 0]));
    expect(new IsolationForest(cloud, 2).score([1, 2, 3, 0])).not.toBe(forest.score([1, 2, 3, 0]));
  });

  it('takes points that are all alike, and few of them', () => {
    const alike = new IsolationForest(
      Array.from({ length: 300 }, () => new Float64Array(4)),
      1,
    );
    expect(alike.score([0, 0, 0, 0])).toBeCloseTo(0.5, 1);
    expect(new IsolationForest([new Float64Array(4)], 1).score([1, 1, 1, 1])).toBe(0.5);
  });
});
