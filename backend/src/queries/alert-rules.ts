import type { Notice, Query } from '@weir/core/query';
import { PluginError } from '@weir/plugin-sdk';

/**
 * A query as an alert rule asks it: closed buckets only, nothing but the present, no live tail. What is beyond the limit is summed
 * up only where the rule itself says so, and where the rule sets no limit every series counts, up to the data source's own.
 *
 * @param saved the rule's model as it is stored, to tell what it says from what is only a default
 * @throws {PluginError} for kinds that no rule can be evaluated on
 */
export function forAlertRule(
  query: Query,
  saved: unknown,
  maxSeries: number,
): { readonly query: Query; readonly notices: readonly Notice[] } {
  if (query.kind === 'flows')
    throw new PluginError(
      'Single flows are nothing for an alert rule: take the kind “Time series” with the metric “Flows”, or “Top”, with the same filter.',
      { status: 400, source: 'downstream' },
    );
  if (query.kind === 'anomalies' && query.replay !== null)
    throw new PluginError(
      'A replay is nothing for an alert rule: it tells what would have been found, of a time that is over. Take “Replay” out of the query.',
      { status: 400, source: 'downstream' },
    );
  const says = (key: string): boolean =>
    typeof saved === 'object' && saved !== null && Object.hasOwn(saved, key);
  const limited = says('limit');
  const limit = limited ? query.limit : maxSeries + 1;
  const notices: Notice[] = [];
  if (query.previousPeriod)
    notices.push({ severity: 'info', text: 'Alert rules leave out the previous period.' });
  if (query.lastBucket !== 'omit')
    notices.push({ severity: 'info', text: 'Alert rules look at complete buckets only.' });
  return {
    query: {
      ...query,
      limit,
      other: says('other') && query.other && limited,
      previousPeriod: false,
      lastBucket: 'omit',
      live: false,
    },
    notices,
  };
}
