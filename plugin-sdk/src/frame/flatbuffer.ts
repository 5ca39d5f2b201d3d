/**
 * A writer of FlatBuffers, as much as Arrow's metadata needs: tables, vectors, strings, scalars. A buffer is described as
 * a tree and written parents first, which the format allows as all references point forward.
 *
 * Source: FlatBuffers' description of its binary format.
 */
export type FlatValue =
  | { readonly kind: 'i8' | 'i16' | 'i32'; readonly value: number }
  /** Signed, up to 2^53. */
  | { readonly kind: 'i64'; readonly value: number }
  | { readonly kind: 'string'; readonly text: string }
  /** Slots in the order of the schema; undefined is absent. */
  | { readonly kind: 'table'; readonly slots: readonly (FlatValue | undefined)[] }
  | { readonly kind: 'tables'; readonly items: readonly FlatTable[] }
  /** A vector of `count` structs, already laid out, aligned to 8. */
  | { readonly kind: 'structs'; readonly count: number; readonly bytes: Uint8Array };

export type FlatTable = Extract<FlatValue, { kind: 'table' }>;

const INLINE_SIZE = { i8: 1, i16: 2, i32: 4, i64: 8, string: 4, table: 4, tables: 4, structs: 4 } as const;

const encoder = new TextEncoder();

/** The finished buffer, its length a multiple of 8. */
export const writeFlatBuffer = (root: FlatTable): Uint8Array => {
  const writer = new FlatWriter();
  writer.writeRoot(root);
  return writer.finish();
};

class FlatWriter {
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  #end = 0;

  writeRoot(root: FlatTable): void {
    const slot = this.#take(4);
    this.#refer(slot, root);
  }

  finish(): Uint8Array {
    this.#align(8, 0);
    return this.#bytes.subarray(0, this.#end);
  }

  #take(size: number): number {
    const start = this.#end;
    this.#end += size;
    if (this.#end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#end, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return start;
  }

  /** Pads so that the position `ahead` bytes from here is a multiple of `to`. */
  #align(to: number, ahead: number): void {
    this.#take((to - ((this.#end + ahead) % to)) % to);
  }

  /** Writes a value here and its offset into the slot of its parent. */
  #refer(slot: number, value: FlatValue): void {
    const target = this.#write(value);
    this.#view.setUint32(slot, target - slot, true);
  }

  #write(value: FlatValue): number {
    switch (value.kind) {
      case 'table':
        return this.#writeTable(value.slots);
      case 'tables': {
        this.#align(4, 0);
        const start = this.#take(4 + 4 * value.items.length);
        this.#view.setUint32(start, value.items.length, true);
        for (const [index, item] of value.items.entries()) this.#refer(start + 4 + 4 * index, item);
        return start;
      }
      case 'structs': {
        this.#align(8, 4);
        const start = this.#take(4 + value.bytes.length);
        this.#view.setUint32(start, value.count, true);
        this.#bytes.set(value.bytes, start + 4);
        return start;
      }
      case 'string': {
        const text = encoder.encode(value.text);
        this.#align(4, 0);
        const start = this.#take(4 + text.length + 1);
        this.#view.setUint32(start, text.length, true);
        this.#bytes.set(text, start + 4);
        return start;
      }
      default:
        throw new TypeError(`A ${value.kind} stands within its table and cannot be referred to.`);
    }
  }

  #writeTable(slots: readonly (FlatValue | undefined)[]): number {
    // The table begins with the offset to its vtable; wide slots come first, so only they need alignment.
    const present = [...slots.entries()].filter(
      (entry): entry is [number, FlatValue] => entry[1] !== undefined,
    );
    const bySize = [...present].sort((a, b) => INLINE_SIZE[b[1].kind] - INLINE_SIZE[a[1].kind]);
    const wide = bySize.some(([, value]) => value.kind === 'i64');
    const offsets = new Map<number, number>();
    let size = wide ? 8 : 4;
    for (const [slot, value] of bySize) {
      offsets.set(slot, size);
      size += INLINE_SIZE[value.kind];
    }
    const vtableSize = 4 + 2 * slots.length;
    this.#align(wide ? 8 : 4, vtableSize);
    const vtable = this.#take(vtableSize);
    const table = this.#take(size);
    this.#view.setUint16(vtable, vtableSize, true);
    this.#view.setUint16(vtable + 2, size, true);
    for (const [slot, offset] of offsets) this.#view.setUint16(vtable + 4 + 2 * slot, offset, true);
    this.#view.setInt32(table, table - vtable, true);
    for (const [slot, value] of present) {
      const at = table + offsets.get(slot)!;
      if (value.kind === 'i8') this.#view.setInt8(at, value.value);
      else if (value.kind === 'i16') this.#view.setInt16(at, value.value, true);
      else if (value.kind === 'i32') this.#view.setInt32(at, value.value, true);
      else if (value.kind === 'i64') this.#view.setBigInt64(at, BigInt(value.value), true);
      else this.#refer(at, value);
    }
    return table;
  }
}
