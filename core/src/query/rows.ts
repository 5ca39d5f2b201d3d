import { Parameters, filterSql, mirrorFilter } from '../filter/index.ts';
import type { ParameterValue } from './compiled.ts';
import { type Key, mirroredKey } from './keys.ts';
import type { Question } from './question.ts';
import { type Segment, segmentsOf } from './tables.ts';

/** Names that the rows have: no column of a table is called so, which would make a name mean two things. */
export interface RowColumns {
  /** SQL that gives the rows, a SELECT or several joined. */
  readonly sql: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
}

/** Flows that lasted beyond the range's end come up to so many seconds after it. */
const REACH_SECONDS = 3600;
/** The clock cannot be trusted, or there is none: clockSkew, relativeTimes, noTimes of `record_flags`. */
const TIMELESS = 1 + 16 + 32;

/** What a row of a table counts for, seen from the end and the side that it is looked at from. */
export interface RowView {
  readonly segment: Segment;
  /** The same for every end: octets there and back. */
  both(measure: Amount): string;
  /** Seen from the group: what it sent, and what it was sent. */
  forward(measure: Amount): string;
  reverse(measure: Amount): string;
  /** 0 where the row stands for the forward direction, 1 where for the other. */
  readonly direction: string;
  readonly rate: string;
  /** Keys as columns, for one who has expressions of his own. */
  readonly keys: readonly Key[];
  /** Which end of the flow it is that the row stands for. */
  readonly end: 0 | 1;
}

export type Amount = (table: Segment['table'], direction: 'in' | 'out', rate: string) => string;

export interface RowOptions {
  /** Directions apart: rows that match the mirrored filter are read too. */
  readonly twoWay: boolean;
  readonly previous: boolean;
  /** What of each row is wanted, name by name, besides the keys. */
  readonly columns: (view: RowView) => readonly (readonly [name: string, sql: string])[];
}

/** From where rows are looked at: an end, or the direction. */
interface Side {
  /** What is there for others is back from here. */
  readonly turned: boolean;
  readonly end: 0 | 1;
  readonly keys: readonly Key[];
  readonly where: readonly string[];
}

interface Span {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly previous: 0 | 1;
}

/** Length by which the span before is shifted: whole buckets, so that they fall on each other. */
export function shiftOf({ fromSeconds, toSeconds, bucketSeconds }: Question): number {
  const step = Math.max(1, bucketSeconds);
  return Math.ceil((toSeconds - fromSeconds) / step) * step;
}

/**
 * The rows of a question, from all tables that it is answered from, under the same names: `bucket` (where there are), `k0`, `k1`, …,
 * what `columns` wants, `folded_keys` (bits of keys that a rollup has no value of) and `previous`.
 */
export function rowsSql(question: Question, options: RowOptions): RowColumns {
  const { context, filter, keys, prefixes, either, query } = question;
  const values = new Parameters('f');
  const times: Record<string, ParameterValue> = {};
  const shift = shiftOf(question);
  const spans: Span[] = [{ fromSeconds: question.fromSeconds, toSeconds: question.toSeconds, previous: 0 }];
  if (options.previous)
    spans.push({
      fromSeconds: question.fromSeconds - shift,
      toSeconds: question.toSeconds - shift,
      previous: 1,
    });

  const there = filterSql(filter, values);
  const mirror = mirrorFilter(filter);
  const back = options.twoWay ? filterSql(mirror, values) : there;
  // Keys that mean either end: the flows are read once for each, which is quicker than to double every row.
  const ends = endsOf(keys);
  const all = options.twoWay && back !== there ? `(${there} OR ${back})` : there;
  const apart = options.twoWay ? '' : `NOT (${sameSql(keys)})`;
  const sides: Side[] = either
    ? [
        { turned: false, end: 0, keys: ends[0], where: [all] },
        { turned: true, end: 1, keys: ends[1], where: [all, apart] },
      ]
    : [
        { turned: false, end: 0, keys, where: [there] },
        ...(options.twoWay
          ? [
              {
                turned: true,
                end: 0,
                keys: keys.map((key) => mirroredKey(key, prefixes)),
                where: [back],
              } as const,
            ]
          : []),
      ];

  const parts: string[] = [];
  for (const span of spans) {
    const segments = segmentsOf(question.table, span.fromSeconds, span.toSeconds, context, question.minutes);
    segments.forEach((segment, i) => {
      const suffix = `${span.previous === 1 ? '_before' : ''}${segments.length === 1 ? '' : `_${i}`}`;
      times[`from${suffix}`] = segment.fromSeconds;
      times[`to${suffix}`] = segment.toSeconds;
      for (const side of sides) parts.push(part(span, segment, suffix, side));
    });
  }
  if (parts.length === 0) {
    // A span without a complete bucket: the same columns, no rows.
    times['from'] = question.fromSeconds;
    times['to'] = question.fromSeconds;
    const { fromSeconds } = question;
    const segment: Segment = { table: 'network_flows', fromSeconds, toSeconds: fromSeconds };
    parts.push(part(spans[0]!, segment, '', sides[0]!));
  }
  return { sql: parts.join('\nUNION ALL\n'), parameters: { ...times, ...values.values } };

  function part(span: Span, segment: Segment, suffix: string, side: Side): string {
    const rate = query.correctSampling ? 'greatest(sampling_rate, 1)' : '1';
    const of = (amount: Amount, direction: 'in' | 'out'): string => amount(segment.table, direction, rate);
    const view: RowView = {
      segment,
      both: (amount) => bothSql(of(amount, 'in'), of(amount, 'out'), rate),
      forward: (amount) => of(amount, side.turned ? 'out' : 'in'),
      reverse: (amount) => of(amount, side.turned ? 'in' : 'out'),
      direction: side.turned ? '1' : '0',
      rate,
      keys: side.keys,
      end: side.end,
    };
    const selected: [name: string, sql: string][] = [];
    const { bucketSeconds } = question;
    const spreads = query.spread;
    const back = span.previous === 1 ? ` + ${shift}` : '';
    if (bucketSeconds > 0)
      selected.push([
        'bucket',
        spreads
          ? `toUInt32(slice * ${bucketSeconds}${back})`
          : `toUInt32(${segment.table === 'network_flows' && bucketSeconds === 1 ? 'toUInt32(timestamp)' : `intDiv(toUInt32(timestamp), ${bucketSeconds}) * ${bucketSeconds}`}${back})`,
      ]);
    side.keys.forEach((key, i) => selected.push([`k${i}`, key.source]));
    const fromName = `{from${suffix}:UInt32}`;
    const toName = `{to${suffix}:UInt32}`;
    for (const [name, sql] of options.columns(view))
      selected.push([name, spreads && SHARED.has(name) ? shared(sql, bucketSeconds, fromName, toName) : sql]);
    if (isFoldable(question))
      selected.push(['folded_keys', segment.table === 'network_flows' ? '0' : foldedSql(side.keys)]);
    if (options.previous) selected.push(['previous', String(span.previous)]);

    const joins: string[] = [];
    if (spreads)
      joins.push(
        `ARRAY JOIN range(toUInt64(intDiv(greatest(began_ms, toInt64(${fromName}) * 1000), ${bucketSeconds * 1000})), ` +
          `toUInt64(intDiv(least(lasted_ms, toInt64(${toName}) * 1000 - 1), ${bucketSeconds * 1000}) + 1)) AS slice`,
      );
    const where = [
      `timestamp >= toDateTime(${fromName})`,
      `timestamp < toDateTime(${toName}${spreads ? ` + ${REACH_SECONDS}` : ''})`,
      ...(spreads
        ? [`lasted_ms >= toInt64(${fromName}) * 1000`, `began_ms < toInt64(${toName}) * 1000`]
        : []),
      ...side.where.filter((condition) => condition !== '1' && condition !== ''),
    ];
    return [
      ...(spreads ? [SPREAD_WITH] : []),
      `SELECT`,
      selected.map(([name, sql]) => `  ${sql} AS ${name}`).join(',\n'),
      `FROM ${context.database}.${segment.table}`,
      ...joins,
      `WHERE ${where.join('\n  AND ')}`,
    ].join('\n');
  }
}

