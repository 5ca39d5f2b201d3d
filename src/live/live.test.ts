import { describe, expect, it } from '@jest/globals';
import { completeQuery } from '../query/complete-query.ts';
import { type FlowsRequest, livePath } from './live-channel.ts';
import { livePlan } from './live-request.ts';
import { logLines } from './log-lines.ts';
import { newestRows, rateSeries } from './rate-series.ts';

const request: FlowsRequest = { filter: 'port = 443', columns: [], limit: 100 };

describe('the path of a live channel', () => {
  it('is the same for the same request, whatever the order of its keys', () => {
    expect(livePath('flows', { limit: 100, columns: [], filter: 'port = 443' })).toBe(
      livePath('flows', request),
    );
  });

  it('is another one for any other request', () => {
    const paths = [
      livePath('flows', request),
      livePath('flows', { ...request, filter: 'port = 444' }),
      livePath('flows', { ...request, columns: ['source_ip', 'port'] }),
      livePath('flows', { ...request, columns: ['port', 'source_ip'] }),
      livePath('flows', { ...request, limit: 101 }),
      livePath('rates', { filter: 'port = 443', by: ['exporter'], limit: 100, every: 1000 }),
    ];
    expect(new Set(paths).size).toBe(paths.length);
  });

  it('is one that Grafana takes', () => {
    expect(livePath('flows', { ...request, filter: 'application = "ü/\\" \u{1F40B}' })).toMatch(
      /^flows\/[A-Za-z0-9_\-=.]{16}$/,
    );
  });
});

describe('what a query follows', () => {
  const plan = (query: Parameters<typeof completeQuery>[0]) => livePlan(completeQuery(query));

  it('is flows with the dashboard’s ad hoc filters in one filter', () => {
    expect(
      plan({
        refId: 'A',
        kind: 'flows',
        filter: 'port = 80 or port = 443',
        limit: 5000,
        adHoc: [{ key: 'application', operator: '=', value: 'a" or port = 1' }],
      }),
    ).toEqual({
      kind: 'flows',
      request: {
        filter: '(port = 80 or port = 443) and application = "a\\" or port = 1"',
        columns: [],
        limit: 1000,
      },
    });
  });

  it('is rates for graphs and top lists', () => {
    expect(plan({ refId: 'A', kind: 'top', dimensions: ['exporter'], limit: 7 })).toEqual({
      kind: 'rates',
      request: { filter: '', by: ['exporter'], limit: 7, every: 1000 },
    });
  });

  it('is nothing, and says why, where there is no such stream', () => {
    expect(plan({ refId: 'A', kind: 'timeseries', metric: 'tcp_rtt' })).toMatchObject({ kind: 'none' });
    expect(plan({ refId: 'A', kind: 'topology' })).toMatchObject({ kind: 'none' });
    const adHoc = [{ key: 'port', operator: '=' as const, value: 'x' }];
    expect(plan({ refId: 'A', kind: 'flows', adHoc })).toMatchObject({
      kind: 'none',
      why: expect.stringContaining('not a port'),
    });
  });
});

describe('live flows as lines of a log', () => {
  it('say who talks to whom, by what and how much', () => {
    const lines = logLines([
      { name: 'timestamp', type: 'time', values: [1000, 2000] },
      { name: 'source_ip', type: 'string', values: ['10.0.0.1', '2001:db8::1'] },
      { name: 'source_port', type: 'number', values: [51234, 0] },
      { name: 'destination_ip', type: 'string', values: ['192.0.2.7', '2001:db8::2'] },
      { name: 'destination_port', type: 'number', values: [443, 53] },
      { name: 'protocol', type: 'string', values: ['tcp', 'udp'] },
      { name: 'bytes', type: 'number', values: [12_345, 80] },
      { name: 'packets', type: 'number', values: [14, 1] },
      { name: 'verdict', type: 'string', values: ['dropped', 'unknown'] },
      { name: 'exporter', type: 'string', values: ['edge-1', ''] },
    ]);
    expect(lines.bodies).toEqual([
      '10.0.0.1:51234 → 192.0.2.7:443  tcp  12.3 kB in 14 packets  dropped  edge-1',
      '2001:db8::1 → [2001:db8::2]:53  udp  80 B in 1 packets',
    ]);
    expect(lines.times).toEqual([1000, 2000]);
    expect(lines.severities).toEqual(['warning', 'info']);
    expect(lines.labels[0]).toMatchObject({ source_ip: '10.0.0.1', destination_port: '443' });
  });

  it('that look the same have ids of their own', () => {
    const same = [
      { name: 'time', type: 'time', values: [5, 5] },
      { name: 'x', type: 'string', values: ['a', 'a'] },
    ];
    const { ids, bodies, severities } = logLines(same);
    expect(bodies).toEqual(['x=a', 'x=a']);
    expect(new Set(ids).size).toBe(2);
    expect(severities).toEqual([]);
  });
});

describe('live rates', () => {
  const columns = [
    { name: 'time', type: 'time', values: [1, 1, 2] },
    { name: 'exporter', type: 'string', values: ['a', 'b', 'a'] },
    { name: 'bits_per_second', type: 'number', values: [10, 20, 30] },
  ];

  it('are a series for each group; where a group was not among the largest there is no value', () => {
    expect(rateSeries(columns, 'bits_per_second')).toEqual([
      { labels: { exporter: 'a' }, times: [1, 2], values: [10, 30] },
      { labels: { exporter: 'b' }, times: [1, 2], values: [20, null] },
    ]);
    expect(rateSeries(columns, 'unknown')).toEqual([]);
  });

  it('are a table of the newest moment', () => {
    expect(newestRows(columns)).toEqual([2]);
    expect(newestRows([])).toEqual([]);
  });
});
