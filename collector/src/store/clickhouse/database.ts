/**
 * ClickHouse as the rest of the collector sees it, embedded or remote.
 *
 * Both implementations give the same rows for the same SQL: integers come as JavaScript numbers (a 64-bit integer past
 * 2^53 loses its last digits; `toString()` it in SQL where that matters), dates and addresses as strings.
 */
export interface Database {
  /**
   * Runs a statement that returns nothing (DDL, small inserts).
   *
   * @throws {DatabaseError} what ClickHouse answered, or why it could not be asked
   */
  command(sql: string, settings?: Readonly<Record<string, string | number>>): Promise<void>;

  /**
   * Runs a SELECT and returns all its rows, one object a row. Parameters stand in the text as `{name:Type}`.
   * The text must not carry a FORMAT clause of its own.
   *
   * @throws {DatabaseError} what ClickHouse answered, or why it could not be asked
   */
  query<Row>(sql: string, parameters?: Readonly<Record<string, unknown>>): Promise<Row[]>;

  /**
   * Runs a SELECT and returns its rows as blocks in ClickHouse's Native format, for who reads many of them column by column; no
   * bytes where there are no rows. All of the answer is in memory at once: ask for it in slices. The text must not carry a FORMAT
   * clause of its own.
   *
   * @throws {DatabaseError} what ClickHouse answered, or why it could not be asked
   */
  queryNative(sql: string, parameters?: Readonly<Record<string, unknown>>): Promise<Uint8Array>;

  /**
   * Inserts one file in ClickHouse's Native format under a deduplication token: a second insert under the same token
   * stores nothing, in the table and in its materialised views alike. Resolves only once the engine has acknowledged it.
   *
   * @throws {DatabaseError} `retryable` says whether the same file may succeed later
   */
  insertNativeFile(insert: NativeFileInsert): Promise<void>;

  /** Waits for what is running, then lets go of everything. Calls after it are refused. */
  close(): Promise<void>;
}

export interface NativeFileInsert {
  /** The table, qualified by its database or not. It goes into the SQL as it stands. */
  readonly table: string;
  /** The columns to fill; none for those that the file names. Columns that are missing take their defaults. */
  readonly columns: readonly string[];
  /** Absolute path of the file. */
  readonly file: string;
  /** The token that makes a repeated insert of the same data harmless. */
  readonly token: string;
}

/** A statement that ClickHouse refused, or could not be asked. */
export class DatabaseError extends Error {
  /** ClickHouse's error code, where ClickHouse answered at all. */
  readonly code?: number;
  /** ClickHouse's name of the code, such as `UNKNOWN_TABLE`. */
  readonly codeName?: string;
  /** Whether the same statement may succeed later, unchanged: a lost connection, memory, too many parts. */
  readonly retryable: boolean;

  constructor(
    message: string,
    details: {
      code?: number | undefined;
      codeName?: string | undefined;
      retryable: boolean;
      cause?: unknown;
    },
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'DatabaseError';
    if (details.code !== undefined) this.code = details.code;
    if (details.codeName !== undefined) this.codeName = details.codeName;
    this.retryable = details.retryable;
  }
}
