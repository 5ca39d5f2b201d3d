import { fieldByName } from '@weir/core/fields';
import { quoteValue, tokens } from '@weir/core/filter';
import {
  type MarkedText,
  type VariableSource,
  type VariableValue,
  expansions,
  hasPlaceholder,
  markVariables,
  valueOf,
} from './placeholders.ts';
import { valueText } from './value-text.ts';

/**
 * The filter with its variables' values in it. Each value is one value of the language, whatever characters it has: `exporter = $name`
 * and `exporter = "$name"` mean the same. Several values become a list, `in (a, b)`, or a regular expression of alternatives. A condition
 * whose variable is "All", or empty, is left out. `${name:raw}` puts in the text as it is: a part of a filter, say.
 */
export function interpolateFilter(filter: string, source: VariableSource): string {
  if (!filter.includes('$') && !filter.includes('[[')) return filter;
  const marked = withFieldNames(markVariables(filter, source));
  const pieces = withoutEmptyBrackets(piecesOf(marked.text));
  const rewritten = pieces.map((piece) => (piece.kind === 'condition' ? rewrite(piece, marked) : piece.text));
  if (!rewritten.includes(null)) return splice(marked.text, pieces, rewritten as string[]);
  return new Remaining(pieces, rewritten).text();
}

interface Token {
  readonly text: string;
  readonly kind: string;
  readonly from: number;
  readonly to: number;
}

interface Piece {
  readonly kind: 'condition' | 'and' | 'or' | 'not' | '(' | ')' | 'other';
  readonly text: string;
  readonly from: number;
  readonly to: number;
  /** Of a condition. */
  readonly tokens: readonly Token[];
}

function tokensOf(text: string): Token[] {
  return tokens(text).map(({ from, to, kind }) => ({ text: text.slice(from, to), kind, from, to }));
}

/** A variable where a field's name is expected is that name: `$dimension = "x"`. */
function withFieldNames(marked: MarkedText): MarkedText {
  let { text } = marked;
  for (const token of tokensOf(marked.text).reverse()) {
    if (token.kind !== 'error') continue;
    const value = valueOf(token.text, marked.values);
    if (value === undefined) continue;
    const [name = ''] = value.values;
    const written = value.values.length === 1 && fieldByName(name) !== undefined ? name : quoteValue(name);
    text = text.slice(0, token.from) + written + text.slice(token.to);
  }
  return { text, values: marked.values };
}

const words: Readonly<Record<string, Piece['kind']>> = {
  and: 'and',
  '&&': 'and',
  or: 'or',
  '||': 'or',
  not: 'not',
  '!': 'not',
};

function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let condition: Token[] = [];
  let open = 0;
  const end = (): void => {
    if (condition.length > 0) pieces.push(pieceOf('condition', text, condition));
    condition = [];
    open = 0;
  };
  for (const token of tokensOf(text)) {
    if (token.kind === 'field') {
      end();
      condition.push(token);
    } else if (token.kind === 'keyword') {
      end();
      pieces.push(pieceOf(words[token.text.toLowerCase()] ?? 'other', text, [token]));
    } else if (condition.length > 0 && !(open === 0 && token.text === ')')) {
      if (token.kind === 'punctuation' && (token.text === '(' || token.text === '[')) open++;
      if (token.kind === 'punctuation' && (token.text === ')' || token.text === ']')) open--;
      condition.push(token);
    } else {
      end();
      pieces.push(pieceOf(token.text === '(' || token.text === ')' ? token.text : 'other', text, [token]));
    }
  }
  end();
  return pieces;
}

function pieceOf(kind: Piece['kind'], text: string, of: readonly Token[]): Piece {
  const from = of[0]!.from;
  const to = of.at(-1)!.to;
  return { kind, text: text.slice(from, to), from, to, tokens: kind === 'condition' ? of : [] };
}

/** Brackets around nothing, where a part of the filter was empty, are a condition that restricts nothing. */
function withoutEmptyBrackets(pieces: readonly Piece[]): Piece[] {
  const kept: Piece[] = [];
  for (const piece of pieces) {
    const before = kept.at(-1);
    if (piece.kind === ')' && (before?.kind === '(' || isNothing(before, kept.at(-2)))) {
      if (before!.kind !== '(') kept.pop();
      const open = kept.pop()!;
      kept.push({ kind: 'condition', text: '', from: open.from, to: piece.to, tokens: [] });
    } else kept.push(piece);
  }
  return kept;
}

function isNothing(piece: Piece | undefined, before: Piece | undefined): boolean {
  return piece?.kind === 'condition' && piece.tokens.length === 0 && before?.kind === '(';
}

function splice(text: string, pieces: readonly Piece[], rewritten: readonly string[]): string {
  let out = '';
  let at = 0;
  for (const [i, piece] of pieces.entries()) {
    out += text.slice(at, piece.from) + rewritten[i]!;
    at = piece.to;
  }
  return out + text.slice(at);
}

