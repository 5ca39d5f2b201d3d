/**
 * The one definition of a flow. Table DDL and migrations, the Native encoder, the decoders' plans and the reference page
 * in `docs/` are read off this table: adding a column is one line here.
 */

import { IANA_PEN, REVERSE_PEN, elementByName } from './elements/index.ts';

/** ClickHouse types that a stored column may have. None is Nullable: the type's zero means "not known". */
export type ColumnType =
  | 'UInt8'
  | 'UInt16'
  | 'UInt32'
  | 'UInt64'
  | 'Int64'
  | 'DateTime'
  | 'IPv6'
  | 'String'
  | 'LowCardinality(String)'
  | `Enum8(${string})`;

/**
 * How an information element's value becomes the column's value, where it is not simply the same number, address or text.
 *
 * - `highByte`/`lowByte`: of a two-byte number (ICMP type and code in one element).
 * - `plusOne`: the wire's 0 is a real value, the column's 0 means "not known".
 * - `mplsLabel`: the upper 20 bits of a three-byte label stack entry (RFC 3032 section 2.1).
 * - `dscp`: six bits, shifted to their place in the type of service (RFC 2474 section 3).
 * - `milliToMicro`/`microToMilli`: a change of unit.
 * - `applicationId`: RFC 6759's engine and selector; one of more than 8 octets (with an enterprise number) is packed into 64 bits.
 * - `or`: bits added to those that another element has set.
 * - `hex`: bytes shown as groups of 8 hexadecimal digits.
 * - `start…`/`end…`: a time of the flow, in the encoding that follows (RFC 7011 section 6.1.7-10, RFC 5102 section 5.9).
 */
export type Conversion =
  | 'highByte'
  | 'lowByte'
  | 'plusOne'
  | 'mplsLabel'
  | 'dscp'
  | 'milliToMicro'
  | 'microToMilli'
  | 'applicationId'
  | 'or'
  | 'hex'
  | `${'start' | 'end'}${TimeEncoding}`;

export type TimeEncoding =
  'Uptime' | 'Seconds' | 'Milliseconds' | 'NtpMicroseconds' | 'NtpNanoseconds' | 'DeltaMicroseconds';

/** An information element that feeds a column: `pen` 0 is IANA's registry. */
export interface ElementSource {
  readonly pen: number;
  readonly id: number;
  readonly as?: Conversion;
}

export interface Column {
  readonly name: string;
  readonly type: ColumnType | 'DateTime64(3)' | 'UUID';
  /**
   * Compression codec in the table, chosen by measurement (`npm run bench -- storage`): where nothing else is said,
   * ZSTD(3) for addresses and ZSTD(1) for all others.
   * T64 drops the bits that no value of a block uses; its 'bit' variant is better where the low bits are noise.
   */
  readonly codec?: string;
  /** Set where the column is computed by the engine and takes no room. */
  readonly alias?: string;
  readonly unit?: string;
  /** `key` columns identify, `dimension` columns group, `measure` columns sum. */
  readonly role: 'key' | 'dimension' | 'measure' | 'time';
  readonly doc: string;
  /**
   * What the 1-minute and 1-hour rollups do with it: keep it as a `key`; keep the `heavy` values of a slot and fold the
   * others to zero; `sum` it; keep sum and count for an `average`. Left out where not set.
   */
  readonly rollup?: 'key' | 'heavy' | 'sum' | 'average';
  /** Elements that feed it, the best first: where a template has several, the first listed wins. */
  readonly from: readonly ElementSource[];
}

/** Private enterprise numbers that decoders treat apart: IANA's own elements, and their reverse (RFC 5103). */
export const Pen = { iana: IANA_PEN, reverse: REVERSE_PEN } as const;

const ie = (id: number, as?: Conversion): ElementSource => vendor(Pen.iana, id, as);
const reverse = (id: number, as?: Conversion): ElementSource => vendor(Pen.reverse, id, as);
const vendor = (pen: number, id: number, as?: Conversion): ElementSource =>
  as === undefined ? { pen, id } : { pen, id, as };

