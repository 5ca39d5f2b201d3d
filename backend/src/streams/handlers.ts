import { PluginError, type StreamHandlers } from '@weir/plugin-sdk';
import type { DataSource } from '../instances/data-source.ts';
import type { BackendMetrics } from '../metrics.ts';
import { type RunningStream, runStream } from './run-stream.ts';

/** Live streams: `flows/<hash>` and `rates/<hash>`. Nobody publishes to them. */
export function streamHandlers(metrics: BackendMetrics): StreamHandlers<DataSource> {
  const running = new WeakMap<DataSource, Map<string, RunningStream>>();
  return {
    subscribe(dataSource, { path, data }) {
      const spec = dataSource.streams.read(path, data);
      if (spec === undefined) return { status: 'not-found' };
      if (dataSource.settings.collectorUrl === '')
        throw new PluginError('There is no live tail: the data source’s settings have no collector URL.', {
          status: 400,
          source: 'downstream',
        });
      const initial = running.get(dataSource)?.get(path)?.schema;
      return initial === undefined ? { status: 'ok' } : { status: 'ok', initial };
    },
    async run(dataSource, { path, data }, sender, { signal }) {
      const spec = dataSource.streams.read(path, data);
      if (spec === undefined)
        throw new PluginError(`No stream is called ${path}.`, { status: 404, source: 'downstream' });
      const { settings, secrets } = dataSource;
      const held = running.get(dataSource) ?? new Map<string, RunningStream>();
      running.set(dataSource, held);
      metrics.streams.inc();
      try {
        await runStream(
          { url: settings.collectorUrl, token: secrets.collectorToken },
          spec,
          sender,
          signal,
          (schema) => held.set(path, schema),
        );
      } finally {
        held.delete(path);
        metrics.streams.dec();
      }
    },
  };
}
