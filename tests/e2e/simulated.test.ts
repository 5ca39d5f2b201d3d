import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ExporterTruth, Truth, TruthFlow } from '../../collector/src/simulate/index.ts';
import { TestCollector, dotted, imbalances } from '../support/collector.ts';
import { Sender, type Sent, isAnnouncement, record } from '../support/datagrams.ts';
import { simulate, simulateWithFlows } from '../support/simulated.ts';
import { Workspace, until } from '../support/workspace.ts';

const workspace = new Workspace();
afterAll(() => workspace.dispose());

interface Sums {
  readonly exporter: string;
  readonly protocol?: number;
  readonly flows: number;
  readonly bytes: number;
  readonly packets: number;
  readonly bytes_out: number;
  readonly packets_out: number;
}

const SUMS = `${dotted('collector_ip')} AS exporter, count() AS flows, sum(bytes_in) AS bytes, sum(packets_in) AS packets,
  sum(bytes_out) AS bytes_out, sum(packets_out) AS packets_out`;

const truthSums = ({ address, sums }: ExporterTruth): Sums => ({
  exporter: address,
  flows: sums.flows,
  bytes: sums.bytes,
  packets: sums.packets,
  bytes_out: sums.reverseBytes,
  packets_out: sums.reversePackets,
});

describe('six exporters of three protocols', () => {
  let collector: TestCollector;
  let truth: Truth;

  beforeAll(async () => {
    collector = await TestCollector.start(workspace);
    truth = await simulate(collector, {
      protocols: ['v5', 'v9', 'ipfix'],
      exporters: 6,
      rate: 20_000,
      flows: 40_000,
      samplingRates: [1, 100, 1000, 512],
      templateRefresh: 20,
      ipv6Share: 0.4,
      biflow: true,
    });
    await collector.settled(truth.sent.datagrams);
  }, 60_000);

  test('every flow, byte and packet is in the table, for each exporter', async () => {
    expect(truth.refused.datagrams).toBe(0);
    const stored = await collector.query<Sums>(
      `SELECT ${SUMS} FROM network_flows GROUP BY exporter ORDER BY exporter`,
    );
    expect(stored).toEqual(truth.exporters.map(truthSums));
    expect(truth.sums.reverseBytes).toBeGreaterThan(0);
  });

  test('and for each protocol', async () => {
    const stored = await collector.query<Sums & { protocol: number }>(
      `SELECT protocol, ${SUMS} FROM network_flows GROUP BY exporter, protocol`,
    );
    const expected = truth.exporters.flatMap(({ address, byProtocol }) =>
      Object.entries(byProtocol).map(
        ([protocol, share]) => `${address} ${protocol} ${JSON.stringify(share)}`,
      ),
    );
    expect(
      stored
        .map(
          ({ exporter, protocol, flows, packets, bytes }) =>
            `${exporter} ${protocol} ${JSON.stringify({ flows, packets, bytes })}`,
        )
        .sort(),
    ).toEqual(expected.sort());
  });

  test('scaled by the sampling rate that each has announced', async () => {
    const stored = await collector.query(
      `SELECT ${dotted('collector_ip')} AS exporter, groupUniqArray(sampling_rate) AS rates,
         sum(bytes_in * greatest(sampling_rate, 1)) AS scaled FROM network_flows GROUP BY exporter ORDER BY exporter`,
    );
    expect(stored).toEqual(
      truth.exporters.map(({ address, samplingRate, sums, protocol }) => ({
        exporter: address,
        // Version 5 has no way to say that it does not sample.
        rates: [protocol === 'v5' && samplingRate === 1 ? 0 : samplingRate],
        scaled: sums.scaledBytes,
      })),
    );
  });

  test('the ledger balances, names nothing lost, and counts each datagram', async () => {
    const balances = await collector.balances();
    expect(imbalances(balances)).toEqual([]);
    for (const exporter of truth.exporters)
      expect(balances.get(exporter.address)).toMatchObject({
        datagrams_received: exporter.sent.datagrams,
        datagrams_decoded: exporter.sent.datagrams,
        records_announced: exporter.sent.flows + exporter.optionRecords,
        options_records: exporter.optionRecords,
        flows: exporter.sent.flows,
        rows_stored: exporter.sent.flows,
        records_lost: 0,
        records_waiting: 0,
        exporter_name: exporter.address,
      });
  });

  test('metrics, health and exporters say the same', async () => {
    await until('a report of all flows', async () => {
      const metrics = await collector.metrics();
      return metrics.get('weir_store_inserted_rows_total') === truth.sent.flows &&
        truth.exporters.every(
          (e) => metrics.get(`weir_exporter_flows_total{exporter="${e.address}"}`) === e.sent.flows,
        )
        ? true
        : undefined;
    });
    const metrics = await collector.metrics();
    for (const { address, sent, optionRecords } of truth.exporters) {
      const of = (name: string): number | undefined =>
        metrics.get(`weir_exporter_${name}{exporter="${address}"}`);
      expect(of('received_datagrams_total')).toBe(sent.datagrams);
      expect(of('received_bytes_total')).toBe(sent.payloadBytes);
      expect(of('options_records_total')).toBe(optionRecords);
      expect(of('ledger_imbalance_records')).toBe(0);
      expect(of('sequence_gaps_total')).toBe(0);
    }
    const health = await collector.health();
    expect(health.exporters).toBe(6);
    // The machine of a test may have little room left; nothing else may be wrong.
    expect(health.reasons.filter(({ code }) => code !== 'disk_low')).toEqual([]);
    for (const exporter of await collector.exporters())
      expect(exporter.verdicts.filter((v) => v.severity !== 'ok' && v.code !== 'sampling_unknown')).toEqual(
        [],
      );
  });
});

