import { type NarrowRollup, narrowRollupNames, narrowRollups } from '@weir/core';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Database } from '../../collector/src/store/clickhouse/database.ts';
import { openRemoteDatabase } from '../../collector/src/store/clickhouse/remote.ts';
import { Roller } from '../../collector/src/store/rollups/roller.ts';
import { columnsOfRollup, heavyColumns, rollupColumns } from '../../collector/src/store/schema/ddl.ts';
import { LiveColumns } from '../../collector/src/store/schema/live-columns.ts';
import { migrate } from '../../collector/src/store/schema/migrations.ts';
import { TestCollector } from '../support/collector.ts';
import { Workspace } from '../support/workspace.ts';

/*
 * The rollups beside the flows they are made from, in a database of their own on a collector's engine: flows with
 * timestamps of hours that are over, and a clock that is turned by hand.
 */

const workspace = new Workspace();
afterAll(() => workspace.dispose());

const NAME = 'rolled';
const HOUR = 3600;
/** The beginning of an hour, some hours ago. */
const BASE = Math.floor(Date.now() / 1000 / HOUR) * HOUR - 5 * HOUR;
const GRACE_MS = 20_000;
const TOP = 5;
const SUMMED = rollupColumns.filter((c) => c.rollup === 'sum').map((c) => c.name);

let database: Database;
let nowMs = 0;
let roller: Roller;
const complaints: string[] = [];

/** Flows by `number`, spread over an hour; five sources and a port that weigh more than all others, at two exporters. */
const flows = (count: number, from: number, span: number, seed: number): string => `
INSERT INTO ${NAME}.network_flows (timestamp, tenant_id, collector_ip, exporter_name, flow_source, sampling_rate, source_ip,
  destination_ip, source_port, destination_port, protocol, bytes_in, packets_in, bytes_out, packets_out, tcp_rtt_us,
  input_interface, source_as)
SELECT toDateTime(${from} + intHash32(number + ${seed}) % ${span}), if(number % 2, 'red', 'blue'),
  toIPv6(if(number % 2, '192.0.2.1', '192.0.2.2')), 'edge', 'ipfix', if(number % 2, 100, 1),
  toIPv6(if(number % 3 = 0, concat('10.0.0.', toString(number % 5 + 1)), concat('172.16.', toString(number % 250), '.', toString(intHash32(number) % 250)))),
  toIPv6(concat('2001:db8::', hex(number % 5000))),
  1024 + intHash32(number) % 60000, if(number % 4 = 1, 443, number % 1000 + 1), if(number % 7, 6, 17),
  if(number % 3 = 0, 1000000, 100) + number % 100, 1 + number % 10, if(number % 4 = 0, 500, 0), number % 4 = 0,
  if(number % 5, 0, 1000 + number % 100), number % 3, 64500 + number % 40
FROM numbers(${count})`;

const sums = (table: string, slot: string, count: string): string =>
  `SELECT toUnixTimestamp(${slot}) AS slot, tenant_id, collector_ip, protocol, sampling_rate, ${SUMMED.map((c) => `sum(${c}) AS ${c}`).join(', ')},
     ${count} AS flows FROM ${NAME}.${table} GROUP BY slot, tenant_id, collector_ip, protocol, sampling_rate
   ORDER BY slot, tenant_id, collector_ip, protocol, sampling_rate`;

/** Every column of a narrow rollup: its keys, its sums, and its averages as sums and counts. */
function narrowSums(name: NarrowRollup, table: string): string {
  const keys = narrowRollups[name].join(', ');
  const raw = table === 'network_flows';
  const measures = columnsOfRollup(name).flatMap(({ name: c, rollup }) =>
    rollup === 'sum'
      ? [`sum(${c}) AS s_${c}`]
      : rollup === 'average'
        ? raw
          ? [`sum(${c}) AS s_${c}`, `countIf(${c} > 0) AS n_${c}`]
          : [`sum(${c}_sum) AS s_${c}`, `sum(${c}_count) AS n_${c}`]
        : [],
  );
  return `SELECT toUnixTimestamp(toStartOfMinute(timestamp)) AS slot, ${keys}, ${measures.join(', ')},
    ${raw ? 'count()' : 'sum(flow_count)'} AS flows FROM ${NAME}.${table} GROUP BY slot, ${keys} ORDER BY slot, ${keys}`;
}

