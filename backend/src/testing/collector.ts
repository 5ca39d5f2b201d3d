// eslint-disable-next-line no-restricted-imports -- the tests meet the real collector's interface
import { createApi } from '../../../collector/src/api/index.ts';
// eslint-disable-next-line no-restricted-imports -- as above
import { healthySources } from '../../../collector/src/api/testing/sources.ts';
// eslint-disable-next-line no-restricted-imports -- as above
import { openRemoteDatabase } from '../../../collector/src/store/clickhouse/remote.ts';

export interface TestCollector {
  readonly url: string;
  close(): Promise<void>;
}

/** The collector's HTTP interface on loopback, over a store, at a time. */
export async function openTestCollector(
  store: { readonly url: string; readonly database: string },
  nowMs: number,
): Promise<TestCollector> {
  const reads = openRemoteDatabase({ url: store.url, database: store.database });
  const detection = {
    enabled: true,
    ownNetworks: ['10.0.0.0/8'],
    latenessSeconds: 20,
    capacities: {},
    detectors: {},
    tenants: {},
    exclude: [],
    silences: [],
    rules: [],
    warmUpDays: 1,
  };
  const api = createApi(healthySources(), {
    now: () => nowMs,
    backtest: { reads, database: store.database, detection: () => detection },
  });
  const port = await api.listen({ host: '127.0.0.1', port: 0 });
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      await api.close();
      await reads.close();
    },
  };
}
