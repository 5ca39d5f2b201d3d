import { existsSync, readFileSync, readdirSync, truncateSync, watch } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { startSimulation } from '../../collector/src/simulate/index.ts';
import type { Parcel } from '../../collector/src/store/spool/spool.ts';
import { TestCollector, dotted, imbalances } from '../support/collector.ts';
import { Sender, type Sent, isAnnouncement, record } from '../support/datagrams.ts';
import { Workspace, sleep, until } from '../support/workspace.ts';

/*
 * kill -9, a damaged spool, a ClickHouse that goes away: what was sealed is stored once, what was not is nowhere, and the ledger
 * agrees with the table. WEIR_CRASH_ROUNDS sets how often the collector is killed.
 */

const ROUNDS = Number(process.env['WEIR_CRASH_ROUNDS'] ?? 6);

const workspace = new Workspace();
afterAll(() => workspace.dispose());

/** Parcels that are whole, as their manifests tell: what a crash must not lose. */
function sealedParcels(dataDir: string): Parcel[] {
  const spool = join(dataDir, 'spool');
  if (!existsSync(spool)) return [];
  return readdirSync(spool)
    .filter((name) => name !== 'rejected' && !name.includes('.'))
    .map((name) => JSON.parse(readFileSync(join(spool, name, 'manifest.json'), 'utf8')) as Parcel);
}

const rowsOf = (parcels: readonly Parcel[]): number =>
  parcels.reduce((sum, { files }) => sum + (files.find((f) => f.table === 'network_flows')?.rows ?? 0), 0);

/** Rows beyond the first of each flow: nobody sends a flow of the same exporter, times, ends and sizes twice. */
const DOUBLES = `SELECT count() - uniqExact(sipHash64(collector_ip, flow_source, source_ip, destination_ip, source_port,
  destination_port, protocol, bytes_in, packets_in, flow_start_time, flow_end_time, tcp_flags, tos)) AS n FROM network_flows`;

function rejected(dataDir: string): string[] {
  return readdirSync(join(dataDir, 'spool', 'rejected'));
}

/** Deterministic chance, so that a failing run can be repeated. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Resolves when the next parcel is sealed. */
function nextParcel(dataDir: string): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(join(dataDir, 'spool'), (_, name) => {
      if (name === null || name.includes('.')) return;
      watcher.close();
      resolve();
    });
  });
}

test(
  'kill -9 while flows come: what was sealed is stored exactly once, again and again',
  async () => {
    const random = chance(Number(process.env['WEIR_CRASH_SEED'] ?? 7));
    const env = { BATCH_TIMEOUT_SECS: '0.15', BATCH_SIZE: '2000' };
    let collector = await TestCollector.start(workspace, { env });
    const { dataDir, udpPort } = collector;
    const traffic = startSimulation({
      target: { host: '127.0.0.1', port: udpPort },
      protocols: ['v9', 'ipfix', 'v5'],
      exporters: 3,
      rate: 12_000,
      templateRefresh: 40,
      seed: 11,
    });
    workspace.onDispose(() => traffic.stop());
    let withSealed = 0;
    for (let round = 0; round < ROUNDS; round++) {
      await sleep(200 + random() * 1200);
      // Two of three are killed a moment after a parcel was sealed, while it is being inserted.
      if (round % 3 !== 2) {
        await nextParcel(dataDir);
        await sleep(random() * 50);
      }
      await collector.kill();
      // Nobody writes now: what lies in the spool is what must be found again.
      const sealed = sealedParcels(dataDir);
      if (rowsOf(sealed) > 0) withSealed++;
      collector = await TestCollector.start(workspace, { env, dataDir, udpPort });
      expect(collector.log.includes('parcels from before are being stored')).toBe(sealed.length > 0);
      // All of them leave the spool, by being stored.
      await until('the parcels from before are stored', () => {
        const names = new Set(sealedParcelNames(dataDir));
        return sealed.some(({ name }) => names.has(name)) ? undefined : true;
      });
      expect(rejected(dataDir)).toEqual([]);
      expect(collector.log).not.toContain('"level":50');
      const [doubles] = await collector.query<{ n: number }>(DOUBLES);
      expect(doubles!.n).toBe(0);
    }
    await sleep(300);
    traffic.stop();
    const truth = await traffic.done;
    // What has been received is stored; then the account is closed.
    await collector.stop();
    expect(sealedParcelNames(dataDir)).toEqual([]);
    collector = await TestCollector.start(workspace, { env, dataDir, udpPort });
    const balances = await collector.balances();
    expect(imbalances(balances)).toEqual([]);
    for (const { address, sent } of truth.exporters) {
      const balance = balances.get(address)!;
      expect(balance.rows).toBeGreaterThan(0);
      expect(balance.rows).toBeLessThan(sent.flows);
    }
    const [doubles] = await collector.query<{ n: number }>(DOUBLES);
    expect(doubles!.n).toBe(0);
    // Some kills must have hit a moment at which there was something to lose.
    process.stdout.write(`crash: ${ROUNDS} kills, ${withSealed} with sealed flows in the spool\n`);
    await collector.stop();
  },
  60_000 + ROUNDS * 15_000,
);

