import type { MetricFindValue, TimeRange } from '@grafana/data';
import type { Resources } from '../resources/resources.ts';
import { interpolateFilter } from './interpolate-filter.ts';
import type { VariableSource } from './placeholders.ts';
import type { VariableQuery } from './variable-query.ts';

const HOUR_MS = 3_600_000;

/** The values that a variable offers: the field's, among the flows of the range that match the filter. */
export async function variableValues(
  resources: Pick<Resources, 'values'>,
  query: VariableQuery,
  range: TimeRange | undefined,
  source: VariableSource,
  search = '',
  now: () => number = Date.now,
): Promise<MetricFindValue[]> {
  const toMs = range?.to.valueOf() ?? now();
  const values = await resources.values({
    field: query.field,
    filter: interpolateFilter(query.filter, source),
    fromMs: range?.from.valueOf() ?? toMs - HOUR_MS,
    toMs,
    limit: query.limit,
    ...(search === '' ? {} : { prefix: search }),
  });
  return values
    .filter(({ value }) => value !== '')
    .map(({ value, text }) => ({ text: text === '' ? value : text, value }));
}
