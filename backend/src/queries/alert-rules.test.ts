import { describe, expect, it } from '@jest/globals';
import { type Query, normalizeQuery } from '@weir/core/query';
import { forAlertRule } from './alert-rules.ts';

function asked(saved: object): Query {
  const normalized = normalizeQuery(saved);
  if (!normalized.ok) throw new Error(JSON.stringify(normalized.problems));
  return forAlertRule(normalized.query, saved, 200).query;
}

describe('the query of an alert rule', () => {
  it('looks at closed buckets of the present', () => {
    const query = asked({ kind: 'timeseries', previousPeriod: true, lastBucket: 'keep', live: true });
    expect(query).toMatchObject({ previousPeriod: false, lastBucket: 'omit', live: false });
  });

  it('looks at every series where it sets no limit, and has no "Other" that it did not ask for', () => {
    expect(asked({ kind: 'timeseries' })).toMatchObject({ limit: 201, other: false });
    expect(asked({ kind: 'timeseries', limit: 5 })).toMatchObject({ limit: 5, other: false });
    expect(asked({ kind: 'timeseries', limit: 5, other: true })).toMatchObject({ limit: 5, other: true });
  });

  it('is not one of single flows', () => {
    expect(() => asked({ kind: 'flows' })).toThrow(/Single flows are nothing for an alert rule/);
  });
});
