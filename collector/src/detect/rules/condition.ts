import { addressWords } from '@weir/core';
import { type Condition, type Filter, type Term, type Test, readRegularExpression } from '@weir/core/filter';
import { type WindowKind, type WindowRows, WINDOW_SECONDS } from '@weir/core/windows';
import type { Entity } from '../step.ts';
import { type WindowField, windowField } from './window-fields.ts';

/** Whether it holds; undefined where that hangs on what is not looked at yet. */
type Answer = boolean | undefined;

interface Ask {
  readonly rows: WindowRows;
  readonly row: number;
  /** Left out while only keys are looked at: measures then say nothing. */
  readonly entity?: Entity;
  readonly windows: number;
}

type Evaluate = (ask: Ask) => Answer;

/** A rule's condition, ready to be asked of rows. */
export interface WindowCondition {
  /** Whether the keys alone leave it open that it holds: quick, and rules out most rows where keys are asked for. */
  maybe(rows: WindowRows, row: number): boolean;
  holds(rows: WindowRows, row: number, entity: Entity, overSeconds: number): boolean;
  /** What is measured and compared with a number, in the order of the text. */
  readonly thresholds: readonly Threshold[];
  /** Columns that it reads. */
  readonly fields: readonly WindowField[];
}

export interface Threshold {
  readonly field: WindowField;
  readonly value: number;
  /** Whether it is exceeded from above or from below. */
  readonly above: boolean;
}

/** Of a filter that `fieldListOf(kind)` was read with. */
export function windowCondition(kind: WindowKind, filter: Filter): WindowCondition {
  const fields: WindowField[] = [];
  const thresholds: Threshold[] = [];
  const evaluate = filter.kind === 'all' ? () => true : compiled(kind, filter, true, fields, thresholds);
  return {
    fields,
    thresholds,
    maybe: (rows, row) => evaluate({ rows, row, windows: 1 }) !== false,
    holds: (rows, row, entity, overSeconds) =>
      evaluate({ rows, row, entity, windows: overSeconds / WINDOW_SECONDS }) === true,
  };
}

function compiled(
  kind: WindowKind,
  term: Term,
  asked: boolean,
  fields: WindowField[],
  thresholds: Threshold[],
): Evaluate {
  switch (term.kind) {
    case 'not': {
      const inner = compiled(kind, term.term, !asked, fields, thresholds);
      return (ask) => {
        const answer = inner(ask);
        return answer === undefined ? undefined : !answer;
      };
    }
    case 'and':
    case 'or': {
      const inner = term.terms.map((t) => compiled(kind, t, asked, fields, thresholds));
      const decides = term.kind === 'or';
      return (ask) => {
        let open = false;
        for (const evaluate of inner) {
          const answer = evaluate(ask);
          if (answer === decides) return decides;
          open ||= answer === undefined;
        }
        return open ? undefined : !decides;
      };
    }
    case 'condition': {
      const field = windowField(kind, term.field);
      if (field === undefined) throw new Error(`rows of the kind ${kind} have no ${term.field}`);
      fields.push(field);
      if (field.value.from === 'measure') thresholds.push(...thresholdOf(field, term.test, asked));
      return conditionOf(field, term);
    }
  }
}

function thresholdOf(field: WindowField, test: Test, asked: boolean): Threshold[] {
  if (test.kind === 'compare')
    return [{ field, value: test.value, above: test.operator.startsWith('>') === asked }];
  if (test.kind !== 'in') return [];
  const [first] = test.values;
  return first?.kind === 'number' ? [{ field, value: first.from, above: asked }] : [];
}

