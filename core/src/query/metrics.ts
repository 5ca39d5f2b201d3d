/** What a query measures. How it is summed is in the SQL compiler; this is what editors and panels need to know. */
export interface Metric {
  readonly name: MetricName;
  readonly label: string;
  readonly doc: string;
  /** Grafana's id of the unit. */
  readonly unit: string;
  readonly category: 'Traffic' | 'Distinct' | 'Quality' | 'Interface';
  /** Parts may be added up: shares, totals and "Other" make sense. */
  readonly additive: boolean;
  /** A total divided by the seconds that it was counted over. */
  readonly rate: boolean;
}

export type MetricName =
  | 'bits_per_second'
  | 'packets_per_second'
  | 'flows_per_second'
  | 'bytes'
  | 'packets'
  | 'flows'
  | 'packet_size'
  | 'utilization'
  | 'unique_sources'
  | 'unique_destinations'
  | 'unique_ports'
  | 'tcp_rtt'
  | 'server_response'
  | 'retransmissions'
  | 'retransmission_rate'
  | 'dropped_bits_per_second'
  | 'dropped_packets_per_second';

function metric(
  name: MetricName,
  category: Metric['category'],
  label: string,
  unit: string,
  doc: string,
  kind: { readonly additive?: boolean; readonly rate?: boolean } = {},
): Metric {
  return { name, category, label, unit, doc, additive: kind.additive ?? false, rate: kind.rate ?? false };
}

export const metrics: readonly Metric[] = [
  metric('bits_per_second', 'Traffic', 'Bits/s', 'bps', 'Bits a second, sampling corrected.', {
    additive: true,
    rate: true,
  }),
  metric('packets_per_second', 'Traffic', 'Packets/s', 'pps', 'Packets a second, sampling corrected.', {
    additive: true,
    rate: true,
  }),
  metric('flows_per_second', 'Traffic', 'Flows/s', 'fps', 'Flow records a second, as received.', {
    additive: true,
    rate: true,
  }),
  metric('bytes', 'Traffic', 'Bytes', 'decbytes', 'Octets, sampling corrected.', { additive: true }),
  metric('packets', 'Traffic', 'Packets', 'short', 'Packets, sampling corrected.', { additive: true }),
  metric('flows', 'Traffic', 'Flows', 'short', 'Flow records, as received.', { additive: true }),
  metric('packet_size', 'Traffic', 'Packet size', 'decbytes', 'Mean octets of a packet.'),
  metric(
    'utilization',
    'Interface',
    'Interface utilization',
    'percent',
    'Bits a second in percent of the interface’s speed.',
    { rate: true },
  ),
  metric('unique_sources', 'Distinct', 'Unique sources', 'short', 'How many source addresses.'),
  metric(
    'unique_destinations',
    'Distinct',
    'Unique destinations',
    'short',
    'How many destination addresses.',
  ),
  metric('unique_ports', 'Distinct', 'Unique destination ports', 'short', 'How many destination ports.'),
  metric(
    'tcp_rtt',
    'Quality',
    'TCP round trip',
    'µs',
    'Mean TCP round-trip time of the flows that have one.',
  ),
  metric(
    'server_response',
    'Quality',
    'Server response',
    'µs',
    'Mean server response time of the flows that have one.',
  ),
  metric('retransmissions', 'Quality', 'Retransmissions', 'short', 'Retransmitted packets.', {
    additive: true,
  }),
  metric(
    'retransmission_rate',
    'Quality',
    'Retransmission rate',
    'percent',
    'Retransmitted packets in percent of all.',
  ),
  metric(
    'dropped_bits_per_second',
    'Quality',
    'Dropped bits/s',
    'bps',
    'Bits a second that the exporter dropped.',
    { additive: true, rate: true },
  ),
  metric(
    'dropped_packets_per_second',
    'Quality',
    'Dropped packets/s',
    'pps',
    'Packets a second that the exporter dropped.',
    { additive: true, rate: true },
  ),
];

const byName = new Map(metrics.map((m) => [m.name as string, m]));

export function metricByName(name: string): Metric | undefined {
  return byName.get(name);
}
