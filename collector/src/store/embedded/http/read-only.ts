import type { Classification } from '../native.ts';
import { exception } from './exceptions.ts';
import { fromBinary, tokens } from './lexer.ts';

/**
 * What keeps a read-only user to reading. Each of these would hold alone; none is trusted to.
 *
 * 1. The engine's own parser says that the text is one statement, and of what kind: one that only reads, and writes no file.
 *    (No splitter of ours decides where a statement ends.)
 * 2. It runs under a role that may SELECT and SHOW, and has no right to any source outside the database: files, URLs, other
 *    servers, executables, temporary tables. The engine checks this at every table of every subquery and view.
 * 3. It runs with `readonly = 1` on a fresh connection. That alone would not do: the engine checks the SETTINGS of a query,
 *    but obeys those of its subqueries, `readonly = 0` among them. So no text may hold a SETTINGS clause at all, by our
 *    lexer's word and by the engine's parse tree. What the request's own parameters may set is the list below.
 * 4. What the engine checks no right for is refused by name: above all the function `file()`, which in an embedded engine
 *    reads any file of the machine.
 */

/**
 * What the engine has no right for, and yet does more than read the database. A reader's query may not hold these names
 * other than in strings, be it as a column's name.
 *
 * - `file`, `catboostEvaluate`: functions that read files; `hasColumnInTable` asks other servers
 * - `merge`: a table function that takes the names of its tables as text, those below among them
 * - `system.models` starts a process; `system.stack_trace` sends a signal to every thread of this one
 */
const FORBIDDEN_NAMES: ReadonlySet<string> = new Set([
  'file',
  'catboostevaluate',
  'hascolumnintable',
  'merge',
  'models',
  'stack_trace',
  'jemalloc_profile_text',
]);
/** Whether a text could hold one of these names at all; a backslash can spell any. */
const COULD_NAME = /settings|file|catboost|hascolumn|merge|models|stack_trace|jemalloc|\\/i;

/** Statements that are reading, in the engine's eyes, but tell of users and rights, which are none of a reader's business. */
const FORBIDDEN_SHOW =
  /^(?:ACCESS|USERS|ROLES|CURRENT|ENABLED|PROFILES|SETTINGS\s+PROFILES|QUOTAS?|POLICIES|ROW)$/;

/**
 * None of these holds an expression or a path, lets a query take more than its role may, or shows it more. Of those that do,
 * `additional_table_filters` is allowed where its expressions pass the checks of a text, `max_memory_usage` up to what is allowed anyway.
 */
const SETTINGS_FOR_READERS =
  /^(?:max_execution_time|max_estimated_execution_time|timeout_overflow_mode|max_threads|max_block_size|max_rows_to_read|max_bytes_to_read|read_overflow_mode|max_result_rows|max_result_bytes|result_overflow_mode|max_rows_to_group_by|group_by_overflow_mode|max_rows_to_sort|max_bytes_to_sort|sort_overflow_mode|limit|offset|extremes|final|join_use_nulls|session_timezone|date_time_output_format|log_comment|log_queries|enable_http_compression|http_zlib_compression_level|network_compression_method|network_zstd_compression_level|priority|optimize_[a-z0-9_]+|count_distinct_implementation|totals_mode|output_format_(?!.*(?:schema|path|file))[a-z0-9_]+)$/;

/**
 * Whether a reader may set this for a query of its own. `readonly` itself may be repeated, not lowered.
 *
 * @throws {DatabaseError} code 164
 */
export function checkReaderSetting(name: string, value: string, queryMemoryBytes: number): void {
  if (name === 'readonly' && /^[12]$/.test(value)) return;
  if (name === 'additional_table_filters') return; // see table-filters.ts
  if (name === 'max_memory_usage') {
    if (/^\d+$/.test(value) && Number(value) > 0 && Number(value) <= queryMemoryBytes) return;
    throw exception(
      'READONLY',
      `Setting max_memory_usage shouldn't be greater than ${queryMemoryBytes} for a read-only user`,
    );
  }
  if (!SETTINGS_FOR_READERS.test(name))
    throw exception('READONLY', `Cannot modify '${name}' setting in readonly mode`);
}

