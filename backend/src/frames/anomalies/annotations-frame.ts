import type { Field, Frame } from '@weir/plugin-sdk';
import { type Answer, emptyFrame, metaOf } from '../answer.ts';
import type { AnomalyRecord } from './anomaly-record.ts';
import { typeText } from './anomaly-words.ts';
import { measuredText } from './measured-text.ts';

/** `time`, `timeEnd` (null while it lasts), `title`, `text`, `tags`, `id`: what Grafana's annotations are made of. */
export function annotationsFrame(answer: Answer, records: readonly AnomalyRecord[]): Frame {
  if (records.length === 0) return emptyFrame(answer, 'table', { dataTopic: 'annotations' });
  const validity = new Uint8Array((records.length + 7) >> 3);
  records.forEach(({ closed }, i) => {
    if (closed > 0) validity[i >> 3]! |= 1 << (i & 7);
  });
  const fields: Field[] = [
    { name: 'time', type: 'time', values: Float64Array.from(records, (r) => r.opened) },
    { name: 'timeEnd', type: 'time', values: Float64Array.from(records, (r) => r.closed), validity },
    { name: 'title', type: 'string', values: records.map((r) => r.title) },
    {
      name: 'text',
      type: 'string',
      values: records.map((r) =>
        [measuredText(r.metric, r), r.description].filter((text) => text !== '').join('. '),
      ),
    },
    {
      name: 'tags',
      type: 'string',
      values: records.map((r) => [r.severity, typeText(r), r.exporter].filter((tag) => tag !== '').join(',')),
    },
    { name: 'id', type: 'string', values: records.map((r) => r.id) },
  ];
  return { name: 'anomalies', fields, meta: metaOf(answer, { dataTopic: 'annotations' }) };
}
