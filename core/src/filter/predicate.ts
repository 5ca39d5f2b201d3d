import { type FlowBatch, V4_MAPPED, at } from '../batch.ts';
import { addressText } from '../address.ts';
import type { ColumnName } from '../columns.ts';
import type { Dictionary } from '../dictionary.ts';
import type { Field } from '../fields/fields.ts';
import type { Condition, Filter, Term, Test, TextPart, Value } from './ast.ts';
import { type AddressRange, rangeOf } from './address-range.ts';
import { enumWords, knownField, largestOf, takesLower, unsignedBits } from './field-types.ts';
import { isIndex } from './sql.ts';
import { readRegularExpression } from './regular-expression.ts';

/** Whether a row of the batch that it was made for matches. */
export type RowPredicate = (row: number) => boolean;

/**
 * The filter as a test of rows: the same rows that `filterSql` selects. The outer function is made once for a filter; it is called for
 * each batch, and what it gives holds until the batch is reset (rows may be added). Nothing is made for a row; a text is looked at once
 * for each batch that it is in.
 */
export function filterPredicate(filter: Filter): (batch: FlowBatch) => RowPredicate {
  if (filter.kind === 'all') return () => () => true;
  const bind = compile(filter);
  return (batch) => {
    const test = bind(batch);
    return typeof test === 'boolean' ? () => test : test;
  };
}

/** A test that does not depend on the row, as its columns were not sent, is its answer. */
type Bound = RowPredicate | boolean;
type Bind = (batch: FlowBatch) => Bound;

function compile(term: Term): Bind {
  switch (term.kind) {
    case 'condition':
      return compileCondition(term);
    case 'not': {
      const bind = compile(term.term);
      return (batch) => negated(bind(batch));
    }
    case 'and':
    case 'or': {
      const binds = term.terms.map(compile);
      const decides = term.kind === 'or';
      return (batch) =>
        combined(
          binds.map((bind) => bind(batch)),
          decides,
        );
    }
  }
}

function negated(test: Bound): Bound {
  return typeof test === 'boolean' ? !test : (row) => !test(row);
}

/** `and` where `decides` is false, `or` where it is true: the first test that gives it decides. */
function combined(tests: readonly Bound[], decides: boolean): Bound {
  if (tests.includes(decides)) return decides;
  const open = tests.filter((t) => typeof t !== 'boolean');
  const [a, b, c] = open;
  if (a === undefined) return !decides;
  if (b === undefined) return a;
  if (open.length === 2) return decides ? (row) => a(row) || b(row) : (row) => a(row) && b(row);
  if (open.length === 3 && c !== undefined)
    return decides ? (row) => a(row) || b(row) || c(row) : (row) => a(row) && b(row) && c(row);
  return (row) => {
    for (const test of open) if (test(row) === decides) return decides;
    return !decides;
  };
}

function compileCondition({ field: name, test }: Condition): Bind {
  const field = knownField(name);
  if (takesLower(field)) return lowerOf(field, test);
  const binds = field.columns.map((column, i) => compileColumn(field, column, field.nameColumns?.[i], test));
  const [one, other] = binds;
  return other === undefined ? one! : (batch) => combined([one!(batch), other(batch)], true);
}

function compileColumn(field: Field, column: ColumnName, name: ColumnName | undefined, test: Test): Bind {
  if (test.kind === 'known') {
    const unknown = compileColumn(field, column, name, { kind: 'unknown' });
    return (batch) => negated(unknown(batch));
  }
  if (name !== undefined) return namedColumn(field, column, name, test);
  switch (field.type) {
    case 'address':
      return addressColumn(column, addressRanges(test));
    case 'text':
      return textColumn(column, textTest(test));
    case 'enum':
      return enumColumn(column, test.kind === 'unknown' ? (word) => word === 'unknown' : textTest(test));
    default:
      return numberColumn(column, numberTest(field, test));
  }
}

// Numbers

interface NumberTest {
  readonly matches: (value: number) => boolean;
  /** Where it is one range, which is quicker. */
  readonly range?: readonly [from: number, to: number];
}

