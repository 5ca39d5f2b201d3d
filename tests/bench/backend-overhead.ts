/**
 * What the data source's backend adds to ClickHouse's own time: the same statements sent straight to ClickHouse's HTTP interface, in the
 * same format and with the same settings, beside the query through the plugin's gRPC until its frames are there; in turns.
 *
 *   node tests/bench/backend-overhead.ts [--flows=3e6] [--rounds=40] [--executable=<packaged backend>]
 */
import { Agent, request } from 'node:http';
import { parseArgs } from 'node:util';
import { type CompiledQuery, type QueryRange, defaultSettings } from '@weir/core/query';
import { silentLogger } from '@weir/plugin-sdk/testing';
import { parameterText } from '../../backend/src/clickhouse/parameters.ts';
import { openDataSource } from '../../backend/src/instances/data-source.ts';
import { prepareQuery } from '../../backend/src/queries/query-handler.ts';
import { runtimeSettings } from '../../backend/src/queries/runtime-settings.ts';
import { Workspace } from '../support/workspace.ts';
import { type Backend, nodeBackend, packagedBackend } from './support/backends.ts';
import { median, quantile } from './support/quantiles.ts';
import { askPanel } from './support/query-call.ts';
import { printTable, printUsage, thousands } from './support/report.ts';
import { type Store, openStore } from './support/store.ts';
import { usageOf } from './support/usage.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    flows: { type: 'string' },
    rounds: { type: 'string' },
    data: { type: 'string' },
    executable: { type: 'string' },
  },
});
const flows = Number(options.flows ?? (options.quick ? 3e5 : 3e6));
const rounds = Number(options.rounds ?? (options.quick ? 5 : 40));
const HOURS = 6;

interface Question {
  readonly title: string;
  readonly model: Readonly<Record<string, unknown>>;
  readonly seconds: number;
  readonly points: number;
}

const raw = { version: 1, resolution: 'raw', lastBucket: 'keep' };
const questions: readonly Question[] = [
  {
    title: 'one number, 5 minutes',
    model: { ...raw, kind: 'top', dimensions: ['flow_source'], limit: 1, other: false },
    seconds: 300,
    points: 100,
  },
  {
    title: 'time series, 10 × 300',
    model: { ...raw, dimensions: ['exporter'], limit: 10, other: false },
    seconds: 3000,
    points: 300,
  },
  {
    title: 'time series, 200 × 1,000',
    model: { ...raw, dimensions: ['source_as'], limit: 200, other: false },
    seconds: 15_000,
    points: 1000,
  },
  {
    title: 'top 100 sources, 1 hour',
    model: { ...raw, kind: 'top', dimensions: ['source_ip'], limit: 100 },
    seconds: 3600,
    points: 100,
  },
  {
    title: '10,000 flow records',
    model: { ...raw, kind: 'flows', limit: 10_000 },
    seconds: 3600,
    points: 100,
  },
  {
    title: 'sankey, 50 paths of 3',
    model: {
      ...raw,
      kind: 'conversations',
      dimensions: ['source_as', 'exporter', 'destination_as'],
      limit: 50,
    },
    seconds: 3600,
    points: 100,
  },
  {
    title: 'topology, 100 edges of hosts',
    model: { ...raw, kind: 'topology', node: 'host', limit: 100 },
    seconds: 3600,
    points: 100,
  },
];

interface Way {
  readonly name: string;
  readonly ask: (question: Question) => Promise<number>;
}

