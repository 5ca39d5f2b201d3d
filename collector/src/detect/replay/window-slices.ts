import { NativeError } from '@weir/core';
import {
  type DistinctColumn,
  type WindowColumn,
  type WindowDistinct,
  type WindowHistogram,
  type WindowKey,
  type WindowKind,
  type WindowNumber,
  type WindowRows,
  columnsOfKind,
  keyOfKind,
  keyWords,
} from '@weir/core/windows';
import type { NativeColumn, NativeTable } from './native-columns.ts';

/** Zeros for columns that were not read: shared, never written. */
let zeros = new Float64Array(1 << 16);
let zeroWords = new Uint32Array(1 << 12);
const NO_HASHES = new Uint32Array(0);

function zerosFor(length: number): Float64Array {
  if (zeros.length < length) zeros = new Float64Array(2 * length);
  return zeros.subarray(0, length);
}

function zeroWordsFor(length: number): Uint32Array {
  if (zeroWords.length < length) zeroWords = new Uint32Array(2 * length);
  return zeroWords.subarray(0, length);
}

/**
 * Rows of one kind, of many windows, ordered by time, as those of each window: by its beginning in seconds since 1970. Nothing is copied
 * but where rows' values end. Columns that the table does not have are zero or empty.
 *
 * @throws NativeError where a column is of another type than it was asked for
 */
export function windowSlices(kind: WindowKind, table: NativeTable): Map<number, WindowRows> {
  const slices = new Map<number, WindowRows>();
  if (table.rows === 0) return slices;
  const source = new KindColumns(kind, table);
  const { timestamps } = source;
  for (let from = 0; from < table.rows;) {
    const start = timestamps[from]!;
    let to = from + 1;
    while (to < table.rows && timestamps[to] === start) to++;
    slices.set(start, source.slice(from, to));
    from = to;
  }
  return slices;
}

export function noRows(kind: WindowKind): WindowRows {
  return new KindColumns(kind, { rows: 0, columns: new Map() }).slice(0, 0);
}

interface Distincts {
  readonly name: WindowDistinct;
  readonly ends: Float64Array;
  readonly values: Uint32Array;
}

class KindColumns {
  readonly timestamps: Uint32Array;
  private readonly kind: WindowKind;
  private readonly rest: Uint8Array;
  private readonly keys: readonly {
    readonly name: WindowKey;
    readonly values: Uint32Array;
    readonly words: number;
  }[];
  private readonly texts: WindowRows['texts'];
  private readonly numbers: readonly {
    readonly name: WindowNumber;
    readonly values: Float64Array | undefined;
  }[];
  private readonly histograms: readonly {
    readonly name: WindowHistogram;
    readonly length: number;
    readonly values: Float64Array | undefined;
  }[];
  private readonly distincts: readonly (
    Distincts | { readonly name: WindowDistinct; readonly ends: undefined }
  )[];

  constructor(kind: WindowKind, { rows, columns }: NativeTable) {
    this.kind = kind;
    this.timestamps = wordsOf(columns.get('timestamp'), 'timestamp', rows);
    this.rest = Uint8Array.from(wordsOf(columns.get('rest'), 'rest', rows));
    this.keys = keyOfKind(kind).map((name) => ({
      name,
      words: keyWords(name),
      values: wordsOf(columns.get(name), name, rows * keyWords(name)),
    }));
    this.texts = {
      tenant_id: textsOf(columns.get('tenant_id')),
      application: textsOf(columns.get('application')),
    };
    const all: readonly (WindowColumn & { readonly name: string })[] = columnsOfKind(kind);
    this.numbers = all
      .filter(({ merge }) => merge !== 'histogram' && merge !== 'distinct')
      .map(({ name }) => ({ name: name as WindowNumber, values: numbersOf(columns.get(name), name) }));
    this.histograms = all
      .filter(({ merge }) => merge === 'histogram')
      .map(({ name, length = 1 }) => ({
        name: name as WindowHistogram,
        length,
        values: histogramOf(columns.get(name), name, rows * length),
      }));
    this.distincts = all
      .filter(({ merge }) => merge === 'distinct')
      .map(({ name }) => {
        const column = columns.get(name);
        if (column === undefined) return { name: name as WindowDistinct, ends: undefined };
        if (column.form !== 'arrays' || !(column.values instanceof Uint32Array)) throw unfit(name, column);
        return { name: name as WindowDistinct, ends: column.ends, values: column.values };
      });
  }

  slice(from: number, to: number): WindowRows {
    const rows = to - from;
    const none = zerosFor(rows);
    const keys: Partial<Record<WindowKey, Uint32Array>> = {};
    for (const { name, values, words } of this.keys) keys[name] = values.subarray(from * words, to * words);
    const numbers: Partial<Record<WindowNumber, Float64Array>> = {};
    for (const { name, values } of this.numbers)
      numbers[name] = values === undefined ? none : values.subarray(from, to);
    const histograms: Partial<Record<WindowHistogram, Float64Array>> = {};
    for (const { name, length, values } of this.histograms)
      histograms[name] =
        values === undefined ? zerosFor(rows * length) : values.subarray(from * length, to * length);
    const distincts: Partial<Record<WindowDistinct, DistinctColumn>> = {};
    for (const column of this.distincts)
      distincts[column.name] =
        column.ends === undefined
          ? { ends: zeroWordsFor(rows), hashes: NO_HASHES }
          : hashesBetween(column, from, to);
    return {
      kind: this.kind,
      rows,
      rest: this.rest.subarray(from, to),
      keys,
      texts: this.texts,
      numbers: numbers as Record<WindowNumber, Float64Array>,
      histograms,
      distincts,
    };
  }
}

function hashesBetween({ ends, values }: Distincts, from: number, to: number): DistinctColumn {
  const begin = from === 0 ? 0 : ends[from - 1]!;
  const own = new Uint32Array(to - from);
  for (let r = from; r < to; r++) own[r - from] = ends[r]! - begin;
  return { ends: own, hashes: values.subarray(begin, to === from ? begin : ends[to - 1]) };
}

function wordsOf(column: NativeColumn | undefined, name: string, length: number): Uint32Array {
  if (column === undefined && length === 0) return NO_HASHES;
  if (column?.form === 'words' || column?.form === 'texts') return column.values;
  if (column?.form === 'bytes' || column?.form === 'shorts') return Uint32Array.from(column.values);
  throw unfit(name, column);
}

function textsOf(column: NativeColumn | undefined): readonly string[] {
  return column?.form === 'texts' ? column.texts : [''];
}

function numbersOf(column: NativeColumn | undefined, name: string): Float64Array | undefined {
  if (column === undefined || column.form === 'floats') return column?.values;
  if (column.form === 'words' || column.form === 'bytes') return new Float64Array(column.values);
  throw unfit(name, column);
}

function histogramOf(
  column: NativeColumn | undefined,
  name: string,
  length: number,
): Float64Array | undefined {
  if (column === undefined) return undefined;
  if (column.form !== 'arrays' || !(column.values instanceof Float64Array) || column.values.length !== length)
    throw unfit(name, column);
  return column.values;
}

function unfit(name: string, column: NativeColumn | undefined): NativeError {
  return new NativeError(
    column === undefined
      ? `column ${name} is missing`
      : `column ${name} comes as ${column.form}, or not of each row`,
    0,
  );
}
