import { type FlowBatch, at } from '@weir/core';
import {
  type ClosedWindow,
  WINDOW_SECONDS,
  type WindowKind,
  type WindowRows,
  loginPorts,
  scattered,
  windowKinds,
} from '@weir/core/windows';
import { sumAt } from './layout.ts';
import { DURATION, INTERNAL, Mask, Measures, WIDTH } from './measures.ts';
import { Names } from './names.ts';
import { prefixKey } from './prefix-key.ts';
import { OwnNetworks } from './own-networks.ts';
import { DIRECTION_IN, DIRECTION_OUT, REST, WindowTable } from './table.ts';

export type WindowCapacities = Readonly<Record<WindowKind, number>>;

/** Rows of each kind that a window holds at most. */
export const defaultCapacities: WindowCapacities = {
  source: 32_768,
  destination: 32_768,
  pair: 16_384,
  interface: 2_048,
  service: 4_096,
  tenant: 64,
  prefix: 8_192,
};

export interface WindowOptions {
  readonly capacities?: Partial<WindowCapacities>;
  /** The own networks: `10.0.0.0/8`, `2001:db8::/32`. */
  readonly internalPrefixes: readonly string[];
  /** How long after its end a window still takes flows, in seconds: a multiple of a window's length. */
  readonly latenessSeconds?: number;
  /** Of the tables' hash; by chance where left out. Results do not depend on it. */
  readonly seed?: number;
}

/** What was counted since the beginning. */
export interface WindowCounts {
  readonly records: number;
  /** Records of windows that were closed, counted in the oldest that was open. */
  readonly late: number;
  /** Records of a time for which no window could be opened yet, for `close` was not called: counted in the newest. */
  readonly early: number;
  /** Records that are in rows of the rest, by kind, of windows that are closed. */
  readonly folded: Readonly<Record<WindowKind, number>>;
  /** Names of tenants and applications for which there was no room. */
  readonly namesRefused: number;
  /** Memory of the tables made so far, and of all that there can ever be. */
  readonly bytes: number;
  readonly mostBytes: number;
}

/** Flows whose measures are worked out at once: what they need stays in the nearest cache. */
const CHUNK = 32;
const DEFAULT_LATENESS = 20;
const MOST_NAMES = 4_096;
/** A flow of so much is a pair of interest, whoever's. */
const HEAVY_BYTES = 1_000_000;
const LONG_MS = 60_000;
const TCP = 6;
const { bytes: BYTES } = sumAt;

type Tables = Readonly<Record<WindowKind, WindowTable>>;

/**
 * The windows that take flows. A flow counts where it ended by its exporter (where that is not known, when it came), all of it: what
 * of its bytes lies earlier is in `bytes_before`. A window is closed so long after its end as the lateness says, by the clock
 * that `close` is told, the same as that of the batches' `timestamp`. Nothing is lost: what comes later counts in the oldest window
 * that is open.
 *
 * Not more memory than `mostBytes`, whatever comes. Rows come out the same however flows are cut into batches, and, as long as all
 * entities fit, in whatever order they come.
 */
export class WindowSet {
  private readonly capacities: WindowCapacities;
  private readonly lateness: number;
  private readonly seed: number;
  private readonly measures: Measures;
  private readonly tenants = new Names(MOST_NAMES);
  private readonly applications = new Names(MOST_NAMES);
  private readonly login = new Uint8Array(65_536);
  private readonly key = new Uint32Array(16);
  /** Another: a row gives way while the key of the flow that comes in is still needed. */
  private readonly foldedKey = new Uint32Array(16);
  /** Open windows from the oldest on; undefined while nothing has come. */
  private readonly open: (Tables | undefined)[];
  private readonly spare: Tables[] = [];
  /** Bits: which open windows have taken flows since they were last looked at. */
  private changed = 0;
  /** Tables that are completed when a window is closed, for a look at one that stays open. */
  private looked: Pick<Tables, 'tenant' | 'prefix'> | undefined;
  /** Number of the oldest open window, in lengths since 1970; NaN before the first flow. */
  private oldest = NaN;
  private records = 0;
  private tableBytes: { readonly one: number; readonly looked: number } | undefined;
  /** Nothing: see `WindowTable.touch`. */
  private touched = 0;
  private readonly folded: Record<WindowKind, number>;

