import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CompileContext } from '../../core/src/query/index.ts';
import { FlowDatabase, type FlowRow, type Row, rangeOf } from './flow-database.ts';

const HOUR = 3600;
/** The beginning of a day that is long over. */
const T = 1_780_012_800 - (1_780_012_800 % 86_400);
const RANGE = rangeOf(T + HOUR + 1234, T + 4 * HOUR - 7, HOUR);

let db: FlowDatabase;

/** Flows of some minutes of four hours: enough to be in hours, in minutes and at ragged edges. */
const rows: FlowRow[] = Array.from({ length: 900 }, (_, i) => ({
  timestamp:
    T + [5, 1233, 1250, 3590, 3600, 4830, 4835, 4860, 7300, 10_790, 10_800, 14_350, 14_392, 14_394][i % 14]!,
  source_ip: `10.0.${i % 3}.${i % 11}`,
  destination_ip: `10.1.0.${i % 7}`,
  source_port: 50_000 + (i % 5),
  destination_port: 443,
  collector_ip: '192.0.2.1',
  exporter_name: 'edge-1',
  input_interface: i % 3,
  output_interface: 7 + (i % 2),
  input_interface_name: i % 3 === 1 ? 'xe-0' : '',
  application: ['https', '', 'dns'][i % 3]!,
  tos: i % 4 === 0 ? 184 : 0,
  sampling_rate: [1, 10, 0][i % 3]!,
  protocol: i % 2 === 0 ? 6 : 17,
  bytes_in: 100 + ((i * 31) % 977),
  packets_in: 1 + (i % 4),
  bytes_out: i % 5 === 0 ? 60 + i : 0,
  packets_out: i % 5 === 0 ? 1 : 0,
  tcp_rtt_us: i % 4 === 0 ? 100 + i : 0,
}));

beforeAll(async () => {
  db = await FlowDatabase.open(T + 6 * HOUR);
  await db.flows(rows);
  await db.roll();
  // As if asked at the end of the fourth hour: its last minutes are in no rollup yet.
  db.now = T + 4 * HOUR;
}, 120_000);
afterAll(() => db.close());

/** Answers without the order of what weighs the same. */
function read(answer: readonly Row[]): Record<string, unknown> {
  return Object.fromEntries(
    answer.map((row) => [JSON.stringify([row['keys'], row['other'], row['reverse'], row['previous']]), row]),
  );
}