function numberTest(field: Field, test: Test): NumberTest {
  if (test.kind === 'flags') {
    const { bits, every } = test;
    return { matches: every ? (value) => (value & bits) === bits : (value) => (value & bits) !== 0 };
  }
  const ranges = disjoint(
    numberRanges(field, test).map(([from, to]) =>
      field.type === 'dscp' ? [from * 4, to * 4 + 3] : [from, to],
    ),
  );
  if (ranges.length === 0) return { matches: () => false };
  if (ranges.length === 1) {
    const [from, to] = ranges[0]!;
    return { matches: (value) => value >= from && value <= to, range: [from, to] };
  }
  if (ranges.at(-1)![1] <= 0xffff) {
    const table = new Uint8Array(0x10000);
    for (const [from, to] of ranges) table.fill(1, from, to + 1);
    return { matches: (value) => table[value] === 1 };
  }
  const starts = Float64Array.from(ranges, ([from]) => from);
  const ends = Float64Array.from(ranges, ([, to]) => to);
  return {
    matches: (value) => {
      let low = 0;
      let high = starts.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (starts[middle]! <= value) low = middle + 1;
        else high = middle;
      }
      return low > 0 && value <= ends[low - 1]!;
    },
  };
}

/** The ranges of numbers that a test asks for; of `dscp`: of code points. */
function numberRanges(field: Field, test: Test): (readonly [number, number])[] {
  // A column of 64 bits can hold more than a filter can name
  const last = largestOf(field) === Number.MAX_SAFE_INTEGER ? Infinity : largestOf(field);
  switch (test.kind) {
    case 'in':
      return test.values.flatMap((v) =>
        v.kind === 'number'
          ? [[v.from, v.to] as const]
          : v.kind === 'text' && isIndex(field, v.text)
            ? [[Number(v.text), Number(v.text)] as const]
            : [],
      );
    case 'compare': {
      const { operator, value } = test;
      if (operator === '<') return value > 0 ? [[0, value - 1]] : [];
      if (operator === '<=') return [[0, value]];
      return [[operator === '>' ? value + 1 : value, last]];
    }
    case 'unknown':
      return [[0, 0]];
    default:
      throw new Error(`${field.name} takes no test ${test.kind}`);
  }
}

/** Sorted, and those that touch or overlap joined. */
function disjoint(ranges: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const out: [number, number][] = [];
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = out.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else out.push([from, to]);
  }
  return out;
}

function numberColumn(column: ColumnName, { matches, range }: NumberTest): Bind {
  const index = at[column];
  const atZero = matches(0);
  const wide = unsignedBits[column] === 64;
  return (batch) => {
    if (!batch.has(index)) return atZero;
    if (wide) {
      // Beyond 2^53 the sum is rounded, but stays beyond every number that a filter can name
      const words = batch.u32(index);
      return (row) => matches(words[2 * row + 1]! * 0x100000000 + words[2 * row]!);
    }
    const values = batch.array(index);
    if (range === undefined) return (row) => matches(values[row]!);
    const [from, to] = range;
    if (from === to) return (row) => values[row] === from;
    return (row) => values[row]! >= from && values[row]! <= to;
  };
}

function lowerOf(field: Field, test: Test): Bind {
  const { matches } = numberTest(field, test.kind === 'known' ? { kind: 'unknown' } : test);
  const wanted = test.kind !== 'known';
  const [source, destination] = field.columns.map((c) => at[c]) as [number, number];
  return (batch) => {
    if (!batch.has(source) || !batch.has(destination)) return matches(0) === wanted;
    const a = batch.u16(source);
    const b = batch.u16(destination);
    return (row) => matches(a[row]! < b[row]! ? a[row]! : b[row]!) === wanted;
  };
}

// Addresses

function addressRanges(test: Test): AddressRange[] {
  if (test.kind === 'unknown') return [{ from: 0n, to: 0n }];
  if (test.kind !== 'in') throw new Error(`an address takes no test ${test.kind}`);
  return test.values.filter((v) => v.kind === 'address').map(rangeOf);
}

function addressColumn(column: ColumnName, ranges: readonly AddressRange[]): Bind {
  const index = at[column];
  const matches = addressTest(ranges);
  const atZero = matches(new Uint32Array(4), 0);
  return (batch) => {
    if (!batch.has(index)) return atZero;
    const words = batch.u32(index);
    return (row) => matches(words, 4 * row);
  };
}

type AddressTest = (words: Uint32Array, at: number) => boolean;

function addressTest(ranges: readonly AddressRange[]): AddressTest {
  const [first] = ranges;
  if (ranges.length === 1) {
    const size = first!.to - first!.from;
    if ((size & (size + 1n)) === 0n && (first!.from & size) === 0n) return prefixTest(first!.from, size);
  }
  return searchTest(ranges);
}

