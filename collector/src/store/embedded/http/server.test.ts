import { createHash } from 'node:crypto';
import { Agent, request as httpRequest } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { Readable } from 'node:stream';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { ClickHouseClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { BlockDecoder, encodeBlock } from '../../clickhouse/compression/block-framing.ts';
import { openTestEngine } from '../testing/open-test-engine.ts';
import type { TestEngine } from '../testing/open-test-engine.ts';
import { curl } from '../testing/curl.ts';

let test_: TestEngine;
let url: string;
let client: ClickHouseClient;
const log = { level: ClickHouseLogLevel.OFF };

beforeAll(async () => {
  test_ = await openTestEngine(
    {},
    {
      sendTimeoutMs: 1500,
      users: [
        { name: 'default', readonly: false },
        {
          name: 'writer',
          passwordSha256: createHash('sha256').update('pass:word').digest('hex'),
          readonly: false,
        },
      ],
    },
  );
  url = test_.url;
  client = createClient({ url, log });
  await client.command({ query: 'CREATE TABLE t (a Int32, s String) ENGINE = MergeTree ORDER BY a' });
});
afterAll(async () => {
  await client.close();
  await test_.close();
});

const query = (sql: string, parameters: Record<string, string> = {}): string =>
  `${url}/?${new URLSearchParams({ query: sql, ...parameters }).toString()}`;
const fresh = (): Promise<unknown> => client.command({ query: 'TRUNCATE TABLE t' });
const stored = async (): Promise<string> =>
  (await curl([query('SELECT * FROM t ORDER BY a FORMAT CSV')])).text;

describe('@clickhouse/client', () => {
  test('pings, with and without a SELECT', async () => {
    expect(await client.ping()).toEqual({ success: true });
    expect(await client.ping({ select: true })).toEqual({ success: true });
  });

  test('queries with parameters, settings and a query id', async () => {
    const result = await client.query({
      query:
        "SELECT {n:UInt32} + 1 AS n, {s:String} AS s, {l:Array(String)} AS l, getSetting('max_block_size') AS b",
      query_params: { n: 41, s: "it's\t\\n", l: ["a'b"] },
      clickhouse_settings: { max_block_size: '1234' },
      query_id: 'my-own-id',
      format: 'JSONEachRow',
    });
    expect(result.query_id).toBe('my-own-id');
    expect(await result.json()).toEqual([{ n: 42, s: "it's\t\\n", l: ["a'b"], b: 1234 }]);
  });

  test('sends long parameters as multipart', async () => {
    const list = Array.from({ length: 3000 }, (_, index) => index);
    const result = await client.query({
      query: 'SELECT arraySum({l:Array(UInt32)}) AS s',
      query_params: { l: list },
      format: 'JSONEachRow',
      use_multipart_params: true,
    });
    expect(await result.json()).toEqual([{ s: (2999 * 3000) / 2 }]);
  });

  test('streams a result that nobody holds whole', async () => {
    const result = await client.query({
      query: 'SELECT number, toString(number) AS s FROM numbers(1000000)',
      format: 'JSONEachRow',
    });
    let rows = 0;
    let last: unknown;
    for await (const some of result.stream<{ number: number }>()) {
      rows += some.length;
      last = some.at(-1)?.json();
    }
    expect(rows).toBe(1_000_000);
    expect(last).toEqual({ number: 999_999, s: '999999' });
  });

  test('inserts rows, a stream and nothing', async () => {
    await fresh();
    const summary = await client.insert({
      table: 't',
      values: [
        { a: 1, s: 'x' },
        { a: 2, s: 'y' },
      ],
      format: 'JSONEachRow',
    });
    expect(summary.summary).toMatchObject({ written_rows: '2' });
    const stream = Readable.from(
      Array.from({ length: 5000 }, (_, index) => ({ a: index + 10, s: `n${index}` })),
    );
    await client.insert({ table: 't', values: stream, format: 'JSONEachRow' });
    await client.insert({ table: 't', values: [], format: 'JSONEachRow' });
    const result = await client.query({
      query: 'SELECT count() AS c, max(a) AS m FROM dev.t',
      format: 'JSONEachRow',
    });
    expect(await result.json()).toEqual([{ c: 5002, m: 5009 }]);
  });

  test('with compression both ways', async () => {
    await fresh();
    const compressed = createClient({ url, log, compression: { request: true, response: true } });
    await compressed.insert({ table: 't', values: [{ a: 7, s: 'z'.repeat(10_000) }], format: 'JSONEachRow' });
    const result = await compressed.query({
      query: 'SELECT a, length(s) AS l FROM t',
      format: 'JSONEachRow',
    });
    expect(await result.json()).toEqual([{ a: 7, l: 10_000 }]);
    await compressed.close();
  });

  test('gets errors by code, before and in the middle of a result', async () => {
    await expect(client.query({ query: 'SELECT * FROM missing' })).rejects.toMatchObject({
      code: '60',
      type: 'UNKNOWN_TABLE',
    });
    await expect(
      client.insert({ table: 't', values: [{ a: 'no number' }], format: 'JSONEachRow' }),
    ).rejects.toThrow(/^Cannot parse(?!.*http-spool)/);
    const result = await client.query({
      query: 'SELECT number, throwIf(number = 3000000) AS x FROM numbers(4000000)',
      format: 'JSONEachRow',
    });
    const read = async (): Promise<void> => {
      for await (const some of result.stream()) void some;
    };
    await expect(read()).rejects.toMatchObject({ code: '395' });
  });

  test('ends the query on abort', async () => {
    const controller = new AbortController();
    const running = client.query({
      query: 'SELECT sleepEachRow(1) FROM numbers(30) SETTINGS max_block_size = 1',
      abort_signal: controller.signal,
    });
    setTimeout(() => controller.abort(), 300);
    await expect(running).rejects.toThrow(/abort/);
    await idle();
  });

  test('keeps a session’s settings and temporary tables', async () => {
    const session = createClient({ url, log, session_id: 'mine' });
    await session.command({ query: 'CREATE TEMPORARY TABLE mine (x Int8)' });
    await session.insert({ table: 'mine', values: [{ x: 5 }], format: 'JSONEachRow' });
    await session.command({ query: 'SET max_block_size = 4321' });
    const result = await session.query({
      query: "SELECT x, getSetting('max_block_size') AS b, getSetting('max_threads') AS t FROM mine",
      clickhouse_settings: { max_threads: 1 },
      format: 'JSONEachRow',
    });
    expect(await result.json()).toEqual([{ x: 5, b: 4321, t: 1 }]);
    const after = await session.query({
      query: "SELECT getSetting('max_threads') AS t",
      format: 'JSONEachRow',
    });
    expect(await after.json()).toEqual([{ t: 2 }]);
    await session.close();

    const other = await curl([query('SELECT * FROM mine', { session_id: 'other' })]);
    expect(other.status).toBe(404);
    const [slow, locked] = await Promise.all([
      curl([query('SELECT sleep(0.5)', { session_id: 'mine' })]),
      new Promise((done) => setTimeout(done, 150)).then(() =>
        curl([query('SELECT 1', { session_id: 'mine' })]),
      ),
    ]);
    expect(slow.status).toBe(200);
    expect(locked.text).toMatch(/^Code: 373\..*SESSION_IS_LOCKED/);
    expect((await curl([query('SELECT 1', { session_id: 'nobody', session_check: '1' })])).text).toMatch(
      /^Code: 372\./,
    );
    expect((await curl([query('SELECT 1', { session_id: 'x', session_timeout: '99999' })])).text).toMatch(
      /^Code: 374\./,
    );
    const gone = await curl([query('SELECT 1', { session_id: 'mine', close_session: '1' })]);
    expect(gone.status).toBe(200);
    expect((await curl([query('SELECT * FROM mine', { session_id: 'mine' })])).status).toBe(404);
  });
});

describe('curl', () => {
  test('health checks and what is not there', async () => {
    for (const path of ['/', '/ping', '/replicas_status']) {
      expect(await curl([url + path])).toMatchObject({ status: 200, text: 'Ok.\n' });
    }
    expect((await curl([`${url}/nothing`])).status).toBe(404);
    expect((await curl([query(''), '-X', 'POST'])).text).toMatch(/^Code: 62\./);
  });

  test('the query in the address, in the body, and in both', async () => {
    expect((await curl([query('SELECT 1')])).text).toBe('1\n');
    expect((await curl([url, '-d', 'SELECT 1'])).text).toBe('1\n');
    expect((await curl([query('SELECT 1 +'), '-d', '2'])).text).toBe('3\n');
    expect((await curl(['-I', query('SELECT 1')])).status).toBe(200);
  });

  test('the head of an answer', async () => {
    const { headers } = await curl([query('SELECT 1 AS x FORMAT JSONCompact', { query_id: 'abc' })]);
    expect(headers).toMatchObject({
      'x-clickhouse-query-id': 'abc',
      'x-clickhouse-format': 'JSONCompact',
      'x-clickhouse-timezone': expect.stringMatching(/./),
      'x-clickhouse-server-display-name': expect.stringMatching(/./),
      'x-clickhouse-exception-tag': expect.stringMatching(/^[a-z]{16}$/),
      'content-type': 'application/json; charset=UTF-8',
    });
    expect(JSON.parse(headers['x-clickhouse-summary']!)).toMatchObject({ result_rows: '1' });
  });

  test('formats by clause, parameter and header', async () => {
    expect((await curl([query('SELECT 1 AS x', { default_format: 'CSVWithNames' })])).text).toBe('"x"\n1\n');
    expect((await curl([query('SELECT 1 AS x'), '-H', 'X-ClickHouse-Format: JSONEachRow'])).text).toBe(
      '{"x":1}\n',
    );
    expect((await curl([query('SELECT 1 AS format')])).text).toBe('1\n');
    expect((await curl([query('SELECT 2 AS format FORMAT CSV SETTINGS max_threads = 1')])).text).toBe('2\n');
    expect((await curl([query('(SELECT 1) UNION ALL (SELECT 1) FORMAT TSV ; -- the end')])).text).toBe(
      '1\n1\n',
    );
    expect((await curl([query('SELECT 1 FORMAT Nonsense')])).text).toMatch(/^Code: 73\..*UNKNOWN_FORMAT/s);
    expect((await curl([query('SHOW TABLES')])).text).toContain('t\n');
    expect((await curl([query('EXPLAIN SELECT 1 FORMAT TSV')])).text).toContain('SystemOne');
  });

  test.each([
    'Native',
    'Parquet',
    'RowBinary',
    'RowBinaryWithNamesAndTypes',
    'Arrow',
    'ArrowStream',
    'ORC',
    'Avro',
    'CSV',
    'CSVWithNames',
    'TabSeparated',
    'TSVWithNamesAndTypes',
    'JSONEachRow',
    'JSONCompactEachRow',
    'JSON',
    'JSONColumns',
    'Values',
    'MsgPack',
    'BSONEachRow',
  ])('out and in again as %s', async (format) => {
    await fresh();
    const out = await curl([
      query(
        `SELECT toInt32(number) AS a, concat('s;\n''', toString(number)) AS s FROM numbers(1000) FORMAT ${format}`,
      ),
    ]);
    expect(out.status).toBe(200);
    const back = await curl([query(`INSERT INTO t FORMAT ${format}`), '--data-binary', '@-'], out.body);
    expect(back).toMatchObject({ status: 200, text: '' });
    expect(
      (await curl([query("SELECT count(), sum(a), countIf(s = concat('s;\n''', toString(a))) FROM t")])).text,
    ).toBe('1000\t499500\t1000\n');
  });

  test('INSERT with all its data in one text', async () => {
    await fresh();
    await curl([url, '-d', "INSERT INTO t VALUES (1, 'a;b'), (2, '--') ;"]);
    await curl([url, '--data-binary', 'INSERT INTO t (s, a) FORMAT TSV\nx\t3\ny\t4\n']);
    await curl([
      url,
      '--data-binary',
      'INSERT INTO dev.t (a) SETTINGS max_threads = 1 FORMAT JSONEachRow {"a": 5}\n{"a": 6}',
    ]);
    await curl([query('INSERT INTO t VALUES'), '-d', "(7, 'seven')"]);
    await curl([
      url,
      '--data-binary',
      "INSERT INTO t SELECT a + 1, s FROM input('a Int32, s String') FORMAT CSV\n7,eight\n",
    ]);
    await curl([url, '-d', "INSERT INTO t SELECT 9, 'nine'"]);
    expect(await stored()).toBe(
      '1,"a;b"\n2,"--"\n3,"x"\n4,"y"\n5,""\n6,""\n7,"seven"\n8,"eight"\n9,"nine"\n',
    );
  });

  test('the body compressed in all ways', async () => {
    const data = Buffer.from('1,one\n');
    const into = query('INSERT INTO t FORMAT CSV');
    for (const [coding, body] of [
      ['gzip', gzipSync(data)],
      ['deflate', deflateSync(data)],
      ['br', brotliCompressSync(data)],
      ['zstd', zstdCompressSync(data)],
    ] as const) {
      await fresh();
      await curl([into, '-H', `Content-Encoding: ${coding}`, '--data-binary', '@-'], body);
      expect(await stored()).toBe('1,"one"\n');
    }
    for (const method of ['LZ4', 'ZSTD', 'NONE'] as const) {
      await fresh();
      const blocks = Buffer.concat([
        encodeBlock(data.subarray(0, 3), method),
        encodeBlock(data.subarray(3), method),
      ]);
      await curl([query('INSERT INTO t FORMAT CSV', { decompress: '1' }), '--data-binary', '@-'], blocks);
      expect(await stored()).toBe('1,"one"\n');
    }
    const spoilt = encodeBlock(data, 'LZ4');
    spoilt[27]! ^= 1;
    expect(
      (await curl([query('INSERT INTO t FORMAT CSV', { decompress: '1' }), '--data-binary', '@-'], spoilt))
        .text,
    ).toMatch(/^Code: 40\./);
    expect(
      (await curl([into, '-H', 'Content-Encoding: gzip', '--data-binary', 'no gzip'])).status,
    ).toBeGreaterThanOrEqual(400);
    expect((await curl([into, '-H', 'Content-Encoding: snappy', '-d', 'x'])).status).toBe(501);
  });

  test('the answer compressed in all ways', async () => {
    const many = query('SELECT number FROM numbers(300000)');
    const plain = await curl([many]);
    expect(plain.headers['content-encoding']).toBeUndefined();
    for (const coding of ['gzip', 'deflate', 'br', 'zstd']) {
      const answer = await curl(['--compressed', '-H', `Accept-Encoding: ${coding}`, many]);
      expect(answer.headers['content-encoding']).toBe(coding);
      expect(answer.body.equals(plain.body)).toBe(true);
    }
    const off = await curl(['-H', 'Accept-Encoding: gzip', `${many}&enable_http_compression=0`]);
    expect(off.headers['content-encoding']).toBeUndefined();
    for (const method of ['LZ4', 'ZSTD', 'NONE']) {
      const { body } = await curl([`${many}&compress=1&network_compression_method=${method}`]);
      expect(await readText(Readable.from([body]).pipe(new BlockDecoder()))).toBe(plain.text);
    }
  });

  test('external tables', async () => {
    const answer = await curl(
      [
        '-F',
        'numbers=@-;filename=numbers.tsv',
        '-F',
        'param_add=10',
        query('SELECT sum(id) + {add:UInt8}, any(name) FROM numbers', {
          numbers_structure: 'id UInt32, name LowCardinality(String)',
        }),
      ],
      '1\tone\n2\tone\n',
    );
    expect(answer.text).toBe('13\tone\n');
    const typed = await curl(
      [
        '-F',
        'x=@-;filename=x',
        '-F',
        'x_types=UInt8',
        '-F',
        'x_format=CSV',
        '-F',
        'query=SELECT sum(_1) FROM x',
        url,
      ],
      '3\n4\n',
    );
    expect(typed.text).toBe('7\n');
    const sly = await curl(
      [
        '-F',
        'x=@-;filename=x',
        query('SELECT * FROM x', { x_structure: "a String DEFAULT file('/etc/passwd')" }),
      ],
      '',
    );
    expect(sly.text).toMatch(/^Code: 36\..*Illegal structure/);
  });

  test('errors with ClickHouse’s codes and status', async () => {
    const cases: [string, number, number][] = [
      ['SELECT * FROM missing', 404, 60],
      ['SELECT * FROM missing.t', 404, 81],
      ['SELECT missing_function(1)', 404, 46],
      ['SELECT missing_column FROM t', 404, 47],
      ['SELECT FROM WHERE', 400, 62],
      ['SELECT 1; SELECT 2', 400, 62],
      ["SELECT toInt32('x')", 400, 6],
      ['SELECT throwIf(1)', 500, 395],
      ['SELECT sleep(2) SETTINGS max_execution_time = 0.2', 408, 159],
      ["SELECT 1 INTO OUTFILE '/tmp/x'", 404, 78],
      ["INSERT INTO t FROM INFILE '/etc/passwd' FORMAT CSV", 404, 78],
    ];
    for (const [sql, status, code] of cases) {
      const answer = await curl([url, '-d', sql]);
      expect([sql, answer.status, answer.headers['x-clickhouse-exception-code']]).toEqual([
        sql,
        status,
        String(code),
      ]);
      expect(answer.text).toMatch(
        new RegExp(`^Code: ${code}\\. DB::Exception: .+ \\([A-Z_0-9]+\\) \\(version [\\d.]+\\)\\n$`, 's'),
      );
    }
    expect((await curl([query('SELECT 1', { no_such_setting: '1' })])).text).toMatch(/^Code: 115\./);
    expect((await curl([query('SELECT 1', { max_threads: 'x' })])).status).toBeGreaterThanOrEqual(400);
    expect((await curl([query('SELECT 1', { database: 'missing' })])).text).toMatch(/^Code: 81\./);
    expect((await curl([query('SELECT {x:UInt8}', { param_x: 'abc' })])).status).toBeGreaterThanOrEqual(400);
    expect((await curl([query('SELECT {x:UInt8}')])).text).toMatch(/^Code: 456\./);
    expect((await curl([url, '--data-binary', '@-'], `SELECT '${'x'.repeat(300_000)}'`)).text).toMatch(
      /^Code: 62\..*Max query size/,
    );
    expect(
      (
        await curl(
          [`${url}/?max_query_size=1000000`, '--data-binary', '@-'],
          `SELECT length('${'x'.repeat(300_000)}')`,
        )
      ).text,
    ).toBe('300000\n');
  });

  test('an error in the middle of a result breaks the answer off', async () => {
    const answer = await curl([query('SELECT throwIf(number = 3000000) FROM numbers(4000000)')]);
    expect(answer.status).toBe(200);
    expect(answer.exitCode).toBe(18);
    const tag = answer.headers['x-clickhouse-exception-tag']!;
    expect(answer.text).toMatch(
      new RegExp(`\r\n__exception__\r\n${tag}\r\nCode: 395\\..*\n\\d+ ${tag}\r\n__exception__\r\n$`, 's'),
    );
    const whole = await curl([
      query('SELECT throwIf(number = 3000000) FROM numbers(4000000)', { wait_end_of_query: '1' }),
    ]);
    expect(whole).toMatchObject({ status: 500, exitCode: 0 });
    const compressed = await curl([
      '--compressed',
      query('SELECT throwIf(number = 3000000) FROM numbers(4000000)'),
    ]);
    expect(compressed.text.slice(-500)).toContain('Code: 395.');
    expect(compressed.exitCode).not.toBe(0);
  });

  test('wait_end_of_query gives the whole, however large', async () => {
    const answer = await curl([query('SELECT number FROM numbers(1000000)', { wait_end_of_query: '1' })]);
    expect(answer.body.length).toBe(6_888_890);
    expect(JSON.parse(answer.headers['x-clickhouse-summary']!)).toMatchObject({ result_rows: '1000000' });
  });

  test('GET may only read', async () => {
    for (const sql of [
      'DROP TABLE t',
      "INSERT INTO t VALUES (1, 'x')",
      'CREATE TABLE u (a Int8) ENGINE = Memory',
      'TRUNCATE TABLE t',
    ]) {
      expect((await curl([query(sql)])).text).toMatch(/^Code: 164\./);
      expect((await curl([query(sql, { session_id: 'get' })])).text).toMatch(/^Code: 164\./);
    }
    expect((await curl([query('SELECT 1', { readonly: '0' })])).text).toMatch(/^Code: 164\./);
    expect((await curl([query("SELECT getSetting('max_threads')", { max_threads: '7' })])).text).toBe('7\n');
  });

  test('databases by parameter and header, and the design’s names', async () => {
    await curl([url, '-d', 'CREATE DATABASE IF NOT EXISTS other']);
    expect((await curl([query('SELECT currentDatabase()')])).text).toBe('dev\n');
    expect((await curl([query('SELECT currentDatabase()', { database: 'other' })])).text).toBe('other\n');
    expect((await curl([query('SELECT currentDatabase()'), '-H', 'X-ClickHouse-Database: other'])).text).toBe(
      'other\n',
    );
    expect((await curl([query('SELECT count() >= 0 FROM dev.t')])).text).toBe('1\n');
  });

  test('a query is ended when the client goes', async () => {
    const answer = await curl([
      '-m',
      '0.4',
      query('SELECT sum(sleepEachRow(1)) FROM numbers(30) SETTINGS max_block_size = 1'),
    ]);
    expect(answer.exitCode).toBe(28);
    await idle();
  });

  test('a client that takes nothing is given up, and others are served meanwhile', async () => {
    const agent = new Agent();
    const stuck = httpRequest(query('SELECT number FROM numbers(100000000)'), { agent });
    stuck.on('error', () => undefined).end();
    stuck.on('response', (response) => response.on('error', () => undefined).pause());
    await new Promise((done) => setTimeout(done, 300));
    expect(test_.engine.stats().running).toBe(1);
    expect((await curl([query('SELECT 1')])).text).toBe('1\n');
    await idle();
    agent.destroy();
  });

  test('KILL QUERY finds a query by the client’s id, which runs once at a time', async () => {
    const slow = curl([
      query('SELECT sleepEachRow(1) FROM numbers(20) SETTINGS max_block_size = 1', { query_id: 'to-kill' }),
    ]);
    await new Promise((done) => setTimeout(done, 300));
    expect((await curl([query('SELECT 1', { query_id: 'to-kill' })])).text).toMatch(/^Code: 216\./);
    await curl([url, '-d', "KILL QUERY WHERE query_id = 'to-kill'"]);
    expect((await slow).text).toMatch(/^Code: 394\..*QUERY_WAS_CANCELLED/);
  });

  test('connections are kept', async () => {
    const answer = await curl([
      '-w',
      '%{num_connects}',
      query('SELECT 1'),
      '--next',
      '-sS',
      '-w',
      '%{num_connects}',
      query('SELECT 2'),
    ]);
    expect(answer.text).toMatch(/^1\n1/);
    expect(answer.text).toMatch(/2\n0$/);
    const refused = await curl([
      '-sS',
      url,
      '-d',
      'SELEC',
      '--next',
      '-sS',
      '-w',
      '%{num_connects}',
      query('SELECT 2'),
    ]);
    expect(refused.text).toMatch(/2\n0$/);
  });
});

describe('users', () => {
  test('by header, Basic and parameters', async () => {
    const who = query('SELECT 1');
    expect(
      (await curl(['-H', 'X-ClickHouse-User: writer', '-H', 'X-ClickHouse-Key: pass:word', who])).text,
    ).toBe('1\n');
    expect((await curl(['-u', 'writer:pass:word', who])).text).toBe('1\n');
    expect((await curl([query('SELECT 1', { user: 'writer', password: 'pass:word' })])).text).toBe('1\n');
    const refused = [
      await curl(['-u', 'writer:wrong', who]),
      await curl(['-u', 'writer:', who]),
      await curl(['-u', 'nobody:x', who]),
      await curl(['-H', 'Authorization: Bearer x', who]),
      await curl(['-u', 'writer:pass:word', '-H', 'X-ClickHouse-User: default', who]),
      await curl([query('SELECT 1', { user: 'writer' })]),
    ];
    for (const answer of refused) {
      expect(answer).toMatchObject({ status: 403, headers: { 'x-clickhouse-exception-code': '516' } });
    }
    expect(refused[0]!.text.replace('writer', 'nobody')).toBe(refused[2]!.text);
  });

  test('pages of other origins are not the user without a password', async () => {
    expect((await curl(['-H', 'Origin: https://evil.example', url, '-d', 'SELECT 1'])).status).toBe(403);
    expect((await curl(['-H', 'Host: evil.example', query('SELECT 1')])).status).toBe(403);
    expect((await curl(['-H', 'Host: localhost:8123', query('SELECT 1')])).status).toBe(200);
    expect((await curl(['-u', 'writer:pass:word', '-H', 'Host: db.example', query('SELECT 1')])).status).toBe(
      200,
    );
  });

  test('without passwords only on loopback', async () => {
    await expect(test_.engine.serveHttp({ host: '0.0.0.0', port: 0 })).rejects.toThrow(
      /cannot listen on 0\.0\.0\.0/,
    );
    await expect(
      test_.engine.serveHttp({
        host: '0.0.0.0',
        port: 0,
        users: [{ name: 'a', password: '', readonly: true }],
      }),
    ).rejects.toThrow(/user a would need no password/);
    const port = Number(new URL(url).port);
    await expect(test_.engine.serveHttp({ port })).rejects.toThrow(/another program does/);
  });
});

/** Waits until no query runs any more. */
async function idle(): Promise<void> {
  const end = Date.now() + 5000;
  while (test_.engine.stats().running > 0) {
    if (Date.now() > end) throw new Error('A query is still running');
    await new Promise((done) => setTimeout(done, 20));
  }
}
