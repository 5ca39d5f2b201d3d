import type { ColumnName } from '../columns.ts';
import { type Field, fieldByName, mirrored } from '../fields/fields.ts';
import { dscpNames, flagNames, protocolNames } from '../filter/value-names.ts';
import { foldedBits } from './flow-columns.ts';

/** Addresses in keys are cut to prefixes of so many bits. */
export interface Prefixes {
  readonly prefix4: number;
  readonly prefix6: number;
}

/** A field as a key of groups. */
export interface Key {
  readonly field: string;
  /** Means either end: each flow counts at both. */
  readonly either: boolean;
  /** The other end sees another field. */
  readonly mirrors: boolean;
  /** What is grouped by, of a row of a table: of the source end (or of the only one), and of the destination end. */
  readonly source: string;
  readonly destination: string;
  /** Bits of `folded` that say that a row of a rollup has no value here. */
  readonly sourceFolded: number;
  readonly destinationFolded: number;
  /** Columns that are read. */
  readonly columns: readonly ColumnName[];
  /** The key as people read it, such that `field = "text"` finds it again in the filter language. */
  readonly text: (key: string) => string;
  /** So many keys that a list of the heaviest is made first. */
  readonly many: boolean;
}

export function keyOf(field: Field, prefixes: Prefixes): Key {
  const [first, second] = field.columns;
  const either = second !== undefined && field.name !== 'service';
  const at = (end: 0 | 1): string => keySql(field, end, prefixes);
  const bits = (columns: readonly ColumnName[]): number =>
    columns.reduce((all, c) => all | (foldedBits.get(c) ?? 0), 0);
  const service = field.name === 'service';
  return {
    field: field.name,
    either,
    mirrors: field.mirror !== undefined,
    source: at(0),
    destination: either ? at(1) : at(0),
    sourceFolded: bits(service ? field.columns : [first]),
    destinationFolded: bits(service ? field.columns : [second ?? first]),
    columns: [...field.columns, ...namesOf(field)],
    text: (key) => textSql(field, key, prefixes),
    many:
      !['protocol', 'enum', 'dscp', 'flags', 'exporter', 'interface'].includes(field.type) && !field.listed,
  };
}

/** The keys as the other end of the flow sees them. */
export function mirroredKey(key: Key, prefixes: Prefixes): Key {
  return keyOf(mirrored(fieldByName(key.field)!), prefixes);
}

function namesOf(field: Field): readonly ColumnName[] {
  return field.type === 'exporter' ? ['exporter_name'] : (field.nameColumns ?? []);
}

function keySql(field: Field, end: 0 | 1, prefixes: Prefixes): string {
  const column = field.columns[end] ?? field.columns[0];
  if (field.name === 'service') return 'least(source_port, destination_port)';
  switch (field.type) {
    case 'address':
      return prefixSql(column, prefixes);
    case 'exporter':
      return `if(exporter_name = '', ${addressText('collector_ip')}, toString(exporter_name))`;
    case 'interface': {
      const name = namesOf(field)[end] ?? namesOf(field)[0]!;
      return `if(${name} = '', toString(${column}), toString(${name}))`;
    }
    case 'dscp':
      return `bitShiftRight(${column}, 2)`;
    default:
      return column;
  }
}

/** An address in its usual form, IPv4 dotted. */
export function addressText(address: string): string {
  return `replaceRegexpOne(toString(${address}), '^::ffff:([0-9.]+)$', '\\\\1')`;
}

const isIPv4 = (address: string): string =>
  `(${address} BETWEEN toIPv6('::ffff:0.0.0.0') AND toIPv6('::ffff:255.255.255.255'))`;

function prefixSql(column: string, { prefix4, prefix6 }: Prefixes): string {
  if (prefix4 === 32 && prefix6 === 128) return column;
  return `tupleElement(IPv6CIDRToRange(${column}, toUInt8(if(${isIPv4(column)}, ${96 + prefix4}, ${prefix6}))), 1)`;
}

function textSql(field: Field, key: string, { prefix4, prefix6 }: Prefixes): string {
  switch (field.type) {
    case 'address': {
      const v4 = prefix4 === 32 ? `''` : `'/${prefix4}'`;
      const v6 = prefix6 === 128 ? `''` : `if(${key} = toIPv6('::'), '', '/${prefix6}')`;
      const cut = prefix4 === 32 && prefix6 === 128 ? undefined : `if(${isIPv4(key)}, ${v4}, ${v6})`;
      return cut === undefined ? addressText(key) : `concat(${addressText(key)}, ${cut})`;
    }
    case 'as':
      return `concat('AS', toString(${key}))`;
    case 'protocol':
      return named(key, protocolNames);
    case 'dscp':
      return named(key, dscpNames);
    case 'flags': {
      const bits = flagNames.map(([, bit]) => bit).join(', ');
      const names = flagNames.map(([name]) => `'${name}'`).join(', ');
      return (
        `if(${key} = 0 OR ${key} > 255, toString(${key}), ` +
        `arrayStringConcat(arrayFilter((name, bit) -> bitAnd(${key}, bit) != 0, [${names}], [${bits}]), '+'))`
      );
    }
    case 'mac':
      return `lower(MACNumToString(${key}))`;
    default:
      return `toString(${key})`;
  }
}

function named(key: string, names: readonly (readonly [name: string, number: number])[]): string {
  const first = new Map<number, string>();
  for (const [name, number] of names) if (!first.has(number)) first.set(number, name);
  const numbers = [...first.keys()].join(', ');
  const texts = [...first.values()].map((name) => `'${name}'`).join(', ');
  return `transform(${key}, [${numbers}], [${texts}], toString(${key}))`;
}
