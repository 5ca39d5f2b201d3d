/*
 * Isolation forest (Liu, Ting, Zhou, "Isolation forest", 2008): a point that few random cuts separate from all others is an outlier. Trees are
 * made of small samples, so that outliers do not hide among each other, and cut no deeper than the average.
 *
 * Nothing here is left to chance: the numbers that cuts are drawn from follow from a seed, so that a replay makes the same trees.
 */

/** A generator of numbers from 0 to 1 (mulberry32): the same for the same seed. */
export function numbersFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A cut; or, with `feature` -1, a leaf of so many points. */
interface Tree {
  readonly feature: Int8Array;
  readonly at: Float64Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly size: Int32Array;
}

const EULER = 0.5772156649;

/** Mean length of the way to a point in a binary search tree of n points that is not there: what scores are held against. */
function meanPath(n: number): number {
  if (n <= 1) return 0;
  return 2 * (Math.log(n - 1) + EULER) - (2 * (n - 1)) / n;
}

export class IsolationForest {
  private readonly trees: readonly Tree[];
  private readonly usual: number;

  /** Of points of equal length. */
  constructor(points: readonly Float64Array[], seed: number, trees = 100, sample = 256) {
    const random = numbersFrom(seed);
    const size = Math.min(sample, points.length);
    this.usual = meanPath(size);
    const depth = Math.ceil(Math.log2(Math.max(2, size)));
    this.trees = Array.from({ length: trees }, () => grown(sampleOf(points, size, random), depth, random));
  }

  /** From 0 to 1: about 0.5 for what is like the others, towards 1 for what stands alone. */
  score(point: ArrayLike<number>): number {
    if (this.usual === 0) return 0.5;
    let sum = 0;
    for (const tree of this.trees) sum += pathOf(tree, point);
    return 2 ** (-sum / this.trees.length / this.usual);
  }
}

function sampleOf(points: readonly Float64Array[], size: number, random: () => number): Float64Array[] {
  const from = [...points];
  for (let i = 0; i < size; i++) {
    const j = i + Math.floor(random() * (from.length - i));
    [from[i], from[j]] = [from[j]!, from[i]!];
  }
  return from.slice(0, size);
}

function grown(points: readonly Float64Array[], most: number, random: () => number): Tree {
  const feature: number[] = [];
  const at: number[] = [];
  const left: number[] = [];
  const right: number[] = [];
  const size: number[] = [];
  const grow = (of: readonly Float64Array[], depth: number): number => {
    const node = feature.length;
    feature.push(-1);
    at.push(0);
    left.push(0);
    right.push(0);
    size.push(of.length);
    const cut = depth < most && of.length > 1 ? cutOf(of, random) : undefined;
    if (cut === undefined) return node;
    feature[node] = cut.feature;
    at[node] = cut.at;
    left[node] = grow(
      of.filter((p) => p[cut.feature]! < cut.at),
      depth + 1,
    );
    right[node] = grow(
      of.filter((p) => p[cut.feature]! >= cut.at),
      depth + 1,
    );
    return node;
  };
  grow(points, 0);
  return {
    feature: Int8Array.from(feature),
    at: Float64Array.from(at),
    left: Int32Array.from(left),
    right: Int32Array.from(right),
    size: Int32Array.from(size),
  };
}

/** Through a feature in which the points differ; undefined where they are all alike. */
function cutOf(
  points: readonly Float64Array[],
  random: () => number,
): { readonly feature: number; readonly at: number } | undefined {
  const width = points[0]!.length;
  const open: (readonly [feature: number, least: number, most: number])[] = [];
  for (let feature = 0; feature < width; feature++) {
    let [least, most] = [Infinity, -Infinity];
    for (const point of points) {
      least = Math.min(least, point[feature]!);
      most = Math.max(most, point[feature]!);
    }
    if (most > least) open.push([feature, least, most]);
  }
  if (open.length === 0) return undefined;
  const [feature, least, most] = open[Math.floor(random() * open.length)]!;
  const at = least + (most - least) * random();
  return { feature, at: at > least ? at : most };
}

function pathOf(tree: Tree, point: ArrayLike<number>): number {
  let node = 0;
  let length = 0;
  for (;;) {
    const feature = tree.feature[node]!;
    if (feature < 0) return length + meanPath(tree.size[node]!);
    node = point[feature]! < tree.at[node]! ? tree.left[node]! : tree.right[node]!;
    length++;
  }
}
