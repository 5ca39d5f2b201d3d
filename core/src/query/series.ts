import type { ParameterValue } from './compiled.ts';
import type { Amount } from './rows.ts';
import { isFoldable, rowsSql } from './rows.ts';
import { ceilTo, floorTo } from './buckets.ts';
import { candidatesSql } from './candidates.ts';
import type { Key } from './keys.ts';
import type { Question } from './question.ts';
import { indented } from './text.ts';

/**
 * Groups over buckets: what time series and top tables are both made of. In steps, each a named part of the statement:
 *
 * - `flows`: rows of all tables under the same names.
 * - `candidates`: where keys can be very many (addresses), those that carried most over the range, ten times the limit and 200 at least;
 *   the rest is summed up at once, so that memory holds whatever the traffic. Ranked by average, these are the top ones for certain; a
 *   group that is among the first by its highest or last value alone, and not among the candidates by its sum, stays in "Other".
 * - `cells`: sums by key and bucket. `series`: lists of these by key. `ranked`: their places. `groups`: the first ones, and "Other" as 0.
 */
export interface SeriesSql {
  /** `WITH …`, ending in `groups`: place, d0…, t/f/fw/r/rw (lists by bucket, ascending), p…: the same of the span before, unsampled. */
  readonly sql: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  /** Settings of the shape: what the last SELECT may name. */
  readonly twoWay: boolean;
  readonly previous: boolean;
}

/** Buckets that are whole, of which statistics are made. */
export function wholeBuckets({ fromSeconds, toSeconds, bucketSeconds }: Question): {
  first: number;
  count: number;
} {
  const first = ceilTo(fromSeconds, bucketSeconds);
  const last = floorTo(toSeconds, bucketSeconds);
  return { first, count: Math.max(0, (last - first) / bucketSeconds) };
}

/** A bucket without flows is a zero, not a gap. */
export function zeroFilled({ measure }: Question): boolean {
  return measure.metric.additive || measure.metric.name === 'utilization';
}

/** Values by bucket, of lists of amounts and weights: as SQL, for buckets and for values. */
export function valuesSql(
  question: Question,
  lists: { buckets: string; amounts: string; weights: string },
): { buckets: string; values: string } {
  const { measure, bucketSeconds } = question;
  const { buckets, amounts, weights } = lists;
  const factor = measure.factor === 1 ? '' : ` * ${measure.factor}`;
  if (measure.form === 'mean')
    return {
      buckets: `arrayFilter((t, w) -> w > 0, ${buckets}, ${weights})`,
      values: `arrayMap((x, w) -> toFloat64(x)${factor} / w, arrayFilter((x, w) -> w > 0, ${amounts}, ${weights}), arrayFilter(w -> w > 0, ${weights}))`,
    };
  const rate = measure.metric.rate ? ` / ${bucketSeconds}` : '';
  const speed = question.speedOf === undefined ? '' : ' / speed';
  return { buckets, values: `arrayMap(x -> toFloat64(x)${factor}${rate}${speed}, ${amounts})` };
}

/** One number for a list of values. */
export function statistic(
  question: Question,
  what: 'min' | 'max' | 'avg' | 'last' | 'p95',
  buckets: string,
  values: string,
): string {
  const { first, count } = wholeBuckets(question);
  const n = Math.max(1, count);
  const last = first + (n - 1) * question.bucketSeconds;
  const zero = zeroFilled(question);
  const rank = Math.ceil(0.95 * n);
  switch (what) {
    case 'min':
      return zero
        ? `if(length(${values}) < ${n}, 0, arrayMin(${values}))`
        : `if(empty(${values}), 0, arrayMin(${values}))`;
    case 'max':
      return `if(empty(${values}), 0, arrayMax(${values}))`;
    case 'avg':
      return zero ? `arraySum(${values}) / ${n}` : `if(empty(${values}), 0, arrayAvg(${values}))`;
    case 'last':
      return zero
        ? `arraySum((x, t) -> if(t = ${last}, x, 0), ${values}, ${buckets})`
        : `if(empty(${values}), 0, arrayElement(arraySort((x, t) -> t, ${values}, ${buckets}), -1))`;
    case 'p95':
      return zero
        ? `if(length(${values}) <= ${n - rank}, 0, arrayElement(arraySort(${values}), ${rank} - ${n} + length(${values})))`
        : `if(empty(${values}), 0, arrayElement(arraySort(${values}), toUInt32(ceil(0.95 * length(${values})))))`;
  }
}

