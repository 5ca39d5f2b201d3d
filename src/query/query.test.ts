import { describe, expect, it } from '@jest/globals';
import { normalizeQuery, queryKinds } from '@weir/core/query';
import { defaultsFor } from './app-defaults.ts';
import { changed, completeQuery } from './complete-query.ts';
import { displayText, optionsSummary } from './display-text.ts';
import { kinds, offeredKinds, partsFor, whyNotAlertable } from './kinds.ts';
import { complaintsAbout, isRunnable } from './runnable.ts';
import { type WeirQuery, completeSettings } from './weir-query.ts';

const maxima = { series: 200, rows: 10_000 };

describe('the first query of an editor', () => {
  it('is a list of flows in Explore, one number in alert rules, a graph elsewhere', () => {
    expect(defaultsFor('explore').kind).toBe('flows');
    expect(defaultsFor('unified-alerting')).toMatchObject({
      kind: 'timeseries',
      dimensions: [],
      other: false,
    });
    expect(defaultsFor('panel-editor').kind).toBe('timeseries');
    expect(defaultsFor(undefined).kind).toBe('timeseries');
  });

  it('is one that the backend takes and that can be run', () => {
    for (const app of ['explore', 'unified-alerting', 'cloud-alerting', 'dashboard', 'unknown']) {
      const query: WeirQuery = { refId: 'A', ...defaultsFor(app) };
      expect(normalizeQuery(query).ok).toBe(true);
      expect(isRunnable(completeQuery(query))).toBe(true);
    }
  });
});

describe('the kinds that an editor offers', () => {
  it('are all but SQL where it is not allowed', () => {
    expect(offeredKinds(false, true, 'timeseries')).toEqual(kinds);
    expect(offeredKinds(false, false, 'timeseries').map((k) => k.kind)).not.toContain('sql');
  });

  it('are in alert rules those that rules can evaluate, and the one that is saved', () => {
    expect(offeredKinds(true, true, 'timeseries').map((k) => k.kind)).toEqual([
      'timeseries',
      'top',
      'exporters',
      'anomalies',
    ]);
    expect(offeredKinds(true, true, 'flows').map((k) => k.kind)).toContain('flows');
    expect(whyNotAlertable('flows')).toContain('Time series');
    expect(whyNotAlertable('top')).toBeUndefined();
  });

  it('have no options in rules that make no sense there', () => {
    expect(partsFor('timeseries', false).has('previousPeriod')).toBe(true);
    expect(partsFor('timeseries', true).has('previousPeriod')).toBe(false);
    expect(partsFor('timeseries', true).has('filter')).toBe(true);
    expect(partsFor('anomalies', false).has('replay')).toBe(true);
    expect(partsFor('anomalies', true).has('replay')).toBe(false);
  });
});

