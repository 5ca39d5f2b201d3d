import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ClosedWindow } from '@weir/core/windows';
import type { TestEngine } from '../../store/embedded/testing/open-test-engine.ts';
import { BiflowOrientation } from '../biflow-orientation.ts';
import { WindowSet } from '../windows/index.ts';
import { type Flow, NOON, allRows, batchOf } from '../windows/testing/flows.ts';
import { randomFlow } from '../windows/testing/random-flows.ts';
import { windowsOfStoredFlows } from './raw-flows.ts';
import { openStored, storeFlows } from './testing/stored.ts';

const settings = { ownNetworks: ['10.0.0.0/8'], latenessSeconds: 20, capacities: {} };
const LENGTH = 900;

/** Flows that came over a quarter of an hour, with a gap, most of them ended up to half a minute before they came. */
const flows: readonly Flow[] = fc
  .sample(fc.tuple(randomFlow, fc.integer({ min: 0, max: LENGTH })), { numRuns: 700, seed: 5 })
  .map(([flow, after]) => ({ ...flow, timestamp: NOON + after }))
  .filter(({ timestamp }) => timestamp < NOON + 400 || timestamp > NOON + 500)
  .sort((a, b) => a.timestamp - b.timestamp);

/** Windows as they were closed when the flows came, second by second. */
function live(of: readonly Flow[]): ClosedWindow[] {
  const windows = new WindowSet({ internalPrefixes: settings.ownNetworks, latenessSeconds: 20 });
  const biflows = new BiflowOrientation();
  const closed: ClosedWindow[] = [];
  for (let second = NOON; second <= NOON + LENGTH; second++) {
    closed.push(...windows.close(second));
    const batch = batchOf(of.filter((flow) => flow.timestamp === second));
    biflows.orient(batch);
    windows.observe(batch);
  }
  return [...closed, ...windows.closeAll()];
}

let opened: TestEngine;

beforeAll(async () => {
  opened = await openStored();
  await storeFlows(opened, batchOf(flows.filter((_, i) => i % 3 === 0)));
  await storeFlows(opened, batchOf(flows.filter((_, i) => i % 3 !== 0)));
}, 60_000);

afterAll(() => opened.close(), 60_000);

async function remade(from: number, to: number, tenant?: string): Promise<ClosedWindow[]> {
  const windows: ClosedWindow[] = [];
  const options = { database: 'dev', from, to, tenant, settings };
  for await (const window of windowsOfStoredFlows(opened.engine.database(), options)) windows.push(window);
  return windows;
}

const shown = (windows: readonly ClosedWindow[]): object[] =>
  windows.map((window) => ({ start: window.start, rows: allRows(window) }));

describe('windows made anew of stored flows', () => {
  it('are those that were made of the flows as they came', async () => {
    const were = live(flows);
    expect(were.length).toBeGreaterThan(60);
    expect(were.some((w) => w.kinds.tenant.numbers.late_records.some((n) => n > 0))).toBe(true);
    expect(shown(await remade(0, NOON + 10 * LENGTH))).toEqual(shown(were));
  });

  it('are whole at both ends of the time asked for', async () => {
    const [from, to] = [NOON + 200, NOON + 300];
    const were = live(flows).filter(({ start }) => start >= from && start < to);
    const windows = await remade(from, to);
    expect(windows.map((w) => w.start)).toEqual(were.map((w) => w.start));
    // What came later than windows wait counted in the first, of flows from before.
    expect(shown(windows.slice(3))).toEqual(shown(were.slice(3)));
  });

  it('of a tenant hold its flows alone', async () => {
    const were = live(flows.filter((flow) => flow.tenant_id === 'acme'));
    expect(shown(await remade(0, NOON + LENGTH + 60, 'acme'))).toEqual(shown(were));
  });

  it('are none where there are no flows', async () => {
    expect(await remade(NOON + 50_000, NOON + 60_000)).toEqual([]);
  });
});
