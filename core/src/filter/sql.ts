import type { ColumnName } from '../columns.ts';
import type { Field } from '../fields/fields.ts';
import type { ParameterValue } from '../query/compiled.ts';
import { type Condition, type Filter, type Test, type Value, conditionsOf } from './ast.ts';
import { ipv6Text } from './address-range.ts';
import { knownField, takesLower, unsignedType } from './field-types.ts';
import { enginePattern } from './regular-expression.ts';

/**
 * The values of a statement, kept apart from its text: `add` gives what stands in the text instead, `{f0:IPv6}`. Texts go to ClickHouse
 * as they are; what sends them escapes them as the interface wants it (`@clickhouse/client` does).
 */
export class Parameters {
  private readonly prefix: string;
  private readonly names = new Map<string, string>();
  private readonly given: Record<string, ParameterValue> = {};

  /** Names begin with the prefix, so that several can share a statement. */
  constructor(prefix = 'f') {
    this.prefix = prefix;
  }

  /** The same value of the same type has one name. */
  add(type: string, value: ParameterValue): string {
    const key = `${type} ${JSON.stringify(value)}`;
    let name = this.names.get(key);
    if (name === undefined) {
      name = `${this.prefix}${this.names.size}`;
      this.names.set(key, name);
      this.given[name] = value;
    }
    return `{${name}:${type}}`;
  }

  get values(): Readonly<Record<string, ParameterValue>> {
    return this.given;
  }
}

/**
 * The filter as a condition of ClickHouse's, for `network_flows` and the rollups alike: an expression that can stand after `WHERE`
 * and within `AND`. Values are in `parameters` only.
 */
export function filterSql(filter: Filter, parameters: Parameters): string {
  switch (filter.kind) {
    case 'all':
      return '1';
    case 'condition':
      return conditionSql(filter, parameters);
    case 'not':
      return `NOT (${filterSql(filter.term, parameters)})`;
    case 'and':
    case 'or':
      return `(${filter.terms.map((t) => filterSql(t, parameters)).join(filter.kind === 'and' ? ' AND ' : ' OR ')})`;
  }
}

/** The columns that `filterSql` reads. */
export function filterColumns(filter: Filter): Set<ColumnName> {
  const columns = new Set<ColumnName>();
  for (const { field: name, test } of conditionsOf(filter)) {
    const field = knownField(name);
    const numbered =
      !field.nameColumns ||
      test.kind !== 'in' ||
      test.values.some((v) => v.kind !== 'text' || isIndex(field, v.text));
    const named =
      test.kind !== 'compare' && (test.kind !== 'in' || test.values.some((v) => v.kind === 'text'));
    if (numbered) for (const column of field.columns) columns.add(column);
    if (named) for (const column of field.nameColumns ?? []) columns.add(column);
  }
  return columns;
}

/** Whether a name of an interface can also be its index. */
export function isIndex(field: Field, text: string): boolean {
  return field.type === 'interface' && /^\d{1,10}$/.test(text) && Number(text) <= 0xffffffff;
}

function conditionSql({ field: name, test }: Condition, parameters: Parameters): string {
  const field = knownField(name);
  if (takesLower(field)) {
    const [source, destination] = field.columns;
    return testSql(field, { column: `least(${source}, ${destination!})`, of: source }, test, parameters);
  }
  return any(
    field.columns.map((column, i) =>
      testSql(field, { column, of: column, name: field.nameColumns?.[i] }, test, parameters),
    ),
  );
}

interface Subject {
  /** An expression; the column itself, mostly. */
  readonly column: string;
  /** The column whose type it has. */
  readonly of: ColumnName;
  readonly name?: ColumnName | undefined;
}

