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

interface Row {
  readonly id: string;
  readonly type: string;
  readonly state: string;
  readonly source: string;
  readonly destination: string;
  readonly exporter: string;
  readonly title: string;
  readonly updated: number;
  readonly evidence: string;
}

/** Scans in the table, the newest row of each. */
function scans(collector: TestCollector, source: string): Promise<Row[]> {
  return collector.query<Row>(
    `SELECT toString(id) AS id, type, toString(state) AS state, ${dotted('source_ip')} AS source, ${dotted('destination_ip')} AS destination,
       exporter_name AS exporter, title, toUnixTimestamp64Milli(updated) AS updated, evidence
     FROM anomalies FINAL WHERE type = 'port_scan_vertical' AND source_ip = toIPv6('${source}')`,
  );
}

async function scanOf(collector: TestCollector, source: string): Promise<Row> {
  const [row] = await until(
    `the scan by ${source} in the table`,
    async () => {
      const rows = await scans(collector, source);
      return rows.length > 0 ? rows : undefined;
    },
    20_000,
  );
  return row!;
}

describe('a port scan', () => {
  const config = (exclude: string): string => `
batch: { timeout_secs: 0.3 }
exporters: [{ address: ${EXPORTER.address}, name: border }]
detection: { ${QUICK}, exclude: [${exclude}] }
`;

  test('is in the table with its flows when its window has ended; one that is excluded meanwhile is not; after kill -9 it goes on in its row', async () => {
    const [scanner, known, other] = ['198.51.100.66', '198.51.100.77', '198.51.100.88'];
    let collector = await TestCollector.start(workspace, { config: config('') });
    const { dataDir, udpPort } = collector;
    await send(collector, scan(scanner, 200));
    const opened = await scanOf(collector, scanner);
    expect(opened).toMatchObject({ state: 'open' });
    expect(opened.title).toContain(scanner);

    collector.reload(config(`{ filter: 'source_ip = ${known}', comment: ours }`));
    await until('the reload', () => (collector.log.includes('read anew') ? true : undefined));
    await send(collector, [...scan(known, 200), ...scan(other, 200)]);
    await scanOf(collector, other);
    expect(await scans(collector, known)).toEqual([]);
    await balanced(collector, 1200);
    const metrics = await until('the exclusion in the metrics', async () => {
      const all = await collector.metrics();
      return all.has(`weir_detection_excluded_findings_total{filter="source_ip = ${known}"}`)
        ? all
        : undefined;
    });
    expect(metrics.get('weir_detection_findings_total{type="port_scan_vertical"}')).toBeGreaterThan(1);
    expect(metrics.get('weir_detection_records_total')).toBe(1200);
    expect(metrics.get('weir_detection_passed_over_flows_total')).toBe(0);
    expect(await collector.health()).toMatchObject({ status: 'ok' });

    type Evidence = { flows?: { source_ip?: string }[] };
    const withFlows = await until(
      'the largest flows of the scan',
      async () => {
        const [row] = await scans(collector, scanner);
        const { flows } = JSON.parse(row!.evidence) as Evidence;
        return flows !== undefined && flows.length > 0 ? row : undefined;
      },
      30_000,
    );
    expect(withFlows.id).toBe(opened.id);

    await collector.kill();
    collector = await TestCollector.start(workspace, { dataDir, udpPort, config: config('') });
    await send(collector, scan(scanner, 200, 1000));
    const again = await until(
      'the same row, written again',
      async () => {
        const rows = await scans(collector, scanner);
        return rows.some(({ updated }) => updated > withFlows.updated) ? rows : undefined;
      },
      20_000,
    );
    expect(again).toHaveLength(1);
    expect(again[0]).toMatchObject({ id: opened.id, state: 'open' });
    // Killed before it has saved anything: it has learnt from the windows in the table.
    expect((await collector.metrics()).get('weir_detection_learnt_windows_total')).toBeGreaterThan(0);
    expect(await collector.stop()).toBe(0);
    expect(collector.log).not.toContain('"level":50');
  }, 150_000);
});
