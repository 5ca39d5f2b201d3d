import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DatabaseError } from '../../clickhouse/database.ts';
import { quoteIdentifier, quoteString } from '../../clickhouse/identifiers.ts';
import { READER_ROLE } from '../engine-config.ts';
import type { Engine, Preparation } from '../engine.ts';
import type { Classification, Connection, QueryOutcome } from '../native.ts';
import { ResultPipe } from '../result-pipe.ts';
import { Answer, chooseContentEncoding } from './answer.ts';
import type { AnswerOptions, Summary } from './answer.ts';
import { RequestBody } from './body.ts';
import { exception } from './exceptions.ts';
import { toBinary, fromBinary, tokens } from './lexer.ts';
import { isAboutTable, readMultipart } from './multipart.ts';
import type { ExternalTable } from './multipart.ts';
import {
  checkReaderParameters,
  checkReaderSetting,
  checkReaderStatement,
  checkReaderTree,
  mayHoldForbiddenName,
} from './read-only.ts';
import { header, readParameters } from './request.ts';
import type { RequestParameters } from './request.ts';
import { RunningQueries, killedId } from './running-queries.ts';
import type { Sessions } from './sessions.ts';
import { firstWord, readInsertHead, splitOutput } from './statement.ts';
import type { InsertHead } from './statement.ts';
import { tableFilters, withoutOwnTenant } from './table-filters.ts';
import {
  checkTenantDatabase,
  checkTenantParameters,
  checkTenantStatement,
  checkTenantTree,
} from './tenant.ts';
import type { User, Users } from './users.ts';

export interface QueryHandlerOptions {
  readonly displayName: string;
  readonly sendTimeoutMs: number;
  /** How long a query's text may be, in bytes, whatever `max_query_size` a request asks for. */
  readonly maxQueryBytes: number;
  /** How much data one INSERT may bring, in bytes. */
  readonly maxInsertBytes: number;
}

/** ClickHouse's own default for the length of a query's text. */
const DEFAULT_QUERY_BYTES = 262_144;
/** So much of a body that nobody wants is read, so that the client gets its answer and may use the connection again. */
const DISCARDED_BYTES = 8 << 20;

/** A text to run, and the data that came with it. */
type Statement =
  | { readonly kind: 'insert'; readonly head: InsertHead; readonly firstData: Buffer }
  | { readonly kind: 'other'; readonly binary: string };

/** All that is known of a request when its statement is to be run. */
interface Job {
  readonly user: User;
  readonly parameters: RequestParameters;
  readonly isGet: boolean;
  readonly tables: readonly ExternalTable[];
  readonly answer: Answer;
  readonly queryId: string;
  /** Aborts when the client has gone, or the query is killed by its id. */
  readonly signal: AbortSignal;
  readonly rules: Preparation;
}

/** Runs what comes in over HTTP on the engine. */
export class QueryHandler {
  readonly #engine: Engine;
  readonly #users: Users;
  readonly #sessions: Sessions;
  readonly #options: QueryHandlerOptions;
  readonly #running = new RunningQueries();
  #tableFunctions: Promise<ReadonlySet<string>> | undefined;

  constructor(engine: Engine, users: Users, sessions: Sessions, options: QueryHandlerOptions) {
    this.#engine = engine;
    this.#users = users;
    this.#sessions = sessions;
    this.#options = options;
  }

