import { isIP } from 'node:net';
import { V4_MAPPED } from '@weir/core';
import { addressText, addressWords } from '@weir/core';

/** An address block: `10.0.0.0/8`, `2001:db8::/32`, or a single address. */
export interface Prefix {
  readonly family: 4 | 6;
  /** Leading bits that count: 0 to 32, or 0 to 128. */
  readonly length: number;
  /** As it is written: `10.0.0.0/8`, bits beyond the length cleared, a single address without its length. */
  readonly text: string;
  /** Bits beyond the length were set in what the user wrote. */
  readonly trimmed: boolean;
}

/** A text that is neither address nor prefix. */
export class PrefixError extends Error {
  override readonly name = 'PrefixError';
  /** What would be right, in words that can follow “… is '10.0.0.0/33'; ”. */
  readonly right: string;

  constructor(text: string, right: string) {
    super(`'${text}' is not an address or a prefix; ${right}`);
    this.right = right;
  }
}

const WIDTH = { 4: 32, 6: 128 } as const;

/** Reads an address or a prefix. Throws a {@link PrefixError} that tells what is wrong with it. */
export function parsePrefix(text: string): Prefix {
  const [address = '', lengthText, ...more] = text.trim().split('/');
  if (isIP(address) === 0 || address.includes('%') || more.length > 0)
    throw new PrefixError(text, 'write 192.0.2.1, 10.0.0.0/8, 2001:db8::1 or 2001:db8::/32');
  const words = addressWords(address);
  const mapped = isMapped(words);
  const writtenWidth = isIP(address) === 4 ? 32 : 128;
  if (lengthText !== undefined && (!/^\d{1,3}$/.test(lengthText) || Number(lengthText) > writtenWidth))
    throw new PrefixError(
      text,
      `the length after the slash of an ${writtenWidth === 32 ? 'IPv4' : 'IPv6'} prefix is a number from 0 to ${writtenWidth}`,
    );
  let length = lengthText === undefined ? writtenWidth : Number(lengthText);
  let family: 4 | 6 = writtenWidth === 32 ? 4 : 6;
  if (family === 6 && mapped && length >= 96) {
    family = 4;
    length -= 96;
  }
  const kept = masked(words, family, length);
  const trimmed = kept.some((word, i) => word !== words[i]);
  const shown = addressText(kept);
  return { family, length, text: length === WIDTH[family] ? shown : `${shown}/${length}`, trimmed };
}

/**
 * Values by address and prefix, IPv4 and IPv6, where the most specific entry wins: the exact address, then the longest prefix.
 * IPv4 written as IPv6 (`::ffff:10.0.0.1`) is IPv4.
 */
export class PrefixTable<T> {
  /** Values by masked address, one map for each length in use, longest first. */
  private readonly lengths: Record<4 | 6, { length: number; values: Map<string, T> }[]> = { 4: [], 6: [] };

  /** Adds or replaces. Throws a {@link PrefixError} where `text` is neither address nor prefix. */
  set(text: string, value: T): void {
    const { family, length, text: canonical } = parsePrefix(text);
    const list = this.lengths[family];
    let entry = list.find((e) => e.length === length);
    if (entry === undefined) {
      entry = { length, values: new Map() };
      list.push(entry);
      list.sort((a, b) => b.length - a.length);
    }
    const words = addressWords(canonical.split('/')[0]!);
    entry.values.set(key(masked(words, family, length)), value);
  }

  /** The value of the most specific entry that holds the address; undefined where none does, or where it is no address. */
  get(address: string): T | undefined {
    return this.matches(address).next().value;
  }

  /** The values of all entries that hold the address, the most specific first. */
  *matches(address: string): Generator<T, undefined> {
    const bare = address.split('%')[0]!;
    if (isIP(bare) === 0) return undefined;
    yield* this.matchesOf(addressWords(bare));
    return undefined;
  }

  /** As {@link matches}, of an address as a batch holds it: four words in network byte order. */
  *matchesOf(words: Uint32Array): Generator<T, undefined> {
    const family = isMapped(words) ? 4 : 6;
    for (const { length, values } of this.lengths[family]) {
      const at = key(masked(words, family, length));
      if (values.has(at)) yield values.get(at)!;
    }
    return undefined;
  }
}

function isMapped(words: Uint32Array): boolean {
  return words[0] === 0 && words[1] === 0 && words[2] === V4_MAPPED;
}

function masked(words: Uint32Array, family: 4 | 6, length: number): Uint32Array {
  const out = words.slice();
  const bytes = new Uint8Array(out.buffer);
  const from = family === 4 ? 96 + length : length;
  for (let i = 0; i < 16; i++) {
    const keep = Math.min(8, Math.max(0, from - i * 8));
    bytes[i]! &= 0xff << (8 - keep);
  }
  return out;
}

function key(words: Uint32Array): string {
  return `${words[0]}.${words[1]}.${words[2]}.${words[3]}`;
}
