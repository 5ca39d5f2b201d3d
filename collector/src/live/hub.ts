import type { LiveError, LiveFlows, LiveRates, LiveSchema } from '@weir/core';
import type { LiveSubscription, TapMessage } from './subscription.ts';
import type { LiveRequest } from './request.ts';

/** A reader's connection: what of a WebSocket is needed. */
export interface LiveSocket {
  send(text: string): void;
  /** Bytes handed to it that have not left. */
  readonly bufferedAmount: number;
  close(code: number, reason: string): void;
}

/** Where subscriptions are carried out. */
export interface LiveSource {
  subscribe(subscription: LiveSubscription): void;
  unsubscribe(id: number): void;
}

export interface LiveCounts {
  readonly subscriptions: { readonly flows: number; readonly rates: number };
  /** Rows and messages sent to readers. */
  readonly rowsSent: number;
  readonly messagesSent: number;
  /** Messages that a slow reader has lost. */
  readonly messagesDropped: number;
  /** Flows that matched and were not shown, for the limit or for a slow reader. */
  readonly rowsSkipped: number;
  readonly refused: number;
}

/** Beyond so many bytes that a reader has not taken, it loses messages. */
const MOST_BUFFERED = 256 * 1024;
/** WebSocket status codes: ours for a request that is wrong, and for too many subscriptions; 1001 is "going away". */
export const LIVE_BAD_REQUEST = 4400;
export const LIVE_TOO_MANY = 4429;
const GOING_AWAY = 1001;
/** Longest reason that a close frame takes, in bytes. */
const MOST_REASON = 120;

interface Reader {
  readonly socket: LiveSocket;
  readonly kind: 'flows' | 'rates';
  /** Of messages lost since the latest sent. */
  owedMatched: number;
}

/** Live readers: takes what the receiving thread's tap has seen to each, and what a slow reader does not take is lost to it. */
export class LiveHub {
  private readonly readers = new Map<number, Reader>();
  private readonly source: LiveSource;
  private readonly limit: number;
  private readonly version: string;
  private nextId = 1;
  private rowsSent = 0;
  private messagesSent = 0;
  private messagesDropped = 0;
  private rowsSkipped = 0;
  private refused = 0;

  constructor(source: LiveSource, options: { readonly limit: number; readonly version: string }) {
    this.source = source;
    this.limit = options.limit;
    this.version = options.version;
  }

  /** Answers a reader's request. Returns what to call when its connection has ended. */
  open(socket: LiveSocket, request: LiveRequest, tenant: string | undefined): () => void {
    if (!request.ok) {
      this.refuse(socket, LIVE_BAD_REQUEST, request.error);
      return () => undefined;
    }
    if (this.readers.size >= this.limit) {
      this.refuse(
        socket,
        LIVE_TOO_MANY,
        `${this.limit} live subscriptions are open, as many as http.live_subscriptions allows.`,
      );
      return () => undefined;
    }
    const id = this.nextId++;
    const schema: LiveSchema = { type: 'schema', columns: request.columns, version: this.version };
    socket.send(JSON.stringify(schema));
    this.readers.set(id, { socket, kind: request.subscription.kind, owedMatched: 0 });
    this.source.subscribe({ ...request.subscription, id, tenant });
    return () => {
      if (this.readers.delete(id)) this.source.unsubscribe(id);
    };
  }

  private refuse(socket: LiveSocket, code: number, error: string): void {
    this.refused++;
    socket.send(JSON.stringify({ type: 'error', error } satisfies LiveError));
    socket.close(code, cut(error));
  }

  /** Takes a message of the tap to its reader. */
  deliver(message: TapMessage): void {
    const reader = this.readers.get(message.id);
    if (reader === undefined) return;
    if (reader.socket.bufferedAmount > MOST_BUFFERED) {
      this.messagesDropped++;
      if (message.kind === 'flows') {
        reader.owedMatched += message.matched;
        this.rowsSkipped += message.matched;
      }
      return;
    }
    this.messagesSent++;
    this.rowsSent += message.shown;
    if (message.kind === 'rates') {
      const { t, seconds, rows, total } = message;
      reader.socket.send(withRows<LiveRates>({ type: 'rates', t, seconds, rows: [], total }, rows));
      return;
    }
    this.rowsSkipped += message.matched - message.shown;
    const matched = message.matched + reader.owedMatched;
    reader.owedMatched = 0;
    const { t, shown, rows } = message;
    reader.socket.send(
      withRows<LiveFlows>({ type: 'flows', t, rows: [], matched, skipped: matched - shown }, rows),
    );
  }

  counts(): LiveCounts {
    const flows = [...this.readers.values()].filter(({ kind }) => kind === 'flows').length;
    return {
      subscriptions: { flows, rates: this.readers.size - flows },
      rowsSent: this.rowsSent,
      messagesSent: this.messagesSent,
      messagesDropped: this.messagesDropped,
      rowsSkipped: this.rowsSkipped,
      refused: this.refused,
    };
  }

  /** Ends all connections. */
  close(): void {
    for (const [id, { socket }] of this.readers) {
      this.source.unsubscribe(id);
      socket.close(GOING_AWAY, 'The collector is stopping.');
    }
    this.readers.clear();
  }
}

/** The message as JSON, with rows that are JSON already. */
function withRows<M extends LiveFlows | LiveRates>(message: M, rows: string): string {
  return JSON.stringify(message).replace('"rows":[]', () => `"rows":${rows}`);
}

function cut(reason: string): string {
  let text = reason.split('\n')[0]!;
  while (Buffer.byteLength(text) > MOST_REASON) text = text.slice(0, -1);
  return text;
}
