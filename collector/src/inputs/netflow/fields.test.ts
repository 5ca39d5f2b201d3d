import { describe, expect, test } from '@jest/globals';
import { RecordFlag, flowSources, verdicts } from '@weir/core';
import {
  FLOW,
  type FieldSpec,
  type FieldValue,
  VARIABLE,
  flow,
  ipfix,
  join,
  netflow5,
  netflow9,
  record,
  set,
  template,
} from './testing/datagrams.ts';
import { type FlowRow, macNumber } from './testing/flows.ts';
import { NOON, Rig } from './testing/rig.ts';

const CISCO = 9;
const REVERSE = 29305;

type Pair = readonly [spec: FieldSpec, value: FieldValue];

/** One record of IPFIX or v9 with these fields and values. */
function decoded(version: 9 | 10, pairs: readonly Pair[], rig = new Rig()): FlowRow {
  const fields = pairs.map(([spec]) => spec);
  const content = record(
    fields,
    pairs.map(([, value]) => value),
  );
  const datagram =
    version === 9
      ? netflow9({}, set(0, template(256, fields)), set(256, content))
      : ipfix({}, set(2, template(256, fields)), set(256, content));
  const [row] = rig.flowsOf(datagram);
  expect(rig.flows()).toHaveLength(1);
  return row!;
}

const inIpfix = (...pairs: readonly Pair[]): FlowRow => decoded(10, pairs);
const inV9 = (...pairs: readonly Pair[]): FlowRow => decoded(9, pairs);

describe('NetFlow v5', () => {
  test('fills every field of its record', () => {
    const [row] = new Rig().flowsOf(
      netflow5(
        { engine: 0x0203 },
        {
          source: '192.0.2.10',
          destination: '198.51.100.20',
          nextHop: '203.0.113.1',
          input: 65535,
          output: 2,
          packets: 0xffffffff,
          bytes: 0xfffffffe,
          sourcePort: 65535,
          destinationPort: 443,
          tcpFlags: 0x1b,
          protocol: 6,
          tos: 0xb8,
          sourceAs: 64512,
          destinationAs: 65535,
          sourceMask: 24,
          destinationMask: 32,
        },
      ),
    );
    expect(row).toMatchObject({
      flow_source: flowSources.indexOf('netflow5') + 1,
      collector_ip: '192.0.2.1',
      observation_domain: 0x0203,
      source_ip: '192.0.2.10',
      destination_ip: '198.51.100.20',
      next_hop: '203.0.113.1',
      input_interface: 65535,
      output_interface: 2,
      packets_in: 0xffffffff,
      bytes_in: 0xfffffffe,
      source_port: 65535,
      destination_port: 443,
      tcp_flags: 0x1b,
      protocol: 6,
      tos: 0xb8,
      source_as: 64512,
      destination_as: 65535,
      source_mask: 24,
      destination_mask: 32,
    });
  });

  test('holds thirty records', () => {
    const rows = new Rig().flowsOf(netflow5({}, ...Array.from({ length: 30 }, (_, i) => ({ bytes: i }))));
    expect(rows.map((row) => row.bytes_in)).toEqual(Array.from({ length: 30 }, (_, i) => i));
  });
});