function testSql(field: Field, subject: Subject, test: Test, parameters: Parameters): string {
  const { column } = subject;
  switch (test.kind) {
    case 'in':
      return any(valuesSql(field, subject, test.values, parameters));
    case 'compare': {
      const type = unsignedType(subject.of);
      if (field.type !== 'dscp') return `${column} ${test.operator} ${parameters.add(type, test.value)}`;
      // All of a code point's six bits are above the two of ECN
      const above = test.operator === '>' || test.operator === '<=';
      const bound = test.value * 4 + (above ? 3 : 0);
      return `${column} ${test.operator} ${parameters.add(type, bound)}`;
    }
    case 'flags': {
      const bits = parameters.add(unsignedType(subject.of), test.bits);
      return test.every ? `bitAnd(${column}, ${bits}) = ${bits}` : `bitAnd(${column}, ${bits}) != 0`;
    }
    case 'text': {
      const text = parameters.add('String', test.text);
      const shown = shownSql(field, subject);
      if (test.how === 'contains') return `position(${shown}, ${text}) > 0`;
      return `${test.how === 'starts' ? 'startsWith' : 'endsWith'}(${shown}, ${text})`;
    }
    case 'match':
      return `match(${shownSql(field, subject)}, ${parameters.add('String', enginePattern(test.pattern))})`;
    case 'unknown':
      return zeroSql(field, subject, parameters);
    case 'known':
      return `NOT (${zeroSql(field, subject, parameters)})`;
  }
}

/** What people see of the field: an exporter's name, else its address; an interface's name, else its index. */
function shownSql(field: Field, { column, name }: Subject): string {
  switch (field.type) {
    case 'enum':
      return `toString(${column})`;
    case 'exporter':
      return `if(${name!} = '', replaceRegexpOne(toString(${column}), '^::ffff:', ''), toString(${name!}))`;
    case 'interface':
      return `multiIf(${name!} != '', toString(${name!}), ${column} = 0, '', toString(${column}))`;
    default:
      return column;
  }
}

function zeroSql(field: Field, { column, name }: Subject, parameters: Parameters): string {
  switch (field.type) {
    case 'address':
      return `${column} = ${parameters.add('IPv6', '::')}`;
    case 'exporter':
      return `(${column} = ${parameters.add('IPv6', '::')} AND ${name!} = '')`;
    case 'interface':
      return `(${column} = 0 AND ${name!} = '')`;
    case 'text':
      return `${column} = ''`;
    case 'enum':
      return `${column} = 'unknown'`;
    case 'dscp':
      return `${column} < 4`;
    default:
      return `${column} = 0`;
  }
}

function valuesSql(
  field: Field,
  subject: Subject,
  values: readonly Value[],
  parameters: Parameters,
): string[] {
  const { column, name } = subject;
  const out: string[] = [];
  const ranges = (
    type: string,
    list: readonly (readonly [ParameterValue & (string | number), ParameterValue & (string | number)])[],
  ): void => {
    const single = list.filter(([from, to]) => from === to).map(([from]) => from);
    if (single.length > 0) out.push(equalSql(column, type, single, parameters));
    for (const [from, to] of list)
      if (from !== to)
        out.push(`(${column} >= ${parameters.add(type, from)} AND ${column} <= ${parameters.add(type, to)})`);
  };
  const addresses = values.filter((v) => v.kind === 'address');
  if (addresses.length > 0)
    ranges(
      'IPv6',
      addresses.map((v) => [ipv6Text(v.from), ipv6Text(v.to)]),
    );

  const texts = values.filter((v) => v.kind === 'text').map((v) => v.text);
  if (texts.length > 0) out.push(equalSql(name ?? column, 'String', texts, parameters));

  const numbers = values.filter((v) => v.kind === 'number').map((v) => [v.from, v.to] as const);
  for (const text of texts) if (isIndex(field, text)) numbers.push([Number(text), Number(text)]);
  const codePoints = field.type === 'dscp';
  if (numbers.length > 0)
    ranges(
      unsignedType(subject.of),
      codePoints ? numbers.map(([from, to]) => [from * 4, to * 4 + 3]) : numbers,
    );
  return out;
}

function equalSql(
  column: string,
  type: string,
  values: readonly (string | number)[],
  parameters: Parameters,
): string {
  const distinct = [...new Set(values)];
  if (distinct.length === 1) return `${column} = ${parameters.add(type, distinct[0]!)}`;
  return `${column} IN ${parameters.add(`Array(${type})`, distinct as string[] | number[])}`;
}

function any(conditions: readonly string[]): string {
  return conditions.length === 1 ? conditions[0]! : `(${conditions.join(' OR ')})`;
}