/** A stored row as the table has it, in the terms of a truth flow. */
const STORED_FLOW = `${dotted('collector_ip')} AS exporter, observation_domain, toString(flow_source) AS flow_source,
  ${dotted('source_ip')} AS source_ip, ${dotted('destination_ip')} AS destination_ip, source_port, destination_port, protocol,
  bytes_in AS bytes, packets_in AS packets, bytes_out AS reverse_bytes, packets_out AS reverse_packets,
  tcp_flags_out AS reverse_tcp_flags, sampling_rate, tcp_flags, tos, icmp_type, icmp_code,
  toUnixTimestamp64Milli(flow_start_time) AS start_ms, toUnixTimestamp64Milli(flow_end_time) AS end_ms,
  input_interface, output_interface, input_interface_name, output_interface_name, ${dotted('next_hop')} AS next_hop,
  source_as, destination_as, source_mask, destination_mask, toString(flow_direction) AS direction, vlan_id AS vlan, vrf_id AS vrf,
  vrf_name, flow_end_reason, application, http_host, dns_name, user_name AS user, record_flags`;

const VRF_NAMES = ['', 'CORPORATE', 'DMZ', 'INTERNET'];
const AS_TRANS = 23456;

/** What the table must hold for a flow, by what its protocol can carry. */
function expectedRow(flow: TruthFlow, exporter: ExporterTruth): Record<string, number | string> {
  const v5 = flow.flow_source === 'netflow5';
  const ipfix = flow.flow_source === 'ipfix';
  const v6 = flow.source_ip.includes(':');
  const shortAs = v5 || (flow.flow_source === 'netflow9' && !v6);
  const as = (number: number): number => (shortAs && number > 0xffff ? AS_TRANS : number);
  const nameOf = (index: number): string =>
    v5 ? '' : exporter.interfaces.find((one) => one.index === index)!.name;
  const icmp = flow.protocol === 1 || flow.protocol === 58;
  const icmpInPort = icmp && !ipfix && !v6;
  return {
    exporter: flow.exporter,
    observation_domain: flow.observation_domain,
    flow_source: flow.flow_source,
    source_ip: flow.source_ip,
    destination_ip: flow.destination_ip,
    source_port: flow.source_port,
    destination_port: icmpInPort ? flow.icmp_type * 256 + flow.icmp_code : flow.destination_port,
    protocol: flow.protocol,
    bytes: flow.bytes,
    packets: flow.packets,
    reverse_bytes: flow.reverse_bytes,
    reverse_packets: flow.reverse_packets,
    reverse_tcp_flags: flow.reverse_tcp_flags,
    sampling_rate: v5 && flow.sampling_rate === 1 ? 0 : flow.sampling_rate,
    tcp_flags: flow.tcp_flags,
    tos: flow.tos,
    icmp_type: flow.icmp_type,
    icmp_code: flow.icmp_code,
    start_ms: flow.start_ms,
    end_ms: flow.end_ms,
    input_interface: flow.input_interface,
    output_interface: flow.output_interface,
    input_interface_name: nameOf(flow.input_interface),
    output_interface_name: nameOf(flow.output_interface),
    next_hop: flow.next_hop,
    source_as: as(flow.source_as),
    destination_as: as(flow.destination_as),
    source_mask: flow.source_mask,
    destination_mask: flow.destination_mask,
    direction: v5 ? 'unknown' : flow.direction === 1 ? 'egress' : 'ingress',
    vlan: v5 ? 0 : flow.vlan,
    vrf: ipfix ? flow.vrf : 0,
    vrf_name: ipfix ? VRF_NAMES[flow.vrf]! : '',
    flow_end_reason: ipfix ? flow.flow_end_reason : 0,
    application: ipfix ? flow.application : '',
    http_host: ipfix && flow.application !== 'dns' ? flow.name : '',
    dns_name: ipfix && flow.application === 'dns' ? flow.name : '',
    // Only templates with names have users.
    user: ipfix && ((flow.template - 256) & 2) !== 0 ? flow.user : '',
    record_flags: 0,
  };
}

