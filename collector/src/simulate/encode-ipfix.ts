import { encodeOptionSets, encodeSet, packSets } from './announcement-packer.ts';
import type { EncodedSet } from './announcement-packer.ts';
import { APPLICATIONS } from './applications.ts';
import { ByteWriter } from './byte-writer.ts';
import type { Datagram, DatagramEncoder, EncoderOptions, ExportClock, RecordKind } from './encoder.ts';
import { NO_NAME } from './flow-columns.ts';
import type { FlowColumns } from './flow-columns.ts';
import { VRFS } from './network.ts';
import { tcpQuality } from './tcp-quality.ts';
import type { SimulatedInterface } from './network.ts';

const HEADER = 16;
const TEMPLATE_SET = 2;
const OPTIONS_TEMPLATE_SET = 3;
const VARIABLE = 0xffff;
/** Private enterprise numbers: ntop's (its DNS question), and RFC 5103's for elements of the reverse direction. */
const PEN_NTOP = 35632;
/** Flowmon's: what its probes measure of TCP. */
const PEN_FLOWMON = 39499;
const PEN_REVERSE = 29305;
/** applicationId (RFC 6759): engine 13, PANA-L7, then a selector of three bytes. */
const PANA_L7 = 13;
const SELECTOR_ID = 7;
const SAMPLER_OPTIONS = 300;
const INTERFACE_OPTIONS = 301;
const APPLICATION_OPTIONS = 302;
const VRF_OPTIONS = 303;

/** The kinds of record: bits of a row's properties. */
const IPV6 = 1;
const NAMED = 2;
const REVERSE = 4;

type Fields = readonly (readonly [element: number, length: number, enterprise?: number])[];

/** What all records end with; elements of IANA's registry. */
const COMMON: Fields = [
  [10, 4], // ingressInterface
  [14, 4], // egressInterface
  [152, 8], // flowStartMilliseconds
  [153, 8], // flowEndMilliseconds
  [7, 2], // sourceTransportPort
  [11, 2], // destinationTransportPort
  [6, 2], // tcpControlBits
  [4, 1], // protocolIdentifier
  [5, 1], // ipClassOfService
  [16, 4], // bgpSourceAsNumber
  [17, 4], // bgpDestinationAsNumber
  [58, 2], // vlanId
  [234, 4], // ingressVRFID
  [95, 4], // applicationId
  [61, 1], // flowDirection
  [136, 1], // flowEndReason
  [302, 1], // selectorId, in reduced size (RFC 7011, 6.2)
  [69, 4, PEN_FLOWMON], // round-trip time in microseconds
  [70, 4, PEN_FLOWMON], // server response time in microseconds
  [71, 4, PEN_FLOWMON], // retransmitted packets
];

const IPV4_FIELDS: Fields = [
  [8, 4], // sourceIPv4Address
  [12, 4], // destinationIPv4Address
  [15, 4], // ipNextHopIPv4Address
  [9, 1], // sourceIPv4PrefixLength
  [13, 1], // destinationIPv4PrefixLength
  [1, 8], // octetDeltaCount
  [2, 8], // packetDeltaCount
  [32, 2], // icmpTypeCodeIPv4
  ...COMMON,
];

const IPV6_FIELDS: Fields = [
  [27, 16], // sourceIPv6Address
  [28, 16], // destinationIPv6Address
  [62, 16], // ipNextHopIPv6Address
  [29, 1], // sourceIPv6PrefixLength
  [30, 1], // destinationIPv6PrefixLength
  [1, 4], // octetDeltaCount, in reduced size
  [2, 4], // packetDeltaCount, in reduced size
  [139, 2], // icmpTypeCodeIPv6
  ...COMMON,
];

const NAME_FIELDS: Fields = [
  [460, VARIABLE], // httpRequestHost
  [205, VARIABLE, PEN_NTOP], // DNS_QUERY
  [371, VARIABLE], // userName
];

const REVERSE_FIELDS: Fields = [
  [1, 8, PEN_REVERSE], // reverseOctetDeltaCount
  [2, 8, PEN_REVERSE], // reversePacketDeltaCount
  [6, 2, PEN_REVERSE], // reverseTcpControlBits
];

