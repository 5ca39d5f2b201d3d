import type { Paint } from './paint.ts';
import { type TableColumn, tableLines } from './table.ts';
import { fitted, padded, printable, textWidth } from './text-width.ts';

/** An answer in ClickHouse's JSONCompactEachRowWithNamesAndTypes, read. */
export interface QueryResult {
  readonly names: readonly string[];
  readonly types: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** No cell of a table is wider, however wide the terminal. */
const WIDEST_CELL = 80;

/** The result as a table, or field under field where a table would be too wide. */
export function resultLines({ names, types, rows }: QueryResult, width: number, paint: Paint): string[] {
  const columns = names.map((name, c): TableColumn => ({
    title: printable(name),
    align: isNumeric(types[c]!) ? 'right' : 'left',
  }));
  const cells = rows.map((row) => row.map((value) => fitted(cellText(value), WIDEST_CELL)));
  const style = (cell: string, r: number, c: number): string =>
    rows[r]![c] === null ? paint('dim', cell) : cell;
  return tableLines(columns, cells, { width, paint, style }) ?? verticalLines(columns, rows, width, paint);
}

function verticalLines(
  columns: readonly TableColumn[],
  rows: QueryResult['rows'],
  width: number,
  paint: Paint,
): string[] {
  const named = Math.min(40, Math.max(...columns.map(({ title }) => textWidth(title))));
  return rows.flatMap((row, r) => [
    paint('dim', `── row ${r + 1} `.padEnd(Math.min(width, 60), '─')),
    ...row.map((value, c) => {
      const name = padded(fitted(columns[c]!.title, named), named);
      return `${paint('bold', name)}  ${fitted(cellText(value), Math.max(10, width - named - 2))}`.trimEnd();
    }),
  ]);
}

/** A value for a person: IPv4 dotted, no quotes around text. */
export function cellText(value: unknown): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return printable(plainAddress(value));
  if (typeof value === 'object')
    return printable(JSON.stringify(value, (_, v: unknown) => (typeof v === 'string' ? plainAddress(v) : v)));
  return String(value);
}

/** `::ffff:192.0.2.1` → `192.0.2.1`; everything else as it is. */
export function plainAddress(text: string): string {
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/.test(text) ? text.slice(7) : text;
}

function isNumeric(type: string): boolean {
  return /^(?:Nullable\(|LowCardinality\(|SimpleAggregateFunction\(\w+, )*(?:U?Int\d+|Float\d+|BFloat16|Decimal)/.test(
    type,
  );
}
