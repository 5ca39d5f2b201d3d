import type { Field, Frame, NumberValues, Utf8Values } from './frame.ts';
import { type FlatTable, type FlatValue, writeFlatBuffer } from './flatbuffer.ts';
import { fieldValidity, frameLength, isUtf8, rowIsNull } from './rows.ts';
import { utf8OfDictionary, utf8OfStrings } from './utf8-column.ts';

/**
 * Frames as Grafana takes them: Arrow's IPC *file* format, one record batch, uncompressed, frame and field properties in
 * the schema's metadata. The columns are copied once, from their typed arrays into the answer.
 *
 * Source: Arrow's columnar format (IPC, `Message.fbs`, `Schema.fbs`, `File.fbs`); the metadata keys are those of
 * Grafana's plugin SDK.
 */

/** Encodes a frame. Throws a RangeError for a frame built wrongly: fields of unequal length, times that are no times. */
export const encodeArrowFile = (frame: Frame): Uint8Array => {
  const length = frameLength(frame);
  const columns = frame.fields.map((field) => encodeColumn(field, length));
  const schema = schemaTable(frame, columns);

  const schemaMessage = message(writeFlatBuffer(messageTable(HEADER_SCHEMA, schema, 0)));
  const batch = recordBatchTable(length, columns);
  const batchMessage = message(
    writeFlatBuffer(messageTable(HEADER_RECORD_BATCH, batch.table, batch.bodyLength)),
  );
  const batchOffset = MAGIC_PADDED.length + schemaMessage.length;
  const footer = writeFlatBuffer(footerTable(schema, batchOffset, batchMessage.length, batch.bodyLength));

  const bodyOffset = batchOffset + batchMessage.length;
  const footerOffset = bodyOffset + batch.bodyLength + END_OF_STREAM.length;
  const file = new Uint8Array(footerOffset + footer.length + 4 + MAGIC.length);
  file.set(MAGIC_PADDED, 0);
  file.set(schemaMessage, MAGIC_PADDED.length);
  file.set(batchMessage, batchOffset);
  for (const { bytes, offset } of batch.buffers) file.set(bytes, bodyOffset + offset);
  file.set(END_OF_STREAM, footerOffset - END_OF_STREAM.length);
  file.set(footer, footerOffset);
  new DataView(file.buffer).setInt32(footerOffset + footer.length, footer.length, true);
  file.set(MAGIC, footerOffset + footer.length + 4);
  return file;
};

const MAGIC = new TextEncoder().encode('ARROW1');
const MAGIC_PADDED = Uint8Array.of(...MAGIC, 0, 0);
const CONTINUATION = 0xffffffff;
const END_OF_STREAM = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);
const METADATA_V5 = 4;
const HEADER_SCHEMA = 1;
const HEADER_RECORD_BATCH = 3;
const TYPE = { int: 2, float: 3, binary: 4, utf8: 5, bool: 6, timestamp: 10 } as const;
const FLOAT_SINGLE = 1;
const FLOAT_DOUBLE = 2;
const NANOSECOND = 3;

interface EncodedColumn {
  readonly nullable: boolean;
  readonly nullCount: number;
  /** Member of Arrow's type union and its table. */
  readonly type: readonly [number, FlatTable];
  /** Validity first (empty without nulls), then what the type asks for. */
  readonly buffers: readonly Uint8Array[];
}

