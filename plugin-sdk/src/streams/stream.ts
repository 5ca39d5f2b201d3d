import type { Frame } from '../frame/frame.ts';
import type { RequestHeaders } from '../request-headers.ts';

export interface StreamRequest {
  /** The channel is `ds/<uid>/<path>`. */
  readonly path: string;
  /** What the subscriber (for `run`, the first one) sent along, parsed; undefined when it sent nothing. Not validated. */
  readonly data: unknown;
  readonly headers: RequestHeaders;
}

export type SubscribeReply =
  /** `initial` goes to this subscriber alone: late ones get schema and recent rows this way. */
  | { readonly status: 'ok'; readonly initial?: Frame }
  | { readonly status: 'not-found' }
  | { readonly status: 'permission-denied' };

export type PublishReply =
  | { readonly status: 'ok'; readonly data?: unknown }
  | { readonly status: 'not-found' }
  | { readonly status: 'permission-denied' };

/** Which half of a frame goes out. `data` alone is understood only by subscribers that have had the schema. */
export type FrameInclude = 'all' | 'schema' | 'data';

export interface StreamSender {
  /**
   * Sends a frame to everyone on the channel. Resolves when the host can take more, so awaiting it is the back-pressure.
   * Rejects with the signal's reason once the stream is over. `include` is `all` unless given.
   */
  send(frame: Frame, include?: FrameInclude): Promise<void>;
}
