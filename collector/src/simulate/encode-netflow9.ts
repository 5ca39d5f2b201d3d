import { encodeOptionSets, encodeSet, packSets } from './announcement-packer.ts';
import type { EncodedSet } from './announcement-packer.ts';
import { ByteWriter } from './byte-writer.ts';
import { shortAs } from './encode-netflow5.ts';
import type { Datagram, DatagramEncoder, EncoderOptions, ExportClock, RecordKind } from './encoder.ts';
import type { FlowColumns } from './flow-columns.ts';
import type { SimulatedInterface } from './network.ts';

const HEADER = 20;
const TEMPLATE_SET = 0;
const OPTIONS_TEMPLATE_SET = 1;
const IPV4_TEMPLATE = 256;
const IPV6_TEMPLATE = 257;
const SAMPLER_OPTIONS = 300;
const INTERFACE_OPTIONS = 301;
const SAMPLER_ID = 1;
const SCOPE_SYSTEM = 1;
const SCOPE_INTERFACE = 2;

/** Field types and lengths of RFC 3954, section 8, in the order of the record. */
const IPV4_FIELDS = [
  [8, 4], // IPV4_SRC_ADDR
  [12, 4], // IPV4_DST_ADDR
  [15, 4], // IPV4_NEXT_HOP
  [10, 2], // INPUT_SNMP
  [14, 2], // OUTPUT_SNMP
  [2, 4], // IN_PKTS
  [1, 4], // IN_BYTES
  [22, 4], // FIRST_SWITCHED
  [21, 4], // LAST_SWITCHED
  [7, 2], // L4_SRC_PORT
  [11, 2], // L4_DST_PORT
  [6, 1], // TCP_FLAGS
  [4, 1], // PROTOCOL
  [5, 1], // SRC_TOS
  [9, 1], // SRC_MASK
  [13, 1], // DST_MASK
  [16, 2], // SRC_AS, 16 bits as most routers configure it
  [17, 2], // DST_AS
  [58, 2], // SRC_VLAN
  [61, 1], // DIRECTION
  [48, 1], // FLOW_SAMPLER_ID
] as const;

const IPV6_FIELDS = [
  [27, 16], // IPV6_SRC_ADDR
  [28, 16], // IPV6_DST_ADDR
  [62, 16], // IPV6_NEXT_HOP
  [10, 4], // INPUT_SNMP
  [14, 4], // OUTPUT_SNMP
  [2, 4], // IN_PKTS
  [1, 4], // IN_BYTES
  [22, 4], // FIRST_SWITCHED
  [21, 4], // LAST_SWITCHED
  [7, 2], // L4_SRC_PORT
  [11, 2], // L4_DST_PORT
  [32, 2], // ICMP_TYPE
  [6, 1], // TCP_FLAGS
  [4, 1], // PROTOCOL
  [5, 1], // SRC_TOS
  [29, 1], // IPV6_SRC_MASK
  [30, 1], // IPV6_DST_MASK
  [16, 4], // SRC_AS
  [17, 4], // DST_AS
  [58, 2], // SRC_VLAN
  [61, 1], // DIRECTION
  [48, 1], // FLOW_SAMPLER_ID
] as const;

type Fields = readonly (readonly [type: number, length: number])[];

const lengthOf = (fields: Fields): number => fields.reduce((sum, [, length]) => sum + length, 0);
const RECORD_LENGTHS = [lengthOf(IPV4_FIELDS), lengthOf(IPV6_FIELDS)] as const;
const NAME_LENGTH = 32;
const DESCRIPTION_LENGTH = 64;

/**
 * NetFlow version 9 (RFC 3954): templates for IPv4 and IPv6, the sampler and the interfaces' names as options.
 * The sequence number counts datagrams. The header has whole seconds; the uptime beside it is of the same instant, so that
 * a receiver computes the times of flows to the millisecond.
 */
export class NetFlow9Encoder implements DatagramEncoder {
  readonly protocol = 'v9';
  readonly kinds: readonly RecordKind[] = [
    { templateId: IPV4_TEMPLATE, name: 'IPv4' },
    { templateId: IPV6_TEMPLATE, name: 'IPv6' },
  ];
  sequence = 0;
  readonly sequenceOffset = 12;
  readonly secondsOffset = 8;
  readonly uptimeOffset = 4;
  readonly typicalFlows: number;
  private readonly options: EncoderOptions;
  private readonly packed: EncodedSet[][];

