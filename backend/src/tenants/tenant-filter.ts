import { quoteString } from '../clickhouse/parameters.ts';

/** Tables that tell whose a row is. A new table with `tenant_id` goes here: what is not here shows every tenant's rows. */
export const TENANT_TABLES = [
  'network_flows',
  'flows_1m',
  'flows_1m_applications',
  'flows_1m_interfaces',
  'flows_1h',
  'stored_1m',
  'ledger',
  'exporters',
  'interfaces',
  'windows_10s',
  'anomalies',
] as const;

/**
 * The setting `additional_table_filters` that has the engine itself leave out the rows of others, in whatever place of a query
 * the tables stand: the value is a map's literal that holds conditions, each of which holds the tenant as a literal.
 */
export function tenantFilter(database: string, tenant: string): string {
  const condition = `tenant_id = ${quoteString(tenant)}`;
  const entries = TENANT_TABLES.map(
    (table) => `${quoteString(`${database}.${table}`)}: ${quoteString(condition)}`,
  );
  return `{${entries.join(', ')}}`;
}