function sealedParcelNames(dataDir: string): string[] {
  return readdirSync(join(dataDir, 'spool')).filter((name) => name !== 'rejected' && !name.includes('.'));
}

test('a damaged parcel is put aside and told of; all others are stored', async () => {
  const home = await TestCollector.start(workspace);
  const env = { CLICKHOUSE_URL: home.clickhouseUrl, BATCH_SIZE: '2000', BATCH_TIMEOUT_SECS: '0.2' };
  const first = await TestCollector.start(workspace, { env });
  const { dataDir, udpPort } = first;
  await home.kill();
  const { datagrams } = await record({ exporters: 3, rate: 20_000, flows: 12_000, protocols: ['v5'] });
  const sender = new Sender();
  for (let part = 0; part < 4; part++) {
    await sender.sendAll(
      udpPort,
      datagrams.slice((part * datagrams.length) / 4, ((part + 1) * datagrams.length) / 4),
    );
    await sleep(400);
  }
  await sender.close();
  await until('parcels wait in the spool', () =>
    rowsOf(sealedParcels(dataDir)) >= 11_000 ? true : undefined,
  );
  await first.kill();

  const sealed = sealedParcels(dataDir).sort((a, b) => (a.name < b.name ? -1 : 1));
  expect(sealed.length).toBeGreaterThan(2);
  const victim = sealed.find((p) => rowsOf([p]) > 0)!;
  const file = victim.files.find((f) => f.table === 'network_flows')!;
  truncateSync(join(dataDir, 'spool', victim.name, 'network_flows.native'), file.bytes - 100);

  const again = await TestCollector.start(workspace, { dataDir: home.dataDir });
  const second = await TestCollector.start(workspace, {
    dataDir,
    udpPort,
    env: { ...env, CLICKHOUSE_URL: again.clickhouseUrl },
  });
  await until('the spool is empty', () => (sealedParcelNames(dataDir).length === 0 ? true : undefined));
  expect(rejected(dataDir)).toEqual([victim.name]);
  expect(second.log).toMatch(new RegExp(`"level":50.*parcel ${victim.name} is damaged`));
  expect(await second.number('SELECT count() FROM network_flows')).toBe(rowsOf(sealed) - file.rows);
  expect(imbalances(await second.balances())).toEqual([]);
  // What cannot be stored is no reason not to take what comes.
  const more = await record({ exporters: 1, rate: 5000, flows: 500, protocols: ['v5'], seed: 5 });
  const before = await second.number('SELECT count() FROM network_flows');
  const sender2 = new Sender();
  await sender2.sendAll(udpPort, more.datagrams);
  await sender2.close();
  await until('new flows are stored', async () =>
    (await second.number('SELECT count() FROM network_flows')) === before + 500 ? true : undefined,
  );
  await second.stop();
  await again.stop();
}, 90_000);

