import type { CompiledQuery, Notice } from './compiled.ts';
import type { Query } from './model.ts';
import type { Question } from './question.ts';

/** The query's limit, or the most that is allowed with a notice. */
export function limited(query: Query, most: number, notices: Notice[]): number {
  if (query.limit <= most) return query.limit;
  notices.push({
    severity: 'warning',
    text: `Limited to ${most}, which is what the data source’s settings allow.`,
  });
  return most;
}

/** What a question and its statements make. */
export function answerOf(question: Question, statements: CompiledQuery['statements']): CompiledQuery {
  const symmetric =
    question.query.bidirectional &&
    !question.either &&
    question.query.filter.trim() === '' &&
    question.query.adHoc.length === 0 &&
    !question.keys.some((key) => key.mirrors);
  const notices: Notice[] = symmetric
    ? [
        ...question.notices,
        {
          severity: 'info',
          text: 'Without a filter or grouping by one end (source_ip, say), both directions are the same.',
        },
      ]
    : [...question.notices];
  return {
    kind: question.query.kind,
    statements,
    table: question.table,
    notices,
    bucketSeconds: question.bucketSeconds,
    fromSeconds: question.fromSeconds,
    toSeconds: question.toSeconds,
    unfinishedFromSeconds: question.unfinishedFromSeconds,
    dimensions: question.dimensions,
  };
}
