import {
  type WindowDistinct,
  type WindowKind,
  type WindowRows,
  distinctCount,
  insertDistinct,
} from '@weir/core/windows';
import type { Entity } from '../step.ts';
import { Entities, type SavedEntities } from './entities.ts';
import { LEARNING_MINUTES, stillLearning, usualAt } from './estimate.ts';
import { summaryOf } from './hour-summary.ts';
import { hourOfWeek } from './hours.ts';
import { KeyReader, type KeyTexts, keyHash } from './keys.ts';
import { fadedShare, fadingSeconds, heldShare } from './long-flows.ts';
import type { MeasuredMetric } from './metrics.ts';
import { HOUR_MINUTES, StoreLayout } from './store.ts';
import type { UsualValue } from './usual.ts';
import { NO_VALUE, codeOf } from './value-code.ts';
import { learnHour } from './week.ts';

const MINUTE = 60;
/** An hour of which fewer minutes are known is not learnt: its middle would be chance. */
const LEAST_MINUTES = 30;
/** Bit of the column `internal` that says of a kind's own host that it is in own networks. */
const ownBits: Partial<Record<WindowKind, number>> = { source: 1, destination: 2, prefix: 2 };

export interface SavedKind {
  readonly metrics: readonly string[];
  readonly saved: SavedEntities;
}

/** What is usual for the entities of a kind, the current minute among it. */
export class KindBaselines {
  readonly kind: WindowKind;
  entities: Entities;
  private readonly layout: StoreLayout;
  private readonly metrics: readonly MeasuredMetric[];
  private readonly places: ReadonlyMap<string, number>;
  private readonly ownBit: number;
  private readonly key: Uint32Array;
  /** By row of the window that is learnt. */
  private entityOf = new Int32Array(0);
  private share = new Float64Array(0);
  private strangers = new Int32Array(0);
  private strangerHashes = new Uint32Array(0);
  /** Of the rows that were last asked for. */
  private reader:
    { readonly rows: WindowRows; readonly texts: KeyTexts; readonly keys: KeyReader } | undefined;
  /** The hour that is being taken into the week, and the first entity that is still to do. */
  private hour = -1;
  private next = 0;

  constructor(kind: WindowKind, capacity: number) {
    this.kind = kind;
    this.layout = new StoreLayout(kind);
    this.metrics = this.layout.metrics;
    this.places = new Map(this.metrics.map(({ name }, m) => [name, m]));
    this.entities = new Entities(this.layout, capacity);
    this.ownBit = ownBits[kind] ?? 0;
    this.key = new Uint32Array(this.layout.width);
  }

  /** Adds a window's rows to the current minute. */
  observe(rows: WindowRows, texts: KeyTexts, minute: number): void {
    const n = rows.rows;
    if (n === 0) return;
    if (this.entityOf.length < n) {
      const room = 2 ** Math.ceil(Math.log2(n));
      this.entityOf = new Int32Array(room);
      this.share = new Float64Array(room);
      this.strangers = new Int32Array(room);
      this.strangerHashes = new Uint32Array(room);
    }
    this.findEntities(rows, texts, minute);
    this.hold(rows);
    this.metrics.forEach((metric, m) => this.add(rows, metric, m));
  }

  private findEntities(rows: WindowRows, texts: KeyTexts, minute: number): void {
    const { entities, entityOf, key, layout, ownBit, strangers, strangerHashes } = this;
    const { newcomers } = entities;
    const { seen, own } = entities.store;
    const { internal } = rows.numbers;
    const reader = this.readerOf(rows, texts);
    let strange = 0;
    for (let r = 0; r < rows.rows; r++) {
      entityOf[r] = -1;
      if (rows.rest[r] === 1 || !reader.read(r)) continue;
      const hash = keyHash(key, 0, layout.width);
      const e = entities.find(key, hash);
      const isOwn = (internal[r]! & ownBit) === 0 ? 0 : 1;
      if (e >= 0) {
        entityOf[r] = e;
        seen[e] = minute;
        own[e]! |= isOwn;
      } else if (!newcomers.count(key, hash, isOwn, minute)) {
        strangers[strange] = r;
        strangerHashes[strange++] = hash;
      }
    }
    for (let s = 0; s < strange; s++) {
      const r = strangers[s]!;
      reader.read(r);
      newcomers.offer(key, strangerHashes[s]!, (internal[r]! & ownBit) === 0 ? 0 : 1, minute);
    }
  }