function conditionOf({ field, value }: WindowField, { test }: Condition): Evaluate {
  if (value.from === 'measure') {
    const matches = numberTest(test);
    return ({ entity, windows }) => (entity === undefined ? undefined : matches(value.of(entity, windows)));
  }
  const { key } = value;
  if (key === 'tenant_id' || key === 'application') {
    const matches = remembered(textTest(test));
    return ({ rows, row }) => matches(rows.texts[key][rows.keys[key]![row]!] ?? '');
  }
  if (field.type === 'address') {
    const matches = addressTest(test);
    return ({ rows, row }) => matches(rows.keys[key]!, 4 * row);
  }
  if (field.type === 'enum') {
    const matches = textTest(
      test.kind === 'unknown' ? { kind: 'in', values: [{ kind: 'text', text: 'unknown' }] } : test,
    );
    const answers = directions.map(matches);
    return ({ rows, row }) => answers[rows.keys[key]![row]!] ?? false;
  }
  const matches = numberTest(test);
  return ({ rows, row }) => matches(rows.keys[key]![row]!);
}

/** Words of the key `direction`, by its number. */
export const directions: readonly string[] = ['unknown', 'ingress', 'egress'];

function numberTest(test: Test): (value: number) => boolean {
  switch (test.kind) {
    case 'in':
      return (value) => test.values.some((v) => v.kind === 'number' && value >= v.from && value <= v.to);
    case 'compare': {
      const { operator, value: than } = test;
      if (operator === '<') return (value) => value < than;
      if (operator === '<=') return (value) => value <= than;
      return operator === '>' ? (value) => value > than : (value) => value >= than;
    }
    case 'known':
      return (value) => value !== 0;
    case 'unknown':
      return (value) => value === 0;
    default:
      throw new Error(`a number takes no test ${test.kind}`);
  }
}

function textTest(test: Test): (text: string) => boolean {
  switch (test.kind) {
    case 'in':
      return (text) => test.values.some((v) => v.kind === 'text' && v.text === text);
    case 'text': {
      const { how, text: part } = test;
      if (how === 'contains') return (text) => text.includes(part);
      return how === 'starts' ? (text) => text.startsWith(part) : (text) => text.endsWith(part);
    }
    case 'match': {
      const reading = readRegularExpression(test.pattern);
      if (!('expression' in reading)) throw new Error(reading.message);
      return (text) => reading.expression.test(text);
    }
    case 'known':
      return (text) => text !== '';
    case 'unknown':
      return (text) => text === '';
    default:
      throw new Error(`a text takes no test ${test.kind}`);
  }
}

/** Tenants and applications are few: each is looked at once. */
function remembered(matches: (text: string) => boolean): (text: string) => boolean {
  const answers = new Map<string, boolean>();
  return (text) => {
    let answer = answers.get(text);
    if (answer === undefined) {
      if (answers.size >= 10_000) answers.clear();
      answers.set(text, (answer = matches(text)));
    }
    return answer;
  };
}

function addressTest(test: Test): (words: Uint32Array, at: number) => boolean {
  if (test.kind === 'known' || test.kind === 'unknown') {
    const zero = test.kind === 'unknown';
    return (words, at) => ((words[at]! | words[at + 1]! | words[at + 2]! | words[at + 3]!) === 0) === zero;
  }
  if (test.kind !== 'in') throw new Error(`an address takes no test ${test.kind}`);
  const ranges = test.values.flatMap((v) =>
    v.kind === 'address' ? [{ from: ordered(addressWords(v.from)), to: ordered(addressWords(v.to)) }] : [],
  );
  return (words, at) => {
    const address = ordered(words.subarray(at, at + 4));
    return ranges.some(({ from, to }) => !isBefore(address, from) && !isBefore(to, address));
  };
}

/** Words in network byte order as numbers that can be compared. */
function ordered(words: Uint32Array): readonly number[] {
  return Array.from(
    words,
    (w) => ((w << 24) | ((w & 0xff00) << 8) | ((w >>> 8) & 0xff00) | (w >>> 24)) >>> 0,
  );
}

function isBefore(a: readonly number[], b: readonly number[]): boolean {
  for (let i = 0; i < 4; i++) if (a[i] !== b[i]) return a[i]! < b[i]!;
  return false;
}
