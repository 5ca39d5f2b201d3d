import type { CallContext, InstanceSettings } from '../call-context.ts';
import type { Logger } from '../logging/logger.ts';
import { RequestHeaders } from '../request-headers.ts';

/** A logger that keeps silent. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => silentLogger,
};

/** Settings of a data source of no consequence, with what the test cares about. */
export const testSettings = (own: Partial<InstanceSettings> = {}): InstanceSettings => ({
  kind: 'datasource',
  orgId: 1,
  namespace: '',
  pluginId: 'test-datasource',
  uid: 'source-1',
  id: 1,
  name: 'Source 1',
  url: '',
  user: '',
  database: '',
  basicAuthEnabled: false,
  basicAuthUser: '',
  jsonData: {},
  secureJsonData: {},
  lastUpdatedMs: 1,
  apiVersion: '',
  grafanaConfig: {},
  ...own,
});

/** The context of a call for tests that call handlers themselves. */
export const testContext = (
  own: Partial<Omit<CallContext, 'headers' | 'pluginContext' | 'grafanaConfig' | 'orgId'>> & {
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): CallContext => {
  const settings = own.settings ?? testSettings();
  const user = own.user ?? { login: 'admin', name: '', email: '', role: 'Admin' };
  return {
    signal: own.signal ?? new AbortController().signal,
    deadlineMs: own.deadlineMs,
    headers: new RequestHeaders(Object.entries(own.headers ?? {})),
    user,
    orgId: settings.orgId,
    pluginContext: {
      orgId: settings.orgId,
      namespace: settings.namespace,
      pluginId: settings.pluginId,
      pluginVersion: '',
      userAgent: '',
      apiVersion: '',
      user,
      settings,
      grafanaConfig: settings.grafanaConfig,
    },
    settings,
    grafanaConfig: settings.grafanaConfig,
    log: own.log ?? silentLogger,
    traceparent: own.traceparent,
  };
};