/** Rows as text, in an order of their own. */
const sorted = (rows: readonly Record<string, unknown>[]): string[] =>
  rows
    .map((row) =>
      Object.entries(row)
        .map(([name, value]) => `${name}=${String(value)}`)
        .join(' '),
    )
    .sort();

test('flow by flow: each column of each record is what the exporter sent', async () => {
  const collector = await TestCollector.start(workspace);
  const { truth, flows } = await simulateWithFlows(collector, workspace, {
    protocols: ['v5', 'v9', 'ipfix', 'ipfix'],
    exporters: 4,
    rate: 5000,
    flows: 3000,
    samplingRates: [1, 64],
    ipv6Share: 0.5,
    biflow: true,
  });
  await collector.settled(truth.sent.datagrams);
  const rows = await collector.query(`SELECT ${STORED_FLOW} FROM network_flows`);
  const exporterAt = new Map(truth.exporters.map((e) => [e.address, e]));
  const expected = sorted(flows.map((flow) => expectedRow(flow, exporterAt.get(flow.exporter)!)));
  const stored = sorted(rows);
  expect(stored).toHaveLength(expected.length);
  const wanted = new Set(expected);
  const had = new Set(stored);
  expect(stored.filter((row) => !wanted.has(row)).slice(0, 3)).toEqual(
    expected.filter((row) => !had.has(row)).slice(0, 3),
  );
  expect(stored).toEqual(expected);
  expect(imbalances(await collector.balances())).toEqual([]);
  await collector.stop();
}, 60_000);

/** Records in the sequence of a v5 or IPFIX exporter that each of its datagrams takes. */
function recordsOf(datagrams: readonly Sent[], next: number): number[] {
  const at = (datagram: Sent): number =>
    datagram.payload.readUInt32BE(datagram.payload.readUInt16BE(0) === 5 ? 16 : 8);
  return datagrams.map(
    (datagram, i) => (i + 1 < datagrams.length ? at(datagrams[i + 1]!) : next) - at(datagram),
  );
}

