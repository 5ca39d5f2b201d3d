import { afterEach, expect, it } from '@jest/globals';
import { testDataSource } from '../testing/ask.ts';
import { type FakeClickHouse, startFakeClickHouse } from '../testing/fake-clickhouse.ts';
import { closeDataSource } from './data-source.ts';
import { type Knowledge, TableReach } from './table-reach.ts';

const T = 1_780_000_020;
let fake: FakeClickHouse;
afterEach(() => fake.close());

/** What is known where the system tables say so. */
async function known(parts: readonly (readonly [string, number, number])[]): Promise<Knowledge> {
  fake = await startFakeClickHouse(({ sql }) =>
    sql.includes('system.parts')
      ? {
          columns: [
            ['table', 'String'],
            ['oldest', 'Float64'],
            ['newest', 'Float64'],
          ],
          rows: parts,
        }
      : { columns: [['name', 'String']], rows: [['bytes_in']] },
  );
  const source = testDataSource({ url: fake.url });
  const knowledge = await new TableReach(source.client).known();
  closeDataSource(source);
  return knowledge;
}

it('tells which minutes each narrow rollup has', async () => {
  const { tables } = await known([
    ['network_flows', T, T + 7_205],
    ['flows_1m', T, T + 7_140],
    ['flows_1m_applications', T + 3_600, T + 7_140],
    ['flows_1m_interfaces', T + 3_600, T + 7_080],
  ]);
  expect(tables).toEqual({
    minutesToSeconds: T + 7_200,
    hoursToSeconds: 0,
    narrow: {
      flows_1m_applications: { fromSeconds: T + 3_600, toSeconds: T + 7_200 },
      flows_1m_interfaces: { fromSeconds: T + 3_600, toSeconds: T + 7_140 },
    },
  });
});

it('knows of no narrow rollup that has nothing, as in a database of schema 2', async () => {
  const { tables } = await known([
    ['network_flows', T, T + 7_205],
    ['flows_1m', T, T + 7_140],
  ]);
  expect(tables.narrow).toEqual({});
});
