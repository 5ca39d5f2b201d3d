import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, dirname, join, resolve } from 'node:path';
import { DATASOURCE_UID, PLUGIN_ID, SANKEY_PANEL_ID, TOPOLOGY_PANEL_ID } from '@weir/core/query';

/* A Grafana on this machine, with the plugin, dashboards and alert rules of this folder, on loopback. */

const root = resolve(import.meta.dirname, '..');

/** A Grafana that can be started: its program, and the folder with its `conf` and `public`. */
export interface GrafanaInstallation {
  readonly program: string;
  readonly home: string;
}

/** `GRAFANA_HOME`, else `grafana` or `grafana-server` on PATH with its home where packages put it; undefined where there is none. */
export function findGrafana(env: NodeJS.ProcessEnv = process.env): GrafanaInstallation | undefined {
  const isHome = (folder: string): boolean => existsSync(join(folder, 'conf', 'defaults.ini'));
  const given = env['GRAFANA_HOME'];
  if (given !== undefined && given !== '') {
    const program = ['bin/grafana', 'bin/grafana-server']
      .map((p) => join(given, p))
      .find((p) => existsSync(p));
    if (program === undefined || !isHome(given))
      throw new Error(
        `GRAFANA_HOME is ${given}: a folder with bin/grafana, conf/defaults.ini and public/ would be right`,
      );
    return { program, home: given };
  }
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    const program = join(folder, 'grafana');
    if (folder === '' || !existsSync(program)) continue;
    const beside = resolve(dirname(realpathSync(program)), '..');
    const home = [
      beside,
      '/usr/share/grafana',
      '/usr/local/share/grafana',
      '/opt/homebrew/share/grafana',
    ].find(isHome);
    if (home !== undefined) return { program, home };
  }
  return undefined;
}

export interface GrafanaOptions {
  /** Where its database, logs and plugins are. */
  readonly dataDir: string;
  readonly clickhouseUrl: string;
  readonly clickhouseDatabase: string;
  readonly clickhouseUser: string;
  readonly clickhousePassword: string;
  readonly collectorUrl: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** The built plugin; `dist/` where left out. */
  readonly pluginFolder?: string;
  /** Settings of Grafana's beside or instead of ours: GF_… variables. */
  readonly env?: NodeJS.ProcessEnv;
}

export interface RunningGrafana {
  readonly url: string;
  readonly adminPassword: string;
  readonly process: ChildProcess;
  /** Resolves when it has ended. */
  stop(): Promise<void>;
}

/** Starts it and resolves when it answers; rejects with its last log lines when it does not. */
export async function startGrafana(
  { program, home }: GrafanaInstallation,
  options: GrafanaOptions,
): Promise<RunningGrafana> {
  const data = resolve(options.dataDir);
  const plugins = join(data, 'plugins');
  // A copy: outside its development mode Grafana does not follow what it is shown, and a build may go on meanwhile.
  rmSync(plugins, { recursive: true, force: true });
  mkdirSync(plugins, { recursive: true });
  cpSync(options.pluginFolder ?? join(root, 'dist'), join(plugins, PLUGIN_ID), { recursive: true });
  const port = options.port === 0 ? await freePort() : options.port;
  const url = `http://127.0.0.1:${port}`;
  const adminPassword = password(data);
  const log = join(data, 'grafana.log');
  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    TZ: process.env['TZ'],
    GF_PATHS_DATA: data,
    GF_PATHS_LOGS: data,
    GF_PATHS_PLUGINS: plugins,
    GF_PATHS_PROVISIONING: join(root, 'provisioning'),
    GF_SERVER_HTTP_ADDR: '127.0.0.1',
    GF_SERVER_HTTP_PORT: String(port),
    GF_SECURITY_ADMIN_PASSWORD: adminPassword,
    // Whoever reaches this port may look without a password; it is on loopback.
    GF_AUTH_ANONYMOUS_ENABLED: 'true',
    GF_AUTH_ANONYMOUS_ORG_ROLE: 'Viewer',
    GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS: [PLUGIN_ID, SANKEY_PANEL_ID, TOPOLOGY_PANEL_ID].join(','),
    GF_PLUGINS_PREINSTALL_DISABLED: 'true',
    GF_ANALYTICS_REPORTING_ENABLED: 'false',
    GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
    GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: 'false',
    GF_NEWS_NEWS_FEED_ENABLED: 'false',
    GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED: 'true',
    GF_UNIFIED_ALERTING_MIN_INTERVAL: '10s',
    GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: join(root, 'dashboards', 'noc-overview.json'),
    GF_LOG_MODE: 'file',
    WEIR_DASHBOARDS: join(root, 'dashboards'),
    WEIR_CLICKHOUSE_URL: options.clickhouseUrl,
    WEIR_CLICKHOUSE_DATABASE: options.clickhouseDatabase,
    WEIR_CLICKHOUSE_USER: options.clickhouseUser,
    WEIR_CLICKHOUSE_PASSWORD: options.clickhousePassword,
    WEIR_COLLECTOR_URL: options.collectorUrl,
    WEIR_COLLECTOR_TOKEN: process.env['WEIR_COLLECTOR_TOKEN'] ?? '',
    WEIR_ALERT_WEBHOOK: process.env['WEIR_ALERT_WEBHOOK'] ?? 'http://127.0.0.1:9/',
    ...options.env,
  };
  const args = program.endsWith('grafana-server') ? [] : ['server'];
  // A group of its own: Ctrl-C reaches the caller alone, which ends it in its order.
  const child = spawn(program, [...args, '--homepath', home], {
    env,
    cwd: data,
    stdio: 'ignore',
    detached: true,
  });
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  let failure: Error | undefined;
  child.once('error', (error) => (failure = error));
  const until = Date.now() + 120_000;
  while (Date.now() < until && child.exitCode === null && failure === undefined) {
    if (await answers(url))
      return {
        url,
        adminPassword,
        process: child,
        stop: async () => {
          child.kill('SIGTERM');
          await ended;
        },
      };
    await new Promise((wait) => setTimeout(wait, 300));
  }
  child.kill('SIGKILL');
  const lines = existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n').slice(-15).join('\n') : '';
  throw new Error(`Grafana did not come up (${failure?.message ?? `see ${log}`}). Its last words:\n${lines}`);
}

/** Where to look: the overview. */
export function overviewUrl(grafana: RunningGrafana): string {
  return `${grafana.url}/d/weir-noc-overview?var-datasource=${DATASOURCE_UID}`;
}

/** The administrator's password: made at the first start and kept beside the data. */
function password(data: string): string {
  const file = join(data, 'admin-password');
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const made = randomBytes(12).toString('base64url');
  writeFileSync(file, `${made}\n`, { mode: 0o600 });
  return made;
}

async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/api/health`);
    return answer.ok && ((await answer.json()) as { database?: string }).database === 'ok';
  } catch {
    return false;
  }
}

/** A port of loopback that nobody listened on a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
