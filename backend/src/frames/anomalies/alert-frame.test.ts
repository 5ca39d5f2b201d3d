import { describe, expect, it } from '@jest/globals';
import type { Frame } from '@weir/plugin-sdk';
import type { Column } from '../../clickhouse/columns.ts';
import type { Answer } from '../answer.ts';
import { alertFrame } from './alert-frame.ts';
import { type AnomalyRecord, anomalyRecords } from './anomaly-record.ts';

const answer = {
  compiled: { kind: 'anomalies', table: 'anomalies', toSeconds: 2_000, statements: [], notices: [] },
  costs: [],
  notices: [],
  limits: { maxRows: 1_000, maxSeries: 3 },
} as unknown as Answer;

const flood = {
  id: 'c92f9d64-0b5d-5e86-93b3-90f4505bbf25',
  type: 'syn_flood',
  severity: 'high',
  state: 'open',
  tenant: 'north',
  destination_ip: '10.1.0.9',
  title: '10.1.0.9 receives 5,000 SYN/s',
  metric: 'syn_per_second',
  flow_filter: 'destination = 10.1.0.9',
};

function recordOf(texts: Record<string, string>, value = 5_000): AnomalyRecord {
  const columns: Column[] = [
    ...Object.entries({ ...flood, ...texts }).map(([name, text]): Column => ({
      name,
      type: 'String',
      kind: 'text',
      values: [text],
    })),
    { name: 'opened_ms', type: 'Int64', kind: 'number', values: Float64Array.of(1_000_000) },
    { name: 'value', type: 'Float64', kind: 'number', values: Float64Array.of(value) },
    { name: 'score', type: 'Float32', kind: 'number', values: Float64Array.of(0.9) },
  ];
  return anomalyRecords({ rows: 1, columns })[0]!;
}

/** The first row's labels and number. */
function seriesOf({ fields }: Frame): { readonly labels: Record<string, unknown>; readonly number: unknown } {
  const first = (values: unknown): unknown => [...(values as Iterable<unknown>)][0];
  const texts = fields.filter(({ type }) => type === 'string');
  return {
    labels: Object.fromEntries(texts.map(({ name, values }) => [name, first(values)])),
    number: first(fields.find(({ type }) => type === 'number')!.values),
  };
}

describe('an alert of an anomaly', () => {
  it('is the same alert while numbers, title and those who see it change', () => {
    const before = seriesOf(alertFrame(answer, [recordOf({})], false));
    const changed = recordOf(
      { title: 'It receives 9,000 SYN/s', exporter_name: 'edge-2', state: 'closed' },
      9_000,
    );
    expect(seriesOf(alertFrame(answer, [changed], false)).labels).toEqual(before.labels);
    expect(before.labels).toEqual({
      anomaly: flood.id,
      story: flood.id,
      type: 'syn_flood',
      rule: '',
      severity: 'high',
      tenant: 'north',
      host: '10.1.0.9',
      exporter: '',
    });
    expect(before.number).toBe(0.9);
  });

  it('is another when it gets worse', () => {
    const [before, after] = [recordOf({}), recordOf({ severity: 'critical' })].map((record) =>
      JSON.stringify(seriesOf(alertFrame(answer, [record], false)).labels),
    );
    expect(after).not.toBe(before);
  });

  it('has evidence whose labels contain its own, so that Grafana brings the two together', () => {
    const { labels } = seriesOf(alertFrame(answer, [recordOf({})], false));
    const evidence = seriesOf(alertFrame(answer, [recordOf({})], true));
    expect(evidence.labels).toMatchObject(labels);
    expect(evidence.labels).toMatchObject({
      title: flood.title,
      measured: '5,000 SYN/s',
      flow_filter: 'destination = 10.1.0.9',
      from: '880000',
      to: '2120000',
    });
    expect(evidence.number).toBe(5_000);
  });

  it('leads to all flows where nothing says which', () => {
    const { labels } = seriesOf(alertFrame(answer, [recordOf({ flow_filter: '' })], true));
    expect(labels['flow_filter']).toBe('exporter = ::/0');
  });

  it('names the exporter where it is about no host', () => {
    const silent = recordOf({ type: 'exporter_silent', destination_ip: '', exporter_name: 'edge-2' });
    expect(seriesOf(alertFrame(answer, [silent], false)).labels).toMatchObject({
      host: '',
      exporter: 'edge-2',
    });
  });

  it('is never left out silently: too many are refused', () => {
    const records = Array.from({ length: 4 }, () => recordOf({}));
    expect(() => alertFrame(answer, records, false)).toThrow(/more than 3 anomalies/);
    expect(alertFrame(answer, [], false)).toMatchObject({ fields: [], meta: { type: 'numeric-long' } });
  });
});
