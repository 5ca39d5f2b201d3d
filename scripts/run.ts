import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { formatEndpoint, loadConfig } from '../collector/src/config/index.ts';
import { type RunningGrafana, findGrafana, overviewUrl, startGrafana } from './grafana.ts';

/*
 * A collector, simulated exporters unless --real, a Grafana where there is one, and what they show. Ctrl-C ends all, the
 * exporters first.
 */

const root = resolve(import.meta.dirname, '..');
const real = process.argv.includes('--real');
const env: NodeJS.ProcessEnv = { ...process.env };
if (!real) {
  env['WEIR_DATA_DIR'] ??= resolve(root, 'data/demo');
  env['BATCH_TIMEOUT_SECS'] ??= '2';
  env['WEIR_CONFIG'] ??= resolve(root, 'scripts/demo.yaml');
}
const loaded = loadConfig({ env });
if (!loaded.ok) {
  for (const { message } of loaded.problems) console.error(message);
  process.exit(1);
}
const { config } = loaded;
if (config.clickhouse.httpBind === null && config.clickhouse.url === undefined) {
  console.error('scripts/run asks ClickHouse what has arrived: CLICKHOUSE_HTTP_BIND must not be off.');
  process.exit(1);
}
mkdirSync(config.dataDir, { recursive: true });
const api = `http://${formatEndpoint(config.http.bind)}`;
const clickhouse = config.clickhouse.url ?? `http://${formatEndpoint(config.clickhouse.httpBind!)}`;

let simulator: ChildProcess | undefined;
let grafana: RunningGrafana | undefined;
let ending = false;
const collector = weir(['collect'], 'inherit');
collector.on('exit', (code) => {
  simulator?.kill('SIGINT');
  if (!ending)
    console.error(`The collector has ended (exit code ${code ?? 'none'}): see its last lines above.`);
  void (grafana?.stop() ?? Promise.resolve()).then(() => process.exit(ending ? 0 : 1));
});
process.on('SIGINT', end);
process.on('SIGTERM', end);

await ready();
if (!real) {
  const { host, port } = config.listen[0]!;
  const target = formatEndpoint({ host: host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host, port });
  simulator = weir(
    ['simulate', '--target', target, '--exporters', '3', '--rate', '2000', '--scan', '--quiet'],
    'ignore',
  );
  console.log(
    '\nThree simulated exporters (NetFlow v5, v9, IPFIX) send 2,000 flows a second. First flows in a few seconds …\n',
  );
} else console.log('\nSend NetFlow v5, v9 or IPFIX here. First flows show up below …\n');

const seen = await firstFlows();
if (!ending) {
  console.log(
    `Flows have arrived: ${seen.toLocaleString('en')} rows in ${config.clickhouse.database}.network_flows.\n`,
  );
  await pause(6_000);
  for (const args of [['top', '--once'], ['exporters']]) await finished(weir(args, 'inherit'));
  const look = await showGrafana();
  console.log(`
${look}

Look around in another terminal:
  scripts/weir top                                       who talks most, live
  scripts/weir exporters                                 each exporter and what to know about it
  scripts/weir query 'SELECT count() FROM network_flows' any SQL
  scripts/weir query 'SELECT severity, state, title FROM anomalies FINAL' what is out of the ordinary: a scan, after a minute
  curl '${clickhouse}/?query=SELECT+count()+FROM+network_flows'
  curl ${api}/metrics

Ctrl-C ends it.`);
}

/** Starts the Grafana of this machine, if there is one, and says where to look. */
async function showGrafana(): Promise<string> {
  let installation;
  try {
    installation = findGrafana();
    if (installation === undefined)
      return 'No Grafana found here: set GRAFANA_HOME to one (or put it on PATH) and its dashboards start with this.';
    await built();
    if (ending) return '';
    grafana = await startGrafana(installation, {
      dataDir: join(config.dataDir, 'grafana'),
      clickhouseUrl: clickhouse,
      clickhouseDatabase: config.clickhouse.database,
      clickhouseUser: config.clickhouse.user ?? '',
      clickhousePassword: config.clickhouse.password ?? '',
      collectorUrl: api,
      port: Number(process.env['GRAFANA_PORT'] ?? 0),
    });
    return (
      `Grafana is at ${overviewUrl(grafana)}\n` +
      `(to change things there, log in as admin with the password ${grafana.adminPassword})`
    );
  } catch (error) {
    return `Grafana was not started: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Builds the plugin into dist/. */
function built(): Promise<void> {
  const build = spawn(process.execPath, [resolve(root, 'scripts/build.ts')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return new Promise((done, fail) => {
    build.on('exit', (code) => {
      if (code === 0) done();
      else fail(new Error('the plugin could not be built: node scripts/build.ts says why'));
    });
  });
}

function weir(args: readonly string[], output: 'inherit' | 'ignore'): ChildProcess {
  // A group of its own: Ctrl-C reaches this program alone, which ends the others in their order.
  return spawn(process.execPath, [resolve(root, 'collector/src/main.ts'), ...args], {
    env,
    detached: true,
    stdio: ['ignore', output, output],
  });
}

function end(): void {
  if (ending) return;
  ending = true;
  console.log('\nEnding: storing what is there …');
  simulator?.kill('SIGINT');
  grafana?.process.kill('SIGTERM');
  collector.kill('SIGTERM');
}

async function ready(): Promise<void> {
  while (!ending) {
    try {
      if ((await fetch(`${api}/health`)).status > 0 && (await fetch(`${clickhouse}/ping`)).ok) return;
    } catch {
      // not yet
    }
    await pause(200);
  }
}

async function firstFlows(): Promise<number> {
  while (!ending) {
    try {
      const answer = await fetch(
        `${clickhouse}/?query=${encodeURIComponent(`SELECT count() FROM ${config.clickhouse.database}.network_flows WHERE timestamp > now() - 60`)}`,
        {
          headers:
            config.clickhouse.user === undefined
              ? {}
              : {
                  'X-ClickHouse-User': config.clickhouse.user,
                  'X-ClickHouse-Key': config.clickhouse.password ?? '',
                },
        },
      );
      const count = Number(await answer.text());
      if (count > 0) return count;
    } catch {
      // asked again
    }
    await pause(500);
  }
  return 0;
}

function finished(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.on('exit', () => resolve()));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
