import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import { encodeNative } from '@weir/core';
import type { ClosedWindow } from '@weir/core/windows';
import { decodeWindows } from '../windows/index.ts';
import { batchOf, rowsOf } from '../windows/testing/flows.ts';
import { DetectionClient } from './detection-client.ts';
import type { ToFeed } from './messages.ts';
import { readDetectionState } from './state-file.ts';

/* The thread itself, with a database in which nothing is. */

const dir = mkdtempSync(join(tmpdir(), 'weir-detection-'));
const started: DetectionClient[] = [];
afterEach(async () => {
  for (const client of started.splice(0)) await client.terminate();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

class Rig {
  readonly stored: ClosedWindow[] = [];
  readonly log: string[] = [];
  readonly asked: string[] = [];
  readonly feeds: MessagePort[] = [];
  readonly client: DetectionClient;

  constructor(ownNetworks: string[] = ['10.0.0.0/8']) {
    const note = (message: string): void => void this.log.push(message);
    this.client = new DetectionClient({
      settings: {
        detection: {
          enabled: true,
          ownNetworks,
          latenessSeconds: 20,
          capacities: {
            source: 64,
            destination: 64,
            pair: 64,
            service: 64,
            prefix: 64,
            interface: 64,
            tenant: 8,
          },
          detectors: {},
          tenants: {},
          exclude: [],
          silences: [],
          rules: [],
        },
        warmUpDays: 14,
        collector: 'here',
        database: 'weir',
        stateFile: join(dir, 'detection.state'),
      },
      reads: {
        query: (sql) => {
          this.asked.push(sql);
          return Promise.resolve([]);
        },
        queryNative: () => Promise.resolve(new Uint8Array(0)),
      },
      log: { info: note, warn: note, error: note },
      connect: (feed) => this.feeds.push(feed),
      onWindow: (block) => this.stored.push(...decodeWindows(block)),
      onAnomalies: () => undefined,
    });
    started.push(this.client);
    this.client.start();
  }

  async until(what: string, probe: () => boolean): Promise<void> {
    for (let i = 0; i < 600 && !probe(); i++) await new Promise((resolve) => setTimeout(resolve, 25));
    if (!probe()) throw new Error(`waited in vain for ${what}; log: ${this.log.join('\n')}`);
  }
}

describe('the detection thread', () => {
  it('counts what is fed to it, stores open windows at the end, and remembers', async () => {
    const rig = new Rig();
    await rig.until('counts', () => rig.client.counts()?.catchingUp === false);
    expect(rig.asked.some((sql) => sql.includes('weir.anomalies'))).toBe(true);
    expect(rig.asked.some((sql) => sql.includes('windows_10s'))).toBe(true);
    const now = Math.floor(Date.now() / 1000);
    const block = encodeNative(batchOf([1, 2, 3].map(() => ({ timestamp: now, source_ip: '10.0.0.1' }))));
    const [feed] = rig.feeds;
    feed!.postMessage({ kind: 'block', block } satisfies ToFeed, [block.buffer]);
    feed!.close();
    await rig.client.stop();
    expect(rowsOf(rig.stored.at(-1)!, 'source')).toMatchObject([{ source_ip: '10.0.0.1', records: 3 }]);
    expect(rig.client.counts()).toMatchObject({ records: 3, windowsClosed: 1, faultyBlocks: 0 });
    expect(rig.client.failures).toMatchObject({ deaths: 0 });
    expect(rig.log).toEqual([]);
  }, 30_000);

  it('says what is wrong with what was saved, and goes on without it', async () => {
    const file = join(dir, 'detection.state');
    const rig = new Rig();
    await rig.until('counts', () => rig.client.counts()?.catchingUp === false);
    rig.feeds[0]!.close();
    await rig.client.stop();
    writeFileSync(file, 'weir detection state 1\nhalf');
    const again = new Rig();
    await again.until('a word on it', () => again.log.length > 0);
    expect(again.log).toEqual([expect.stringContaining(`${file} is damaged`)]);
    await again.until('counts', () => again.client.counts()?.catchingUp === false);
    again.feeds[0]!.close();
    await again.client.stop();
    expect(readDetectionState(file).state).toBeDefined();
  }, 30_000);

  it('is said to have died, and is started again, where it dies', async () => {
    const rig = new Rig(['no prefix']);
    await rig.until('a death', () => rig.client.failures.deaths === 1);
    expect(rig.log[0]).toMatch(/Detection has ended and is started again in 5 s; flows are stored meanwhile/);
    expect(rig.client.failures).toMatchObject({
      alive: false,
      lastDeath: expect.stringContaining('no prefix'),
    });
  }, 30_000);
});
