import { ByteWriter } from './byte-writer.ts';
import { AS_TRANS } from './encoder.ts';
import type { Datagram, DatagramEncoder, EncoderOptions, ExportClock, RecordKind } from './encoder.ts';
import type { FlowColumns } from './flow-columns.ts';

const HEADER = 24;
const RECORD = 48;
/** Cisco's limit, whatever the size of the datagram. */
const MAX_RECORDS = 30;
/** Two bits of mode before 14 of interval: 1 = deterministic, one packet in N. */
const MODE_DETERMINISTIC = 1;

/** The largest rate that NetFlow v5's 14 bits hold. */
export const NETFLOW5_MAX_SAMPLING = 0x3fff;

/**
 * NetFlow version 5 ("NetFlow Export Datagram Format", Cisco, table B-3 and B-4): a header of 24 bytes and records of 48,
 * IPv4 only, AS numbers of 16 bits. The sequence number counts flows, those of this datagram not among them.
 */
export class NetFlow5Encoder implements DatagramEncoder {
  readonly protocol = 'v5';
  readonly kinds: readonly RecordKind[] = [{ templateId: 0, name: 'NetFlow v5' }];
  sequence = 0;
  readonly sequenceOffset = 16;
  readonly secondsOffset = 8;
  readonly uptimeOffset = 4;
  readonly typicalFlows: number;
  private readonly options: EncoderOptions;

  constructor(options: EncoderOptions) {
    this.options = options;
    this.typicalFlows = Math.min(MAX_RECORDS, Math.floor((options.maxPayload - HEADER) / RECORD));
  }

  kindOf(): number {
    return 0;
  }

  announcements(): Datagram[] {
    return [];
  }

  encode(flows: FlowColumns, order: Uint32Array, from: number, to: number, clock: ExportClock): Datagram {
    const count = Math.min(to - from, this.typicalFlows);
    const writer = new ByteWriter(Buffer.allocUnsafe(HEADER + count * RECORD));
    const { domain, samplingRate, traceTimes } = this.options;
    const uptime = clock.nowMs - clock.bootMs;
    writer.u16(5);
    writer.u16(count);
    writer.u32(uptime);
    writer.u32(Math.floor(clock.nowMs / 1000));
    writer.u32((clock.nowMs % 1000) * 1_000_000);
    writer.u32(this.sequence);
    writer.u8((domain >>> 8) & 0xff);
    writer.u8(domain & 0xff);
    writer.u16(samplingRate === 1 ? 0 : (MODE_DETERMINISTIC << 14) | samplingRate);

    const { hosts } = flows.network;
    const { addresses, masks, autonomousSystems } = hosts;
    const { interfaces } = flows.site;
    const uptimeOffsets: number[] = [];
    for (let n = 0; n < count; n++) {
      const row = order[from + n]!;
      const source = flows.sourceHost[row]!;
      const destination = flows.destinationHost[row]!;
      const output = interfaces[flows.output[row]!]!;
      writer.copy(addresses, source * 16 + 12, 4);
      writer.copy(addresses, destination * 16 + 12, 4);
      writer.copy(output.nextHopIpv4, 12, 4);
      writer.u16(interfaces[flows.input[row]!]!.index);
      writer.u16(output.index);
      writer.u32(flows.packets[row]!);
      writer.u32(flows.bytes[row]!);
      if (traceTimes) uptimeOffsets.push(writer.position, writer.position + 4);
      writer.u32(uptime - flows.startAgeMs[row]!);
      writer.u32(uptime - flows.endAgeMs[row]!);
      writer.u16(flows.sourcePort[row]!);
      // ICMP's type and code stand where the destination port would.
      writer.u16(flows.destinationPort[row]! | flows.icmpTypeCode[row]!);
      writer.u8(0);
      writer.u8(flows.tcpFlags[row]!);
      writer.u8(flows.protocol[row]!);
      writer.u8(flows.tos[row]!);
      writer.u16(shortAs(autonomousSystems[source >>> 1]!));
      writer.u16(shortAs(autonomousSystems[destination >>> 1]!));
      writer.u8(masks[source]!);
      writer.u8(masks[destination]!);
      writer.u16(0);
    }
    this.sequence = (this.sequence + count) >>> 0;
    return {
      payload: writer.bytes,
      flows: count,
      sequenceStep: count,
      flowsByKind: Uint32Array.of(count),
      optionRecords: 0,
      uptimeOffsets,
      epochMsOffsets: [],
    };
  }
}

/** An AS number in 16 bits. */
export function shortAs(number: number): number {
  return number > 0xffff ? AS_TRANS : number;
}
