import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { queryCommand } from './query.ts';
import { type CapturedIo, capturedIo, run } from './testing/captured-io.ts';
import { type FakeServer, type SeenRequest, fakeServer } from './testing/fake-server.ts';

let server: FakeServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function answering(
  body: string,
  status = 200,
  headers: Record<string, string> = {},
): Promise<FakeServer> {
  server = await fakeServer((_, response) => response.writeHead(status, headers).end(body));
  return server;
}

async function ask(
  options: Parameters<typeof capturedIo>[0],
  ...args: string[]
): Promise<{ io: CapturedIo; failed: string | undefined }> {
  const io = capturedIo({ ...options, env: { CLICKHOUSE_URL: server!.url, ...options?.env } });
  const failed = await run(queryCommand(io), ...args);
  return { io, failed };
}

const lines = (...rows: (string | number)[][]): string => rows.map((row) => `${row.join('\t')}\n`).join('');

describe('pretty', () => {
  test('a table with IPv4 dotted, numbers to the right, NULL, and nothing that a terminal would obey', async () => {
    await answering(
      lines(
        ['source_ip', 'bytes', 'name'],
        ['IPv6', 'UInt64', 'Nullable(String)'],
        ['::ffff:192.0.2.1', '18446744073709551615', 'a\u001b[31mb'],
        ['2001:db8::1', '7', '\\N'],
      ),
    );
    const { io, failed } = await ask({}, 'SELECT 1');
    expect(failed).toBeUndefined();
    expect(io.out().split('\n')).toEqual([
      'source_ip                   bytes  name',
      '192.0.2.1    18446744073709551615  a·[31mb',
      '2001:db8::1                     7  NULL',
      '',
    ]);
    expect(io.err()).toMatch(/^2 rows in \d+\.\d\d s\.\n$/);
  });

  test('a table too wide for the terminal is shown field under field', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `column_${i}`);
    await answering(
      lines(
        names,
        names.map(() => 'UInt64'),
        names.map(() => '1'),
      ),
    );
    const { io } = await ask({ columns: 60, env: { NO_COLOR: '1' } }, 'SELECT 1');
    expect(io.out()).toMatch(/^── row 1 ─+\ncolumn_0 {3}1\n/);
  });

  test('text gives way before numbers, and never more than the terminal is wide', async () => {
    await answering(lines(['n', 'text'], ['UInt8', 'String'], ['1', 'x'.repeat(200)]));
    const { io } = await ask({ columns: 50, env: { NO_COLOR: '1' } }, 'SELECT 1');
    expect(
      Math.max(
        ...io
          .out()
          .split('\n')
          .map((line) => line.length),
      ),
    ).toBe(50);
    expect(io.out()).toContain('…');
  });

  test('stops after --rows and says so', async () => {
    await answering(lines(['n'], ['UInt8'], ...Array.from({ length: 10 }, (_, i) => [i])));
    const { io } = await ask({}, '--rows', '3', 'SELECT 1');
    expect(io.out()).toBe('n\n0\n1\n2\n');
    expect(io.err()).toContain('The first 3 rows');
  });

  test('a statement without an answer', async () => {
    await answering('');
    expect((await ask({}, 'CREATE TABLE x')).io.err()).toMatch(/^Done/);
  });
});

describe('what is sent', () => {
  const seen = (): SeenRequest => server!.seen[0]!;

  test('query, database, format, parameters; user and password in headers, not in the address', async () => {
    await answering('{"c":1}\n');
    await ask(
      { env: { CLICKHOUSE_USER: 'bob', CLICKHOUSE_PASSWORD: 's3cret' } },
      '--format',
      'json',
      '--database',
      'dev',
      '-p',
      'host=192.0.2.7',
      '-p',
      'q=a=b',
      'SELECT {host:IPv6}',
    );
    const { url, headers, body } = seen();
    expect(body).toBe('SELECT {host:IPv6}');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      database: 'dev',
      default_format: 'JSONEachRow',
      param_host: '192.0.2.7',
      param_q: 'a=b',
    });
    expect(headers).toMatchObject({ 'x-clickhouse-user': 'bob', 'x-clickhouse-key': 's3cret' });
  });

  test.each([
    ['csv', 'CSVWithNames'],
    ['tsv', 'TSVWithNames'],
  ])('%s is passed on as it comes', async (format, name) => {
    await answering('"a"\n1\n');
    const { io } = await ask({}, '--format', format, 'SELECT 1');
    expect(seen().url.searchParams.get('default_format')).toBe(name);
    expect(io.out()).toBe('"a"\n1\n');
  });

  test('the query may come from standard input or a file', async () => {
    await answering('');
    await ask({ stdin: 'SELECT 2' });
    const file = join(mkdtempSync(join(tmpdir(), 'weir-query-')), 'q.sql');
    writeFileSync(file, 'SELECT 3');
    await ask({}, '--file', file);
    expect(server!.seen.map(({ body }) => body)).toEqual(['SELECT 2', 'SELECT 3']);
  });

  test('a FORMAT in the query decides', async () => {
    await answering('anything');
    expect((await ask({}, 'SELECT 1 FORMAT Vertical;')).io.out()).toBe('anything');
  });
});

