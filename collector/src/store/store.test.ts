import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FlowBatch, at, encodeNative, liveColumns } from '@weir/core';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SealedBatch } from '../sealed-batch.ts';
import { type Database, DatabaseError, type NativeFileInsert } from './clickhouse/database.ts';
import { LiveColumns } from './schema/live-columns.ts';
import { Spool } from './spool/spool.ts';
import { Store } from './store.ts';

/** A ClickHouse that can be made to fail, and remembers under which tokens it was asked. */
class Faulty implements Database {
  readonly inserts: NativeFileInsert[] = [];
  fault: ((insert: NativeFileInsert) => Error | undefined) | undefined;

  command(): Promise<void> {
    return Promise.resolve();
  }

  query<Row>(): Promise<Row[]> {
    return Promise.resolve([]);
  }

  queryNative(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array());
  }

  insertNativeFile(insert: NativeFileInsert): Promise<void> {
    const error = this.fault?.(insert);
    if (error !== undefined) return Promise.reject(error);
    this.inserts.push(insert);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

let dir: string;
let stores: Store[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'weir-store-'));
  stores = [];
});

afterEach(async () => {
  for (const store of stores) await store.stop(1_000);
  rmSync(dir, { recursive: true, force: true });
});

function sealed(rows: number, exporter = '192.0.2.1'): SealedBatch {
  const batch = new FlowBatch(rows);
  for (let r = 0; r < rows; r++) batch.u16(at.source_port)[r] = r;
  batch.rows = rows;
  const entries = [
    { exporter, exporterName: 'edge', tenantId: 'default', measure: 'flows', reason: '', value: rows },
  ];
  return { block: encodeNative(batch), rows, columns: liveColumns(batch), entries };
}

async function open(
  database: Database,
  options: { batchSize?: number; batchMs?: number; maxBytes?: number } = {},
) {
  const log: string[] = [];
  const note = (message: string): void => void log.push(message);
  const store = new Store(
    new Spool({ dir, fsync: false }),
    database,
    new LiveColumns(database, 'weir'),
    'weir',
    {
      batchSize: options.batchSize ?? 100,
      batchMs: options.batchMs ?? 60_000,
      maxBytes: options.maxBytes ?? 1 << 30,
      log: { info: note, warn: note, error: note },
    },
  );
  const lost: [string, number][] = [];
  store.onLost = (exporter, flows) => lost.push([exporter, flows]);
  await store.start();
  stores.push(store);
  return { store, lost, log };
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(condition()).toBe(true);
}

const spooled = (): string[] => readdirSync(dir).filter((name) => name !== 'rejected');