test('datagrams lost on the way are in the ledger as gaps: to the record, for version 9 to the datagram', async () => {
  const collector = await TestCollector.start(workspace);
  const { truth, datagrams } = await record({
    protocols: ['v5', 'v9', 'ipfix'],
    exporters: 6,
    rate: 20_000,
    flows: 20_000,
    templateRefresh: 10_000,
  });
  const kept: Sent[] = [];
  const lost = new Map<string, { datagrams: number; records: number; runs: number }>();
  for (const { address, nextSequence } of truth.exporters) {
    const own = datagrams.filter((d) => d.address === address);
    const records = recordsOf(own, nextSequence);
    const account = { datagrams: 0, records: 0, runs: 0 };
    lost.set(address, account);
    let before = false;
    for (const [i, datagram] of own.entries()) {
      // Two in a row of every seventeen; never templates, nor the last: who was there to tell?
      const drop = i > 5 && i % 17 < 2 && i < own.length - 1 && !isAnnouncement(datagram);
      if (drop) {
        account.datagrams++;
        account.records += records[i]!;
        if (!before) account.runs++;
      } else kept.push(datagram);
      before = drop;
    }
    expect(account.datagrams).toBeGreaterThan(5);
  }
  const sender = new Sender();
  await sender.sendAll(collector.udpPort, kept);
  await sender.close();
  await collector.settled(kept.length);

  const balances = await collector.balances();
  expect(imbalances(balances)).toEqual([]);
  const measures = await collector.query<{
    exporter: string;
    measure: string;
    reason: string;
    value: number;
  }>(
    `SELECT ${dotted('collector_ip')} AS exporter, measure, reason, sum(value) AS value FROM ledger GROUP BY ALL`,
  );
  const sum = (exporter: string, measure: string, reason = ''): number =>
    measures.find((m) => m.exporter === exporter && m.measure === measure && m.reason === reason)?.value ?? 0;
  const counts: [has: number, wants: number][] = [];
  for (const { address, protocol, sent, optionRecords } of truth.exporters) {
    const account = lost.get(address)!;
    expect(sum(address, 'sequence_gaps')).toBe(account.runs);
    expect(sum(address, 'reordered') + sum(address, 'sequence_resets')).toBe(0);
    const lostRecords = sum(address, 'records_lost', 'sequence_gap');
    const flowsMissing = sent.flows - balances.get(address)!.flows;
    expect(flowsMissing).toBeGreaterThan(0);
    if (protocol === 'v9') counts.push([sum(address, 'datagrams_missing'), account.datagrams]);
    else
      counts.push(
        [lostRecords, account.records],
        [flowsMissing, account.records],
        [balances.get(address)!.records_announced, sent.flows + optionRecords],
      );
    // What a missing datagram of version 9 held is reckoned from those that came.
    expect(lostRecords / flowsMissing).toBeGreaterThan(0.8);
    expect(lostRecords / flowsMissing).toBeLessThan(1.25);
  }
  expect(counts.map(([has]) => has)).toEqual(counts.map(([, wants]) => wants));
  const verdicts = (await collector.exporters()).map(({ verdicts: v }) => v.map(({ code }) => code));
  expect(verdicts.filter((codes) => !codes.includes('records_lost'))).toEqual([]);
  await collector.stop();
}, 60_000);

test('data that comes before its templates waits for them: nothing is lost, what waited is marked', async () => {
  const collector = await TestCollector.start(workspace);
  const { truth, datagrams } = await record({
    protocols: ['v9', 'ipfix'],
    exporters: 4,
    rate: 10_000,
    flows: 6000,
    templateRefresh: 25,
    biflow: true,
  });
  // As after a start of the collector in the middle of the exporters' life: the first announcements were for nobody.
  const begun = new Set<string>();
  const kept: Sent[] = [];
  const early = new Set<string>();
  for (const datagram of datagrams) {
    if (!isAnnouncement(datagram)) begun.add(datagram.address);
    else if (!begun.has(datagram.address)) continue;
    else early.add(datagram.address);
    kept.push(datagram);
  }
  expect(early.size).toBe(4);
  const sender = new Sender();
  await sender.sendAll(collector.udpPort, kept);
  await sender.close();
  await collector.settled(kept.length);
  const stored = await collector.query<Sums>(
    `SELECT ${SUMS} FROM network_flows GROUP BY exporter ORDER BY exporter`,
  );
  expect(stored).toEqual(truth.exporters.map(truthSums));
  const late = await collector.query<{ exporter: string; late: number }>(
    `SELECT ${dotted('collector_ip')} AS exporter, countIf(bitAnd(record_flags, 8) != 0) AS late FROM network_flows GROUP BY exporter`,
  );
  for (const row of late) expect(row.late).toBeGreaterThan(100);
  const balances = await collector.balances();
  expect(imbalances(balances)).toEqual([]);
  for (const balance of balances.values())
    expect(balance).toMatchObject({ records_lost: 0, records_waiting: 0 });
  await collector.stop();
}, 60_000);

