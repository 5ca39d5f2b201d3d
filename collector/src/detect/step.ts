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
  windowKinds,
} from '@weir/core/windows';
import { AddressTexts } from './address-texts.ts';
import { KeyIndex, hashOf, wordsBefore, widthOf } from './key-index.ts';
import { KnownTexts } from './known-texts.ts';

/** Windows that are kept for detectors to look back on, the current one counted: a minute. What is longer a detector remembers itself. */
export const MOST_WINDOWS_BACK = 6;

const KNOWN_HOSTS = 2 ** 14;
const KNOWN_PAIRS = 2 ** 15;

type HostKind = 'source' | 'destination';
type AddressKey = Extract<WindowKey, `${string}_ip`>;

/** Words of keys in text, as they hold for all windows of a history. */
interface Texts {
  readonly tenant: (id: number) => string;
  readonly addresses: AddressTexts;
  /** `tenant address`, of the ends of keys. */
  readonly hosts: KnownTexts;
  readonly pairs: KnownTexts;
}

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
  private readonly tenantTexts: string[] = [];
  private readonly applications = new Dictionary();
  private readonly texts: Texts = {
    tenant: (id) => (this.tenantTexts[id] ??= this.tenants.text(id)),
    addresses: new AddressTexts(),
    hosts: new KnownTexts(5, KNOWN_HOSTS),
    pairs: new KnownTexts(widthOf('pair'), KNOWN_PAIRS),
  };

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
    return new Step(kept.start, early, this.back(start), this.texts);
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
  private readonly texts: Texts;
  private readonly views: Partial<Record<WindowKind, View>> = {};

  constructor(start: number, early: boolean, back: readonly (Kept | undefined)[], texts: Texts) {
    this.start = start;
    this.end = start + WINDOW_SECONDS;
    this.early = early;
    this.back = back;
    this.texts = texts;
  }

  private view(kind: WindowKind): View {
    return (this.views[kind] ??= new View(kind, this.back, this.texts));
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

  /** What a row of the current window is about: the same object for all who ask. Not of a row of the rest. */
  entity(kind: WindowKind, row: number): Entity {
    return this.view(kind).entityOfRow(row);
  }

  /** The entity of a row in a window so many windows back. */
  entityBack(kind: WindowKind, back: number, row: number): Entity | undefined {
    return this.back[back] === undefined ? undefined : this.view(kind).entityOfRowBack(back, row);
  }

  /** A host by its address, as the source or destination of flows; it may have no rows. */
  host(kind: HostKind, tenantId: number, address: string): Entity {
    return this.entityOf(kind, Uint32Array.of(tenantId, ...addressWords(address)));
  }

  /** Pairs of a host in the latest windows: those in which it is the given end. Each once. */
  pairsOf(host: Entity, end: HostKind, windows = 1): Entity[] {
    const found: Entity[] = [];
    const view = this.view('pair');
    const at = wordsBefore('pair', end === 'source' ? 'source_ip' : 'destination_ip')!;
    const hash = host.addressHash();
    for (let back = 0; back < windows; back++) {
      const rows = this.back[back]?.pairs(end).get(hash);
      if (rows === undefined) continue;
      const { keys, width } = view.index(back)!;
      for (const row of rows) {
        if (keys[row * width] !== host.tenantId || !sameWords(keys, row * width + at, host.key, 1)) continue;
        if (!view.isInNewer(back, row)) found.push(view.entityOfRowBack(back, row));
      }
    }
    return found;
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
    return this.view(kind).entityOfKey(key);
  }
}

const NOT_LOOKED = -2;
const ABSENT = -1;

/** Rows of one kind in the windows that a step looks at: what all its entities of that kind share. */
class View {
  readonly kind: WindowKind;
  readonly texts: Texts;
  /** By windows back. */
  readonly rows: readonly (WindowRows | undefined)[];
  private readonly back: readonly (Kept | undefined)[];
  private readonly indexes: (KeyIndex | undefined)[] = [];
  private readonly columns = new Map<WindowNumber, (Float64Array | undefined)[]>();
  private readonly entities: (Entity | undefined)[];

