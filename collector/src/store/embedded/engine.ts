import { SPARE_THREADS, threadPoolSize } from './thread-pool.ts';
import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { DatabaseError } from '../clickhouse/database.ts';
import { ErrorCode } from '../clickhouse/error-codes.ts';
import { quoteIdentifier, quoteString } from '../clickhouse/identifiers.ts';
import { claimDataDirectory, explainOpenFailure } from './data-directory.ts';
import {
  type TenantReaders,
  connectionSettings,
  serverSettings,
  tenantRole,
  writeEngineConfig,
} from './engine-config.ts';
import { Connection } from './native.ts';
import type { Classification, QueryOutcome } from './native.ts';
import { makePipes, ResultPipe } from './result-pipe.ts';
import { Slots } from './slots.ts';

export interface EngineOptions {
  /** Where the engine keeps its data. Made if it does not exist. */
  readonly dataDir: string;
  /** The database that unqualified names mean. Made if it does not exist. */
  readonly database: string;
  /** How many queries of HTTP clients may run at once. Default 4. */
  readonly readers?: number;
  /** What the engine may take of memory, in bytes: beyond it, queries fail with code 241. Default 512 MiB. */
  readonly memoryLimitBytes?: number;
  /** How many queries of HTTP clients may wait for their turn. Default 64. */
  readonly maxWaiting?: number;
  /** How long a query may wait for its turn, in milliseconds. Default 30,000. */
  readonly maxWaitMs?: number;
  /** Users of its HTTP interface may be bound to these tenants; none: to no tenant. */
  readonly tenantReaders?: Omit<TenantReaders, 'database'>;
  readonly logger: Logger;
}

export interface EngineStats {
  /** Queries of HTTP clients that run, and that wait for their turn. */
  readonly running: number;
  readonly waiting: number;
  readonly readers: number;
  /** Inserts that run (at most one) and wait. */
  readonly inserting: number;
  readonly insertsWaiting: number;
  /** The collector's own queries that run and wait. */
  readonly ownQueries: number;
  readonly ownQueriesWaiting: number;
}

/** The collector's own queries: more than one, so that a slow one does not hold up all, and few, for they are quick. */
const OWN_READERS = 2;

/** Rules that a connection has to follow from its beginning to its end. */
export interface Preparation {
  readonly database?: string | undefined;
  readonly settings?: ReadonlyMap<string, string>;
  /** Values of `{name:Type}`, in TSV's escapes. */
  readonly parameters?: ReadonlyMap<string, string>;
  /** By what {@link Engine.kill} finds the query. */
  readonly tag?: string;
  /** Engine's role to take; all rights without one. */
  readonly role?: string | undefined;
  /** ClickHouse's `readonly`: 1 forbids writes and changes of settings, 2 writes only. */
  readonly readonly?: 0 | 1 | 2;
}

/** The engine inside this process: what its database, its HTTP interface and their tests build on. */
export class Engine {
  readonly database: string;
  readonly logger: Logger;
  /** `26.7.2.1` */
  readonly version: string;
  readonly timezone: string;
  /** All settings that the engine knows. */
  readonly settingNames: ReadonlySet<string>;
  readonly readers: Slots;
  readonly ownReaders: Slots;
  readonly writer: Slots;
  /** A pipe for each slot of {@link readers}. */
  readonly pipes: readonly string[];
  /** Where bodies of requests wait to be inserted. */
  readonly spoolDir: string;

  readonly #tenants: readonly string[];
  readonly #dataDir: string;
  readonly #settings: Readonly<Record<string, string | number>>;
  readonly #keeper: Connection;
  readonly #parser: Connection;
  readonly #killer: Slots;
  readonly #release: () => void;
  readonly #pipeDir: string;
  #closed: Promise<void> | undefined;

