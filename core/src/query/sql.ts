import { Parameters, filterColumns, filterSql } from '../filter/index.ts';
import { bucketFor } from './buckets.ts';
import type { CompiledQuery, Notice } from './compiled.ts';
import type { CompileContext } from './context.ts';
import { expandMacros } from './macros.ts';
import { lexSql } from './sql-lexer.ts';
import type { Query, QueryRange } from './model.ts';
import { filterOf, secondsOf } from './question.ts';
import { chooseTable } from './tables.ts';

/** The user's own SELECT. What it may read and do is for the engine to say (a reader's rights, the tenant's filter), not for a text. */
export function compileSql(query: Query, range: QueryRange, context: CompileContext): CompiledQuery {
  const { from, to } = secondsOf(range, context);
  const filter = filterOf(query);
  const values = new Parameters('weir_f');
  const used = new Set(lexSql(query.sql).flatMap((t) => (t.kind === 'macro' ? [t.text] : [])));
  const intervalSeconds = bucketFor(range, query.minInterval, context.maxBuckets);
  const notices: Notice[] = [];
  let table = 'network_flows';
  if (used.has('$__table')) {
    const choice = chooseTable(
      {
        fromSeconds: from,
        toSeconds: to,
        grouped: [],
        filtered: [...filterColumns(filter)],
        anyColumn: true,
        rawOnly: undefined,
        bucketSeconds: intervalSeconds,
        resolution: query.resolution,
      },
      context,
    );
    table = choice.table;
    notices.push(...choice.notices);
  }
  if (!['$__timeFilter', '$__fromTime', '$__toTime'].some((name) => used.has(name)))
    notices.push({
      severity: 'warning',
      text: 'The SQL does not use the time range: WHERE $__timeFilter(timestamp) keeps it from reading everything.',
    });
  const rate = query.correctSampling ? ' * greatest(sampling_rate, 1)' : '';
  const sql = expandMacros(query.sql, {
    fromTime: 'toDateTime({weir_from:UInt32})',
    toTime: 'toDateTime({weir_to:UInt32})',
    intervalSeconds,
    filter: filterSql(filter, values),
    table: `${context.database}.${table}`,
    bytes: `((bytes_in + bytes_out)${rate})`,
    packets: `((packets_in + packets_out)${rate})`,
    flows: table === 'network_flows' ? '1' : 'flow_count',
    limit: context.maxRows,
  });
  return {
    kind: 'sql',
    statements: [{ name: 'main', sql, parameters: { weir_from: from, weir_to: to, ...values.values } }],
    table,
    notices,
    bucketSeconds: query.format === 'timeseries' ? intervalSeconds : 0,
    fromSeconds: from,
    toSeconds: to,
    unfinishedFromSeconds: undefined,
    dimensions: [],
  };
}