const encodeColumn = (field: Field, length: number): EncodedColumn => {
  const validity = fieldValidity(field);
  const nullCount = validity === undefined ? 0 : countNulls(validity, length);
  const bitmap = nullCount === 0 ? new Uint8Array(0) : validity!.subarray(0, (length + 7) >> 3);
  const column = (type: readonly [number, FlatTable], ...buffers: Uint8Array[]): EncodedColumn => ({
    nullable: validity !== undefined,
    nullCount,
    type,
    buffers: [bitmap, ...buffers],
  });
  switch (field.type) {
    case 'time': {
      const nanos =
        field.values instanceof BigInt64Array
          ? field.values
          : nanosecondsOf(field.values, nullCount === 0 ? undefined : validity, field.name);
      return column([TYPE.timestamp, table(i16(NANOSECOND))], bytesOf(nanos));
    }
    case 'number':
      return column(numberType(field.values), bytesOf(field.values));
    case 'boolean':
      return column([TYPE.bool, table()], bitsOf(field.values, length));
    case 'string': {
      const text =
        'indices' in field.values
          ? utf8OfDictionary(field.values, (row) => rowIsNull(validity, row))
          : textOf(field.values);
      return column([TYPE.utf8, table()], bytesOf(text.offsets), text.bytes);
    }
    case 'json': {
      const text = textOf(field.values);
      return column([TYPE.binary, table()], bytesOf(text.offsets), text.bytes);
    }
  }
};

/** Arrow wants offsets that begin where the bytes do; slices of a longer run are taken as they are, starting at their first offset. */
const textOf = (values: readonly (string | null)[] | Utf8Values): Utf8Values => {
  if (!isUtf8(values)) return utf8OfStrings(values);
  if (values.offsets.length === 0) return { bytes: values.bytes, offsets: new Int32Array(1) };
  return { bytes: values.bytes.subarray(0, values.offsets.at(-1)), offsets: values.offsets };
};

const bytesOf = (values: ArrayBufferView): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

const bitsOf = (values: Uint8Array | readonly (boolean | null)[], length: number): Uint8Array => {
  const bits = new Uint8Array((length + 7) >> 3);
  for (let row = 0; row < length; row++) if (values[row]) bits[row >> 3] |= 1 << (row & 7);
  return bits;
};

const countNulls = (validity: Uint8Array, length: number): number => {
  let nulls = 0;
  for (let row = 0; row < length; row++) if (rowIsNull(validity, row)) nulls++;
  return nulls;
};

const TWO_32 = 2 ** 32;
const NS_PER_MS = 1_000_000;
/** 2^63 ns. */
const MAX_MS = 9_223_372_036_854;

/** Milliseconds to 64-bit nanoseconds, as two halves: a BigInt per row would cost more than all the rest. */
const nanosecondsOf = (values: Float64Array, validity: Uint8Array | undefined, name: string): Int32Array => {
  const halves = new Int32Array(values.length * 2);
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    if (!(Math.abs(value) <= MAX_MS)) {
      if (rowIsNull(validity, row)) continue;
      throw new RangeError(
        `Time field "${name}": row ${row} is ${value}, which is no point in time in milliseconds since the epoch.`,
      );
    }
    const ms = Math.floor(value);
    const high = Math.floor(ms / TWO_32);
    const low = (ms - high * TWO_32) * NS_PER_MS + Math.round((value - ms) * NS_PER_MS);
    halves[2 * row] = (low % TWO_32) | 0;
    halves[2 * row + 1] = high * NS_PER_MS + Math.floor(low / TWO_32);
  }
  return halves;
};

const i8 = (value: number): FlatValue => ({ kind: 'i8', value });
const i16 = (value: number): FlatValue => ({ kind: 'i16', value });
const i32 = (value: number): FlatValue => ({ kind: 'i32', value });
const i64 = (value: number): FlatValue => ({ kind: 'i64', value });
const string = (text: string): FlatValue => ({ kind: 'string', text });
const table = (...slots: (FlatValue | undefined)[]): FlatTable => ({ kind: 'table', slots });

const integer = (bits: number, signed: boolean): readonly [number, FlatTable] => [
  TYPE.int,
  table(i32(bits), i8(signed ? 1 : 0)),
];

const numberType = (values: NumberValues): readonly [number, FlatTable] => {
  if (values instanceof Float64Array) return [TYPE.float, table(i16(FLOAT_DOUBLE))];
  if (values instanceof Float32Array) return [TYPE.float, table(i16(FLOAT_SINGLE))];
  if (values instanceof BigInt64Array) return integer(64, true);
  if (values instanceof BigUint64Array) return integer(64, false);
  const signed = values instanceof Int8Array || values instanceof Int16Array || values instanceof Int32Array;
  return integer(values.BYTES_PER_ELEMENT * 8, signed);
};

