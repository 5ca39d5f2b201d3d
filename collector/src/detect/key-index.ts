import {
  type WindowKey,
  type WindowKind,
  type WindowRows,
  keyOfKind,
  keyWords,
  scattered,
  windowKinds,
} from '@weir/core/windows';

/** Finds rows of a window by their key; keys hold numbers of texts that are the same in all windows of a history. */
export class KeyIndex {
  readonly rows: WindowRows;
  /** Words of a key. */
  readonly width: number;
  /** Rows' keys, one after the other; of the rest as well. */
  readonly keys: Uint32Array;
  private readonly hashes: Uint32Array;
  private readonly slots: Int32Array;

  /** `ids`: by the text's place in `rows.texts`, its number in the history. */
  constructor(rows: WindowRows, ids: Readonly<Record<'tenant_id' | 'application', Uint32Array>>) {
    this.rows = rows;
    const width = (this.width = widthOf(rows.kind));
    const keys = (this.keys = keysOf(rows, ids, width));
    const hashes = (this.hashes = new Uint32Array(rows.rows));
    this.slots = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(2, rows.rows * 2)))).fill(-1);
    for (let row = 0; row < rows.rows; row++) {
      if (rows.rest[row] === 1) continue;
      hashes[row] = hashOf(keys, row * width, width);
      this.slots[this.slotOf(keys, row * width, hashes[row]!)] = row;
    }
  }

  /** The row with a key; -1 where there is none. */
  find(key: Uint32Array): number {
    return this.slots[this.slotOf(key, 0, hashOf(key, 0, this.width))]!;
  }

  /** The row with the key that a row of another window has; -1 where there is none. Not of a row of the rest. */
  findRow(other: KeyIndex, row: number): number {
    return this.slots[this.slotOf(other.keys, row * this.width, other.hashes[row]!)]!;
  }

  private slotOf(keys: Uint32Array, at: number, hash: number): number {
    const { slots, hashes } = this;
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const row = slots[slot]!;
      if (row < 0 || (hashes[row] === hash && this.has(row, keys, at))) return slot;
      slot = (slot + 1) & mask;
    }
  }

  private has(row: number, keys: Uint32Array, at: number): boolean {
    const { width, keys: own } = this;
    const from = row * width;
    for (let k = 0; k < width; k++) if (own[from + k] !== keys[at + k]) return false;
    return true;
  }
}

const widths = Object.fromEntries(
  windowKinds.map(({ name, key }) => [name, key.reduce((sum, column) => sum + keyWords(column), 0)]),
) as Record<WindowKind, number>;

/** Words of a key. */
export function widthOf(kind: WindowKind): number {
  return widths[kind];
}

/** Where each key column's words begin among those of a key. */
const places = new Map(windowKinds.map(({ name, key }) => [name, placesOf(key)]));

function placesOf(key: readonly WindowKey[]): ReadonlyMap<WindowKey, number> {
  const of = new Map<WindowKey, number>();
  let at = 0;
  for (const name of key) {
    of.set(name, at);
    at += keyWords(name);
  }
  return of;
}

/** Where a key column's words begin among those of a key; undefined where the kind does not have it. */
export function wordsBefore(kind: WindowKind, key: WindowKey): number | undefined {
  return places.get(kind)!.get(key);
}

/** Of the words of a key. */
export function hashOf(keys: Uint32Array, at: number, width: number): number {
  let hash = width;
  for (let k = at; k < at + width; k++) {
    hash = Math.imul(hash ^ keys[k]!, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return scattered(hash);
}

function keysOf(
  rows: WindowRows,
  ids: Readonly<Record<'tenant_id' | 'application', Uint32Array>>,
  width: number,
): Uint32Array {
  const keys = new Uint32Array(rows.rows * width);
  let before = 0;
  for (const name of keyOfKind(rows.kind)) {
    const values = rows.keys[name];
    const words = keyWords(name);
    const numbers = name === 'tenant_id' || name === 'application' ? ids[name] : undefined;
    if (values !== undefined)
      for (let row = 0, at = before; row < rows.rows; row++, at += width)
        if (numbers !== undefined) keys[at] = numbers[values[row]!] ?? 0;
        else for (let k = 0; k < words; k++) keys[at + k] = values[row * words + k]!;
    before += words;
  }
  return keys;
}
