import { columnByName } from '@weir/core';
import type { LiveFlows, LiveRates } from '@weir/core/live';
import type { Field, Frame, FrameNotice } from '@weir/plugin-sdk';

type Row = readonly (string | number)[];

const TIME_COLUMNS = new Set(['timestamp', 'flow_start_time', 'flow_end_time', 'created_at']);
const NUMBER_NAMES = new Set(['bytes', 'packets', 'flows', 'duration']);
/** Numbers in the table, texts to people. */
const TEXT_NAMES = new Set(['source_mac', 'destination_mac', 'protocol', 'tcp_flags', 'dscp', 'exporter']);

function typeOf(name: string): 'time' | 'number' | 'string' {
  if (TIME_COLUMNS.has(name)) return 'time';
  if (TEXT_NAMES.has(name)) return 'string';
  if (NUMBER_NAMES.has(name)) return 'number';
  return /^U?Int/.test(columnByName(name)?.type ?? '') ? 'number' : 'string';
}

function fieldOf(name: string, rows: readonly Row[], at: number): Field {
  switch (typeOf(name)) {
    case 'time':
      return { name, type: 'time', values: Float64Array.from(rows, (row) => timeOf(row[at])) };
    case 'number':
      return { name, type: 'number', values: Float64Array.from(rows, (row) => Number(row[at] ?? 0)) };
    case 'string':
      return { name, type: 'string', values: rows.map((row) => String(row[at] ?? '')) };
  }
}

/** Milliseconds; seconds where the number is too small to be milliseconds; a date in text. */
function timeOf(value: string | number | undefined): number {
  if (typeof value === 'number') return Math.abs(value) < 1e11 ? value * 1000 : value;
  const ms = Date.parse(value ?? '');
  return Number.isNaN(ms) ? 0 : ms;
}

/**
 * Flows as rows of a log-like frame: `time` (when the collector saw them), then the columns asked for.
 *
 * @param columns of the schema that the collector has sent
 */
export function flowsFrame(
  columns: readonly string[],
  message: LiveFlows | undefined,
  notices: readonly FrameNotice[],
): Frame {
  const rows = message?.rows ?? [];
  const hasTime = columns.some((name) => typeOf(name) === 'time');
  const time: Field = {
    name: 'time',
    type: 'time',
    values: new Float64Array(rows.length).fill(message?.t ?? 0),
  };
  return {
    name: 'flows',
    fields: [...(hasTime ? [] : [time]), ...columns.map((name, at) => fieldOf(name, rows, at))],
    meta: {
      preferredVisualisationType: 'logs',
      ...(notices.length === 0 ? {} : { notices }),
    },
  };
}

const COUNTS = ['bytes', 'packets', 'flows'];

/** Rates as rows: `time`, the fields grouped by, then bits, packets and flows a second. */
export function ratesFrame(
  columns: readonly string[],
  message: LiveRates | undefined,
  notices: readonly FrameNotice[],
): Frame {
  const rows = message?.rows ?? [];
  const seconds = Math.max(message?.seconds ?? 1, 0.001);
  const keys = columns.filter((name) => !COUNTS.includes(name));
  const rate = (name: string, column: string, unit: string, factor: number): Field => {
    const at = columns.indexOf(column);
    return {
      name,
      type: 'number',
      values: Float64Array.from(rows, (row) => (Number(row[at] ?? 0) * factor) / seconds),
      config: { unit },
    };
  };
  return {
    name: 'rates',
    fields: [
      { name: 'time', type: 'time', values: new Float64Array(rows.length).fill(message?.t ?? 0) },
      ...keys.map((name): Field => {
        const at = columns.indexOf(name);
        return { name, type: 'string', values: rows.map((row) => String(row[at] ?? '')) };
      }),
      rate('bits_per_second', 'bytes', 'bps', 8),
      rate('packets_per_second', 'packets', 'pps', 1),
      rate('flows_per_second', 'flows', 'fps', 1),
    ],
    meta: notices.length === 0 ? {} : { notices },
  };
}
