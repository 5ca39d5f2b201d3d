import { type Column, storedColumns } from './columns.ts';
import type { FlowBatch } from './batch.ts';
import { layoutOf } from './batch.ts';
import { Dictionary } from './dictionary.ts';

/*
 * ClickHouse's Native format, one block: number of columns and rows as LEB128, then for each column its name, its type and
 * its values. Numbers are little-endian arrays. LowCardinality(String) is written with the keys in the block:
 * version 1, flags (width of an index, "has additional keys"), the keys, then an index a row.
 */

const LOW_CARDINALITY_VERSION = 1;
const HAS_ADDITIONAL_KEYS = 1 << 9;
const NEEDS_GLOBAL_DICTIONARY = 1 << 8;
const NEEDS_UPDATE = 1 << 10;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What was wrong with a Native block, and where. */
export class NativeError extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(`Native block, byte ${offset}: ${message}`);
    this.name = 'NativeError';
    this.offset = offset;
  }
}

/** Names of the columns that a batch's block carries, in the order of the table. */
export function liveColumns(batch: FlowBatch): string[] {
  return storedColumns.filter((_, i) => batch.has(i)).map((c) => c.name);
}

/**
 * A batch as one Native block. Columns never written are left out: the table's defaults are their zeros. It is written into
 * `memory` where that is large enough: megabytes made and thrown away many times a second are what the garbage collector
 * would do most.
 */
export function encodeNative(batch: FlowBatch, memory?: ArrayBuffer): Uint8Array<ArrayBuffer> {
  const { rows } = batch;
  const writer = new NativeWriter(sizeBound(batch), memory);
  const live = storedColumns.map((c, i) => [c, i] as const).filter(([, i]) => batch.has(i));
  writer.varint(live.length);
  writer.varint(rows);
  for (const [column, index] of live) {
    writer.text(column.name);
    writer.text(column.type);
    if (rows === 0) continue;
    const layout = layoutOf(column.type);
    if (!layout.text) writer.array(batch.array(index), rows * layout.words * layout.bytes);
    else if (column.type === 'String') writer.strings(batch.dictionary(index), batch.u32(index), rows);
    else writer.lowCardinality(batch.dictionary(index), batch.u32(index), rows);
  }
  return writer.done();
}

/**
 * Reads blocks that `encodeNative` wrote, or the engine (which writes none where there is no row): any of the table's stored columns, in any order, after the rows
 * already there. On a {@link NativeError} the batch's rows are as they were.
 */
export function decodeNative(blocks: Uint8Array, batch: FlowBatch): void {
  const reader = new NativeReader(blocks);
  const from = batch.rows;
  try {
    while (reader.offset < blocks.length) decodeBlock(reader, batch);
  } catch (error) {
    batch.wipe(from, batch.capacity);
    batch.rows = from;
    throw error;
  }
}

function decodeBlock(reader: NativeReader, batch: FlowBatch): void {
  const columnCount = reader.varint();
  const rows = reader.varint();
  if (rows > batch.room) throw new NativeError(`${rows} rows, and room for ${batch.room}`, reader.offset);
  const from = batch.rows;
  for (let c = 0; c < columnCount; c++) {
    const name = reader.text();
    const type = reader.text();
    const index = storedColumns.findIndex((s) => s.name === name);
    const column: Column | undefined = storedColumns[index];
    if (column === undefined) throw new NativeError(`unknown column ${name}`, reader.offset);
    if (column.type !== type)
      throw new NativeError(`column ${name} is ${type}, should be ${column.type}`, reader.offset);
    if (rows === 0) continue;
    const layout = layoutOf(column.type);
    if (!layout.text) {
      const target = batch.array(index);
      const length = rows * layout.words * layout.bytes;
      const bytes = reader.take(length);
      new Uint8Array(target.buffer, target.byteOffset + from * layout.words * layout.bytes, length).set(
        bytes,
      );
    } else if (column.type === 'String')
      reader.strings(batch.dictionary(index), batch.u32(index), from, rows);
    else reader.lowCardinality(batch.dictionary(index), batch.u32(index), from, rows);
  }
  batch.rows = from + rows;
}

