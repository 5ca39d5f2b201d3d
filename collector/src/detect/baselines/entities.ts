import { sameKey } from './keys.ts';
import { ADMITTED_MINUTES, Newcomers, OWN_WEIGHT, type SavedNewcomers } from './newcomers.ts';
import type { StoreLayout } from './store.ts';
import { type Store } from './store.ts';

/** Places made at first; doubled up to the capacity as they are needed. */
const FIRST_PLACES = 64;
/** Of what it was seen, half is forgotten in a week. */
const HOURLY_FADE = 2 ** (-1 / 168);
/** Minutes without a row after which an entity's place is given up: four weeks. */
const FORGOTTEN_MINUTES = 4 * 7 * 24 * 60;

export interface SavedEntities {
  readonly entities: number;
  readonly store: Store;
  readonly newcomers: SavedNewcomers;
  readonly displaced: number;
}

/**
 * Who has a place, not more than the capacity. A newcomer gets one when it was seen in three minutes. When none is free, it must have been
 * seen in more minutes than the one that was seen least, whose minutes fade by half in a week: those long known stay, however many
 * others come once or for an hour; those gone for good give way. Own hosts count eight times as much as others, for what
 * is usual of them is what is asked for most. Heavy ones are not preferred beyond that: windows, which hold the heavy ones of each
 * ten seconds, have done so.
 */
export class Entities {
  readonly layout: StoreLayout;
  readonly capacity: number;
  store: Store;
  /** Places that have been taken at some time. */
  entities = 0;
  displaced = 0;
  readonly newcomers: Newcomers;
  private places: number;
  private free: number[] = [];
  /** Entity by hash, plus one. */
  private slots: Uint32Array;
  private readonly key: Uint32Array;

  constructor(layout: StoreLayout, capacity: number) {
    this.layout = layout;
    this.capacity = capacity;
    this.places = Math.min(capacity, FIRST_PLACES);
    this.store = layout.grown(undefined, this.places);
    this.newcomers = new Newcomers(layout.width, 2 * capacity);
    this.key = new Uint32Array(layout.width);
    this.slots = new Uint32Array(slotsFor(this.places));
  }

  get count(): number {
    return this.entities - this.free.length;
  }

  /** -1 where it has no place. */
  find(key: Uint32Array, hash: number): number {
    const { slots, store, layout } = this;
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const e = slots[slot]! - 1;
      if (e < 0) return -1;
      if (store.hashes[e] === hash && sameKey(store.keys, e * layout.width, key, 0, layout.width)) return e;
    }
  }

  /** At a minute's end: those seen in it grow older, and newcomers come in. */
  admit(minute: number): void {
    const { used, seen, score } = this.store;
    for (let e = 0; e < this.entities; e++) if (used[e] === 1 && seen[e] === minute) score[e]!++;
    const waiting = this.newcomers.admissible(minute);
    if (waiting.length === 0) return;
    let weakest: number[] | undefined;
    let next = 0;
    let settled = false;
    for (const place of waiting) {
      let e = this.freePlace(waiting.length);
      if (e < 0) {
        // In most minutes nobody has a right to another's place: then they need not be put in order.
        if (weakest === undefined && this.newcomers.rankOf(place) <= this.leastRank()) break;
        weakest ??= this.weakestFirst();
        e = weakest[next++] ?? -1;
        // Others waiting have no more of a right, those that are left no less.
        if (e < 0 || this.newcomers.rankOf(place) <= this.rankOf(e)) break;
        this.displaced++;
        this.layout.clear(this.store, e);
      }
      this.settle(e, place, minute);
      settled = true;
    }
    if (settled) this.index();
  }

  /** At an hour's end. */
  fade(minute: number): void {
    const { store } = this;
    let gone = false;
    for (let e = 0; e < this.entities; e++) {
      if (store.used[e] === 0) continue;
      store.score[e]! *= HOURLY_FADE;
      if (store.seen[e]! + FORGOTTEN_MINUTES >= minute) continue;
      this.layout.clear(store, e);
      this.free.push(e);
      gone = true;
    }
    if (gone) this.index();
  }

  private settle(e: number, place: number, minute: number): void {
    const { minutes, own, hash } = this.newcomers.take(place, this.key);
    const { store } = this;
    store.keys.set(this.key, e * this.layout.width);
    store.hashes[e] = hash;
    store.used[e] = 1;
    store.own[e] = own;
    store.seen[e] = minute;
    store.score[e] = Math.max(ADMITTED_MINUTES, minutes);
  }

  private freePlace(waiting: number): number {
    const free = this.free.pop();
    if (free !== undefined) return free;
    if (this.entities === this.places && this.places < this.capacity) {
      this.places = Math.min(this.capacity, Math.max(this.places * 2, this.places + waiting));
      this.store = this.layout.grown(this.store, this.places);
    }
    return this.entities < this.places ? this.entities++ : -1;
  }

  private weakestFirst(): number[] {
    const all = Array.from({ length: this.entities }, (_, e) => e).filter((e) => this.store.used[e] === 1);
    return all.sort(
      (a, b) => this.rankOf(a) - this.rankOf(b) || this.store.hashes[a]! - this.store.hashes[b]!,
    );
  }

  private leastRank(): number {
    let least = Infinity;
    for (let e = 0; e < this.entities; e++)
      if (this.store.used[e] === 1) least = Math.min(least, this.rankOf(e));
    return least;
  }

  private rankOf(e: number): number {
    return this.store.score[e]! * (this.store.own[e] === 1 ? OWN_WEIGHT : 1);
  }

  private index(): void {
    if (this.slots.length < slotsFor(this.places)) this.slots = new Uint32Array(slotsFor(this.places));
    else this.slots.fill(0);
    const mask = this.slots.length - 1;
    for (let e = 0; e < this.entities; e++) {
      if (this.store.used[e] === 0) continue;
      let slot = this.store.hashes[e]! & mask;
      while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
      this.slots[slot] = e + 1;
    }
  }

  /** Memory of those that have places now. */
  get bytes(): number {
    return this.places * this.layout.bytes + this.slots.byteLength + this.newcomers.bytes;
  }

  save(): SavedEntities {
    const { entities, displaced } = this;
    const store = this.layout.grown(this.store, entities);
    return { entities, store, newcomers: this.newcomers.save(), displaced };
  }

  /** Where more were saved than there is room for, those with the most right to a place. */
  load(saved: SavedEntities | undefined): void {
    const count = saved?.entities ?? -1;
    if (saved === undefined || count < 0 || !this.layout.fits(saved.store, count)) return;
    this.store = saved.store;
    this.entities = count;
    const kept = this.weakestFirst().slice(-this.capacity);
    // Where all have room each keeps its place.
    const places = kept.length === count ? kept.sort((a, b) => a - b) : kept;
    this.entities = places.length;
    this.places = Math.max(Math.min(this.capacity, FIRST_PLACES), places.length);
    this.store = this.layout.grown(this.layout.chosen(saved.store, places), this.places);
    this.free = [];
    this.displaced = saved.displaced;
    this.newcomers.load(saved.newcomers);
    this.index();
  }
}

function slotsFor(places: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(2, places * 2)));
}
