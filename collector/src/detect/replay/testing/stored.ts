import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type FlowBatch, encodeNative, liveColumns } from '@weir/core';
import { type AnomalyRow, anomalyColumns } from '@weir/core/anomalies';
import type { ClosedWindow } from '@weir/core/windows';
import { type TestEngine, openTestEngine } from '../../../store/embedded/testing/open-test-engine.ts';
import type { HttpOptions } from '../../../store/embedded/index.ts';
import { LiveColumns } from '../../../store/schema/live-columns.ts';
import { migrate } from '../../../store/schema/migrations.ts';
import { encodeWindow } from '../../windows/index.ts';

const KEPT_DAYS = 20_000;
let files = 0;

/** The real engine with the collector's schema in the database `dev`. */
export async function openStored(http: HttpOptions = {}): Promise<TestEngine> {
  const opened = await openTestEngine({}, http);
  const retention = {
    flowsDays: KEPT_DAYS,
    rollup1mDays: KEPT_DAYS,
    rollup1hDays: KEPT_DAYS,
    ledgerDays: KEPT_DAYS,
    windowsDays: KEPT_DAYS,
    anomaliesDays: KEPT_DAYS,
  };
  await migrate(opened.engine.database(), { database: 'dev', retention }, () => undefined);
  return opened;
}

/** Stores windows as a collector does. */
export async function storeWindows(
  opened: TestEngine,
  windows: readonly ClosedWindow[],
  collector = 'collector-1',
): Promise<void> {
  await insert(opened, 'windows_10s', Buffer.concat(windows.map((w) => encodeWindow(w, collector))));
}

/** Stores flows as a collector does. */
export async function storeFlows(opened: TestEngine, batch: FlowBatch): Promise<void> {
  const columns = liveColumns(batch);
  await new LiveColumns(opened.engine.database(), 'dev').ensure(columns);
  await insert(opened, 'network_flows', encodeNative(batch));
}

async function insert({ engine, dataDir }: TestEngine, table: string, blocks: Uint8Array): Promise<void> {
  const file = join(dataDir, `stored-${files++}.native`);
  await writeFile(file, blocks);
  await engine.database().insertNativeFile({ table: `dev.${table}`, columns: [], file, token: file });
}

/** Stores rows of anomalies. */
export async function storeAnomalies({ engine }: TestEngine, rows: readonly AnomalyRow[]): Promise<void> {
  const values = rows.map((row) => {
    const cells = anomalyColumns.map(({ name, type }) => {
      const value = row[name as keyof AnomalyRow];
      if (type.startsWith('DateTime64')) return `fromUnixTimestamp64Milli(toInt64(${value}))`;
      return typeof value === 'number'
        ? String(value)
        : `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
    });
    return `(${cells.join(', ')})`;
  });
  await engine
    .database()
    .command(
      `INSERT INTO dev.anomalies (${anomalyColumns.map((c) => c.name).join(', ')}) VALUES ${values.join(', ')}`,
    );
}
