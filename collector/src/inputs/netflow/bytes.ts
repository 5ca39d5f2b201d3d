/* Big-endian reads. Callers have checked the bounds. */

/** The same bytes twice: whole words are read fastest through the view. */
export interface Octets {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

export function octetsOf(bytes: Uint8Array): Octets {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

export function u16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!;
}

export function u32(bytes: Uint8Array, offset: number): number {
  return (
    ((bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!) >>>
    0
  );
}

/** An unsigned number of any length; above 2^53 it loses its lowest bits. */
export function unsigned(bytes: Uint8Array, offset: number, length: number): number {
  let value = 0;
  for (let i = 0; i < length; i++) value = value * 256 + bytes[offset + i]!;
  return value;
}
