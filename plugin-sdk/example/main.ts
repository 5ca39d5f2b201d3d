/** A whole Grafana data source backend: waves, one query a series. */
import { jsonResponse, PluginError, servePlugin } from '../src/index.ts';

interface WaveQuery {
  readonly amplitude?: number;
  readonly periodMs?: number;
}

await servePlugin<{ readonly offset: number }>({
  pluginId: 'example-waves-datasource',
  version: '1.0.0',
  instances: {
    create: (settings) => ({ offset: Number(settings.jsonData['offset'] ?? 0) }),
  },
  query({ offset }, { model, timeRange, intervalMs }, { signal }) {
    const { amplitude = 1, periodMs = 60_000 } = model as WaveQuery;
    if (!(periodMs > 0)) throw new PluginError('The period must be above zero.', { status: 400 });
    signal.throwIfAborted();
    const step = Math.max(intervalMs, 1_000);
    const time = new Float64Array(Math.max(0, Math.ceil((timeRange.to - timeRange.from) / step)));
    const wave = new Float64Array(time.length);
    for (let row = 0; row < time.length; row++) {
      time[row] = timeRange.from + row * step;
      wave[row] = offset + amplitude * Math.sin((2 * Math.PI * time[row]!) / periodMs);
    }
    return {
      frames: [
        {
          meta: { type: 'timeseries-multi', typeVersion: [0, 1] },
          fields: [
            { name: 'time', type: 'time', values: time },
            { name: 'wave', type: 'number', values: wave, labels: { period: `${periodMs} ms` } },
          ],
        },
      ],
    };
  },
  callResource: (_instance, { path }) =>
    path === 'periods'
      ? jsonResponse([60_000, 3_600_000])
      : jsonResponse({ error: 'not found' }, { status: 404 }),
  checkHealth: ({ offset }) => ({ status: 'ok', message: `Waves around ${offset}.` }),
});
