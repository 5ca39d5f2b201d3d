import { wellFormed } from './well-formed.ts';

/**
 * - `word`: a keyword, a field, a bare value. `string`: in quotes; `value` is what stands between them, unescaped.
 * - `symbol`: an operator, a bracket or a comma. `error`: what can be no part of a filter.
 */
export interface Token {
  readonly kind: 'word' | 'string' | 'symbol' | 'error';
  readonly from: number;
  readonly to: number;
  readonly value: string;
}

const symbols = [
  '&&',
  '||',
  '==',
  '=~',
  '!=',
  '!~',
  '<>',
  '<=',
  '>=',
  '=',
  '<',
  '>',
  '~',
  '!',
  '(',
  ')',
  '[',
  ']',
  ',',
];
const special = new Set([...'&|=!<>~()[],"\'']);

/**
 * The text as tokens, spaces left out. Never throws, in time that grows with the length of the text. A quote that is never closed
 * makes an `error` to the end of the text.
 */
export function lex(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const char = text[at]!;
    if (isSpace(char)) {
      at++;
      continue;
    }
    const token =
      char === '"' || char === "'" ? quoted(text, at) : special.has(char) ? symbol(text, at) : word(text, at);
    tokens.push(token);
    at = token.to;
  }
  return tokens;
}

export function isSpace(char: string): boolean {
  return char.trim() === '';
}

function symbol(text: string, from: number): Token {
  const value = symbols.find((s) => text.startsWith(s, from));
  return value === undefined
    ? { kind: 'error', from, to: from + 1, value: text[from]! }
    : { kind: 'symbol', from, to: from + value.length, value };
}

function word(text: string, from: number): Token {
  let to = from;
  while (to < text.length && !special.has(text[to]!) && !isSpace(text[to]!)) to++;
  return { kind: 'word', from, to, value: wellFormed(text.slice(from, to)) };
}

/** A backslash takes a quote or a backslash as they are; before anything else it stands for itself, as regular expressions want it. */
function quoted(text: string, from: number): Token {
  const quote = text[from]!;
  const parts: string[] = [];
  let start = from + 1;
  for (let at = start; at < text.length; at++) {
    const char = text[at]!;
    if (char === quote) {
      parts.push(text.slice(start, at));
      return { kind: 'string', from, to: at + 1, value: wellFormed(parts.join('')) };
    }
    const next = text[at + 1];
    if (char === '\\' && (next === '\\' || next === '"' || next === "'")) {
      parts.push(text.slice(start, at));
      start = ++at;
    }
  }
  return { kind: 'error', from, to: text.length, value: text.slice(from) };
}
