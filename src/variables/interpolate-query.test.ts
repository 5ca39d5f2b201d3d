import { describe, expect, it } from '@jest/globals';
import { normalizeQuery } from '@weir/core/query';
import { interpolateQuery } from './interpolate-query.ts';
import { dashboard } from './testing/dashboard.ts';

describe('a query whose variables are replaced', () => {
  const source = dashboard({
    dim: ['source_ip', 'application'],
    one: 'exporter',
    metric: 'packets_per_second',
    n: '20',
    e: ['a', 'b c'],
    sev: { all: ['low', 'high'] },
  });

  it('has them in its lists, words, numbers and texts', () => {
    const query = interpolateQuery(
      {
        refId: 'A',
        kind: 'timeseries',
        metric: '$metric' as 'bytes',
        dimensions: ['$one', '$dim'],
        limit: '$n' as unknown as number,
        filter: 'exporter = $e',
        legend: '$one: {{exporter}}',
      },
      source,
    );
    expect(query).toMatchObject({
      metric: 'packets_per_second',
      dimensions: ['exporter', 'source_ip', 'application'],
      filter: 'exporter = (a, "b c")',
      legend: 'exporter: {{exporter}}',
    });
    const normal = normalizeQuery(query);
    expect(normal.ok && normal.query.limit).toBe(20);
  });

  it('has them in what a replay sets', () => {
    const replay = { detectors: ['port_scan'], set: ['port_scan.ports=$n'], warmUpHours: 24 };
    expect(interpolateQuery({ refId: 'A', kind: 'anomalies', replay }, source).replay).toEqual({
      detectors: ['port_scan'],
      set: ['port_scan.ports=20'],
      warmUpHours: 24,
    });
  });

  it('carries the dashboard’s ad hoc filters, without those that are not finished', () => {
    const query = interpolateQuery({ refId: 'A', kind: 'top' }, source, [
      { key: 'exporter', operator: '=', value: 'x" or 1' },
      { key: 'port', operator: '=|', value: '80', values: ['80', '443'] },
      { key: '', operator: '=', value: 'x' },
      { key: 'port', operator: '<=', value: '3' },
    ]);
    expect(query.adHoc).toEqual([
      { key: 'exporter', operator: '=', value: 'x" or 1' },
      { key: 'port', operator: '=|', value: '80', values: ['80', '443'] },
    ]);
  });

  it('is otherwise as it was, and the saved one is left alone', () => {
    const saved = { refId: 'A', kind: 'flows' as const, datasource: { uid: 'weir' }, hide: false };
    expect(interpolateQuery(saved, source)).toEqual(saved);
    expect(Object.keys(saved)).toHaveLength(4);
  });
});