  /** @throws Error where a lateness is no multiple of a window's length, or a prefix is none */
  constructor(options: WindowOptions) {
    const lateness = options.latenessSeconds ?? DEFAULT_LATENESS;
    if (lateness < 0 || lateness % WINDOW_SECONDS !== 0)
      throw new Error(
        `windows cannot wait ${lateness} s for late flows: give a multiple of ${WINDOW_SECONDS} s, or 0`,
      );
    this.lateness = lateness / WINDOW_SECONDS;
    this.capacities = { ...defaultCapacities, ...options.capacities };
    this.seed = options.seed ?? (Math.random() * 2 ** 32) >>> 0;
    this.measures = new Measures(CHUNK, new OwnNetworks(options.internalPrefixes));
    // One more than wait, for the caller's clock may tick a little after the flows'.
    this.open = new Array<Tables | undefined>(this.lateness + 2).fill(undefined);
    this.folded = byKind(() => 0);
    for (const port of loginPorts) this.login[port] = 1;
  }

  /** Counts the rows `[from, to)` of a batch, all of them complete. Keeps nothing of the batch. */
  observe(batch: FlowBatch, from = 0, to = batch.rows): void {
    if (to <= from || !batch.has(at.timestamp)) return;
    if (Number.isNaN(this.oldest))
      this.oldest = Math.floor(batch.u32(at.timestamp)[from]! / WINDOW_SECONDS) - this.lateness;
    this.records += to - from;
    for (let r = from; r < to; r += CHUNK) this.observeChunk(batch, r, Math.min(to, r + CHUNK));
  }

  private observeChunk(batch: FlowBatch, from: number, to: number): void {
    const { measures } = this;
    const { oldest, open } = this;
    measures.take(batch, from, to, { oldest, count: open.length });
    const { window } = measures;
    const n = to - from;
    // Flows of one window after the other, in their order; as a rule there are one or two.
    let seen = 0;
    for (let i = 0; i < n; i++) seen |= 1 << window[i]!;
    this.changed |= seen;
    for (let w = 0; seen >>> w !== 0; w++) if (((seen >>> w) & 1) === 1) this.count(batch, from, n, w);
  }

  private count(batch: FlowBatch, from: number, n: number, w: number): void {
    const { measures } = this;
    const tables = (this.open[w] ??= this.spare.pop() ?? this.newTables());
    this.countHosts(tables.source, batch, at.source_ip, measures.sourceHash, from, n, w);
    this.countHosts(
      tables.destination,
      batch,
      at.destination_ip,
      measures.destinationHash,
      from,
      n,
      w,
      tables.prefix,
    );
    this.countPairs(tables.pair, batch, from, n, w);
    this.countInterfaces(tables, batch, from, n, w);
    this.countServices(tables.service, batch, from, n, w);
  }

  private countHosts(
    table: WindowTable,
    batch: FlowBatch,
    end: number,
    hash: Uint32Array,
    from: number,
    n: number,
    w: number,
    prefixes?: WindowTable,
  ): void {
    const { measures, key } = this;
    const { window, weight } = measures;
    const address = measures.column32(batch, end);
    const tenantIds = measures.column32(batch, at.tenant_id);
    const tenants = this.tenants.ofBatch(batch, at.tenant_id);
    let touched = 0;
    for (let i = 0, r = from; i < n; i++, r++) touched += table.touch(hash[i]! + tenants[tenantIds[r]!]!);
    this.touched += touched;
    for (let i = 0, r = from, a = 4 * from; i < n; i++, r++, a += 4) {
      if (window[i] !== w) continue;
      key[0] = tenants[tenantIds[r]!]!;
      key[1] = address[a]!;
      key[2] = address[a + 1]!;
      key[3] = address[a + 2]!;
      key[4] = address[a + 3]!;
      const row = table.rowOf(key, hash[i]! + key[0]!, weight[i]!);
      table.add(row, measures, i);
      // What finds no room here still belongs to its prefix.
      if (row !== REST || prefixes === undefined) continue;
      const mixed = prefixKey(key, key);
      prefixes.add(prefixes.rowOf(key, mixed, weight[i]!), measures, i);
    }
  }

