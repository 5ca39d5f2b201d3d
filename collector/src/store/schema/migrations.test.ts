import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Column, anomalyColumns, columns } from '@weir/core';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { Roller } from '../rollups/roller.ts';
import { rollupInsert } from '../rollups/rollup-sql.ts';
import { Inventory } from '../inventory.ts';
import { type EmbeddedEngine, openEmbeddedEngine } from '../embedded/index.ts';
import { LiveColumns } from './live-columns.ts';
import { SCHEMA_VERSION, migrate, migrations } from './migrations.ts';

const retention = {
  flowsDays: 30,
  rollup1mDays: 90,
  rollup1hDays: 730,
  ledgerDays: 400,
  windowsDays: 14,
  anomaliesDays: 400,
};
const quiet = (): void => undefined;
let dataDir: string;
let engine: EmbeddedEngine;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'weir-schema-'));
  engine = await openEmbeddedEngine({ dataDir, database: 'weir', logger: pino({ level: 'silent' }) });
});

afterAll(async () => {
  await engine.close();
  rmSync(dataDir, { recursive: true, force: true });
});

interface EngineColumn {
  readonly name: string;
  readonly type: string;
  readonly default_kind: string;
}

function columnsOf(database: string): Promise<EngineColumn[]> {
  return engine
    .database()
    .query<EngineColumn>(
      "SELECT name, type, default_kind FROM system.columns WHERE database = {d:String} AND table = 'network_flows' ORDER BY position",
      { d: database },
    );
}

async function expiry(database: string, table: string): Promise<string> {
  const [row] = await engine
    .database()
    .query<{ engine_full: string }>(
      'SELECT engine_full FROM system.tables WHERE database = {d:String} AND name = {t:String}',
      {
        d: database,
        t: table,
      },
    );
  return row!.engine_full;
}

