import {
  type Column,
  type ColumnName,
  type FlowBatch,
  addressText,
  at,
  columnByName,
  columnIndex,
  fieldByName,
  layoutOf,
} from '@weir/core';
import { dscpNames, flagsText, protocolNames } from '@weir/core/filter';

/**
 * One value of a row as people read it, in two steps: `put` takes from the row the few words that the value depends on, which is
 * cheap and can be a group's key; `show` makes text or a number of them. Words hold as long as the batch is not reset.
 *
 * Columns that nobody has sent read as zero, and are not brought into being by the reading.
 */
export interface Cell {
  readonly name: string;
  /** How many words `put` writes. */
  readonly words: number;
  readonly bind: (batch: FlowBatch) => BoundCell;
}

export interface BoundCell {
  put(row: number, out: Uint32Array, offset: number): void;
  show(words: Uint32Array, offset: number): string | number;
}

const protocolByNumber = firstNames(protocolNames);
const dscpByNumber = firstNames(dscpNames);
const TWO_32 = 4294967296;

/** A column of `network_flows` or a field of one column, by name or alias; undefined where there is none, or where it is two. */
export function cellOf(name: string): Cell | undefined {
  const lower = name.toLowerCase();
  const time = timeCell(lower);
  if (time !== undefined) return time;
  const field = fieldByName(lower);
  if (field?.name === 'service') return serviceCell();
  const column = columnByName(lower);
  // Where a field and a column share a name the field holds; a field's alias that is a column's name means the column.
  if (field?.columns.length === 1 && (field.name === lower || column === undefined))
    return fieldCell(lower, field.type, field.columns[0], field.nameColumns?.[0]);
  if (column === undefined || column.alias !== undefined) return undefined;
  return fieldCell(lower, typeOf(column), column.name as ColumnName, undefined);
}

function typeOf(column: Column): string {
  if (column.type === 'IPv6') return 'address';
  if (column.type.startsWith('Enum8')) return 'enum';
  return 'number';
}

function fieldCell(
  name: string,
  type: string,
  columnName: ColumnName,
  nameColumn: ColumnName | undefined,
): Cell {
  const column = columnByName(columnName)!;
  const index = columnIndex(columnName);
  const layout = layoutOf(column.type);
  if (type === 'exporter')
    return namedCell(name, at.exporter_name, at.collector_ip, 4, (w, o) => addressText(w, o));
  if (type === 'interface' && nameColumn !== undefined)
    return namedCell(name, columnIndex(nameColumn), index, 1, (w, o) => String(w[o]!));
  if (layout.text) return textCell(name, index);
  const words = layout.words;
  const show = showAs(type, column);
  return {
    name,
    words,
    bind: (batch) => {
      if (!batch.has(index)) return { put: zeros(words), show };
      const values = batch.array(index);
      if (words === 1)
        return {
          put: (row, out, offset) => {
            out[offset] = type === 'dscp' ? values[row]! >>> 2 : values[row]!;
          },
          show,
        };
      return {
        put: (row, out, offset) => {
          for (let w = 0; w < words; w++) out[offset + w] = values[row * words + w]!;
        },
        show,
      };
    },
  };
}

function showAs(type: string, column: Column): BoundCell['show'] {
  switch (type) {
    case 'protocol':
      return (w, o) => protocolByNumber.get(w[o]!) ?? String(w[o]!);
    case 'dscp':
      return (w, o) => dscpByNumber.get(w[o]!) ?? String(w[o]!);
    case 'flags':
      return (w, o) => flagsText(w[o]!);
    case 'as':
      return (w, o) => `AS${w[o]!}`;
    case 'mac':
      return (w, o) => macText(w[o]!, w[o + 1]!);
    case 'enum': {
      const names = enumNames(column.type);
      return (w, o) => names.get(w[o]!) ?? String(w[o]!);
    }
  }
  if (column.type === 'IPv6') return addressText;
  if (column.type === 'Int64') return (w, o) => (w[o + 1]! | 0) * TWO_32 + w[o]!;
  if (column.type === 'UInt64') return (w, o) => w[o + 1]! * TWO_32 + w[o]!;
  return (w, o) => w[o]!;
}

