import type { ColumnName } from '../columns.ts';
import { type Field, fieldByName, fields } from '../fields/fields.ts';

/*
 * What the filter language must know of columns at run time. The table of columns itself carries the registry of information
 * elements, too large for a browser: what is repeated here is held against it by a test.
 */

/** All fields that filters take. */
export const filterFields: readonly Field[] = fields;

/** A field by its name or an alias, in any case. */
export function filterField(name: string): Field | undefined {
  return fieldByName(name);
}

/** The field of a condition, which the parser has found before. */
export function knownField(name: string): Field {
  const field = filterField(name);
  if (field === undefined) throw new Error(`there is no field ${name}`);
  return field;
}

export const unsignedBits: Partial<Record<ColumnName, 8 | 16 | 32 | 64>> = {
  source_port: 16,
  destination_port: 16,
  source_mac: 64,
  destination_mac: 64,
  input_interface: 32,
  output_interface: 32,
  observation_domain: 32,
  sampling_rate: 32,
  protocol: 8,
  tos: 8,
  tcp_flags: 16,
  tcp_flags_out: 16,
  icmp_type: 8,
  icmp_code: 8,
  ip_ttl: 8,
  ethertype: 16,
  bytes_in: 64,
  bytes_out: 64,
  packets_in: 64,
  packets_out: 64,
  duration_ms: 32,
  source_as: 32,
  destination_as: 32,
  previous_as: 32,
  next_as: 32,
  vlan_id: 16,
  mpls_label_1: 32,
  http_status: 16,
  forwarding_status: 8,
  firewall_event: 8,
  flow_end_reason: 8,
  record_flags: 16,
  tcp_rtt_us: 32,
  server_response_us: 32,
  retransmissions: 32,
  dropped_packets: 64,
};

/** Words of the enumerations; the first stands for "not known". */
export const enumWords: Partial<Record<ColumnName, readonly string[]>> = {
  flow_source: ['unknown', 'netflow5', 'netflow9', 'ipfix', 'sflow', 'pcap', 'http', 'hubble', 'unifi'],
  flow_direction: ['unknown', 'ingress', 'egress'],
  verdict: ['unknown', 'forwarded', 'dropped', 'consumed', 'error', 'audit', 'redirected'],
};

export function wordsOf(field: Field): readonly string[] {
  return enumWords[field.columns[0]] ?? [];
}

/** The largest number that a field takes; what 64 bits hold beyond 2^53 - 1 cannot be asked for. */
export function largestOf(field: Field): number {
  if (field.type === 'dscp') return 63;
  if (field.type === 'mac') return 2 ** 48 - 1;
  const bits = unsignedBits[field.columns[0]] ?? 64;
  return bits === 64 ? Number.MAX_SAFE_INTEGER : 2 ** bits - 1;
}

/** ClickHouse's type of a column of numbers. */
export function unsignedType(column: ColumnName): string {
  return `UInt${unsignedBits[column] ?? 64}`;
}

/** What a field is made of two columns for: either end, or the lower number of both. */
export function takesLower(field: Field): boolean {
  return field.name === 'service';
}

/** Texts, or shown as text: regular expressions and parts of texts make sense. */
export function isTextual(field: Field): boolean {
  return ['text', 'enum', 'exporter', 'interface'].includes(field.type);
}

/** Numbers with an order: `<` makes sense. */
export function isOrdered(field: Field): boolean {
  return [
    'port',
    'as',
    'number',
    'bytes',
    'milliseconds',
    'microseconds',
    'dscp',
    'protocol',
    'interface',
  ].includes(field.type);
}

/** ISO 3166 codes are written in capitals. */
export function inCapitals(field: Field): boolean {
  return field.columns[0].endsWith('_country');
}