  private countPairs(table: WindowTable, batch: FlowBatch, from: number, n: number, w: number): void {
    const { measures, key, login } = this;
    const { window, weight, mask, sums, sourceHash, destinationHash } = measures;
    const source = measures.column32(batch, at.source_ip);
    const destination = measures.column32(batch, at.destination_ip);
    const port = measures.column16(batch, at.destination_port);
    const protocol = measures.column8(batch, at.protocol);
    const tenantIds = measures.column32(batch, at.tenant_id);
    const tenants = this.tenants.ofBatch(batch, at.tenant_id);
    for (let i = 0, r = from; i < n; i++, r++) {
      if (window[i] !== w) continue;
      const contact = (mask[i]! & Mask.contact) !== 0;
      const ofInterest =
        contact &&
        ((sums[i * WIDTH + INTERNAL]! & 1) === 1 || (protocol[r] === TCP && login[port[r]!] === 1));
      if (!ofInterest && sums[i * WIDTH + BYTES]! < HEAVY_BYTES && sums[i * WIDTH + DURATION]! < LONG_MS)
        continue;
      const a = 4 * r;
      key[0] = tenants[tenantIds[r]!]!;
      key[1] = source[a]!;
      key[2] = source[a + 1]!;
      key[3] = source[a + 2]!;
      key[4] = source[a + 3]!;
      key[5] = destination[a]!;
      key[6] = destination[a + 1]!;
      key[7] = destination[a + 2]!;
      key[8] = destination[a + 3]!;
      key[9] = protocol[r]!;
      // An answer's port is any; all answers of a conversation's end are one pair.
      key[10] = contact ? port[r]! : 0;
      const mixed = Math.imul(sourceHash[i]!, 5) ^ destinationHash[i]! ^ Math.imul(key[10]!, 0x9e3779b1);
      table.add(table.rowOf(key, mixed, weight[i]!), measures, i);
    }
  }

  private countInterfaces(tables: Tables, batch: FlowBatch, from: number, n: number, w: number): void {
    const { interface: table, tenant } = tables;
    const { measures, key } = this;
    const { window, weight } = measures;
    const collector = measures.column32(batch, at.collector_ip);
    const input = measures.column32(batch, at.input_interface);
    const output = measures.column32(batch, at.output_interface);
    const tenantIds = measures.column32(batch, at.tenant_id);
    const tenants = this.tenants.ofBatch(batch, at.tenant_id);
    for (let i = 0, r = from; i < n; i++, r++) {
      if (window[i] !== w) continue;
      key[0] = tenants[tenantIds[r]!]!;
      for (let k = 0; k < 4; k++) key[1 + k] = collector[4 * r + k]!;
      key[5] = input[r]!;
      key[6] = DIRECTION_IN;
      const mixed = scattered(key[1]! ^ key[2]! ^ key[3]! ^ key[4]!) + key[0]!;
      const row = table.rowOf(key, mixed + 2 * key[5]!, weight[i]!);
      table.add(row, measures, i);
      // What finds no room here still belongs to its tenant.
      if (row === REST) tenant.add(tenant.rowOf(key, key[0]!, weight[i]!), measures, i);
      if (output[r] === 0) continue;
      key[5] = output[r]!;
      key[6] = DIRECTION_OUT;
      table.add(table.rowOf(key, mixed + 2 * key[5]! + 1, weight[i]!), measures, i);
    }
  }

  private countServices(service: WindowTable, batch: FlowBatch, from: number, n: number, w: number): void {
    const { measures, key } = this;
    const { window, weight } = measures;
    const sourcePort = measures.column16(batch, at.source_port);
    const destinationPort = measures.column16(batch, at.destination_port);
    const protocol = measures.column8(batch, at.protocol);
    const applicationIds = measures.column32(batch, at.application);
    const applications = this.applications.ofBatch(batch, at.application);
    const tenantIds = measures.column32(batch, at.tenant_id);
    const tenants = this.tenants.ofBatch(batch, at.tenant_id);
    for (let i = 0, r = from; i < n; i++, r++) {
      if (window[i] !== w) continue;
      key[0] = tenants[tenantIds[r]!]!;
      key[1] = protocol[r]!;
      key[2] = Math.min(sourcePort[r]!, destinationPort[r]!);
      key[3] = applications[applicationIds[r]!]!;
      const mixed = key[2]! | (key[1]! << 16) | (key[3]! << 24);
      service.add(service.rowOf(key, mixed + key[0]!, weight[i]!), measures, i);
    }
  }

  /**
   * Closes the windows that ended longer ago than the lateness, the oldest first; those without any flow are left out. To be
   * called once a second or so.
   */
  close(nowSeconds: number): ClosedWindow[] {
    return this.closeBefore(Math.floor(nowSeconds / WINDOW_SECONDS) - this.lateness);
  }

