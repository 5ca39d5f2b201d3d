import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environmentKeys } from '../../collector/src/config/environment.ts';
import type { ExporterReport } from '../../collector/src/ledger/report.ts';
import type { Verdict } from '../../collector/src/ledger/verdict.ts';
import { type Workspace, killed, until } from './workspace.ts';

const MAIN = join(import.meta.dirname, '../../collector/src/main.ts');

export interface CollectorOptions {
  /** Its folder; a new one where none is given. A second start on the same folder goes on where the first has ended. */
  readonly dataDir?: string;
  /** The text of its configuration file. */
  readonly config?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly udpPort?: number;
  readonly clickhousePort?: number;
}

/** A row of the view `ledger_balance`. */
export interface Balance {
  readonly exporter: string;
  readonly exporter_name: string;
  readonly datagrams_received: number;
  readonly datagrams_decoded: number;
  readonly datagrams_refused: number;
  readonly records_announced: number;
  readonly flows: number;
  readonly options_records: number;
  readonly records_waiting: number;
  readonly records_lost: number;
  readonly rows_stored: number;
  readonly datagrams_unexplained: number;
  readonly records_unexplained: number;
  readonly flows_unexplained: number;
  /** Rows counted in the table itself. */
  readonly rows: number;
}

/** SQL: an address as people write it, IPv4 dotted. */
export const dotted = (column: string): string => `replaceOne(toString(${column}), '::ffff:', '')`;

/** `weir collect` in a process of its own. */
export class TestCollector {
  readonly dataDir: string;
  readonly configFile: string;
  readonly database: string;
  readonly udpPort: number;
  /** Its own HTTP interface: health, metrics, exporters. */
  readonly apiUrl: string;
  /** The embedded engine's HTTP interface; of a collector that stores elsewhere, that other place. */
  readonly clickhouseUrl: string;
  readonly pid: number;
  private readonly child: ChildProcess;
  private readonly output: string[];

  private constructor(
    made: Pick<
      TestCollector,
      'dataDir' | 'configFile' | 'database' | 'udpPort' | 'apiUrl' | 'clickhouseUrl' | 'pid'
    >,
    child: ChildProcess,
    output: string[],
  ) {
    this.dataDir = made.dataDir;
    this.configFile = made.configFile;
    this.database = made.database;
    this.udpPort = made.udpPort;
    this.apiUrl = made.apiUrl;
    this.clickhouseUrl = made.clickhouseUrl;
    this.pid = made.pid;
    this.child = child;
    this.output = output;
  }

