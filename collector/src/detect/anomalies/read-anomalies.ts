import { type AnomalyRow, anomalyColumns } from '@weir/core/anomalies';
import type { Database } from '../../store/clickhouse/database.ts';
import { REMEMBER_SECONDS } from './tracker.ts';

/** What cannot be read as it stands, as JavaScript has it. */
const forms: Readonly<Record<string, (column: string) => string>> = {
  UUID: (column) => `toString(${column})`,
  DateTime: (column) => `toUnixTimestamp(${column})`,
  'DateTime64(3)': (column) => `toUnixTimestamp64Milli(${column})`,
  IPv6: (column) => addressSql(column),
};

/** An address as text, v4 dotted. */
export function addressSql(column: string): string {
  return `replaceRegexpOne(toString(${column}), '^::ffff:', '')`;
}

/**
 * The newest row of each anomaly that is open, or that ended within a while before `at`: what a tracker goes on with after a restart.
 *
 * @param name the database's
 * @param at seconds since 1970; now where left out
 * @throws {DatabaseError} what ClickHouse answered, or why it could not be asked
 */
export async function readOpenAnomalies(
  database: Pick<Database, 'query'>,
  name: string,
  { at = Date.now() / 1000, endedWithin = REMEMBER_SECONDS, most = 20_000 } = {},
): Promise<AnomalyRow[]> {
  const columns = anomalyColumns.map(({ name: column, type }) => {
    const form = forms[type]?.(column) ?? (type.startsWith('Enum') ? `toString(${column})` : column);
    return `${form} AS \`r_${column}\``;
  });
  const rows = await database.query<Record<string, string | number>>(
    `SELECT ${columns.join(', ')}
FROM ${name}.anomalies FINAL
WHERE toUnixTimestamp(closed) = 0 OR closed >= toDateTime({since:UInt32})
ORDER BY toUnixTimestamp(closed) = 0 DESC, closed DESC, opened, id
LIMIT {most:UInt32}`,
    { since: Math.max(0, Math.floor(at - endedWithin)), most },
  );
  return rows.map(
    (row) =>
      Object.fromEntries(
        Object.entries(row).map(([column, value]) => [column.slice(2), value]),
      ) as unknown as AnomalyRow,
  );
}
