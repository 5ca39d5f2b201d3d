import type { AnomalyRow } from '@weir/core/anomalies';
import type { Column, Table } from '../clickhouse/columns.ts';

/** An anomaly of the collector's answer. */
export type ReplayedAnomaly = AnomalyRow & { readonly status: 'same' | 'new' | 'missing' };

type Cell = (row: ReplayedAnomaly) => string | number;

/** The columns of stored anomalies, as core's compileAnomalies names them, and `replay` behind them. */
const columns: readonly (readonly [name: string, type: string, cell: Cell])[] = [
  ['id', 'String', (row) => row.id],
  ['opened_ms', 'Int64', (row) => row.opened * 1000],
  ['closed_ms', 'Int64', (row) => row.closed * 1000],
  ['updated_ms', 'Int64', (row) => row.updated],
  ['severity', 'String', (row) => row.severity],
  ['state', 'String', (row) => row.state],
  ['type', 'String', (row) => row.type],
  ['rule', 'String', (row) => row.rule],
  ['title', 'String', (row) => row.title],
  ['description', 'String', (row) => row.description],
  ['score', 'Float32', (row) => Math.fround(row.score)],
  ['source_ip', 'String', (row) => address(row.source_ip)],
  ['destination_ip', 'String', (row) => address(row.destination_ip) + prefixText(row)],
  ['exporter_name', 'String', (row) => row.exporter_name || address(row.collector_ip)],
  ['interface', 'UInt32', (row) => row.interface],
  ['protocol', 'UInt8', (row) => row.protocol],
  ['port', 'UInt16', (row) => row.port],
  ['metric', 'String', (row) => row.metric],
  ['value', 'Float64', (row) => row.value],
  ['baseline', 'Float64', (row) => row.baseline],
  ['threshold', 'Float64', (row) => row.threshold],
  ['technique', 'String', (row) => row.technique],
  ['story', 'String', (row) => row.story],
  ['flow_filter', 'String', (row) => row.flow_filter],
  ['evidence', 'String', (row) => row.evidence],
  ['tenant', 'String', (row) => row.tenant_id],
  ['replay', 'String', (row) => row.status],
];

/** Anomalies of a replay as the table that ClickHouse would have answered with. */
export function replayedTable(rows: readonly ReplayedAnomaly[]): Table {
  return {
    rows: rows.length,
    columns: columns.map(([name, type, cell]): Column =>
      type === 'String'
        ? { name, type, kind: 'text', values: rows.map((row) => String(cell(row))) }
        : { name, type, kind: 'number', values: Float64Array.from(rows, (row) => Number(cell(row))) },
    ),
  };
}

function address(text: string): string {
  return text === '::' ? '' : text;
}

function prefixText({ destination_ip, destination_prefix }: ReplayedAnomaly): string {
  if (destination_prefix === 0 || destination_prefix === 128) return '';
  return `/${destination_ip.includes(':') ? destination_prefix : destination_prefix - 96}`;
}
