import type { Field } from '../fields/fields.ts';

/** A filter as read: what flows must be like. Plain data, so that it can be compared, kept and sent. */
export type Filter = All | Term;

/** The empty text: every flow. */
export interface All {
  readonly kind: 'all';
}

export type Term = And | Or | Not | Condition;

/** Two terms or more, none of them an `and`. */
export interface And {
  readonly kind: 'and';
  readonly terms: readonly Term[];
}

/** Two terms or more, none of them an `or`. */
export interface Or {
  readonly kind: 'or';
  readonly terms: readonly Term[];
}

export interface Not {
  readonly kind: 'not';
  readonly term: Term;
}

/**
 * One field and what is asked of it. Of a field that means either end, the test holds where it holds for any end; `!=`, `not in`,
 * `!~` and their like are a `not` around the condition, so that they hold where it holds for neither.
 */
export interface Condition {
  readonly kind: 'condition';
  /** The field's own name, never an alias. */
  readonly field: Field['name'];
  readonly test: Test;
}

/**
 * - `in`: equal to one of the values, or within one of the ranges; one value at least.
 * - `compare`: of numbers.
 * - `flags`: `every` of the bits is set, or any of them.
 * - `text`, `match`: part of a text, a regular expression found somewhere in it.
 * - `known`, `unknown`: other than, or equal to the type's zero: 0, `::`, the empty text.
 */
export type Test =
  | { readonly kind: 'in'; readonly values: readonly Value[] }
  | { readonly kind: 'compare'; readonly operator: Comparison; readonly value: number }
  | { readonly kind: 'flags'; readonly every: boolean; readonly bits: number }
  | { readonly kind: 'text'; readonly how: TextPart; readonly text: string }
  | { readonly kind: 'match'; readonly pattern: string }
  | { readonly kind: 'known' }
  | { readonly kind: 'unknown' };

export type Comparison = '<' | '<=' | '>' | '>=';
export type TextPart = 'contains' | 'starts' | 'ends';

/**
 * A value, or a range with both ends in it. Numbers are in the column's unit (of `dscp`: the code point). Addresses are in their usual
 * form, IPv4 dotted; both ends are of one family, or the range is an IPv6 prefix.
 */
export type Value =
  | { readonly kind: 'number'; readonly from: number; readonly to: number }
  | { readonly kind: 'address'; readonly from: string; readonly to: string }
  | { readonly kind: 'text'; readonly text: string };

/** What is wrong with a text, and what would be right. */
export interface Problem {
  /** Where: offsets into the text in UTF-16 units, `to` not included. */
  readonly from: number;
  readonly to: number;
  readonly message: string;
  readonly advice: string;
}

export const all: All = { kind: 'all' };

/** All of the terms: flat, and without those that say nothing. */
export function and(filters: readonly Filter[]): Filter {
  const terms = filters.flatMap((f) => (f.kind === 'all' ? [] : f.kind === 'and' ? f.terms : [f]));
  return terms.length === 0 ? all : terms.length === 1 ? terms[0]! : { kind: 'and', terms };
}

/** Any of the terms: flat. Throws where there is none. */
export function or(filters: readonly Term[]): Term {
  const terms = filters.flatMap((f) => (f.kind === 'or' ? f.terms : [f]));
  if (terms.length === 0) throw new Error('no flow can be one of nothing');
  return terms.length === 1 ? terms[0]! : { kind: 'or', terms };
}

export function not(term: Term): Not {
  return { kind: 'not', term };
}

/** All of the filters at once. */
export function andFilters(...filters: readonly Filter[]): Filter {
  return and(filters);
}

/** Every condition of the filter, in the order of the text. */
export function conditionsOf(filter: Filter): Condition[] {
  switch (filter.kind) {
    case 'all':
      return [];
    case 'condition':
      return [filter];
    case 'not':
      return conditionsOf(filter.term);
    default:
      return filter.terms.flatMap(conditionsOf);
  }
}
