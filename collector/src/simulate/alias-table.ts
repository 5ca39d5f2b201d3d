import type { Random } from './random.ts';

/** Draws from a fixed discrete distribution in constant time (Walker's alias method, in Vose's form). */
export class AliasTable {
  private readonly threshold: Float64Array;
  private readonly alias: Uint32Array;

  constructor(weights: ArrayLike<number>) {
    const n = weights.length;
    this.threshold = new Float64Array(n);
    this.alias = new Uint32Array(n);
    let total = 0;
    for (let i = 0; i < n; i++) total += weights[i]!;
    const scaled = Float64Array.from(weights, (weight) => (weight * n) / total);
    const small: number[] = [];
    const large: number[] = [];
    for (let i = 0; i < n; i++) (scaled[i]! < 1 ? small : large).push(i);
    while (small.length > 0 && large.length > 0) {
      const less = small.pop()!;
      const more = large.pop()!;
      this.threshold[less] = scaled[less]!;
      this.alias[less] = more;
      scaled[more] = scaled[more]! + scaled[less]! - 1;
      (scaled[more]! < 1 ? small : large).push(more);
    }
    for (const rest of [...small, ...large]) this.threshold[rest] = 1;
  }

  draw(random: Random): number {
    const position = random.unit() * this.threshold.length;
    const column = Math.floor(position);
    return position - column < this.threshold[column]! ? column : this.alias[column]!;
  }
}

/** Weights of Zipf's law: the k-th most popular of `n` is asked for 1/kˢ as often as the first. */
export function zipfWeights(n: number, exponent: number): Float64Array {
  return Float64Array.from({ length: n }, (_, rank) => Math.pow(rank + 1, -exponent));
}
