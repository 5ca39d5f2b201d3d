import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { anomalyColumns } from '@weir/core/anomalies';
import type { AnomalyRow } from '@weir/core/anomalies';
import { type Database, DatabaseError } from '../../store/clickhouse/database.ts';
import { openRemoteDatabase } from '../../store/clickhouse/remote.ts';
import { type TestEngine, openTestEngine } from '../../store/embedded/testing/open-test-engine.ts';
import { migrate } from '../../store/schema/migrations.ts';
import { AnomalyTracker, AnomalyWriter, FlowEvidence, readOpenAnomalies } from './index.ts';
import { NOON, closed, newest, quiet, scan, settings } from './testing/findings.ts';

/*
 * The table in the real engine: what is written comes back as it was, and goes on.
 */

let opened: TestEngine;
let database: Database;

beforeAll(async () => {
  opened = await openTestEngine();
  database = opened.engine.database();
  const days = 3650;
  const retention = {
    flowsDays: days,
    rollup1mDays: days,
    rollup1hDays: days,
    ledgerDays: days,
    anomaliesDays: days,
    windowsDays: days,
  };
  await migrate(database, { database: 'dev', retention }, () => undefined);
}, 60_000);

afterAll(() => opened.close(), 60_000);

beforeEach(async () => {
  await database.command('TRUNCATE TABLE dev.anomalies');
});

const log = { warn: () => undefined, error: () => undefined };

interface Away extends Database {
  here: boolean;
  refused: number;
}

/** The engine, as it is while it cannot be reached and when it can. */
function away(): Away {
  const it: Away = {
    here: false,
    refused: 0,
    command: (sql) => {
      if (it.here) return database.command(sql);
      it.refused++;
      return Promise.reject(new DatabaseError('connection refused', { retryable: true }));
    },
    query: <Row>(sql: string, parameters?: Readonly<Record<string, unknown>>) =>
      database.query<Row>(sql, parameters),
    queryNative: () => Promise.reject(new Error('not asked for')),
    insertNativeFile: () => Promise.reject(new Error('not asked for')),
    close: () => Promise.resolve(),
  };
  return it;
}

async function written(rows: readonly AnomalyRow[], to = database): Promise<void> {
  const writer = new AnomalyWriter(to, 'dev', { log });
  writer.write(rows);
  await writer.idle();
  expect(writer.state()).toMatchObject({ waiting: 0, dropped: 0, lastError: null });
}

const read = (at = NOON + 60, from = database): Promise<AnomalyRow[]> =>
  readOpenAnomalies(from, 'dev', { at });

