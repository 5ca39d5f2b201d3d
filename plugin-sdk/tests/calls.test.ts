import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type DecodedResponse, PluginClient, type PluginProcess, startPlugin } from '../src/testing/index.ts';
import { fixturePlugin } from './plugin-commands.ts';

const { command, args } = fixturePlugin();

let plugin: PluginProcess;
let client: PluginClient;

beforeAll(async () => {
  plugin = await startPlugin(command, args);
  client = plugin.client;
});
afterAll(async () => {
  await plugin.stop();
});

const ask = async (
  model: unknown,
  options: Parameters<PluginClient['queryData']>[1] = {},
): Promise<DecodedResponse> => (await client.queryData([{ refId: 'A', model }], options))['A']!;

const events = async (from = client): Promise<string[]> =>
  (await from.callResource({ path: 'events' })).json() as string[];

const until = async (condition: () => Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
};
const happens = (event: string): Promise<void> => until(async () => (await events()).includes(event));

describe('queries', () => {
  it('carries every type of field, with metadata, labels and config', async () => {
    const { frames, status, error } = await ask({ kind: 'types' });
    expect({ status, error }).toEqual({ status: 200, error: '' });
    const [frame] = frames;
    expect(frame).toMatchObject({
      name: 'all',
      refId: 'A',
      length: 3,
      meta: {
        type: 'table',
        typeVersion: [0, 1],
        executedQueryString: 'SELECT 1',
        notices: [{ severity: 'warning', text: 'cut' }],
        stats: [{ displayName: 'rows', value: 3 }],
        custom: { ours: true },
        uniqueRowIdFields: [0],
        channel: 'ds/source-1/ticks',
        preferredVisualisationType: 'table',
      },
    });
    const columns = frame!.fields.map(({ name, arrowType, type, nullable, values }) => [
      name,
      arrowType,
      type,
      nullable,
      values,
    ]);
    expect(columns).toEqual([
      ['ms', 'Timestamp<NANOSECOND>', 'time', false, [1_700_000_000_123, -1.5, 0]],
      ['ns', 'Timestamp<NANOSECOND>', 'time', true, [1_700_000_000_123.4568, -0.000001, null]],
      ['f64', 'Float64', 'number', false, [0.1, NaN, -Infinity]],
      ['f32', 'Float32', 'number', false, [0.5, 1, 2]],
      ['i8', 'Int8', 'number', false, [-128, 0, 127]],
      ['i16', 'Int16', 'number', false, [-32768, 0, 32767]],
      ['i32', 'Int32', 'number', false, [-(2 ** 31), 0, 2 ** 31 - 1]],
      ['i64', 'Int64', 'number', false, [-(2 ** 53), 0, 2 ** 53]],
      ['u8', 'Uint8', 'number', false, [0, 1, 255]],
      ['u16', 'Uint16', 'number', false, [0, 1, 65535]],
      ['u32', 'Uint32', 'number', false, [0, 1, 2 ** 32 - 1]],
      ['u64', 'Uint64', 'number', false, [0, 1, 2 ** 53]],
      ['nullable', 'Float64', 'number', true, [1, null, 3]],
      ['text', 'Utf8', 'string', true, ['a', null, '日本 😀']],
      ['utf8', 'Utf8', 'string', false, ['xx', '', 'yyy']],
      ['word', 'Utf8', 'string', false, ['udp', 'tcp', 'udp']],
      ['flag', 'Bool', 'boolean', true, [true, null, false]],
      ['bit', 'Bool', 'boolean', false, [true, false, true]],
      ['json', 'Binary', 'other', false, [{ a: [1] }, null, 's']],
    ]);
    expect(frame!.fields[2]).toMatchObject({
      labels: { host: 'a', city: 'Zürich' },
      config: { unit: 'bps', decimals: 2, min: 0, displayNameFromDS: 'Rate', custom: { a: 1 } },
    });
  });

  it('answers in JSON when the host asks for it', async () => {
    const { json, frames } = await ask({ kind: 'types' }, { format: 'json' });
    expect(frames).toEqual([]);
    expect(json[0]!.schema!.fields[1]).toEqual({
      name: 'ns',
      type: 'time',
      typeInfo: { frame: 'time.Time', nullable: true },
    });
    expect(json[0]!.data!.values.slice(0, 3)).toEqual([
      [1_700_000_000_123, -2, 0],
      [1_700_000_000_123, -1, null],
      [0.1, null, null],
    ]);
    expect(json[0]!.data!.nanos!.slice(0, 3)).toEqual([[0, 500_000, 0], [456_789, 999_999, 0], null]);
    expect(json[0]!.data!.entities!.slice(0, 3)).toEqual([null, null, { NaN: [1], NegInf: [2] }]);
  });

  it('carries frames without rows, without fields and with 100,000 rows', async () => {
    const answers = await client.queryData([
      { refId: 'none', model: { kind: 'no-fields' } },
      { refId: 'empty', model: { kind: 'rows', rows: 0 } },
      { refId: 'many', model: { kind: 'rows', rows: 100_000 } },
    ]);
    expect(answers['none']!.frames[0]).toMatchObject({
      fields: [],
      length: 0,
      meta: { type: 'timeseries-multi' },
    });
    expect(answers['empty']!.frames[0]!.fields.map((field) => field.values)).toEqual([[], [], []]);
    const many = answers['many']!.frames[0]!;
    expect(many.length).toBe(100_000);
    expect(many.fields.map((field) => field.values[99_999])).toEqual([
      1.7e12 + 99_999_000,
      99_999 / 8,
      'one',
    ]);
  });

  it('answers 60 MB', async () => {
    const { frames, bytes } = await ask({ kind: 'megabytes', rows: 60 });
    expect(bytes).toBeGreaterThan(60e6);
    expect((frames[0]!.fields[0]!.values[59] as string).length).toBe(1 << 19);
  });

  it('answers 50 panels at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, panel) =>
        client.queryData([{ refId: `P${panel}`, model: { kind: 'rows', rows: 100 + panel } }]),
      ),
    );
    expect(answers.map((answer, panel) => answer[`P${panel}`]!.frames[0]!.length)).toEqual(
      Array.from({ length: 50 }, (_, panel) => 100 + panel),
    );
  });

  it('gives handlers user, headers in any case, settings, secrets, trace and configuration', async () => {
    const { frames } = await ask(
      { kind: 'context' },
      {
        headers: { FromAlert: 'true', 'http_X-Dashboard-Uid': 'noc' },
        timeoutMs: 20_000,
        traceparent: '00-1-2-01',
        source: {
          orgId: 7,
          secureJsonData: { password: 'hunter2' },
          grafanaConfig: { GF_APP_URL: 'http://x/' },
          caller: { login: 'ada', role: 'Viewer' },
        },
      },
    );
    expect(frames[0]!.meta!.custom).toMatchObject({
      user: { login: 'ada', role: 'Viewer' },
      orgId: 7,
      headers: { plain: 'true', forwarded: 'noc', absent: null },
      config: { GF_APP_URL: 'http://x/' },
      settings: { kind: 'datasource', uid: 'source-1', secureJsonData: '[secrets]' },
      secret: 'hunter2',
      traceparent: '00-1-2-01',
      hasDeadline: true,
    });
    expect(plugin.stderr()).toContain('printed by a dependency');
    expect(plugin.stderr()).toContain('written by a dependency');
    expect(plugin.stderr()).not.toContain('hunter2');
  });
});

