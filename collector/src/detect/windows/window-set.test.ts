import { describe, expect, it } from '@jest/globals';
import { RecordFlag } from '@weir/core';
import { WindowSet } from './index.ts';
import { keptPorts } from '@weir/core/windows';
import { isContact } from './contact.ts';
import { OwnNetworks } from './own-networks.ts';
import { addressWords } from '@weir/core';
import { type Flow, NOON, type ShownRow, allRows, batchOf, rowsOf } from './testing/flows.ts';

const OWN = ['10.0.0.0/8', 'fd00::/8'];
const CLIENT = '10.0.0.5';
const SERVER = '198.51.100.7';
const TCP_ALL = 0x1b;

const web: Flow = {
  tenant_id: 'acme',
  collector_ip: '192.0.2.1',
  source_ip: CLIENT,
  destination_ip: SERVER,
  source_port: 50_000,
  destination_port: 443,
  protocol: 6,
  tcp_flags: TCP_ALL,
  bytes_in: 3000,
  packets_in: 10,
  duration_ms: 500,
  input_interface: 3,
  output_interface: 4,
};

function windowOf(flows: readonly Flow[]): ReturnType<WindowSet['closeAll']>[number] {
  const windows = new WindowSet({ internalPrefixes: OWN });
  windows.observe(batchOf(flows));
  const closed = windows.closeAll();
  expect(closed).toHaveLength(1);
  return closed[0]!;
}

/** The one row of a kind, or the one that has these keys. */
function only(
  flows: readonly Flow[],
  kind: Parameters<typeof rowsOf>[1],
  key: Partial<ShownRow> = {},
): ShownRow {
  const rows = rowsOf(windowOf(flows), kind).filter((row) =>
    Object.entries(key).every(([name, value]) => row[name] === value),
  );
  expect(rows).toHaveLength(1);
  return rows[0]!;
}

describe('a flow in the windows', () => {
  const window = windowOf([web]);

  it('counts for its source host', () => {
    expect(window.start).toBe(NOON);
    const [row, ...others] = rowsOf(window, 'source');
    expect(others).toEqual([]);
    expect(row).toEqual({
      tenant_id: 'acme',
      source_ip: CLIENT,
      records: 1,
      flows: 1,
      bytes: 3000,
      packets: 10,
      contact_flows: 1,
      outbound_bytes: 3000,
      longest_ms: 500,
      sampling_rate: 1,
      internal: 1,
      first_ms: (NOON + 2) * 1000 - 500,
      last_ms: (NOON + 2) * 1000 - 500,
      size_histogram: [0, 0, 0, 1, 0, 0, 0, 0],
      duration_histogram: [0, 0, 1, 0, 0, 0, 0, 0],
      contacts: [expect.any(Number)],
      ports: [expect.any(Number)],
    });
    expect(keptPorts(row!['ports'] as number[])).toEqual([443]);
  });

  it('counts for its destination, pair, interfaces, service, tenant and prefix', () => {
    const sums = { records: 1, bytes: 3000, packets: 10, outbound_bytes: 3000 };
    const tenant_id = 'acme';
    expect(rowsOf(window, 'destination')).toMatchObject([{ tenant_id, destination_ip: SERVER, ...sums }]);
    expect(rowsOf(window, 'pair')).toMatchObject([
      { tenant_id, source_ip: CLIENT, destination_ip: SERVER, protocol: 6, port: 443, ...sums },
    ]);
    expect(rowsOf(window, 'interface')).toMatchObject([
      { tenant_id, collector_ip: '192.0.2.1', interface: 3, direction: 1, ...sums },
      { tenant_id, collector_ip: '192.0.2.1', interface: 4, direction: 2, ...sums },
    ]);
    expect(rowsOf(window, 'service')).toMatchObject([{ tenant_id, protocol: 6, port: 443, ...sums }]);
    expect(rowsOf(window, 'tenant')).toMatchObject([{ tenant_id, ...sums, sources: [expect.any(Number)] }]);
    expect(rowsOf(window, 'prefix')).toMatchObject([
      { tenant_id, destination_ip: '198.51.100.0', destination_prefix: 120, ...sums },
    ]);
  });

  it('counts the address histograms in packets, where there are any', () => {
    const [row] = rowsOf(window, 'tenant');
    for (const name of [
      'source_histogram',
      'destination_histogram',
      'source_port_histogram',
      'destination_port_histogram',
    ])
      expect((row![name] as number[]).filter((n) => n > 0)).toEqual([10]);
    expect(rowsOf(window, 'source')[0]).not.toHaveProperty('source_histogram');
  });

  it('takes IPv6 hosts as 48-bit prefixes', () => {
    expect(only([{ ...web, destination_ip: '2001:db8:7:1::5' }], 'prefix')).toMatchObject({
      destination_ip: '2001:db8:7::',
      destination_prefix: 48,
    });
  });

  it('keeps tenants apart', () => {
    const rows = rowsOf(windowOf([web, { ...web, tenant_id: 'other' }, { ...web, tenant_id: '' }]), 'tenant');
    expect(rows.map((row) => row['tenant_id'])).toEqual(['acme', 'other', undefined]);
  });
});

