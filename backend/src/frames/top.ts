import type { Field, FieldConfig, Frame } from '@weir/plugin-sdk';
import { PluginError } from '@weir/plugin-sdk';
import { numbersOf, optionalNumbersOf, textListsOf, type Table } from '../clickhouse/columns.ts';
import { type Answer, OTHER, emptyFrame, mainTable, metaOf } from './answer.ts';
import { dimensionLabel, measureOf } from './series-names.ts';

/** Units of what was counted over the range, by the units of rates. */
const TOTAL_UNITS: Readonly<Record<string, string>> = {
  bps: 'decbits',
  pps: 'short',
  fps: 'short',
  percent: 'decbits',
};

/**
 * A table with a row for each group: its fields, and the value with its share and statistics. For an alert rule the fields and
 * the value alone, in the shape `numeric-long`: one number a row, the fields as labels.
 */
export function topFrames(answer: Answer): Frame[] {
  const table = mainTable(answer);
  const { forAlert, limits, compiled, query } = answer;
  if (table.rows === 0)
    return [emptyFrame(answer, forAlert ? 'numeric-long' : 'table', { preferredVisualisationType: 'table' })];
  if (forAlert && table.rows > limits.maxSeries + (query.other ? 1 : 0))
    throw new PluginError(
      `The rule’s query gives more than ${limits.maxSeries} rows. Each is an alert of its own, and leaving some out could miss one: ` +
        'narrow the filter, group by fewer fields, set a limit in the query, or allow more series in the data source’s settings.',
      { status: 400, source: 'downstream' },
    );
  const keys = keyFields(table, compiled.dimensions);
  const measure = measureOf(query);
  const value = number(table, 'value', measure.name, { displayName: measure.label, unit: measure.unit });
  if (forAlert)
    return [
      { fields: [...keys, value], meta: metaOf(answer, { type: 'numeric-long', typeVersion: [0, 1] }) },
    ];
  const statistics: readonly (readonly [string, string])[] = [
    ['min', 'Minimum'],
    ['max', 'Maximum'],
    ['avg', 'Average'],
    ['last', 'Last'],
    ['p95', '95th percentile'],
  ];
  const fields: Field[] = [
    ...keys,
    value,
    number(table, 'share', 'share', { displayName: 'Share', unit: 'percent', min: 0, max: 100, decimals: 1 }),
    ...(query.bidirectional
      ? [
          number(table, 'reverse_value', 'reverse', {
            displayName: `${measure.label}, reverse`,
            unit: measure.unit,
          }),
        ]
      : []),
    ...(query.previousPeriod
      ? [
          number(table, 'previous_value', 'previous', {
            displayName: `${measure.label}, before`,
            unit: measure.unit,
          }),
        ]
      : []),
    ...statistics.map(([name, label]) =>
      number(table, name, name, { displayName: label, unit: measure.unit }),
    ),
    number(table, 'total', 'total', {
      displayName: 'Total',
      unit: TOTAL_UNITS[measure.unit] ?? measure.unit,
    }),
  ];
  return [
    {
      fields,
      meta: metaOf(answer, {
        type: 'table',
        typeVersion: [0, 1],
        preferredVisualisationType: 'table',
        custom: { dimensions: compiled.dimensions },
      }),
    },
  ];
}

/** A text column for each dimension. */
function keyFields(table: Table, dimensions: readonly string[]): Field[] {
  const keys = textListsOf(table, 'keys');
  const other = optionalNumbersOf(table, 'other');
  return dimensions.map((dimension, at) => ({
    name: dimension,
    type: 'string',
    values: keys.map((values, row) => (other?.[row] === 1 ? OTHER : (values[at] ?? ''))),
    config: { displayName: dimensionLabel(dimension), filterable: true },
  }));
}

/** NaN, where the engine could not say, is null. */
function number(table: Table, column: string, name: string, config: FieldConfig): Field {
  const values = numbersOf(table, column);
  const validity = new Uint8Array((values.length + 7) >> 3);
  let nulls = 0;
  values.forEach((value, i) => {
    if (Number.isNaN(value)) nulls++;
    else validity[i >> 3]! |= 1 << (i & 7);
  });
  return { name, type: 'number', values, config, ...(nulls === 0 ? {} : { validity }) };
}
