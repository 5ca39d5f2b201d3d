import {
  type Column,
  type NarrowRollup,
  anomalyColumns,
  columns,
  isNarrowRollup,
  narrowRollups,
} from '@weir/core';

/** How long each kind of data is kept, in days. */
export interface Retention {
  readonly flowsDays: number;
  readonly rollup1mDays: number;
  readonly rollup1hDays: number;
  readonly ledgerDays: number;
  readonly windowsDays: number;
  readonly anomaliesDays: number;
}

/** Remembered insert tokens of each table: a repeated block among the last so many is not stored again. */
const DEDUPLICATION_WINDOW = 10_000;

const SETTINGS = `non_replicated_deduplication_window = ${DEDUPLICATION_WINDOW}, ttl_only_drop_parts = 1`;

/**
 * Columns that take room from the beginning: those of the order, of the rollups' weights and of the views on inserted blocks.
 * Every other stored column begins as an alias of its default, which costs nothing, neither on insert nor in merges, and is
 * given room when the first block brings it (see live-columns.ts).
 */
const ALWAYS: ReadonlySet<string> = new Set([
  'timestamp',
  'end_lag_ms',
  'duration_ms',
  'tenant_id',
  'collector_ip',
  'exporter_name',
  'flow_source',
  'sampling_rate',
  'source_ip',
  'destination_ip',
  'source_port',
  'destination_port',
  'protocol',
  'bytes_in',
  'packets_in',
  'bytes_out',
  'packets_out',
  'input_interface',
  'output_interface',
]);

/** A table column as DDL: as it is in a table that has no data for it yet. */
export function columnDdl(column: Column): string {
  const alias = column.alias ?? (ALWAYS.has(column.name) ? undefined : emptyValue(column));
  const kind = alias === undefined ? '' : ` ALIAS ${alias}`;
  const codec = column.codec === undefined || alias !== undefined ? '' : ` CODEC(${column.codec})`;
  return `\`${column.name}\` ${column.type}${kind} COMMENT ${quoted(column.doc)}${codec}`;
}

/** A type's default value, as SQL. */
function emptyValue(column: Column): string {
  if (column.type === 'IPv6') return "toIPv6('::')";
  if (column.type.startsWith('Enum8')) return "'unknown'";
  return column.type.includes('String') ? "''" : '0';
}

export function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/**
 * The order of rows within a day. Dashboards ask for a time range, then an exporter and its interfaces: these come first and
 * make the sparse index. Within them rows lie by service, then by server, whichever of the two ends it is: flows of a
 * conversation's both directions, and all clients of a server, have most in common, and so compress best. A quarter of an
 * hour is the slot: shorter ones cut that company apart, longer ones make short time ranges read more
 * (docs/benchmarks.md has the numbers).
 */
const INDEXED = ['toStartOfFifteenMinutes(timestamp)', 'collector_ip', 'input_interface', 'output_interface'];
const SORTED = [
  ...INDEXED,
  'protocol',
  'least(source_port, destination_port)',
  'if(source_port < destination_port, source_ip, destination_ip)',
  'if(source_port < destination_port, destination_ip, source_ip)',
  'timestamp',
];

/**
 * Merging column by column saves memory in large merges and costs half as much CPU again in small ones, of which there are
 * most; up to so many rows all columns fit.
 */
const FLOWS_SETTINGS = `${SETTINGS}, vertical_merge_algorithm_min_rows_to_activate = 5000000`;

export function flowsDdl(database: string, retention: Retention): string {
  return `CREATE TABLE IF NOT EXISTS ${database}.network_flows (
${columns.map((c: Column) => `  ${columnDdl(c)}`).join(',\n')}
) ENGINE = MergeTree
PARTITION BY toYYYYMMDD(timestamp)
PRIMARY KEY (${INDEXED.join(', ')})
ORDER BY (${SORTED.join(', ')})
TTL ${ttl('timestamp', retention.flowsDays)}
SETTINGS ${FLOWS_SETTINGS}`;
}

export function ttl(column: string, days: number): string {
  return `${column} + INTERVAL ${days} DAY`;
}

/** Rows and counts by exporter and minute as the engine has stored them: witness for the ledger and the rollups. */
export function storedDdl(database: string, retention: Retention): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${database}.stored_1m (
  minute DateTime CODEC(Delta, ZSTD(1)),
  tenant_id LowCardinality(String),
  collector_ip IPv6,
  flows UInt64 CODEC(T64, ZSTD(1)),
  bytes UInt64 CODEC(T64, ZSTD(1)),
  packets UInt64 CODEC(T64, ZSTD(1))
) ENGINE = SummingMergeTree
PARTITION BY toYYYYMM(minute)
ORDER BY (minute, tenant_id, collector_ip)
TTL ${ttl('minute', retention.ledgerDays)}
SETTINGS ${SETTINGS}`,
    `CREATE MATERIALIZED VIEW IF NOT EXISTS ${database}.stored_1m_view TO ${database}.stored_1m AS
