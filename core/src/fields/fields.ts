import type { ColumnName } from '../columns.ts';

/**
 * What the editors, the filter language and the queries call a field: a column or several under one name, as people ask for it.
 * Filters, groupings, completions, ad hoc filters and tables all read this one list.
 */
export interface Field {
  /** As it stands in filters and saved queries. */
  readonly name: string;
  /** Other names that filters take. */
  readonly aliases: readonly string[];
  /** For people, in editors and column heads. */
  readonly label: string;
  readonly doc: string;
  readonly type: FieldType;
  readonly category: FieldCategory;
  /** One column; or two, those of the source end and of the destination end, where the field means either. */
  readonly columns: readonly [ColumnName] | readonly [ColumnName, ColumnName];
  /** The field as the other end of the flow sees it: `source_ip` and `destination_ip` are each other's mirror. */
  readonly mirror?: string;
  /** May stand in a grouping. */
  readonly groups: boolean;
  /** A text column whose values are few enough to be offered for choice. */
  readonly listed: boolean;
  /** The column that holds the name of what the (first) column numbers: an interface's name. One for each end. */
  readonly nameColumns?: readonly [ColumnName] | readonly [ColumnName, ColumnName];
}

/**
 * - `address`: IPv4 or IPv6; filters take addresses and prefixes.
 * - `exporter`: by configured name, else by address; filters take names, addresses, prefixes.
 * - `interface`: by name, else by index; filters take both.
 * - `port`, `as`, `number`, `bytes`, `milliseconds`, `microseconds`: numbers; the latter four with units.
 * - `protocol`: number or IANA keyword. `flags`: TCP control bits by name. `mac`: 48 bits. `dscp`: number or name.
 * - `enum`: one of the column's words. `text`: anything.
 */
export type FieldType =
  | 'address'
  | 'exporter'
  | 'interface'
  | 'port'
  | 'as'
  | 'protocol'
  | 'flags'
  | 'mac'
  | 'dscp'
  | 'enum'
  | 'text'
  | 'number'
  | 'bytes'
  | 'milliseconds'
  | 'microseconds';

export type FieldCategory =
  'Ends' | 'Traffic' | 'Exporter' | 'Routing' | 'Application' | 'Network' | 'Security' | 'Quality';

interface Rest {
  readonly aliases?: readonly string[];
  readonly mirror?: string;
  readonly groups?: boolean;
  readonly listed?: boolean;
  readonly nameColumns?: NonNullable<Field['nameColumns']>;
}

function field(
  name: string,
  type: FieldType,
  category: FieldCategory,
  label: string,
  doc: string,
  columns: Field['columns'],
  rest: Rest = {},
): Field {
  const { aliases = [], groups = true, listed = type === 'text' || type === 'enum', ...others } = rest;
  return { name, aliases, label, doc, type, category, columns, groups, listed, ...others };
}

/** A field of the source end, its counterpart of the destination end, and the one that means either. */
function ends(
  type: FieldType,
  category: FieldCategory,
  either: string,
  label: string,
  what: string,
  columns: readonly [ColumnName, ColumnName],
  rest: { readonly aliases?: readonly string[]; readonly short?: string; readonly listed?: boolean } = {},
): Field[] {
  const [source, destination] = columns;
  const short = rest.short ?? either;
  const listed = rest.listed ?? type === 'text';
  const lower = label === label.toUpperCase() ? label : label.charAt(0).toLowerCase() + label.slice(1);
  const one = (name: ColumnName, mirror: ColumnName, end: 'source' | 'destination'): Field =>
    field(
      name,
      type,
      category,
      `${end === 'source' ? 'Source' : 'Destination'} ${lower}`,
      `${what} of the ${end}.`,
      [name],
      {
        mirror,
        listed,
        aliases: (end === 'source'
          ? [`source_${short}`, `src_${short}`]
          : [`destination_${short}`, `dst_${short}`]
        ).filter((alias) => alias !== name),
      },
    );
  return [
    one(source, destination, 'source'),
    one(destination, source, 'destination'),
    field(either, type, category, label, `${what} of either end.`, columns, {
      listed,
      aliases: rest.aliases ?? [],
    }),
  ];
}

/** A field that is one column of the same name. */
function plain(
  name: ColumnName,
  type: FieldType,
  category: FieldCategory,
  label: string,
  doc: string,
  rest: Rest = {},
): Field {
  return field(name, type, category, label, doc, [name], rest);
}