async function expectRollupsTrue(): Promise<void> {
  for (const name of narrowRollupNames)
    expect(await database.query(narrowSums(name, name))).toEqual(
      await database.query(narrowSums(name, 'network_flows')),
    );
  expect(await database.query(sums('flows_1m', 'timestamp', 'sum(flow_count)'))).toEqual(
    await database.query(sums('network_flows', 'toStartOfMinute(timestamp)', 'count()')),
  );
  expect(await database.query(sums('flows_1h', 'timestamp', 'sum(flow_count)'))).toEqual(
    await database.query(sums('network_flows', 'toStartOfHour(timestamp)', 'count()')),
  );
}

beforeAll(async () => {
  const collector = await TestCollector.start(workspace);
  database = openRemoteDatabase({ url: collector.clickhouseUrl, database: NAME });
  workspace.onDispose(() => database.close());
  await migrate(
    database,
    {
      database: NAME,
      retention: {
        flowsDays: 30,
        rollup1mDays: 90,
        rollup1hDays: 700,
        ledgerDays: 700,
        windowsDays: 700,
        anomaliesDays: 700,
      },
    },
    () => undefined,
  );
  roller = new Roller(database, {
    database: NAME,
    top: TOP,
    graceMs: GRACE_MS,
    lookBackMs: 3 * 24 * HOUR * 1000,
    everyMs: 3_600_000,
    log: { info: () => undefined, warn: (m) => complaints.push(m), error: (m) => complaints.push(m) },
    now: () => nowMs,
  });
  await new LiveColumns(database, NAME).ensure(['tcp_rtt_us', 'source_as']);
  // Five minutes of one hour and five of the next.
  await database.command(flows(20_000, BASE, 300, 1));
  await database.command(flows(10_000, BASE + HOUR, 300, 7));
}, 60_000);

