import type { ClickHouseClient } from '../clickhouse/clickhouse-client.ts';
import { numbersOf } from '../clickhouse/columns.ts';
import { ClickHouseError } from '../clickhouse/errors.ts';

/**
 * Whether ClickHouse itself holds the user to a tenant by a row policy: the table `tenant_check` has one row, of the tenant `*`,
 * which a user so bound does not see. `unknown` where there is no such table (a schema older than 2).
 */
export type TenantBinding = 'bound' | 'unbound' | 'unknown';

const KEPT_MS = 60_000;

/** Asks for the binding and remembers the answer for a minute. */
export class TenantBindingProbe {
  readonly #client: ClickHouseClient;
  readonly #now: () => number;
  #answer: { readonly binding: TenantBinding; readonly untilMs: number } | undefined;

  constructor(client: ClickHouseClient, now: () => number = Date.now) {
    this.#client = client;
    this.#now = now;
  }

  /** @throws {ClickHouseError} where the server cannot be asked */
  async binding(signal: AbortSignal): Promise<TenantBinding> {
    if (this.#answer !== undefined && this.#answer.untilMs > this.#now()) return this.#answer.binding;
    const binding = await this.#probe(signal);
    this.#answer = { binding, untilMs: this.#now() + KEPT_MS };
    return binding;
  }

  async #probe(signal: AbortSignal): Promise<TenantBinding> {
    try {
      const { table } = await this.#client.query({
        sql: `SELECT count() AS visible FROM ${this.#client.database}.tenant_check`,
        label: 'tenant',
        aboutUser: true,
        signal,
      });
      return numbersOf(table, 'visible')[0] === 0 ? 'bound' : 'unbound';
    } catch (error) {
      if (error instanceof ClickHouseError && (error.reason === 'table' || error.reason === 'database'))
        return 'unknown';
      throw error;
    }
  }
}
