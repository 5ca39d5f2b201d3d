import { u32, unsigned } from './bytes.ts';

/*
 * Application ids (RFC 6759 section 4) as the two words of a 64-bit column: a classification engine in the first octet, then
 * a selector. Up to 8 octets are a number as they stand. Longer ones come from engine 20, which puts a private enterprise
 * number of 4 octets before the selector: engine (8 bits), enterprise number (24), the selector's last 32.
 */

export function applicationHigh(bytes: Uint8Array, from: number, to: number): number {
  const length = to - from;
  if (length <= 4) return 0;
  if (length <= 8) return unsigned(bytes, from, length - 4);
  return ((bytes[from]! << 24) | unsigned(bytes, from + 2, 3)) >>> 0;
}

export function applicationLow(bytes: Uint8Array, from: number, to: number): number {
  return to - from < 4 ? unsigned(bytes, from, to - from) : u32(bytes, to - 4);
}

/** One exact number for the two words, to look names up by: without the engine where all bits would not fit. */
export function applicationKey(high: number, low: number): number {
  return (high < 0x200000 ? high : high & 0xffffff) * 4294967296 + low;
}
