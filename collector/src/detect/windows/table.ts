import {
  type DistinctColumn,
  type WindowDistinct,
  type WindowHistogram,
  type WindowKey,
  type WindowKind,
  type WindowNumber,
  type WindowRows,
  addressHash,
  distinctKept,
  hashesOf,
  insertDistinct,
  keyOfKind,
  keyWords,
  scattered,
} from '@weir/core/windows';
import { type RowLayout, SHIFT, groupStarts, layoutOfKind, slotOf, slotsOf, sumAt } from './layout.ts';
import {
  AMPLIFIER,
  DURATION,
  DURATION_BUCKET,
  INTERNAL as ENDS,
  Mask,
  type Measures,
  RATE,
  SIZE_BUCKET,
  START_MS,
  WIDTH,
} from './measures.ts';
import { prefixKey } from './prefix-key.ts';

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

/** A row begins with its key, then how many hashes it holds of each distinct column: a line of cache. */
const HEAD = 8;
const COUNTS = 11;
/** So many hashes are searched one after the other. */
const FEW = 4;

const MAXIMA = slotsOf('max');
const MINIMA = slotsOf('min');
const BITS = slotsOf('or');
/** Rows that are turned into columns at once. */
const COPIED = 16;
const EXTREMES = MAXIMA.length + MINIMA.length + BITS.length;

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
  /** Called with a row that is about to give way. */
  beforeFold: ((row: number) => void) | undefined;
  /** Rows that gave way to others. */
  evicted = 0;

  private readonly layout: RowLayout;
  private readonly stride: number;
  private readonly kept: number;
  /** Hashes lately met that each distinct column remembers, before those that it keeps. */
  private readonly recent: number;
  /** All of a row lies together, to be in few lines and pages: head, numbers, hashes; `words` and `sums` are two views of it. */
  private readonly words: Uint32Array;
  /** Length of a row in numbers of 64 bits, and where its hashes begin, in words. */
  private readonly step: number;
  private readonly distinctsAt: number;
  private readonly hashes: Uint32Array;
  private readonly slots: Uint32Array;
  private readonly priorities: Float32Array;
  private readonly sums: Float64Array;
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
    this.recent = this.kept / 2;
    this.stride = this.layout.stride;
    this.width = keyOfKind(kind).reduce((sum, name) => sum + keyWords(name), 0);
    const rows = this.capacity + 1;
    this.hashes = new Uint32Array(rows);
    this.slots = new Uint32Array(2 ** Math.ceil(Math.log2(rows * 2)));
    this.priorities = new Float32Array(rows);
    this.distinctNames = this.layout.distincts;
    this.distinctOf = Uint8Array.from(this.distinctNames, (name) => distinctCodes[name]);
    this.distinctsAt = 2 * (HEAD + this.stride);
    this.step = HEAD + this.stride + (this.distinctNames.length * (this.recent + this.kept)) / 2;
    this.sums = new Float64Array(rows * this.step);
    this.words = new Uint32Array(this.sums.buffer);
    const histogramAt = (name: WindowHistogram): number =>
      this.layout.histograms.find((h) => h.name === name)?.at ?? 0;
    this.sizeAt = histogramAt('size_histogram');
    this.durationAt = histogramAt('duration_histogram');
    this.entropyAt = histogramAt('source_histogram');
    this.begin(REST);
  }

  /** Memory, whatever comes. */
  get bytes(): number {
    return [this.hashes, this.slots, this.priorities, this.sums].reduce(
      (sum, array) => sum + array.byteLength,
      0,
    );
  }

  /** Rows with something in them. */
  get rows(): number {
    return this.used - 1 + (this.restUsed ? 1 : 0);
  }

  /** Records that are in the row for the rest. */
  get folded(): number {
    return this.sums[HEAD + RECORDS]!;
  }

  private get restUsed(): boolean {
    return this.folded > 0;
  }

  clear(): void {
    const { used } = this;
    this.slots.fill(0);
    this.sums.fill(0, 0, used * this.step);
    this.used = 1;
    this.evicted = 0;
    this.random = 0x2545f491;
    this.begin(REST);
  }

  /** Becomes what another of the same kind and capacity is. */
  copy(other: WindowTable): void {
    this.clear();
    this.sums.set(other.sums.subarray(0, other.used * this.step));
    this.hashes.set(other.hashes);
    this.slots.set(other.slots);
    this.priorities.set(other.priorities);
    this.used = other.used;
    this.evicted = other.evicted;
    this.random = other.random;
  }

  /**
   * The row of a key, new or known, with its weight added; `REST` where it does not come in. `mixed`: any number that like keys have
   * alike and others seldom have.
   */
  rowOf(key: Uint32Array, mixed: number, weight: number): number {
    const { hashes, slots } = this;
    const hash = this.hashed(mixed);
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
    this.words.set(key.subarray(0, this.width), row * 2 * this.step);
    this.begin(row);
    return row;
  }

  /**
   * Reaches for what `rowOf` and `add` will need. For many flows one after the other, before any of them is added: then memory brings
   * all of it at once, not one after the other. What it returns is of no use but that it must be read.
   */
  touch(mixed: number): number {
    const { sums } = this;
    const row = this.slots[this.hashed(mixed) & (this.slots.length - 1)]!;
    const o = row * this.step;
    return sums[o]! + sums[o + 8]! + sums[o + 16]! + sums[o + 24]! + sums[o + 32]! + sums[o + this.step - 1]!;
  }

  private hashed(mixed: number): number {
    let hash = Math.imul(mixed ^ this.seed, 0x9e3779b1);
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
    return (hash ^ (hash >>> 13)) >>> 0;
  }

  /** Adds a flow's measures, place `i` of `m`, to a row. */
  add(row: number, m: Measures, i: number): void {
    const { sums } = this;
    const o = row * this.step + HEAD;
    const v = i * WIDTH;
    const values = m.sums;
    const mask = m.mask[i]!;
    for (let k = 0; k < FIRST_GROUP; k++) sums[o + k]! += values[v + k]!;
    for (let left = mask & OTHER_GROUPS; left !== 0; left &= left - 1) {
      const g = 31 - Math.clz32(left & -left);
      const end = groupStarts[g + 1]!;
      for (let k = groupStarts[g]!; k < end; k++) sums[o + SHIFT + k]! += values[v + k]!;
    }
    const duration = values[v + DURATION]!;
    if (duration > sums[o + LONGEST_MS]!) sums[o + LONGEST_MS] = duration;
    const rate = values[v + RATE]!;
    if (rate > sums[o + SAMPLING_RATE]!) sums[o + SAMPLING_RATE] = rate;
    const start = values[v + START_MS]!;
    if (start < sums[o + FIRST_MS]!) sums[o + FIRST_MS] = start;
    if (start > sums[o + LAST_MS]!) sums[o + LAST_MS] = start;
    const ends = values[v + ENDS]!;
    if (ends !== sums[o + INTERNAL]) sums[o + INTERNAL]! |= ends;
    const amplifier = values[v + AMPLIFIER]!;
    if (amplifier !== 0) sums[o + AMPLIFIERS] = (sums[o + AMPLIFIERS]! | amplifier) >>> 0;
    const flows = values[v + FLOWS]!;
    sums[o + this.sizeAt + values[v + SIZE_BUCKET]!]! += flows;
    sums[o + this.durationAt + values[v + DURATION_BUCKET]!]! += flows;
    if (this.entropyAt > 0) this.addEntropy(o + this.entropyAt, m, i, values[v + PACKETS]!);
    if (this.distinctOf.length > 0) this.addDistinct(row, m, i, mask);
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
    for (let s = 0; s < distinctOf.length; s++) {
      const what = distinctOf[s]!;
      if (what === SOURCES) this.insert(row, s, m.sourceHash[i]!);
      else if (what === DESTINATIONS) this.insert(row, s, m.destinationHash[i]!);
      else if ((mask & Mask.contact) === 0) continue;
      else if (what === PORTS) this.insert(row, s, m.destinationPortHash[i]!);
      else if (what === CONTACTS || (mask & Mask.failed) !== 0) this.insert(row, s, m.destinationHash[i]!);
    }
  }

  /** Most hashes come again and again: these are told by a look where they would be, without a search. */
  private insert(row: number, s: number, hash: number): void {
    const { words, kept, recent } = this;
    const head = 2 * row * this.step;
    const at = head + this.distinctsAt + s * (recent + kept) + recent;
    const count = words[head + COUNTS + s]!;
    if (count === kept && hash >= words[at + kept - 1]!) return;
    if (count <= FEW) {
      for (let i = 0; i < count; i++) if (words[at + i] === hash) return;
    } else {
      const met = at - recent + (hash & (recent - 1));
      if (words[met] === hash && hash !== 0) return;
      words[met] = hash;
    }
    words[head + COUNTS + s] = insertDistinct(words, at, count, kept, hash);
  }

  /** The hashes of a row, as they lie. */
  private hashesOf(row: number, s: number): Uint32Array {
    const head = 2 * row * this.step;
    const at = head + this.distinctsAt + s * (this.recent + this.kept) + this.recent;
    return this.words.subarray(at, at + this.words[head + COUNTS + s]!);
  }

  private isKey(row: number, key: Uint32Array): boolean {
    const { words, width } = this;
    const at = 2 * row * this.step;
    for (let i = 0; i < width; i++) if (words[at + i] !== key[i]) return false;
    return true;
  }

  private begin(row: number): void {
    this.sums[row * this.step + HEAD + FIRST_MS] = Infinity;
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
    this.evicted++;
    this.beforeFold?.(row);
    this.mergeNumbers(this.sums, row * this.step + HEAD, REST);
    for (let s = 0; s < this.distinctOf.length; s++) this.insertAll(REST, s, this.hashesOf(row, s));
    this.sums.fill(0, row * this.step, (row + 1) * this.step);
  }

  private insertAll(row: number, s: number, hashes: Uint32Array): void {
    for (let i = 0; i < hashes.length; i++) this.insert(row, s, hashes[i]!);
  }

  private mergeNumbers(from: Float64Array, at: number, row: number): void {
    const { sums, stride } = this;
    const o = row * this.step + HEAD;
    for (let k = 0; k < FIRST_GROUP; k++) sums[o + k]! += from[at + k]!;
    // The extremes lie behind the first group (layout.ts): all else is sums.
    for (const k of MAXIMA) if (from[at + k]! > sums[o + k]!) sums[o + k] = from[at + k]!;
    for (const k of MINIMA) if (from[at + k]! < sums[o + k]!) sums[o + k] = from[at + k]!;
    for (const k of BITS) sums[o + k] = (sums[o + k]! | from[at + k]!) >>> 0;
    for (let k = FIRST_GROUP + EXTREMES; k < stride; k++) {
      const value = from[at + k]!;
      if (value !== 0) sums[o + k]! += value;
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
    this.distinctNames.forEach((name, s) => this.insertAll(row, s, hashesOf(from.distincts[name]!, r)));
  }

  /** The row after the last. */
  get end(): number {
    return this.used;
  }

  /** Merges what came in by an interface into the row of its tenant: it is the same columns. */
  absorbInterface(interfaces: WindowTable, row: number): void {
    const head = 2 * row * interfaces.step;
    const key = interfaces.words.subarray(head, head + interfaces.width);
    if (key[interfaces.width - 1] !== DIRECTION_IN) return;
    const own = this.rowOf(key, key[0]!, interfaces.priorities[row]!);
    this.mergeNumbers(interfaces.sums, row * interfaces.step + HEAD, own);
    for (let s = 0; s < this.distinctOf.length; s++) this.insertAll(own, s, interfaces.hashesOf(row, s));
  }

  /** Merges what was sent to a host into the row of its prefix: it is the same columns, but for whom the flows went to. `key` is written over. */
  absorbHost(hosts: WindowTable, row: number, key: Uint32Array): void {
    const head = 2 * row * hosts.step;
    const host = hosts.words.subarray(head, head + hosts.width);
    const own = this.rowOf(key, prefixKey(host, key), hosts.priorities[row]!);
    this.mergeNumbers(hosts.sums, row * hosts.step + HEAD, own);
    const address = addressHash(host[1]!, host[2]!, host[3]!, host[4]!);
    for (let s = 0; s < this.distinctOf.length; s++)
      if (this.distinctOf[s] === DESTINATIONS) this.insert(own, s, address);
      else this.insertAll(own, s, hosts.hashesOf(row, hosts.distinctOf.indexOf(this.distinctOf[s]!)));
  }

  /** All rows as columns, the rest first where there is any. */
  columns(texts: WindowRows['texts']): WindowRows {
    const first = this.restUsed ? 0 : 1;
    const rows = this.used - first;
    const rest = new Uint8Array(rows);
    if (first === 0) rest[0] = 1;
    const numbers = {} as Record<WindowNumber, Float64Array>;
    for (const { name } of this.layout.numbers) numbers[name] = new Float64Array(rows);
    const histograms: Partial<Record<WindowHistogram, Float64Array>> = {};
    for (const { name, length } of this.layout.histograms) histograms[name] = new Float64Array(rows * length);
    const { step, sums } = this;
    // Some rows at a time, as many as stay in the nearest cache until all columns have taken theirs.
    for (let from = 0; from < rows; from += COPIED) {
      const to = Math.min(rows, from + COPIED);
      const begin = (first + from) * step + HEAD;
      for (const { name, at } of this.layout.numbers) {
        const out = numbers[name];
        for (let r = from, o = begin + at; r < to; r++, o += step) out[r] = sums[o]!;
      }
      for (const { name, at, length } of this.layout.histograms) {
        const out = histograms[name]!;
        for (let r = from, o = begin + at; r < to; r++, o += step)
          for (let i = 0, k = r * length; i < length; i++) out[k + i] = sums[o + i]!;
      }
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
        for (let w = 0; w < words; w++)
          out[r * words + w] = this.words[2 * (first + r) * this.step + at + w]!;
      at += words;
    }
    return keys;
  }

  private distinctColumn(s: number, first: number): DistinctColumn {
    const ends = new Uint32Array(this.used - first);
    let total = 0;
    for (let r = 0; r < ends.length; r++)
      ends[r] = total += this.words[2 * (first + r) * this.step + COUNTS + s]!;
    const hashes = new Uint32Array(total);
    // Most rows hold few: a view of each would cost more than its hashes.
    const { words } = this;
    const before = this.distinctsAt + s * (this.recent + this.kept) + this.recent;
    for (let r = 0, at = 0; r < ends.length; r++)
      for (let from = 2 * (first + r) * this.step + before; at < ends[r]!; at++, from++)
        hashes[at] = words[from]!;
    return { ends, hashes };
  }
}
