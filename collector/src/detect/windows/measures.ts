import { type FlowBatch, RecordFlag, at } from '@weir/core';
import { isContact } from './contact.ts';
import {
  SHORT_LOGIN_BYTES,
  SHORT_LOGIN_MS,
  WINDOW_SECONDS,
  addressHash,
  amplifierPorts,
  durationBounds,
  loginPorts,
  portHash,
  sizeBounds,
} from '@weir/core/windows';
import { SUMS, sumAt } from './layout.ts';
import type { OwnNetworks } from './own-networks.ts';

// Constants of the module: looked up by name for each flow they would cost more than all else.
const {
  amplified_bytes: AMPLIFIED_BYTES,
  amplified_packets: AMPLIFIED_PACKETS,
  answered_flows: ANSWERED_FLOWS,
  bytes: BYTES,
  bytes_back: BYTES_BACK,
  bytes_before: BYTES_BEFORE,
  contact_flows: CONTACT_FLOWS,
  dns_answer_bytes: DNS_ANSWER_BYTES,
  dns_answers: DNS_ANSWERS,
  dns_queries: DNS_QUERIES,
  dns_query_bytes: DNS_QUERY_BYTES,
  dropped_flows: DROPPED_FLOWS,
  dropped_packets: DROPPED_PACKETS,
  failed_flows: FAILED_FLOWS,
  flows: FLOWS,
  fragment_packets: FRAGMENT_PACKETS,
  icmp_bytes: ICMP_BYTES,
  icmp_packets: ICMP_PACKETS,
  inbound_bytes: INBOUND_BYTES,
  late_records: LATE_RECORDS,
  login_bytes: LOGIN_BYTES,
  login_flows: LOGIN_FLOWS,
  login_short_flows: LOGIN_SHORT_FLOWS,
  measured_packets: MEASURED_PACKETS,
  other_bytes: OTHER_BYTES,
  other_packets: OTHER_PACKETS,
  outbound_bytes: OUTBOUND_BYTES,
  packets: PACKETS,
  packets_back: PACKETS_BACK,
  refused_flows: REFUSED_FLOWS,
  retransmissions: RETRANSMISSIONS,
  rst_flows: RST_FLOWS,
  rtt_records: RTT_RECORDS,
  rtt_sum_us: RTT_SUM_US,
  syn_flows: SYN_FLOWS,
  syn_packets: SYN_PACKETS,
  udp_bytes: UDP_BYTES,
  udp_packets: UDP_PACKETS,
  unreachable_flows: UNREACHABLE_FLOWS,
} = sumAt;

/** What else a flow brings, behind its sums. */
export const DURATION = SUMS;
export const RATE = SUMS + 1;
export const START_MS = SUMS + 2;
export const INTERNAL = SUMS + 3;
export const AMPLIFIER = SUMS + 4;
export const SIZE_BUCKET = SUMS + 5;
export const DURATION_BUCKET = SUMS + 6;
/** Numbers of a flow: whole lines of cache. */
export const WIDTH = Math.ceil((SUMS + 7) / 8) * 8;

const WINDOW_MS = WINDOW_SECONDS * 1000;
/** A single record's count is cut here, so that the sums of a window stay whole numbers below 2^53. */
const MOST = 2 ** 44;
const HIGH_WORD = 2 ** 32;

const TCP = 6;
const UDP = 17;
const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const PSH = 0x08;
const ACK = 0x10;
const DNS = 53;
const VERDICT_DROPPED = 2;
const FIREWALL_DENIED = 3;
const UNPLACED = RecordFlag.clockSkew | RecordFlag.relativeTimes | RecordFlag.noTimes;

/** Bits of {@link Measures.mask}: the groups of sums that a flow adds something to, and what else is to be known of it. */
export const Mask = {
  placed: 1 << 1,
  back: 1 << 2,
  tcp: 1 << 3,
  protocol: 1 << 4,
  dns: 1 << 5,
  login: 1 << 6,
  quality: 1 << 7,
  contact: 1 << 8,
  failed: 1 << 9,
} as const;

const LOGIN = 0x80;