export function seriesSql(question: Question, limit: number, options: { total: boolean }): SeriesSql {
  const { query, measure, keys, speedOf, context } = question;
  const unique = measure.form === 'unique';
  const mean = measure.form === 'mean';
  const utilization = speedOf !== undefined;
  // What came in by an interface is there in the flows that it sent out, the other way: directions must be told apart.
  const twoWay = query.bidirectional || utilization;
  const previous = query.previousPeriod;
  const amount: Amount = (table, direction, rate) => measure.amount(table, direction, rate);
  const weight: Amount = (table, direction, rate) => measure.weight(table, direction, rate);
  const sampled =
    query.correctSampling && measure.columns.some((c) => /^(bytes|packets|dropped|retrans)/.test(c));

  const rows = rowsSql(question, {
    twoWay,
    previous,
    columns: (view) => {
      const out: [string, string][] = [];
      if (unique) out.push(['u', measure.distinct!]);
      if (unique && twoWay) out.push(['direction', view.direction]);
      if (!unique) out.push(['f', twoWay ? view.forward(amount) : view.both(amount)]);
      if (mean) out.push(['fw', twoWay ? view.forward(weight) : view.both(weight)]);
      if (!unique && twoWay) out.push(['r', view.reverse(amount)]);
      if (mean && twoWay) out.push(['rw', view.reverse(weight)]);
      if (sampled) out.push(['unsampled', 'sampling_rate = 0']);
      if (utilization) out.push(['at', interfaceSql(view.keys[keys.indexOf(speedOf)]!, view.end)]);
      return out;
    },
  });

  const k = keys.map((_, i) => `k${i}`);
  const d = keys.map((_, i) => `d${i}`);
  const list = (names: readonly string[]): string => names.join(', ');
  const tuple = k.length === 1 ? k[0]! : `(${list(k)})`;
  const foldable = isFoldable(question);
  const many = keys.some((key) => key.many) || keys.length > 3;
  const span = previous ? 'previous = 0' : '1';
  const ctes: string[] = [`flows AS (\n${indented(rows.sql)}\n)`];
  if (many) {
    const candidates =
      query.rankBy === 'avg' && !utilization && !mean && !unique ? limit : Math.max(10 * limit, 200);
    const where = [foldable ? 'folded_keys = 0' : '', previous ? 'previous = 0' : ''];
    ctes.push(candidatesSql(keys, 'flows', where, unique ? 'uniq(u)' : 'sum(f)', candidates));
  }
  const named =
    [foldable ? 'folded_keys = 0' : '', many ? `${tuple} IN candidates` : '']
      .filter((c) => c !== '')
      .join(' AND ') || '1';
  // Said in a SELECT of its own: an alias used twice would have the engine look for the candidates twice.
  let rowsOf = 'flows';
  if (utilization) {
    // First by interface itself: to collect the interfaces of a group row by row would take several times as long.
    rowsOf = 'interface_flows';
    const by = list([
      ...k,
      'at',
      'bucket',
      ...(previous ? ['previous'] : []),
      ...(foldable ? ['folded_keys'] : []),
    ]);
    ctes.push(`interface_flows AS (
    SELECT ${by}, sum(f) AS f, sum(r) AS r${sampled ? ', max(unsampled) AS unsampled' : ''}
    FROM flows
    GROUP BY ${by}
)`);
  }
  const marked =
    named === '1' ? rowsOf : `(\n        SELECT *, toUInt8(${named}) AS named\n        FROM ${rowsOf}\n    )`;

  const cell: string[] = [];
  if (unique) {
    cell.push(twoWay ? 'uniqIf(u, direction = 0) AS cf' : 'uniq(u) AS cf');
    if (twoWay) cell.push('uniqIf(u, direction = 1) AS cr');
    if (options.total) cell.push(twoWay ? 'uniqStateIf(u, direction = 0) AS state' : 'uniqState(u) AS state');
    if (options.total && twoWay) cell.push('uniqStateIf(u, direction = 1) AS reverse_state');
  } else {
    cell.push('sum(f) AS cf');
    if (mean) cell.push('sum(fw) AS cfw');
    if (twoWay) cell.push('sum(r) AS cr');
    if (mean && twoWay) cell.push('sum(rw) AS crw');
  }
  if (sampled) cell.push('max(unsampled) AS any_unsampled');
  if (utilization) cell.push('groupUniqArray(at) AS interfaces_of');
  const group = ['named', ...d, 'bucket', ...(previous ? ['previous'] : [])];
  const plainKey = named === '1';
  ctes.push(
    `cells AS (
    SELECT
      ${[
        named === '1' ? 'toUInt8(1) AS named' : 'named',
        ...k.map((key, i) =>
          plainKey ? `${key} AS d${i}` : `if(named, ${key}, defaultValueOfArgumentType(${key})) AS d${i}`,
        ),
        'bucket',
        ...(previous ? ['previous'] : []),
        ...cell,
      ].join(',\n      ')}
    FROM ${marked}
    GROUP BY ${list(group)}
)`,
  );

  const listNames = ['f', ...(mean ? ['fw'] : []), ...(twoWay ? ['r', ...(mean ? ['rw'] : [])] : [])];
  const arrays: string[] = [];
  const collect = (value: string, name: string, of: string): void =>
    void arrays.push(
      previous ? `groupArrayIf(${value}, ${of}) AS ${name}` : `groupArray(${value}) AS ${name}`,
    );
  collect('bucket', 'lt', span);
  for (const name of listNames) collect(`c${name}`, `l${name}`, span);
  if (previous) {
    collect('bucket', 'pt', 'previous = 1');
    for (const name of listNames) collect(`c${name}`, `p${name}`, 'previous = 1');
  }
  if (unique && options.total) {
    arrays.push(`${previous ? 'uniqMergeIf(state, previous = 0)' : 'uniqMerge(state)'} AS whole`);
    if (twoWay)
      arrays.push(
        `${previous ? 'uniqMergeIf(reverse_state, previous = 0)' : 'uniqMerge(reverse_state)'} AS whole_reverse`,
      );
    if (previous) arrays.push('uniqMergeIf(state, previous = 1) AS whole_previous');
  }
  if (sampled) arrays.push('max(any_unsampled) AS unsampled');
  if (utilization) arrays.push('groupUniqArrayArray(interfaces_of) AS ends');
  ctes.push(
    `series AS (
    SELECT
      ${[...['named', ...d].map((name) => name), ...arrays].join(',\n      ')}
    FROM cells
    GROUP BY ${list(['named', ...d])}
)`,
  );
  let from = 'series';
  if (utilization) {
    ctes.push(
      `speeds AS (
    SELECT groupArray((collector_ip, interface, bits)) AS known
    FROM (
        SELECT collector_ip, interface, argMax(speed, seen) AS bits
        FROM ${context.database}.interfaces
        GROUP BY collector_ip, interface
        HAVING bits > 0
        LIMIT 100000
    )
)`,
      `rated AS (
    SELECT
      *,
      arrayFilter(s -> has(ends, (s.1, s.2)), (SELECT known FROM speeds)) AS found,
      if(length(found) = length(ends), arraySum(s -> s.3, found), 0) AS speed
    FROM series
)`,
    );
    from = 'rated';
  }

  const rankAmounts = utilization && speedOf.either && !query.bidirectional ? BUSIER : 'lf';
  const ranked = valuesSql(question, { buckets: 'lt', amounts: rankAmounts, weights: 'lfw' });
  const trimmed = trimmedSql(question, ranked);
  // Ranked by the average, a distinct count is that of the whole range where it is shown, and a mean is a mean of all.
  const rankBy =
    query.rankBy === 'avg' && unique && options.total
      ? 'whole'
      : query.rankBy === 'avg' && mean
        ? `if(arraySum(lfw) = 0, 0, arraySum(lf) / arraySum(lfw))`
        : query.rankBy === 'avg' && !utilization && !unique
          ? 'arraySum(lf)'
          : statistic(question, query.rankBy, trimmed.buckets, trimmed.values);
  const rankSql = utilization ? `if(speed = 0, -1, ${rankBy})` : rankBy;
  ctes.push(
    `ranked AS (
    SELECT *, row_number() OVER (ORDER BY ${list(['named DESC', 'rank DESC', ...d])}) AS position
    FROM (SELECT *, ${rankSql} AS rank FROM ${from})
)`,
  );

  const inAll = options.total && measure.metric.additive;
  const maps = (names: readonly string[], buckets: string): string => `sumMap(${list([buckets, ...names])})`;
  const grouped = [
    `if(named AND position <= ${limit}, position, 0) AS place`,
    ...d.map((name, i) => `any(${name}) AS g${i}`),
    `${maps(
      listNames.map((n) => `l${n}`),
      'lt',
    )} AS present`,
    ...(previous
      ? [
          `${maps(
            listNames.map((n) => `p${n}`),
            'pt',
          )} AS past`,
        ]
      : []),
    ...(sampled ? ['max(unsampled) AS any_rate_unknown'] : []),
    ...(utilization ? ['max(speed) AS speed_bits'] : []),
    ...(unique && options.total ? ['max(whole) AS distinct_count'] : []),
    ...(unique && options.total && twoWay ? ['max(whole_reverse) AS distinct_reverse'] : []),
    ...(unique && options.total && previous ? ['max(whole_previous) AS distinct_previous'] : []),
    ...(inAll ? ['sum(sum(arraySum(lf))) OVER () AS whole_amount'] : []),
  ];
  ctes.push(
    `groups AS (
    SELECT
      ${grouped.join(',\n      ')}
    FROM ranked
    GROUP BY place
)`,
  );
  return {
    sql: `WITH\n${ctes.join(',\n')}`,
    parameters: rows.parameters,
    twoWay,
    previous,
  };
}

