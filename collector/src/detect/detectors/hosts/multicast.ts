import { V4_MAPPED } from '@weir/core';

/** Whether the address at a row is not one host's: multicast, or a broadcast of a /24 or a whole network. Words in memory's byte order. */
export function isMulticast(words: Uint32Array, row: number): boolean {
  const at = 4 * row;
  if (words[at] === 0 && words[at + 1] === 0 && words[at + 2] === V4_MAPPED) {
    const address = words[at + 3]!;
    return (address & 0xff) >= 224 || address >>> 24 === 255;
  }
  return (words[at]! & 0xff) === 0xff;
}
