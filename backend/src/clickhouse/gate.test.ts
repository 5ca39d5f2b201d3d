import { describe, expect, it } from '@jest/globals';
import { Gate, QueueFull } from './gate.ts';

const never = new AbortController().signal;

/** A task that ends when it is told to. */
function task(): { run: () => Promise<string>; end: (text: string) => void; begun: () => boolean } {
  let end: (text: string) => void = () => undefined;
  let begun = false;
  const result = new Promise<string>((resolve) => (end = resolve));
  return {
    run: () => {
      begun = true;
      return result;
    },
    end: (text) => end(text),
    begun: () => begun,
  };
}

describe('Gate', () => {
  it('lets so many through, has so many wait in their order, and refuses the others with advice', async () => {
    const gate = new Gate(1, 2);
    const tasks = [task(), task(), task()];
    const answers = tasks.map(({ run }) => gate.run(never, run));
    expect(tasks.map(({ begun }) => begun())).toEqual([true, false, false]);
    await expect(gate.run(never, () => Promise.resolve('late'))).rejects.toThrow(QueueFull);
    await expect(gate.run(never, () => Promise.resolve('late'))).rejects.toThrow(
      '1 queries of this data source run and 2 wait',
    );
    tasks[0]!.end('a');
    expect(await answers[0]).toBe('a');
    await Promise.resolve();
    expect(tasks.map(({ begun }) => begun())).toEqual([true, true, false]);
    tasks[1]!.end('b');
    tasks[2]!.end('c');
    expect(await Promise.all(answers)).toEqual(['a', 'b', 'c']);
    expect([gate.inside, gate.waiting]).toEqual([0, 0]);
  });

  it('gives up the place of one that is cancelled while it waits', async () => {
    const gate = new Gate(1, 5);
    const first = task();
    const running = gate.run(never, first.run);
    const cancel = new AbortController();
    const second = task();
    const waiting = gate.run(cancel.signal, second.run);
    cancel.abort(new Error('not wanted any more'));
    await expect(waiting).rejects.toThrow('not wanted any more');
    first.end('done');
    await running;
    expect(second.begun()).toBe(false);
    expect([gate.inside, gate.waiting]).toEqual([0, 0]);
  });

  it('passes its place on after a failure', async () => {
    const gate = new Gate(1, 5);
    const failing = gate.run(never, () => Promise.reject(new Error('no')));
    const next = gate.run(never, () => Promise.resolve('yes'));
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('yes');
  });
});
