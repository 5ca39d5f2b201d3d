import { Dictionary, addressText, addressWords } from '@weir/core';
import {
  type ClosedWindow,
  WINDOW_SECONDS,
  type WindowDistinct,
  type WindowHistogram,
  type WindowKey,
  type WindowKind,
  type WindowNumber,
  type WindowRows,
  addressHash,
  distinctCount,
  distinctKept,
  hashesOf,
  keyWords,
  mergedDistinct,
  windowKinds,
} from '@weir/core/windows';
import { KeyIndex, wordsBefore, widthOf } from './key-index.ts';

/** Windows that are kept for detectors to look back on, the current one counted: a minute. What is longer a detector remembers itself. */
export const MOST_WINDOWS_BACK = 6;

type HostKind = 'source' | 'destination';
type AddressKey = Extract<WindowKey, `${string}_ip`>;

/** A window of the history, with what finds its rows. */
interface Kept {
  readonly start: number;
  readonly early: boolean;
  readonly window: ClosedWindow;
  readonly index: (kind: WindowKind) => KeyIndex;
  /** Rows of the kind pair by the first or the second address; made when asked for. */
  readonly pairs: (end: HostKind) => ReadonlyMap<number, readonly number[]>;
  readonly addressOf: (hash: number) => string | undefined;
}

/** The latest windows, those that still take flows among them, for steps to look back on. */
export class WindowHistory {
  private kept: Kept[] = [];
  private readonly tenants = new Dictionary();
  private readonly applications = new Dictionary();

  /** Takes a window in the place of an earlier state of it, forgets those too old, and looks at it. */
  step(window: ClosedWindow, early: boolean): Step {
    const { start } = window;
    const kept = this.keep(window, early);
    const oldest = Math.min(start, this.kept[0]?.start ?? start);
    const newest = Math.max(start, this.kept.at(-1)?.start ?? start);
    // A window that is closed needs those before it, though later ones are looked at already.
    const from = early ? Math.max(oldest, this.firstFor(newest)) : this.firstFor(start);
    this.kept = [...this.kept.filter((k) => k.start !== start && k.start >= from), kept].sort(
      (a, b) => a.start - b.start,
    );
    return new Step(kept.start, early, this.back(start), (id) => this.tenants.text(id));
  }

  /** The windows of the look back from one, the newest first; holes where nothing was seen. */
  private back(start: number): (Kept | undefined)[] {
    return Array.from({ length: MOST_WINDOWS_BACK }, (_, n) =>
      this.kept.find((k) => k.start === start - n * WINDOW_SECONDS),
    );
  }

  private firstFor(start: number): number {
    return start - (MOST_WINDOWS_BACK + 3) * WINDOW_SECONDS;
  }

  private keep(window: ClosedWindow, early: boolean): Kept {
    const indexes: Partial<Record<WindowKind, KeyIndex>> = {};
    const pairs: Partial<Record<HostKind, Map<number, number[]>>> = {};
    let addresses: Map<number, AddressPlace> | undefined;
    const index = (kind: WindowKind): KeyIndex => {
      const rows = window.kinds[kind];
      return (indexes[kind] ??= new KeyIndex(rows, {
        tenant_id: Uint32Array.from(rows.texts.tenant_id, (text) => this.tenants.internText(text)),
        application: Uint32Array.from(rows.texts.application, (text) => this.applications.internText(text)),
      }));
    };
    return {
      start: window.start,
      early,
      window,
      index,
      pairs: (end) => (pairs[end] ??= pairsBy(window.kinds.pair, end)),
      addressOf: (hash) => {
        const place = (addresses ??= addressesOf(window)).get(hash);
        return place === undefined ? undefined : addressText(place.words, place.at);
      },
    };
  }
}

/**
 * The current windows and those of the minute before, as detectors see them.
 *
 * Loops over all rows read `rows(kind)`: typed arrays, by row; rows with `rest` 1 are to be passed over. What looks suspicious there is
 * looked at closely as an `Entity`.
 */
export class Step {
  /** Seconds since 1970: the current window's beginning. */
  readonly start: number;
  /** Seconds since 1970: its end. */
  readonly end: number;
  /** Whether the window still takes flows. */
  readonly early: boolean;
  private readonly back: readonly (Kept | undefined)[];
  private readonly tenantText: (id: number) => string;

  constructor(
    start: number,
    early: boolean,
    back: readonly (Kept | undefined)[],
    tenantText: (id: number) => string,
  ) {
    this.start = start;
    this.end = start + WINDOW_SECONDS;
    this.early = early;
    this.back = back;
    this.tenantText = tenantText;
  }

