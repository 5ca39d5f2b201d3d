import { flagsText, nameOf, protocolNames } from '@weir/core/filter';
import type { Frame } from '@weir/plugin-sdk';
import { type Answer, emptyFrame, metaOf } from '../answer.ts';
import type { AnomalyRecord } from './anomaly-record.ts';
import { factsOf } from './evidence-facts.ts';
import { columnsOf } from './fields.ts';

/**
 * What anomalies rest on, in two frames: `evidence`, a row for each thing that is known, in words; and `flows`, a row for each of their
 * largest flows. Both begin with the anomaly's title and end, out of sight, with its id.
 */
export function evidenceFrames(answer: Answer, records: readonly AnomalyRecord[]): Frame[] {
  const facts = records.flatMap((record) => factsOf(record).map((fact) => ({ record, fact })));
  if (facts.length === 0) return [emptyFrame(answer, 'table', { preferredVisualisationType: 'table' })];
  const { text, hiddenText } = columnsOf(facts);
  const evidence: Frame = {
    name: 'evidence',
    fields: [
      text('title', 'Anomaly', ({ record }) => record.title),
      text('part', 'Evidence', ({ fact }) => fact.part),
      text('what', 'Of what', ({ fact }) => fact.what),
      text('text', 'Value', ({ fact }) => fact.text),
      hiddenText('id', ({ record }) => record.id),
    ],
    meta: metaOf(answer, { type: 'table', typeVersion: [0, 1], preferredVisualisationType: 'table' }),
  };
  return [evidence, flowsFrame(records)];
}

type Flow = Readonly<Record<string, string | number>>;

function flowsFrame(records: readonly AnomalyRecord[]): Frame {
  const flows = records.flatMap((record) => (record.evidence.flows ?? []).map((flow) => ({ record, flow })));
  const meta = { type: 'table', typeVersion: [0, 1] as const, preferredVisualisationType: 'table' } as const;
  if (flows.length === 0) return { name: 'flows', fields: [], meta };
  const { text, number, time, hiddenText } = columnsOf(flows);
  const of =
    (name: string) =>
    ({ flow }: { readonly flow: Flow }) =>
      String(flow[name] ?? '');
  const numberOf =
    (name: string) =>
    ({ flow }: { readonly flow: Flow }) =>
      Number(flow[name] ?? 0);
  const portOf =
    (name: string) =>
    ({ flow }: { readonly flow: Flow }) =>
      Number(flow[name]) || null;
  return {
    name: 'flows',
    fields: [
      text('title', 'Anomaly', ({ record }) => record.title),
      time('timestamp', 'Time', ({ flow }) => Number(flow['timestamp'] ?? 0) * 1000),
      text('source_ip', 'Source', of('source_ip')),
      number('source_port', 'Src port', portOf('source_port'), { unit: 'none' }),
      text('destination_ip', 'Destination', of('destination_ip')),
      number('destination_port', 'Dst port', portOf('destination_port'), { unit: 'none' }),
      text('protocol', 'Protocol', ({ flow }) => {
        const protocol = Number(flow['protocol'] ?? 0);
        return nameOf(protocolNames, protocol) ?? String(protocol);
      }),
      text('tcp_flags', 'TCP flags', ({ flow }) =>
        Number(flow['protocol']) === 6 ? flagsText(Number(flow['tcp_flags'] ?? 0)) : '',
      ),
      number('bytes', 'Bytes', numberOf('bytes'), { unit: 'decbytes' }),
      number('packets', 'Packets', numberOf('packets'), { unit: 'short' }),
      number('duration_ms', 'Duration', numberOf('duration_ms'), { unit: 'ms' }),
      number('sampling_rate', 'Sampled 1 in', numberOf('sampling_rate'), { unit: 'none' }),
      text('exporter', 'Exporter', of('exporter')),
      hiddenText('id', ({ record }) => record.id),
    ],
    meta,
  };
}
