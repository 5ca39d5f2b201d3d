import { type DataSourceSecrets, type DataSourceSettings, defaultSettings } from '@weir/core/query';
import { z } from 'zod';

/** A data source as Grafana hands it over, read, checked and with every default filled in. */
export interface ConfiguredDataSource {
  readonly uid: string;
  readonly name: string;
  readonly settings: DataSourceSettings;
  readonly secrets: DataSourceSecrets;
}

/** Settings that make no sense. The message names the setting and says what would be right; it holds no secret. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/** Names of databases, which stand in statements as they are. */
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

const count = (name: string, from: number, to: number): z.ZodType<number> =>
  z.coerce
    .number({ error: `${name} must be a number from ${from} to ${to}` })
    .int(`${name} must be a whole number`)
    .min(from, `${name} must be at least ${from}`)
    .max(to, `${name} must be at most ${to}`);

const address = (name: string, example: string): z.ZodType<string> =>
  z
    .string({ error: `${name} must be a text` })
    .trim()
    .refine((text) => text === '' || isHttpAddress(text), `${name} must be an address like ${example}`)
    .refine(
      (text) => text === '' || !isHttpAddress(text) || new URL(text).username === '',
      `${name} must hold no user and no password: they have settings of their own`,
    );

const text = (name: string): z.ZodType<string> => z.string({ error: `${name} must be a text` }).trim();
const flag = (name: string): z.ZodType<boolean> => z.boolean({ error: `${name} must be true or false` });

const schema = z.object({
  url: address('url', 'http://clickhouse:8123'),
  database: text('database').refine(
    (name) => IDENTIFIER.test(name),
    'database must be a name of letters, digits and "_" that does not begin with a digit',
  ),
  user: text('user'),
  tlsSkipVerify: flag('tlsSkipVerify'),
  tlsServerName: text('tlsServerName'),
  tenant: text('tenant').refine((tenant) => tenant.length <= 256, 'tenant must have at most 256 characters'),
  collectorUrl: address('collectorUrl', 'http://collector:9055'),
  timeoutSeconds: count('timeoutSeconds', 1, 3600),
  maxRows: count('maxRows', 1, 1_000_000),
  maxSeries: count('maxSeries', 1, 10_000),
  maxRangeDays: count('maxRangeDays', 0, 36_500),
  concurrency: count('concurrency', 1, 100),
  allowSql: flag('allowSql'),
});

function isHttpAddress(text: string): boolean {
  try {
    return /^https?:$/.test(new URL(text).protocol);
  } catch {
    return false;
  }
}

/**
 * Reads a data source's settings: what is missing, null or empty where that has no meaning takes its default.
 *
 * @param jsonData as Grafana stores it; anything
 * @throws {SettingsError} naming the setting
 */
export function readSettings(jsonData: unknown): DataSourceSettings {
  const given = jsonData === undefined || jsonData === null || jsonData === '' ? {} : jsonData;
  if (typeof given !== 'object' || Array.isArray(given))
    throw new SettingsError('The data source’s settings (jsonData) must be an object.');
  const merged: Record<string, unknown> = { ...defaultSettings };
  for (const [name, value] of Object.entries(given)) {
    const missing =
      value === undefined || value === null || (value === '' && typeof merged[name] !== 'string');
    const needed = value === '' && (name === 'url' || name === 'database');
    if (!missing && !needed && Object.hasOwn(defaultSettings, name)) merged[name] = value;
  }
  const result = schema.safeParse(merged);
  if (!result.success)
    throw new SettingsError(
      `In the data source’s settings, ${result.error.issues.map((issue) => issue.message).join('; ')}.`,
    );
  return result.data;
}

const SECRETS = ['password', 'collectorToken', 'tlsCaCert', 'tlsClientCert', 'tlsClientKey'] as const;

/**
 * @param decrypted `secureJsonData` as Grafana hands it over
 * @throws {SettingsError} naming the secret, never holding it
 */
export function readSecrets(decrypted: Readonly<Record<string, string>>): DataSourceSecrets {
  const secrets: { -readonly [K in keyof DataSourceSecrets]: DataSourceSecrets[K] } = {};
  for (const name of SECRETS) {
    const value = decrypted[name];
    if (value !== undefined && value !== '') secrets[name] = value;
  }
  for (const name of ['tlsCaCert', 'tlsClientCert', 'tlsClientKey'] as const) {
    if (secrets[name] !== undefined && !secrets[name].includes('-----BEGIN '))
      throw new SettingsError(`The secret ${name} must be in PEM: a text that begins with "-----BEGIN".`);
  }
  if ((secrets.tlsClientCert === undefined) !== (secrets.tlsClientKey === undefined))
    throw new SettingsError('Of the secrets tlsClientCert and tlsClientKey, both are needed or none.');
  return secrets;
}
