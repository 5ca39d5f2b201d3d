import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { READER_ROLE } from './engine-config.ts';
import { Engine } from './engine.ts';

/** The engine's own barrier, with nothing of ours before it: what would hold if our reading of a text were wrong. */
let engine: Engine;
let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'weir-test-'));
  engine = await Engine.open({ dataDir, database: 'dev', logger: pino({ level: 'silent' }) });
  const owner = engine.connect();
  await owner.run('CREATE TABLE dev.t (a Int32) ENGINE = MergeTree ORDER BY a; INSERT INTO dev.t VALUES (1)');
  owner.close();
});
afterAll(async () => {
  await engine.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function run(sql: string): Promise<string> {
  const connection = await engine.connectWith({ database: 'dev', role: READER_ROLE, readonly: 1 });
  try {
    return (await connection.run(sql)).bytes.toString();
  } catch (error) {
    return `refused: ${(error as { code?: number }).code}`;
  } finally {
    connection.close();
  }
}

test('the role reads', async () => {
  expect(await run('SELECT a FROM t')).toBe('1\n');
  expect(await run('SELECT count() > 0 FROM system.columns')).toBe('1\n');
  expect(await run('SHOW TABLES')).toBe('t\n');
});

test.each([
  'INSERT INTO t VALUES (2)',
  'DROP TABLE t',
  'CREATE TABLE u (a Int8) ENGINE = Memory',
  'CREATE TEMPORARY TABLE u (a Int8)',
  'SET readonly = 0',
  'SELECT 1 SETTINGS readonly = 0',
  "SELECT * FROM file('/etc/passwd', 'LineAsString')",
  'SELECT * FROM default.`/etc/passwd`',
  "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
  "SELECT * FROM executable('id', 'TSV', 'a String')",
  "SELECT * FROM remote('127.0.0.1:1', 'system', 'one')",
  // `readonly = 1` is obeyed by subqueries only as long as they do not say otherwise. The role is obeyed by all.
  "SELECT * FROM (SELECT * FROM file('/etc/passwd', 'LineAsString') SETTINGS readonly = 0)",
  "SELECT * FROM (SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String') SETTINGS readonly = 0)",
  "SELECT * FROM (SELECT * FROM executable('id', 'TSV', 'a String') SETTINGS readonly = 0)",
  'SELECT 1; DROP TABLE t',
])('the role and readonly alone refuse: %s', async (sql) => {
  expect(await run(sql)).toMatch(/^refused: (?:164|497|115)$/);
});
