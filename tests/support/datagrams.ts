import { type Socket, createSocket } from 'node:dgram';
import { type SimulationOptions, type Truth, startSimulation } from '../../collector/src/simulate/index.ts';
import { sleep, until } from './workspace.ts';

/** A datagram and who sent it. */
export interface Sent {
  readonly payload: Buffer;
  readonly address: string;
  readonly port: number;
}

/** A socket that keeps what comes, and hands it on where it is told to. */
export class Tap {
  readonly received: Sent[] = [];
  private readonly socket: Socket;
  private readonly sender = new Sender();
  private forwardTo: number | undefined;

  private latestMs = performance.now();

  private constructor(socket: Socket, as: string | undefined) {
    this.socket = socket;
    socket.on('message', (message, { address, port }) => {
      const sent = { payload: Buffer.from(message), address: as ?? address, port };
      this.latestMs = performance.now();
      this.received.push(sent);
      if (this.forwardTo !== undefined) void this.sender.send(this.forwardTo, sent);
    });
  }

  /** Opens one; datagrams also go on to `forwardTo`, a port of 127.0.0.1, from the address they came from or from `as`. */
  static async open(forwardTo?: number, as?: string): Promise<Tap> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const tap = new Tap(socket, as);
    tap.forwardTo = forwardTo;
    return tap;
  }

  get port(): number {
    return this.socket.address().port;
  }

  /** Waits until something has come, and then nothing for a while. */
  async quiet(ms = 250): Promise<void> {
    await until('datagrams at the tap', () =>
      this.received.length > 0 && performance.now() - this.latestMs > ms ? true : undefined,
    );
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.socket.close(() => resolve()));
    await this.sender.close();
  }
}

/** Sends datagrams from loopback addresses: one socket for each address and port that they first came from. */
export class Sender {
  private readonly sockets = new Map<string, Promise<Socket>>();

  async send(port: number, { payload, address, port: from }: Sent): Promise<void> {
    const key = `${address}:${from}`;
    let opening = this.sockets.get(key);
    if (opening === undefined) {
      opening = bound(address);
      this.sockets.set(key, opening);
    }
    const socket = await opening;
    await new Promise<void>((resolve, reject) =>
      socket.send(payload, port, '127.0.0.1', (error) => (error === null ? resolve() : reject(error))),
    );
  }

  /** All of them in order, with a short rest now and then so that the receiver's buffer holds them. */
  async sendAll(port: number, datagrams: readonly Sent[]): Promise<void> {
    for (const [i, datagram] of datagrams.entries()) {
      await this.send(port, datagram);
      if (i % 64 === 63) await sleep(2);
    }
  }

  async close(): Promise<void> {
    for (const opening of this.sockets.values()) {
      const socket = await opening;
      await new Promise<void>((resolve) => socket.close(() => resolve()));
    }
  }
}

async function bound(address: string): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, address, resolve));
  return socket;
}

/** What simulated exporters send, without a collector: to be sent on later, in part, in another order. */
export async function record(
  options: Partial<SimulationOptions>,
): Promise<{ truth: Truth; datagrams: readonly Sent[] }> {
  const tap = await Tap.open();
  try {
    const truth = await startSimulation({ target: { host: '127.0.0.1', port: tap.port }, ...options }).done;
    await until('all datagrams at the tap', () =>
      tap.received.length >= truth.sent.datagrams ? true : undefined,
    );
    return { truth, datagrams: tap.received };
  } finally {
    await tap.close();
  }
}

/** Of version 9 and IPFIX: whether it begins with templates or options, as the simulator sends them apart from flows. */
export function isAnnouncement({ payload }: Sent): boolean {
  const version = payload.readUInt16BE(0);
  if (version === 5) return false;
  const set = payload.readUInt16BE(version === 9 ? 20 : 16);
  return set < 256 || set >= 300;
}
