import { DataType, tableFromIPC } from 'apache-arrow';
import type { FieldConfig, FrameMeta } from '../frame/frame.ts';
import type { DataFrameJson, EntitiesJson } from '../frame/json.ts';

/** A frame as a test reads it. */
export interface DecodedFrame {
  readonly name: string;
  readonly refId: string;
  readonly meta: FrameMeta | undefined;
  readonly fields: readonly DecodedField[];
  /** Number of rows. */
  readonly length: number;
}

export interface DecodedField {
  readonly name: string;
  readonly type: 'time' | 'number' | 'string' | 'boolean' | 'other';
  /** Arrow's name of the exact type, such as `Float64`. */
  readonly arrowType: string;
  readonly nullable: boolean;
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly config: FieldConfig | undefined;
  /** Times in milliseconds, all numbers as JavaScript numbers, JSON parsed, nulls as null. */
  readonly values: readonly unknown[];
}

/** Decodes an answer as Grafana does, by the reference implementation of Arrow. Throws on what is no Arrow file. */
export const decodeArrowFile = (bytes: Uint8Array): DecodedFrame => {
  if (new TextDecoder().decode(bytes.subarray(0, 6)) !== 'ARROW1') {
    throw new Error('Not an Arrow file: Grafana refuses the stream format.');
  }
  const table = tableFromIPC(bytes);
  const meta = table.schema.metadata.get('meta');
  return {
    name: table.schema.metadata.get('name') ?? '',
    refId: table.schema.metadata.get('refId') ?? '',
    meta: meta === undefined ? undefined : (JSON.parse(meta) as FrameMeta),
    length: table.numRows,
    fields: table.schema.fields.map((field, index) => {
      const column = table.getChildAt(index);
      const read = readerOf(field.type as DataType);
      const json = (key: string): unknown => {
        const text = field.metadata.get(key);
        return text === undefined ? undefined : JSON.parse(text);
      };
      return {
        name: field.name,
        type: (field.metadata.get('tstype') ?? 'other') as DecodedField['type'],
        arrowType: String(field.type),
        nullable: field.nullable,
        labels: json('labels') as DecodedField['labels'],
        config: json('config') as DecodedField['config'],
        values: Array.from({ length: table.numRows }, (_, row) => {
          const value: unknown = column?.get(row);
          return value === null || value === undefined ? null : read(value);
        }),
      };
    }),
  };
};

const readerOf = (type: DataType): ((value: unknown) => unknown) => {
  if (DataType.isBinary(type))
    return (value) => JSON.parse(new TextDecoder().decode(value as Uint8Array)) as unknown;
  if (DataType.isUtf8(type) || DataType.isBool(type)) return (value) => value;
  return Number;
};

/** A decoded frame in the form that Grafana's server gives to browsers. */
export const decodedToJson = (frame: DecodedFrame): DataFrameJson => {
  const entities = frame.fields.map((field): EntitiesJson | null => {
    const odd: EntitiesJson = {};
    for (const [row, value] of field.values.entries()) {
      if (typeof value !== 'number' || Number.isFinite(value)) continue;
      (odd[Number.isNaN(value) ? 'NaN' : value > 0 ? 'Inf' : 'NegInf'] ??= []).push(row);
    }
    return Object.keys(odd).length === 0 ? null : odd;
  });
  return {
    schema: {
      name: frame.name,
      refId: frame.refId,
      ...(frame.meta === undefined ? {} : { meta: frame.meta }),
      fields: frame.fields.map(({ name, type, arrowType, nullable, labels, config }) => ({
        name,
        type,
        typeInfo: {
          frame: GO_TYPES[type] ?? arrowType.toLowerCase(),
          ...(nullable ? { nullable: true as const } : {}),
        },
        ...(labels === undefined ? {} : { labels }),
        ...(config === undefined ? {} : { config }),
      })),
    },
    data: {
      values: frame.fields.map((field) =>
        field.values.map((value) => (typeof value === 'number' && !Number.isFinite(value) ? null : value)),
      ),
      ...(entities.some((each) => each !== null) ? { entities } : {}),
    },
  };
};

const GO_TYPES: Readonly<Record<string, string>> = {
  time: 'time.Time',
  string: 'string',
  boolean: 'bool',
  other: 'json.RawMessage',
};
