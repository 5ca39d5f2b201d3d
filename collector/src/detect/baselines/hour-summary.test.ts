import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { summaryOf } from './hour-summary.ts';
import { NO_VALUE, codeOf, valueOf } from './value-code.ts';

const value = fc.oneof(
  fc.constant(0),
  fc.double({ min: 1, max: 1e12, noNaN: true }),
  fc.integer({ min: 1, max: 100 }),
);

function exactQuantile(ascending: readonly number[], q: number): number {
  const at = q * (ascending.length - 1);
  const low = ascending[Math.floor(at)]!;
  return low + (at - Math.floor(at)) * (ascending[Math.ceil(at)]! - low);
}

function exact(values: readonly number[]): { median: number; spread: number; low: number; high: number } {
  const ascending = [...values].sort((a, b) => a - b);
  const median = exactQuantile(ascending, 0.5);
  const away = ascending.map((v) => Math.abs(v - median)).sort((a, b) => a - b);
  return {
    median,
    spread: 1.4826 * exactQuantile(away, 0.5),
    low: exactQuantile(ascending, 0.01),
    high: exactQuantile(ascending, 0.99),
  };
}

describe('the summary of an hour', () => {
  it('has the median and percentiles that the values have, to 0.1 %', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 60 }), (values) => {
        const summary = summaryOf(Uint16Array.from(values, codeOf))!;
        const right = exact(values);
        for (const name of ['median', 'low', 'high'] as const)
          expect(Math.abs(summary[name] - right[name])).toBeLessThanOrEqual(0.001 * right[name] + 1e-9);
        expect(summary.minutes).toBe(values.length);
      }),
    );
  });

  it('has the deviation that the values have, to 0.1 % of the median', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 60 }), (values) => {
        // Of the coded values, so that it is the deviation that is compared.
        const codes = Uint16Array.from(values, codeOf);
        const right = exact(Array.from(codes, valueOf));
        expect(summaryOf(codes)!.spread).toBeCloseTo(
          right.spread,
          6 - Math.ceil(Math.log10(right.spread + 1)),
        );
        expect(Math.abs(right.spread - exact(values).spread)).toBeLessThanOrEqual(
          0.004 * (right.median + right.spread) + 1e-9,
        );
      }),
    );
  });

  it('passes over minutes without a value, and says nothing of too few', () => {
    const codes = Uint16Array.of(NO_VALUE, codeOf(10), NO_VALUE, codeOf(30), codeOf(20));
    expect(summaryOf(codes)).toMatchObject({ minutes: 3 });
    expect(summaryOf(codes)!.median).toBeCloseTo(20, 1);
    expect(summaryOf(codes, 4)).toBeUndefined();
    expect(summaryOf(Uint16Array.of(NO_VALUE))).toBeUndefined();
  });
});
