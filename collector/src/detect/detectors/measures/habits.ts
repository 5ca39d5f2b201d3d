import { WINDOW_SECONDS } from '@weir/core/windows';
import type { Parameter } from '../../detector.ts';

/** What is usual of a number between 0 and 1. */
export interface Habit {
  readonly median: number;
  /** 98 of 100 are not above, 2 of 100 not below. */
  readonly high: number;
  readonly low: number;
  /** The same of 998 and 2 of 1000. */
  readonly most: number;
  readonly least: number;
  /** How many it rests on. */
  readonly learnt: number;
}

/** A parameter of all who have habits. */
export const learnMinutes = {
  default: 45,
  unit: 'min',
  least: 1,
  doc: 'Minutes of windows that teach a habit before it is one: as long as baselines take.',
} as const satisfies Parameter;

/**
 * What a window counts that is beyond what is ever usual, where the rarest of a thousand is the habit: it becomes usual within some hours, not
 * while it is told.
 */
export const UNUSUAL_WEIGHT = 0.005;

/** Whether it rests on so many minutes. */
export function isLearnt(habit: Habit | undefined, minutes: number): habit is Habit {
  return habit !== undefined && habit.learnt >= (minutes * 60) / WINDOW_SECONDS;
}

/** A histogram is halved when it holds so many: what is two days old counts a quarter. */
const MOST_LEARNT = 8640;
const BUCKETS = 64;

interface Kept {
  readonly counts: Float32Array;
  learnt: number;
  /** Seconds since 1970: for whom to forget. */
  seen: number;
}

/** Where a number falls, so that small ones are told apart where they matter: shares of errors; entropies are spread evenly. */
export type Scale = 'root' | 'even';

/**
 * Habits of many entities, each the histogram of a number between 0 and 1 that slowly forgets. Bounded: where there is no room, the one not
 * seen for longest gives way, if that was an hour ago.
 */
export class Habits {
  private readonly kept = new Map<string, Kept>();
  private readonly most: number;
  private readonly scale: Scale;

  constructor(most: number, scale: Scale) {
    this.most = most;
    this.scale = scale;
  }

  of(id: string): Habit | undefined {
    const kept = this.kept.get(id);
    if (kept === undefined || kept.learnt < 1) return undefined;
    return {
      median: this.quantile(kept, 0.5),
      high: this.quantile(kept, 0.98),
      low: this.quantile(kept, 0.02),
      most: this.quantile(kept, 0.998),
      least: this.quantile(kept, 0.002),
      learnt: kept.learnt,
    };
  }

  has(id: string): boolean {
    return this.kept.has(id);
  }

  /** `weight` below 1 for what seems wrong: it becomes usual too, but slowly. */
  learn(id: string, value: number, now: number, weight = 1): void {
    let kept = this.kept.get(id);
    if (kept === undefined) {
      if (this.kept.size >= this.most && !this.makeRoom(now)) return;
      kept = { counts: new Float32Array(BUCKETS), learnt: 0, seen: now };
    } else this.kept.delete(id);
    // The map's order is that of being seen.
    this.kept.set(id, kept);
    kept.seen = now;
    kept.counts[this.bucket(value)]! += weight;
    kept.learnt += weight;
    if (kept.learnt <= MOST_LEARNT) return;
    for (let i = 0; i < BUCKETS; i++) kept.counts[i]! /= 2;
    kept.learnt /= 2;
  }

  private makeRoom(now: number): boolean {
    const [oldest] = this.kept;
    if (oldest === undefined || now - oldest[1].seen < 3600) return false;
    return this.kept.delete(oldest[0]);
  }

  private bucket(value: number): number {
    const place = this.scale === 'root' ? Math.sqrt(Math.max(0, value)) : Math.max(0, value);
    return Math.min(BUCKETS - 1, Math.floor(place * BUCKETS));
  }

  /** Within its bucket in proportion; of the lowest bucket its lower end, so that what never happens is 0. */
  private quantile({ counts, learnt }: Kept, share: number): number {
    let left = share * learnt;
    for (let i = 0; i < BUCKETS; i++) {
      const n = counts[i]!;
      if (n <= 0) continue;
      if (left > n) {
        left -= n;
        continue;
      }
      if (i === 0) return 0;
      const place = (i + Math.max(0, left) / n) / BUCKETS;
      return this.scale === 'root' ? place * place : place;
    }
    return 1;
  }

  save(): unknown {
    return [...this.kept].map(([id, { counts, learnt, seen }]) => [id, [...counts], learnt, seen]);
  }

  load(saved: unknown): void {
    if (!Array.isArray(saved)) return;
    for (const one of saved as readonly unknown[]) {
      if (!Array.isArray(one)) continue;
      const [id, counts, learnt, seen] = one as [unknown, unknown, unknown, unknown];
      if (typeof id !== 'string' || typeof learnt !== 'number' || typeof seen !== 'number') continue;
      if (!Array.isArray(counts) || counts.length !== BUCKETS || this.kept.size >= this.most) continue;
      this.kept.set(id, { counts: Float32Array.from(counts as number[]), learnt, seen });
    }
  }

  counts(): { entities: number; learning: number } {
    let learning = 0;
    for (const { learnt } of this.kept.values())
      if (learnt < (learnMinutes.default * 60) / WINDOW_SECONDS) learning++;
    return { entities: this.kept.size, learning };
  }
}