/** The condition with values in place of its variables; null where it restricts nothing. */
function rewrite(condition: Piece, { values }: MarkedText): string | null {
  if (condition.tokens.length === 0) return null;
  if (!hasPlaceholder(condition.text) && !condition.text.includes('$__all')) return condition.text;
  const firstValue = condition.tokens.findIndex((t, i) => i > 0 && t.kind !== 'operator');
  if (firstValue === -1) return condition.text;
  const head = condition.tokens.slice(0, firstValue);
  const rest = condition.tokens.slice(firstValue);
  const operator = head
    .slice(1)
    .map((t) => t.text.toLowerCase())
    .join(' ');
  const start = head.map((t) => t.text).join(' ');

  const written: string[] = [];
  let restricted = false;
  for (const token of rest) {
    if (token.kind === 'punctuation' || token.kind === 'operator') continue;
    const texts = valueTexts(token, values, isMatch(operator));
    if (texts === null) return null;
    if (texts.length > 0) restricted = true;
    written.push(...texts);
  }
  if (!restricted) return null;

  if (operator.startsWith('between') || operator.startsWith('not between')) {
    return `${start} ${written.join(' and ')}`;
  }
  if (written.length === 1 && rest[0]!.kind !== 'punctuation') return `${start} ${written[0]!}`;
  if (takesList(operator)) return `${start} (${written.join(', ')})`;
  const negated = operator.startsWith('not') || operator.startsWith('!');
  return `(${written.map((value) => `${start} ${value}`).join(negated ? ' and ' : ' or ')})`;
}

function isMatch(operator: string): boolean {
  return operator.includes('~') || operator.endsWith('matches');
}

function takesList(operator: string): boolean {
  return /^(=|==|!=|<>|in|not in|has|has any|not has|not has any)$/.test(operator);
}

/** What a value's token becomes in the filter: one or several values; null where it restricts nothing. */
function valueTexts(token: Token, values: readonly VariableValue[], match: boolean): string[] | null {
  const quoted = token.kind === 'string';
  const inner = quoted ? token.text.slice(1, -1).replaceAll(/\\([\\"'])/g, '$1') : token.text;
  if (inner === '$__all') return null;
  if (!hasPlaceholder(token.text)) return [token.text];
  const whole = valueOf(inner, values);
  if (whole !== undefined) {
    if (whole.all || whole.values.every((value) => value === '')) return null;
    // A pattern that somebody wrote is a pattern; names that somebody chose are names.
    if (match && !whole.several && whole.values.length === 1) return [inQuotes(whole.values[0]!)];
  }
  if (match) {
    // Anchors and the rest of the pattern stay where they are: the values are alternatives in their place.
    const pattern = inner.replaceAll(/\uE000(\d+)\uE001/g, (_, i: string) => alternatives(values[Number(i)]));
    return [inQuotes(pattern)];
  }
  return expansions(inner, values).map(quoted ? inQuotes : valueText);
}

function alternatives(value: VariableValue | undefined): string {
  if (value === undefined || value.all) return '.*';
  const texts = value.values.map((v) => v.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  return texts.length === 1 ? texts[0]! : `(${texts.join('|')})`;
}

function inQuotes(value: string): string {
  return `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
}

/**
 * What remains of a filter when conditions are left out: of `a and b` the other; of `a or b` nothing, as one that holds always makes it
 * all hold; of `not a` nothing.
 */
class Remaining {
  private readonly pieces: readonly Piece[];
  private readonly texts: readonly (string | null)[];
  private at = 0;

  constructor(pieces: readonly Piece[], texts: readonly (string | null)[]) {
    this.pieces = pieces;
    this.texts = texts;
  }

  text(): string {
    const parts: string[] = [];
    while (this.at < this.pieces.length) {
      const part = this.either();
      if (part !== null) parts.push(part);
      // A bracket that closes nothing is kept: the backend says so.
      if (this.at < this.pieces.length) parts.push(this.pieces[this.at++]!.text);
    }
    return parts.join(' ');
  }

  private get kind(): Piece['kind'] | undefined {
    return this.pieces[this.at]?.kind;
  }

  private either(): string | null {
    const terms = [this.both()];
    while (this.kind === 'or') {
      this.at++;
      terms.push(this.both());
    }
    return terms.includes(null) ? null : terms.join(' or ');
  }

  private both(): string | null {
    const terms: (string | null)[] = [this.single()];
    for (;;) {
      if (this.kind === 'and') this.at++;
      else if (this.kind === undefined || this.kind === 'or' || this.kind === ')') break;
      terms.push(this.single());
    }
    const left = terms.filter((term) => term !== null);
    return left.length === 0 ? null : left.join(' and ');
  }

  private single(): string | null {
    const { kind } = this;
    if (kind === 'not') {
      this.at++;
      const term = this.single();
      return term === null ? null : `not ${term}`;
    }
    if (kind === '(') {
      this.at++;
      const inside = this.either();
      if (this.kind === ')') this.at++;
      return inside === null ? null : `(${inside})`;
    }
    if (kind === undefined || kind === 'and' || kind === 'or' || kind === ')') return '';
    const text = this.texts[this.at]!;
    this.at++;
    return text;
  }
}
