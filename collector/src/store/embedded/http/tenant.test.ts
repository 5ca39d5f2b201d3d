import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { quoteString } from '../../clickhouse/identifiers.ts';
import { migrate } from '../../schema/migrations.ts';
import { sharedTables, tenantTables } from '../../schema/ddl.ts';
import { type TestEngine, openTestEngine } from '../testing/open-test-engine.ts';

/*
 * A reader bound to the tenant acme, on the schema as it is, beside rows of globex that hold canaries: whatever acme's query says,
 * none of them is seen, and no sum tells of them.
 */

const CANARY = /66\.66|666666|told-to-nobody/;
let engine: TestEngine;

beforeAll(async () => {
  engine = await openTestEngine(
    { tenantReaders: { tenants: ['acme', "o'neill & <sons>"], tables: tenantTables, shared: sharedTables } },
    {
      users: [
        { name: 'default', readonly: false },
        { name: 'reader', password: 'secret', readonly: true },
        { name: 'acme', password: 'secret', readonly: true, tenant: 'acme' },
        { name: 'odd', password: 'secret', readonly: true, tenant: "o'neill & <sons>" },
      ],
    },
  );
  const days = 400;
  await migrate(
    engine.engine.database(),
    {
      database: 'dev',
      retention: {
        flowsDays: days,
        rollup1mDays: days,
        rollup1hDays: days,
        ledgerDays: days,
        windowsDays: days,
        anomaliesDays: days,
      },
    },
    () => undefined,
  );
  const flow = (tenant: string, source: string, bytes: number): Promise<Reply> =>
    asOwner(
      `INSERT INTO network_flows (timestamp, tenant_id, exporter_name, source_ip, bytes_in) VALUES (now(), ${quoteString(tenant)}, ${quoteString(`${tenant}-edge`)}, toIPv6('${source}'), ${bytes})`,
    );
  await flow('acme', '10.0.0.1', 100);
  await flow('acme', '10.0.0.2', 11);
  await flow('globex', '10.66.66.66', 666666);
  await flow("o'neill & <sons>", '10.77.0.1', 7);
  for (const tenant of ['acme', 'globex']) {
    const value = tenant === 'acme' ? 2 : 666666;
    const name = `'${tenant}', toIPv6('${tenant === 'acme' ? '192.0.2.1' : '192.66.66.66'}')`;
    await asOwner(
      `INSERT INTO ledger (minute, tenant_id, collector_ip, measure, value) VALUES (now(), ${name}, 'flows', ${value})`,
    );
    await asOwner(
      `INSERT INTO exporters (seen, tenant_id, collector_ip, exporter_name) VALUES (now(), ${name}, '${tenant}-edge')`,
    );
    await asOwner(
      `INSERT INTO anomalies (opened, tenant_id, source_ip, title) VALUES (now(), ${name}, '${tenant}')`,
    );
  }
  await asOwner('CREATE TABLE untold (secret String) ENGINE = MergeTree ORDER BY secret');
  await asOwner("INSERT INTO untold VALUES ('told-to-nobody')");
  await asOwner('CREATE VIEW peek AS SELECT * FROM network_flows');
});
afterAll(() => engine.close());

interface Reply {
  readonly status: number;
  readonly text: string;
}

