import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type PluginProcess, type QueryInput, startPlugin } from '@weir/plugin-sdk/testing';
import { WebSocketServer } from 'ws';
import { HOUR, storeKnownFlows } from './testing/known-flows.ts';
import { READER, type TestStore, openTestStore } from './testing/store.ts';

/*
 * The whole backend as Grafana meets it: a process, over gRPC, against the real engine. `WEIR_PLUGIN_COMMAND` names another
 * executable to be held to the same, a packaged one say, with its arguments behind spaces.
 */
const [command = process.execPath, ...args] = process.env['WEIR_PLUGIN_COMMAND']?.split(' ') ?? [
  process.execPath,
  join(import.meta.dirname, 'main.ts'),
];

const SECRETS = { password: READER.password, collectorToken: 'token-hunter2' };

let store: TestStore;
let plugin: PluginProcess;

beforeAll(async () => {
  store = await openTestStore();
  await storeKnownFlows(store);
  plugin = await startPlugin(command, args, {
    source: {
      uid: 'weir',
      pluginId: 'weir-flow-datasource',
      jsonData: { url: store.url, user: READER.name, concurrency: 4 },
      secureJsonData: SECRETS,
    },
  });
});
afterAll(async () => {
  await plugin.stop();
  await store.close();
});

const input = (refId: string, model: object): QueryInput => ({
  refId,
  model,
  intervalMs: 600_000,
  timeRange: { from: HOUR.fromMs, to: HOUR.toMs },
});
const owner = { jsonData: { url: '', user: '', concurrency: 4 }, secureJsonData: {}, uid: 'owner' };
const asOwner = (): typeof owner => ({ ...owner, jsonData: { ...owner.jsonData, url: store.url } });

describe('queries', () => {
  it('of every kind are answered with frames that decode', async () => {
    const kinds = ['timeseries', 'top', 'flows', 'conversations', 'topology', 'exporters', 'anomalies'];
    const answers = await plugin.client.queryData([
      ...kinds.map((kind) => input(kind, { kind })),
      input('sql', { kind: 'sql', sql: 'SELECT count() AS flows FROM network_flows' }),
    ]);
    const shown = Object.entries(answers).map(([refId, { status, error, frames }]) => ({
      refId,
      status,
      error,
      rows: frames[0]?.length,
    }));
    expect(shown).toEqual([
      { refId: 'timeseries', status: 200, error: '', rows: 6 },
      { refId: 'top', status: 200, error: '', rows: 5 },
      { refId: 'flows', status: 200, error: '', rows: 100 },
      { refId: 'conversations', status: 200, error: '', rows: 5 },
      { refId: 'topology', status: 200, error: '', rows: 8 },
      { refId: 'exporters', status: 200, error: '', rows: 3 },
      { refId: 'anomalies', status: 200, error: '', rows: 5 },
      { refId: 'sql', status: 200, error: '', rows: 1 },
    ]);
    const [time] = answers['timeseries']!.frames[0]!.fields;
    expect({ type: time!.type, nullable: time!.nullable }).toEqual({ type: 'time', nullable: false });
  });

  it('that are wrong fail each by itself, with what is wrong and whose fault it is', async () => {
    const answers = await plugin.client.queryData([
      input('good', { kind: 'timeseries' }),
      input('kind', { kind: 'magic' }),
      input('filter', { kind: 'top', filter: 'source = ' }),
      input('sql', { kind: 'sql', sql: 'SELECT nonsense FROM network_flows' }),
      input('write', { kind: 'sql', sql: 'DROP TABLE network_flows' }),
      { ...input('text', {}), model: 'no json' },
      { ...input('list', {}), model: [1, 2] },
    ]);
    expect(answers['good']!.status).toBe(200);
    const wrong = Object.entries(answers).filter(([refId]) => refId !== 'good');
    expect(wrong.map(([, { errorSource }]) => errorSource)).toEqual(wrong.map(() => 'downstream'));
    expect(wrong.map(([refId, { status }]) => [refId, status >= 400 && status < 500])).toEqual(
      wrong.map(([refId]) => [refId, true]),
    );
    expect(answers['filter']!.error).toMatch(/filter: At character/);
    expect(answers['sql']!.error).toMatch(/nonsense/);
  });

  it('of a rule on single flows are refused with what to take instead', async () => {
    const { A } = await plugin.client.queryData([input('A', { kind: 'flows' })], {
      headers: { FromAlert: 'true' },
    });
    expect(A).toMatchObject({ status: 400, error: expect.stringContaining('take the kind “Time series”') });
  });

  it('of fifty panels at once are all answered', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        plugin.client.queryData([
          input('A', { kind: i % 2 === 0 ? 'timeseries' : 'top', filter: `source_port != ${i}` }),
        ]),
      ),
    );
    expect(answers.map(({ A }) => [A!.status, A!.error])).toEqual(answers.map(() => [200, '']));
  });

  it('of sixty megabytes come whole', async () => {
    const sql = "SELECT number AS n, repeat('x', 600) AS text FROM numbers(100000)";
    const { A } = await plugin.client.queryData([input('A', { kind: 'sql', sql })], {
      source: { ...asOwner(), uid: 'big', jsonData: { ...asOwner().jsonData, maxRows: 100_000 } as never },
    });
    expect([A!.error, A!.frames[0]!.length]).toEqual(['', 100_000]);
    expect(A!.bytes).toBeGreaterThan(60e6);
  });

  it('that are cancelled end in the engine too', async () => {
    const count =
      "SELECT count() AS n FROM system.processes WHERE query LIKE '%987654321000%' AND query NOT LIKE '%system.processes%'";
    const running = async (): Promise<number> => {
      const { C } = await plugin.client.queryData([input('C', { kind: 'sql', sql: count })], {
        source: asOwner(),
      });
      return C!.frames[0]!.fields[0]!.values[0] as number;
    };
    const cancel = new AbortController();
    const slow = plugin.client.queryData(
      [
        input('S', {
          kind: 'sql',
          sql: 'SELECT sum(cityHash64(number)) FROM numbers(987654321000)',
        }),
      ],
      { source: asOwner(), signal: cancel.signal },
    );
    const settled = slow.then(
      ({ S }) => `answered ${S!.status} ${S!.error}`,
      (error: { code: number }) => error.code,
    );
    while ((await running()) === 0) await new Promise((done) => setTimeout(done, 50));
    cancel.abort();
    expect(await settled).toBe(1);
    while ((await running()) > 0) await new Promise((done) => setTimeout(done, 50));
    expect(await running()).toBe(0);
  });
});

