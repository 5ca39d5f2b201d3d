import {
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServerDuplexStream,
  type ServerWritableStream,
  status as code,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { type Empty, SERVICE_UNKNOWN, SERVING } from '../protocol/messages.ts';
import type { Runtime } from './runtime.ts';

/** What the plugin host itself talks to: it opens stdio and broker at the start and keeps them open. */
export const hostServices = <T>(
  runtime: Runtime<T>,
  onShutdown: () => void,
): Record<'health' | 'controller' | 'broker' | 'stdio', UntypedServiceImplementation> => {
  const hold = <Request, Response>(
    rpc: string,
    call: ServerWritableStream<Request, Response> | ServerDuplexStream<Request, Response>,
  ): void => {
    const open = runtime.tracker.begin(rpc, call, { isStream: true });
    const finish = (): void => {
      open.end('ok');
      call.end();
    };
    call.on('error', () => open.end('cancelled'));
    if (open.signal.aborted) finish();
    else open.signal.addEventListener('abort', finish, { once: true });
    if ('read' in call) {
      call.on('end', finish);
      call.resume();
    }
  };

  const check: handleUnaryCall<{ service: string }, { status: number }> = (call, callback) => {
    if (isKnown(call.request.service)) callback(null, { status: SERVING });
    else callback({ code: code.NOT_FOUND, details: `No service "${call.request.service}".` });
  };
  const watch: handleServerStreamingCall<{ service: string }, { status: number }> = (call) => {
    call.write({ status: isKnown(call.request.service) ? SERVING : SERVICE_UNKNOWN });
    hold('Watch', call);
  };
  const shutdown: handleUnaryCall<Empty, Empty> = (_call, callback) => {
    callback(null, {});
    setImmediate(onShutdown);
  };
  const startStream: handleBidiStreamingCall<Empty, Empty> = (call) => hold('StartStream', call);
  const streamStdio: handleServerStreamingCall<Empty, Empty> = (call) => hold('StreamStdio', call);

  return {
    health: { Check: check, Watch: watch },
    controller: { Shutdown: shutdown },
    broker: { StartStream: startStream },
    stdio: { StreamStdio: streamStdio },
  };
};

/** The host asks for "plugin", others for the server as a whole. */
const isKnown = (service: string): boolean => service === '' || service === 'plugin';
