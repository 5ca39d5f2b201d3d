import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { DatabaseError } from '../clickhouse/database.ts';
import { isRetryableCode, parseException } from '../clickhouse/error-codes.ts';

/**
 * The engine's connections, straight on chdb's native addon.
 *
 * chdb's own `Session` is not used, for one reason: its `close()` waits for every operation of the whole process, so with
 * one slow query running no connection would ever be let go. Here a connection waits for its own operation only, which is
 * what makes a fresh connection for each query possible (0.2 ms), and with it: no setting, parameter or temporary table of
 * one query is ever seen by the next.
 */

/** What the addon answers to a query. */
export interface QueryOutcome {
  /** The result in the format asked for; empty where the query wrote it elsewhere. */
  readonly bytes: Buffer;
  /** Seconds. */
  readonly elapsed: number;
  /** Rows and bytes of the result, or of what was written. */
  readonly rowsRead: number;
  readonly bytesRead: number;
}

/** What the engine's own parser says of a text. */
export interface Classification {
  readonly statementCount: number;
  readonly kind: StatementKind;
}

/** `unknown`: it does not parse. `control`: SET, USE, SYSTEM, KILL and all that writes files. */
export type StatementKind = 'read' | 'write' | 'write-global' | 'control' | 'unknown';

interface Addon {
  CreateConnection(dataDirectory: string, args: readonly string[]): NativeConnection;
  CloseConnection(connection: NativeConnection): void;
  QueryAsyncConnection(connection: NativeConnection, sql: string, format: string): Promise<QueryOutcome>;
  QueryWithConnection(connection: NativeConnection, sql: string, format: string): string;
  DurableClassifyAsync(
    connection: NativeConnection,
    sql: string,
    database: string,
  ): Promise<{ statementCount: number; queryClass: number }>;
}

type NativeConnection = object;

const KINDS: readonly StatementKind[] = ['read', 'write', 'write-global', 'control'];

let loaded: Addon | undefined;

function addon(): Addon {
  if (loaded === undefined) {
    const require = createRequire(import.meta.url);
    const chdb = dirname(require.resolve('chdb/package.json'));
    // The loader knows each platform's package; it is not among chdb's exports, but its errors say what to install.
    loaded = (require(join(chdb, 'dist', 'loader.js')) as { loadNative(): Addon }).loadNative();
  }
  return loaded;
}

/**
 * One connection to the engine of this process. Statements on one connection run one after another; connections run
 * side by side. Opening and closing are synchronous and take a fraction of a millisecond (the very first opens the engine).
 */
export class Connection {
  readonly #addon = addon();
  #handle: NativeConnection | undefined;
  #running = 0;

  /**
   * @param dataDirectory absolute path; the same for all connections of a process
   * @param settings settings of this connection, and with the first one the server's, as `name=value`
   */
  constructor(dataDirectory: string, settings: Readonly<Record<string, string | number>> = {}) {
    const args = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
    this.#handle = this.#addon.CreateConnection(dataDirectory, args);
  }

  /**
   * Runs a text of one or more statements on a thread of libuv's pool and gives the output of all of them.
   *
   * @throws {DatabaseError} ClickHouse's own error
   */
  async run(sql: string, format = 'TabSeparated'): Promise<QueryOutcome> {
    return this.#use((handle) => this.#addon.QueryAsyncConnection(handle, sql, format));
  }

  /** As {@link run}, on the event loop itself and for text only: for the moment in which there is no event loop any more. */
  runSync(sql: string, format = 'TabSeparated'): string {
    return this.#handle === undefined ? '' : this.#addon.QueryWithConnection(this.#handle, sql, format);
  }

  /** Asks the engine's own parser how many statements a text holds, and of what kind. Runs nothing. */
  async classify(sql: string): Promise<Classification> {
    const { statementCount, queryClass } = await this.#use((handle) =>
      this.#addon.DurableClassifyAsync(handle, sql, ''),
    );
    return { statementCount, kind: statementCount === 0 ? 'unknown' : (KINDS[queryClass] ?? 'unknown') };
  }

  /** Lets go of the connection, at once or as soon as its last statement has ended. */
  close(): void {
    if (this.#running === 0) this.#release();
    else this.#closing = true;
  }

  #closing = false;

  async #use<T>(start: (handle: NativeConnection) => Promise<T>): Promise<T> {
    if (this.#handle === undefined || this.#closing) {
      throw new DatabaseError('The embedded engine is closed', { retryable: true });
    }
    this.#running++;
    try {
      return await start(this.#handle);
    } catch (error) {
      throw asDatabaseError(error);
    } finally {
      if (--this.#running === 0 && this.#closing) this.#release();
    }
  }

  #release(): void {
    if (this.#handle === undefined) return;
    const handle = this.#handle;
    this.#handle = undefined;
    this.#addon.CloseConnection(handle);
  }
}

function asDatabaseError(error: unknown): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const exception = parseException(text);
  if (exception === undefined) return new DatabaseError(text, { retryable: false, cause: error });
  return new DatabaseError(exception.message, {
    code: exception.code,
    codeName: exception.codeName,
    retryable: isRetryableCode(exception.code),
    cause: error,
  });
}