test('templates and names are known after kill -9: ten exporters go on without sending a template, and lose no record', async () => {
  let collector = await TestCollector.start(workspace);
  const { dataDir, udpPort } = collector;
  const { truth, datagrams } = await record({
    protocols: ['v9', 'ipfix'],
    exporters: 10,
    rate: 20_000,
    flows: 20_000,
    templateRefresh: 1_000_000,
    samplingRates: [100],
    biflow: true,
  });
  // First what was announced, and the first half of the flows of each.
  const halves: [Sent[], Sent[]] = [[], []];
  for (const { address } of truth.exporters) {
    const own = datagrams.filter((d) => d.address === address);
    expect(own.findLastIndex((d) => isAnnouncement(d))).toBeLessThan(own.length / 2);
    halves[0].push(...own.slice(0, own.length / 2));
    halves[1].push(...own.slice(own.length / 2));
  }
  const sender = new Sender();
  await sender.sendAll(udpPort, halves[0]);
  await collector.settled(halves[0].length);
  const before = await collector.balances();
  await sleep(500); // templates are written a moment after they have come
  await collector.kill();
  collector = await TestCollector.start(workspace, { dataDir, udpPort });
  await sender.sendAll(udpPort, halves[1]);
  await sender.close();
  await collector.settled(datagrams.length);
  const balances = await collector.balances();
  expect(imbalances(balances)).toEqual([]);
  expect(before.size).toBe(10);
  for (const { address, sent, interfaces } of truth.exporters) {
    expect(balances.get(address)).toMatchObject({ rows: sent.flows, records_lost: 0, records_waiting: 0 });
    const [row] = await collector.query(
      `SELECT groupUniqArray(sampling_rate) AS rates, countIf(input_interface_name = '') AS nameless,
         countIf(bitAnd(record_flags, 8) != 0) AS late FROM network_flows WHERE ${dotted('collector_ip')} = '${address}'`,
    );
    expect(row).toEqual({ rates: [100], nameless: 0, late: 0 });
    expect(interfaces.length).toBeGreaterThan(0);
  }
  await collector.stop();
}, 60_000);

describe('ClickHouse away', () => {
  test('flows wait in the spool, then go in: in order, none lost, none twice', async () => {
    const home = await TestCollector.start(workspace);
    const clickhousePort = Number(new URL(home.clickhouseUrl).port);
    const collector = await TestCollector.start(workspace, {
      env: { CLICKHOUSE_URL: home.clickhouseUrl, BATCH_SIZE: '2000', BATCH_TIMEOUT_SECS: '0.2' },
    });
    const { datagrams, truth } = await record({ exporters: 3, rate: 20_000, flows: 24_000 });
    const third = 2 * Math.floor(datagrams.length / 6);
    const sender = new Sender();
    workspace.onDispose(() => sender.close());
    await sender.sendAll(collector.udpPort, datagrams.slice(0, third));
    await collector.settled(third);

    await home.stop();
    for (const from of [third, 1.5 * third]) {
      await sender.sendAll(collector.udpPort, datagrams.slice(from, from + 0.5 * third));
      await sleep(500);
    }
    await until('health tells of it', async () => {
      const { status, reasons } = await collector.health();
      return status === 'degraded' && reasons.some(({ code }) => code === 'store_unreachable')
        ? true
        : undefined;
    });
    await until('the spool holds them', () =>
      rowsOf(sealedParcels(collector.dataDir)) > 5000 ? true : undefined,
    );
    expect((await collector.metrics()).get('weir_store_spool_blocks')).toBeGreaterThan(1);

    const back = await TestCollector.start(workspace, { dataDir: home.dataDir, clickhousePort });
    await sender.sendAll(collector.udpPort, datagrams.slice(2 * third));
    await collector.settled(datagrams.length, 60_000);
    const balances = await collector.balances();
    expect(imbalances(balances)).toEqual([]);
    for (const { address, sent } of truth.exporters)
      expect(balances.get(address)).toMatchObject({ rows: sent.flows, records_lost: 0 });
    expect(await collector.number(DOUBLES)).toBe(0);
    await until('health is well again', async () => {
      const { reasons } = await collector.health();
      return reasons.some(({ code }) => code === 'store_unreachable') ? undefined : true;
    });
    expect(await collector.stop()).toBe(0);
    await back.stop();
  }, 90_000);
});
