import type { ColumnName } from '../columns.ts';
import { type Metric, type MetricName, metricByName } from './metrics.ts';
import type { FlowTable } from './tables.ts';

/**
 * How a metric is made from rows. A row adds an amount (and a weight, for means) to the direction that it was seen in (`out` is that of
 * a biflow's answers) or one distinct value.
 *
 * | metric | amount | weight | sampling |
 * | --- | --- | --- | --- |
 * | bits, bytes, packets, dropped, retransmissions | counters | | multiplied |
 * | flows | records | | as received |
 * | packet_size | octets | packets | multiplied |
 * | tcp_rtt, server_response | microseconds of flows that have them | such flows | as received |
 * | retransmission_rate | retransmitted packets | packets sent | multiplied |
 * | unique_… | distinct values | | as received |
 */
export interface Measure {
  readonly metric: Metric;
  readonly form: 'sum' | 'mean' | 'unique';
  /** A bucket's value is amount × factor, divided by the weight (means) and by the bucket's seconds (rates). */
  readonly factor: number;
  /** Octets, packets or flows: what a rate's total is counted in is amount × this. */
  readonly columns: readonly ColumnName[];
  /** Why only single flows can tell. */
  readonly rawOnly: string | undefined;
  /** Amounts are shared among the buckets that a flow lasted through. */
  readonly spreads: boolean;
  amount(table: FlowTable, direction: 'in' | 'out', rate: string): string;
  weight(table: FlowTable, direction: 'in' | 'out', rate: string): string;
  /** The two directions add up to something in a graph that does not tell them apart. */
  readonly bothWays: boolean;
  readonly distinct: ColumnName | undefined;
}

const times = (count: string, rate: string): string => (rate === '1' ? count : `${count} * ${rate}`);

function counter(
  column: 'bytes' | 'packets',
  factor = 1,
  form: Measure['form'] = 'sum',
): Omit<Measure, 'metric'> {
  return {
    form,
    factor,
    columns: [`${column}_in`, `${column}_out`],
    rawOnly: undefined,
    spreads: true,
    amount: (_, direction, rate) => times(`${column}_${direction}`, rate),
    weight: (_, direction, rate) => (form === 'mean' ? times(`packets_${direction}`, rate) : '0'),
    bothWays: true,
    distinct: undefined,
  };
}

const flows: Omit<Measure, 'metric'> = {
  form: 'sum',
  factor: 1,
  columns: [],
  rawOnly: undefined,
  spreads: true,
  amount: (table, direction) => (direction === 'out' ? '0' : table === 'network_flows' ? '1' : 'flow_count'),
  weight: () => '0',
  bothWays: false,
  distinct: undefined,
};

function oneWay(
  column: 'dropped_bytes' | 'dropped_packets' | 'retransmissions',
  factor = 1,
): Omit<Measure, 'metric'> {
  return {
    ...flows,
    factor,
    columns: [column],
    amount: (_, direction, rate) => (direction === 'out' ? '0' : times(column, rate)),
  };
}

function average(column: 'tcp_rtt_us' | 'server_response_us'): Omit<Measure, 'metric'> {
  return {
    ...flows,
    form: 'mean',
    columns: [column],
    spreads: false,
    amount: (table, direction) =>
      direction === 'out' ? '0' : table === 'network_flows' ? column : `${column}_sum`,
    weight: (table, direction) =>
      direction === 'out' ? '0' : table === 'network_flows' ? `(${column} > 0)` : `${column}_count`,
  };
}

function unique(distinct: ColumnName): Omit<Measure, 'metric'> {
  return {
    ...flows,
    form: 'unique',
    columns: [distinct],
    spreads: false,
    rawOnly: 'how many different values there are is only in network_flows',
    distinct,
  };
}

const recipes: Readonly<Record<MetricName, Omit<Measure, 'metric'>>> = {
  bits_per_second: counter('bytes', 8),
  packets_per_second: counter('packets'),
  flows_per_second: flows,
  bytes: counter('bytes'),
  packets: counter('packets'),
  flows,
  packet_size: counter('bytes', 1, 'mean'),
  utilization: counter('bytes', 800),
  unique_sources: unique('source_ip'),
  unique_destinations: unique('destination_ip'),
  unique_ports: unique('destination_port'),
  tcp_rtt: average('tcp_rtt_us'),
  server_response: average('server_response_us'),
  retransmissions: oneWay('retransmissions'),
  retransmission_rate: {
    ...oneWay('retransmissions', 100),
    form: 'mean',
    columns: ['retransmissions', 'packets_in'],
    weight: (_, direction, rate) => (direction === 'out' ? '0' : times('packets_in', rate)),
  },
  dropped_bits_per_second: oneWay('dropped_bytes', 8),
  dropped_packets_per_second: oneWay('dropped_packets'),
};

export function measureOf(name: MetricName): Measure {
  return { metric: metricByName(name)!, ...recipes[name] };
}
