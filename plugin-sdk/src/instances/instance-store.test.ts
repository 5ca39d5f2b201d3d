import { describe, expect, it } from '@jest/globals';
import { silentLogger, testSettings } from '../testing/test-context.ts';
import { InstanceStore } from './instance-store.ts';

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
};

describe('the instance store', () => {
  it('disposes of instances that nobody has asked for in a while, and not of those in use', async () => {
    const disposed: string[] = [];
    const store = new InstanceStore(
      { create: ({ uid }) => uid, dispose: (uid) => void disposed.push(uid), idleMs: 10 },
      silentLogger,
    );
    const used = await store.acquire(testSettings({ uid: 'used' }));
    (await store.acquire(testSettings({ uid: 'idle' }))).release();
    await until(() => disposed.length > 0);
    expect(disposed).toEqual(['idle']);
    used.release();
    await until(() => disposed.length > 1);
    await store.close();
    expect(disposed).toEqual(['idle', 'used']);
  });

  it('makes another instance for a changed secret, and disposes of all at the end', async () => {
    const disposed: number[] = [];
    let made = 0;
    const store = new InstanceStore(
      { create: () => ++made, dispose: (each) => void disposed.push(each) },
      silentLogger,
    );
    const lease = async (password: string) =>
      (await store.acquire(testSettings({ secureJsonData: { password } }))).instance;
    expect([await lease('a'), await lease('a'), await lease('b')]).toEqual([1, 1, 2]);
    await store.close();
    expect(disposed.sort()).toEqual([1, 2]);
  });

  it('survives an instance that cannot be disposed of', async () => {
    const store = new InstanceStore(
      {
        create: () => 1,
        dispose: () => {
          throw new Error('stuck');
        },
      },
      silentLogger,
    );
    (await store.acquire(testSettings())).release();
    await expect(store.close()).resolves.toBeUndefined();
  });
});
