import type { DataSourceSecrets, DataSourceSettings } from '@weir/core/query';
import type { InstanceSettings, Logger } from '@weir/plugin-sdk';
import { ClickHouseClient } from '../clickhouse/clickhouse-client.ts';
import { LayoutMemory } from '../frames/layout-memory.ts';
import { readSecrets, readSettings } from '../settings/data-source-settings.ts';
import { StreamSpecs } from '../streams/stream-specs.ts';
import { TenantBindingProbe } from '../tenants/tenant-binding.ts';
import { tenantFilter } from '../tenants/tenant-filter.ts';
import { TableReach } from './table-reach.ts';

/** All that is kept for one configured data source. */
export interface DataSource {
  readonly uid: string;
  readonly settings: DataSourceSettings;
  readonly secrets: DataSourceSecrets;
  readonly client: ClickHouseClient;
  readonly reach: TableReach;
  readonly binding: TenantBindingProbe;
  readonly layouts: LayoutMemory;
  readonly streams: StreamSpecs;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** @throws {SettingsError} */
export function openDataSource(
  { uid, jsonData, secureJsonData }: Pick<InstanceSettings, 'uid' | 'jsonData' | 'secureJsonData'>,
  log: Pick<Logger, 'info'>,
  now: () => number = Date.now,
): DataSource {
  const settings = readSettings(jsonData);
  const secrets = readSecrets(secureJsonData);
  const client: ClickHouseClient = new ClickHouseClient({
    url: settings.url,
    user: settings.user,
    password: secrets.password ?? '',
    database: settings.database,
    concurrency: settings.concurrency,
    idPrefix: `weir-${identifierOf(uid)}`,
    serverName: settings.tlsServerName,
    skipVerify: settings.tlsSkipVerify,
    ...(secrets.tlsCaCert === undefined ? {} : { ca: secrets.tlsCaCert }),
    ...(secrets.tlsClientCert === undefined ? {} : { cert: secrets.tlsClientCert }),
    ...(secrets.tlsClientKey === undefined ? {} : { key: secrets.tlsClientKey }),
    // With every statement, our own questions included.
    ...(settings.tenant === ''
      ? {}
      : {
          requiredSettings: { additional_table_filters: tenantFilter(settings.database, settings.tenant) },
          mayOmit: async (signal: AbortSignal) => (await binding.binding(signal)) === 'bound',
        }),
    onKillRefused: (error) =>
      log.info(
        'Cancelled queries cannot be ended at ClickHouse: the user has no right to KILL QUERY. They end at their time limit.',
        {
          error: error.message,
        },
      ),
  });
  const binding: TenantBindingProbe = new TenantBindingProbe(client, now);
  return {
    uid,
    settings,
    secrets,
    client,
    reach: new TableReach(client, now),
    binding,
    layouts: new LayoutMemory(),
    streams: new StreamSpecs(),
    now,
  };
}

export function closeDataSource(dataSource: DataSource): void {
  dataSource.client.close();
}

/** A text of a user's as part of a query's id: letters, digits, "_" and "-" of it. */
export function identifierOf(text: string): string {
  return text.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 40);
}
