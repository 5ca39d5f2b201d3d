/** The table `anomalies`: one row for each thing that happens, written again whenever it changes; the newest `updated` holds. */

export const severities = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof severities)[number];

export const anomalyStates = ['open', 'closed', 'silenced'] as const;
export type AnomalyState = (typeof anomalyStates)[number];

/** What detectors find. */
export const anomalyTypes = [
  'port_scan_vertical',
  'port_scan_horizontal',
  'traffic_spike',
  'traffic_drop',
  'ddos_volumetric',
  'ddos_carpet_bombing',
  'syn_flood',
  'udp_flood',
  'icmp_flood',
  'amplification',
  'data_exfiltration',
  'dns_anomaly',
  'dns_tunnel',
  'lateral_movement',
  'brute_force',
  'beaconing',
  'long_connection',
  'high_latency',
  'packet_loss',
  'error_rate',
  'protocol_mix',
  'unusual_protocol',
  'unexpected_connection',
  'entropy_shift',
  'outlier',
  'exporter_silent',
  'rule',
] as const;
export type AnomalyType = (typeof anomalyTypes)[number];

export interface AnomalyColumn {
  readonly name: string;
  /** ClickHouse type. */
  readonly type: string;
  readonly doc: string;
}

/** Columns of the table, in its order. ReplacingMergeTree by `updated`, ordered by (tenant_id, opened, id). */
export const anomalyColumns: readonly AnomalyColumn[] = [
  { name: 'id', type: 'UUID', doc: 'Stable while it lasts and when it is reopened.' },
  { name: 'tenant_id', type: 'LowCardinality(String)', doc: 'Whose.' },
  {
    name: 'type',
    type: 'LowCardinality(String)',
    doc: 'What kind: port_scan_vertical, traffic_spike, …; `rule` for one of the user’s own.',
  },
  { name: 'rule', type: 'LowCardinality(String)', doc: 'Name of the user’s rule, for the type `rule`.' },
  { name: 'severity', type: "Enum8('low' = 1, 'medium' = 2, 'high' = 3, 'critical' = 4)", doc: 'How bad.' },
  { name: 'score', type: 'Float32', doc: 'From 0 to 1: how sure and how far from usual.' },
  { name: 'state', type: "Enum8('open' = 1, 'closed' = 2, 'silenced' = 3)", doc: 'open while it lasts.' },
  { name: 'opened', type: 'DateTime', doc: 'When it began.' },
  { name: 'updated', type: 'DateTime64(3)', doc: 'When this row was written.' },
  { name: 'closed', type: 'DateTime', doc: 'When it ended; 1970 while it lasts.' },
  { name: 'title', type: 'String', doc: 'One line that a person can act on.' },
  { name: 'description', type: 'String', doc: 'What was seen, and what to look at.' },
  { name: 'source_ip', type: 'IPv6', doc: 'The host that acts; :: where it is no host.' },
  {
    name: 'destination_ip',
    type: 'IPv6',
    doc: 'The host or prefix that is acted on; :: where there is none or many.',
  },
  { name: 'destination_prefix', type: 'UInt8', doc: 'Bits of the prefix, as of an IPv6 address.' },
  { name: 'collector_ip', type: 'IPv6', doc: 'The exporter that saw it; :: where several did.' },
  { name: 'exporter_name', type: 'LowCardinality(String)', doc: 'Its name.' },
  { name: 'interface', type: 'UInt32', doc: 'Of the exporter; 0 where it is none.' },
  { name: 'protocol', type: 'UInt8', doc: 'IP protocol; 0 where it is none or many.' },
  { name: 'port', type: 'UInt16', doc: 'Destination port; 0 where it is none or many.' },
  {
    name: 'metric',
    type: 'LowCardinality(String)',
    doc: 'What was measured, with its unit: ports_per_minute, bytes_per_second.',
  },
  { name: 'value', type: 'Float64', doc: 'The measure now, at its worst.' },
  { name: 'baseline', type: 'Float64', doc: 'What is usual; 0 where there is no usual.' },
  { name: 'threshold', type: 'Float64', doc: 'From where on it is an anomaly.' },
  { name: 'technique', type: 'LowCardinality(String)', doc: 'MITRE ATT&CK: T1046.' },
  { name: 'story', type: 'UUID', doc: 'Anomalies of one story share it.' },
  { name: 'flow_filter', type: 'String', doc: 'In the filter language: the flows that it was seen in.' },
  { name: 'evidence', type: 'String', doc: 'JSON: more numbers, and the flows that contributed most.' },
];

/** A row of the table, by its columns' names. */
export interface AnomalyRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly type: AnomalyType;
  readonly rule: string;
  readonly severity: Severity;
  readonly score: number;
  readonly state: AnomalyState;
  /** Seconds since 1970. */
  readonly opened: number;
  /** Milliseconds since 1970. */
  readonly updated: number;
  /** Seconds since 1970; 0 while it lasts. */
  readonly closed: number;
  readonly title: string;
  readonly description: string;
  /** Addresses as text, v4 dotted; `::` for none. */
  readonly source_ip: string;
  readonly destination_ip: string;
  readonly destination_prefix: number;
  readonly collector_ip: string;
  readonly exporter_name: string;
  readonly interface: number;
  readonly protocol: number;
  readonly port: number;
  readonly metric: string;
  readonly value: number;
  readonly baseline: number;
  readonly threshold: number;
  readonly technique: string;
  /** The id of the first anomaly of the story; its own where it is alone. */
  readonly story: string;
  readonly flow_filter: string;
  /** `AnomalyEvidence` as JSON. */
  readonly evidence: string;
}

/** What an anomaly rests on, beside its value, baseline and threshold. */
export interface AnomalyEvidence {
  /** Further numbers, the telling ones first. */
  readonly measures?: readonly { readonly name: string; readonly value: number; readonly unit: string }[];
  /** Who makes up most of it, by what was measured: from the window itself. */
  readonly contributors?: readonly AnomalyContributor[];
  /** Destination ports, the lowest first, 32 at most. */
  readonly ports?: readonly number[];
  /** Why nothing firmer can be said: `1:1000 sampling, 7 records`. */
  readonly caveat?: string;
  /** The largest flows of it, from the store; there some seconds after the anomaly. */
  readonly flows?: readonly Readonly<Record<string, string | number>>[];
  /** Parameters that decided, by name. */
  readonly parameters?: Readonly<Record<string, number>>;
}

export interface AnomalyContributor {
  readonly source_ip?: string;
  readonly destination_ip?: string;
  readonly protocol?: number;
  readonly destination_port?: number;
  readonly application?: string;
  /** Its part of the value, in the anomaly's unit. */
  readonly value: number;
}
