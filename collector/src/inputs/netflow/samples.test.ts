import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { type ColumnName, elementName, flowSources } from '@weir/core';
import type { Exporter } from './exporter.ts';
import { type FlowRow, endOf, macNumber, startOf } from './testing/flows.ts';
import { Rig } from './testing/rig.ts';

/*
 * Real datagrams of some twenty vendors' devices, read in place from beside the project: what Logstash's NetFlow codec
 * expects of them, its field names mapped to our columns.
 */

const SAMPLES = join(import.meta.dirname, '../../../../../shared/samples/netflow');

type Value = number | string | Readonly<Record<string, number>>;

interface Case {
  readonly context: string;
  readonly files: readonly string[];
  /** Records of the last file; where several files hold data, in some cases of all of them. */
  readonly expected_records: number | null;
  readonly field_assertions: readonly (readonly [number, string, Value])[];
  readonly json_events: readonly { readonly netflow: Readonly<Record<string, Value>> }[];
}

type Fields = Readonly<Record<string, Value>>;

/** What our row says where Logstash has a field of this name. */
type Reading = (row: FlowRow, fields: Fields) => unknown;

const column =
  (name: ColumnName): Reading =>
  (row) =>
    row[name];
const each = (names: readonly string[], reading: Reading): Record<string, Reading> =>
  Object.fromEntries(names.map((name) => [name, reading]));

const READINGS: Readonly<Record<string, Reading>> = {
  version: (row) =>
    new Map([
      ['netflow5', 5],
      ['netflow9', 9],
      ['ipfix', 10],
    ]).get(flowSources[Number(row.flow_source) - 1]!),

  ...each(['ipv4_src_addr', 'ipv6_src_addr', 'sourceIPv4Address', 'sourceIPv6Address'], column('source_ip')),
  ...each(
    ['ipv4_dst_addr', 'ipv6_dst_addr', 'destinationIPv4Address', 'destinationIPv6Address'],
    column('destination_ip'),
  ),
  ...each(['ipv4_next_hop', 'ipNextHopIPv4Address', 'ipNextHopIPv6Address'], column('next_hop')),
  ...each(['l4_src_port', 'sourceTransportPort'], column('source_port')),
  ...each(['l4_dst_port', 'destinationTransportPort'], column('destination_port')),
  ...each(['protocol', 'protocolIdentifier'], column('protocol')),
  ...each(['in_bytes', 'octetDeltaCount', 'in_permanent_bytes', 'proceraIncomingOctets'], column('bytes_in')),
  ...each(['in_pkts', 'packetDeltaCount'], column('packets_in')),
  ...each(['out_bytes', 'ixiaRevOctetDeltaCount', 'proceraOutgoingOctets'], column('bytes_out')),
  ...each(['out_pkts', 'ixiaRevPacketDeltaCount'], column('packets_out')),
  ...each(['tcp_flags', 'tcpControlBits'], column('tcp_flags')),
  ...each(['src_tos', 'ipClassOfService'], column('tos')),
  icmp_type: column('icmp_type'),
  icmp_code: column('icmp_code'),
  icmpTypeCodeIPv4: (row) => Number(row.icmp_type) * 256 + Number(row.icmp_code),
  ...each(['input_snmp', 'ingressInterface'], column('input_interface')),
  ...each(['output_snmp', 'egressInterface'], column('output_interface')),
  direction: (row) => Number(row.flow_direction) - 1,
  ...each(['src_as', 'bgpSourceAsNumber'], column('source_as')),
  ...each(['dst_as', 'bgpDestinationAsNumber'], column('destination_as')),
  src_mask: column('source_mask'),
  dst_mask: column('destination_mask'),
  ...each(['in_src_mac', 'out_src_mac', 'sourceMacAddress'], column('source_mac')),
  ...each(['in_dst_mac', 'out_dst_mac'], column('destination_mac')),
  ethernetType: column('ethertype'),
  ...each(['src_vlan', 'vlanId'], column('vlan_id')),
  dst_vlan: column('post_vlan_id'),
  ingressVRFID: column('vrf_id'),
  egressVRFID: column('egress_vrf_id'),
  mpls_label_stack_octets: column('mpls_label_1'),
  sampling_interval: column('sampling_rate'),

  ...each(
    ['xlate_src_addr_ipv4', 'postNATSourceIPv4Address', 'BindIPv4Address'],
    column('post_nat_source_ip'),
  ),
  ...each(
    ['xlate_dst_addr_ipv4', 'postNATDestinationIPv4Address', 'ConnIPv4Address'],
    column('post_nat_destination_ip'),
  ),
  ...each(['xlate_src_port', 'BindTransportPort'], column('post_nat_source_port')),
  ...each(['xlate_dst_port', 'ConnTransportPort'], column('post_nat_destination_port')),
  ...each(['fw_event', 'firewallEvent'], column('firewall_event')),
  fw_ext_event: column('firewall_extended_event'),
  ingress_acl_id: column('ingress_acl'),
  egress_acl_id: column('egress_acl'),
  ...each(['username', 'user_id'], column('user_name')),
  conn_id: column('connection_id'),
  forwarding_status: ({ forwarding_status: status }) => ({
    status: Number(status) >>> 6,
    reason: Number(status) & 63,
  }),
  ...each(['flow_end_reason', 'flowEndReason'], column('flow_end_reason')),

  ...each(['app_id', 'ixiaL7AppName', 'proceraService', 'ServiceName'], column('application')),
  ixiaL7AppId: column('application_id'),
  application_id: (row) => applicationText(BigInt(row.application_id)),
  ixiaHttpUserAgent: column('http_user_agent'),
  ixiaHttpHostName: column('http_host'),
  ...each(['ixiaHttpUri', 'proceraHttpUrl'], column('http_url')),

  ...each(['first_switched', 'flow_start_msec', 'flowStartMilliseconds', 'flowStartSeconds'], startOf),
  ...each(['last_switched', 'event_time_msec', 'flowEndMilliseconds', 'flowEndSeconds'], endOf),
  flowDurationMilliseconds: column('duration_ms'),
  // Times by uptime alone stand against a start of the system, if one was told; their difference always holds.
  flowStartSysUpTime: (row, { flowEndSysUpTime: end }) => Number(end) - Number(row.duration_ms),
  flowEndSysUpTime: (row, { flowStartSysUpTime: start }) => Number(start) + Number(row.duration_ms),
};

