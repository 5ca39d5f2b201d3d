import type { Field, FieldConfig } from '@weir/plugin-sdk';
import type { Column } from '../clickhouse/columns.ts';

/** A column of ClickHouse's as a field of a frame. Arrays, tuples and maps become their JSON. */
export function fieldOf(column: Column, config?: FieldConfig, name = column.name): Field {
  const base = { name, ...(config === undefined ? {} : { config }) };
  switch (column.kind) {
    case 'number':
    case 'time':
      return {
        ...base,
        type: column.kind,
        values: column.values,
        ...(column.validity === undefined ? {} : { validity: column.validity }),
      };
    case 'boolean':
      return { ...base, type: 'boolean', values: column.values };
    case 'text':
      return { ...base, type: 'string', values: column.values };
    case 'nested':
      return { ...base, type: 'string', values: column.values.map(nestedText) };
  }
}

function nestedText(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    ArrayBuffer.isView(item) ? Array.from(item as Float64Array) : item,
  );
}

/** The text of a column's value in a row; empty for none. */
export function textAt(column: Column | undefined, row: number): string {
  if (column === undefined) return '';
  if ((column.kind === 'number' || column.kind === 'time') && column.validity !== undefined) {
    if ((column.validity[row >> 3]! & (1 << (row & 7))) === 0) return '';
  }
  const value: unknown = column.values[row];
  if (value === null || value === undefined) return '';
  if (column.kind === 'time') return new Date(value as number).toISOString();
  return column.kind === 'nested' ? nestedText(value) : String(value);
}

/** A number column of milliseconds since 1970 as times; 0 and less are no time. */
export function timeFieldOf(column: Column, name: string, config?: FieldConfig): Field {
  if (column.kind === 'time') return fieldOf(column, config, name);
  if (column.kind !== 'number') return fieldOf(column, config, name);
  const validity = new Uint8Array((column.values.length + 7) >> 3);
  let missing = 0;
  column.values.forEach((value, i) => {
    const has =
      value > 0 && (column.validity === undefined || (column.validity[i >> 3]! & (1 << (i & 7))) !== 0);
    if (has) validity[i >> 3]! |= 1 << (i & 7);
    else missing++;
  });
  return {
    name,
    type: 'time',
    values: column.values,
    ...(config === undefined ? {} : { config }),
    ...(missing === 0 ? {} : { validity }),
  };
}
