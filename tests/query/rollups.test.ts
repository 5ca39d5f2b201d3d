import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
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
