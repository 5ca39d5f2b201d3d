import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { anomalyRow } from '../detect/replay/testing/anomaly-row.ts';
import { openStored, storeAnomalies, storeFlows, storeWindows } from '../detect/replay/testing/stored.ts';
import { WindowSet } from '../detect/windows/index.ts';
import { type Flow, NOON, batchOf } from '../detect/windows/testing/flows.ts';
import type { TestEngine } from '../store/embedded/testing/open-test-engine.ts';
import { resultCsv, resultJson, resultLines } from './backtest-result.ts';
import { backtestCommand } from './backtest.ts';
import { type CapturedIo, capturedIo, run } from './testing/captured-io.ts';

/* Over ClickHouse's HTTP interface, as beside a running collector, by a user who may only read. */

let opened: TestEngine;
let config: string;
const flows: readonly Flow[] = Array.from({ length: 120 }, (_, i) => ({
  timestamp: NOON + i,
  source_ip: '10.0.0.1',
  destination_ip: '198.51.100.7',
  protocol: 6,
  destination_port: 443,
  bytes_in: 1000,
  packets_in: 2,
}));

beforeAll(async () => {
  opened = await openStored({ users: [{ name: 'reader', password: 'secret', readonly: true }] });
  const windows = new WindowSet({ internalPrefixes: ['10.0.0.0/8'], latenessSeconds: 0 });
  const closed = flows.flatMap((flow) => {
    const before = windows.close(Number(flow.timestamp));
    windows.observe(batchOf([flow]));
    return before;
  });
  await storeWindows(opened, [...closed, ...windows.closeAll()]);
  await storeFlows(opened, batchOf(flows));
  await storeAnomalies(opened, [
    anomalyRow({ opened: NOON + 5, closed: NOON + 95, title: 'recorded, "then"' }),
  ]);
  config = join(mkdtempSync(join(tmpdir(), 'weir-backtest-')), 'weir.yaml');
  writeFileSync(config, 'clickhouse: { database: dev, user: reader }\n');
}, 60_000);

afterAll(() => opened.close(), 60_000);

const LATER = (NOON + 3600) * 1000;

async function weir(...args: string[]): Promise<{ failed: string | undefined; io: CapturedIo }> {
  const io = capturedIo({ env: { CLICKHOUSE_PASSWORD: 'secret' } });
  const all = ['--config', config, '--url', opened.url, ...args];
  return {
    failed: await run(
      backtestCommand(io, () => LATER),
      ...all,
    ),
    io,
  };
}

