import { PLUGIN_ID } from '@weir/core/query';
import { type PluginDefinition, createResourceRouter } from '@weir/plugin-sdk';
import { checkHealth } from './health/check-health.ts';
import { type DataSource, closeDataSource, openDataSource } from './instances/data-source.ts';
import { createMetrics } from './metrics.ts';
import { answerQuery } from './queries/query-handler.ts';
import { routes } from './resources/routes.ts';
import { SettingsError } from './settings/data-source-settings.ts';
import { toPluginError } from './queries/failures.ts';
import { streamHandlers } from './streams/handlers.ts';
import { VERSION } from './version.ts';

/** The data source's backend, as the SDK serves it. */
export function createPlugin(): PluginDefinition<DataSource> {
  const metrics = createMetrics();
  return {
    pluginId: PLUGIN_ID,
    version: VERSION,
    metrics: metrics.registry,
    instances: {
      create: (settings, log) => {
        try {
          return openDataSource(settings, log);
        } catch (error) {
          throw error instanceof SettingsError ? toPluginError(error) : error;
        }
      },
      dispose: closeDataSource,
    },
    query: (dataSource, query, context) => answerQuery(dataSource, query, context, metrics),
    callResource: createResourceRouter(routes),
    checkHealth,
    streams: streamHandlers(metrics),
  };
}