const lengthOf = (fields: Fields): number =>
  fields.reduce((sum, [, length]) => sum + (length === VARIABLE ? 0 : length), 0);

/** The eight templates, by kind: 256 + kind is the id. */
const TEMPLATES = Array.from({ length: 8 }, (_, kind) => {
  const fields: Fields = [
    ...((kind & IPV6) !== 0 ? IPV6_FIELDS : IPV4_FIELDS),
    ...((kind & REVERSE) !== 0 ? REVERSE_FIELDS : []),
    ...((kind & NAMED) !== 0 ? NAME_FIELDS : []),
  ];
  const name = [
    (kind & IPV6) !== 0 ? 'IPv6' : 'IPv4',
    ...((kind & NAMED) !== 0 ? ['names'] : []),
    ...((kind & REVERSE) !== 0 ? ['biflow'] : []),
  ].join(', ');
  return { templateId: 256 + kind, name, fields, fixedLength: lengthOf(fields) };
});

const NO_TEXT: Uint8Array = new Uint8Array(0);

/**
 * IPFIX (RFC 7011) over UDP: templates for IPv4 and IPv6, with names of variable length for web and DNS, with reverse
 * elements for biflows (RFC 5103); sampler, interfaces, applications and VRFs as options. The sequence number counts data
 * records, those of options among them, sent before the message.
 */
export class IpfixEncoder implements DatagramEncoder {
  readonly protocol = 'ipfix';
  readonly kinds: readonly RecordKind[] = TEMPLATES;
  sequence = 0;
  readonly sequenceOffset = 8;
  readonly secondsOffset = 4;
  readonly uptimeOffset = -1;
  readonly typicalFlows: number;
  private readonly options: EncoderOptions;
  private readonly biflow: boolean;
  private readonly packed: EncodedSet[][];

  constructor(options: EncoderOptions, interfaces: readonly SimulatedInterface[], biflow: boolean) {
    this.options = options;
    this.biflow = biflow;
    this.typicalFlows = Math.floor((options.maxPayload - HEADER - 12) / 100);
    this.packed = packSets(announcementSets(options, interfaces, biflow), options.maxPayload - HEADER);
  }

  kindOf(flows: FlowColumns, row: number): number {
    const application = APPLICATIONS[flows.application[row]!]!;
    return (
      (flows.sourceHost[row]! & 1 ? IPV6 : 0) |
      (application.names !== 'none' ? NAMED : 0) |
      // A conversation without an answer has nothing to say of the reverse direction.
      (this.biflow && flows.reversePackets[row]! > 0 ? REVERSE : 0)
    );
  }

  announcements(clock: ExportClock): Datagram[] {
    return this.packed.map((sets): Datagram => {
      const writer = new ByteWriter(
        Buffer.allocUnsafe(HEADER + sets.reduce((sum, set) => sum + set.bytes.length, 0)),
      );
      this.writeHeader(writer, clock);
      for (const set of sets) writer.copy(set.bytes, 0, set.bytes.length);
      const optionRecords = sets.reduce((sum, set) => sum + set.optionRecords, 0);
      return this.finish(writer, {
        flows: 0,
        flowsByKind: new Uint32Array(8),
        optionRecords,
        epochMsOffsets: [],
      });
    });
  }