  /** Answers one request, whatever happens. */
  async handle(request: IncomingMessage, response: ServerResponse, address: URLSearchParams): Promise<void> {
    const answer = new Answer(response, this.#answerOptions());
    let body: RequestBody | undefined;
    const gone = new AbortController();
    response.once('close', () => gone.abort(new Error('The client went away')));
    try {
      const user = this.#users.authenticate(request.headers, address);
      refuseForeignPages(request, user, this.#users);
      body = new RequestBody(request, /^(?:1|true|yes|on)$/i.test(address.get('decompress') ?? ''));
      await this.#answer(request, address, user, body, answer, gone.signal);
    } catch (error) {
      if (body === undefined) request.resume();
      else if (!(await body.discard(DISCARDED_BYTES))) response.setHeader('Connection', 'close');
      await answer.fail(error);
    }
  }

  async #answer(
    request: IncomingMessage,
    address: URLSearchParams,
    user: User,
    body: RequestBody,
    answer: Answer,
    signal: AbortSignal,
  ): Promise<void> {
    const contentType = header(request.headers, 'content-type') ?? '';
    const form = /^multipart\/form-data/i.test(contentType)
      ? await readMultipart(body, contentType, address)
      : { fields: new Map<string, string>(), tables: [] };
    const own = new URLSearchParams([...address].filter(([name]) => !isAboutTable(name, form.tables)));
    const parameters = readParameters(own, request.headers, form.fields);
    const queryId = parameters.queryId ?? randomUUID();
    answer.queryId = queryId;
    answer.format = parameters.defaultFormat ?? 'TabSeparated';
    answer.wrapping = {
      contentEncoding: isOn(parameters.settings.get('enable_http_compression') ?? '1')
        ? chooseContentEncoding(header(request.headers, 'accept-encoding'))
        : undefined,
      blocks: parameters.compress
        ? blockMethod(parameters.settings.get('network_compression_method'))
        : undefined,
      waitForEnd: parameters.waitEndOfQuery,
    };
    const isGet = request.method === 'GET' || request.method === 'HEAD';
    const rules = this.#rules(user, parameters, isGet, queryId);
    if (parameters.roles.length > 0) {
      throw exception(
        'UNKNOWN_ROLE',
        `There is no role \`${parameters.roles[0]}\`: this interface has users only`,
      );
    }
    const killed = this.#running.begin(queryId, user.name);
    try {
      const statement = await this.#readStatement(parameters, body, user);
      const job = {
        user,
        parameters,
        isGet,
        tables: form.tables,
        answer,
        queryId,
        signal: AbortSignal.any([signal, killed]),
        rules,
      };
      if (statement.kind === 'insert') await this.#insert(job, statement, body);
      else await this.#run(job, statement.binary);
    } finally {
      this.#running.done(queryId);
    }
  }

  /** The rules under which a request's statement runs. */
  #rules(user: User, parameters: RequestParameters, isGet: boolean, tag: string): Preparation {
    const settings = new Map(parameters.settings);
    if (user.readonly)
      for (const [name, value] of settings) checkReaderSetting(name, value, this.#engine.queryMemoryBytes);
    if (user.tenant !== undefined) {
      checkTenantDatabase(parameters.database, this.#engine.database);
      const filters = settings.get('additional_table_filters');
      if (filters !== undefined)
        settings.set('additional_table_filters', withoutOwnTenant(filters, user.tenant));
    }
    const asked = settings.get('readonly');
    settings.delete('readonly');
    settings.delete('log_comment'); // it carries the query's own mark
    if (asked !== undefined && !/^[012]$/.test(asked)) {
      throw exception('BAD_ARGUMENTS', `The setting readonly may be 0, 1 or 2, not '${asked}'`);
    }
    if (isGet && asked === '0')
      throw exception('READONLY', "Cannot modify 'readonly' setting in readonly mode");
    const readonly = user.readonly
      ? 1
      : ((asked === undefined ? (isGet ? 2 : 0) : Number(asked)) as 0 | 1 | 2);
    return {
      database: parameters.database ?? this.#engine.database,
      settings,
      parameters: parameters.parameters,
      tag,
      role:
        user.tenant !== undefined
          ? this.#engine.roleOfTenant(user.tenant)
          : user.readonly
            ? READER_ROLE
            : undefined,
      readonly,
    };
  }

  /** Reads the query from the address and the body, up to where data begin. */
  async #readStatement(parameters: RequestParameters, body: RequestBody, user: User): Promise<Statement> {
    const limit = Math.min(
      Number(parameters.settings.get('max_query_size') ?? DEFAULT_QUERY_BYTES) || DEFAULT_QUERY_BYTES,
      this.#options.maxQueryBytes,
    );
    let binary = toBinary(parameters.query);
    if (binary !== '') binary += '\n';
    let maybeInsert = true;
    for (;;) {
      if (maybeInsert) {
        const head = readInsertHead(binary);
        if (head !== undefined && head !== 'incomplete') {
          if (user.readonly) throw exception('READONLY', 'Cannot execute query in readonly mode');
          return { kind: 'insert', head, firstData: Buffer.from(binary.slice(head.dataStart), 'latin1') };
        }
        maybeInsert = head === 'incomplete';
      }
      if (binary.length > limit) {
        throw exception(
          'SYNTAX_ERROR',
          `Syntax error: Max query size exceeded: the text is longer than ${limit} bytes`,
        );
      }
      const piece = await body.next();
      if (piece === undefined) break;
      binary += piece.toString('latin1');
    }
    if (firstWord(binary) === '') throw exception('SYNTAX_ERROR', 'Syntax error: Empty query');
    return { kind: 'other', binary };
  }

  /** Puts an INSERT's data into a file, then has the engine take it from there. */
  async #insert(
    job: Job,
    { head, firstData }: Statement & { kind: 'insert' },
    body: RequestBody,
  ): Promise<void> {
    const file = join(this.#engine.spoolDir, `${randomUUID()}.body`);
    try {
      await pipeline(
        Readable.from(this.#insertData(firstData, body)),
        createWriteStream(file, { mode: 0o600 }),
      );
      const sql = head.fromFile(quoteString(file));
      const outcome = await this.#engine.readers.run(
        () => this.#onConnection(job, 'write', (connection) => connection.run(sql)),
        job.signal,
      );
      job.answer.format = 'TabSeparated';
      await job.answer.finish(summaryOf(outcome, true));
    } catch (error) {
      throw withoutFile(error, file);
    } finally {
      await rm(file, { force: true });
    }
  }

  async *#insertData(first: Buffer, body: RequestBody): AsyncGenerator<Buffer> {
    let size = 0;
    for (let piece: Buffer | undefined = first; piece !== undefined; piece = await body.next()) {
      size += piece.length;
      if (size > this.#options.maxInsertBytes) {
        throw exception(
          'QUERY_IS_TOO_LARGE',
          `An INSERT may bring ${this.#options.maxInsertBytes} bytes at most`,
        );
      }
      yield piece;
    }
  }