  constructor(options: EncoderOptions, interfaces: readonly SimulatedInterface[]) {
    this.options = options;
    this.typicalFlows = Math.floor((options.maxPayload - HEADER - 4) / RECORD_LENGTHS[0]);
    this.packed = packSets(announcementSets(options, interfaces), options.maxPayload - HEADER);
  }

  kindOf(flows: FlowColumns, row: number): number {
    return flows.sourceHost[row]! & 1;
  }

  announcements(clock: ExportClock): Datagram[] {
    return this.packed.map((sets): Datagram => {
      const writer = new ByteWriter(
        Buffer.allocUnsafe(HEADER + sets.reduce((sum, set) => sum + set.bytes.length, 0)),
      );
      this.writeHeader(writer, clock);
      for (const set of sets) writer.copy(set.bytes, 0, set.bytes.length);
      return this.finish(
        writer,
        sets.reduce((sum, set) => sum + set.records, 0),
        {
          flowsByKind: new Uint32Array(2),
          optionRecords: sets.reduce((sum, set) => sum + set.optionRecords, 0),
          uptimeOffsets: [],
        },
      );
    });
  }

  encode(flows: FlowColumns, order: Uint32Array, from: number, to: number, clock: ExportClock): Datagram {
    const { maxPayload, traceTimes } = this.options;
    const writer = new ByteWriter(Buffer.allocUnsafe(maxPayload));
    const uptime = this.writeHeader(writer, clock);
    const { addresses, masks, autonomousSystems } = flows.network.hosts;
    const { interfaces } = flows.site;
    const flowsByKind = new Uint32Array(2);
    const uptimeOffsets: number[] = [];
    let setStart = -1;
    let setKind = -1;
    let position = from;
    for (; position < to; position++) {
      const row = order[position]!;
      const source = flows.sourceHost[row]!;
      const destination = flows.destinationHost[row]!;
      const kind = source & 1;
      const setHeader = kind === setKind ? 0 : 4 + 3; // with the padding of the set before
      if (writer.position + setHeader + RECORD_LENGTHS[kind]! > maxPayload) break;
      if (kind !== setKind) {
        if (setStart >= 0) closeSet(writer, setStart);
        setStart = writer.position;
        setKind = kind;
        writer.u16(this.kinds[kind]!.templateId);
        writer.u16(0);
      }
      flowsByKind[kind]!++;
      const input = interfaces[flows.input[row]!]!;
      const output = interfaces[flows.output[row]!]!;
      if (kind === 0) {
        writer.copy(addresses, source * 16 + 12, 4);
        writer.copy(addresses, destination * 16 + 12, 4);
        writer.copy(output.nextHopIpv4, 12, 4);
        writer.u16(input.index);
        writer.u16(output.index);
      } else {
        writer.copy(addresses, source * 16, 16);
        writer.copy(addresses, destination * 16, 16);
        writer.copy(output.nextHopIpv6, 0, 16);
        writer.u32(input.index);
        writer.u32(output.index);
      }
      writer.u32(flows.packets[row]!);
      writer.u32(flows.bytes[row]!);
      if (traceTimes) uptimeOffsets.push(writer.position, writer.position + 4);
      writer.u32(uptime - flows.startAgeMs[row]!);
      writer.u32(uptime - flows.endAgeMs[row]!);
      writer.u16(flows.sourcePort[row]!);
      if (kind === 0) {
        writer.u16(flows.destinationPort[row]! | flows.icmpTypeCode[row]!);
      } else {
        writer.u16(flows.destinationPort[row]!);
        writer.u16(flows.icmpTypeCode[row]!);
      }
      writer.u8(flows.tcpFlags[row]!);
      writer.u8(flows.protocol[row]!);
      writer.u8(flows.tos[row]!);
      writer.u8(masks[source]!);
      writer.u8(masks[destination]!);
      const sourceAs = autonomousSystems[source >>> 1]!;
      const destinationAs = autonomousSystems[destination >>> 1]!;
      if (kind === 0) {
        writer.u16(shortAs(sourceAs));
        writer.u16(shortAs(destinationAs));
      } else {
        writer.u32(sourceAs);
        writer.u32(destinationAs);
      }
      writer.u16(input.vlan);
      writer.u8(flows.direction[row]!);
      writer.u8(SAMPLER_ID);
    }
    if (setStart >= 0) closeSet(writer, setStart);
    return this.finish(writer, position - from, { flowsByKind, optionRecords: 0, uptimeOffsets });
  }

