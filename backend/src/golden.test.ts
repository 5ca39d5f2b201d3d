import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource } from './instances/data-source.ts';
import { closeDataSource } from './instances/data-source.ts';
import { type Asking, ask, testDataSource } from './testing/ask.ts';
import { expectGolden } from './testing/golden.ts';
import { HOUR, storeKnownFlows } from './testing/known-flows.ts';
import { READER, type TestStore, openTestStore } from './testing/store.ts';

let store: TestStore;
let dataSource: DataSource;

beforeAll(async () => {
  store = await openTestStore();
  await storeKnownFlows(store);
  dataSource = testDataSource({ url: store.url, user: READER.name }, { password: READER.password });
});
afterAll(async () => {
  closeDataSource(dataSource);
  await store.close();
});

/** Detected anomalies: a scan, and passwords tried after it by the same host. */
const SCAN = 'f9fd37b8-e326-54df-9cea-6c81ecac07d6';
const LOGINS = '8fcc6df9-1bfd-5b98-83ea-12b4767d793c';

const ALERT = { FromAlert: 'true', 'http_X-Rule-Uid': 'rule%2D1' };

describe('the frames of', () => {
  const cases: readonly (readonly [name: string, model: object, asking?: Asking])[] = [
    ['timeseries-total', { kind: 'timeseries' }],
    ['timeseries-by-source', { kind: 'timeseries', dimensions: ['source_ip'], limit: 2 }],
    [
      'timeseries-both-ways',
      { kind: 'timeseries', dimensions: ['exporter'], bidirectional: true, filter: 'destination_port = 443' },
    ],
    [
      'timeseries-previous',
      { kind: 'timeseries', previousPeriod: true, filter: 'protocol = tcp and exporter = "edge-1"' },
      { range: { fromMs: HOUR.fromMs + 1_800_000, toMs: HOUR.toMs } },
    ],
    [
      'timeseries-unfinished',
      { kind: 'timeseries', lastBucket: 'mark' },
      { range: { fromMs: HOUR.fromMs + 1_800_000, toMs: HOUR.toMs + 605_000 } },
    ],
    ['timeseries-packet-size', { kind: 'timeseries', metric: 'packet_size', dimensions: ['protocol'] }],
    [
      'timeseries-utilization',
      {
        kind: 'timeseries',
        metric: 'utilization',
        dimensions: ['exporter', 'input_interface'],
        legend: '{{exporter}} {{input_interface}}',
      },
    ],
    ['timeseries-nothing', { kind: 'timeseries', filter: 'source in 192.168.0.0/16' }],
    [
      'timeseries-alert',
      { kind: 'timeseries', dimensions: ['exporter'], previousPeriod: true, lastBucket: 'keep' },
      { headers: ALERT },
    ],
    [
      'timeseries-alert-both-ways',
      { kind: 'timeseries', dimensions: ['exporter'], bidirectional: true, filter: 'source = 10.0.0.1' },
      { headers: ALERT },
    ],
    ['top-sources', { kind: 'top', dimensions: ['source_ip', 'destination_port'], limit: 3 }],
    [
      'top-compared',
      { kind: 'top', dimensions: ['exporter'], bidirectional: true, previousPeriod: true, metric: 'bytes' },
      { range: { fromMs: HOUR.fromMs + 1_800_000, toMs: HOUR.toMs } },
    ],
    ['top-alert', { kind: 'top', dimensions: ['source_ip'] }, { headers: ALERT }],
    ['flows', { kind: 'flows', filter: 'exporter = "edge-1"', limit: 3 }],
    [
      'flows-columns',
      { kind: 'flows', columns: ['source_ip', 'bytes', 'application'], order: 'bytes', limit: 2 },
    ],
    [
      'flows-volume',
      { kind: 'flows', filter: 'exporter = "edge-1"' },
      { queryType: 'volume', range: { fromMs: HOUR.fromMs, toMs: HOUR.fromMs + 300_000 } },
    ],
    [
      'conversations',
      { kind: 'conversations', dimensions: ['source_ip', 'application', 'destination_ip'], limit: 3 },
    ],
    ['topology-hosts', { kind: 'topology', node: 'host', limit: 3 }],
    ['topology-interfaces', { kind: 'topology', node: 'interface' }],
    ['exporters-state', { kind: 'exporters', exporterView: 'state' }],
    ['exporters-balance', { kind: 'exporters', exporterView: 'balance' }],
    ['exporters-losses', { kind: 'exporters', exporterView: 'losses' }],
    ['exporters-ledger', { kind: 'exporters', exporterView: 'ledger', ledgerMeasure: 'flows' }],
    ['anomalies-table', { kind: 'anomalies' }],
    ['anomalies-count', { kind: 'anomalies', anomalyView: 'count' }],
    ['anomalies-timeline', { kind: 'anomalies', anomalyView: 'timeline' }],
    ['anomalies-timeline-nothing', { kind: 'anomalies', anomalyView: 'timeline', severities: ['low'] }],
    ['anomalies-stories', { kind: 'anomalies', anomalyView: 'stories' }],
    ['anomalies-evidence', { kind: 'anomalies', anomalyView: 'evidence', anomalyIds: [LOGINS] }],
    ['anomalies-flows', { kind: 'anomalies', anomalyView: 'flows', anomalyIds: [LOGINS] }],
    ['anomalies-annotations', { kind: 'anomalies' }, { refId: 'Anno' }],
    [
      'anomalies-alert-each',
      { kind: 'anomalies', severities: ['critical', 'high'], states: ['open', 'closed'] },
      { headers: ALERT },
    ],
    [
      'anomalies-alert-evidence',
      { kind: 'anomalies', anomalyView: 'evidence', stories: [SCAN] },
      { headers: ALERT },
    ],
    [
      'anomalies-alert',
      { kind: 'anomalies', anomalyView: 'count', severities: ['critical'] },
      { headers: ALERT },
    ],
    [
      'sql-table',
      {
        kind: 'sql',
        sql: 'SELECT exporter_name, count() AS flows, max(timestamp) AS newest FROM network_flows GROUP BY exporter_name ORDER BY exporter_name',
      },
    ],
    [
      'sql-timeseries',
      {
        kind: 'sql',
        format: 'timeseries',
        sql: 'SELECT toStartOfInterval(timestamp, INTERVAL 20 MINUTE) AS time, exporter_name, sum(bytes_in) AS bytes FROM network_flows WHERE $__timeFilter(timestamp) GROUP BY time, exporter_name ORDER BY exporter_name, time',
      },
    ],
    [
      'sql-logs',
      {
        kind: 'sql',
        format: 'logs',
        sql: "SELECT timestamp, concat(IPv6NumToString(source_ip), ' spoke') AS body, exporter_name FROM network_flows ORDER BY timestamp, exporter_name LIMIT 2",
      },
    ],
    [
      'sql-alert',
      {
        kind: 'sql',
        sql: 'SELECT exporter_name, count() AS flows FROM network_flows GROUP BY exporter_name ORDER BY exporter_name',
      },
      { headers: ALERT },
    ],
  ];

  it.each(cases.map(([name, model, asking = {}]) => [name, model, asking] as const))(
    '%s are as written down',
    async (name, model, asking) => {
      expectGolden(name, await ask(dataSource, model, asking));
    },
  );
});

describe('rates', () => {
  it('are right to the byte, sampling corrected, from flows and from rollups alike', async () => {
    const sum = async (resolution: string): Promise<number> => {
      const [frame] = await ask(dataSource, { kind: 'timeseries', metric: 'bytes', resolution });
      const values = frame!.fields[1]!.values as Float64Array;
      return values.reduce((a, b) => a + b, 0);
    };
    // edge-1: twenty times 1000, 2000 and 3000 octets and 60 times 100 back, one packet of ten seen; edge-2: 60 times 500; edge-3: 60 times 9000.
    const expected = 10 * (20 * 6000 + 60 * 100) + 60 * 500 + 60 * 9000;
    expect([await sum('raw'), await sum('1m'), await sum('1h')]).toEqual([expected, expected, expected]);
  });
});
