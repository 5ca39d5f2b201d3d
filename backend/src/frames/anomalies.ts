import type { Field, Frame } from '@weir/plugin-sdk';
import { PluginError } from '@weir/plugin-sdk';
import { type Column, type Table } from '../clickhouse/columns.ts';
import { type Answer, emptyFrame, mainTable, metaOf } from './answer.ts';
import { textAt } from './columns.ts';
import { recordsFrame } from './exporters.ts';
import { timeseriesFrames } from './timeseries.ts';

/** Anomalies: a table, their number over time, or the regions of an annotation query. */
export function anomaliesFrames(answer: Answer, asAnnotations: boolean): Frame[] {
  if (answer.query.anomalyView === 'count' && !asAnnotations) return timeseriesFrames(answer);
  if (answer.forAlert)
    throw new PluginError(
      'For an alert rule take the view “count” of anomalies: a table of them has no one number a row.',
      {
        status: 400,
        source: 'downstream',
      },
    );
  return [asAnnotations ? annotationsFrame(answer) : recordsFrame(answer)];
}

/** `time`, `timeEnd` (null while it lasts), `title`, `text`, `tags`, `id`: what Grafana's annotations are made of. */
function annotationsFrame(answer: Answer): Frame {
  const table = mainTable(answer);
  if (table.rows === 0) return emptyFrame(answer, 'table', { dataTopic: 'annotations' });
  const column = (name: string): Column | undefined => table.columns.find((c) => c.name === name);
  const rows = Array.from({ length: table.rows }, (_, row) => row);
  const text = (name: string): string[] => rows.map((row) => textAt(column(name), row));
  const opened = times(table, 'opened');
  const closed = times(table, 'closed');
  const validity = new Uint8Array((table.rows + 7) >> 3);
  closed.forEach((time, i) => {
    if (time > 0) validity[i >> 3]! |= 1 << (i & 7);
  });
  const fields: Field[] = [
    { name: 'time', type: 'time', values: opened },
    { name: 'timeEnd', type: 'time', values: closed, validity },
    { name: 'title', type: 'string', values: text('title') },
    { name: 'text', type: 'string', values: text('description') },
    {
      name: 'tags',
      type: 'string',
      values: rows.map((row) =>
        ['severity', 'type', 'exporter_name']
          .map((name) => textAt(column(name), row))
          .filter((tag) => tag !== '')
          .join(','),
      ),
    },
    { name: 'id', type: 'string', values: text('id') },
  ];
  return { name: 'anomalies', fields, meta: metaOf(answer, { dataTopic: 'annotations' }) };
}

function times(table: Table, name: string): Float64Array {
  const found = table.columns.find((column) => column.name === `${name}_ms` || column.name === name);
  return found?.kind === 'number' || found?.kind === 'time'
    ? Float64Array.from(found.values)
    : new Float64Array(table.rows);
}
