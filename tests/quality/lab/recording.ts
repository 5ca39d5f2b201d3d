/**
 * Datagrams as they came: `node recording.ts FOLDER port=name…` listens on loopback and writes one file for each port, until it is
 * told to end. A datagram in a file: milliseconds since 1970 (double), length (16 bits), its bytes.
 */
import { createSocket } from 'node:dgram';
import { createWriteStream, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Datagram {
  readonly receivedMs: number;
  readonly bytes: Uint8Array;
}

const HEAD = 10;

export function fileOfRecording(folder: string, name: string): string {
  return join(folder, `${name}.datagrams`);
}

/** In the order in which they came. What a killed recorder left half-written is passed over. */
export function* datagramsOf(file: string): Generator<Datagram> {
  const data = readFileSync(file);
  for (let at = 0; at + HEAD <= data.length;) {
    const length = data.readUInt16LE(at + 8);
    const end = at + HEAD + length;
    if (end > data.length) return;
    yield { receivedMs: data.readDoubleLE(at), bytes: data.subarray(at + HEAD, end) };
    at = end;
  }
}

function record(folder: string, ports: readonly string[]): void {
  const closers: (() => Promise<void>)[] = [];
  let listening = 0;
  for (const entry of ports) {
    const [port, name] = entry.split('=') as [string, string];
    const file = createWriteStream(fileOfRecording(folder, name));
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
    socket.on('message', (data) => {
      const head = Buffer.alloc(HEAD);
      head.writeDoubleLE(Date.now());
      head.writeUInt16LE(data.length, 8);
      file.write(head);
      file.write(data);
    });
    socket.bind(Number(port), '127.0.0.1', () => {
      if (++listening === ports.length) process.stdout.write('ready\n');
    });
    closers.push(
      () =>
        new Promise((resolve) => {
          socket.close();
          file.end(resolve);
        }),
    );
  }
  process.once(
    'SIGTERM',
    () => void Promise.all(closers.map((close) => close())).then(() => process.exit(0)),
  );
}

if (process.argv[1] === import.meta.filename) record(process.argv[2]!, process.argv.slice(3));
