import {
  type WindowKey,
  type WindowKind,
  type WindowRows,
  keyOfKind,
  keyWords,
  scattered,
} from '@weir/core/windows';

/** Finds rows of a window by their key; keys hold numbers of texts that are the same in all windows of a history. */
export class KeyIndex {
  readonly rows: WindowRows;
  private readonly columns: readonly { readonly values: Uint32Array; readonly words: number }[];
  private readonly slots: Int32Array;
  private readonly width: number;
  private readonly scratch: Uint32Array;

  /** `ids`: by the text's place in `rows.texts`, its number in the history. */
  constructor(rows: WindowRows, ids: Readonly<Record<'tenant_id' | 'application', Uint32Array>>) {
    this.rows = rows;
    this.columns = keyOfKind(rows.kind).map((name) => ({
      values: renumbered(rows, name, ids),
      words: keyWords(name),
    }));
    this.width = widthOf(rows.kind);
    this.scratch = new Uint32Array(this.width);
    this.slots = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(2, rows.rows * 2)))).fill(-1);
    for (let row = 0; row < rows.rows; row++) {
      if (rows.rest[row] === 1) continue;
      this.slots[this.slotOf(this.key(row, this.scratch))] = row;
    }
  }

  /** The words of a row's key, into `out`. */
  key(row: number, out: Uint32Array): Uint32Array {
    let at = 0;
    for (const { values, words } of this.columns)
      for (let k = 0; k < words; k++) out[at++] = values[row * words + k]!;
    return out;
  }

  /** The row with a key; -1 where there is none. */
  find(key: Uint32Array): number {
    return this.slots[this.slotOf(key)]!;
  }

  private slotOf(key: Uint32Array): number {
    const mask = this.slots.length - 1;
    let slot = hashOf(key, this.width) & mask;
    for (;;) {
      const row = this.slots[slot]!;
      if (row < 0 || this.has(row, key)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  private has(row: number, key: Uint32Array): boolean {
    let at = 0;
    for (const { values, words } of this.columns)
      for (let k = 0; k < words; k++) if (values[row * words + k] !== key[at++]) return false;
    return true;
  }
}

export function widthOf(kind: WindowKind): number {
  return keyOfKind(kind).reduce((sum, name) => sum + keyWords(name), 0);
}

/** Where a key column's words begin among those of a key; undefined where the kind does not have it. */
export function wordsBefore(kind: WindowKind, key: WindowKey): number | undefined {
  let at = 0;
  for (const name of keyOfKind(kind)) {
    if (name === key) return at;
    at += keyWords(name);
  }
  return undefined;
}

function hashOf(key: Uint32Array, width: number): number {
  let hash = 0;
  for (let k = 0; k < width; k++) hash = scattered(hash ^ key[k]!) + k;
  return hash;
}

function renumbered(
  rows: WindowRows,
  name: WindowKey,
  ids: Readonly<Record<'tenant_id' | 'application', Uint32Array>>,
): Uint32Array {
  const values = rows.keys[name] ?? new Uint32Array(rows.rows * keyWords(name));
  if (name !== 'tenant_id' && name !== 'application') return values;
  return values.map((id) => ids[name][id] ?? 0);
}