describe('the store', () => {
  test('puts batches together up to the size of an insert, with their ledger entries', async () => {
    const database = new Faulty();
    const { store } = await open(database);
    await Promise.all([
      store.accept(sealed(40)),
      store.accept(sealed(40)),
      store.accept(sealed(40)),
      store.accept(sealed(5)),
    ]);
    await until(() => store.state().rowsStored === 120);
    expect(database.inserts.map((i) => i.table)).toEqual(['weir.network_flows', 'weir.ledger']);
    await store.stop(1_000);
    expect(store.state().rowsStored).toBe(125);
    expect(spooled()).toEqual([]);
  });

  test('stores what does not fill an insert when its time has come', async () => {
    const { store } = await open(new Faulty(), { batchMs: 50 });
    await store.accept(sealed(1));
    await until(() => store.state().rowsStored === 1);
  });

  test('keeps parcels while ClickHouse is away, and stores them in their order, each under its own token', async () => {
    const database = new Faulty();
    database.fault = () => new DatabaseError('connection refused', { retryable: true });
    const { store, lost } = await open(database, { batchSize: 10 });
    for (let i = 0; i < 3; i++) await store.accept(sealed(30));
    await until(() => store.state().spoolParcels === 3 && !store.state().connected);
    database.fault = undefined;
    await until(() => store.state().rowsStored === 90);
    const tokens = database.inserts.map((i) => i.token);
    expect(new Set(tokens).size).toBe(6);
    expect(tokens).toEqual([...tokens].sort((a, b) => (a.split('/')[0]! < b.split('/')[0]! ? -1 : 0)));
    expect(lost).toEqual([]);
    expect(spooled()).toEqual([]);
  });

  test('an insert that was applied, and whose answer was lost, is repeated under the same token', async () => {
    const database = new Faulty();
    const applied: string[] = [];
    database.fault = (insert) => {
      applied.push(insert.token);
      return applied.length === 1 ? new DatabaseError('socket hang up', { retryable: true }) : undefined;
    };
    const { store } = await open(database);
    await store.accept(sealed(100));
    await until(() => store.state().rowsStored === 100);
    expect(applied[0]).toBe(applied[1]);
  });

  test('what an earlier run has sealed is stored at the next start; what it had not finished is cleared away', async () => {
    const away = new Faulty();
    away.fault = () => new DatabaseError('connection refused', { retryable: true });
    const first = await open(away);
    await first.store.accept(sealed(100));
    await first.store.stop(50);
    const half = await new Spool({ dir, fsync: false }).create();
    await half.append('network_flows', sealed(7).block, 7, []);
    const { store } = await open(new Faulty());
    await until(() => store.state().rowsStored === 100);
    expect(spooled()).toEqual([]);
  });

  test('a damaged parcel is kept aside and said; the others are stored', async () => {
    const away = new Faulty();
    away.fault = () => new DatabaseError('connection refused', { retryable: true });
    const first = await open(away, { batchSize: 10 });
    await first.store.accept(sealed(30, '192.0.2.1'));
    await first.store.accept(sealed(30, '192.0.2.2'));
    await first.store.stop(50);
    const [torn] = spooled().sort();
    truncateSync(join(dir, torn!, 'network_flows.native'), 10);
    const { store, log } = await open(new Faulty());
    await until(() => store.state().rowsStored === 30);
    expect(log.join()).toContain(`parcel ${torn!} is damaged`);
    expect(readdirSync(join(dir, 'rejected'))).toEqual([torn]);
    expect(store.state().rowsRejected).toBe(30);
  });

  test('flows that ClickHouse will never take are kept aside and booked as lost; their ledger entries are stored', async () => {
    const database = new Faulty();
    database.fault = ({ table }) =>
      table.endsWith('network_flows') ? new DatabaseError('unknown column', { retryable: false }) : undefined;
    const { store, lost } = await open(database);
    await store.accept(sealed(100));
    await until(() => store.state().rowsRejected === 100);
    await until(() => readdirSync(join(dir, 'rejected')).length === 1);
    expect(lost).toEqual([['192.0.2.1', 100]]);
    expect(database.inserts.map((i) => i.table)).toEqual(['weir.ledger']);
    expect(store.state().connected).toBe(true);
  });

  test('windows lie in parcels of their own, each under its own token, and are no flows', async () => {
    const database = new Faulty();
    const { store, lost } = await open(database);
    await store.accept(sealed(30));
    await store.acceptWindow(Uint8Array.of(1, 2, 3), 7);
    await store.acceptWindow(Uint8Array.of(4, 5), 5);
    await until(() => store.state().windowRowsStored === 12);
    expect(database.inserts.map((i) => i.table)).toEqual(['weir.windows_10s', 'weir.windows_10s']);
    expect(new Set(database.inserts.map((i) => i.token)).size).toBe(2);
    expect(store.state()).toMatchObject({ rowsStored: 0, windowRowsLost: 0 });
    await store.stop(1_000);
    expect(store.state().rowsStored).toBe(30);
    expect(lost).toEqual([]);
  });

  test('windows wait for ClickHouse as flows do; those it will never take are counted, and no flow is lost for them', async () => {
    const database = new Faulty();
    database.fault = () => new DatabaseError('connection refused', { retryable: true });
    const { store, lost } = await open(database);
    await store.acceptWindow(Uint8Array.of(1, 2, 3), 7);
    await until(() => !store.state().connected);
    database.fault = () => new DatabaseError('unknown column', { retryable: false });
    await until(() => store.state().windowRowsRejected === 7);
    await until(() => readdirSync(join(dir, 'rejected')).length === 1);
    expect(store.state()).toMatchObject({ connected: true, rowsRejected: 0, windowRowsStored: 0 });
    expect(lost).toEqual([]);
  });

  test('a full spool takes no window', async () => {
    const database = new Faulty();
    database.fault = () => new DatabaseError('connection refused', { retryable: true });
    const { store } = await open(database, { maxBytes: 100 });
    await store.acceptWindow(new Uint8Array(90), 9);
    await store.acceptWindow(new Uint8Array(20), 2);
    expect(store.state().windowRowsLost).toBe(2);
    database.fault = undefined;
    await until(() => store.state().windowRowsStored === 9);
    await store.acceptWindow(new Uint8Array(20), 2);
    await until(() => store.state().windowRowsStored === 11);
  });

  test('a full spool loses flows, says so once, and takes them again when ClickHouse has taken some', async () => {
    const database = new Faulty();
    database.fault = () => new DatabaseError('connection refused', { retryable: true });
    const { store, lost, log } = await open(database, { batchSize: 10, maxBytes: 100 });
    for (let i = 0; i < 4; i++) await store.accept(sealed(30));
    expect(lost).toEqual([
      ['192.0.2.1', 30],
      ['192.0.2.1', 30],
      ['192.0.2.1', 30],
    ]);
    expect(log.filter((line) => line.includes('spool.max_size'))).toHaveLength(1);
    database.fault = undefined;
    await until(() => store.state().rowsStored === 30);
    await store.accept(sealed(30));
    await until(() => store.state().rowsStored === 60);
  });
});