  /** All rows of a kind in the current window. */
  rows(kind: WindowKind): WindowRows {
    return this.back[0]!.window.kinds[kind];
  }

  /** All rows of a kind so many windows back; undefined where nothing was seen then. */
  rowsBack(kind: WindowKind, back: number): WindowRows | undefined {
    return this.back[back]?.window.kinds[kind];
  }

  tenant(kind: WindowKind, row: number): string {
    const rows = this.rows(kind);
    return rows.texts.tenant_id[rows.keys.tenant_id![row]!] ?? '';
  }

  /** What a row of the current window is about. Not of a row of the rest. */
  entity(kind: WindowKind, row: number): Entity {
    const key = this.back[0]!.index(kind).key(row, new Uint32Array(widthOf(kind)));
    return this.entityOf(kind, key);
  }

  /** The entity of a row in a window so many windows back. */
  entityBack(kind: WindowKind, back: number, row: number): Entity | undefined {
    const kept = this.back[back];
    if (kept === undefined) return undefined;
    return this.entityOf(kind, kept.index(kind).key(row, new Uint32Array(widthOf(kind))));
  }

  /** A host by its address, as the source or destination of flows; it may have no rows. */
  host(kind: HostKind, tenantId: number, address: string): Entity {
    return this.entityOf(kind, Uint32Array.of(tenantId, ...addressWords(address)));
  }

  /** Pairs of a host in the latest windows: those in which it is the given end. Each once. */
  pairsOf(host: Entity, end: HostKind, windows = 1): Entity[] {
    const found = new Map<string, Entity>();
    const at = wordsBefore('pair', end === 'source' ? 'source_ip' : 'destination_ip')!;
    for (let back = 0; back < windows; back++) {
      const kept = this.back[back];
      if (kept === undefined) continue;
      const index = kept.index('pair');
      for (const row of kept.pairs(end).get(host.addressHash()) ?? []) {
        const key = index.key(row, new Uint32Array(widthOf('pair')));
        if (key[0] !== host.key[0] || !sameWords(key, at, host.key, 1)) continue;
        const id = key.join();
        if (!found.has(id)) found.set(id, this.entityOf('pair', key));
      }
    }
    return [...found.values()];
  }

  /** The address with a hash, as distinct columns hold them, where one of the latest windows has a row of it. */
  addressOf(hash: number, windows = MOST_WINDOWS_BACK): string | undefined {
    for (let back = 0; back < windows; back++) {
      const text = this.back[back]?.addressOf(hash);
      if (text !== undefined) return text;
    }
    return undefined;
  }

  entityOf(kind: WindowKind, key: Uint32Array): Entity {
    return new Entity(kind, key, this.back, this.tenantText);
  }
}

const NOT_LOOKED = -2;

/** One host, pair, interface … with its rows of the latest windows. `windows` counts back from the current one, which is the first. */
export class Entity {
  readonly kind: WindowKind;
  /** Words of the key, texts as numbers that hold as long as the process does. */
  readonly key: Uint32Array;
  private readonly back: readonly (Kept | undefined)[];
  /** Rows of the windows back: found when first asked for, for many entities are looked at in one window only. */
  private readonly places = new Int32Array(MOST_WINDOWS_BACK).fill(NOT_LOOKED);
  private readonly tenantText: (id: number) => string;

  constructor(
    kind: WindowKind,
    key: Uint32Array,
    back: readonly (Kept | undefined)[],
    tenantText: (id: number) => string,
  ) {
    this.kind = kind;
    this.key = key;
    this.back = back;
    this.tenantText = tenantText;
  }

  get tenant(): string {
    return this.tenantText(this.key[0]!);
  }

  /** Its row so many windows back; -1 where it has none. */
  private rowBack(back: number): number {
    const known = this.places[back]!;
    if (known !== NOT_LOOKED) return known;
    const row = this.back[back]?.index(this.kind).find(this.key) ?? -1;
    this.places[back] = row;
    return row;
  }

  private rowsBack(back: number): WindowRows {
    return this.back[back]!.window.kinds[this.kind];
  }

  /** Of how many of the latest windows it has a row. */
  seen(windows = MOST_WINDOWS_BACK): number {
    let seen = 0;
    for (let b = 0; b < windows; b++) if (this.rowBack(b) >= 0) seen++;
    return seen;
  }

  /** The number in one window; 0 where it has no row. */
  at(name: WindowNumber, back = 0): number {
    const row = this.rowBack(back);
    return row < 0 ? 0 : this.rowsBack(back).numbers[name][row]!;
  }

  sum(name: WindowNumber, windows = MOST_WINDOWS_BACK): number {
    let sum = 0;
    for (let b = 0; b < windows; b++) sum += this.at(name, b);
    return sum;
  }

