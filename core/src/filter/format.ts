import type { Field } from '../fields/fields.ts';
import { type Condition, type Filter, type Test, type Value, conditionsOf } from './ast.ts';
import { rangeName, rangeOf } from './address-range.ts';
import { filterField, knownField } from './field-types.ts';
import { readValue } from './values.ts';
import { dscpNames, flagsText, nameOf, protocolNames } from './value-names.ts';
import { wellFormed } from './well-formed.ts';

/** Words that mean something to the language where a condition or a value could begin: as values they stand in quotes. */
export const reservedWords: ReadonlySet<string> = new Set([
  'and',
  'or',
  'not',
  'in',
  'between',
  'any',
  'all',
  'is',
]);

/**
 * A text as a value in a filter: bare where it can be, else in double quotes. Numbers get quotes, as a bare number is no name of an
 * interface; {@link valueText} knows the field and writes them as people do.
 */
export function quoteValue(text: string): string {
  const bare = /^[A-Za-z_][\w.:/-]*$/.test(text) || /^\d+(\.\d+){3}$/.test(text);
  // With both it could be meant for a prefix
  if (bare && !(text.includes(':') && text.includes('/')) && !reservedWords.has(text.toLowerCase()))
    return text;
  return `"${wellFormed(text).replace(/["\\]/g, '\\$&')}"`;
}

/** A value as the filter of this field has it: `443`, `10.0.0.0/8`, `"Web server"`; in quotes as it is where it is none of the field's. */
export function valueText(fieldName: string, text: string): string {
  const field = filterField(fieldName);
  if (field === undefined) return quoteValue(text);
  const reading = readValue(field, text, true);
  return 'value' in reading ? formatValue(field, reading.value) : quoteValue(text);
}

/** The filter in the language's canonical form; `parseFilter` makes the same filter of it. */
export function formatFilter(filter: Filter): string {
  switch (filter.kind) {
    case 'all':
      return '';
    case 'condition':
      return formatCondition(filter, false);
    case 'and':
      return filter.terms
        .map((t) => (t.kind === 'or' ? `(${formatFilter(t)})` : formatFilter(t)))
        .join(' and ');
    case 'or':
      return filter.terms.map(formatFilter).join(' or ');
    case 'not': {
      const { term } = filter;
      if (term.kind === 'condition' && term.test.kind !== 'compare') return formatCondition(term, true);
      return term.kind === 'and' || term.kind === 'or'
        ? `not (${formatFilter(term)})`
        : `not ${formatFilter(term)}`;
    }
  }
}

/** Fields that the filter names, each once. */
export function filterFieldNames(filter: Filter): string[] {
  return [...new Set(conditionsOf(filter).map((c) => c.field))];
}

function formatCondition({ field: name, test }: Condition, negated: boolean): string {
  const field = knownField(name);
  return `${name} ${formatTest(field, test, negated)}`;
}

function formatTest(field: Field, test: Test, negated: boolean): string {
  const not = negated ? 'not ' : '';
  switch (test.kind) {
    case 'in': {
      const values = test.values.map((v) => formatValue(field, v));
      if (values.length === 1) return `${negated ? '!=' : '='} ${values[0]!}`;
      return `${not}in (${values.join(', ')})`;
    }
    case 'compare':
      return `${test.operator} ${formatNumber(field, test.value)}`;
    case 'flags':
      return `${not}has ${test.every ? '' : 'any '}${flagsText(test.bits)}`;
    case 'text':
      return `${not}${test.how === 'contains' ? 'contains' : `${test.how} with`} ${quoteValue(test.text)}`;
    case 'match':
      return `${negated ? '!~' : '~'} ${quoteValue(test.pattern)}`;
    default:
      return `is ${not}${test.kind}`;
  }
}

function formatValue(field: Field, value: Value): string {
  switch (value.kind) {
    case 'text':
      return quoteValue(value.text);
    case 'address':
      return rangeName(rangeOf(value));
    case 'number':
      return value.from === value.to
        ? formatNumber(field, value.from)
        : `${formatNumber(field, value.from)}-${formatNumber(field, value.to)}`;
  }
}

function formatNumber(field: Field, value: number): string {
  switch (field.type) {
    case 'protocol':
      return nameOf(protocolNames, value) ?? String(value);
    case 'dscp':
      return nameOf(dscpNames, value) ?? String(value);
    case 'flags':
      return flagsText(value);
    case 'mac':
      return value
        .toString(16)
        .padStart(12, '0')
        .replace(/..(?!$)/g, '$&:');
    case 'bytes':
      return scaled(
        value,
        [
          [2 ** 40, 'TiB'],
          [1e12, 'TB'],
          [2 ** 30, 'GiB'],
          [1e9, 'GB'],
          [2 ** 20, 'MiB'],
          [1e6, 'MB'],
          [2 ** 10, 'KiB'],
          [1e3, 'kB'],
        ],
        'B',
      );
    case 'milliseconds':
      return scaled(
        value,
        [
          [3.6e6, 'h'],
          [6e4, 'm'],
          [1e3, 's'],
        ],
        'ms',
      );
    case 'microseconds':
      return scaled(
        value,
        [
          [1e6, 's'],
          [1e3, 'ms'],
        ],
        'us',
      );
    default:
      return String(value);
  }
}

function scaled(value: number, units: readonly (readonly [number, string])[], plain: string): string {
  const unit = value === 0 ? undefined : units.find(([factor]) => value % factor === 0);
  return unit === undefined ? `${value}${plain}` : `${value / unit[0]}${unit[1]}`;
}