  constructor(kind: WindowKind, back: readonly (Kept | undefined)[], texts: Texts) {
    this.kind = kind;
    this.back = back;
    this.texts = texts;
    this.rows = back.map((kept) => kept?.window.kinds[kind]);
    this.entities = new Array<Entity | undefined>(this.rows[0]?.rows ?? 0).fill(undefined);
  }

  index(back: number): KeyIndex | undefined {
    return (this.indexes[back] ??= this.back[back]?.index(this.kind));
  }

  /** A column in all windows, looked up once. */
  column(name: WindowNumber): readonly (Float64Array | undefined)[] {
    let of = this.columns.get(name);
    if (of === undefined) this.columns.set(name, (of = this.rows.map((rows) => rows?.numbers[name])));
    return of;
  }

  entityOfRow(row: number): Entity {
    const known = this.entities[row];
    if (known !== undefined) return known;
    const index = this.index(0)!;
    return (this.entities[row] = new Entity(this, index.keys, row * index.width, index, 0, row));
  }

  entityOfRowBack(back: number, row: number): Entity {
    if (back === 0) return this.entityOfRow(row);
    const index = this.index(back)!;
    const now = this.index(0)?.findRow(index, row) ?? ABSENT;
    return now >= 0
      ? this.entityOfRow(now)
      : new Entity(this, index.keys, row * index.width, index, back, row);
  }

  entityOfKey(key: Uint32Array): Entity {
    const now = this.index(0)?.find(key) ?? ABSENT;
    return now >= 0 ? this.entityOfRow(now) : new Entity(this, key, 0, undefined, 0, ABSENT);
  }

  /** Whether the entity of a row has a row in a later window as well. */
  isInNewer(back: number, row: number): boolean {
    const index = this.index(back)!;
    for (let b = 0; b < back; b++) if ((this.index(b)?.findRow(index, row) ?? ABSENT) >= 0) return true;
    return false;
  }
}

/** One host, pair, interface … with its rows of the latest windows. `windows` counts back from the current one, which is the first. */
export class Entity {
  readonly kind: WindowKind;
  private readonly view: View;
  /** Where its key is. */
  private readonly words: Uint32Array;
  private readonly wordsAt: number;
  /** Of a window in which it has a row, and that row: finds the others by what is worked out of the key already. */
  private readonly known: KeyIndex | undefined;
  private readonly knownRow: number;
  /** Rows of the windows back: found when first asked for, for many entities are looked at in one window only. */
  private readonly places = [NOT_LOOKED, NOT_LOOKED, NOT_LOOKED, NOT_LOOKED, NOT_LOOKED, NOT_LOOKED];
  private keyView: Uint32Array | undefined;
  /** Hashes of all windows, as they were asked for: several detectors ask for the same. */
  private merged: Map<WindowDistinct, Uint32Array> | undefined;

  /** `known` and `row`: of a window so many back in which it has a row; without one its current one is known to be missing. */
  constructor(
    view: View,
    words: Uint32Array,
    wordsAt: number,
    known: KeyIndex | undefined,
    back: number,
    row: number,
  ) {
    this.kind = view.kind;
    this.view = view;
    this.words = words;
    this.wordsAt = wordsAt;
    this.known = known;
    this.knownRow = row;
    // Who has a row in the current window is looked at by that: of all others it is known that they have none.
    this.places[0] = ABSENT;
    this.places[back] = row;
  }

  /** Words of the key, texts as numbers that hold as long as the process does. Not to be written to. */
  get key(): Uint32Array {
    return (this.keyView ??= this.words.subarray(this.wordsAt, this.wordsAt + widthOf(this.kind)));
  }

  get tenant(): string {
    return this.view.texts.tenant(this.words[this.wordsAt]!);
  }

  /** Its row so many windows back; -1 where it has none. */
  private rowBack(back: number): number {
    const known = this.places[back]!;
    return known === NOT_LOOKED ? this.look(back) : known;
  }