  /** Runs any other statement. */
  async #run(job: Job, binary: string): Promise<void> {
    if (job.user.readonly && (await this.#killOwn(job, binary))) return;
    const classification = await this.#classify(binary, job.user);
    if (job.user.readonly) {
      checkReaderParameters(binary, job.parameters.parameters);
      if (job.user.tenant !== undefined) checkTenantParameters(binary, job.parameters.parameters);
    }
    const opening = firstWord(binary);
    refuseClientFiles(binary);
    const isSelect = ['SELECT', 'WITH', 'FROM', '('].includes(opening) && classification.kind === 'read';
    const output = splitOutput(binary);
    const format = output.format ?? job.parameters.defaultFormat ?? 'TabSeparated';
    job.answer.format = format;
    await this.#engine.readers.run(async (slot) => {
      await this.#onConnection(
        job,
        classification.kind === 'control' ? opening : classification.kind,
        async (connection) => {
          if (job.user.readonly) await this.#checkTrees(job, connection, binary, output.query, opening);
          if (isSelect) {
            const sql = (path: string): string =>
              `${output.query}\nINTO OUTFILE ${quoteString(path)} APPEND\nFORMAT ${quoteIdentifier(format)} ${output.settings}`;
            await this.#stream(job, connection, this.#engine.pipes[slot]!, sql);
            return;
          }
          const outcome = await this.#cancellable(job, classification.kind === 'read', () =>
            connection.run(translateKill(fromBinary(binary)), format),
          );
          await job.answer.write(outcome.bytes);
          await job.answer.finish(summaryOf(outcome, classification.kind === 'write'));
        },
      );
    }, job.signal);
  }

  /** One statement, and of a kind that the user may run. */
  async #classify(binary: string, user: User): Promise<Classification> {
    const text = fromBinary(binary);
    const classification = await this.#engine.classify(text);
    if (classification.kind === 'unknown') await this.#engine.parse(text); // says what is wrong, in the engine's own words
    if (user.readonly) checkReaderStatement(binary, classification);
    if (user.tenant !== undefined) checkTenantStatement(binary, await this.#knownTableFunctions());
    if (classification.statementCount > 1) {
      throw exception('SYNTAX_ERROR', 'Syntax error (Multi-statements are not allowed)');
    }
    return classification;
  }

  /** Checks a reader's text by the engine's own parse tree, and the expressions that stand in its settings as a text. */
  async #checkTrees(
    { user, rules }: Job,
    connection: Connection,
    binary: string,
    query: string,
    opening: string,
  ): Promise<void> {
    const check = async (sql: string, first: string): Promise<void> => {
      const { bytes } = await connection.run(`EXPLAIN AST ${sql}`, 'TabSeparatedRaw');
      const tree = bytes.toString();
      checkReaderTree(tree, first);
      if (user.tenant !== undefined)
        checkTenantTree(tree, this.#engine.database, await this.#knownTableFunctions());
    };
    if (user.tenant !== undefined || mayHoldForbiddenName(binary)) await check(query, opening);
    const filters = rules.settings?.get('additional_table_filters');
    if (filters === undefined) return;
    for (const { condition } of tableFilters(filters)) {
      const sql = `SELECT (${condition}\n)`;
      await this.#classify(toBinary(sql), user);
      await check(sql, 'SELECT');
    }
  }

  /** Table functions are not read as such by the engine where a name is given otherwise: the list is taken from itself, once. */
  #knownTableFunctions(): Promise<ReadonlySet<string>> {
    this.#tableFunctions ??= (async () => {
      const connection = this.#engine.connect();
      try {
        const { bytes } = await connection.run('SELECT lower(name) FROM system.table_functions');
        return new Set(bytes.toString().trimEnd().split('\n'));
      } finally {
        connection.close();
      }
    })();
    return this.#tableFunctions;
  }

  /** A reader may end its own queries, in the plain form of KILL alone. It need not wait for its turn for that. */
  async #killOwn(job: Job, binary: string): Promise<boolean> {
    const kill = killedId(fromBinary(binary));
    if (kill === undefined) return false;
    const found = kill.test
      ? this.#running.isOwn(kill.id, job.user.name)
      : this.#running.kill(kill.id, job.user.name);
    const { name } = job.user;
    const format = kill.format ?? job.parameters.defaultFormat ?? 'TabSeparated';
    const connection = await this.#engine.connectWith({ role: READER_ROLE, readonly: 1 });
    try {
      const outcome = await connection.run(
        `SELECT ${quoteString(kill.test ? '' : 'waiting')} AS kill_status, ${quoteString(kill.id)} AS query_id, ` +
          `${quoteString(name)} AS user, '' AS query WHERE ${found ? 1 : 0}`,
        format,
      );
      job.answer.format = format;
      await job.answer.write(outcome.bytes);
      await job.answer.finish(summaryOf(outcome, false));
    } finally {
      connection.close();
    }
    return true;
  }

  /** Runs a SELECT whose result goes out while it is made. */
  async #stream(
    job: Job,
    connection: Connection,
    path: string,
    sql: (path: string) => string,
  ): Promise<void> {
    const pipe = new ResultPipe(path);
    const pumped = (async () => {
      // To the end, also when nobody takes it any more: the engine waits for its pipe.
      for await (const chunk of pipe.readable) await job.answer.write(chunk as Buffer);
    })();
    let outcome: QueryOutcome | undefined;
    let failure: unknown;
    try {
      outcome = await this.#cancellable(job, true, () => connection.run(sql(path)));
    } catch (error) {
      failure = error;
    } finally {
      pipe.finish();
    }
    await pumped;
    if (outcome === undefined) throw failure;
    await job.answer.finish(summaryOf(outcome, false));
  }

  /** Runs a query, and ends it where the client goes away. What writes is let run to its end. */
  async #cancellable(job: Job, cancel: boolean, run: () => Promise<QueryOutcome>): Promise<QueryOutcome> {
    if (!cancel) return run();
    let ended = false;
    const kill = async (): Promise<void> => {
      // Again and again: the query may not have begun yet.
      for (let pause = 20; !ended; pause = Math.min(1000, pause * 2)) {
        await this.#engine.kill(job.queryId).catch(() => undefined);
        if (!ended) await new Promise((done) => setTimeout(done, pause));
      }
    };
    const onAbort = (): void => void kill();
    job.signal.addEventListener('abort', onAbort, { once: true });
    if (job.signal.aborted) onAbort();
    try {
      return await run();
    } finally {
      ended = true;
      job.signal.removeEventListener('abort', onAbort);
    }
  }

  /** Runs a task on a connection under the job's rules: a fresh one, or the session's. */
  async #onConnection<T>(job: Job, kind: string, task: (connection: Connection) => Promise<T>): Promise<T> {
    const { session, closeSession } = job.parameters;
    if (session === undefined) return this.#onFreshConnection(job, task);
    return this.#sessions.use(job.user, { ...session, closeAfter: closeSession }, ({ connection }) =>
      connection === undefined
        ? this.#onFreshConnection(job, task)
        : this.#onSessionConnection(job, kind, connection, task),
    );
  }

  async #onFreshConnection<T>(job: Job, task: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = this.#engine.connect();
    try {
      for (const table of job.tables) await this.#bring(connection, table);
      await this.#engine.prepare(connection, job.rules);
      return await task(connection);
    } finally {
      connection.close();
    }
  }

  /** The request's own settings hold for its own query; what a session's SET has set stays. */
  async #onSessionConnection<T>(
    job: Job,
    kind: string,
    connection: Connection,
    task: (connection: Connection) => Promise<T>,
  ): Promise<T> {
    // `readonly` cannot be taken back, so that here the statement's kind must tell what GET may do.
    if ((job.rules.readonly ?? 0) > 0 && !['read', 'SET', 'USE'].includes(kind)) {
      throw exception('READONLY', 'Cannot execute query in readonly mode');
    }
    const settings = job.rules.settings ?? new Map<string, string>();
    const restore = await settingsOf(connection, [...settings.keys(), 'log_comment']);
    for (const table of job.tables) await this.#bring(connection, table);
    try {
      await this.#engine.prepare(connection, {
        ...job.rules,
        readonly: 0,
        database: job.parameters.database,
      });
      return await task(connection);
    } finally {
      await connection.run(restore).catch(() => undefined);
      for (const { name } of job.tables)
        await connection.run(`DROP TEMPORARY TABLE IF EXISTS ${name}`).catch(() => undefined);
    }
  }

  /** Makes a temporary table of what a request brought along. */
  async #bring(connection: Connection, { name, format, structure, data }: ExternalTable): Promise<void> {
    const file = join(this.#engine.spoolDir, `${randomUUID()}.table`);
    try {
      await pipeline(Readable.from([data]), createWriteStream(file, { mode: 0o600 }));
      await connection.run(`CREATE TEMPORARY TABLE ${name} (${structure})`);
      await connection.run(
        `INSERT INTO ${name} FROM INFILE ${quoteString(file)} COMPRESSION 'none' FORMAT ${quoteIdentifier(format)}`,
      );
    } finally {
      await rm(file, { force: true });
    }
  }

  #answerOptions(): AnswerOptions {
    return {
      version: this.#engine.version,
      timezone: this.#engine.timezone,
      displayName: this.#options.displayName,
      sendTimeoutMs: this.#options.sendTimeoutMs,
      spoolFile: join(this.#engine.spoolDir, `${randomUUID()}.result`),
    };
  }
}