describe('lengths (RFC 7011 sections 6.2 and 7)', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('a counter of %i bytes', (length) => {
    const largest = 2n ** BigInt(8 * length) - 1n;
    expect(BigInt(inIpfix([[1, length], largest]).bytes_in)).toBe(largest);
    expect(inIpfix([[1, length], 200]).bytes_in).toBe(200);
  });

  test('every number in fewer bytes than its element has', () => {
    const row = inIpfix([[10, 1], 7], [[14, 2], 300], [[16, 3], 70_000], [[6, 1], 18], [[148, 4], 99]);
    expect(row).toMatchObject({
      input_interface: 7,
      output_interface: 300,
      source_as: 70_000,
      tcp_flags: 18,
      connection_id: 99,
    });
  });

  test('a number too large for its column is cut, and the row says so', () => {
    const row = inIpfix([[7, 4], 100_000], [[4, 2], 256], [[10, 8], 2n ** 40n]);
    expect(row).toMatchObject({ source_port: 65535, protocol: 255, input_interface: 0xffffffff });
    expect(Number(row.record_flags) & RecordFlag.saturated).not.toBe(0);
  });

  test('texts of variable length, in the short form and in the long', () => {
    const fields = [
      [96, VARIABLE],
      [82, VARIABLE],
      [1, 4],
    ] as const;
    const long = 'x'.repeat(300);
    const content = join(
      record(fields, ['dns', '', 1]),
      record(fields, [long, 'eth0', 2]),
      [255, 0, 3],
      new TextEncoder().encode('ntp'), // the long form of a short text is allowed
      record(fields.slice(1), ['eth1', 3]),
    );
    const rows = new Rig().flowsOf(ipfix({}, set(2, template(256, fields)), set(256, content)));
    expect(rows.map((row) => [row.application, row.input_interface_name, row.bytes_in])).toEqual([
      ['dns', '', 1],
      [long, 'eth0', 2],
      ['ntp', 'eth1', 3],
    ]);
  });

  test('fields of no length are passed over', () => {
    expect(inV9([[8, 4], '10.1.2.3'], [[1, 0], ''], [[2, 4], 5])).toMatchObject({
      source_ip: '10.1.2.3',
      bytes_in: 0,
      packets_in: 5,
    });
  });

  test('padding after the records of a set, of zeros', () => {
    const rig = new Rig();
    const rows = rig.flowsOf(
      netflow9({}, set(0, template(256, FLOW)), set(256, flow(1), flow(2), [0, 0, 0])),
    );
    expect(rows).toHaveLength(2);
    expect(rig.exporter().ledger.recordsLost.malformed).toBe(0);
  });

  test('an element of a length that it cannot have is unused, not misread', () => {
    const rig = new Rig();
    expect(
      decoded(
        10,
        [
          [[8, 3], 1],
          [[27, 4], 1],
          [[1, 9], 1],
          [[152, 4], 1],
          [[2, 4], 6],
        ],
        rig,
      ),
    ).toMatchObject({
      source_ip: '0.0.0.1',
      bytes_in: 0,
      packets_in: 6,
    });
    expect([...rig.exporter().unused.values()].map((u) => u.id)).toEqual([8, 1, 152]);
  });
});

describe('elements that no column takes', () => {
  test('are counted by number, with the records that had them', () => {
    const rig = new Rig();
    const fields = [
      [1, 4],
      [500, 4],
      [12, 6, 4242],
      [60, 1],
      [210, 3],
    ] as const;
    const content = join(record(fields, [1, 2, 'abc', 4, 0]), record(fields, [1, 2, 'abc', 4, 0]));
    rig.send(ipfix({}, set(2, template(256, fields)), set(256, content)));
    rig.send(ipfix({ sequence: 2 }, set(256, content)));
    expect([...rig.exporter().unused.values()]).toEqual([
      { pen: 0, id: 500, version: 10, records: 4 },
      { pen: 4242, id: 12, version: 10, records: 4 },
    ]);
  });

  test('are bounded in number', () => {
    const rig = new Rig({ unusedElementsPerExporter: 10 });
    const fields = Array.from({ length: 100 }, (_, i) => [i + 1, 1, 4242] as const);
    rig.send(ipfix({}, set(2, template(256, fields)), set(256, new Uint8Array(100))));
    expect(rig.exporter().unused.size).toBe(10);
  });

  test('in options data are counted too', () => {
    const rig = new Rig();
    rig.send(
      netflow9(
        {},
        set(1, join([1, 1, 0, 4, 0, 4], [0, 1, 0, 4], [0, 42, 0, 4])),
        set(257, new Uint8Array(8)),
      ),
    );
    expect([...rig.exporter().unused.values()]).toEqual([{ pen: 0, id: 42, version: 9, records: 1 }]);
  });
});