  private look(back: number): number {
    const index = this.view.index(back);
    const row =
      index === undefined
        ? ABSENT
        : this.known === undefined
          ? index.find(this.key)
          : index.findRow(this.known, this.knownRow);
    this.places[back] = row;
    return row;
  }

  private rowsBack(back: number): WindowRows {
    return this.view.rows[back]!;
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
    return row < 0 ? 0 : this.view.column(name)[back]![row]!;
  }

  sum(name: WindowNumber, windows = MOST_WINDOWS_BACK): number {
    const columns = this.view.column(name);
    let sum = 0;
    for (let b = 0; b < windows; b++) {
      const row = this.rowBack(b);
      if (row >= 0) sum += columns[b]![row]!;
    }
    return sum;
  }

  most(name: WindowNumber, windows = MOST_WINDOWS_BACK): number {
    const columns = this.view.column(name);
    let most = 0;
    for (let b = 0; b < windows; b++) {
      const row = this.rowBack(b);
      if (row >= 0) most = Math.max(most, columns[b]![row]!);
    }
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
    const known = windows === MOST_WINDOWS_BACK ? this.merged?.get(name) : undefined;
    if (known !== undefined) return known;
    let merged: Uint32Array | undefined;
    for (let b = 0; b < windows; b++) {
      const row = this.rowBack(b);
      const column = row < 0 ? undefined : this.rowsBack(b).distincts[name];
      if (column === undefined) continue;
      const part = hashesOf(column, row);
      merged = merged === undefined ? part : unionOf(merged, part, distinctKept(this.kind));
    }
    merged ??= new Uint32Array(0);
    if (windows === MOST_WINDOWS_BACK) (this.merged ??= new Map()).set(name, merged);
    return merged;
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
    return at === undefined ? '::' : this.view.texts.addresses.text(this.words, this.wordsAt + at);
  }

  /** The tenant and an address of its key, a space between: the same object in each window, as a rule, for maps. */
  hostName(name: AddressKey): string {
    const { words, wordsAt, view } = this;
    const at = wordsAt + (wordsBefore(this.kind, name) ?? 1);
    const hash = addressHash(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
    return view.texts.hosts.of(hash, this.tenantId, words, at, () => `${this.tenant} ${this.address(name)}`);
  }

  /** Of a pair: tenant, source, destination, protocol and port, spaces between. */
  pairName(): string {
    const { words, wordsAt: at, view } = this;
    const hash = hashOf(words, at, widthOf('pair'));
    return view.texts.pairs.of(
      hash,
      this.tenantId,
      words,
      at + 1,
      () =>
        `${this.hostName('source_ip')} ${this.address('destination_ip')} ${this.number('protocol')} ${this.number('port')}`,
    );
  }

  /** A number of its key; 0 where the kind has none. */
  number(name: Exclude<WindowKey, AddressKey | 'tenant_id' | 'application'>): number {
    const at = wordsBefore(this.kind, name);
    return at === undefined ? 0 : this.words[this.wordsAt + at]!;
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
    return this.words[this.wordsAt]!;
  }

  /** Of a host: the hash of its address, as distinct columns hold it. */
  addressHash(): number {
    const { words, wordsAt: at } = this;
    return addressHash(words[at + 1]!, words[at + 2]!, words[at + 3]!, words[at + 4]!);
  }
}

/** The smallest of two lists that ascend, each once. */
function unionOf(a: Uint32Array, b: Uint32Array, kept: number): Uint32Array {
  if (b.length === 0) return a;
  if (a.length === 0) return b;
  const out = new Uint32Array(Math.min(kept, a.length + b.length));
  let n = 0;
  for (let i = 0, j = 0; n < out.length && (i < a.length || j < b.length); n++) {
    const x = i < a.length ? a[i]! : Infinity;
    const y = j < b.length ? b[j]! : Infinity;
    if (x <= y) i++;
    if (y <= x) j++;
    out[n] = Math.min(x, y);
  }
  return n === out.length ? out : out.subarray(0, n);
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
