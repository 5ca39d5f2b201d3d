import type { QueryKind } from './model.ts';

/** A query as ClickHouse is asked: text with `{name:Type}` and the values of these. No value of a user's stands in the text. */
export interface Statement {
  /** Which of the query's answers this is: `main` always, others as the kind says. */
  readonly name: string;
  readonly sql: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
}

export type ParameterValue = string | number | readonly string[] | readonly number[];

/** Something that a reader of the answer should know. */
export interface Notice {
  readonly severity: 'info' | 'warning' | 'error';
  readonly text: string;
}

export interface CompiledQuery {
  readonly kind: QueryKind;
  /** Run side by side; none depends on another. */
  readonly statements: readonly Statement[];
  /** The coarsest table read: what the preview and the statistics name. */
  readonly table: string;
  readonly notices: readonly Notice[];
  /** Seconds of a bucket; 0 where the answer is no time series. */
  readonly bucketSeconds: number;
  /** Buckets of a time series: the first one's start and the end of the last, in seconds since 1970. */
  readonly fromSeconds: number;
  readonly toSeconds: number;
  /** Start of the first bucket for which flows may still come; undefined where all are complete. */
  readonly unfinishedFromSeconds: number | undefined;
  /** The fields grouped by, with those that grouping implied (an interface implies its exporter). */
  readonly dimensions: readonly string[];
}

/**
 * What statements answer, column by column.
 *
 * **timeseries**, `main`: a row for each series, the highest first, "Other" last:
 * `keys Array(String)` (a text for each dimension; all empty for "Other"), `other UInt8`, `reverse UInt8` (1 in the reverse
 * direction's row), `previous UInt8` (1 in the row of the span before), `buckets Array(UInt32)` (seconds since 1970, ascending, only
 * those with data; of the span before: shifted to the present one), `values Array(Float64)`, `speedless UInt8` (utilization of an
 * interface whose speed is not known: values are empty), `unsampled UInt8` (1 where flows without a known sampling rate took part).
 * The backend fills missing buckets: with 0 where the metric is additive, with null elsewhere.
 *
 * **top**, `main`: a row for each group, the highest first, "Other" last: `keys Array(String)`, `other UInt8`, `value`, `min`, `max`,
 * `avg`, `last`, `p95`, `total` (all Float64, `value` is what it is ranked by), `share` (percent of all), and `reverse_value`,
 * `previous_value` where asked for (else 0).
 *
 * **flows**, `main`: a row for each record; columns by name as asked for, addresses as text with IPv4 dotted; always first
 * `timestamp` as milliseconds since 1970 (Int64). `volume` (where asked): `bucket UInt32`, `value Float64` flows in it.
 *
 * **conversations**, `main`: a row for each path: `keys Array(String)`, `other Array(UInt8)` (1 at a stage that is summed up), `value`.
 *
 * **topology**, `main`: a row for each edge: `source String`, `destination String` (empty where summed up), `value` source to
 * destination, `reverse_value` the other way, `bytes`, `packets`, `flows`, `utilization` (percent, -1 where not known).
 *
 * **exporters** by view, **anomalies**: columns as the statement names them, times as milliseconds since 1970 in columns whose names
 * end with `_ms`. Time series of both have the shape of **timeseries**.
 *
 * **sql**, `main`: whatever the user's text selects.
 */
export type AnswerShapes = never;