/** RFC 6759 with a private enterprise number: engine 20, the number, the selector. */
function applicationText(id: bigint): string {
  return `${id >> 56n}..${(id >> 32n) & 0xffffffn}..${id & 0xffffffffn}`;
}

/** What stands in headers, or steers the decoding without being stored. */
const STEERING = new Set([
  'flow_seq_num',
  'flowset_id',
  'flow_records',
  'engine_type',
  'sampling_algorithm',
  'flow_sampler_id',
  'ip_protocol_version',
  'ipVersion',
]);

/** Elements whose column another element of the same record fills, being the better source. */
const SECOND_BEST: Readonly<Record<string, string>> = {
  octetTotalCount: 'octetDeltaCount',
  packetTotalCount: 'packetDeltaCount',
  ingressPhysicalInterface: 'input_snmp',
  egressPhysicalInterface: 'output_snmp',
};

/** Logstash's names of elements that no column takes, as our registry calls them (else: the same). */
const REGISTRY_NAMES: Readonly<Record<string, string>> = {
  engine_id: 'engineId',
  src_traffic_index: 'srcTrafficIndex',
  dst_traffic_index: 'dstTrafficIndex',
  flows: 'deltaFlowCount',
  total_flows_exp: 'exportedFlowRecordTotalCount',
  total_pkts_exp: 'exportedMessageTotalCount',
  ixiaDeviceName: 'ixia:osDeviceName',
  ixiaDeviceId: 'ixia:osDeviceID',
  ixiaBrowserId: 'ixia:browserID',
  ixiaBrowserName: 'ixia:browserName',
  ixiaSrcLatitude: 'ixia:sourceIPLatitude',
  ixiaSrcLongitude: 'ixia:sourceIPLongitude',
  ixiaDstLatitude: 'ixia:destinationIPLatitude',
  ixiaDstLongitude: 'ixia:destinationIPLongitude',
  ixiaSrcAsName: 'ixia:sourceASName',
  ixiaDstAsName: 'ixia:destinationASName',
  ixiaThreatIPv4: 'ixia:threatIPv4',
  ixiaThreatType: 'ixia:threatType',
  ixiaLatency: 'ixia:transactionLatency',
  proceraFlowBehavior: 'procera:flowBehavior',
  proceraHttpContentType: 'procera:httpContentType',
  proceraContentCategories: 'procera:contentCategories',
  proceraSubscriberIdentifier: 'procera:subscriberIdentifier',
  proceraTemplateName: 'procera:templateName',
  proceraHttpLocation: 'procera:httpLocation',
  proceraBaseService: 'procera:baseService',
  proceraHttpFileLength: 'procera:httpFileLength',
  FW_Rule: 'barracuda:firewallRule',
  AuditCounter: 'barracuda:auditCounter',
  TrafficType: 'barracuda:trafficType',
  Timestamp: 'barracuda:timestamp',
  LogOp: 'barracuda:logOp',
  Reason: 'barracuda:reason',
  ReasonText: 'barracuda:reasonText',
};

