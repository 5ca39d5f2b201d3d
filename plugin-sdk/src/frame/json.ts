import type { Field, Frame, FrameMeta, FieldConfig } from './frame.ts';
import type { FrameInclude } from '../streams/stream.ts';
import { fieldLength, fieldValidity, frameLength, isUtf8, rowIsNull } from './rows.ts';

/** A frame as JSON, the form of live packets. Source: `DataFrameJSON` of `@grafana/data`. */
export interface DataFrameJson {
  schema?: {
    name?: string;
    refId?: string;
    meta?: FrameMeta;
    fields: FieldSchemaJson[];
  };
  data?: {
    /** One array per field. */
    values: unknown[][];
    /** What JSON numbers cannot say, by row; null for fields without. */
    entities?: (EntitiesJson | null)[];
    /** Nanoseconds beyond the milliseconds in `values`, by field; null for fields without. */
    nanos?: (number[] | null)[];
  };
}

export interface FieldSchemaJson {
  name: string;
  type: 'time' | 'number' | 'string' | 'boolean' | 'other';
  typeInfo: { frame: string; nullable?: true };
  labels?: Readonly<Record<string, string>>;
  config?: FieldConfig;
}

export interface EntitiesJson {
  NaN?: number[];
  Inf?: number[];
  NegInf?: number[];
}

/** A frame as a plain value for `JSON.stringify`. Throws a RangeError when the frame's fields differ in length. */
export const frameToJson = (frame: Frame, include: FrameInclude = 'all'): DataFrameJson => {
  const length = frameLength(frame);
  const json: DataFrameJson = {};
  if (include !== 'data') {
    json.schema = {
      ...(frame.name === undefined ? {} : { name: frame.name }),
      ...(frame.refId === undefined ? {} : { refId: frame.refId }),
      ...(frame.meta === undefined ? {} : { meta: frame.meta }),
      fields: frame.fields.map(fieldSchema),
    };
  }
  if (include !== 'schema') {
    const columns = frame.fields.map((field) => columnOf(field, length));
    json.data = { values: columns.map((column) => column.values) };
    if (columns.some((column) => column.entities)) {
      json.data.entities = columns.map((column) => column.entities ?? null);
    }
    if (columns.some((column) => column.nanos)) {
      json.data.nanos = columns.map((column) => column.nanos ?? null);
    }
  }
  return json;
};

const fieldSchema = (field: Field): FieldSchemaJson => ({
  name: field.name,
  type: field.type === 'json' ? 'other' : field.type,
  typeInfo: {
    frame: goTypeOf(field),
    ...(fieldValidity(field) === undefined ? {} : { nullable: true as const }),
  },
  ...(field.labels === undefined ? {} : { labels: field.labels }),
  ...(field.config === undefined ? {} : { config: field.config }),
});

/** Grafana's name of the exact type of a column. */
const goTypeOf = (field: Field): string => {
  switch (field.type) {
    case 'time':
      return 'time.Time';
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    case 'json':
      return 'json.RawMessage';
    case 'number':
      return NUMBER_NAMES[field.values.constructor.name] ?? 'float64';
  }
};

const NUMBER_NAMES: Readonly<Record<string, string>> = {
  Float64Array: 'float64',
  Float32Array: 'float32',
  Int8Array: 'int8',
  Int16Array: 'int16',
  Int32Array: 'int32',
  BigInt64Array: 'int64',
  Uint8Array: 'uint8',
  Uint16Array: 'uint16',
  Uint32Array: 'uint32',
  BigUint64Array: 'uint64',
};

interface Column {
  values: unknown[];
  entities?: EntitiesJson;
  nanos?: number[];
}

const columnOf = (field: Field, length: number): Column => {
  const validity = fieldValidity(field);
  switch (field.type) {
    case 'time':
      return timeColumn(field.values, validity);
    case 'number':
      return numberColumn(field.values, validity);
    case 'boolean': {
      const values = field.values;
      return {
        values: Array.from({ length }, (_, row) => (rowIsNull(validity, row) ? null : Boolean(values[row]))),
      };
    }
    case 'string':
    case 'json': {
      const textAt = textReader(field.values);
      const read = field.type === 'json' ? (row: number): unknown => JSON.parse(textAt(row)) : textAt;
      return {
        values: Array.from({ length: fieldLength(field) }, (_, row) =>
          rowIsNull(validity, row) ? null : read(row),
        ),
      };
    }
  }
};

const timeColumn = (values: Float64Array | BigInt64Array, validity: Uint8Array | undefined): Column => {
  const column: Column = { values: [] };
  const nanos: number[] = [];
  let sub = false;
  for (let row = 0; row < values.length; row++) {
    if (rowIsNull(validity, row)) {
      column.values.push(null);
      nanos.push(0);
      continue;
    }
    const value = values[row]!;
    let ms: number;
    let rest: number;
    if (typeof value === 'bigint') {
      rest = Number(((value % 1_000_000n) + 1_000_000n) % 1_000_000n);
      ms = Number((value - BigInt(rest)) / 1_000_000n);
    } else {
      ms = Math.floor(value);
      rest = Math.round((value - ms) * 1e6);
    }
    column.values.push(ms);
    nanos.push(rest);
    sub ||= rest !== 0;
  }
  if (sub) column.nanos = nanos;
  return column;
};

const numberColumn = (values: ArrayLike<number | bigint>, validity: Uint8Array | undefined): Column => {
  const column: Column = { values: new Array<unknown>(values.length) };
  for (let row = 0; row < values.length; row++) {
    if (rowIsNull(validity, row)) {
      column.values[row] = null;
      continue;
    }
    const value = Number(values[row]);
    if (Number.isFinite(value)) {
      column.values[row] = value;
      continue;
    }
    column.values[row] = null;
    const kind = Number.isNaN(value) ? 'NaN' : value > 0 ? 'Inf' : 'NegInf';
    ((column.entities ??= {})[kind] ??= []).push(row);
  }
  return column;
};

type TextValues = Extract<Field, { type: 'string' | 'json' }>['values'];

/** Text of a row that is not null. */
export const textReader = (values: TextValues): ((row: number) => string) => {
  if ('indices' in values) return (row) => values.dictionary[values.indices[row]!] ?? '';
  if (isUtf8(values)) {
    const { bytes, offsets } = values;
    const decoder = new TextDecoder();
    return (row) => decoder.decode(bytes.subarray(offsets[row]!, offsets[row + 1]!));
  }
  return (row) => values[row] ?? '';
};
