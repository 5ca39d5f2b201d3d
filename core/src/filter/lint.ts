import type { Field } from '../fields/fields.ts';
import type { Condition, Filter, Problem, Term } from './ast.ts';
import { rangeOf } from './address-range.ts';
import { knownField, largestOf, takesLower } from './field-types.ts';
import { formatFilter } from './format.ts';
import { type Parsed, parseWithPlaces } from './parser.ts';

export interface Finding extends Problem {
  /** An `error` keeps the filter from being used. */
  readonly severity: 'error' | 'warning';
}

/** What is wrong with the text, and what is odd: conditions that no flow or every flow meets, that stand there twice, that ask for zero. */
export function problems(text: string): Finding[] {
  const parsed = parseWithPlaces(text);
  if (parsed.problems.length > 0) return parsed.problems.map((p) => ({ ...p, severity: 'error' }));
  const findings: Finding[] = [];
  look(parsed.filter, parsed, findings);
  return findings.sort((a, b) => a.from - b.from);
}

function look(filter: Filter, parsed: Parsed, findings: Finding[]): void {
  const warn = (term: Term, message: string, advice: string): void => {
    const place = parsed.places.get(term);
    if (place !== undefined) findings.push({ ...place, message, advice, severity: 'warning' });
  };
  switch (filter.kind) {
    case 'all':
      return;
    case 'condition':
      condition(filter, filter, warn);
      return;
    case 'not':
      // The condition of x != 0 has no place of its own
      if (filter.term.kind === 'condition') condition(filter.term, filter, warn);
      else look(filter.term, parsed, findings);
      return;
    case 'and':
    case 'or':
      together(filter.terms, filter.kind, warn);
      for (const term of filter.terms) look(term, parsed, findings);
  }
}

type Warn = (term: Term, message: string, advice: string) => void;

/** What is odd about one condition, told of at `at`. */
function condition({ field: name, test }: Condition, at: Term, warn: Warn): void {
  const field = knownField(name);
  if (test.kind === 'compare') {
    const { operator, value } = test;
    const largest = largestOf(field);
    if (
      (operator === '<' && value === 0) ||
      (operator === '>' && value === largest && largest !== Number.MAX_SAFE_INTEGER)
    )
      warn(at, 'No flow matches this.', `${name} goes from 0 to ${largest}.`);
    if ((operator === '>=' && value === 0) || (operator === '<=' && value === largest))
      warn(at, 'Every flow matches this.', `${name} goes from 0 to ${largest}.`);
  }
  if (test.kind === 'in' && test.values.some((v) => isUnknown(field, v)))
    warn(
      at,
      `${field.type === 'text' ? 'The empty text' : 'Zero'} stands for “not known”.`,
      `Write ${name} is unknown, if that is meant.`,
    );
}

function isUnknown(
  field: Field,
  value: { kind: string; from?: number | string; to?: number | string; text?: string },
): boolean {
  switch (field.type) {
    case 'address':
      return value.from === '::' && value.to === '::';
    case 'text':
      return value.text === '';
    case 'as':
    case 'mac':
      return value.from === 0 && value.to === 0;
    default:
      return false;
  }
}

type Range = readonly [from: bigint, to: bigint];

function together(terms: readonly Term[], how: 'and' | 'or', warn: Warn): void {
  const seen = new Set<string>();
  const left = new Map<string, readonly (Range | string)[]>();
  for (const term of terms) {
    const text = formatFilter(term);
    if (seen.has(text)) warn(term, 'This stands here twice.', 'Take one away.');
    const opposite = formatFilter(term.kind === 'not' ? term.term : { kind: 'not', term });
    if (seen.has(opposite))
      warn(
        term,
        how === 'and'
          ? 'No flow matches both this and its opposite.'
          : 'Every flow matches either this or its opposite.',
        'Take one away.',
      );
    seen.add(text);
    if (how === 'or' || term.kind !== 'condition') continue;
    const values = single(term);
    if (values === undefined) continue;
    const before = left.get(term.field);
    const now = before === undefined ? values : common(before, values);
    if (now.length === 0)
      warn(
        term,
        `No flow matches all that is asked of ${term.field}.`,
        'Join the conditions with or, or use in (a, b).',
      );
    left.set(term.field, now.length === 0 ? values : now);
  }
}

/** All values that the condition leaves to a field of one value; undefined where that cannot be said. */
function single({ field: name, test }: Condition): readonly (Range | string)[] | undefined {
  const field = knownField(name);
  if ((field.columns.length > 1 && !takesLower(field)) || field.nameColumns !== undefined) return undefined;
  if (test.kind === 'compare') {
    const value = BigInt(test.value);
    const last = BigInt(2) ** 64n;
    if (test.operator === '<') return value === 0n ? undefined : [[0n, value - 1n]];
    if (test.operator === '<=') return [[0n, value]];
    return [[test.operator === '>' ? value + 1n : value, last]];
  }
  if (test.kind !== 'in') return undefined;
  return test.values.map((value) => {
    if (value.kind === 'text') return value.text;
    if (value.kind === 'number') return [BigInt(value.from), BigInt(value.to)];
    const { from, to } = rangeOf(value);
    return [from, to];
  });
}

const MAX_COMPARED = 64;

function common(a: readonly (Range | string)[], b: readonly (Range | string)[]): readonly (Range | string)[] {
  // Long lists are not worth the time that comparing them takes
  if (a.length > MAX_COMPARED || b.length > MAX_COMPARED) return b;
  const out: (Range | string)[] = [];
  for (const x of a)
    for (const y of b) {
      if (typeof x === 'string' || typeof y === 'string') {
        if (x === y) out.push(x);
        continue;
      }
      const from = x[0] > y[0] ? x[0] : y[0];
      const to = x[1] < y[1] ? x[1] : y[1];
      if (from <= to) out.push([from, to]);
    }
  return out;
}
