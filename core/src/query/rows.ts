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
  readonly end: string | undefined;
}

export type Amount = (table: Segment['table'], direction: 'in' | 'out', rate: string) => string;

export interface RowOptions {
  /** Directions apart: rows that match the mirrored filter are read too. */
  readonly twoWay: boolean;
  readonly previous: boolean;
  /** What of each row is wanted, name by name, besides the keys. */
  readonly columns: (view: RowView) => readonly (readonly [name: string, sql: string])[];
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
  const apart = options.twoWay && !either;
  const sides = apart
    ? [
        { mirrored: false, keys, where: there },
        { mirrored: true, keys: keys.map((key) => mirroredKey(key, prefixes)), where: back },
      ]
    : [
        {
          mirrored: false,
          keys,
          where: options.twoWay && back !== there ? `(${there}\n    OR ${back})` : there,
        },
      ];

  const parts: string[] = [];
  for (const span of spans) {
    const segments = segmentsOf(question.table, span.fromSeconds, span.toSeconds, context);
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

  function part(
    span: Span,
    segment: Segment,
    suffix: string,
    side: { mirrored: boolean; keys: readonly Key[]; where: string },
  ): string {
    const rate = query.correctSampling ? 'greatest(sampling_rate, 1)' : '1';
    const end = either ? 'flow_end' : undefined;
    const of = (amount: Amount, direction: 'in' | 'out'): string => amount(segment.table, direction, rate);
    const oriented = (amount: Amount, direction: 'in' | 'out'): string => {
      const other = direction === 'in' ? 'out' : 'in';
      if (end === undefined) return of(amount, side.mirrored ? other : direction);
      const [a, b] = [of(amount, direction), of(amount, other)];
      return a === b ? a : `if(${end} = 0, ${a}, ${b})`;
    };
    const view: RowView = {
      segment,
      both: (amount) => {
        const [a, b] = [of(amount, 'in'), of(amount, 'out')];
        if (b === '0') return a;
        const scaled = a.endsWith(` * ${rate}`) && b.endsWith(` * ${rate}`);
        const bare = (sql: string): string => sql.slice(0, -(rate.length + 3));
        return scaled ? `(${bare(a)} + ${bare(b)}) * ${rate}` : `${a} + ${b}`;
      },
      forward: (amount) => oriented(amount, 'in'),
      reverse: (amount) => oriented(amount, 'out'),
      direction: end ?? (side.mirrored ? '1' : '0'),
      rate,
      keys: side.keys,
      end,
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
    side.keys.forEach((key, i) =>
      selected.push([
        `k${i}`,
        end === undefined || !key.either ? key.source : `if(${end} = 0, ${key.source}, ${key.destination})`,
      ]),
    );
    const fromName = `{from${suffix}:UInt32}`;
    const toName = `{to${suffix}:UInt32}`;
    for (const [name, sql] of options.columns(view))
      selected.push([name, spreads && SHARED.has(name) ? shared(sql, bucketSeconds, fromName, toName) : sql]);
    if (isFoldable(question))
      selected.push(['folded_keys', segment.table === 'network_flows' ? '0' : foldedSql(side.keys, end)]);
    if (options.previous) selected.push(['previous', String(span.previous)]);

    const joins: string[] = [];
    if (end !== undefined) joins.push(`ARRAY JOIN ${endsSql(side.keys, options.twoWay)} AS ${end}`);
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
      ...(side.where === '1' ? [] : [side.where]),
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
  const passed = (time: string): string => `intDiv(toUInt128(${amount}) * toUInt128(${time}), duration_ms)`;
  return `if(duration_ms = 0, toUInt64(${amount}), toUInt64(${passed(until)} - ${passed(since)}))`;
}

/** Which ends of a flow count: both, once where they are the same and directions are not told apart. */
function endsSql(keys: readonly Key[], twoWay: boolean): string {
  if (twoWay) return '[0, 1]';
  const either = keys.filter((key) => key.either);
  const same = either.map((key) => `${key.source} = ${key.destination}`).join(' AND ');
  return `if(${same}, [0], [0, 1])`;
}

/** Whether rows can be without a key because a rollup has folded them. */
export function isFoldable({ keys, table }: Question): boolean {
  return table !== 'network_flows' && keys.some((key) => key.sourceFolded > 0);
}

/** A bit for each key that the row of a rollup has no value of. */
function foldedSql(keys: readonly Key[], end: string | undefined): string {
  const bits = keys.flatMap((key, i) => {
    const [source, destination] = [key.sourceFolded, key.destinationFolded];
    if (source === 0) return [];
    const mask =
      end === undefined || !key.either ? String(source) : `if(${end} = 0, ${source}, ${destination})`;
    return [`if(bitAnd(folded, ${mask}) != 0, ${1 << i}, 0)`];
  });
  return bits.length === 0 ? '0' : bits.join(' + ');
}
