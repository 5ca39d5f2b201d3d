import fc from 'fast-check';
import type { Field } from '../../fields/fields.ts';
import { type Condition, type Filter, type Term, type Test, type Value, all, and, not, or } from '../ast.ts';
import { filterFields, inCapitals, largestOf, wordsOf } from '../field-types.ts';
import { takes } from '../operators.ts';
import { readValue } from '../values.ts';

/** Addresses few enough that random filters and random flows meet. */
export const someAddresses: readonly string[] = [
  '10.0.0.1',
  '10.0.0.2',
  '10.0.0.255',
  '10.1.2.3',
  '192.0.2.200',
  '255.255.255.255',
  '0.0.0.0',
  '2001:db8::1',
  '2001:db8::ff00:1',
  '2001:db8:1::1',
  'fe80::1:2:3:4',
  '::1',
  '::',
];

/** Texts that have meant something to some parser before, among plain ones. */
export const someTexts: readonly string[] = [
  'edge-1',
  'edge-10',
  'xe-0/0/1',
  'web',
  'WEB',
  'Web server',
  'DE',
  'US',
  '12',
  '0',
  "o'hara",
  'a"b',
  'a\\b',
  "') OR 1=1 --",
  '{f0:String}',
  'tab\tline\nend',
  'ärger 中文 😀',
  'and',
  '10.0.0.1',
  '::1',
  'fe80::/200',
  '10.0.0.0/33',
  'a\u0000b',
  '%',
  '$1',
];

export const someNumbers: readonly number[] = [
  0,
  1,
  2,
  3,
  5,
  7,
  12,
  17,
  18,
  20,
  46,
  53,
  63,
  80,
  100,
  184,
  187,
  255,
  256,
  443,
  1000,
  1024,
  1500,
  65535,
  65536,
  1e6,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 40,
  Number.MAX_SAFE_INTEGER,
];

export const somePatterns: readonly string[] = [
  'e',
  '^edge-1$',
  'edge-\\d+',
  '(?i)web',
  '(?i)ÄRGER',
  '^(DE|US)$',
  '[^a-z]',
  '[[:upper:]]{2}',
  '.',
  '^$',
  'x|^$',
  '\\bserver\\b',
  '^.{2}$',
  '😀$',
  '\\s',
  '\\S+\\s+\\S+',
  'a.b',
  '^10\\.',
  '(a|b)*$',
  '[\\w/]+-[0-9]/',
  '\\x{4e2d}',
  '\\\\',
  'line.end',
  '^1?2$',
];

function valueOf(field: Field): fc.Arbitrary<Value> {
  const read = (text: string): Value => {
    const reading = readValue(field, text, true);
    if (!('value' in reading)) throw new Error(reading.message);
    return reading.value;
  };
  const address = fc.constantFrom(...someAddresses);
  const addresses = fc.oneof(
    address,
    address.chain((a) =>
      fc.integer({ min: 0, max: a.includes(':') ? 128 : 32 }).map((length) => `${a}/${length}`),
    ),
    fc.constantFrom(
      '10.0.0.1-10.0.0.200',
      '10.0.0.2-10.2.0.0',
      '2001:db8::-2001:db8::ff',
      '0.0.0.0-0.0.0.255',
    ),
  );
  const texts = fc.constantFrom(...someTexts);
  const largest = largestOf(field);
  const number = fc.constantFrom(...someNumbers.filter((n) => n <= largest));
  const numbers: fc.Arbitrary<Value> = fc
    .oneof(
      number.map((n) => [n, n] as const),
      fc.tuple(number, number),
    )
    .map(([a, b]) => ({ kind: 'number', from: Math.min(a, b), to: Math.max(a, b) }));
  switch (field.type) {
    case 'address':
      return addresses.map(read);
    case 'exporter':
      return fc.oneof(addresses, texts).map(read);
    case 'interface':
      return fc.oneof(numbers, texts.map(read));
    case 'text':
      return texts.map((t) => ({ kind: 'text', text: inCapitals(field) ? t.toUpperCase() : t }));
    case 'enum':
      return fc.constantFrom(...wordsOf(field)).map((text) => ({ kind: 'text', text }));
    case 'mac':
    case 'flags':
      return number.map((n) => ({ kind: 'number', from: n, to: n }));
    default:
      return numbers;
  }
}

function testOf(field: Field): fc.Arbitrary<Test> {
  const tests: fc.Arbitrary<Test>[] = [
    fc.array(valueOf(field), { minLength: 1, maxLength: 5 }).map((values) => ({ kind: 'in', values })),
    fc.constantFrom({ kind: 'known' } as const, { kind: 'unknown' } as const),
  ];
  if (takes(field, '<'))
    tests.push(
      fc.record({
        kind: fc.constant('compare' as const),
        operator: fc.constantFrom('<' as const, '<=' as const, '>' as const, '>=' as const),
        value: fc.constantFrom(...someNumbers.filter((n) => n <= largestOf(field))),
      }),
    );
  if (takes(field, 'match'))
    tests.push(
      fc.constantFrom(...somePatterns).map((pattern) => ({ kind: 'match', pattern })),
      fc.record({
        kind: fc.constant('text' as const),
        how: fc.constantFrom('contains' as const, 'starts' as const, 'ends' as const),
        text: fc.constantFrom('e', 'edge', '1', '0', 'DE', 'ä', '\\', '"', "'", '10.', 'netflow', '😀'),
      }),
    );
  if (takes(field, 'has'))
    tests.push(
      fc.record({
        kind: fc.constant('flags' as const),
        every: fc.boolean(),
        bits: fc.integer({ min: 1, max: 300 }),
      }),
    );
  return fc.oneof(...tests);
}

/** Any condition on the field. */
export function conditionOn(field: Field): fc.Arbitrary<Condition> {
  return testOf(field).map((test) => ({ kind: 'condition', field: field.name, test }));
}

export const anyCondition: fc.Arbitrary<Condition> = fc.constantFrom(...filterFields).chain(conditionOn);

const anyTerm: fc.Arbitrary<Term> = fc.letrec<{ term: Term }>((tie) => ({
  term: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    anyCondition,
    tie('term').map(not),
    fc.array(tie('term'), { minLength: 2, maxLength: 3 }).map((terms) => and(terms) as Term),
    fc.array(tie('term'), { minLength: 2, maxLength: 3 }).map(or),
  ),
})).term;

/** Filters of every kind, as the parser would make them. */
export const anyFilter: fc.Arbitrary<Filter> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Filter>(all) },
  { weight: 30, arbitrary: anyTerm },
);