/** One prefix: each word masked as it lies in memory. */
function prefixTest(from: bigint, rest: bigint): AddressTest {
  const value = memoryWords(from);
  const mask = memoryWords(((1n << 128n) - 1n) ^ rest);
  const [v0, v1, v2, v3] = [value[0]!, value[1]!, value[2]!, value[3]!].map((v) => v | 0) as [
    number,
    number,
    number,
    number,
  ];
  const [m0, m1, m2, m3] = [mask[0]!, mask[1]!, mask[2]!, mask[3]!].map((m) => m | 0) as [
    number,
    number,
    number,
    number,
  ];
  // The last word differs first, in IPv4
  return (words, at) =>
    (words[at + 3]! & m3) === v3 &&
    (words[at + 2]! & m2) === v2 &&
    (words[at + 1]! & m1) === v1 &&
    (words[at]! & m0) === v0;
}

/** Many ranges: sorted, joined, and searched by halves. */
function searchTest(ranges: readonly AddressRange[]): AddressTest {
  const joined: { from: bigint; to: bigint }[] = [];
  for (const { from, to } of [...ranges].sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0))) {
    const last = joined.at(-1);
    if (last !== undefined && from <= last.to + 1n) {
      if (to > last.to) last.to = to;
    } else joined.push({ from, to });
  }
  const starts = Uint32Array.from(joined.flatMap((r) => bigEndian(r.from)));
  const ends = Uint32Array.from(joined.flatMap((r) => bigEndian(r.to)));
  const count = joined.length;
  return (words, at) => {
    const a = swapped(words[at]!);
    const b = swapped(words[at + 1]!);
    const c = swapped(words[at + 2]!);
    const d = swapped(words[at + 3]!);
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (atMost(starts, 4 * middle, a, b, c, d)) low = middle + 1;
      else high = middle;
    }
    return low > 0 && atLeast(ends, 4 * (low - 1), a, b, c, d);
  };
}

/** Whether the address at `i` is at most a, b, c, d. */
function atMost(list: Uint32Array, i: number, a: number, b: number, c: number, d: number): boolean {
  if (list[i] !== a) return list[i]! < a;
  if (list[i + 1] !== b) return list[i + 1]! < b;
  if (list[i + 2] !== c) return list[i + 2]! < c;
  return list[i + 3]! <= d;
}

function atLeast(list: Uint32Array, i: number, a: number, b: number, c: number, d: number): boolean {
  if (list[i] !== a) return list[i]! > a;
  if (list[i + 1] !== b) return list[i + 1]! > b;
  if (list[i + 2] !== c) return list[i + 2]! > c;
  return list[i + 3]! >= d;
}

function swapped(word: number): number {
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}

function bigEndian(value: bigint): number[] {
  return [96n, 64n, 32n, 0n].map((shift) => Number((value >> shift) & 0xffffffffn));
}

function memoryWords(value: bigint): number[] {
  return bigEndian(value).map(swapped);
}

// Texts

/** Answers that are kept at most; beyond it all are forgotten. */
const MAX_KEPT = 4096;

type TextTest = (text: string) => boolean;

function textTest(test: Test): TextTest {
  switch (test.kind) {
    case 'in': {
      const texts = new Set(test.values.flatMap((v: Value) => (v.kind === 'text' ? [v.text] : [])));
      return (text) => texts.has(text);
    }
    case 'text':
      return partTest(test.how, test.text);
    case 'match': {
      const reading = readRegularExpression(test.pattern);
      if (!('expression' in reading)) throw new Error(reading.message);
      return remembered((text) => reading.expression.test(text));
    }
    case 'unknown':
      return (text) => text === '';
    default:
      throw new Error(`a text takes no test ${test.kind}`);
  }
}

/** Texts come again from batch to batch, and looking for an expression takes longer than finding what was found before. */
function remembered(matches: TextTest): TextTest {
  const kept = new Map<string, boolean>();
  return (text) => {
    let answer = kept.get(text);
    if (answer === undefined) {
      answer = matches(text);
      if (kept.size >= MAX_KEPT) kept.clear();
      kept.set(text, answer);
    }
    return answer;
  };
}

function partTest(how: TextPart, part: string): TextTest {
  if (how === 'contains') return (text) => text.includes(part);
  return how === 'starts' ? (text) => text.startsWith(part) : (text) => text.endsWith(part);
}

/** What is known of the texts of a column of one batch, by id: 0 nothing yet, 1 no match, 2 a match. */
class TextAnswers {
  answers: Uint8Array;
  private readonly dictionary: Dictionary;
  private readonly matches: TextTest;

  constructor(dictionary: Dictionary, matches: TextTest) {
    this.dictionary = dictionary;
    this.matches = matches;
    this.answers = new Uint8Array(Math.max(16, dictionary.size));
  }