describe('weir backtest', () => {
  test.each(['windows', 'flows'])(
    'looks at %s that are stored, and shows what was found live',
    async (source) => {
      const { failed, io } = await weir('--from', '2026-03-10T12:00Z', '--to', 'now-55m', '--source', source);
      expect(failed).toBeUndefined();
      expect(io.out()).toMatch(
        /missing +2026-03-10T12:00:05Z +90 s +medium +port_scan_vertical +100 +20 +recorded, "then"/,
      );
      expect(io.out()).toMatch(
        /2026-03-10T12:00:00Z to 2026-03-10T12:05:00Z, 30 windows, without any time to learn before\./,
      );
      expect(io.err()).toMatch(/^Replayed in /);
    },
  );

  test('says nothing of then with --no-compare', async () => {
    const { failed, io } = await weir('--from', 'now-1h', '--no-compare', '--detector', 'port_scan');
    expect(failed).toBeUndefined();
    expect(io.out()).toMatch(/: nothing found\.$/m);
  });

  test('gives JSON and CSV to programs', async () => {
    const json = await weir('--from', 'now-1h', '--format', 'json', '--detector', 'port_scan');
    expect(JSON.parse(json.io.out())).toMatchObject({
      from: '2026-03-10T12:00:00Z',
      compared: true,
      anomalies: [{ replay: 'missing', type: 'port_scan_vertical', opened: NOON + 5, evidence: {} }],
    });
    const csv = await weir('--from', 'now-1h', '--format', 'csv', '--detector', 'port_scan');
    const [names, ...rows] = csv.io.out().trimEnd().split('\n');
    expect(names).toMatch(/^replay,id,tenant_id,type,/);
    expect(rows).toEqual([expect.stringMatching(/^missing,.*,2026-03-10T12:01:35Z,"recorded, ""then""",/)]);
  });

  test('shows what a filter wants', async () => {
    const asked = async (filter: string): Promise<string> =>
      (await weir('--from', 'now-1h', '--detector', 'port_scan', '--filter', filter)).io.out();
    expect(await asked('host = 10.0.0.1')).toContain('recorded');
    expect(await asked('not source in 10.0.0.0/24')).toContain('nothing found');
    expect(await asked('destination = 10.0.0.1')).toContain('nothing found');
  });

  test('learns from before, as long as told', async () => {
    const { io } = await weir('--from', '2026-03-10T12:01Z', '--to', '2026-03-10T12:02Z', '--warm-up', '30s');
    expect(io.out()).toMatch(/6 windows, after learning from 30 s before/);
  });

  test('says where nothing is stored', async () => {
    const { failed, io } = await weir('--from', 'now-30m');
    expect(failed).toBeUndefined();
    expect(io.err()).toMatch(
      /note: No windows are stored of this time; there are some from 2026-03-10T12:00:00Z to 2026-03-10T12:02:00Z/,
    );
  });

  test.each([
    [['--from', 'yesterday'], /--from: 'yesterday' is no time\. Give now/],
    [['--from', 'now-1h', '--to', 'now-2h'], /It begins at .* and ends at .*: the end must be later\./],
    [
      ['--from', 'now-1h', '--detector', 'port_scam'],
      /There is no detector port_scam; did you mean port_scan\?/,
    ],
    [
      ['--from', 'now-1h', '--set', 'port_scan.prots=40'],
      /There is no parameter prots of port_scan; did you mean ports\?/,
    ],
    [['--from', 'now-1h', '--set', 'port_scan.ports=few'], /must be a number .*ports\/min/],
    [
      ['--from', 'now-1h', '--filter', 'bytes > 5'],
      /The filter: Anomalies have no bytes\. They can be asked for/,
    ],
    [['--from', 'now-1h', '--filter', 'host ='], /The filter: /],
    [['--from', 'now-1h', '--warm-up', 'long'], /Give a time with its unit/],
    [['--from', 'now-1h', '--source', 'packets'], /Allowed choices are windows, flows/],
    [['--from', 'now-1h', '--user', 'stranger'], /refuses user stranger/],
    [[], /required option '--from <time>' not specified/],
  ])('%j is refused with what would be right', async (args, message) => {
    expect((await weir(...args)).failed).toMatch(message);
  });
});

test('a result tells of each anomaly and counts them by type, severity and what became of them', () => {
  const result = {
    from: NOON,
    to: NOON + 3600,
    learntFrom: NOON - 86_400 * 7,
    windows: 360,
    windowsLearnt: 60_480,
    compared: true,
    notes: [],
    anomalies: [
      { status: 'new' as const, row: anomalyRow({ opened: NOON, severity: 'high' }), live: [] },
      {
        status: 'same' as const,
        row: anomalyRow({ opened: NOON + 60, closed: NOON + 120, type: 'syn_flood', value: 12345.6 }),
        live: ['x'],
      },
      {
        status: 'missing' as const,
        row: anomalyRow({ opened: NOON + 90, type: 'rule', rule: 'mine' }),
        live: ['y'],
      },
    ],
  };
  const lines = resultLines(result, 10_000, (_, text) => text);
  expect(lines[1]).toMatch(/^new +2026-03-10T12:00:00Z +60 min\+ +high/);
  expect(lines[2]).toMatch(/12,346/);
  expect(lines[3]).toMatch(/rule mine/);
  expect(lines.slice(5, 10).map((line) => line.split(/ {2,}/).join(' '))).toEqual([
    'TYPE CRITICAL HIGH MEDIUM LOW SAME NEW MISSING',
    'port_scan_vertical - 1 - - - 1 -',
    'rule - - - - - - 1',
    'syn_flood - - 1 - 1 - -',
    'all - 1 1 - 1 1 1',
  ]);
  expect(lines.at(-1)).toMatch(/360 windows, after learning from 7 days before\.$/);
  expect(resultCsv(result)).toHaveLength(4);
  expect(JSON.parse(resultJson(result))).toMatchObject({ windows_learnt: 60_480 });
});
