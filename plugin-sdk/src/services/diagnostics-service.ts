import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { failureOf } from '../calls/failure.ts';
import { readPluginContext } from '../calls/plugin-context.ts';
import {
  HEALTH_STATUS,
  type WireCheckHealthRequest,
  type WireCheckHealthResponse,
  type WireCollectMetricsResponse,
} from '../protocol/messages.ts';
import { RequestHeaders } from '../request-headers.ts';
import { unary } from './rpc.ts';
import { callContext, type Runtime, withInstance } from './runtime.ts';

const encoder = new TextEncoder();

/** Health of a configured data source, and metrics of the process. */
export const diagnosticsService = <T>(runtime: Runtime<T>): UntypedServiceImplementation => {
  const { definition, metrics } = runtime;
  const services: UntypedServiceImplementation = {
    CollectMetrics: unary(runtime, 'CollectMetrics', async (): Promise<WireCollectMetricsResponse> => ({
      metrics: { prometheus: encoder.encode(await metrics.registry.metrics()) },
    })),
  };
  if (!definition.checkHealth) return services;
  const handler = definition.checkHealth.bind(definition);
  return {
    ...services,
    CheckHealth: unary(
      runtime,
      'CheckHealth',
      async (request: WireCheckHealthRequest, open): Promise<WireCheckHealthResponse> => {
        const log = runtime.log.with({ rpc: 'CheckHealth' });
        try {
          const headers = new RequestHeaders(Object.entries(request.headers));
          const context = callContext(
            'CheckHealth',
            open,
            readPluginContext(request.pluginContext),
            headers,
            log,
          );
          const health = await withInstance(runtime, context, (instance) => handler(instance, context));
          return {
            status: HEALTH_STATUS[health.status],
            message: health.message,
            jsonDetails: encoder.encode(health.details === undefined ? '' : JSON.stringify(health.details)),
          };
        } catch (thrown) {
          const failure = failureOf(thrown, open.signal, log);
          return { status: HEALTH_STATUS.error, message: failure.message, jsonDetails: new Uint8Array(0) };
        }
      },
    ),
  };
};
