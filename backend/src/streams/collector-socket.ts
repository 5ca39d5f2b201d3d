import type { LiveMessage } from '@weir/core/live';
import { WebSocket } from 'ws';
import type { StreamSpec } from './stream-specs.ts';

/** Where the collector's live interface is, and who asks. */
export interface CollectorAddress {
  readonly url: string;
  readonly token: string | undefined;
}

/** Why a connection ended. `refused` ones will not be better for trying again. */
export interface SocketEnd {
  readonly refused: boolean;
  readonly text: string;
}

const MAX_MESSAGE_BYTES = 16 << 20;
const HANDSHAKE_MS = 10_000;

/** The address of what a stream follows. */
export function liveUrl(collectorUrl: string, spec: StreamSpec): string {
  const url = new URL(`${collectorUrl.replace(/\/+$/, '')}/ws/${spec.kind}`);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  if (spec.filter !== '') url.searchParams.set('filter', spec.filter);
  if (spec.kind === 'flows' && spec.columns.length > 0)
    url.searchParams.set('columns', spec.columns.join(','));
  if (spec.kind === 'rates') {
    if (spec.by.length > 0) url.searchParams.set('by', spec.by.join(','));
    url.searchParams.set('every', String(spec.every));
  }
  url.searchParams.set('limit', String(spec.limit));
  return url.toString();
}

/**
 * Opens one connection to the collector and hands on what it says, until it ends or the signal aborts. Resolves with why.
 *
 * @param onMessage called for each message, in order
 */
export function followCollector(
  address: CollectorAddress,
  spec: StreamSpec,
  signal: AbortSignal,
  onMessage: (message: LiveMessage) => void,
): Promise<SocketEnd> {
  return new Promise((resolve) => {
    const where = new URL(address.url).host;
    const socket = new WebSocket(liveUrl(address.url, spec), {
      headers: address.token === undefined ? {} : { Authorization: `Bearer ${address.token}` },
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
    });
    let end: SocketEnd = { refused: false, text: `The collector at ${where} has closed the connection.` };
    const stop = (): void => socket.terminate();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    socket.on('message', (data: Buffer) => {
      let message: LiveMessage;
      try {
        message = JSON.parse(data.toString()) as LiveMessage;
      } catch {
        end = { refused: true, text: `${where} does not speak as a collector does.` };
        socket.terminate();
        return;
      }
      if (message.type === 'error')
        end = { refused: true, text: `The collector refuses it: ${message.error}` };
      onMessage(message);
    });
    socket.on('unexpected-response', (request, response) => {
      const status = response.statusCode ?? 0;
      end =
        status === 401 || status === 403
          ? {
              refused: true,
              text: `The collector at ${where} refuses the token (HTTP status ${status}): check the collector token.`,
            }
          : status === 404
            ? {
                refused: true,
                text: `${where} has no live interface (HTTP status 404): check the collector URL and its version.`,
              }
            : { refused: false, text: `The collector at ${where} answers with HTTP status ${status}.` };
      request.destroy();
      socket.terminate();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (end.refused) return;
      const status = /Unexpected server response: (\d+)/.exec(error.message)?.[1];
      end =
        status === '401' || status === '403'
          ? {
              refused: true,
              text: `The collector at ${where} refuses the token (HTTP status ${status}): check the collector token.`,
            }
          : {
              refused: false,
              text: `The collector at ${where} cannot be reached: ${error.code ?? error.message}.`,
            };
    });
    socket.on('close', () => {
      signal.removeEventListener('abort', stop);
      resolve(end);
    });
  });
}