/** Columns of rows that are amounts. */
const SHARED: ReadonlySet<string> = new Set(['f', 'fw', 'r', 'rw']);

/** When the flow began and ended, and its last millisecond. A flow does not end after it was reported. */
const SPREAD_WITH = `WITH
  toInt64(toUnixTimestamp(timestamp)) * 1000 AS received_ms,
  least(received_ms, if(bitAnd(record_flags, ${TIMELESS}) != 0, received_ms, received_ms - end_lag_ms)) AS ended_ms,
  ended_ms - toInt64(duration_ms) AS began_ms,
  if(duration_ms = 0, ended_ms, ended_ms - 1) AS lasted_ms`;

/**
 * The part of an amount that falls into a slice of time: what had passed by its end less what had passed by its beginning, both in
 * whole numbers, so that all parts together are the amount to the byte.
 */
function shared(amount: string, bucketSeconds: number, from: string, to: string): string {
  if (amount === '0') return '0';
  const ms = bucketSeconds * 1000;
  const until = `least(toInt64(slice + 1) * ${ms}, toInt64(${to}) * 1000, ended_ms) - began_ms`;
  const since = `greatest(toInt64(slice) * ${ms}, toInt64(${from}) * 1000, began_ms) - began_ms`;
  const passed = (time: string): string => `toUInt64(floor(${amount} * ((${time}) / duration_ms)))`;
  return `if(duration_ms = 0, toUInt64(${amount}), toUInt64(${passed(until)} - ${passed(since)}))`;
}

/** The keys of the one end, and of the other. */
function endsOf(keys: readonly Key[]): readonly [readonly Key[], readonly Key[]] {
  return [
    keys,
    keys.map((key) =>
      key.either ? { ...key, source: key.destination, sourceFolded: key.destinationFolded } : key,
    ),
  ];
}

/** Both ends are the same: where directions are not told apart, such a flow counts once. */
function sameSql(keys: readonly Key[]): string {
  return keys
    .filter((key) => key.either)
    .map((key) => `${key.source} = ${key.destination}`)
    .join(' AND ');
}

/** Both directions together. */
function bothSql(there: string, back: string, rate: string): string {
  if (back === '0') return there;
  const scale = ` * ${rate}`;
  if (!there.endsWith(scale) || !back.endsWith(scale)) return `${there} + ${back}`;
  return `(${there.slice(0, -scale.length)} + ${back.slice(0, -scale.length)})${scale}`;
}

/** Whether rows can be without a key because a rollup has folded them. */
export function isFoldable({ keys, table }: Question): boolean {
  return table !== 'network_flows' && keys.some((key) => key.sourceFolded > 0);
}

/** A bit for each key that the row of a rollup has no value of. */
function foldedSql(keys: readonly Key[]): string {
  const bits = keys.flatMap(({ sourceFolded }, i) =>
    sourceFolded === 0 ? [] : [`if(bitAnd(folded, ${sourceFolded}) != 0, ${1 << i}, 0)`],
  );
  return bits.length === 0 ? '0' : bits.join(' + ');
}
