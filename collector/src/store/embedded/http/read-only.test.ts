import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openTestEngine } from '../testing/open-test-engine.ts';
import type { TestEngine } from '../testing/open-test-engine.ts';

/**
 * Every door that we know of, tried as a read-only user. A file with a secret in it stands for all files, a listening port
 * for all networks, and a table for all tables: at the end of each test the secret has not been seen, nobody has called, and
 * the table is as it was.
 */
const SECRET = 'CANARY-7f3a';
let test_: TestEngine;
let directory: string;
let secretFile: string;
let listener: Server;
let calls = 0;
let host: string;

beforeAll(async () => {
  test_ = await openTestEngine(
    {},
    {
      users: [
        { name: 'default', readonly: false },
        { name: 'reader', password: 'secret', readonly: true },
        { name: 'other', password: 'secret', readonly: true },
      ],
    },
  );
  directory = await mkdtemp(join(tmpdir(), 'weir-test-'));
  secretFile = join(directory, 'secret.csv');
  await writeFile(secretFile, `${SECRET}\n`);
  listener = createServer((socket) => {
    calls++;
    socket.end();
  }).listen(0, '127.0.0.1');
  await new Promise((done) => listener.once('listening', done));
  host = `127.0.0.1:${(listener.address() as AddressInfo).port}`;
  await asOwner('CREATE TABLE t (a Int32) ENGINE = MergeTree ORDER BY a');
  await asOwner('INSERT INTO t VALUES (1), (2)');
  await asOwner(`CREATE VIEW v AS SELECT * FROM file('${secretFile}', 'LineAsString')`);
});
afterAll(async () => {
  listener.close();
  await test_.close();
  await rm(directory, { recursive: true, force: true });
});

interface Reply {
  readonly status: number;
  readonly text: string;
}