describe('addresses', () => {
  test('of one template for both families: the one that is not zero', () => {
    const fields = [
      [8, 4],
      [27, 16],
      [12, 4],
      [28, 16],
    ] as const;
    const rows = new Rig().flowsOf(
      ipfix(
        {},
        set(2, template(256, fields)),
        set(
          256,
          record(fields, ['10.0.0.1', '::', '10.0.0.2', '::']),
          record(fields, ['0.0.0.0', '2001:db8::1', '0.0.0.0', '2001:db8::2']),
        ),
      ),
    );
    expect(rows.map((row) => [row.source_ip, row.destination_ip])).toEqual([
      ['10.0.0.1', '10.0.0.2'],
      ['2001:db8::1', '2001:db8::2'],
    ]);
  });

  test('next hops, of routing and of BGP, in both families', () => {
    expect(inIpfix([[15, 4], '10.0.0.3'], [[63, 16], '2001:db8::5'])).toMatchObject({
      next_hop: '10.0.0.3',
      bgp_next_hop: '2001:db8::5',
    });
  });

  test('of Ethernet', () => {
    expect(inIpfix([[56, 6], '00:50:56:c0:00:01'], [[80, 6], 'fe:ff:ff:ff:ff:fe'])).toMatchObject({
      source_mac: macNumber('00:50:56:c0:00:01'),
      destination_mac: macNumber('fe:ff:ff:ff:ff:fe'),
    });
  });

  test('an element repeated is the outer header’s, where it comes first (RFC 7011 section 8)', () => {
    expect(inIpfix([[8, 4], '10.0.0.1'], [[8, 4], '172.16.0.1'])).toMatchObject({ source_ip: '10.0.0.1' });
  });
});

describe('counters', () => {
  test('deltas before totals', () => {
    const row = inIpfix([[85, 8], 1000], [[1, 8], 0], [[86, 8], 10], [[2, 8], 3]);
    expect(row).toMatchObject({ bytes_in: 0, packets_in: 3, record_flags: RecordFlag.noTimes });
  });

  test('totals where there are no deltas, and the row says so', () => {
    const row = inIpfix([[85, 8], 1000], [[86, 8], 10]);
    expect(row).toMatchObject({ bytes_in: 1000, packets_in: 10 });
    expect(Number(row.record_flags) & RecordFlag.totalCounters).not.toBe(0);
  });

  test('layer-2 octets where there are no others, and the row says so', () => {
    const row = inIpfix([[352, 8], 1500]);
    expect(row.bytes_in).toBe(1500);
    expect(Number(row.record_flags) & RecordFlag.layer2Bytes).not.toBe(0);
    expect(Number(inIpfix([[352, 8], 1500], [[1, 8], 1482]).record_flags) & RecordFlag.layer2Bytes).toBe(0);
  });

  test('v9’s OUT_BYTES beside IN_BYTES are the answer’s; alone an egress flow’s own', () => {
    expect(inV9([[1, 4], 100], [[2, 4], 1], [[23, 4], 2000], [[24, 4], 2])).toMatchObject({
      bytes_in: 100,
      packets_in: 1,
      bytes_out: 2000,
      packets_out: 2,
    });
    expect(inV9([[23, 4], 2000], [[24, 4], 2])).toMatchObject({
      bytes_in: 2000,
      packets_in: 2,
      bytes_out: 0,
    });
  });

  test('IPFIX’s post counters of the same number are the same packets, after a middlebox', () => {
    expect(inIpfix([[1, 4], 100], [[23, 4], 90])).toMatchObject({ bytes_in: 100, bytes_out: 0 });
  });

  test('the reverse direction of a biflow (RFC 5103)', () => {
    const row = inIpfix(
      [[1, 8], 10],
      [[1, 8, REVERSE], 20],
      [[2, 8], 1],
      [[2, 4, REVERSE], 2],
      [[6, 1], 2],
      [[6, 1, REVERSE], 18],
    );
    expect(row).toMatchObject({
      bytes_in: 10,
      bytes_out: 20,
      packets_in: 1,
      packets_out: 2,
      tcp_flags: 2,
      tcp_flags_out: 18,
    });
  });

  test('initiator’s and responder’s octets (NSEL)', () => {
    expect(inV9([[231, 4], 81], [[232, 4], 763], [[298, 4], 3], [[299, 4], 4])).toMatchObject({
      bytes_in: 81,
      bytes_out: 763,
      packets_in: 3,
      packets_out: 4,
    });
  });

  test('YAF’s TCP flags: the first packet’s and all further ones’', () => {
    expect(inIpfix([[14, 1, 6871], 2], [[15, 1, 6871], 0x18])).toMatchObject({ tcp_flags: 0x1a });
  });
});