function sizeBound(batch: FlowBatch): number {
  let bound = 64;
  for (let i = 0; i < storedColumns.length; i++) {
    if (!batch.has(i)) continue;
    const column = storedColumns[i]!;
    const layout = layoutOf(column.type);
    bound += column.name.length + column.type.length + 8 + batch.rows * layout.words * layout.bytes;
    if (!layout.text) continue;
    const dictionary = batch.dictionary(i);
    bound += 64 + dictionary.size * 4 + dictionary.end(dictionary.size - 1);
    if (column.type === 'String') {
      const ids = batch.u32(i);
      for (let r = 0; r < batch.rows; r++) bound += dictionary.end(ids[r]!) - dictionary.start(ids[r]!);
    }
  }
  return bound;
}

class NativeWriter {
  private readonly bytes: Uint8Array<ArrayBuffer>;
  private offset = 0;

  constructor(bound: number, memory?: ArrayBuffer) {
    this.bytes =
      memory !== undefined && memory.byteLength >= bound ? new Uint8Array(memory) : new Uint8Array(bound);
  }

  varint(value: number): void {
    while (value >= 0x80) {
      this.bytes[this.offset++] = (value & 0x7f) | 0x80;
      value = Math.floor(value / 128);
    }
    this.bytes[this.offset++] = value;
  }

  text(text: string): void {
    const bytes = encoder.encode(text);
    this.varint(bytes.length);
    this.bytes.set(bytes, this.offset);
    this.offset += bytes.length;
  }

  array(array: ArrayBufferView, length: number): void {
    this.bytes.set(new Uint8Array(array.buffer, array.byteOffset, length), this.offset);
    this.offset += length;
  }

  private u64(value: number): void {
    for (let i = 0; i < 8; i++) {
      this.bytes[this.offset++] = value % 256;
      value = Math.floor(value / 256);
    }
  }

  private slice(dictionary: Dictionary, id: number): void {
    const arena = dictionary.arena();
    const end = dictionary.end(id);
    const start = dictionary.start(id);
    this.varint(end - start);
    for (let i = start; i < end; i++) this.bytes[this.offset++] = arena[i]!;
  }

  strings(dictionary: Dictionary, ids: Uint32Array, rows: number): void {
    for (let r = 0; r < rows; r++) this.slice(dictionary, ids[r]!);
  }

  lowCardinality(dictionary: Dictionary, ids: Uint32Array, rows: number): void {
    this.u64(LOW_CARDINALITY_VERSION);
    const width = dictionary.size <= 0x100 ? 0 : dictionary.size <= 0x10000 ? 1 : 2;
    this.u64(width | HAS_ADDITIONAL_KEYS | NEEDS_UPDATE);
    this.u64(dictionary.size);
    for (let id = 0; id < dictionary.size; id++) this.slice(dictionary, id);
    this.u64(rows);
    if (width === 0) {
      for (let r = 0; r < rows; r++) this.bytes[this.offset++] = ids[r]!;
    } else if (width === 1) {
      for (let r = 0; r < rows; r++) {
        this.bytes[this.offset++] = ids[r]! & 0xff;
        this.bytes[this.offset++] = ids[r]! >>> 8;
      }
    } else this.array(ids, rows * 4);
  }

  done(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.offset);
  }
}

class NativeReader {
  offset = 0;
  private readonly block: Uint8Array;