/** A statement that gives the named settings back the values they have now. */
async function settingsOf(connection: Connection, names: readonly string[]): Promise<string> {
  const { bytes } = await connection.run(
    `SELECT name, value, changed FROM system.settings WHERE name IN (${names.map(quoteString).join(', ')})`,
    'JSONCompactEachRow',
  );
  const rows = bytes
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as [name: string, value: string, changed: number]);
  return `SET ${rows.map(([name, value, changed]) => `${name} = ${changed ? quoteString(value) : 'DEFAULT'}`).join(', ')}`;
}

/** The engine would read and write files of this machine, as a client does with its own. A server refuses both. */
function refuseClientFiles(binary: string): void {
  let before = '';
  for (const token of tokens(binary)) {
    const current = token.type === 'word' ? binary.slice(token.start, token.end).toUpperCase() : '';
    if ((before === 'INTO' && current === 'OUTFILE') || (before === 'FROM' && current === 'INFILE')) {
      throw exception(
        'UNKNOWN_TYPE_OF_QUERY',
        `${before} ${current} is not allowed over HTTP: send and receive the data`,
      );
    }
    before = current;
  }
}

/** The engine gives its queries numbers of its own; by the client's they are known to {@link Engine.kill} only. */
function translateKill(text: string): string {
  const kill = killedId(text);
  if (kill === undefined) return text;
  const { id, test, format } = kill;
  const condition = `query_id = ${quoteString(id)} OR Settings['log_comment'] = ${quoteString(id)}`;
  return `KILL QUERY WHERE ${condition} ${test ? 'TEST' : 'ASYNC'}${format === undefined ? '' : ` FORMAT ${format}`}`;
}

