import { describe, expect, it } from '@jest/globals';
import { encodeNative } from '@weir/core';
import type { AnomalyRow } from '@weir/core/anomalies';
import { type ClosedWindow, windowKinds } from '@weir/core/windows';
import { DetectionEngine } from '../engine.ts';
import type { DetectionSettings } from '../settings.ts';
import { decodeWindows } from '../windows/index.ts';
import { type Flow, NOON, batchOf, rowsOf } from '../windows/testing/flows.ts';
import { LiveDetection } from './live-detection.ts';

const settings: DetectionSettings = {
  enabled: true,
  ownNetworks: ['10.0.0.0/8'],
  latenessSeconds: 20,
  capacities: { source: 64, destination: 64, pair: 64, interface: 64, service: 64, tenant: 8, prefix: 64 },
  detectors: {},
  tenants: {},
  exclude: [],
  silences: [],
  rules: [],
};

/** A LiveDetection on a clock that is set by hand, in seconds from noon. */
class Rig {
  time = 0;
  readonly took: [start: number, records: number][] = [];
  readonly looked: [start: number, records: number][] = [];
  readonly stored: ClosedWindow[] = [];
  readonly anomalies: AnomalyRow[] = [];
  readonly faults: unknown[] = [];
  readonly live: LiveDetection;

  constructor({ going = true, from = 0 } = {}) {
    this.time = from;
    const seen = (window: ClosedWindow): [number, number] => [
      window.start - NOON,
      Number(rowsOf(window, 'tenant')[0]?.['records'] ?? 0),
    ];
    const row = { title: 'a row' } as AnomalyRow;
    this.live = new LiveDetection({
      settings,
      collector: 'here',
      engine: {
        latestWindow: -Infinity,
        take: (window) => {
          this.took.push(seen(window));
          return [row];
        },
        early: (window) => {
          this.looked.push(seen(window));
          return [];
        },
        counts: () => new DetectionEngine({ settings }).counts(),
      },
      onWindow: (block) => this.stored.push(...decodeWindows(block)),
      onAnomalies: (rows) => this.anomalies.push(...rows),
      onFault: (error) => this.faults.push(error),
      now: () => (NOON + this.time) * 1000,
    });
    if (going) this.live.go();
  }

  flows(...flows: Flow[]): void {
    this.live.observe(
      encodeNative(batchOf(flows.map((f) => ({ source_ip: '10.0.0.1', timestamp: NOON + this.time, ...f })))),
    );
  }

  at(time: number): void {
    this.time = time;
    this.live.turn();
  }
}

describe('windows of live flows', () => {
  it('are looked at when they have ended, and taken and stored when they are closed', () => {
    const rig = new Rig({ from: 2 });
    rig.flows({}, {});
    rig.at(9);
    expect(rig.looked).toEqual([]);
    rig.at(10);
    expect(rig.looked).toEqual([[0, 2]]);
    rig.flows({ end_lag_ms: 5000 }, {});
    rig.at(15);
    rig.at(16);
    expect(rig.looked).toEqual([
      [0, 2],
      [0, 3],
    ]);
    rig.at(29.9);
    expect(rig.took).toEqual([]);
    rig.at(30.1);
    expect(rig.took).toEqual([[0, 3]]);
    expect(rig.stored.map((w) => w.start - NOON)).toEqual([0]);
    expect(rowsOf(rig.stored[0]!, 'source')).toMatchObject([{ source_ip: '10.0.0.1', records: 3 }]);
    expect(rig.anomalies).toHaveLength(1);
    expect(rig.live.counts()).toMatchObject({
      windowsClosed: 1,
      windowsTaken: 1,
      records: 4,
      anomalyRows: 1,
    });
  });

  it('reach detectors without a gap, in order, those too in which nothing came; these are not stored', () => {
    const rig = new Rig();
    rig.flows({});
    rig.at(35);
    rig.flows({});
    rig.at(95);
    expect(rig.took).toEqual([
      [0, 1],
      [10, 0],
      [20, 0],
      [30, 1],
      [40, 0],
      [50, 0],
      [60, 0],
    ]);
    expect(rig.stored).toHaveLength(2);
  });

  it('from before the start are taken first, where late flows come to them', () => {
    const rig = new Rig({ from: 100 });
    rig.flows({ end_lag_ms: 15_000 });
    rig.at(125);
    expect(rig.took).toEqual([
      [80, 1],
      [90, 0],
    ]);
  });

  it('are not made up for days when the clock is set', () => {
    const rig = new Rig();
    rig.at(30 * 86_400);
    expect(rig.took).toHaveLength(1);
  });

  it('wait while detection learns, are stored meanwhile, and are taken in order when it goes', () => {
    const rig = new Rig({ going: false });
    rig.flows({});
    rig.at(12);
    rig.flows({});
    rig.at(60);
    expect(rig.took).toEqual([]);
    expect(rig.looked).toEqual([]);
    expect(rig.stored).toHaveLength(2);
    expect(rig.live.counts().waitingWindows).toBe(4);
    rig.live.go();
    expect(rig.took.map(([start]) => start)).toEqual([0, 10, 20, 30]);
    rig.at(70);
    expect(rig.took.map(([start]) => start)).toEqual([0, 10, 20, 30, 40]);
  });

  it('wait in bounded number: the oldest are passed over, and counted', () => {
    const rig = new Rig({ going: false });
    rig.at(1220);
    expect(rig.live.counts()).toMatchObject({ waitingWindows: 60, windowsPassedOver: 60 });
    rig.live.go();
    expect(rig.took[0]).toEqual([600, 0]);
  });

  it('are stored at the end, and not judged by their half', () => {
    const rig = new Rig();
    rig.flows({});
    rig.time = 12;
    rig.flows({});
    rig.live.finish();
    expect(rig.stored.map((w) => w.start - NOON)).toEqual([0, 10]);
    expect(rig.took).toEqual([]);
  });

  it('suffer no block that cannot be read: it is said, and the next is counted as ever', () => {
    const rig = new Rig();
    const block = encodeNative(batchOf([{ source_ip: '10.0.0.1' }]));
    rig.live.observe(block.subarray(0, block.length - 3));
    expect(rig.faults).toHaveLength(1);
    rig.flows({});
    rig.at(40);
    expect(rig.took[0]).toEqual([0, 1]);
    expect(rig.live.counts()).toMatchObject({ faultyBlocks: 1, records: 1 });
    expect(windowKinds.every(({ name }) => rig.stored[0]!.kinds[name].rows <= 1)).toBe(true);
  });
});
