import { fromBinary, tokens } from './lexer.ts';
import type { Token } from './lexer.ts';

/** The first word of a text, in capitals; `(` for a parenthesis; empty where there is none. */
export function firstWord(binary: string): string {
  for (const token of tokens(binary)) return word(binary, token);
  return '';
}

/** An INSERT whose data follows its text. */
export interface InsertHead {
  readonly format: string;
  /** Where in the binary string the data begins. */
  readonly dataStart: number;
  /** The statement that takes the data from a file instead, given as a quoted path. */
  readonly fromFile: (quotedPath: string) => string;
}

/**
 * Reads an INSERT's text up to where its data begins.
 *
 * - `undefined`: the text is no INSERT with data (another statement; INSERT … SELECT)
 * - `'incomplete'`: it may be one, but the text ends before this can be seen
 */
export function readInsertHead(binary: string): InsertHead | undefined | 'incomplete' {
  const seen: Token[] = [];
  let depth = 0;
  let settingsAt: number | undefined;
  let selects = false;
  let inputAt: number | undefined;
  for (const token of tokens(binary)) {
    const current = word(binary, token);
    // A name at the very end may be the beginning of a longer one.
    const mayGoOn = token.type === 'word' && token.end === binary.length;
    if (seen.length === 0 && current !== 'INSERT' && !(mayGoOn && 'INSERT'.startsWith(current)))
      return undefined;
    if (token.type === 'broken' || mayGoOn) return 'incomplete';
    const before = seen.at(-1);
    seen.push(token);
    if (before !== undefined && word(binary, before) === 'FORMAT' && depth === 0 && seen.length > 3) {
      const isClause = mayEndClause(binary, seen.at(-3), seen.at(-4)) && (!selects || inputAt !== undefined);
      if (isClause) return insertInFormat(binary, seen, settingsAt, inputAt);
    }
    if (current === '(' || current === '[' || current === '{') depth++;
    else if (current === ')' || current === ']' || current === '}') depth--;
    else if (current === ';') return undefined;
    else if (token.type === 'word' && seen.length > 2) {
      if (selects && current === 'INPUT') inputAt ??= seen.length - 1;
      if (depth > 0) continue;
      if (current === 'VALUES' && !selects) return insertValues(binary, token, settingsAt);
      if (current === 'INFILE') return undefined;
      if (current === 'SETTINGS' && !selects) settingsAt ??= token.start;
      if (current === 'SELECT' || current === 'WITH') selects = true;
    }
  }
  // All of it read, and no data in sight: a SELECT needs none, and a text that is not whole may yet go on.
  return selects && inputAt === undefined ? undefined : 'incomplete';
}

function insertValues(binary: string, values: Token, settingsAt: number | undefined): InsertHead {
  const at = settingsAt ?? values.start;
  const before = fromBinary(binary.slice(0, at));
  const settings = fromBinary(binary.slice(at, values.start));
  return {
    format: 'Values',
    dataStart: values.end,
    fromFile: (path) => `${before} FROM INFILE ${path} COMPRESSION 'none' ${settings} FORMAT Values`,
  };
}

/** @param seen all tokens up to the format's name */
function insertInFormat(
  binary: string,
  seen: readonly Token[],
  settingsAt: number | undefined,
  inputAt: number | undefined,
): InsertHead {
  const name = seen.at(-1)!;
  const clause = seen.at(-2)!;
  const format = unquoted(fromBinary(binary.slice(name.start, name.end)));
  const dataStart = skipLineEnd(binary, name.end);
  if (inputAt === undefined) {
    const at = settingsAt ?? clause.start;
    const before = fromBinary(binary.slice(0, at));
    const after = fromBinary(binary.slice(at, name.end));
    return {
      format,
      dataStart,
      fromFile: (path) => `${before} FROM INFILE ${path} COMPRESSION 'none' ${after}`,
    };
  }
  // `SELECT … FROM input('structure')`: the embedded engine would read nothing from an INFILE here, and not say so.
  const [call, open, structure, close] = seen.slice(inputAt, inputAt + 4);
  const before = fromBinary(binary.slice(0, call!.start));
  const isKnown =
    structure?.type === 'string' && symbol(binary, open!) === '(' && symbol(binary, close!) === ')';
  const literal = isKnown ? fromBinary(binary.slice(structure.start, structure.end)) : "'auto'";
  const after = fromBinary(binary.slice(close!.end, clause.start));
  return {
    format,
    dataStart,
    fromFile: (path) => `${before}file(${path}, '${format}', ${literal}, 'none')${after}`,
  };
}

