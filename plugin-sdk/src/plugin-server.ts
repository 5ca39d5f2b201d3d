import { Server, ServerCredentials } from '@grpc/grpc-js';
import { CallTracker } from './calls/call-tracker.ts';
import { createCallMetrics } from './calls/call-metrics.ts';
import { InstanceStore } from './instances/instance-store.ts';
import type { Logger } from './logging/logger.ts';
import type { PluginDefinition } from './plugin-definition.ts';
import { SERVICES } from './protocol/service-definitions.ts';
import { dataService } from './services/data-service.ts';
import { diagnosticsService } from './services/diagnostics-service.ts';
import { hostServices } from './services/host-services.ts';
import { resourceService } from './services/resource-service.ts';
import type { Runtime } from './services/runtime.ts';
import { streamService } from './services/stream-service.ts';

/** The same as Grafana's own SDK takes. Answers have no limit. */
const MAX_REQUEST_BYTES = 16 << 20;

/** The host kills a plugin two seconds after it asked it to stop. */
const DRAIN_MS = 800;
const FLUSH_MS = 300;
const DISPOSE_MS = 200;

export interface PluginServer {
  /** `host:port`, port 0 for any free one; resolves to the real address. */
  listen(address: string): Promise<string>;
  /** Drains, disposes of the instances and closes; takes 1.5 s at most. */
  stop(): Promise<void>;
}

/** The gRPC server of a plugin, without the process around it. */
export const createPluginServer = <T>(
  definition: PluginDefinition<T>,
  log: Logger,
  onShutdown: () => void,
): PluginServer => {
  const metrics = createCallMetrics(definition.metrics);
  const store = new InstanceStore(definition.instances, log, metrics.instances);
  const tracker = new CallTracker(metrics);
  const runtime: Runtime<T> = { definition, store, tracker, metrics, log };

  const server = new Server({
    'grpc.max_receive_message_length': MAX_REQUEST_BYTES,
    'grpc.max_send_message_length': -1,
  });
  const host = hostServices(runtime, onShutdown);
  server.addService(SERVICES.health, host.health);
  server.addService(SERVICES.controller, host.controller);
  server.addService(SERVICES.broker, host.broker);
  server.addService(SERVICES.stdio, host.stdio);
  server.addService(SERVICES.data, dataService(runtime));
  server.addService(SERVICES.resource, resourceService(runtime));
  server.addService(SERVICES.diagnostics, diagnosticsService(runtime));
  server.addService(SERVICES.stream, streamService(runtime));

  return {
    listen: (address) =>
      new Promise((resolve, reject) => {
        server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
          if (error) reject(error);
          else resolve(`${address.slice(0, address.lastIndexOf(':'))}:${port}`);
        });
      }),
    async stop() {
      await tracker.drain(DRAIN_MS);
      await atMost(FLUSH_MS, new Promise<void>((resolve) => server.tryShutdown(() => resolve())));
      server.forceShutdown();
      await atMost(DISPOSE_MS, store.close());
      metrics.stop();
    },
  };
};

const atMost = async (ms: number, work: Promise<void>): Promise<void> => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  await Promise.race([work, new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
};
