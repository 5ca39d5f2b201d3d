import { type Socket, createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { kernelDrops } from './kernel-drops.ts';

export interface ListenAddress {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

export interface ListenerState {
  readonly address: string;
  readonly port: number;
  readonly receiveBufferAsked: number;
  /** What the kernel gave, in bytes of its own accounting (Linux counts twice what was asked). */
  readonly receiveBufferGot: number;
  readonly datagrams: number;
  readonly bytes: number;
  /** Datagrams dropped by the kernel for want of room, null where the system does not tell. */
  readonly kernelDrops: number | null;
}

/** A datagram, the sender's address in text and its port. The bytes are the callee's to keep only until it returns. */
export type OnDatagram = (bytes: Uint8Array, address: string, port: number) => void;

/** One UDP socket. */
export class UdpListener {
  private readonly socket: Socket;
  private readonly wanted: ListenAddress;
  private readonly receiveBufferAsked: number;
  private receiveBufferGot = 0;
  private datagrams = 0;
  private bytes = 0;
  private dropsAtStart = 0;

  constructor(wanted: ListenAddress, receiveBuffer: number, onDatagram: OnDatagram) {
    this.wanted = wanted;
    this.receiveBufferAsked = receiveBuffer;
    const v6 = isIPv6(wanted.host);
    this.socket = createSocket({ type: v6 ? 'udp6' : 'udp4', ipv6Only: v6 && wanted.host !== '::' });
    this.socket.on('message', (message, sender) => {
      this.datagrams++;
      this.bytes += message.length;
      onDatagram(message, sender.address, sender.port);
    });
  }

  /** Binds, asks for the buffer. Rejects with what to change where the address is taken or forbidden. */
  async start(): Promise<void> {
    const { host, port } = this.wanted;
    await new Promise<void>((resolve, reject) => {
      this.socket.once('error', (error: NodeJS.ErrnoException) =>
        reject(new Error(explain(error, host, port), { cause: error })),
      );
      this.socket.bind(port, host, resolve);
    });
    this.socket.removeAllListeners('error');
    this.socket.on('error', () => undefined); // an ICMP answer to nobody must not end the process
    this.receiveBufferGot = askForBuffer(this.socket, this.receiveBufferAsked);
    this.dropsAtStart = kernelDrops(this.port) ?? 0;
  }

  get port(): number {
    return this.socket.address().port;
  }

  /** What to tell the administrator where the kernel gave less than was asked; undefined where all is well. */
  bufferWarning(): string | undefined {
    if (this.receiveBufferGot >= this.receiveBufferAsked) return undefined;
    return (
      `The kernel gives ${this.wanted.host}:${this.port} a receive buffer of ${this.receiveBufferGot} bytes instead of ` +
      `${this.receiveBufferAsked}: bursts will be dropped. Run: sysctl -w net.core.rmem_max=${this.receiveBufferAsked}`
    );
  }

  state(): ListenerState {
    const drops = kernelDrops(this.port);
    return {
      address: this.wanted.host,
      port: this.port,
      receiveBufferAsked: this.receiveBufferAsked,
      receiveBufferGot: this.receiveBufferGot,
      datagrams: this.datagrams,
      bytes: this.bytes,
      kernelDrops: drops === undefined ? null : Math.max(0, drops - this.dropsAtStart),
    };
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.socket.close(() => resolve()));
  }
}

/** Asks for the buffer, and for half of it and less where the kernel refuses; returns the bytes that it keeps for data. */
function askForBuffer(socket: Socket, bytes: number): number {
  try {
    socket.setRecvBufferSize(bytes);
  } catch {
    return socket.getRecvBufferSize();
  }
  const got = socket.getRecvBufferSize();
  return process.platform === 'linux' ? got / 2 : got;
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): string {
  const where = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return `cannot listen on ${where}: another program already does. Stop it, or set FLOW_COLLECTOR_BIND to another port.`;
    case 'EACCES':
      return `cannot listen on ${where}: ports below 1024 need privileges. Set FLOW_COLLECTOR_BIND to a port above 1023.`;
    case 'EADDRNOTAVAIL':
      return `cannot listen on ${where}: this machine has no such address. Set FLOW_COLLECTOR_BIND to one it has, or 0.0.0.0.`;
    default:
      return `cannot listen on ${where}: ${error.message}`;
  }
}
