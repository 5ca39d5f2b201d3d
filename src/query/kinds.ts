import { type ExporterView, type QueryKind, exporterViews, queryKinds } from '@weir/core/query';

export interface Kind {
  readonly kind: QueryKind;
  readonly label: string;
  readonly doc: string;
}

const texts: Readonly<Record<QueryKind, readonly [label: string, doc: string]>> = {
  timeseries: [
    'Time series',
    'A metric over time, split by any fields, the top ones and the rest as “Other”.',
  ],
  top: ['Top', 'The top ones in a table: share, mean, 95th percentile, peak and total.'],
  flows: ['Flows', 'Single flow records, searchable, with a live tail.'],
  conversations: ['Conversations', 'Who talks to whom through what: pairs for a Sankey diagram.'],
  topology: ['Topology', 'Nodes and the traffic between them.'],
  exporters: ['Exporters', 'Who exports flows, what came and what was lost.'],
  anomalies: ['Anomalies', 'What was found unusual.'],
  sql: ['SQL', 'Your own SELECT, with macros.'],
};

export const kinds: readonly Kind[] = queryKinds.map((kind) => ({
  kind,
  label: texts[kind][0],
  doc: texts[kind][1],
}));

/** The kinds whose answers alert rules can evaluate: numbers with labels. */
const alertable: ReadonlySet<QueryKind> = new Set(['timeseries', 'top', 'exporters', 'anomalies']);

/** The kinds that an editor offers; what is saved already is among them, so that it can be seen. */
export function offeredKinds(alerting: boolean, allowSql: boolean, current: QueryKind): readonly Kind[] {
  return kinds.filter(
    ({ kind }) => kind === current || ((!alerting || alertable.has(kind)) && (kind !== 'sql' || allowSql)),
  );
}

/** Why alert rules cannot use a query of this kind; undefined where they can. */
export function whyNotAlertable(kind: QueryKind): string | undefined {
  if (alertable.has(kind)) return undefined;
  const label = texts[kind][0];
  return `${label} answers no numbers with labels, which alert rules need. Use Time series or Top.`;
}

export const exporterViewTexts: Readonly<Record<ExporterView, readonly [label: string, doc: string]>> = {
  state: ['State', 'A row for each exporter: last seen, versions, sampling, verdict.'],
  ledger: ['Ledger', 'One measure of the ledger over time, by exporter.'],
  balance: ['Balance', 'A row for each exporter: announced = stored + lost, by reason.'],
  losses: ['Losses', 'Lost records in percent of those announced, over time, by exporter.'],
  collector: ['Collectors', 'One of the collectors’ own gauges over time, by collector.'],
};

export const exporterViewList: readonly ExporterView[] = exporterViews;

/** The fields of the query that a kind uses, besides the kind itself: editors show these and no others. */
export type Part =
  | 'filter'
  | 'metric'
  | 'dimensions'
  | 'limit'
  | 'rankBy'
  | 'other'
  | 'bidirectional'
  | 'previousPeriod'
  | 'spread'
  | 'correctSampling'
  | 'lastBucket'
  | 'resolution'
  | 'minInterval'
  | 'prefixes'
  | 'legend'
  | 'columns'
  | 'order'
  | 'live'
  | 'node'
  | 'exporterView'
  | 'anomalies'
  | 'replay'
  | 'sql';

const partsOf: Readonly<Record<QueryKind, readonly Part[]>> = {
  timeseries: [
    'filter',
    'metric',
    'dimensions',
    'limit',
    'rankBy',
    'other',
    'bidirectional',
    'previousPeriod',
    'spread',
    'correctSampling',
    'lastBucket',
    'resolution',
    'minInterval',
    'prefixes',
    'legend',
    'live',
  ],
  top: [
    'filter',
    'metric',
    'dimensions',
    'limit',
    'rankBy',
    'other',
    'bidirectional',
    'previousPeriod',
    'correctSampling',
    'resolution',
    'minInterval',
    'prefixes',
    'live',
  ],
  flows: ['filter', 'columns', 'order', 'limit', 'live'],
  conversations: [
    'filter',
    'metric',
    'dimensions',
    'limit',
    'other',
    'correctSampling',
    'resolution',
    'prefixes',
  ],
  topology: ['filter', 'metric', 'node', 'limit', 'other', 'correctSampling', 'resolution', 'prefixes'],
  exporters: ['exporterView', 'filter'],
  anomalies: ['anomalies', 'replay', 'filter', 'limit'],
  sql: ['sql'],
};

/** Nonsense in a rule: what compares with another time, has two directions or a bucket that is not over yet. */
const notInRules: ReadonlySet<Part> = new Set([
  'previousPeriod',
  'bidirectional',
  'lastBucket',
  'live',
  'legend',
  'replay',
]);

export function partsFor(kind: QueryKind, alerting: boolean): ReadonlySet<Part> {
  return new Set(partsOf[kind].filter((part) => !alerting || !notInRules.has(part)));
}
