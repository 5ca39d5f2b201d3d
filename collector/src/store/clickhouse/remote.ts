import { createReadStream } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import type { Database, NativeFileInsert } from './database.ts';
import { DatabaseError } from './database.ts';
import { isRetryableCode } from './error-codes.ts';
import { columnList } from './identifiers.ts';

export interface RemoteDatabaseOptions {
  /** Address of the server's or cluster's HTTP interface, such as `https://clickhouse.example.net:8443`. */
  readonly url: string;
  readonly user?: string;
  readonly password?: string;
  /** The database that unqualified names mean. It need not exist yet: see {@link openRemoteDatabase}. */
  readonly database: string;
  readonly tls?: {
    /** The authorities to trust, PEM. Default: the system's. */
    readonly ca?: Buffer;
    /** The client's own certificate and key, PEM, where the server asks for one. */
    readonly certificate?: Buffer;
    readonly key?: Buffer;
    /** Accept any certificate. For trying things out only: anyone on the way can then read and change everything. */
    readonly insecureSkipVerify?: boolean;
  };
  /** How long one request may take, in milliseconds. Default 60,000. */
  readonly requestTimeoutMs?: number;
  /** How many requests may be under way at once. Default 8. */
  readonly connections?: number;
}

/**
 * ClickHouse on a server or a cluster, over its HTTP interface. Nothing is sent before the first call.
 *
 * A database that does not exist yet is no hindrance to the statement that creates it: ClickHouse refuses every request
 * that names an unknown default database, so that one statement is sent without it.
 */
export function openRemoteDatabase(options: RemoteDatabaseOptions): Database {
  return new RemoteDatabase(options);
}

class RemoteDatabase implements Database {
  readonly #agents: readonly (HttpAgent | HttpsAgent)[];
  readonly #client: ClickHouseClient;
  readonly #withoutDatabase: ClickHouseClient;

  constructor(options: RemoteDatabaseOptions) {
    // An agent for each: a client ends the sockets that it believes idle, though another may use them by then.
    const [own, other] = [openAgent(options), openAgent(options)];
    this.#agents = [own, other];
    const common = {
      url: options.url,
      username: options.user ?? 'default',
      password: options.password ?? '',
      request_timeout: options.requestTimeoutMs ?? 60_000,
      application: 'weir',
      log: { level: ClickHouseLogLevel.OFF }, // what goes wrong is thrown, and logged by who can tell what it means
      compression: { request: false, response: true },
    };
    this.#client = createClient({ ...common, http_agent: own, database: options.database });
    this.#withoutDatabase = createClient({ ...common, http_agent: other });
  }

  async command(sql: string, settings: Readonly<Record<string, string | number>> = {}): Promise<void> {
    const client = /^\s*CREATE\s+DATABASE\b/i.test(sql) ? this.#withoutDatabase : this.#client;
    await explained(() =>
      client.command({ query: sql, clickhouse_settings: { ...settings, wait_end_of_query: 1 } }),
    );
  }

  async query<Row>(sql: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<Row[]> {
    return explained(async () => {
      const result = await this.#client.query({
        query: sql,
        query_params: parameters,
        format: 'JSONEachRow',
        clickhouse_settings: { output_format_json_quote_64bit_integers: 0 }, // older servers quote them unless told
      });
      return result.json<Row>();
    });
  }

  async queryNative(sql: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<Uint8Array> {
    return explained(async () => {
      const { stream } = await this.#client.exec({
        query: `${sql}\nFORMAT Native`,
        query_params: parameters,
        // Nothing is sent before all is there, so that a failure halfway is told by the status.
        clickhouse_settings: { wait_end_of_query: 1 },
      });
      return buffer(stream);
    });
  }

  async insertNativeFile({ table, columns, file, token }: NativeFileInsert): Promise<void> {
    const settings: ClickHouseSettings = {
      insert_deduplication_token: token,
      deduplicate_blocks_in_dependent_materialized_views: 1,
      async_insert: 0, // an acknowledgement must mean «stored»
      wait_end_of_query: 1,
    };
    await explained(async () => {
      const values = createReadStream(file, { highWaterMark: 1 << 20 });
      // A file that cannot be opened would otherwise leave the request waiting for its body.
      const opened = new Promise<void>((resolve, reject) =>
        values.once('open', () => resolve()).once('error', reject),
      );
      await opened;
      try {
        const { stream } = await this.#client.exec({
          query: `INSERT INTO ${table}${columnList(columns)} FORMAT Native`,
          values,
          clickhouse_settings: settings,
        });
        await pipeline(stream, async (chunks) => {
          for await (const _ of chunks); // the body of an insert's answer is empty: read it, so that the connection is free again
        });
      } finally {
        values.destroy();
      }
    });
  }

  async close(): Promise<void> {
    await Promise.all([this.#client.close(), this.#withoutDatabase.close()]);
    for (const agent of this.#agents) agent.destroy();
  }
}

function openAgent({ url, tls, connections }: RemoteDatabaseOptions): HttpAgent | HttpsAgent {
  const common = { keepAlive: true, maxSockets: connections ?? 8 };
  if (!url.startsWith('https:')) return new HttpAgent(common);
  return new HttpsAgent({
    ...common,
    ...(tls?.ca && { ca: tls.ca }),
    ...(tls?.certificate && { cert: tls.certificate }),
    ...(tls?.key && { key: tls.key }),
    rejectUnauthorized: tls?.insecureSkipVerify !== true,
  });
}

async function explained<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw asDatabaseError(error);
  }
}

/** Sorts what the client throws: ClickHouse's own answers by their code; all else is the way there, which may heal. */
export function asDatabaseError(error: unknown): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ClickHouseError) {
    const code = Number(error.code);
    return new DatabaseError(message, {
      code,
      codeName: error.type,
      retryable: isRetryableCode(code),
      cause: error,
    });
  }
  const local = (error as NodeJS.ErrnoException | null)?.syscall;
  const ofTheFile = local === 'open' || local === 'read';
  return new DatabaseError(message, { retryable: !ofTheFile, cause: error });
}
