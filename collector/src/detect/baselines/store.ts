import { type WindowKind, distinctKept, keyOfKind, keyWords } from '@weir/core/windows';
import { type MeasuredMetric, metricsOfKind } from './metrics.ts';
import { NO_VALUE } from './value-code.ts';
import { WEEK_HOURS } from './hours.ts';
import { NOTHING_PENDING, type Slots } from './week.ts';

export const HOUR_MINUTES = 60;

/** All that is remembered of the entities of a kind, as columns; a series is a metric of an entity. */
export interface Store extends Slots {
  /** By entity. */
  readonly keys: Uint32Array;
  readonly hashes: Uint32Array;
  /** 1 where the place is taken. */
  readonly used: Uint8Array;
  readonly own: Uint8Array;
  /** The latest minute it was seen in, since 1970. */
  readonly seen: Uint32Array;
  /** Minutes that it was seen in, fading by half in a week. */
  readonly score: Float64Array;
  /** Seconds over which what is held fades. */
  readonly fading: Float64Array;
  /** By series: minutes known of it. */
  readonly known: Uint32Array;
  /** Sum of the current minute, and how many a mean is of. */
  readonly sums: Float64Array;
  readonly counts: Float64Array;
  /** What of long flows is still to be counted: long-flows.ts. */
  readonly held: Float64Array;
  /** Codes of the last sixty minutes, by the minute of the hour. */
  readonly recent: Uint16Array;
  /** By distinct metric: the current minute's hashes, and how many. */
  readonly hashesSeen: Uint32Array;
  readonly hashCounts: Uint16Array;
}

type Column = Uint8Array | Uint16Array | Uint32Array | Float32Array | Float64Array;
export type StoreName = keyof Store;

interface Layout {
  readonly type: new (length: number) => Column;
  /** Numbers an entity. */
  readonly each: number;
  /** Of a place that nobody has; 0 where left out. */
  readonly empty?: number;
}

/** How a kind's columns are laid out. */
export class StoreLayout {
  readonly kind: WindowKind;
  readonly metrics: readonly MeasuredMetric[];
  readonly width: number;
  /** Hashes kept for a distinct metric. */
  readonly kept: number;
  /** By metric: its place among the distinct ones; -1 where it is none. */
  readonly distinctPlace: readonly number[];
  readonly distincts: number;
  private readonly columns: Readonly<Record<StoreName, Layout>>;

  constructor(kind: WindowKind) {
    this.kind = kind;
    this.metrics = metricsOfKind(kind);
    this.width = keyOfKind(kind).reduce((sum, name) => sum + keyWords(name), 0);
    this.kept = distinctKept(kind);
    let distincts = 0;
    this.distinctPlace = this.metrics.map(({ measure }) => (measure.how === 'distinct' ? distincts++ : -1));
    this.distincts = distincts;
    const series = this.metrics.length;
    const slots = series * WEEK_HOURS;
    this.columns = {
      keys: { type: Uint32Array, each: this.width },
      hashes: { type: Uint32Array, each: 1 },
      used: { type: Uint8Array, each: 1 },
      own: { type: Uint8Array, each: 1 },
      seen: { type: Uint32Array, each: 1 },
      score: { type: Float64Array, each: 1 },
      fading: { type: Float64Array, each: 1 },
      known: { type: Uint32Array, each: series },
      sums: { type: Float64Array, each: series },
      counts: { type: Float64Array, each: series },
      held: { type: Float64Array, each: series },
      recent: { type: Uint16Array, each: series * HOUR_MINUTES, empty: NO_VALUE },
      hashesSeen: { type: Uint32Array, each: distincts * this.kept },
      hashCounts: { type: Uint16Array, each: distincts },
      medians: { type: Uint16Array, each: slots },
      pendings: { type: Uint8Array, each: slots, empty: NOTHING_PENDING },
      spreads: { type: Uint8Array, each: slots },
      highs: { type: Uint8Array, each: slots },
      lows: { type: Uint8Array, each: slots },
      weeks: { type: Uint8Array, each: slots },
      outlyingHighs: { type: Uint16Array, each: series },
      outlyingLows: { type: Uint16Array, each: series },
      outside: { type: Float32Array, each: series },
    };
  }

  /** A store of so many entities, those of another one at its beginning. */
  grown(from: Store | undefined, entities: number): Store {
    return this.made((name, { type, each, empty }) => {
      const column = new type(entities * each);
      if (empty !== undefined) column.fill(empty);
      if (from !== undefined) column.set(from[name].subarray(0, column.length));
      return column;
    });
  }

  /** Those entities alone, in that order. */
  chosen(from: Store, entities: readonly number[]): Store {
    return this.made((name, { type, each }) => {
      const column = new type(entities.length * each);
      entities.forEach((e, i) => column.set(from[name].subarray(e * each, (e + 1) * each), i * each));
      return column;
    });
  }

  /** Empties a place. */
  clear(store: Store, entity: number): void {
    for (const [name, { each, empty }] of this.entries())
      store[name].fill(empty ?? 0, entity * each, (entity + 1) * each);
  }

  /** Whether something saved is a store of so many entities of this form. */
  fits(saved: unknown, entities: number): saved is Store {
    if (typeof saved !== 'object' || saved === null) return false;
    return this.entries().every(([name, { type, each }]) => {
      const column = (saved as Partial<Record<StoreName, unknown>>)[name];
      return (
        ArrayBuffer.isView(column) &&
        column.constructor.name === type.name &&
        (column as Column).length === entities * each
      );
    });
  }

  /** Memory of an entity. */
  get bytes(): number {
    return this.entries().reduce(
      (sum, [, { type, each }]) =>
        sum + each * (type as unknown as { BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT,
      0,
    );
  }

  private entries(): [StoreName, Layout][] {
    return Object.entries(this.columns) as [StoreName, Layout][];
  }

  private made(column: (name: StoreName, layout: Layout) => Column): Store {
    return Object.fromEntries(
      this.entries().map(([name, layout]) => [name, column(name, layout)]),
    ) as unknown as Store;
  }
}
