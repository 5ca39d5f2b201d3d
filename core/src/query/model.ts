import type { MetricName } from './metrics.ts';

/** Version of the saved form: older ones are brought up to it by `normalizeQuery`. */
export const QUERY_VERSION = 1;

export const queryKinds = [
  'timeseries',
  'top',
  'flows',
  'conversations',
  'topology',
  'exporters',
  'anomalies',
  'sql',
] as const;
export type QueryKind = (typeof queryKinds)[number];

/** What decides which series or rows are the top ones: the value over the range taken in this way. */
export const rankings = ['avg', 'max', 'last', 'p95'] as const;
export type Ranking = (typeof rankings)[number];

/** Which table answers: `auto` takes the coarsest that is exact for the question. */
export const resolutions = ['auto', 'raw', '1m', '1h'] as const;
export type Resolution = (typeof resolutions)[number];

/** What becomes of the newest bucket while flows are still to come for it. */
export const lastBuckets = ['omit', 'mark', 'keep'] as const;
export type LastBucket = (typeof lastBuckets)[number];

export const exporterViews = ['state', 'ledger', 'balance', 'losses', 'collector'] as const;
/**
 * - `state`: a row for each exporter: last seen, versions, sampling, verdict.
 * - `ledger`: time series of one measure (`ledgerMeasure`) by exporter.
 * - `balance`: a row for each exporter over the range: announced = stored + lost, by reason.
 * - `losses`: time series of lost records in percent of announced, by exporter.
 * - `collector`: time series of one of the collectors' own gauges (`ledgerMeasure` is a metric of table `collector_metrics`:
 *   `lag_seconds` say), by collector.
 */
export type ExporterView = (typeof exporterViews)[number];

export const topologyNodes = [
  'host',
  'network',
  'as',
  'country',
  'exporter',
  'interface',
  'workload',
  'namespace',
] as const;
/** What a node of the topology is: an edge joins the source end's and the destination end's; of `interface`: exporter and interface. */
export type TopologyNode = (typeof topologyNodes)[number];

export const sqlFormats = ['table', 'timeseries', 'logs'] as const;
export type SqlFormat = (typeof sqlFormats)[number];

/**
 * What is shown of anomalies: a row for each, how many there were at a time by severity, the worst severity at a time by type, a row for
 * each story of several, what each rests on, or its largest flows.
 */
export const anomalyViews = ['table', 'count', 'timeline', 'stories', 'evidence', 'flows'] as const;
export type AnomalyView = (typeof anomalyViews)[number];

/** A replay of detection over the range, with the collector's configuration but for what is said here. */
export interface Replay {
  /** Names of detectors that run; all that are enabled where empty. */
  readonly detectors: readonly string[];
  /** `detector.parameter=value`: other values than the configured. */
  readonly set: readonly string[];
  /** How long before the range to learn what is usual. Detectors that compare with it find less where it is short. */
  readonly warmUpHours: number;
}

/** A panel is waited for: a day is learnt from in seconds, weeks are for `weir backtest`. */
export const DEFAULT_WARM_UP_HOURS = 24;
export const MOST_WARM_UP_HOURS = 31 * 24;

/** A condition that the dashboard adds: Grafana's ad hoc filter. `key` is a field's name. */
export interface AdHocFilter {
  readonly key: string;
  readonly operator: '=' | '!=' | '=~' | '!~' | '<' | '>' | '=|' | '!=|';
  readonly value: string;
  /** For "one of" operators. */
  readonly values?: readonly string[];
}

/**
 * A query as it is saved in dashboards and rules and sent to the backend, complete: `normalizeQuery` makes it from anything older
 * or shorter. Keys that a kind does not use hold their defaults and are left out when saving.
 */
export interface Query {
  readonly refId: string;
  readonly version: typeof QUERY_VERSION;
  readonly kind: QueryKind;
  /** In the filter language; empty for all flows. */
  readonly filter: string;
  readonly adHoc: readonly AdHocFilter[];

  // timeseries, top, conversations, topology
  readonly metric: MetricName;
  /** Names of fields to group by, in order. For conversations: the stages from left to right, two or more. */
  readonly dimensions: readonly string[];
  /** Series, rows, pairs, edges or records at most. */
  readonly limit: number;
  readonly rankBy: Ranking;
  /** Sum up what is beyond the limit as "Other". */
  readonly other: boolean;
  /** Count the other direction too: as negative series, or as columns of their own. */
  readonly bidirectional: boolean;
  /** Add the same for the span of time before. */
  readonly previousPeriod: boolean;
  /** Share the octets of a long flow among the buckets that it lasted through. */
  readonly spread: boolean;
  /** Multiply by the sampling rate. */
  readonly correctSampling: boolean;
  readonly lastBucket: LastBucket;
  readonly resolution: Resolution;
  /** Addresses in groupings are cut to prefixes of so many bits: 32 and 128 leave them whole. */
  readonly prefix4: number;
  readonly prefix6: number;
  /** Shortest bucket in seconds; 0 leaves it to the panel. */
  readonly minInterval: number;
  /** Legend: text with `{{field}}`, `{{metric}}`; empty for the values joined. */
  readonly legend: string;

  // flows
  /** Columns of the records, by field or column name; empty for a sensible set. */
  readonly columns: readonly string[];
  readonly order: 'newest' | 'bytes' | 'packets' | 'duration';
  /** Follow new flows as they come. */
  readonly live: boolean;

  // topology
  readonly node: TopologyNode;

  // exporters
  readonly exporterView: ExporterView;
  /** For the view `ledger`: a measure of the ledger, `flows` say; for `collector`: a metric. */
  readonly ledgerMeasure: string;

  // anomalies; empty lists mean all
  readonly severities: readonly string[];
  readonly anomalyTypes: readonly string[];
  readonly states: readonly string[];
  /** Ids of anomalies; all where empty. */
  readonly anomalyIds: readonly string[];
  /** Ids of stories, all of whose anomalies are asked for. */
  readonly stories: readonly string[];
  readonly anomalyView: AnomalyView;
  /** What detectors would have found, beside what they did find: the collector is asked. Null: what they did find. */
  readonly replay: Replay | null;

  // sql
  readonly sql: string;
  readonly format: SqlFormat;
}

/** What a saved or provisioned query must have; the rest has defaults. */
export type SavedQuery = Partial<Omit<Query, 'refId'>> & { readonly refId?: string };

/** The span of time that a query asks for, and how finely. */
export interface QueryRange {
  /** Milliseconds since 1970; `toMs` is not included. */
  readonly fromMs: number;
  readonly toMs: number;
  /** What the panel suggests for a bucket, in milliseconds. */
  readonly intervalMs: number;
  readonly maxDataPoints: number;
}

export const defaultQuery: Omit<Query, 'refId'> = {
  version: QUERY_VERSION,
  kind: 'timeseries',
  filter: '',
  adHoc: [],
  metric: 'bits_per_second',
  dimensions: [],
  limit: 10,
  rankBy: 'avg',
  other: true,
  bidirectional: false,
  previousPeriod: false,
  spread: false,
  correctSampling: true,
  lastBucket: 'omit',
  resolution: 'auto',
  prefix4: 32,
  prefix6: 128,
  minInterval: 0,
  legend: '',
  columns: [],
  order: 'newest',
  live: false,
  node: 'host',
  exporterView: 'state',
  ledgerMeasure: 'flows',
  severities: [],
  anomalyTypes: [],
  states: [],
  anomalyIds: [],
  stories: [],
  anomalyView: 'table',
  replay: null,
  sql: '',
  format: 'table',
};
