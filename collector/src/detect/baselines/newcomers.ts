import { scattered } from '@weir/core/windows';
import { sameKey } from './keys.ts';

/** Places that a key may have. */
const WAYS = 8;
/** Minutes that one must be seen in before it is given an entity's place. */
export const ADMITTED_MINUTES = 3;
/** A newcomer that was not seen for so many minutes gives way to any other. */
const STALE_MINUTES = 60;
/** How much more an own host counts than another that was seen as often. */
export const OWN_WEIGHT = 8;

export interface SavedNewcomers {
  readonly keys: Uint32Array;
  readonly hashes: Uint32Array;
  readonly minutes: Uint16Array;
  readonly last: Uint32Array;
  readonly own: Uint8Array;
}

/**
 * Who is not known yet, with the number of minutes seen in: a table of fixed size, each key in one of eight places. Where these are taken,
 * those seen in fewest minutes give way, among these by a hash that changes each minute, so that everybody has a chance. Addresses that are
 * seen once, 2^32 of them, so push out one another and never come in.
 *
 * What it holds after a window does not depend on the order of its rows: those known are counted first (`count`), then the others
 * compete (`offer`), by an order in which no two are alike.
 */
export class Newcomers {
  /** Times that one found no place or lost it. */
  refused = 0;
  private readonly width: number;
  private readonly sets: number;
  private keys: Uint32Array;
  private hashes: Uint32Array;
  /** 0 where the place is free. */
  private minutes: Uint16Array;
  private last: Uint32Array;
  private own: Uint8Array;
  /** Places of those seen often enough, in the current minute. */
  private ready: number[] = [];

  constructor(width: number, capacity: number) {
    this.width = width;
    this.sets = 2 ** Math.ceil(Math.log2(Math.max(1, capacity / WAYS)));
    const places = this.sets * WAYS;
    this.keys = new Uint32Array(places * width);
    this.hashes = new Uint32Array(places);
    this.minutes = new Uint16Array(places);
    this.last = new Uint32Array(places);
    this.own = new Uint8Array(places);
  }

  get bytes(): number {
    return this.keys.byteLength + this.minutes.length * 11;
  }

  /** Counts one that is here; false where it is not. */
  count(key: Uint32Array, hash: number, own: number, minute: number): boolean {
    const place = this.find(key, hash);
    if (place < 0) return false;
    this.own[place]! |= own;
    if (this.last[place] === minute) return true;
    this.last[place] = minute;
    if (this.minutes[place]! < 65_535) this.minutes[place]!++;
    if (this.minutes[place]! >= ADMITTED_MINUTES) this.ready.push(place);
    return true;
  }

  /** Takes in one that is not, where it has more of a right to a place than another. */
  offer(key: Uint32Array, hash: number, own: number, minute: number): void {
    if (this.find(key, hash) >= 0) return;
    const first = (hash & (this.sets - 1)) * WAYS;
    let place = first;
    let least = Infinity;
    for (let p = first; p < first + WAYS; p++) {
      const right = this.rightOf(p, minute);
      if (right < least) {
        least = right;
        place = p;
      }
    }
    if (least >= 0) this.refused++;
    if (least >= right(1, own, hash, minute)) return;
    this.keys.set(key.subarray(0, this.width), place * this.width);
    this.hashes[place] = hash;
    this.minutes[place] = 1;
    this.last[place] = minute;
    this.own[place] = own;
  }

  /** The places of those seen in this minute and often enough, own hosts and those seen in most minutes first. */
  admissible(minute: number): number[] {
    const found = this.ready.filter((p) => this.minutes[p]! >= ADMITTED_MINUTES && this.last[p] === minute);
    this.ready = [];
    return found.sort((a, b) => this.rankOf(b) - this.rankOf(a) || this.hashes[a]! - this.hashes[b]!);
  }

  rankOf(place: number): number {
    return this.minutes[place]! * (this.own[place] === 1 ? OWN_WEIGHT : 1);
  }

  /** Takes one out, for a place among the entities: gives its minutes, its key into `key`. */
  take(
    place: number,
    key: Uint32Array,
  ): { readonly minutes: number; readonly own: number; readonly hash: number } {
    key.set(this.keys.subarray(place * this.width, (place + 1) * this.width));
    const taken = { minutes: this.minutes[place]!, own: this.own[place]!, hash: this.hashes[place]! };
    this.minutes[place] = 0;
    return taken;
  }

  private find(key: Uint32Array, hash: number): number {
    const first = (hash & (this.sets - 1)) * WAYS;
    for (let p = first; p < first + WAYS; p++)
      if (
        this.minutes[p]! > 0 &&
        this.hashes[p] === hash &&
        sameKey(this.keys, p * this.width, key, 0, this.width)
      )
        return p;
    return -1;
  }

  private rightOf(place: number, minute: number): number {
    const minutes = this.minutes[place]!;
    if (minutes === 0 || this.last[place]! + STALE_MINUTES < minute) return -1;
    return right(minutes, this.own[place]!, this.hashes[place]!, minute);
  }

  save(): SavedNewcomers {
    const { keys, hashes, minutes, last, own } = this;
    return {
      keys: keys.slice(),
      hashes: hashes.slice(),
      minutes: minutes.slice(),
      last: last.slice(),
      own: own.slice(),
    };
  }

  /** Of a table of another size nothing is taken up: newcomers are few minutes' knowledge. */
  load(saved: SavedNewcomers | undefined): void {
    if (saved === undefined) return;
    if (saved.keys.length !== this.keys.length || saved.minutes.length !== this.minutes.length) return;
    this.keys = saved.keys.slice();
    this.hashes = saved.hashes.slice();
    this.minutes = saved.minutes.slice();
    this.last = saved.last.slice();
    this.own = saved.own.slice();
    this.ready = [...this.minutes.keys()].filter((p) => this.minutes[p]! >= ADMITTED_MINUTES);
  }
}

/** By minutes, own hosts before others, then by chance, the same for all rows of a minute. */
function right(minutes: number, own: number, hash: number, minute: number): number {
  return minutes * (own === 1 ? OWN_WEIGHT : 1) + scattered(hash ^ Math.imul(minute, 0x9e3779b1)) / 2 ** 32;
}
