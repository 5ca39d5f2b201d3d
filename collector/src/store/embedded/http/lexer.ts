/**
 * ClickHouse's lexical rules, on bytes as ClickHouse has them: texts are «binary strings» here, one character a byte
 * (`Buffer.toString('latin1')`), so that every offset is a byte's.
 */
export interface Token {
  readonly type: TokenType;
  readonly start: number;
  readonly end: number;
}

/**
 * - `word`: keywords and bare identifiers
 * - `quoted`: identifiers in backticks, double quotes or their typographic kin
 * - `string`: literals in quotes or heredocs
 * - `symbol`: one punctuation character
 * - `broken`: what no token begins with, or a quote or comment without its end; the last token there is
 */
export type TokenType = 'word' | 'quoted' | 'string' | 'number' | 'symbol' | 'broken';

/** The tokens of a text, without white space and comments. */
export function* tokens(text: string): Generator<Token, void> {
  let at = 0;
  for (;;) {
    at = skipBlanks(text, at);
    if (at >= text.length) return;
    const start = at;
    const type = typeAt(text, at);
    at = type.end;
    yield { type: type.type, start, end: at };
    if (type.type === 'broken') return;
  }
}

/** A binary string of a text, for {@link tokens}. */
export function toBinary(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** The text of a binary string. */
export function fromBinary(binary: string): string {
  return Buffer.from(binary, 'latin1').toString('utf8');
}

const SPACE = /[ \t\n\r\f\v]/;
/** UTF-8 of the blanks beyond ASCII: U+00A0, U+180E, U+2000–U+200B, U+202F, U+205F, U+2060, U+3000, U+FEFF. */
const WIDE_SPACE =
  /(?:\xc2\xa0|\xe1\xa0\x8e|\xe2\x80[\x80-\x8b\xaf]|\xe2\x81[\x9f\xa0]|\xe3\x80\x80|\xef\xbb\xbf)/y;
const WORD = /[A-Za-z0-9_$]+/y;
/** `1day` is a word: digits followed by letters. */
const NUMBER =
  /(?:0[xX][0-9a-fA-F_]+(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]+)?|0[bB][01_]+|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]+)?)(?![A-Za-z0-9_])/y;
const HEX_OR_BINARY = /(?:[xX]'[0-9a-fA-F]*'|[bB]'[01]*')/y;
const HEREDOC = /\$[A-Za-z0-9_]*\$/y;

/** The end of white space and comments. A comment without its end is left, and then found broken. */
function skipBlanks(text: string, from: number): number {
  let at = from;
  for (;;) {
    if (at < text.length && SPACE.test(text[at]!)) at++;
    else if (matchAt(WIDE_SPACE, text, at) > at) at = matchAt(WIDE_SPACE, text, at);
    else if (
      text.startsWith('--', at) ||
      text.startsWith('//', at) ||
      text.startsWith('# ', at) ||
      text.startsWith('#!', at)
    ) {
      const newline = text.indexOf('\n', at);
      at = newline < 0 ? text.length : newline + 1;
    } else if (text.startsWith('/*', at)) {
      const end = endOfComment(text, at);
      if (end < 0) return at;
      at = end;
    } else return at;
  }
}

/** Comments nest. */
function endOfComment(text: string, from: number): number {
  let depth = 1;
  for (let at = from + 2; at < text.length;) {
    if (text.startsWith('*/', at)) {
      at += 2;
      if (--depth === 0) return at;
    } else if (text.startsWith('/*', at)) {
      at += 2;
      depth++;
    } else at++;
  }
  return -1;
}

function typeAt(text: string, at: number): { type: TokenType; end: number } {
  const character = text[at]!;
  switch (character) {
    case "'":
      return quoted(text, at, "'", 'string');
    case '"':
    case '`':
      return quoted(text, at, character, 'quoted');
    case '$': {
      const tagEnd = matchAt(HEREDOC, text, at);
      if (tagEnd > at) {
        const close = text.indexOf(text.slice(at, tagEnd), tagEnd);
        if (close >= 0) return { type: 'string', end: close + tagEnd - at };
      }
      return { type: 'word', end: matchAt(WORD, text, at) };
    }
    case '\xe2':
      if (text.startsWith('\xe2\x80\x98', at)) return typographic(text, at, '\xe2\x80\x99', 'string');
      if (text.startsWith('\xe2\x80\x9c', at)) return typographic(text, at, '\xe2\x80\x9d', 'quoted');
      if (text.startsWith('\xe2\x88\x92', at)) return { type: 'symbol', end: at + 3 }; // the minus sign
      return { type: 'broken', end: text.length };
    case '/':
      if (text[at + 1] === '*') return { type: 'broken', end: text.length };
      return { type: 'symbol', end: at + 1 };
    case 'x':
    case 'X':
    case 'b':
    case 'B':
      if (text[at + 1] === "'") {
        const end = matchAt(HEX_OR_BINARY, text, at);
        return end > at ? { type: 'string', end } : { type: 'broken', end: text.length };
      }
  }
  if (/[A-Za-z_]/.test(character)) return { type: 'word', end: matchAt(WORD, text, at) };
  if (/[0-9]/.test(character)) {
    const end = matchAt(NUMBER, text, at);
    return end > at ? { type: 'number', end } : { type: 'word', end: matchAt(WORD, text, at) };
  }
  if (character > '~' || character < ' ' || character === '#') return { type: 'broken', end: text.length };
  return { type: 'symbol', end: at + 1 };
}

function quoted(
  text: string,
  from: number,
  quote: string,
  type: TokenType,
): { type: TokenType; end: number } {
  for (let at = from + 1; at < text.length; at++) {
    const character = text[at];
    if (character === '\\') at++;
    else if (character === quote) {
      if (text[at + 1] !== quote) return { type, end: at + 1 };
      at++; // a doubled quote is one character
    }
  }
  return { type: 'broken', end: text.length };
}

function typographic(
  text: string,
  from: number,
  close: string,
  type: TokenType,
): { type: TokenType; end: number } {
  const at = text.indexOf(close, from + 3);
  return at < 0 ? { type: 'broken', end: text.length } : { type, end: at + close.length };
}

function matchAt(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}