describe('errors of queries', () => {
  it('fail each query by itself, with status and source', async () => {
    const answers = await client.queryData([
      { refId: 'good', model: { kind: 'rows', rows: 1 } },
      { refId: 'downstream', model: { kind: 'downstream' } },
      { refId: 'ours', model: { kind: 'ours' } },
      { refId: 'broken', model: '{"kind":' },
      { refId: 'unequal', model: { kind: 'unequal' } },
      { refId: 'partial', model: { kind: 'partial' } },
    ]);
    const outcome = ({ status, errorSource, error }: DecodedResponse) => [status, errorSource, error];
    expect(outcome(answers['good']!)).toEqual([200, '', '']);
    expect(outcome(answers['downstream']!)).toEqual([502, 'downstream', 'The database said no.']);
    expect(outcome(answers['ours']!)).toEqual([500, 'plugin', 'We asked wrongly.']);
    expect(outcome(answers['broken']!)).toEqual([400, 'downstream', expect.stringContaining('no JSON')]);
    expect(outcome(answers['unequal']!)).toEqual([500, 'plugin', expect.stringContaining('Internal error')]);
    expect(outcome(answers['partial']!)).toEqual([502, 'downstream', 'Half of it.']);
    expect(answers['partial']!.frames).toHaveLength(1);
  });

  it('keep what was thrown for the log, under an id', async () => {
    const { error, status, errorSource } = await ask({ kind: 'throw' });
    expect({ status, errorSource }).toEqual({ status: 500, errorSource: 'plugin' });
    expect(error).not.toContain('secret-inner-text');
    const id = /errorId ([0-9a-f]+)/.exec(error)![1]!;
    await until(async () => plugin.stderr().includes(id));
    const line = plugin.logLines().find((each) => each['errorId'] === id);
    expect(line).toMatchObject({
      '@level': 'error',
      refId: 'A',
      error: expect.stringContaining('secret-inner-text'),
    });
    expect((await ask({ kind: 'throw-nothing' })).status).toBe(500);
  });

  it('do not end the process when thrown outside of any call', async () => {
    await ask({ kind: 'uncaught' });
    for (const message of ['rejected outside of any call', 'thrown outside of any call']) {
      await until(async () => plugin.stderr().includes(message));
    }
    expect((await ask({ kind: 'rows', rows: 1 })).status).toBe(200);
  });

  it('take refIds of any text and size', async () => {
    const huge = 'x'.repeat(1_000_000);
    const answers = await client.queryData(
      ['', '__proto__', 'constructor', huge].map((refId) => ({ refId, model: { kind: 'downstream' } })),
    );
    expect(answers['']!.status).toBe(502);
    expect(answers['constructor']!.status).toBe(502);
    expect(answers[huge]!.status).toBe(502);
  });

  it('answer a call without any context, and refuse one above 16 MB', async () => {
    const answer = await client.raw('data', 'QueryData', { queries: [{ refId: 'A' }] });
    expect(answer).toMatchObject({ responses: { A: { status: 400 } } });
    await expect(ask('x'.repeat(17 << 20))).rejects.toMatchObject({ code: 8 });
    expect(await client.ping()).toBe(1);
  });
});

