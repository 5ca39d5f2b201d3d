import type { Column, Table } from './columns.ts';
import { readEnumItem, readTupleItem, readType } from './type-text.ts';

/** Where a reader stands in an answer. */
interface Cursor {
  readonly bytes: Buffer;
  readonly view: DataView;
  at: number;
}

type Read<T> = (cursor: Cursor) => T;

/** A type that cannot be read. */
export class UnreadableType extends Error {
  override readonly name = 'UnreadableType';
}

/**
 * Reads `RowBinaryWithNamesAndTypes`: the form of an answer that takes least to read, and that says times and numbers exactly,
 * whatever the server's time zone and settings. Arrays of numbers are copied whole.
 *
 * @throws {UnreadableType} for a column whose type has no reader
 */
export function readRowBinary(bytes: Buffer): Table {
  if (bytes.length === 0) return { rows: 0, columns: [] };
  const cursor: Cursor = {
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    at: 0,
  };
  const count = readLength(cursor);
  const names = Array.from({ length: count }, () => readText(cursor));
  const types = Array.from({ length: count }, () => readText(cursor));
  const builders = names.map((name, i) => builder(name, types[i]!));
  let rows = 0;
  try {
    while (cursor.at < bytes.length) {
      for (const { add } of builders) add(cursor);
      rows++;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Error('the answer ends within a row', { cause: error });
  }
  if (cursor.at > bytes.length) throw new Error('the answer ends within a row');
  return { rows, columns: builders.map(({ finish }) => finish()) };
}

interface Builder {
  readonly add: (cursor: Cursor) => void;
  readonly finish: () => Column;
}

function builder(name: string, type: string): Builder {
  let inner = readType(type);
  let nullable = false;
  while (inner.name === 'Nullable' || inner.name === 'LowCardinality') {
    nullable ||= inner.name === 'Nullable';
    inner = readType(inner.arguments[0]!);
  }
  const bare = inner.arguments.length === 0 ? inner.name : `${inner.name}(${inner.arguments.join(', ')})`;
  const number = NUMBERS[inner.name];
  if (number !== undefined) return numberBuilder(name, type, 'number', number, nullable);
  const long = LONGS[inner.name];
  if (long !== undefined) return longBuilder(name, type, long, nullable);
  const time = timeReader(inner.name, inner.arguments);
  if (time !== undefined) return numberBuilder(name, type, 'time', time, nullable);
  if (inner.name.startsWith('Decimal'))
    return numberBuilder(name, type, 'number', decimalReader(inner.name, inner.arguments), nullable);
  const read = reader(bare, name);
  const values: unknown[] = [];
  const add = (cursor: Cursor): void => {
    values.push(nullable && cursor.bytes[cursor.at++] === 1 ? null : read(cursor));
  };
  const kind = inner.name === 'Bool' ? 'boolean' : NESTED.has(inner.name) ? 'nested' : 'text';
  return { add, finish: () => ({ kind, name, type, values }) as Column };
}

function numberBuilder(
  name: string,
  type: string,
  kind: 'number' | 'time',
  read: Read<number>,
  nullable: boolean,
): Builder {
  let values = new Float64Array(64);
  let validity = nullable ? new Uint8Array(8) : undefined;
  let length = 0;
  const add = (cursor: Cursor): void => {
    if (length === values.length) {
      values = grown(values, new Float64Array(length * 2));
      if (validity !== undefined) validity = grown(validity, new Uint8Array(length / 4));
    }
    if (validity === undefined) values[length] = read(cursor);
    else if (cursor.bytes[cursor.at++] === 0) {
      values[length] = read(cursor);
      validity[length >> 3]! |= 1 << (length & 7);
    }
    length++;
  };
  const finish = (): Column => ({
    kind,
    name,
    type,
    values: values.subarray(0, length),
    ...(validity === undefined ? {} : { validity: validity.subarray(0, (length + 7) >> 3) }),
  });
  return { add, finish };
}

/** 64-bit integers: numbers as long as a double holds them, from then on the column is a text. */
function longBuilder(name: string, type: string, read: Read<bigint>, nullable: boolean): Builder {
  const safe = numberBuilder(
    name,
    type,
    'number',
    (cursor) => {
      const low = cursor.view.getUint32(cursor.at, true);
      const high = signed
        ? cursor.view.getInt32(cursor.at + 4, true)
        : cursor.view.getUint32(cursor.at + 4, true);
      const value = high * 0x1_0000_0000 + low;
      if (!Number.isSafeInteger(value)) unsafe.set(rows, read({ ...cursor }));
      cursor.at += 8;
      return value;
    },
    nullable,
  );
  const signed = type.includes('(Int64') || type.startsWith('Int64');
  const unsafe = new Map<number, bigint>();
  let rows = 0;
  return {
    add: (cursor) => {
      safe.add(cursor);
      rows++;
    },
    finish: () => {
      const column = safe.finish();
      if (unsafe.size === 0 || column.kind !== 'number') return column;
      const values = Array.from(column.values, (value, i) =>
        column.validity !== undefined && (column.validity[i >> 3]! & (1 << (i & 7))) === 0
          ? null
          : String(unsafe.get(i) ?? value),
      );
      return { kind: 'text', name, type, values };
    },
  };
}

function grown<T extends Float64Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

const NUMBERS: Readonly<Record<string, Read<number>>> = {
  UInt8: (c) => c.view.getUint8(c.at++),
  Int8: (c) => c.view.getInt8(c.at++),
  UInt16: (c) => c.view.getUint16((c.at += 2) - 2, true),
  Int16: (c) => c.view.getInt16((c.at += 2) - 2, true),
  UInt32: (c) => c.view.getUint32((c.at += 4) - 4, true),
  Int32: (c) => c.view.getInt32((c.at += 4) - 4, true),
  Float32: (c) => c.view.getFloat32((c.at += 4) - 4, true),
  Float64: (c) => c.view.getFloat64((c.at += 8) - 8, true),
};
const LONGS: Readonly<Record<string, Read<bigint>>> = {
  UInt64: (c) => c.view.getBigUint64((c.at += 8) - 8, true),
  Int64: (c) => c.view.getBigInt64((c.at += 8) - 8, true),
};
const NESTED: ReadonlySet<string> = new Set([
  'Array',
  'Tuple',
  'Map',
  'Nested',
  'Point',
  'Ring',
  'Polygon',
  'MultiPolygon',
]);
const DAY_MS = 86_400_000;

/** Times as milliseconds since 1970. */
function timeReader(name: string, args: readonly string[]): Read<number> | undefined {
  switch (name) {
    case 'Date':
      return (c) => NUMBERS['UInt16']!(c) * DAY_MS;
    case 'Date32':
      return (c) => NUMBERS['Int32']!(c) * DAY_MS;
    case 'DateTime':
      return (c) => NUMBERS['UInt32']!(c) * 1000;
    case 'DateTime64': {
      const unit = 10 ** (Number(args[0]) - 3);
      return (c) => Number(LONGS['Int64']!(c)) / unit;
    }
    default:
      return undefined;
  }
}

/** Decimals as the nearest double. */
function decimalReader(name: string, args: readonly string[]): Read<number> {
  const precision =
    name === 'Decimal' ? Number(args[0]) : ({ Decimal32: 9, Decimal64: 18, Decimal128: 38 }[name] ?? 76);
  const scale = 10 ** Number(args.at(-1));
  const bytes = precision <= 9 ? 4 : precision <= 18 ? 8 : precision <= 38 ? 16 : 32;
  return (c) => Number(readBig(c, bytes, true)) / scale;
}

/** A reader of single values, for what stands in arrays and for all that is no number or time. */
function reader(type: string, column: string): Read<unknown> {
  const { name, arguments: args } = readType(type);
  const number = NUMBERS[name];
  if (number !== undefined) return number;
  const time = timeReader(name, args);
  if (time !== undefined) return (c) => new Date(time(c)).toISOString();
  switch (name) {
    case 'UInt64':
    case 'Int64': {
      const long = LONGS[name]!;
      return (c) => {
        const value = long(c);
        return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
      };
    }
    case 'UInt128':
    case 'UInt256':
    case 'Int128':
    case 'Int256':
      return (c) => String(readBig(c, Number(name.slice(-3)) / 8, name.startsWith('I')));
    case 'String':
      return readText;
    case 'FixedString': {
      const length = Number(args[0]);
      return (c) => c.bytes.toString('utf8', c.at, (c.at += length)).replace(/\0+$/, '');
    }
    case 'Bool':
      return (c) => c.bytes[c.at++] !== 0;
    case 'Enum8':
    case 'Enum16': {
      const names = new Map(args.map(readEnumItem));
      const value = name === 'Enum8' ? NUMBERS['Int8']! : NUMBERS['Int16']!;
      return (c) => {
        const code = value(c);
        return names.get(code) ?? String(code);
      };
    }
    case 'UUID':
      return readUuid;
    case 'IPv4':
      return (c) => {
        const value = c.view.getUint32((c.at += 4) - 4, true);
        return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
      };
    case 'IPv6':
      return readAddress;
    case 'Nothing':
      return () => null;
    case 'LowCardinality':
      return reader(args[0]!, column);
    case 'Nullable': {
      const inner = reader(args[0]!, column);
      return (c) => (c.bytes[c.at++] === 1 ? null : inner(c));
    }
    case 'Array':
      return arrayReader(args[0]!, column);
    case 'Nested': {
      const tuple = reader(`Tuple(${args.join(', ')})`, column);
      return (c) => Array.from({ length: readLength(c) }, () => tuple(c));
    }
    case 'Point':
      return reader('Tuple(Float64, Float64)', column);
    case 'Ring':
      return reader('Array(Point)', column);
    case 'Polygon':
      return reader('Array(Ring)', column);
    case 'MultiPolygon':
      return reader('Array(Polygon)', column);
    case 'Tuple': {
      const items = args
        .map(readTupleItem)
        .map((item) => ({ name: item.name, read: reader(item.type, column) }));
      if (items.every((item) => item.name !== undefined))
        return (c) => Object.fromEntries(items.map((item) => [item.name!, item.read(c)]));
      return (c) => items.map((item) => item.read(c));
    }
    case 'Map': {
      const key = reader(args[0]!, column);
      const value = reader(args[1]!, column);
      return (c) =>
        Object.fromEntries(Array.from({ length: readLength(c) }, () => [String(key(c)), value(c)] as const));
    }
    case 'SimpleAggregateFunction':
      return reader(args[1]!, column);
    default:
      if (name.startsWith('Interval')) return (c) => String(LONGS['Int64']!(c));
      if (name.startsWith('Decimal')) return decimalReader(name, args);
      throw new UnreadableType(
        `Column ${column} is of type ${type}, which has no place in a frame: toString(${column}), say, has.`,
      );
  }
}

function arrayReader(item: string, column: string): Read<unknown> {
  if (item === 'Float64')
    return (c) => {
      const values = new Float64Array(readLength(c));
      copyInto(c, new Uint8Array(values.buffer));
      return values;
    };
  if (item === 'UInt32')
    return (c) => {
      const values = new Uint32Array(readLength(c));
      copyInto(c, new Uint8Array(values.buffer));
      return values;
    };
  const read = reader(item, column);
  return (c) => {
    const length = readLength(c);
    const values: unknown[] = [];
    for (let i = 0; i < length; i++) values.push(read(c));
    return values;
  };
}

/** Little-endian as the machine is: there is no other that Grafana runs on but s390x, which Node's typed arrays would need turned. */
function copyInto(cursor: Cursor, target: Uint8Array): void {
  if (cursor.at + target.length > cursor.bytes.length) throw new RangeError('end of the answer');
  target.set(cursor.bytes.subarray(cursor.at, cursor.at + target.length));
  cursor.at += target.length;
}

/** LEB128. */
function readLength(cursor: Cursor): number {
  let value = 0;
  let factor = 1;
  for (;;) {
    const byte = cursor.bytes[cursor.at++];
    if (byte === undefined) throw new RangeError('end of the answer');
    value += (byte & 127) * factor;
    if (byte < 128) break;
    factor *= 128;
  }
  if (value > cursor.bytes.length) throw new RangeError('end of the answer');
  return value;
}

function readText(cursor: Cursor): string {
  const length = readLength(cursor);
  const from = cursor.at;
  cursor.at += length;
  if (length > 24) return cursor.bytes.toString('utf8', from, cursor.at);
  // Short texts are mostly ASCII: a call into the decoder costs more than they do.
  let text = '';
  for (let i = from; i < cursor.at; i++) {
    const code = cursor.bytes[i]!;
    if (code > 127) return cursor.bytes.toString('utf8', from, cursor.at);
    text += String.fromCharCode(code);
  }
  return text;
}

function readBig(cursor: Cursor, bytes: number, signed: boolean): bigint {
  if (bytes === 4) return BigInt(NUMBERS['Int32']!(cursor));
  let value = 0n;
  for (let i = bytes - 8; i >= 0; i -= 8)
    value = (value << 64n) | cursor.view.getBigUint64(cursor.at + i, true);
  cursor.at += bytes;
  return signed ? BigInt.asIntN(bytes * 8, value) : value;
}

/** Two little-endian halves. */
function readUuid(cursor: Cursor): string {
  const half = (at: number): string => cursor.view.getBigUint64(at, true).toString(16).padStart(16, '0');
  const hex = half(cursor.at) + half(cursor.at + 8);
  cursor.at += 16;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** As people write it (RFC 5952), IPv4-mapped ones dotted. */
function readAddress(cursor: Cursor): string {
  const groups = Array.from({ length: 8 }, (_, i) => cursor.view.getUint16(cursor.at + 2 * i));
  const bytes = cursor.bytes.subarray(cursor.at, cursor.at + 16);
  cursor.at += 16;
  if (groups.slice(0, 5).every((g) => g === 0) && groups[5] === 0xffff) return bytes.subarray(12).join('.');
  let best = { from: -1, length: 1 };
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length++;
    if (length > best.length) best = { from: i, length };
  }
  const hex = groups.map((group) => group.toString(16));
  if (best.from < 0) return hex.join(':');
  return `${hex.slice(0, best.from).join(':')}::${hex.slice(best.from + best.length).join(':')}`;
}
