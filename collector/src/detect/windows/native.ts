import { NativeError } from '@weir/core';
import {
  type ClosedWindow,
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
  windowColumns,
  windowKeys,
  windowKindType,
  windowKinds,
} from '@weir/core/windows';
import { slotOf } from './layout.ts';
import { Names } from './names.ts';
import { NativeReader } from './native-reader.ts';
import { byKind } from './window-set.ts';

/*
 * Windows in ClickHouse's Native format: a block for each window with all its kinds. Texts go as plain strings: the engine puts them
 * into its dictionaries. What comes back may be cut into blocks in any way.
 */

const encoder = new TextEncoder();
const HIGH_WORD = 2 ** 32;
const MOST_NAMES = 65_536;

/** A closed window as a Native block for `windows_10s`. */
export function encodeWindow(window: ClosedWindow, collector: string): Uint8Array<ArrayBuffer> {
  const parts = windowKinds.map(({ name }) => window.kinds[name]);
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const out = new Writer();
  out.varint(4 + windowKeys.length + windowColumns.length);
  out.varint(rows);
  const begin = (name: string, type: string): void => {
    out.text(encoder.encode(name));
    out.text(encoder.encode(type));
  };
  begin('timestamp', 'DateTime');
  out.words(new Uint32Array(rows).fill(window.start));
  begin('collector', 'String');
  const name = encoder.encode(collector);
  for (let r = 0; r < rows; r++) out.text(name);
  begin('kind', windowKindType);
  parts.forEach((part, k) => out.raw(new Uint8Array(part.rows).fill(k + 1)));
  begin('rest', 'UInt8');
  for (const part of parts) out.raw(part.rest);
  for (const key of windowKeys) {
    begin(key.name, key.type.includes('String') ? 'String' : key.type);
    for (const part of parts) encodeKey(out, part, key.name, key.type);
  }
  for (const column of windowColumns) {
    begin(column.name, column.type);
    encodeColumn(out, parts, column);
  }
  return out.done();
}

function encodeKey(out: Writer, part: WindowRows, name: WindowKey, type: string): void {
  const values = part.keys[name] ?? new Uint32Array(part.rows * keyWords(name));
  if (name === 'tenant_id' || name === 'application') {
    const texts = part.texts[name].map((text) => encoder.encode(text));
    for (let r = 0; r < part.rows; r++) out.text(texts[values[r]!]!);
  } else if (type === 'UInt8') out.raw(Uint8Array.from(values));
  else if (type === 'UInt16') out.raw(new Uint8Array(Uint16Array.from(values).buffer));
  else out.words(values);
}

function encodeColumn(out: Writer, parts: readonly WindowRows[], column: WindowColumn): void {
  if (column.merge === 'histogram') {
    const name = column.name as WindowHistogram;
    const length = column.length!;
    let end = 0;
    for (const part of parts)
      out.wide(
        Float64Array.from(
          { length: part.rows },
          () => (end += part.histograms[name] === undefined ? 0 : length),
        ),
      );
    for (const part of parts) out.wide(part.histograms[name] ?? new Float64Array(0));
  } else if (column.merge === 'distinct') {
    const name = column.name as WindowDistinct;
    let before = 0;
    for (const part of parts) {
      const ends = part.distincts[name]?.ends;
      out.wide(Float64Array.from({ length: part.rows }, (_, r) => before + (ends?.[r] ?? 0)));
      before += part.distincts[name]?.hashes.length ?? 0;
    }
    for (const part of parts) out.words(part.distincts[name]?.hashes ?? new Uint32Array(0));
  } else
    for (const part of parts) {
      const values = part.numbers[column.name as WindowNumber];
      if (column.type === 'UInt64') out.wide(values);
      else if (column.type === 'UInt32') out.words(Uint32Array.from(values));
      else out.raw(Uint8Array.from(values));
    }
}

