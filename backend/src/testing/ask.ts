import { RequestHeaders, type DataQuery, type Frame, type Logger } from '@weir/plugin-sdk';
import type { DataSourceSettings } from '@weir/core/query';
import { type DataSource, openDataSource } from '../instances/data-source.ts';
import { createMetrics } from '../metrics.ts';
import { answerQuery } from '../queries/query-handler.ts';
import { HOUR, NOW_MS } from './known-flows.ts';

/** Forgets what it is told. */
export const silentLog: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => silentLog,
};

/** A data source as Grafana would configure it. */
export function testDataSource(
  settings: Partial<DataSourceSettings>,
  secrets: Readonly<Record<string, string>> = {},
  now: () => number = () => NOW_MS,
): DataSource {
  return openDataSource({ uid: 'test', jsonData: { ...settings }, secureJsonData: secrets }, silentLog, now);
}

export interface Asking {
  readonly range?: { readonly fromMs: number; readonly toMs: number };
  readonly intervalMs?: number;
  readonly maxDataPoints?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly refId?: string;
  readonly queryType?: string;
  readonly signal?: AbortSignal;
  readonly deadlineMs?: number;
}

/** Asks one query as a panel does; of an alert rule with the header `FromAlert`. */
export async function ask(
  dataSource: DataSource,
  model: unknown,
  asking: Asking = {},
): Promise<readonly Frame[]> {
  const { range = HOUR, refId = 'A', queryType = '', intervalMs = 600_000, maxDataPoints = 1000 } = asking;
  const query: DataQuery = {
    refId,
    queryType,
    maxDataPoints,
    intervalMs,
    timeRange: { from: range.fromMs, to: range.toMs },
    model,
  };
  const { frames } = await answerQuery(
    dataSource,
    query,
    {
      signal: asking.signal ?? new AbortController().signal,
      deadlineMs: asking.deadlineMs,
      headers: new RequestHeaders(Object.entries(asking.headers ?? {})),
      user: undefined,
      log: silentLog,
    },
    createMetrics(),
  );
  return frames;
}