  constructor(block: Uint8Array) {
    this.block = block;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.take(1)[0]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      if (scale > 2 ** 42) throw new NativeError('number too long', this.offset);
    }
    return value;
  }

  take(length: number): Uint8Array {
    if (this.offset + length > this.block.length)
      throw new NativeError(
        `cut short: ${length} bytes wanted, ${this.block.length - this.offset} left`,
        this.offset,
      );
    const bytes = this.block.subarray(this.offset, this.offset + length);
    this.offset += length;
    return bytes;
  }

  text(): string {
    return decoder.decode(this.take(this.varint()));
  }

  private u64(): number {
    const bytes = this.take(8);
    let value = 0;
    for (let i = 7; i >= 0; i--) value = value * 256 + bytes[i]!;
    return value;
  }

  private intern(dictionary: Dictionary): number {
    const length = this.varint();
    const start = this.offset;
    this.take(length);
    return dictionary.intern(this.block, start, start + length);
  }

  strings(dictionary: Dictionary, ids: Uint32Array, from: number, rows: number): void {
    for (let r = 0; r < rows; r++) ids[from + r] = this.intern(dictionary);
  }

  lowCardinality(dictionary: Dictionary, ids: Uint32Array, from: number, rows: number): void {
    if (this.u64() !== LOW_CARDINALITY_VERSION)
      throw new NativeError('unknown LowCardinality version', this.offset);
    const flags = this.u64();
    if ((flags & NEEDS_GLOBAL_DICTIONARY) !== 0)
      throw new NativeError('LowCardinality with a global dictionary', this.offset);
    const width = flags & 0xff;
    const keyCount = this.u64();
    if (keyCount > this.block.length) throw new NativeError('more keys than bytes', this.offset);
    const keys = new Uint32Array(keyCount);
    for (let k = 0; k < keyCount; k++) keys[k] = this.intern(dictionary);
    if (this.u64() !== rows) throw new NativeError('another number of indexes than rows', this.offset);
    if (width > 2) throw new NativeError('indexes of 8 bytes', this.offset);
    const bytes = 1 << width;
    const raw = this.take(rows * bytes);
    for (let r = 0; r < rows; r++) {
      let key = 0;
      for (let b = bytes - 1; b >= 0; b--) key = key * 256 + raw[r * bytes + b]!;
      if (key >= keyCount) throw new NativeError(`index ${key} of ${keyCount} keys`, this.offset);
      ids[from + r] = keys[key]!;
    }
  }
}

/** A column of a small table that is not `network_flows`. */
export interface SmallColumn {
  readonly name: string;
  readonly type: 'DateTime' | 'Int64' | 'IPv6' | 'LowCardinality(String)' | 'String';
  /** Numbers for `DateTime` (seconds) and `Int64`, texts for texts; for `IPv6` four words in network byte order each. */
  readonly values: readonly (number | string | ArrayLike<number>)[];
}

/** Rows of a small table as one Native block: for the ledger and its like, not for flows. */
export function encodeSmall(small: readonly SmallColumn[], rows: number): Uint8Array<ArrayBuffer> {
  let bound = 64;
  for (const column of small) {
    bound += column.name.length + 100 + rows * 24;
    for (const value of column.values) if (typeof value === 'string') bound += value.length * 3;
  }
  const writer = new NativeWriter(bound);
  writer.varint(small.length);
  writer.varint(rows);
  for (const { name, type, values } of small) {
    writer.text(name);
    writer.text(type);
    if (type === 'String' || type === 'LowCardinality(String)') {
      const dictionary = new Dictionary();
      const ids = Uint32Array.from(values, (v) => dictionary.internText(String(v)));
      if (type === 'String') writer.strings(dictionary, ids, rows);
      else writer.lowCardinality(dictionary, ids, rows);
    } else if (type === 'IPv6') {
      const words = new Uint32Array(rows * 4);
      values.forEach((v, r) => words.set(v as ArrayLike<number>, r * 4));
      writer.array(words, rows * 16);
    } else if (type === 'DateTime') writer.array(Uint32Array.from(values, Number), rows * 4);
    else {
      const words = new Uint32Array(rows * 2);
      values.forEach((v, r) => {
        words[2 * r] = Number(v);
        words[2 * r + 1] = Math.floor(Number(v) / 4294967296);
      });
      writer.array(words, rows * 8);
    }
  }
  return writer.done();
}
