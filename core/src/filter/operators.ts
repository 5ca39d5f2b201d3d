import type { Field } from '../fields/fields.ts';
import { isOrdered, isTextual } from './field-types.ts';

/** What a condition can ask, whatever way it is written. */
export type Operator =
  | 'equals'
  | 'in'
  | 'between'
  | '<'
  | '<='
  | '>'
  | '>='
  | 'match'
  | 'has'
  | 'contains'
  | 'starts'
  | 'ends'
  | 'is';

export const symbolOperators: Readonly<Record<string, readonly [operator: Operator, negated: boolean]>> = {
  '=': ['equals', false],
  '==': ['equals', false],
  '!=': ['equals', true],
  '<>': ['equals', true],
  '<': ['<', false],
  '<=': ['<=', false],
  '>': ['>', false],
  '>=': ['>=', false],
  '~': ['match', false],
  '=~': ['match', false],
  '!~': ['match', true],
};

export const wordOperators: ReadonlyMap<string, Operator> = new Map([
  ['in', 'in'],
  ['between', 'between'],
  ['has', 'has'],
  ['contains', 'contains'],
  ['starts', 'starts'],
  ['ends', 'ends'],
  ['is', 'is'],
  ['matches', 'match'],
]);

/** Whether the operator makes sense for the field. */
export function takes(field: Field, operator: Operator): boolean {
  switch (operator) {
    case 'equals':
    case 'in':
    case 'is':
      return true;
    case 'between':
      return isOrdered(field) || field.type === 'address' || field.type === 'exporter';
    case 'match':
    case 'contains':
    case 'starts':
    case 'ends':
      return isTextual(field);
    case 'has':
      return field.type === 'flags';
    default:
      return isOrdered(field);
  }
}

/** An operator as it is written, and what it means. */
export interface OperatorChoice {
  readonly text: string;
  readonly doc: string;
}

const choices: readonly (readonly [Operator, string, string])[] = [
  ['equals', '=', 'equal to'],
  ['equals', '!=', 'other than'],
  ['in', 'in', 'one of: (a, b); within: 10.0.0.0/8'],
  ['in', 'not in', 'none of'],
  ['match', '~', 'has a match of the regular expression'],
  ['match', '!~', 'has no match of the regular expression'],
  ['contains', 'contains', 'has this text in it'],
  ['starts', 'starts with', 'begins with this text'],
  ['ends', 'ends with', 'ends with this text'],
  ['has', 'has', 'all of these flags are set'],
  ['has', 'has any', 'any of these flags is set'],
  ['has', 'not has', 'not all of these flags are set'],
  ['<', '<', 'less than'],
  ['<=', '<=', 'at most'],
  ['>', '>', 'more than'],
  ['>=', '>=', 'at least'],
  ['between', 'between', 'between a and b, both in it'],
  ['is', 'is known', 'is not empty or zero'],
  ['is', 'is unknown', 'is empty or zero'],
];

/** The operators of a field, for choice and for advice. */
export function operatorsOf(field: Field): readonly OperatorChoice[] {
  return choices.filter(([operator]) => takes(field, operator)).map(([, text, doc]) => ({ text, doc }));
}

const negatable: readonly (readonly [Operator, string, string])[] = [
  ['in', 'in', 'none of'],
  ['between', 'between', 'outside of a and b'],
  ['has', 'has', 'not all of these flags are set'],
  ['has', 'has any', 'none of these flags is set'],
  ['contains', 'contains', 'has not this text in it'],
  ['starts', 'starts with', 'does not begin with this text'],
  ['ends', 'ends with', 'does not end with this text'],
];

/** What can stand behind a field and `not`. */
export function negatedOperatorsOf(field: Field): readonly OperatorChoice[] {
  return negatable.filter(([operator]) => takes(field, operator)).map(([, text, doc]) => ({ text, doc }));
}
