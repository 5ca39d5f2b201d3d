/** Writes big-endian values one behind the other into a buffer of fixed size. */
export class ByteWriter {
  readonly bytes: Uint8Array;
  position = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  u8(value: number): void {
    this.bytes[this.position++] = value;
  }

  u16(value: number): void {
    const { bytes, position } = this;
    bytes[position] = value >>> 8;
    bytes[position + 1] = value;
    this.position = position + 2;
  }

  /** Takes any whole number and writes its low 32 bits. */
  u32(value: number): void {
    const { bytes, position } = this;
    bytes[position] = value >>> 24;
    bytes[position + 1] = value >>> 16;
    bytes[position + 2] = value >>> 8;
    bytes[position + 3] = value;
    this.position = position + 4;
  }

  /** A whole number below 2⁵³. */
  u64(value: number): void {
    this.u32(Math.floor(value / 4294967296));
    this.u32(value);
  }

  /** `length` bytes of `source` from `from`; by a loop, which is faster than `set` for a few bytes. */
  copy(source: Uint8Array, from: number, length: number): void {
    const { bytes, position } = this;
    for (let i = 0; i < length; i++) bytes[position + i] = source[from + i]!;
    this.position = position + length;
  }

  zeros(count: number): void {
    this.bytes.fill(0, this.position, this.position + count);
    this.position += count;
  }

  /** A string in a field of fixed length: cut or padded with zeros. */
  fixed(text: string, length: number): void {
    const encoded = new TextEncoder().encode(text).subarray(0, length);
    this.copy(encoded, 0, encoded.length);
    this.zeros(length - encoded.length);
  }

  /** A field of variable length (RFC 7011, 7): one byte of length below 255, else 255 and two. */
  variable(encoded: Uint8Array): void {
    if (encoded.length < 255) this.u8(encoded.length);
    else {
      this.u8(255);
      this.u16(encoded.length);
    }
    this.copy(encoded, 0, encoded.length);
  }

  /** Overwrites two bytes written before. */
  patchU16(at: number, value: number): void {
    this.bytes[at] = value >>> 8;
    this.bytes[at + 1] = value;
  }
}
