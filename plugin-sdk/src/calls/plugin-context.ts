import { inspect } from 'node:util';
import type { InstanceSettings, PluginContext } from '../call-context.ts';
import { PluginError } from '../plugin-error.ts';
import type {
  WireAppInstanceSettings,
  WireDataSourceInstanceSettings,
  WirePluginContext,
} from '../protocol/messages.ts';

/** Whose call it is and for which instance. Throws a PluginError for a call that names no instance or a broken one. */
export const readPluginContext = (wire: WirePluginContext | null): PluginContext => {
  if (wire === null) throw new PluginError('The call came without a plugin context.', { status: 400 });
  const settings = readSettings(wire);
  return {
    orgId: wire.orgId,
    namespace: wire.namespace,
    pluginId: wire.pluginId,
    pluginVersion: wire.pluginVersion,
    userAgent: wire.userAgent,
    apiVersion: wire.apiVersion,
    user: wire.user ?? undefined,
    settings,
    grafanaConfig: settings.grafanaConfig,
  };
};

const readSettings = (wire: WirePluginContext): InstanceSettings => {
  const source = wire.dataSourceInstanceSettings;
  const app = wire.appInstanceSettings;
  if (source === null && app === null) {
    throw new PluginError('The call names neither a data source nor an app.', { status: 400 });
  }
  const shared = {
    orgId: wire.orgId,
    namespace: wire.namespace,
    pluginId: wire.pluginId,
    grafanaConfig: wire.grafanaConfig,
  };
  if (source === null) return { ...APP, ...shared, ...readCommon(app!, wire.pluginId) };
  return {
    kind: 'datasource',
    ...shared,
    uid: source.uid,
    id: source.id,
    name: source.name,
    url: source.url,
    user: source.user,
    database: source.database,
    basicAuthEnabled: source.basicAuthEnabled,
    basicAuthUser: source.basicAuthUser,
    ...readCommon(source, source.name),
  };
};

const APP = {
  kind: 'app',
  uid: '',
  id: 0,
  name: '',
  url: '',
  user: '',
  database: '',
  basicAuthEnabled: false,
  basicAuthUser: '',
} as const;

const readCommon = (wire: WireAppInstanceSettings | WireDataSourceInstanceSettings, name: string) => ({
  jsonData: parseJsonData(wire.jsonData, name),
  secureJsonData: hideSecrets(wire.decryptedSecureJsonData),
  lastUpdatedMs: wire.lastUpdatedMS,
  apiVersion: wire.apiVersion,
});

const parseJsonData = (bytes: Uint8Array, name: string): Record<string, unknown> => {
  if (bytes.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new PluginError(`The settings (jsonData) of "${name}" are no JSON.`, { status: 400, cause });
  }
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new PluginError(`The settings (jsonData) of "${name}" are no JSON object.`, { status: 400 });
  }
  return value as Record<string, unknown>;
};

const HIDDEN = '[secrets]';

/** Secrets that can be read by name but show nothing when they are printed or serialised. */
const hideSecrets = (secrets: Record<string, string>): Record<string, string> => {
  const hidden = { ...secrets };
  Object.defineProperty(hidden, 'toJSON', { value: () => HIDDEN });
  Object.defineProperty(hidden, inspect.custom, { value: () => HIDDEN });
  return hidden;
};
