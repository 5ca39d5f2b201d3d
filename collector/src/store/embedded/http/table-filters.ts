import { quoteString } from '../../clickhouse/identifiers.ts';
import { exception } from './exceptions.ts';

export interface TableFilter {
  readonly table: string;
  readonly condition: string;
}

/**
 * The expressions in `additional_table_filters`: `{'weir.network_flows': 'tenant_id = \'acme\''}`. They are SQL that stands in no
 * query's text, so that they have to be looked at as the text is.
 *
 * @throws {DatabaseError} code 36 for what is no such map
 */
export function tableFilters(value: string): TableFilter[] {
  const text = value.trim();
  const filters: TableFilter[] = [];
  let at = 0;
  const blanks = (): void => {
    while (/\s/.test(text[at] ?? '')) at++;
  };
  const take = (symbol: string): boolean => {
    blanks();
    if (text[at] !== symbol) return false;
    at++;
    return true;
  };
  const string = (): string => {
    if (!take("'")) throw wrong();
    let out = '';
    for (; at < text.length; at++) {
      const c = text[at]!;
      if (c === '\\') {
        const escaped = text[++at];
        // Others spell characters by number: no filter needs one.
        if (escaped !== '\\' && escaped !== "'") throw wrong();
        out += escaped;
      } else if (c === "'") {
        at++;
        return out;
      } else out += c;
    }
    throw wrong();
  };
  if (!take('{')) throw wrong();
  if (take('}')) return end();
  do {
    const table = string();
    if (!/^[A-Za-z0-9_.]+$/.test(table) || !take(':')) throw wrong();
    filters.push({ table, condition: string() });
  } while (take(','));
  if (!take('}')) throw wrong();
  return end();

  function end(): TableFilter[] {
    blanks();
    if (at !== text.length) throw wrong();
    return filters;
  }
}

/**
 * The setting for a reader who is bound to a tenant: without the conditions that the reader's row policy holds anyway. The engine
 * (26.7) fails where a policy and a filter ask for the same column and the query does not.
 */
export function withoutOwnTenant(value: string, tenant: string): string {
  const own = `tenant_id = ${quoteString(tenant)}`;
  const left = tableFilters(value).filter(({ condition }) => condition.trim() !== own);
  return `{${left.map(({ table, condition }) => `${quoteString(table)}: ${quoteString(condition)}`).join(', ')}}`;
}

function wrong(): Error {
  return exception(
    'BAD_ARGUMENTS',
    "additional_table_filters must be a map of tables and conditions: {'weir.network_flows': 'tenant_id = \\'acme\\''}",
  );
}
