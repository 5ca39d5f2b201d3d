import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServerWritableStream,
  status as code,
} from '@grpc/grpc-js';
import type { OpenCall } from '../calls/call-tracker.ts';
import { failureOf } from '../calls/failure.ts';
import { CallAborted, type PluginError } from '../plugin-error.ts';
import type { Runtime } from './runtime.ts';

/** A call with one answer. What the handler throws becomes the status of the call. */
export const unary =
  <Request, Response, T>(
    runtime: Runtime<T>,
    rpc: string,
    handle: (request: Request, open: OpenCall) => Promise<Response>,
  ): handleUnaryCall<Request, Response> =>
  (call, callback) => {
    const open = runtime.tracker.begin(rpc, call);
    handle(call.request, open).then(
      (response) => {
        open.end('ok');
        callback(null, response);
      },
      (thrown: unknown) => {
        const failure = failureOf(thrown, open.signal, runtime.log.with({ rpc }));
        open.end(outcomeOf(failure));
        callback(statusOf(failure));
      },
    );
  };

/** Sends one message; resolves when the next one may follow, rejects once the call was aborted. */
export type Send<Message> = (message: Message) => Promise<void>;

/** A call with many answers. `isStream`: one that lasts until it is cancelled, which then is its normal end. */
export const serverStreaming =
  <Request, Response, T>(
    runtime: Runtime<T>,
    rpc: string,
    { isStream }: { readonly isStream: boolean },
    handle: (request: Request, open: OpenCall, send: Send<Response>) => Promise<void>,
  ): handleServerStreamingCall<Request, Response> =>
  (call) => {
    const open = runtime.tracker.begin(rpc, call, { isStream });
    // Errors of a connection that is gone reach the call as events; its signal has told the handler already.
    call.on('error', () => undefined);
    handle(call.request, open, (message) => writeWithPressure(call, message, open.signal)).then(
      () => {
        open.end('ok');
        call.end();
      },
      (thrown: unknown) => {
        const failure = failureOf(thrown, open.signal, runtime.log.with({ rpc }));
        open.end(outcomeOf(failure));
        if (isStream && failure instanceof CallAborted) call.end();
        else call.emit('error', statusOf(failure));
      },
    );
  };

const writeWithPressure = <Request, Response>(
  call: ServerWritableStream<Request, Response>,
  message: Response,
  signal: AbortSignal,
): Promise<void> => {
  if (signal.aborted) return Promise.reject(signal.reason as Error);
  if (call.write(message)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const onDrain = (): void => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    };
    const onAbort = (): void => {
      call.off('drain', onDrain);
      reject(signal.reason as Error);
    };
    call.once('drain', onDrain);
    signal.addEventListener('abort', onAbort, { once: true });
  });
};

const outcomeOf = (failure: PluginError): string =>
  failure instanceof CallAborted ? failure.why : String(failure.status);

const CODES: ReadonlyMap<number, code> = new Map([
  [400, code.INVALID_ARGUMENT],
  [401, code.UNAUTHENTICATED],
  [403, code.PERMISSION_DENIED],
  [404, code.NOT_FOUND],
  [429, code.RESOURCE_EXHAUSTED],
  [499, code.CANCELLED],
  [501, code.UNIMPLEMENTED],
  [504, code.DEADLINE_EXCEEDED],
]);

/** Status texts travel in a header; longer ones would break the call. */
const MAX_DETAILS = 2_000;

export const statusOf = (failure: PluginError): { code: code; details: string } => ({
  code:
    failure instanceof CallAborted && failure.why === 'shutdown'
      ? code.UNAVAILABLE
      : (CODES.get(failure.status) ?? code.UNKNOWN),
  details: failure.message.slice(0, MAX_DETAILS),
});