/** An element by the name that `elements/` gives it. */
function el(name: string, as?: Conversion): ElementSource {
  const element = elementByName(name);
  if (element === undefined) throw new Error(`no information element is called ${name}`);
  return vendor(element.pen, element.id, as);
}

interface Rest {
  readonly codec?: string;
  readonly alias?: string;
  readonly unit?: string;
  readonly rollup?: NonNullable<Column['rollup']>;
}

function column<const N extends string>(
  name: N,
  type: Column['type'],
  role: Column['role'],
  doc: string,
  from: readonly ElementSource[] = [],
  rest: Rest = {},
): Column & { readonly name: N } {
  return { name, type, role, doc, from, codec: type === 'IPv6' ? 'ZSTD(3)' : 'ZSTD(1)', ...rest };
}

/** Values of `flow_source`: by what the flow came in. */
export const flowSources = [
  'netflow5',
  'netflow9',
  'ipfix',
  'sflow',
  'pcap',
  'http',
  'hubble',
  'unifi',
] as const;
export type FlowSource = (typeof flowSources)[number];

/** Values of `verdict`. */
export const verdicts = ['forwarded', 'dropped', 'consumed', 'error', 'audit', 'redirected'] as const;

const enum8 = (unknown: string | undefined, names: readonly string[]): `Enum8(${string})` =>
  `Enum8(${[...(unknown === undefined ? [] : [`'${unknown}' = 0`]), ...names.map((n, i) => `'${n}' = ${i + 1}`)].join(', ')})`;

/** Bits of `record_flags`: what a reader should know before trusting the row. */
export const RecordFlag = {
  /** The exporter's clock differs from the collector's by more than the configured bound. */
  clockSkew: 1,
  /** `bytes_in` counts layer-2 octets: the exporter sent no others. */
  layer2Bytes: 2,
  /** `bytes_in`/`packets_in` are totals since the flow began, not since its last report. */
  totalCounters: 4,
  /** The record waited for its template. */
  lateTemplate: 8,
  /** The flow's times could not be placed on a clock; only their difference is known. */
  relativeTimes: 16,
  /** The record carried no time of its own: start and end are the time of receipt. */
  noTimes: 32,
  /** A counter did not fit and was cut to the largest value. */
  saturated: 64,
} as const;

const endMilliseconds = 'fromUnixTimestamp64Milli(toInt64(toUnixTimestamp(timestamp)) * 1000 - end_lag_ms)';
const startMilliseconds =
  'fromUnixTimestamp64Milli(toInt64(toUnixTimestamp(timestamp)) * 1000 - end_lag_ms - toInt64(duration_ms))';
const identity =
  'timestamp, collector_ip, observation_domain, source_ip, destination_ip, source_port, destination_port, protocol, ' +
  'input_interface, output_interface, bytes_in, packets_in, end_lag_ms, duration_ms';

