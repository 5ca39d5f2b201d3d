/**
 * `node services.ts servers|internet|ops|branch`: what answers in a segment of the lab. Real protocols where their content matters to
 * flows (HTTP, DNS, FTP, Telnet); elsewhere sizes and times are what a flow shows of them.
 */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Socket, createServer, connect } from 'node:net';
import {
  BACKUP,
  BRANCH_SERVER,
  CALL_SERVER,
  DATABASE,
  FILES,
  INTERNET_DNS,
  INTRANET,
  MAIL,
  NTP,
  RESOLVER,
  SYSLOG,
  TUNNEL_DOMAIN,
  TUNNEL_SERVER,
  WEB,
  internetNetworks,
  machines,
} from './office.ts';

const ANY = '0.0.0.0';
/** By chance, for tunnels compress. */
const chunk = randomBytes(65_536);

/** Sends so many bytes; at most so many a second where that is said. */
export function send(
  socket: NodeJS.WritableStream,
  bytes: number,
  done: () => void,
  bytesPerSecond = 0,
): void {
  let left = bytes;
  const step = (): void => {
    while (left > 0) {
      const size = Math.min(left, chunk.length);
      left -= size;
      const room = socket.write(chunk.subarray(0, size));
      if (bytesPerSecond > 0) return void setTimeout(step, (size / bytesPerSecond) * 1000);
      if (!room) return void socket.once('drain', step);
    }
    done();
  };
  step();
}

/** `/n` is answered with n bytes, what is posted is swallowed. */
function web(request: IncomingMessage, response: ServerResponse): void {
  const bytes = Math.min(2e9, Number(/\d+/.exec(request.url ?? '')?.[0] ?? 1_000));
  const realm = /private/.test(request.url ?? '');
  request.on('error', () => undefined).resume();
  response.on('error', () => undefined);
  request.on('end', () => {
    if (realm)
      response.writeHead(401, { 'www-authenticate': 'Basic realm="lab"', 'content-length': 0 }).end();
    else {
      response.writeHead(200, { 'content-length': bytes });
      send(response, bytes, () => response.end());
    }
  });
}

function http(address: string, ...ports: number[]): void {
  for (const port of ports) {
    const server = createHttpServer({ keepAliveTimeout: 8_000 }, web);
    server.on('error', fail(address, port)).listen(port, address, 4_096);
  }
}

/** A request in four bytes says how many bytes the answer has: file servers, databases, remote desktops. */
function tcp(address: string, ...ports: number[]): void {
  for (const port of ports)
    createServer((socket) => {
      quiet(socket);
      socket.on('data', (data) => {
        if (data.length >= 4) send(socket, Math.min(5e7, data.readUInt32BE(0)), () => undefined);
      });
    })
      .on('error', fail(address, port))
      .listen(port, address, 1_024);
}

/** Swallows all that comes: backups. */
function sink(address: string, port: number): void {
  createServer((socket) => quiet(socket).resume())
    .on('error', fail(address, port))
    .listen(port, address, 64);
}

/** Greets, asks for a name and a password, and never lets in. */
function login(address: string, port: number, kind: 'ftp' | 'telnet'): void {
  createServer((socket) => {
    quiet(socket);
    let asked = 0;
    socket.write(kind === 'ftp' ? '220 lab FTP\r\n' : '\r\nlogin: ');
    socket.on('data', (data) => {
      if (kind === 'ftp') {
        const word = data.toString().slice(0, 4).toUpperCase();
        if (word === 'USER') socket.write('331 password\r\n');
        else if (word === 'PASS') {
          // As servers do: the third wrong password is the connection's last.
          const last = ++asked >= 3;
          setTimeout(
            () => socket.writable && (last ? socket.end('421 no\r\n') : socket.write('530 no\r\n')),
            200,
          );
        } else if (word === 'QUIT') socket.end('221 bye\r\n');
        else socket.write('500 what\r\n');
        return;
      }
      if (!data.includes(13) && !data.includes(10)) return;
      asked++;
      if (asked % 2 === 1) socket.write('\r\nPassword: ');
      else setTimeout(() => socket.writable && socket.write('\r\nLogin incorrect\r\nlogin: '), 200);
      if (asked >= 6) socket.end();
    });
  })
    .on('error', fail(address, port))
    .listen(port, address, 256);
}

function quiet(socket: Socket): Socket {
  socket.on('error', () => undefined).setTimeout(600_000, () => socket.destroy());
  return socket;
}

const fail = (address: string, port: number) => (error: Error) => {
  process.stderr.write(`${address}:${port}: ${error.message}\n`);
  process.exit(1);
};

/** Answers each datagram with as much as it brought, where `answers` says so. */
function echo(address: string, port: number, answers: (from: string) => boolean = () => true): void {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
  socket.on('message', (data, from) => {
    if (answers(from.address)) socket.send(data, from.port, from.address, () => undefined);
  });
  socket.bind(port, address);
}

