import type { WeirQuery } from '../query/weir-query.ts';

/** What is worth a mark on every graph: anomalies of weight. */
export const annotationDefaults: Partial<WeirQuery> = {
  kind: 'anomalies',
  severities: ['high', 'critical'],
  limit: 100,
};

/** The query of an annotation; by `queryType` the backend knows to answer `time`, `timeEnd`, `title`, `text` and `tags`. */
export function annotationQuery(target: WeirQuery | undefined): WeirQuery {
  return { ...annotationDefaults, ...target, refId: 'Anno', queryType: 'annotations' };
}
