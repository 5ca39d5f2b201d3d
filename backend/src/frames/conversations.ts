import type { Field, Frame } from '@weir/plugin-sdk';
import { SANKEY_PANEL_ID } from '@weir/core/query';
import { type Table, numberListsOf, numbersOf, textListsOf } from '../clickhouse/columns.ts';
import { type Answer, OTHER, emptyFrame, mainTable, metaOf } from './answer.ts';
import { dimensionLabel, measureOf } from './series-names.ts';

/**
 * Paths from stage to stage: a text column for each stage, from left to right, and one number. A sankey panel draws it, a table
 * shows it, and an alert rule reads it as `numeric-long`.
 */
export function conversationsFrames(answer: Answer): Frame[] {
  const table = mainTable(answer);
  const { compiled, query, forAlert } = answer;
  if (table.rows === 0) return [emptyFrame(answer, forAlert ? 'numeric-long' : 'table')];
  const measure = measureOf(query);
  const fields: Field[] = [
    ...stageFields(table, compiled.dimensions),
    {
      name: measure.name,
      type: 'number',
      values: numbersOf(table, 'value'),
      config: { displayName: measure.label, unit: measure.unit },
    },
  ];
  return [
    {
      name: 'conversations',
      fields,
      meta: metaOf(
        answer,
        forAlert
          ? { type: 'numeric-long', typeVersion: [0, 1] }
          : {
              type: 'table',
              typeVersion: [0, 1],
              preferredVisualisationType: 'table',
              preferredVisualisationPluginId: SANKEY_PANEL_ID,
              custom: { stages: compiled.dimensions },
            },
      ),
    },
  ];
}

function stageFields(table: Table, dimensions: readonly string[]): Field[] {
  const keys = textListsOf(table, 'keys');
  const other = numberListsOf(table, 'other');
  return dimensions.map((dimension, stage) => ({
    name: dimension,
    type: 'string',
    values: keys.map((values, row) => (other[row]?.[stage] === 1 ? OTHER : (values[stage] ?? ''))),
    config: { displayName: dimensionLabel(dimension), filterable: true },
  }));
}