/** Where a window stands among those that are open. */
export interface OpenWindows {
  /** Number of the oldest, in window lengths since 1970. */
  readonly oldest: number;
  readonly count: number;
}

/**
 * What flows bring to rows, worked out once for all kinds of row: for some flows of a batch at a time. The numbers of a flow lie
 * together, those of a group only where the mask has it.
 */
export class Measures {
  /** {@link WIDTH} numbers a flow: its sums, those of a group only where the mask has it, then what else it brings. */
  readonly sums: Float64Array;
  readonly mask: Uint32Array;
  /** For heavy hitters: a flow or a KiB. */
  readonly weight: Float64Array;
  readonly sourceHash: Uint32Array;
  readonly destinationHash: Uint32Array;
  readonly sourcePortHash: Uint32Array;
  readonly destinationPortHash: Uint32Array;
  /** The flow's window, counted from the oldest open. */
  readonly window: Uint8Array;
  /** Records that came after their window was closed, and before it could be opened. */
  late = 0;
  early = 0;

  private readonly own: OwnNetworks;
  /** 0x80 for login ports; the place of an amplifying port, counted from one. */
  private readonly ports = new Uint8Array(65_536);
  private zeros = new ZeroColumns(0);

  constructor(flows: number, own: OwnNetworks) {
    this.own = own;
    this.sums = new Float64Array(flows * WIDTH);
    this.mask = new Uint32Array(flows);
    this.weight = new Float64Array(flows);
    this.sourceHash = new Uint32Array(flows);
    this.destinationHash = new Uint32Array(flows);
    this.sourcePortHash = new Uint32Array(flows);
    this.destinationPortHash = new Uint32Array(flows);
    this.window = new Uint8Array(flows);
    for (const port of loginPorts) this.ports[port]! |= LOGIN;
    amplifierPorts.forEach(({ port }, i) => (this.ports[port]! |= i + 1));
  }

  get bytes(): number {
    return this.mask.length * (WIDTH * 8 + 33) + this.ports.length;
  }

  /** A column of a batch, zeros where the batch has none. */
  column8(batch: FlowBatch, index: number): Uint8Array {
    return batch.has(index) ? batch.u8(index) : this.zerosOf(batch).bytes;
  }

  column16(batch: FlowBatch, index: number): Uint16Array {
    return batch.has(index) ? batch.u16(index) : this.zerosOf(batch).shorts;
  }

  column32(batch: FlowBatch, index: number): Uint32Array {
    return batch.has(index) ? batch.u32(index) : this.zerosOf(batch).words;
  }

  private zerosOf(batch: FlowBatch): ZeroColumns {
    if (this.zeros.rows < batch.capacity) this.zeros = new ZeroColumns(batch.capacity);
    return this.zeros;
  }

  /** Works out the rows `[from, to)`: not more than there is room for. */
  take(batch: FlowBatch, from: number, to: number, open: OpenWindows): void {
    this.takeEnds(batch, from, to);
    this.takeTimes(batch, from, to, open);
    this.takeCounts(batch, from, to);
    this.takeQuality(batch, from, to);
  }

  private takeEnds(batch: FlowBatch, from: number, to: number): void {
    const source = this.column32(batch, at.source_ip);
    const destination = this.column32(batch, at.destination_ip);
    const sourcePort = this.column16(batch, at.source_port);
    const destinationPort = this.column16(batch, at.destination_port);
    const { own, sums, sourceHash, destinationHash, sourcePortHash, destinationPortHash } = this;
    for (let r = from, i = 0, w = 4 * from; r < to; r++, i++, w += 4) {
      const a = source[w]!;
      const b = source[w + 1]!;
      const c = source[w + 2]!;
      const d = source[w + 3]!;
      sourceHash[i] = addressHash(a, b, c, d);
      const e = destination[w]!;
      const f = destination[w + 1]!;
      const g = destination[w + 2]!;
      const h = destination[w + 3]!;
      destinationHash[i] = addressHash(e, f, g, h);
      sums[i * WIDTH + INTERNAL] = (own.has(a, b, c, d) ? 1 : 0) | (own.has(e, f, g, h) ? 2 : 0);
      sourcePortHash[i] = portHash(sourcePort[r]!);
      destinationPortHash[i] = portHash(destinationPort[r]!);
    }
  }

