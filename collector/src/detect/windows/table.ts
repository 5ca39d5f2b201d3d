import {
  type DistinctColumn,
  type WindowDistinct,
  type WindowHistogram,
  type WindowKey,
  type WindowKind,
  type WindowNumber,
  type WindowRows,
  distinctKept,
  hashesOf,
  insertDistinct,
  keyOfKind,
  keyWords,
  scattered,
} from './contract.ts';
import { type RowLayout, SHIFT, SUMS, groupStarts, layoutOfKind, slotOf, sumAt } from './layout.ts';
import { Mask, type Measures } from './measures.ts';

/** A number for a key, all its words alike. */
export function mixedKey(key: Uint32Array): number {
  let mixed = 0;
  for (const word of key) mixed = scattered(mixed ^ word);
  return mixed;
}

/** Rows looked at for the lightest when a new one needs room: one line of cache. */
const COMPARED = 8;
const GROUPS = groupStarts.length - 1;
const FIRST_GROUP = groupStarts[1]!;
const OTHER_GROUPS = ((1 << GROUPS) - 1) & ~1;
/** Values of the key `direction`. */
export const DIRECTION_IN = 1;
export const DIRECTION_OUT = 2;
/** Row of all that does not fit. */
export const REST = 0;

const {
  records: RECORDS,
  longest_ms: LONGEST_MS,
  sampling_rate: SAMPLING_RATE,
  internal: INTERNAL,
  amplifiers: AMPLIFIERS,
  first_ms: FIRST_MS,
  last_ms: LAST_MS,
} = slotOf;
const { flows: FLOWS, packets: PACKETS } = sumAt;

const MERGE_SUM = 0;
const MERGE_MAX = 1;
const MERGE_MIN = 2;
const MERGE_OR = 3;

const SOURCES = 0;
const DESTINATIONS = 1;
const CONTACTS = 2;
const FAILED_CONTACTS = 3;
const PORTS = 4;
const distinctCodes: Readonly<Record<WindowDistinct, number>> = {
  sources: SOURCES,
  destinations: DESTINATIONS,
  contacts: CONTACTS,
  failed_contacts: FAILED_CONTACTS,
  ports: PORTS,
};

type TextKey = 'tenant_id' | 'application';

/**
 * The rows of one kind of one window: a fixed number of them, found by an open-addressing table. When all are taken, the lightest of
 * some neighbours may give way to a newcomer, with the probability that the newcomer's weight has of both together, and
 * hands on its priority ("randomized admission policy", Ben Basat, Einziger, Friedman, Kassner 2017): what is heavy stays or
 * soon comes in, however many light ones come once. A row holds only what was counted while it was here; what gives way or does not
 * come in is added to the row `REST`, so that the sums over all rows are always those of all flows.
 */
export class WindowTable {
  readonly kind: WindowKind;
  readonly capacity: number;
  /** Words of a key. */
  readonly width: number;
  /** Rows that gave way to others. */
  evicted = 0;

  private readonly layout: RowLayout;
  private readonly stride: number;
  private readonly kept: number;
  private readonly keys: Uint32Array;
  private readonly hashes: Uint32Array;
  private readonly slots: Uint32Array;
  private readonly priorities: Float32Array;
  private readonly sums: Float64Array;
  private readonly distincts: Uint32Array;
  private readonly distinctCounts: Uint16Array;
  private readonly mergeOf: Uint8Array;
  private readonly distinctNames: readonly WindowDistinct[];
  private readonly distinctOf: Uint8Array;
  private readonly sizeAt: number;
  private readonly durationAt: number;
  /** Of the first of four histograms for entropy; 0 where the kind has none. */
  private readonly entropyAt: number;
  private readonly seed: number;
  private random = 0x2545f491;
  /** Rows in use, the one for the rest among them. */
  private used = 1;

