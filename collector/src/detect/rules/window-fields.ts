import type { Field } from '@weir/core/fields';
import type { FieldList } from '@weir/core/filter';
import {
  WINDOW_SECONDS,
  type WindowColumn,
  type WindowDistinct,
  type WindowKey,
  type WindowKind,
  type WindowNumber,
  columnsOfKind,
  keyOfKind,
} from '@weir/core/windows';
import type { WindowColumnName } from '../detector.ts';
import type { Entity } from '../step.ts';

/*
 * What a rule can ask of a window's row, in the filter language: the keys of its kind, the columns by their names (distinct ones as
 * their count), sums as `…_per_second` as well, and a few that are worked out of several columns.
 */

/** A field of windows: as the filter language wants it, with where its value comes from. */
export interface WindowField {
  readonly field: Field;
  readonly value: FieldValue;
  /** Columns that it reads. */
  readonly reads: readonly WindowColumnName[];
  /** Of the value; empty for keys. */
  readonly unit: string;
}

export type FieldValue =
  | { readonly from: 'key'; readonly key: WindowKey }
  /** Of an entity over so many windows. */
  | { readonly from: 'measure'; readonly of: (entity: Entity, windows: number) => number };

export function windowFields(kind: WindowKind): readonly WindowField[] {
  return byKind[kind];
}

/** A field of a kind by its name or an alias, in any case. */
export function windowField(kind: WindowKind, name: string): WindowField | undefined {
  const lower = name.toLowerCase();
  return byKind[kind].find(({ field }) => field.name === lower || field.aliases.includes(lower));
}

/** The fields of a kind, for the parser. */
export function fieldListOf(kind: WindowKind): FieldList {
  const histograms = columnsOfKind(kind).filter(({ merge }) => merge === 'histogram');
  return {
    find: (name) => windowField(kind, name)?.field,
    names: () => byKind[kind].flatMap(({ field }) => [field.name, ...field.aliases]),
    advice:
      `Rows of the kind ${kind} have ${keyOfKind(kind).join(', ')}, bytes, packets, flows and the other columns of windows` +
      ` (not ${histograms.map(({ name }) => name).join(', ')}).`,
    addressAdvice: (address) => {
      const key = keyOfKind(kind).find((k) => k.endsWith('_ip'));
      return key === undefined
        ? `Rows of the kind ${kind} have no addresses: write a column, bytes > 1G.`
        : `Write ${key} = ${address}.`;
    },
    example: 'bytes > 1G',
  };
}

/**
 * The column of flows stands for the numbers that the field takes: ports end at 65535, protocols at 255. Columns of windows have no place
 * in `Field`.
 */
function fieldOf(
  name: string,
  type: Field['type'],
  doc: string,
  like: Field['columns'][0] = 'bytes_in',
  aliases: readonly string[] = [],
): Field {
  return {
    name,
    aliases,
    label: name,
    doc,
    type,
    category: 'Traffic',
    columns: [like],
    groups: false,
    listed: false,
  };
}

const keys: Readonly<Record<WindowKey, Field>> = {
  tenant_id: fieldOf('tenant_id', 'text', 'The tenant.', 'tenant_id', ['tenant']),
  collector_ip: fieldOf('collector_ip', 'address', 'The exporter’s address.', 'collector_ip', [
    'exporter',
    'exporter_ip',
    'router',
  ]),
  source_ip: fieldOf('source_ip', 'address', 'The host that sent.', 'source_ip', [
    'source',
    'src',
    'src_ip',
    'saddr',
  ]),
  destination_ip: fieldOf('destination_ip', 'address', 'The host that was sent to.', 'destination_ip', [
    'destination',
    'dst',
    'dst_ip',
    'daddr',
  ]),
  destination_prefix: fieldOf(
    'destination_prefix',
    'number',
    'Bits of the prefix, as of an IPv6 address: 120 for a /24.',
    'protocol',
  ),
  interface: fieldOf('interface', 'number', 'SNMP index of the interface.', 'input_interface', ['if']),
  direction: fieldOf(
    'direction',
    'enum',
    'ingress: what came in by the interface; egress: what went out.',
    'flow_direction',
  ),
  protocol: fieldOf('protocol', 'protocol', 'IP protocol.', 'protocol', ['proto']),
  port: fieldOf('port', 'port', 'The service’s port.', 'destination_port', ['service', 'destination_port']),
  application: fieldOf('application', 'text', 'Application.', 'application', ['app']),
};

