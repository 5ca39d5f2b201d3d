import type { MessagePort } from 'node:worker_threads';
import type { FromFeed, ToFeed } from './messages.ts';

const SPARE = 4;

/** What did not go to detection. */
export interface FeedCounts {
  /** Bytes of blocks that detection has not worked off. */
  readonly waitingBytes: number;
  /** Flows of blocks that were passed over, for too many bytes waited. */
  readonly flowsPassedOver: number;
}

/**
 * Copies of sealed blocks for detection, from the receiving thread's end. Nothing waits for detection: where it is more than so many
 * bytes behind, blocks are passed over and counted.
 */
export class BlockFeed {
  private readonly limitBytes: number;
  private readonly memory: ArrayBuffer[] = [];
  private port: MessagePort | undefined;
  private waitingBytes = 0;
  private flowsPassedOver = 0;
  /** Called when a window has ended: to seal what is being filled. */
  private readonly onSeal: () => void;

  constructor(limitBytes: number, onSeal: () => void) {
    this.limitBytes = limitBytes;
    this.onSeal = onSeal;
  }

  /** Feeds another thread from now on. */
  connect(port: MessagePort): void {
    this.port?.close();
    this.port = port;
    this.waitingBytes = 0;
    port.on('message', (message: FromFeed) => {
      if (this.port !== port) return;
      if (message.kind === 'seal') {
        this.onSeal();
        this.post({ kind: 'sealed' });
        return;
      }
      this.waitingBytes -= message.bytes;
      if (this.memory.length < SPARE) this.memory.push(message.memory);
    });
  }

  /** Copies a block of so many rows, or passes it over. */
  offer(block: Uint8Array<ArrayBuffer>, rows: number): void {
    if (this.port === undefined || rows === 0) return;
    if (this.waitingBytes + block.length > this.limitBytes) {
      this.flowsPassedOver += rows;
      return;
    }
    this.waitingBytes += block.length;
    const copy = this.room(block.length);
    copy.set(block);
    this.post({ kind: 'block', block: copy }, [copy.buffer]);
  }

  /** Memory that came back, where it is large enough, and not so large that small blocks would hold much of it. */
  private room(bytes: number): Uint8Array<ArrayBuffer> {
    const spare = this.memory.pop();
    return spare !== undefined && spare.byteLength >= bytes
      ? new Uint8Array(spare, 0, bytes)
      : new Uint8Array(bytes);
  }

  private post(message: ToFeed, transfer: readonly ArrayBuffer[] = []): void {
    this.port?.postMessage(message, [...transfer]);
  }

  counts(): FeedCounts {
    return { waitingBytes: this.waitingBytes, flowsPassedOver: this.flowsPassedOver };
  }

  /** What was offered still arrives. */
  close(): void {
    this.port?.close();
    this.port = undefined;
  }
}
