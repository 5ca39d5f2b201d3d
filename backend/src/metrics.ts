import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What the backend counts of itself. */
export interface BackendMetrics {
  readonly registry: Registry;
  readonly queries: Counter<'kind' | 'status'>;
  readonly querySeconds: Histogram<'kind'>;
  readonly rows: Counter<'kind'>;
  readonly bytes: Counter;
  readonly streams: Gauge;
}

export function createMetrics(): BackendMetrics {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    queries: new Counter({
      name: 'weir_queries_total',
      help: 'Queries answered, by kind and by how that went.',
      labelNames: ['kind', 'status'],
      registers,
    }),
    querySeconds: new Histogram({
      name: 'weir_query_seconds',
      help: 'Time from a query to its frames.',
      labelNames: ['kind'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    rows: new Counter({
      name: 'weir_clickhouse_rows_total',
      help: 'Rows that ClickHouse answered with.',
      labelNames: ['kind'],
      registers,
    }),
    bytes: new Counter({
      name: 'weir_clickhouse_bytes_total',
      help: 'Octets of ClickHouse’s answers.',
      registers,
    }),
    streams: new Gauge({ name: 'weir_streams_open', help: 'Live streams that run.', registers }),
  };
}
