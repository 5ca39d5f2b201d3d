/** An answer of ClickHouse, column by column. */
export interface Table {
  readonly rows: number;
  readonly columns: readonly Column[];
}

interface Named {
  readonly name: string;
  /** As ClickHouse calls it. */
  readonly type: string;
}

/** Numbers of any type; 64-bit ones that a double cannot hold make the column a text. */
export interface NumberColumn extends Named {
  readonly kind: 'number';
  readonly values: Float64Array;
  /** A bit a row, 1 where there is a value; absent where all have one. */
  readonly validity?: Uint8Array;
}
/** Milliseconds since 1970. */
export interface TimeColumn extends Named {
  readonly kind: 'time';
  readonly values: Float64Array;
  readonly validity?: Uint8Array;
}
export interface BooleanColumn extends Named {
  readonly kind: 'boolean';
  readonly values: readonly (boolean | null)[];
}
export interface TextColumn extends Named {
  readonly kind: 'text';
  readonly values: readonly (string | null)[];
}
/** Arrays, tuples and maps: `Float64Array`, `Uint32Array`, arrays, objects. */
export interface NestedColumn extends Named {
  readonly kind: 'nested';
  readonly values: readonly unknown[];
}
export type Column = NumberColumn | TimeColumn | BooleanColumn | TextColumn | NestedColumn;

/** A column that our own statement names; its absence is a fault of ours. */
function column<K extends Column['kind']>(table: Table, name: string, kind: K): Extract<Column, { kind: K }> {
  const found = table.columns.find((c) => c.name === name);
  if (found === undefined)
    throw new Error(
      `the answer has no column ${name}: it has ${table.columns.map((c) => c.name).join(', ')}`,
    );
  if (found.kind !== kind) throw new Error(`column ${name} of the answer is ${found.type}, not a ${kind}`);
  return found as Extract<Column, { kind: K }>;
}

export function numbersOf(table: Table, name: string): Float64Array {
  return column(table, name, 'number').values;
}

/** Where the column may be left out. */
export function optionalNumbersOf(table: Table, name: string): Float64Array | undefined {
  return table.columns.some((c) => c.name === name) ? numbersOf(table, name) : undefined;
}

export function textsOf(table: Table, name: string): readonly string[] {
  return column(table, name, 'text').values.map((value) => value ?? '');
}

/** Arrays of texts. */
export function textListsOf(table: Table, name: string): readonly (readonly string[])[] {
  return column(table, name, 'nested').values as readonly (readonly string[])[];
}

/** Arrays of numbers. */
export function numberListsOf(table: Table, name: string): readonly ArrayLike<number>[] {
  return column(table, name, 'nested').values as readonly ArrayLike<number>[];
}
