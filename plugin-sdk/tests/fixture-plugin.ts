/* eslint-disable no-console -- what a careless dependency prints is part of the trial */
/** A plugin that does all that plugins do, well and badly, for the contract tests. Its query's `kind` says what. */
import {
  CallAborted,
  type CallContext,
  createResourceRouter,
  type Field,
  type Frame,
  jsonResponse,
  PluginError,
  type QueryResult,
  servePlugin,
} from '../src/index.ts';

interface Instance {
  readonly number: number;
  readonly settings: unknown;
}

interface FixtureQuery {
  readonly kind: string;
  readonly rows?: number;
}

const events: string[] = [];
let instances = 0;
let floodSent = 0;

const rememberAbort = (what: string, { signal }: CallContext): void =>
  signal.addEventListener('abort', () => {
    events.push(`${what} aborted: ${signal.reason instanceof CallAborted ? signal.reason.why : 'unknown'}`);
  });

const untilAbort = ({ signal }: CallContext): Promise<void> =>
  new Promise((_resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop);
  });

const everyType = (): Field[] => [
  { name: 'ms', type: 'time', values: Float64Array.of(1_700_000_000_123, -1.5, 0) },
  {
    name: 'ns',
    type: 'time',
    values: BigInt64Array.of(1_700_000_000_123_456_789n, -1n, 0n),
    validity: Uint8Array.of(0b011),
  },
  {
    name: 'f64',
    type: 'number',
    values: Float64Array.of(0.1, NaN, -Infinity),
    config: { unit: 'bps', decimals: 2, min: 0, displayNameFromDS: 'Rate', custom: { a: 1 } },
    labels: { host: 'a', city: 'Zürich' },
  },
  { name: 'f32', type: 'number', values: Float32Array.of(0.5, 1, 2) },
  { name: 'i8', type: 'number', values: Int8Array.of(-128, 0, 127) },
  { name: 'i16', type: 'number', values: Int16Array.of(-32768, 0, 32767) },
  { name: 'i32', type: 'number', values: Int32Array.of(-(2 ** 31), 0, 2 ** 31 - 1) },
  { name: 'i64', type: 'number', values: BigInt64Array.of(-(2n ** 53n), 0n, 2n ** 53n) },
  { name: 'u8', type: 'number', values: Uint8Array.of(0, 1, 255) },
  { name: 'u16', type: 'number', values: Uint16Array.of(0, 1, 65535) },
  { name: 'u32', type: 'number', values: Uint32Array.of(0, 1, 2 ** 32 - 1) },
  { name: 'u64', type: 'number', values: BigUint64Array.of(0n, 1n, 2n ** 53n) },
  { name: 'nullable', type: 'number', values: Float64Array.of(1, 0, 3), validity: Uint8Array.of(0b101) },
  { name: 'text', type: 'string', values: ['a', null, '日本 😀'] },
  {
    name: 'utf8',
    type: 'string',
    values: { bytes: new TextEncoder().encode('xxyyy'), offsets: Int32Array.of(0, 2, 2, 5) },
  },
  { name: 'word', type: 'string', values: { dictionary: ['tcp', 'udp'], indices: Uint8Array.of(1, 0, 1) } },
  { name: 'flag', type: 'boolean', values: [true, null, false] },
  { name: 'bit', type: 'boolean', values: Uint8Array.of(1, 0, 1) },
  { name: 'json', type: 'json', values: ['{"a":[1]}', 'null', '"s"'] },
];

const manyRows = (rows: number): Frame => {
  const time = new Float64Array(rows);
  const value = new Float64Array(rows);
  const indices = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) {
    time[row] = 1.7e12 + row * 1_000;
    value[row] = row / 8;
    indices[row] = row % 3;
  }
  return {
    fields: [
      { name: 'time', type: 'time', values: time },
      { name: 'value', type: 'number', values: value },
      { name: 'word', type: 'string', values: { dictionary: ['one', 'two', 'three'], indices } },
    ],
  };
};

const tick = (number: number): Frame => ({
  fields: [
    { name: 'time', type: 'time', values: Float64Array.of(number * 1_000) },
    { name: 'value', type: 'number', values: Float64Array.of(number) },
  ],
});

/** About 64 KB as JSON. */
const blob: Frame = { fields: [{ name: 'text', type: 'string', values: ['x'.repeat(1 << 16)] }] };
const FLOOD_PACKETS = 5_000;