describe('ICMP', () => {
  const protocol = (n: number): Pair => [[4, 1], n];
  test.each<[string, readonly Pair[], number, number]>([
    ['in elements of their own', [protocol(1), [[176, 1], 3], [[177, 1], 1]], 3, 1],
    ['of version 6, in elements of their own', [protocol(58), [[178, 1], 136], [[179, 1], 0]], 136, 0],
    ['in one element', [protocol(1), [[32, 2], 0x0b01]], 11, 1],
    ['of version 6, in one element', [protocol(58), [[139, 2], 0x8700]], 135, 0],
    ['in one template for both versions', [protocol(58), [[32, 2], 0], [[139, 2], 0x8701]], 135, 1],
    ['in the destination port', [protocol(1), [[7, 2], 0], [[11, 2], 0x0303]], 3, 3],
    ['of version 6, in the low octet of the port', [protocol(58), [[11, 2], 136]], 136, 0],
  ])('%s', (_, pairs, type, code) => {
    expect(inV9(...pairs)).toMatchObject({ icmp_type: type, icmp_code: code });
  });

  test('is not looked for in other protocols’ ports', () => {
    expect(inV9(protocol(17), [[11, 2], 0x0303])).toMatchObject({
      icmp_type: 0,
      icmp_code: 0,
      destination_port: 0x0303,
    });
  });

  test('of NetFlow v5 stands in the destination port', () => {
    const [row] = new Rig().flowsOf(netflow5({}, { protocol: 1, destinationPort: 0x0800 }));
    expect(row).toMatchObject({ icmp_type: 8, icmp_code: 0 });
  });
});

describe('what stands about the packet and its way', () => {
  test('direction: 0 is ingress, 1 egress; unknown where nothing or nonsense is said', () => {
    expect(inV9([[61, 1], 0]).flow_direction).toBe(1);
    expect(inV9([[61, 1], 1]).flow_direction).toBe(2);
    expect(inV9([[61, 1], 255]).flow_direction).toBe(0);
    expect(inV9([[1, 4], 1]).flow_direction).toBe(0);
  });

  test('VLANs, MPLS labels, VRFs, masks, autonomous systems', () => {
    const row = inIpfix(
      [[58, 2], 100],
      [[59, 2], 200],
      [[245, 2], 30],
      [[70, 3], (24_305 << 4) | 1],
      [[71, 3], (1_048_575 << 4) | 0xf],
      [[47, 4], '10.255.0.1'],
      [[234, 4], 0x60000001],
      [[235, 4], 0x60000002],
      [[9, 1], 24],
      [[30, 1], 64],
      [[16, 4], 4_200_000_000],
      [[129, 4], 64_512],
    );
    expect(row).toMatchObject({
      vlan_id: 100,
      post_vlan_id: 200,
      customer_vlan_id: 30,
      mpls_label_1: 24_305,
      mpls_label_2: 1_048_575,
      mpls_top_label_ip: '10.255.0.1',
      vrf_id: 0x60000001,
      egress_vrf_id: 0x60000002,
      source_mask: 24,
      destination_mask: 64,
      source_as: 4_200_000_000,
      previous_as: 64_512,
    });
  });

  test('type of service, or a code point in its place', () => {
    expect(inIpfix([[5, 1], 0xb9]).tos).toBe(0xb9);
    expect(inIpfix([[195, 1], 46]).tos).toBe(0xb8);
  });

  test('ports by protocol where the template has all of them', () => {
    expect(inIpfix([[7, 2], 0], [[180, 2], 0], [[182, 2], 443], [[181, 2], 53], [[183, 2], 0])).toMatchObject(
      {
        source_port: 443,
        destination_port: 53,
      },
    );
  });

  test('interfaces, logical before physical', () => {
    expect(inIpfix([[252, 4], 9], [[10, 4], 5], [[253, 4], 8], [[14, 4], 0])).toMatchObject({
      input_interface: 5,
      output_interface: 8,
    });
  });

  test('why the flow ended', () => {
    expect(inIpfix([[136, 1], 3]).flow_end_reason).toBe(3);
  });

  test.each([
    [0x40, 'forwarded'],
    [0x82, 'dropped'],
    [0xc3, 'consumed'],
    [1, 'forwarded'],
    [2, 'dropped'],
    [0, 'unknown'],
  ])('forwarding status %i is %s', (status, verdict) => {
    expect(inIpfix([[89, 1], status])).toMatchObject({
      forwarding_status: status,
      verdict: verdicts.findIndex((v) => v === verdict) + 1,
    });
  });

  test('forwarding status in four bytes', () => {
    expect(inIpfix([[89, 4], 0x82]).verdict).toBe(2);
  });
});