  private takeTimes(batch: FlowBatch, from: number, to: number, open: OpenWindows): void {
    const timestamp = this.column32(batch, at.timestamp);
    const lag = this.column32(batch, at.end_lag_ms);
    const flags = this.column16(batch, at.record_flags);
    const durations = this.column32(batch, at.duration_ms);
    const { window, mask, sums } = this;
    const newest = open.count - 1;
    for (let r = from, i = 0; r < to; r++, i++) {
      const receivedMs = timestamp[r]! * 1000;
      const lagMs = (flags[r]! & UNPLACED) !== 0 ? 0 : (lag[2 * r + 1]! | 0) * HIGH_WORD + lag[2 * r]!;
      const endMs = receivedMs - Math.max(0, lagMs);
      const length = durations[r]!;
      const number = Math.floor(endMs / WINDOW_MS);
      let place = number - open.oldest;
      let isLate = 0;
      if (place < 0) {
        place = 0;
        isLate = 1;
        this.late++;
      } else if (place > newest) {
        place = newest;
        this.early++;
      }
      window[i] = place;
      const o = i * WIDTH;
      const startMs = endMs - length;
      sums[o + START_MS] = startMs;
      sums[o + DURATION] = length;
      let bucket = 0;
      while (bucket < durationBounds.length && length > durationBounds[bucket]!) bucket++;
      sums[o + DURATION_BUCKET] = bucket;
      const before = (open.oldest + place) * WINDOW_MS - startMs;
      // The share of the flow that lies before its window, for now; of bytes when these are known.
      sums[o + BYTES_BEFORE] = before <= 0 ? 0 : before >= length ? 1 : before / length;
      sums[o + LATE_RECORDS] = isLate;
      mask[i] = isLate === 1 || before > 0 ? Mask.placed : 0;
    }
  }