type Decoded =
  | { readonly form: 'numbers'; readonly values: Float64Array }
  | { readonly form: 'words'; readonly values: Uint32Array }
  | { readonly form: 'texts'; readonly values: readonly string[] }
  | { readonly form: 'arrays'; readonly ends: Float64Array; readonly values: Float64Array | Uint32Array };

/**
 * Windows from Native blocks: what `encodeWindow` wrote, or the engine's answer to `mergedWindowsSql`. In order of time; rows of a
 * window that come in several blocks come together. Rows of several collectors are not merged: see `mergedWindows`.
 *
 * @throws NativeError on what is not such a block
 */
export function decodeWindows(blocks: Uint8Array): ClosedWindow[] {
  const reader = new NativeReader(blocks);
  const windows = new Map<number, Record<WindowKind, RowsBuilder>>();
  const names = { tenant_id: new Names(MOST_NAMES), application: new Names(MOST_NAMES) };
  while (reader.offset < blocks.length) {
    const { rows, columns } = readBlock(reader);
    const timestamps = numbersOf(columns, 'timestamp', reader);
    const kinds = numbersOf(columns, 'kind', reader);
    for (let r = 0; r < rows; r++) {
      const kind = windowKinds[kinds[r]! - 1]?.name;
      if (kind === undefined)
        throw new NativeError(`kind ${kinds[r]} of ${windowKinds.length}`, reader.offset);
      let window = windows.get(timestamps[r]!);
      if (window === undefined) {
        window = byKind((k) => new RowsBuilder(k, names));
        windows.set(timestamps[r]!, window);
      }
      window[kind].add(columns, r);
    }
  }
  return [...windows]
    .sort(([a], [b]) => a - b)
    .map(([start, builders]) => ({ start, kinds: byKind((kind) => builders[kind].rows()) }));
}

function readBlock(reader: NativeReader): { rows: number; columns: Map<string, Decoded> } {
  const count = reader.varint();
  const rows = reader.varint();
  const columns = new Map<string, Decoded>();
  for (let c = 0; c < count; c++) {
    const name = reader.text();
    const type = reader.text();
    columns.set(name, rows === 0 ? { form: 'texts', values: [] } : readColumn(reader, name, type, rows));
  }
  return { rows, columns };
}

function readColumn(reader: NativeReader, name: string, type: string, rows: number): Decoded {
  if (type === 'String') return { form: 'texts', values: Array.from({ length: rows }, () => reader.text()) };
  if (type === 'IPv6') return { form: 'words', values: reader.words(4 * rows) };
  if (type === 'UInt8' || type === windowKindType)
    return { form: 'numbers', values: Float64Array.from(reader.take(rows)) };
  if (type === 'UInt16') return { form: 'numbers', values: Float64Array.from(reader.shorts(rows)) };
  if (type === 'UInt32' || type === 'DateTime')
    return { form: 'numbers', values: Float64Array.from(reader.words(rows)) };
  if (type === 'UInt64') return { form: 'numbers', values: reader.wides(rows) };
  if (type === 'Array(UInt64)' || type === 'Array(UInt32)') {
    const ends = reader.wides(rows);
    const total = ends[rows - 1]!;
    return {
      form: 'arrays',
      ends,
      values: type === 'Array(UInt64)' ? reader.wides(total) : reader.words(total),
    };
  }
  throw new NativeError(`column ${name} is ${type}, which no column of a window is`, reader.offset);
}

function numbersOf(columns: Map<string, Decoded>, name: string, reader: NativeReader): Float64Array {
  const column = columns.get(name);
  if (column?.form === 'numbers') return column.values;
  if (column?.form === 'texts' && column.values.length === 0) return new Float64Array(0);
  throw new NativeError(`column ${name} is missing or of another type`, reader.offset);
}

/** Rows of one kind as they come. */
class RowsBuilder {
  private readonly kind: WindowKind;
  private readonly names: Readonly<Record<'tenant_id' | 'application', Names>>;
  private count = 0;
  private readonly rest: number[] = [];
  private readonly keys = new Map<WindowKey, number[]>();
  private readonly values = new Map<string, number[]>();
  private readonly ends = new Map<string, number[]>();

