import { describe, expect, it } from '@jest/globals';
import { FlowBatch, addressText, at } from '@weir/core';
import fc from 'fast-check';
import { WindowSet } from './index.ts';
import type { ClosedWindow, WindowKind } from '@weir/core/windows';
import { NOON } from './testing/flows.ts';

const V4 = 0xffff0000;
const SOURCES = 512;
const FLOOD = 30_000;
const BATCH = 8_192;
const capacities = {
  source: SOURCES,
  destination: 256,
  pair: 256,
  interface: 16,
  service: 64,
  tenant: 8,
  prefix: 64,
};

interface Flood {
  readonly seed: number;
  /** Heavy hosts, and how many flows of each. */
  readonly heavy: number;
  readonly flows: number;
  /** Towards one host, or towards as many as there are sources. */
  readonly scattered: boolean;
}

/** Forged sources that come once each, in between flows of some hosts that come again and again. */
function flooded(windows: WindowSet, { seed, heavy, flows, scattered }: Flood): void {
  let state = seed | 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const batch = new FlowBatch(BATCH);
  const put = (source: number, destination: number): void => {
    const r = batch.rows++;
    batch.u32(at.timestamp)[r] = NOON + 2;
    batch.u32(at.source_ip)[4 * r + 2] = batch.u32(at.destination_ip)[4 * r + 2] = V4;
    batch.u32(at.source_ip)[4 * r + 3] = source;
    batch.u32(at.destination_ip)[4 * r + 3] = destination;
    batch.u16(at.source_port)[r] = next();
    batch.u16(at.destination_port)[r] = scattered ? next() : 22;
    batch.u8(at.protocol)[r] = 6;
    batch.u16(at.tcp_flags)[r] = 2;
    batch.u32(at.bytes_in)[2 * r] = 40;
    batch.u32(at.packets_in)[2 * r] = 1;
    batch.u32(at.input_interface)[r] = scattered ? next() : 1;
    if (batch.rows < BATCH) return;
    windows.observe(batch);
    batch.reset();
  };
  const total = heavy * flows;
  let sent = 0;
  for (let i = 0; i < FLOOD; i++) {
    put(next(), scattered ? next() : 0x0100000a);
    for (const due = Math.floor((total * (i + 1)) / FLOOD); sent < due; sent++)
      put(heavyHost(sent % heavy), 0x0200000a);
  }
  windows.observe(batch);
}

/** 10.9.x.y in memory's byte order. */
function heavyHost(n: number): number {
  return (10 | (9 << 8) | ((n >>> 8) << 16) | ((n & 255) << 24)) >>> 0;
}

function total(window: ClosedWindow, kind: WindowKind): number {
  return window.kinds[kind].numbers.records.reduce((sum, n) => sum + n, 0);
}

describe('a flood of forged sources', () => {
  it('keeps the hosts that are heavy and counts all others in one row', () => {
    fc.assert(
      fc.property(
        fc.record({
          seed: fc.integer({ min: 1, max: 2 ** 31 }),
          heavy: fc.integer({ min: 1, max: 100 }),
          // From 5 times the flows that a row has on average, were all flows alike.
          flows: fc.integer({ min: Math.ceil((5 * FLOOD) / SOURCES), max: 600 }),
          scattered: fc.boolean(),
        }),
        (flood) => {
          const windows = new WindowSet({ internalPrefixes: [], capacities, seed: flood.seed });
          flooded(windows, flood);
          const [window] = windows.closeAll();
          const { source } = window!.kinds;
          const records = FLOOD + flood.heavy * flood.flows;
          expect(source.rows).toBe(SOURCES + 1);
          expect([...source.rest].filter((r) => r === 1)).toEqual([1]);
          for (const kind of ['source', 'destination', 'service', 'prefix', 'tenant'] as const)
            expect([kind, total(window!, kind)]).toEqual([kind, records]);

          const held = new Map<string, number>();
          for (let r = 0; r < source.rows; r++)
            if (source.rest[r] === 0)
              held.set(addressText(source.keys.source_ip!, 4 * r), source.numbers.records[r]!);
          const shares = Array.from(
            { length: flood.heavy },
            (_, n) => (held.get(`10.9.${n >>> 8}.${n & 255}`) ?? 0) / flood.flows,
          );
          // Each is there; of its flows it has nearly all, but for those before it was let in.
          expect(shares.filter((share) => share === 0)).toEqual([]);
          expect(shares.reduce((sum, share) => sum + share, 0) / shares.length).toBeGreaterThan(0.8);
          expect(Math.max(...shares)).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 10 },
    );
  });

  it('takes no more memory than said before, and no more rows than each kind may have', () => {
    const windows = new WindowSet({ internalPrefixes: ['0.0.0.0/0'], capacities });
    const before = windows.counts().mostBytes;
    for (const seed of [1, 2, 3, 4]) flooded(windows, { seed, heavy: 10, flows: 50, scattered: true });
    expect(windows.counts().mostBytes).toBe(before);
    expect(windows.counts().bytes).toBeLessThanOrEqual(before);
    const [window] = windows.closeAll();
    for (const [kind, rows] of Object.entries(window!.kinds))
      expect(rows.rows).toBeLessThanOrEqual(capacities[kind as WindowKind] + 1);
    const { folded, records } = windows.counts();
    expect(records).toBe(4 * (FLOOD + 500));
    expect(folded.source).toBeGreaterThan(2 * FLOOD);
    // Though its interfaces are more than there is room for, the tenant has a row of its own.
    expect([...window!.kinds.tenant.rest]).toEqual([0]);
    expect(total(window!, 'tenant')).toBe(records);
    expect(window!.kinds.tenant.numbers.packets[0]).toBe(records);
  });

  it('gives the same rows when it comes again', () => {
    const rows = [1, 2].map(() => {
      const windows = new WindowSet({ internalPrefixes: [], capacities });
      flooded(windows, { seed: 7, heavy: 5, flows: 100, scattered: true });
      windows.closeAll();
      flooded(windows, { seed: 7, heavy: 5, flows: 100, scattered: true });
      return windows.closeAll()[0]!.kinds.source;
    });
    expect(rows[0]!.keys).toEqual(rows[1]!.keys);
    expect(rows[0]!.numbers.flows).toEqual(rows[1]!.numbers.flows);
  });
});
