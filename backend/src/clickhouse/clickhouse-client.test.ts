import { afterEach, describe, expect, it } from '@jest/globals';
import { ClickHouseClient, type ClickHouseOptions } from './clickhouse-client.ts';
import { numbersOf, textsOf } from './columns.ts';
import {
  type FakeAnswer,
  type FakeClickHouse,
  type SeenRequest,
  startFakeClickHouse,
} from '../testing/fake-clickhouse.ts';

const ONE: FakeAnswer = { columns: [['x', 'UInt8']], rows: [[1]] };
const DENIED: FakeAnswer = {
  error: "Cannot modify 'max_execution_time' setting in readonly mode",
  code: 164,
  status: 500,
};

let fake: FakeClickHouse;
let client: ClickHouseClient;

async function open(
  answer: (request: SeenRequest) => FakeAnswer,
  options: Partial<ClickHouseOptions> = {},
): Promise<void> {
  fake = await startFakeClickHouse(answer);
  client = new ClickHouseClient({
    url: fake.url,
    user: 'grafana',
    password: 'geheim',
    database: 'weir',
    concurrency: 4,
    idPrefix: 'weir-uid',
    serverName: '',
    skipVerify: false,
    ...options,
  });
}
afterEach(async () => {
  client.close();
  await fake.close();
});

const ask = (sql: string, signal = new AbortController().signal): ReturnType<ClickHouseClient['query']> =>
  client.query({
    sql,
    label: 'A',
    signal,
    settings: { max_execution_time: '7', log_comment: '{"panel":"3"}' },
  });