describe('a biflow', () => {
  const download: Flow = { ...web, bytes_out: 90_000, packets_out: 70, tcp_flags_out: TCP_ALL };

  it('counts both directions and which of them leaves the own networks', () => {
    expect(only([download], 'source')).toMatchObject({
      bytes: 3000,
      bytes_back: 90_000,
      packets_back: 70,
      answered_flows: 1,
      outbound_bytes: 3000,
      inbound_bytes: 90_000,
    });
    const served = { ...download, source_ip: SERVER, destination_ip: CLIENT };
    expect(only([served], 'destination')).toMatchObject({ outbound_bytes: 90_000, inbound_bytes: 3000 });
  });

  it('has failed when refused, and when half open without an answer', () => {
    const refused = { ...web, tcp_flags: 0x02, tcp_flags_out: 0x14, packets_out: 1, bytes_out: 40 };
    expect(only([refused], 'source')).toMatchObject({ failed_flows: 1, syn_flows: 1, answered_flows: 1 });
    const open = { ...web, tcp_flags: 0x06, tcp_flags_out: 0x12, packets_out: 1 };
    expect(only([open], 'source')).not.toHaveProperty('failed_flows');
    expect(only([download], 'source')).not.toHaveProperty('failed_flows');
  });
});

describe('failed contacts', () => {
  it('are TCP flows with SYN and without ACK', () => {
    const syn = { ...web, tcp_flags: 0x02, packets_in: 3, bytes_in: 120 };
    const row = only([syn, { ...syn, destination_ip: '198.51.100.8' }, web], 'source');
    expect(row).toMatchObject({ syn_flows: 2, syn_packets: 6, failed_flows: 2, flows: 3 });
    expect(row['failed_contacts']).toHaveLength(2);
    expect(row['contacts']).toHaveLength(2);
  });

  it('show at the other end as refusals', () => {
    const rst = {
      ...web,
      source_ip: SERVER,
      destination_ip: CLIENT,
      source_port: 443,
      destination_port: 50_000,
      tcp_flags: 0x14,
    };
    expect(only([rst], 'source')).toMatchObject({ rst_flows: 1, refused_flows: 1 });
    expect(only([{ ...rst, tcp_flags: 0x1f }], 'source')).not.toHaveProperty('refused_flows');
  });
});

