import {
  type ClosedWindow,
  type WindowColumn,
  type WindowKind,
  columnsOfKind,
  keyOfKind,
  mergedWindowsSql,
  windowKinds,
} from '@weir/core/windows';
import { quoteIdentifier } from '../../store/clickhouse/identifiers.ts';
import type { WindowColumnName } from '../detector.ts';
import { readNativeTable } from './native-columns.ts';
import { ahead } from './ahead.ts';
import { type WindowChunk, whereSql, windowChunks } from './window-chunks.ts';
import type { WindowReads } from './window-reads.ts';
import { noRows, windowSlices } from './window-slices.ts';

export type ColumnReads = Readonly<Partial<Record<WindowKind, Iterable<WindowColumnName>>>>;

export interface StoredWindowsOptions {
  /** The database that has `windows_10s`. */
  readonly database: string;
  /** Windows that begin at this time or later, in seconds since 1970. */
  readonly from: number;
  /** … and before this one. */
  readonly to: number;
  /** Columns that are read, by kind; all where left out. Keys always are. What is not read is zero or empty in the windows. */
  readonly reads?: ColumnReads | undefined;
  /** Rows of this tenant alone. */
  readonly tenant?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Windows as they were stored, in order of time, those of several collectors merged, some minutes of them read ahead. Rows of a
 * window are in the order of their keys, so that the same windows come twice the same.
 *
 * @throws DatabaseError what ClickHouse answered, or why it could not be asked
 */
export async function* readStoredWindows(
  reads: WindowReads,
  options: StoredWindowsOptions,
): AsyncGenerator<ClosedWindow> {
  const chunks = windowChunks(reads, options);
  for await (const windows of ahead(chunks, (chunk) => readChunk(reads, chunk, options), options.signal))
    yield* windows;
}

async function readChunk(
  reads: WindowReads,
  chunk: WindowChunk,
  { database, reads: columns, tenant, signal }: StoredWindowsOptions,
): Promise<ClosedWindow[]> {
  const windows = new Map<number, Partial<ClosedWindow['kinds']>>();
  for (const { name: kind } of windowKinds) {
    signal?.throwIfAborted();
    const sql = kindSql(
      chunk,
      database,
      kind,
      columns?.[kind] ?? (columns === undefined ? undefined : []),
      tenant,
    );
    const blocks = await reads.queryNative(sql, tenant === undefined ? {} : { tenant });
    for (const [start, rows] of windowSlices(kind, readNativeTable(blocks)))
      windows.set(start, { ...windows.get(start), [kind]: rows });
  }
  return [...windows]
    .sort(([a], [b]) => a - b)
    .map(([start, kinds]) => ({
      start,
      kinds: Object.fromEntries(
        windowKinds.map(({ name }) => [name, kinds[name] ?? noRows(name)]),
      ) as ClosedWindow['kinds'],
    }));
}

function kindSql(
  { from, to, merge }: WindowChunk,
  database: string,
  kind: WindowKind,
  wanted: Iterable<WindowColumnName> | undefined,
  tenant: string | undefined,
): string {
  const table = `${quoteIdentifier(database)}.windows_10s`;
  const names = wanted === undefined ? undefined : new Set<string>(wanted);
  const columns = columnsOfKind(kind).filter(({ name }) => names?.has(name) ?? true);
  const keys = keyOfKind(kind);
  const where = `w.kind = '${kind}' AND ${whereSql({ from, to, tenant }, 'w.')}`;
  const source = merge ? `(${mergedWindowsSql({ table, where })})` : table;
  const lines = [
    'w.timestamp AS timestamp',
    'w.rest AS rest',
    ...keys.map((name) => `${isText(name) ? `toLowCardinality(w.${name})` : `w.${name}`} AS ${name}`),
    ...columns.map((column: WindowColumn) => `${numberSql(column)} AS ${column.name}`),
  ];
  return `SELECT ${lines.join(', ')}
FROM ${source} AS w${merge ? '' : `\nWHERE ${where}`}
ORDER BY w.timestamp, w.rest, ${keys.map((name) => `w.${name}`).join(', ')}`;
}

function isText(name: string): boolean {
  return name === 'tenant_id' || name === 'application';
}

/** Wide numbers as what JavaScript computes with: then nothing is to be done to them here but a copy. */
function numberSql({ name, type }: WindowColumn): string {
  switch (type) {
    case 'UInt64':
      return `toFloat64(w.${name})`;
    case 'Array(UInt64)':
      return `CAST(w.${name}, 'Array(Float64)')`;
    default:
      return `w.${name}`;
  }
}