describe('resources', () => {
  const range = `from=${HOUR.fromMs}&to=${HOUR.toMs}`;

  it('give values of fields, fields that have data, status, preview and completion', async () => {
    const get = async (path: string, search = ''): Promise<unknown> =>
      (await plugin.client.callResource({ path, search })).json();
    expect(await get('values', `field=exporter&${range}`)).toEqual({
      values: [
        { value: 'edge-1', text: 'edge-1', share: expect.any(Number) },
        { value: 'edge-3', text: 'edge-3', share: expect.any(Number) },
        { value: 'edge-2', text: 'edge-2', share: expect.any(Number) },
      ],
    });
    expect(await get('fields')).toMatchObject({
      columns: expect.arrayContaining(['source_ip', 'application']),
    });
    expect(await get('status')).toMatchObject({
      schemaVersion: 4,
      exporters: 3,
      exportersWithoutSampling: 1,
      live: false,
    });
    expect(await get('complete', `text=${encodeURIComponent('exporter = ed')}&${range}`)).toMatchObject({
      what: 'value',
      items: expect.arrayContaining([expect.objectContaining({ label: 'edge-2' })]),
    });
    const preview = await plugin.client.callResource({
      path: 'sql',
      method: 'POST',
      body: {
        query: { kind: 'top', filter: 'source = 10.0.0.1' },
        range: { ...HOUR, intervalMs: 60_000, maxDataPoints: 100 },
      },
    });
    expect(preview.json()).toMatchObject({
      table: 'network_flows',
      sql: expect.stringContaining('weir.network_flows'),
    });
    expect(JSON.stringify(preview.json())).toContain('10.0.0.1');
    expect(preview.headers['cache-control'] ?? preview.headers['Cache-Control']).toEqual([
      'private, no-store',
    ]);
  });

  it('answer what is wrong as JSON', async () => {
    const cases: readonly (readonly [path: string, search: string, status: number])[] = [
      ['values', 'field=nothing', 400],
      ['values', `field=exporter&filter=${encodeURIComponent('source =')}`, 400],
      ['values', 'field=exporter&limit=many', 400],
      ['../../etc/passwd', '', 404],
      ['query', '', 404],
    ];
    for (const [path, search, status] of cases) {
      const answer = await plugin.client.callResource({ path, search });
      expect([path, answer.status, typeof (answer.json() as { error: string }).error]).toEqual([
        path,
        status,
        'string',
      ]);
    }
  });
});