  static async open(options: EngineOptions): Promise<Engine> {
    const dataDir = resolve(options.dataDir);
    await mkdir(dataDir, { recursive: true });
    const release = claimDataDirectory(dataDir);
    let pipeDir: string | undefined;
    try {
      const readers = options.readers ?? 4;
      const memoryLimitBytes = options.memoryLimitBytes ?? 512 * 2 ** 20;
      const config = await writeEngineConfig(
        join(dataDir, 'weir'),
        options.tenantReaders && { database: options.database, ...options.tenantReaders },
      );
      const spoolDir = join(dataDir, 'weir', 'http-spool');
      await rm(spoolDir, { recursive: true, force: true }); // what an earlier process left half received
      await mkdir(spoolDir, { mode: 0o700 });
      const pipes = await makePipes(join(dataDir, 'weir', 'pipes'), readers);
      pipeDir = pipes.directory;
      await warnOfFewThreads(readers, options.logger);

      const settings = connectionSettings(memoryLimitBytes);
      const keeper = openFirst(dataDir, {
        'config-file': config,
        ...serverSettings(memoryLimitBytes),
        ...settings,
      });
      try {
        await keeper.run(`CREATE DATABASE IF NOT EXISTS ${quoteIdentifier(options.database)}`);
        const about = await lines(keeper, 'SELECT version(), timezone() FORMAT TabSeparatedRaw');
        const [version = '', timezone = ''] = about[0]?.split('\t') ?? [];
        const names = await lines(keeper, 'SELECT name FROM system.settings FORMAT TabSeparatedRaw');
        return new Engine(options, {
          dataDir,
          release,
          pipeDir,
          pipes: pipes.paths,
          spoolDir,
          settings,
          keeper,
          readers,
          version,
          timezone,
          settingNames: new Set(names),
        });
      } catch (error) {
        keeper.close();
        throw error;
      }
    } catch (error) {
      release();
      if (pipeDir !== undefined) await rm(pipeDir, { recursive: true, force: true });
      throw error;
    }
  }

