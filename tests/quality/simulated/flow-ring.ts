import { FlowBatch, V4_MAPPED, at } from '../../../core/src/index.ts';
import type { Random } from '../../../collector/src/simulate/random.ts';

/** A router exports a flow that lasts after so long, and again. */
const ACTIVE_TIMEOUT_MS = 60_000;
const TICK_MS = 10_000;
/** Ticks ahead that a flow may end in: an active timeout and one more. */
const AHEAD = 8;
const ROWS = 65_536;

/** How the simulated exporters report. */
export interface Reporting {
  /** One packet in so many is seen. */
  readonly samplingRate: number;
  /** One record for both directions (RFC 5103), or one for each. */
  readonly biflow: boolean;
}

/** One conversation, or one direction where nothing comes back. Addresses are the last words of v4-mapped ones. */
export interface Conversation {
  startMs: number;
  durationMs: number;
  client: number;
  server: number;
  clientPort: number;
  serverPort: number;
  protocol: number;
  bytesUp: number;
  packetsUp: number;
  bytesDown: number;
  packetsDown: number;
  /** TCP control bits of each direction. */
  flagsUp: number;
  flagsDown: number;
  icmpType: number;
  /** SNMP indexes: from where the client's packets come in, and where they go out. */
  input: number;
  output: number;
}

/** One to be filled in again and again: none is made for each. */
export function emptyConversation(): Conversation {
  return {
    startMs: 0,
    durationMs: 0,
    client: 0,
    server: 0,
    clientPort: 0,
    serverPort: 0,
    protocol: 6,
    bytesUp: 0,
    packetsUp: 0,
    bytesDown: 0,
    packetsDown: 0,
    flagsUp: 0,
    flagsDown: 0,
    icmpType: 0,
    input: 0,
    output: 0,
  };
}

/**
 * What the exporter makes of conversations: records cut at the active timeout, by direction or both in one, sampled; in batches of
 * ten seconds, by when they end. Conversations come in any order, but not before the batch that is next.
 */
export class FlowRing {
  private readonly reporting: Reporting;
  private readonly random: Random;
  private readonly exporter: number;
  private readonly batches = Array.from({ length: AHEAD }, () => new FlowBatch(ROWS));
  private first: number;
  /** Records that found no room in their batch: the caller asked for more than a batch holds. */
  refused = 0;
  records = 0;

  constructor(reporting: Reporting, random: Random, exporter: string, startMs: number) {
    this.reporting = reporting;
    this.random = random;
    this.exporter = addressWord(exporter);
    this.first = Math.floor(startMs / TICK_MS);
  }

  /** Hands over the records that end before `endMs`, a multiple of ten seconds later than the last, and forgets them. */
  take(endMs: number, use: (batch: FlowBatch) => void): void {
    for (; this.first < Math.floor(endMs / TICK_MS); this.first++) {
      const batch = this.batches[this.first % AHEAD]!;
      if (batch.rows > 0) use(batch);
      batch.reset();
    }
  }

  add(c: Conversation): void {
    const parts = Math.max(1, Math.ceil(c.durationMs / ACTIVE_TIMEOUT_MS));
    if (parts > AHEAD - 1)
      throw new Error('a conversation of more than six minutes is to be given piece by piece');
    const length = c.durationMs / parts;
    for (let p = 0; p < parts; p++) {
      const share = (of: number): number => Math.round((of * (p + 1)) / parts) - Math.round((of * p) / parts);
      this.put(
        c,
        c.startMs + p * length,
        length,
        share(c.bytesUp),
        share(c.packetsUp),
        share(c.bytesDown),
        share(c.packetsDown),
      );
    }
  }