  /** Starts one and waits until it listens. */
  static async start(workspace: Workspace, options: CollectorOptions = {}): Promise<TestCollector> {
    const dataDir = options.dataDir ?? workspace.path('data');
    const configFile = `${dataDir}.yaml`;
    if (options.config !== undefined) writeFileSync(configFile, options.config);
    const env: Record<string, string> = {
      ...plainEnvironment(),
      WEIR_DATA_DIR: dataDir,
      FLOW_COLLECTOR_BIND: `127.0.0.1:${options.udpPort ?? 0}`,
      WEIR_HTTP_BIND: '127.0.0.1:0',
      CLICKHOUSE_HTTP_BIND: `127.0.0.1:${options.clickhousePort ?? 0}`,
      BATCH_TIMEOUT_SECS: '0.3',
      ...options.env,
    };
    const args = [MAIN, 'collect', ...(options.config === undefined ? [] : ['--config', configFile])];
    const child = workspace.spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const output: string[] = [];
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => output.push(text));
    }
    const embedded = env['CLICKHOUSE_URL'] === undefined;
    const find = (pattern: RegExp): string | undefined => pattern.exec(output.join(''))?.[1];
    const [udp, api, clickhouse] = await until(
      () => `the collector listens. It said:\n${output.join('')}`,
      () => {
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(
            `the collector ended with ${child.exitCode ?? child.signalCode}:\n${output.join('')}`,
          );
        const found = [
          find(/flows: udp 127\.0\.0\.1:(\d+)/),
          find(/health and metrics: (http:[^"]*?)\/"/),
          embedded ? find(/ClickHouse: (http:[^"]*?)\/"/) : env['CLICKHOUSE_URL'],
        ];
        return found.every((one) => one !== undefined) ? (found as [string, string, string]) : undefined;
      },
      30_000,
    );
    return new TestCollector(
      {
        dataDir,
        configFile,
        database: env['CLICKHOUSE_DATABASE'] ?? 'weir',
        udpPort: Number(udp),
        apiUrl: api,
        clickhouseUrl: clickhouse,
        pid: child.pid!,
      },
      child,
      output,
    );
  }

  get target(): { host: string; port: number } {
    return { host: '127.0.0.1', port: this.udpPort };
  }

  /** All that it has written to its outputs. */
  get log(): string {
    return this.output.join('');
  }

  /** Rows of a SELECT; 64-bit integers as numbers. */
  async query<Row = Record<string, unknown>>(sql: string): Promise<Row[]> {
    const text = await this.sql(`${sql} FORMAT JSONEachRow`);
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Row);
  }

  /** The answer to a statement as it stands. */
  async sql(statement: string): Promise<string> {
    const url = `${this.clickhouseUrl}/?database=${this.database}&output_format_json_quote_64bit_integers=0`;
    const response = await fetch(url, { method: 'POST', body: statement });
    const text = await response.text();
    if (!response.ok) throw new Error(`${text.trim()}\n${statement}`);
    return text;
  }

  /** The one number that a SELECT gives. */
  async number(sql: string): Promise<number> {
    return Number(await this.sql(sql));
  }

  async metrics(): Promise<Map<string, number>> {
    const text = await (await fetch(`${this.apiUrl}/metrics`)).text();
    const values = new Map<string, number>();
    for (const line of text.split('\n')) {
      const at = line.lastIndexOf(' ');
      if (!line.startsWith('#') && at > 0) values.set(line.slice(0, at), Number(line.slice(at + 1)));
    }
    return values;
  }

  async health(): Promise<{ status: string; reasons: { code: string; text: string }[]; exporters: number }> {
    return (await fetch(`${this.apiUrl}/health`)).json() as ReturnType<TestCollector['health']>;
  }

  async exporters(): Promise<(ExporterReport & { verdicts: Verdict[] })[]> {
    const answer = (await (await fetch(`${this.apiUrl}/exporters`)).json()) as {
      exporters: (ExporterReport & { verdicts: Verdict[] })[];
    };
    return answer.exporters;
  }

  /** The ledger against the table, by exporter's address. */
  async balances(): Promise<Map<string, Balance>> {
    const rows = await this.query<Balance>(
      `SELECT ${dotted('collector_ip')} AS exporter, b.* EXCEPT (collector_ip), rows
       FROM ledger_balance AS b
       LEFT JOIN (SELECT collector_ip, count() AS rows FROM network_flows GROUP BY collector_ip) AS t USING (collector_ip)`,
    );
    return new Map(rows.map((row) => [row.exporter, row]));
  }

  /** Waits until so many datagrams (of all exporters) are in the stored ledger. */
  async settled(datagrams: number, ms = 30_000): Promise<void> {
    let received = 0;
    await until(
      () => `${datagrams} datagrams in the ledger; there are ${received}`,
      async () => {
        received = await this.number(
          "SELECT sum(value) FROM ledger WHERE measure IN ('datagrams_received', 'datagrams_dropped')",
        );
        return received >= datagrams ? true : undefined;
      },
      ms,
    );
  }

  reload(config: string): void {
    writeFileSync(this.configFile, config);
    this.child.kill('SIGHUP');
  }

  /** kill -9. */
  kill(): Promise<void> {
    return killed(this.child);
  }

  /** SIGTERM; resolves with its exit status. */
  async stop(): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    const gone = new Promise<number | null>((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 20_000);
    const code = await gone;
    clearTimeout(timer);
    return code;
  }
}

/** This process's environment without anything that configures Weir. */
export function plainEnvironment(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env))
    if (value !== undefined && !(name in environmentKeys) && !/^(WEIR_|NODE_OPTIONS$|JEST_)/.test(name))
      env[name] = value;
  return env;
}

/** What is wrong with the ledger; empty where all of its identities hold, in its own rows and against the table. */
export function imbalances(balances: ReadonlyMap<string, Balance>): string[] {
  const wrong: string[] = [];
  for (const b of balances.values()) {
    const check = (what: string, value: number): void => {
      if (value !== 0) wrong.push(`${b.exporter}: ${what} ${value}: ${JSON.stringify(b)}`);
    };
    check('datagrams_unexplained', b.datagrams_unexplained);
    check('records_unexplained', b.records_unexplained);
    check('flows_unexplained', b.flows_unexplained);
    check('rows beyond flows', b.rows - b.flows);
  }
  return wrong;
}
