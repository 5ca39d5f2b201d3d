import type { Database } from '../clickhouse/database.ts';
import { EmbeddedDatabase } from './embedded-database.ts';
import { Engine } from './engine.ts';
import type { EngineOptions, EngineStats } from './engine.ts';

export type { EngineOptions, EngineStats } from './engine.ts';

/** ClickHouse inside this process. */
export interface EmbeddedEngine {
  /** The engine as the collector uses it. */
  database(): Database;
  stats(): EngineStats;
  /** Ends running queries, waits for inserts under way, and lets go of the data directory. */
  close(): Promise<void>;
}

/**
 * Opens ClickHouse inside this process, on one data directory. There can be one such engine in a process at a time.
 *
 * @throws Error saying which process holds the directory, where one does
 */
export async function openEmbeddedEngine(options: EngineOptions): Promise<EmbeddedEngine> {
  const engine = await Engine.open(options);
  const database = new EmbeddedDatabase(engine);
  return {
    database: () => database,
    stats: () => engine.stats(),
    close: async () => {
      await database.close();
      await engine.close();
    },
  };
}
