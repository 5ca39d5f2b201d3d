import { NativeError } from '@weir/core';
import { NativeReader } from '../windows/native-reader.ts';

/*
 * Native blocks column by column: each column of all blocks is one copy into an array of its own, for those types that windows have.
 * decodeWindows (windows/native.ts) reads row by row whatever comes; this one is for reading days of them.
 */

const LOW_CARDINALITY_VERSION = 1;
const NEEDS_GLOBAL_DICTIONARY = 1 << 8;

export type NativeColumn =
  | { readonly form: 'bytes'; readonly values: Uint8Array }
  | { readonly form: 'shorts'; readonly values: Uint16Array }
  /** Of an IPv6 column four a row, in memory's byte order. */
  | { readonly form: 'words'; readonly values: Uint32Array }
  | { readonly form: 'floats'; readonly values: Float64Array }
  /** Places in `texts`, of which the first is the empty text. */
  | { readonly form: 'texts'; readonly values: Uint32Array; readonly texts: readonly string[] }
  /** `ends[r]` is where the values of row r end. */
  | { readonly form: 'arrays'; readonly ends: Float64Array; readonly values: Uint32Array | Float64Array };

export interface NativeTable {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, NativeColumn>;
}

/** A column of one block: where it lies. */
interface Part {
  readonly offset: number;
  readonly rows: number;
}

const PLAIN: Readonly<
  Record<string, { readonly form: 'bytes' | 'shorts' | 'words' | 'floats'; readonly bytes: number }>
> = {
  UInt8: { form: 'bytes', bytes: 1 },
  UInt16: { form: 'shorts', bytes: 2 },
  UInt32: { form: 'words', bytes: 4 },
  DateTime: { form: 'words', bytes: 4 },
  IPv6: { form: 'words', bytes: 16 },
  Float64: { form: 'floats', bytes: 8 },
};
const ELEMENT_BYTES: Readonly<Record<string, number>> = { 'Array(UInt32)': 4, 'Array(Float64)': 8 };
const TEXT = 'LowCardinality(String)';

/**
 * All blocks of an answer as one table; they must have the same columns.
 *
 * @throws NativeError on what is cut short, or of a type that windows are not read as
 */
export function readNativeTable(blocks: Uint8Array): NativeTable {
  const reader = new NativeReader(blocks);
  const found = new Map<string, { readonly type: string; readonly parts: Part[] }>();
  let total = 0;
  while (reader.offset < blocks.length) {
    const count = reader.varint();
    const rows = reader.varint();
    for (let c = 0; c < count; c++) {
      const name = reader.text();
      const type = reader.text().replace(/^DateTime\(.*$/, 'DateTime');
      let column = found.get(name);
      if (column === undefined) found.set(name, (column = { type, parts: [] }));
      if (column.type !== type)
        throw new NativeError(`column ${name} is ${type}, and was ${column.type} before`, reader.offset);
      if (rows === 0) continue;
      column.parts.push({ offset: reader.offset, rows });
      skip(reader, name, type, rows);
    }
    total += rows;
  }
  const columns = new Map<string, NativeColumn>();
  for (const [name, { type, parts }] of found) {
    if (parts.reduce((sum, p) => sum + p.rows, 0) !== total)
      throw new NativeError(`column ${name} is not in all blocks`, reader.offset);
    columns.set(name, readColumn(reader, type, parts, total));
  }
  return { rows: total, columns };
}

function skip(reader: NativeReader, name: string, type: string, rows: number): void {
  const plain = PLAIN[type];
  const element = ELEMENT_BYTES[type];
  if (plain !== undefined) reader.take(rows * plain.bytes);
  else if (element !== undefined) {
    reader.take(8 * (rows - 1));
    reader.take(element * reader.wide());
  } else if (type === TEXT) readTexts(reader, rows);
  else
    throw new NativeError(`column ${name} is ${type}, as which no column of a window is read`, reader.offset);
}

function readColumn(reader: NativeReader, type: string, parts: readonly Part[], total: number): NativeColumn {
  const plain = PLAIN[type];
  if (plain === undefined)
    return type === TEXT ? textsOf(reader, parts, total) : arraysOf(reader, type, parts, total);
  const raw = new Uint8Array(total * plain.bytes);
  let at = 0;
  for (const { offset, rows } of parts) {
    reader.offset = offset;
    raw.set(reader.take(rows * plain.bytes), at);
    at += rows * plain.bytes;
  }
  switch (plain.form) {
    case 'bytes':
      return { form: 'bytes', values: raw };
    case 'shorts':
      return { form: 'shorts', values: new Uint16Array(raw.buffer) };
    case 'words':
      return { form: 'words', values: new Uint32Array(raw.buffer) };
    case 'floats':
      return { form: 'floats', values: new Float64Array(raw.buffer) };
  }
}

function textsOf(reader: NativeReader, parts: readonly Part[], total: number): NativeColumn {
  const values = new Uint32Array(total);
  const texts = [''];
  const places = new Map([['', 0]]);
  let at = 0;
  for (const { offset, rows } of parts) {
    reader.offset = offset;
    const { keys, indexes } = readTexts(reader, rows);
    const ids = keys.map((key) => {
      let place = places.get(key);
      if (place === undefined) {
        places.set(key, (place = texts.length));
        texts.push(key);
      }
      return place;
    });
    for (let r = 0; r < rows; r++) {
      const id = ids[indexes[r]!];
      if (id === undefined) throw new NativeError(`index ${indexes[r]} of ${ids.length} keys`, reader.offset);
      values[at++] = id;
    }
  }
  return { form: 'texts', values, texts };
}

function readTexts(
  reader: NativeReader,
  rows: number,
): { keys: string[]; indexes: Uint8Array | Uint16Array | Uint32Array } {
  if (reader.wide() !== LOW_CARDINALITY_VERSION)
    throw new NativeError('unknown LowCardinality version', reader.offset);
  const flags = reader.wide();
  if ((flags & NEEDS_GLOBAL_DICTIONARY) !== 0)
    throw new NativeError('LowCardinality with a global dictionary', reader.offset);
  const keys: string[] = [];
  for (let left = reader.wide(); left > 0; left--) keys.push(reader.text());
  if (reader.wide() !== rows) throw new NativeError('another number of indexes than rows', reader.offset);
  const width = flags & 0xff;
  if (width > 2) throw new NativeError('indexes of 8 bytes', reader.offset);
  const raw = Uint8Array.from(reader.take(rows << width));
  const indexes = width === 0 ? raw : width === 1 ? new Uint16Array(raw.buffer) : new Uint32Array(raw.buffer);
  return { keys, indexes };
}

function arraysOf(reader: NativeReader, type: string, parts: readonly Part[], total: number): NativeColumn {
  const bytes = ELEMENT_BYTES[type]!;
  const ends = new Float64Array(total);
  const raws: Uint8Array[] = [];
  let at = 0;
  let before = 0;
  for (const { offset, rows } of parts) {
    reader.offset = offset;
    const own = reader.wides(rows);
    for (let r = 0; r < rows; r++) ends[at++] = before + own[r]!;
    const count = own[rows - 1]!;
    raws.push(reader.take(count * bytes));
    before += count;
  }
  const raw = new Uint8Array(before * bytes);
  let to = 0;
  for (const part of raws) {
    raw.set(part, to);
    to += part.length;
  }
  return {
    form: 'arrays',
    ends,
    values: bytes === 8 ? new Float64Array(raw.buffer) : new Uint32Array(raw.buffer),
  };
}
