import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AnomalyRow } from '@weir/core/anomalies';
import type { ClosedWindow } from '@weir/core/windows';
import type { TestEngine } from '../../store/embedded/testing/open-test-engine.ts';
import { DetectionEngine } from '../engine.ts';
import type { DetectionSettings } from '../settings.ts';
import { BiflowOrientation } from '../biflow-orientation.ts';
import { WindowSet, emptyWindow } from '../windows/index.ts';
import { type Flow, NOON, batchOf } from '../windows/testing/flows.ts';
import { randomFlow } from '../windows/testing/random-flows.ts';
import { type BacktestProgress, type BacktestRequest, type BacktestResult, backtest } from './backtest.ts';
import { openStored, storeAnomalies, storeFlows, storeWindows } from './testing/stored.ts';

/*
 * A live detection of some minutes, its windows, flows and anomalies in the real engine, and replays of it.
 */

const LENGTH = 600;
const settings: DetectionSettings = {
  enabled: true,
  ownNetworks: ['10.0.0.0/8'],
  latenessSeconds: 20,
  capacities: {},
  detectors: {},
  tenants: {},
  exclude: [],
  silences: [],
  rules: [],
};

/** Two hosts that look for open ports, one of them of another tenant and twice, among what others do. */
const flows: readonly Flow[] = [
  ...scan('10.0.0.66', 60, 40),
  ...scan('10.0.0.77', 120, 30, 'acme'),
  ...scan('10.0.0.77', 420, 30, 'acme'),
  ...fc
    .sample(fc.tuple(randomFlow, fc.integer({ min: 0, max: LENGTH - 40 })), { numRuns: 400, seed: 7 })
    .map(([flow, after]) => ({ ...flow, timestamp: NOON + after })),
].sort((a, b) => Number(a.timestamp) - Number(b.timestamp));

/** SYNs to sixty ports of a host, a second or so apart, each answered by RST. */
function scan(source: string, after: number, seconds: number, tenant = ''): Flow[] {
  return Array.from({ length: 60 }, (_, i): Flow[] => {
    const common = {
      timestamp: NOON + after + Math.floor((i * seconds) / 60),
      collector_ip: '192.0.2.1',
      tenant_id: tenant,
      protocol: 6,
      packets_in: 1,
      bytes_in: 44,
    };
    const port = 3000 + 7 * i;
    const target = '10.1.0.5';
    return [
      {
        ...common,
        source_ip: source,
        destination_ip: target,
        source_port: 50_123,
        destination_port: port,
        tcp_flags: 0x02,
      },
      {
        ...common,
        source_ip: target,
        destination_ip: source,
        source_port: port,
        destination_port: 50_123,
        tcp_flags: 0x14,
      },
    ];
  }).flat();
}

/** Windows of flows, as a collector would have closed them. */
function windowsOf(of: readonly Flow[], lateness = settings.latenessSeconds): ClosedWindow[] {
  const windows = new WindowSet({ internalPrefixes: settings.ownNetworks, latenessSeconds: lateness });
  const biflows = new BiflowOrientation();
  const closed: ClosedWindow[] = [];
  for (let second = NOON; second < NOON + LENGTH; second++) {
    closed.push(...windows.close(second));
    const batch = batchOf(of.filter(({ timestamp }) => timestamp === second));
    biflows.orient(batch);
    windows.observe(batch);
  }
  return [...closed, ...windows.closeAll()];
}

/** What live detection wrote, the newest row of each anomaly, from windows that came one after the other. */
function liveRows(windows: readonly ClosedWindow[]): AnomalyRow[] {
  const engine = new DetectionEngine({ settings });
  const rows = new Map<string, AnomalyRow>();
  const byStart = new Map(windows.map((window) => [window.start, window]));
  for (let start = windows[0]!.start; start < NOON + LENGTH; start += 10)
    for (const row of engine.take(byStart.get(start) ?? emptyWindow(start))) rows.set(row.id, row);
  for (const row of engine.finish(NOON + LENGTH)) rows.set(row.id, row);
  return [...rows.values()];
}

const windows = windowsOf(flows);
const live = liveRows(windows);
let opened: TestEngine;

beforeAll(async () => {
  opened = await openStored();
  await storeFlows(opened, batchOf(flows));
  await storeWindows(opened, windows);
  await storeAnomalies(opened, live);
}, 60_000);

afterAll(() => opened.close(), 60_000);

async function replay(
  request: Partial<BacktestRequest> = {},
): Promise<BacktestResult & { progress: BacktestProgress[] }> {
  const all = {
    database: 'dev',
    from: NOON - 60,
    to: NOON + LENGTH,
    settings,
    source: 'windows' as const,
    warmUpSeconds: 0,
    ...request,
  };
  const running = backtest(opened.engine.database(), all);
  const progress: BacktestProgress[] = [];
  for (;;) {
    const next = await running.next();
    if (next.done === true) return { ...next.value, progress };
    progress.push(next.value);
  }
}

