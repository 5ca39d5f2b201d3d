import { isUint32Array } from 'node:util/types';
import { scattered } from '@weir/core/windows';

/** Places that a key may have. */
const WAYS = 8;
const HOUR = 3600;

/** A key of any length as two words: two different ones are alike once in 2^64. */
export interface Fingerprint {
  readonly high: number;
  readonly low: number;
}

export interface SavedKeys {
  readonly high: Uint32Array;
  readonly low: Uint32Array;
  readonly seen: Uint32Array;
  readonly counts: Uint32Array;
}

export function fingerprint(tenant: string, ...words: readonly number[]): Fingerprint {
  let high = 0x9e3779b9;
  let low = 0x7f4a7c15;
  for (let i = 0; i <= tenant.length; i++) {
    const word = i < tenant.length ? tenant.charCodeAt(i) : 0x10000;
    high = scattered(high ^ word) + 0x165667b1;
    low = scattered(Math.imul(low, 5) ^ word);
  }
  for (let i = 0; i < words.length; i++) {
    high = scattered(high ^ words[i]!) + 0x165667b1;
    low = scattered(Math.imul(low, 5) ^ words[i]!);
  }
  // Zero stands for a free place.
  return { high: high >>> 0 || 1, low: low >>> 0 };
}

/**
 * What was met and when, as many as there is room for: of eight places that a key may have, the one not met for longest is given up. Each has
 * a count of its own. What was not met for as long as the expiry says is not known any more.
 */
export class RememberedKeys {
  private high: Uint32Array;
  private low: Uint32Array;
  /** Seconds since 1970. */
  private seen: Uint32Array;
  private counts: Uint32Array;
  private readonly sets: number;
  private readonly expiry: number;
  /** When one last had to give way that was met within the hour: then what is new may be only forgotten. */
  private crowdedAt = -Infinity;

  constructor(capacity: number, expirySeconds: number) {
    this.sets = 2 ** Math.ceil(Math.log2(Math.max(1, capacity / WAYS)));
    this.expiry = expirySeconds;
    const places = this.sets * WAYS;
    this.high = new Uint32Array(places);
    this.low = new Uint32Array(places);
    this.seen = new Uint32Array(places);
    this.counts = new Uint32Array(places);
  }

  /** Memory, whatever comes. */
  get bytes(): number {
    return this.high.length * 16;
  }

  has(key: Fingerprint, now: number): boolean {
    return this.find(key, now) >= 0;
  }

  count(key: Fingerprint, now: number): number {
    const place = this.find(key, now);
    return place < 0 ? 0 : this.counts[place]!;
  }

  /** Meets a key and adds to its count. Returns whether it was not known. */
  meet(key: Fingerprint, now: number, add = 0): boolean {
    const known = this.find(key, now);
    if (known >= 0) {
      if (now > this.seen[known]!) this.seen[known] = now;
      this.counts[known] = Math.min(0xffffffff, this.counts[known]! + add);
      return false;
    }
    const first = this.placeOf(key);
    let place = first;
    for (let p = first; p < first + WAYS; p++) {
      if (this.isFree(p, now)) {
        place = p;
        break;
      }
      if (this.seen[p]! < this.seen[place]!) place = p;
    }
    if (!this.isFree(place, now) && now - this.seen[place]! < HOUR) this.crowdedAt = now;
    this.high[place] = key.high;
    this.low[place] = key.low;
    this.seen[place] = now;
    this.counts[place] = add;
    return true;
  }

  /** Whether there are lately more than there is room for. */
  isCrowded(now: number): boolean {
    return now - this.crowdedAt < HOUR;
  }

  size(now: number): number {
    let size = 0;
    for (let p = 0; p < this.high.length; p++) if (!this.isFree(p, now)) size++;
    return size;
  }

  save(): SavedKeys {
    const used: number[] = [];
    for (let p = 0; p < this.high.length; p++) if (this.high[p] !== 0) used.push(p);
    const of = (from: Uint32Array): Uint32Array => Uint32Array.from(used, (p) => from[p]!);
    return { high: of(this.high), low: of(this.low), seen: of(this.seen), counts: of(this.counts) };
  }

  /** Takes up what was saved, also by one of another capacity. */
  load(saved: SavedKeys): void {
    const { high, low, seen, counts } = saved;
    for (let i = 0; i < high.length; i++) this.meet({ high: high[i]!, low: low[i]! }, seen[i]!, counts[i]!);
    this.crowdedAt = -Infinity;
  }

  private find(key: Fingerprint, now: number): number {
    const { high, low } = key;
    const { high: highs, low: lows } = this;
    const first = this.placeOf(key);
    for (let p = first; p < first + WAYS; p++)
      if (highs[p] === high && lows[p] === low && !this.isFree(p, now)) return p;
    return -1;
  }

  private isFree(p: number, now: number): boolean {
    return this.high[p] === 0 || now - this.seen[p]! > this.expiry;
  }

  private placeOf({ low }: Fingerprint): number {
    return (scattered(low) & (this.sets - 1)) * WAYS;
  }
}

export function isSavedKeys(value: unknown): value is SavedKeys {
  if (typeof value !== 'object' || value === null) return false;
  const arrays = ['high', 'low', 'seen', 'counts'].map((name) => (value as Record<string, unknown>)[name]);
  return arrays.every((a) => isUint32Array(a) && a.length === (arrays[0] as Uint32Array).length);
}