  private takeCounts(batch: FlowBatch, from: number, to: number): void {
    const bytesIn = this.column32(batch, at.bytes_in);
    const packetsIn = this.column32(batch, at.packets_in);
    const bytesOut = this.column32(batch, at.bytes_out);
    const packetsOut = this.column32(batch, at.packets_out);
    const protocols = this.column8(batch, at.protocol);
    const sourcePorts = this.column16(batch, at.source_port);
    const destinationPorts = this.column16(batch, at.destination_port);
    const tcpFlags = this.column16(batch, at.tcp_flags);
    const tcpFlagsBack = this.column16(batch, at.tcp_flags_out);
    const icmpTypes = this.column8(batch, at.icmp_type);
    const rates = this.column32(batch, at.sampling_rate);
    const offsets = this.column16(batch, at.fragment_offset);
    const { sums, ports } = this;
    for (let r = from, i = 0; r < to; r++, i++) {
      const o = i * WIDTH;
      const rate = rates[r]! > 1 ? rates[r]! : 1;
      const seen = packetsIn[2 * r]! + packetsIn[2 * r + 1]! * HIGH_WORD;
      const packets = Math.min(MOST, seen * rate);
      const bytes = Math.min(MOST, (bytesIn[2 * r]! + bytesIn[2 * r + 1]! * HIGH_WORD) * rate);
      const packetsBack = Math.min(MOST, (packetsOut[2 * r]! + packetsOut[2 * r + 1]! * HIGH_WORD) * rate);
      const bytesBack = Math.min(MOST, (bytesOut[2 * r]! + bytesOut[2 * r + 1]! * HIGH_WORD) * rate);
      const flows = seen === 1 ? rate : 1;
      const protocol = protocols[r]!;
      const sourcePort = sourcePorts[r]!;
      const destinationPort = destinationPorts[r]!;
      const flags = protocol === TCP ? tcpFlags[r]! : 0;
      const contact = isContact(
        protocol,
        flags,
        sourcePort,
        destinationPort,
        icmpTypes[r]!,
        seen,
        packetsBack,
      );
      let mask = this.mask[i]!;
      sums[o + RATE] = rate;
      this.weight[i] = flows + (bytes + bytesBack) / 1024;
      let bucket = 0;
      while (bucket < sizeBounds.length && bytes > sizeBounds[bucket]!) bucket++;
      sums[o + SIZE_BUCKET] = bucket;

      sums[o] = 1;
      sums[o + FLOWS] = flows;
      sums[o + BYTES] = bytes;
      sums[o + PACKETS] = packets;
      sums[o + CONTACT_FLOWS] = contact ? flows : 0;
      if (contact) mask |= Mask.contact;

      const ends = sums[o + INTERNAL]!;
      const crosses = ends === 1 || ends === 2;
      if ((mask & Mask.placed) !== 0 || crosses) {
        mask |= Mask.placed;
        sums[o + BYTES_BEFORE] = Math.round(sums[o + BYTES_BEFORE]! * bytes);
        sums[o + OUTBOUND_BYTES] = ends === 1 ? bytes : ends === 2 ? bytesBack : 0;
        sums[o + INBOUND_BYTES] = ends === 2 ? bytes : ends === 1 ? bytesBack : 0;
      }
      if (packetsBack > 0 || bytesBack > 0) {
        mask |= Mask.back;
        sums[o + BYTES_BACK] = bytesBack;
        sums[o + PACKETS_BACK] = packetsBack;
        sums[o + ANSWERED_FLOWS] = packetsBack > 0 && packets > 0 ? flows : 0;
      }
      sums[o + AMPLIFIER] = 0;
      if (protocol === TCP) {
        const fragment = sourcePort === 0 && destinationPort === 0;
        const half = (flags & (SYN | ACK)) === SYN;
        const refused = (flags & (FIN | SYN | RST | PSH)) === RST;
        const back = packetsBack > 0 ? tcpFlagsBack[r]! : 0;
        const failed = half
          ? (back & (SYN | ACK)) !== (SYN | ACK)
          : (flags & SYN) !== 0 && (back & (RST | SYN)) === RST;
        if (half || (flags & RST) !== 0 || failed) {
          mask |= Mask.tcp;
          if (failed) mask |= Mask.failed;
          sums[o + SYN_FLOWS] = half ? flows : 0;
          sums[o + SYN_PACKETS] = half ? packets : 0;
          sums[o + RST_FLOWS] = (flags & RST) !== 0 ? flows : 0;
          sums[o + REFUSED_FLOWS] = refused ? flows : 0;
          sums[o + FAILED_FLOWS] = failed ? flows : 0;
        }
        if (contact && (ports[destinationPort]! & LOGIN) !== 0) {
          mask |= Mask.login;
          const short = bytes <= SHORT_LOGIN_BYTES * rate && sums[o + DURATION]! <= SHORT_LOGIN_MS;
          sums[o + LOGIN_FLOWS] = flows;
          sums[o + LOGIN_SHORT_FLOWS] = short ? flows : 0;
          sums[o + LOGIN_BYTES] = bytes + bytesBack;
        }
        if (fragment || offsets[r]! > 0) {
          mask |= Mask.protocol;
          this.zeroProtocols(o);
          sums[o + FRAGMENT_PACKETS] = packets;
        }
      } else {
        mask |= Mask.protocol;
        this.zeroProtocols(o);
        if (protocol === UDP) {
          sums[o + UDP_BYTES] = bytes;
          sums[o + UDP_PACKETS] = packets;
          if (sourcePort === 0 && destinationPort === 0) sums[o + FRAGMENT_PACKETS] = packets;
        } else if (protocol === 1 || protocol === 58) {
          sums[o + ICMP_BYTES] = bytes;
          sums[o + ICMP_PACKETS] = packets;
          if (icmpTypes[r] === (protocol === 1 ? 3 : 1)) sums[o + UNREACHABLE_FLOWS] = flows;
        } else {
          sums[o + OTHER_BYTES] = bytes;
          sums[o + OTHER_PACKETS] = packets;
        }
        if (offsets[r]! > 0) sums[o + FRAGMENT_PACKETS] = packets;
      }
      const amplifier = protocol === UDP ? ports[sourcePort]! & ~LOGIN : 0;
      const asks = destinationPort === DNS && (protocol === UDP || protocol === TCP);
      const answers = sourcePort === DNS && !asks && (protocol === UDP || protocol === TCP);
      if (amplifier !== 0 || asks || answers) {
        mask |= Mask.dns;
        const queries = protocol === UDP ? packets : flows;
        sums[o + DNS_QUERIES] = asks ? queries : 0;
        sums[o + DNS_QUERY_BYTES] = asks ? bytes : 0;
        sums[o + DNS_ANSWERS] = answers
          ? queries
          : !asks || packetsBack === 0
            ? 0
            : protocol === UDP
              ? packetsBack
              : flows;
        sums[o + DNS_ANSWER_BYTES] = answers ? bytes : asks ? bytesBack : 0;
        sums[o + AMPLIFIED_BYTES] = amplifier !== 0 ? bytes : 0;
        sums[o + AMPLIFIED_PACKETS] = amplifier !== 0 ? packets : 0;
        if (amplifier !== 0) sums[o + AMPLIFIER] = 1 << (amplifier - 1);
      }
      this.mask[i] = mask;
    }
  }