const byId = (rows: readonly AnomalyRow[]): AnomalyRow[] => [...rows].sort((a, b) => (a.id < b.id ? -1 : 1));
const statuses = ({ anomalies }: BacktestResult): string[] =>
  anomalies.map(({ status, row }) => `${status} ${row.type} ${row.source_ip}`);
const scans = (result: BacktestResult): string[] =>
  statuses(result).filter((text) => /port_scan_vertical 10\.0\.0\.(66|77)$/.test(text));

describe('a replay', () => {
  it('gives what live gave', async () => {
    const result = await replay();
    expect(live.length).toBeGreaterThan(2);
    expect(byId(result.anomalies.map(({ row }) => row))).toEqual(byId(live));
    expect(new Set(result.anomalies.map(({ status }) => status))).toEqual(new Set(['same']));
    expect(scans(result)).toContain('same port_scan_vertical 10.0.0.66');
  });

  it('gives the same over windows made anew of flows', async () => {
    const result = await replay({ source: 'flows' });
    expect(byId(result.anomalies.map(({ row }) => row))).toEqual(byId(live));
  });

  it('gives the same where two collectors counted half of the flows each', async () => {
    const both = await openStoredHalves();
    expect(both).toEqual(byId(live));
  });

  it('of one detector says nothing of the others', async () => {
    const result = await replay({ detectors: ['port_scan'] });
    const types = new Set(result.anomalies.map(({ row }) => row.type));
    expect([...types].filter((type) => !type.startsWith('port_scan'))).toEqual([]);
    expect(scans(result).length).toBeGreaterThanOrEqual(2);
  });

  it('with other parameters misses what was found, or finds what was not', async () => {
    const blunt = await replay({
      detectors: ['port_scan'],
      set: ['port_scan.ports=500', 'port_scan.hosts=500'],
    });
    expect(new Set(scans(blunt).map((text) => text.split(' ')[0]))).toEqual(new Set(['missing']));
    await opened.engine.database().command('TRUNCATE TABLE dev.anomalies');
    const fresh = await replay({ detectors: ['port_scan'] });
    await storeAnomalies(opened, live);
    expect(new Set(scans(fresh).map((text) => text.split(' ')[0]))).toEqual(new Set(['new']));
  });

  it('leaves out what is excluded, unless told not to', async () => {
    const excluding: DetectionSettings = {
      ...settings,
      exclude: [{ filter: 'source_ip = 10.0.0.66', detectors: [], comment: 'our scanner' }],
    };
    expect(scans(await replay({ settings: excluding }))).toContain('missing port_scan_vertical 10.0.0.66');
    expect(scans(await replay({ settings: excluding, exclusions: false }))).not.toContain(
      'missing port_scan_vertical 10.0.0.66',
    );
  });

  it('of a tenant, or of a part of the time, has that alone', async () => {
    const acme = await replay({ tenant: 'acme' });
    expect(new Set(acme.anomalies.map(({ row }) => row.tenant_id))).toEqual(new Set(['acme']));
    const late = await replay({ from: NOON + 400, detectors: ['port_scan'] });
    expect(scans(late).filter((text) => !text.startsWith('missing'))).toEqual([
      'same port_scan_vertical 10.0.0.77',
    ]);
  });

  it('knows from before what lasts when it begins', async () => {
    const from = NOON + 90;
    const alone = await replay({ from, to: NOON + 110 });
    const warm = await replay({ from, to: NOON + 110, warmUpSeconds: 3600 });
    const opened_ = (result: BacktestResult): number[] =>
      result.anomalies
        .filter(({ status, row }) => status === 'same' && /^port_scan/.test(row.type))
        .map(({ row }) => row.opened);
    expect(alone.learntFrom).toBe(from);
    expect(warm.learntFrom).toBe(windows[0]!.start);
    expect(warm.windowsLearnt).toBeGreaterThan(5);
    expect(opened_(warm)).toEqual(
      live.filter((row) => row.source_ip === '10.0.0.66').map((row) => row.opened),
    );
    expect(opened_(alone)).toEqual([]);
  });

  it('says why where there is nothing', async () => {
    expect((await replay({ from: NOON + 5000, to: NOON + 6000 })).notes).toEqual([
      expect.stringMatching(/No windows are stored of this time; there are some from 2026-03-10T11:59/),
    ]);
    await expect(replay({ from: NOON, to: NOON })).rejects.toThrow('the end must be later');
    await expect(replay({ detectors: ['port_scam'] })).rejects.toThrow('did you mean port_scan?');
  });
});

async function openStoredHalves(): Promise<AnomalyRow[]> {
  const database = opened.engine.database();
  await database.command('TRUNCATE TABLE dev.windows_10s');
  await storeWindows(opened, windowsOf(flows.filter((_, i) => i % 2 === 0)), 'one');
  await storeWindows(opened, windowsOf(flows.filter((_, i) => i % 2 === 1)), 'two');
  try {
    return byId((await replay()).anomalies.map(({ row }) => row));
  } finally {
    await database.command('TRUNCATE TABLE dev.windows_10s');
    await storeWindows(opened, windows);
  }
}
