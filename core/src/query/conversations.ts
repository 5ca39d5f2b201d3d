import { candidatesSql } from './candidates.ts';
import { answerOf, limited } from './answer.ts';
import type { CompiledQuery } from './compiled.ts';
import type { CompileContext } from './context.ts';
import type { Query, QueryRange } from './model.ts';
import { Refused } from './problem.ts';
import { questionOf } from './question.ts';
import { isFoldable, rowsSql } from './rows.ts';
import { indented } from './text.ts';

/**
 * Paths through stages, for a sankey. The heaviest paths are named; of the others each stage keeps the values that a named path has
 * there and sums up the rest, so that what goes in at one end comes out at the other.
 */
export function compileConversations(
  query: Query,
  range: QueryRange,
  context: CompileContext,
): CompiledQuery {
  const question = questionOf(query, range, context, { dimensions: query.dimensions, buckets: 'none' });
  const { measure, keys, notices } = question;
  if (!measure.metric.additive)
    throw new Refused(
      'metric',
      `${measure.metric.label} has no parts that add up to a whole: take bits/s, bytes, packets or flows.`,
    );
  const limit = limited(query, Math.min(context.maxRows, 1000), notices);
  const rows = rowsSql(question, {
    twoWay: false,
    previous: false,
    columns: (view) => [['f', view.both((table, direction, rate) => measure.amount(table, direction, rate))]],
  });
  const foldable = isFoldable(question);
  const k = keys.map((_, i) => `k${i}`);
  const tuple = `(${k.join(', ')})`;
  const seconds = question.toSeconds - question.fromSeconds;
  const factor = measure.factor === 1 ? '' : ` * ${measure.factor}`;
  const rate = measure.metric.rate ? ` / ${seconds}` : '';
  // The values of each stage come from one answer: a set of its own for each would read the flows twice more for each stage.
  const rest = keys.map((_, i) => {
    const kept = foldable ? `bitAnd(folded_keys, ${1 << i}) = 0 AND ` : '';
    return `toUInt8(NOT (${kept}k${i} IN (SELECT arrayJoin(chosen.${i + 1})))) AS o${i}`;
  });
  const stages = keys.map(
    (_, i) => `o${i}, if(o${i} = 1, defaultValueOfArgumentType(k${i}), k${i}) AS d${i}`,
  );
  const d = keys.map((_, i) => `o${i}, d${i}`).join(', ');
  // Combinations of stages beyond these are one path that is "Other" everywhere.
  const most = Math.max(10 * limit, 200);
  const all = keys.map(
    (_, i) =>
      `if(place <= ${most}, o${i}, 1) AS p${i}, if(p${i} = 1, defaultValueOfArgumentType(d${i}), d${i}) AS g${i}`,
  );
  const groups = keys.map((_, i) => `p${i}, g${i}`).join(', ');
  const statement = {
    name: 'main',
    parameters: rows.parameters,
    sql: `WITH
flows AS (
${indented(rows.sql)}
),
${candidatesSql(keys, 'flows', [foldable ? 'folded_keys = 0' : ''], 'sum(f)', limit, 'paths')},
(SELECT (${k.map((key) => `groupUniqArray(${key})`).join(', ')}) FROM paths) AS chosen
SELECT
    [${keys.map((key, i) => `if(p${i} = 1, '', ${key.text(`g${i}`)})`).join(', ')}] AS keys,
    [${keys.map((_, i) => `toUInt8(p${i})`).join(', ')}] AS other,
    toFloat64(sum(amount))${factor}${rate} AS value
FROM (
    SELECT *, ${all.join(', ')}
    FROM (
        SELECT *, row_number() OVER (ORDER BY amount DESC, ${d}) AS place
        FROM (
            SELECT
                ${stages.join(',\n                ')},
                sum(f) AS amount
            FROM (
                SELECT
                    *,
                    ${rest.join(',\n                    ')}
                FROM flows${query.other ? '' : `\n                WHERE ${tuple} IN paths${foldable ? ' AND folded_keys = 0' : ''}`}
            )
            GROUP BY ${d}
        )
    )
)
GROUP BY ${groups}
ORDER BY arraySum(other) > 0, value DESC, keys
LIMIT ${most + 1}`,
  };
  return { ...answerOf(question, [statement]), bucketSeconds: 0 };
}
