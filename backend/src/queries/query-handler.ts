import { adHocFilters, andFilters, formatFilter, parseFilter } from '@weir/core/filter';
import {
  type CompileContext,
  type CompiledQuery,
  type Query,
  type QueryRange,
  type Statement,
  compileQuery,
  defaultContext,
  normalizeQuery,
} from '@weir/core/query';
import {
  type CallContext,
  type DataQuery,
  type Frame,
  PluginError,
  type QueryResult,
} from '@weir/plugin-sdk';
import type { StatementAnswer } from '../clickhouse/clickhouse-client.ts';
import type { Table } from '../clickhouse/columns.ts';
import { framesOf } from '../frames/index.ts';
import { type DataSource, identifierOf } from '../instances/data-source.ts';
import type { BackendMetrics } from '../metrics.ts';
import { replayAnomalies } from '../replay/replay-anomalies.ts';
import { requireSqlAllowed } from '../tenants/sql-allowed.ts';
import { forAlertRule } from './alert-rules.ts';
import { type Caller, callerOf } from './caller.ts';
import { toPluginError } from './failures.ts';
import { runtimeSettings } from './runtime-settings.ts';

/** What of a call's context a query needs. */
export type QueryContext = Pick<CallContext, 'signal' | 'deadlineMs' | 'headers' | 'user' | 'log'>;

/** Answers one query of a panel, of Explore, or of an alert rule. */
export async function answerQuery(
  dataSource: DataSource,
  dataQuery: DataQuery,
  context: QueryContext,
  metrics: BackendMetrics,
): Promise<QueryResult> {
  const started = performance.now();
  let kind = 'unknown';
  let status = 'ok';
  try {
    const caller = callerOf(context);
    const prepared = await prepareQuery(dataSource, dataQuery.model, rangeOf(dataQuery), caller.forAlert);
    kind = prepared.query.kind;
    const frames = await execute(dataSource, dataQuery, prepared, caller, context, metrics);
    return { frames: frames.map((frame) => ({ ...frame, refId: dataQuery.refId })) };
  } catch (error) {
    const shown = toPluginError(error);
    status = shown instanceof PluginError ? String(shown.status) : '500';
    throw shown;
  } finally {
    metrics.queries.inc({ kind, status });
    metrics.querySeconds.observe({ kind }, (performance.now() - started) / 1000);
  }
}

export function rangeOf({ timeRange, intervalMs, maxDataPoints }: DataQuery): QueryRange {
  return { fromMs: timeRange.from, toMs: timeRange.to, intervalMs, maxDataPoints };
}

export interface PreparedQuery {
  readonly query: Query;
  readonly compiled: CompiledQuery;
  readonly notices: CompiledQuery['notices'];
}

/**
 * Reads a saved query and compiles it.
 *
 * @throws {PluginError} of status 400 that says what is wrong with the query
 */
export async function prepareQuery(
  dataSource: DataSource,
  model: unknown,
  range: QueryRange,
  forAlert: boolean,
): Promise<PreparedQuery> {
  const { settings } = dataSource;
  const normalized = normalizeQuery(model);
  if (!normalized.ok) throw refused(normalized.problems);
  const { query, notices } = forAlert
    ? forAlertRule(normalized.query, model, settings.maxSeries)
    : { query: normalized.query, notices: [] };
  if (query.kind === 'sql' && !settings.allowSql)
    throw new PluginError('The kind SQL is switched off in this data source’s settings.', {
      status: 403,
      source: 'downstream',
    });
  const compiled = compileQuery(query, range, await compileContext(dataSource, forAlert));
  if (!compiled.ok) throw refused([compiled.problem]);
  return { query, compiled: compiled.compiled, notices };
}

export async function compileContext(dataSource: DataSource, forAlert: boolean): Promise<CompileContext> {
  const { settings, reach, client } = dataSource;
  const { tables, liveColumns } = await reach.known();
  return {
    ...defaultContext,
    database: client.database,
    nowMs: dataSource.now(),
    tables,
    ...(liveColumns === undefined ? {} : { liveColumns }),
    maxRows: settings.maxRows,
    // One more than an alert rule may have shows that there are too many.
    maxSeries: forAlert ? settings.maxSeries + 1 : settings.maxSeries,
    maxRangeDays: settings.maxRangeDays,
    forAlert,
    ...(settings.tenant === '' ? {} : { tenant: settings.tenant }),
  };
}

