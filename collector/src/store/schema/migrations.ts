import { type Column, columns, narrowRollupNames } from '@weir/core';
import { windowsDdl } from '../../detect/windows/ddl.ts';
import type { Database } from '../clickhouse/database.ts';
import {
  type Retention,
  anomaliesDdl,
  collectorMetricsDdl,
  columnDdl,
  flowsDdl,
  ledgerDdl,
  rollupDdl,
  storedDdl,
  tenantCheckDdl,
  ttl,
} from './ddl.ts';

export interface SchemaContext {
  readonly database: string;
  readonly retention: Retention;
}

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly statements: (context: SchemaContext) => readonly string[];
}

/** Forward only: a migration that has been released is never changed, a new one is added below. */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    name: 'flows, rollups, ledger, exporters',
    statements: ({ database, retention }) => [
      flowsDdl(database, retention),
      ...storedDdl(database, retention),
      ...ledgerDdl(database, retention),
      rollupDdl(database, 'flows_1m', retention),
      rollupDdl(database, 'flows_1h', retention),
      `CREATE TABLE IF NOT EXISTS ${database}.exporters (
  collector_ip IPv6, exporter_name String, tenant_id String, seen DateTime, first_seen DateTime, versions Array(UInt16),
  sampling_rate UInt32, clock_offset_ms Int64, verdict String, state String COMMENT 'the whole report as JSON'
) ENGINE = ReplacingMergeTree(seen) ORDER BY collector_ip`,
      `CREATE TABLE IF NOT EXISTS ${database}.interfaces (
  collector_ip IPv6, interface UInt32, name String, description String, seen DateTime
) ENGINE = ReplacingMergeTree(seen) ORDER BY (collector_ip, interface)`,
    ],
  },
  {
    version: 2,
    name: 'anomalies, interface speeds, tenant check',
    statements: ({ database, retention }) => [
      anomaliesDdl(database, retention),
      collectorMetricsDdl(database, retention),
      `ALTER TABLE ${database}.interfaces
  ADD COLUMN IF NOT EXISTS tenant_id LowCardinality(String),
  ADD COLUMN IF NOT EXISTS speed UInt64 COMMENT 'Bits per second; 0 where not known.',
  ADD COLUMN IF NOT EXISTS exporter_name LowCardinality(String)`,
      ...tenantCheckDdl(database),
    ],
  },
  {
    version: 3,
    name: 'narrow rollups of a minute',
    statements: ({ database, retention }) =>
      narrowRollupNames.map((name) => rollupDdl(database, name, retention)),
  },
  {
    version: 4,
    name: 'windows of ten seconds',
    statements: ({ database, retention }) => [windowsDdl(database, retention.windowsDays)],
  },
];

/** The schema that this program writes. */
export const SCHEMA_VERSION = migrations.at(-1)!.version;

/**
 * Brings a database to this program's schema: migrations not yet applied, then columns that the column table has gained,
 * then expiry as configured. Refuses a database that a newer program has written.
 */
export async function migrate(
  database: Database,
  context: SchemaContext,
  log: (message: string) => void,
): Promise<void> {
  const name = context.database;
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw new Error(
      `clickhouse.database is "${name}": a name of letters, digits and "_" that does not begin with a digit would be right`,
    );
  await database.command(`CREATE DATABASE IF NOT EXISTS ${name}`);
  await database.command(
    `CREATE TABLE IF NOT EXISTS ${name}.schema_migrations (version UInt32, name String, applied DateTime DEFAULT now()) ENGINE = MergeTree ORDER BY version`,
  );
  const [row] = await database.query<{ version: number | string }>(
    `SELECT max(version) AS version FROM ${name}.schema_migrations`,
  );
  const applied = Number(row?.version ?? 0);
  if (applied > SCHEMA_VERSION)
    throw new Error(
      `database ${name} has schema ${applied}, this program knows ${SCHEMA_VERSION}: run the version that wrote it, or a newer one`,
    );
  for (const migration of migrations) {
    if (migration.version <= applied) continue;
    for (const statement of migration.statements(context)) await database.command(statement);
    await database.command(
      `INSERT INTO ${name}.schema_migrations (version, name) VALUES (${migration.version}, '${migration.name}')`,
    );
    log(`schema ${migration.version} applied: ${migration.name}`);
  }
  await addColumns(database, name, log);
  await setExpiry(database, context);
}

/** Columns that the column table has and the database has not. */
async function addColumns(database: Database, name: string, log: (message: string) => void): Promise<void> {
  const rows = await database.query<{ name: string }>(
    'SELECT name FROM system.columns WHERE database = {database:String} AND table = {table:String}',
    { database: name, table: 'network_flows' },
  );
  const present = new Set(rows.map((r) => r.name));
  let previous = '';
  for (const column of columns as readonly Column[]) {
    if (!present.has(column.name)) {
      const place = previous === '' ? 'FIRST' : `AFTER \`${previous}\``;
      await database.command(
        `ALTER TABLE ${name}.network_flows ADD COLUMN IF NOT EXISTS ${columnDdl(column)} ${place}`,
      );
      log(`column ${column.name} added`);
    }
    previous = column.name;
  }
}

async function setExpiry(database: Database, { database: name, retention }: SchemaContext): Promise<void> {
  const wanted: [table: string, expression: string][] = [
    ['network_flows', ttl('timestamp', retention.flowsDays)],
    ['flows_1m', ttl('timestamp', retention.rollup1mDays)],
    ...narrowRollupNames.map((name): [string, string] => [name, ttl('timestamp', retention.rollup1mDays)]),
    ['flows_1h', ttl('timestamp', retention.rollup1hDays)],
    ['stored_1m', ttl('minute', retention.ledgerDays)],
    ['ledger', ttl('minute', retention.ledgerDays)],
    ['collector_metrics', ttl('timestamp', retention.ledgerDays)],
    ['windows_10s', ttl('timestamp', retention.windowsDays)],
    ['anomalies', ttl('opened', retention.anomaliesDays)],
  ];
  const rows = await database.query<{ name: string; engine_full: string }>(
    'SELECT name, engine_full FROM system.tables WHERE database = {database:String}',
    { database: name },
  );
  for (const [table, expression] of wanted) {
    const days = /INTERVAL (\d+) DAY/.exec(expression)![1]!;
    const engine = rows.find((r) => r.name === table)?.engine_full ?? '';
    if (engine.includes(`toIntervalDay(${days})`)) continue;
    await database.command(
      `ALTER TABLE ${name}.${table} MODIFY TTL ${expression} SETTINGS materialize_ttl_after_modify = 0`,
    );
  }
}