  /** Closes all that have flows: at the end of a file or of the process. */
  closeAll(): ClosedWindow[] {
    return this.closeBefore(this.oldest + this.open.length);
  }

  private closeBefore(number: number): ClosedWindow[] {
    const closed: ClosedWindow[] = [];
    for (let n = this.open.length; n > 0 && this.oldest < number; n--, this.oldest++) {
      const tables = this.open.shift();
      this.open.push(undefined);
      this.changed >>>= 1;
      if (tables === undefined) continue;
      closed.push(this.taken(this.oldest, tables));
      for (const { name } of windowKinds) {
        this.folded[name] += tables[name].folded;
        tables[name].clear();
      }
      this.spare.push(tables);
    }
    if (this.oldest < number) this.oldest = number;
    return closed;
  }

  /**
   * Windows that have ended and still take flows, as they are now, the oldest first: those alone that have taken any since the last
   * look. They stay as they are.
   */
  peek(nowSeconds: number): ClosedWindow[] {
    const now = Math.floor(nowSeconds / WINDOW_SECONDS);
    const peeked: ClosedWindow[] = [];
    for (let w = 0; w < this.open.length && this.oldest + w < now; w++) {
      const tables = this.open[w];
      if (tables === undefined || ((this.changed >>> w) & 1) === 0) continue;
      this.changed &= ~(1 << w);
      this.looked ??= {
        tenant: new WindowTable('tenant', this.capacities.tenant, this.seed),
        prefix: new WindowTable('prefix', this.capacities.prefix, this.seed),
      };
      this.looked.tenant.copy(tables.tenant);
      this.looked.prefix.copy(tables.prefix);
      peeked.push(this.taken(this.oldest + w, { ...tables, ...this.looked }));
    }
    return peeked;
  }

  private taken(number: number, tables: Tables): ClosedWindow {
    const texts: WindowRows['texts'] = {
      tenant_id: this.tenants.texts,
      application: this.applications.texts,
    };
    // Each flow came in by one interface: these together are their tenant.
    for (let row = 1; row < tables.interface.end; row++) tables.tenant.absorbInterface(tables.interface, row);
    // Each flow went to one host: these together are their prefix.
    for (let row = 1; row < tables.destination.end; row++)
      tables.prefix.absorbHost(tables.destination, row, this.key);
    return { start: number * WINDOW_SECONDS, kinds: byKind((kind) => tables[kind].columns(texts)) };
  }

  private newTables(): Tables {
    const tables = byKind((kind) => new WindowTable(kind, this.capacities[kind], this.seed));
    tables.interface.beforeFold = (row) => tables.tenant.absorbInterface(tables.interface, row);
    tables.destination.beforeFold = (row) =>
      tables.prefix.absorbHost(tables.destination, row, this.foldedKey);
    return tables;
  }

  counts(): WindowCounts {
    const made = [...this.open.filter((t) => t !== undefined), ...this.spare];
    const bytes = made.reduce((sum, t) => sum + bytesOf(t), 0);
    const own = this.measures.bytes + this.login.length;
    // Tables are of one size each, made or not: measured once.
    if (this.tableBytes === undefined) {
      const tables = made[0] ?? this.newTables();
      this.tableBytes = { one: bytesOf(tables), looked: tables.tenant.bytes + tables.prefix.bytes };
    }
    const { one, looked } = this.tableBytes;
    return {
      records: this.records,
      late: this.measures.late,
      early: this.measures.early,
      folded: { ...this.folded },
      namesRefused: this.tenants.refused + this.applications.refused,
      bytes: own + bytes + (this.looked === undefined ? 0 : looked),
      mostBytes: own + one * this.open.length + looked,
    };
  }
}

/** A window in which nothing was seen. */
export function emptyWindow(start: number): ClosedWindow {
  const texts = { tenant_id: [''], application: [''] };
  return { start, kinds: byKind((kind) => new WindowTable(kind, 1, 0).columns(texts)) };
}

/** Memory of one window's tables. */
function bytesOf(tables: Tables): number {
  return windowKinds.reduce((sum, { name }) => sum + tables[name].bytes, 0);
}

export function byKind<T>(of: (kind: WindowKind) => T): Record<WindowKind, T> {
  return Object.fromEntries(windowKinds.map(({ name }) => [name, of(name)])) as Record<WindowKind, T>;
}
