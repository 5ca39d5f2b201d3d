import { encodeSmall } from '@weir/core';
import { addressWords } from '../inputs/netflow/address.ts';
import type { LedgerEntry } from '../ledger/delta.ts';
import type { SealedBatch } from '../receive/receiver.ts';
import { type Database, DatabaseError } from './clickhouse/database.ts';
import type { LiveColumns } from './schema/live-columns.ts';
import type { OpenParcel, Parcel, Spool } from './spool/spool.ts';

export interface StoreOptions {
  /** Rows in one insert. */
  readonly batchSize: number;
  /** The longest that flows wait for an insert to fill. */
  readonly batchMs: number;
  /** Bytes that the spool may hold; beyond it batches are refused. */
  readonly maxBytes: number;
  readonly log: StoreLog;
}

export interface StoreLog {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** The store's state, for health and metrics. */
export interface StoreState {
  readonly connected: boolean;
  readonly lastError: string | null;
  readonly spoolParcels: number;
  readonly spoolBytes: number;
  readonly oldestParcelMs: number | null;
  /** Batches received and not yet written to the spool. */
  readonly unwritten: number;
  readonly rowsStored: number;
  readonly parcelsStored: number;
  readonly rowsRejected: number;
  readonly rowsRefused: number;
  readonly insertSeconds: readonly number[];
}

const RETRY_FIRST_MS = 250;
const RETRY_LONGEST_MS = 15_000;
const REMEMBERED_INSERTS = 128;
const LARGER_WHEN_BEHIND = 3;

/**
 * Sealed batches → spool → ClickHouse. A parcel is on disk before it is inserted, is inserted under its own token, and leaves
 * the spool only when the engine has acknowledged it: at least once, stored once, over a crash at any point.
 */
export class Store {
  private readonly spool: Spool;
  private readonly database: Database;
  private readonly options: StoreOptions;
  private readonly liveColumns: LiveColumns;
  private readonly flowsTable: string;
  private readonly ledgerTable: string;

  private writing: Promise<void> = Promise.resolve();
  private unwritten = 0;
  private open: OpenParcel | undefined;
  private openedMs = 0;
  private openEntries: LedgerEntry[] = [];
  private timer: NodeJS.Timeout | undefined;

  private waiting: Parcel[] = [];
  private waitingBytes = 0;
  private wake: (() => void) | undefined;
  private inserting: Promise<void> | undefined;
  private stopping = false;

  private connected = true;
  private lastError: string | null = null;
  private rowsStored = 0;
  private parcelsStored = 0;
  private rowsRejected = 0;
  private rowsRefused = 0;
  private readonly insertSeconds: number[] = [];
  /** Called with the rows of each parcel that is stored. */
  onStored: ((rows: number, seconds: number) => void) | undefined;

  constructor(
    spool: Spool,
    database: Database,
    liveColumns: LiveColumns,
    databaseName: string,
    options: StoreOptions,
  ) {
    this.liveColumns = liveColumns;
    this.spool = spool;
    this.database = database;
    this.options = options;
    this.flowsTable = `${databaseName}.network_flows`;
    this.ledgerTable = `${databaseName}.ledger`;
  }

  /** Takes up what the spool holds from before, and begins to insert. */
  async start(): Promise<void> {
    const { parcels, torn } = await this.spool.start();
    for (const name of torn)
      this.options.log.error(`Spool: parcel ${name} is damaged; it is kept in rejected/ and not stored.`);
    for (const parcel of parcels) this.enqueue(parcel);
    if (parcels.length > 0)
      this.options.log.info(`Spool: ${parcels.length} parcels from before are being stored.`);
    this.inserting = this.insertLoop();
    this.timer = setInterval(() => this.sealIfOld(), Math.min(500, this.options.batchMs));
  }

  /** Bytes on disk, with those not yet written. */
  get full(): boolean {
    return this.waitingBytes >= this.options.maxBytes;
  }

  /** Takes a sealed batch into the open parcel. Resolves when it is written, in the order of the calls. */
  accept(batch: SealedBatch): Promise<void> {
    this.unwritten++;
    this.writing = this.writing.then(() => this.write(batch));
    return this.writing;
  }

  private async write(batch: SealedBatch): Promise<void> {
    try {
      if (this.open === undefined) {
        this.open = await this.spool.create();
        this.openedMs = Date.now();
      }
      if (batch.rows > 0) await this.open.append('network_flows', batch.block, batch.rows, batch.columns);
      this.openEntries.push(...batch.entries);
      // While inserts are behind, larger ones: they cost less a row, and merges less after them.
      const wanted = this.options.batchSize * (this.waiting.length > 0 ? LARGER_WHEN_BEHIND : 1);
      if (this.open.rows('network_flows') >= wanted) await this.sealOpen();
    } catch (error) {
      await this.giveUpOpen(batch.rows, error);
    } finally {
      this.unwritten--;
    }
  }

  private async giveUpOpen(rows: number, error: unknown): Promise<void> {
    this.lastError = `spool: ${String(error)}`;
    const lost = Math.max(rows, this.open?.rows('network_flows') ?? 0);
    this.rowsRefused += lost;
    this.options.log.error(`Spool: cannot write, ${lost} flows are lost: ${String(error)}`);
    await this.open?.discard().catch(() => undefined);
    this.open = undefined;
    // The account stays right: what was booked as handed to the store is lost there.
    this.openEntries = asLostInStore(this.openEntries);
  }

  private sealIfOld(): void {
    if (this.open === undefined || Date.now() - this.openedMs < this.options.batchMs) return;
    this.writing = this.writing
      .then(() => this.sealOpen())
      .catch((error: unknown) => this.giveUpOpen(0, error));
  }

