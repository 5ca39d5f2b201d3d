import type { WeirQuery } from '../query/weir-query.ts';

/** What is worth a mark on every graph: anomalies of weight. */
export const annotationDefaults: Partial<WeirQuery> = {
  kind: 'anomalies',
  severities: ['high', 'critical'],
  limit: 100,
};

/** The query of an annotation; by `queryType` the backend knows to answer `time`, `timeEnd`, `title`, `text` and `tags`. */
export function annotationQuery(target: WeirQuery | undefined): WeirQuery {
  // A saved query leaves out what is by default of its kind: no severities are all of them, not these here.
  const query = target?.kind === undefined ? { ...annotationDefaults, ...target } : target;
  return { ...query, refId: 'Anno', queryType: 'annotations' };
}
