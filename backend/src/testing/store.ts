// eslint-disable-next-line no-restricted-imports -- the tests meet the real engine and the real schema, which the collector holds
import { openTestEngine } from '../../../collector/src/store/embedded/testing/open-test-engine.ts';
// eslint-disable-next-line no-restricted-imports -- as above
import { migrate } from '../../../collector/src/store/schema/migrations.ts';
// eslint-disable-next-line no-restricted-imports -- as above
import { sharedTables, tenantTables } from '../../../collector/src/store/schema/ddl.ts';
// eslint-disable-next-line no-restricted-imports -- as above
import { rollupInsert } from '../../../collector/src/store/rollups/rollup-sql.ts';

const KEPT_DAYS = 20_000;

/** The real engine with the collector's schema, served on loopback. */
export interface TestStore {
  /** Of its HTTP interface. */
  readonly url: string;
  readonly database: string;
  command(sql: string): Promise<void>;
  /** Makes the rollups of the whole minutes and hours of a span, as the collector does slot by slot. */
  roll(fromMs: number, toMs: number): Promise<void>;
  close(): Promise<void>;
}

/** Tables of the collector's schema that have the column `tenant_id`. */
export const TABLES_WITH_TENANT: readonly string[] = tenantTables;

/** A user whom the engine holds to a tenant. */
export const NORTH = { name: 'north', password: 'north-secret' } as const;

export const READER = { name: 'grafana', password: 'reader-secret' } as const;

export async function openTestStore(): Promise<TestStore> {
  const database = 'weir';
  const engine = await openTestEngine(
    { database, tenantReaders: { tenants: ['north'], tables: tenantTables, shared: sharedTables } },
    {
      users: [
        { name: 'default', readonly: false },
        { ...READER, readonly: true },
        { ...NORTH, readonly: true, tenant: 'north' },
      ],
    },
  );
  const store = engine.engine.database();
  const retention = {
    flowsDays: KEPT_DAYS,
    rollup1mDays: KEPT_DAYS,
    rollup1hDays: KEPT_DAYS,
    ledgerDays: KEPT_DAYS,
    windowsDays: KEPT_DAYS,
    anomaliesDays: KEPT_DAYS,
  };
  await migrate(store, { database, retention }, () => undefined);
  return {
    url: engine.url,
    database,
    command: (sql) => store.command(sql),
    roll: async (fromMs, toMs) => {
      for (const [table, seconds] of [
        ['flows_1m', 60],
        ['flows_1m_applications', 60],
        ['flows_1m_interfaces', 60],
        ['flows_1h', 3600],
      ] as const) {
        const whole = (ms: number): string => String(Math.floor(ms / 1000 / seconds) * seconds);
        const sql = rollupInsert(database, table, 100);
        await store.command(
          sql.replaceAll('{from:UInt32}', whole(fromMs)).replaceAll('{to:UInt32}', whole(toMs)),
        );
      }
    },
    close: () => engine.close(),
  };
}
