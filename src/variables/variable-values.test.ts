import { describe, expect, it } from '@jest/globals';
import type { TimeRange } from '@grafana/data';
import type { ValuesQuestion } from '../resources/resources.ts';
import { tagKeys, tagValues } from './ad-hoc-tags.ts';
import { dashboard } from './testing/dashboard.ts';
import { completeVariableQuery, variableQueryText } from './variable-query.ts';
import { variableValues } from './variable-values.ts';

const range = {
  from: { valueOf: () => 1_000_000 },
  to: { valueOf: () => 2_000_000 },
} as unknown as TimeRange;

function asked(): {
  readonly questions: ValuesQuestion[];
  values: (q: ValuesQuestion) => Promise<{ value: string; text: string; share: number }[]>;
} {
  const questions: ValuesQuestion[] = [];
  return {
    questions,
    values: (question) => {
      questions.push(question);
      return Promise.resolve([
        { value: '1', text: 'xe-0/0/1', share: 60 },
        { value: 'x', text: '', share: 30 },
        { value: '', text: '', share: 10 },
      ]);
    },
  };
}

describe('a variable', () => {
  it('asks for a field’s values in the dashboard’s range, its filter with the other variables in it', async () => {
    const backend = asked();
    const query = completeVariableQuery({
      refId: 'v',
      field: 'interface',
      filter: 'exporter = $exporter',
      limit: 50,
    });
    const values = await variableValues(
      backend,
      query,
      range,
      dashboard({ exporter: ['edge 1', 'b'] }),
      'xe',
    );
    expect(backend.questions).toEqual([
      {
        field: 'interface',
        filter: 'exporter = ("edge 1", b)',
        fromMs: 1_000_000,
        toMs: 2_000_000,
        limit: 50,
        prefix: 'xe',
      },
    ]);
    expect(values).toEqual([
      { text: 'xe-0/0/1', value: '1' },
      { text: 'x', value: 'x' },
    ]);
  });

  it('asks for the last hour where Grafana gives no range, never for all time', async () => {
    const backend = asked();
    await variableValues(
      backend,
      completeVariableQuery('exporter'),
      undefined,
      dashboard({}),
      '',
      () => 10_000_000,
    );
    expect(backend.questions[0]).toMatchObject({ fromMs: 6_400_000, toMs: 10_000_000 });
  });

  it('may be saved as a text', () => {
    const query = completeVariableQuery('if where exporter = $exporter');
    expect(query).toMatchObject({ field: 'interface', filter: 'exporter = $exporter', limit: 200 });
    expect(variableQueryText(query)).toBe('interface where exporter = $exporter');
    expect(completeVariableQuery(undefined).field).toBe('exporter');
    expect(completeVariableQuery({ limit: 1e9 }).limit).toBe(1000);
  });
});

describe('ad hoc filters', () => {
  it('offer the fields that have data', async () => {
    const keys = await tagKeys({ fields: () => Promise.resolve({ columns: ['source_ip', 'tos'] }) });
    expect(keys.map(({ value }) => value)).toEqual(['source_ip', 'host', 'tos', 'dscp']);
  });

  it('offer all fields where the backend does not say', async () => {
    const keys = await tagKeys({ fields: () => Promise.reject(new Error('no')) });
    expect(keys.length).toBeGreaterThan(50);
  });

  it('offer values within the range and the other filters', async () => {
    const backend = asked();
    await tagValues(backend, {
      key: 'port',
      timeRange: range,
      filters: [
        { key: 'exporter', operator: '=', value: 'edge 1' },
        { key: 'port', operator: '=', value: '80' },
      ],
    });
    expect(backend.questions).toEqual([
      { field: 'port', filter: 'exporter = "edge 1"', fromMs: 1_000_000, toMs: 2_000_000, limit: 500 },
    ]);
  });

  it('offer nothing for a key that is no field', async () => {
    const backend = asked();
    expect(await tagValues(backend, { key: 'nonsense', timeRange: range })).toEqual([]);
    expect(backend.questions).toEqual([]);
  });
});
