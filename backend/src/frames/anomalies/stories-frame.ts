import type { Frame } from '@weir/plugin-sdk';
import { type Answer, emptyFrame, metaOf } from '../answer.ts';
import { type AnomalyRecord, hostOf, lastedOf } from './anomaly-record.ts';
import { typeText } from './anomaly-words.ts';
import { columnsOf } from './fields.ts';
import { worst } from './worst-severity.ts';

interface Story {
  readonly id: string;
  /** In the order in which they were opened. */
  readonly parts: readonly AnomalyRecord[];
}

/** A row for each story of two anomalies or more: how bad at its worst, what belongs to it, since when. The newest first. */
export function storiesFrame(answer: Answer, records: readonly AnomalyRecord[]): Frame {
  const stories = storiesOf(records);
  if (stories.length === 0) return emptyFrame(answer, 'table', { preferredVisualisationType: 'table' });
  const now = answer.compiled.toSeconds * 1000;
  const { text, number, time, hiddenText } = columnsOf(stories);
  const all = (of: (record: AnomalyRecord) => string, between: string) => (story: Story) =>
    [...new Set(story.parts.map(of).filter((one) => one !== ''))].join(between);
  return {
    fields: [
      text('severity', 'Severity', ({ parts }) => worst(parts.map((r) => r.severity))),
      text('state', 'State', ({ parts }) => stateOf(parts)),
      text('story_title', 'Began as', ({ parts }) => parts[0]!.title),
      number('anomalies', 'Anomalies', ({ parts }) => parts.length),
      text('types', 'Types', all(typeText, ' → ')),
      text('hosts', 'Hosts', all(hostOf, ', ')),
      time('opened', 'Opened', ({ parts }) => parts[0]!.opened),
      number(
        'lasted',
        'Lasted',
        ({ parts }) => Math.max(...parts.map((r) => r.opened + lastedOf(r, now))) - parts[0]!.opened,
        { unit: 'ms' },
      ),
      hiddenText('story', (s) => s.id),
    ],
    meta: metaOf(answer, { type: 'table', typeVersion: [0, 1], preferredVisualisationType: 'table' }),
  };
}

function storiesOf(records: readonly AnomalyRecord[]): Story[] {
  const found = new Map<string, AnomalyRecord[]>();
  for (const record of records) found.set(record.story, [...(found.get(record.story) ?? []), record]);
  return [...found]
    .filter(([, parts]) => parts.length > 1)
    .map(([id, parts]) => ({ id, parts: [...parts].sort((a, b) => a.opened - b.opened) }))
    .sort((a, b) => b.parts[0]!.opened - a.parts[0]!.opened);
}

function stateOf(parts: readonly AnomalyRecord[]): string {
  return (
    parts.find(({ state }) => state === 'open')?.state ??
    parts.find(({ state }) => state === 'silenced')?.state ??
    'closed'
  );
}