describe('migrate', () => {
  test('makes all tables of an empty database, with the columns of the column table in their order', async () => {
    await migrate(engine.database(), { database: 'fresh', retention }, quiet);
    expect(
      (await columnsOf('fresh')).map(({ name, type }) => ({ name, type: type.replaceAll(' ', '') })),
    ).toEqual(
      (columns as readonly Column[]).map(({ name, type }) => ({ name, type: type.replaceAll(' ', '') })),
    );
    const tables = await engine
      .database()
      .query<{ name: string }>("SELECT name FROM system.tables WHERE database = 'fresh'");
    expect(tables.map((t) => t.name)).toEqual(
      expect.arrayContaining([
        'network_flows',
        'flows_1m',
        'flows_1m_applications',
        'flows_1m_interfaces',
        'flows_1h',
        'stored_1m',
        'ledger',
        'ledger_balance',
        'exporters',
        'interfaces',
        'windows_10s',
        'anomalies',
        'tenant_check',
        'collector_metrics',
      ]),
    );
  });

  test('makes the table of anomalies as the shared table of its columns says; the newest row of each holds', async () => {
    await migrate(engine.database(), { database: 'odd', retention }, quiet);
    expect(
      await engine
        .database()
        .query(
          "SELECT name, type, comment AS doc FROM system.columns WHERE database = 'odd' AND table = 'anomalies' ORDER BY position",
        ),
    ).toEqual(anomalyColumns);
    for (const [severity, updated] of [
      ['low', 1],
      ['high', 2],
    ])
      await engine
        .database()
        .command(
          `INSERT INTO odd.anomalies (id, tenant_id, opened, updated, severity) VALUES (toUUID('00000000-0000-0000-0000-000000000001'), 'a', toStartOfHour(now()), ${updated}, '${severity}')`,
        );
    expect(await engine.database().query('SELECT severity FROM odd.anomalies FINAL')).toEqual([
      { severity: 'high' },
    ]);
    expect(await expiry('odd', 'anomalies')).toContain('PARTITION BY toYYYYMM(opened)');
  });

  test('brings a database of schema 1 with its data up to date', async () => {
    const db = engine.database();
    await db.command('CREATE DATABASE first');
    await db.command(
      'CREATE TABLE first.schema_migrations (version UInt32, name String, applied DateTime DEFAULT now()) ENGINE = MergeTree ORDER BY version',
    );
    for (const statement of migrations[0]!.statements({ database: 'first', retention }))
      await db.command(statement);
    await db.command("INSERT INTO first.schema_migrations (version, name) VALUES (1, 'flows')");
    await db.command(
      "INSERT INTO first.interfaces (collector_ip, interface, name, description, seen) VALUES (toIPv6('192.0.2.1'), 7, 'xe-0', 'up', now())",
    );
    await db.command(
      "INSERT INTO first.network_flows (timestamp, tenant_id, bytes_in) VALUES (now(), 'a', 7)",
    );

    const said: string[] = [];
    await migrate(db, { database: 'first', retention }, (m) => said.push(m));
    expect(said).toEqual([
      'schema 2 applied: anomalies, interface speeds, tenant check',
      'schema 3 applied: narrow rollups of a minute',
      'schema 4 applied: windows of ten seconds',
    ]);
    expect(
      await db.query('SELECT name, description, tenant_id, speed, exporter_name FROM first.interfaces'),
    ).toEqual([{ name: 'xe-0', description: 'up', tenant_id: '', speed: 0, exporter_name: '' }]);
    expect(await db.query('SELECT bytes_in AS bytes FROM first.network_flows')).toEqual([{ bytes: 7 }]);
    expect(await db.query('SELECT * FROM first.tenant_check')).toEqual([{ tenant_id: '*' }]);
  });

  test('brings a database of schema 2 up to 3: its minutes of the last days are in the narrow rollups soon', async () => {
    const db = engine.database();
    await db.command('CREATE DATABASE second');
    await db.command(
      'CREATE TABLE second.schema_migrations (version UInt32, name String, applied DateTime DEFAULT now()) ENGINE = MergeTree ORDER BY version',
    );
    for (const { version, name, statements } of migrations.slice(0, 2)) {
      for (const statement of statements({ database: 'second', retention })) await db.command(statement);
      await db.command(`INSERT INTO second.schema_migrations (version, name) VALUES (${version}, '${name}')`);
    }
    const minute = Math.floor(Date.now() / 60_000) * 60 - 600;
    await db.command(
      `INSERT INTO second.network_flows (timestamp, tenant_id, collector_ip, protocol, bytes_in, source_ip, input_interface)
       SELECT ${minute} + number % 120, 'a', toIPv6('192.0.2.1'), 6, number, toIPv6(concat('10.0.0.', toString(number % 50))), number % 2
       FROM numbers(1000)`,
    );
    for (const slot of [minute, minute + 60])
      await db.command(
        rollupInsert('second', 'flows_1m', 100)
          .replaceAll('{from:UInt32}', String(slot))
          .replaceAll('{to:UInt32}', String(slot + 60)),
      );
    const wide = await db.query('SELECT * FROM second.flows_1m ORDER BY ALL');
    const said: string[] = [];
    await migrate(db, { database: 'second', retention }, (m) => said.push(m));
    expect(said).toEqual([
      'schema 3 applied: narrow rollups of a minute',
      'schema 4 applied: windows of ten seconds',
    ]);
    expect(await expiry('second', 'flows_1m_interfaces')).toContain('toIntervalDay(90)');

    const roller = new Roller(db, {
      database: 'second',
      top: 100,
      graceMs: 0,
      lookBackMs: 86_400_000,
      everyMs: 3_600_000,
      log: { info: quiet, warn: (m) => said.push(m), error: (m) => said.push(m) },
      now: () => (minute + 120) * 1000,
    });
    await roller.run();
    await roller.stop();
    expect(said).toHaveLength(2);
    expect(await db.query('SELECT * FROM second.flows_1m ORDER BY ALL')).toEqual(wide);
    const rows = (table: string, key: string): Promise<unknown[]> =>
      db.query(
        `SELECT toUnixTimestamp(timestamp) AS t, tenant_id, toString(collector_ip) AS ip, ${key} AS key, bytes_in AS bytes, flow_count AS flows FROM second.${table} ORDER BY t, key`,
      );
    const expected = (slot: number, key: number, of: (i: number) => boolean): object => {
      const all = Array.from({ length: 1000 }, (_, i) => i).filter(
        (i) => Math.floor((i % 120) / 60) === slot && of(i),
      );
      return {
        t: minute + 60 * slot,
        tenant_id: 'a',
        ip: '::ffff:192.0.2.1',
        key,
        bytes: all.reduce((a, b) => a + b, 0),
        flows: all.length,
      };
    };
    expect(await rows('flows_1m_applications', 'protocol')).toEqual(
      [0, 1].map((s) => expected(s, 6, () => true)),
    );
    expect(await rows('flows_1m_interfaces', 'input_interface')).toEqual(
      [0, 1].flatMap((s) => [0, 1].map((n) => expected(s, n, (i) => i % 2 === n))),
    );
  });

  test('can be applied again where it was broken off: the row of no tenant is there once', async () => {
    const db = engine.database();
    await migrate(db, { database: 'again', retention }, quiet);
    await db.command(
      'ALTER TABLE again.schema_migrations DELETE WHERE version = 2 SETTINGS mutations_sync = 1',
    );
    await migrate(db, { database: 'again', retention }, quiet);
    expect(await db.query('SELECT * FROM again.tenant_check')).toEqual([{ tenant_id: '*' }]);
  });

  test('is applied once', async () => {
    const said: string[] = [];
    await migrate(engine.database(), { database: 'twice', retention }, quiet);
    await migrate(engine.database(), { database: 'twice', retention }, (m) => said.push(m));
    expect(said).toEqual([]);
    const [row] = await engine
      .database()
      .query<{ n: number }>('SELECT toUInt32(count()) AS n FROM twice.schema_migrations');
    expect(row!.n).toBe(migrations.length);
  });

  test('gives an older table the columns that the column table has gained since, in their place', async () => {
    await migrate(engine.database(), { database: 'older', retention }, quiet);
    await engine
      .database()
      .command('INSERT INTO older.network_flows (timestamp, bytes_in) VALUES (now(), 7)');
    await engine
      .database()
      .command('ALTER TABLE older.network_flows DROP COLUMN tls_server_name, DROP COLUMN vlan_id');
    await migrate(engine.database(), { database: 'older', retention }, quiet);
    expect((await columnsOf('older')).map((c) => c.name)).toEqual(columns.map((c) => c.name));
    const [row] = await engine
      .database()
      .query('SELECT toUInt32(bytes_in) AS bytes, vlan_id, tls_server_name FROM older.network_flows');
    expect(row).toEqual({ bytes: 7, vlan_id: 0, tls_server_name: '' });
  });

  test('follows a change of retention', async () => {
    await migrate(engine.database(), { database: 'expiry', retention }, quiet);
    expect(await expiry('expiry', 'network_flows')).toContain('toIntervalDay(30)');
    await migrate(
      engine.database(),
      {
        database: 'expiry',
        retention: { ...retention, flowsDays: 7, ledgerDays: 14, windowsDays: 3, anomaliesDays: 9 },
      },
      quiet,
    );
    expect(await expiry('expiry', 'network_flows')).toContain('toIntervalDay(7)');
    expect(await expiry('expiry', 'ledger')).toContain('toIntervalDay(14)');
    expect(await expiry('expiry', 'windows_10s')).toContain('toIntervalDay(3)');
    expect(await expiry('expiry', 'anomalies')).toContain('toIntervalDay(9)');
    expect(await expiry('expiry', 'flows_1h')).toContain('toIntervalDay(730)');
  });

  test('refuses a database that a newer program has written', async () => {
    await migrate(engine.database(), { database: 'newer', retention }, quiet);
    await engine
      .database()
      .command(
        `INSERT INTO newer.schema_migrations (version, name) VALUES (${SCHEMA_VERSION + 1}, 'from the future')`,
      );
    await expect(migrate(engine.database(), { database: 'newer', retention }, quiet)).rejects.toThrow(
      `has schema ${SCHEMA_VERSION + 1}, this program knows ${SCHEMA_VERSION}`,
    );
  });

  test('refuses a database name that is none, and says what would be right', async () => {
    await expect(migrate(engine.database(), { database: 'a-b', retention }, quiet)).rejects.toThrow(
      'letters, digits and "_"',
    );
  });
});