  /** Writes the header but for its count, and returns the uptime of the whole second in it. */
  private writeHeader(writer: ByteWriter, clock: ExportClock): number {
    const seconds = Math.floor(clock.nowMs / 1000);
    writer.u16(9);
    writer.u16(0);
    writer.u32(seconds * 1000 - clock.bootMs);
    writer.u32(seconds);
    writer.u32(this.sequence);
    writer.u32(this.options.domain);
    this.sequence = (this.sequence + 1) >>> 0;
    return clock.nowMs - clock.bootMs;
  }

  private finish(
    writer: ByteWriter,
    records: number,
    content: Pick<Datagram, 'flowsByKind' | 'optionRecords' | 'uptimeOffsets'>,
  ): Datagram {
    writer.patchU16(2, records); // of all kinds, templates among them
    return {
      payload: writer.bytes.subarray(0, writer.position),
      flows: content.flowsByKind[0]! + content.flowsByKind[1]!,
      sequenceStep: 1,
      ...content,
      epochMsOffsets: [],
    };
  }
}

function closeSet(writer: ByteWriter, start: number): void {
  writer.zeros(-(writer.position - start) & 3); // RFC 3954, 5.3: sets end on a multiple of 32 bits
  writer.patchU16(start + 2, writer.position - start);
}

function announcementSets(options: EncoderOptions, interfaces: readonly SimulatedInterface[]): EncodedSet[] {
  const room = options.maxPayload - HEADER;
  const template = (id: number, fields: Fields): EncodedSet => ({
    records: 1,
    optionRecords: 0,
    bytes: encodeSet(TEMPLATE_SET, (writer) => {
      writer.u16(id);
      writer.u16(fields.length);
      for (const [type, length] of fields) {
        writer.u16(type);
        writer.u16(length);
      }
    }),
  });
  // RFC 3954, 6.1: lengths of scope and options are in bytes, not in fields.
  const optionsTemplate = (id: number, scope: Fields, fields: Fields): EncodedSet => ({
    records: 1,
    optionRecords: 0,
    bytes: encodeSet(OPTIONS_TEMPLATE_SET, (writer) => {
      writer.u16(id);
      writer.u16(scope.length * 4);
      writer.u16(fields.length * 4);
      for (const [type, length] of [...scope, ...fields]) {
        writer.u16(type);
        writer.u16(length);
      }
    }),
  });
  const interfaceRecord = 4 + NAME_LENGTH + DESCRIPTION_LENGTH;
  return [
    template(IPV4_TEMPLATE, IPV4_FIELDS),
    template(IPV6_TEMPLATE, IPV6_FIELDS),
    // FLOW_SAMPLER_ID, FLOW_SAMPLER_MODE (1 deterministic, 2 random), FLOW_SAMPLER_RANDOM_INTERVAL
    optionsTemplate(
      SAMPLER_OPTIONS,
      [[SCOPE_SYSTEM, 4]],
      [
        [48, 1],
        [49, 1],
        [50, 4],
      ],
    ),
    // IF_NAME, IF_DESC
    optionsTemplate(
      INTERFACE_OPTIONS,
      [[SCOPE_INTERFACE, 4]],
      [
        [82, NAME_LENGTH],
        [83, DESCRIPTION_LENGTH],
      ],
    ),
    ...encodeOptionSets(SAMPLER_OPTIONS, 1, 10, room, (writer) => {
      writer.u32(0);
      writer.u8(SAMPLER_ID);
      writer.u8(2);
      writer.u32(options.samplingRate);
    }),
    ...encodeOptionSets(INTERFACE_OPTIONS, interfaces.length, interfaceRecord, room, (writer, i) => {
      const one = interfaces[i]!;
      writer.u32(one.index);
      writer.fixed(one.name, NAME_LENGTH);
      writer.fixed(one.description, DESCRIPTION_LENGTH);
    }),
  ];
}