describe('the writer', () => {
  it.each(['embedded', 'remote'])('stores every column as it is: %s', async (where) => {
    const tracker = new AnomalyTracker(settings, { exporterName: () => 'edge\'s \\ "1"' });
    const rows = closed(
      tracker,
      0,
      scan({
        source: '2001:db8::7',
        destination: '10.1.2.0',
        destinationPrefix: 120,
        exporter: '198.51.100.1',
        interface: 4_294_967_295,
        protocol: 17,
        port: 65_535,
        title: "schlimm: „ü“ \n\t ' \\ {x:String}",
        value: 1.5e300,
        baseline: 0.1 + 0.2,
        threshold: 1 / 3,
        score: 0.5,
        evidence: { ports: [1, 2], contributors: [{ source_ip: '10.0.0.1', value: 5 }] },
      }),
      scan({ source: '10.0.0.1', score: 0.25, value: Infinity, threshold: NaN }),
    );
    const remote = openRemoteDatabase({ url: opened.url, database: 'dev' });
    const used = where === 'remote' ? remote : database;
    await written(rows, used);
    const back = await read(undefined, used);
    await remote.close();
    expect(Object.keys(back[0]!)).toEqual(anomalyColumns.map(({ name }) => name));
    expect(newest(back)).toEqual(newest(rows));
  });

  it('stores many at once', async () => {
    const tracker = new AnomalyTracker(settings, { mostOpen: 1000 });
    const many = Array.from({ length: 700 }, (_, n) =>
      scan({ source: `10.0.${n >> 8}.${n & 255}`, description: 'x'.repeat(2000), score: 0.5 }),
    );
    const rows = closed(tracker, 0, ...many);
    await written(rows);
    expect(newest(await read())).toEqual(newest(rows));
  });

  it('keeps the newest row of each while ClickHouse is away, and writes when it is back', async () => {
    const tracker = new AnomalyTracker(settings);
    const engine = away();
    const writer = new AnomalyWriter(engine, 'dev', { log, firstPauseMs: 1, longestPauseMs: 4 });
    writer.write(closed(tracker, 0, scan({ score: 0.5 }), scan({ source: '10.0.0.8', score: 0.5 })));
    for (let window = 1; window < 20; window++)
      writer.write(closed(tracker, window, scan({ value: 30 + 10 * window, score: 0.5 })));
    while (engine.refused < 4) await new Promise((done) => setTimeout(done, 1));
    expect(writer.state()).toMatchObject({ waiting: 2, written: 0, lastError: 'connection refused' });
    engine.here = true;
    await writer.idle();
    expect(writer.state()).toEqual({ waiting: 0, written: 2, dropped: 0, lastError: null });
    expect(await read()).toEqual([
      expect.objectContaining({ source_ip: '10.0.0.7', value: 200, state: 'open' }),
      expect.objectContaining({ source_ip: '10.0.0.8', state: 'closed' }),
    ]);
  });

  it('lets what there is no room for go, and counts it', async () => {
    const engine = away();
    const writer = new AnomalyWriter(engine, 'dev', { log, firstPauseMs: 1, mostWaiting: 3 });
    const many = Array.from({ length: 10 }, (_, n) => scan({ source: `10.0.0.${n}` }));
    writer.write(closed(new AnomalyTracker(settings), 0, ...many));
    expect(writer.state()).toMatchObject({ waiting: 3, dropped: 7 });
    await writer.stop(5);
  });

  it('is not kept back by a row that ClickHouse refuses', async () => {
    const errors: string[] = [];
    const writer = new AnomalyWriter(database, 'dev', {
      log: { ...log, error: (message) => errors.push(message) },
    });
    const [one, two, three] = closed(
      new AnomalyTracker(settings),
      0,
      scan({ source: '10.0.0.1', value: 99 }),
      scan({ source: '10.0.0.2', value: 98 }),
      scan({ source: '10.0.0.3', value: 97 }),
    );
    writer.write([one!, { ...two!, source_ip: '10.0.0.999' }, three!]);
    await writer.idle();
    expect(writer.state()).toMatchObject({ written: 2, dropped: 1, waiting: 0 });
    expect(errors).toEqual([expect.stringContaining('“10.0.0.2 scans ports”')]);
    expect((await read()).map((row) => row.source_ip).sort()).toEqual(['10.0.0.1', '10.0.0.3']);
  });

  it('stops though ClickHouse stays away', async () => {
    const writer = new AnomalyWriter(away(), 'dev', { log, firstPauseMs: 60_000 });
    writer.write(closed(new AnomalyTracker(settings), 0, scan()));
    await writer.stop(5);
    expect(writer.state().waiting).toBe(1);
  });
});

describe('a restart', () => {
  it('goes on with the rows of the table: those open, and those that ended lately', async () => {
    const tracker = new AnomalyTracker(settings);
    const rows = [
      ...closed(
        tracker,
        0,
        scan({ source: '10.0.0.1', score: 0.5 }),
        scan({ source: '10.0.0.2', score: 0.5 }),
      ),
      ...quiet(tracker, 1, 9),
      ...closed(
        tracker,
        10,
        scan({ source: '10.0.0.3', score: 0.5 }),
        scan({ source: '10.0.0.2', score: 0.5 }),
      ),
    ];
    await written(rows);
    const table = newest(rows);
    expect(newest(await read(NOON + 110))).toEqual(table);
    const resumed = new AnomalyTracker(settings);
    resumed.resume(await read(NOON + 110));
    expect(resumed.open()).toBe(2);
    const more = quiet(resumed, 11, 40);
    await written(more);
    const later = await read(NOON + 110);
    expect(later.map(({ state }) => state)).toEqual(['closed', 'closed', 'closed']);
    expect(new Set(later.map(({ id }) => id))).toEqual(new Set(table.keys()));
    const scanner = later.find(({ source_ip }) => source_ip === '10.0.0.3');
    expect(scanner).toMatchObject({ opened: NOON + 100, closed: NOON + 110 });
    // Long after, only what is open
    expect(await read(NOON + 86_400)).toEqual([]);
  });
});

