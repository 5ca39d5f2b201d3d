import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ClosedWindow, type WindowDistinct, columnsOfKind, windowKinds } from '@weir/core/windows';
import type { TestEngine } from '../../store/embedded/testing/open-test-engine.ts';
import { WindowSet, mergedWindows } from '../windows/index.ts';
import { NOON, allRows, batchOf } from '../windows/testing/flows.ts';
import { randomFlow } from '../windows/testing/random-flows.ts';
import { type StoredWindowsOptions, readStoredWindows } from './stored-windows.ts';
import { openStored, storeWindows } from './testing/stored.ts';

/*
 * Windows that went into the real engine and come back out of it.
 */

let opened: TestEngine;

beforeAll(async () => {
  opened = await openStored();
}, 60_000);

afterAll(() => opened.close(), 60_000);

const HOUR = 3600;
const DAY = 24 * HOUR;

async function read(options: Partial<StoredWindowsOptions>): Promise<ClosedWindow[]> {
  const windows: ClosedWindow[] = [];
  const all = { database: 'dev', from: 0, to: NOON + 30 * DAY, ...options };
  for await (const window of readStoredWindows(opened.engine.database(), all)) windows.push(window);
  return windows;
}

/** Windows of random flows, the first of which came at a time. */
function windowsAt(time: number, seed: number, count = 60): ClosedWindow[] {
  const windows = new WindowSet({ internalPrefixes: ['10.0.0.0/8'], latenessSeconds: 30 });
  const flows = fc.sample(randomFlow, { numRuns: count, seed });
  windows.observe(
    batchOf(flows.map((flow) => ({ ...flow, timestamp: Number(flow.timestamp) - NOON + time }))),
  );
  return windows.closeAll();
}

const shownAll = (windows: readonly ClosedWindow[]): object[] =>
  windows.map((window) => ({ start: window.start, rows: allRows(window) }));

describe('stored windows of one collector', () => {
  const first = windowsAt(NOON, 1);
  const sameHour = windowsAt(NOON + 1300, 2);
  const nextDay = windowsAt(NOON + DAY, 3);
  const all = [...first, ...sameHour, ...nextDay];

  beforeAll(async () => {
    await storeWindows(opened, nextDay);
    await storeWindows(opened, [...first, ...sameHour]);
  }, 60_000);

  it('come back as they were, in order of time', async () => {
    expect(all.length).toBeGreaterThan(8);
    expect(shownAll(await read({}))).toEqual(shownAll(all));
  });

  it('come between the times asked for', async () => {
    const { start } = all[2]!;
    const read_ = await read({ from: start, to: sameHour[1]!.start });
    expect(read_.map((w) => w.start)).toEqual(
      all.map((w) => w.start).filter((s) => s >= start && s < sameHour[1]!.start),
    );
    expect(await read({ from: NOON + 5 * DAY })).toEqual([]);
  });

  it('have the columns asked for, and zeros for all others', async () => {
    const windows = await read({ reads: { source: ['bytes', 'contacts'], tenant: ['source_histogram'] } });
    const whole = new Map(all.map((w) => [w.start, allRows(w)]));
    expect(windows.length).toBe(all.length);
    for (const window of windows) {
      const rows = allRows(window);
      for (const { name, key } of windowKinds) {
        const kept = new Set<string>([
          ...key,
          'rest',
          ...({ source: ['bytes', 'contacts'], tenant: ['source_histogram'] }[name as string] ?? []),
        ]);
        const expected = whole
          .get(window.start)!
          [name]!.map((row) =>
            Object.fromEntries(Object.entries(row).filter(([column]) => kept.has(column))),
          );
        expect(rows[name]).toEqual(expect.arrayContaining(expected));
        expect(rows[name]!.length).toBe(expected.length);
        const { numbers, histograms, distincts, rows: count } = window.kinds[name];
        const single: Readonly<Record<string, Float64Array>> = { ...numbers, ...histograms };
        const lengths = columnsOfKind(name).map(({ name: column }) => [
          column,
          single[column]?.length ?? distincts[column as WindowDistinct]?.ends.length,
        ]);
        expect(lengths).toEqual(
          columnsOfKind(name).map(({ name: column, length = 1 }) => [
            column,
            count * (column in distincts ? 1 : length),
          ]),
        );
      }
    }
  });

  it('of a tenant hold its rows alone', async () => {
    const windows = await read({ tenant: 'acme' });
    const tenants = new Set(
      windows.flatMap((w) => Object.values(allRows(w)).flatMap((rows) => rows.map((r) => r['tenant_id']))),
    );
    expect(tenants).toEqual(new Set(['acme']));
  });

  it('come twice the same, row by row', async () => {
    const rows = (w: ClosedWindow): unknown[] =>
      Object.values(w.kinds).map((k) => [k.rest, k.keys, k.numbers]);
    expect((await read({})).map(rows)).toEqual((await read({})).map(rows));
  });

  it('end where reading is broken off', async () => {
    const windows = readStoredWindows(opened.engine.database(), {
      database: 'dev',
      from: 0,
      to: NOON + 9 * DAY,
    });
    const come = await windows.next();
    expect(come.value).toMatchObject({ start: all[0]!.start });
    await windows.return(undefined);
    expect(await windows.next()).toMatchObject({ done: true });
    await expect(read({ signal: AbortSignal.abort() })).rejects.toThrow();
    await expect(read({ database: 'none' })).rejects.toMatchObject({ codeName: 'UNKNOWN_DATABASE' });
  });
});

describe('stored windows of several collectors', () => {
  const TIME = NOON + 10 * DAY;
  // The same collector a second time: it was started anew in the midst of a window.
  const lists = [0, 1, 2].map((n) => windowsAt(TIME, 40 + n, 120));

  beforeAll(async () => {
    for (const [n, windows] of lists.entries()) await storeWindows(opened, windows, `collector-${n % 2}`);
  }, 60_000);

  it('come merged', async () => {
    const starts = [...new Set(lists.flat().map((w) => w.start))].sort((a, b) => a - b);
    const merged = starts.map((start) =>
      mergedWindows(lists.flat().filter((w) => w.start === start) as [ClosedWindow, ...ClosedWindow[]]),
    );
    expect(starts.length).toBeLessThan(lists.flat().length);
    expect(shownAll(await read({ from: TIME - HOUR }))).toEqual(shownAll(merged));
  });
});
