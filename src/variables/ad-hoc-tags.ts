import type { AdHocVariableFilter, MetricFindValue, TimeRange } from '@grafana/data';
import { fieldByName, fields } from '@weir/core/fields';
import { adHocFilters as parsedFilters, formatFilter } from '@weir/core/filter';
import type { Resources } from '../resources/resources.ts';
import { adHocFilters } from './interpolate-query.ts';

/** The fields that ad hoc filters take: those that have data first known by the backend, all where it does not say. */
export async function tagKeys(resources: Pick<Resources, 'fields'>): Promise<MetricFindValue[]> {
  let columns: ReadonlySet<string> | undefined;
  try {
    const answer = await resources.fields();
    if (answer.columns.length > 0) columns = new Set(answer.columns);
  } catch {
    // all fields then
  }
  return fields
    .filter((field) => columns === undefined || field.columns.some((column) => columns.has(column)))
    .map(({ name, label, category }) => ({ text: label, value: name, group: category }));
}

const HOUR_MS = 3_600_000;

/** The values of a field among the flows of the range that match the other ad hoc filters. */
export async function tagValues(
  resources: Pick<Resources, 'values'>,
  options: {
    readonly key: string;
    readonly filters?: readonly AdHocVariableFilter[];
    readonly timeRange?: TimeRange | undefined;
  },
  now: () => number = Date.now,
): Promise<MetricFindValue[]> {
  const field = fieldByName(options.key);
  if (field === undefined) return [];
  const others = parsedFilters(
    adHocFilters((options.filters ?? []).filter(({ key }) => key !== options.key)),
  );
  const toMs = options.timeRange?.to.valueOf() ?? now();
  const values = await resources.values({
    field: field.name,
    filter: others.ok ? formatFilter(others.filter) : '',
    fromMs: options.timeRange?.from.valueOf() ?? toMs - HOUR_MS,
    toMs,
    limit: 500,
  });
  return values.map(({ value, text }) => ({ text: text === '' ? value : text, value }));
}