  /** Which share of each row's volume is held, and how long. */
  private hold(rows: WindowRows): void {
    const { entityOf, share, metrics } = this;
    const { held, fading } = this.entities.store;
    const { bytes, bytes_before: before, longest_ms: longest } = rows.numbers;
    for (let r = 0; r < rows.rows; r++) {
      const e = entityOf[r]!;
      if (e < 0) continue;
      share[r] = heldShare(bytes[r]!, before[r]!, longest[r]!);
      if (share[r]! > 0)
        fading[e] = fadingSeconds(held[e * metrics.length]!, fading[e]!, bytes[r]! * share[r]!, longest[r]!);
    }
  }

  private add(rows: WindowRows, { measure }: MeasuredMetric, m: number): void {
    const { entityOf, share } = this;
    const { sums, counts, held } = this.entities.store;
    const width = this.metrics.length;
    const n = rows.rows;
    if (measure.how === 'distinct') {
      this.addDistinct(rows, measure.column, m);
      return;
    }
    if (measure.how === 'mean') {
      const sum = rows.numbers[measure.sum];
      const count = rows.numbers[measure.count];
      for (let r = 0; r < n; r++) {
        const e = entityOf[r]!;
        if (e < 0) continue;
        sums[e * width + m]! += sum[r]!;
        counts[e * width + m]! += count[r]!;
      }
      return;
    }
    const column = rows.numbers[measure.column];
    for (let r = 0; r < n; r++) {
      const e = entityOf[r]!;
      const value = column[r]!;
      if (e < 0 || value === 0) continue;
      const later = measure.volume ? value * share[r]! : 0;
      sums[e * width + m]! += value - later;
      if (later > 0) held[e * width + m]! += later;
    }
  }

  private addDistinct(rows: WindowRows, name: WindowDistinct, m: number): void {
    const column = rows.distincts[name];
    if (column === undefined) return;
    const { entityOf, layout } = this;
    const { hashesSeen, hashCounts } = this.entities.store;
    const { kept, distincts } = layout;
    for (let r = 0; r < rows.rows; r++) {
      const e = entityOf[r]!;
      if (e < 0) continue;
      const place = e * distincts + layout.distinctPlace[m]!;
      const end = column.ends[r]!;
      for (let i = r === 0 ? 0 : column.ends[r - 1]!; i < end; i++)
        hashCounts[place] = insertDistinct(
          hashesSeen,
          place * kept,
          hashCounts[place]!,
          kept,
          column.hashes[i]!,
        );
    }
  }

  /**
   * Ends the current minute. `whole`: whether it was watched from beginning to end; otherwise its values are not known. Those who
   * were not seen had nothing.
   */
  endMinute(minute: number, whole: boolean): void {
    const { metrics, layout, entities } = this;
    const { used, recent, known, sums, counts, held, fading, hashesSeen, hashCounts } = entities.store;
    const width = metrics.length;
    const { kept, distincts } = layout;
    for (let e = 0; e < entities.entities; e++) {
      if (used[e] === 0) continue;
      const faded = fading[e]! > 0 ? fadedShare(fading[e]!, MINUTE) : 0;
      for (let m = 0; m < width; m++) {
        const series = e * width + m;
        const { measure } = metrics[m]!;
        let value = NaN;
        if (measure.how === 'rate') {
          const counted = held[series]! > 0 ? held[series]! * faded : 0;
          value = (sums[series]! + counted) / MINUTE;
          held[series]! -= counted;
          if (held[series]! < 1) held[series] = 0;
        } else if (measure.how === 'distinct') {
          const at = (e * distincts + layout.distinctPlace[m]!) * kept;
          const count = hashCounts[e * distincts + layout.distinctPlace[m]!]!;
          value = count < kept ? count : distinctCount(hashesSeen.subarray(at, at + count), kept);
        } else if (counts[series]! >= measure.least) value = sums[series]! / counts[series]!;
        const isKnown = whole && !Number.isNaN(value);
        recent[series * HOUR_MINUTES + (minute % HOUR_MINUTES)] = isKnown ? codeOf(value) : NO_VALUE;
        if (isKnown) known[series]!++;
        sums[series] = 0;
        counts[series] = 0;
      }
    }
    hashCounts.fill(0);
    entities.admit(minute);
  }

  /** An hour has ended with a minute: its values are to be taken into the week, by `learnSome` or `learnAll`. */
  endHour(minute: number): void {
    this.hour = hourOfWeek(minute * MINUTE);
    this.next = 0;
    this.entities.fade(minute);
  }

