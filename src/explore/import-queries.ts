import type { AbstractQuery, DataQuery } from '@grafana/data';
import { fieldByName } from '@weir/core/fields';
import { addCondition } from '@weir/core/filter';
import type { WeirQuery } from '../query/weir-query.ts';

/**
 * Queries of another data source, when Explore changes to this one. What can be carried over are conditions on labels that are called
 * as fields are; a query that has none becomes the list of flows.
 */
export function importedQueries(queries: readonly (DataQuery & Partial<AbstractQuery>)[]): WeirQuery[] {
  return queries.map((query) => {
    let filter = '';
    for (const { name, operator, value } of query.labelMatchers ?? []) {
      const field = fieldByName(name);
      if (field === undefined) continue;
      try {
        filter = addCondition(filter, field.name, operators[String(operator)] ?? '=', value);
      } catch {
        // the value is none of the field's: left out
      }
    }
    return { refId: query.refId, kind: 'flows', ...(filter === '' ? {} : { filter }) };
  });
}

// `AbstractLabelOperator` of @grafana/data, as text
const operators: Readonly<Record<string, '=' | '!=' | '=~' | '!~'>> = {
  Equal: '=',
  NotEqual: '!=',
  EqualRegEx: '=~',
  NotEqualRegEx: '!~',
};