const answerQuery = async (
  { number }: Instance,
  kind: string,
  rows: number,
  context: CallContext,
): Promise<QueryResult> => {
  switch (kind) {
    case 'types':
      return {
        frames: [
          {
            name: 'all',
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
            fields: everyType(),
          },
        ],
      };
    case 'rows':
      return { frames: [manyRows(rows)] };
    case 'megabytes':
      return {
        frames: [
          { fields: [{ name: 'text', type: 'string', values: new Array(rows).fill('é'.repeat(1 << 19)) }] },
        ],
      };
    case 'no-fields':
      return { frames: [{ meta: { type: 'timeseries-multi', typeVersion: [0, 1] }, fields: [] }] };
    case 'unequal':
      return {
        frames: [{ fields: [...tick(1).fields, { name: 'b', type: 'string', values: ['x', 'y'] }] }],
      };
    case 'partial':
      return { frames: [tick(1)], error: new PluginError('Half of it.', { status: 502 }) };
    case 'throw':
      throw new Error('secret-inner-text');
    case 'throw-nothing':
      throw undefined;
    case 'downstream':
      throw new PluginError('The database said no.', { status: 502 });
    case 'ours':
      throw new PluginError('We asked wrongly.', { status: 500, source: 'plugin' });
    case 'wait':
      events.push('wait began');
      rememberAbort('wait', context);
      await untilAbort(context);
      return { frames: [] };
    case 'deaf':
      return new Promise(() => undefined);
    case 'watched':
      rememberAbort('watched', context);
      return { frames: [tick(number)] };
    case 'context':
      // Standard output belongs to the handshake: both must go to the log.
      console.log('printed by a dependency');
      process.stdout.write('written by a dependency\n');
      return {
        frames: [
          {
            meta: {
              custom: {
                user: context.user,
                orgId: context.orgId,
                headers: {
                  plain: context.headers.get('fromalert'),
                  forwarded: context.headers.get('X-Dashboard-Uid'),
                  absent: context.headers.get('nothing') ?? null,
                },
                config: context.grafanaConfig,
                settings: context.settings,
                secret: context.settings.secureJsonData['password'],
                traceparent: context.traceparent,
                hasDeadline: context.deadlineMs !== undefined,
              },
            },
            fields: [],
          },
        ],
      };
    case 'uncaught':
      setTimeout(() => {
        throw new Error('thrown outside of any call');
      });
      void Promise.reject(new Error('rejected outside of any call'));
      return { frames: [] };
    case 'instance':
      return { frames: [tick(number)] };
    default:
      throw new PluginError(`No kind "${kind}".`, { status: 400 });
  }
};

const served = servePlugin<Instance>({
  pluginId: 'fixture-datasource',
  version: '1.2.3',
  instances: {
    async create(settings, log) {
      const number = ++instances;
      events.push(`create ${number}`);
      log.info('made', { settings });
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (settings.jsonData['fail'] === true) throw new PluginError('The URL is missing.', { status: 400 });
      return { number, settings: settings.jsonData };
    },
    dispose: ({ number }) => void events.push(`dispose ${number}`),
  },
  query(instance, query, context) {
    const { kind, rows = 0 } = query.model as FixtureQuery;
    return answerQuery(instance, kind, rows, context);
  },
  callResource: createResourceRouter<Instance>([
    { method: 'GET', path: 'events', handle: () => jsonResponse(events) },
    {
      method: 'POST',
      path: 'echo/:name',
      maxBodyBytes: 1_000,
      handle: (_instance, request) =>
        jsonResponse(
          {
            name: request.params['name'],
            q: request.search.get('q'),
            accept: request.headers.get('accept'),
            body: request.json(),
          },
          { status: 201, headers: { 'x-more': 'yes' } },
        ),
    },
    {
      method: 'GET',
      path: 'chunks',
      handle: () => ({
        headers: { 'content-type': 'text/plain' },
        body: (async function* () {
          for (let part = 0; part < 5; part++) yield `part ${part}\n`;
        })(),
      }),
    },
    {
      method: 'GET',
      path: 'endless',
      handle: (_instance, _request, { signal }) => ({
        body: (async function* () {
          try {
            while (!signal.aborted) {
              yield 'more\n';
              await new Promise((resolve) => setTimeout(resolve, 5));
            }
          } finally {
            events.push('endless ended');
          }
        })(),
      }),
    },
    {
      method: 'GET',
      path: 'breaks',
      handle: () => ({
        body: (async function* () {
          yield 'half';
          throw new Error('in the middle');
        })(),
      }),
    },
    {
      method: 'GET',
      path: 'refused',
      handle: () => {
        throw new PluginError('Not for you.', { status: 403 });
      },
    },
  ]),
  checkHealth(_instance, context) {
    if (context.settings.url === 'bad') throw new PluginError('No such host.', { status: 502 });
    return { status: 'ok', message: 'well', details: { verboseMessage: 'very well' } };
  },
  streams: {
    subscribe(_instance, { path }) {
      if (path === 'forbidden') return { status: 'permission-denied' };
      return path === 'ticks' || path === 'flood'
        ? { status: 'ok', initial: tick(0) }
        : { status: 'not-found' };
    },
    async run(_instance, { path, data }, sender, context) {
      rememberAbort(path, context);
      if (path === 'broken') throw new PluginError('The source is gone.', { status: 502 });
      if (path === 'flood') {
        for (let packet = 1; packet <= FLOOD_PACKETS; packet++) {
          await sender.send(blob);
          floodSent = packet;
        }
        return;
      }
      const from = (data as { from?: number } | undefined)?.from ?? 0;
      await sender.send(tick(from));
      for (let number = from + 1; ; number++) {
        await sender.send(tick(number), 'data');
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    publish: (_instance, { path, data }) =>
      path === 'ticks' ? { status: 'ok', data: { got: data } } : { status: 'permission-denied' },
  },
});

console.log('printed before the handshake line would be a failed start');
await served;

setInterval(() => {
  if (floodSent > 0) events[0] = `flood sent ${floodSent}`;
}, 10).unref();
