import { describe, expect, it } from '@jest/globals';
import { type CompiledQuery, type Query, defaultQuery } from '@weir/core/query';
import type { Table } from '../clickhouse/columns.ts';
import type { Answer } from './answer.ts';
import { timeseriesFrames } from './timeseries.ts';

/** An answer of so many series with one bucket each. */
function answerOf(count: number, forAlert: boolean): Answer {
  const compiled: CompiledQuery = {
    kind: 'timeseries',
    statements: [],
    table: 'network_flows',
    notices: [],
    bucketSeconds: 60,
    fromSeconds: 600,
    toSeconds: 720,
    unfinishedFromSeconds: undefined,
    dimensions: ['source_ip'],
  };
  const rows = Array.from({ length: count }, (_, i) => i);
  const table: Table = {
    rows: count,
    columns: [
      { name: 'keys', type: 'Array(String)', kind: 'nested', values: rows.map((i) => [`10.0.0.${i}`]) },
      { name: 'buckets', type: 'Array(UInt32)', kind: 'nested', values: rows.map(() => Uint32Array.of(660)) },
      { name: 'values', type: 'Array(Float64)', kind: 'nested', values: rows.map((i) => Float64Array.of(i)) },
    ],
  };
  const query: Query = { ...defaultQuery, refId: 'A', other: false };
  return {
    query,
    compiled,
    tables: new Map([['main', table]]),
    costs: [],
    forAlert,
    limits: { maxRows: 10, maxSeries: 3 },
    notices: [],
  };
}

describe('an alert rule', () => {
  it('with more series than the limit fails, since leaving one out could miss an alert', () => {
    expect(timeseriesFrames(answerOf(3, true))).toHaveLength(3);
    expect(() => timeseriesFrames(answerOf(4, true))).toThrow(/more than 3 series/);
  });
});

describe('a bucket without data', () => {
  it('is zero for what adds up, at its own time', () => {
    const [, frame] = timeseriesFrames(answerOf(2, false));
    expect(frame!.fields.map(({ values }) => [...(values as Float64Array)])).toEqual([
      [600_000, 660_000],
      [0, 1],
    ]);
  });
});