SELECT toStartOfMinute(timestamp) AS minute, tenant_id, collector_ip, count() AS flows, sum(bytes_in) + sum(bytes_out) AS bytes,
  sum(packets_in) + sum(packets_out) AS packets
FROM ${database}.network_flows GROUP BY minute, tenant_id, collector_ip`,
  ];
}

export function ledgerDdl(database: string, retention: Retention): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${database}.ledger (
  minute DateTime CODEC(Delta, ZSTD(1)),
  tenant_id LowCardinality(String),
  collector_ip IPv6,
  exporter_name LowCardinality(String),
  measure LowCardinality(String) COMMENT 'datagrams_received, records_announced, flows, records_lost, ...',
  reason LowCardinality(String) COMMENT 'why, for datagrams_refused, sets_malformed and records_lost',
  value Int64 CODEC(T64, ZSTD(1))
) ENGINE = SummingMergeTree
PARTITION BY toYYYYMM(minute)
ORDER BY (minute, tenant_id, collector_ip, exporter_name, measure, reason)
TTL ${ttl('minute', retention.ledgerDays)}
SETTINGS ${SETTINGS}`,
    `CREATE VIEW IF NOT EXISTS ${database}.ledger_balance AS
SELECT collector_ip, argMaxIf(exporter, minute, exporter != '') AS exporter_name,
  sum(received) AS datagrams_received, sum(decoded) AS datagrams_decoded, sum(refused) AS datagrams_refused,
  sum(announced) AS records_announced, sum(flows) AS flows, sum(options) AS options_records, sum(waiting) AS records_waiting,
  sum(lost) AS records_lost, sum(stored) AS rows_stored,
  datagrams_received - datagrams_decoded - datagrams_refused AS datagrams_unexplained,
  records_announced - flows - options_records - records_waiting - records_lost AS records_unexplained,
  flows - rows_stored AS flows_unexplained
FROM (
  SELECT collector_ip, exporter_name AS exporter, minute,
    if(measure = 'datagrams_received', value, 0) AS received, if(measure = 'datagrams_decoded', value, 0) AS decoded,
    if(measure = 'datagrams_refused', value, 0) AS refused, if(measure = 'records_announced', value, 0) AS announced,
    if(measure = 'flows', value, 0) AS flows, if(measure = 'options_records', value, 0) AS options,
    if(measure = 'records_waiting', value, 0) AS waiting, if(measure = 'records_lost', value, 0) AS lost, 0 AS stored
  FROM ${database}.ledger
  UNION ALL
  SELECT collector_ip, '' AS exporter, minute, 0, 0, 0, 0, 0, 0, 0, 0, toInt64(flows) FROM ${database}.stored_1m
)
GROUP BY collector_ip`,
  ];
}

/** One row for each anomaly, written again whenever it changes; the newest `updated` holds. */
export function anomaliesDdl(database: string, retention: Retention): string {
  const lines = anomalyColumns.map(({ name, type, doc }) => `  \`${name}\` ${type} COMMENT ${quoted(doc)}`);
  return `CREATE TABLE IF NOT EXISTS ${database}.anomalies (
${lines.join(',\n')}
) ENGINE = ReplacingMergeTree(updated)
PARTITION BY toYYYYMM(opened)
ORDER BY (tenant_id, opened, id)
TTL ${ttl('opened', retention.anomaliesDays)}
SETTINGS ${SETTINGS}`;
}

/** Gauges of the collectors themselves: see `collector-metrics.ts` in core. They belong to no tenant. */
export function collectorMetricsDdl(database: string, retention: Retention): string {
  return `CREATE TABLE IF NOT EXISTS ${database}.collector_metrics (
  timestamp DateTime CODEC(Delta, ZSTD(1)),
  collector LowCardinality(String) COMMENT 'Name of its host.',
  metric LowCardinality(String),
  value Float64 CODEC(ZSTD(1))
) ENGINE = MergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (metric, collector, timestamp)
TTL ${ttl('timestamp', retention.ledgerDays)}
SETTINGS ttl_only_drop_parts = 1`;
}

/**
 * One row of no tenant's: who sees it is bound to none. A program that is to show one tenant alone looks here whether the engine
 * holds it to that.
 */
