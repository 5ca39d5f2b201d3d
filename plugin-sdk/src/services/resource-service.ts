import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { failureOf } from '../calls/failure.ts';
import { readPluginContext } from '../calls/plugin-context.ts';
import { untilAborted } from '../calls/until-aborted.ts';
import { PluginError } from '../plugin-error.ts';
import type {
  StringListMap,
  WireCallResourceRequest,
  WireCallResourceResponse,
} from '../protocol/messages.ts';
import { RequestHeaders } from '../request-headers.ts';
import { jsonResponse, type ResourceRequest, type ResourceResponse } from '../resources/resource.ts';
import { type Send, serverStreaming } from './rpc.ts';
import { callContext, type Runtime, withInstance } from './runtime.ts';

/** Requests of editors and panels, answered in one piece or chunk by chunk. */
export const resourceService = <T>(runtime: Runtime<T>): UntypedServiceImplementation => {
  const { definition } = runtime;
  if (!definition.callResource) return {};
  const handler = definition.callResource.bind(definition);
  return {
    CallResource: serverStreaming(
      runtime,
      'CallResource',
      { isStream: false },
      async (wire: WireCallResourceRequest, open, send: Send<WireCallResourceResponse>) => {
        let log = runtime.log.with({ rpc: 'CallResource', path: wire.path });
        let begun = false;
        try {
          const request = readRequest(wire);
          const pluginContext = readPluginContext(wire.pluginContext);
          const context = callContext('CallResource', open, pluginContext, request.headers, log);
          log = context.log;
          await withInstance(runtime, context, async (instance) => {
            const response = await handler(instance, request, context);
            open.signal.throwIfAborted();
            begun = true;
            await sendResponse(response, open.signal, send);
          });
        } catch (thrown) {
          // With the head sent, nothing but the failure of the whole call tells the reader that the body is not whole.
          if (begun) throw thrown;
          const failure = failureOf(thrown, open.signal, log);
          if (open.signal.aborted) throw failure;
          await sendResponse(
            jsonResponse({ error: failure.message }, { status: failure.status }),
            open.signal,
            send,
          );
        }
      },
    ),
  };
};

const readRequest = (wire: WireCallResourceRequest): ResourceRequest => {
  const headers = new RequestHeaders(
    Object.entries(wire.headers).map(([name, { values }]) => [name, values] as const),
  );
  const query = wire.url.indexOf('?');
  return {
    method: wire.method.toUpperCase(),
    path: wire.path.replace(/^\/+/, ''),
    search: new URLSearchParams(query < 0 ? '' : wire.url.slice(query + 1)),
    headers,
    body: wire.body,
    params: {},
    json() {
      try {
        return JSON.parse(new TextDecoder().decode(wire.body)) as unknown;
      } catch (cause) {
        throw new PluginError(`The body is no JSON: ${(cause as Error).message}`, { status: 400, cause });
      }
    },
  };
};

const encoder = new TextEncoder();
const bytesOf = (chunk: string | Uint8Array): Uint8Array =>
  typeof chunk === 'string' ? encoder.encode(chunk) : chunk;

const sendResponse = async (
  { status = 200, headers = {}, body = '' }: ResourceResponse,
  signal: AbortSignal,
  send: Send<WireCallResourceResponse>,
): Promise<void> => {
  const head = { code: status, headers: listsOf(headers) };
  if (typeof body === 'string' || body instanceof Uint8Array) {
    await send({ ...head, body: bytesOf(body) });
    return;
  }
  await send({ ...head, body: new Uint8Array(0) });
  const chunks = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await untilAborted(Promise.resolve(chunks.next()), signal);
      if (next.done) return;
      await send({ code: status, headers: {}, body: bytesOf(next.value) });
    }
  } finally {
    // Not awaited: a source that hangs would hang the call.
    void Promise.resolve(chunks.return?.()).catch(() => undefined);
  }
};

const listsOf = (headers: Readonly<Record<string, string | readonly string[]>>): StringListMap =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      { values: typeof value === 'string' ? [value] : [...value] },
    ]),
  );
