import { PluginError, type Field, type Frame } from '@weir/plugin-sdk';
import type { Column, NumberColumn, Table, TimeColumn } from '../clickhouse/columns.ts';
import { type Answer, emptyFrame, mainTable, metaOf } from './answer.ts';
import { fieldOf, textAt } from './columns.ts';

/** What a user's own SQL selects: as a table, as time series, or as log lines. */
export function sqlFrames(answer: Answer): Frame[] {
  const table = bounded(mainTable(answer), answer.limits.maxRows);
  const truncated = mainTable(answer).rows > table.rows;
  const notices = truncated
    ? [
        {
          severity: 'warning' as const,
          text: `Only the first ${table.rows} rows are shown: the data source’s limit.`,
        },
      ]
    : [];
  if (truncated && answer.forAlert)
    throw new PluginError(
      `The rule’s query gives more than ${answer.limits.maxRows} rows; leaving some out could miss an alert. Aggregate in the query.`,
      { status: 400, source: 'downstream' },
    );
  switch (answer.query.format) {
    case 'timeseries':
      return timeseries(answer, table, notices);
    case 'logs':
      return logs(answer, table, notices);
    case 'table':
      return plain(answer, table, notices);
  }
}

type Notices = { severity: 'info' | 'warning'; text: string }[];

function plain(answer: Answer, table: Table, notices: Notices): Frame[] {
  if (answer.forAlert) {
    if (table.rows === 0) return [emptyFrame(answer, 'numeric-long')];
    const numbers = table.columns.filter((column) => column.kind === 'number');
    const times = table.columns.filter((column) => column.kind === 'time');
    if (times.length > 0) return timeseries(answer, table, notices);
    if (numbers.length !== 1)
      throw new PluginError(
        `For an alert rule a table needs exactly one column of numbers, and this has ${numbers.length}` +
          `${numbers.length > 1 ? ` (${numbers.map(({ name }) => name).join(', ')})` : ''}: select one, and cast to text what only names.`,
        { status: 400, source: 'downstream' },
      );
    return [
      {
        fields: table.columns.map((column) => fieldOf(column)),
        meta: metaOf(answer, { type: 'numeric-long', typeVersion: [0, 1] }, notices),
      },
    ];
  }
  if (table.rows === 0) return [emptyFrame(answer, 'table')];
  return [
    {
      fields: table.columns.map((column) => fieldOf(column)),
      meta: metaOf(
        answer,
        { type: 'table', typeVersion: [0, 1], preferredVisualisationType: 'table' },
        notices,
      ),
    },
  ];
}

/**
 * One series for each number column and each set of values of the text columns. The first time column is the time; a column of
 * numbers called `time`, `t` or `bucket` is seconds or milliseconds since 1970.
 */
function timeseries(answer: Answer, table: Table, notices: Notices): Frame[] {
  if (table.rows === 0) return [emptyFrame(answer, 'timeseries-multi')];
  const time = timeColumn(table);
  const numbers = table.columns.filter(
    (column): column is NumberColumn => column.kind === 'number' && column.name !== time.name,
  );
  if (numbers.length === 0)
    throw new PluginError(
      'A time series needs a column of numbers beside its time, and this answer has none.',
      {
        status: 400,
        source: 'downstream',
      },
    );
  const texts = table.columns.filter(
    ({ kind }) => kind === 'text' || kind === 'boolean' || kind === 'nested',
  );
  const groups = groupsOf(table, time, texts);
  const count = groups.length * numbers.length;
  if (count > answer.limits.maxSeries) {
    const message = `The query gives ${count} series, more than the data source’s limit of ${answer.limits.maxSeries}`;
    if (answer.forAlert)
      throw new PluginError(`${message}. Leaving some out could miss an alert.`, {
        status: 400,
        source: 'downstream',
      });
    notices.push({ severity: 'warning', text: `${message}: the others are left out.` });
  }
  const frames: Frame[] = [];
  for (const { rows, labels } of groups) {
    for (const column of numbers) {
      if (frames.length >= answer.limits.maxSeries) break;
      const meta =
        frames.length === 0
          ? metaOf(
              answer,
              { type: 'timeseries-multi', typeVersion: [0, 1], preferredVisualisationType: 'graph' },
              notices,
            )
          : { type: 'timeseries-multi', typeVersion: [0, 1] as const };
      frames.push({ fields: [pickTime(time, rows), pickNumber(column, rows, labels)], meta });
    }
  }
  return frames;
}

