/** The length of a window in seconds. Windows begin at multiples of it since 1970. */
export const WINDOW_SECONDS = 10;

/** Columns that say which entity a row is about. Those that a kind does not have are zero or empty in its rows. */
export const windowKeys = [
  { name: 'tenant_id', type: 'LowCardinality(String)', doc: 'The tenant that the exporter belongs to.' },
  {
    name: 'collector_ip',
    type: 'IPv6',
    doc: 'The exporter’s address, for the kind interface.',
  },
  {
    name: 'source_ip',
    type: 'IPv6',
    doc: 'Who sent: the host of a source row, the contacting end of a pair.',
  },
  {
    name: 'destination_ip',
    type: 'IPv6',
    doc: 'Who was sent to: the host of a destination row, the contacted end of a pair, the first address of a prefix.',
  },
  {
    name: 'destination_prefix',
    type: 'UInt8',
    doc: 'Bits of a prefix, as of an IPv6 address: 120 for a /24, 48 for a /48.',
  },
  { name: 'interface', type: 'UInt32', doc: 'SNMP index of the interface; 0 where not known.' },
  {
    name: 'direction',
    type: 'UInt8',
    doc: 'Of the interface: 1 what came in by it, 2 what went out by it.',
  },
  { name: 'protocol', type: 'UInt8', doc: 'IP protocol number, for pairs and services.' },
  {
    name: 'port',
    type: 'UInt16',
    doc: 'The service’s port: of a pair, the contacted one; of a service, the lower one.',
  },
  { name: 'application', type: 'LowCardinality(String)', doc: 'Application name of a service.' },
] as const satisfies readonly {
  readonly name: string;
  readonly type: 'LowCardinality(String)' | 'IPv6' | 'UInt8' | 'UInt16' | 'UInt32';
  readonly doc: string;
}[];

export type WindowKey = (typeof windowKeys)[number]['name'];

interface Kind {
  readonly name: string;
  readonly key: readonly WindowKey[];
  readonly doc: string;
}

/** What rows are about. The order is that of the column `kind`: add at the end only. */
export const windowKinds = [
  { name: 'source', key: ['tenant_id', 'source_ip'], doc: 'A host by what it sent.' },
  { name: 'destination', key: ['tenant_id', 'destination_ip'], doc: 'A host by what was sent to it.' },
  {
    name: 'pair',
    key: ['tenant_id', 'source_ip', 'destination_ip', 'protocol', 'port'],
    doc:
      'Who contacted whom, by which service. Not every pair: contacts of own hosts, contacts to login ports, flows of a ' +
      'megabyte, flows of a minute.',
  },
  {
    name: 'interface',
    key: ['tenant_id', 'collector_ip', 'interface', 'direction'],
    doc: 'An exporter’s interface and direction. The rows of direction 1 together are the exporter.',
  },
  {
    name: 'service',
    key: ['tenant_id', 'protocol', 'port', 'application'],
    doc: 'A protocol, service port and application.',
  },
  { name: 'tenant', key: ['tenant_id'], doc: 'All that a tenant’s exporters saw.' },
  {
    name: 'prefix',
    key: ['tenant_id', 'destination_ip', 'destination_prefix'],
    doc: 'A /24 (IPv4) or a /48 (IPv6) by what was sent to it.',
  },
] as const satisfies readonly Kind[];

export type WindowKind = (typeof windowKinds)[number]['name'];

/** Words of 32 bits that a key column takes in memory. */
export function keyWords(name: WindowKey): 1 | 4 {
  return name.endsWith('_ip') ? 4 : 1;
}

export function keyOfKind(kind: WindowKind): readonly WindowKey[] {
  return windowKinds.find((k) => k.name === kind)!.key;
}