describe('columns', () => {
  test('take room when data for them comes; rows from before read as their default', async () => {
    await migrate(engine.database(), { database: 'live', retention }, quiet);
    const room = async (name: string): Promise<boolean> =>
      (await columnsOf('live')).find((c) => c.name === name)!.default_kind === '';
    await engine.database().command('INSERT INTO live.network_flows (timestamp, bytes_in) VALUES (now(), 1)');
    expect(await room('nat_event')).toBe(false);

    const live = new LiveColumns(engine.database(), 'live');
    await live.ensure(['timestamp', 'nat_event', 'user_name', 'mpls_top_label_ip']);
    await live.ensure(['nat_event']);
    await new LiveColumns(engine.database(), 'live').ensure(['nat_event', 'verdict']); // a second collector

    for (const name of ['nat_event', 'user_name', 'mpls_top_label_ip', 'verdict'])
      expect(await room(name)).toBe(true);
    expect(await room('dns_name')).toBe(false);
    await engine
      .database()
      .command(
        "INSERT INTO live.network_flows (timestamp, bytes_in, nat_event, user_name) VALUES (now(), 2, 1, 'ann')",
      );
    expect(
      await engine
        .database()
        .query(
          'SELECT toUInt32(bytes_in) AS bytes, nat_event, user_name, verdict FROM live.network_flows ORDER BY bytes',
        ),
    ).toEqual([
      { bytes: 1, nat_event: 0, user_name: '', verdict: 'unknown' },
      { bytes: 2, nat_event: 1, user_name: 'ann', verdict: 'unknown' },
    ]);
  });

  test('of time are computed: start and end from receipt, lag and duration', async () => {
    await migrate(engine.database(), { database: 'times', retention }, quiet);
    const received = Math.floor(Date.now() / 1000);
    await engine
      .database()
      .command(
        `INSERT INTO times.network_flows (timestamp, end_lag_ms, duration_ms) VALUES (${received}, 1500, 2250)`,
      );
    const [row] = await engine
      .database()
      .query(
        `SELECT toInt64(toUnixTimestamp64Milli(flow_start_time)) - ${received}000 AS start, toInt64(toUnixTimestamp64Milli(flow_end_time)) - ${received}000 AS end, created_at = timestamp AS same, notEmpty(flow_id) AS id FROM times.network_flows`,
      );
    expect(row).toEqual({ start: -3750, end: -1500, same: 1, id: 1 });
  });
});

test('exporters and interfaces: the latest state of each', async () => {
  await migrate(engine.database(), { database: 'inventory', retention }, quiet);
  const inventory = new Inventory(engine.database(), 'inventory');
  const names = (description: string): Parameters<Inventory['writeInterfaces']>[0] => [
    {
      address: '192.0.2.1',
      exporterName: 'edge',
      tenantId: 'acme',
      interfaces: [[7, { name: "xe-0/0/1 'up'", description, speed: 10e9 }]],
    },
  ];
  await inventory.writeInterfaces(names('old'), Date.now() - 60_000);
  await inventory.writeInterfaces(names('new'), Date.now());
  expect(
    await engine
      .database()
      .query(
        'SELECT toString(collector_ip) AS ip, exporter_name, tenant_id, interface, name, description, speed FROM inventory.interfaces FINAL',
      ),
  ).toEqual([
    {
      ip: '::ffff:192.0.2.1',
      exporter_name: 'edge',
      tenant_id: 'acme',
      interface: 7,
      name: "xe-0/0/1 'up'",
      description: 'new',
      speed: 10e9,
    },
  ]);
});