  encode(flows: FlowColumns, order: Uint32Array, from: number, to: number, clock: ExportClock): Datagram {
    const { maxPayload, traceTimes } = this.options;
    const writer = new ByteWriter(Buffer.allocUnsafe(maxPayload));
    this.writeHeader(writer, clock);
    const { network } = flows;
    const { addresses, masks, autonomousSystems } = network.hosts;
    const { interfaces } = flows.site;
    const flowsByKind = new Uint32Array(8);
    const epochMsOffsets: number[] = [];
    let setStart = -1;
    let setKind = -1;
    let position = from;
    for (; position < to; position++) {
      const row = order[position]!;
      const kind = this.kindOf(flows, row);
      const template = TEMPLATES[kind]!;
      let host: Uint8Array = NO_TEXT;
      let question: Uint8Array = NO_TEXT;
      let user: Uint8Array = NO_TEXT;
      let length = template.fixedLength;
      if ((kind & NAMED) !== 0) {
        const name = flows.name[row]!;
        if (name !== NO_NAME) {
          if (APPLICATIONS[flows.application[row]!]!.names === 'host') host = network.names[name]!;
          else question = network.names[name]!;
        }
        if (flows.user[row]! !== NO_NAME) user = network.users[flows.user[row]!]!;
        length += 3 + host.length + question.length + user.length; // names are shorter than 255 bytes
      }
      const setHeader = kind === setKind ? 0 : 4 + 3;
      if (writer.position + setHeader + length > maxPayload) break;
      if (kind !== setKind) {
        if (setStart >= 0) closeSet(writer, setStart);
        setStart = writer.position;
        setKind = kind;
        writer.u16(template.templateId);
        writer.u16(0);
      }
      flowsByKind[kind]!++;
      const source = flows.sourceHost[row]!;
      const destination = flows.destinationHost[row]!;
      const input = interfaces[flows.input[row]!]!;
      const output = interfaces[flows.output[row]!]!;
      if ((kind & IPV6) === 0) {
        writer.copy(addresses, source * 16 + 12, 4);
        writer.copy(addresses, destination * 16 + 12, 4);
        writer.copy(output.nextHopIpv4, 12, 4);
        writer.u8(masks[source]!);
        writer.u8(masks[destination]!);
        writer.u64(flows.bytes[row]!);
        writer.u64(flows.packets[row]!);
      } else {
        writer.copy(addresses, source * 16, 16);
        writer.copy(addresses, destination * 16, 16);
        writer.copy(output.nextHopIpv6, 0, 16);
        writer.u8(masks[source]!);
        writer.u8(masks[destination]!);
        writer.u32(flows.bytes[row]!);
        writer.u32(flows.packets[row]!);
      }
      writer.u16(flows.icmpTypeCode[row]!);
      writer.u32(input.index);
      writer.u32(output.index);
      if (traceTimes) epochMsOffsets.push(writer.position, writer.position + 8);
      writer.u64(clock.nowMs - flows.startAgeMs[row]!);
      writer.u64(clock.nowMs - flows.endAgeMs[row]!);
      writer.u16(flows.sourcePort[row]!);
      writer.u16(flows.destinationPort[row]!);
      writer.u16(flows.tcpFlags[row]!);
      writer.u8(flows.protocol[row]!);
      writer.u8(flows.tos[row]!);
      writer.u32(autonomousSystems[source >>> 1]!);
      writer.u32(autonomousSystems[destination >>> 1]!);
      writer.u16(input.vlan);
      writer.u32(input.vrf);
      writer.u32((PANA_L7 << 24) | (flows.application[row]! + 1));
      writer.u8(flows.direction[row]!);
      writer.u8(flows.endReason[row]!);
      writer.u8(SELECTOR_ID);
      const quality = tcpQuality(flows, row);
      writer.u32(quality.roundTripUs);
      writer.u32(quality.responseUs);
      writer.u32(quality.retransmissions);
      if ((kind & REVERSE) !== 0) {
        writer.u64(flows.reverseBytes[row]!);
        writer.u64(flows.reversePackets[row]!);
        writer.u16(flows.reverseTcpFlags[row]!);
      }
      if ((kind & NAMED) !== 0) {
        writer.variable(host);
        writer.variable(question);
        writer.variable(user);
      }
    }
    if (setStart >= 0) closeSet(writer, setStart);
    return this.finish(writer, { flows: position - from, flowsByKind, optionRecords: 0, epochMsOffsets });
  }

  /** Writes the header but for its length. */
  private writeHeader(writer: ByteWriter, clock: ExportClock): void {
    writer.u16(10);
    writer.u16(0);
    writer.u32(Math.floor(clock.nowMs / 1000));
    writer.u32(this.sequence);
    writer.u32(this.options.domain);
  }

