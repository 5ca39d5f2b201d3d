import type { AnnotationQuery, AnnotationSupport } from '@grafana/data';
import type { WeirQuery } from '../query/weir-query.ts';
import { annotationDefaults, annotationQuery } from './annotation-query.ts';

/** Events on graphs: anomalies as regions, or any query's rows. The standard editor and Grafana's own field mapping do the rest. */
export const annotationSupport: AnnotationSupport<WeirQuery> = {
  getDefaultQuery: () => annotationDefaults,
  prepareAnnotation: (saved: AnnotationQuery<WeirQuery>) =>
    saved.target === undefined ? { ...saved, target: { ...annotationDefaults, refId: 'Anno' } } : saved,
  prepareQuery: (annotation) => annotationQuery(annotation.target),
};
