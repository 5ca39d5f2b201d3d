import type { SqlPreviewAnswer } from '@weir/core/query';
import { z } from 'zod';
import { executedText } from '../frames/answer.ts';
import type { DataSource } from '../instances/data-source.ts';
import { prepareQuery } from '../queries/query-handler.ts';
import { badRequest } from './answers.ts';

const request = z.object({
  query: z.unknown(),
  range: z.object({
    fromMs: z.number(),
    toMs: z.number(),
    intervalMs: z.number().positive().default(60_000),
    maxDataPoints: z.number().positive().default(1000),
  }),
});

/** What would be asked of ClickHouse for a query; nothing is asked. */
export async function sqlPreview(dataSource: DataSource, body: unknown): Promise<SqlPreviewAnswer> {
  const read = request.safeParse(body);
  if (!read.success)
    throw badRequest(
      'The body must be {"query": …, "range": {"fromMs", "toMs", "intervalMs", "maxDataPoints"}}.',
    );
  const { compiled, notices } = await prepareQuery(dataSource, read.data.query, read.data.range, false);
  const sql = compiled.statements.length === 1 ? compiled.statements[0]!.sql : executedText(compiled);
  return {
    sql,
    parameters: Object.assign({}, ...compiled.statements.map(({ parameters }) => parameters)) as Record<
      string,
      unknown
    >,
    table: compiled.table,
    notices: [...notices, ...compiled.notices].map(({ text }) => text),
  };
}
