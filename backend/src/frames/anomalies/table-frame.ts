import type { Field, Frame } from '@weir/plugin-sdk';
import { type Answer, emptyFrame, metaOf } from '../answer.ts';
import { type AnomalyRecord, flowFilterOf, flowSpanOf, hostOf, lastedOf } from './anomaly-record.ts';
import { techniquePath, techniqueText, typeText } from './anomaly-words.ts';
import { evidenceText, serviceText } from './evidence-facts.ts';
import { columnsOf } from './fields.ts';
import { measuredText } from './measured-text.ts';

/**
 * A row for each anomaly, in words: what is 0 or `::` in the database is empty here, and value, usual and threshold are one text with
 * their unit. Behind what is shown are, out of sight, what links and transformations want: `id`, `story`, `host`, `flow_filter`, the
 * span of its flows as `from` and `to`, `technique_path`, and the bare numbers.
 */
export function tableFrame(answer: Answer, records: readonly AnomalyRecord[]): Frame {
  if (records.length === 0) return emptyFrame(answer, 'table', { preferredVisualisationType: 'table' });
  const now = answer.compiled.toSeconds * 1000;
  const inStory = new Map<string, number>();
  for (const { story } of records) inStory.set(story, (inStory.get(story) ?? 0) + 1);
  const { text, number, time, hiddenText, hiddenNumber } = columnsOf(records);
  const replayed = records.some(({ replay }) => replay !== '');
  const fields: Field[] = [
    ...(replayed ? [text('replay', 'Replay', (r) => r.replay)] : []),
    text('severity', 'Severity', (r) => r.severity),
    text('state', 'State', (r) => r.state),
    text('type', 'Type', typeText),
    text('title', 'Title', (r) => r.title),
    time('opened', 'Opened', (r) => r.opened),
    number('lasted', 'Lasted', (r) => lastedOf(r, now), { unit: 'ms' }),
    text('source_ip', 'Source', (r) => r.source),
    text('destination_ip', 'Destination', (r) => r.destination),
    text('service', 'Service', (r) => serviceText(r.protocol, r.port)),
    text('exporter_name', 'Exporter', (r) => r.exporter),
    text('measured', 'Measured', (r) => measuredText(r.metric, r)),
    text('technique', 'Technique', (r) => techniqueText(r.technique)),
    number('in_story', 'In story', (r) => (inStory.get(r.story)! > 1 ? inStory.get(r.story)! : null), {
      description: 'How many anomalies of this answer belong to the same story.',
    }),
    text('description', 'Description', (r) => r.description),
    text('evidence', 'Evidence', (r) => evidenceText(r, '\n')),
    hiddenText('id', (r) => r.id),
    hiddenText('story', (r) => r.story),
    hiddenText('host', hostOf),
    hiddenText('tenant', (r) => r.tenant),
    hiddenText('technique_path', (r) => techniquePath(r.technique)),
    hiddenText('flow_filter', flowFilterOf),
    hiddenText('from', (r) => String(flowSpanOf(r, now).from)),
    hiddenText('to', (r) => String(flowSpanOf(r, now).to)),
    hiddenNumber('score', (r) => r.score),
    hiddenNumber('value', (r) => r.value),
    hiddenNumber('baseline', (r) => r.baseline),
    hiddenNumber('threshold', (r) => r.threshold),
  ];
  return {
    fields,
    meta: metaOf(answer, { type: 'table', typeVersion: [0, 1], preferredVisualisationType: 'table' }),
  };
}
