import type { AdHocVariableFilter } from '@grafana/data';
import type { AdHocFilter } from '@weir/core/query';
import type { WeirQuery } from '../query/weir-query.ts';
import { interpolateFilter } from './interpolate-filter.ts';
import { interpolateSql } from './interpolate-sql.ts';
import { type VariableSource, joined, markVariables, valueOf } from './placeholders.ts';

const lists = [
  'dimensions',
  'columns',
  'severities',
  'anomalyTypes',
  'states',
  'anomalyIds',
  'stories',
] as const;
const words = ['metric', 'node', 'ledgerMeasure', 'exporterView', 'resolution', 'legend'] as const;

/** A saved query as the backend is to be asked: variables replaced, the dashboard's ad hoc filters added. */
export function interpolateQuery(
  query: WeirQuery,
  source: VariableSource,
  adHoc: readonly AdHocVariableFilter[] = [],
): WeirQuery {
  const out: Record<string, unknown> = { ...query };
  if (typeof query.filter === 'string') out['filter'] = interpolateFilter(query.filter, source);
  if (typeof query.sql === 'string') out['sql'] = interpolateSql(query.sql, source);
  for (const key of lists) {
    const list: unknown = query[key];
    if (Array.isArray(list)) out[key] = [...new Set(list.flatMap((item) => listed(String(item), source)))];
  }
  for (const key of words) {
    const text: unknown = query[key];
    if (typeof text === 'string') out[key] = plain(text, source);
  }
  const { replay } = query;
  if (typeof replay === 'object' && replay !== null) {
    const all = (list: unknown): string[] =>
      Array.isArray(list) ? [...new Set(list.flatMap((item) => listed(String(item), source)))] : [];
    out['replay'] = { ...replay, detectors: all(replay.detectors), set: all(replay.set) };
  }
  // Numbers that are variables are saved as text.
  for (const key of ['limit', 'minInterval', 'prefix4', 'prefix6'] as const) {
    const value: unknown = query[key];
    if (typeof value === 'string') out[key] = plain(value, source);
  }
  const added = [...(query.adHoc ?? []), ...adHocFilters(adHoc)];
  if (added.length > 0) out['adHoc'] = added;
  return out as unknown as WeirQuery;
}

/** An entry of a list; a variable of several values is as many entries, and "All" of a list that means all when empty is none. */
function listed(item: string, source: VariableSource): readonly string[] {
  if (!item.includes('$') && !item.includes('[[')) return [item];
  const { text, values } = markVariables(item, source);
  const whole = valueOf(text, values);
  return whole === undefined ? [joined(text, values)] : whole.values.filter((value) => value !== '');
}

function plain(text: string, source: VariableSource): string {
  if (!text.includes('$') && !text.includes('[[')) return text;
  const marked = markVariables(text, source);
  return joined(marked.text, marked.values);
}

const operators: ReadonlySet<string> = new Set(['=', '!=', '=~', '!~', '<', '>', '=|', '!=|']);

/** The dashboard's ad hoc filters as the query model has them; those that are being written are left out. */
export function adHocFilters(filters: readonly AdHocVariableFilter[]): AdHocFilter[] {
  return filters
    .filter(({ key, operator }) => key !== '' && operators.has(operator))
    .map(({ key, operator, value, values }) => ({
      key,
      operator: operator as AdHocFilter['operator'],
      value,
      ...(values === undefined ? {} : { values }),
    }));
}
