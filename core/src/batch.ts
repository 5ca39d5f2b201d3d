import { type Column, type ColumnName, columnIndex, storedColumns } from './columns.ts';
import { Dictionary } from './dictionary.ts';

/** A stored column's values in memory: little-endian, as ClickHouse's Native format lays them out. */
export type ColumnArray = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/**
 * How a column lies in memory.
 *
 * - `bytes`: width of an element of the array. `words`: elements a row.
 *   64-bit numbers are two 32-bit words, the low one first; addresses are four words in network byte order: the words of an
 *   IPv4 address a.b.c.d (v4-mapped) are 0, 0, 0xffff0000 and a | b<<8 | c<<16 | d<<24.
 * - `text`: a row is an id of the column's dictionary.
 */
export interface ColumnLayout {
  readonly bytes: 1 | 2 | 4;
  readonly words: 1 | 2 | 4;
  readonly text: boolean;
}

export function layoutOf(type: Column['type']): ColumnLayout {
  switch (type) {
    case 'UInt8':
      return { bytes: 1, words: 1, text: false };
    case 'UInt16':
      return { bytes: 2, words: 1, text: false };
    case 'UInt32':
    case 'DateTime':
      return { bytes: 4, words: 1, text: false };
    case 'UInt64':
    case 'Int64':
      return { bytes: 4, words: 2, text: false };
    case 'IPv6':
      return { bytes: 4, words: 4, text: false };
    case 'String':
    case 'LowCardinality(String)':
      return { bytes: 4, words: 1, text: true };
    default:
      if (type.startsWith('Enum8(')) return { bytes: 1, words: 1, text: false };
      throw new Error(`a batch holds no ${type}`);
  }
}

/** Third word of a v4-mapped address: bytes 00 00 ff ff. */
export const V4_MAPPED = 0xffff0000;

const layouts = storedColumns.map((c) => layoutOf(c.type));

/**
 * Flows as columns: `rows` of them, in typed arrays of `capacity` rows. A column comes into being, zero-filled, when it is
 * first written, and is left out of the Native block when it was not: what an exporter does not send costs nothing.
 *
 * Reused through `reset()`. Rows beyond `rows` are always zero in every column.
 */
export class FlowBatch {
  readonly capacity: number;
  rows = 0;
  /** Counts resets: ids of texts hold for one generation. */
  generation = 0;
  /**
   * First and last packet in milliseconds since 1970 by the exporter's clock, NaN where not sent. Working columns of the
   * decoders: what is stored (`end_lag_ms`, `duration_ms`) is computed from them when a set is done.
   */
  readonly startMs: Float64Array;
  readonly endMs: Float64Array;

  private readonly arrays: (ColumnArray | undefined)[] = layouts.map(() => undefined);
  private readonly dictionaries: (Dictionary | undefined)[] = layouts.map(() => undefined);
  private readonly live = new Uint8Array(layouts.length);

  constructor(capacity: number) {
    this.capacity = capacity;
    this.startMs = new Float64Array(capacity);
    this.endMs = new Float64Array(capacity);
  }

  get room(): number {
    return this.capacity - this.rows;
  }

  /** Whether the column was written since the last reset. */
  has(index: number): boolean {
    return this.live[index] === 1;
  }

  /** The array of a one-byte column (`UInt8`, `Enum8`). */
  u8(index: number): Uint8Array {
    return this.array(index) as Uint8Array;
  }

  /** The array of a `UInt16` column. */
  u16(index: number): Uint16Array {
    return this.array(index) as Uint16Array;
  }

  /** The array of a `UInt32` or `DateTime` column; of a text column: the dictionary ids; of a 64-bit column or an address: its words. */
  u32(index: number): Uint32Array {
    return this.array(index) as Uint32Array;
  }

  dictionary(index: number): Dictionary {
    this.array(index);
    return (this.dictionaries[index] ??= new Dictionary());
  }

  /** Any column's array, made and marked as written. */
  array(index: number): ColumnArray {
    this.live[index] = 1;
    return (this.arrays[index] ??= make(layouts[index]!, this.capacity));
  }

  /** Makes rows zero again that were written in part, when what should have filled them failed. */
  wipe(from: number, to: number): void {
    for (let c = 0; c < layouts.length; c++) {
      const { words } = layouts[c]!;
      if (this.live[c] === 1) this.arrays[c]!.fill(0, from * words, to * words);
    }
  }

  /** Empties the batch; arrays are kept for the next flows. */
  reset(): void {
    this.generation++;
    for (let c = 0; c < layouts.length; c++) {
      if (this.live[c] === 0) continue;
      this.arrays[c]!.fill(0, 0, this.rows * layouts[c]!.words);
      this.dictionaries[c]?.clear();
      this.live[c] = 0;
    }
    this.rows = 0;
  }
}

/** Sets a text column to one text for the rows `[from, to)`. */
export function fillText(batch: FlowBatch, index: number, text: string, from: number, to: number): void {
  if (text === '') return;
  const id = batch.dictionary(index).internText(text);
  batch.u32(index).fill(id, from, to);
}

function make(layout: ColumnLayout, capacity: number): ColumnArray {
  const length = capacity * layout.words;
  return layout.bytes === 1
    ? new Uint8Array(length)
    : layout.bytes === 2
      ? new Uint16Array(length)
      : new Uint32Array(length);
}

/** Positions of all stored columns by name: `at.source_ip`. */
export const at = Object.fromEntries(
  storedColumns.map((c) => [c.name, columnIndex(c.name as ColumnName)]),
) as {
  readonly [N in ColumnName]: number;
};