async function ask(user: string, sql: string, parameters: Record<string, string> = {}): Promise<Reply> {
  const headers = { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': user === 'default' ? '' : 'secret' };
  const answer = await fetch(`${engine.url}/?${new URLSearchParams(parameters).toString()}`, {
    method: 'POST',
    headers,
    body: sql,
  });
  return { status: answer.status, text: await answer.text() };
}

const asOwner = async (sql: string): Promise<Reply> => {
  const reply = await ask('default', sql);
  if (reply.status !== 200) throw new Error(reply.text);
  return reply;
};
const asAcme = (sql: string, parameters?: Record<string, string>): Promise<Reply> =>
  ask('acme', sql, parameters);

describe('a reader bound to a tenant', () => {
  it.each([
    ['SELECT count(), sum(bytes_in) FROM network_flows', '2\t111\n'],
    ['SELECT DISTINCT tenant_id FROM network_flows', 'acme\n'],
    ['SELECT tenant_id, sum(flows) FROM stored_1m GROUP BY tenant_id', 'acme\t2\n'],
    ['SELECT sum(flows), sum(rows_stored) FROM ledger_balance', '2\t2\n'],
    ['SELECT exporter_name FROM exporters FINAL', 'acme-edge\n'],
    ['SELECT title FROM anomalies FINAL', 'acme\n'],
    ['SELECT count() FROM tenant_check', '0\n'],
    ['SELECT count() FROM interfaces', '0\n'],
    ['SELECT max(version) FROM schema_migrations', '4\n'],
    [
      'WITH top AS (SELECT source_ip, sum(bytes_in) AS b FROM dev.network_flows GROUP BY 1) SELECT max(b) FROM top',
      '100\n',
    ],
    ["SELECT count() FROM system.columns WHERE table = 'network_flows' AND name = 'bytes_in'", '1\n'],
    ["SELECT format('{}-{}', 'a', 'b'), count() FROM numbers(3)", 'a-b\t3\n'],
    ["SHOW TABLES LIKE 'tenant%'", 'tenant_check\n'],
    ['EXISTS TABLE network_flows', '1\n'],
  ])('sees its own: %s', async (sql, text) => {
    expect(await asAcme(sql)).toEqual({ status: 200, text });
  });

  it('may be of any name, and other users see all', async () => {
    expect((await ask('odd', 'SELECT sum(bytes_in) FROM network_flows')).text).toBe('7\n');
    expect((await ask('odd', 'SELECT count() FROM tenant_check')).text).toBe('0\n');
    expect((await ask('reader', 'SELECT count() FROM network_flows')).text).toBe('4\n');
    expect((await ask('reader', 'SELECT * FROM tenant_check')).text).toBe('*\n');
    expect((await ask('reader', 'SELECT count() > 0 FROM system.parts')).text).toBe('1\n');
    expect((await asOwner('SELECT count() FROM network_flows')).text).toBe('4\n');
  });

  it('is held to every table that has a tenant', async () => {
    const { text } = await asOwner(
      "SELECT DISTINCT table FROM system.columns JOIN system.tables AS t ON t.name = table AND t.database = database WHERE database = 'dev' AND system.columns.name = 'tenant_id' AND t.engine NOT LIKE '%View' ORDER BY table",
    );
    expect(text.trim().split('\n')).toEqual([...tenantTables].sort());
  });

  it('is told for a server too: the guide names every such table, in its grants and both its policies', () => {
    const guide = readFileSync(new URL('../../../../../docs/how-to/tenants.md', import.meta.url), 'utf8');
    for (const table of tenantTables) {
      expect(guide).toContain(`GRANT SELECT ON weir.${table} TO`);
      expect(guide.match(new RegExp(`\\bweir\\.${table}[,\\n]`, 'g'))).toHaveLength(2);
    }
  });

  it('describes and explains what it may read', async () => {
    for (const sql of [
      'DESCRIBE TABLE network_flows',
      'EXPLAIN SYNTAX SELECT 1',
      'SHOW CREATE TABLE network_flows',
    ])
      expect((await asAcme(sql)).status).toBe(200);
  });
});

describe('what does not show another tenant', () => {
  it.each([
    'SELECT * FROM network_flows',
    "SELECT * FROM network_flows WHERE tenant_id = 'globex'",
    "SELECT * FROM network_flows WHERE 1 OR tenant_id = 'globex'",
    "SELECT * FROM network_flows PREWHERE tenant_id != 'acme'",
    'SELECT max(bytes_in), groupArray(source_ip) FROM network_flows',
    'SELECT groupUniqArray(tenant_id) FROM network_flows',
    'SELECT * FROM (SELECT * FROM (SELECT * FROM dev.network_flows))',
    "SELECT (SELECT max(bytes_in) FROM network_flows WHERE tenant_id = 'globex')",
    'SELECT a.source_ip FROM network_flows AS a RIGHT JOIN network_flows AS b ON a.bytes_in != b.bytes_in',
    'SELECT * FROM network_flows UNION ALL SELECT * FROM network_flows',
    'SELECT * FROM network_flows ORDER BY bytes_in DESC LIMIT 1 BY tenant_id',
    'SELECT tenant_id, count() FROM network_flows GROUP BY tenant_id WITH TOTALS',
    'SELECT *, _part, _partition_id FROM network_flows',
    'SELECT * FROM peek',
    'SELECT * FROM stored_1m_view',
    'SELECT * FROM stored_1m',
    'SELECT * FROM ledger_balance',
    'SELECT * FROM ledger FINAL',
    'SELECT * FROM exporters',
    'SELECT state, verdict FROM exporters FINAL',
    'SELECT * FROM anomalies',
    'SELECT * FROM untold',
    "SELECT * FROM merge('dev', '.*')",
    "SELECT * FROM merge('.*')",
    "SELECT * FROM remote('127.0.0.1', dev.network_flows)",
    "SELECT * FROM cluster('default', dev, network_flows)",
    "SELECT * FROM mergeTreeIndex('dev', 'network_flows')",
    'SELECT * FROM mergeTreeIndex(dev, network_flows, with_marks = 1, with_minmax = 1)',
    "SELECT * FROM `mergeTreeIndex`('dev', 'untold')",
    "SELECT * FROM mergeTreeAnalyzeIndexes('dev', 'network_flows')",
    "SELECT * FROM loop('dev', 'network_flows') LIMIT 10",
    "SELECT * FROM dictionary('x')",
    'SELECT * FROM view(SELECT * FROM network_flows)',
    "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT * FROM network_flows))",
    "SELECT * FROM eval('SELECT * FROM dev.untold')",
    "SELECT * FROM viewIfPermitted(SELECT secret FROM untold ELSE null('secret String'))",
    'SELECT * FROM network_flows SETTINGS additional_table_filters = {}',
    'SELECT * FROM (SELECT * FROM network_flows SETTINGS readonly = 0)',
    'SELECT * FROM network_flows SETTINGS optimize_use_implicit_projections = 1',
    'SET ROLE weir_owner',
    'SET ROLE ALL',
    'EXECUTE AS default SELECT * FROM network_flows',
    'SELECT 1; SET ROLE weir_owner; SELECT * FROM network_flows',
    'USE system',
    'SELECT * FROM system.processes',
    'SELECT * FROM system . /* , */ processes',
    'SELECT * FROM `system`.`parts`',
    'SELECT * FROM "system".parts_columns',
    'SELECT 1 WHERE 1 IN system.parts',
    'SELECT * FROM system.row_policies',
    'SELECT * FROM system.users',
    'SELECT * FROM system.query_cache',
    'SELECT * FROM system.errors',
    'SELECT * FROM system.server_settings',
    'SELECT * FROM information_schema.tables',
    'SELECT * FROM INFORMATION_SCHEMA.COLUMNS',
    'SHOW PROCESSLIST',
    'SHOW FULL PROCESSLIST',
    'SHOW ACCESS',
    'SHOW POLICIES',
    'SHOW CREATE TABLE untold',
    'SHOW GRANTS',
    'EXPLAIN ESTIMATE SELECT * FROM network_flows',
    'EXPLAIN indexes = 1 SELECT * FROM network_flows',
    'EXPLAIN SELECT * FROM network_flows',
    'SELECT * FROM (EXPLAIN ESTIMATE SELECT * FROM network_flows)',
    "SELECT dictGet('x', 'y', 1)",
    "SELECT joinGet('dev.untold', 'secret', 1)",
    "SELECT hasColumnInTable('127.0.0.1', 'dev', 'untold', 'secret')",
    "SELECT file('/etc/passwd')",
    'DESCRIBE TABLE untold',
    'SELECT arrayMap(x -> x, (SELECT groupArray(secret) FROM untold))',
    'SELECT * APPLY(toString) FROM untold',
    'INSERT INTO network_flows SELECT * FROM network_flows',
    'DROP ROW POLICY default ON dev.network_flows',
    'ALTER USER default',
    'SYSTEM RELOAD USERS',
    "KILL QUERY WHERE user = 'default'",
  ])('%s', async (sql) => {
    const { text } = await asAcme(sql);
    expect(text).not.toMatch(CANARY);
    expect(text.includes('globex') && !sql.includes('globex')).toBe(false);
  });

  // Conditions are evaluated on the tenant's rows alone: what they throw tells of nothing else.
  it.each([
    ['SELECT count() FROM network_flows WHERE throwIf(bytes_in = 666666)', '0'],
    ["SELECT count() FROM network_flows PREWHERE throwIf(tenant_id = 'globex')", '0'],
    ['SELECT count() FROM network_flows HAVING throwIf(count() > 2) = 0', '2'],
    ['WITH (SELECT count() FROM network_flows) AS n SELECT throwIf(n > 2)', '0'],
    [
      "SELECT '10.66.66.66' IN (SELECT replaceOne(toString(source_ip), '::ffff:', '') FROM network_flows)",
      '0',
    ],
    ['SELECT min(bytes_in), max(bytes_in) FROM network_flows', '11\t100'],
    ["SELECT countIf(exporter_name = 'globex-edge') FROM network_flows", '0'],
    [
      'SELECT uniqExact(tenant_id), count() FROM (SELECT tenant_id FROM network_flows UNION ALL SELECT tenant_id FROM ledger)',
      '1\t3',
    ],
    ['SELECT sum(rows_stored) FROM ledger_balance', '2'],
  ])('%s', async (sql, answer) => {
    const { text } = await asAcme(sql);
    expect(text).toBe(`${answer}\n`);
  });

  it.each([
    { query: 'SELECT * FROM processes', database: 'system' },
    { query: 'SELECT * FROM tables', database: 'information_schema' },
    { query: 'SELECT * FROM {t:Identifier}', param_t: 'untold' },
    { query: 'SELECT * FROM {d:Identifier}.{t:Identifier}', param_d: 'system', param_t: 'processes' },
    { query: 'SELECT * FROM {t:Identifier}', param_t: 'system.processes' },
    { query: 'SELECT * FROM network_flows', role: 'weir_owner' },
    { query: 'SELECT * FROM network_flows', additional_table_filters: "{'dev.network_flows': '1 OR 1'}" },
    {
      query: 'SELECT * FROM network_flows',
      additional_table_filters: "{'dev.network_flows': 'tenant_id = \\'globex\\''}",
    },
    {
      query: 'SELECT * FROM network_flows',
      additional_table_filters: "{'dev.network_flows': 'throwIf((SELECT count() FROM dev.untold) > 0)'}",
    },
    {
      query: 'SELECT * FROM network_flows',
      additional_table_filters: "{'dev.network_flows': 'throwIf(1, (SELECT any(secret) FROM dev.untold))'}",
    },
    { query: 'SELECT * FROM network_flows', additional_result_filter: '1' },
    { query: 'SELECT * FROM network_flows', session_id: 's', default_format: 'JSON' },
    {
      query: 'SELECT count() = 2 FROM network_flows',
      optimize_trivial_count_query: '1',
      optimize_use_implicit_projections: '1',
      optimize_move_to_prewhere: '0',
    },
  ] as Record<string, string>[])('parameters %j', async ({ query = '', ...parameters }) => {
    const { text } = await asAcme(query, parameters);
    expect(text).not.toMatch(CANARY);
    expect(text).not.toBe('0\n');
  });
});

test('a user who may write is bound to no tenant, and a tenant must be known to the engine', async () => {
  const serve = (tenant: string, readonly: boolean): Promise<unknown> =>
    engine.engine.serveHttp({ port: 0, users: [{ name: 'x', password: 'y', readonly, tenant }] });
  await expect(serve('acme', false)).rejects.toThrow('must be one who may read only');
  await expect(serve('nobody', true)).rejects.toThrow('without readers of the tenant nobody');
});

describe('settings that a reader may give a query', () => {
  it.each([
    { max_execution_time: '5', timeout_overflow_mode: 'throw' },
    { max_result_rows: '100', max_result_bytes: '100000', result_overflow_mode: 'break' },
    { max_rows_to_read: '1000', read_overflow_mode: 'throw' },
    { max_memory_usage: '1000000' },
    { log_comment: '{"panel":1}', readonly: '1', max_threads: '1', priority: '2' },
    { readonly: '2', optimize_move_to_prewhere: '0', optimize_read_in_order: '1' },
    { additional_table_filters: "{'dev.network_flows': 'bytes_in > 50 OR tenant_id != \\'acme\\''}" },
    { additional_table_filters: '{}' },
  ] as Record<string, string>[])('%j', async (settings) => {
    for (const user of ['reader', 'acme'])
      expect(
        await ask(user, "SELECT max(bytes_in) FROM network_flows WHERE tenant_id = 'acme'", settings),
      ).toEqual({
        status: 200,
        text: '100\n',
      });
  });

  it('additional_table_filters are obeyed, and only narrow', async () => {
    const filter = (condition: string) => ({
      additional_table_filters: `{'dev.network_flows': '${condition.replaceAll("'", "\\'")}'}`,
    });
    const count = async (user: string, condition: string): Promise<string> =>
      (await ask(user, 'SELECT count() FROM network_flows', filter(condition))).text;
    expect(await count('reader', "tenant_id = 'acme'")).toBe('2\n');
    expect(await count('reader', "tenant_id = 'globex'")).toBe('1\n');
    expect(await count('acme', "tenant_id = 'acme'")).toBe('2\n');
    // No row, or the engine's own error where policy and filter ask for a column that the query does not.
    expect(await count('acme', "tenant_id = 'globex'")).toMatch(/^0$|^Code: 10\./m);
    expect(await count('acme', '1 OR 1')).toBe('2\n');
    expect(await count('acme', 'bytes_in > 50')).toBe('1\n');
  });

  it.each([
    [{ max_memory_usage: '0' }, 164],
    [{ max_memory_usage: '99999999999999' }, 164],
    [{ readonly: '0' }, 164],
    [{ allow_introspection_functions: '1' }, 164],
    [{ additional_table_filters: "{'dev.network_flows': 'length(file(\\'/etc/passwd\\')) > 0'}" }, 497],
    [{ additional_table_filters: "{'dev.network_flows': '1) SETTINGS readonly = 0 -- '}" }, 62],
    [{ additional_table_filters: "{'dev.network_flows': '1); DROP TABLE untold; SELECT (1'}" }, 164],
    [
      {
        additional_table_filters:
          "{'dev.network_flows': '(SELECT count() FROM merge(\\'dev\\', \\'.*\\')) > 0'}",
      },
      497,
    ],
    [{ additional_table_filters: "{'dev.network_flows': '\\x66ile(1)'}" }, 36],
    [{ additional_table_filters: "map('dev.network_flows', '1')" }, 27],
    [{ additional_table_filters: "{'dev.network_flows': '1'} + 1" }, 36],
  ] as [Record<string, string>, number][])('not %j', async (settings, code) => {
    const { text } = await ask('reader', 'SELECT count() FROM network_flows', settings);
    expect(text).toMatch(new RegExp(`^Code: ${code}\\.`));
  });
});

describe('KILL QUERY', () => {
  const SLOW = 'SELECT sleepEachRow(0.5) FROM numbers(100)';

  it('ends a reader’s own query by its id, and nobody else’s', async () => {
    const slow = ask('reader', SLOW, { query_id: 'mine', max_block_size: '1' });
    const kill = (user: string, mode = '') => ask(user, `KILL QUERY WHERE query_id = 'mine'${mode}`);
    // It may not have begun yet.
    let own = '';
    while (own === '') own = (await kill('reader', ' TEST')).text;
    expect(own).toBe('\tmine\treader\t\n');
    expect((await kill('acme')).text).toBe('');
    expect((await kill('reader', ' ASYNC')).text).toBe('waiting\tmine\treader\t\n');
    expect((await slow).text).toMatch(/Code: 394\./);
    expect((await kill('reader')).text).toBe('');
  });

  it('ends one that waits for its turn, though all places are taken', async () => {
    const running = ['one', 'two'].map((id) => ask('reader', SLOW, { query_id: id, max_block_size: '1' }));
    const started = async (id: string): Promise<void> => {
      while ((await ask('reader', `KILL QUERY WHERE query_id = '${id}' TEST`)).text === '');
    };
    await Promise.all(['one', 'two'].map(started));
    const waiting = ask('reader', 'SELECT 1', { query_id: 'three' });
    await started('three');
    for (const id of ['three', 'two', 'one']) await ask('reader', `KILL QUERY WHERE query_id = '${id}'`);
    for (const reply of await Promise.all(running)) expect(reply.text).toMatch(/Code: 394\./);
    // The third may have got its place before it was ended.
    expect((await waiting).text).toMatch(/Code: 394\.|^1$/m);
  });

  it.each([
    'KILL QUERY WHERE 1',
    "KILL QUERY WHERE user = 'reader'",
    "KILL QUERY WHERE query_id = 'x' OR 1",
    "KILL MUTATION WHERE mutation_id = 'x'",
  ])('no other form: %s', async (sql) => {
    expect((await ask('reader', sql)).text).toMatch(/^Code: 164\./);
  });
});