  /** `seed`: of the table's hash, so that nobody outside can know which keys collide. */
  constructor(kind: WindowKind, capacity: number, seed: number) {
    this.kind = kind;
    this.capacity = Math.ceil(capacity / COMPARED) * COMPARED;
    this.seed = seed;
    this.kept = distinctKept(kind);
    this.layout = layoutOfKind(kind);
    this.stride = this.layout.stride;
    this.width = keyOfKind(kind).reduce((sum, name) => sum + keyWords(name), 0);
    const rows = this.capacity + 1;
    this.keys = new Uint32Array(rows * this.width);
    this.hashes = new Uint32Array(rows);
    this.slots = new Uint32Array(2 ** Math.ceil(Math.log2(rows * 2)));
    this.priorities = new Float32Array(rows);
    this.sums = new Float64Array(rows * this.layout.stride);
    this.distinctNames = this.layout.distincts;
    this.distinctOf = Uint8Array.from(this.distinctNames, (name) => distinctCodes[name]);
    this.distincts = new Uint32Array(rows * this.distinctNames.length * this.kept);
    this.distinctCounts = new Uint16Array(rows * this.distinctNames.length);
    this.mergeOf = new Uint8Array(this.layout.stride);
    for (const { at, merge } of this.layout.numbers)
      this.mergeOf[at] =
        merge === 'max' ? MERGE_MAX : merge === 'min' ? MERGE_MIN : merge === 'or' ? MERGE_OR : MERGE_SUM;
    const histogramAt = (name: WindowHistogram): number =>
      this.layout.histograms.find((h) => h.name === name)?.at ?? 0;
    this.sizeAt = histogramAt('size_histogram');
    this.durationAt = histogramAt('duration_histogram');
    this.entropyAt = histogramAt('source_histogram');
    this.begin(REST);
  }

  /** Memory, whatever comes. */
  get bytes(): number {
    return [
      this.keys,
      this.hashes,
      this.slots,
      this.priorities,
      this.sums,
      this.distincts,
      this.distinctCounts,
    ].reduce((sum, array) => sum + array.byteLength, 0);
  }

  /** Rows with something in them. */
  get rows(): number {
    return this.used - 1 + (this.restUsed ? 1 : 0);
  }

  /** Records that are in the row for the rest. */
  get folded(): number {
    return this.sums[RECORDS]!;
  }

  private get restUsed(): boolean {
    return this.folded > 0;
  }

  clear(): void {
    const { used } = this;
    this.slots.fill(0);
    this.sums.fill(0, 0, used * this.layout.stride);
    this.distinctCounts.fill(0, 0, used * this.distinctNames.length);
    this.used = 1;
    this.evicted = 0;
    this.random = 0x2545f491;
    this.begin(REST);
  }

  /**
   * The row of a key, new or known, with its weight added; `REST` where it does not come in. `mixed`: any number that like keys have
   * alike and others seldom have.
   */
  rowOf(key: Uint32Array, mixed: number, weight: number): number {
    const { hashes, slots } = this;
    let hash = Math.imul(mixed ^ this.seed, 0x9e3779b1);
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
    hash = (hash ^ (hash >>> 13)) >>> 0;
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (let row = slots[slot]!; row !== 0; row = slots[slot]!) {
      if (hashes[row] === hash && this.isKey(row, key)) {
        this.priorities[row]! += weight;
        return row;
      }
      slot = (slot + 1) & mask;
    }
    let row = this.used;
    let priority = weight;
    if (row <= this.capacity) this.used++;
    else {
      row = this.lightest();
      const least = this.priorities[row]!;
      if (this.nextRandom() * (least + weight) >= weight) return REST;
      priority += least;
      this.fold(row);
      this.unlink(row);
      slot = hash & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
    }
    slots[slot] = row;
    hashes[row] = hash;
    this.priorities[row] = priority;
    this.keys.set(key.subarray(0, this.width), row * this.width);
    this.begin(row);
    return row;
  }

  /** Adds a flow's measures, place `i` of `m`, to a row. */
  add(row: number, m: Measures, i: number): void {
    const { sums } = this;
    const o = row * this.stride;
    const from = i * SUMS;
    const values = m.sums;
    const mask = m.mask[i]!;
    for (let k = 0; k < FIRST_GROUP; k++) sums[o + k]! += values[from + k]!;
    for (let left = mask & OTHER_GROUPS; left !== 0; left &= left - 1) {
      const g = 31 - Math.clz32(left & -left);
      const end = groupStarts[g + 1]!;
      for (let k = groupStarts[g]!; k < end; k++) sums[o + SHIFT + k]! += values[from + k]!;
    }
    const duration = m.duration[i]!;
    if (duration > sums[o + LONGEST_MS]!) sums[o + LONGEST_MS] = duration;
    const rate = m.rate[i]!;
    if (rate > sums[o + SAMPLING_RATE]!) sums[o + SAMPLING_RATE] = rate;
    const start = m.startMs[i]!;
    if (start < sums[o + FIRST_MS]!) sums[o + FIRST_MS] = start;
    if (start > sums[o + LAST_MS]!) sums[o + LAST_MS] = start;
    sums[o + INTERNAL]! |= m.internal[i]!;
    if (m.amplifier[i] !== 0) sums[o + AMPLIFIERS] = (sums[o + AMPLIFIERS]! | m.amplifier[i]!) >>> 0;
    const flows = values[from + FLOWS]!;
    sums[o + this.sizeAt + m.sizeBucket[i]!]! += flows;
    sums[o + this.durationAt + m.durationBucket[i]!]! += flows;
    if (this.entropyAt > 0) this.addEntropy(o + this.entropyAt, m, i, values[from + PACKETS]!);
    if (this.distinctNames.length > 0) this.addDistinct(row, m, i, mask);
  }

