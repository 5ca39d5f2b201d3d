import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { frameToJson } from '@weir/plugin-sdk';
import { type DataSource, closeDataSource } from './instances/data-source.ts';
import { fieldValues } from './resources/field-values.ts';
import { ask, testDataSource } from './testing/ask.ts';
import { type FakeClickHouse, startFakeClickHouse } from './testing/fake-clickhouse.ts';
import { HOUR, storeKnownFlows } from './testing/known-flows.ts';
import { NORTH, READER, TABLES_WITH_TENANT, type TestStore, openTestStore } from './testing/store.ts';
import { TENANT_TABLES, tenantFilter } from './tenants/tenant-filter.ts';

const never = new AbortController().signal;

describe('the filter sent to the engine', () => {
  it('holds the tenant as a literal within a literal, whatever it is called', () => {
    const filter = tenantFilter('weir', "a' OR 1=1 --\\");
    expect(filter).toContain("'weir.network_flows': 'tenant_id = \\'a\\\\\\' OR 1=1 --\\\\\\\\\\''");
    for (const table of [
      'flows_1m',
      'flows_1m_applications',
      'flows_1m_interfaces',
      'flows_1h',
      'stored_1m',
      'ledger',
      'exporters',
      'interfaces',
      'windows_10s',
      'anomalies',
    ])
      expect(filter).toContain(`'weir.${table}': `);
  });
});

it('is sent for every table of the schema that tells whose a row is', () => {
  expect([...TENANT_TABLES, 'tenant_check'].sort()).toEqual([...TABLES_WITH_TENANT].sort());
});

