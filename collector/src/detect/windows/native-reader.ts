import { NativeError } from '@weir/core';

const decoder = new TextDecoder();
const HIGH_WORD = 2 ** 32;

/**
 * Reads the parts that blocks in ClickHouse's Native format are made of, one after the other. Every read throws a NativeError where the
 * bytes are cut short.
 */
export class NativeReader {
  offset = 0;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** A view of the next bytes, not a copy. */
  take(length: number): Uint8Array {
    if (this.offset + length > this.bytes.length)
      throw new NativeError(
        `cut short: ${length} bytes wanted, ${this.bytes.length - this.offset} left`,
        this.offset,
      );
    this.offset += length;
    return this.bytes.subarray(this.offset - length, this.offset);
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.take(1)[0]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      if (scale > 2 ** 42) throw new NativeError('number too long', this.offset);
    }
  }

  text(): string {
    return decoder.decode(this.take(this.varint()));
  }

  shorts(count: number): Uint16Array {
    return new Uint16Array(new Uint8Array(this.take(2 * count)).buffer);
  }

  words(count: number): Uint32Array {
    return new Uint32Array(new Uint8Array(this.take(4 * count)).buffer);
  }

  /** A number of 64 bits; not exact from 2^53 on. */
  wide(): number {
    return this.wides(1)[0]!;
  }

  wides(count: number): Float64Array {
    const words = this.words(2 * count);
    const values = new Float64Array(count);
    for (let i = 0; i < count; i++) values[i] = words[2 * i]! + words[2 * i + 1]! * HIGH_WORD;
    return values;
  }
}