/**
 * A user without a password is whoever reaches the port, and a browser on this machine reaches it for every page it shows.
 * So pages of other origins are refused, and names that a foreign DNS could point here.
 */
function refuseForeignPages(request: IncomingMessage, user: User, users: Users): void {
  if (!users.withoutPassword.includes(user.name)) return;
  const { host = '', origin } = request.headers;
  const name = host.replace(/:\d+$/, '');
  const isLocalName = name === '' || name === 'localhost' || /^(?:[\d.]+|\[[0-9a-fA-F:.]+\])$/.test(name);
  const isOwnPage = origin === undefined || origin === `http://${host}`;
  if (isLocalName && isOwnPage) return;
  throw exception(
    'AUTHENTICATION_FAILED',
    `${user.name}: requests of web pages and under foreign host names need a user with a password`,
  );
}

/** An error of an INSERT without the file that its data came from here: nobody sent one. */
function withoutFile(error: unknown, file: string): unknown {
  if (!(error instanceof DatabaseError) || !error.message.includes(file)) return error;
  const message = error.message
    .replace(`: (in file/uri ${file})`, '')
    .replace(/: While executing File: data for INSERT was parsed from file/, '')
    .replaceAll(file, 'the data');
  return new DatabaseError(message, { ...error, cause: error });
}

function summaryOf(outcome: QueryOutcome, writes: boolean): Summary {
  return {
    resultRows: writes ? 0 : outcome.rowsRead,
    writtenRows: writes ? outcome.rowsRead : 0,
    bytes: outcome.bytesRead,
    elapsedSeconds: outcome.elapsed,
  };
}

function blockMethod(name: string | undefined): 'LZ4' | 'ZSTD' | 'NONE' {
  const method = name?.toUpperCase();
  return method === 'ZSTD' || method === 'NONE' ? method : 'LZ4';
}

function isOn(value: string): boolean {
  return !/^(?:0|false|no|off)$/i.test(value);
}
