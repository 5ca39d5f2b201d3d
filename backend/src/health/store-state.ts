import { numbersOf } from '../clickhouse/columns.ts';
import { ClickHouseError } from '../clickhouse/errors.ts';
import type { DataSource } from '../instances/data-source.ts';

/** The schemas that this program's queries are written for: what 2 and 3 do not have, narrow rollups and windows, is not read there. */
export const KNOWN_SCHEMA = { from: 2, to: 4 } as const;

/** Bounds of our own questions, where settings may be sent. */
export const SMALL_QUESTION = {
  max_execution_time: '10',
  max_result_rows: '10000',
  result_overflow_mode: 'throw',
};

/** Version of the database's schema; 0 where the collector has not made one. */
export async function schemaVersion({ client }: DataSource, signal: AbortSignal): Promise<number> {
  try {
    const { table } = await client.query({
      sql: `SELECT toUInt32(max(version)) AS version FROM ${client.database}.schema_migrations`,
      settings: SMALL_QUESTION,
      label: 'schema',
      signal,
    });
    return numbersOf(table, 'version')[0] ?? 0;
  } catch (error) {
    if (error instanceof ClickHouseError && error.reason === 'table') return 0;
    throw error;
  }
}

/**
 * When the newest flow ended, in milliseconds since 1970; null where there is none. Looks first for the minute, in the small table
 * that counts what is stored, then within it.
 */
export async function newestFlowMs({ client }: DataSource, signal: AbortSignal): Promise<number | null> {
  const { database } = client;
  const { table } = await client.query({
    sql: `SELECT toInt64(toUnixTimestamp(max(timestamp))) AS newest FROM ${database}.network_flows
WHERE timestamp >= (SELECT max(minute) FROM ${database}.stored_1m) AND timestamp < now() + INTERVAL 1 DAY`,
    settings: SMALL_QUESTION,
    label: 'newest',
    signal,
  });
  const seconds = numbersOf(table, 'newest')[0] ?? 0;
  return seconds > 0 ? seconds * 1000 : null;
}

export interface ExporterCounts {
  readonly exporters: number;
  readonly withoutSampling: number;
}

export async function exporterCounts({ client }: DataSource, signal: AbortSignal): Promise<ExporterCounts> {
  const { table } = await client.query({
    sql: `SELECT count() AS exporters, countIf(sampling_rate = 0) AS unsampled FROM ${client.database}.exporters FINAL`,
    settings: SMALL_QUESTION,
    label: 'exporters',
    signal,
  });
  return {
    exporters: numbersOf(table, 'exporters')[0] ?? 0,
    withoutSampling: numbersOf(table, 'unsampled')[0] ?? 0,
  };
}
