/**
 * LZ4's block format, without the frame around it, as ClickHouse's compressed blocks carry it. Node's zlib has no LZ4, and
 * the packages that have it are no longer kept.
 */

const MIN_MATCH = 4;
/** The format wants the last five bytes as literals, and no match to begin in the last twelve. */
const LAST_LITERALS = 5;
const MATCH_LIMIT = 12;
const HASH_BITS = 14;
const MAX_OFFSET = 65_535;

/**
 * Decompresses one block.
 *
 * @throws RangeError where the block does not hold exactly `size` bytes, or points outside of them
 */
export function decompressLz4(block: Uint8Array, size: number): Buffer {
  const out = Buffer.allocUnsafe(size);
  let from = 0;
  let to = 0;
  while (from < block.length) {
    const token = block[from++]!;
    let literals = token >> 4;
    if (literals === 15) {
      let more: number;
      do {
        if (from >= block.length) throw malformed();
        more = block[from++]!;
        literals += more;
      } while (more === 255);
    }
    if (from + literals > block.length || to + literals > size) throw malformed();
    for (const end = from + literals; from < end;) out[to++] = block[from++]!;
    if (from === block.length) break; // the last sequence has no match

    if (from + 2 > block.length) throw malformed();
    const offset = block[from]! | (block[from + 1]! << 8);
    from += 2;
    let length = (token & 15) + MIN_MATCH;
    if (length === 15 + MIN_MATCH) {
      let more: number;
      do {
        if (from >= block.length) throw malformed();
        more = block[from++]!;
        length += more;
      } while (more === 255);
    }
    if (offset === 0 || offset > to || to + length > size) throw malformed();
    // A match may reach into what it is just writing: byte by byte is what the format means.
    for (let source = to - offset, end = to + length; to < end;) out[to++] = out[source++]!;
  }
  if (to !== size) throw malformed();
  return out;
}

function malformed(): RangeError {
  return new RangeError('Malformed LZ4 block');
}

const table = new Int32Array(1 << HASH_BITS);

/** Compresses bytes into one block: greedily, with one candidate for each place. */
export function compressLz4(data: Uint8Array): Buffer {
  const { length } = data;
  const out = Buffer.allocUnsafe(length + Math.ceil(length / 255) + 16);
  let to = 0;
  let anchor = 0;
  table.fill(-1);

  const sequence = (literalEnd: number, offset: number, matchLength: number): void => {
    const literals = literalEnd - anchor;
    const extra = matchLength - MIN_MATCH;
    const tokenAt = to++;
    to = lengthTail(out, to, literals);
    for (let at = anchor; at < literalEnd;) out[to++] = data[at++]!;
    if (offset === 0) {
      out[tokenAt] = Math.min(literals, 15) << 4;
      return;
    }
    out[to++] = offset & 255;
    out[to++] = offset >> 8;
    to = lengthTail(out, to, extra);
    out[tokenAt] = (Math.min(literals, 15) << 4) | Math.min(extra, 15);
  };

  const matchEnd = length - LAST_LITERALS;
  for (let at = 0; at < length - MATCH_LIMIT;) {
    const word = data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24);
    const slot = Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS);
    const candidate = table[slot]!;
    table[slot] = at;
    const matches =
      candidate >= 0 &&
      at - candidate <= MAX_OFFSET &&
      data[candidate] === data[at] &&
      data[candidate + 1] === data[at + 1] &&
      data[candidate + 2] === data[at + 2] &&
      data[candidate + 3] === data[at + 3];
    if (!matches) {
      at += 1 + ((at - anchor) >> 6); // the longer nothing is found, the larger the steps
      continue;
    }
    let end = at + MIN_MATCH;
    for (let other = candidate + MIN_MATCH; end < matchEnd && data[end] === data[other]; other++) end++;
    sequence(at, at - candidate, end - at);
    at = end;
    anchor = end;
  }
  sequence(length, 0, 0);
  return out.subarray(0, to);
}

function lengthTail(out: Buffer, at: number, length: number): number {
  if (length < 15) return at;
  let rest = length - 15;
  for (; rest >= 255; rest -= 255) out[at++] = 255;
  out[at++] = rest;
  return at;
}