describe('a data source of one tenant', () => {
  let store: TestStore;
  let sources: Readonly<Record<string, DataSource>>;
  let north: DataSource;
  beforeAll(async () => {
    store = await openTestStore();
    await storeKnownFlows(store);
    const { url } = store;
    sources = {
      owner: testDataSource({ url, tenant: 'north' }),
      reader: testDataSource({ url, tenant: 'north', user: READER.name }, { password: READER.password }),
      bound: testDataSource({ url, tenant: 'north', user: NORTH.name }, { password: NORTH.password }),
    };
    north = sources['reader']!;
  });
  afterAll(async () => {
    Object.values(sources).forEach(closeDataSource);
    await store.close();
  });

  const models: readonly (readonly [name: string, model: object])[] = [
    ['time series', { kind: 'timeseries', dimensions: ['source_ip'] }],
    ['time series, raw', { kind: 'timeseries', dimensions: ['exporter'], resolution: 'raw' }],
    ['time series, by minute', { kind: 'timeseries', dimensions: ['exporter'], resolution: '1m' }],
    ['time series, by hour', { kind: 'timeseries', dimensions: ['exporter'], resolution: '1h' }],
    [
      'a filter that asks for all',
      { kind: 'top', dimensions: ['exporter'], filter: 'tenant_id = south or bytes > 0' },
    ],
    [
      'a filter that asks for the other',
      { kind: 'top', dimensions: ['exporter'], filter: 'tenant_id = south' },
    ],
    [
      'top',
      { kind: 'top', dimensions: ['source_ip', 'exporter'], previousPeriod: true, bidirectional: true },
    ],
    ['flows', { kind: 'flows', limit: 1000 }],
    ['conversations', { kind: 'conversations', dimensions: ['source_ip', 'exporter', 'destination_ip'] }],
    ['topology', { kind: 'topology', node: 'host' }],
    ['topology of interfaces', { kind: 'topology', node: 'interface' }],
    ['topology of exporters', { kind: 'topology', node: 'exporter' }],
    ['exporters', { kind: 'exporters', exporterView: 'state' }],
    ['ledger', { kind: 'exporters', exporterView: 'ledger' }],
    ['balance', { kind: 'exporters', exporterView: 'balance' }],
    ['losses', { kind: 'exporters', exporterView: 'losses' }],
    ['anomalies', { kind: 'anomalies' }],
    ['anomalies counted', { kind: 'anomalies', anomalyView: 'count' }],
    ['stories', { kind: 'anomalies', anomalyView: 'stories' }],
    ['evidence', { kind: 'anomalies', anomalyView: 'evidence' }],
    ['an anomaly of another', { kind: 'anomalies', anomalyIds: ['00000000-0000-0000-0000-000000000002'] }],
  ];
  const asked = ['owner', 'reader', 'bound'].flatMap((user) =>
    models.map(([name, model]) => [user, name, model] as const),
  );
  it.each(asked)('shows the user %s nothing of another in %s', async (user, _name, model) => {
    const frames = await ask(sources[user]!, model);
    const data =
      JSON.stringify(frames.map((frame) => frameToJson(frame).data ?? null)) +
      JSON.stringify(frames.map((frame) => frame.fields.map(({ labels }) => labels)));
    expect(data).not.toMatch(/edge-3|172\.16\.0\.9|203\.0\.113\.9|south|192\.0\.2\.3|critical/);
  });

  it('shows its own, to the byte', async () => {
    const [frame] = await ask(north, { kind: 'timeseries', metric: 'bytes' });
    expect((frame!.fields[1]!.values as Float64Array).reduce((a, b) => a + b, 0)).toBe(
      10 * (20 * 6000 + 60 * 100) + 60 * 500,
    );
  });

  it('offers no values of another', async () => {
    const question = { prefix: '', filter: '', ...HOUR, limit: 100 };
    const values = await Promise.all(
      ['exporter', 'source_ip', 'tenant_id'].map((field) =>
        fieldValues(north, { ...question, field }, never),
      ),
    );
    expect(values.map(({ values: list }) => list.map(({ value }) => value).sort())).toEqual([
      ['edge-1', 'edge-2'],
      ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.1.1'],
      ['north'],
    ]);
  });

  it.each(['owner', 'reader'])(
    'runs no SQL of people’s for the user %s, whom the engine does not bind',
    async (user) => {
      await expect(
        ask(sources[user]!, { kind: 'sql', sql: 'SELECT count() FROM network_flows' }),
      ).rejects.toMatchObject({
        status: 403,
        message: expect.stringMatching(
          /does not hold the user \w+ to it\. Create the user with a row policy: docs\/how-to\/tenants\.md/,
        ),
      });
    },
  );

  it('whose user the engine binds may ask in SQL for its own', async () => {
    const [frame] = await ask(sources['bound']!, {
      kind: 'sql',
      sql: 'SELECT DISTINCT tenant_id FROM network_flows',
    });
    expect(frame!.fields[0]!.values).toEqual(['north']);
  });

  it.each([
    'SELECT DISTINCT tenant_id FROM network_flows',
    "SELECT DISTINCT tenant_id FROM merge('weir', '^network_flows$')",
    "SELECT exporter_name FROM exporters WHERE tenant_id = 'south'",
    'SELECT * FROM (SELECT DISTINCT tenant_id FROM network_flows SETTINGS additional_table_filters = {})',
    'SELECT collector_ip, exporter_name FROM ledger_balance',
    'SELECT DISTINCT tenant_id FROM flows_1m UNION ALL SELECT DISTINCT tenant_id FROM flows_1h UNION ALL SELECT DISTINCT tenant_id FROM stored_1m',
    'SELECT DISTINCT tenant_id FROM flows_1m_applications UNION ALL SELECT DISTINCT tenant_id FROM flows_1m_interfaces',
    'SELECT title FROM anomalies',
    'SELECT toString(collector_ip) FROM interfaces',
    'SELECT * FROM tenant_check',
  ])('whose user the engine binds shows nothing of another by the SQL %s', async (sql) => {
    const data = await ask(sources['bound']!, { kind: 'sql', sql }).then(
      (frames) => JSON.stringify(frames.map((frame) => frameToJson(frame).data)),
      (error: { status: number }) => `refused ${error.status}`,
    );
    expect(data).not.toMatch(/edge-3|172\.16\.0\.9|203\.0\.113\.9|south|192\.0\.2\.3|\*/);
  });
});

describe('a user whom the engine binds', () => {
  let fake: FakeClickHouse;
  afterAll(() => fake.close());

  it('may ask in SQL; whether it is bound is asked once a minute', async () => {
    let now = HOUR.toMs;
    let visible = 0;
    fake = await startFakeClickHouse(({ sql }) =>
      sql.includes('tenant_check')
        ? { columns: [['visible', 'UInt8']], rows: [[visible]] }
        : { columns: [['x', 'UInt8']], rows: [[1]] },
    );
    const bound = testDataSource({ url: fake.url, user: 'north', tenant: 'north' }, {}, () => now);
    const sql = { kind: 'sql', sql: 'SELECT 7' };
    expect(await ask(bound, sql)).toHaveLength(1);
    visible = 1;
    expect(await ask(bound, sql)).toHaveLength(1);
    now += 61_000;
    await expect(ask(bound, sql)).rejects.toMatchObject({ status: 403 });
    expect(fake.seen.filter(({ sql: text }) => text.includes('tenant_check'))).toHaveLength(2);
    // Every statement about data carried the tenant's filter.
    const data = fake.seen.filter(({ sql: text }) => text !== 'SELECT 1' && !text.includes('tenant_check'));
    expect(data.length).toBeGreaterThan(2);
    expect(data.map(({ search }) => search.get('additional_table_filters'))).toEqual(
      data.map(() => tenantFilter('weir', 'north')),
    );
    closeDataSource(bound);
  });
});
