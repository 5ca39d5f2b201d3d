import type { QueryFixAction, ToggleFilterAction } from '@grafana/data';
import { fieldByName } from '@weir/core/fields';
import { addCondition, hasCondition, removeCondition } from '@weir/core/filter';
import type { WeirQuery } from '../query/weir-query.ts';

/*
 * Click-to-filter in Explore: + and − beside a record's values, and the entries of the menu on selected text. The filter's text stays as
 * the user wrote it; conditions come to its end.
 */

/** The field that a column of records is, if filters can name it. */
function fieldOf(key: string | undefined): string | undefined {
  return key === undefined ? undefined : fieldByName(key)?.name;
}

/** + and − of a record's value: adds the condition, or takes it away where it is there; the opposite one goes. */
export function toggleQueryFilter(query: WeirQuery, { type, options }: ToggleFilterAction): WeirQuery {
  const field = fieldOf(options['key']);
  const value = options['value'];
  if (field === undefined || value === undefined) return query;
  const operator = type === 'FILTER_FOR' ? '=' : '!=';
  return edited(query, (filter) =>
    hasCondition(filter, field, operator, value)
      ? removeCondition(filter, field, operator, value)
      : addCondition(filter, field, operator, value),
  );
}

export function queryHasFilter(query: WeirQuery, options: Readonly<Record<string, string>>): boolean {
  const field = fieldOf(options['key']);
  const value = options['value'];
  if (field === undefined || value === undefined) return false;
  try {
    return hasCondition(query.filter ?? '', field, '=', value);
  } catch {
    return false; // not a value of this field
  }
}

export const supportedModifications = ['ADD_FILTER', 'ADD_FILTER_OUT'] as const;

export function modifyQuery(query: WeirQuery, action: QueryFixAction): WeirQuery {
  const field = fieldOf(action.options?.['key']);
  const value = action.options?.['value'];
  if (field === undefined || value === undefined) return query;
  switch (action.type) {
    case 'ADD_FILTER':
      return edited(query, (filter) => addCondition(filter, field, '=', value));
    case 'ADD_FILTER_OUT':
      return edited(query, (filter) => addCondition(filter, field, '!=', value));
    default:
      return query;
  }
}

function edited(query: WeirQuery, edit: (filter: string) => string): WeirQuery {
  try {
    return { ...query, filter: edit(query.filter ?? '') };
  } catch {
    return query; // what was clicked is shown for people and is no value of the field
  }
}
