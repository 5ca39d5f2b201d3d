import { CallAborted, PluginError } from '@weir/plugin-sdk';
import { ClickHouseError, type FailureReason } from '../clickhouse/errors.ts';
import { QueueFull } from '../clickhouse/gate.ts';
import { UnreadableType } from '../clickhouse/row-binary.ts';
import { SettingsError } from '../settings/data-source-settings.ts';

const STATUSES: Readonly<Record<FailureReason, number>> = {
  dns: 502,
  refused: 502,
  unreachable: 502,
  broken: 502,
  tls: 502,
  server: 502,
  timeout: 504,
  password: 401,
  denied: 403,
  database: 404,
  table: 404,
  limit: 422,
  busy: 503,
  query: 400,
};

/**
 * An error as the person at the panel is to see it, with the status and the source that Grafana counts it under: what ClickHouse, the
 * network or the query itself is to blame for is `downstream`; all else is a fault of ours and stays what it is.
 */
export function toPluginError(error: unknown): unknown {
  if (error instanceof PluginError || error instanceof CallAborted) return error;
  const as = (status: number): PluginError =>
    new PluginError((error as Error).message, { status, source: 'downstream', cause: error });
  if (error instanceof ClickHouseError) return as(STATUSES[error.reason]);
  if (error instanceof QueueFull) return as(429);
  if (error instanceof UnreadableType || error instanceof SettingsError) return as(400);
  return error;
}
