import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { CallContext } from '../call-context.ts';
import type { OpenCall } from '../calls/call-tracker.ts';
import { readPluginContext } from '../calls/plugin-context.ts';
import type { Frame } from '../frame/frame.ts';
import { frameToJson } from '../frame/json.ts';
import { PluginError } from '../plugin-error.ts';
import {
  STREAM_STATUS,
  type WireStreamPacket,
  type WireStreamRequest,
  type WireStreamResponse,
} from '../protocol/messages.ts';
import { RequestHeaders } from '../request-headers.ts';
import type { FrameInclude, StreamRequest, StreamSender } from '../streams/stream.ts';
import { type Send, serverStreaming, unary } from './rpc.ts';
import { callContext, type Runtime, withInstance } from './runtime.ts';

const encoder = new TextEncoder();
const NOTHING = new Uint8Array(0);

/** Live channels. Packets are JSON: Grafana Live hands them to browsers as they are. */
export const streamService = <T>(runtime: Runtime<T>): UntypedServiceImplementation => {
  const { streams } = runtime.definition;
  if (!streams) return {};

  const open = (rpc: string, wire: WireStreamRequest, call: OpenCall): [StreamRequest, CallContext] => {
    const headers = new RequestHeaders(Object.entries(wire.headers));
    const log = runtime.log.with({ path: wire.path });
    const request = { path: wire.path, data: parseData(wire), headers };
    return [request, callContext(rpc, call, readPluginContext(wire.pluginContext), headers, log)];
  };

  return {
    SubscribeStream: unary(
      runtime,
      'SubscribeStream',
      async (wire: WireStreamRequest, call): Promise<WireStreamResponse> => {
        const [request, context] = open('SubscribeStream', wire, call);
        const reply = await withInstance(runtime, context, (instance) =>
          streams.subscribe(instance, request, context),
        );
        const initial = reply.status === 'ok' ? reply.initial : undefined;
        return { status: STREAM_STATUS[reply.status], data: initial ? packetOf(initial, 'all') : NOTHING };
      },
    ),
    RunStream: serverStreaming(
      runtime,
      'RunStream',
      { isStream: true },
      async (wire: WireStreamRequest, call, send: Send<WireStreamPacket>): Promise<void> => {
        const [request, context] = open('RunStream', wire, call);
        const sender: StreamSender = {
          send: async (frame, include = 'all') => send({ data: packetOf(frame, include) }),
        };
        await withInstance(runtime, context, (instance) => streams.run(instance, request, sender, context));
      },
    ),
    PublishStream: unary(
      runtime,
      'PublishStream',
      async (wire: WireStreamRequest, call): Promise<WireStreamResponse> => {
        if (!streams.publish) return { status: STREAM_STATUS['permission-denied'], data: NOTHING };
        const publish = streams.publish.bind(streams);
        const [request, context] = open('PublishStream', wire, call);
        const reply = await withInstance(runtime, context, (instance) => publish(instance, request, context));
        const data = reply.status === 'ok' ? reply.data : undefined;
        return {
          status: STREAM_STATUS[reply.status],
          data: data === undefined ? NOTHING : encoder.encode(JSON.stringify(data)),
        };
      },
    ),
  };
};

const packetOf = (frame: Frame, include: FrameInclude): Uint8Array =>
  encoder.encode(JSON.stringify(frameToJson(frame, include)));

const parseData = ({ data, path }: WireStreamRequest): unknown => {
  if (data.length === 0) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(data)) as unknown;
  } catch (cause) {
    throw new PluginError(`The data sent to the channel "${path}" is no JSON.`, { status: 400, cause });
  }
};
