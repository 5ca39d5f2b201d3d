import type { FlowBatch } from '@weir/core';
import type { BoundCell, Cell } from './cells.ts';

/** Groups told apart between two resets of the batch, and between two messages; what comes beyond is in the total alone. */
const MOST_GROUPS = 16_384;
const MOST_KEYS = 16_384;
/** Groups of one filling of the batch that are kept beyond its reset: the heaviest. Turning one into text takes a microsecond or two. */
const MOST_KEPT = 1_000;

interface Sum {
  readonly values: readonly (string | number)[];
  bytes: number;
  packets: number;
  flows: number;
}

/**
 * Sums by group, bounded. Rows are added by the words of their values, with nothing made for a row; ids of texts hold for one
 * filling of the batch only, so that before it is reset the heaviest groups are turned into what they show.
 */
export class RateTable {
  private readonly cells: readonly Cell[];
  private readonly words: number;
  private readonly keys: Uint32Array;
  private readonly slots = new Uint32Array(2 * MOST_GROUPS);
  private readonly hashes = new Uint32Array(MOST_GROUPS + 1);
  private readonly bytes = new Float64Array(MOST_GROUPS + 1);
  private readonly packets = new Float64Array(MOST_GROUPS + 1);
  private readonly flows = new Float64Array(MOST_GROUPS + 1);
  private readonly scratch: Uint32Array;
  private groups = 0;
  private readonly sums = new Map<string, Sum>();
  private bound: { batch: FlowBatch; cells: readonly BoundCell[] } | undefined;
  total = { bytes: 0, packets: 0, flows: 0 };

  constructor(cells: readonly Cell[]) {
    this.cells = cells;
    this.words = cells.reduce((sum, cell) => sum + cell.words, 0);
    this.keys = new Uint32Array(this.words * (MOST_GROUPS + 1));
    this.scratch = new Uint32Array(this.words);
  }

  /** Takes up the batch as it is now: columns may have come into being. */
  bind(batch: FlowBatch): void {
    this.bound = { batch, cells: this.cells.map((cell) => cell.bind(batch)) };
  }

  add(row: number, bytes: number, packets: number): void {
    this.total.bytes += bytes;
    this.total.packets += packets;
    this.total.flows++;
    const { scratch, words, keys } = this;
    const { cells } = this.bound!;
    let offset = 0;
    for (let c = 0; c < cells.length; c++) {
      cells[c]!.put(row, scratch, offset);
      offset += this.cells[c]!.words;
    }
    let hash = 0x811c9dc5;
    for (let w = 0; w < words; w++) {
      hash = Math.imul(hash ^ scratch[w]!, 0x85ebca6b);
      hash ^= hash >>> 13;
    }
    hash >>>= 0;
    const mask = this.slots.length - 1;
    let slot = hash & mask;
    let group = this.slots[slot]!;
    for (; group !== 0; group = this.slots[slot]!) {
      if (this.hashes[group] === hash && this.same(group)) break;
      slot = (slot + 1) & mask;
    }
    if (group === 0) {
      if (this.groups >= MOST_GROUPS) return;
      group = ++this.groups;
      this.slots[slot] = group;
      this.hashes[group] = hash;
      keys.set(scratch, group * words);
      this.bytes[group] = this.packets[group] = this.flows[group] = 0;
    }
    this.bytes[group]! += bytes;
    this.packets[group]! += packets;
    this.flows[group]!++;
  }

  private same(group: number): boolean {
    const from = group * this.words;
    for (let w = 0; w < this.words; w++) if (this.keys[from + w] !== this.scratch[w]) return false;
    return true;
  }

  /** Turns groups into what they show; to be called before the batch is reset. */
  settle(): void {
    if (this.groups === 0) return;
    const { cells } = this.bound!;
    const least = this.leastKept();
    for (let group = 1; group <= this.groups; group++) {
      if (this.bytes[group]! < least) continue;
      let offset = group * this.words;
      const values = cells.map((cell, c) => {
        const value = cell.show(this.keys, offset);
        offset += this.cells[c]!.words;
        return value;
      });
      const key = JSON.stringify(values);
      const known = this.sums.get(key);
      if (known !== undefined) {
        known.bytes += this.bytes[group]!;
        known.packets += this.packets[group]!;
        known.flows += this.flows[group]!;
      } else if (this.sums.size < MOST_KEYS)
        this.sums.set(key, {
          values,
          bytes: this.bytes[group]!,
          packets: this.packets[group]!,
          flows: this.flows[group]!,
        });
    }
    this.groups = 0;
    this.slots.fill(0);
  }

  /** Octets of the lightest group that is kept. */
  private leastKept(): number {
    if (this.groups <= MOST_KEPT) return 0;
    const sorted = this.bytes.slice(1, this.groups + 1).sort();
    return sorted[this.groups - MOST_KEPT]!;
  }

  /** The groups with the most octets, largest first, everything multiplied by `factor`; then it begins anew. */
  take(limit: number, factor: number): { rows: (string | number)[][]; total: RateTable['total'] } {
    this.settle();
    const scaled = (value: number): number => Math.round(value * factor);
    const rows = [...this.sums.values()]
      .sort((a, b) => b.bytes - a.bytes)
      .slice(0, limit)
      .map((s) => [...s.values, scaled(s.bytes), scaled(s.packets), scaled(s.flows)]);
    const { bytes, packets, flows } = this.total;
    this.sums.clear();
    this.total = { bytes: 0, packets: 0, flows: 0 };
    return { rows, total: { bytes: scaled(bytes), packets: scaled(packets), flows: scaled(flows) } };
  }
}
