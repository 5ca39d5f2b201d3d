import type { Statement } from './compiled.ts';
import type { Question } from './question.ts';
import { hasOther, seriesSql, valuesSql } from './series.ts';
import { keysSql } from './key-texts.ts';

/** The statement of a time series: a row for each series, as `AnswerShapes` says. */
export function timeseriesStatement(question: Question, limit: number): Statement {
  const { query, keys, speedOf, measure } = question;
  const { sql, parameters, twoWay, previous } = seriesSql(question, limit, { total: false });
  const lists = partsOf(question, twoWay);
  const busier = speedOf?.either === true && !query.bidirectional;
  const row = (reverse: 0 | 1, past: 0 | 1): string => {
    const of = past === 1 ? 'past' : 'present';
    const part = (name: string): string => `${of}.${lists.indexOf(name) + 2}`;
    const amounts = busier
      ? `arrayMap((x, y) -> greatest(x, y), ${part('f')}, ${part('r')})`
      : part(reverse === 1 ? 'r' : 'f');
    const made = valuesSql(question, {
      buckets: `${of}.1`,
      amounts,
      weights: measure.form === 'mean' ? part(reverse === 1 ? 'rw' : 'fw') : '',
    });
    const [buckets, values] =
      speedOf === undefined
        ? [made.buckets, made.values]
        : [`if(speed = 0, [], ${made.buckets})`, `if(speed = 0, [], ${made.values})`];
    return `(toUInt8(${reverse}), toUInt8(${past}), ${buckets}, ${values})`;
  };
  const lines = [row(0, 0)];
  if (query.bidirectional) lines.push(row(1, 0));
  if (previous) lines.push(row(0, 1));
  if (previous && query.bidirectional) lines.push(row(1, 1));
  const sampled = sql.includes('any_rate_unknown');
  return {
    name: 'main',
    parameters,
    sql: `${sql}
SELECT
    ${keysSql(keys, 'place')} AS keys,
    toUInt8(place = 0) AS other,
    line.1 AS reverse,
    line.2 AS previous,
    line.3 AS buckets,
    line.4 AS values,
    ${speedOf === undefined ? 'toUInt8(0)' : 'toUInt8(speed = 0)'} AS speedless,
    ${sampled ? 'toUInt8(any_rate_unknown)' : 'toUInt8(0)'} AS unsampled
FROM ${speedOf === undefined ? 'groups' : '(SELECT *, speed_bits AS speed FROM groups)'}
ARRAY JOIN [
    ${lines.join(',\n    ')}
] AS line${hasOther(question) ? '' : '\nWHERE place > 0'}
ORDER BY other, place, previous, reverse
LIMIT ${(limit + 1) * lines.length}`,
  };
}

/** Names of the lists in `present` and `past`, in their order after the buckets. */
export function partsOf({ measure }: Question, twoWay: boolean): string[] {
  const mean = measure.form === 'mean';
  return ['f', ...(mean ? ['fw'] : []), ...(twoWay ? ['r', ...(mean ? ['rw'] : [])] : [])];
}