  /** What most exporters do not send: passed over where the batch has none of it. */
  private takeQuality(batch: FlowBatch, from: number, to: number): void {
    const columns = [
      at.tcp_rtt_us,
      at.retransmissions,
      at.retransmissions_out,
      at.dropped_packets,
      at.forwarding_status,
      at.verdict,
      at.firewall_event,
    ];
    if (!columns.some((c) => batch.has(c))) return;
    const rtt = this.column32(batch, at.tcp_rtt_us);
    const again = this.column32(batch, at.retransmissions);
    const againBack = this.column32(batch, at.retransmissions_out);
    const droppedPackets = this.column32(batch, at.dropped_packets);
    const status = this.column8(batch, at.forwarding_status);
    const verdict = this.column8(batch, at.verdict);
    const event = this.column8(batch, at.firewall_event);
    const { sums } = this;
    for (let r = from, i = 0; r < to; r++, i++) {
      const retransmitted = again[r]! + againBack[r]!;
      const lost = droppedPackets[2 * r]! + droppedPackets[2 * r + 1]! * HIGH_WORD;
      const dropped =
        status[r]! >>> 6 === 2 || verdict[r] === VERDICT_DROPPED || event[r] === FIREWALL_DENIED || lost > 0;
      if (rtt[r] === 0 && retransmitted === 0 && !dropped) continue;
      const o = i * WIDTH;
      const back = (this.mask[i]! & Mask.back) !== 0 ? sums[o + PACKETS_BACK]! : 0;
      const measured = rtt[r]! > 0 || retransmitted > 0;
      this.mask[i]! |= Mask.quality;
      sums[o + RTT_SUM_US] = rtt[r]!;
      sums[o + RTT_RECORDS] = rtt[r]! > 0 ? 1 : 0;
      sums[o + RETRANSMISSIONS] = Math.min(MOST, retransmitted * sums[o + RATE]!);
      sums[o + MEASURED_PACKETS] = measured ? sums[o + PACKETS]! + back : 0;
      sums[o + DROPPED_PACKETS] = Math.min(MOST, lost * sums[o + RATE]!);
      sums[o + DROPPED_FLOWS] = dropped ? sums[o + FLOWS]! : 0;
    }
  }

  private zeroProtocols(o: number): void {
    const { sums } = this;
    const end = o + FRAGMENT_PACKETS;
    for (let i = o + UDP_BYTES; i <= end; i++) sums[i] = 0;
  }
}

class ZeroColumns {
  readonly rows: number;
  readonly bytes: Uint8Array;
  readonly shorts: Uint16Array;
  readonly words: Uint32Array;

  constructor(rows: number) {
    this.rows = rows;
    this.bytes = new Uint8Array(rows);
    this.shorts = new Uint16Array(rows);
    this.words = new Uint32Array(4 * rows);
  }
}
