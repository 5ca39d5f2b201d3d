import type { Paint } from './paint.ts';
import { type TableColumn, tableLines } from './table.ts';
import { fitted, padded, printable, textWidth } from './text-width.ts';

/** An answer in ClickHouse's TabSeparatedWithNamesAndTypes, read: values as ClickHouse writes them, null for NULL. */
export interface QueryResult {
  readonly names: readonly string[];
  readonly types: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** The values of a line of TabSeparated. */
export function tabSeparated(line: string): (string | null)[] {
  return line
    .split('\t')
    .map((field) => (field === '\\N' ? null : field.replace(/\\(.)/g, (_, c: string) => ESCAPES[c] ?? c)));
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', 0: '\0' };

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

/** A value for a person: in one line, IPv4 dotted, within arrays and maps too. */
export function cellText(value: string | null): string {
  if (value === null) return 'NULL';
  return printable(plainAddress(value).replace(/'::ffff:(\d+\.\d+\.\d+\.\d+)'/g, "'$1'"));
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
