import type { Field, Frame } from '@weir/plugin-sdk';
import { fieldByName } from '@weir/core/fields';
import type { Column, Table } from '../clickhouse/columns.ts';
import { numbersOf } from '../clickhouse/columns.ts';
import { type Answer, emptyFrame, mainTable, metaOf } from './answer.ts';
import { fieldOf, textAt } from './columns.ts';
import { readable } from './series-names.ts';

/** Not shown in tables, where the columns say the same; log views read them. */
/** Grafana's table knows the one or the other, by its version. */
const HIDDEN = { custom: { hidden: true, hideFrom: { viz: true, legend: true, tooltip: true } } };

const UNITS: Readonly<Record<string, string>> = {
  bytes: 'decbytes',
  packets: 'short',
  duration: 'ms',
  bytes_in: 'decbytes',
  bytes_out: 'decbytes',
  dropped_bytes: 'decbytes',
  packets_in: 'short',
  packets_out: 'short',
  duration_ms: 'ms',
  end_lag_ms: 'ms',
  tcp_rtt_us: 'µs',
  client_rtt_us: 'µs',
  server_rtt_us: 'µs',
  server_response_us: 'µs',
};

/**
 * Records as log lines: `timestamp`, `body` (the flow in one line), `severity` (by verdict), `id`, `labels` (JSON of what the record
 * holds), and after them every column for tables. Or, where that was asked, the number of flows over time.
 */
export function flowsFrames(answer: Answer): Frame[] {
  if (answer.tables.has('volume')) return [volumeFrame(answer)];
  const table = mainTable(answer);
  if (table.rows === 0) return [emptyFrame(answer, 'log-lines', { preferredVisualisationType: 'logs' })];
  const times = numbersOf(table, 'timestamp');
  const columns = table.columns.filter((column) => column.name !== 'timestamp');
  const bodies = Array.from({ length: table.rows }, (_, row) => bodyOf(columns, row));
  const labels = Array.from({ length: table.rows }, (_, row) => labelsOf(columns, row));
  const verdict = columns.find((column) => column.name === 'verdict');
  const fields: Field[] = [
    { name: 'timestamp', type: 'time', values: Float64Array.from(times) },
    { name: 'body', type: 'string', values: bodies, config: HIDDEN },
    ...(verdict === undefined ? [] : [severityField(verdict, table.rows)]),
    { name: 'id', type: 'string', values: idsOf(table, labels), config: HIDDEN },
    { name: 'labels', type: 'json', values: labels, config: HIDDEN },
    ...columns.map((column) =>
      fieldOf(column, {
        displayName: columnLabel(column.name),
        filterable: true,
        ...(UNITS[column.name] === undefined ? {} : { unit: UNITS[column.name]! }),
      }),
    ),
  ];
  const full = table.rows >= answer.query.limit;
  return [
    {
      fields,
      meta: metaOf(
        answer,
        { type: 'log-lines', typeVersion: [0, 0], preferredVisualisationType: 'logs' },
        full
          ? [{ severity: 'info', text: `The first ${table.rows} records are shown: there may be more.` }]
          : [],
      ),
    },
  ];
}

/** A field's label where the column is a field of its own; its name made readable elsewhere. */
export function columnLabel(name: string): string {
  const field = fieldByName(name);
  return field !== undefined && field.columns.length === 1 ? field.label : readable(name);
}

function severityField(verdict: Column, rows: number): Field {
  const severities: Readonly<Record<string, string>> = { dropped: 'warning', error: 'error' };
  return {
    name: 'severity',
    type: 'string',
    values: Array.from({ length: rows }, (_, row) => severities[textAt(verdict, row)] ?? 'info'),
    config: HIDDEN,
  };
}

