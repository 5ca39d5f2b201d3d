/**
 * The table `collector_metrics`: gauges that each collector writes of itself twice a minute, so that dashboards and alert rules need
 * no second database. Columns: `timestamp DateTime`, `collector LowCardinality(String)` (its host's name),
 * `metric LowCardinality(String)`, `value Float64`. The same and more is on `/metrics` for Prometheus.
 */
export interface CollectorMetric {
  readonly name: string;
  readonly label: string;
  /** Grafana's id of the unit. */
  readonly unit: string;
  readonly doc: string;
}

export const collectorMetrics: readonly CollectorMetric[] = [
  { name: 'flows_per_second', label: 'Flows', unit: 'fps', doc: 'Flows decoded a second.' },
  { name: 'datagrams_per_second', label: 'Datagrams', unit: 'pps', doc: 'Datagrams received a second.' },
  {
    name: 'kernel_drops_per_second',
    label: 'Kernel drops',
    unit: 'pps',
    doc: 'Datagrams that the kernel dropped a second: the socket’s buffer was full.',
  },
  {
    name: 'lag_seconds',
    label: 'Lag',
    unit: 's',
    doc: 'Age of the oldest flow that waits to be stored; 0 where none waits.',
  },
  { name: 'spool_bytes', label: 'Spool', unit: 'bytes', doc: 'What waits on disk.' },
  {
    name: 'spool_used_percent',
    label: 'Spool used',
    unit: 'percent',
    doc: 'What waits on disk, of what may.',
  },
  {
    name: 'rows_stored_per_second',
    label: 'Rows stored',
    unit: 'rowsps',
    doc: 'Rows that ClickHouse has acknowledged a second.',
  },
  { name: 'insert_seconds', label: 'Insert', unit: 's', doc: 'Mean duration of an insert.' },
  {
    name: 'receiver_utilization_percent',
    label: 'Receiving thread',
    unit: 'percent',
    doc: 'Of one core, by the thread that receives and decodes.',
  },
  { name: 'cpu_percent', label: 'CPU', unit: 'percent', doc: 'Of one core, by the whole process.' },
  { name: 'memory_bytes', label: 'Memory', unit: 'bytes', doc: 'Resident memory of the process.' },
  {
    name: 'disk_free_percent',
    label: 'Disk free',
    unit: 'percent',
    doc: 'Of the disk with the data folder.',
  },
  { name: 'disk_free_bytes', label: 'Disk free', unit: 'bytes', doc: 'Of the disk with the data folder.' },
  { name: 'exporters', label: 'Exporters', unit: 'short', doc: 'Exporters known.' },
  { name: 'templates', label: 'Templates', unit: 'short', doc: 'Templates held.' },
  { name: 'anomalies_open', label: 'Open anomalies', unit: 'short', doc: 'Anomalies that last.' },
  {
    name: 'detection_delay_seconds',
    label: 'Detection delay',
    unit: 's',
    doc: 'From the end of a window of ten seconds to when the detectors had looked at it.',
  },
  {
    name: 'detection_cpu_percent',
    label: 'Detection',
    unit: 'percent',
    doc: 'Of one core, by the thread that keeps windows and runs the detectors.',
  },
  {
    name: 'detection_memory_bytes',
    label: 'Detection memory',
    unit: 'bytes',
    doc: 'Of the windows, the baselines and the detectors.',
  },
  {
    name: 'detection_passed_over_per_second',
    label: 'Not detected in',
    unit: 'fps',
    doc: 'Flows a second that detection has not seen, for it was too far behind. They are stored.',
  },
  {
    name: 'detection_learning_percent',
    label: 'Learning',
    unit: 'percent',
    doc: 'Of the hosts, pairs, interfaces and services with a baseline, those of which the usual is not known yet.',
  },
  {
    name: 'window_rows_per_second',
    label: 'Window rows',
    unit: 'rowsps',
    doc: 'Rows of windows stored a second.',
  },
  { name: 'clickhouse_connected', label: 'ClickHouse', unit: 'bool', doc: '1 while inserts succeed.' },
];