describe('a saved query', () => {
  it('is complete for editors, even where the backend would refuse it', () => {
    expect(completeQuery({ refId: 'A' }).kind).toBe('timeseries');
    const odd = completeQuery({
      refId: 'A',
      kind: 'top',
      metric: '$metric' as 'bytes',
      dimensions: ['$dim'],
    });
    expect(odd).toMatchObject({ kind: 'top', metric: '$metric', dimensions: ['$dim'], limit: 10 });
    expect(
      completeQuery({ refId: 'A', dimensions: 'x' as never, kind: 'nonsense' as 'top' }).dimensions,
    ).toEqual([]);
  });

  it('is saved short: what differs from its kind’s defaults, and Grafana’s own keys', () => {
    const saved = changed(
      { refId: 'B', datasource: { uid: 'w' }, hide: true },
      { kind: 'timeseries', limit: 5 },
    );
    expect(saved).toEqual({
      refId: 'B',
      datasource: { uid: 'w' },
      hide: true,
      version: 1,
      kind: 'timeseries',
      limit: 5,
    });
  });

  it('changes its kind with what was chosen, not with the old kind’s defaults', () => {
    const graph: WeirQuery = {
      refId: 'A',
      kind: 'timeseries',
      filter: 'port = 53',
      dimensions: ['application'],
    };
    expect(completeQuery(changed(graph, { kind: 'top' }))).toMatchObject({
      filter: 'port = 53',
      dimensions: ['application'],
    });
    expect(completeQuery(changed(graph, { kind: 'flows' })).limit).toBe(100);
    expect(completeQuery(changed(graph, { kind: 'conversations' })).dimensions).toEqual([
      'source_ip',
      'destination_ip',
    ]);
    expect(completeQuery(changed({ ...graph, limit: 7 }, { kind: 'flows' })).limit).toBe(7);
  });

  it('keeps an emptied list empty, so that the editor can ask for one', () => {
    const emptied = changed({ refId: 'A', kind: 'top' }, { dimensions: [] });
    expect(completeQuery(emptied).dimensions).toEqual([]);
    expect(isRunnable(completeQuery(emptied))).toBe(false);
  });

  it('never holds the ad hoc filters of the dashboard that it was shown on', () => {
    const adHoc = [{ key: 'port', operator: '=' as const, value: '1' }];
    expect(changed({ refId: 'A', adHoc }, { limit: 3 })).not.toHaveProperty('adHoc');
  });
});

describe('complaints', () => {
  const of = (query: Partial<WeirQuery>): string[] =>
    complaintsAbout(completeQuery({ refId: 'A', ...query }), maxima).map(({ part }) => part);

  it('are about what the backend would refuse', () => {
    expect(of({ kind: 'timeseries' })).toEqual([]);
    expect(of({ kind: 'top', dimensions: [] })).toEqual(['dimensions']);
    expect(of({ kind: 'timeseries', metric: 'utilization', dimensions: ['exporter'] })).toEqual(['metric']);
    expect(of({ kind: 'timeseries', metric: 'utilization', dimensions: ['input_interface'] })).toEqual([]);
    expect(of({ kind: 'timeseries', limit: 201 })).toEqual(['limit']);
    expect(of({ kind: 'flows', limit: 201 })).toEqual([]);
    expect(of({ kind: 'timeseries', prefix4: 33 })).toEqual(['prefixes']);
    expect(of({ kind: 'sql', sql: 'DROP TABLE x' })).toEqual(['sql']);
    expect(of({ kind: 'sql', sql: ' with a as (select 1) select * from a' })).toEqual([]);
  });
});

describe('a query in one line', () => {
  it('says what is asked', () => {
    const text = (query: Partial<WeirQuery>): string => displayText(completeQuery({ refId: 'A', ...query }));
    expect(text({ filter: 'port = 53', dimensions: ['application'], limit: 5 })).toBe(
      'Bits/s by Application, top 5 where port = 53',
    );
    expect(text({ kind: 'flows', live: true })).toBe('Live flows');
    expect(text({ kind: 'conversations', dimensions: ['source_ip', 'destination_ip'] })).toBe(
      'Source → Destination by Bits/s',
    );
    expect(text({ kind: 'sql', sql: 'SELECT\n  1' })).toBe('SELECT 1');
    for (const kind of queryKinds) expect(text({ kind, sql: 'SELECT 1' })).not.toBe('');
  });

  it('says which options are set', () => {
    expect(optionsSummary(completeQuery({ refId: 'A' }))).toBe('Resolution auto, sampling corrected');
    expect(optionsSummary(completeQuery({ refId: 'A', resolution: '1h', prefix4: 24 }))).toBe(
      '1h rollup · IPv4 by /24',
    );
  });
});

describe('settings', () => {
  it('that are not saved have their defaults', () => {
    expect(completeSettings(undefined)).toMatchObject({ database: 'weir', allowSql: true, maxRows: 10_000 });
    expect(completeSettings({ database: 'dev', allowSql: false })).toMatchObject({
      database: 'dev',
      allowSql: false,
      timeoutSeconds: 30,
    });
  });
});
