import { V4_MAPPED, addressWords } from '@weir/core';
import { parsePrefix } from '../../enrich/prefixes.ts';

const NONE = 0;
const ALL = 1;
const SOME = 2;

/** Whether an address is of the own networks: a look into a table of IPv4's /16s decides nearly always. */
export class OwnNetworks {
  private readonly first16 = new Uint8Array(65_536);
  /** Four words and four masks each. */
  private readonly prefixes: Uint32Array;

  /** @throws PrefixError on what is no prefix */
  constructor(texts: readonly string[]) {
    const parsed = texts.map(parsePrefix);
    this.prefixes = new Uint32Array(8 * parsed.length);
    parsed.forEach(({ family, length, text }, i) => {
      const words = addressWords(text.split('/')[0]!);
      const bits = family === 4 ? 96 + length : length;
      const mask = new Uint8Array(16);
      for (let b = 0; b < bits; b++) mask[b >> 3]! |= 0x80 >> (b & 7);
      const masks = new Uint32Array(mask.buffer);
      this.prefixes.set(
        words.map((w, k) => (w & masks[k]!) >>> 0),
        8 * i,
      );
      this.prefixes.set(masks, 8 * i + 4);
      if (bits < 96) {
        if (matches(words, masks, 0, 0, V4_MAPPED)) this.first16.fill(SOME);
        return;
      }
      for (let low = 0; low < 65_536; low++)
        if (((low ^ words[3]!) & masks[3]! & 0xffff) === 0 && this.first16[low] !== ALL)
          this.first16[low] = bits <= 112 ? ALL : SOME;
    });
  }

  has(a: number, b: number, c: number, d: number): boolean {
    if (a === 0 && b === 0 && c === V4_MAPPED) {
      const known = this.first16[d & 0xffff]!;
      if (known !== SOME) return known !== NONE;
    }
    const p = this.prefixes;
    for (let i = 0; i < p.length; i += 8)
      if (
        ((a ^ p[i]!) & p[i + 4]!) === 0 &&
        ((b ^ p[i + 1]!) & p[i + 5]!) === 0 &&
        ((c ^ p[i + 2]!) & p[i + 6]!) === 0 &&
        ((d ^ p[i + 3]!) & p[i + 7]!) === 0
      )
        return true;
    return false;
  }
}

function matches(words: Uint32Array, masks: Uint32Array, a: number, b: number, c: number): boolean {
  return (
    ((a ^ words[0]!) & masks[0]!) === 0 &&
    ((b ^ words[1]!) & masks[1]!) === 0 &&
    ((c ^ words[2]!) & masks[2]!) === 0
  );
}
