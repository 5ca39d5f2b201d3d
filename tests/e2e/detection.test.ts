import { afterAll, describe, expect, test } from '@jest/globals';
import { type V5Record, netflow5 } from '../../collector/src/inputs/netflow/testing/datagrams.ts';
import { TestCollector, dotted } from '../support/collector.ts';
import { Sender } from '../support/datagrams.ts';
import { simulate } from '../support/simulated.ts';
import { Workspace, until } from '../support/workspace.ts';

/*
 * Detection in a collector as it runs: windows and anomalies in the database, exclusions, kill -9, a ClickHouse that goes away.
 */

const workspace = new Workspace();
afterAll(() => workspace.dispose());

/** Windows are closed when they end: a test need not wait for late flows. */
const QUICK = 'lateness_secs: 0';
const EXPORTER = { address: '127.0.0.9', port: 1 };
const RECORDS = 30;
const sender = new Sender();
workspace.onDispose(() => sender.close());
let sequence = 0;

/** Flows of NetFlow v5, now. */
async function send(collector: TestCollector, flows: readonly V5Record[]): Promise<void> {
  for (let from = 0; from < flows.length; from += RECORDS) {
    const part = flows.slice(from, from + RECORDS);
    const payload = Buffer.from(netflow5({ exportMs: Date.now(), sequence }, ...part));
    sequence += part.length;
    await sender.send(collector.udpPort, { ...EXPORTER, payload });
  }
}

const SYN = 0x02;
const RST_ACK = 0x14;
const VICTIM = '10.1.1.5';

/** A scan as its border sees it: what was asked, and that nobody was there. */
function scan(source: string, ports: number, from = 1): V5Record[] {
  return Array.from({ length: ports }, (_, i) => from + i).flatMap((port) => [
    {
      source,
      destination: VICTIM,
      sourcePort: 40_000,
      destinationPort: port,
      tcpFlags: SYN,
      packets: 1,
      bytes: 40,
      input: 1,
      output: 2,
      firstMs: 3_599_990,
    },
    {
      source: VICTIM,
      destination: source,
      sourcePort: port,
      destinationPort: 40_000,
      tcpFlags: RST_ACK,
      packets: 1,
      bytes: 40,
      input: 2,
      output: 1,
      firstMs: 3_599_990,
    },
  ]);
}

interface Sums {
  readonly flows: number;
  readonly bytes: number;
  readonly packets: number;
}

/** What the two tables say of all traffic. */
async function sums(collector: TestCollector): Promise<{ flows: Sums; windows: Record<string, Sums> }> {
  const [flows] = await collector.query<Sums>(
    'SELECT count() AS flows, sum(bytes_in * greatest(sampling_rate, 1)) AS bytes, sum(packets_in * greatest(sampling_rate, 1)) AS packets FROM network_flows',
  );
  const rows = await collector.query<Sums & { kind: string }>(
    "SELECT kind, sum(records) AS flows, sum(bytes) AS bytes, sum(packets) AS packets FROM windows_10s WHERE kind != 'pair' AND direction != 2 GROUP BY kind",
  );
  return { flows: flows!, windows: Object.fromEntries(rows.map(({ kind, ...of }) => [kind, of])) };
}

/** Waits until every flow is in a window, of each kind. */
async function balanced(collector: TestCollector, least: number): Promise<void> {
  let last: unknown;
  await until(
    () => `windows with the sums of all flows; there are ${JSON.stringify(last)}`,
    async () => {
      const { flows, windows } = await sums(collector);
      last = { flows, windows };
      const kinds = ['source', 'destination', 'interface', 'service', 'tenant', 'prefix'];
      return flows.flows >= least &&
        kinds.every((kind) => JSON.stringify(windows[kind]) === JSON.stringify(flows))
        ? true
        : undefined;
    },
    40_000,
  );
}

describe('windows in the database', () => {
  test('hold the sums of all flows, whatever of them; while ClickHouse is away they wait in the spool', async () => {
    const home = await TestCollector.start(workspace, { config: 'detection: { enabled: false }' });
    const clickhousePort = Number(new URL(home.clickhouseUrl).port);
    const collector = await TestCollector.start(workspace, {
      config: `detection: { ${QUICK} }`,
      env: { CLICKHOUSE_URL: home.clickhouseUrl },
    });
    await simulate(collector, { rate: 4000, flows: 4000, samplingRates: [1, 100] });
    await balanced(collector, 4000);
    expect(await home.number('SELECT count() FROM windows_10s')).toBeGreaterThan(1000);

    await home.stop();
    await simulate(collector, { rate: 4000, flows: 4000, seed: 2 });
    await until(
      'a closed window that waits',
      async () => {
        const metrics = await collector.metrics();
        return metrics.get('weir_detection_records_total') === 8000 &&
          metrics.get('weir_store_connected') === 0
          ? true
          : undefined;
      },
      20_000,
    );
    const back = await TestCollector.start(workspace, {
      dataDir: home.dataDir,
      clickhousePort,
      config: 'detection: { enabled: false }',
    });
    await balanced(collector, 8000);
    expect((await collector.metrics()).get('weir_store_refused_window_rows_total')).toBe(0);
    expect(await collector.stop()).toBe(0);
    await back.stop();
  }, 120_000);
});
