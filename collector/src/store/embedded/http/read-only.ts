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
 * 3. It runs with `readonly = 1` on a fresh connection, so that no SETTINGS clause changes anything. What the request's own
 *    parameters may set is the list below.
 * 4. What the engine checks no right for is refused by name: the function `file()`, which in an embedded engine reads any
 *    file of the machine.
 */

/** Functions of the engine that reach outside the database and that no right of the engine governs. */
const FORBIDDEN_FUNCTIONS: ReadonlySet<string> = new Set(['file', 'catboostevaluate', 'hascolumnintable']);

/** Statements that are reading, in the engine's eyes, but tell of users and rights, which are none of a reader's business. */
const FORBIDDEN_SHOW =
  /^(?:ACCESS|USERS|ROLES|CURRENT|ENABLED|PROFILES|SETTINGS\s+PROFILES|QUOTAS?|POLICIES|ROW)$/;

const SETTINGS_FOR_READERS =
  /^(?:max_execution_time|max_estimated_execution_time|timeout_overflow_mode|max_threads|max_block_size|max_rows_to_read|max_bytes_to_read|read_overflow_mode|max_result_rows|max_result_bytes|result_overflow_mode|max_rows_to_group_by|group_by_overflow_mode|max_rows_to_sort|max_bytes_to_sort|sort_overflow_mode|limit|offset|extremes|final|join_use_nulls|session_timezone|date_time_output_format|additional_table_filters|additional_result_filter|log_comment|log_queries|enable_http_compression|http_zlib_compression_level|network_compression_method|network_zstd_compression_level|priority|use_query_cache|enable_analyzer|allow_experimental_analyzer|count_distinct_implementation|totals_mode|output_format_(?!.*(?:schema|path|file))[a-z0-9_]+)$/;

/**
 * Whether a reader may set this for a query of its own. `readonly` itself may be repeated, not lowered.
 *
 * @throws {DatabaseError} code 164
 */
export function checkReaderSetting(name: string, value: string): void {
  if (name === 'readonly' && /^[12]$/.test(value)) return;
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
  for (const token of tokens(binary)) {
    const text = fromBinary(binary.slice(token.start, token.end));
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
      refuseFunction(word.toLowerCase());
    } else if (token.type === 'quoted') {
      const name = text.startsWith('\u201c')
        ? text.slice(1, -1)
        : text.slice(1, -1).replaceAll(text[0]!.repeat(2), text[0]!);
      // An escape can spell any name; no honest query needs one in an identifier.
      if (name.includes('\\'))
        throw exception('READONLY', 'Escapes in identifiers are not allowed in readonly mode');
      refuseFunction(name.toLowerCase());
    }
    index++;
  }
  // The tree that the engine shows does not name the functions of APPLY, so that nothing stands behind the lexer here.
  if (applies && /file|catboost|hascolumn/i.test(binary)) throw forbidden('APPLY');
}

/** Whether the text could name a forbidden function at all; where it could, the engine's own parse tree must be asked. */
export function mayNameForbiddenFunction(binary: string): boolean {
  return /file|catboost|hascolumnintable|\\/i.test(binary);
}

/**
 * Looks for forbidden functions in the engine's own parse tree.
 *
 * @param tree what `EXPLAIN AST` says
 * @throws {DatabaseError} code 497
 */
export function checkReaderTree(tree: string): void {
  for (const [, name] of tree.matchAll(/Function ([A-Za-z0-9_]+)/g)) refuseFunction(name!.toLowerCase());
}

function refuseFunction(name: string): void {
  if (FORBIDDEN_FUNCTIONS.has(name)) throw forbidden(name);
}

function forbidden(name: string): Error {
  return exception('ACCESS_DENIED', `Not enough privileges: '${name}' is not available to a read-only user`);
}
