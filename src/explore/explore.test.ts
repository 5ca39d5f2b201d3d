import { describe, expect, it } from '@jest/globals';
import { normalizeQuery } from '@weir/core/query';
import type { WeirQuery } from '../query/weir-query.ts';
import { modifyQuery, queryHasFilter, toggleQueryFilter } from './filter-toggles.ts';
import { sampleQuery, volumeQuery } from './flow-volume.ts';
import { importedQueries } from './import-queries.ts';

const flows = (filter = ''): WeirQuery => ({ refId: 'A', kind: 'flows', filter });
const on = (key: string, value: string) => ({ type: 'FILTER_FOR' as const, options: { key, value } });
const out = (key: string, value: string) => ({ type: 'FILTER_OUT' as const, options: { key, value } });

describe('+ and − beside a value of a record', () => {
  it('add a condition behind what is written, and take it away again', () => {
    const once = toggleQueryFilter(flows('port = 443 or port = 80'), on('application', 'web server'));
    expect(once.filter).toBe('(port = 443 or port = 80) and application = "web server"');
    expect(queryHasFilter(once, { key: 'application', value: 'web server' })).toBe(true);
    expect(toggleQueryFilter(once, on('application', 'web server')).filter).not.toContain('application');
  });

  it('take the place of each other', () => {
    const kept = toggleQueryFilter(flows(), on('exporter', 'edge-1'));
    expect(toggleQueryFilter(kept, out('exporter', 'edge-1')).filter).toBe('exporter != edge-1');
  });

  it('know columns by the names that records have, and leave alone what filters cannot name', () => {
    expect(toggleQueryFilter(flows(), on('collector_ip', '10.0.0.1')).filter).toBe('exporter = 10.0.0.1');
    expect(toggleQueryFilter(flows('port = 1'), on('flow_id', 'x'))).toEqual(flows('port = 1'));
    expect(toggleQueryFilter(flows('port = 1'), on('source_ip', 'nonsense'))).toEqual(flows('port = 1'));
    expect(queryHasFilter(flows('port = 1'), { key: 'source_ip', value: 'nonsense' })).toBe(false);
  });

  it('cannot be made to write anything else', () => {
    const query = toggleQueryFilter(flows(), on('application', 'x" or port = 1 or application = "y'));
    expect(query.filter).toBe('application = "x\\" or port = 1 or application = \\"y"');
  });

  it('are in the menu on selected text too', () => {
    expect(modifyQuery(flows(), { type: 'ADD_FILTER', options: { key: 'port', value: '53' } }).filter).toBe(
      'port = 53',
    );
    expect(
      modifyQuery(flows(), { type: 'ADD_FILTER_OUT', options: { key: 'port', value: '53' } }).filter,
    ).toBe('port != 53');
    expect(
      modifyQuery(flows('port = 1'), { type: 'ADD_SOMETHING', options: { key: 'port', value: '53' } }).filter,
    ).toBe('port = 1');
  });
});

describe('the volume over a list of records', () => {
  it('counts the same flows over time', () => {
    const adHoc = [{ key: 'port', operator: '=' as const, value: '53' }];
    const query = volumeQuery({ ...flows('exporter = a'), adHoc, datasource: { uid: 'w' } });
    expect(query).toMatchObject({
      refId: 'log-volume-A',
      kind: 'timeseries',
      metric: 'flows',
      filter: 'exporter = a',
      adHoc,
    });
    expect(normalizeQuery(query).ok).toBe(true);
  });

  it('is only of lists of records that are shown', () => {
    expect(volumeQuery({ refId: 'A', kind: 'top' })).toBeUndefined();
    expect(volumeQuery({ refId: 'A' })).toBeUndefined();
    expect(volumeQuery({ ...flows(), hide: true })).toBeUndefined();
  });

  it('has a counterpart: the records behind a graph', () => {
    expect(sampleQuery({ refId: 'A', filter: 'port = 53' }, 7)).toMatchObject({
      kind: 'flows',
      filter: 'port = 53',
      limit: 7,
    });
    expect(sampleQuery(flows(), 7)).toBeUndefined();
  });
});

describe('queries of another data source', () => {
  it('bring the conditions that are on fields', () => {
    const labelMatchers = [
      { name: 'exporter', operator: 'Equal', value: 'edge-1' },
      { name: 'job', operator: 'Equal', value: 'x' },
      { name: 'application', operator: 'NotEqualRegEx', value: '^dns' },
    ] as never;
    expect(importedQueries([{ refId: 'B', labelMatchers }, { refId: 'C' }])).toEqual([
      { refId: 'B', kind: 'flows', filter: 'exporter = edge-1 and application !~ "^dns"' },
      { refId: 'C', kind: 'flows' },
    ]);
  });
});
