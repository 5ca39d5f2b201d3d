import { exception } from './exceptions.ts';
import { type Token, fromBinary, tokens } from './lexer.ts';

/**
 * What keeps a reader who is bound to a tenant to that tenant, beside what keeps every reader to reading.
 *
 * The barrier is the engine's: the reader's queries run under a role of the tenant's, for which row policies let that tenant's
 * rows through, in whatever subquery, view or join they are read, and which has no right to any other table. What stands here
 * shuts what row policies do not see: table functions that read a table's marks, system tables that tell of others, plans that
 * tell how much there is. It goes by lists of what is allowed, so that what a newer engine adds is refused.
 */

const SYSTEM_TABLES: ReadonlySet<string> = new Set([
  'aggregate_function_combinators',
  'build_options',
  'collations',
  'columns',
  'completions',
  'current_roles',
  'data_type_families',
  'databases',
  'formats',
  'functions',
  'keywords',
  'licenses',
  'numbers',
  'numbers_mt',
  'one',
  'settings',
  'table_engines',
  'table_functions',
  'tables',
  'time_zones',
  'zeros',
  'zeros_mt',
]);

/** Those that read nothing, or what stands in the query's text. */
const TABLE_FUNCTIONS: ReadonlySet<string> = new Set([
  'numbers',
  'numbers_mt',
  'zeros',
  'zeros_mt',
  'values',
  'generate_series',
  'generateseries',
  'null',
  'view',
  'primes',
]);

/** Functions of the same names as table functions: `format('{}', x)`. */
const ALSO_FUNCTIONS: ReadonlySet<string> = new Set(['format']);

const SHOWN: ReadonlySet<string> = new Set([
  'TABLES',
  'COLUMNS',
  'FIELDS',
  'CREATE',
  'DATABASES',
  'FUNCTIONS',
  'SETTINGS',
]);
const EXPLAINED: ReadonlySet<string> = new Set(['AST', 'SYNTAX', 'QUERY']);

/**
 * @param tableFunctions names of all table functions of the engine, in lower case
 * @throws {DatabaseError} code 497
 */
export function checkTenantStatement(binary: string, tableFunctions: ReadonlySet<string>): void {
  const all = [...tokens(binary)];
  const nameAt = (i: number): string | undefined => nameOf(binary, all[i]);
  const symbolAt = (i: number): string | undefined =>
    all[i]?.type === 'symbol' ? binary.slice(all[i].start, all[i].end) : undefined;
  for (let i = 0; i < all.length; i++) {
    const name = nameAt(i)?.toLowerCase();
    if (name === undefined) continue;
    if (name === 'information_schema') throw refused(name);
    if (
      name === 'system' &&
      symbolAt(i + 1) === '.' &&
      !SYSTEM_TABLES.has(nameAt(i + 2)?.toLowerCase() ?? '')
    )
      throw refused(`system.${nameAt(i + 2) ?? ''}`);
    if (symbolAt(i + 1) === '(') checkFunction(name, tableFunctions);
    if (all[i]!.type !== 'word') continue;
    if (name === 'explain' && !EXPLAINED.has(nameAt(i + 1)?.toUpperCase() ?? ''))
      throw refused('EXPLAIN of plans');
    if (name === 'show' && i === 0) {
      // FULL, EXTENDED and TEMPORARY stand before what is shown.
      let what = 1;
      while (/^(?:FULL|EXTENDED|TEMPORARY)$/i.test(nameAt(what) ?? '')) what++;
      if (!SHOWN.has(nameAt(what)?.toUpperCase() ?? '')) throw refused(`SHOW ${nameAt(what) ?? ''}`);
    }
  }
}

/** @throws {DatabaseError} code 497 for another database than that of the flows, where unqualified names would be other tables */
export function checkTenantDatabase(asked: string | undefined, database: string): void {
  if (asked !== undefined && asked !== database) throw refused(`database ${asked}`);
}

/** @throws {DatabaseError} code 497 for names that stand in no text */
export function checkTenantParameters(binary: string, parameters: ReadonlyMap<string, string>): void {
  if (!/identifier/i.test(binary)) return;
  for (const value of parameters.values())
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(value) || /^(?:system|information_schema)$/i.test(value))
      throw refused(`the identifier ${JSON.stringify(value)}`);
}

/**
 * The same once more, by the engine's own parse tree.
 *
 * @throws {DatabaseError} code 497
 */
export function checkTenantTree(tree: string, database: string, tableFunctions: ReadonlySet<string>): void {
  for (const [, of, table] of tree.matchAll(/TableIdentifier (?:(.+)\.)?([^.\s]+)(?: \(.*\))?$/gm)) {
    if (of === undefined || of === database) continue;
    if (of !== 'system' || !SYSTEM_TABLES.has(table!)) throw refused(`${of}.${table}`);
  }
  for (const [, name] of tree.matchAll(/Function ([A-Za-z0-9_]+)/g))
    checkFunction(name!.toLowerCase(), tableFunctions);
}

function checkFunction(name: string, tableFunctions: ReadonlySet<string>): void {
  if (tableFunctions.has(name) && !TABLE_FUNCTIONS.has(name) && !ALSO_FUNCTIONS.has(name))
    throw refused(name);
}

function nameOf(binary: string, token: Token | undefined): string | undefined {
  if (token === undefined) return undefined;
  const text = fromBinary(binary.slice(token.start, token.end));
  if (token.type === 'word') return text;
  return token.type === 'quoted' ? text.slice(1, -1) : undefined;
}

function refused(what: string): Error {
  return exception(
    'ACCESS_DENIED',
    `Not enough privileges: ${what} is not available to a reader of one tenant`,
  );
}
