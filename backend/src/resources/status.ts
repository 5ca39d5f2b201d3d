import type { StatusAnswer } from '@weir/core/query';
import { exporterCounts, newestFlowMs, schemaVersion } from '../health/store-state.ts';
import type { DataSource } from '../instances/data-source.ts';

/** What editors hint at: how old and how new the flows are, and what is missing. */
export async function statusOf(dataSource: DataSource, signal: AbortSignal): Promise<StatusAnswer> {
  const version = await schemaVersion(dataSource, signal);
  const live = dataSource.settings.collectorUrl !== '';
  if (version === 0)
    return {
      schemaVersion: 0,
      newestFlowMs: null,
      oldestFlowMs: null,
      exporters: 0,
      exportersWithoutSampling: 0,
      live,
    };
  const [newest, counts, reach] = await Promise.all([
    newestFlowMs(dataSource, signal),
    exporterCounts(dataSource, signal),
    dataSource.reach.known(),
  ]);
  const oldest = reach.oldestFlowSeconds;
  return {
    schemaVersion: version,
    newestFlowMs: newest,
    oldestFlowMs: oldest === undefined || newest === null ? null : oldest * 1000,
    exporters: counts.exporters,
    exportersWithoutSampling: counts.withoutSampling,
    live,
  };
}