describe('the signal of a call', () => {
  // A deadline of 10 s leaves half a second for the answer, which a busy machine may need.
  it('aborts before the deadline, early enough to answer 504', async () => {
    const { status, errorSource } = await ask({ kind: 'wait' }, { timeoutMs: 10_000 });
    expect({ status, errorSource }).toEqual({ status: 504, errorSource: 'downstream' });
    expect(await events()).toContain('wait aborted: deadline');
  });

  it('answers for a handler that does not listen', async () => {
    expect((await ask({ kind: 'deaf' }, { timeoutMs: 10_000 })).status).toBe(504);
  });

  it('aborts when the caller goes away', async () => {
    const abort = new AbortController();
    const begun = (await events()).filter((event) => event === 'wait began').length;
    const answer = ask({ kind: 'wait' }, { signal: abort.signal });
    await until(async () => (await events()).filter((event) => event === 'wait began').length > begun);
    abort.abort();
    await expect(answer).rejects.toMatchObject({ code: 1 });
    await happens('wait aborted: cancelled');
    expect(await events()).toContain('wait aborted: cancelled');
  });

  it('does not abort after a normal end', async () => {
    await ask({ kind: 'watched' }, { timeoutMs: 10_000 });
    await ask({ kind: 'watched' });
    expect((await events()).filter((event) => event.startsWith('watched'))).toEqual([]);
  });
});

