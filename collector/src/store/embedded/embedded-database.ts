import { isAbsolute } from 'node:path';
import type { Database, NativeFileInsert } from '../clickhouse/database.ts';
import { DatabaseError } from '../clickhouse/database.ts';
import { columnList, quoteString } from '../clickhouse/identifiers.ts';
import { formatQueryParameter } from '../clickhouse/query-parameter.ts';
import type { Engine, Preparation } from './engine.ts';
import type { Connection } from './native.ts';
import type { Slots } from './slots.ts';

/** The embedded engine as the collector's {@link Database}. Inserts go one after another, beside all queries. */
export class EmbeddedDatabase implements Database {
  readonly #engine: Engine;
  #closed = false;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async command(sql: string, settings: Readonly<Record<string, string | number>> = {}): Promise<void> {
    const rules = {
      settings: new Map(Object.entries(settings).map(([name, value]) => [name, String(value)])),
    };
    await this.#with(this.#engine.ownReaders, rules, (connection) => connection.run(sql));
  }

  async query<Row>(sql: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<Row[]> {
    return parseRows<Row>(await this.#answer(sql, parameters, 'JSONEachRow'));
  }

  async queryNative(sql: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<Uint8Array> {
    return this.#answer(sql, parameters, 'Native');
  }

  async #answer(sql: string, parameters: Readonly<Record<string, unknown>>, format: string): Promise<Buffer> {
    const rules = {
      parameters: new Map(
        Object.entries(parameters).map(([name, value]) => [name, formatQueryParameter(value)]),
      ),
    };
    const { bytes } = await this.#with(this.#engine.ownReaders, rules, (connection) =>
      connection.run(sql, format),
    );
    return bytes;
  }

  async insertNativeFile({ table, columns, file, token }: NativeFileInsert): Promise<void> {
    if (!isAbsolute(file) || /[*?{}]/.test(file)) {
      // The engine reads the path as a pattern, relative to a directory of its own.
      throw new DatabaseError(`The file of an insert must be an absolute path without * ? { }: ${file}`, {
        retryable: false,
      });
    }
    const sql =
      `INSERT INTO ${table}${columnList(columns)} FROM INFILE ${quoteString(file)} COMPRESSION 'none' ` +
      `SETTINGS insert_deduplication_token = ${quoteString(token)}, ` +
      `deduplicate_blocks_in_dependent_materialized_views = 1 FORMAT Native`;
    // The share of memory that one query may take is for queries: what has come in must go in.
    const rules = { settings: new Map([['max_memory_usage', '0']]) };
    await this.#with(this.#engine.writer, rules, (connection) => connection.run(sql));
  }

  /** Refuses further calls and waits for those under way. The engine stays open: who opened it closes it. */
  async close(): Promise<void> {
    this.#closed = true;
    const { writer, ownReaders } = this.#engine;
    while (writer.running + writer.waiting + ownReaders.running + ownReaders.waiting > 0) {
      await new Promise((done) => setTimeout(done, 10));
    }
  }

  #with<T>(slots: Slots, rules: Preparation, use: (connection: Connection) => Promise<T>): Promise<T> {
    if (this.#closed) throw new DatabaseError('The database is closed', { retryable: true });
    return slots.run(async () => {
      const connection = await this.#engine.connectWith({ database: this.#engine.database, ...rules });
      try {
        return await use(connection);
      } finally {
        connection.close();
      }
    });
  }
}

function parseRows<Row>(bytes: Buffer): Row[] {
  const rows: Row[] = [];
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline;
    if (end > start) rows.push(JSON.parse(bytes.toString('utf8', start, end)) as Row);
    start = end + 1;
  }
  return rows;
}
