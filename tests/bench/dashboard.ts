/**
 * A dashboard of twenty panels over many flows, asked as a browser asks: six requests at a time, each through the data source's backend
 * until its frames are there. The last hour, the last day from rollups, the last day from single flows.
 *
 *   node tests/bench/dashboard.ts [--flows=100e6] [--rounds=5] [--data=<folder to keep>] [--executable=<packaged backend>]
 *     [--memory=<MiB of the engine>] [--ranges=0,1,2]
 */
import { parseArgs } from 'node:util';
import type { QueryRange, Resolution } from '@weir/core/query';
import { Workspace } from '../support/workspace.ts';
import { type Backend, packagedBackend } from './support/backends.ts';
import { type Panel, panelsOf, resolutionOf } from './support/panels.ts';
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
    memory: { type: 'string', default: '512' },
    data: { type: 'string' },
    executable: { type: 'string' },
    ranges: { type: 'string' },
  },
});
const flows = Number(options.flows ?? (options.quick ? 2e6 : 100e6));
const rounds = Number(options.rounds ?? (options.quick ? 2 : 5));
/** Connections that a browser opens to one HTTP/1.1 server, which Grafana's is to browsers. */
const CONNECTIONS = 6;
const GOAL_MS = 500;

/** The whole NOC overview, and of other dashboards what it has not. */
const panels: readonly Panel[] = [
  ...panelsOf('noc-overview'),
  ...panelsOf('top-talkers', [5]),
  ...panelsOf('as-and-geography', [1, 7]),
  ...panelsOf('applications-and-qos', [11]),
  ...panelsOf('conversations-and-topology', [2]),
  ...panelsOf('flow-explorer', [4]),
];

interface Scenario {
  readonly title: string;
  readonly seconds: number;
  readonly resolution: Resolution;
}
const scenarios: readonly Scenario[] = [
  { title: 'the last hour, as it comes', seconds: 3600, resolution: 'auto' },
  { title: 'the last day, from rollups where they can tell', seconds: 86_400, resolution: 'auto' },
  { title: 'the last day, from single flows', seconds: 86_400, resolution: 'raw' },
];

const workspace = new Workspace();
try {
  const store = await openStore(workspace, {
    flows,
    hours: 24,
    dataDir: options.data,
    memoryLimitBytes: Number(options.memory) * 2 ** 20,
  });
  await describeStore(store);
  const backend = await packagedBackend(workspace, options.executable);
  const chosen = options.ranges?.split(',').map(Number) ?? scenarios.map((_, i) => i);
  for (const i of chosen) await measure(scenarios[i]!, store, backend);
  const usage = usageOf(backend.process.pid)!;
  const engine = usageOf(store.pid)!;
  console.log(
    `\nbackend: ${usage.cpuSeconds.toFixed(1)} CPU s, ${Math.round(usage.peakBytes / 2 ** 20)} MiB at most; ` +
      `ClickHouse: ${engine.cpuSeconds.toFixed(1)} CPU s, ${Math.round(engine.peakBytes / 2 ** 20)} MiB at most`,
  );
} finally {
  await workspace.dispose();
}
printUsage();

async function describeStore(store: Store): Promise<void> {
  const parts = await store.query<{ table: string; parts: number; n: number; bytes: number }>(
    `SELECT table, count() AS parts, sum(rows) AS n, sum(bytes_on_disk) AS bytes FROM system.parts
     WHERE active AND database = 'weir' AND (table = 'network_flows' OR table LIKE 'flows_1%') GROUP BY table ORDER BY n DESC`,
  );
  printTable(
    ['table', 'rows', 'parts', 'MiB'],
    parts.map(({ table, parts: n, n: rows, bytes }) => [
      table,
      thousands(rows),
      n,
      Math.round(bytes / 2 ** 20),
    ]),
  );
  if (store.times !== undefined) {
    const { flows: a, rollups: b, merges: c } = store.times;
    console.log(
      `filled in ${a.toFixed(0)} s, rolled up in ${b.toFixed(0)} s, merges settled in ${c.toFixed(0)} s more`,
    );
  }
}

async function measure(
  { title, seconds, resolution }: Scenario,
  store: Store,
  backend: Backend,
): Promise<void> {
  const toMs = store.filling.toSeconds * 1000;
  const taken: number[][] = panels.map(() => []);
  const there: number[][] = panels.map(() => []);
  const alone: number[] = [];
  const errors = new Map<string, string>();
  const whole: number[] = [];
  const ask = async (panel: Panel): Promise<void> => {
    const range: QueryRange = { fromMs: toMs - seconds * 1000, toMs, ...resolutionOf(panel.width, seconds) };
    const models = panel.models.map((model) => ({ ...model, resolution }));
    const answer = await askPanel(backend.process, store, models, range);
    for (const error of answer.errors) errors.set(panel.title, error);
  };
  // One by one, so that each panel's own cost is seen. It warms what can be warm, too: a NOC's dashboard is opened again and again.
  for (const panel of panels) {
    const began = performance.now();
    await ask(panel);
    alone.push(performance.now() - began);
  }
  for (let round = 0; round < rounds; round++) {
    const opened = performance.now();
    let next = 0;
    const connection = async (): Promise<void> => {
      while (next < panels.length) {
        const at = next++;
        const sent = performance.now();
        await ask(panels[at]!);
        taken[at]!.push(performance.now() - sent);
        there[at]!.push(performance.now() - opened);
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, connection));
    whole.push(performance.now() - opened);
  }
  console.log(`\n${title} (${rounds} rounds)\n`);
  printTable(
    ['panel', 'alone ms', 'asked: median', '95th', 'since opening: median', '95th'],
    panels.map(({ title: name }, i) => [
      name,
      alone[i]!.toFixed(0),
      median(taken[i]!).toFixed(0),
      quantile(taken[i]!, 0.95).toFixed(0),
      median(there[i]!).toFixed(0),
      quantile(there[i]!, 0.95).toFixed(0),
    ]),
  );
  const late = taken.filter((times) => quantile(times, 0.95) > GOAL_MS).length;
  console.log(
    `\nwhole dashboard: median ${median(whole).toFixed(0)} ms; panels over ${GOAL_MS} ms at the 95th percentile: ${late} of ${panels.length}; ` +
      `all requests: median ${median(taken.flat()).toFixed(0)} ms, 95th ${quantile(taken.flat(), 0.95).toFixed(0)} ms`,
  );
  for (const [panel, error] of errors) console.log(`failed: ${panel}: ${error}`);
}
