import type { ServiceDefinition } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { DESCRIPTOR } from './descriptor.ts';

const definitions = fromJSON(DESCRIPTOR as Parameters<typeof fromJSON>[0], {
  keepCase: true,
  longs: Number,
  defaults: true,
  arrays: true,
  objects: true,
});

const serviceOf = (name: string): ServiceDefinition => definitions[name] as ServiceDefinition;

/** The services of both sides, by their full names. */
export const SERVICES = {
  data: serviceOf('pluginv2.Data'),
  resource: serviceOf('pluginv2.Resource'),
  diagnostics: serviceOf('pluginv2.Diagnostics'),
  stream: serviceOf('pluginv2.Stream'),
  health: serviceOf('grpc.health.v1.Health'),
  controller: serviceOf('plugin.GRPCController'),
  broker: serviceOf('plugin.GRPCBroker'),
  stdio: serviceOf('plugin.GRPCStdio'),
} as const;
