import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Truth, TruthFlow } from '../../collector/src/simulate/index.ts';
import { TestCollector } from '../support/collector.ts';
import { simulateWithFlows } from '../support/simulated.ts';
import { Workspace } from '../support/workspace.ts';

/* The four queries that must run unchanged, by curl as a person would, against a database named `dev`. */

const QUERIES = [
  'SELECT source_ip, COUNT(*) AS flow_count FROM dev.network_flows GROUP BY source_ip ORDER BY flow_count DESC LIMIT 10;',
  'SELECT protocol, COUNT(*) AS count FROM dev.network_flows GROUP BY protocol ORDER BY count DESC;',
  'SELECT destination_ip, SUM(bytes_in) AS total_bytes FROM dev.network_flows GROUP BY destination_ip ORDER BY total_bytes DESC LIMIT 10;',
  `SELECT toHour(toDateTime(timestamp)) AS hour, SUM(bytes_in) AS total_bytes, COUNT(*) AS flow_count FROM dev.network_flows
  WHERE timestamp > (now() - INTERVAL 1 DAY) GROUP BY hour ORDER BY hour;`,
] as const;

const workspace = new Workspace();
afterAll(() => workspace.dispose());

let collector: TestCollector;
let truth: Truth;
let flows: TruthFlow[];

beforeAll(async () => {
  collector = await TestCollector.start(workspace, { env: { CLICKHOUSE_DATABASE: 'dev' } });
  const options = { exporters: 3, rate: 10_000, flows: 9000, ipv6Share: 0.3 };
  ({ truth, flows } = await simulateWithFlows(collector, workspace, options));
  await collector.settled(truth.sent.datagrams);
}, 60_000);

async function curl(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('curl', ['-sS', '--max-time', '20', ...args]);
  return stdout;
}

async function ask(query: string): Promise<string[][]> {
  const text = await curl(`${collector.clickhouseUrl}/`, '--data-binary', query);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
}

const plain = (address: string | undefined): string => (address ?? '').replace(/^::ffff:/, '');

describe('against a database named dev', () => {
  test('who sends most flows', async () => {
    const rows = await ask(QUERIES[0]);
    expect(rows).toHaveLength(10);
    const counts = new Map<string, number>();
    for (const { source_ip: source } of flows) counts.set(source, (counts.get(source) ?? 0) + 1);
    expect(rows.map(([address]) => counts.get(plain(address)))).toEqual(
      rows.map(([, count]) => Number(count)),
    );
    expect(rows.map(([, count]) => Number(count))).toEqual(
      [...counts.values()].sort((a, b) => b - a).slice(0, 10),
    );
  });

  test('which protocols', async () => {
    const rows = await ask(QUERIES[1]);
    expect(Object.fromEntries(rows.map(([protocol, count]) => [protocol, Number(count)]))).toEqual(
      Object.fromEntries(
        Object.entries(truth.byProtocol).map(([protocol, share]) => [protocol, share.flows]),
      ),
    );
  });

  test('who receives most bytes', async () => {
    const rows = await ask(QUERIES[2]);
    expect(rows.map(([address, bytes]) => [plain(address), Number(bytes)])).toEqual(
      truth.topDestinations.slice(0, 10).map(({ address, bytes }) => [address, bytes]),
    );
  });

  test('how the day went, hour by hour', async () => {
    const rows = await ask(QUERIES[3]);
    expect(rows.length).toBeLessThanOrEqual(2);
    expect(rows.reduce((sum, [, bytes]) => sum + Number(bytes), 0)).toBe(truth.sums.bytes);
    expect(rows.reduce((sum, [, , count]) => sum + Number(count), 0)).toBe(truth.sent.flows);
  });
});

test('the one-line question, with no database named', async () => {
  const answer = await curl(`${collector.clickhouseUrl}/?query=SELECT+count()+FROM+network_flows`);
  expect(answer).toBe(`${truth.sent.flows}\n`);
});

test('@clickhouse/client reads and streams as from a server', async () => {
  const client = createClient({ url: collector.clickhouseUrl, database: 'dev' });
  try {
    const result = await client.query({
      query: 'SELECT protocol, count() AS n FROM network_flows GROUP BY ALL ORDER BY ALL',
      format: 'JSONEachRow',
    });
    const rows = await result.json<{ protocol: number; n: string }>();
    expect(rows.reduce((sum, { n }) => sum + Number(n), 0)).toBe(truth.sent.flows);
    const stream = await client.query({
      query: 'SELECT bytes_in FROM network_flows',
      format: 'JSONCompactEachRow',
    });
    let bytes = 0;
    for await (const batch of stream.stream<[string]>())
      for (const row of batch) bytes += Number(row.json()[0]);
    expect(bytes).toBe(truth.sums.bytes);
  } finally {
    await client.close();
  }
});
