import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type TestEngine, openTestEngine } from '../../store/embedded/testing/open-test-engine.ts';
import {
  type ClosedWindow,
  DISTINCT_KEPT,
  distinctCount,
  distinctCountSql,
  mergedWindowsSql,
} from '@weir/core/windows';
import { WindowSet, decodeWindows, encodeWindow, mergedWindows, windowsDdl } from './index.ts';
import { type Flow, NOON, allRows, batchOf } from './testing/flows.ts';
import { randomFlow } from './testing/random-flows.ts';

/*
 * The table and the SQL that merges rows, in the real engine: what comes back is what the collector itself would merge.
 */

let opened: TestEngine;

beforeAll(async () => {
  opened = await openTestEngine();
  await opened.engine.database().command(windowsDdl('dev', 3650));
}, 60_000);

afterAll(() => opened.close(), 60_000);

async function insert(window: ClosedWindow, collector: string): Promise<void> {
  const file = join(opened.dataDir, `${collector}-${window.start}.native`);
  await writeFile(file, encodeWindow(window, collector));
  await opened.engine.database().command(`INSERT INTO dev.windows_10s FROM INFILE '${file}' FORMAT Native`);
}

async function ask(sql: string): Promise<Uint8Array> {
  const answer = await fetch(`${opened.url}/`, { method: 'POST', body: sql });
  const bytes = new Uint8Array(await answer.arrayBuffer());
  if (!answer.ok) throw new Error(new TextDecoder().decode(bytes));
  return bytes;
}

function windowsOf(flows: readonly Flow[], latenessSeconds = 30): ClosedWindow[] {
  const windows = new WindowSet({ internalPrefixes: ['10.0.0.0/8'], latenessSeconds });
  windows.observe(batchOf(flows));
  return windows.closeAll();
}

const FIRST: Flow = { timestamp: NOON, source_ip: '10.0.0.1', destination_ip: '10.0.0.2' };
/** A host that contacts more hosts and ports than are kept. */
const scan = (from: number): Flow[] =>
  Array.from({ length: 60 }, (_, i) => ({
    ...FIRST,
    destination_ip: `10.1.${from}.${i}`,
    source_port: 60_000,
    destination_port: 20 + i,
    protocol: 6,
    tcp_flags: 2,
    packets_in: 1,
    bytes_in: 40,
  }));

describe('windows of three collectors in the engine', () => {
  const lists = [0, 1, 2].map((n) =>
    windowsOf([FIRST, ...scan(n), ...fc.sample(randomFlow, { numRuns: 120, seed: 40 + n })]),
  );
  const starts = [...new Set(lists.flat().map((w) => w.start))].sort((a, b) => a - b);
  const ofStart = (start: number): [ClosedWindow, ...ClosedWindow[]] =>
    lists.flat().filter((w) => w.start === start) as [ClosedWindow, ...ClosedWindow[]];

  beforeAll(async () => {
    for (const [n, windows] of lists.entries())
      for (const window of windows) await insert(window, `collector-${n}`);
  }, 60_000);

  it('merge there as they merge here', async () => {
    const answer = await ask(`${mergedWindowsSql({ table: 'dev.windows_10s' })} FORMAT Native`);
    const merged = decodeWindows(answer);
    expect(starts.length).toBeGreaterThan(2);
    expect(merged.map((w) => w.start)).toEqual(starts);
    for (const window of merged)
      expect(allRows(window)).toEqual(allRows(mergedWindows(ofStart(window.start))));
  });

  it('make minutes as they do here, of the kinds asked for', async () => {
    const sql = mergedWindowsSql({
      table: 'dev.windows_10s',
      where: `w.kind IN ('source', 'tenant') AND w.timestamp >= ${NOON - 60} AND w.timestamp < ${NOON}`,
      seconds: 60,
    });
    const [minute, ...others] = decodeWindows(await ask(`${sql} FORMAT Native`));
    const parts = lists.flat().filter((w) => w.start < NOON);
    const { source, tenant } = allRows(mergedWindows(parts as [ClosedWindow, ...ClosedWindow[]]));
    expect(others).toEqual([]);
    expect(allRows(minute!)).toMatchObject({ source, tenant, pair: [], destination: [] });
  });

  it('count distinct values there as here', async () => {
    const inner = mergedWindowsSql({ table: 'dev.windows_10s', where: "w.kind = 'source'", seconds: 3600 });
    const sql = `SELECT arrayMax(groupArray(${distinctCountSql('contacts')})) FROM (${inner}) WHERE source_ip = toIPv6('10.0.0.1') AND tenant_id = '' FORMAT TSV`;
    const there = Number(new TextDecoder().decode(await ask(sql)));
    const here = lists.flat().filter((w) => w.start >= NOON);
    const { source } = mergedWindows(here as [ClosedWindow, ...ClosedWindow[]]).kinds;
    const counts = Array.from({ length: source.rows }, (_, r) => {
      const { ends, hashes } = source.distincts.contacts!;
      return distinctCount(hashes.subarray(r === 0 ? 0 : ends[r - 1], ends[r]), DISTINCT_KEPT);
    });
    expect(there).toBeGreaterThan(100);
    expect(there).toBeCloseTo(Math.max(...counts), 6);
  });

  it('answer nothing where there is nothing', async () => {
    const sql = mergedWindowsSql({ table: 'dev.windows_10s', where: 'w.timestamp < 5' });
    expect(decodeWindows(await ask(`${sql} FORMAT Native`))).toEqual([]);
  });
});
