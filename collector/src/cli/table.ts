import type { Paint } from './paint.ts';
import { fitted, padded, textWidth } from './text-width.ts';

export interface TableColumn {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

const GAP = 2;
/** Narrower than this a column of text says nothing. */
const LEAST = 8;

/**
 * A table in lines, its columns as wide as they need and together at most `width`: the widest give way first. Undefined where
 * even so it would not fit. Cells are plain text; `style` may paint them when their width is settled.
 */
export function tableLines(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  options: { width: number; paint: Paint; style?: (cell: string, row: number, column: number) => string },
): string[] | undefined {
  const widths = columnWidths(columns, rows, options.width);
  if (widths === undefined) return undefined;
  const cell = (text: string, c: number): string =>
    padded(fitted(text, widths[c]!), widths[c]!, columns[c]!.align);
  const line = (cells: readonly string[]): string => cells.join(' '.repeat(GAP)).trimEnd();
  return [
    options.paint('bold', line(columns.map(({ title }, c) => cell(title, c)))),
    ...rows.map((row, r) =>
      line(row.map((text, c) => options.style?.(cell(text, c), r, c) ?? cell(text, c))),
    ),
  ];
}

function columnWidths(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  width: number,
): number[] | undefined {
  const widths = columns.map(({ title }, c) =>
    rows.reduce((most, row) => Math.max(most, textWidth(row[c]!)), textWidth(title)),
  );
  let excess = widths.reduce((sum, w) => sum + w + GAP, -GAP) - width;
  while (excess > 0) {
    const widest = widths.reduce(
      (at, w, c) => (columns[c]!.align !== 'right' && w > (widths[at] ?? 0) ? c : at),
      -1,
    );
    if (widest < 0 || widths[widest]! <= LEAST) return undefined;
    widths[widest]!--;
    excess--;
  }
  return widths;
}
