import type { DataQuery } from '@grafana/data';
import { fieldByName } from '@weir/core/fields';

/** What fills a variable: the values of a field among the flows of the dashboard's range. */
export interface VariableQuery extends DataQuery {
  readonly field: string;
  /** Only of flows that match: `exporter = $exporter` makes a cascade. */
  readonly filter: string;
  readonly limit: number;
}

export const defaultVariableQuery: VariableQuery = {
  refId: 'variable',
  field: 'exporter',
  filter: '',
  limit: 200,
};

/** A saved variable's query, complete. A text is read as a field, or as `field where filter`. */
export function completeVariableQuery(saved: unknown): VariableQuery {
  if (typeof saved === 'string') {
    const [, field = '', filter = ''] = /^\s*(\w+)(?:\s+where\s+(.*))?$/is.exec(saved) ?? [];
    return { ...defaultVariableQuery, field: fieldByName(field)?.name ?? field, filter: filter.trim() };
  }
  const { field, filter, limit, refId } = (saved ?? {}) as Partial<VariableQuery>;
  return {
    refId: typeof refId === 'string' && refId !== '' ? refId : defaultVariableQuery.refId,
    field: typeof field === 'string' && field !== '' ? field : defaultVariableQuery.field,
    filter: typeof filter === 'string' ? filter : '',
    limit:
      typeof limit === 'number' && limit >= 1
        ? Math.min(Math.floor(limit), 1000)
        : defaultVariableQuery.limit,
  };
}

/** In one line: what the list of variables shows as the definition. */
export function variableQueryText({ field, filter }: VariableQuery): string {
  return filter.trim() === '' ? field : `${field} where ${filter.trim()}`;
}
