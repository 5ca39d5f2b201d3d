import { answerOf, limited } from './answer.ts';
import type { CompiledQuery } from './compiled.ts';
import type { CompileContext } from './context.ts';
import type { Query, QueryRange } from './model.ts';
import { type QueryProblem, Refused } from './problem.ts';
import { compileAnomalies } from './anomalies.ts';
import { compileCollectorGauges } from './collector-gauges.ts';
import { compileConversations } from './conversations.ts';
import { compileExporters } from './exporters.ts';
import { compileFlows } from './flows.ts';
import { questionOf } from './question.ts';
import { compileSql } from './sql.ts';
import { timeseriesStatement } from './timeseries.ts';
import { topStatement } from './top.ts';
import { compileTopology } from './topology.ts';

export type CompileResult =
  | { readonly ok: true; readonly compiled: CompiledQuery }
  | { readonly ok: false; readonly problem: QueryProblem };

/**
 * A query as what ClickHouse is asked. No text of a user's stands in a statement: filters and the like are parameters, names are looked
 * up (the kind `sql` is the user's own text). Every statement is bounded in time and in rows.
 */
export function compileQuery(query: Query, range: QueryRange, context: CompileContext): CompileResult {
  try {
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(context.database))
      throw new Refused(
        '',
        `The database’s name is “${context.database.slice(0, 64)}”: letters, digits and “_” would be right, not beginning with a digit.`,
      );
    return { ok: true, compiled: compile(query, range, context) };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, problem: error.problem };
    throw error;
  }
}

function compile(query: Query, range: QueryRange, context: CompileContext): CompiledQuery {
  switch (query.kind) {
    case 'timeseries': {
      const question = questionOf(query, range, context, { dimensions: query.dimensions, buckets: 'shown' });
      const limit = limited(query, context.maxSeries, question.notices);
      return answerOf(question, [timeseriesStatement(question, limit)]);
    }
    case 'top': {
      const question = questionOf(query, range, context, { dimensions: query.dimensions, buckets: 'inner' });
      const limit = limited(query, context.maxRows, question.notices);
      return {
        ...answerOf(question, [topStatement(question, limit)]),
        bucketSeconds: 0,
        unfinishedFromSeconds: undefined,
      };
    }
    case 'flows':
      return compileFlows(query, range, context);
    case 'conversations':
      return compileConversations(query, range, context);
    case 'topology':
      return compileTopology(query, range, context);
    case 'exporters':
      return query.exporterView === 'collector'
        ? compileCollectorGauges(query, range, context)
        : compileExporters(query, range, context);
    case 'anomalies':
      return compileAnomalies(query, range, context);
    case 'sql':
      return compileSql(query, range, context);
  }
}
