import type { Statement } from './compiled.ts';
import { keysSql } from './key-texts.ts';
import type { Question } from './question.ts';
import { hasOther, seriesSql, statistic, trimmedSql, valuesSql } from './series.ts';
import { partsOf } from './timeseries.ts';

/**
 * The statement of a top table. `value` is what `rankBy` takes: of a rate the average is all that was counted by the range's seconds, of
 * an amount it is the total, of a mean that of all flows, of a distinct count that of the whole range. `min` to `p95` are of the whole
 * buckets within the range. `total` is what was counted: bits, octets, packets or flows; of means and distinct counts that of the range.
 */
export function topStatement(question: Question, limit: number): Statement {
  const { query, keys, measure, speedOf } = question;
  const { sql, parameters, twoWay, previous } = seriesSql(question, limit, { total: true });
  const lists = partsOf(question, twoWay);
  const unique = measure.form === 'unique';
  const busier = speedOf?.either === true && !query.bidirectional;
  const seconds = Math.max(1, question.toSeconds - question.fromSeconds);

  interface Side {
    /** Prefix of the names that it has in the statement. */
    readonly name: string;
    readonly of: 'present' | 'past';
    readonly reverse: boolean;
  }
  const columns: string[] = [];
  function side({ name, of, reverse }: Side): {
    statistics: (what: 'min' | 'max' | 'avg' | 'last' | 'p95') => string;
    whole: string;
    total: string;
  } {
    const part = (list: string): string => `${of}.${lists.indexOf(list) + 2}`;
    const amounts = busier
      ? `arrayMap((x, y) -> greatest(x, y), ${part('f')}, ${part('r')})`
      : part(reverse ? 'r' : 'f');
    const weights = measure.form === 'mean' ? part(reverse ? 'rw' : 'fw') : '';
    const made = trimmedSql(question, valuesSql(question, { buckets: `${of}.1`, amounts, weights }));
    columns.push(`${made.buckets} AS ${name}_buckets`, `${made.values} AS ${name}_values`);
    const factor = measure.factor === 1 ? '' : ` * ${measure.factor}`;
    const counted = busier
      ? `toFloat64(greatest(arraySum(${part('f')}), arraySum(${part('r')})))`
      : `toFloat64(arraySum(${amounts}))`;
    const distinct = of === 'past' ? 'distinct_previous' : reverse ? 'distinct_reverse' : 'distinct_count';
    const total = unique
      ? `toFloat64(${distinct})`
      : measure.form === 'mean'
        ? `if(arraySum(${weights}) = 0, 0, ${counted}${factor} / arraySum(${weights}))`
        : speedOf !== undefined
          ? `${counted} * 8`
          : `${counted}${factor}`;
    const whole =
      speedOf !== undefined
        ? `${counted}${factor} / ${seconds} / speed`
        : measure.metric.rate
          ? `${counted}${factor} / ${seconds}`
          : total;
    return {
      statistics: (what) =>
        what === 'avg' && (measure.metric.rate || measure.form === 'mean')
          ? whole
          : statistic(question, what, `${name}_buckets`, `${name}_values`),
      whole,
      total,
    };
  }
  const main = side({ name: 'present', of: 'present', reverse: false });
  const value = (of: typeof main): string =>
    query.rankBy === 'avg' ? of.whole : of.statistics(query.rankBy);
  const reverse = query.bidirectional ? value(side({ name: 'reverse', of: 'present', reverse: true })) : '0';
  const before = previous ? value(side({ name: 'past', of: 'past', reverse: false })) : '0';
  const share = measure.metric.additive
    ? `if(whole_amount = 0, 0, 100 * toFloat64(arraySum(present.2)) / whole_amount)`
    : '0';
  const known = (sql: string): string =>
    `toFloat64(${speedOf === undefined ? sql : `if(speed = 0, nan, ${sql})`})`;
  return {
    name: 'main',
    parameters,
    sql: `${sql}
SELECT
    ${keysSql(keys, 'place')} AS keys,
    toUInt8(place = 0) AS other,
    ${known(value(main))} AS value,
    ${known(main.statistics('min'))} AS min,
    ${known(main.statistics('max'))} AS max,
    ${known(main.statistics('avg'))} AS avg,
    ${known(main.statistics('last'))} AS last,
    ${known(main.statistics('p95'))} AS p95,
    toFloat64(${main.total}) AS total,
    toFloat64(${share}) AS share,
    ${known(reverse)} AS reverse_value,
    ${known(before)} AS previous_value
FROM (
    SELECT
        *,
        ${speedOf === undefined ? '' : 'speed_bits AS speed,\n        '}${columns.join(',\n        ')}
    FROM groups${hasOther(question) ? '' : '\n    WHERE place > 0'}
)
ORDER BY other, place
LIMIT ${limit + 1}`,
  };
}
