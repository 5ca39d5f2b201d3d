import { type AnomalyRow, type AnomalyType, anomalyColumns } from '@weir/core/anomalies';
import { quoteIdentifier } from '../../store/clickhouse/identifiers.ts';
import type { WindowReads } from './window-reads.ts';

export interface LiveAnomaliesOptions {
  readonly database: string;
  /** Anomalies that lasted at some time from here on, in seconds since 1970. */
  readonly from: number;
  readonly to: number;
  readonly types: readonly AnomalyType[];
  readonly tenant?: string | undefined;
}

/**
 * What was recorded live, the newest row of each anomaly.
 *
 * @throws DatabaseError what ClickHouse answered, or why it could not be asked
 */
export async function liveAnomalies(
  reads: WindowReads,
  { database, from, to, types, tenant }: LiveAnomaliesOptions,
): Promise<AnomalyRow[]> {
  if (types.length === 0) return [];
  const columns = anomalyColumns.map(({ name, type }) => `${columnSql(name, type)} AS ${name}`);
  const where = [
    `a.opened < toDateTime(${to})`,
    `(a.closed = toDateTime(0) OR a.closed >= toDateTime(${from}))`,
    `a.type IN (${types.map((type) => `'${type}'`).join(', ')})`,
    ...(tenant === undefined ? [] : ['a.tenant_id = {tenant:String}']),
  ];
  const rows = await reads.query<Record<string, string | number>>(
    `SELECT ${columns.join(', ')} FROM ${quoteIdentifier(database)}.anomalies AS a FINAL
WHERE ${where.join(' AND ')} ORDER BY a.opened, a.id`,
    tenant === undefined ? {} : { tenant },
  );
  return rows.map(
    (row) =>
      Object.fromEntries(
        anomalyColumns.map(({ name, type }) => [name, isNumber(type) ? Number(row[name]) : row[name]]),
      ) as unknown as AnomalyRow,
  );
}

function columnSql(name: string, type: string): string {
  if (type === 'DateTime') return `toUnixTimestamp(a.${name})`;
  if (type.startsWith('DateTime64')) return `toUnixTimestamp64Milli(a.${name})`;
  if (type === 'IPv6') return `replaceRegexpOne(toString(a.${name}), '^::ffff:([0-9.]+)$', '\\\\1')`;
  return type.startsWith('LowCardinality') ? `CAST(a.${name}, 'String')` : `a.${name}`;
}

function isNumber(type: string): boolean {
  return /^(U?Int|Float|DateTime)/.test(type);
}
