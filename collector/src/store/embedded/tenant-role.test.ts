import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { SYSTEM_TABLES_OF_OTHERS } from './engine-config.ts';
import { Engine } from './engine.ts';

/** The engine's own barrier between tenants, with nothing of ours before it: what would hold if our reading of a text were wrong. */
let engine: Engine;
let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'weir-test-'));
  engine = await Engine.open({
    dataDir,
    database: 'dev',
    tenantReaders: { tenants: ['a', 'b'], tables: ['t', 's'], shared: ['v'] },
    logger: pino({ level: 'silent' }),
  });
  const owner = engine.connect();
  await owner.run(`CREATE TABLE dev.t (tenant_id LowCardinality(String), n Int32) ENGINE = MergeTree ORDER BY n;
CREATE TABLE dev.s (tenant_id LowCardinality(String), n Int32) ENGINE = SummingMergeTree ORDER BY tenant_id;
CREATE MATERIALIZED VIEW dev.s_view TO dev.s AS SELECT tenant_id, n FROM dev.t;
CREATE VIEW dev.v AS SELECT n FROM dev.t;
CREATE TABLE dev.untold (n Int32) ENGINE = MergeTree ORDER BY n;
INSERT INTO dev.t VALUES ('a', 1), ('b', 2), ('c', 4)`);
  owner.close();
});
afterAll(async () => {
  await engine.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function run(sql: string, tenant: string | null = 'a'): Promise<string> {
  const role = tenant === null ? undefined : engine.roleOfTenant(tenant);
  const connection = await engine.connectWith({
    database: 'dev',
    role,
    readonly: role === undefined ? 0 : 1,
  });
  try {
    return (await connection.run(sql)).bytes.toString();
  } catch (error) {
    return `refused: ${(error as { code?: number }).code}`;
  } finally {
    connection.close();
  }
}

test('a role sees its tenant’s rows, the collector all', async () => {
  expect(await run('SELECT sum(n), count() FROM t')).toBe('1\t1\n');
  expect(await run('SELECT sum(n), count() FROM t', 'b')).toBe('2\t1\n');
  expect(await run('SELECT sum(n), count() FROM t', null)).toBe('7\t3\n');
  expect(await run('SELECT sum(n) FROM s', null)).toBe('7\n');
  expect(() => engine.roleOfTenant('c')).toThrow('without readers of the tenant c');
});

test.each([
  ['SELECT n FROM v', '1\n'],
  ['SELECT n FROM s', '1\n'],
  ["SELECT n FROM t WHERE 1 OR tenant_id = 'b'", '1\n'],
  ["SELECT count() FROM t WHERE throwIf(tenant_id = 'b')", '0\n'],
  ['SELECT max(n) FROM t', '1\n'],
  ["SELECT sum(n) FROM merge('dev', '^t$')", '1\n'],
  [
    "SELECT sum(n) FROM (SELECT n FROM t SETTINGS readonly = 0, additional_table_filters = {'dev.t': '1'})",
    '1\n',
  ],
  ['SELECT groupUniqArray(y.n) FROM t AS x RIGHT JOIN t AS y ON x.n = y.n', '[1]\n'],
  ['SELECT n FROM untold', 'refused: 497'],
  ['SELECT n FROM s_view', 'refused: 497'],
  ["INSERT INTO t VALUES ('a', 9)", 'refused: 497'],
  ['SELECT * FROM system.row_policies', 'refused: 497'],
  ['SELECT * FROM system.users', 'refused: 497'],
  ["SELECT * FROM file('/etc/passwd', 'LineAsString')", 'refused: 497'],
  ["SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')", 'refused: 497'],
])('%s', async (sql, answer) => {
  expect(await run(sql)).toBe(answer);
});

test('system tables that tell of others are empty for it', async () => {
  const there = (await run("SELECT name FROM system.tables WHERE database = 'system'", null)).split('\n');
  expect(SYSTEM_TABLES_OF_OTHERS.filter((name) => !there.includes(name))).toEqual([]);
  const seen: string[] = [];
  for (const name of SYSTEM_TABLES_OF_OTHERS) {
    const rows = await run(`SELECT count() FROM system.${name}`);
    if (rows !== '0\n' && !rows.startsWith('refused')) seen.push(`${name}: ${rows.trim()}`);
  }
  expect(seen).toEqual([]);
});