  private constructor(
    options: EngineOptions,
    made: {
      dataDir: string;
      release: () => void;
      pipeDir: string;
      pipes: readonly string[];
      spoolDir: string;
      settings: Record<string, string | number>;
      keeper: Connection;
      readers: number;
      version: string;
      timezone: string;
      settingNames: Set<string>;
    },
  ) {
    const queue = { maxWaiting: options.maxWaiting ?? 64, maxWaitMs: options.maxWaitMs ?? 30_000 };
    const patient = { maxWaiting: 10_000, maxWaitMs: 600_000 };
    this.database = options.database;
    this.logger = options.logger;
    this.version = made.version;
    this.timezone = made.timezone;
    this.settingNames = made.settingNames;
    this.readers = new Slots({ size: made.readers, ...queue });
    this.ownReaders = new Slots({ size: OWN_READERS, ...patient });
    this.writer = new Slots({ size: 1, ...patient });
    this.#killer = new Slots({ size: 1, ...patient });
    this.pipes = made.pipes;
    this.spoolDir = made.spoolDir;
    this.#tenants = options.tenantReaders?.tenants ?? [];
    this.#dataDir = made.dataDir;
    this.#settings = made.settings;
    this.#keeper = made.keeper;
    this.#parser = new Connection(made.dataDir, made.settings);
    this.#release = made.release;
    this.#pipeDir = made.pipeDir;
    process.on('exit', this.#onExit);
  }

  stats(): EngineStats {
    return {
      running: this.readers.running,
      waiting: this.readers.waiting,
      readers: this.pipes.length,
      inserting: this.writer.running,
      insertsWaiting: this.writer.waiting,
      ownQueries: this.ownReaders.running,
      ownQueriesWaiting: this.ownReaders.waiting,
    };
  }

  /**
   * The role under which a query sees this tenant's rows alone.
   *
   * @throws Error for a tenant that the engine was not opened for
   */
  roleOfTenant(tenant: string): string {
    const index = this.#tenants.indexOf(tenant);
    if (index < 0) throw new Error(`The embedded engine was opened without readers of the tenant ${tenant}.`);
    return tenantRole(index);
  }

  /** What one query may take of memory, in bytes. */
  get queryMemoryBytes(): number {
    return Number(this.#settings['max_memory_usage']);
  }

  /** A new connection with the default settings and all rights. To be closed by who asked for it. */
  connect(): Connection {
    if (this.#closed !== undefined)
      throw new DatabaseError('The embedded engine is closed', { retryable: true });
    return new Connection(this.#dataDir, this.#settings);
  }

  /**
   * A new connection that follows the rules given.
   *
   * @throws {DatabaseError} where a rule names what does not exist or is no legal value
   */
  async connectWith(preparation: Preparation): Promise<Connection> {
    const connection = this.connect();
    try {
      await this.prepare(connection, preparation);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** Brings a connection under the rules given; `readonly` and `role` hold until it is closed. */
  async prepare(connection: Connection, preparation: Preparation): Promise<void> {
    const { database, settings = new Map(), parameters = new Map(), tag, role, readonly = 0 } = preparation;
    const assignments: string[] = [];
    for (const [name, value] of settings) {
      if (!this.settingNames.has(name)) throw unknownSetting(name);
      assignments.push(`${name} = ${quoteString(value)}`);
    }
    for (const [name, value] of parameters) {
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
        throw new DatabaseError(`Query parameter name \`${name}\` is not an identifier`, {
          code: ErrorCode.BAD_ARGUMENTS,
          codeName: 'BAD_ARGUMENTS',
          retryable: false,
        });
      }
      assignments.push(`param_${name} = ${quoteString(value)}`);
    }
    if (tag !== undefined) assignments.push(`log_comment = ${quoteString(tag)}`);
    const statements: string[] = [];
    if (assignments.length > 0) statements.push(`SET ${assignments.join(', ')}`);
    if (database !== undefined) statements.push(`USE ${quoteIdentifier(database)}`);
    if (role !== undefined) statements.push(`SET ROLE ${role}`);
    if (readonly !== 0) statements.push(`SET readonly = ${readonly}`);
    if (statements.length > 0) await connection.run(statements.join(';\n'));
  }

  /** What the engine's own parser makes of a text, without running it. */
  classify(sql: string): Promise<Classification> {
    return this.#parser.classify(sql);
  }

  /** Lets the engine's parser say what is wrong with a text. Returns where it finds nothing wrong. */
  async parse(sql: string): Promise<void> {
    await this.#killer.run(() =>
      this.#parser.run(`SELECT formatQuerySingleLine(${quoteString(sql)}) FORMAT Null`),
    );
  }

  /** Ends the query that was tagged so, if it runs. The query's own promise tells when it has ended. */
  async kill(tag: string): Promise<void> {
    await this.#killer.run(async (): Promise<QueryOutcome> => {
      // KILL … SYNC would wait for the query, which may wait for its reader.
      return this.#keeper.run(
        `KILL QUERY WHERE Settings['log_comment'] = ${quoteString(tag)} ASYNC FORMAT Null`,
      );
    });
  }

  /** A tag that no other query has. */
  static newTag(): string {
    return randomUUID();
  }

  /** Ends what runs and lets go of the data directory. What was acknowledged is on disk. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  get #busy(): boolean {
    return this.readers.running + this.ownReaders.running + this.writer.running > 0;
  }

  /**
   * The process ends without {@link close}. Its threads are joined on the way out, so that a running query would hold the
   * process for as long as it takes, and one that waits for its reader for ever.
   */
  readonly #onExit = (): void => {
    if (!this.#busy) return;
    try {
      this.#keeper.runSync('KILL QUERY WHERE 1 ASYNC FORMAT Null');
    } catch {
      // the engine is past asking
    }
    ResultPipe.abandonAll();
  };

  async #close(): Promise<void> {
    for (let attempt = 0; this.#busy; attempt++) {
      // Readers are ended; an insert is waited for, since its data would only have to be sent again.
      if (attempt % 20 === 0) {
        await this.#keeper
          .run(`KILL QUERY WHERE query_kind != 'Insert' ASYNC FORMAT Null`)
          .catch(() => undefined);
      }
      await new Promise((done) => setTimeout(done, 25));
    }
    process.off('exit', this.#onExit);
    this.#parser.close();
    this.#keeper.close();
    this.#release();
    await rm(this.#pipeDir, { recursive: true, force: true });
  }
}

function openFirst(dataDir: string, settings: Record<string, string | number>): Connection {
  try {
    return new Connection(dataDir, settings);
  } catch (error) {
    throw explainOpenFailure(dataDir, error);
  }
}

async function lines(connection: Connection, sql: string): Promise<string[]> {
  const { bytes } = await connection.run(sql);
  return bytes.toString().trimEnd().split('\n');
}

async function warnOfFewThreads(readers: number, logger: Logger): Promise<void> {
  const needed = readers + OWN_READERS + 2 + SPARE_THREADS; // the writer, and what ends queries
  const threads = await threadPoolSize();
  if (threads < needed) {
    logger.warn(
      { threads, needed },
      `Node's thread pool has ${threads} threads and the embedded ClickHouse with ${readers} readers needs ${needed}: ` +
        `slow queries will hold up inserts and files. Start with UV_THREADPOOL_SIZE=${needed}.`,
    );
  }
}

function unknownSetting(name: string): DatabaseError {
  return new DatabaseError(
    `Setting ${name} is neither a builtin setting nor started with a prefix registered for user-defined settings`,
    { code: ErrorCode.UNKNOWN_SETTING, codeName: 'UNKNOWN_SETTING', retryable: false },
  );
}
