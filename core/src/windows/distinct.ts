/*
 * How many distinct values there were, of the k smallest hashes alone (bottom-k, "k minimum values": Bar-Yossef, Jayram, Kumar,
 * Sivakumar, Trevisan 2002; Beyer, Haas, Reinwald, Sismanis, Gemulla, "On synopses for distinct-value estimation", 2007).
 * Exact while there are fewer than k; beyond, with a standard error of about 1 / sqrt(k - 2). Merging is the union cut to
 * its k smallest, in SQL as here, in any order; a port can be told from its hash, so that evidence names ports; and two of
 * them tell how many values of one the other lacks: contacts that never answered.
 */

const HASHES = 2 ** 32;

/** A permutation of the 32-bit numbers that scatters them (the finaliser of MurmurHash3). Rows of all collectors use this one. */
export function scattered(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** What was scattered. */
export function gathered(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x7ed1b41d);
  h = Math.imul(h ^ (h >>> 13) ^ (h >>> 26), 0xa5cb9243);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Hash of an address, of four words in network byte order. */
export function addressHash(a: number, b: number, c: number, d: number): number {
  return a === 0 && b === 0
    ? scattered(d ^ 0x5bd1e995)
    : scattered(scattered(scattered(a ^ 0x5bd1e995) ^ b) ^ Math.imul(c, 0x9e3779b1) ^ d);
}

export function portHash(port: number): number {
  return scattered(port);
}

/** Ports whose hashes were kept: all of them where there were fewer than kept. */
export function keptPorts(hashes: ArrayLike<number>): number[] {
  return Array.from(hashes, gathered).sort((a, b) => a - b);
}

/** Hashes in ascending order, `kept` of them at most. */
export function distinctCount(hashes: ArrayLike<number>, kept: number): number {
  const n = hashes.length;
  return n < kept ? n : ((n - 1) * HASHES) / (hashes[n - 1] + 1);
}

/** Puts a hash in its place among the `count` kept at `at`, which ascend. Returns how many there are then. */
export function insertDistinct(
  hashes: Uint32Array,
  at: number,
  count: number,
  kept: number,
  hash: number,
): number {
  const end = at + count;
  if (count === kept && hash >= hashes[end - 1]) return count;
  let low = at;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (hashes[middle] < hash) low = middle + 1;
    else high = middle;
  }
  if (low < end && hashes[low] === hash) return count;
  const grown = count < kept ? count + 1 : count;
  for (let i = at + grown - 1; i > low; i--) hashes[i] = hashes[i - 1];
  hashes[low] = hash;
  return grown;
}

/** The union of several, cut to what is kept. */
export function mergedDistinct(parts: readonly ArrayLike<number>[], kept: number): Uint32Array {
  const out = new Uint32Array(kept);
  let count = 0;
  for (const part of parts)
    for (let i = 0; i < part.length; i++) count = insertDistinct(out, 0, count, kept, part[i]);
  return out.subarray(0, count);
}

/**
 * How many values of `a` are not in `b`: exact where both are exact; beyond, the share among the hashes that both would have
 * kept, of all.
 */
export function distinctWithout(a: ArrayLike<number>, b: ArrayLike<number>, kept: number): number {
  // Up to this hash both know all that there was.
  const known = Math.min(a.length < kept ? HASHES : a[kept - 1], b.length < kept ? HASHES : b[kept - 1]);
  let compared = 0;
  let lacking = 0;
  for (let i = 0, j = 0; i < a.length && a[i] <= known; i++) {
    while (j < b.length && b[j] < a[i]) j++;
    compared++;
    if (j >= b.length || b[j] !== a[i]) lacking++;
  }
  return compared === 0 ? 0 : (distinctCount(a, kept) * lacking) / compared;
}

/** Shannon entropy of a histogram as a share of the most that its buckets can have: 0 all in one, 1 all alike. */
export function normalisedEntropy(histogram: ArrayLike<number>): number {
  let total = 0;
  let sum = 0;
  for (let i = 0; i < histogram.length; i++) {
    const n = histogram[i];
    if (n <= 0) continue;
    total += n;
    sum += n * Math.log(n);
  }
  return total === 0 ? 0 : (Math.log(total) - sum / total) / Math.log(histogram.length);
}