  /** Takes a sixth of the entities' last hour into the week: so it is done within a minute, and no window takes long. */
  learnSome(): void {
    if (this.hour >= 0) this.learnUpTo(this.next + Math.ceil(this.entities.entities / 6));
  }

  learnAll(): void {
    if (this.hour >= 0) this.learnUpTo(this.entities.entities);
  }

  private learnUpTo(end: number): void {
    const { store, entities } = this.entities;
    const width = this.metrics.length;
    const to = Math.min(end, entities);
    for (; this.next < to; this.next++) {
      if (store.used[this.next] === 0) continue;
      for (let series = this.next * width; series < (this.next + 1) * width; series++) {
        const minutes = store.recent.subarray(series * HOUR_MINUTES, (series + 1) * HOUR_MINUTES);
        const summary = summaryOf(minutes, LEAST_MINUTES);
        if (summary !== undefined) learnHour(store, series, this.hour, summary, minutes);
      }
    }
    if (this.next >= entities) this.hour = -1;
  }

  of(rows: WindowRows, texts: KeyTexts, row: number, metric: string, seconds: number): UsualValue {
    const m = this.placeOf(metric);
    const e = this.entityAt(rows, texts, row);
    if (e < 0) return stillLearning;
    const { store } = this.entities;
    const series = e * this.metrics.length + m;
    return usualAt(
      store,
      store.recent.subarray(series * HOUR_MINUTES, (series + 1) * HOUR_MINUTES),
      series,
      store.known[series]!,
      seconds,
    );
  }

  /** The same as a minute's value, over the windows that `entity` has. */
  now(
    rows: WindowRows,
    texts: KeyTexts,
    row: number,
    metric: string,
    entity: Entity,
    windows: number,
  ): number {
    const m = this.placeOf(metric);
    const { measure } = this.metrics[m]!;
    if (measure.how === 'distinct') return entity.distinct(measure.column, windows);
    if (measure.how === 'mean') {
      const count = entity.sum(measure.count, windows);
      return count < measure.least ? NaN : entity.sum(measure.sum, windows) / count;
    }
    let sum = 0;
    for (let back = 0; back < windows; back++) {
      const share = measure.volume
        ? heldShare(entity.at('bytes', back), entity.at('bytes_before', back), entity.at('longest_ms', back))
        : 0;
      sum += entity.at(measure.column, back) * (1 - share);
    }
    const e = measure.volume ? this.entityAt(rows, texts, row) : -1;
    if (e >= 0) {
      const { held, fading } = this.entities.store;
      const waiting = held[e * this.metrics.length + m]!;
      if (waiting > 0) sum += waiting * fadedShare(fading[e]!, MINUTE);
    }
    return sum / MINUTE;
  }

  private placeOf(metric: string): number {
    const place = this.places.get(metric);
    if (place === undefined)
      throw new Error(
        `there is no usual \`${metric}\` of the kind ${this.kind}: it has ${[...this.places.keys()].join(', ')}`,
      );
    return place;
  }

  private entityAt(rows: WindowRows, texts: KeyTexts, row: number): number {
    const { key } = this;
    if (rows.rest[row] === 1 || !this.readerOf(rows, texts).read(row)) return -1;
    return this.entities.find(key, keyHash(key, 0, this.layout.width));
  }

  private readerOf(rows: WindowRows, texts: KeyTexts): KeyReader {
    if (this.reader?.rows !== rows || this.reader.texts !== texts)
      this.reader = { rows, texts, keys: new KeyReader(rows, texts, this.key) };
    return this.reader.keys;
  }

  /** Entities whose first metric is not known for long enough. */
  get learning(): number {
    const { store, entities } = this.entities;
    let learning = 0;
    for (let e = 0; e < entities; e++)
      if (store.used[e] === 1 && store.known[e * this.metrics.length]! < LEARNING_MINUTES) learning++;
    return learning;
  }

  /** Memory of the entities that have places now, and of all that can have. */
  get bytes(): number {
    return this.entities.bytes;
  }

  save(): SavedKind {
    return { metrics: this.metrics.map(({ name }) => name), saved: this.entities.save() };
  }

  /** In the place of all that is known; of other metrics, or another form, nothing is taken up. */
  load(from: SavedKind | undefined): void {
    this.hour = -1;
    this.reader = undefined;
    this.entities = new Entities(this.layout, this.entities.capacity);
    if (Array.isArray(from?.metrics) && from.metrics.join() === this.metrics.map(({ name }) => name).join())
      this.entities.load(from.saved);
  }
}
