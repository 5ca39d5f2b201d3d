import { flagsText, nameOf, protocolNames } from '@weir/core/filter';
import type { Frame } from '@weir/plugin-sdk';
import { type Answer, emptyFrame, metaOf } from '../answer.ts';
import type { AnomalyRecord } from './anomaly-record.ts';
import { columnsOf } from './fields.ts';

type Flow = Readonly<Record<string, string | number>>;

/** A row for each of the largest flows of anomalies, as they were found when these opened; out of sight the anomaly's id. */
export function flowsFrame(answer: Answer, records: readonly AnomalyRecord[]): Frame {
  const flows = records.flatMap((record) => (record.evidence.flows ?? []).map((flow) => ({ record, flow })));
  if (flows.length === 0) return emptyFrame(answer, 'table', { preferredVisualisationType: 'table' });
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
    meta: metaOf(answer, { type: 'table', typeVersion: [0, 1], preferredVisualisationType: 'table' }),
  };
}
