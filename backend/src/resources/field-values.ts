import { parseFilter } from '@weir/core/filter';
import { type ValuesAnswer, valuesQuery } from '@weir/core/query';
import { numbersOf, textsOf } from '../clickhouse/columns.ts';
import type { DataSource } from '../instances/data-source.ts';
import { compileContext, refused } from '../queries/query-handler.ts';

export interface ValuesQuestion {
  readonly field: string;
  /** What values must begin with or contain; empty for any. */
  readonly prefix: string;
  readonly filter: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly limit: number;
}

/** Seconds that a look-up for an editor may take: longer, and nobody waits for it. */
const LOOKUP_SECONDS = 8;

/**
 * The most frequent values of a field among the flows of a range.
 *
 * @throws {PluginError} that says what is wrong with the question
 */
export async function fieldValues(
  dataSource: DataSource,
  question: ValuesQuestion,
  signal: AbortSignal,
): Promise<ValuesAnswer> {
  const { field, prefix, limit, fromMs, toMs } = question;
  const filter = parseFilter(question.filter);
  if (!filter.ok)
    throw refused(
      filter.problems.map(({ from, message, advice }) => ({
        path: 'filter',
        message: `at character ${from + 1}: ${message} ${advice}`.trim(),
      })),
    );
  const compiled = valuesQuery(
    field,
    prefix,
    filter.filter,
    { fromMs, toMs },
    limit,
    await compileContext(dataSource, false),
  );
  if (!compiled.ok) throw refused([compiled.problem]);
  const { table } = await dataSource.client.query({
    sql: compiled.statement.sql,
    parameters: compiled.statement.parameters,
    settings: {
      max_execution_time: String(Math.min(LOOKUP_SECONDS, dataSource.settings.timeoutSeconds)),
      max_result_rows: '10000',
      result_overflow_mode: 'throw',
    },
    label: 'values',
    signal,
  });
  const value = textsOf(table, 'value');
  const share = numbersOf(table, 'share');
  return { values: value.map((v, i) => ({ value: v, text: v, share: share[i]! })) };
}