describe('which flows are contacts', () => {
  const flow = (
    protocol: number,
    flags: number,
    source: number,
    destination: number,
    icmp = 0,
    back = 0,
    packets = 5,
  ): boolean => isContact(protocol, flags, source, destination, icmp, packets, back);

  it('goes by the ports of connections', () => {
    expect(flow(6, TCP_ALL, 50_000, 443)).toBe(true);
    expect(flow(6, TCP_ALL, 443, 50_000)).toBe(false);
    expect(flow(17, 0, 53, 50_000)).toBe(false);
    expect(flow(17, 0, 123, 123)).toBe(true);
  });

  it('goes by SYN and RST before ports', () => {
    expect(flow(6, 0x02, 53, 50_000)).toBe(true);
    expect(flow(6, 0x14, 50_001, 50_000)).toBe(false);
  });

  it('takes a packet of SYN and ACK for an answer, also to a low port', () => {
    expect(flow(6, 0x12, 80, 53, 0, 0, 1)).toBe(false);
    expect(flow(6, 0x12, 50_000, 443, 0, 0, 2)).toBe(true);
  });

  it('takes biflows from their initiator, and ICMP by its type', () => {
    expect(flow(6, TCP_ALL, 443, 50_000, 0, 5)).toBe(true);
    expect([8, 0, 3, 11].map((type) => flow(1, 0, 0, 0, type))).toEqual([true, false, false, false]);
    expect([128, 129, 1].map((type) => flow(58, 0, 0, 0, type))).toEqual([true, false, false]);
  });

  it('does not take a server’s answers for a scan of its clients’ ports', () => {
    const answers = Array.from({ length: 50 }, (_, i) => ({
      ...web,
      source_ip: SERVER,
      destination_ip: CLIENT,
      source_port: 443,
      destination_port: 40_000 + i,
    }));
    const row = only(answers, 'source');
    expect(row).toMatchObject({ flows: 50 });
    expect(row).not.toHaveProperty('ports');
    expect(row).not.toHaveProperty('contacts');
  });
});

describe('protocols and services', () => {
  it('counts UDP, ICMP and others apart; TCP is the rest', () => {
    const of = (protocol: number, bytes: number): Flow => ({
      ...web,
      protocol,
      bytes_in: bytes,
      packets_in: 2,
      tcp_flags: 0,
    });
    const row = only([of(6, 1), of(17, 10), of(1, 100), of(58, 1000), of(47, 10_000)], 'source');
    expect(row).toMatchObject({ bytes: 11_111, udp_bytes: 10, icmp_bytes: 1100, other_bytes: 10_000 });
    expect(row).toMatchObject({ udp_packets: 2, icmp_packets: 4, other_packets: 2 });
  });

  it('does not carry counts from one flow to the next in memory', () => {
    const udp = { ...web, protocol: 17, fragment_offset: 5 };
    const row = only([udp, { ...web, protocol: 1, icmp_type: 3, source_ip: '10.0.0.6' }], 'source', {
      source_ip: '10.0.0.6',
    });
    expect(row).not.toHaveProperty('udp_bytes');
    expect(row).not.toHaveProperty('fragment_packets');
    expect(row).toMatchObject({ unreachable_flows: 1, icmp_packets: 10 });
  });

  it('counts DNS questions and answers, either way of reporting', () => {
    const ask = { ...web, protocol: 17, tcp_flags: 0, destination_port: 53, bytes_in: 70, packets_in: 1 };
    const answer = {
      ...ask,
      source_ip: SERVER,
      destination_ip: CLIENT,
      source_port: 53,
      destination_port: 50_000,
      bytes_in: 400,
    };
    expect(only([ask, answer], 'source', { source_ip: CLIENT })).toMatchObject({
      dns_queries: 1,
      dns_query_bytes: 70,
    });
    expect(only([ask, answer], 'destination', { destination_ip: CLIENT })).toMatchObject({
      dns_answers: 1,
      dns_answer_bytes: 400,
    });
    const both = { ...ask, packets_in: 5, packets_out: 5, bytes_out: 900 };
    expect(only([both], 'source')).toMatchObject({ dns_queries: 5, dns_answers: 5, dns_answer_bytes: 900 });
  });

  it('tells from which ports traffic was amplified', () => {
    const of = (port: number): Flow => ({
      ...web,
      protocol: 17,
      tcp_flags: 0,
      source_port: port,
      destination_port: 999,
    });
    const row = only([of(53), of(123), of(11211), of(4444)], 'destination');
    expect(row).toMatchObject({ amplified_bytes: 9000, amplified_packets: 30, amplifiers: 0b10011 });
  });

  it('counts login attempts: contacts to login ports, and which are short', () => {
    const ssh = { ...web, destination_port: 22 };
    const row = only([ssh, ssh, { ...ssh, bytes_in: 500_000 }, { ...ssh, duration_ms: 90_000 }], 'pair', {
      port: 22,
    });
    expect(row).toMatchObject({ login_flows: 4, login_short_flows: 2, login_bytes: 509_000 });
  });

  it('keeps pairs of interest: of own hosts, to login ports, heavy or long ones', () => {
    const outside = { ...web, source_ip: '203.0.113.9' };
    const pairs = (flow: Flow): number => rowsOf(windowOf([flow]), 'pair').length;
    expect(pairs(outside)).toBe(0);
    expect(pairs({ ...outside, destination_port: 22 })).toBe(1);
    expect(pairs({ ...outside, bytes_in: 1_000_000 })).toBe(1);
    expect(pairs({ ...outside, duration_ms: 60_000 })).toBe(1);
    expect(pairs({ ...web, source_port: 443, destination_port: 50_000 })).toBe(0);
  });
});

