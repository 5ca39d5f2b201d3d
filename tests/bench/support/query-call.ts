import type { PluginProcess } from '@weir/plugin-sdk/testing';
import type { QueryRange } from '@weir/core/query';
import type { Store } from './store.ts';

export interface PanelAnswer {
  /** Bytes of all Arrow files, which are not read. */
  readonly bytes: number;
  /** What the queries that failed say. */
  readonly errors: readonly string[];
}

interface WireAnswer {
  readonly responses: Readonly<
    Record<string, { readonly frames: readonly Uint8Array[]; readonly error: string }>
  >;
}

/** Asks the queries of one panel as Grafana's server does: one call, answered as Arrow files. */
export async function askPanel(
  { client }: PluginProcess,
  store: Store,
  models: readonly { readonly refId: string; readonly [key: string]: unknown }[],
  range: QueryRange,
): Promise<PanelAnswer> {
  const { responses } = (await client.raw('data', 'QueryData', {
    pluginContext: {
      orgId: 1,
      pluginId: 'weir-flow-datasource',
      user: { login: 'bench', name: '', email: '', role: 'Viewer' },
      appInstanceSettings: null,
      dataSourceInstanceSettings: {
        id: 1,
        uid: 'bench',
        name: 'bench',
        url: '',
        user: '',
        database: '',
        basicAuthEnabled: false,
        basicAuthUser: '',
        jsonData: Buffer.from(JSON.stringify({ url: store.url, database: 'weir', timeoutSeconds: 120 })),
        decryptedSecureJsonData: {},
        lastUpdatedMS: 1,
        apiVersion: '',
      },
      grafanaConfig: {},
      pluginVersion: '',
      userAgent: 'Grafana/12.4.0 (linux; amd64)',
      apiVersion: '',
      namespace: '',
    },
    headers: {},
    format: 0,
    queries: models.map((model) => ({
      refId: model.refId,
      queryType: '',
      maxDataPoints: range.maxDataPoints,
      intervalMS: range.intervalMs,
      timeRange: { fromEpochMS: range.fromMs, toEpochMS: range.toMs },
      json: Buffer.from(JSON.stringify(model)),
    })),
  })) as WireAnswer;
  const answers = Object.values(responses);
  return {
    bytes: answers.reduce((sum, { frames }) => sum + frames.reduce((n, frame) => n + frame.length, 0), 0),
    errors: answers.map(({ error }) => error).filter((error) => error !== ''),
  };
}
