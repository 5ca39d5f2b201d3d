import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ClosedWindow } from '@weir/core/windows';
import { WindowSet, decodeWindows, encodeWindow, mergedWindows } from './index.ts';
import { type Flow, NOON, allRows, batchOf } from './testing/flows.ts';
import { randomFlow } from './testing/random-flows.ts';

const OWN = ['10.0.0.0/8', 'fd00::/8'];
const flows = fc.array(randomFlow, { minLength: 1, maxLength: 150 });
/** Not more entities than a table has room for. */
const everything = {
  latenessSeconds: 30,
  internalPrefixes: OWN,
  capacities: { source: 64, destination: 64, pair: 512, interface: 64, service: 512, tenant: 8, prefix: 64 },
};
const FIRST: Flow = { timestamp: NOON, source_ip: '10.0.0.1', destination_ip: '10.0.0.2' };

function windowsOf(parts: readonly (readonly Flow[])[], seed?: number): ClosedWindow[] {
  const windows = new WindowSet(seed === undefined ? everything : { ...everything, seed });
  for (const part of parts) if (part.length > 0) windows.observe(batchOf(part));
  return windows.closeAll();
}

/** Windows of several sets as one list, those of the same start merged. */
function mergedByStart(lists: readonly (readonly ClosedWindow[])[]): ClosedWindow[] {
  const byStart = new Map<number, ClosedWindow[]>();
  for (const window of lists.flat())
    byStart.set(window.start, [...(byStart.get(window.start) ?? []), window]);
  return [...byStart]
    .sort(([a], [b]) => a - b)
    .map(([, [first, ...others]]) => mergedWindows([first!, ...others]));
}

const rowsOfAll = (windows: readonly ClosedWindow[]): unknown => windows.map((w) => [w.start, allRows(w)]);

describe('windows, whatever the flows', () => {
  it('are the same however flows are cut into batches', () => {
    fc.assert(
      fc.property(flows, fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 10 }), (all, lengths) => {
        const parts: Flow[][] = [];
        let from = 0;
        for (const length of lengths) parts.push(all.slice(from, (from += length)));
        parts.push(all.slice(from));
        expect(rowsOfAll(windowsOf([[FIRST], ...parts]))).toEqual(rowsOfAll(windowsOf([[FIRST], all])));
      }),
      { numRuns: 25 },
    );
  });

  it('are the same in whatever order flows come, and whatever the seed of the hash', () => {
    fc.assert(
      fc.property(flows, fc.integer({ min: 0, max: 2 ** 32 - 1 }), (all, seed) => {
        expect(rowsOfAll(windowsOf([[FIRST], all.toReversed()], seed))).toEqual(
          rowsOfAll(windowsOf([[FIRST], all])),
        );
      }),
      { numRuns: 25 },
    );
  });

  it('of several collectors merge in any order to those of one that saw all', () => {
    fc.assert(
      fc.property(flows, flows, flows, (a, b, c) => {
        const [x, y, z] = [a, b, c].map((part) => windowsOf([[FIRST], part])) as [
          ClosedWindow[],
          ClosedWindow[],
          ClosedWindow[],
        ];
        const union = rowsOfAll(windowsOf([[FIRST], [FIRST], [FIRST], a, b, c]));
        expect(rowsOfAll(mergedByStart([x, y, z]))).toEqual(union);
        expect(rowsOfAll(mergedByStart([z, mergedByStart([y, x])]))).toEqual(union);
      }),
      { numRuns: 20 },
    );
  });

  it('have in each kind that counts every flow once the same sums', () => {
    fc.assert(
      fc.property(flows, (all) => {
        for (const { kinds } of windowsOf([[FIRST], all])) {
          const sum = (
            kind: 'source' | 'destination' | 'service' | 'tenant' | 'prefix',
            name: 'bytes' | 'records' | 'flows',
          ): number => kinds[kind].numbers[name].reduce((total, value) => total + value, 0);
          for (const kind of ['destination', 'service', 'tenant', 'prefix'] as const)
            for (const name of ['bytes', 'records', 'flows'] as const)
              expect([kind, name, sum(kind, name)]).toEqual([kind, name, sum('source', name)]);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('come back from their Native form as they were', () => {
    fc.assert(
      fc.property(flows, (all) => {
        const windows = windowsOf([[FIRST], all]);
        const blocks = Buffer.concat(windows.map((w) => encodeWindow(w, 'one')));
        expect(rowsOfAll(decodeWindows(blocks))).toEqual(rowsOfAll(windows));
      }),
      { numRuns: 15 },
    );
  });

  it('are refused when cut short', () => {
    const block = encodeWindow(windowsOf([[FIRST]])[0]!, 'one');
    for (const length of [1, 30, 500, block.length - 1])
      expect(() => decodeWindows(block.subarray(0, length))).toThrow('Native block, byte');
  });
});
