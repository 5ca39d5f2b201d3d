import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';
import { PLUGIN_ID, QUERY_VERSION, type SavedQuery } from '@weir/core/query';

/** The data source that the dashboard's reader has chosen. */
export const dataSource: DataSourceRef = { type: PLUGIN_ID, uid: '${datasource}' };

/** What a panel may ask: a saved query, in which a word or a number may be a dashboard's variable. */
export type PanelQuery = Omit<SavedQuery, 'metric' | 'limit' | 'node'> & {
  readonly metric?: SavedQuery['metric'] | `$${string}`;
  readonly limit?: number | `$${string}`;
  readonly node?: SavedQuery['node'] | `$${string}`;
};

/**
 * Flows are counted when they are reported, in bursts: by the minute they make a line that can be read and peaks that mean something,
 * and the rollup by minutes can answer.
 */
const MINUTE = 60;

/** A query of ours as the SDK wants one. Only what differs from the defaults is written. */
export function weirQuery(query: PanelQuery): Builder<Dataquery> {
  const series = query.kind === undefined || query.kind === 'timeseries' || query.kind === 'top';
  const saved = {
    refId: 'A',
    version: QUERY_VERSION,
    datasource: dataSource,
    kind: 'timeseries',
    ...(series && { minInterval: MINUTE }),
    ...query,
  };
  // The SDK's mark of a query is a method of its type; nothing of it is in the JSON.
  return { build: () => saved as unknown as Dataquery };
}