  /** The answer for a text that there is none for yet. */
  find(id: number): boolean {
    if (id >= this.answers.length) {
      const larger = new Uint8Array(Math.max(this.answers.length * 2, id + 1));
      larger.set(this.answers);
      this.answers = larger;
    }
    const matches = this.matches(this.dictionary.text(id));
    this.answers[id] = matches ? 2 : 1;
    return matches;
  }
}

function textColumn(column: ColumnName, matches: TextTest): Bind {
  const index = at[column];
  const atZero = matches('');
  return (batch) => {
    if (!batch.has(index)) return atZero;
    const ids = batch.u32(index);
    const texts = new TextAnswers(batch.dictionary(index), matches);
    return (row) => {
      const id = ids[row]!;
      const answer = texts.answers[id];
      return answer === 2 || (answer !== 1 && texts.find(id));
    };
  };
}

function enumColumn(column: ColumnName, matches: TextTest): Bind {
  const index = at[column];
  const answers = new Uint8Array(256);
  (enumWords[column] ?? []).forEach((word, value) => (answers[value] = matches(word) ? 1 : 0));
  return (batch) => {
    if (!batch.has(index)) return answers[0] === 1;
    const values = batch.u8(index);
    return (row) => answers[values[row]!] === 1;
  };
}

// Exporters and interfaces: a number or an address, and a name

function namedColumn(field: Field, column: ColumnName, name: ColumnName, test: Test): Bind {
  const numbered = (t: Test): Bind =>
    field.type === 'exporter'
      ? addressColumn(column, addressRanges(t))
      : numberColumn(column, numberTest(field, t));
  switch (test.kind) {
    case 'unknown': {
      const binds = [numbered(test), textColumn(name, textTest(test))];
      return (batch) =>
        combined(
          binds.map((bind) => bind(batch)),
          false,
        );
    }
    case 'in': {
      const binds = [numbered(test), textColumn(name, textTest(test))];
      return (batch) =>
        combined(
          binds.map((bind) => bind(batch)),
          true,
        );
    }
    case 'compare':
      return numbered(test);
    default:
      return shownColumn(field, column, name, textTest(test));
  }
}

/** What people see: the name, else the exporter's address or the interface's index. */
function shownColumn(field: Field, column: ColumnName, name: ColumnName, matches: TextTest): Bind {
  const named = textColumn(name, (text) => text !== '' && matches(text));
  const nameIndex = at[name];
  const unnamed = field.type === 'exporter' ? addressShown(column, matches) : indexShown(column, matches);
  return (batch) => {
    const byName = named(batch);
    const byNumber = unnamed(batch);
    if (!batch.has(nameIndex)) return byNumber;
    const ids = batch.u32(nameIndex);
    return (row) => {
      const test = ids[row] === 0 ? byNumber : byName;
      return typeof test === 'boolean' ? test : test(row);
    };
  };
}

function indexShown(column: ColumnName, matches: TextTest): Bind {
  const index = at[column];
  const kept = new Map<number, boolean>();
  return (batch) => {
    if (!batch.has(index)) return matches('');
    const values = batch.u32(index);
    return (row) => {
      const value = values[row]!;
      let answer = kept.get(value);
      if (answer === undefined) {
        answer = matches(value === 0 ? '' : String(value));
        if (kept.size >= MAX_KEPT) kept.clear();
        kept.set(value, answer);
      }
      return answer;
    };
  };
}

function addressShown(column: ColumnName, matches: TextTest): Bind {
  const index = at[column];
  const kept = new Map<number, boolean>();
  return (batch) => {
    if (!batch.has(index)) return matches('::');
    const words = batch.u32(index);
    return (row) => {
      const i = 4 * row;
      const v4 = words[i + 2] === V4_MAPPED && words[i] === 0 && words[i + 1] === 0;
      // Exporters are IPv4 as a rule; others are written anew each time
      if (!v4) return matches(engineText(words, i));
      let answer = kept.get(words[i + 3]!);
      if (answer === undefined) {
        answer = matches(addressText(words, i));
        if (kept.size >= MAX_KEPT) kept.clear();
        kept.set(words[i + 3]!, answer);
      }
      return answer;
    };
  };
}

/** As the engine writes it: the old IPv4-compatible addresses (::192.0.2.1) dotted. */
function engineText(words: Uint32Array, i: number): string {
  const text = addressText(words, i);
  if (words[i] !== 0 || words[i + 1] !== 0 || words[i + 2] !== 0 || (words[i + 3]! & 0xffff) === 0)
    return text;
  const last = swapped(words[i + 3]!);
  return `::${last >>> 24}.${(last >>> 16) & 255}.${(last >>> 8) & 255}.${last & 255}`;
}