describe('rollups', () => {
  test('a slot is made when it has closed, and not before', async () => {
    nowMs = (BASE + 60) * 1000 + GRACE_MS - 1;
    await roller.run();
    expect(complaints).toEqual([]);
    expect(roller.slotsMade).toBe(0);
    nowMs++;
    await roller.run();
    // The minute of the wide rollup and of both narrow ones.
    expect(roller.slotsMade).toBe(3);
    expect(
      await database.query(`SELECT DISTINCT toUnixTimestamp(timestamp) AS slot FROM ${NAME}.flows_1m`),
    ).toEqual([{ slot: BASE }]);
  });

  test('hold what the flows hold, minute by minute and hour by hour', async () => {
    nowMs = (BASE + 2 * HOUR) * 1000 + GRACE_MS;
    await roller.run();
    expect(complaints).toEqual([]);
    expect(roller.slotsMade).toBe(3 * 10 + 2);
    await expectRollupsTrue();
  });

  test('nothing to do is nothing done', async () => {
    await roller.run();
    expect(roller.slotsMade).toBe(32);
  });

  test('the narrow ones have a row for each combination of their keys, no more', async () => {
    for (const name of narrowRollupNames) {
      const [row] = await database.query<{ n: number; distinct: number }>(
        `SELECT count() AS n, uniqExact(timestamp, ${narrowRollups[name].join(', ')}) AS distinct FROM ${NAME}.${name}`,
      );
      expect(row!.n).toBe(row!.distinct);
      expect(row!.n).toBeLessThan(10 * 2 * 3 * 2 + 1);
    }
  });

  test('averages keep what they are averages of', async () => {
    const [raw] = await database.query(
      `SELECT sum(tcp_rtt_us) AS s, countIf(tcp_rtt_us > 0) AS n FROM ${NAME}.network_flows`,
    );
    for (const table of ['flows_1m', 'flows_1h'])
      expect(
        await database.query(
          `SELECT sum(tcp_rtt_us_sum) AS s, sum(tcp_rtt_us_count) AS n FROM ${NAME}.${table}`,
        ),
      ).toEqual([raw]);
  });

  test.each([
    ['flows_1m', 60],
    ['flows_1h', HOUR],
  ] as const)(
    '%s: heavy hitters keep their names and their whole sums, the rest is folded',
    async (table, seconds) => {
      const bit = 1 << heavyColumns.findIndex((c) => c.name === 'source_ip');
      const heavy = (from: string, slot: string): string =>
        `SELECT toUnixTimestamp(${slot}) AS slot, toString(source_ip) AS source, sum(bytes_in) AS bytes, sum(packets_in) AS packets
       FROM ${NAME}.${from} WHERE toString(source_ip) LIKE '::ffff:10.0.0.%' GROUP BY slot, source ORDER BY slot, source`;
      const named = await database.query(heavy(table, 'timestamp'));
      expect(named).toEqual(
        await database.query(
          heavy('network_flows', `toStartOfInterval(timestamp, INTERVAL ${seconds} SECOND)`),
        ),
      );
      expect(named.length).toBeGreaterThanOrEqual(10);
      // No slot has more names than the top; who has none is zero and says so.
      expect(
        await database.query(
          `SELECT max(n) AS n FROM (SELECT uniqExactIf(source_ip, source_ip != toIPv6('::')) AS n FROM ${NAME}.${table} GROUP BY timestamp)`,
        ),
      ).toEqual([{ n: TOP }]);
      expect(
        await database.query(
          `SELECT countIf((source_ip = toIPv6('::')) != (bitAnd(folded, ${bit}) != 0)) AS wrong, countIf(bitAnd(folded, ${bit}) != 0) > 0 AS some FROM ${NAME}.${table}`,
        ),
      ).toEqual([{ wrong: 0, some: 1 }]);
      // Of ports a fifth as many keep theirs.
      expect(
        await database.query(
          `SELECT groupUniqArray(destination_port) AS ports FROM ${NAME}.${table} WHERE destination_port != 0`,
        ),
      ).toEqual([{ ports: [443] }]);
      // And it is worth it: many flows are few rows.
      const [rows] = await database.query<{ rows: number; flows: number }>(
        `SELECT count() AS rows, sum(flow_count) AS flows FROM ${NAME}.${table}`,
      );
      expect(rows!.flows).toBe(30_000);
      expect(rows!.rows).toBeLessThan(12_000);
    },
  );

  test('late data makes its slots anew, and only these', async () => {
    await database.command(flows(500, BASE + 60, 60, 3));
    await roller.run();
    expect(complaints).toEqual([]);
    expect(roller.slotsMade).toBe(32 + 3 + 1);
    await expectRollupsTrue();
    // A minute that had nothing at all.
    await database.command(flows(100, BASE + 1800, 30, 5));
    await roller.run();
    expect(roller.slotsMade).toBe(36 + 3 + 1);
    await expectRollupsTrue();
  });

  test('a slot half made, as a crash leaves it, is made whole', async () => {
    await database.command(
      `DELETE FROM ${NAME}.flows_1m WHERE timestamp = toDateTime(${BASE + 120}) AND protocol = 6`,
    );
    for (const name of narrowRollupNames)
      await database.command(
        `DELETE FROM ${NAME}.${name} WHERE timestamp = toDateTime(${BASE + 180}) AND sampling_rate = 100`,
      );
    await database.command(`DELETE FROM ${NAME}.flows_1h WHERE timestamp = toDateTime(${BASE + HOUR})`);
    await roller.run();
    expect(complaints).toEqual([]);
    await expectRollupsTrue();
  });
});