  private addEntropy(at: number, m: Measures, i: number, packets: number): void {
    const { sums } = this;
    sums[at + (m.sourceHash[i]! & 63)]! += packets;
    sums[at + 64 + (m.destinationHash[i]! & 63)]! += packets;
    sums[at + 128 + (m.sourcePortHash[i]! & 63)]! += packets;
    sums[at + 192 + (m.destinationPortHash[i]! & 63)]! += packets;
  }

  private addDistinct(row: number, m: Measures, i: number, mask: number): void {
    const { distinctOf } = this;
    let at = row * distinctOf.length;
    for (let s = 0; s < distinctOf.length; s++, at++) {
      const what = distinctOf[s]!;
      if (what === SOURCES) this.insert(at, m.sourceHash[i]!);
      else if (what === DESTINATIONS) this.insert(at, m.destinationHash[i]!);
      else if ((mask & Mask.contact) === 0) continue;
      else if (what === PORTS) this.insert(at, m.destinationPortHash[i]!);
      else if (what === CONTACTS || (mask & Mask.failed) !== 0) this.insert(at, m.destinationHash[i]!);
    }
  }

  private insert(at: number, hash: number): void {
    const { kept, distinctCounts } = this;
    const count = distinctCounts[at]!;
    if (count === kept && hash >= this.distincts[at * kept + kept - 1]!) return;
    distinctCounts[at] = insertDistinct(this.distincts, at * kept, count, kept, hash);
  }

  private isKey(row: number, key: Uint32Array): boolean {
    const { keys, width } = this;
    const at = row * width;
    for (let i = 0; i < width; i++) if (keys[at + i] !== key[i]) return false;
    return true;
  }

  private begin(row: number): void {
    this.sums[row * this.layout.stride + FIRST_MS] = Infinity;
  }

  /** The row of least priority among some neighbours. */
  private lightest(): number {
    const first = 1 + COMPARED * Math.floor(this.nextRandom() * (this.capacity / COMPARED));
    const { priorities } = this;
    let row = first;
    for (let r = first + 1; r < first + COMPARED; r++) if (priorities[r]! < priorities[row]!) row = r;
    return row;
  }

  /** At least 0, less than 1: the same after every clear, so that replay gives what live gave (xorshift32). */
  private nextRandom(): number {
    let x = this.random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.random = x;
    return (x >>> 0) / 2 ** 32;
  }

  /** Adds a row to the rest and empties it. */
  private fold(row: number): void {
    const { stride } = this.layout;
    this.evicted++;
    this.mergeNumbers(this.sums, row * stride, REST);
    this.sums.fill(0, row * stride, (row + 1) * stride);
    const names = this.distinctNames.length;
    for (let s = 0; s < names; s++) {
      const at = row * names + s;
      for (let i = 0; i < this.distinctCounts[at]!; i++) this.insert(s, this.distincts[at * this.kept + i]!);
      this.distinctCounts[at] = 0;
    }
  }

  private mergeNumbers(from: Float64Array, at: number, row: number): void {
    const { sums, mergeOf } = this;
    const { stride } = this.layout;
    const o = row * stride;
    for (let k = 0; k < stride; k++) {
      const value = from[at + k]!;
      const held = sums[o + k]!;
      const how = mergeOf[k];
      sums[o + k] =
        how === MERGE_SUM
          ? held + value
          : how === MERGE_MAX
            ? Math.max(held, value)
            : how === MERGE_MIN
              ? Math.min(held, value)
              : (held | value) >>> 0;
    }
  }

  /** Takes a row's key out of the table; those behind it move up. */
  private unlink(row: number): void {
    const { slots, hashes } = this;
    const mask = slots.length - 1;
    let hole = hashes[row]! & mask;
    while (slots[hole] !== row) hole = (hole + 1) & mask;
    for (let next = (hole + 1) & mask; slots[next] !== 0; next = (next + 1) & mask) {
      const home = hashes[slots[next]!]! & mask;
      // Whether the hole lies between where it belongs and where it is.
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      slots[hole] = slots[next]!;
      hole = next;
    }
    slots[hole] = 0;
  }