  private async sealOpen(): Promise<void> {
    const { open } = this;
    if (open === undefined) return;
    const entries = this.openEntries;
    if (entries.length > 0) {
      const summed = sumEntries(entries);
      await open.append(
        'ledger',
        ledgerBlock(summed, Math.floor(Date.now() / 60_000) * 60),
        summed.length,
        [],
      );
    }
    const parcel = await open.seal();
    this.open = undefined;
    this.openEntries = [];
    this.enqueue(parcel);
  }

  private enqueue(parcel: Parcel): void {
    this.waiting.push(parcel);
    this.waitingBytes += parcel.bytes;
    this.wake?.();
  }

  private async insertLoop(): Promise<void> {
    let delay = RETRY_FIRST_MS;
    for (;;) {
      const parcel = this.waiting[0];
      if (parcel === undefined) {
        if (this.stopping) return;
        await new Promise<void>((resolve) => (this.wake = resolve));
        continue;
      }
      try {
        await this.insert(parcel);
        delay = RETRY_FIRST_MS;
        if (!this.connected) this.options.log.info('ClickHouse takes inserts again.');
        this.connected = true;
        this.lastError = null;
        this.done(parcel);
        await this.spool.remove(parcel);
      } catch (error) {
        this.lastError = String(error instanceof Error ? error.message : error);
        if (error instanceof DatabaseError && !error.retryable) {
          this.rowsRejected += flowsIn(parcel);
          this.options.log.error(
            `ClickHouse will not take parcel ${parcel.name}; it is kept in rejected/: ${this.lastError}`,
          );
          this.done(parcel);
          await this.spool.reject(parcel.name).catch(() => undefined);
          continue;
        }
        if (this.connected)
          this.options.log.warn(
            `ClickHouse does not take inserts; they wait in the spool: ${this.lastError}`,
          );
        this.connected = false;
        if (this.stopping) return;
        await this.pause(delay);
        delay = Math.min(delay * 2, RETRY_LONGEST_MS);
      }
    }
  }

  private async insert(parcel: Parcel): Promise<void> {
    const began = performance.now();
    for (const file of parcel.files) {
      if (file.table === 'network_flows') await this.liveColumns.ensure(file.columns);
      await this.database.insertNativeFile({
        table: file.table === 'ledger' ? this.ledgerTable : this.flowsTable,
        columns: [],
        file: this.spool.path(parcel, file),
        token: `${parcel.name}/${file.table}`,
      });
    }
    const seconds = (performance.now() - began) / 1000;
    const rows = flowsIn(parcel);
    this.rowsStored += rows;
    this.parcelsStored++;
    this.insertSeconds.push(seconds);
    if (this.insertSeconds.length > REMEMBERED_INSERTS) this.insertSeconds.shift();
    this.onStored?.(rows, seconds);
  }

  private done(parcel: Parcel): void {
    this.waiting.shift();
    this.waitingBytes -= parcel.bytes;
  }

  /** Waits, unless the store is stopped meanwhile. */
  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        if (!this.stopping) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  state(): StoreState {
    return {
      connected: this.connected,
      lastError: this.lastError,
      spoolParcels: this.waiting.length,
      spoolBytes: this.waitingBytes,
      oldestParcelMs: this.waiting[0]?.sealedMs ?? null,
      unwritten: this.unwritten,
      rowsStored: this.rowsStored,
      parcelsStored: this.parcelsStored,
      rowsRejected: this.rowsRejected,
      rowsRefused: this.rowsRefused,
      insertSeconds: this.insertSeconds,
    };
  }

  /** Seals what is open and stores what can be stored within `graceMs`; the rest waits in the spool for the next start. */
  async stop(graceMs: number): Promise<void> {
    clearInterval(this.timer);
    await this.writing;
    await this.sealOpen().catch((error: unknown) => this.giveUpOpen(0, error));
    this.stopping = true;
    this.wake?.();
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([this.inserting, new Promise((resolve) => (timer = setTimeout(resolve, graceMs)))]);
    clearTimeout(timer);
  }
}

function flowsIn(parcel: Parcel): number {
  return parcel.files.find((f) => f.table === 'network_flows')?.rows ?? 0;
}

function sumEntries(entries: readonly LedgerEntry[]): LedgerEntry[] {
  const sums = new Map<string, LedgerEntry>();
  for (const entry of entries) {
    const key = `${entry.exporter}|${entry.tenantId}|${entry.exporterName}|${entry.measure}|${entry.reason}`;
    const known = sums.get(key);
    sums.set(key, known === undefined ? entry : { ...known, value: known.value + entry.value });
  }
  return [...sums.values()].filter((e) => e.value !== 0);
}

function asLostInStore(entries: readonly LedgerEntry[]): LedgerEntry[] {
  return entries.map((e) => (e.measure === 'flows' ? { ...e, measure: 'records_lost', reason: 'store' } : e));
}

function ledgerBlock(entries: readonly LedgerEntry[], minute: number): Uint8Array<ArrayBuffer> {
  return encodeSmall(
    [
      { name: 'minute', type: 'DateTime', values: entries.map(() => minute) },
      { name: 'tenant_id', type: 'LowCardinality(String)', values: entries.map((e) => e.tenantId) },
      { name: 'collector_ip', type: 'IPv6', values: entries.map((e) => addressWords(e.exporter)) },
      { name: 'exporter_name', type: 'LowCardinality(String)', values: entries.map((e) => e.exporterName) },
      { name: 'measure', type: 'LowCardinality(String)', values: entries.map((e) => e.measure) },
      { name: 'reason', type: 'LowCardinality(String)', values: entries.map((e) => e.reason) },
      { name: 'value', type: 'Int64', values: entries.map((e) => e.value) },
    ],
    entries.length,
  );
}