interface Group {
  readonly rows: readonly number[];
  readonly labels: Readonly<Record<string, string>>;
}

/** Rows of a series, ascending by time; rows without a time have no place in one. */
function groupsOf(table: Table, time: TimeColumn, texts: readonly Column[]): Group[] {
  const groups = new Map<string, { rows: number[]; labels: Record<string, string> }>();
  for (let row = 0; row < table.rows; row++) {
    if (time.validity !== undefined && (time.validity[row >> 3]! & (1 << (row & 7))) === 0) continue;
    const values = texts.map((column) => textAt(column, row));
    const key = JSON.stringify(values);
    let group = groups.get(key);
    if (group === undefined) {
      group = { rows: [], labels: Object.fromEntries(texts.map((column, i) => [column.name, values[i]!])) };
      groups.set(key, group);
    }
    group.rows.push(row);
  }
  for (const { rows } of groups.values()) rows.sort((a, b) => time.values[a]! - time.values[b]! || a - b);
  return [...groups.values()];
}

function timeColumn(table: Table): TimeColumn {
  const time = table.columns.find((column): column is TimeColumn => column.kind === 'time');
  if (time !== undefined) return time;
  const named = table.columns.find(
    (column): column is NumberColumn =>
      column.kind === 'number' && /^(?:time|t|bucket|timestamp)$/i.test(column.name),
  );
  if (named === undefined)
    throw new PluginError(
      'A time series needs a column of a time type (DateTime, DateTime64, Date), or one of numbers called “time”.',
      { status: 400, source: 'downstream' },
    );
  // Seconds have ten digits for three centuries, milliseconds thirteen.
  const factor = named.values.every((value) => Math.abs(value) < 1e11) ? 1000 : 1;
  return { ...named, kind: 'time', values: named.values.map((value) => value * factor) };
}

function pickTime(column: TimeColumn, rows: readonly number[]): Field {
  return { name: column.name, type: 'time', values: Float64Array.from(rows, (row) => column.values[row]!) };
}

function pickNumber(
  column: NumberColumn,
  rows: readonly number[],
  labels: Readonly<Record<string, string>>,
): Field {
  const { validity: from } = column;
  const validity = from === undefined ? undefined : new Uint8Array((rows.length + 7) >> 3);
  if (validity !== undefined && from !== undefined)
    rows.forEach((row, i) => {
      if ((from[row >> 3]! & (1 << (row & 7))) !== 0) validity[i >> 3]! |= 1 << (i & 7);
    });
  return {
    name: column.name,
    type: 'number',
    values: Float64Array.from(rows, (row) => column.values[row]!),
    labels,
    ...(validity === undefined ? {} : { validity }),
  };
}

/** The time first, the text that is the line, and the other columns as labels. */
function logs(answer: Answer, table: Table, notices: Notices): Frame[] {
  if (answer.forAlert)
    throw new PluginError(
      'Log lines are nothing for an alert rule: take the format “table” or “time series”.',
      {
        status: 400,
        source: 'downstream',
      },
    );
  if (table.rows === 0) return [emptyFrame(answer, 'log-lines', { preferredVisualisationType: 'logs' })];
  const time = timeColumn(table);
  const body =
    table.columns.find((column) => /^(?:body|message|line|text|log)$/i.test(column.name)) ??
    table.columns.find((column) => column.kind === 'text');
  const others = table.columns.filter((column) => column !== body && column.name !== time.name);
  const rows = Array.from({ length: table.rows }, (_, row) => row);
  const labels = rows.map((row) =>
    JSON.stringify(Object.fromEntries(others.map((column) => [column.name, textAt(column, row)]))),
  );
  return [
    {
      fields: [
        {
          name: 'timestamp',
          type: 'time',
          values: time.values,
          ...(time.validity === undefined ? {} : { validity: time.validity }),
        },
        {
          name: 'body',
          type: 'string',
          values: body === undefined ? labels : rows.map((row) => textAt(body, row)),
        },
        { name: 'labels', type: 'json', values: labels },
      ],
      meta: metaOf(
        answer,
        { type: 'log-lines', typeVersion: [0, 0], preferredVisualisationType: 'logs' },
        notices,
      ),
    },
  ];
}

/** The first rows of a table. */
function bounded(table: Table, maxRows: number): Table {
  if (table.rows <= maxRows) return table;
  return {
    rows: maxRows,
    columns: table.columns.map(
      (column) => ({ ...column, values: column.values.slice(0, maxRows) }) as Column,
    ),
  };
}
