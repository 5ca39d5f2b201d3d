// eslint-disable-next-line no-restricted-imports -- the tests meet the real engine and the real schema, which the collector holds
import { openTestEngine } from '../../../collector/src/store/embedded/testing/open-test-engine.ts';
// eslint-disable-next-line no-restricted-imports -- as above
import { migrate } from '../../../collector/src/store/schema/migrations.ts';
// eslint-disable-next-line no-restricted-imports -- as above
import { Roller } from '../../../collector/src/store/rollups/roller.ts';

const KEPT_DAYS = 20_000;

/** The real engine with the collector's schema, served on loopback. */
export interface TestStore {
  /** Of its HTTP interface. */
  readonly url: string;
  readonly database: string;
  command(sql: string): Promise<void>;
  /** Makes the rollups of all that has been stored, as the collector would by this time. */
  roll(nowMs: number): Promise<void>;
  close(): Promise<void>;
}

export const READER = { name: 'grafana', password: 'reader-secret' } as const;

export async function openTestStore(): Promise<TestStore> {
  const database = 'weir';
  const engine = await openTestEngine(
    { database, readers: 4 },
    {
      users: [
        { name: 'default', readonly: false },
        { ...READER, readonly: true },
      ],
    },
  );
  const store = engine.engine.database();
  const retention = {
    flowsDays: KEPT_DAYS,
    rollup1mDays: KEPT_DAYS,
    rollup1hDays: KEPT_DAYS,
    ledgerDays: KEPT_DAYS,
    anomaliesDays: KEPT_DAYS,
  };
  await migrate(store, { database, retention }, () => undefined);
  return {
    url: engine.url,
    database,
    command: (sql) => store.command(sql),
    roll: async (nowMs) => {
      const roller = new Roller(store, {
        database,
        top: 100,
        graceMs: 0,
        lookBackMs: 40 * 86_400_000,
        everyMs: 3_600_000,
        log: {
          info: () => undefined,
          warn: (message: string) => {
            throw new Error(message);
          },
        } as never,
        now: () => nowMs,
      });
      await roller.run();
    },
    close: () => engine.close(),
  };
}