async function ask(
  user: string,
  sql: string,
  parameters: Record<string, string> = {},
  body?: FormData,
): Promise<Reply> {
  const address = `${test_.url}/?${new URLSearchParams(body ? { ...parameters, query: sql } : parameters).toString()}`;
  const headers = { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': user === 'default' ? '' : 'secret' };
  const answer = await fetch(address, { method: 'POST', headers, body: body ?? sql });
  return { status: answer.status, text: await answer.text() };
}

const asOwner = (sql: string): Promise<Reply> => ask('default', sql);
const asReader = (sql: string, parameters?: Record<string, string>): Promise<Reply> =>
  ask('reader', sql, parameters);

async function expectRefused(sql: string, parameters?: Record<string, string>): Promise<void> {
  const reply = await asReader(sql, parameters);
  expect({ sql, parameters, ...reply }).toMatchObject({ text: expect.stringMatching(/^Code: \d+\. /) });
  expect(reply.status).toBeGreaterThanOrEqual(400);
  expect(reply.text).not.toContain(SECRET);
}

/** What a door left open would change. */
async function world(): Promise<unknown> {
  return {
    calls,
    files: await readdir(directory),
    table: (await asOwner('SELECT count(), sum(a) FROM dev.t')).text,
    tables: (await asOwner("SELECT name FROM system.tables WHERE database = 'dev' ORDER BY name")).text,
  };
}
const UNTOUCHED = { calls: 0, files: ['secret.csv'], table: '2\t3\n', tables: 't\nv\n' };

test('a reader reads', async () => {
  const queries: [string, string][] = [
    ['SELECT sum(a) FROM t', '3\n'],
    ['SELECT sum(a) FROM dev.t;', '3\n'],
    ['WITH x AS (SELECT a FROM t) SELECT max(a) FROM x -- said so', '2\n'],
    [
      "SELECT 'file(''/x'')', '; DROP TABLE t', $a$ ; INTO OUTFILE $a$",
      "file(\\'/x\\')\t; DROP TABLE t\t ; INTO OUTFILE \n",
    ],
    ['SELECT count() FROM numbers(5)', '5\n'],
    ['SHOW TABLES', 't\nv\n'],
    ['EXISTS TABLE t', '1\n'],
    ["SELECT count() FROM system.settings WHERE name = 'max_threads'", '1\n'],
    ['SELECT settings = 1 FROM (SELECT 1 AS settings)', '1\n'],
    ['SELECT 1 FORMAT JSONEachRow', '{"1":1}\n'],
    ['SELECT name FROM system.databases WHERE name = currentDatabase()', 'dev\n'],
    ['SELECT {x:String} || toString({y:UInt8})', 'a1\n'],
  ];
  for (const [sql, text] of queries) {
    expect(await asReader(sql, { param_x: 'a', param_y: '1' })).toEqual({ status: 200, text });
  }
  expect((await asReader('DESCRIBE TABLE t')).text).toMatch(/^a\tInt32/);
  expect((await asReader('EXPLAIN SELECT * FROM t')).text).toContain('ReadFromMergeTree');
  expect(
    (await asReader("SELECT getSetting('max_threads')", { max_threads: '1', max_execution_time: '5' })).text,
  ).toBe('1\n');
});

test('nothing is written', async () => {
  const statements = [
    'INSERT INTO t VALUES (3)',
    'INSERT INTO t SELECT 3',
    'INSERT INTO t FORMAT CSV\n3',
    `INSERT INTO t FROM INFILE '${'/etc/hostname'}' FORMAT CSV`,
    `INSERT INTO FUNCTION file('${'/tmp/x'}', 'CSV', 'a Int8') SELECT 1`,
    'CREATE TABLE u (a Int8) ENGINE = Memory',
    'CREATE TEMPORARY TABLE u (a Int8)',
    'CREATE VIEW u AS SELECT 1',
    'CREATE DATABASE u',
    'CREATE FUNCTION u AS x -> x',
    "CREATE DICTIONARY u (a Int8) PRIMARY KEY a SOURCE(FILE(PATH '/etc/passwd' FORMAT 'CSV')) LAYOUT(FLAT()) LIFETIME(0)",
    "CREATE NAMED COLLECTION u AS x = '1'",
    'CREATE USER u',
    'DROP TABLE t',
    'DROP TABLE IF EXISTS t SYNC',
    'TRUNCATE TABLE t',
    'ALTER TABLE t DELETE WHERE 1',
    'ALTER TABLE t ADD COLUMN b Int8',
    'DELETE FROM t WHERE 1',
    'UPDATE t SET a = 5 WHERE 1',
    'RENAME TABLE t TO u',
    'EXCHANGE TABLES t AND v',
    'DETACH TABLE t',
    'ATTACH TABLE t',
    'OPTIMIZE TABLE t FINAL',
    'EXPLAIN ANALYZE INSERT INTO t SELECT 5',
    "BACKUP TABLE t TO Disk('default', 'x')",
    "RESTORE TABLE t FROM Disk('default', 'x')",
    'GRANT ALL ON *.* TO default',
    'REVOKE ALL ON *.* FROM default',
    'CREATE TABLE u (a Int8) ENGINE = Memory PARALLEL WITH DROP TABLE t',
    'BEGIN TRANSACTION',
    'COMMIT',
  ];
  for (const sql of statements) await expectRefused(sql);
  await asReader('EXPLAIN INSERT INTO t SELECT 5');
  expect(await world()).toEqual(UNTOUCHED);
});

test('nothing is controlled', async () => {
  const statements = [
    'SET readonly = 0',
    'SET max_threads = 1',
    'SET ROLE ALL',
    'SET ROLE weir_owner',
    'SET DEFAULT ROLE ALL TO default',
    'EXECUTE AS default',
    'EXECUTE AS default SELECT 1',
    'KILL QUERY WHERE 1',
    "KILL QUERY WHERE query_id = 'x' OR 1 ASYNC",
    'KILL MUTATION WHERE 1',
    'SYSTEM FLUSH LOGS',
    'SYSTEM STOP MERGES',
    'SYSTEM DROP MARK CACHE',
    'SYSTEM SHUTDOWN',
    'USE system',
    'SHOW ACCESS',
    'SHOW USERS',
    'SHOW GRANTS FOR default',
    'WATCH v',
    'CHECK TABLE t',
  ];
  for (const sql of statements.slice(0, -3)) await expectRefused(sql);
  expect(await world()).toEqual(UNTOUCHED);
});

test('settings stay what they are', async () => {
  const texts = [
    'SELECT 1 SETTINGS readonly = 0',
    'SELECT 1 SETTINGS readonly = 2',
    'SELECT 1 SETTINGS max_threads = 1',
    'SELECT 1 FORMAT TSV SETTINGS allow_introspection_functions = 1',
    'SELECT * FROM (SELECT 1 SETTINGS max_execution_time = 1000)',
    'SELECT 1 SETTINGS/**/readonly=0',
    "SELECT 1 SETTINGS profile = 'default'",
    "SELECT 1 SETTINGS dialect = 'kusto'",
    'EXPLAIN SELECT 1 SETTINGS readonly = 0',
    // The engine itself would obey these.
    "SELECT * FROM (SELECT getSetting('readonly') SETTINGS readonly = 0)",
    "SELECT (SELECT getSetting('readonly') SETTINGS/* */readonly/* */= 0)",
    "WITH x AS (SELECT getSetting('readonly') SETTINGS max_threads = 3, readonly = 0) SELECT * FROM x",
    'SELECT * FROM t WHERE a IN (SELECT 1 SETTINGS readonly = 0)',
    'SELECT * FROM view(SELECT 1 SETTINGS readonly = 0)',
    'SELECT * FROM (SELECT 1 SETTINGS max_memory_usage = DEFAULT)',
    'SELECT * FROM (SELECT 1 SETTINGS `readonly` = 0)',
  ];
  for (const sql of texts) await expectRefused(sql);
  const parameters: Record<string, string>[] = [
    { readonly: '0' },
    { allow_introspection_functions: '1' },
    { allow_ddl: '1' },
    { dialect: 'kusto' },
    { profile: 'default' },
    { implicit_select: '1' },
    { format_schema: '/etc/passwd:x' },
    { format_template_row: '/etc/passwd' },
    { output_format_schema: join(directory, 'written') },
    { additional_table_filters: `{'dev.t': 'length(file(\\'${secretFile}\\')) > 0'}` },
    { additional_result_filter: `file('${secretFile}') = ''` },
    { max_memory_usage: '0' },
    { role: 'weir_owner' },
    { storage_file_read_method: 'mmap' },
    { into_outfile_create_parent_directories: '1' },
  ];
  for (const parameter of parameters) await expectRefused('SELECT a FROM t', parameter);
  expect((await asReader("SELECT getSetting('readonly')", { readonly: '2' })).text).toBe('1\n');
  expect(await world()).toEqual(UNTOUCHED);
});

test('one text is one statement', async () => {
  const texts = [
    'SELECT 1; DROP TABLE t',
    'SELECT 1; SELECT 2',
    'SELECT 1;\nINSERT INTO t VALUES (3)',
    "SELECT ';'; DROP TABLE t",
    "SELECT 'it''s'; DROP TABLE t --'",
    "SELECT 'it\\'s'; DROP TABLE t --'",
    "SELECT '\\\\'; DROP TABLE t --'",
    'SELECT "a;" FROM t; DROP TABLE t',
    'SELECT `a\\`;` FROM t; DROP TABLE t --`',
    'SELECT 1 /* ; */ ; DROP TABLE t',
    'SELECT 1 /* /* */ ; DROP TABLE t /* */ */ ; DROP TABLE t',
    'SELECT 1 -- \n; DROP TABLE t',
    'SELECT 1 # comment\n; DROP TABLE t',
    'SELECT 1 // comment\n; DROP TABLE t',
    'SELECT $a$ ; $a$; DROP TABLE t',
    'SELECT $a$ $b$ ; $a$; DROP TABLE t; SELECT $b$',
    'SELECT $$ ; $$; DROP TABLE t',
    'SELECT ‘;’; DROP TABLE t',
    'SELECT “a” FROM t; DROP TABLE t',
    "SELECT x'27'; DROP TABLE t --'",
    'SELECT 1\u00a0;\u00a0DROP TABLE t',
    'SELECT 1;;; DROP TABLE t',
    'SELECT 1 FORMAT TSV; DROP TABLE t',
    'SELECT 1 FORMAT Values; DROP TABLE t',
    'SELECT 1\0; DROP TABLE t',
    'SELECT 1 \\G DROP TABLE t',
    '-- { echo }\nSELECT 1; DROP TABLE t',
    'SELECT 1 PARALLEL WITH DROP TABLE t',
  ];
  for (const sql of texts) await expectRefused(sql);
  expect(await world()).toEqual(UNTOUCHED);
  // What a comment or a string holds is no statement.
  for (const sql of [
    'SELECT 1 -- ; DROP TABLE t',
    'SELECT 1 /* ; DROP TABLE t */',
    "SELECT 1 /* /* ' */ ; */ ;",
    'SELECT 1 # ; DROP TABLE t',
  ]) {
    expect(await asReader(sql)).toEqual({ status: 200, text: '1\n' });
  }
});

describe('files', () => {
  test('are not read', async () => {
    const f = `'${secretFile}'`;
    const texts = [
      `SELECT * FROM file(${f}, 'LineAsString')`,
      `SELECT * FROM file(${f}, 'CSV', 'x String')`,
      `SELECT * FROM (SELECT * FROM file(${f}, 'LineAsString') SETTINGS readonly = 0)`,
      `SELECT file(${f})`,
      `SELECT \`file\`(${f})`,
      `SELECT "file"(${f})`,
      `SELECT “file”(${f})`,
      `SELECT \`fi\\x6ce\`(${f})`,
      `SELECT \`f\\ile\`(${f})`,
      `SELECT /**/file/**/(${f})`,
      `SELECT FILE(${f})`,
      `SELECT arrayMap(x -> file(x), [${f}])`,
      `SELECT * APPLY(file) FROM (SELECT ${f} AS x)`,
      `SELECT * APPLY file FROM (SELECT ${f} AS x)`,
      `SELECT COLUMNS('x') APPLY \`file\` FROM (SELECT ${f} AS x)`,
      `SELECT 1 WHERE file(${f}) LIKE 'C%'`,
      `WITH (SELECT file(${f})) AS x SELECT x`,
      `WITH x AS (SELECT * FROM file(${f}, 'LineAsString')) SELECT * FROM x`,
      `SELECT (SELECT file(${f}))`,
      `SELECT * FROM t WHERE a IN (SELECT length(file(${f})))`,
      `SELECT * FROM t JOIN file(${f}, 'LineAsString') AS f ON 1`,
      `SELECT * FROM view(SELECT * FROM file(${f}, 'LineAsString'))`,
      `SELECT * FROM viewIfPermitted(SELECT * FROM file(${f}, 'LineAsString') ELSE null('line String'))`,
      'SELECT * FROM v',
      'SELECT * FROM dev.v',
      "SELECT * FROM merge('dev', '^v$')",
      'SELECT count() FROM (SELECT * FROM v)',
      `SELECT * FROM default.\`${secretFile}\``,
      `SELECT * FROM \`${secretFile}\``,
      `SELECT * FROM ${f}`,
      `DESCRIBE TABLE file(${f})`,
      `DESCRIBE (SELECT file(${f}))`,
      `EXPLAIN SELECT file(${f})`,
      `EXPLAIN QUERY TREE SELECT file(${f})`,
      `EXPLAIN SYNTAX SELECT * FROM file(${f})`,
      `EXPLAIN ESTIMATE SELECT * FROM file(${f})`,
      `SELECT * FROM fileCluster('default', ${f})`,
      `SELECT * FROM executable('cat ${secretFile}', 'LineAsString', 'x String')`,
      `SELECT * FROM executable('${secretFile}', 'CSV', 'x String')`,
      `SELECT * FROM sqlite(${f}, 't')`,
      `SELECT * FROM iceberg(${f})`,
      `SELECT * FROM icebergLocal(${f})`,
      `SELECT * FROM deltaLakeLocal(${f})`,
      `SELECT * FROM filesystem(${f})`,
      `SELECT * FROM input('x String') FORMAT CSV ${SECRET.slice(0, 0)}`,
      `SELECT catboostEvaluate(${f}, 1)`,
      'SELECT * FROM system.models',
      'SELECT * FROM system.stack_trace',
      'SELECT * FROM system.`models`',
      "SELECT * FROM merge('system', 'models')",
      "SELECT dictGet('x', 'y', 1)",
      'SELECT addressToLine(1)',
    ];
    for (const sql of texts) await expectRefused(sql);
    // A session whose default database is the one that maps names to files.
    await expectRefused(`SELECT * FROM \`${secretFile}\``, { database: 'default' });
    await expectRefused('SELECT * FROM {db:Identifier}.{t:Identifier}', {
      param_db: 'default',
      param_t: secretFile,
    });
    await expectRefused('SELECT * FROM system.{t:Identifier}', { param_t: 'models' });
    await expectRefused('SELECT * FROM {t:Identifier}', { param_t: 'stack_trace', database: 'system' });
    await expectRefused(`SELECT {f:Identifier}(${f})`, { param_f: 'file' });
    expect(await world()).toEqual(UNTOUCHED);
  });

  test('are not written', async () => {
    const out = join(directory, 'out');
    const texts = [
      `SELECT 1 INTO OUTFILE '${out}'`,
      `SELECT 1 INTO OUTFILE '${out}' TRUNCATE FORMAT CSV`,
      `SELECT 1 INTO/**/OUTFILE '${out}' AND STDOUT`,
      `SELECT 1 INTO OUTFILE '${out}' APPEND -- `,
      `SELECT 1 INTO OUTFILE '${out}' /* `,
      `SELECT 1 INTO OUTFILE '${out}' FORMAT CSV SETTINGS max_threads = 1`,
      `SELECT 1 INTO OUTFILE '${out}' FORMAT CSV; garbage`,
      `SELECT 1 INTO OUTFILE '${out}' $a$`,
      `SHOW TABLES INTO OUTFILE '${out}'`,
      `DESCRIBE TABLE t INTO OUTFILE '${out}'`,
      `EXPLAIN SELECT 1 INTO OUTFILE '${out}'`,
      `EXPLAIN AST SELECT 1 INTO OUTFILE '${out}'`,
      `EXISTS TABLE t INTO OUTFILE '${out}'`,
      `(SELECT 1) UNION ALL (SELECT 2) INTO OUTFILE '${out}'`,
      `SELECT 'FORMAT' AS format INTO OUTFILE '${out}' FORMAT CSV`,
    ];
    for (const sql of texts) await expectRefused(sql);
    expect(await world()).toEqual(UNTOUCHED);
  });
});

test('no other machine is asked', async () => {
  const texts = [
    `SELECT * FROM url('http://${host}/', 'CSV', 'x String')`,
    `SELECT * FROM url('http://${host}/')`,
    `DESCRIBE TABLE url('http://${host}/')`,
    `SELECT * FROM urlCluster('default', 'http://${host}/', 'CSV', 'x String')`,
    `SELECT * FROM s3('http://${host}/b/k.csv', 'k', 's', 'CSV')`,
    `SELECT * FROM gcs('http://${host}/b/k.csv', 'k', 's', 'CSV')`,
    `SELECT * FROM remote('${host}', 'system', 'one')`,
    `SELECT * FROM remoteSecure('${host}', 'system', 'one')`,
    `SELECT * FROM mysql('${host}', 'd', 't', 'u', 'p')`,
    `EXPLAIN TABLE OVERRIDE mysql('${host}', 'd', 't', 'u', 'p') PARTITION BY a`,
    `SELECT * FROM postgresql('${host}', 'd', 't', 'u', 'p')`,
    `SELECT * FROM mongodb('${host}', 'd', 'c', 'u', 'p', 'a Int8')`,
    `SELECT * FROM redis('${host}', 'a', 'a String, b String')`,
    `SELECT * FROM odbc('DSN=x', 'd', 't')`,
    `SELECT * FROM jdbc('jdbc:x://${host}', 'd', 't')`,
    `SELECT * FROM hdfs('hdfs://${host}/x', 'CSV', 'x String')`,
    `SELECT * FROM azureBlobStorage('DefaultEndpointsProtocol=http;BlobEndpoint=http://${host}/', 'c', 'b')`,
    `SELECT * FROM arrowFlight('${host}', 'd')`,
    `SELECT hasColumnInTable('${host}', 'system', 'one', 'dummy')`,
    `SELECT * FROM cluster('default', 'system', 'one')`,
    `SELECT * FROM iceberg('http://${host}/b/t', 'k', 's')`,
    `SELECT * FROM t WHERE a IN (SELECT toInt32(x) FROM url('http://${host}/', 'CSV', 'x String'))`,
    `SELECT * FROM view(SELECT * FROM url('http://${host}/', 'CSV', 'x String'))`,
  ];
  for (const sql of texts) await expectRefused(sql);
  expect(await world()).toEqual(UNTOUCHED);
});

test('no state is left for another, or for oneself', async () => {
  await asOwner('SET max_block_size = 7777');
  await ask('default', 'CREATE TEMPORARY TABLE mine (a String)', { session_id: 's' });
  await ask('default', `INSERT INTO mine VALUES ('${SECRET}')`, { session_id: 's' });
  await expectRefused('SELECT * FROM mine', { session_id: 's' });
  await expectRefused('SET max_block_size = 1', { session_id: 's' });
  await expectRefused('CREATE TEMPORARY TABLE x (a Int8)', { session_id: 's' });
  expect((await asReader('SELECT {p:String}', { session_id: 's', param_p: 'mine' })).text).toBe('mine\n');
  await expectRefused('SELECT {p:String}', { session_id: 's' });
  expect((await ask('other', "SELECT getSetting('max_block_size')", { session_id: 's' })).text).toBe(
    '65409\n',
  );
  await ask('default', 'SELECT 1', { session_id: 's', close_session: '1' });
  expect(await world()).toEqual(UNTOUCHED);
});

test('external tables compute nothing', async () => {
  const structures = [
    `a String DEFAULT file('${secretFile}')`,
    `a String MATERIALIZED file('${secretFile}')`,
    `a String ALIAS file('${secretFile}')`,
    `a String, INDEX i file('${secretFile}') TYPE minmax`,
    `a String) AS SELECT file('${secretFile}') AS a --`,
    `a String) ENGINE = File(CSV, '${secretFile}') --`,
    `a String CODEC(NONE)`,
    `a String TTL now()`,
    'a',
    '',
  ];
  for (const structure of structures) {
    const form = new FormData();
    form.set('x', new Blob(['1\n']), 'x.csv');
    form.set('x_structure', structure);
    const reply = await ask('reader', 'SELECT * FROM x', {}, form);
    expect({ structure, ...reply }).toMatchObject({
      status: 400,
      text: expect.stringMatching(/^Code: 36\./),
    });
  }
  const form = new FormData();
  form.set('x', new Blob(['1\t2.5\n']), 'x');
  form.set('x_structure', 'a UInt8, `b` Nullable(Decimal(10, 2))');
  expect((await ask('reader', 'SELECT a + b FROM x', {}, form)).text).toBe('3.5\n');
  expect(await world()).toEqual(UNTOUCHED);
});
