import { PluginError, type Field, type Frame } from '@weir/plugin-sdk';
import type { Column } from '../clickhouse/columns.ts';
import { type Answer, emptyFrame, mainTable, metaOf } from './answer.ts';
import { fieldOf, timeFieldOf } from './columns.ts';
import { columnLabel } from './flows.ts';
import { timeseriesFrames } from './timeseries.ts';

/** Exporters: tables of their state or balance, or time series of the ledger and of losses. */
export function exportersFrames(answer: Answer): Frame[] {
  const { exporterView } = answer.query;
  if (exporterView === 'ledger' || exporterView === 'losses' || exporterView === 'collector')
    return timeseriesFrames(answer);
  if (answer.forAlert)
    throw new PluginError(
      `The view “${exporterView}” is a table of many numbers, which is nothing for an alert rule: take “losses” or “ledger”.`,
      { status: 400, source: 'downstream' },
    );
  return [recordsFrame(answer)];
}

/** An answer as a table as it is, with the times among its columns as times. */
export function recordsFrame(
  answer: Answer,
  links: (column: Column) => Field['config'] = () => undefined,
): Frame {
  const table = mainTable(answer);
  if (table.rows === 0) return emptyFrame(answer, 'table', { preferredVisualisationType: 'table' });
  return {
    fields: table.columns.map((column) => recordField(column, links(column))),
    meta: metaOf(answer, { type: 'table', typeVersion: [0, 1], preferredVisualisationType: 'table' }),
  };
}

/** A column whose name ends with `_ms` and that tells a time loses the ending. */
function recordField(column: Column, own: Field['config']): Field {
  const isTime =
    column.name.endsWith('_ms') &&
    column.kind === 'number' &&
    !/(?:offset|duration|lag)_ms$/.test(column.name);
  const name = isTime ? column.name.slice(0, -3) : column.name;
  const unit = unitOf(column.name);
  const config = { displayName: columnLabel(name), ...(unit === undefined ? {} : { unit }), ...own };
  return isTime ? timeFieldOf(column, name, config) : fieldOf(column, config, name);
}

function unitOf(name: string): string | undefined {
  if (/(?:offset|duration|lag)_ms$/.test(name)) return 'ms';
  if (/(?:percent|utilization)$/.test(name)) return 'percent';
  if (/bytes$/.test(name)) return 'decbytes';
  if (name === 'speed') return 'bps';
  return undefined;
}
