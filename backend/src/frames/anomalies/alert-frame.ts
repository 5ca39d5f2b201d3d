import { type Field, type Frame, PluginError } from '@weir/plugin-sdk';
import { type Answer, emptyFrame, metaOf } from '../answer.ts';
import { type AnomalyRecord, flowFilterOf, flowSpanOf, hostOf } from './anomaly-record.ts';
import { techniqueText, typeText } from './anomaly-words.ts';
import { evidenceText } from './evidence-facts.ts';
import { measuredText } from './measured-text.ts';

type Texts = readonly (readonly [label: string, of: (record: AnomalyRecord) => string])[];

/**
 * What an alert is told apart by. These labels stay as they are while an anomaly lasts, whatever else changes, so that a person is told
 * once; again only when it gets worse, or when its story turns out to be part of another. `exporter` only of what is about no host, since
 * several exporters may come to see a host.
 */
const identity: Texts = [
  ['anomaly', (r) => r.id],
  ['story', (r) => r.story],
  ['type', (r) => r.type],
  ['rule', (r) => r.rule],
  ['severity', (r) => r.severity],
  ['tenant', (r) => r.tenant],
  ['host', hostOf],
  ['exporter', (r) => (hostOf(r) === '' ? r.exporter : '')],
];

/**
 * One number for each anomaly, as Grafana's expressions take it: texts are its labels. The view `table` gives the score under the labels
 * of its identity; the view `evidence` the measured value under these labels and all that a message wants to say besides. Grafana hands
 * a rule's message the values of all its queries whose labels contain those of the alert, so that the second is there beside the first.
 */
export function alertFrame(answer: Answer, records: readonly AnomalyRecord[], evidence: boolean): Frame {
  const { maxSeries } = answer.limits;
  if (records.length > maxSeries)
    throw new PluginError(
      `The rule’s query gives more than ${maxSeries} anomalies. Each is an alert of its own, and leaving some out could miss one: ` +
        'narrow it by severity, type or filter, set a limit in the query, or allow more series in the data source’s settings.',
      { status: 400, source: 'downstream' },
    );
  if (records.length === 0) return emptyFrame(answer, 'numeric-long');
  const now = answer.compiled.toSeconds * 1000;
  const said: Texts = [
    ['title', (r) => r.title],
    ['what', typeText],
    ['description', (r) => r.description],
    ['measured', (r) => measuredText(r.metric, r)],
    ['evidence', (r) => evidenceText(r, '\n')],
    ['technique', (r) => techniqueText(r.technique)],
    ['state', (r) => r.state],
    ['source', (r) => r.source],
    ['destination', (r) => r.destination],
    ['flow_filter', flowFilterOf],
    ['from', (r) => String(flowSpanOf(r, now).from)],
    ['to', (r) => String(flowSpanOf(r, now).to)],
  ];
  const fields: Field[] = [
    ...[...identity, ...(evidence ? said : [])].map(([name, of]): Field => ({
      name,
      type: 'string',
      values: records.map(of),
    })),
    evidence
      ? { name: 'value', type: 'number', values: Float64Array.from(records, (r) => r.value) }
      : { name: 'score', type: 'number', values: Float64Array.from(records, (r) => r.score) },
  ];
  return { fields, meta: metaOf(answer, { type: 'numeric-long', typeVersion: [0, 1] }) };
}
