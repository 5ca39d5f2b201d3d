import {
  type CompileContext,
  type Statement,
  compileQuery,
  defaultContext,
  normalizeQuery,
} from '../../core/src/query/index.ts';
import type { CompiledQuery, QueryRange } from '../../core/src/query/index.ts';
import {
  type TestEngine,
  openTestEngine,
} from '../../collector/src/store/embedded/testing/open-test-engine.ts';
import type { Database } from '../../collector/src/store/clickhouse/database.ts';
import { Roller } from '../../collector/src/store/rollups/roller.ts';
import { LiveColumns } from '../../collector/src/store/schema/live-columns.ts';
import { migrate } from '../../collector/src/store/schema/migrations.ts';

/** A flow as a test writes it: columns by name; `timestamp` in seconds since 1970. */
export type FlowRow = Readonly<Record<string, string | number>> & { readonly timestamp: number };

export type Row = Readonly<Record<string, unknown>>;

const quoted = (value: string | number): string =>
  typeof value === 'number' ? String(value) : `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** The collector's own schema and rollups in the real engine, filled by hand and asked by the compiler. */
export class FlowDatabase {
  readonly database: Database;
  private readonly test: TestEngine;
  /** What `compile` takes for now, in seconds. */
  now: number;

  private constructor(test: TestEngine, now: number) {
    this.test = test;
    this.database = test.engine.database();
    this.now = now;
  }

  static async open(now: number): Promise<FlowDatabase> {
    const test = await openTestEngine();
    const opened = new FlowDatabase(test, now);
    const days = 10_000;
    const retention = {
      flowsDays: days,
      rollup1mDays: days,
      rollup1hDays: days,
      ledgerDays: days,
      windowsDays: days,
      anomaliesDays: days,
    };
    await migrate(opened.database, { database: 'dev', retention }, () => undefined);
    return opened;
  }

  async insert(table: string, rows: readonly Readonly<Record<string, string | number>>[]): Promise<void> {
    const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    if (table === 'network_flows') await new LiveColumns(this.database, 'dev').ensure(names);
    const zero = (name: string): string =>
      /(_ip|next_hop)$/.test(name)
        ? "'::'"
        : /(name|application|country|network|tenant_id|reason)$/.test(name)
          ? "''"
          : '0';
    for (let i = 0; i < rows.length; i += 2000) {
      const values = rows
        .slice(i, i + 2000)
        .map((row) => `(${names.map((n) => (row[n] === undefined ? zero(n) : quoted(row[n]))).join(', ')})`);
      await this.database.command(
        `INSERT INTO dev.${table} (${names.join(', ')}) VALUES ${values.join(', ')}`,
        {
          insert_deduplicate: 0,
        },
      );
    }
  }

  flows(rows: readonly FlowRow[]): Promise<void> {
    return this.insert('network_flows', rows);
  }

  /** Makes the rollups as the collector does, up to now. */
  async roll(top = 1000): Promise<void> {
    const roller = new Roller(this.database, {
      database: 'dev',
      top,
      graceMs: 5_000,
      lookBackMs: 400 * 86_400_000,
      everyMs: 3_600_000,
      log: {
        info: () => undefined,
        warn: (text) => void trouble.push(text),
        error: (text) => void trouble.push(text),
      },
      now: () => this.now * 1000,
    });
    const trouble: string[] = [];
    let made = -1;
    while (made !== roller.slotsMade) {
      made = roller.slotsMade;
      await roller.run();
    }
    await roller.stop();
    if (trouble.length > 0) throw new Error(trouble.join('\n'));
  }

  async empty(): Promise<void> {
    for (const table of [
      'network_flows',
      'stored_1m',
      'flows_1m',
      'flows_1m_applications',
      'flows_1m_interfaces',
      'flows_1h',
      'interfaces',
      'exporters',
      'ledger',
      'anomalies',
    ])
      await this.database.command(`TRUNCATE TABLE dev.${table}`);
  }

  context(rest: Partial<CompileContext> = {}): CompileContext {
    return { ...defaultContext, database: 'dev', nowMs: this.now * 1000, ...rest };
  }

  /** From single flows where nothing else is said: most tests make no rollups. */
  compile(saved: object, range: QueryRange, rest: Partial<CompileContext> = {}): CompiledQuery {
    const normalized = normalizeQuery({ version: 1, resolution: 'raw', ...saved });
    if (!normalized.ok) throw new Error(JSON.stringify(normalized.problems));
    const result = compileQuery(normalized.query, range, this.context(rest));
    if (!result.ok) throw new Error(`${result.problem.path}: ${result.problem.message}`);
    return result.compiled;
  }

  run(statement: Statement): Promise<Row[]> {
    return this.database.query<Row>(statement.sql, statement.parameters).catch((error: unknown) => {
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${statement.sql}`);
    });
  }

  async ask(saved: object, range: QueryRange, rest: Partial<CompileContext> = {}): Promise<Row[]> {
    const { statements } = this.compile(saved, range, rest);
    return this.run(statements[0]!);
  }

  close(): Promise<void> {
    return this.test.close();
  }
}

/** A range in seconds, as a panel asks for it. */
export function rangeOf(from: number, to: number, intervalSeconds = 60, maxDataPoints = 1000): QueryRange {
  return { fromMs: from * 1000, toMs: to * 1000, intervalMs: intervalSeconds * 1000, maxDataPoints };
}
