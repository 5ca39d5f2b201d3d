import type { AnomalyContributor, AnomalyEvidence, AnomalyState, Severity } from '@weir/core/anomalies';
import type { Column, Table } from '../../clickhouse/columns.ts';
import { textAt } from '../columns.ts';

/** An anomaly as the answer has it. Times are milliseconds since 1970; texts are empty and numbers 0 where there is nothing. */
export interface AnomalyRecord {
  readonly id: string;
  readonly opened: number;
  /** 0 while it lasts. */
  readonly closed: number;
  readonly updated: number;
  readonly severity: Severity;
  readonly state: AnomalyState;
  readonly type: string;
  readonly rule: string;
  readonly title: string;
  readonly description: string;
  readonly score: number;
  readonly source: string;
  /** With its length where it is a prefix. */
  readonly destination: string;
  readonly exporter: string;
  readonly interface: number;
  readonly protocol: number;
  readonly port: number;
  readonly metric: string;
  readonly value: number;
  readonly baseline: number;
  readonly threshold: number;
  readonly technique: string;
  readonly story: string;
  readonly flowFilter: string;
  readonly tenant: string;
  readonly evidence: RecordedEvidence;
  /** Of a replay: same, new or missing. Empty elsewhere. */
  readonly replay: string;
}

/** What the collector writes beside what a detector says. */
export interface RecordedEvidence extends AnomalyEvidence {
  readonly detector?: string;
  readonly reopened?: number;
  /** The severity by itself, and why it was raised. */
  readonly raised?: { readonly from: string; readonly because: string };
  /** Why it ended, where not by itself. */
  readonly ended?: string;
}

const NO_STORY = '00000000-0000-0000-0000-000000000000';

/** The rows of an answer, in its order. */
export function anomalyRecords(table: Table): AnomalyRecord[] {
  const columns = new Map<string, Column>(table.columns.map((column) => [column.name, column]));
  return Array.from({ length: table.rows }, (_, row): AnomalyRecord => {
    const text = (name: string): string => textAt(columns.get(name), row);
    const number = (name: string): number => Number(text(name)) || 0;
    const time = (name: string): number => {
      const column = columns.get(`${name}_ms`);
      return column?.kind === 'number' || column?.kind === 'time' ? Number(column.values[row]) : 0;
    };
    const id = text('id');
    const story = text('story');
    return {
      id,
      opened: time('opened'),
      closed: time('closed'),
      updated: time('updated'),
      severity: text('severity') as Severity,
      state: text('state') as AnomalyState,
      type: text('type'),
      rule: text('rule'),
      title: text('title'),
      description: text('description'),
      score: number('score'),
      source: text('source_ip'),
      destination: text('destination_ip'),
      exporter: text('exporter_name'),
      interface: number('interface'),
      protocol: number('protocol'),
      port: number('port'),
      metric: text('metric'),
      value: number('value'),
      baseline: number('baseline'),
      threshold: number('threshold'),
      technique: text('technique'),
      story: story === NO_STORY || story === '' ? id : story,
      flowFilter: text('flow_filter'),
      tenant: text('tenant'),
      evidence: evidenceOf(text('evidence')),
      replay: text('replay'),
    };
  });
}

/** The host that it is about: who acts, else who is acted on; empty where it is about none. */
export function hostOf({ source, destination }: AnomalyRecord): string {
  return source === '' ? destination : source;
}

/** How long it lasted, or has lasted until `now`, in milliseconds. */
export function lastedOf({ opened, closed, updated }: AnomalyRecord, now: number): number {
  return Math.max(0, (closed > 0 ? closed : Math.max(updated, now)) - opened);
}

/** All flows, in the filter language: a place in a dashboard's filter cannot be left empty. */
const EVERYTHING = 'exporter = ::/0';

/** The filter of its flows, for links. */
export function flowFilterOf({ flowFilter }: AnomalyRecord): string {
  return flowFilter.trim() === '' ? EVERYTHING : flowFilter;
}

/** Flows are stamped when they are received: some before it opened, some after it closed. */
const MARGIN_MS = 120_000;

/** The span in which its flows are to be found; a while that lasts ends when it was last heard of. */
export function flowSpanOf(
  record: AnomalyRecord,
  now: number,
): { readonly from: number; readonly to: number } {
  const { opened } = record;
  return { from: opened - MARGIN_MS, to: opened + lastedOf(record, now) + MARGIN_MS };
}

/** What the column `evidence` says; where it cannot be read, nothing. Whatever is not as it should be is left out. */
function evidenceOf(json: string): RecordedEvidence {
  let read: unknown;
  try {
    read = JSON.parse(json);
  } catch {
    return {};
  }
  if (!isObject(read)) return {};
  const objects = (key: string): Record<string, unknown>[] => {
    const list: unknown = read[key];
    return Array.isArray(list) ? list.filter(isObject) : [];
  };
  const text = (key: string): string | undefined =>
    typeof read[key] === 'string' && read[key] !== '' ? read[key] : undefined;
  const parameters = isObject(read['parameters']) ? read['parameters'] : {};
  const raised = isObject(read['raised']) ? read['raised'] : undefined;
  const measures = objects('measures').filter(
    (m): m is { name: string; value: number; unit: string } =>
      typeof m['name'] === 'string' && typeof m['value'] === 'number' && typeof m['unit'] === 'string',
  );
  const contributors = objects('contributors').filter(
    (c) => typeof c['value'] === 'number',
  ) as unknown as AnomalyContributor[];
  const caveat = text('caveat');
  const ended = text('ended');
  const detector = text('detector');
  return {
    measures,
    contributors,
    ports: Array.isArray(read['ports']) ? read['ports'].filter((port) => typeof port === 'number') : [],
    flows: objects('flows') as Record<string, string | number>[],
    parameters: Object.fromEntries(
      Object.entries(parameters).filter((p): p is [string, number] => typeof p[1] === 'number'),
    ),
    ...(caveat === undefined ? {} : { caveat }),
    ...(ended === undefined ? {} : { ended }),
    ...(detector === undefined ? {} : { detector }),
    ...(typeof read['reopened'] === 'number' ? { reopened: read['reopened'] } : {}),
    ...(raised === undefined
      ? {}
      : { raised: { from: String(raised['from']), because: String(raised['because']) } }),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