  most(name: WindowNumber, windows = MOST_WINDOWS_BACK): number {
    let most = 0;
    for (let b = 0; b < windows; b++) most = Math.max(most, this.at(name, b));
    return most;
  }

  /** Bits of all windows. */
  bits(name: 'internal' | 'amplifiers', windows = MOST_WINDOWS_BACK): number {
    let bits = 0;
    for (let b = 0; b < windows; b++) bits |= this.at(name, b);
    return bits;
  }

  /** The merged hashes of a distinct column, ascending: see core's distinct.ts for what they tell. */
  hashes(name: WindowDistinct, windows = MOST_WINDOWS_BACK): Uint32Array {
    const parts: Uint32Array[] = [];
    for (let b = 0; b < windows; b++) {
      const row = this.rowBack(b);
      const column = row < 0 ? undefined : this.rowsBack(b).distincts[name];
      if (column !== undefined) parts.push(hashesOf(column, row));
    }
    return parts.length === 1 ? parts[0]! : mergedDistinct(parts, distinctKept(this.kind));
  }

  /** How many distinct values: exact while fewer than are kept. */
  distinct(name: WindowDistinct, windows = MOST_WINDOWS_BACK): number {
    return distinctCount(this.hashes(name, windows), distinctKept(this.kind));
  }

  histogram(name: WindowHistogram, windows = MOST_WINDOWS_BACK): Float64Array {
    let sum: Float64Array | undefined;
    for (let b = 0; b < windows; b++) {
      const row = this.rowBack(b);
      const column = row < 0 ? undefined : this.rowsBack(b).histograms[name];
      if (column === undefined) continue;
      const length = column.length / this.rowsBack(b).rows;
      sum ??= new Float64Array(length);
      for (let i = 0; i < length; i++) sum[i]! += column[row * length + i]!;
    }
    return sum ?? new Float64Array(0);
  }

  /** An address of its key as text; `::` where the kind has none. */
  address(name: AddressKey): string {
    const at = wordsBefore(this.kind, name);
    return at === undefined ? '::' : addressText(this.key, at);
  }

  /** A number of its key; 0 where the kind has none. */
  number(name: Exclude<WindowKey, AddressKey | 'tenant_id' | 'application'>): number {
    const at = wordsBefore(this.kind, name);
    return at === undefined ? 0 : this.key[at]!;
  }

  get application(): string {
    for (let b = 0; b < MOST_WINDOWS_BACK; b++) {
      const row = this.rowBack(b);
      if (row < 0) continue;
      const { texts, keys } = this.rowsBack(b);
      return texts.application[keys.application?.[row] ?? 0] ?? '';
    }
    return '';
  }

  /** The number of its tenant, for `Step.host`. */
  get tenantId(): number {
    return this.key[0]!;
  }

  /** Of a host: the hash of its address, as distinct columns hold it. */
  addressHash(): number {
    return addressHash(this.key[1]!, this.key[2]!, this.key[3]!, this.key[4]!);
  }
}

function sameWords(a: Uint32Array, at: number, b: Uint32Array, from: number): boolean {
  for (let k = 0; k < 4; k++) if (a[at + k] !== b[from + k]) return false;
  return true;
}

function hashAt(words: Uint32Array, row: number): number {
  const at = 4 * row;
  return addressHash(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
}

function pairsBy(pairs: WindowRows, end: HostKind): Map<number, number[]> {
  const by = new Map<number, number[]>();
  const words = pairs.keys[end === 'source' ? 'source_ip' : 'destination_ip']!;
  for (let row = 0; row < pairs.rows; row++) {
    if (pairs.rest[row] === 1) continue;
    const hash = hashAt(words, row);
    const rows = by.get(hash);
    if (rows === undefined) by.set(hash, [row]);
    else rows.push(row);
  }
  return by;
}

/** Where an address stands: most are never asked for, and texts cost more than all else. */
interface AddressPlace {
  readonly words: Uint32Array;
  readonly at: number;
}

function addressesOf(window: ClosedWindow): Map<number, AddressPlace> {
  const by = new Map<number, AddressPlace>();
  for (const { name, key } of windowKinds) {
    if (name === 'interface' || name === 'prefix') continue;
    for (const column of key) {
      if (!column.endsWith('_ip')) continue;
      const rows = window.kinds[name];
      const words = rows.keys[column]!;
      for (let row = 0; row < rows.rows; row++) {
        if (rows.rest[row] === 1) continue;
        const hash = hashAt(words, row);
        if (!by.has(hash)) by.set(hash, { words, at: row * keyWords(column) });
      }
    }
  }
  return by;
}
