import { type WindowColumn, windowColumns, windowKeys, windowKindType } from '@weir/core/windows';
import { quoted } from '../../store/schema/ddl.ts';

/**
 * The table of window rows: one for each window, collector and entity. An entity's rows of some minutes lie together, for they have most
 * in common; a time range of one kind reads little else.
 */
export function windowsDdl(database: string, days: number): string {
  const lines = [
    "`timestamp` DateTime COMMENT 'When the window begins; it lasts 10 s.' CODEC(Delta, ZSTD(1))",
    "`collector` LowCardinality(String) COMMENT 'Which collector counted: rows of the same key are to be merged.'",
    `\`kind\` ${windowKindType} COMMENT 'What the row is about.'`,
    "`rest` UInt8 COMMENT '1 for all that found no room among the rows of its kind.'",
    ...windowKeys.map(({ name, type, doc }) => `\`${name}\` ${type} COMMENT ${quoted(doc)} CODEC(ZSTD(1))`),
    ...windowColumns.map(
      ({ name, type, doc }: WindowColumn) =>
        `\`${name}\` ${type} COMMENT ${quoted(doc)} CODEC(${type.startsWith('Array') ? '' : 'T64, '}ZSTD(1))`,
    ),
  ];
  return `CREATE TABLE IF NOT EXISTS ${database}.windows_10s (
${lines.map((line) => `  ${line}`).join(',\n')}
) ENGINE = MergeTree
PARTITION BY toYYYYMMDD(timestamp)
PRIMARY KEY (kind, toStartOfFifteenMinutes(timestamp), tenant_id)
ORDER BY (kind, toStartOfFifteenMinutes(timestamp), tenant_id, source_ip, destination_ip, collector_ip, interface, protocol, port, timestamp)
TTL timestamp + INTERVAL ${days} DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1`;
}