export function tenantCheckDdl(database: string): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${database}.tenant_check (
  tenant_id LowCardinality(String) COMMENT 'The one row has * here: a reader that is bound to a tenant does not see it.'
) ENGINE = MergeTree ORDER BY tenant_id
SETTINGS non_replicated_deduplication_window = 100`,
    // Two collectors at once: the engine takes the same block once.
    `INSERT INTO ${database}.tenant_check SELECT '*' WHERE (SELECT count() FROM ${database}.tenant_check) = 0`,
  ];
}

/** Tables with a column `tenant_id`: a reader that is bound to a tenant sees its rows of these, by row policy. */
export const tenantTables = [
  'network_flows',
  'flows_1m',
  'flows_1m_applications',
  'flows_1m_interfaces',
  'flows_1h',
  'stored_1m',
  'ledger',
  'exporters',
  'interfaces',
  'windows_10s',
  'anomalies',
  'tenant_check',
] as const;

/** What holds nothing of any tenant by itself: a view reads with the rights of who asks. */
export const sharedTables = ['ledger_balance', 'schema_migrations'] as const;

export type RollupName = 'flows_1m' | NarrowRollup | 'flows_1h';

/** A slot of a rollup, in seconds, and the table that it is made from, which stands before it. */
export const rollups: Readonly<
  Record<RollupName, { readonly seconds: number; readonly from: 'network_flows' | 'flows_1m' }>
> = {
  flows_1m: { seconds: 60, from: 'network_flows' },
  flows_1m_applications: { seconds: 60, from: 'flows_1m' },
  flows_1m_interfaces: { seconds: 60, from: 'flows_1m' },
  flows_1h: { seconds: 3600, from: 'flows_1m' },
};

/** In the order in which they are made. */
export const rollupNames = Object.keys(rollups) as readonly RollupName[];

export const rollupColumns = columns.filter((c: Column) => c.rollup !== undefined) as readonly Column[];

/** What a rollup keeps: all of these, or of keys those alone that a narrow one has. */
export function columnsOfRollup(name: RollupName): readonly Column[] {
  if (!isNarrowRollup(name)) return rollupColumns;
  const keys: readonly string[] = narrowRollups[name];
  return rollupColumns.filter((c) => c.rollup === 'sum' || c.rollup === 'average' || keys.includes(c.name));
}

/** Where the rows of a rollup lie in its order: the index, then what else brings like to like. */
const rollupOrder: Readonly<Record<RollupName, { readonly indexed: string; readonly then: string }>> = {
  flows_1m: {
    indexed: 'timestamp, collector_ip, input_interface, output_interface',
    then: 'protocol, source_ip, destination_ip',
  },
  flows_1h: {
    indexed: 'timestamp, collector_ip, input_interface, output_interface',
    then: 'protocol, source_ip, destination_ip',
  },
  flows_1m_applications: { indexed: 'timestamp, collector_ip', then: 'application, protocol, tos' },
  flows_1m_interfaces: { indexed: 'timestamp, collector_ip', then: 'input_interface, output_interface' },
};

/** The rollup's columns: those of `network_flows` under their own names, so that the same query reads both. */
export function rollupDdl(database: string, name: RollupName, retention: Retention): string {
  const lines = ["  `timestamp` DateTime COMMENT 'Start of the slot.' CODEC(Delta, ZSTD(1))"];
  for (const column of columnsOfRollup(name)) {
    if (column.rollup === 'sum') lines.push(`  \`${column.name}\` UInt64 CODEC(T64, ZSTD(1))`);
    else if (column.rollup === 'average')
      lines.push(
        `  \`${column.name}_sum\` UInt64 CODEC(T64, ZSTD(1))`,
        `  \`${column.name}_count\` UInt64 CODEC(T64, ZSTD(1))`,
      );
    else lines.push(`  \`${column.name}\` ${column.type}${column.type === 'IPv6' ? ' CODEC(ZSTD(1))' : ''}`);
  }
  lines.push("  `flow_count` UInt64 COMMENT 'Records in the row.' CODEC(T64, ZSTD(1))");
  if (!isNarrowRollup(name)) lines.push(`  \`folded\` UInt8 COMMENT ${quoted(foldedDoc())}`);
  const hours = name === 'flows_1h';
  const days = hours ? retention.rollup1hDays : retention.rollup1mDays;
  const partition = hours ? 'toYYYYMM(timestamp)' : 'toYYYYMMDD(timestamp)';
  const { indexed, then } = rollupOrder[name];
  return `CREATE TABLE IF NOT EXISTS ${database}.${name} (
${lines.join(',\n')}
) ENGINE = MergeTree
PARTITION BY ${partition}
PRIMARY KEY (${indexed})
ORDER BY (${indexed}, ${then})
TTL ${ttl('timestamp', days)}
SETTINGS ${SETTINGS}`;
}

export const heavyColumns = rollupColumns.filter((c) => c.rollup === 'heavy');

function foldedDoc(): string {
  return `Bits: which columns hold zero for "other": ${heavyColumns.map((c, i) => `${1 << i} ${c.name}`).join(', ')}.`;
}