/** The fuller of the two directions of an interface, bucket by bucket. */
const BUSIER = 'arrayMap((x, y) -> greatest(x, y), lf, lr)';

/** Values of whole buckets only. */
export function trimmedSql(
  question: Question,
  { buckets, values }: { buckets: string; values: string },
): { buckets: string; values: string } {
  const { first, count } = wholeBuckets(question);
  if (count === 0) return { buckets, values };
  const end = first + count * question.bucketSeconds;
  if (first === question.fromSeconds && end === question.toSeconds) return { buckets, values };
  return {
    buckets: `arrayFilter(t -> t >= ${first} AND t < ${end}, ${buckets})`,
    values: `arrayFilter((x, t) -> t >= ${first} AND t < ${end}, ${values}, ${buckets})`,
  };
}

/** Whether the rest beyond the limit can be summed up: distinct counts and shares of a speed cannot. */
export function hasOther({ query, measure, speedOf }: Question): boolean {
  return query.other && measure.form !== 'unique' && speedOf === undefined;
}

/** Exporter and index of the interface that a row's traffic passed. */
function interfaceSql(key: Key, end: 0 | 1): string {
  if (!key.either) return `(collector_ip, ${key.field})`;
  return `(collector_ip, ${end === 0 ? 'input_interface' : 'output_interface'})`;
}