  /** Merges a row that was taken out of such a table; `names` gives texts of its key their numbers here. */
  absorb(from: WindowRows, r: number, names: (key: TextKey, text: string) => number): void {
    const key = new Uint32Array(this.width);
    let k = 0;
    for (const name of keyOfKind(this.kind)) {
      const column = from.keys[name]!;
      if (name === 'tenant_id' || name === 'application')
        key[k++] = names(name, from.texts[name][column[r]!]!);
      else for (let w = keyWords(name), i = 0; i < w; i++) key[k++] = column[r * w + i]!;
    }
    const { bytes, bytes_back, flows } = from.numbers;
    const row =
      from.rest[r] === 1
        ? REST
        : this.rowOf(key, mixedKey(key), flows[r]! + (bytes[r]! + bytes_back[r]!) / 1024);
    const values = new Float64Array(this.layout.stride);
    for (const { name, at } of this.layout.numbers) values[at] = from.numbers[name][r]!;
    for (const { name, at, length } of this.layout.histograms)
      values.set(from.histograms[name]!.subarray(r * length, (r + 1) * length), at);
    this.mergeNumbers(values, 0, row);
    this.distinctNames.forEach((name, s) => {
      for (const hash of hashesOf(from.distincts[name]!, r))
        this.insert(row * this.distinctNames.length + s, hash);
    });
  }

  /** The row after the last. */
  get end(): number {
    return this.used;
  }

  /**
   * Merges what came in by an interface into the row of its tenant: it is the same columns. What the other table folded has no tenant
   * any more and stays folded.
   */
  absorbInterface(interfaces: WindowTable, row: number): void {
    const key = interfaces.keys.subarray(row * interfaces.width, (row + 1) * interfaces.width);
    if (row !== REST && key[interfaces.width - 1] !== DIRECTION_IN) return;
    const own = row === REST ? REST : this.rowOf(key, key[0]!, interfaces.priorities[row]!);
    this.mergeNumbers(interfaces.sums, row * this.stride, own);
    const names = this.distinctNames.length;
    for (let s = 0; s < names; s++) {
      const at = row * names + s;
      for (let i = 0; i < interfaces.distinctCounts[at]!; i++)
        this.insert(own * names + s, interfaces.distincts[at * this.kept + i]!);
    }
  }

  /** All rows as columns, the rest first where there is any. */
  columns(texts: WindowRows['texts']): WindowRows {
    const first = this.restUsed ? 0 : 1;
    const rows = this.used - first;
    const rest = new Uint8Array(rows);
    if (first === 0) rest[0] = 1;
    const { stride } = this.layout;
    const numbers = {} as Record<WindowNumber, Float64Array>;
    for (const { name, at } of this.layout.numbers) {
      const out = (numbers[name] = new Float64Array(rows));
      for (let r = 0, o = first * stride + at; r < rows; r++, o += stride) out[r] = this.sums[o]!;
    }
    const histograms: Partial<Record<WindowHistogram, Float64Array>> = {};
    for (const { name, at, length } of this.layout.histograms) {
      const out = (histograms[name] = new Float64Array(rows * length));
      for (let r = 0, o = first * stride + at; r < rows; r++, o += stride)
        for (let i = 0; i < length; i++) out[r * length + i] = this.sums[o + i]!;
    }
    const distincts: Partial<Record<WindowDistinct, DistinctColumn>> = {};
    this.distinctNames.forEach((name, s) => (distincts[name] = this.distinctColumn(s, first)));
    return {
      kind: this.kind,
      rows,
      rest,
      keys: this.keyColumns(first),
      texts,
      numbers,
      histograms,
      distincts,
    };
  }

  private keyColumns(first: number): WindowRows['keys'] {
    const keys: Partial<Record<WindowKey, Uint32Array>> = {};
    const rows = this.used - first;
    let at = 0;
    for (const name of keyOfKind(this.kind)) {
      const words = keyWords(name);
      const out = (keys[name] = new Uint32Array(rows * words));
      for (let r = 0; r < rows; r++)
        for (let w = 0; w < words; w++) out[r * words + w] = this.keys[(first + r) * this.width + at + w]!;
      at += words;
    }
    return keys;
  }

  private distinctColumn(s: number, first: number): DistinctColumn {
    const names = this.distinctNames.length;
    const ends = new Uint32Array(this.used - first);
    let total = 0;
    for (let r = 0; r < ends.length; r++) ends[r] = total += this.distinctCounts[(first + r) * names + s]!;
    const hashes = new Uint32Array(total);
    for (let r = 0; r < ends.length; r++) {
      const at = ((first + r) * names + s) * this.kept;
      const begin = r === 0 ? 0 : ends[r - 1]!;
      for (let i = begin; i < ends[r]!; i++) hashes[i] = this.distincts[at + i - begin]!;
    }
    return { ends, hashes };
  }
}
