import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { CallContext } from '../call-context.ts';
import type { OpenCall } from '../calls/call-tracker.ts';
import { failureOf } from '../calls/failure.ts';
import { readPluginContext } from '../calls/plugin-context.ts';
import { encodeArrowFile } from '../frame/arrow-file.ts';
import type { Frame } from '../frame/frame.ts';
import { frameToJson } from '../frame/json.ts';
import { frameLength } from '../frame/rows.ts';
import { PluginError } from '../plugin-error.ts';
import type { DataQuery, QueryResult } from '../plugin-definition.ts';
import {
  FORMAT_ARROW,
  FORMAT_JSON,
  type WireDataQuery,
  type WireDataResponse,
  type WireQueryDataRequest,
  type WireQueryDataResponse,
} from '../protocol/messages.ts';
import { RequestHeaders } from '../request-headers.ts';
import { unary } from './rpc.ts';
import { callContext, type Runtime, withInstance } from './runtime.ts';

type QueryHandler<T> = (
  instance: T,
  query: DataQuery,
  context: CallContext,
) => Promise<QueryResult> | QueryResult;

/** Queries. The call itself never fails: each query has an answer or an error of its own. */
export const dataService = <T>(runtime: Runtime<T>): UntypedServiceImplementation => {
  const { definition } = runtime;
  if (!definition.query) return {};
  const handler: QueryHandler<T> = definition.query.bind(definition);
  return {
    QueryData: unary(runtime, 'QueryData', async (request: WireQueryDataRequest, open) => {
      const answers = await Promise.all(
        request.queries.map(
          async (query) => [query.refId, await answerOf(runtime, handler, request, query, open)] as const,
        ),
      );
      // No prototype: a refId is whatever text a dashboard holds, "__proto__" too.
      const responses = Object.create(null) as Record<string, WireDataResponse>;
      for (const [refId, answer] of answers) responses[refId] = answer;
      return { responses } satisfies WireQueryDataResponse;
    }),
  };
};

const answerOf = async <T>(
  runtime: Runtime<T>,
  handler: QueryHandler<T>,
  request: WireQueryDataRequest,
  wire: WireDataQuery,
  open: OpenCall,
): Promise<WireDataResponse> => {
  const format = request.format === FORMAT_JSON ? FORMAT_JSON : FORMAT_ARROW;
  let log = runtime.log.with({ rpc: 'QueryData', refId: wire.refId });
  let response: WireDataResponse;
  try {
    const headers = new RequestHeaders(Object.entries(request.headers));
    const context = callContext('QueryData', open, readPluginContext(request.pluginContext), headers, log);
    log = context.log;
    const query = readQuery(wire);
    const result = await withInstance(runtime, context, (instance) => handler(instance, query, context));
    const frames = result.frames.map((frame) =>
      encode({ ...frame, refId: frame.refId ?? wire.refId }, format),
    );
    response = {
      frames,
      error: result.error?.message ?? '',
      status: result.status ?? result.error?.status ?? 200,
      errorSource: result.error?.source ?? '',
      format,
    };
    log.debug('Query answered', {
      ms: Math.round(open.elapsedMs()),
      frames: frames.length,
      rows: result.frames.reduce((rows, frame) => rows + frameLength(frame), 0),
      bytes: frames.reduce((bytes, frame) => bytes + frame.length, 0),
      status: response.status,
    });
  } catch (thrown) {
    const failure = failureOf(thrown, open.signal, log);
    response = {
      frames: [],
      error: failure.message || 'The query failed.',
      status: failure.status,
      errorSource: failure.source,
      format,
    };
  }
  runtime.metrics.queryEnded(response.status, response.errorSource);
  return response;
};

const encode = (frame: Frame, format: number): Uint8Array =>
  format === FORMAT_JSON
    ? new TextEncoder().encode(JSON.stringify(frameToJson(frame)))
    : encodeArrowFile(frame);

const readQuery = (wire: WireDataQuery): DataQuery => ({
  refId: wire.refId,
  queryType: wire.queryType,
  maxDataPoints: wire.maxDataPoints,
  intervalMs: wire.intervalMS,
  timeRange: { from: wire.timeRange?.fromEpochMS ?? 0, to: wire.timeRange?.toEpochMS ?? 0 },
  model: parseModel(wire.json),
});

const parseModel = (json: Uint8Array): unknown => {
  if (json.length === 0) return {};
  try {
    return JSON.parse(new TextDecoder().decode(json)) as unknown;
  } catch (cause) {
    throw new PluginError(`The query is no JSON: ${(cause as Error).message}`, { status: 400, cause });
  }
};
