import { describe, expect, it } from '@jest/globals';
import { normalizeQuery } from '@weir/core/query';
import { changed, completeQuery } from '../query/complete-query.ts';
import { annotationDefaults, annotationQuery } from './annotation-query.ts';

describe('an annotation', () => {
  it('is of anomalies of weight where nothing else is said', () => {
    expect(annotationQuery(undefined)).toEqual({
      ...annotationDefaults,
      refId: 'Anno',
      queryType: 'annotations',
    });
    expect(normalizeQuery(annotationQuery(undefined)).ok).toBe(true);
  });

  it('may be any query, known to the backend as an annotation by its type', () => {
    const query = annotationQuery({ refId: 'X', kind: 'sql', sql: 'SELECT 1' });
    expect(query).toMatchObject({ kind: 'sql', sql: 'SELECT 1', refId: 'Anno', queryType: 'annotations' });
  });

  it('keeps what its author has emptied: all severities', () => {
    const saved = changed({ refId: 'Anno', ...annotationDefaults }, { severities: [] });
    expect(completeQuery(annotationQuery(saved)).severities).toEqual([]);
  });
});
