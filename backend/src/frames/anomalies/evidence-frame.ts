import type { Frame } from '@weir/plugin-sdk';
import { type Answer, emptyFrame, metaOf } from '../answer.ts';
import type { AnomalyRecord } from './anomaly-record.ts';
import { factsOf } from './evidence-facts.ts';
import { columnsOf } from './fields.ts';

/** What anomalies rest on, a row for each thing that is known, in words; out of sight the anomaly's id. */
export function evidenceFrame(answer: Answer, records: readonly AnomalyRecord[]): Frame {
  const facts = records.flatMap((record) => factsOf(record).map((fact) => ({ record, fact })));
  if (facts.length === 0) return emptyFrame(answer, 'table', { preferredVisualisationType: 'table' });
  const { text, hiddenText } = columnsOf(facts);
  return {
    fields: [
      text('title', 'Anomaly', ({ record }) => record.title),
      text('part', 'Evidence', ({ fact }) => fact.part),
      text('what', 'Of what', ({ fact }) => fact.what),
      text('text', 'Value', ({ fact }) => fact.text),
      hiddenText('id', ({ record }) => record.id),
    ],
    meta: metaOf(answer, { type: 'table', typeVersion: [0, 1], preferredVisualisationType: 'table' }),
  };
}