const workspace = new Workspace();
try {
  const store = await openStore(workspace, { flows, hours: HOURS, dataDir: options.data });
  const backends = [await nodeBackend(workspace), await packagedBackend(workspace, options.executable)];
  const compiled = await statementsOf(store);
  const agent = new Agent({ keepAlive: true });
  const straight: Way = {
    name: 'ClickHouse',
    ask: (question) => askStraight(store, agent, compiled.get(question)!),
  };
  const ways = [straight, ...backends.map((backend) => throughBackend(store, backend))];
  const cpu = new Map(backends.map(({ name }) => [name, [] as string[]]));
  const rows: string[][] = [];
  for (const question of questions) {
    const times = new Map(ways.map(({ name }) => [name, [] as number[]]));
    const bytes = new Map<string, number>();
    for (const way of ways) for (let n = 0; n < 3; n++) bytes.set(way.name, await way.ask(question));
    const before = backends.map(({ process: { pid } }) => usageOf(pid)!.cpuSeconds);
    for (let round = 0; round < rounds; round++) {
      // Each is first, second and third equally often.
      for (let i = 0; i < ways.length; i++) {
        const way = ways[(i + round) % ways.length]!;
        const began = performance.now();
        await way.ask(question);
        times.get(way.name)!.push(performance.now() - began);
      }
    }
    backends.forEach(({ name, process: { pid } }, i) =>
      cpu.get(name)!.push((((usageOf(pid)!.cpuSeconds - before[i]!) * 1000) / rounds).toFixed(1)),
    );
    const own = times.get(straight.name)!;
    rows.push([
      question.title,
      thousands(bytes.get(straight.name)! / 1024),
      median(own).toFixed(1),
      quantile(own, 0.95).toFixed(1),
      ...backends.flatMap(({ name }) => {
        const through = times.get(name)!;
        // What a round's query took more than the same round's straight one: what else the machine does hits both.
        const more = median(through.map((ms, i) => ms - own[i]!));
        return [
          median(through).toFixed(1),
          quantile(through, 0.95).toFixed(1),
          more.toFixed(1),
          ((100 * more) / median(own)).toFixed(0),
        ];
      }),
    ]);
  }
  printTable(
    [
      'query',
      'KiB',
      'ClickHouse ms',
      '95th',
      ...backends.flatMap(({ name }) => [`${name} ms`, '95th', 'more ms', '%']),
    ],
    rows,
  );
  console.log('\nCPU ms a query, and memory\n');
  printTable(
    ['query', ...backends.map(({ name }) => name)],
    questions.map(({ title }, i) => [title, ...backends.map(({ name }) => cpu.get(name)![i]!)]),
  );
  for (const {
    name,
    process: { pid },
  } of backends)
    console.log(`${name}: ${Math.round(usageOf(pid)!.peakBytes / 2 ** 20)} MiB at most`);
  agent.destroy();
} finally {
  await workspace.dispose();
}
printUsage();

function rangeOf(store: Store, { seconds, points }: Question): QueryRange {
  const toMs = store.filling.toSeconds * 1000;
  return {
    fromMs: toMs - seconds * 1000,
    toMs,
    intervalMs: (seconds * 1000) / points,
    maxDataPoints: points,
  };
}

/** Compiled by the backend's own code, with what it knows of this store. */
async function statementsOf(store: Store): Promise<ReadonlyMap<Question, CompiledQuery>> {
  const dataSource = openDataSource(
    { uid: 'bench', jsonData: { url: store.url, database: 'weir' }, secureJsonData: {} },
    silentLogger,
  );
  const found = new Map<Question, CompiledQuery>();
  for (const question of questions) {
    const { compiled } = await prepareQuery(dataSource, question.model, rangeOf(store, question), false);
    // Of records the backend asks for the list alone: their number over time is another query's.
    const statements =
      compiled.kind === 'flows'
        ? compiled.statements.filter(({ name }) => name === 'main')
        : compiled.statements;
    found.set(question, { ...compiled, statements });
  }
  dataSource.client.close();
  return found;
}

function throughBackend(store: Store, { name, process: plugin }: Backend): Way {
  return {
    name,
    ask: async (question) => {
      const { bytes, errors } = await askPanel(
        plugin,
        store,
        [{ refId: 'A', ...question.model }],
        rangeOf(store, question),
      );
      if (errors.length > 0) throw new Error(`${question.title}: ${errors.join('; ')}`);
      return bytes;
    },
  };
}

/** A query's statements side by side, as the backend sends them; bytes of all answers. */
async function askStraight(store: Store, agent: Agent, { statements, kind }: CompiledQuery): Promise<number> {
  const answers = await Promise.all(
    statements.map(({ sql, parameters }) => {
      const search = new URLSearchParams({
        database: 'weir',
        default_format: 'RowBinaryWithNamesAndTypes',
        wait_end_of_query: '1',
        readonly: '1',
        ...runtimeSettings(defaultSettings, kind, undefined, '{}'),
        ...Object.fromEntries(
          Object.entries(parameters).map(([name, value]) => [`param_${name}`, parameterText(value)]),
        ),
      });
      return post(`${store.url}/?${search.toString()}`, sql, agent);
    }),
  );
  return answers.reduce((sum, bytes) => sum + bytes, 0);
}

function post(url: string, body: string, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request(
      url,
      { method: 'POST', agent, headers: { 'Content-Type': 'text/plain' } },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          const all = Buffer.concat(parts);
          if (response.statusCode === 200) resolve(all.length);
          else reject(new Error(all.toString()));
        });
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}