/** `10.0.0.1:51234 → 192.0.2.7:443 TCP 12.3 kB in 14 packets, edge-1`: as much of it as there is. */
export function bodyOf(columns: readonly Column[], row: number): string {
  const read = (name: string): string =>
    textAt(
      columns.find((column) => column.name === name),
      row,
    );
  const end = (address: string, port: string): string => {
    const host = address.includes(':') && port !== '' && port !== '0' ? `[${address}]` : address;
    return port === '' || port === '0' ? host : `${host}:${port}`;
  };
  const source = end(read('source_ip'), read('source_port'));
  const destination = end(read('destination_ip'), read('destination_port'));
  const packets = read('packets_in') || read('packets');
  const bytes = read('bytes_in') || read('bytes');
  const counts = [
    bytes === '' ? '' : octets(Number(bytes)),
    packets === '' ? '' : `${packets} packets`,
  ].filter(Boolean);
  const parts = [
    // Only the end that was asked for, where it was one.
    [source, destination === '' ? '' : `→ ${destination}`].filter(Boolean).join(' '),
    protocolName(read('protocol')),
    read('application'),
    counts.join(' in '),
    read('verdict') === 'unknown' ? '' : read('verdict'),
    read('exporter_name') || read('exporter') || read('collector_ip'),
  ].filter((text) => text !== '');
  if (parts.length > 0) return parts.join('  ');
  return columns.map((column) => `${column.name}=${textAt(column, row)}`).join('  ');
}

const PROTOCOLS: Readonly<Record<string, string>> = {
  1: 'ICMP',
  6: 'TCP',
  17: 'UDP',
  47: 'GRE',
  50: 'ESP',
  58: 'ICMPv6',
  132: 'SCTP',
};

function protocolName(text: string): string {
  return text === '' ? '' : (PROTOCOLS[text] ?? (/^\d+$/.test(text) ? `protocol ${text}` : text));
}

function octets(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let at = 0;
  while (value >= 999.5 && at < units.length - 1) {
    value /= 1000;
    at++;
  }
  return `${at === 0 ? value : value.toPrecision(3)} ${units[at]}`;
}

function labelsOf(columns: readonly Column[], row: number): string {
  const labels: Record<string, string> = {};
  for (const column of columns) {
    const text = textAt(column, row);
    if (text !== '') labels[column.name] = text;
  }
  return JSON.stringify(labels);
}

/** The same record has the same id in every answer; records alike in all that is shown are told apart by their number. */
function idsOf(table: Table, labels: readonly string[]): string[] {
  const flowId = table.columns.find((column) => column.name === 'flow_id');
  if (flowId !== undefined) return labels.map((_, row) => textAt(flowId, row));
  const times = numbersOf(table, 'timestamp');
  const seen = new Map<string, number>();
  return labels.map((text, row) => {
    const id = `${times[row]!.toString(36)}-${hash(text)}`;
    const before = seen.get(id) ?? 0;
    seen.set(id, before + 1);
    return before === 0 ? id : `${id}-${before}`;
  });
}

/** FNV-1a, 53 bits of two runs. */
export function hash(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x01000193;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x85ebca6b);
  }
  return (a >>> 0).toString(36) + (b >>> 0).toString(36);
}

/** How many flows there were, bucket by bucket, those without any included. */
function volumeFrame(answer: Answer): Frame {
  const { fromSeconds, toSeconds, bucketSeconds } = answer.compiled;
  const table = answer.tables.get('volume')!;
  const count = Math.max(0, Math.ceil((toSeconds - fromSeconds) / bucketSeconds));
  const values = new Float64Array(count);
  const counted = numbersOf(table, 'value');
  numbersOf(table, 'bucket').forEach((bucket, i) => {
    const at = (bucket - fromSeconds) / bucketSeconds;
    if (at >= 0 && at < count) values[at] = counted[i]!;
  });
  return {
    fields: [
      {
        name: 'time',
        type: 'time',
        values: Float64Array.from({ length: count }, (_, i) => (fromSeconds + i * bucketSeconds) * 1000),
        config: { interval: bucketSeconds * 1000 },
      },
      {
        name: 'flows',
        type: 'number',
        values,
        labels: {},
        config: { displayNameFromDS: 'Flows', unit: 'short' },
      },
    ],
    meta: metaOf(answer, {
      type: 'timeseries-multi',
      typeVersion: [0, 1],
      preferredVisualisationType: 'graph',
    }),
  };
}
