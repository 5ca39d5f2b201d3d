import { fieldByName } from '../fields/fields.ts';
import { type Filter, Parameters, filterColumns, filterSql } from '../filter/index.ts';
import type { Statement } from './compiled.ts';
import type { CompileContext } from './context.ts';
import { foldedBits, rollupKeys } from './flow-columns.ts';
import { keyOf } from './keys.ts';
import { type QueryProblem, Refused } from './problem.ts';
import { secondsOf } from './question.ts';
import { indented } from './text.ts';

export type ValuesResult =
  | { readonly ok: true; readonly statement: Statement }
  | { readonly ok: false; readonly problem: QueryProblem };

/** For choice, not for counting: so many rows are looked at, in no more than a day of single flows. */
const MAX_ROWS = 5_000_000;
const RAW_SECONDS = 86_400;
const MAX_VALUES = 1000;

/**
 * A field's values that carried most octets, the first first: `value` as `field = "value"` finds it again, `share` in percent of all
 * that were looked at. A rollup answers wherever it has the columns: its last minutes may be missing, which does not matter here.
 */
export function valuesQuery(
  fieldName: string,
  prefix: string,
  filter: Filter,
  range: { readonly fromMs: number; readonly toMs: number },
  limit: number,
  context: CompileContext,
): ValuesResult {
  try {
    const field = fieldByName(fieldName);
    if (field === undefined) throw new Refused('field', `There is no field “${fieldName.slice(0, 60)}”.`);
    if (!field.groups) throw new Refused('field', `${field.name} is a measure: it has no list of values.`);
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(context.database))
      throw new Refused('', 'The database’s name is not a name.');
    const { from, to } = secondsOf({ ...range, intervalMs: 0, maxDataPoints: 0 }, context);
    const key = keyOf(field, { prefix4: 32, prefix6: 128 });
    const columns = [...key.columns, ...filterColumns(filter)];
    const rolled = to - from > 3600 && columns.every((c) => rollupKeys.has(c) || foldedBits.has(c));
    const table = !rolled ? 'network_flows' : to - from > 2 * RAW_SECONDS ? 'flows_1h' : 'flows_1m';
    const start = rolled ? Math.floor(from / 3600) * 3600 : Math.max(from, to - RAW_SECONDS);
    const values = new Parameters('f');
    const where = filterSql(filter, values);
    const folded = rolled
      ? key.either
        ? `bitAnd(folded, if(flow_end = 0, ${key.sourceFolded}, ${key.destinationFolded})) = 0`
        : key.sourceFolded === 0
          ? ''
          : `bitAnd(folded, ${key.sourceFolded}) = 0`
      : '';
    const asked = prefix.toWellFormed().slice(0, 200);
    const rows = `SELECT
    ${key.either ? `if(flow_end = 0, ${key.source}, ${key.destination})` : key.source} AS k,
    (bytes_in + bytes_out) * greatest(sampling_rate, 1) AS octets
FROM ${context.database}.${table}${key.either ? `\nARRAY JOIN if(${key.source} = ${key.destination}, [0], [0, 1]) AS flow_end` : ''}
WHERE timestamp >= toDateTime({from:UInt32})
  AND timestamp < toDateTime({to:UInt32})${where === '1' ? '' : `\n  AND ${where}`}${folded === '' ? '' : `\n  AND ${folded}`}
LIMIT ${MAX_ROWS}`;
    const sql = `SELECT value, share
FROM (
    SELECT ${key.text('k')} AS value, 100 * toFloat64(total) / greatest(sum(total) OVER (), 1) AS share
    FROM (
        SELECT k, sum(octets) AS total
        FROM (
${indented(rows, 12)}
        )
        GROUP BY k
    )
)
WHERE value != ''${asked === '' ? '' : '\n  AND startsWith(lowerUTF8(value), lowerUTF8({prefix:String}))'}
ORDER BY share DESC, value
LIMIT {limit:UInt32}`;
    return {
      ok: true,
      statement: {
        name: 'main',
        sql,
        parameters: {
          from: start,
          to,
          limit: Math.max(1, Math.min(Math.floor(limit) || 1, MAX_VALUES)),
          ...(asked === '' ? {} : { prefix: asked }),
          ...values.values,
        },
      },
    };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, problem: error.problem };
    throw error;
  }
}