  private finish(
    writer: ByteWriter,
    content: Pick<Datagram, 'flows' | 'flowsByKind' | 'optionRecords' | 'epochMsOffsets'>,
  ): Datagram {
    writer.patchU16(2, writer.position);
    const sequenceStep = content.flows + content.optionRecords;
    this.sequence = (this.sequence + sequenceStep) >>> 0;
    return {
      payload: writer.bytes.subarray(0, writer.position),
      sequenceStep,
      ...content,
      uptimeOffsets: [],
    };
  }
}

function closeSet(writer: ByteWriter, start: number): void {
  // RFC 7011, 3.3.1: padding is shorter than any record of the set, which all of ours exceed.
  writer.zeros(-(writer.position - start) & 3);
  writer.patchU16(start + 2, writer.position - start);
}

function announcementSets(
  options: EncoderOptions,
  interfaces: readonly SimulatedInterface[],
  biflow: boolean,
): EncodedSet[] {
  const room = options.maxPayload - HEADER;
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  const fieldSpecifiers = (writer: ByteWriter, fields: Fields): void => {
    for (const [element, length, enterprise] of fields) {
      writer.u16(enterprise === undefined ? element : element | 0x8000);
      writer.u16(length);
      if (enterprise !== undefined) writer.u32(enterprise);
    }
  };
  const template = (id: number, fields: Fields): EncodedSet => ({
    records: 1,
    optionRecords: 0,
    bytes: encodeSet(TEMPLATE_SET, (writer) => {
      writer.u16(id);
      writer.u16(fields.length);
      fieldSpecifiers(writer, fields);
    }),
  });
  // RFC 7011, 3.4.2.2: the number of all fields, then of those that are scope and come first.
  const optionsTemplate = (id: number, scope: Fields, fields: Fields): EncodedSet => ({
    records: 1,
    optionRecords: 0,
    bytes: encodeSet(OPTIONS_TEMPLATE_SET, (writer) => {
      writer.u16(id);
      writer.u16(scope.length + fields.length);
      writer.u16(scope.length);
      fieldSpecifiers(writer, [...scope, ...fields]);
    }),
  });
  return [
    ...TEMPLATES.filter((_, kind) => biflow || (kind & REVERSE) === 0).map((one) =>
      template(one.templateId, one.fields),
    ),
    // selectorId → selectorAlgorithm (1: systematic count-based), samplingPacketInterval, samplingPacketSpace (RFC 5477)
    optionsTemplate(
      SAMPLER_OPTIONS,
      [[302, 1]],
      [
        [304, 2],
        [305, 4],
        [306, 4],
      ],
    ),
    optionsTemplate(
      INTERFACE_OPTIONS,
      [[10, 4]],
      [
        [82, VARIABLE],
        [83, VARIABLE],
      ],
    ),
    // applicationId → applicationName, applicationDescription (RFC 6759)
    optionsTemplate(
      APPLICATION_OPTIONS,
      [[95, 4]],
      [
        [96, VARIABLE],
        [94, VARIABLE],
      ],
    ),
    optionsTemplate(VRF_OPTIONS, [[234, 4]], [[236, VARIABLE]]),
    ...encodeOptionSets(SAMPLER_OPTIONS, 1, 11, room, (writer) => {
      writer.u8(SELECTOR_ID);
      writer.u16(1);
      writer.u32(1);
      writer.u32(options.samplingRate - 1);
    }),
    ...encodeOptionSets(INTERFACE_OPTIONS, interfaces.length, 4 + 2 * 65, room, (writer, i) => {
      const one = interfaces[i]!;
      writer.u32(one.index);
      writer.variable(encode(one.name));
      writer.variable(encode(one.description));
    }),
    ...encodeOptionSets(APPLICATION_OPTIONS, APPLICATIONS.length, 4 + 2 * 33, room, (writer, i) => {
      writer.u32((PANA_L7 << 24) | (i + 1));
      writer.variable(encode(APPLICATIONS[i]!.name));
      writer.variable(encode(APPLICATIONS[i]!.description));
    }),
    ...encodeOptionSets(VRF_OPTIONS, VRFS.length, 4 + 33, room, (writer, i) => {
      writer.u32(i + 1);
      writer.variable(encode(VRFS[i]!));
    }),
  ];
}