/**
 * Whether a reader may run this text.
 *
 * @throws {DatabaseError} code 164 or 497
 */
export function checkReaderStatement(binary: string, { statementCount, kind }: Classification): void {
  if (statementCount !== 1) throw exception('READONLY', 'Cannot execute several statements in readonly mode');
  if (kind !== 'read') throw exception('READONLY', 'Cannot execute query in readonly mode');
  let index = 0;
  let show = false;
  let applies = false;
  let before: readonly string[] = [];
  for (const token of tokens(binary)) {
    const text = fromBinary(binary.slice(token.start, token.end));
    // SETTINGS name = value
    if (text === '=' && before[0] === 'SETTINGS' && before.length === 2) {
      throw exception('READONLY', `Cannot modify '${before[1]}' setting in readonly mode`);
    }
    before =
      token.type === 'word' && text.toUpperCase() === 'SETTINGS' ? ['SETTINGS'] : [...before.slice(-1), text];
    if (token.type === 'broken')
      throw exception('READONLY', 'Cannot execute query in readonly mode: unreadable text');
    if (token.type === 'word') {
      const word = text.toUpperCase();
      if (word === 'OUTFILE' || word === 'INFILE')
        throw exception('READONLY', 'Files are not allowed in readonly mode');
      if (index === 0) show = word === 'SHOW';
      if (index === 1 && show && FORBIDDEN_SHOW.test(word)) {
        throw exception('ACCESS_DENIED', 'Not enough privileges');
      }
      if (word === 'APPLY') applies = true;
      refuseName(word.toLowerCase());
    } else if (token.type === 'quoted') {
      const name = text.startsWith('\u201c')
        ? text.slice(1, -1)
        : text.slice(1, -1).replaceAll(text[0]!.repeat(2), text[0]!);
      // An escape can spell any name; no honest query needs one in an identifier.
      if (name.includes('\\'))
        throw exception('READONLY', 'Escapes in identifiers are not allowed in readonly mode');
      refuseName(name.toLowerCase());
    }
    index++;
  }
  // The tree that the engine shows does not name the functions of APPLY, so that nothing stands behind the lexer here.
  if (applies && COULD_NAME.test(binary.replace(/settings/gi, ''))) throw forbidden('APPLY');
}

/** Whether the text could hold a forbidden name at all; where it could, the engine's own parse tree must be asked. */
export function mayHoldForbiddenName(binary: string): boolean {
  return COULD_NAME.test(binary);
}

/**
 * A parameter of the type Identifier is a name that stands in no text.
 *
 * @throws {DatabaseError} code 497
 */
export function checkReaderParameters(binary: string, parameters: ReadonlyMap<string, string>): void {
  if (!/identifier/i.test(binary)) return;
  for (const value of parameters.values()) if (COULD_NAME.test(value)) throw forbidden(value);
}

/**
 * Looks for forbidden names and for settings in the engine's own parse tree.
 *
 * @param tree what `EXPLAIN AST` says
 * @param opening the text's first word
 * @throws {DatabaseError} code 497
 */
export function checkReaderTree(tree: string, opening: string): void {
  // EXPLAIN has settings of its own, which change nothing but what it explains.
  if (opening !== 'EXPLAIN' && /^\s*Set$/m.test(tree))
    throw exception('READONLY', 'Cannot modify settings in readonly mode');
  for (const [, name] of tree.matchAll(
    /(?:Function|TableIdentifier|Identifier) (?:[A-Za-z0-9_]+\.)?([A-Za-z0-9_]+)/g,
  )) {
    refuseName(name!.toLowerCase());
  }
}

function refuseName(name: string): void {
  if (FORBIDDEN_NAMES.has(name)) throw forbidden(name);
}

function forbidden(name: string): Error {
  return exception('ACCESS_DENIED', `Not enough privileges: '${name}' is not available to a read-only user`);
}
