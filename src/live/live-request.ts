import { adHocFilters, andFilters, formatFilter, parseFilter } from '@weir/core/filter';
import type { Query } from '@weir/core/query';
import type { FlowsRequest, RatesRequest } from './live-channel.ts';

/** Milliseconds between two messages of rates: what an eye follows. */
const EVERY_MS = 1000;

export type LivePlan =
  | { readonly kind: 'flows'; readonly request: FlowsRequest }
  | { readonly kind: 'rates'; readonly request: RatesRequest }
  | { readonly kind: 'none'; readonly why: string };

/** The stream that a query (variables replaced) follows. */
export function livePlan(query: Query): LivePlan {
  const filter = wholeFilter(query);
  if (typeof filter !== 'string') return { kind: 'none', why: filter.why };
  if (query.kind === 'flows') {
    return {
      kind: 'flows',
      request: { filter, columns: query.columns, limit: Math.min(Math.max(query.limit, 1), 1000) },
    };
  }
  if (query.kind !== 'timeseries' && query.kind !== 'top')
    return { kind: 'none', why: 'Only flows, time series and top lists can be followed live.' };
  if (!liveMetrics.has(query.metric))
    return {
      kind: 'none',
      why: 'Live rates are of bits, packets or flows a second: choose one of these metrics.',
    };
  return {
    kind: 'rates',
    request: {
      filter,
      by: query.dimensions,
      limit: Math.min(Math.max(query.limit, 1), 200),
      every: EVERY_MS,
    },
  };
}

const liveMetrics: ReadonlySet<string> = new Set([
  'bits_per_second',
  'packets_per_second',
  'flows_per_second',
]);

/** The query's filter and the dashboard's ad hoc filters as one text. */
function wholeFilter(query: Query): string | { readonly why: string } {
  if (query.adHoc.length === 0) return query.filter.trim();
  const own = parseFilter(query.filter);
  const added = adHocFilters(query.adHoc);
  const [problem] = [...(own.ok ? [] : own.problems), ...(added.ok ? [] : added.problems)];
  if (!own.ok || !added.ok) return { why: `${problem!.message} ${problem!.advice}` };
  return formatFilter(andFilters(own.filter, added.filter));
}
