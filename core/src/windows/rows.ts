import type { WindowDistinct, WindowHistogram, WindowNumber } from './columns.ts';
import type { WindowKey, WindowKind } from './kinds.ts';

/** Rows of one kind of one window, as columns. */
export interface WindowRows {
  readonly kind: WindowKind;
  readonly rows: number;
  /** 1 for the row of all that did not fit: its key is zero. Not more than one a collector. */
  readonly rest: Uint8Array;
  /** Key columns of the kind: addresses four words a row, texts as places in `texts`, other numbers as they are. */
  readonly keys: Readonly<Partial<Record<WindowKey, Uint32Array>>>;
  readonly texts: Readonly<Record<'tenant_id' | 'application', readonly string[]>>;
  readonly numbers: Readonly<Record<WindowNumber, Float64Array>>;
  /** As many numbers a row as the column is long. */
  readonly histograms: Readonly<Partial<Record<WindowHistogram, Float64Array>>>;
  readonly distincts: Readonly<Partial<Record<WindowDistinct, DistinctColumn>>>;
}

/** Hashes of all rows one after the other, ascending within a row; `ends[r]` is where those of row r end. */
export interface DistinctColumn {
  readonly ends: Uint32Array;
  readonly hashes: Uint32Array;
}

/** A window that takes no more flows. */
export interface ClosedWindow {
  /** Seconds since 1970. */
  readonly start: number;
  readonly kinds: Readonly<Record<WindowKind, WindowRows>>;
}

/** The hashes of a row: see distinct.ts for what they tell. */
export function hashesOf(column: DistinctColumn, row: number): Uint32Array {
  return column.hashes.subarray(row === 0 ? 0 : column.ends[row - 1], column.ends[row]);
}
