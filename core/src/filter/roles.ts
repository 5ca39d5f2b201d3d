import type { Field } from '../fields/fields.ts';
import { filterField } from './field-types.ts';
import { type Token, lex } from './lexer.ts';
import { symbolOperators, wordOperators } from './operators.ts';

export type Role = 'field' | 'operator' | 'keyword' | 'value' | 'string' | 'number' | 'punctuation' | 'error';

/** What can come next. */
export type Expected =
  | { readonly what: 'condition' }
  | {
      readonly what: 'operator';
      readonly field: Field | undefined;
      readonly after?: 'not' | 'is' | 'is not' | 'starts' | 'ends';
    }
  | {
      readonly what: 'value';
      readonly field: Field | undefined;
      readonly list: string | undefined;
      readonly between: boolean;
      readonly has: boolean;
    }
  | {
      readonly what: 'comma';
      readonly field: Field | undefined;
      readonly list: string;
      readonly has: boolean;
    }
  | { readonly what: 'between and'; readonly field: Field | undefined }
  | { readonly what: 'joint' };

/**
 * Reads tokens one by one, as an editor must that colours and completes what is not finished: it knows what can come next, and never
 * gives up. The parser decides what is right.
 */
export class RoleReader {
  expected: Expected = { what: 'condition' };

  read(token: Token): Role {
    if (token.kind === 'error') {
      const quote = /^["']/.test(token.value);
      if (quote && this.expected.what === 'value') this.value();
      return 'error';
    }
    const word = token.kind === 'word' ? token.value.toLowerCase() : '';
    const symbol = token.kind === 'symbol' ? token.value : '';
    const { expected } = this;
    switch (expected.what) {
      case 'condition':
        return this.condition(token, word, symbol);
      case 'operator':
        return this.operator(expected, word, symbol);
      case 'value':
        if (symbol === '(' || symbol === '[') {
          if (expected.list !== undefined) return 'error';
          this.expected = { ...expected, list: symbol === '(' ? ')' : ']' };
          return 'punctuation';
        }
        if (token.kind === 'symbol') {
          if (symbol === expected.list) this.expected = { what: 'joint' };
          return symbol === expected.list ? 'punctuation' : 'error';
        }
        if (expected.has && expected.list === undefined && (word === 'any' || word === 'all'))
          return 'operator';
        if (token.kind === 'word' && expected.list === undefined && (word === 'and' || word === 'or'))
          return this.joint(word, symbol);
        this.value();
        return valueRole(token);
      case 'comma':
        if (symbol === ',') {
          this.expected = {
            what: 'value',
            field: expected.field,
            list: expected.list,
            between: false,
            has: expected.has,
          };
          return 'punctuation';
        }
        if (symbol === expected.list) {
          this.expected = { what: 'joint' };
          return 'punctuation';
        }
        return word === '-' || token.kind === 'word' ? valueRole(token) : 'error';
      case 'between and':
        if (word !== 'and' && symbol !== '&&') return token.kind === 'word' ? valueRole(token) : 'error';
        this.expected = { what: 'value', field: expected.field, list: undefined, between: false, has: false };
        return 'operator';
      case 'joint':
        return this.joint(word, symbol);
    }
  }

  private value(): void {
    const { expected } = this;
    if (expected.what !== 'value') return;
    const { field, list, between, has } = expected;
    this.expected = between
      ? { what: 'between and', field }
      : list === undefined
        ? { what: 'joint' }
        : { what: 'comma', field, list, has };
  }

  private condition(token: Token, word: string, symbol: string): Role {
    if (symbol === '(') return 'punctuation';
    if (symbol === '!' || word === 'not') return 'keyword';
    if (token.kind === 'symbol') {
      if (symbol === ')') this.expected = { what: 'joint' };
      return symbol === ')' ? 'punctuation' : 'error';
    }
    if (word === 'and' || word === 'or') return 'keyword';
    const field = token.kind === 'word' ? filterField(word) : undefined;
    this.expected = { what: 'operator', field };
    return field === undefined ? 'error' : 'field';
  }

  private operator(expected: Extract<Expected, { what: 'operator' }>, word: string, symbol: string): Role {
    const { field, after } = expected;
    if (after === 'is' || after === 'is not') {
      if (word === 'not' && after === 'is') {
        this.expected = { ...expected, after: 'is not' };
        return 'operator';
      }
      this.expected = { what: 'joint' };
      return word === 'known' || word === 'unknown' ? 'operator' : this.joint(word, symbol);
    }
    if (after === 'starts' || after === 'ends') {
      this.toValue(field, false, false);
      return word === 'with' ? 'operator' : 'error';
    }
    if (symbol !== '' && Object.hasOwn(symbolOperators, symbol)) {
      this.toValue(field, false, false);
      return 'operator';
    }
    if (word === 'not' && after === undefined) {
      this.expected = { ...expected, after: 'not' };
      return 'operator';
    }
    const operator = wordOperators.get(word);
    if (operator === undefined) {
      if (word === 'and' || word === 'or' || symbol === ')' || symbol === '&&' || symbol === '||')
        return this.joint(word, symbol);
      return 'error';
    }
    if (operator === 'is' || operator === 'starts' || operator === 'ends')
      this.expected = { what: 'operator', field, after: operator };
    else this.toValue(field, operator === 'between', operator === 'has');
    return 'operator';
  }

  private toValue(field: Field | undefined, between: boolean, has: boolean): void {
    this.expected = { what: 'value', field, list: undefined, between, has };
  }

  private joint(word: string, symbol: string): Role {
    if (symbol === ')') {
      this.expected = { what: 'joint' };
      return 'punctuation';
    }
    if (word === 'and' || word === 'or' || symbol === '&&' || symbol === '||') {
      this.expected = { what: 'condition' };
      return 'keyword';
    }
    // The dash of a range with spaces, and what stands behind it
    return word === '-'
      ? 'value'
      : /^[\w.:]/.test(word) && filterField(word) === undefined
        ? valueRoleOf(word)
        : this.stray(word, symbol);
  }

  /** A condition without `and` before it: coloured as one, and told of by the parser. */
  private stray(word: string, symbol: string): Role {
    const field = filterField(word);
    if (field === undefined || symbol !== '') return 'error';
    this.expected = { what: 'operator', field };
    return 'field';
  }
}

function valueRole(token: Token): Role {
  return token.kind === 'string' ? 'string' : valueRoleOf(token.value);
}

function valueRoleOf(word: string): Role {
  return /^[\d.]+[a-zµ]*$/i.test(word) && !/\..*\./.test(word) ? 'number' : 'value';
}

export interface RoleToken {
  readonly from: number;
  readonly to: number;
  readonly kind: Role;
}

/** What each part of the text is, for colours: in order, without spaces, every other character in one of them. Never throws. */
export function tokens(text: string): RoleToken[] {
  const reader = new RoleReader();
  return lex(text).map((token) => ({ from: token.from, to: token.to, kind: reader.read(token) }));
}