describe('a query', () => {
  it('goes out with its id, settings, parameters and credentials, and comes back as columns with what it cost', async () => {
    await open(({ sql }) =>
      sql === 'SELECT 1'
        ? ONE
        : {
            columns: [
              ['name', 'String'],
              ['value', 'Float64'],
            ],
            rows: [
              ['ä', 1.5],
              ['b', -2],
            ],
            summary: { read_rows: '12', read_bytes: '340', elapsed_ns: '5000000' },
          },
    );
    const answer = await client.query({
      sql: 'SELECT {p:String}',
      parameters: { p: "a'\t\\", list: ["x'", 'y'], n: 3 },
      settings: { max_execution_time: '7' },
      label: 'A',
      signal: new AbortController().signal,
    });
    expect(textsOf(answer.table, 'name')).toEqual(['ä', 'b']);
    expect([...numbersOf(answer.table, 'value')]).toEqual([1.5, -2]);
    expect(answer.cost).toEqual({ rowsRead: 12, bytesRead: 340, elapsedMs: 5 });
    const { search, headers } = fake.seen.at(-1)!;
    expect(search.get('query_id')).toMatch(/^weir-uid-A-[0-9a-f]{12}$/);
    expect(Object.fromEntries(search)).toMatchObject({
      database: 'weir',
      max_execution_time: '7',
      readonly: '1',
      param_p: "a\\'\\t\\\\",
      param_list: "['x\\'','y']",
      param_n: '3',
    });
    expect(headers).toMatchObject({ 'x-clickhouse-user': 'grafana', 'x-clickhouse-key': 'geheim' });
  });

  it('asks once what settings the user may send, and sends none where it may not', async () => {
    await open(({ search }) => (search.has('max_execution_time') ? DENIED : ONE));
    await ask('SELECT 2');
    await ask('SELECT 3');
    expect(await client.settingsAllowed(new AbortController().signal)).toBe('none');
    expect(fake.seen.map(({ sql }) => sql)).toEqual(['SELECT 1', 'SELECT 1', 'SELECT 2', 'SELECT 3']);
    expect(
      fake.seen.slice(2).every(({ search }) => !search.has('max_execution_time') && !search.has('readonly')),
    ).toBe(true);
  });

  it('leaves readonly out for a user whose profile has set it to 2', async () => {
    await open(({ search }) => (search.has('readonly') ? DENIED : ONE));
    await ask('SELECT 2');
    expect(fake.seen.at(-1)!.search.get('max_execution_time')).toBe('7');
    expect(fake.seen.at(-1)!.search.has('readonly')).toBe(false);
  });

  it('sends long parameters as a form', async () => {
    await open(() => ONE);
    const many = Array.from({ length: 2000 }, (_, i) => `host-${i}`);
    await client.query({
      sql: 'SELECT {l:Array(String)}',
      parameters: { l: many },
      label: 'A',
      signal: new AbortController().signal,
    });
    const { sql, headers, search } = fake.seen.at(-1)!;
    expect(headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
    expect(search.has('param_l')).toBe(false);
    expect(sql).toContain("name=\"param_l\"\r\n\r\n['host-0','host-1'");
    expect(sql).toContain('name="query"\r\n\r\nSELECT {l:Array(String)}\r\n');
  });
});

describe('a query that is cancelled', () => {
  it('is ended at ClickHouse over another connection', async () => {
    await open(({ sql }) =>
      sql.startsWith('SELECT slow')
        ? 'hang'
        : sql.startsWith('KILL')
          ? { plain: 'waiting\n', status: 200 }
          : ONE,
    );
    const cancel = new AbortController();
    const running = ask('SELECT slow', cancel.signal);
    const slow = await fake.until(/slow/);
    cancel.abort(new Error('the panel was closed'));
    await expect(running).rejects.toThrow('the panel was closed');
    const kill = await fake.until(/^KILL/);
    expect(kill.sql).toBe(`KILL QUERY WHERE query_id = '${slow.search.get('query_id')}'`);
    expect(kill.headers).toMatchObject({ 'x-clickhouse-user': 'grafana', 'x-clickhouse-key': 'geheim' });
  });

  it('is asked to end once only where ClickHouse refuses that to the user', async () => {
    const refusals: string[] = [];
    await open(
      ({ sql }) =>
        sql.startsWith('SELECT slow')
          ? 'hang'
          : sql.startsWith('KILL')
            ? { error: 'Not enough privileges', code: 497, status: 403 }
            : ONE,
      { onKillRefused: (error) => refusals.push(error.message) },
    );
    for (const n of [1, 2]) {
      const cancel = new AbortController();
      const running = ask(`SELECT slow ${n}`, cancel.signal);
      await fake.until(new RegExp(`slow ${n}`));
      cancel.abort(new Error('gone'));
      await expect(running).rejects.toThrow('gone');
      if (n === 1) {
        await fake.until(/^KILL/);
        while (!client.killRefused) await new Promise((done) => setTimeout(done, 5));
      }
    }
    await ask('SELECT 5');
    expect(fake.seen.filter(({ sql }) => sql.startsWith('KILL'))).toHaveLength(1);
    expect(refusals).toHaveLength(1);
  });

  it('is not ended when it has been answered already', async () => {
    await open(() => ONE);
    const cancel = new AbortController();
    await ask('SELECT 2', cancel.signal);
    cancel.abort();
    await ask('SELECT 3');
    expect(fake.seen.some(({ sql }) => sql.startsWith('KILL'))).toBe(false);
  });
});

describe('required settings', () => {
  const required = { additional_table_filters: "{'weir.network_flows': 'tenant_id = \\'a\\''}" };

  it('go with every statement', async () => {
    await open(() => ONE, { requiredSettings: required });
    await ask('SELECT 2');
    await ask('SELECT 3');
    const asked = fake.seen.filter(({ sql }) => sql !== 'SELECT 1');
    expect(asked.map(({ search }) => search.get('additional_table_filters'))).toEqual(
      Array.from({ length: 2 }, () => required.additional_table_filters),
    );
  });

  it('leave no answer to a user who may not send them, unless the engine binds the user by itself', async () => {
    const answer = ({ search }: SeenRequest): FakeAnswer => (search.has('max_execution_time') ? DENIED : ONE);
    await open(answer, { requiredSettings: required });
    await expect(ask('SELECT 2')).rejects.toThrow(/may send no settings \(readonly = 1\)/);
    expect(fake.seen.some(({ sql }) => sql === 'SELECT 2')).toBe(false);
    client.close();
    await fake.close();
    await open(answer, { requiredSettings: required, mayOmit: () => Promise.resolve(true) });
    expect((await ask('SELECT 2')).table.rows).toBe(1);
  });
});

describe('errors', () => {
  const cases: readonly (readonly [FakeAnswer, string, RegExp])[] = [
    [
      { error: 'grafana: Authentication failed', code: 516, status: 403 },
      'password',
      /refuses the user or the password/,
    ],
    [{ error: 'Database weir does not exist', code: 81, status: 404 }, 'database', /no such database/],
    [{ error: 'Unknown table expression', code: 60, status: 404 }, 'table', /no such table/],
    [{ error: 'Syntax error', code: 62, status: 400 }, 'query', /ClickHouse: Syntax error$/],
    [{ error: 'Timeout exceeded: elapsed 5 s', code: 159, status: 500 }, 'timeout', /took too long/],
    [{ error: 'Memory limit exceeded', code: 241, status: 500 }, 'limit', /met a limit/],
    [{ error: 'Too many simultaneous queries', code: 202, status: 503 }, 'busy', /busy/],
    [{ plain: '<html>nginx</html>', status: 404 }, 'server', /does not answer as ClickHouse does/],
    [{ plain: 'hello', status: 200 }, 'server', /not as ClickHouse does/],
  ];
  it.each(cases)('%j is %s', async (said, reason, message) => {
    await open(({ sql }) => (sql === 'SELECT 1' ? ONE : said));
    await expect(ask('SELECT 2')).rejects.toMatchObject({ reason, message: expect.stringMatching(message) });
  });

  it('of a port where nothing listens name host and port, and hold no password', async () => {
    await open(() => ONE);
    await fake.close();
    const error = await ask('SELECT 2').catch((e: Error) => e);
    expect(error).toMatchObject({ reason: 'refused', message: expect.stringContaining('127.0.0.1:') });
    expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain('geheim');
  });

  it('of a name that nobody knows are said to be of DNS', async () => {
    await open(() => ONE, { url: 'http://no-such-host.invalid:8123' });
    await expect(ask('SELECT 2')).rejects.toMatchObject({ reason: 'dns' });
  });

  it('of http spoken to https are said to be of TLS', async () => {
    await open(() => ONE);
    const secure = new ClickHouseClient({
      url: fake.url.replace('http:', 'https:'),
      user: '',
      password: '',
      database: 'weir',
      concurrency: 1,
      idPrefix: 'x',
      serverName: '',
      skipVerify: false,
    });
    await expect(
      secure.query({ sql: 'SELECT 2', label: 'A', signal: new AbortController().signal }),
    ).rejects.toMatchObject({ reason: 'tls' });
    secure.close();
  });
});
