import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether tshark is there to read our datagrams with other eyes. */
export const hasTshark = spawnSync('tshark', ['--version']).status === 0;

/** A field as tshark decodes it: its text, and the bytes that it took for it. */
export interface TsharkField {
  readonly name: string;
  readonly show: string;
  readonly label: string;
  readonly hex: string;
}

/** What tshark finds in one datagram. */
export interface TsharkDatagram {
  readonly header: readonly TsharkField[];
  /** data records, options among them */
  readonly records: readonly (readonly TsharkField[])[];
}

const COLLECTOR_PORT = 2055;

/** The datagrams as a capture file: Ethernet, IPv4 and UDP headers around each. */
function pcap(payloads: readonly Uint8Array[]): Buffer {
  const file = Buffer.alloc(24);
  file.writeUInt32LE(0xa1b2c3d4, 0);
  file.writeUInt16LE(2, 4);
  file.writeUInt16LE(4, 6);
  file.writeUInt32LE(65_535, 16);
  file.writeUInt32LE(1, 20); // Ethernet
  const parts: Uint8Array[] = [file];
  for (const payload of payloads) {
    const head = Buffer.alloc(16 + 14 + 20 + 8);
    const length = 42 + payload.length;
    head.writeUInt32LE(length, 8);
    head.writeUInt32LE(length, 12);
    head.writeUInt16BE(0x0800, 28);
    head[30] = 0x45;
    head.writeUInt16BE(28 + payload.length, 32);
    head[38] = 64;
    head[39] = 17;
    head.set([127, 0, 0, 2], 42);
    head.set([127, 0, 0, 1], 46);
    head.writeUInt16BE(40_000, 50);
    head.writeUInt16BE(COLLECTOR_PORT, 52);
    head.writeUInt16BE(8 + payload.length, 54);
    parts.push(head, payload);
  }
  return Buffer.concat(parts);
}

/** Has tshark decode NetFlow datagrams. Throws where it finds anything malformed. */
export function dissect(payloads: readonly Uint8Array[]): TsharkDatagram[] {
  const folder = mkdtempSync(join(tmpdir(), 'weir-simulate-'));
  try {
    const path = join(folder, 'datagrams.pcap');
    writeFileSync(path, pcap(payloads));
    const pdml = execFileSync(
      'tshark',
      ['-r', path, '-d', `udp.port==${COLLECTOR_PORT},cflow`, '-T', 'pdml'],
      {
        encoding: 'utf8',
        maxBuffer: 1 << 28,
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    if (/malformed/i.test(pdml)) throw new Error('tshark calls a datagram malformed');
    if (/no template/i.test(pdml)) throw new Error('tshark misses a template');
    return pdml.split('<packet>').slice(1).map(readPacket);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Reads the lines of PDML: one field a line, records as unnamed fields whose text is `Flow n` or `pdu n/m`. */
function readPacket(packet: string): TsharkDatagram {
  const header: TsharkField[] = [];
  const records: TsharkField[][] = [];
  let record: TsharkField[] | null = null;
  for (const line of packet.slice(packet.indexOf('<proto name="cflow"')).split('\n')) {
    const attribute = (name: string): string => new RegExp(` ${name}="([^"]*)"`).exec(line)?.[1] ?? '';
    const name = attribute('name');
    const show = attribute('show');
    if (name === '' && /^(Flow \d+|pdu \d+\/\d+)$/.test(show)) {
      record = [];
      records.push(record);
    } else if (name === '' && /^FlowSet /.test(show)) record = null;
    else if (name.startsWith('cflow.')) {
      (record ?? header).push({ name, show, label: attribute('showname'), hex: attribute('value') });
    }
  }
  return { header, records };
}
