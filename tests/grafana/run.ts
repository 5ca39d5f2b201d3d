import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PLUGIN_ID } from '@weir/core/query';
import { type RunningGrafana, findGrafana, freePort, startGrafana } from '../../scripts/grafana.ts';

/*
 * A collector with simulated exporters, a real Grafana (GRAFANA_HOME, or grafana on PATH) with the built plugin and all provisioning,
 * and the suite in this folder against them. Ends all it started.
 *
 *   GRAFANA_HOME=/usr/share/grafana npm run test:grafana
 *   ... npm run test:grafana -- --stay      leaves it running to look around, until Ctrl-C
 *   ... npm run test:grafana -- --source    the backend from its sources on Node instead of the packaged executable
 */

const root = resolve(import.meta.dirname, '../..');
const installation = findGrafana();
if (installation === undefined) {
  console.error('No Grafana here: set GRAFANA_HOME to the folder of one, 11.6 or newer.');
  process.exit(1);
}
const stay = process.argv.includes('--stay');
const source = process.argv.includes('--source');
const data = mkdtempSync(join(tmpdir(), 'weir-grafana-'));
const [flows, api, clickhouse, webhook] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
const children: ChildProcess[] = [];
let grafana: RunningGrafana | undefined;
let code = 1;
try {
  const packaged = join(data, 'package');
  if (source) await run(['scripts/build.ts']);
  else await run(['scripts/package.ts', '--out', packaged]);
  const env = {
    ...process.env,
    WEIR_CONFIG: join(root, 'scripts/demo.yaml'),
    WEIR_DATA_DIR: join(data, 'weir'),
    FLOW_COLLECTOR_BIND: `127.0.0.1:${flows}`,
    WEIR_HTTP_BIND: `127.0.0.1:${api}`,
    CLICKHOUSE_HTTP_BIND: `127.0.0.1:${clickhouse}`,
    BATCH_TIMEOUT_SECS: '2',
  };
  start(['collector/src/main.ts', 'collect'], env);
  await answers(`http://127.0.0.1:${api}/health`);
  start(
    [
      'collector/src/main.ts',
      'simulate',
      '--target',
      `127.0.0.1:${flows}`,
      '--exporters',
      '3',
      '--rate',
      '2000',
      '--drop-fraction',
      '0.004',
      '--quiet',
    ],
    env,
  );
  grafana = await startGrafana(installation, {
    dataDir: join(data, 'grafana'),
    clickhouseUrl: `http://127.0.0.1:${clickhouse}`,
    clickhouseDatabase: 'weir',
    clickhouseUser: '',
    clickhousePassword: '',
    collectorUrl: `http://127.0.0.1:${api}`,
    port: 0,
    ...(!source && { pluginFolder: join(packaged, PLUGIN_ID) }),
    env: { WEIR_ALERT_WEBHOOK: `http://127.0.0.1:${webhook}/alerts` },
  });
  const suite = {
    ...process.env,
    GRAFANA_URL: grafana.url,
    GRAFANA_PASSWORD: grafana.adminPassword,
    GRAFANA_WEBHOOK_PORT: String(webhook),
    GRAFANA_FLOWS_PORT: String(flows),
  };
  console.log(
    `Grafana: ${grafana.url} (admin, ${grafana.adminPassword}); ClickHouse: http://127.0.0.1:${clickhouse}; flows to UDP ${flows}; alerts to port ${webhook}`,
  );
  if (stay) {
    await new Promise((done) => process.once('SIGINT', done));
    code = 0;
  } else {
    // Rollups, rates and the ledger's minutes need some time to be there.
    await new Promise((wait) => setTimeout(wait, 150_000));
    code = await exitCode(
      spawn(
        process.execPath,
        [
          '--experimental-vm-modules',
          '--no-warnings',
          'node_modules/jest/bin/jest.js',
          '--runInBand',
          'tests/grafana',
        ],
        { cwd: root, env: suite, stdio: 'inherit' },
      ),
    );
  }
} finally {
  await grafana?.stop();
  for (const child of children.reverse()) {
    child.kill('SIGTERM');
    await exitCode(child);
  }
  rmSync(data, { recursive: true, force: true });
}
process.exit(code);

function start(args: readonly string[], env: NodeJS.ProcessEnv): void {
  // A group of its own: Ctrl-C is for this program, which ends them in order.
  children.push(
    spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'], detached: true }),
  );
}

async function run(args: readonly string[]): Promise<void> {
  const status = await exitCode(
    spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] }),
  );
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}`);
}

function exitCode(child: ChildProcess): Promise<number> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((done) => child.once('exit', (status) => done(status ?? 1)));
}

async function answers(url: string): Promise<void> {
  for (let i = 0; i < 300; i++) {
    try {
      if ((await fetch(url)).status > 0) return;
    } catch {
      // not yet
    }
    await new Promise((wait) => setTimeout(wait, 200));
  }
  throw new Error(`${url} does not answer`);
}