describe('instances', () => {
  const numberOf = async (source: object): Promise<unknown> =>
    (await ask({ kind: 'instance' }, { source })).frames[0]?.fields[1]!.values[0];

  it('are made once for calls side by side, and anew when settings or configuration change', async () => {
    const source = { uid: 'rebuilt' };
    const [first, ...others] = await Promise.all(Array.from({ length: 10 }, () => numberOf(source)));
    expect(new Set(others)).toEqual(new Set([first]));
    const saved = await numberOf({ ...source, lastUpdatedMs: 2 });
    expect(saved).not.toBe(first);
    await happens(`dispose ${String(first)}`);
    const reconfigured = await numberOf({ ...source, lastUpdatedMs: 2, grafanaConfig: { GF_X: '1' } });
    expect(reconfigured).not.toBe(saved);
    expect(await numberOf({ ...source, lastUpdatedMs: 2, grafanaConfig: { GF_X: '1' } })).toBe(reconfigured);
  });

  it('are kept apart by organisation', async () => {
    expect(await numberOf({ uid: 'same', orgId: 1 })).not.toBe(await numberOf({ uid: 'same', orgId: 2 }));
  });

  it('are disposed of only after their last call', async () => {
    const source = { uid: 'busy' };
    const number = await numberOf(source);
    const abort = new AbortController();
    const begun = (await events()).filter((event) => event === 'wait began').length;
    const waiting = ask({ kind: 'wait' }, { source, signal: abort.signal }).catch(() => undefined);
    await until(async () => (await events()).filter((event) => event === 'wait began').length > begun);
    await numberOf({ ...source, lastUpdatedMs: 2 });
    expect(await events()).not.toContain(`dispose ${String(number)}`);
    abort.abort();
    await waiting;
    await happens(`dispose ${String(number)}`);
    expect(await events()).toContain(`dispose ${String(number)}`);
  });

  it('that cannot be made fail the query, and are tried again', async () => {
    const source = { uid: 'failing', jsonData: { fail: true } };
    const { status, error } = await ask({ kind: 'instance' }, { source });
    expect({ status, error }).toEqual({ status: 400, error: 'The URL is missing.' });
    const created = (await events()).filter((event) => event.startsWith('create')).length;
    await ask({ kind: 'instance' }, { source });
    expect((await events()).filter((event) => event.startsWith('create'))).toHaveLength(created + 1);
  });
});

describe('resources', () => {
  it('get path, query, headers and body, and answer with status and headers', async () => {
    const answer = await client.callResource({
      path: 'echo/a%20b',
      method: 'POST',
      search: 'q=%C3%A9',
      headers: { Accept: ['text/x'] },
      body: { n: 1 },
    });
    expect(answer.status).toBe(201);
    expect(answer.headers['x-more']).toEqual(['yes']);
    expect(answer.json()).toEqual({ name: 'a b', q: 'é', accept: 'text/x', body: { n: 1 } });
  });

  it('answer JSON errors for unknown paths, other methods, large and broken bodies, and refusals', async () => {
    const statuses = [
      await client.callResource({ path: 'nothing' }),
      await client.callResource({ path: 'events', method: 'DELETE' }),
      await client.callResource({ path: 'echo/x', method: 'POST', body: 'x'.repeat(2_000) }),
      await client.callResource({ path: 'echo/x', method: 'POST', body: '{' }),
      await client.callResource({ path: 'refused' }),
    ].map((answer) => [answer.status, typeof (answer.json() as { error: string }).error]);
    expect(statuses).toEqual([404, 405, 413, 400, 403].map((status) => [status, 'string']));
  });

  it('send chunks as they come', async () => {
    const answer = await client.callResource({ path: 'chunks' });
    expect(answer.chunks).toBe(5);
    expect(answer.text()).toBe('part 0\npart 1\npart 2\npart 3\npart 4\n');
  });

  it('stop reading their source when the caller goes away', async () => {
    const abort = new AbortController();
    const answer = client.callResource({ path: 'endless' }, { signal: abort.signal });
    setTimeout(() => abort.abort(), 100);
    await answer;
    await happens('endless ended');
    expect(await events()).toContain('endless ended');
  });

  it('fail the call when the body breaks in the middle', async () => {
    await expect(client.callResource({ path: 'breaks' })).rejects.toMatchObject({
      details: expect.stringContaining('Internal error'),
    });
  });
});

