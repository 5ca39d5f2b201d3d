import type { DataQuery, DataSourceJsonData } from '@grafana/data';
import {
  type DataSourceSecrets,
  type DataSourceSettings,
  type Query,
  type SavedQuery,
  defaultSettings,
} from '@weir/core/query';

/** A query as Grafana keeps it: what is not said has its default. */
export type WeirQuery = DataQuery & SavedQuery;

/** A query in which everything is said, with what Grafana adds to it. */
export type CompleteQuery = DataQuery & Query;

export type WeirOptions = DataSourceJsonData & Partial<DataSourceSettings>;
export type WeirSecrets = { -readonly [K in keyof DataSourceSecrets]: string };

/** All settings, those that are not saved from their defaults. */
export function completeSettings(saved: WeirOptions | undefined): DataSourceSettings {
  return { ...defaultSettings, ...withoutUndefined(saved ?? {}) };
}

function withoutUndefined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
