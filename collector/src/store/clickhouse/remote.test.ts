import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openTestEngine } from '../embedded/testing/open-test-engine.ts';
import type { TestEngine } from '../embedded/testing/open-test-engine.ts';
import { openRemoteDatabase } from './remote.ts';

/** Against a ClickHouse that answers over HTTP: the embedded one, which is the same engine. */
let server: TestEngine;
let directory: string;

beforeAll(async () => {
  server = await openTestEngine({}, { users: [{ name: 'weir', password: 's3cret', readonly: false }] });
  directory = await mkdtemp(join(tmpdir(), 'weir-test-'));
});
afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

const remote = (
  options: Partial<Parameters<typeof openRemoteDatabase>[0]> = {},
): ReturnType<typeof openRemoteDatabase> =>
  openRemoteDatabase({ url: server.url, user: 'weir', password: 's3cret', database: 'flows', ...options });

describe('a remote database', () => {
  test('is created, written and read like the embedded one', async () => {
    const database = remote();
    await database.command('CREATE DATABASE IF NOT EXISTS flows');
    await database.command(
      'CREATE TABLE t (a UInt32, s String) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100',
      { max_threads: 1 },
    );
    const file = join(directory, 'block.native');
    await server.engine
      .database()
      .command(
        `SELECT toUInt32(number) AS a, toString(number) AS s FROM numbers(100000) INTO OUTFILE '${file}' FORMAT Native`,
      );
    const insert = { table: 'flows.t', columns: ['a', 's'], file };
    await database.insertNativeFile({ ...insert, token: 'x' });
    await database.insertNativeFile({ ...insert, token: 'x' });
    await database.insertNativeFile({ ...insert, columns: [], token: 'y' });
    expect(
      await database.query('SELECT count() AS n, {s:String} AS s, currentDatabase() AS d FROM t', {
        s: "it's",
      }),
    ).toEqual([{ n: 200_000, s: "it's", d: 'flows' }]);
    const blocks = (sql: string): Promise<Uint8Array[]> =>
      Promise.all([database, server.engine.database()].map((d) => d.queryNative(sql, { least: 99_990 })));
    const [far, near] = await blocks('SELECT a, s FROM flows.t WHERE a >= {least:UInt32} ORDER BY a');
    expect([...far!]).toEqual([...near!]);
    expect([far![0], far![1]]).toEqual([2, 20]);
    expect((await blocks('SELECT a FROM flows.t WHERE a < 0')).map((b) => b.length)).toEqual([0, 0]);
    await expect(database.queryNative('SELECT * FROM missing')).rejects.toMatchObject({ code: 60 });
    await database.close();
  });

  test('says what may heal and what will not', async () => {
    const database = remote();
    await expect(database.query('SELECT * FROM missing')).rejects.toMatchObject({
      code: 60,
      codeName: 'UNKNOWN_TABLE',
      retryable: false,
    });
    await expect(
      database.query('SELECT groupArray(number) FROM numbers(1e8) SETTINGS max_memory_usage = 1000000'),
    ).rejects.toMatchObject({ code: 241, retryable: true });
    const bad = join(directory, 'bad.native');
    await writeFile(bad, 'no Native block at all');
    const insert = { table: 't', columns: ['a', 's'], token: 'z' };
    await expect(database.insertNativeFile({ ...insert, file: bad })).rejects.toMatchObject({
      retryable: false,
    });
    await expect(
      database.insertNativeFile({ ...insert, file: join(directory, 'none') }),
    ).rejects.toMatchObject({ retryable: false });
    await database.close();

    const stranger = remote({ password: 'wrong' });
    await expect(stranger.query('SELECT 1')).rejects.toMatchObject({ code: 516, retryable: false });
    await stranger.close();

    const nobody = remote({ url: 'http://127.0.0.1:1' });
    await expect(nobody.query('SELECT 1')).rejects.toMatchObject({ retryable: true });
    await nobody.close();

    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await new Promise((done) => silent.once('listening', done));
    const slow = remote({
      url: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
      requestTimeoutMs: 200,
    });
    await expect(slow.query('SELECT 1')).rejects.toMatchObject({ retryable: true });
    await slow.close();
    silent.close();
  });

  test('over TLS, with and without trust', async () => {
    const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
    await promisify(execFile)('openssl', [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ],
      ...[
        '-keyout',
        key,
        '-out',
        certificate,
        '-subj',
        '/CN=localhost',
        '-addext',
        'subjectAltName=DNS:localhost',
      ],
    ]);
    const proxy = await startTlsProxy(await readFile(key), await readFile(certificate), server.url);
    const url = `https://localhost:${(proxy.address() as AddressInfo).port}`;
    const ca = await readFile(certificate);
    for (const tls of [{ ca }, { insecureSkipVerify: true }]) {
      const database = remote({ url, tls });
      expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
      await database.close();
    }
    const distrustful = remote({ url });
    await expect(distrustful.query('SELECT 1')).rejects.toThrow(/self-signed/);
    await distrustful.close();
    proxy.closeAllConnections();
    proxy.close();
  });
});

async function startTlsProxy(key: Buffer, cert: Buffer, target: string): Promise<Server> {
  const proxy = createTlsServer({ key, cert }, (incoming, outgoing) => {
    const { hostname: host, port } = new URL(target);
    const forwarded = httpRequest(
      { host, port, method: incoming.method, path: incoming.url, headers: incoming.headers },
      (answer) => answer.pipe(outgoing.writeHead(answer.statusCode ?? 500, answer.headers)),
    );
    incoming.pipe(forwarded);
  });
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
  return proxy;
}
