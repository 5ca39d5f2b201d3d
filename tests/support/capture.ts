import { writeFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { parseAddress } from '../../collector/src/simulate/addresses.ts';

/** What a capture holds of one direction of one conversation. */
export interface Traffic {
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly protocol: number;
  /** 802.1Q, 0 for untagged. */
  readonly vlan: number;
  readonly tos: number;
  packets: number;
  /** IP octets, header included. */
  bytes: number;
  /** All TCP flags, ORed. */
  flags: number;
  firstMs: number;
  lastMs: number;
  icmpType: number;
  icmpCode: number;
}

export const TCP = 6;
export const UDP = 17;
export const ICMP = 1;
export const ICMPV6 = 58;
const FIN = 1;
const SYN = 2;
const PSH = 8;
const ACK = 16;

interface Packet {
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly flags?: number;
  readonly sequence?: number;
  readonly acknowledged?: number;
  readonly icmp?: readonly [type: number, code: number];
  readonly payload: number;
  readonly vlan?: number | undefined;
  readonly tos?: number | undefined;
}

interface Ends {
  readonly client: string;
  readonly server: string;
  readonly clientPort: number;
  readonly serverPort: number;
  readonly vlan?: number;
  readonly tos?: number;
}

/** Writes a capture (pcap, Ethernet) packet by packet, and keeps the account of what is in it. */
export class Capture {
  readonly traffic = new Map<string, Traffic>();
  private readonly frames: { ms: number; frame: Buffer }[] = [];
  private ms: number;

  constructor(startMs: number) {
    this.ms = startMs;
  }

  /** Lets time pass. */
  wait(ms: number): this {
    this.ms += ms;
    return this;
  }

  /** A whole TCP connection: handshake, `turns` requests and answers, FIN from both ends. */
  tcp(
    { client, server, clientPort, serverPort, vlan, tos }: Ends,
    turns: number,
    request: number,
    answer: number,
  ): this {
    let up = 1000;
    let down = 9000;
    const send = (fromClient: boolean, flags: number, payload: number, pause: number): void => {
      this.packet({
        source: fromClient ? client : server,
        destination: fromClient ? server : client,
        sourcePort: fromClient ? clientPort : serverPort,
        destinationPort: fromClient ? serverPort : clientPort,
        protocol: TCP,
        flags,
        sequence: fromClient ? up : down,
        acknowledged: fromClient ? down : up,
        payload,
        vlan,
        tos,
      });
      const advance = payload + ((flags & (SYN | FIN)) !== 0 ? 1 : 0);
      if (fromClient) up += advance;
      else down += advance;
      this.wait(pause);
    };
    send(true, SYN, 0, 12);
    send(false, SYN | ACK, 0, 11);
    send(true, ACK, 0, 1);
    for (let turn = 0; turn < turns; turn++) {
      send(true, PSH | ACK, request, 15);
      for (let left = answer; left > 0; left -= 1400)
        send(false, left > 1400 ? ACK : PSH | ACK, Math.min(1400, left), 2);
      send(true, ACK, 0, 20);
    }
    send(true, FIN | ACK, 0, 10);
    send(false, FIN | ACK, 0, 10);
    send(true, ACK, 0, 5);
    return this;
  }

  /** UDP datagrams there and back. */
  udp(
    { client, server, clientPort, serverPort, vlan, tos }: Ends,
    turns: number,
    request: number,
    answer: number,
  ): this {
    const common = { protocol: UDP, vlan, tos };
    for (let turn = 0; turn < turns; turn++) {
      this.packet({
        ...common,
        source: client,
        destination: server,
        sourcePort: clientPort,
        destinationPort: serverPort,
        payload: request,
      });
      this.wait(7);
      if (answer === 0) continue;
      this.packet({
        ...common,
        source: server,
        destination: client,
        sourcePort: serverPort,
        destinationPort: clientPort,
        payload: answer,
      });
      this.wait(9);
    }
    return this;
  }

  /** Echo requests and their answers. */
  ping(client: string, server: string, turns: number, payload: number): this {
    const v6 = isIPv6(client);
    const protocol = v6 ? ICMPV6 : ICMP;
    for (let turn = 0; turn < turns; turn++) {
      this.packet({ source: client, destination: server, protocol, icmp: [v6 ? 128 : 8, 0], payload });
      this.wait(30);
      this.packet({ source: server, destination: client, protocol, icmp: [v6 ? 129 : 0, 0], payload });
      this.wait(70);
    }
    return this;
  }

  /** One packet. */
  packet(packet: Packet): void {
    const { frame, ipLength } = encode(packet);
    this.frames.push({ ms: this.ms, frame });
    const { source, destination, protocol, vlan = 0, tos = 0 } = packet;
    const { sourcePort = 0, destinationPort = 0, icmp = [0, 0] } = packet;
    const key = keyOf(source, sourcePort, destination, destinationPort, protocol);
    const known = this.traffic.get(key) ?? {
      source,
      destination,
      sourcePort,
      destinationPort,
      protocol,
      vlan,
      tos,
      packets: 0,
      bytes: 0,
      flags: 0,
      firstMs: this.ms,
      lastMs: this.ms,
      icmpType: icmp[0],
      icmpCode: icmp[1],
    };
    known.packets++;
    known.bytes += ipLength;
    known.flags |= packet.flags ?? 0;
    known.lastMs = this.ms;
    this.traffic.set(key, known);
  }

  /** The frames as they are on the wire, in their order. */
  get wire(): readonly Buffer[] {
    return this.frames.map(({ frame }) => frame);
  }

  /** Writes the file. */
  write(path: string): void {
    const head = Buffer.alloc(24);
    head.writeUInt32LE(0xa1b2c3d4, 0);
    head.writeUInt16LE(2, 4);
    head.writeUInt16LE(4, 6);
    head.writeUInt32LE(65_535, 16);
    head.writeUInt32LE(1, 20); // Ethernet
    const parts: Buffer[] = [head];
    for (const { ms, frame } of this.frames) {
      const record = Buffer.alloc(16);
      record.writeUInt32LE(Math.floor(ms / 1000), 0);
      record.writeUInt32LE((ms % 1000) * 1000, 4);
      record.writeUInt32LE(frame.length, 8);
      record.writeUInt32LE(frame.length, 12);
      parts.push(record, frame);
    }
    writeFileSync(path, Buffer.concat(parts));
  }
}

export function keyOf(
  source: string,
  sourcePort: number,
  destination: string,
  destinationPort: number,
  protocol: number,
): string {
  return `${source} ${sourcePort} > ${destination} ${destinationPort} ${protocol}`;
}

function encode(packet: Packet): { frame: Buffer; ipLength: number } {
  const v6 = isIPv6(packet.source);
  const { protocol, payload, vlan = 0 } = packet;
  const transport = Buffer.alloc((protocol === TCP ? 20 : 8) + payload, 0x55);
  transport.fill(0, 0, protocol === TCP ? 20 : 8);
  if (protocol === TCP || protocol === UDP) {
    transport.writeUInt16BE(packet.sourcePort ?? 0, 0);
    transport.writeUInt16BE(packet.destinationPort ?? 0, 2);
  }
  if (protocol === TCP) {
    transport.writeUInt32BE(packet.sequence ?? 0, 4);
    transport.writeUInt32BE(((packet.flags ?? 0) & ACK) !== 0 ? (packet.acknowledged ?? 0) : 0, 8);
    transport[12] = 0x50;
    transport[13] = packet.flags ?? 0;
    transport.writeUInt16BE(65_535, 14);
  } else if (protocol === UDP) transport.writeUInt16BE(transport.length, 4);
  else {
    transport[0] = packet.icmp?.[0] ?? 0;
    transport[1] = packet.icmp?.[1] ?? 0;
    transport.writeUInt16BE(77, 4);
  }
  const ip = v6 ? ipv6Header(packet, transport.length) : ipv4Header(packet, transport.length);
  const ethernet = Buffer.alloc(vlan === 0 ? 14 : 18);
  ethernet.set([0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1]);
  if (vlan !== 0) {
    ethernet.writeUInt16BE(0x8100, 12);
    ethernet.writeUInt16BE(vlan, 14);
  }
  ethernet.writeUInt16BE(v6 ? 0x86dd : 0x0800, ethernet.length - 2);
  const checksumAt = protocol === TCP ? 16 : protocol === UDP ? 6 : 2;
  const pseudo = protocol === ICMP ? Buffer.alloc(0) : pseudoHeader(packet, transport.length, v6);
  transport.writeUInt16BE(checksum(Buffer.concat([pseudo, transport])), checksumAt);
  return { frame: Buffer.concat([ethernet, ip, transport]), ipLength: ip.length + transport.length };
}

function ipv4Header({ source, destination, protocol, tos = 0 }: Packet, length: number): Buffer {
  const ip = Buffer.alloc(20);
  ip[0] = 0x45;
  ip[1] = tos;
  ip.writeUInt16BE(20 + length, 2);
  ip.writeUInt16BE(0x4000, 6); // may not be fragmented
  ip[8] = 61;
  ip[9] = protocol;
  ip.set(parseAddress(source).subarray(12), 12);
  ip.set(parseAddress(destination).subarray(12), 16);
  ip.writeUInt16BE(checksum(ip), 10);
  return ip;
}

function ipv6Header({ source, destination, protocol, tos = 0 }: Packet, length: number): Buffer {
  const ip = Buffer.alloc(40);
  ip.writeUInt32BE(((6 << 28) | (tos << 20)) >>> 0, 0);
  ip.writeUInt16BE(length, 4);
  ip[6] = protocol;
  ip[7] = 61;
  ip.set(parseAddress(source), 8);
  ip.set(parseAddress(destination), 24);
  return ip;
}

function pseudoHeader({ source, destination, protocol }: Packet, length: number, v6: boolean): Buffer {
  const addresses = [source, destination].map((one) => parseAddress(one).subarray(v6 ? 0 : 12));
  const rest = Buffer.alloc(v6 ? 8 : 4);
  if (v6) {
    rest.writeUInt32BE(length, 0);
    rest[7] = protocol;
  } else {
    rest[1] = protocol;
    rest.writeUInt16BE(length, 2);
  }
  return Buffer.concat([...addresses, rest]);
}

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** A morning in an office, small enough to count: web, DNS, mail, ping, IPv4 and IPv6, tagged and not. */
export function officeCapture(startMs: number): Capture {
  const capture = new Capture(startMs);
  for (let n = 0; n < 40; n++) {
    capture.tcp(
      {
        client: `10.1.0.${10 + n}`,
        server: '198.51.100.80',
        clientPort: 40_000 + n,
        serverPort: 443,
        tos: 0x48,
      },
      1 + (n % 4),
      300 + n,
      2000 + 700 * n,
    );
    capture.udp(
      { client: `10.1.0.${10 + n}`, server: '10.1.255.53', clientPort: 50_000 + n, serverPort: 53 },
      1,
      40 + n,
      120 + n,
    );
    capture.wait(25);
  }
  for (let n = 0; n < 15; n++) {
    capture.tcp(
      {
        client: `2001:db8:1::${(16 + n).toString(16)}`,
        server: '2001:db8:ffff::80',
        clientPort: 41_000 + n,
        serverPort: 80,
      },
      2,
      250,
      5000 + n,
    );
    capture.udp(
      {
        client: `2001:db8:1::${(16 + n).toString(16)}`,
        server: '2001:db8:ffff::53',
        clientPort: 51_000 + n,
        serverPort: 53,
      },
      1 + (n % 2),
      60,
      200,
    );
  }
  for (let n = 0; n < 5; n++) {
    capture.ping(`10.1.0.${10 + n}`, '203.0.113.9', 2 + n, 56);
    capture.ping(`2001:db8:1::${(16 + n).toString(16)}`, '2001:db8:ffff::9', 1 + n, 64);
    capture.tcp(
      {
        client: `10.20.0.${n + 1}`,
        server: '198.51.100.25',
        clientPort: 42_000 + n,
        serverPort: 25,
        vlan: 20,
      },
      1,
      900,
      80,
    );
    // Nobody answers.
    capture.udp(
      {
        client: `10.20.0.${n + 1}`,
        server: '192.0.2.77',
        clientPort: 5060,
        serverPort: 5060,
        vlan: 20,
        tos: 0xb8,
      },
      3,
      180,
      0,
    );
  }
  return capture;
}