test('what is no flow export is refused by reason, a doubled datagram counts once', async () => {
  const collector = await TestCollector.start(workspace);
  const { truth, datagrams } = await record({ protocols: ['v5'], exporters: 1, rate: 5000, flows: 1500 });
  const { address, port } = datagrams[0]!;
  const sender = new Sender();
  const send = (payload: Buffer): Promise<void> => sender.send(collector.udpPort, { payload, address, port });
  await sender.sendAll(collector.udpPort, datagrams);
  await send(datagrams.at(-1)!.payload);
  await send(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
  await send(Buffer.alloc(0));
  await send(Buffer.of(0, 5, 0));
  await send(Buffer.from(datagrams[0]!.payload.subarray(0, 20)));
  await sender.close();
  await collector.settled(datagrams.length + 5);
  const refused = await collector.query(
    "SELECT reason, sum(value) AS n FROM ledger WHERE measure = 'datagrams_refused' GROUP BY reason ORDER BY reason",
  );
  expect(refused).toEqual([
    { reason: 'duplicate', n: 1 },
    { reason: 'too_short', n: 3 },
    { reason: 'unknown_version', n: 1 },
  ]);
  const balances = await collector.balances();
  expect(imbalances(balances)).toEqual([]);
  expect(balances.get(address)).toMatchObject({ flows: truth.sent.flows, records_lost: 0 });
  await collector.stop();
}, 60_000);

test('names, tenants, rates and a clock that is wrong; SIGHUP changes them while flows come', async () => {
  const config = (name: string, tenant: string): string => `
exporters:
  - { address: 127.0.0.0/24, default_sampling_rate: 10 }
  - { address: 127.0.0.2, name: ${name} }
  - { address: 127.0.0.3, name: edge-2, sampling_rate: 77 }
tenants:
  default: nobody
  map:
    - { match: 127.0.0.0/8, tenant: house }
    - { match: 127.0.0.2, tenant: ${tenant} }
`;
  const collector = await TestCollector.start(workspace, { config: config('edge-1', 'first') });
  const options = {
    protocols: ['v5', 'v9'],
    exporters: 3,
    rate: 5000,
    flows: 900,
    samplingRates: [1, 50],
    skewMs: 240_000,
  } as const;
  const labels = `SELECT ${dotted('collector_ip')} AS exporter, exporter_name AS name, tenant_id AS tenant, count() AS flows,
    groupUniqArray(sampling_rate) AS rates, groupUniqArray(record_flags) AS flags FROM network_flows GROUP BY ALL ORDER BY exporter, name`;
  const first = await simulate(collector, options);
  await collector.settled(first.sent.datagrams);
  const before = [
    { exporter: '127.0.0.2', name: 'edge-1', tenant: 'first', flows: 300, rates: [10], flags: [0] },
    { exporter: '127.0.0.3', name: 'edge-2', tenant: 'house', flows: 300, rates: [77], flags: [0] },
    // Of version 5, says nothing of sampling: the rate of its net; four minutes ahead: marked.
    { exporter: '127.0.0.4', name: '127.0.0.4', tenant: 'house', flows: 300, rates: [10], flags: [1] },
  ];
  expect(await collector.query(labels)).toEqual(before);
  const skewed = (await collector.exporters()).find((e) => e.address === '127.0.0.4')!;
  expect(skewed.verdicts.map(({ code }) => code)).toContain('clock_skew');

  collector.reload('tenants: { default: 7: }');
  await until('a word on the broken file', () =>
    collector.log.includes('the old configuration stays') ? true : undefined,
  );
  collector.reload(config('edge-one', 'second'));
  await until('the reload', () => (collector.log.includes('read anew') ? true : undefined));
  const second = await simulate(collector, { ...options, seed: 2 });
  await collector.settled(first.sent.datagrams + second.sent.datagrams);
  expect(await collector.query(labels)).toEqual([
    before[0],
    { ...before[0], name: 'edge-one', tenant: 'second' },
    { ...before[1], flows: 600 },
    { ...before[2], flows: 600 },
  ]);
  const balances = await collector.balances();
  expect(imbalances(balances)).toEqual([]);
  expect(balances.get('127.0.0.3')!.exporter_name).toBe('edge-2');
  await collector.stop();
}, 60_000);