  private put(
    c: Conversation,
    startMs: number,
    durationMs: number,
    bytesUp: number,
    packetsUp: number,
    bytesDown: number,
    packetsDown: number,
  ): void {
    const { samplingRate, biflow } = this.reporting;
    let up = packetsUp;
    let down = packetsDown;
    if (samplingRate > 1) {
      up = this.sampled(packetsUp);
      down = this.sampled(packetsDown);
    }
    const upBytes = packetsUp === 0 ? 0 : Math.round((bytesUp / packetsUp) * up);
    const downBytes = packetsDown === 0 ? 0 : Math.round((bytesDown / packetsDown) * down);
    const endMs = startMs + durationMs;
    if (biflow && up > 0) this.record(c, false, endMs, durationMs, upBytes, up, downBytes, down);
    else {
      if (up > 0) this.record(c, false, endMs, durationMs, upBytes, up, 0, 0);
      if (down > 0) this.record(c, true, endMs, durationMs, downBytes, down, 0, 0);
    }
  }

  /** How many of so many packets are looked at: binomial, by its normal form where there are many. */
  private sampled(packets: number): number {
    if (packets === 0) return 0;
    const p = 1 / this.reporting.samplingRate;
    if (packets * p > 30)
      return Math.max(0, Math.round(packets * p + Math.sqrt(packets * p * (1 - p)) * this.random.normal()));
    let seen = 0;
    // Gaps between looked-at packets are geometric.
    for (let at = -1; ; seen++) {
      at += 1 + Math.floor(Math.log(1 - this.random.unit()) / Math.log(1 - p));
      if (at >= packets) return seen;
    }
  }

  private record(
    c: Conversation,
    reply: boolean,
    endMs: number,
    durationMs: number,
    bytes: number,
    packets: number,
    bytesBack: number,
    packetsBack: number,
  ): void {
    const tick = Math.floor(endMs / TICK_MS);
    const batch = this.batches[Math.max(tick, this.first) % AHEAD]!;
    if (batch.room === 0 || tick >= this.first + AHEAD) {
      this.refused++;
      return;
    }
    this.records++;
    const r = batch.rows++;
    const receivedMs = (Math.floor(endMs / 1000) + 1) * 1000;
    batch.u32(at.timestamp)[r] = receivedMs / 1000;
    batch.u32(at.end_lag_ms)[2 * r] = receivedMs - Math.floor(endMs);
    batch.u32(at.duration_ms)[r] = packets === 1 && packetsBack <= 1 ? Math.min(durationMs, 50) : durationMs;
    const source = batch.u32(at.source_ip);
    const destination = batch.u32(at.destination_ip);
    source[4 * r + 2] = destination[4 * r + 2] = V4_MAPPED;
    source[4 * r + 3] = reply ? c.server : c.client;
    destination[4 * r + 3] = reply ? c.client : c.server;
    const collector = batch.u32(at.collector_ip);
    collector[4 * r + 2] = V4_MAPPED;
    collector[4 * r + 3] = this.exporter;
    batch.u16(at.source_port)[r] = reply ? c.serverPort : c.clientPort;
    batch.u16(at.destination_port)[r] = reply ? c.clientPort : c.serverPort;
    batch.u8(at.protocol)[r] = c.protocol;
    batch.u16(at.tcp_flags)[r] = reply ? c.flagsDown : c.flagsUp;
    batch.u8(at.icmp_type)[r] = reply && c.icmpType === 8 ? 0 : c.icmpType;
    batch.u32(at.input_interface)[r] = reply ? c.output : c.input;
    batch.u32(at.output_interface)[r] = reply ? c.input : c.output;
    wide(batch.u32(at.bytes_in), r, bytes);
    wide(batch.u32(at.packets_in), r, packets);
    if (packetsBack > 0) {
      wide(batch.u32(at.bytes_out), r, bytesBack);
      wide(batch.u32(at.packets_out), r, packetsBack);
      batch.u16(at.tcp_flags_out)[r] = c.flagsDown;
    }
    if (this.reporting.samplingRate > 1) batch.u32(at.sampling_rate)[r] = this.reporting.samplingRate;
  }
}

function wide(words: Uint32Array, r: number, value: number): void {
  words[2 * r] = value;
  words[2 * r + 1] = value / 2 ** 32;
}

/** The last word of a v4-mapped address, in memory's byte order. */
export function addressWord(text: string): number {
  const [a, b, c, d] = text.split('.').map(Number);
  return (a! | (b! << 8) | (c! << 16) | (d! << 24)) >>> 0;
}

export function wordAddress(word: number): string {
  return [word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24].join('.');
}
