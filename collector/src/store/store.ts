import { addressWords, encodeSmall } from '@weir/core';
import type { LedgerEntry } from '../ledger/delta.ts';
import type { SealedBatch } from '../sealed-batch.ts';
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
  /** Rows of windows: stored; refused by ClickHouse for good; lost for want of room or because the spool could not be written. */
  readonly windowRowsStored: number;
  readonly windowRowsRejected: number;
  readonly windowRowsLost: number;
  readonly insertSeconds: readonly number[];
}

const RETRY_FIRST_MS = 250;
const RETRY_LONGEST_MS = 15_000;
const REMEMBERED_INSERTS = 128;
const MANY_ENTRIES = 20_000;
const WINDOWS_TABLE = 'windows_10s';

/**
 * Sealed batches → spool → ClickHouse. A parcel is on disk before it is inserted, is inserted under its own token, and leaves
 * the spool only when the engine has acknowledged it: at least once, stored once, over a crash at any point.
 */
export class Store {
  private readonly spool: Spool;
  private readonly database: Database;
  private readonly options: StoreOptions;
  private readonly liveColumns: LiveColumns;
  private readonly databaseName: string;

  private writing: Promise<void> = Promise.resolve();
  private unwritten = 0;
  private open: OpenParcel | undefined;
  private openedMs = 0;
  private openEntries: LedgerEntry[] = [];
  private readonly openFlows = new Map<string, number>();
  private refusing = false;
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
  private windowRowsStored = 0;
  private windowRowsRejected = 0;
  private windowRowsLost = 0;
  private readonly insertSeconds: number[] = [];
  /** Called with each exporter whose flows, taken over before, will not be stored: its account has to say so. */
  onLost: ((exporter: string, flows: number) => void) | undefined;
  /** Called with how long each parcel that is stored took, in seconds. */
  onStored: ((seconds: number) => void) | undefined;

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
    this.databaseName = databaseName;
  }

  /** Takes up what the spool holds from before, and begins to insert. */
  async start(): Promise<void> {
    const { parcels, torn } = await this.spool.start();
    for (const { name, flows } of torn) {
      this.options.log.error(`Spool: parcel ${name} is damaged; it is kept in rejected/ and not stored.`);
      this.bookDamaged(flows);
    }
    for (const parcel of parcels) this.enqueue(parcel);
    if (parcels.length > 0)
      this.options.log.info(`Spool: ${parcels.length} parcels from before are being stored.`);
    this.inserting = this.insertLoop();
    this.timer = setInterval(() => this.sealIfOld(), Math.min(500, this.options.batchMs));
  }

  /** The account of a damaged parcel is lost with it: what it held was announced, and is lost. */
  private bookDamaged(flows: Readonly<Record<string, number>>): void {
    for (const [exporter, value] of Object.entries(flows)) {
      this.rowsRejected += value;
      const entry = { exporter, exporterName: '', tenantId: '', value };
      this.openEntries.push(
        { ...entry, measure: 'records_announced', reason: '' },
        { ...entry, measure: 'records_lost', reason: 'store' },
      );
    }
  }

  /** Takes a sealed batch into the open parcel. Resolves when it is written, in the order of the calls. */
  accept(batch: SealedBatch): Promise<void> {
    this.unwritten++;
    this.writing = this.writing.then(() => this.write(batch));
    return this.writing;
  }

  private async write(batch: SealedBatch): Promise<void> {
    try {
      this.openEntries.push(...batch.entries);
      if (this.openEntries.length > MANY_ENTRIES) this.openEntries = sumEntries(this.openEntries);
      if (batch.rows > 0 && this.waitingBytes + this.openBytes() >= this.options.maxBytes) {
        this.spoolFull(batch);
        return;
      }
      if (this.open === undefined) {
        this.open = await this.spool.create();
        this.openedMs = Date.now();
      }
      if (batch.rows === 0) return;
      await this.open.append('network_flows', batch.block, batch.rows, batch.columns);
      for (const { measure, exporter, value } of batch.entries)
        if (measure === 'flows' && value > 0)
          this.openFlows.set(exporter, (this.openFlows.get(exporter) ?? 0) + value);
      if (this.open.rows('network_flows') >= this.options.batchSize) await this.sealOpen();
    } catch (error) {
      this.lose(batch);
      await this.giveUpOpen(error);
    } finally {
      this.unwritten--;
    }
  }

  /** Takes a closed window, as a Native block for its table, into a parcel of its own. Resolves when it is written. */
  acceptWindow(block: Uint8Array, rows: number): Promise<void> {
    this.writing = this.writing.then(() => this.writeWindow(block, rows));
    return this.writing;
  }

  private async writeWindow(block: Uint8Array, rows: number): Promise<void> {
    let parcel: OpenParcel | undefined;
    try {
      if (this.waitingBytes + this.openBytes() + block.length > this.options.maxBytes) {
        this.windowRowsLost += rows;
        return;
      }
      parcel = await this.spool.create();
      await parcel.append(WINDOWS_TABLE, block, rows, []);
      this.enqueue(await parcel.seal({}));
    } catch (error) {
      this.windowRowsLost += rows;
      this.lastError = `spool: ${String(error)}`;
      this.options.log.error(`Spool: cannot write, a window is lost: ${String(error)}`);
      await parcel?.discard().catch(() => undefined);
    }
  }

  private openBytes(): number {
    return this.open?.bytes ?? 0;
  }

  private spoolFull(batch: SealedBatch): void {
    if (!this.refusing)
      this.options.log.error(
        `The spool holds ${this.waitingBytes} bytes, as much as spool.max_size allows: flows are lost until ClickHouse takes some.`,
      );
    this.refusing = true;
    this.lose(batch);
  }

  /** A batch whose flows will not be stored; its other entries are kept. */
  private lose({ rows, entries }: SealedBatch): void {
    this.rowsRefused += rows;
    for (const { measure, exporter, value } of entries)
      if (measure === 'flows' && value > 0) this.onLost?.(exporter, value);
  }

  /** The parcel being written cannot be finished: what is in it is lost. Its entries go into the next. */
  private async giveUpOpen(error: unknown): Promise<void> {
    this.lastError = `spool: ${String(error)}`;
    this.rowsRefused += this.open?.rows('network_flows') ?? 0;
    this.options.log.error(`Spool: cannot write, flows are lost: ${String(error)}`);
    for (const [exporter, flows] of this.openFlows) this.onLost?.(exporter, flows);
    this.openFlows.clear();
    await this.open?.discard().catch(() => undefined);
    this.open = undefined;
  }

  private sealIfOld(): void {
    if (this.open === undefined || Date.now() - this.openedMs < this.options.batchMs) return;
    this.writing = this.writing.then(() => this.sealOpen()).catch((error: unknown) => this.giveUpOpen(error));
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
    const parcel = await open.seal(Object.fromEntries(this.openFlows));
    this.open = undefined;
    this.openFlows.clear();
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
        const taken = await this.insert(parcel);
        delay = RETRY_FIRST_MS;
        if (!this.connected) this.options.log.info('ClickHouse takes inserts again.');
        this.connected = true;
        this.lastError = null;
        this.done(parcel);
        if (!taken) {
          await this.spool.reject(parcel.name);
          continue;
        }
        await this.spool.remove(parcel);
      } catch (error) {
        this.lastError = String(error instanceof Error ? error.message : error);
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

  /** Inserts all files of a parcel. False where ClickHouse will never take the flows; throws where it may later. */
  private async insert(parcel: Parcel): Promise<boolean> {
    const began = performance.now();
    const rows = rowsIn(parcel, 'network_flows');
    let taken = true;
    for (const file of parcel.files) {
      try {
        if (file.table === 'network_flows') await this.liveColumns.ensure(file.columns);
        await this.database.insertNativeFile({
          table: `${this.databaseName}.${file.table}`,
          columns: [],
          file: this.spool.path(parcel, file),
          token: `${parcel.name}/${file.table}`,
        });
      } catch (error) {
        if (!(error instanceof DatabaseError) || error.retryable) throw error;
        taken = false;
        this.options.log.error(
          `ClickHouse will not take ${file.rows} rows for ${file.table}; parcel ${parcel.name} is kept in rejected/: ${error.message}`,
        );
        if (file.table === WINDOWS_TABLE) this.windowRowsRejected += file.rows;
        if (file.table === 'network_flows') {
          this.rowsRejected += rows;
          for (const [exporter, flows] of Object.entries(parcel.flows)) this.onLost?.(exporter, flows);
        }
      }
    }
    if (!taken) return false;
    const seconds = (performance.now() - began) / 1000;
    this.rowsStored += rows;
    this.windowRowsStored += rowsIn(parcel, WINDOWS_TABLE);
    this.parcelsStored++;
    this.insertSeconds.push(seconds);
    if (this.insertSeconds.length > REMEMBERED_INSERTS) this.insertSeconds.shift();
    this.onStored?.(seconds);
    return true;
  }

  private done(parcel: Parcel): void {
    this.refusing = false;
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
      windowRowsStored: this.windowRowsStored,
      windowRowsRejected: this.windowRowsRejected,
      windowRowsLost: this.windowRowsLost,
      insertSeconds: this.insertSeconds,
    };
  }

  /** Seals what is open and stores what can be stored within `graceMs`; the rest waits in the spool for the next start. */
  async stop(graceMs: number): Promise<void> {
    clearInterval(this.timer);
    await this.writing;
    await this.sealOpen().catch((error: unknown) => this.giveUpOpen(error));
    this.stopping = true;
    this.wake?.();
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([this.inserting, new Promise((resolve) => (timer = setTimeout(resolve, graceMs)))]);
    clearTimeout(timer);
  }
}

function rowsIn(parcel: Parcel, table: string): number {
  return parcel.files.find((f) => f.table === table)?.rows ?? 0;
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
