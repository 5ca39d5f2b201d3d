import type { Database } from '../clickhouse/database.ts';
import { EmbeddedDatabase } from './embedded-database.ts';
import { Engine } from './engine.ts';
import type { EngineOptions, EngineStats } from './engine.ts';
import { EmbeddedHttpServer } from './http/server.ts';
import type { HttpOptions } from './http/server.ts';

export type { EngineOptions, EngineStats } from './engine.ts';
export type { HttpOptions } from './http/server.ts';
export type { User } from './http/users.ts';

/** ClickHouse inside this process. */
export interface EmbeddedEngine {
  /** The engine as the collector uses it. */
  database(): Database;
  /** Serves ClickHouse's HTTP interface. The engine's `close` closes it too. */
  serveHttp(options?: HttpOptions): Promise<HttpInterface>;
  stats(): EngineStats;
  /** Ends running queries, waits for inserts under way, and lets go of the data directory. */
  close(): Promise<void>;
}

export interface HttpInterface {
  readonly host: string;
  readonly port: number;
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
  const servers = new Set<EmbeddedHttpServer>();
  return {
    database: () => database,
    serveHttp: async (http) => {
      const server = await EmbeddedHttpServer.listen(engine, http);
      servers.add(server);
      const { address, port } = server.address;
      return {
        host: address,
        port,
        close: async () => {
          servers.delete(server);
          await server.close();
        },
      };
    },
    stats: () => engine.stats(),
    close: async () => {
      await Promise.all([...servers].map((server) => server.close()));
      const refused = database.close();
      await engine.close(); // ends what the database would else wait for
      await refused;
    },
  };
}