function textCell(name: string, index: number): Cell {
  return {
    name,
    words: 1,
    bind: (batch) => {
      if (!batch.has(index)) return { put: zeros(1), show: () => '' };
      const ids = batch.u32(index);
      const dictionary = batch.dictionary(index);
      return {
        put: (row, out, offset) => {
          out[offset] = ids[row]!;
        },
        show: (words, offset) => dictionary.text(words[offset]!),
      };
    },
  };
}

/** By name where the row has one, else by what the name stands for. */
function namedCell(
  name: string,
  nameIndex: number,
  index: number,
  width: number,
  show: (words: Uint32Array, offset: number) => string,
): Cell {
  return {
    name,
    words: 1 + width,
    bind: (batch) => {
      const ids = batch.has(nameIndex) ? batch.u32(nameIndex) : undefined;
      const dictionary = ids === undefined ? undefined : batch.dictionary(nameIndex);
      const values = batch.has(index) ? batch.u32(index) : undefined;
      return {
        put: (row, out, offset) => {
          const id = ids?.[row] ?? 0;
          out[offset] = id;
          for (let w = 0; w < width; w++)
            out[offset + 1 + w] = id === 0 && values !== undefined ? values[row * width + w]! : 0;
        },
        show: (words, offset) =>
          words[offset] === 0 ? show(words, offset + 1) : dictionary!.text(words[offset]!),
      };
    },
  };
}

/** The lower of the two ports. */
function serviceCell(): Cell {
  return {
    name: 'service',
    words: 1,
    bind: (batch) => {
      const source = batch.has(at.source_port) ? batch.u16(at.source_port) : undefined;
      const destination = batch.has(at.destination_port) ? batch.u16(at.destination_port) : undefined;
      return {
        put: (row, out, offset) => {
          out[offset] = Math.min(source?.[row] ?? 0, destination?.[row] ?? 0);
        },
        show: (words, offset) => words[offset]!,
      };
    },
  };
}

/** Instants, in milliseconds since 1970; 0 where not known. */
function timeCell(name: string): Cell | undefined {
  if (!['timestamp', 'created_at', 'flow_start_time', 'flow_end_time'].includes(name)) return undefined;
  const ends = name === 'flow_end_time' || name === 'flow_start_time';
  return {
    name,
    words: 2,
    bind: (batch) => {
      const received = batch.has(at.timestamp) ? batch.u32(at.timestamp) : undefined;
      const lag = ends && batch.has(at.end_lag_ms) ? batch.u32(at.end_lag_ms) : undefined;
      const duration =
        name === 'flow_start_time' && batch.has(at.duration_ms) ? batch.u32(at.duration_ms) : undefined;
      return {
        put: (row, out, offset) => {
          let ms = (received?.[row] ?? 0) * 1000;
          if (lag !== undefined) ms -= (lag[2 * row + 1]! | 0) * TWO_32 + lag[2 * row]!;
          if (duration !== undefined) ms -= duration[row]!;
          out[offset] = ms;
          out[offset + 1] = Math.floor(ms / TWO_32);
        },
        show: (words, offset) => (words[offset + 1]! | 0) * TWO_32 + words[offset]!,
      };
    },
  };
}

function zeros(words: number): BoundCell['put'] {
  return (_row, out, offset) => {
    out.fill(0, offset, offset + words);
  };
}

function macText(low: number, high: number): string {
  const hex = (high & 0xffff).toString(16).padStart(4, '0') + low.toString(16).padStart(8, '0');
  return hex.match(/../g)!.join(':');
}

/** By number; of several names the first. */
function firstNames(
  names: readonly (readonly [name: string, number: number])[],
): ReadonlyMap<number, string> {
  return new Map([...names].reverse().map(([name, number]) => [number, name]));
}

function enumNames(type: string): ReadonlyMap<number, string> {
  return new Map([...type.matchAll(/'([^']*)' = (\d+)/g)].map(([, name, number]) => [Number(number), name!]));
}