const TWO_32 = 2 ** 32;

/** Whether our reading says what Logstash's value says. */
function agrees(name: string, value: Value, ours: unknown): boolean {
  if (name.endsWith('_switched')) {
    // Where it borrows for the fraction, Logstash forgets to take a second off; and it knows no wrap of the uptime.
    const ahead = Date.parse(String(value)) - Number(ours);
    return [0, 1000, TWO_32].includes(ahead);
  }
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value)) return Date.parse(value) === ours;
  if (/^flow(Start|End)Seconds$/.test(name)) return Number(value) * 1000 === ours;
  if (typeof value === 'string' && /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(value))
    return macNumber(value) === ours;
  if (name === 'mpls_label_stack_octets') return (value as { label: number }).label === ours;
  return isDeepStrictEqual(value, ours);
}

/** Fields in which a row and a record of Logstash's differ. */
function differences(row: FlowRow, fields: Fields): string[] {
  const differing: string[] = [];
  for (const [name, value] of Object.entries(fields)) {
    const reading = READINGS[name];
    if (reading === undefined) continue;
    // One template for both families leaves the addresses of one of them zero.
    if (value === '::' && fields[name.replace('v6', 'v4')] !== undefined) continue;
    const ours = reading(row, fields);
    if (!agrees(name, value, ours))
      differing.push(`${name}: ${JSON.stringify(value)} is ${String(ours)} here`);
  }
  return differing;
}

/** Fields of a record that no column takes. */
function withoutColumn(fields: Fields): string[] {
  return Object.keys(fields)
    .filter((name) => READINGS[name] === undefined && !STEERING.has(name))
    .filter((name) => fields.version !== 5 || name !== 'engine_id')
    .filter((name) => fields[SECOND_BEST[name] ?? ''] === undefined)
    .map((name) => REGISTRY_NAMES[name] ?? name);
}

/** When the exporter sent it: seconds at byte 8 (v5, v9) or 4 (IPFIX). */
function sentMs(datagram: Buffer): number {
  return datagram.readUInt32BE(datagram.readUInt16BE(0) === 10 ? 4 : 8) * 1000;
}

interface Played {
  readonly exporter: Exporter;
  readonly flows: readonly FlowRow[];
  /** Records of options data that came before the flows. */
  readonly options: number;
  /** Records, flows and options, of each file. */
  readonly records: readonly number[];
}

function play(files: readonly string[]): Played {
  const rig = new Rig();
  const exporter = rig.exporter();
  const flows: FlowRow[] = [];
  const records = files.map((file) => {
    const datagram = readFileSync(join(SAMPLES, file));
    const before = exporter.ledger.optionsRecords;
    const rows = rig.flowsOf(datagram, { atMs: sentMs(datagram) });
    flows.push(...rows);
    return rows.length + exporter.ledger.optionsRecords - before;
  });
  return { exporter, flows, options: exporter.ledger.optionsRecords, records };
}

