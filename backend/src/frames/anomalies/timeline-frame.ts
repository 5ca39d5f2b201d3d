import type { Severity } from '@weir/core/anomalies';
import type { Frame } from '@weir/plugin-sdk';
import { type Answer, metaOf } from '../answer.ts';
import { type AnomalyRecord, lastedOf } from './anomaly-record.ts';
import { typeText } from './anomaly-words.ts';
import { worst } from './worst-severity.ts';

interface Span {
  readonly from: number;
  readonly to: number;
  readonly severity: Severity;
}

/**
 * A field for each type, whose values are the worst severity at a time, null where there is none: what a state timeline draws. A row for
 * each time at which anything changes. The types that were the worst come first.
 */
export function timelineFrames(answer: Answer, records: readonly AnomalyRecord[]): Frame[] {
  const start = answer.compiled.fromSeconds * 1000;
  const end = answer.compiled.toSeconds * 1000;
  const types = new Map<string, Span[]>();
  for (const record of records) {
    const from = Math.max(start, record.opened);
    const to = Math.min(end, record.opened + lastedOf(record, end));
    const name = typeText(record);
    if (from < end && to > start)
      types.set(name, [...(types.get(name) ?? []), { from, to, severity: record.severity }]);
  }
  // Of a frame without fields the panel says that it lacks a time, and not that there is nothing.
  if (types.size === 0) return [];
  const all = [...types.values()].flat();
  const times = [...new Set([start, ...all.flatMap(({ from, to }) => [from, to])])]
    .filter((time) => time < end)
    .sort((a, b) => a - b);
  const rank = (spans: readonly Span[]): string => worst(spans.map((s) => s.severity));
  const order: readonly string[] = ['critical', 'high', 'medium', 'low'];
  const sorted = [...types].sort(
    ([a, spansA], [b, spansB]) =>
      order.indexOf(rank(spansA)) - order.indexOf(rank(spansB)) || (a < b ? -1 : 1),
  );
  return [
    {
      fields: [
        { name: 'time', type: 'time', values: Float64Array.from(times) },
        ...sorted.map(([name, spans]) => ({
          name,
          type: 'string' as const,
          values: times.map((time) => {
            const held = spans.filter(({ from, to }) => from <= time && time < to);
            return held.length === 0 ? null : worst(held.map((s) => s.severity));
          }),
        })),
      ],
      meta: metaOf(answer, { preferredVisualisationType: 'graph' }),
    },
  ];
}