/** The question's name, type, and all up to the question's end. */
function question(message: Buffer): { name: string; type: number; end: number } | undefined {
  const labels: string[] = [];
  let at = 12;
  while (at < message.length && message[at]! > 0) {
    const length = message[at]!;
    if (length > 63 || at + 1 + length > message.length) return undefined;
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  if (at + 5 > message.length) return undefined;
  return { name: labels.join('.').toLowerCase(), type: message.readUInt16BE(at + 1), end: at + 5 };
}

/** The office's resolver: remembers answers for a minute, and asks the internet for what it does not know. */
function resolver(): void {
  const known = new Map<string, { answer: Buffer; until: number }>();
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
  socket.on('message', (message, from) => {
    const asked = question(message);
    if (asked === undefined) return;
    const key = `${asked.name} ${asked.type}`;
    const answer = (data: Buffer): void => {
      const copy = Buffer.from(data);
      message.copy(copy, 0, 0, 2);
      socket.send(copy, from.port, from.address, () => undefined);
    };
    const found = known.get(key);
    if (found !== undefined && found.until > Date.now()) return answer(found.answer);
    // From another port each time, as resolvers do against forged answers.
    const up = createSocket('udp4');
    const timer = setTimeout(() => up.close(), 4_000);
    up.bind(0, RESOLVER, () =>
      up.send(message, 53, asked.name.endsWith(TUNNEL_DOMAIN) ? TUNNEL_SERVER : INTERNET_DNS),
    );
    up.on('error', () => undefined);
    up.once('message', (data) => {
      clearTimeout(timer);
      up.close();
      if (!asked.name.endsWith(TUNNEL_DOMAIN)) known.set(key, { answer: data, until: Date.now() + 60_000 });
      if (known.size > 20_000) known.clear();
      answer(data);
    });
  });
  socket.bind(53, RESOLVER);
}

/** A name server that knows every name, by an address in the lab's internet. */
function internetDns(): void {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
  socket.on('message', (message, from) => {
    const asked = question(message);
    if (asked === undefined) return;
    const head = Buffer.from(message.subarray(0, asked.end));
    head.writeUInt16BE(0x8580, 2);
    head.writeUInt16BE(1, 6);
    head.fill(0, 8, 12);
    let hash = 7;
    for (const c of asked.name) hash = (hash * 31 + c.charCodeAt(0)) % 65_521;
    const [a, b, c] = internetNetworks[hash % internetNetworks.length]!.split('.').map(Number);
    const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, a!, b!, c!, 1 + (hash % 250)]);
    socket.send(Buffer.concat([head, record]), from.port, from.address, () => undefined);
  });
  socket.bind(53, INTERNET_DNS);
}

/** Customers of the office's own web server, and a mail server that delivers to it. */
function visitors(): void {
  const visit = (): void => {
    const network = internetNetworks[Math.floor(Math.random() * internetNetworks.length)]!;
    const localAddress = network.replace(/0\/24$/, String(1 + Math.floor(Math.random() * 250)));
    const bytes = Math.floor(Math.exp(9 + 1.5 * normal()));
    const socket = connect({ host: WEB, port: Math.random() < 0.9 ? 443 : 80, localAddress });
    quiet(socket).resume();
    socket.on('connect', () =>
      socket.write(`GET /${bytes} HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n`),
    );
    setTimeout(visit, -Math.log(1 - Math.random()) * 500);
  };
  visit();
  setInterval(() => {
    const socket = connect({ host: MAIL, port: 25, localAddress: '93.184.216.25' });
    quiet(socket).resume();
    socket.on('connect', () => send(socket, 20_000, () => socket.end()));
  }, 7_000);
}

export function normal(): number {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

const roles: Readonly<Record<string, () => void>> = {
  servers: () => {
    resolver();
    echo(NTP, 123);
    createSocket('udp4').bind(514, SYSLOG);
    http(INTRANET, 80, 443, 8080);
    http(WEB, 80, 443);
    tcp(MAIL, 25, 143, 993);
    tcp(FILES, 139, 445);
    tcp(DATABASE, 5432, 3306);
    for (const address of [WEB, MAIL, FILES, INTRANET, DATABASE, ...machines]) echo(address, 161);
    for (const address of machines) {
      http(address, 80);
      tcp(address, 135, 445, 3389, 5985);
    }
    login(machines[0]!, 21, 'ftp');
    login(machines[0]!, 23, 'telnet');
  },
  ops: () => {
    sink(BACKUP, 873);
  },
  branch: () => {
    http(BRANCH_SERVER, 80, 443);
  },
  internet: () => {
    internetDns();
    http(ANY, 80, 443);
    tcp(ANY, 6881);
    // Of those whom a peer asks, half are no longer there.
    echo(ANY, 6881, () => Math.random() < 0.5);
    echo(CALL_SERVER, 20_000);
    visitors();
  },
};

if (process.argv[1] === import.meta.filename) {
  const role = roles[process.argv[2] ?? ''];
  if (role === undefined) throw new Error(`services.ts takes one of ${Object.keys(roles).join(', ')}`);
  role();
  process.stdout.write('ready\n');
}
