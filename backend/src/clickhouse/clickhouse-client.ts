import { randomBytes } from 'node:crypto';
import type { ParameterValue } from '@weir/core/query';
import type { Table } from './columns.ts';
import { ClickHouseError, errorFromAnswer } from './errors.ts';
import { Gate } from './gate.ts';
import { HttpConnections, type HttpTarget } from './http.ts';
import { parameterText } from './parameters.ts';
import { readRowBinary } from './row-binary.ts';

export interface ClickHouseOptions extends HttpTarget {
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Statements at once; 200 more may wait. */
  readonly concurrency: number;
  /** Begins the ids of its queries. */
  readonly idPrefix: string;
  /** Sent with every statement: without them there is no answer, unless {@link mayOmit} says so. */
  readonly requiredSettings?: Readonly<Record<string, string>>;
  /** Asked where the user may send no settings: whether the required ones are not needed. */
  readonly mayOmit?: (signal: AbortSignal) => Promise<boolean>;
  /** Told once that KILL QUERY is not allowed. */
  readonly onKillRefused?: (error: Error) => void;
}

export interface StatementRequest {
  readonly sql: string;
  readonly parameters?: Readonly<Record<string, ParameterValue>>;
  /** Sent where the user may send settings. */
  readonly settings?: Readonly<Record<string, string>>;
  /** A question about the user and not about data, which goes without the required settings. */
  readonly aboutUser?: boolean;
  /** Part of the query's id, for people who look at ClickHouse's log. */
  readonly label: string;
  readonly signal: AbortSignal;
}

/** What ClickHouse says of its work; each where known. */
export interface StatementCost {
  readonly rowsRead?: number;
  readonly bytesRead?: number;
  readonly elapsedMs?: number;
}

export interface StatementAnswer {
  readonly table: Table;
  readonly cost: StatementCost;
  readonly bytes: number;
}

const MAX_ANSWER_BYTES = 256e6;
/** Of an address; longer ones send their parameters as a form. Node's own servers take 16 KiB for a whole head. */
const MAX_SEARCH = 6000;
/** Longest time to tell the server that a query is not wanted any more. */
const KILL_MS = 5000;
/** A wall of dashboards that refreshes at once waits; more than these, and no answer would come in time anyway. */
const QUEUE = 200;

/**
 * What a user may send with a query: `all` settings; all but `readonly` (the user's profile says `readonly = 2`, which allows
 * reading only); or `none` (`readonly = 1`).
 */
export type SettingsAllowed = 'all' | 'readonly-user' | 'none';

/** Asks one ClickHouse as one user. */
export class ClickHouseClient {
  readonly #options: ClickHouseOptions;
  readonly #connections: HttpConnections;
  /** A connection that no query keeps busy, to end queries by. */
  readonly #killer: HttpConnections;
  readonly #gate: Gate;
  #killRefused = false;
  #settingsAllowed: Promise<SettingsAllowed> | undefined;

  constructor(options: ClickHouseOptions) {
    this.#options = options;
    this.#connections = new HttpConnections(options);
    this.#killer = new HttpConnections(options);
    this.#gate = new Gate(options.concurrency, QUEUE);
  }

  get database(): string {
    return this.#options.database;
  }

  get user(): string {
    return this.#options.user === '' ? 'default' : this.#options.user;
  }

  get where(): string {
    return this.#connections.where;
  }

  get running(): number {
    return this.#gate.inside;
  }

  get waiting(): number {
    return this.#gate.waiting;
  }

  /** Whether ClickHouse has refused to end a query of ours. */
  get killRefused(): boolean {
    return this.#killRefused;
  }

  /**
   * What settings the user may send. Asked of the server once.
   *
   * @throws {ClickHouseError}
   */
  async settingsAllowed(signal: AbortSignal): Promise<SettingsAllowed> {
    this.#settingsAllowed ??= this.#probeSettings(AbortSignal.timeout(KILL_MS * 2)).catch(
      (error: unknown) => {
        this.#settingsAllowed = undefined;
        throw error;
      },
    );
    return race(this.#settingsAllowed, signal);
  }