describe('health', () => {
  it('says that all is well, and when the newest flow was', async () => {
    const { status, message, details } = await plugin.client.checkHealth();
    expect(status).toBe('ok');
    expect(message).toMatch(/^ClickHouse answers/);
    expect(details).toMatchObject({
      checks: expect.arrayContaining([expect.objectContaining({ name: 'schema', status: 'ok' })]),
    });
  });

  it.each([
    ['a wrong password', { user: READER.name }, { password: 'wrong' }, /refuses the user or the password/],
    [
      'a database that is not there',
      { user: READER.name, database: 'elsewhere' },
      { password: READER.password },
      /elsewhere/,
    ],
    [
      'a database without tables',
      { user: READER.name, database: 'system' },
      { password: READER.password },
      /has no tables of Weir’s/,
    ],
    ['settings that make no sense', { url: 'nonsense' }, {}, /url must be an address/],
    ['a name that nobody knows', { url: 'http://no-such-host.invalid:8123' }, {}, /not known \(DNS/],
  ])('tells of %s', async (what, jsonData, secureJsonData, message) => {
    const health = await plugin.client.checkHealth({
      source: {
        uid: what.replaceAll(' ', '-'),
        jsonData: { url: store.url, ...jsonData },
        secureJsonData: secureJsonData as Record<string, string>,
      },
    });
    expect(health).toMatchObject({ status: 'error', message: expect.stringMatching(message) });
  });
});

describe('live tails', () => {
  it('come from the collector with the token, and health tells a wrong token', async () => {
    const sockets = new WebSocketServer({ noServer: true });
    const server = createServer().on('upgrade', (request, socket, head) => {
      if (request.headers.authorization !== `Bearer ${SECRETS.collectorToken}`) {
        socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      sockets.handleUpgrade(request, socket, head, (ws) => {
        ws.send(JSON.stringify({ type: 'schema', columns: ['timestamp', 'source_ip'], version: '1' }));
        ws.send(
          JSON.stringify({
            type: 'flows',
            t: 1,
            rows: [[1_772_366_400_000, '10.0.0.1']],
            matched: 1,
            skipped: 0,
          }),
        );
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    try {
      const collectorUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const source = {
        uid: 'live',
        jsonData: { url: store.url, user: READER.name, collectorUrl },
        secureJsonData: SECRETS,
      };
      const data = { filter: 'source = 10.0.0.1', columns: ['source_ip'] };
      expect((await plugin.client.subscribeStream('flows/abc', data, { source })).status).toBe('ok');
      const packets = [];
      for await (const packet of plugin.client.runStream('flows/abc', data, { source })) {
        packets.push(packet);
        if (packets.length === 2) break;
      }
      expect(packets[0]!.schema!.fields.map(({ name, type }) => [name, type])).toEqual([
        ['timestamp', 'time'],
        ['source_ip', 'string'],
      ]);
      expect(packets[1]).toEqual({ data: { values: [[1_772_366_400_000], ['10.0.0.1']] } });
      const [frame] = (
        await plugin.client.queryData([input('A', { kind: 'flows', live: true, filter: 'bytes > 5' })], {
          source,
        })
      )['A']!.frames;
      expect(frame!.meta?.channel).toMatch(/^ds\/live\/flows\/[0-9a-f]{32}$/);
      const path = frame!.meta!.channel!.slice('ds/live/'.length);
      expect((await plugin.client.subscribeStream(path, undefined, { source })).status).toBe('ok');
      expect((await plugin.client.checkHealth({ source })).status).toBe('ok');
      const wrong = { ...source, uid: 'live-wrong', secureJsonData: { ...SECRETS, collectorToken: 'wrong' } };
      expect(await plugin.client.checkHealth({ source: wrong })).toMatchObject({
        status: 'error',
        message: expect.stringMatching(/refuses the token \(HTTP status 401\)/),
      });
    } finally {
      for (const socket of sockets.clients) socket.terminate();
      await new Promise((done) => server.close(done));
    }
  });
});

describe('the process', () => {
  it('is alive, counts, and refuses streams that nobody has named', async () => {
    expect(await plugin.client.ping()).toBe(1);
    expect(await plugin.client.collectMetrics()).toMatch(
      /weir_queries_total\{kind="timeseries",status="ok"\} \d+/,
    );
    expect((await plugin.client.subscribeStream('flows/abc')).status).toBe('not-found');
    expect((await plugin.client.subscribeStream('evil/../x', {})).status).toBe('not-found');
    expect((await plugin.client.publishStream('flows/abc', {})).status).toBe('permission-denied');
  });

  it('takes hostile input for what it is', async () => {
    const hostile: unknown[] = [
      { kind: 'timeseries', dimensions: ["source_ip'; DROP TABLE network_flows; --"] },
      { kind: 'timeseries', filter: '('.repeat(5000) },
      { kind: 'top', limit: -1 },
      { kind: 'top', limit: 1e308 },
      { kind: 'timeseries', legend: '{{'.repeat(4000) },
      { kind: 'timeseries', adHoc: [{ key: '__proto__', operator: '=', value: '1' }] },
      { __proto__: null, kind: 'constructor' },
      null,
      'x',
    ];
    const answers = await plugin.client.queryData(
      hostile.map((model, i) => ({ ...input(`H${i}`, {}), model: JSON.stringify(model) })),
    );
    expect(Object.entries(answers).filter(([, { errorSource }]) => errorSource === 'plugin')).toEqual([]);
    const far = await plugin.client.queryData([
      { refId: 'A', model: { kind: 'timeseries' }, timeRange: { from: HOUR.toMs, to: HOUR.fromMs } },
      { refId: 'B', model: { kind: 'timeseries' }, timeRange: { from: -9e15, to: 9e15 }, intervalMs: 1 },
    ]);
    expect(Object.values(far).map(({ errorSource }) => errorSource)).toEqual(['downstream', 'downstream']);
    expect(await plugin.client.ping()).toBe(1);
  });

  it('has written nothing to standard output but its line, and no secret to its log', () => {
    expect(plugin.stdout().split('\n')).toHaveLength(2);
    for (const secret of Object.values(SECRETS)) expect(plugin.stderr()).not.toContain(secret);
    expect(() => plugin.logLines()).not.toThrow();
  });
});
