import { narrowRollupNames } from '@weir/core/narrow-rollups';
import type { CompileContext, Span } from '@weir/core/query';
import type { ClickHouseClient } from '../clickhouse/clickhouse-client.ts';
import { type Table, numbersOf, textsOf } from '../clickhouse/columns.ts';

/** What is known of the tables of flows: how far they reach, and which columns have data. */
export interface Knowledge {
  readonly tables: CompileContext['tables'];
  /** Oldest single flow, in seconds since 1970; undefined where there is none. */
  readonly oldestFlowSeconds: number | undefined;
  /** Undefined where it could not be asked. */
  readonly liveColumns: ReadonlySet<string> | undefined;
}

const KEPT_MS = 60_000;
const NOTHING: Knowledge = { tables: {}, oldestFlowSeconds: undefined, liveColumns: undefined };

/**
 * Asks the system tables how far the tables of flows reach, once a minute at most and once for all who ask at the same time. Where
 * the user may not read them, nothing is known and the compiler goes by retention.
 */
export class TableReach {
  readonly #client: ClickHouseClient;
  readonly #now: () => number;
  #held: { readonly knowledge: Promise<Knowledge>; readonly untilMs: number } | undefined;

  constructor(client: ClickHouseClient, now: () => number = Date.now) {
    this.#client = client;
    this.#now = now;
  }

  known(): Promise<Knowledge> {
    if (this.#held === undefined || this.#held.untilMs <= this.#now()) {
      const knowledge = this.#ask().catch(() => {
        this.#held = undefined;
        return NOTHING;
      });
      this.#held = { knowledge, untilMs: this.#now() + KEPT_MS };
    }
    return this.#held.knowledge;
  }

  async #ask(): Promise<Knowledge> {
    const signal = AbortSignal.timeout(10_000);
    const parameters = { database: this.#client.database };
    const [parts, columns] = await Promise.all([
      this.#client.query({
        sql:
          'SELECT table, toInt64(toUnixTimestamp(min(min_time))) AS oldest, toInt64(toUnixTimestamp(max(max_time))) AS newest ' +
          'FROM system.parts WHERE database = {database:String} AND active AND rows > 0 AND table IN {tables:Array(String)} ' +
          'GROUP BY table',
        parameters: {
          ...parameters,
          tables: ['network_flows', 'flows_1m', ...narrowRollupNames, 'flows_1h'],
        },
        label: 'reach',
        signal,
      }),
      this.#client.query({
        sql: "SELECT name FROM system.columns WHERE database = {database:String} AND table = 'network_flows' AND default_kind != 'ALIAS'",
        parameters,
        label: 'columns',
        signal,
      }),
    ]);
    const live = new Set(textsOf(columns.table, 'name'));
    return {
      tables: reachOf(parts.table),
      oldestFlowSeconds: oldestOf(parts.table),
      liveColumns: live.size === 0 ? undefined : live,
    };
  }

  /** Has the next question ask anew. */
  forget(): void {
    this.#held = undefined;
  }
}

function reachOf(table: Table): CompileContext['tables'] {
  if (table.rows === 0) return {};
  const names = textsOf(table, 'table');
  const oldest = numbersOf(table, 'oldest');
  const newest = numbersOf(table, 'newest');
  const of = (name: string, values: Float64Array): number | undefined => {
    const at = names.indexOf(name);
    return at < 0 || !(values[at]! > 0) ? undefined : values[at];
  };
  const rawFrom = of('network_flows', oldest);
  const minutesFrom = of('flows_1m', oldest);
  const hoursFrom = of('flows_1h', oldest);
  // Where nothing coarser reaches further back, nothing has expired: the database is only as old as its first flow.
  const rawExpired =
    rawFrom !== undefined && Math.min(minutesFrom ?? rawFrom, hoursFrom ?? rawFrom) < rawFrom - 3600;
  const minutesExpired = minutesFrom !== undefined && (hoursFrom ?? minutesFrom) < minutesFrom - 3600;
  const narrow = narrowRollupNames.flatMap((name): [string, Span][] => {
    const fromSeconds = of(name, oldest);
    return fromSeconds === undefined ? [] : [[name, { fromSeconds, toSeconds: of(name, newest)! + 60 }]];
  });
  return {
    ...(rawExpired ? { rawFromSeconds: rawFrom } : {}),
    ...(minutesExpired ? { minutesFromSeconds: minutesFrom } : {}),
    // A rollup that has nothing is made up to nowhere: all comes from finer tables.
    minutesToSeconds: (of('flows_1m', newest) ?? -60) + 60,
    hoursToSeconds: (of('flows_1h', newest) ?? -3600) + 3600,
    narrow: Object.fromEntries(narrow),
  };
}

function oldestOf(table: Table): number | undefined {
  if (table.rows === 0) return undefined;
  const at = textsOf(table, 'table').indexOf('network_flows');
  return at < 0 ? undefined : numbersOf(table, 'oldest')[at];
}