/** All columns of `network_flows`, in the order of the table. */
export const columns = [
  // When
  column('timestamp', 'DateTime', 'time', 'When the collector received the record, by its own clock.', [], {
    codec: 'T64, ZSTD(1)',
  }),
  column(
    'end_lag_ms',
    'Int64',
    'measure',
    'How long before `timestamp` the flow ended, by its exporter.',
    [],
    {
      codec: "T64('bit'), ZSTD(1)",
      unit: 'ms',
    },
  ),
  column(
    'duration_ms',
    'UInt32',
    'measure',
    'From the first to the last packet of the flow.',
    [ie(161), ie(162, 'microToMilli')],
    { codec: 'T64, ZSTD(1)', unit: 'ms' },
  ),
  column(
    'flow_start_time',
    'DateTime64(3)',
    'time',
    'First packet of the flow, by the exporter’s clock.',
    [
      ie(152, 'startMilliseconds'),
      ie(156, 'startNtpNanoseconds'),
      ie(154, 'startNtpMicroseconds'),
      ie(150, 'startSeconds'),
      ie(158, 'startDeltaMicroseconds'),
      ie(22, 'startUptime'),
    ],
    { alias: startMilliseconds },
  ),
  column(
    'flow_end_time',
    'DateTime64(3)',
    'time',
    'Last packet of the flow (or the event), by the exporter’s clock.',
    [
      ie(153, 'endMilliseconds'),
      ie(157, 'endNtpNanoseconds'),
      ie(155, 'endNtpMicroseconds'),
      ie(151, 'endSeconds'),
      ie(159, 'endDeltaMicroseconds'),
      ie(21, 'endUptime'),
      ie(323, 'endMilliseconds'),
      ie(325, 'endNtpNanoseconds'),
      ie(324, 'endNtpMicroseconds'),
      ie(322, 'endSeconds'),
    ],
    { alias: endMilliseconds },
  ),
  column(
    'created_at',
    'DateTime',
    'time',
    'When the collector made the record: the same instant as `timestamp`.',
    [],
    {
      alias: 'timestamp',
    },
  ),
  column('flow_id', 'UUID', 'key', 'A stable name for the record, computed from what identifies it.', [], {
    alias: `reinterpretAsUUID(sipHash128(${identity}))`,
  }),

  // From whom
  column('tenant_id', 'LowCardinality(String)', 'dimension', 'The tenant that the exporter belongs to.', [], {
    rollup: 'key',
  }),
  column('collector_ip', 'IPv6', 'dimension', 'The exporter’s address (the name is historical).', [], {
    rollup: 'key',
  }),
  column(
    'exporter_name',
    'LowCardinality(String)',
    'dimension',
    'The exporter’s name, from configuration.',
    [],
    { rollup: 'key' },
  ),
  column(
    'observation_domain',
    'UInt32',
    'dimension',
    'Observation domain (IPFIX), source id (v9), engine (v5).',
  ),
  column(
    'flow_source',
    enum8('unknown', flowSources),
    'dimension',
    'By which protocol the record came.',
    [],
    { rollup: 'key' },
  ),
  column(
    'sampling_rate',
    'UInt32',
    'measure',
    'One packet in so many was observed; 0 where the exporter has not said. Bytes and packets are as sent, not multiplied.',
    [ie(305), ie(34), ie(50)],
    { codec: 'T64, ZSTD(1)', rollup: 'key' },
  ),
  column(
    'record_flags',
    'UInt16',
    'dimension',
    'Bits that tell how far the row can be trusted (see Record flags).',
  ),

  // Who with whom
  column(
    'source_ip',
    'IPv6',
    'dimension',
    'Source address; IPv4 is v4-mapped.',
    [ie(8), ie(27), ie(44), ie(170), el('sonicwall:initiatorIPv4Address'), el('staIPv4Address')],
    {
      rollup: 'heavy',
    },
  ),
  column(
    'destination_ip',
    'IPv6',
    'dimension',
    'Destination address; IPv4 is v4-mapped.',
    [ie(12), ie(28), ie(45), ie(169), el('sonicwall:responderIPv4Address')],
    {
      rollup: 'heavy',
    },
  ),
  column(
    'source_port',
    'UInt16',
    'dimension',
    'Source port (TCP, UDP, SCTP, UDP-Lite, DCCP).',
    [ie(7), ie(180), ie(182), el('sonicwall:initiatorPort')],
    {
      rollup: 'heavy',
    },
  ),
  column(
    'destination_port',
    'UInt16',
    'dimension',
    'Destination port.',
    [ie(11), ie(181), ie(183), el('sonicwall:responderPort')],
    {
      rollup: 'heavy',
    },
  ),
  column('protocol', 'UInt8', 'dimension', 'IP protocol number.', [ie(4), ie(193)], {
    rollup: 'key',
  }),
  column(
    'bytes_in',
    'UInt64',
    'measure',
    'Octets of the flow, source to destination.',
    [
      ie(1),
      ie(231),
      ie(85),
      ie(23),
      ie(171),
      ie(352),
      ie(353),
      el('cisco:clientBytesNetwork'),
      el('procera:incomingOctets'),
      el('sonicwall:initiatorToResponderDeltaOctets'),
      el('sonicwall:initiatorToResponderOctets'),
    ],
    {
      codec: "T64('bit'), ZSTD(1)",
      unit: 'bytes',
      rollup: 'sum',
    },
  ),
  column(
    'packets_in',
    'UInt64',
    'measure',
    'Packets of the flow, source to destination.',
    [
      ie(2),
      ie(298),
      ie(86),
      ie(24),
      ie(172),
      el('cisco:clientPackets'),
      el('procera:incomingPackets'),
      el('sonicwall:initiatorToResponderDeltaPackets'),
      el('sonicwall:initiatorToResponderPackets'),
    ],
    {
      codec: 'T64, ZSTD(1)',
      unit: 'packets',
      rollup: 'sum',
    },
  ),
  column(
    'bytes_out',
    'UInt64',
    'measure',
    'Octets of the reverse direction of a biflow.',
    [
      reverse(1),
      ie(232),
      reverse(85),
      reverse(352),
      el('ixia:reverseOctetDeltaCount'),
      el('cisco:serverBytesNetwork'),
      el('procera:outgoingOctets'),
      el('sonicwall:responderToInitiatorDeltaOctets'),
      el('sonicwall:responderToInitiatorOctets'),
    ],
    {
      codec: "T64('bit'), ZSTD(1)",
      unit: 'bytes',
      rollup: 'sum',
    },
  ),
  column(
    'packets_out',
    'UInt64',
    'measure',
    'Packets of the reverse direction of a biflow.',
    [
      reverse(2),
      ie(299),
      reverse(86),
      el('ixia:reversePacketDeltaCount'),
      el('cisco:serverPackets'),
      el('procera:outgoingPackets'),
      el('sonicwall:responderToInitiatorDeltaPackets'),
      el('sonicwall:responderToInitiatorPackets'),
    ],
    {
      codec: 'T64, ZSTD(1)',
      unit: 'packets',
      rollup: 'sum',
    },
  ),
  column('tcp_flags', 'UInt16', 'dimension', 'TCP control bits seen, OR of all packets.', [
    ie(6),
    el('cert:unionTCPFlags'),
    el('cert:initialTCPFlags', 'or'),
  ]),
  column('tcp_flags_out', 'UInt16', 'dimension', 'TCP control bits of the reverse direction.', [
    reverse(6),
    el('cert:reverseUnionTCPFlags'),
    el('cert:reverseInitialTCPFlags', 'or'),
  ]),
  column('tos', 'UInt8', 'dimension', 'Type of service: DSCP and ECN.', [ie(5), ie(195, 'dscp')], {
    rollup: 'key',
  }),
  column('post_tos', 'UInt8', 'dimension', 'Type of service as sent on.', [ie(55), ie(98, 'dscp')]),
  column('icmp_type', 'UInt8', 'dimension', 'ICMP type.', [
    ie(176),
    ie(178),
    ie(32, 'highByte'),
    ie(139, 'highByte'),
  ]),
  column('icmp_code', 'UInt8', 'dimension', 'ICMP code.', [
    ie(177),
    ie(179),
    ie(32, 'lowByte'),
    ie(139, 'lowByte'),
  ]),
  column('ip_ttl', 'UInt8', 'dimension', 'Time to live, hop limit (the smallest seen).', [ie(192), ie(52)]),
  column('ip_ttl_max', 'UInt8', 'dimension', 'The largest time to live seen.', [ie(53)]),
  column('ipv6_flow_label', 'UInt32', 'dimension', 'IPv6 flow label.', [ie(31)]),
  column('fragment_id', 'UInt32', 'dimension', 'Identification of a fragment.', [ie(54)]),
  column('fragment_offset', 'UInt16', 'dimension', 'Fragment offset, in 8 octets.', [ie(88)]),
  column('min_packet_length', 'UInt32', 'measure', 'Smallest packet of the flow.', [ie(25)], {
    unit: 'bytes',
  }),
  column('max_packet_length', 'UInt32', 'measure', 'Largest packet of the flow.', [ie(26)], {
    unit: 'bytes',
  }),

  // Where it passed
  column(
    'input_interface',
    'UInt32',
    'dimension',
    'SNMP index of the interface it came in by.',
    [ie(10), ie(252)],
    { rollup: 'key' },
  ),
  column(
    'output_interface',
    'UInt32',
    'dimension',
    'SNMP index of the interface it left by.',
    [ie(14), ie(253)],
    { rollup: 'key' },
  ),
  column(
    'input_interface_name',
    'LowCardinality(String)',
    'dimension',
    'Name of the input interface.',
    [ie(82)],
    { rollup: 'key' },
  ),
  column(
    'output_interface_name',
    'LowCardinality(String)',
    'dimension',
    'Name of the output interface.',
    [],
    { rollup: 'key' },
  ),
  column(
    'flow_direction',
    enum8('unknown', ['ingress', 'egress']),
    'dimension',
    'Whether it was observed coming in or going out.',
    [ie(61, 'plusOne')],
    { rollup: 'key' },
  ),
  column('source_as', 'UInt32', 'dimension', 'Autonomous system of the source.', [ie(16)], {
    rollup: 'heavy',
  }),
  column('destination_as', 'UInt32', 'dimension', 'Autonomous system of the destination.', [ie(17)], {
    rollup: 'heavy',
  }),
  column('previous_as', 'UInt32', 'dimension', 'Adjacent autonomous system it came from.', [ie(129)]),
  column('next_as', 'UInt32', 'dimension', 'Adjacent autonomous system it goes to.', [ie(128)]),
  column('source_mask', 'UInt8', 'dimension', 'Prefix length of the source.', [ie(9), ie(29)]),
  column('destination_mask', 'UInt8', 'dimension', 'Prefix length of the destination.', [ie(13), ie(30)]),
  column(
    'source_country',
    'LowCardinality(String)',
    'dimension',
    'ISO 3166 code of the source’s country.',
    [],
    { rollup: 'key' },
  ),
  column(
    'destination_country',
    'LowCardinality(String)',
    'dimension',
    'ISO 3166 code of the destination’s country.',
    [],
    { rollup: 'key' },
  ),
  column('source_network', 'LowCardinality(String)', 'dimension', 'Name of the source’s network.', [], {
    rollup: 'key',
  }),
  column(
    'destination_network',
    'LowCardinality(String)',
    'dimension',
    'Name of the destination’s network.',
    [],
    { rollup: 'key' },
  ),
  column('next_hop', 'IPv6', 'dimension', 'Next router.', [ie(15), ie(62)]),
  column('bgp_next_hop', 'IPv6', 'dimension', 'BGP next hop.', [ie(18), ie(63)]),
  column('source_mac', 'UInt64', 'dimension', 'Source MAC address, as a number (MACNumToString).', [
    ie(56),
    ie(81),
    el('staMacAddress'),
  ]),
  column('destination_mac', 'UInt64', 'dimension', 'Destination MAC address, as a number.', [ie(80), ie(57)]),
  column('ethertype', 'UInt16', 'dimension', 'Ethertype.', [ie(256)]),
  column('vlan_id', 'UInt16', 'dimension', 'VLAN it came in on.', [ie(58), ie(243)], { rollup: 'key' }),
  column('post_vlan_id', 'UInt16', 'dimension', 'VLAN it left on.', [ie(59), ie(254)]),
  column('customer_vlan_id', 'UInt16', 'dimension', 'Customer VLAN (802.1ad inner tag).', [ie(245)]),
  column('mpls_label_1', 'UInt32', 'dimension', 'Top MPLS label.', [ie(70, 'mplsLabel')]),
  column('mpls_label_2', 'UInt32', 'dimension', 'Second MPLS label.', [ie(71, 'mplsLabel')]),
  column('mpls_label_3', 'UInt32', 'dimension', 'Third MPLS label.', [ie(72, 'mplsLabel')]),
  column(
    'mpls_top_label_ip',
    'IPv6',
    'dimension',
    'Address that the top label’s forwarding class belongs to.',
    [ie(47), ie(140)],
  ),
  column('vrf_id', 'UInt32', 'dimension', 'VRF (VPN, service) it came in by.', [
    ie(234),
    el('viptela:vpnId'),
    el('nokia:natInsideServiceId'),
  ]),
  column('egress_vrf_id', 'UInt32', 'dimension', 'VRF (VPN, service) it left by.', [
    ie(235),
    el('nokia:natOutsideServiceId'),
  ]),
  column('vrf_name', 'LowCardinality(String)', 'dimension', 'Name of the VRF it came in by.', [ie(236)], {
    rollup: 'key',
  }),
  column('egress_vrf_name', 'LowCardinality(String)', 'dimension', 'Name of the VRF it left by.'),

  // What became of it
  column('post_nat_source_ip', 'IPv6', 'dimension', 'Source address after translation.', [
    ie(225),
    ie(281),
    el('cisco:xlateSourceIPv4Address'),
    el('barracuda:bindIPv4Address'),
  ]),
  column('post_nat_destination_ip', 'IPv6', 'dimension', 'Destination address after translation.', [
    ie(226),
    ie(282),
    el('cisco:xlateDestinationIPv4Address'),
    el('barracuda:connIPv4Address'),
  ]),
  column('post_nat_source_port', 'UInt16', 'dimension', 'Source port after translation.', [
    ie(227),
    el('cisco:xlateSourcePort'),
    el('barracuda:bindTransportPort'),
  ]),
  column('post_nat_destination_port', 'UInt16', 'dimension', 'Destination port after translation.', [
    ie(228),
    el('cisco:xlateDestinationPort'),
    el('barracuda:connTransportPort'),
  ]),
  column('nat_event', 'UInt8', 'dimension', 'NAT event (IANA natEvent): 1 create, 2 delete, ….', [ie(230)]),
  column(
    'firewall_event',
    'UInt8',
    'dimension',
    'Firewall event (IANA firewallEvent): 1 created, 2 deleted, 3 denied, 4 alert, 5 update.',
    [ie(233), el('cisco:firewallEvent')],
  ),
  column('firewall_extended_event', 'UInt16', 'dimension', 'Vendor’s reason for the event.', [
    el('cisco:firewallExtendedEvent'),
  ]),
  column(
    'ingress_acl',
    'LowCardinality(String)',
    'dimension',
    'Access list on the way in (ASA: three hexadecimal ids).',
    [el('cisco:ingressAclId', 'hex')],
  ),
  column('egress_acl', 'LowCardinality(String)', 'dimension', 'Access list on the way out.', [
    el('cisco:egressAclId', 'hex'),
  ]),
  column('user_name', 'LowCardinality(String)', 'dimension', 'User that the flow belongs to.', [
    ie(371),
    el('cisco:userName'),
    el('paloalto:userId'),
    el('ntop:FLOW_USER_NAME'),
    el('citrix:aaaUsername'),
    el('nokia:natSubscriberString'),
  ]),
  column('connection_id', 'UInt64', 'key', 'The exporter’s own id of the flow or session.', [ie(148)]),
  column(
    'forwarding_status',
    'UInt8',
    'dimension',
    'Forwarding status (RFC 7270): two bits of status, six of reason.',
    [ie(89)],
  ),
  column(
    'verdict',
    enum8('unknown', verdicts),
    'dimension',
    'What was done with it, from forwarding status or firewall event.',
    [],
    { rollup: 'key' },
  ),
  column(
    'flow_end_reason',
    'UInt8',
    'dimension',
    'Flow end reason: 1 idle, 2 active, 3 end of flow, 4 forced, 5 lack of resources.',
    [ie(136)],
  ),
  column('dropped_bytes', 'UInt64', 'measure', 'Octets dropped on the way through.', [ie(132), ie(134)], {
    unit: 'bytes',
    rollup: 'sum',
  }),
  column('dropped_packets', 'UInt64', 'measure', 'Packets dropped on the way through.', [ie(133), ie(135)], {
    unit: 'packets',
    rollup: 'sum',
  }),

  // What it was
  column(
    'application_id',
    'UInt64',
    'dimension',
    'Application id (RFC 6759): classification engine, then selector. With an enterprise number (engine 20, more than 8 octets): ' +
      'engine in the top 8 bits, enterprise number in the next 24, selector in the last 32.',
    [ie(95, 'applicationId'), el('ntop:L7_PROTO'), el('ixia:l7ApplicationID'), el('cert:silkAppLabel')],
  ),
  column(
    'application',
    'LowCardinality(String)',
    'dimension',
    'Application name, sent or learnt from options data.',
    [
      ie(96),
      el('paloalto:appId'),
      el('ntop:L7_PROTO_NAME'),
      el('procera:service'),
      el('ixia:l7ApplicationName'),
      el('citrix:appName'),
      el('barracuda:serviceName'),
    ],
    { rollup: 'key' },
  ),
  column(
    'tcp_rtt_us',
    'UInt32',
    'measure',
    'TCP round-trip time.',
    [
      el('ixia:connectionAverageRoundTripTime'),
      el('cisco:networkDelayMinimum', 'milliToMicro'),
      el('cert:reverseFlowDeltaMilliseconds', 'milliToMicro'),
      el('citrix:roundTripTime', 'milliToMicro'),
      el('flowmon:npnRoundTripTime'),
    ],
    { unit: 'us', rollup: 'average' },
  ),
  column(
    'client_rtt_us',
    'UInt32',
    'measure',
    'Network delay on the client’s side.',
    [el('ntop:CLIENT_NW_LATENCY_MS', 'milliToMicro'), el('cisco:clientNetworkDelayMinimum', 'milliToMicro')],
    { unit: 'us' },
  ),
  column(
    'server_rtt_us',
    'UInt32',
    'measure',
    'Network delay on the server’s side.',
    [el('ntop:SERVER_NW_LATENCY_MS', 'milliToMicro'), el('cisco:serverNetworkDelayMinimum', 'milliToMicro')],
    { unit: 'us' },
  ),
  column(
    'server_response_us',
    'UInt32',
    'measure',
    'Delay of the application’s answer.',
    [
      el('ntop:APPL_LATENCY_MS', 'milliToMicro'),
      el('cisco:responseTimeMinimum', 'milliToMicro'),
      el('ixia:tcpApplicationResponseTime'),
      el('flowmon:npmServerResponseTime'),
    ],
    { unit: 'us', rollup: 'average' },
  ),
  column(
    'retransmissions',
    'UInt32',
    'measure',
    'Packets sent again, source to destination.',
    [
      el('ntop:RETRANSMITTED_IN_PKTS'),
      el('ixia:tcpRetransmittedPackets'),
      el('cisco:clientRetransmittedPackets'),
      el('flowmon:npmTcpRetransmission'),
    ],
    { unit: 'packets', rollup: 'sum' },
  ),
  column(
    'retransmissions_out',
    'UInt32',
    'measure',
    'Packets sent again, reverse direction.',
    [el('ntop:RETRANSMITTED_OUT_PKTS'), el('cisco:serverRetransmittedPackets')],
    { unit: 'packets', rollup: 'sum' },
  ),
  column(
    'out_of_order',
    'UInt32',
    'measure',
    'Packets out of order, source to destination.',
    [el('ntop:OOORDER_IN_PKTS'), el('flowmon:npmTcpOutOfOrder')],
    { unit: 'packets' },
  ),
  column('l7_kind', 'LowCardinality(String)', 'dimension', 'Kind of the layer-7 detail: dns, http, tls, ….'),
  column('l7_detail', 'String', 'dimension', 'Layer-7 detail in words.'),
  column('dns_name', 'LowCardinality(String)', 'dimension', 'Name asked for.', [
    el('ntop:DNS_QUERY'),
    el('cert:dnsQName'),
    el('ixia:dnsQueryNames'),
    el('flowmon:dnsQname'),
  ]),
  column('http_host', 'LowCardinality(String)', 'dimension', 'Host asked for.', [
    ie(460),
    el('ntop:HTTP_HOST'),
    el('ixia:hostName'),
    el('citrix:httpReqHost'),
    el('citrix:httpDomainName'),
    el('procera:serverHostname'),
    el('flowmon:httpHost'),
    el('netflow9:streamcoreHostname'),
  ]),
  column('http_method', 'LowCardinality(String)', 'dimension', 'HTTP method.', [
    ie(459),
    el('ntop:HTTP_METHOD'),
    el('citrix:httpReqMethod'),
  ]),
  column('http_url', 'String', 'dimension', 'HTTP target.', [
    ie(461),
    el('ntop:HTTP_URL'),
    el('ixia:httpURI'),
    el('citrix:httpReqUrl'),
    el('procera:httpUrl'),
    el('flowmon:httpUrl'),
    el('netflow9:streamcoreUrl'),
  ]),
  column('http_status', 'UInt16', 'dimension', 'HTTP status code.', [
    ie(457),
    el('ntop:HTTP_RET_CODE'),
    el('citrix:httpRspStatus'),
  ]),
  column('http_user_agent', 'LowCardinality(String)', 'dimension', 'HTTP user agent.', [
    ie(468),
    el('ntop:HTTP_USER_AGENT'),
    el('ixia:httpRequestUserAgent'),
    el('citrix:httpReqUserAgent'),
    el('procera:httpUserAgent'),
  ]),
  column('tls_server_name', 'LowCardinality(String)', 'dimension', 'TLS server name (SNI).', [
    el('ntop:TLS_SERVER_NAME'),
    el('cert:sslServerName'),
  ]),
  column('wlan_ssid', 'LowCardinality(String)', 'dimension', 'Wireless network.', [ie(147)]),
  column('source_workload', 'LowCardinality(String)', 'dimension', 'Workload (pod) of the source.'),
  column('destination_workload', 'LowCardinality(String)', 'dimension', 'Workload (pod) of the destination.'),
  column('source_namespace', 'LowCardinality(String)', 'dimension', 'Namespace of the source’s workload.'),
  column(
    'destination_namespace',
    'LowCardinality(String)',
    'dimension',
    'Namespace of the destination’s workload.',
  ),
  column('node_name', 'LowCardinality(String)', 'dimension', 'Cluster node that observed it.'),
] as const;

export type ColumnName = (typeof columns)[number]['name'];

/** The columns that take room in a batch and in the table: those that are not an alias. */
export const storedColumns: readonly Column[] = columns.filter((c: Column) => c.alias === undefined);

const byName = new Map<string, Column>(columns.map((c) => [c.name, c]));
const storedIndex = new Map<string, number>(storedColumns.map((c, i) => [c.name, i]));

export function columnByName(name: string): Column | undefined {
  return byName.get(name);
}

/** Position of a stored column in a batch. Throws on an alias or an unknown name: a fault of ours, never of input. */
export function columnIndex(name: ColumnName): number {
  const index = storedIndex.get(name);
  if (index === undefined) throw new Error(`${name} is not a stored column`);
  return index;
}