/** The two kinds of host have one address, which is the host. */
const hostKinds: Partial<Record<WindowKind, WindowKey>> = {
  source: 'source_ip',
  destination: 'destination_ip',
};

function keyField(kind: WindowKind, key: WindowKey): WindowField {
  const field = keys[key];
  const host = hostKinds[kind] === key ? ['host', 'ip', 'address'] : [];
  return {
    field: { ...field, aliases: [...field.aliases, ...host] },
    value: { from: 'key', key },
    reads: [],
    unit: '',
  };
}

/** Points in time and bits that mean little to a person. */
const notOffered: readonly string[] = ['first_ms', 'last_ms', 'internal', 'amplifiers'];

function typeOf(unit: string | undefined): Field['type'] {
  if (unit === 'bytes') return 'bytes';
  if (unit === 'ms') return 'milliseconds';
  return unit === 'us' ? 'microseconds' : 'number';
}

function columnFields(column: WindowColumn & { readonly name: WindowColumnName }): WindowField[] {
  const { name, doc, unit = '' } = column;
  if (notOffered.includes(name) || column.merge === 'histogram') return [];
  if (column.merge === 'distinct')
    return [
      measure(name, 'number', `How many distinct ones: ${doc}`, [name], 'distinct', (entity, windows) =>
        entity.distinct(name as WindowDistinct, windows),
      ),
    ];
  const number = name as WindowNumber;
  if (column.merge !== 'sum')
    return [
      measure(name, typeOf(unit), doc, [name], unit, (entity, windows) => entity.most(number, windows)),
    ];
  const sum = (entity: Entity, windows: number): number => entity.sum(number, windows);
  return [
    measure(name, typeOf(unit), doc, [name], unit, sum),
    measure(
      `${name}_per_second`,
      typeOf(unit),
      `${doc} A second.`,
      [name],
      `${unit}/s`,
      (entity, windows) => sum(entity, windows) / (windows * WINDOW_SECONDS),
    ),
  ];
}

function measure(
  name: string,
  type: Field['type'],
  doc: string,
  reads: readonly WindowColumnName[],
  unit: string,
  of: (entity: Entity, windows: number) => number,
): WindowField {
  return { field: fieldOf(name, type, doc), value: { from: 'measure', of }, reads, unit };
}

function share(name: string, doc: string, part: WindowNumber, whole: WindowNumber): WindowField {
  return measure(name, 'number', doc, [part, whole], '%', (entity, windows) => {
    const all = entity.sum(whole, windows);
    return all === 0 ? 0 : (100 * entity.sum(part, windows)) / all;
  });
}

const derived: readonly WindowField[] = [
  measure(
    'bits_per_second',
    'number',
    'Bits a second, source to destination.',
    ['bytes'],
    'bit/s',
    (entity, windows) => (8 * entity.sum('bytes', windows)) / (windows * WINDOW_SECONDS),
  ),
  measure(
    'rtt',
    'microseconds',
    'Mean TCP round-trip time; 0 where none was measured.',
    ['rtt_sum_us', 'rtt_records'],
    'us',
    (entity, windows) => {
      const records = entity.sum('rtt_records', windows);
      return records === 0 ? 0 : entity.sum('rtt_sum_us', windows) / records;
    },
  ),
  share(
    'retransmitted_percent',
    'Packets sent again, of those measured.',
    'retransmissions',
    'measured_packets',
  ),
  share('failed_percent', 'Failed contacts, of all contacts.', 'failed_flows', 'contact_flows'),
  share('dropped_percent', 'Dropped or denied flows, of all flows.', 'dropped_flows', 'flows'),
];

function fieldsOfKind(kind: WindowKind): readonly WindowField[] {
  return [
    ...keyOfKind(kind).map((key) => keyField(kind, key)),
    ...columnsOfKind(kind).flatMap(columnFields),
    ...derived,
  ];
}

const byKind: Readonly<Record<WindowKind, readonly WindowField[]>> = {
  source: fieldsOfKind('source'),
  destination: fieldsOfKind('destination'),
  pair: fieldsOfKind('pair'),
  interface: fieldsOfKind('interface'),
  service: fieldsOfKind('service'),
  tenant: fieldsOfKind('tenant'),
  prefix: fieldsOfKind('prefix'),
};