describe('failures say what to change', () => {
  test('what ClickHouse said, without its decorations', async () => {
    await answering(
      'Code: 47. DB::Exception: Unknown identifier `nope`. (UNKNOWN_IDENTIFIER) (version 26.7.2.1 (official build))\n',
      404,
    );
    expect((await ask({}, 'SELECT nope')).failed).toBe('Unknown identifier `nope`. (UNKNOWN_IDENTIFIER)');
  });

  test('a syntax error without half of the grammar', async () => {
    const grammar = 'SELECT query, '.repeat(40);
    await answering(
      `Code: 62. DB::Exception: Syntax error: failed at position 1 (SELEC): SELEC 1. Expected one of: ${grammar}. (SYNTAX_ERROR) (version 26.7)`,
      400,
    );
    expect((await ask({}, 'SELEC 1')).failed).toBe(
      'Syntax error: failed at position 1 (SELEC): SELEC 1 (SYNTAX_ERROR)',
    );
  });

  test('an error after the answer has begun is taken out of it', async () => {
    const said = 'Code: 395. DB::Exception: Too much. (LIMIT_EXCEEDED) (version 26.7)\n';
    const frame = `\r\n__exception__\r\nsometag\r\n${said}${said.length} sometag\r\n__exception__\r\n`;
    await answering(`"n"\n1\n2\n${frame}`, 200, { 'x-clickhouse-exception-tag': 'sometag' });
    const { io, failed } = await ask({}, '--format', 'csv', 'SELECT n');
    expect(io.out()).toBe('"n"\n1\n2\n');
    expect(failed).toBe('the answer is not complete: Too much. (LIMIT_EXCEEDED)');
  });

  test('the same from servers that do not mark it', async () => {
    await answering('1\n2\nCode: 395. DB::Exception: Too much. (LIMIT_EXCEEDED) (version 24.8.1)\n');
    const { io, failed } = await ask({}, '--format', 'tsv', 'SELECT n');
    expect([io.out(), failed]).toEqual(['1\n2\n', 'the answer is not complete: Too much. (LIMIT_EXCEEDED)']);
  });

  test('a connection that breaks off', async () => {
    server = await fakeServer((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('1\n', () => response.destroy());
    });
    expect((await ask({}, '--format', 'tsv', 'SELECT n')).failed).toMatch(/the connection broke off/);
  });

  test('nobody there', async () => {
    await answering('');
    const { url } = server!;
    await server!.close();
    expect((await ask({ env: { CLICKHOUSE_URL: url } }, 'SELECT 1')).failed).toBe(
      `nothing answers at ${url}. Is ClickHouse running there? Another address is set with CLICKHOUSE_URL or --url.`,
    );
    const io = capturedIo({ env: { CLICKHOUSE_HTTP_BIND: url.slice(7) } });
    expect(await run(queryCommand(io), 'SELECT 1')).toMatch(
      /Is the collector running\? Start it with: weir collect\./,
    );
  });

  test('a wrong password', async () => {
    await answering(
      'Code: 516. DB::Exception: bob: Authentication failed. (AUTHENTICATION_FAILED) (version 26.7)',
      403,
    );
    expect((await ask({}, '--user', 'bob', 'SELECT 1')).failed).toMatch(
      /refuses user bob: .* Give --user, and its password in CLICKHOUSE_PASSWORD\.$/,
    );
  });

  test('no query at all, and two of them', async () => {
    await answering('');
    expect((await ask({})).failed).toMatch(/^no query\. Give one, such as/);
    expect((await ask({}, '--file', 'x.sql', 'SELECT 1')).failed).toMatch(/leave out one of them/);
    expect((await ask({}, '--file', '/nowhere.sql')).failed).toBe(
      '--file /nowhere.sql cannot be read: there is no such file.',
    );
  });

  test('the interface is off', async () => {
    const io = capturedIo({ env: { CLICKHOUSE_HTTP_BIND: 'off' } });
    expect(await run(queryCommand(io), 'SELECT 1')).toMatch(/^clickhouse\.http_bind is off/);
  });
});
