/** Texts longer than this are cut: an exporter must not be able to fill memory with one field. */
export const MAX_TEXT_BYTES = 1024;

const decoder = new TextDecoder('utf-8');
const encoder = new TextEncoder();

/**
 * The distinct texts of one column of one batch: a row holds an id, the dictionary holds the bytes. Id 0 is the empty text.
 * Interning compares bytes in place, so that a text seen before makes no garbage.
 */
export class Dictionary {
  /** Number of distinct texts, the empty one included. */
  size = 1;
  private bytes = new Uint8Array(256);
  private ends = new Uint32Array(32);
  private hashes = new Uint32Array(32);
  private slots = new Uint32Array(64);
  private readonly known = new Map<string, number>();

  /** Id of the text in `source[start, end)`. Bytes that are not UTF-8 are replaced by U+FFFD. */
  intern(source: Uint8Array, start: number, end: number): number {
    if (end - start > MAX_TEXT_BYTES) end = cutAtCharacter(source, start, start + MAX_TEXT_BYTES);
    const length = end - start;
    if (length <= 0) return 0;
    const hash = hashOf(source, start, end);
    const mask = this.slots.length - 1;
    let slot = hash & mask;
    for (let id = this.slots[slot]!; id !== 0; id = this.slots[slot]!) {
      if (this.hashes[id] === hash && this.equals(id, source, start, length)) return id;
      slot = (slot + 1) & mask;
    }
    if (!isUtf8(source, start, end)) {
      const clean = encoder.encode(decoder.decode(source.subarray(start, end)));
      return this.intern(clean, 0, clean.length);
    }
    return this.add(source, start, length, hash, slot);
  }

  /** Id of a text that a program has, a name: remembered by the text itself, as turning it into bytes is slow. */
  internText(text: string): number {
    if (text === '') return 0;
    let id = this.known.get(text);
    if (id === undefined) {
      const bytes = encoder.encode(text);
      id = this.intern(bytes, 0, bytes.length);
      this.known.set(text, id);
    }
    return id;
  }

  start(id: number): number {
    return id === 0 ? 0 : this.ends[id - 1]!;
  }

  end(id: number): number {
    return this.ends[id]!;
  }

  /** The arena that `start` and `end` point into. Valid until the next `intern`. */
  arena(): Uint8Array {
    return this.bytes;
  }

  text(id: number): string {
    return decoder.decode(this.bytes.subarray(this.start(id), this.end(id)));
  }

  clear(): void {
    if (this.size === 1) return;
    this.size = 1;
    this.slots.fill(0);
    this.known.clear();
  }

  private equals(id: number, source: Uint8Array, start: number, length: number): boolean {
    const from = this.start(id);
    if (this.ends[id]! - from !== length) return false;
    for (let i = 0; i < length; i++) if (this.bytes[from + i] !== source[start + i]) return false;
    return true;
  }

  private add(source: Uint8Array, start: number, length: number, hash: number, slot: number): number {
    const id = this.size++;
    if (id >= this.ends.length) {
      this.ends = grown(this.ends);
      this.hashes = grown(this.hashes);
    }
    const from = this.ends[id - 1]!;
    if (from + length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.bytes.length * 2, from + length));
      larger.set(this.bytes);
      this.bytes = larger;
    }
    for (let i = 0; i < length; i++) this.bytes[from + i] = source[start + i]!;
    this.ends[id] = from + length;
    this.hashes[id] = hash;
    this.slots[slot] = id;
    if (this.size * 2 > this.slots.length) this.rehash();
    return id;
  }

  private rehash(): void {
    const slots = new Uint32Array(this.slots.length * 2);
    const mask = slots.length - 1;
    for (let id = 1; id < this.size; id++) {
      let slot = this.hashes[id]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = id;
    }
    this.slots = slots;
  }
}

/** FNV-1a over words of four bytes and what is left: a quarter of the steps, and still spread well enough for a table. */
function hashOf(source: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5 ^ (end - start);
  let i = start;
  for (; i + 4 <= end; i += 4) {
    const word = source[i]! | (source[i + 1]! << 8) | (source[i + 2]! << 16) | (source[i + 3]! << 24);
    hash = Math.imul(hash ^ word, 0x01000193);
    hash ^= hash >>> 13;
  }
  for (; i < end; i++) hash = Math.imul(hash ^ source[i]!, 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

function grown(array: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}

/** The last place at or before `end` that does not split a UTF-8 character. */
function cutAtCharacter(source: Uint8Array, start: number, end: number): number {
  let cut = end;
  while (cut > start && (source[cut]! & 0xc0) === 0x80) cut--;
  return cut > start ? cut : end;
}

/** RFC 3629 section 4: well-formed UTF-8. */
function isUtf8(source: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end;) {
    const b = source[i]!;
    if (b < 0x80) {
      i++;
      continue;
    }
    const more = b >= 0xc2 && b <= 0xdf ? 1 : b >= 0xe0 && b <= 0xef ? 2 : b >= 0xf0 && b <= 0xf4 ? 3 : 0;
    if (more === 0 || i + more >= end) return false;
    const second = source[i + 1]!;
    const low = b === 0xe0 ? 0xa0 : b === 0xf0 ? 0x90 : 0x80;
    const high = b === 0xed ? 0x9f : b === 0xf4 ? 0x8f : 0xbf;
    if (second < low || second > high) return false;
    for (let k = 2; k <= more; k++) if ((source[i + k]! & 0xc0) !== 0x80) return false;
    i += more + 1;
  }
  return true;
}