  constructor(kind: WindowKind, names: Readonly<Record<'tenant_id' | 'application', Names>>) {
    this.kind = kind;
    this.names = names;
    for (const name of keyOfKind(kind)) this.keys.set(name, []);
    for (const { name } of columnsOfKind(kind)) {
      this.values.set(name, []);
      this.ends.set(name, []);
    }
  }

  add(columns: Map<string, Decoded>, r: number): void {
    this.count++;
    this.rest.push(one(columns.get('rest'), r));
    for (const [name, out] of this.keys) {
      const column = columns.get(name);
      if (name === 'tenant_id' || name === 'application')
        out.push(this.names[name].id(column?.form === 'texts' ? column.values[r]! : ''));
      else if (column?.form === 'words') for (let w = 0; w < 4; w++) out.push(column.values[4 * r + w]!);
      else out.push(one(column, r));
    }
    for (const [name, out] of this.values) {
      const column = columns.get(name);
      if (column?.form === 'arrays')
        for (let i = r === 0 ? 0 : column.ends[r - 1]!; i < column.ends[r]!; i++) out.push(column.values[i]!);
      else if (name in slotOf) out.push(one(column, r));
      this.ends.get(name)!.push(out.length);
    }
  }

  rows(): WindowRows {
    const numbers = {} as Record<WindowNumber, Float64Array>;
    const histograms: Partial<Record<WindowHistogram, Float64Array>> = {};
    const distincts: Partial<Record<WindowDistinct, DistinctColumn>> = {};
    for (const { name, merge } of columnsOfKind(this.kind)) {
      const values = this.values.get(name)!;
      if (merge === 'histogram') histograms[name as WindowHistogram] = Float64Array.from(values);
      else if (merge === 'distinct')
        distincts[name as WindowDistinct] = {
          ends: Uint32Array.from(this.ends.get(name)!),
          hashes: Uint32Array.from(values),
        };
      else numbers[name as WindowNumber] = Float64Array.from(values);
    }
    return {
      kind: this.kind,
      rows: this.count,
      rest: Uint8Array.from(this.rest),
      keys: Object.fromEntries([...this.keys].map(([name, values]) => [name, Uint32Array.from(values)])),
      texts: { tenant_id: this.names.tenant_id.texts, application: this.names.application.texts },
      numbers,
      histograms,
      distincts,
    };
  }
}

function one(column: Decoded | undefined, r: number): number {
  return column?.form === 'numbers' ? column.values[r]! : 0;
}

class Writer {
  private bytes = new Uint8Array(1 << 16);
  private offset = 0;

  varint(value: number): void {
    this.room(10);
    while (value >= 0x80) {
      this.bytes[this.offset++] = (value & 0x7f) | 0x80;
      value = Math.floor(value / 128);
    }
    this.bytes[this.offset++] = value;
  }

  text(text: Uint8Array): void {
    this.varint(text.length);
    this.raw(text);
  }

  raw(bytes: Uint8Array): void {
    this.room(bytes.length);
    this.bytes.set(bytes, this.offset);
    this.offset += bytes.length;
  }

  words(words: Uint32Array): void {
    this.raw(new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
  }

  /** Whole numbers as 64 bits; cut where they are below zero or above what is exact. */
  wide(values: Float64Array): void {
    const words = new Uint32Array(values.length * 2);
    for (let i = 0; i < values.length; i++) {
      const value = Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, values[i]!));
      words[2 * i] = value;
      words[2 * i + 1] = value / HIGH_WORD;
    }
    this.words(words);
  }

  private room(bytes: number): void {
    if (this.offset + bytes <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.offset + bytes));
    larger.set(this.bytes);
    this.bytes = larger;
  }

  done(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.offset);
  }
}