/** All fields, in the order in which editors offer them. */
export const fields: readonly Field[] = [
  // The ends
  field('source_ip', 'address', 'Ends', 'Source', 'Source address.', ['source_ip'], {
    mirror: 'destination_ip',
    aliases: ['source', 'src', 'src_ip', 'saddr'],
  }),
  field('destination_ip', 'address', 'Ends', 'Destination', 'Destination address.', ['destination_ip'], {
    mirror: 'source_ip',
    aliases: ['destination', 'dst', 'dst_ip', 'daddr'],
  }),
  field('host', 'address', 'Ends', 'Host', 'Address of either end.', ['source_ip', 'destination_ip'], {
    aliases: ['ip', 'address'],
  }),
  ...ends('port', 'Ends', 'port', 'Port', 'Port', ['source_port', 'destination_port']),
  ...ends('mac', 'Ends', 'mac', 'MAC address', 'MAC address', ['source_mac', 'destination_mac']),
  ...ends('text', 'Ends', 'country', 'Country', 'Country (ISO 3166-1 alpha-2)', [
    'source_country',
    'destination_country',
  ]),
  ...ends('text', 'Ends', 'network', 'Network', 'Network name, from configuration,', [
    'source_network',
    'destination_network',
  ]),
  ...ends('text', 'Ends', 'workload', 'Workload', 'Kubernetes workload', [
    'source_workload',
    'destination_workload',
  ]),
  ...ends('text', 'Ends', 'namespace', 'Namespace', 'Kubernetes namespace', [
    'source_namespace',
    'destination_namespace',
  ]),

  // From whom
  field(
    'exporter',
    'exporter',
    'Exporter',
    'Exporter',
    'The exporter’s name; its address where it has none.',
    ['collector_ip'],
    {
      aliases: ['exporter_name', 'collector_ip', 'exporter_ip', 'router'],
      nameColumns: ['exporter_name'],
      listed: true,
    },
  ),
  field(
    'input_interface',
    'interface',
    'Exporter',
    'Input interface',
    'Where the flow came in: name, else index.',
    ['input_interface'],
    {
      mirror: 'output_interface',
      aliases: ['in_if', 'input', 'input_interface_name'],
      nameColumns: ['input_interface_name'],
      listed: true,
    },
  ),
  field(
    'output_interface',
    'interface',
    'Exporter',
    'Output interface',
    'Where the flow went out: name, else index.',
    ['output_interface'],
    {
      mirror: 'input_interface',
      aliases: ['out_if', 'output', 'output_interface_name'],
      nameColumns: ['output_interface_name'],
      listed: true,
    },
  ),
  field(
    'interface',
    'interface',
    'Exporter',
    'Interface',
    'Input or output interface.',
    ['input_interface', 'output_interface'],
    {
      aliases: ['if'],
      nameColumns: ['input_interface_name', 'output_interface_name'],
      listed: true,
    },
  ),
  plain('tenant_id', 'text', 'Exporter', 'Tenant', 'The tenant that the exporter belongs to.', {
    aliases: ['tenant'],
  }),
  plain('flow_source', 'enum', 'Exporter', 'Flow protocol', 'By which protocol the record came.'),
  plain(
    'observation_domain',
    'number',
    'Exporter',
    'Observation domain',
    'Observation domain (IPFIX), source id (v9), engine (v5).',
  ),
  plain(
    'sampling_rate',
    'number',
    'Exporter',
    'Sampling rate',
    'One packet in so many was observed; 0 where not known.',
    { aliases: ['sampling'] },
  ),
  plain('node_name', 'text', 'Exporter', 'Node', 'Kubernetes node.', { aliases: ['node'] }),
  plain('flow_direction', 'enum', 'Exporter', 'Direction', 'ingress or egress, as seen by the exporter.', {
    aliases: ['direction'],
  }),

  // What
  plain('protocol', 'protocol', 'Traffic', 'Protocol', 'IP protocol.', { aliases: ['proto'], listed: true }),
  plain('application', 'text', 'Application', 'Application', 'As the exporter or enrichment names it.', {
    aliases: ['app'],
  }),
  field(
    'service',
    'port',
    'Application',
    'Service port',
    'The lower of the two ports: the service’s, as a rule.',
    ['source_port', 'destination_port'],
    {
      aliases: ['service_port'],
    },
  ),
  plain('tos', 'number', 'Traffic', 'Type of service', 'DSCP and ECN as one number.'),
  field(
    'dscp',
    'dscp',
    'Traffic',
    'DSCP',
    'Differentiated services code point: number or name (EF, AF41, CS6).',
    ['tos'],
    { listed: true },
  ),
  plain(
    'tcp_flags',
    'flags',
    'Traffic',
    'TCP flags',
    'TCP control bits seen, by name: SYN, ACK, FIN, RST, PSH, URG, ECE, CWR.',
    { aliases: ['flags'], mirror: 'tcp_flags_out' },
  ),
  plain('tcp_flags_out', 'flags', 'Traffic', 'TCP flags back', 'TCP control bits of the reverse direction.', {
    aliases: ['flags_out'],
    mirror: 'tcp_flags',
    groups: false,
  }),
  plain('icmp_type', 'number', 'Traffic', 'ICMP type', 'ICMP type.'),
  plain('icmp_code', 'number', 'Traffic', 'ICMP code', 'ICMP code.'),
  plain('ip_ttl', 'number', 'Traffic', 'TTL', 'Time to live or hop limit.', { aliases: ['ttl'] }),
  plain('ethertype', 'number', 'Network', 'Ethertype', 'Ethertype.'),
  field(
    'bytes',
    'bytes',
    'Traffic',
    'Bytes',
    'Octets of the record as sent, source to destination.',
    ['bytes_in'],
    { aliases: ['bytes_in', 'octets'], groups: false },
  ),
  plain('bytes_out', 'bytes', 'Traffic', 'Bytes back', 'Octets of a biflow’s reverse direction, as sent.', {
    groups: false,
  }),
  field(
    'packets',
    'number',
    'Traffic',
    'Packets',
    'Packets of the record as sent, source to destination.',
    ['packets_in'],
    { aliases: ['packets_in'], groups: false },
  ),
  plain(
    'packets_out',
    'number',
    'Traffic',
    'Packets back',
    'Packets of a biflow’s reverse direction, as sent.',
    { groups: false },
  ),
  field(
    'duration',
    'milliseconds',
    'Traffic',
    'Duration',
    'From the first to the last packet.',
    ['duration_ms'],
    { aliases: ['duration_ms'], groups: false },
  ),

  // Routing and network
  ...ends('as', 'Routing', 'as', 'AS', 'Autonomous system', ['source_as', 'destination_as'], {
    aliases: ['asn'],
    short: 'asn',
  }),
  plain('previous_as', 'as', 'Routing', 'Previous AS', 'Autonomous system adjacent to the source.', {
    mirror: 'next_as',
  }),
  plain('next_as', 'as', 'Routing', 'Next AS', 'Autonomous system adjacent to the destination.', {
    mirror: 'previous_as',
  }),
  plain('next_hop', 'address', 'Routing', 'Next hop', 'Next hop.'),
  plain('bgp_next_hop', 'address', 'Routing', 'BGP next hop', 'BGP next hop.'),
  plain('vlan_id', 'number', 'Network', 'VLAN', 'VLAN.', { aliases: ['vlan'] }),
  plain('vrf_name', 'text', 'Network', 'VRF', 'VRF by name.', { aliases: ['vrf'] }),
  plain('mpls_label_1', 'number', 'Network', 'MPLS label', 'Top label of the stack.', { aliases: ['mpls'] }),
  plain('wlan_ssid', 'text', 'Network', 'SSID', 'Wireless network.', { aliases: ['ssid'] }),

  // Application
  plain('dns_name', 'text', 'Application', 'DNS name', 'Name asked for.', {
    aliases: ['dns'],
    listed: false,
  }),
  plain('http_host', 'text', 'Application', 'HTTP host', 'HTTP host.', { listed: false }),
  plain('http_method', 'text', 'Application', 'HTTP method', 'HTTP method.'),
  plain('http_status', 'number', 'Application', 'HTTP status', 'HTTP status.'),
  plain('tls_server_name', 'text', 'Application', 'TLS server name', 'TLS server name (SNI).', {
    aliases: ['sni'],
    listed: false,
  }),
  plain('l7_kind', 'text', 'Application', 'Layer 7', 'Kind of layer-7 record.'),
  plain('user_name', 'text', 'Security', 'User', 'User name.', { aliases: ['user'], listed: false }),

  // Security
  plain('verdict', 'enum', 'Security', 'Verdict', 'What was done with the packets.'),
  plain('forwarding_status', 'number', 'Security', 'Forwarding status', 'Forwarding status (RFC 7270).'),
  plain('firewall_event', 'number', 'Security', 'Firewall event', 'Firewall event.'),
  plain('ingress_acl', 'text', 'Security', 'Ingress ACL', 'Access list on the way in.'),
  plain(
    'post_nat_source_ip',
    'address',
    'Security',
    'Source after NAT',
    'Source address after translation.',
    { mirror: 'post_nat_destination_ip' },
  ),
  plain(
    'post_nat_destination_ip',
    'address',
    'Security',
    'Destination after NAT',
    'Destination address after translation.',
    { mirror: 'post_nat_source_ip' },
  ),
  plain('flow_end_reason', 'number', 'Quality', 'End reason', 'Why the flow ended (RFC 5102).'),
  plain('record_flags', 'number', 'Quality', 'Record flags', 'What to know before trusting the row (bits).'),
  plain(
    'tcp_rtt_us',
    'microseconds',
    'Quality',
    'TCP round trip',
    'TCP round-trip time; 0 where not known.',
    { aliases: ['rtt'], groups: false },
  ),
  plain(
    'server_response_us',
    'microseconds',
    'Quality',
    'Server response',
    'Server response time; 0 where not known.',
    { groups: false },
  ),
  plain('retransmissions', 'number', 'Quality', 'Retransmissions', 'Retransmitted packets.', {
    groups: false,
  }),
  plain('dropped_packets', 'number', 'Quality', 'Dropped packets', 'Packets dropped.', { groups: false }),
];

const byName = new Map<string, Field>();
for (const f of fields) {
  for (const name of [f.name, ...f.aliases]) {
    if (byName.has(name)) throw new Error(`two fields are called ${name}`);
    byName.set(name, f);
  }
}

/** A field by its name or an alias, in any case; undefined where there is none. */
export function fieldByName(name: string): Field | undefined {
  return byName.get(name.toLowerCase());
}

/** The field as seen from the other end of the flow: itself where both ends see the same. */
export function mirrored(field: Field): Field {
  return field.mirror === undefined ? field : byName.get(field.mirror)!;
}
