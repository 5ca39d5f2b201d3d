import { afterEach, describe, expect, it } from '@jest/globals';
import { type DataSource, closeDataSource } from '../instances/data-source.ts';
import { ask, testDataSource } from '../testing/ask.ts';
import {
  type FakeAnswer,
  type FakeClickHouse,
  type SeenRequest,
  startFakeClickHouse,
} from '../testing/fake-clickhouse.ts';

const ONE: FakeAnswer = { columns: [['x', 'UInt8']], rows: [[1]] };
let fake: FakeClickHouse;
let dataSource: DataSource;

async function open(
  answer: (request: SeenRequest) => FakeAnswer = () => ONE,
  settings: Parameters<typeof testDataSource>[0] = {},
): Promise<void> {
  fake = await startFakeClickHouse(answer);
  dataSource = testDataSource({ url: fake.url, ...settings }, { password: 'hunter2' });
}
afterEach(async () => {
  closeDataSource(dataSource);
  await fake.close();
});
const asked = (): SeenRequest => fake.seen.find(({ sql }) => sql.includes('SELECT 42'))!;
const SQL = { kind: 'sql', sql: 'SELECT 42 AS answer' };

describe('a query goes to ClickHouse', () => {
  it('with the data source’s time limit, or what is left of the deadline less a second', async () => {
    await open(() => ONE, { timeoutSeconds: 20 });
    await ask(dataSource, SQL);
    expect(asked().search.get('max_execution_time')).toBe('20');
    fake.seen.length = 0;
    await ask(dataSource, SQL, { deadlineMs: Date.now() + 6500 });
    expect(['4', '5']).toContain(asked().search.get('max_execution_time'));
    fake.seen.length = 0;
    await ask(dataSource, SQL, { deadlineMs: Date.now() + 100 });
    expect(asked().search.get('max_execution_time')).toBe('1');
  });

  it('with its rows limited, and with who asks', async () => {
    await open(() => ONE, { maxRows: 500 });
    await ask(dataSource, SQL, {
      headers: {
        'http_X-Dashboard-Uid': 'noc',
        'http_X-Panel-Id': '7',
        'http_X-Rule-Uid': 'a%2Fb',
        'X-Grafana-User': 'ann',
      },
    });
    const { search } = asked();
    expect([search.get('max_result_rows'), search.get('result_overflow_mode')]).toEqual(['501', 'break']);
    expect(JSON.parse(search.get('log_comment')!)).toEqual({
      dashboard: 'noc',
      panel: '7',
      rule: 'a/b',
      user: 'ann',
    });
    expect(search.get('query_id')).toMatch(/^weir-test-A-/);
  });

  it('not at all where SQL is switched off', async () => {
    await open(() => ONE, { allowSql: false });
    await expect(ask(dataSource, SQL)).rejects.toMatchObject({ status: 403 });
    expect(asked()).toBeUndefined();
  });
});

describe('errors', () => {
  it.each([
    [516, 403, 401],
    [60, 404, 404],
    [62, 400, 400],
    [159, 500, 504],
    [202, 503, 503],
    [999, 500, 502],
  ])('with ClickHouse’s code %d are downstream’s and keep no secret', async (code, status, shown) => {
    await open(({ sql }) => (sql.includes('42') ? { error: 'no', code, status } : ONE));
    const error = (await ask(dataSource, SQL).catch((e: unknown) => e)) as Error;
    expect(error).toMatchObject({ status: shown, source: 'downstream' });
    expect(JSON.stringify(error) + error.message).not.toContain('hunter2');
  });
});

describe('an alert rule', () => {
  const ALERT = { headers: { FromAlert: 'true' } };
  const text =
    (columns: FakeAnswer & { columns: unknown }): ((request: SeenRequest) => FakeAnswer) =>
    ({ sql }) =>
      sql.includes('42') ? columns : ONE;

  it('on SQL with two numbers is refused, with what would be right', async () => {
    await open(
      text({
        columns: [
          ['name', 'String'],
          ['a', 'Float64'],
          ['b', 'Float64'],
        ],
        rows: [['x', 1, 2]],
      }),
    );
    await expect(ask(dataSource, SQL, ALERT)).rejects.toThrow(
      /exactly one column of numbers, and this has 2 \(a, b\)/,
    );
  });

  it('on SQL with no rows has no data, not an error', async () => {
    await open(text({ columns: [['a', 'Float64']], rows: [] }));
    const [frame] = await ask(dataSource, SQL, ALERT);
    expect([frame!.fields, frame!.meta?.type, frame!.meta?.typeVersion]).toEqual([
      [],
      'numeric-long',
      [0, 1],
    ]);
  });

  it('on SQL with more rows than the limit fails rather than leave some out', async () => {
    await open(text({ columns: [['a', 'Float64']], rows: [[1], [2], [3]] }), { maxRows: 2 });
    await expect(ask(dataSource, SQL, ALERT)).rejects.toThrow(/more than 2 rows/);
    const [frame] = await ask(dataSource, SQL);
    expect(frame!.fields[0]!.values).toHaveLength(2);
    expect(frame!.meta?.notices?.map(({ text: said }) => said)).toContain(
      'Only the first 2 rows are shown: the data source’s limit.',
    );
  });
});
