import { afterEach, describe, expect, it } from '@jest/globals';
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { BlockFeed } from './block-feed.ts';
import type { FromFeed, ToFeed } from './messages.ts';

const ports: MessagePort[] = [];
afterEach(() => ports.splice(0).forEach((port) => port.close()));

function feed(limitBytes: number): {
  feed: BlockFeed;
  next: () => ToFeed | undefined;
  say: (m: FromFeed) => void;
  seals: () => number;
} {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  let seals = 0;
  const made = new BlockFeed(limitBytes, () => void seals++);
  made.connect(port1);
  return {
    feed: made,
    next: () => receiveMessageOnPort(port2)?.message as ToFeed | undefined,
    // As the port would: at once, so that a test need not wait.
    say: (message) => port1.emit('message', message),
    seals: () => seals,
  };
}

const block = (bytes: number): Uint8Array<ArrayBuffer> => new Uint8Array(bytes).fill(7);

describe('copies of sealed blocks', () => {
  it('go to detection, and leave the block as it is', () => {
    const { feed: made, next } = feed(1000);
    const own = block(5);
    made.offer(own, 3);
    expect(next()).toEqual({ kind: 'block', block: own });
    expect(own).toHaveLength(5);
    expect(made.counts()).toEqual({ waitingBytes: 5, flowsPassedOver: 0 });
  });

  it('are passed over where too many bytes wait, and go again when some have been worked off', () => {
    const { feed: made, next, say } = feed(10);
    made.offer(block(8), 30);
    made.offer(block(3), 20);
    made.offer(block(2), 10);
    expect(made.counts()).toEqual({ waitingBytes: 10, flowsPassedOver: 20 });
    const [first, second] = [next(), next()];
    expect([first, second, next()].map((m) => (m?.kind === 'block' ? m.block.length : 0))).toEqual([8, 2, 0]);
    const memory = new ArrayBuffer(8);
    say({ kind: 'taken', bytes: 8, memory });
    made.offer(block(4), 1);
    expect(made.counts()).toEqual({ waitingBytes: 6, flowsPassedOver: 20 });
    expect(next()).toEqual({ kind: 'block', block: block(4) });
    // Memory that came back carried it, and is gone with it.
    expect(memory.byteLength).toBe(0);
  });

  it('are asked for when a window has ended: what is being filled comes first', () => {
    const { next, say, seals } = feed(1000);
    say({ kind: 'seal' });
    expect(seals()).toBe(1);
    expect(next()).toEqual({ kind: 'sealed' });
  });

  it('are not made where nobody takes them', () => {
    const made = new BlockFeed(10, () => undefined);
    made.offer(block(20), 5);
    expect(made.counts()).toEqual({ waitingBytes: 0, flowsPassedOver: 0 });
  });

  it('go to the new thread where another takes the place of one that died', () => {
    const { feed: made, say } = feed(10);
    made.offer(block(9), 1);
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    made.connect(port1);
    made.offer(block(9), 1);
    expect(receiveMessageOnPort(port2)?.message).toEqual({ kind: 'block', block: block(9) });
    // What the dead one says late is none of the new one's.
    say({ kind: 'taken', bytes: 9, memory: new ArrayBuffer(9) });
    expect(made.counts()).toEqual({ waitingBytes: 9, flowsPassedOver: 0 });
  });
});