describe('single flows, minutes and hours', () => {
  it.each([
    ['protocol', 'bytes'],
    ['exporter', 'bits_per_second'],
    ['source_ip', 'bytes'],
    ['host', 'packets'],
    ['source_ip', 'flows'],
    ['protocol', 'tcp_rtt'],
    ['protocol', 'packet_size'],
  ])('agree to the byte by %s on %s, with ragged edges', async (dimension, metric) => {
    const saved = {
      metric,
      dimensions: [dimension],
      limit: 100,
      lastBucket: 'keep',
      bidirectional: true,
      previousPeriod: true,
    };
    const raw = await db.ask({ ...saved, resolution: 'raw' }, RANGE);
    expect(raw.length).toBeGreaterThan(1);
    for (const resolution of ['1m', '1h'])
      expect(read(await db.ask({ ...saved, resolution }, RANGE))).toEqual(read(raw));
    // A table counts whole seconds, whatever the slots
    const top = { ...saved, kind: 'top', minInterval: HOUR };
    const expected = await db.ask({ ...top, resolution: 'raw' }, RANGE);
    expect(expected.length).toBeGreaterThan(0);
    for (const resolution of ['1m', '1h'])
      expect(await db.ask({ ...top, resolution }, RANGE)).toEqual(expected);
  });

  const narrow = (fromSeconds = T, toSeconds = T + 4 * HOUR - 120): Partial<CompileContext> => {
    const span = { fromSeconds, toSeconds };
    return { tables: { narrow: { flows_1m_applications: span, flows_1m_interfaces: span } } };
  };

  it.each<[table: string, what: string, saved: object]>([
    ['flows_1m_applications', 'everything', { metric: 'bytes' }],
    ['flows_1m_applications', 'packets of exporters', { metric: 'packets', dimensions: ['exporter'] }],
    ['flows_1m_applications', 'protocols', { metric: 'bits_per_second', dimensions: ['protocol'] }],
    [
      'flows_1m_applications',
      'flows of applications',
      { metric: 'flows', dimensions: ['application', 'dscp'] },
    ],
    ['flows_1m_applications', 'round-trip times', { metric: 'tcp_rtt', dimensions: ['application'] }],
    ['flows_1m_applications', 'packet sizes of TCP', { metric: 'packet_size', filter: 'protocol = tcp' }],
    ['flows_1m_interfaces', 'interfaces in', { metric: 'bytes', dimensions: ['input_interface'] }],
    ['flows_1m_interfaces', 'interfaces', { metric: 'packets', dimensions: ['interface'] }],
    [
      'flows_1m_interfaces',
      'one interface’s flows',
      { metric: 'flows', dimensions: ['exporter'], filter: 'input_interface = 1' },
    ],
  ])('agree to the byte with the narrow minutes %s: %s', async (table, _, saved) => {
    // The first bucket is ragged, the last minutes are not in the narrow table, and an earlier hour may not be.
    for (const kind of ['timeseries', 'top'] as const) {
      const asked = {
        kind,
        minInterval: HOUR,
        limit: 100,
        lastBucket: 'keep',
        bidirectional: true,
        previousPeriod: true,
        ...saved,
      };
      if (kind === 'top' && !('dimensions' in saved)) continue;
      const raw = await db.ask({ ...asked, resolution: 'raw' }, RANGE);
      expect(raw.length).toBeGreaterThan(0);
      expect(JSON.stringify(raw)).toMatch(/[1-9]/);
      for (const reach of [narrow(), narrow(T + 2 * HOUR)])
        for (const resolution of ['1m', '1h']) {
          const { statements, notices } = db.compile({ ...asked, resolution }, RANGE, reach);
          expect(statements[0]!.sql).toContain(`FROM dev.${table}\n`);
          const answers = resolution === '1m' ? table : 'flows_1h';
          expect(notices.map((n) => n.text)).toContain(`Answered from the rollup ${answers}.`);
          expect(read(await db.run(statements[0]!))).toEqual(read(raw));
        }
    }
  });

  it('of which the narrow ones are not asked for what they have not', () => {
    const sqlOf = (saved: object): string =>
      db.compile({ metric: 'bytes', resolution: '1m', ...saved }, RANGE, narrow()).statements[0]!.sql;
    for (const saved of [
      { dimensions: ['source_ip'] },
      { dimensions: ['vlan_id'] },
      { dimensions: ['input_interface'], filter: 'protocol = tcp' },
      { kind: 'sql', sql: 'SELECT sum($__bytes) FROM $__table WHERE $__timeFilter(timestamp)' },
    ])
      expect(sqlOf(saved)).not.toMatch(/flows_1m_/);
  });

  it('agree with a sum by hand', async () => {
    const sum = rows
      .filter((r) => r.timestamp >= T + HOUR + 1234 && r.timestamp < T + 4 * HOUR - 10)
      .reduce(
        (all, r) =>
          all + (Number(r['bytes_in']) + Number(r['bytes_out'])) * Math.max(1, Number(r['sampling_rate'])),
        0,
      );
    const answer = await db.ask(
      { kind: 'top', metric: 'bytes', dimensions: ['exporter'], resolution: '1h' },
      RANGE,
    );
    expect(answer).toMatchObject([{ keys: ['edge-1'], total: sum, share: 100 }]);
  });

  it('agree in conversations and topology', async () => {
    for (const kind of ['conversations', 'topology']) {
      const saved = { kind, metric: 'bytes', limit: 5 };
      const raw = await db.ask({ ...saved, resolution: 'raw' }, RANGE);
      expect(raw.length).toBeGreaterThan(5);
      expect(await db.ask({ ...saved, resolution: '1h' }, RANGE)).toEqual(raw);
    }
  });

  it('of a rollup that folds: light hosts are in “Other”, and nothing is lost', async () => {
    await db.database.command('TRUNCATE TABLE dev.flows_1m');
    await db.database.command('TRUNCATE TABLE dev.flows_1h');
    db.now = T + 6 * HOUR;
    await db.roll(3);
    const saved = { metric: 'bytes', dimensions: ['source_ip'], limit: 1000 };
    const range = rangeOf(T, T + 4 * HOUR, HOUR);
    const sum = (answer: readonly Row[]): number =>
      answer.flatMap((r) => r['values'] as number[]).reduce((a, b) => a + b, 0);
    const raw = await db.ask({ ...saved, resolution: 'raw' }, range);
    const rolled = await db.ask({ ...saved, resolution: '1h' }, range);
    expect(sum(rolled)).toBe(sum(raw));
    expect(rolled.length).toBeLessThan(raw.length);
    expect(rolled.at(-1)).toMatchObject({ other: 1 });
    expect(rolled.map((r) => (r['keys'] as string[])[0])).not.toContain('::');
    expect(
      db
        .compile({ ...saved, resolution: '1h' }, range)
        .notices.map((n) => n.text)
        .join(),
    ).toContain('names the heaviest source_ip');
  }, 120_000);
});
