import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/*
 * Exporters that measure TCP are sold with routers or dear; what they would say is measured here by tshark's analysis of the lab's
 * packets: round-trip times and retransmissions, in IPFIX biflows, by Flowmon's and ntop's elements. The traffic is real and so are the
 * measures; the exporter is the lab's own.
 */

/** A connection, and what of it has not been reported. */
interface Connection {
  readonly key: string;
  /** Who began, and who was asked: address and port. */
  readonly ends: readonly [End, End];
  firstMs: number;
  lastMs: number;
  readonly bytes: [number, number];
  readonly packets: [number, number];
  readonly flags: [number, number];
  readonly again: [number, number];
  rttSum: number;
  rtts: number;
  over: boolean;
}

interface End {
  readonly address: string;
  readonly port: number;
}

const FIELDS = [
  'frame.time_epoch',
  'ip.src',
  'ip.dst',
  'tcp.srcport',
  'tcp.dstport',
  'ip.len',
  'tcp.flags',
  'tcp.stream',
  'tcp.analysis.ack_rtt',
  'tcp.analysis.retransmission',
] as const;

const IDLE_MS = 15_000;
const ACTIVE_MS = 60_000;
const SYN = 0x02;
const ENDS = 0x05;
const TEMPLATE = 256;
const NTOP = 35_632;
const FLOWMON = 39_499;
const REVERSE = 29_305;
const TEMPLATE_FIELDS: readonly (readonly [element: number, length: number, enterprise?: number])[] = [
  [8, 4], // sourceIPv4Address
  [12, 4], // destinationIPv4Address
  [7, 2], // sourceTransportPort
  [11, 2], // destinationTransportPort
  [4, 1], // protocolIdentifier
  [10, 4], // ingressInterface
  [6, 2], // tcpControlBits
  [6, 2, REVERSE],
  [1, 8], // octetDeltaCount
  [1, 8, REVERSE],
  [2, 8], // packetDeltaCount
  [2, 8, REVERSE],
  [152, 8], // flowStartMilliseconds
  [153, 8], // flowEndMilliseconds
  [69, 4, FLOWMON], // round-trip time, us
  [71, 4, FLOWMON], // retransmitted packets
  [110, 4, NTOP], // the same of the reverse direction
];
const RECORD = TEMPLATE_FIELDS.reduce((sum, [, length]) => sum + length, 0);
const RECORDS = 14;

