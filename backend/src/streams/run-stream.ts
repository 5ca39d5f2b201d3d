import type { LiveFlows, LiveMessage, LiveRates } from '@weir/core/live';
import type { Frame, FrameNotice, StreamSender } from '@weir/plugin-sdk';
import { type CollectorAddress, followCollector } from './collector-socket.ts';
import { flowsFrame, ratesFrame } from './live-frames.ts';
import type { StreamSpec } from './stream-specs.ts';

/** So many messages wait for a slow host; beyond, the oldest are dropped and said to be. */
const MAX_WAITING = 20;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
/** A filter that the collector refuses stays wrong: it is asked again rarely, in case the collector has changed. */
const REFUSED_PAUSE_MS = 60_000;
const PLAIN: Readonly<Record<StreamSpec['kind'], readonly string[]>> = {
  flows: ['timestamp', 'source_ip', 'destination_ip', 'protocol', 'bytes_in'],
  rates: ['bytes', 'packets', 'flows'],
};

export interface RunningStream {
  /** What a subscriber who comes later must know. */
  readonly schema: Frame;
}

/**
 * Follows the collector for one channel: the schema first, then the rows as they come, until the signal aborts. While the collector is
 * away the stream stays and says so in a notice, since ending it would have Grafana start it again and again.
 */
export async function runStream(
  address: CollectorAddress,
  spec: StreamSpec,
  sender: StreamSender,
  signal: AbortSignal,
  onSchema: (running: RunningStream) => void = () => undefined,
): Promise<void> {
  let pause = FIRST_PAUSE_MS;
  let columns = PLAIN[spec.kind];
  while (!signal.aborted) {
    const outbox = new Outbox();
    const connection = new AbortController();
    const either = AbortSignal.any([signal, connection.signal]);
    let heard = false;
    const following = followCollector(address, spec, either, (message) => {
      heard = true;
      outbox.put(message);
    }).finally(() => outbox.close());
    try {
      for await (const { message, dropped } of outbox) {
        if (message.type === 'schema') {
          columns = message.columns;
          const schema = frameOf(spec, columns, undefined, []);
          onSchema({ schema });
          await sender.send(schema, 'all');
        } else if (message.type !== 'error') {
          const lost = dropped + (message.type === 'flows' ? message.skipped : 0);
          // Rows alone say nothing of what is missing: the whole frame has room for a notice.
          if (lost > 0) await sender.send(frameOf(spec, columns, message, [lostNotice(lost)]), 'all');
          else if (message.rows.length > 0) await sender.send(frameOf(spec, columns, message, []), 'data');
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    } finally {
      connection.abort();
    }
    const end = await following;
    if (signal.aborted) return;
    if (heard && !end.refused) pause = FIRST_PAUSE_MS;
    await sender.send(
      frameOf(spec, columns, undefined, [{ severity: end.refused ? 'error' : 'warning', text: end.text }]),
      'all',
    );
    await sleep(end.refused ? REFUSED_PAUSE_MS : pause, signal);
    pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
  }
}

function frameOf(
  spec: StreamSpec,
  columns: readonly string[],
  message: LiveFlows | LiveRates | undefined,
  notices: readonly FrameNotice[],
): Frame {
  return spec.kind === 'flows'
    ? flowsFrame(columns, message?.type === 'flows' ? message : undefined, notices)
    : ratesFrame(columns, message?.type === 'rates' ? message : undefined, notices);
}

function lostNotice(lost: number): FrameNotice {
  return { severity: 'info', text: `${lost} more matched and are not shown: a narrower filter shows all.` };
}

/** Messages between the socket and a host that may be slow. */
class Outbox implements AsyncIterable<{ readonly message: LiveMessage; readonly dropped: number }> {
  readonly #waiting: LiveMessage[] = [];
  #dropped = 0;
  #closed = false;
  #wake: (() => void) | undefined;

  put(message: LiveMessage): void {
    if (this.#waiting.length >= MAX_WAITING) {
      const at = this.#waiting.findIndex(({ type }) => type !== 'schema');
      const [oldest] = this.#waiting.splice(Math.max(0, at), 1);
      if (oldest?.type === 'flows') this.#dropped += oldest.matched;
    }
    this.#waiting.push(message);
    this.#wake?.();
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<{ message: LiveMessage; dropped: number }> {
    for (;;) {
      const message = this.#waiting.shift();
      if (message !== undefined) {
        const dropped = this.#dropped;
        this.#dropped = 0;
        yield { message, dropped };
      } else if (this.#closed) return;
      else await new Promise<void>((wake) => (this.#wake = wake));
    }
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) return done();
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      done();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish, { once: true });
  });
}