export function refused(
  problems: readonly { readonly path: string; readonly message: string }[],
): PluginError {
  const text = problems
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
    .join('; ');
  return new PluginError(text, { status: 400, source: 'downstream' });
}

async function execute(
  dataSource: DataSource,
  dataQuery: DataQuery,
  { query, compiled, notices }: PreparedQuery,
  caller: Caller,
  context: QueryContext,
  metrics: BackendMetrics,
): Promise<Frame[]> {
  if (query.kind === 'sql') await requireSqlAllowed(dataSource, context.signal);
  if (query.kind === 'anomalies' && query.replay !== null)
    return await replayed(dataSource, dataQuery, { query, compiled, notices }, context, metrics);
  const settings = runtimeSettings(dataSource.settings, compiled.kind, context.deadlineMs, caller.comment);
  // One that fails ends the others.
  const together = new AbortController();
  const signal = AbortSignal.any([context.signal, together.signal]);
  const ask = async (statement: Statement): Promise<StatementAnswer> => {
    try {
      return await dataSource.client.query({
        sql: statement.sql,
        parameters: statement.parameters,
        settings,
        label: identifierOf(dataQuery.refId),
        signal,
      });
    } catch (error) {
      together.abort(error);
      throw error;
    }
  };
  const statements = wanted(compiled, dataQuery);
  const answers = await Promise.all(statements.map(ask));
  const tables = new Map<string, Table>(statements.map(({ name }, i) => [name, answers[i]!.table]));
  for (const { table, bytes } of answers) {
    metrics.rows.inc({ kind: compiled.kind }, table.rows);
    metrics.bytes.inc(bytes);
  }
  const frames = framesOf(
    {
      query,
      compiled: { ...compiled, statements },
      tables,
      costs: answers.map(({ cost }) => cost),
      forAlert: caller.forAlert,
      limits: { maxRows: dataSource.settings.maxRows, maxSeries: dataSource.settings.maxSeries },
      notices,
    },
    { layouts: dataSource.layouts, asAnnotations: isAnnotation(dataQuery) },
  );
  return query.kind === 'flows' && query.live ? withChannel(dataSource, query, frames) : frames;
}

/** Anomalies as the collector finds them in a replay, in the frames of stored ones. */
async function replayed(
  dataSource: DataSource,
  dataQuery: DataQuery,
  { query, compiled, notices }: PreparedQuery,
  { signal }: QueryContext,
  metrics: BackendMetrics,
): Promise<Frame[]> {
  const asked = { query, compiled, range: rangeOf(dataQuery) };
  const found = await replayAnomalies(dataSource, asked, signal);
  metrics.rows.inc({ kind: compiled.kind }, found.table.rows);
  return framesOf(
    {
      query,
      compiled: found.compiled,
      tables: new Map([['main', found.table]]),
      costs: [],
      forAlert: false,
      limits: { maxRows: dataSource.settings.maxRows, maxSeries: dataSource.settings.maxSeries },
      notices: [...notices, ...found.notices],
    },
    { layouts: dataSource.layouts, asAnnotations: isAnnotation(dataQuery) },
  );
}

/**
 * Of a query of flows the records, or, where the query is of the type `volume`, their number over time: Grafana asks for the two
 * separately, and each costs.
 */
function wanted({ kind, statements }: CompiledQuery, { queryType }: DataQuery): readonly Statement[] {
  if (kind !== 'flows') return statements;
  return statements.filter(({ name }) => name === (queryType === 'volume' ? 'volume' : 'main'));
}

/** Grafana asks annotations under a refId of its own. */
function isAnnotation({ refId, queryType }: DataQuery): boolean {
  return refId === 'Anno' || queryType === 'annotations';
}

/** Names the channel under which Grafana gets what comes after these records. */
function withChannel(dataSource: DataSource, query: Query, frames: Frame[]): Frame[] {
  const [first, ...rest] = frames;
  if (first === undefined || dataSource.settings.collectorUrl === '') return frames;
  const own = parseFilter(query.filter);
  const added = adHocFilters(query.adHoc);
  // Both have been compiled for the records, so that neither can be wrong.
  if (!own.ok || !added.ok) return frames;
  const path = dataSource.streams.remember({
    kind: 'flows',
    filter: formatFilter(andFilters(own.filter, added.filter)),
    columns: query.columns,
    limit: Math.min(query.limit, 1000),
  });
  return [{ ...first, meta: { ...first.meta, channel: `ds/${dataSource.uid}/${path}` } }, ...rest];
}