/** Measures the TCP connections of a capture into a recording of IPFIX; resolves with the number of records. */
export async function meterTcp(pcap: string, recording: string): Promise<number> {
  const tshark = spawn(
    'tshark',
    ['-r', pcap, '-Y', 'tcp', '-T', 'fields', ...FIELDS.flatMap((field) => ['-e', field])],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const open = new Map<string, Connection>();
  const out = new IpfixRecording();
  let sweptMs = 0;
  for await (const line of createInterface({ input: tshark.stdout })) {
    const [time, source, destination, sourcePort, destinationPort, length, flagsText, stream, rtt, again] =
      line.split('\t') as [string, ...string[]];
    const ms = Number(time) * 1000;
    if (ms - sweptMs >= 1000) {
      sweptMs = ms;
      for (const [key, c] of open) if (due(c, ms)) report(open, out, key, ms);
    }
    const from: End = { address: source!, port: Number(sourcePort) };
    const to: End = { address: destination!, port: Number(destinationPort) };
    const flags = Number(flagsText);
    let c = open.get(stream!);
    if (c === undefined) {
      // What is not seen to begin is taken to be asked for at the lower port.
      const forward = (flags & SYN) !== 0 ? (flags & 0x10) === 0 : to.port <= from.port;
      open.set(stream!, (c = started(stream!, forward ? [from, to] : [to, from], ms)));
    }
    const side = c.ends[0].address === from.address && c.ends[0].port === from.port ? 0 : 1;
    c.firstMs = Math.min(c.firstMs, ms);
    c.lastMs = ms;
    c.bytes[side] += Number(length);
    c.packets[side]++;
    c.flags[side] |= flags;
    if (again !== undefined && again !== '') c.again[side]++;
    // From the request's segment to its acknowledgement: the way to the server and back.
    if (side === 1 && rtt !== undefined && rtt !== '') {
      c.rttSum += Number(rtt) * 1e6;
      c.rtts++;
    }
    if ((flags & ENDS) !== 0) c.over = true;
  }
  for (const key of [...open.keys()]) report(open, out, key, open.get(key)!.lastMs + IDLE_MS);
  writeFileSync(recording, out.data());
  return out.records;
}

function started(key: string, ends: Connection['ends'], ms: number): Connection {
  return {
    ...{ key, ends, firstMs: ms, lastMs: ms, bytes: [0, 0], packets: [0, 0], flags: [0, 0], again: [0, 0] },
    ...{ rttSum: 0, rtts: 0, over: false },
  };
}

function due(c: Connection, ms: number): boolean {
  return ms - c.lastMs >= (c.over ? 3_000 : IDLE_MS) || ms - c.firstMs >= ACTIVE_MS;
}

/** Writes what there is of a connection; one that goes on begins anew. */
function report(open: Map<string, Connection>, out: IpfixRecording, key: string, ms: number): void {
  const c = open.get(key)!;
  open.delete(key);
  out.add(c, ms);
  if (ms - c.lastMs < IDLE_MS && !c.over) open.set(key, { ...started(key, c.ends, ms) });
}

class IpfixRecording {
  records = 0;
  private readonly parts: Buffer[] = [];
  private waiting: Buffer[] = [];
  private second = 0;
  private atMs = 0;

  add(c: Connection, ms: number): void {
    if (c.packets[0] + c.packets[1] === 0) return;
    if (this.waiting.length >= RECORDS || Math.floor(ms / 1000) !== this.second) this.flush();
    this.second = Math.floor(ms / 1000);
    this.atMs = ms;
    this.waiting.push(record(c));
    this.records++;
  }

  data(): Buffer {
    this.flush();
    return Buffer.concat(this.parts);
  }

  private flush(): void {
    if (this.waiting.length === 0) return;
    const sets = [templateSet(), dataSet(this.waiting)];
    const header = Buffer.alloc(16);
    header.writeUInt16BE(10, 0);
    header.writeUInt16BE(16 + sets[0]!.length + sets[1]!.length, 2);
    header.writeUInt32BE(Math.floor(this.atMs / 1000), 4);
    header.writeUInt32BE(this.records - this.waiting.length, 8);
    const head = Buffer.alloc(10);
    head.writeDoubleLE(this.atMs);
    head.writeUInt16LE(header.readUInt16BE(2), 8);
    this.parts.push(head, header, ...sets);
    this.waiting = [];
  }
}

function templateSet(): Buffer {
  const words = TEMPLATE_FIELDS.flatMap(([element, length, enterprise]) =>
    enterprise === undefined
      ? [element, length]
      : [element | 0x8000, length, enterprise >>> 16, enterprise & 0xffff],
  );
  const all = [2, 8 + 2 * words.length, TEMPLATE, TEMPLATE_FIELDS.length, ...words];
  const set = Buffer.alloc(2 * all.length);
  all.forEach((word, i) => set.writeUInt16BE(word, 2 * i));
  return set;
}

function dataSet(records: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(TEMPLATE, 0);
  head.writeUInt16BE(4 + RECORD * records.length, 2);
  return Buffer.concat([head, ...records]);
}

function record(c: Connection): Buffer {
  const r = Buffer.alloc(RECORD);
  let at = 0;
  const put = (value: number, length: 1 | 2 | 4 | 8): void => {
    if (length === 8) r.writeBigUInt64BE(BigInt(Math.round(value)), at);
    else r.writeUIntBE(Math.round(value), at, length);
    at += length;
  };
  const [from, to] = c.ends;
  for (const { address } of [from, to]) for (const byte of address.split('.')) put(Number(byte), 1);
  put(from.port, 2);
  put(to.port, 2);
  put(6, 1);
  put(1, 4);
  put(c.flags[0] & 0xff, 2);
  put(c.flags[1] & 0xff, 2);
  put(c.bytes[0], 8);
  put(c.bytes[1], 8);
  put(c.packets[0], 8);
  put(c.packets[1], 8);
  put(c.firstMs, 8);
  put(c.lastMs, 8);
  put(c.rtts === 0 ? 0 : Math.min(2 ** 32 - 1, c.rttSum / c.rtts), 4);
  put(c.again[0], 4);
  put(c.again[1], 4);
  return r;
}