describe('the largest flows', () => {
  beforeAll(async () => {
    const flow = (at: number, source: string, bytes: number, more = "'acme', 100"): string =>
      `(toDateTime(${at}), toIPv6('${source}'), toIPv6('192.0.2.9'), 22, 6, ${bytes}, 1, toIPv6('198.51.100.1'), ${more})`;
    const flows = [
      ...Array.from({ length: 30 }, (_, n) => flow(NOON + n, '10.0.0.7', 1000 + n)),
      flow(NOON + 5, '10.0.0.7', 30, "'acme', 100000"),
      flow(NOON + 5, '10.0.0.7', 999_999, "'other', 1"),
      flow(NOON + 5, '10.0.0.8', 999_999),
      flow(NOON - 600, '10.0.0.7', 999_999),
      flow(NOON + 5000, '10.0.0.7', 999_999),
    ];
    await database.command(
      `INSERT INTO dev.network_flows (timestamp, source_ip, destination_ip, destination_port, protocol, bytes_in, packets_in, collector_ip, tenant_id, sampling_rate) VALUES ${flows.join(', ')}`,
    );
  }, 60_000);

  const start = (options: Partial<ConstructorParameters<typeof FlowEvidence>[2]> = {}) => {
    const writer = new AnomalyWriter(database, 'dev', { log });
    const evidence = new FlowEvidence(database, 'dev', {
      attach: (id, flows) => writer.attach(id, flows),
      log,
      delayMs: 0,
      againMs: 1,
      ...options,
    });
    return { writer, evidence };
  };

  it('are added to the anomaly’s evidence, and stay in its later rows', async () => {
    const { writer, evidence } = start();
    const tracker = new AnomalyTracker(settings);
    const write = (rows: readonly AnomalyRow[]): void => {
      writer.write(rows);
      evidence.observe(rows);
    };
    write(closed(tracker, 0, scan({ flowFilter: 'source_ip = 10.0.0.7 and destination_port = 22' })));
    await evidence.idle();
    await writer.idle();
    const [row] = await read();
    const { flows } = JSON.parse(row!.evidence) as { flows: Record<string, unknown>[] };
    expect(flows).toHaveLength(10);
    expect(flows[0]).toEqual({
      timestamp: NOON + 5,
      source_ip: '10.0.0.7',
      destination_ip: '192.0.2.9',
      source_port: 0,
      destination_port: 22,
      protocol: 6,
      tcp_flags: 0,
      bytes: 3_000_000,
      packets: 100_000,
      duration_ms: 0,
      sampling_rate: 100_000,
      exporter: '198.51.100.1',
    });
    expect(flows[1]).toMatchObject({ bytes: 102_900 });
    write(closed(tracker, 1, scan({ value: 500 })));
    write(quiet(tracker, 2, 20));
    await evidence.idle();
    await writer.idle();
    const [end] = await read();
    expect(end).toMatchObject({ state: 'closed', value: 500 });
    expect(JSON.parse(end!.evidence)).toMatchObject({ flows });
    expect(evidence.state()).toEqual({ waiting: 0, found: 1, without: 0, failed: 0, passedOver: 0 });
    // A tracker that goes on with these rows writes newer ones
    const resumed = new AnomalyTracker(settings);
    resumed.resume([end!]);
    const [again] = closed(resumed, 30, scan());
    expect(again!.updated).toBeGreaterThan(end!.updated);
    evidence.observe([again!]);
    expect(evidence.state().waiting).toBe(0);
    await evidence.stop();
  });

  it('are asked for again where there are none yet, and in vain not for ever', async () => {
    const { evidence } = start();
    evidence.observe(closed(new AnomalyTracker(settings), 0, scan({ source: '10.9.9.9' })));
    await evidence.idle();
    expect(evidence.state()).toMatchObject({ found: 0, without: 1 });
  });

  it('of a filter that cannot be read, or that means all, are none', async () => {
    const warned: string[] = [];
    const { evidence } = start({ log: { warn: (message) => warned.push(message) } });
    evidence.observe(
      closed(
        new AnomalyTracker(settings),
        0,
        scan({ source: '10.0.0.1', flowFilter: 'sauce = 1' }),
        scan({ source: '10.0.0.2', flowFilter: ' ' }),
      ),
    );
    await evidence.idle();
    expect(evidence.state()).toMatchObject({ waiting: 0, failed: 1, found: 0 });
    expect(warned).toEqual([
      expect.stringContaining('“10.0.0.1 scans ports” cannot be read: its filter "sauce = 1"'),
    ]);
  });

  it('of more than can wait are passed over, and counted', async () => {
    const { evidence } = start({ delayMs: 60_000, mostWaiting: 2 });
    const many = Array.from({ length: 5 }, (_, n) => scan({ source: `10.0.0.${n}` }));
    evidence.observe(closed(new AnomalyTracker(settings), 0, ...many));
    expect(evidence.state()).toMatchObject({ waiting: 2, passedOver: 3 });
    await evidence.stop();
    expect(evidence.state().waiting).toBe(0);
  });
});