const TS_TYPE = {
  time: 'time',
  number: 'number',
  string: 'string',
  boolean: 'boolean',
  json: 'other',
} as const;

const schemaTable = (frame: Frame, columns: readonly EncodedColumn[]): FlatTable => {
  const fields = frame.fields.map((field, index) => {
    const { nullable, type } = columns[index]!;
    const properties = {
      ...(field.labels === undefined ? {} : { labels: JSON.stringify(field.labels) }),
      ...(field.config === undefined ? {} : { config: JSON.stringify(field.config) }),
      tstype: TS_TYPE[field.type],
    };
    const noChildren: FlatValue = { kind: 'tables', items: [] };
    return table(
      string(field.name),
      i8(nullable ? 1 : 0),
      i8(type[0]),
      type[1],
      undefined,
      noChildren,
      keyValues(properties),
    );
  });
  const properties = {
    name: frame.name ?? '',
    refId: frame.refId ?? '',
    ...(frame.meta === undefined ? {} : { meta: JSON.stringify(frame.meta) }),
  };
  return table(undefined, { kind: 'tables', items: fields }, keyValues(properties));
};

const keyValues = (properties: Readonly<Record<string, string>>): FlatValue => ({
  kind: 'tables',
  items: Object.entries(properties).map(([key, value]) => table(string(key), string(value))),
});

const messageTable = (headerType: number, header: FlatTable, bodyLength: number): FlatTable =>
  table(i16(METADATA_V5), i8(headerType), header, i64(bodyLength));

interface PlacedBuffer {
  readonly bytes: Uint8Array;
  /** From the start of the body. */
  readonly offset: number;
}

const recordBatchTable = (length: number, columns: readonly EncodedColumn[]) => {
  const nodes = new BigInt64Array(columns.length * 2);
  const buffers: PlacedBuffer[] = [];
  let bodyLength = 0;
  for (const [index, { nullCount, buffers: own }] of columns.entries()) {
    nodes[2 * index] = BigInt(length);
    nodes[2 * index + 1] = BigInt(nullCount);
    for (const bytes of own) {
      buffers.push({ bytes, offset: bodyLength });
      bodyLength += (bytes.length + 7) & ~7;
    }
  }
  const places = new BigInt64Array(buffers.length * 2);
  for (const [index, { bytes, offset }] of buffers.entries()) {
    places[2 * index] = BigInt(offset);
    places[2 * index + 1] = BigInt(bytes.length);
  }
  return {
    table: table(
      i64(length),
      { kind: 'structs', count: columns.length, bytes: bytesOf(nodes) },
      { kind: 'structs', count: buffers.length, bytes: bytesOf(places) },
    ),
    buffers,
    bodyLength,
  };
};

const footerTable = (
  schema: FlatTable,
  offset: number,
  metadataLength: number,
  bodyLength: number,
): FlatTable => {
  const block = new DataView(new ArrayBuffer(24));
  block.setBigInt64(0, BigInt(offset), true);
  block.setInt32(8, metadataLength, true);
  block.setBigInt64(16, BigInt(bodyLength), true);
  return table(
    i16(METADATA_V5),
    schema,
    { kind: 'structs', count: 0, bytes: new Uint8Array(0) },
    { kind: 'structs', count: 1, bytes: bytesOf(block) },
  );
};

/** A message's metadata with its length in front. */
const message = (metadata: Uint8Array): Uint8Array => {
  const framed = new Uint8Array(8 + metadata.length);
  const view = new DataView(framed.buffer);
  view.setUint32(0, CONTINUATION, true);
  view.setInt32(4, metadata.length, true);
  framed.set(metadata, 8);
  return framed;
};