/** Options data is learnt, not stored: what Logstash shows of it as a record is looked for in what was learnt. */
function learnt(exporter: Exporter, name: string, fields: Fields): unknown {
  const [domain] = exporter.domains.values();
  switch (name) {
    case 'if_desc':
      return exporter.interfaces.get(Number(fields.input_snmp ?? 104))?.description;
    case 'input_snmp':
      return exporter.interfaces.has(Number(fields[name])) ? fields[name] : undefined;
    case 'systemInitTimeMilliseconds':
      return domain?.systemStartMs;
    case 'samplingInterval':
    case 'samplingPacketInterval':
      return domain?.samplingRate;
    default:
      return undefined;
  }
}

const LEARNT = new Set([
  'if_desc',
  'input_snmp',
  'systemInitTimeMilliseconds',
  'samplingInterval',
  'samplingPacketInterval',
]);
/** Read together with another: the space between sampled packets, the scope of an option. */
const LEARNT_WITH = new Set([
  'version',
  'samplingPacketSpace',
  'selectorAlgorithm',
  'scope_system',
  'meteringProcessId',
  'exportingProcessId',
]);

/** What is wrong with one field of an options record. */
function wrongInOptions(
  exporter: Exporter,
  unused: readonly string[],
  name: string,
  fields: Fields,
): string[] {
  if (LEARNT_WITH.has(name) || STEERING.has(name)) return [];
  if (!LEARNT.has(name)) return notReported(unused, { [name]: fields[name]! });
  const ours = learnt(exporter, name, fields);
  return ours === fields[name] ? [] : [`${name}: ${JSON.stringify(fields[name])} is ${String(ours)} here`];
}

/** Fields without a column that are not reported as unused. */
function notReported(unused: readonly string[], fields: Fields): string[] {
  return withoutColumn(fields)
    .filter((name) => !unused.includes(name))
    .map((name) => `${name}: not reported as unused`);
}

const present = existsSync(join(SAMPLES, 'expected.json'));
if (!present) process.stdout.write('skipped: the sample datagrams are not beside the project\n');

(present ? describe : describe.skip)('sample datagrams', () => {
  const cases = present ? (JSON.parse(readFileSync(join(SAMPLES, 'expected.json'), 'utf8')) as Case[]) : [];

  test('are all there', () => expect(cases.length).toBeGreaterThanOrEqual(23));

  describe.each(cases)('$context', (sample) => {
    const { exporter, flows, options, records } = play(sample.files);
    const unused = [...exporter.unused.values()].map((u) => elementName(u.pen, u.id, u.version as 9 | 10));
    const total = records.reduce((sum, n) => sum + n, 0);

    test('balances', () => {
      expect(exporter.ledger.imbalance()).toBe(0);
      expect(exporter.ledger.flows + exporter.ledger.optionsRecords).toBe(total);
    });

    if (sample.expected_records !== null)
      test(`has ${sample.expected_records} records`, () => {
        expect([records.at(-1), total]).toContain(sample.expected_records);
      });

    for (const [record, name, value] of sample.field_assertions)
      test(`record ${record}: ${name} is ${JSON.stringify(value)}`, () => {
        const whole = sample.json_events.find(({ netflow }) => isDeepStrictEqual(netflow[name], value));
        const fields = { ...whole?.netflow, [name]: value };
        const wrong =
          record < options
            ? wrongInOptions(exporter, unused, name, fields)
            : [
                ...differences(flows[record - options]!, fields).filter((d) => d.startsWith(`${name}:`)),
                ...notReported(unused, { version: fields.version ?? 0, [name]: value }),
              ];
        expect(wrong).toEqual([]);
      });

    const isFlow = ({ netflow }: (typeof sample.json_events)[number]): boolean =>
      netflow.protocol !== undefined || netflow.protocolIdentifier !== undefined;
    const optionsEvents = sample.json_events.filter((event) => !isFlow(event));
    const flowEvents = sample.json_events.filter(isFlow);

    for (const [i, { netflow }] of optionsEvents.entries())
      test(`options record ${i}, whole`, () => {
        expect(
          Object.keys(netflow).flatMap((name) => wrongInOptions(exporter, unused, name, netflow)),
        ).toEqual([]);
      });

    for (const [i, { netflow }] of flowEvents.entries())
      test(`record ${i}, whole`, () => {
        const [closest] = flows.map((row) => differences(row, netflow)).sort((a, b) => a.length - b.length);
        expect([...closest!, ...notReported(unused, netflow)]).toEqual([]);
      });
  });
});