describe('diagnostics', () => {
  it('tell health, and a failing check as ill', async () => {
    expect(await client.checkHealth()).toEqual({
      status: 'ok',
      message: 'well',
      details: { verboseMessage: 'very well' },
    });
    expect(await client.checkHealth({ source: { uid: 'bad', url: 'bad' } })).toMatchObject({
      status: 'error',
      message: 'No such host.',
    });
  });

  it('count calls, queries and instances as Prometheus text', async () => {
    await ask({ kind: 'downstream' });
    const text = await client.collectMetrics();
    expect(text).toMatch(/^plugin_rpc_calls_total\{rpc="QueryData",status="ok"\} \d+$/m);
    expect(text).toMatch(/^plugin_queries_total\{status="502",error_source="downstream"\} \d+$/m);
    expect(text).toMatch(/^plugin_instances \d+$/m);
    expect(text).toMatch(/^plugin_event_loop_lag_seconds /m);
    expect(text).toMatch(/^plugin_rpc_in_flight\{rpc="QueryData"\} 0$/m);
  });
});

describe('streams', () => {
  it('admit, refuse and do not know subscribers', async () => {
    const admitted = await client.subscribeStream('ticks');
    expect(admitted).toMatchObject({ status: 'ok', data: { data: { values: [[0], [0]] } } });
    expect((await client.subscribeStream('forbidden')).status).toBe('permission-denied');
    expect((await client.subscribeStream('elsewhere')).status).toBe('not-found');
    await expect(client.subscribeStream('ticks', '{')).rejects.toMatchObject({ code: 3 });
  });

  it('send schema and data, then data, until nobody listens', async () => {
    const packets: unknown[] = [];
    for await (const packet of client.runStream('ticks', { from: 5 })) {
      packets.push(packet);
      if (packets.length === 3) break;
    }
    expect(packets).toMatchObject([
      {
        schema: { fields: [{ name: 'time', type: 'time' }, { name: 'value' }] },
        data: { values: [[5000], [5]] },
      },
      { data: { values: [[6000], [6]] } },
      { data: { values: [[7000], [7]] } },
    ]);
    expect(packets[1]).not.toHaveProperty('schema');
    await happens('ticks aborted: cancelled');
    expect(await events()).toContain('ticks aborted: cancelled');
  });

  it('wait for a slow reader', async () => {
    const reader = new PluginClient(plugin.address);
    const packets = reader.runStream('flood');
    await packets.next();
    const sent = async (): Promise<number> => Number(/flood sent (\d+)/.exec((await events())[0]!)?.[1] ?? 0);
    let before = -1;
    await until(async () => {
      const now = await sent();
      await new Promise((resolve) => setTimeout(resolve, 150));
      const still = now > 0 && now === before;
      before = now;
      return still;
    });
    expect(await sent()).toBeLessThan(500);
    await packets.return(undefined);
    reader.close();
    await happens('flood aborted: cancelled');
  });

  it('end with the error of their source', async () => {
    await expect(client.runStream('broken').next()).rejects.toMatchObject({ details: 'The source is gone.' });
  });

  it('take publications where the plugin does', async () => {
    expect(await client.publishStream('ticks', { a: 1 })).toEqual({ status: 'ok', data: { got: { a: 1 } } });
    expect((await client.publishStream('other')).status).toBe('permission-denied');
  });
});

describe('shutdown', () => {
  it('tells calls and streams under way, and ends in time', async () => {
    const own = await startPlugin(command, args);
    const waiting = own.client.queryData([{ refId: 'A', model: { kind: 'deaf' } }]);
    const stream = own.client.runStream('ticks');
    await stream.next();
    const asked = performance.now();
    expect(await own.stop()).toBe(0);
    expect(performance.now() - asked).toBeLessThan(2_000);
    expect(own.stdout()).toMatch(/^1\|2\|tcp\|[^\n]+\|grpc\n$/);
    expect((await waiting)['A']).toMatchObject({ status: 503, errorSource: 'downstream' });
    await stream.return(undefined);
  });
});