  async #probeSettings(signal: AbortSignal): Promise<SettingsAllowed> {
    const tries: readonly (readonly [SettingsAllowed, Readonly<Record<string, string>>])[] = [
      ['all', { max_execution_time: '10', readonly: '1' }],
      ['readonly-user', { max_execution_time: '10' }],
    ];
    for (const [allowed, settings] of tries) {
      try {
        await this.#ask({ sql: 'SELECT 1', label: 'settings', signal, settings, aboutUser: true });
        return allowed;
      } catch (error) {
        if (!(error instanceof ClickHouseError) || error.reason !== 'denied') throw error;
      }
    }
    return 'none';
  }

  /**
   * Asks when its turn has come, and gives the whole answer.
   *
   * When the signal aborts, the query is ended at the server too.
   *
   * @throws {ClickHouseError}, {QueueFull}, {UnreadableType}, or the signal's reason
   */
  async query(request: StatementRequest): Promise<StatementAnswer> {
    return this.#gate.run(request.signal, async () => {
      const allowed = await this.settingsAllowed(request.signal);
      const required = request.aboutUser === true ? undefined : this.#options.requiredSettings;
      if (allowed !== 'none')
        return this.#ask({
          ...request,
          settings: { ...request.settings, ...(allowed === 'all' ? { readonly: '1' } : {}), ...required },
        });
      if (required !== undefined && (await this.#options.mayOmit?.(request.signal)) !== true)
        throw new ClickHouseError(
          'denied',
          `The user ${this.user} may send no settings (readonly = 1), so that ClickHouse cannot be told to hold it to the tenant: ` +
            'create the user with a row policy, or with readonly = 2 (docs/how-to/tenants.md).',
        );
      return this.#ask({ ...request, settings: {} });
    });
  }

  async #ask(request: StatementRequest): Promise<StatementAnswer> {
    const { signal, sql, parameters = {}, settings = {} } = request;
    const queryId = `${this.#options.idPrefix}-${request.label}-${randomBytes(6).toString('hex')}`;
    const fields: [string, string][] = Object.entries(parameters).map(([name, value]) => [
      `param_${name}`,
      parameterText(value),
    ]);
    const search = new URLSearchParams({
      database: this.#options.database,
      default_format: 'RowBinaryWithNamesAndTypes',
      query_id: queryId,
      // Errors come as a status and not within the answer, and the summary counts the whole work.
      wait_end_of_query: '1',
      ...settings,
    });
    const inAddress = new URLSearchParams(fields).toString();
    const { body, type } =
      inAddress.length <= MAX_SEARCH
        ? { body: Buffer.from(sql), type: 'text/plain' }
        : form([...fields, ['query', sql]]);
    const onAbort = (): void => void this.#kill(queryId);
    signal.throwIfAborted();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const answer = await this.#connections.send({
        search:
          type === 'text/plain' && inAddress !== '' ? `${search.toString()}&${inAddress}` : search.toString(),
        headers: { ...this.#credentials(), 'Content-Type': type },
        body,
        signal,
        maxBytes: MAX_ANSWER_BYTES,
      });
      const header = (name: string): string | undefined => {
        const value = answer.headers[name];
        return Array.isArray(value) ? value[0] : value;
      };
      if (answer.status !== 200)
        throw errorFromAnswer(
          answer.status,
          header('x-clickhouse-exception-code'),
          answer.body.toString('utf8', 0, 20_000),
        );
      if (header('x-clickhouse-format') === undefined && header('x-clickhouse-query-id') === undefined)
        throw new ClickHouseError(
          'server',
          `${this.where} answers, but not as ClickHouse does: is it ClickHouse’s HTTP port (8123)?`,
        );
      return {
        table: readRowBinary(answer.body),
        cost: readSummary(header('x-clickhouse-summary')),
        bytes: answer.body.length,
      };
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #credentials(): Record<string, string> {
    const { user, password } = this.#options;
    if (user === '' && password === '') return {};
    return { 'X-ClickHouse-User': this.user, ...(password === '' ? {} : { 'X-ClickHouse-Key': password }) };
  }

  /** Ends a query at the server. Where that fails, the server sees by itself that nobody listens, or its time runs out. */
  async #kill(queryId: string): Promise<void> {
    try {
      // A query that is still on its way is not found: again a little later.
      for (const pause of [0, 100, 500]) {
        if (this.#killRefused) return;
        await new Promise((done) => setTimeout(done, pause).unref());
        if (await this.#killOnce(queryId)) return;
      }
    } catch {
      // The connection that would tell of it is gone as well.
    }
  }

  /** Whether there was such a query, or no hope of ending it. */
  async #killOnce(queryId: string): Promise<boolean> {
    const answer = await this.#killer.send({
      search: '',
      headers: this.#credentials(),
      // In this plain form the collector's embedded engine knows it too. The id is ours: letters, digits, "_" and "-".
      body: Buffer.from(`KILL QUERY WHERE query_id = '${queryId}'`),
      signal: AbortSignal.timeout(KILL_MS),
      maxBytes: 1e6,
    });
    if (answer.status === 200) return answer.body.length > 0;
    const error = errorFromAnswer(answer.status, undefined, answer.body.toString());
    if (error.reason === 'denied' && !this.#killRefused) {
      this.#killRefused = true;
      this.#options.onKillRefused?.(error);
    }
    return true;
  }

  close(): void {
    this.#connections.close();
    this.#killer.close();
  }
}

function form(fields: readonly (readonly [string, string])[]): { body: Buffer; type: string } {
  const boundary = `weir${randomBytes(16).toString('hex')}`;
  const parts = fields.map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  return {
    body: Buffer.from(`${parts.join('')}--${boundary}--\r\n`),
    type: `multipart/form-data; boundary=${boundary}`,
  };
}

function readSummary(text: string | undefined): StatementCost {
  if (text === undefined) return {};
  let summary: Record<string, unknown>;
  try {
    summary = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
  const number = (name: string): number | undefined => {
    const value = Number(summary[name]);
    return summary[name] === undefined || !Number.isFinite(value) || value === 0 ? undefined : value;
  };
  const rowsRead = number('read_rows');
  const bytesRead = number('read_bytes');
  const elapsedNs = number('elapsed_ns');
  return {
    ...(rowsRead === undefined ? {} : { rowsRead }),
    ...(bytesRead === undefined ? {} : { bytesRead }),
    ...(elapsedNs === undefined ? {} : { elapsedMs: elapsedNs / 1e6 }),
  };
}

/** A promise that others wait for too, left early when the signal aborts. */
async function race<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