describe('quality of connections', () => {
  it('counts round trips, retransmissions among measured packets, and drops', () => {
    const row = only(
      [
        { ...web, tcp_rtt_us: 20_000 },
        { ...web, retransmissions: 4, retransmissions_out: 1, packets_out: 10 },
        { ...web, verdict: 2 },
        { ...web, forwarding_status: 0x80, dropped_packets: 7 },
        web,
      ],
      'source',
    );
    expect(row).toMatchObject({
      rtt_sum_us: 20_000,
      rtt_records: 1,
      retransmissions: 5,
      measured_packets: 30,
      dropped_flows: 2,
      dropped_packets: 7,
    });
  });
});

describe('sampling', () => {
  it('multiplies bytes and packets; a flow of one packet stands for many, one of more for itself', () => {
    const sampled = { ...web, sampling_rate: 100 };
    const row = only([{ ...sampled, packets_in: 1, bytes_in: 60 }, sampled, web], 'source');
    expect(row).toMatchObject({
      records: 3,
      flows: 102,
      packets: 100 + 1000 + 10,
      bytes: 6000 + 300_000 + 3000,
      sampling_rate: 100,
    });
  });
});

describe('time', () => {
  const set = (): WindowSet => new WindowSet({ internalPrefixes: OWN, latenessSeconds: 20 });
  const received = (second: number, lagMs = 0, more: Flow = {}): Flow => ({
    ...web,
    timestamp: NOON + second,
    end_lag_ms: lagMs,
    ...more,
  });
  const recordsByStart = (closed: ReturnType<WindowSet['close']>): number[][] =>
    closed.map((w) => [w.start - NOON, ...rowsOf(w, 'tenant').map((r) => r['records'] as number)]);

  it('counts a flow where it ended, by its exporter', () => {
    const windows = set();
    windows.observe(batchOf([received(25), received(25, 6000), received(25, 15_000), received(25, 15_001)]));
    expect(recordsByStart(windows.closeAll())).toEqual([
      [0, 1],
      [10, 2],
      [20, 1],
    ]);
  });

  it('closes a window when the lateness after its end is over, and empty ones not at all', () => {
    const windows = set();
    windows.observe(batchOf([received(5), received(12)]));
    expect(windows.close(NOON + 29)).toEqual([]);
    expect(recordsByStart(windows.close(NOON + 30))).toEqual([[0, 1]]);
    windows.observe(batchOf([received(35)]));
    expect(windows.close(NOON + 39)).toEqual([]);
    expect(recordsByStart(windows.close(NOON + 3600))).toEqual([
      [10, 1],
      [30, 1],
    ]);
    windows.observe(batchOf([received(3601)]));
    expect(recordsByStart(windows.closeAll())).toEqual([[3600, 1]]);
  });

  it('counts what comes too late in the oldest window open, and says so', () => {
    const windows = set();
    windows.observe(batchOf([received(5)]));
    windows.close(NOON + 40);
    windows.observe(batchOf([received(41, 40_000)]));
    const [window] = windows.closeAll();
    expect(window!.start).toBe(NOON + 20);
    expect(rowsOf(window!, 'source')).toMatchObject([{ records: 1, late_records: 1 }]);
    expect(windows.counts()).toMatchObject({ records: 2, late: 1, early: 0 });
  });

  it('can be looked at from its end on, as often as flows come to it, and is none the worse for it', () => {
    const windows = set();
    const unseen = set();
    const observe = (...flows: Flow[]): void => {
      for (const each of [windows, unseen]) each.observe(batchOf(flows));
    };
    observe(received(5), received(12), received(12, 0, { source_ip: '10.0.0.9' }));
    expect(windows.peek(NOON + 9)).toEqual([]);
    expect(windows.peek(NOON + 10).map((w) => [w.start - NOON, rowsOf(w, 'tenant')[0]!['records']])).toEqual([
      [0, 1],
    ]);
    expect(recordsByStart(windows.peek(NOON + 20))).toEqual([[10, 2]]);
    expect(windows.peek(NOON + 21)).toEqual([]);

    observe(received(25, 10_000));
    const [seen] = windows.peek(NOON + 25);
    const closed = windows.close(NOON + 100);
    expect(closed.map(allRows)).toEqual(unseen.close(NOON + 100).map(allRows));
    expect(allRows(seen!)).toEqual(allRows(closed[1]!));
    // Tables are used again: what was looked at stays.
    observe(received(105, 0, { source_ip: '10.0.0.77' }));
    expect(allRows(seen!)).toEqual(allRows(closed[1]!));
  });

  it('does not open windows without end when nobody closes any', () => {
    const windows = set();
    windows.observe(batchOf([received(5), received(500), received(50_000)]));
    expect(windows.counts()).toMatchObject({ late: 0, early: 2 });
    expect(recordsByStart(windows.closeAll())).toEqual([
      [0, 1],
      [10, 2],
    ]);
  });

  it('takes the time of receipt where the exporter’s clock is not to be trusted or runs ahead', () => {
    const windows = set();
    windows.observe(
      batchOf([
        received(25, 15_000, { record_flags: RecordFlag.clockSkew }),
        received(25, -60_000),
        received(25, 15_000, { record_flags: RecordFlag.relativeTimes }),
      ]),
    );
    expect(recordsByStart(windows.closeAll())).toEqual([[20, 3]]);
  });

  it('says how many bytes of a long flow had been sent before its window', () => {
    const long = received(5, 0, { duration_ms: 20_000, bytes_in: 4000 });
    const windows = set();
    windows.observe(batchOf([long, received(5)]));
    const [window] = windows.closeAll();
    expect(rowsOf(window!, 'source')).toMatchObject([
      { bytes: 7000, bytes_before: 3000, longest_ms: 20_000 },
    ]);
  });

  it('refuses a lateness that is no whole number of windows', () => {
    expect(() => new WindowSet({ internalPrefixes: [], latenessSeconds: 15 })).toThrow(
      'give a multiple of 10 s',
    );
  });
});

describe('own networks', () => {
  it('knows prefixes of any length, both families', () => {
    const own = new OwnNetworks(['10.0.0.0/8', '192.0.2.64/26', '198.51.0.0/17', '2001:db8::/33', 'fd00::1']);
    const has = (text: string): boolean =>
      own.has(...(addressWords(text) as unknown as [number, number, number, number]));
    for (const text of [
      '10.255.0.1',
      '192.0.2.64',
      '192.0.2.127',
      '198.51.127.255',
      '2001:db8:7fff::1',
      'fd00::1',
    ])
      expect([text, has(text)]).toEqual([text, true]);
    for (const text of [
      '11.0.0.1',
      '192.0.2.63',
      '192.0.2.128',
      '198.51.128.0',
      '2001:db8:8000::',
      'fd00::2',
      '::',
    ])
      expect([text, has(text)]).toEqual([text, false]);
  });

  it('takes all of the world for own where told so', () => {
    const own = new OwnNetworks(['0.0.0.0/0', '::/0']);
    expect(own.has(0, 0, 0xffff0000, 5)).toBe(true);
    expect(own.has(1, 2, 3, 4)).toBe(true);
  });
});
