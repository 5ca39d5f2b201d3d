import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { defaultQuery, queryKinds } from './model.ts';
import { type NormalizedQuery, normalizeQuery, saveQuery } from './normalize.ts';

function queryOf(saved: unknown) {
  const result = normalizeQuery(saved);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.query;
}
const problemsOf = (result: NormalizedQuery) => (result.ok ? [] : result.problems);

describe('a saved query', () => {
  it('of nothing but a reference is a time series of all traffic', () => {
    expect(queryOf({ refId: 'B' })).toEqual({ ...defaultQuery, refId: 'B' });
  });

  it('takes what its kind usually wants', () => {
    expect(queryOf({ kind: 'top' }).dimensions).toEqual(['source_ip']);
    expect(queryOf({ kind: 'top', dimensions: [] }).dimensions).toEqual(['source_ip']);
    expect(queryOf({ kind: 'conversations' }).dimensions).toEqual(['source_ip', 'destination_ip']);
    expect(queryOf({ kind: 'flows' }).limit).toBe(100);
  });

  it('may be a replay of anomalies', () => {
    expect(queryOf({ kind: 'anomalies' }).replay).toBeNull();
    expect(queryOf({ kind: 'anomalies', replay: {} }).replay).toEqual({
      detectors: [],
      set: [],
      warmUpHours: 24,
    });
    const replay = { detectors: ['port_scan'], set: ['port_scan.ports=40'], warmUpHours: 3 };
    expect(
      queryOf({
        kind: 'anomalies',
        replay: {
          detectors: ['port_scan', 'port_scan '],
          set: [' port_scan.ports=40', ' '],
          warmUpHours: '3',
        },
      }).replay,
    ).toEqual(replay);
    expect(saveQuery(queryOf({ kind: 'anomalies', replay }))).toMatchObject({ replay });
    for (const wrong of [
      true,
      'port_scan',
      [],
      { detectors: 'port_scan' },
      { set: [4] },
      { warmUpHours: -1 },
    ])
      expect(problemsOf(normalizeQuery({ kind: 'anomalies', replay: wrong }))).toEqual([
        { path: 'replay', message: expect.stringContaining('two lists') },
      ]);
  });

  it('may have keys that Grafana adds', () => {
    const grafana = {
      datasource: { uid: 'weir', type: 'x' },
      hide: false,
      key: 'Q-1',
      intervalMs: 1000,
      maxDataPoints: 9,
      queryType: '',
    };
    expect(queryOf({ refId: 'A', version: 1, ...grafana })).toEqual({ ...defaultQuery, refId: 'A' });
  });

  it('names fields by any of their names, and is kept under their own', () => {
    expect(queryOf({ dimensions: ['SRC', 'dst', 'source_ip'] }).dimensions).toEqual([
      'source_ip',
      'destination_ip',
    ]);
    expect(queryOf({ kind: 'flows', columns: ['src', 'tcp_flags_out'] }).columns).toEqual([
      'source_ip',
      'tcp_flags_out',
    ]);
  });

  it('without a version is brought up to date', () => {
    expect(queryOf({ kind: 'sankey', metric: 'bps', groupBy: 'src, dst' })).toMatchObject({
      kind: 'conversations',
      metric: 'bits_per_second',
      dimensions: ['source_ip', 'destination_ip'],
    });
    expect(queryOf({ kind: 'sql', rawSql: 'SELECT 1' }).sql).toBe('SELECT 1');
  });

  it('of a newer version is refused', () => {
    expect(problemsOf(normalizeQuery({ version: 99 }))).toEqual([
      { path: 'version', message: expect.stringContaining('update the plugin') },
    ]);
  });

  it.each<[string, Record<string, unknown>, string, string]>([
    ['a kind that is not', { kind: 'timeserie' }, 'kind', 'Did you mean timeseries?'],
    ['a metric that is not', { metric: 'bytess' }, 'metric', 'Did you mean bytes?'],
    ['a field that is not', { dimensions: ['colour'] }, 'dimensions', 'no field “colour”'],
    ['grouping by a measure', { dimensions: ['bytes'] }, 'dimensions', 'bytes is a measure'],
    ['a limit of nothing', { limit: 0 }, 'limit', 'from 1 to 100000'],
    ['a limit that is no number', { limit: 'ten' }, 'limit', '“ten”'],
    ['a prefix too long', { prefix4: 33 }, 'prefix4', 'from 0 to 32'],
    ['one stage', { kind: 'conversations', dimensions: ['port'] }, 'dimensions', 'two stages'],
    [
      'an operator that is not',
      { adHoc: [{ key: 'host', operator: 'LIKE', value: 'a' }] },
      'adHoc[0]',
      'LIKE',
    ],
    ['a severity that is not', { severities: ['hihg'] }, 'severities', 'Did you mean high?'],
    ['a text that is none', { filter: 5 }, 'filter', '“5” is no text'],
  ])('with %s is told so', (_, saved, path, message) => {
    expect(problemsOf(normalizeQuery({ version: 1, ...saved }))).toContainEqual({
      path,
      message: expect.stringContaining(message),
    });
  });

  it('of any shape whatever is refused with problems, never with an exception', () => {
    const keys = fc.constantFrom(...Object.keys(defaultQuery), '__proto__', 'refId');
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.dictionary(keys, fc.anything())), (saved) => {
        const result = normalizeQuery(saved);
        expect(result.ok || result.problems.length > 0).toBe(true);
      }),
    );
  });
});

describe('what is saved of a query', () => {
  it('is what differs from its kind’s defaults', () => {
    expect(saveQuery(queryOf({ refId: 'A', kind: 'top', dimensions: ['source_ip'], limit: 5 }))).toEqual({
      refId: 'A',
      version: 1,
      kind: 'top',
      limit: 5,
    });
  });

  it('asks for anomalies and stories by id, where a variable that holds nothing asks for none in particular', () => {
    const id = 'F9FD37B8-e326-54df-9cea-6c81ecac07d6';
    expect(queryOf({ kind: 'anomalies', anomalyIds: [id, ''], stories: [''] })).toMatchObject({
      anomalyIds: [id.toLowerCase()],
      stories: [],
    });
    expect(normalizeQuery({ kind: 'anomalies', stories: ["x') OR 1"] })).toMatchObject({
      ok: false,
      problems: [{ path: 'stories' }],
    });
  });

  it('makes the same query again', () => {
    const any = fc.record(
      {
        refId: fc.string(),
        kind: fc.constantFrom(...queryKinds),
        dimensions: fc.uniqueArray(fc.constantFrom('source_ip', 'port', 'country', 'exporter'), {
          minLength: 2,
        }),
        filter: fc.string(),
        limit: fc.integer({ min: 1, max: 1000 }),
        other: fc.boolean(),
        sql: fc.string(),
      },
      { requiredKeys: ['kind'] },
    );
    fc.assert(
      fc.property(any, (saved) => {
        const query = queryOf(saved);
        expect(queryOf(JSON.parse(JSON.stringify(saveQuery(query))))).toEqual(query);
      }),
    );
  });
});
