import type { AdHocFilter } from '../query/model.ts';
import { type Filter, type Problem, and } from './ast.ts';
import type { ParseResult } from './parser.ts';
import { valueCondition } from './value-condition.ts';

/**
 * A dashboard's ad hoc filters as one filter: all of them hold. Keys are names of fields, values are values and nothing else. A filter
 * that has no key or no value yet is left out, as Grafana sends it while it is being written. Problems say which filter they mean; as
 * there is no text, they have no place.
 */
export function adHocFilters(list: readonly AdHocFilter[]): ParseResult {
  const filters: Filter[] = [];
  const problems: Problem[] = [];
  for (const { key, operator, value, values } of list) {
    if (key === '') continue;
    const several = operator === '=|' || operator === '!=|';
    const given = several ? (values ?? (value === '' ? [] : [value])) : [value];
    if (several && given.length === 0) continue;
    const made = valueCondition(key, operator, given);
    if ('message' in made)
      problems.push({
        from: 0,
        to: 0,
        message: `Ad hoc filter ${key} ${operator}: ${made.message}`,
        advice: made.advice,
      });
    else filters.push(made);
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, filter: and(filters) };
}
