import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  DISTINCT_KEPT,
  DISTINCT_KEPT_WIDE,
  addressHash,
  distinctCount,
  distinctWithout,
  gathered,
  keptPorts,
  mergedDistinct,
  normalisedEntropy,
  portHash,
  scattered,
} from './index.ts';

const V4 = 0xffff0000;
const address = (n: number): number => addressHash(0, 0, V4, Math.imul(n, 0x01000193) >>> 0);
const sketch = (from: number, count: number, kept = DISTINCT_KEPT): Uint32Array =>
  mergedDistinct([Array.from({ length: count }, (_, i) => address(from + i))], kept);

describe('counting distinct values by their smallest hashes', () => {
  it.each([0, 1, 19, 20, 21, 31])('is exact for %i', (n) => {
    expect(distinctCount(sketch(7, n), DISTINCT_KEPT)).toBe(n);
  });

  it('counts a value once however often it comes', () => {
    const often = Array.from({ length: 500 }, (_, i) => portHash(i % 20));
    expect(distinctCount(mergedDistinct([often], DISTINCT_KEPT), DISTINCT_KEPT)).toBe(20);
  });

  it.each([
    [100, DISTINCT_KEPT],
    [1000, DISTINCT_KEPT],
    [65_000, DISTINCT_KEPT],
    [1000, DISTINCT_KEPT_WIDE],
    [65_000, DISTINCT_KEPT_WIDE],
  ])('errs for %i values with %i kept as theory says', (n, kept) => {
    const runs = 40;
    const errors = Array.from(
      { length: runs },
      (_, k) => distinctCount(sketch(k * 1_000_003, n, kept), kept) / n - 1,
    );
    const standard = 1 / Math.sqrt(kept - 2);
    const spread = Math.sqrt(errors.reduce((sum, e) => sum + e * e, 0) / runs);
    const bias = errors.reduce((sum, e) => sum + e, 0) / runs;
    expect(spread).toBeLessThan(1.4 * standard);
    expect(Math.abs(bias)).toBeLessThan((3.5 * standard) / Math.sqrt(runs));
    expect(errors.filter((e) => Math.abs(e) > 2.5 * standard).length).toBeLessThanOrEqual(3);
  });

  it('counts addresses of one network as well as any: IPv6 hosts of one /64, ports in a row', () => {
    const v6 = Array.from({ length: 5000 }, (_, i) => addressHash(0xb80d0120, 1, 0, i << 8));
    const ports = Array.from({ length: 5000 }, (_, i) => portHash(1024 + i));
    for (const hashes of [v6, ports]) {
      expect(new Set(hashes).size).toBe(5000);
      const count = distinctCount(mergedDistinct([hashes], DISTINCT_KEPT_WIDE), DISTINCT_KEPT_WIDE);
      expect(Math.abs(count / 5000 - 1)).toBeLessThan(0.25);
    }
  });

  it('merges in any order and grouping to the sketch of the union', () => {
    const hashes = fc.array(fc.integer({ min: 0, max: 300 }).map(scattered), { maxLength: 80 });
    fc.assert(
      fc.property(hashes, hashes, hashes, (a, b, c) => {
        const of = (...parts: ArrayLike<number>[]): Uint32Array => mergedDistinct(parts, DISTINCT_KEPT);
        const union = of([...a, ...b, ...c]);
        expect(of(of(a), of(b), of(c))).toEqual(union);
        expect(of(of(c, a), of(b))).toEqual(union);
        expect(of(union, of(b))).toEqual(union);
      }),
    );
  });
});

describe('what can be told of the hashes', () => {
  it('names ports', () => {
    expect(keptPorts([portHash(443), portHash(22), portHash(65_535), portHash(0)])).toEqual([
      0, 22, 443, 65_535,
    ]);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (n) => expect(gathered(scattered(n))).toBe(n)),
    );
  });

  it('tells exactly which contacts did not answer, while there are few', () => {
    expect(distinctWithout(sketch(0, 25), sketch(20, 10), DISTINCT_KEPT)).toBe(20);
    expect(distinctWithout(sketch(0, 25), sketch(0, 31), DISTINCT_KEPT)).toBe(0);
    expect(distinctWithout(sketch(0, 0), sketch(0, 5), DISTINCT_KEPT)).toBe(0);
    expect(distinctWithout(sketch(0, 5), sketch(0, 0), DISTINCT_KEPT)).toBe(5);
  });

  it('estimates it where there are many: a scanner of 10,000 hosts of which 2,000 answer', () => {
    const errors = Array.from({ length: 20 }, (_, k) => {
      const from = k * 1_000_003;
      return distinctWithout(sketch(from, 10_000), sketch(from, 2_000), DISTINCT_KEPT) / 8_000 - 1;
    });
    expect(Math.abs(errors.reduce((sum, e) => sum + e, 0) / errors.length)).toBeLessThan(0.2);
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(0.8);
  });

  it('gives a histogram’s entropy as a share of the most it could have', () => {
    expect(normalisedEntropy([0, 7, 0, 0])).toBe(0);
    expect(normalisedEntropy([5, 5, 5, 5])).toBeCloseTo(1, 12);
    expect(normalisedEntropy([8, 8, 0, 0])).toBeCloseTo(0.5, 12);
    expect(normalisedEntropy([0, 0])).toBe(0);
  });
});