/** A query's text and the format of its result. */
export interface Output {
  /** The text up to where INTO OUTFILE and FORMAT go. */
  readonly query: string;
  /** The format that the text itself asks for. */
  readonly format: string | undefined;
  /** What follows the format: `SETTINGS …`, or nothing. */
  readonly settings: string;
}

/** Divides a SELECT at its FORMAT clause, and takes a semicolon and comments off its end. */
export function splitOutput(binary: string): Output {
  const all = [...tokens(binary)];
  while (all.length > 0 && symbol(binary, all.at(-1)!) === ';') all.pop();
  const end = all.at(-1)?.end ?? 0;
  let depth = 0;
  let found = -1;
  for (let index = 0; index < all.length; index++) {
    const token = all[index]!;
    const current = word(binary, token);
    if (current === '(' || current === '[' || current === '{') depth++;
    else if (current === ')' || current === ']' || current === '}') depth--;
    else if (depth === 0 && current === 'FORMAT' && token.type === 'word') {
      const name = all[index + 1];
      const next = all[index + 2];
      const isLast = next === undefined || word(binary, next) === 'SETTINGS';
      if (
        (name?.type === 'word' || name?.type === 'quoted') &&
        isLast &&
        mayEndClause(binary, all[index - 1], all[index - 2])
      )
        found = index;
    }
  }
  if (found < 0) return { query: fromBinary(binary.slice(0, end)), format: undefined, settings: '' };
  const name = all[found + 1]!;
  return {
    query: fromBinary(binary.slice(0, all[found]!.start)),
    format: unquoted(fromBinary(binary.slice(name.start, name.end))),
    settings: fromBinary(binary.slice(name.end, end)).trim(),
  };
}

/** Words after which an expression follows, so that a FORMAT behind them is somebody's name. */
const EXPECT_EXPRESSION = new Set(
  (
    'SELECT DISTINCT ALL FROM WHERE PREWHERE HAVING QUALIFY BY ON USING AND OR NOT XOR IN LIKE ILIKE BETWEEN IS AS ' +
    'CASE WHEN THEN ELSE LIMIT OFFSET WITH JOIN UNION INTERSECT EXCEPT INTERVAL SAMPLE INTO ARRAY SET TOP DIV MOD'
  ).split(' '),
);

function mayEndClause(binary: string, token: Token | undefined, before: Token | undefined): boolean {
  if (token === undefined) return false;
  // GROUP BY ALL, ORDER BY ALL: there it stands for the expressions.
  if (word(binary, token) === 'ALL' && before !== undefined && word(binary, before) === 'BY') return true;
  if (token.type === 'word') return !EXPECT_EXPRESSION.has(word(binary, token));
  if (token.type === 'symbol') return [')', ']', '}', '*'].includes(symbol(binary, token));
  return token.type !== 'broken';
}

function word(binary: string, token: Token): string {
  return token.type === 'word' ? binary.slice(token.start, token.end).toUpperCase() : symbol(binary, token);
}

function unquoted(name: string): string {
  return /^[`"]/.test(name) ? name.slice(1, -1) : name;
}

function symbol(binary: string, token: Token): string {
  return token.type === 'symbol' ? binary.slice(token.start, token.end) : '';
}

/** Data begin on the next line, or behind the blanks on this one. */
function skipLineEnd(binary: string, from: number): number {
  let at = from;
  while (at < binary.length && /[ \t\f]/.test(binary[at]!)) at++;
  if (binary[at] === ';') at++;
  if (binary[at] === '\r' && binary[at + 1] === '\n') return at + 2;
  if (binary[at] === '\n') return at + 1;
  return at;
}