describe('translation and firewalls', () => {
  test('NAT event logging (RFC 8158)', () => {
    const row = inIpfix(
      [[230, 1], 4],
      [[8, 4], '10.0.0.1'],
      [[225, 4], '203.0.113.7'],
      [[226, 4], '198.51.100.9'],
      [[227, 2], 40_000],
      [[228, 2], 443],
      [[323, 8], NOON - 250],
    );
    expect(row).toMatchObject({
      nat_event: 4,
      post_nat_source_ip: '203.0.113.7',
      post_nat_destination_ip: '198.51.100.9',
      post_nat_source_port: 40_000,
      post_nat_destination_port: 443,
      end_lag_ms: 250,
    });
  });

  test('the same of IPv6', () => {
    expect(inIpfix([[281, 16], '2001:db8::7'])).toMatchObject({ post_nat_source_ip: '2001:db8::7' });
  });

  test('firewall events of ASA (NSEL): translation, access lists, user', () => {
    const row = inV9(
      [[148, 4], 8501],
      [[40_001, 4], '203.0.113.1'],
      [[40_002, 4], '203.0.113.2'],
      [[40_003, 2], 1000],
      [[40_004, 2], 2000],
      [[40_005, 1], 3],
      [[33_002, 2], 1001],
      [[33_000, 12], new Uint8Array([0x0f, 0x8e, 0x7f, 0xf3, 0xfc, 0x1a, 3, 0x0f, 0, 0, 0, 0])],
      [[40_000, 20], 'alice'],
    );
    expect(row).toMatchObject({
      connection_id: 8501,
      post_nat_source_ip: '203.0.113.1',
      post_nat_destination_ip: '203.0.113.2',
      post_nat_source_port: 1000,
      post_nat_destination_port: 2000,
      firewall_event: 3,
      firewall_extended_event: 1001,
      ingress_acl: '0f8e7ff3-fc1a030f-00000000',
      user_name: 'alice',
      verdict: verdicts.indexOf('dropped') + 1,
    });
  });

  test('the firewall’s denial does not hide what forwarding status says', () => {
    expect(inIpfix([[233, 1], 3], [[89, 1], 0]).verdict).toBe(2);
    expect(inIpfix([[233, 1], 1], [[89, 1], 0x80]).verdict).toBe(2);
  });
});

describe('applications and texts', () => {
  test('an application id is engine and selector (RFC 6759)', () => {
    expect(inV9([[95, 4], 0x0d0001af]).application_id).toBe(0x0d0001af);
  });

  test('with an enterprise number (FortiGate): engine 20, number, selector in 64 bits', () => {
    const id = new Uint8Array([20, 0, 0, 0x30, 0x44, 0, 0, 0x9e, 0x78]);
    expect(BigInt(inV9([[95, 9], id]).application_id)).toBe((20n << 56n) | (12356n << 32n) | 40568n);
    expect(BigInt(inIpfix([[95, VARIABLE], id]).application_id)).toBe(
      (20n << 56n) | (12356n << 32n) | 40568n,
    );
  });

  test('Palo Alto’s App-ID and User-ID, in v9', () => {
    expect(inV9([[56_701, 32], 'kerberos'], [[56_702, 64], 'unknown'])).toMatchObject({
      application: 'kerberos',
      user_name: 'unknown',
    });
  });

  test('a text of fixed length ends at its first NUL', () => {
    expect(inV9([[82, 8], join([0x65, 0x74, 0x68, 0, 0x78])]).input_interface_name).toBe('eth');
  });

  test('bytes that are not UTF-8 are replaced', () => {
    expect(inIpfix([[371, VARIABLE], new Uint8Array([0x61, 0xff, 0x62])]).user_name).toBe('a\ufffdb');
  });

  test('what is told by Cisco’s enterprise number in IPFIX is the same element as in v9', () => {
    expect(inIpfix([[7237, 1, CISCO], 3]).firewall_event).toBe(
      inV9([[40_001, 4], '0.0.0.0'], [[40_005, 1], 3]).firewall_event,
    );
  });
});
