/**
 * `node background.ts clients|ops`: what the office does all day, benign, much of it looking like something else: people, a NAT
 * gateway, a crawler, a peer-to-peer program, calls, file servers, monitoring, backups, speed tests, updates.
 *
 * Learns nothing from the outside and tells nothing; ends when it is killed. `SIGUSR1`: all clients fetch an update.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { Agent, get } from 'node:http';
import { type Socket, connect } from 'node:net';
import { normal, send } from './services.ts';
import {
  ADMIN,
  BACKUP,
  BRANCH_SERVER,
  CALL_SERVER,
  CRAWLER,
  DATABASE,
  DEVELOPER,
  FILES,
  INTRANET,
  MAIL,
  MONITORING,
  NAT,
  NTP,
  PEER_TO_PEER,
  PHONES,
  RESOLVER,
  SPEED_TESTER,
  SPEED_TEST_SERVER,
  SYSLOG,
  UPDATE_SERVER,
  clientAddresses,
  internetNetworks,
  machines,
} from './office.ts';

const exponential = (mean: number): number => -mean * Math.log(1 - Math.random());
const pause = (seconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, seconds * 1000));
const pick = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)]!;
const anyInternet = (): string =>
  pick(internetNetworks).replace(/0\/24$/, String(1 + Math.floor(Math.random() * 250)));

/** Some names are asked for by all, most by few. */
const siteName = (): string => `www.site${Math.floor(600 * Math.random() ** 3)}.example`;

async function resolved(from: string, name: string): Promise<string | undefined> {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  resolver.setServers([RESOLVER]);
  resolver.setLocalAddress(from);
  return (await resolver.resolve4(name).catch(() => []))[0];
}

/** Fetches so many bytes; resolves when they are there or will not come. */
function fetched(from: string, host: string, bytes: number, agent: Agent, port = 80): Promise<void> {
  return new Promise((resolve) => {
    const request = get(
      { host, port, path: `/${bytes}`, localAddress: from, agent, timeout: 20_000 },
      (answer) => {
        answer.on('error', resolve).on('end', resolve).on('close', resolve).resume();
      },
    );
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve());
  });
}

/** Looks at a page: its names, its parts from some servers, some of them large. */
async function page(from: string): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 4, timeout: 5_000 });
  const site = siteName();
  const hosts = [
    site,
    ...Array.from(
      { length: Math.floor(4 * Math.random()) },
      () => `cdn${Math.floor(12 * Math.random() ** 2)}.example`,
    ),
  ];
  await Promise.all(
    hosts.map(async (name) => {
      const address = await resolved(from, name);
      if (address === undefined) return;
      const parts = 1 + Math.floor(exponential(3));
      for (let p = 0; p < parts; p++)
        await fetched(
          from,
          address,
          Math.min(2e7, Math.floor(Math.exp(9.2 + 1.6 * normal()))),
          agent,
          Math.random() < 0.85 ? 443 : 80,
        );
    }),
  );
  agent.destroy();
}

/** Asks a server for so many bytes over a connection that stays; undefined when there is none. */
function connection(from: string, host: string, port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, localAddress: from });
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
    socket.on('error', () => undefined).resume();
    setTimeout(() => resolve(undefined), 5_000);
  });
}

function ask(socket: Socket, bytes: number): void {
  const request = Buffer.alloc(120);
  request.writeUInt32BE(bytes);
  socket.write(request);
}

function datagram(from: string, to: string, port: number, bytes: number): void {
  const socket = createSocket('udp4');
  socket.on('error', () => undefined);
  socket.bind(0, from, () => socket.send(Buffer.alloc(bytes), port, to, () => undefined));
  setTimeout(() => socket.close(), 2_000);
}

/** Someone at a desk: reads pages, keeps mail and files open. */
async function person(from: string): Promise<never> {
  await pause(exponential(10));
  void (async () => {
    for (;;) {
      const files = await connection(from, FILES, 445);
      for (let i = 0; i < 20 && files !== undefined; i++) {
        ask(files, Math.floor(Math.exp(8 + 2 * normal())));
        await pause(exponential(8));
      }
      files?.end();
      await pause(exponential(60));
    }
  })();
  void (async () => {
    for (;;) {
      const mail = await connection(from, MAIL, 993);
      if (mail !== undefined) ask(mail, 2_000);
      await pause(2);
      mail?.end();
      // Not to the second: programs wait after they have done what they do.
      await pause(50 + 20 * Math.random());
    }
  })();
  setInterval(() => datagram(from, NTP, 123, 48), 64_000);
  setInterval(() => datagram(from, SYSLOG, 514, 200), 15_000 + 10_000 * Math.random());
  for (;;) {
    await page(from);
    if (Math.random() < 0.3) await fetched(from, INTRANET, 30_000, new Agent(), 443);
    if (Math.random() < 0.05) await fetched(from, BRANCH_SERVER, 50_000, new Agent());
    await pause(exponential(12));
  }
}

/** A crawler: ten pages a second from as many servers, some of which are gone. */
async function crawler(): Promise<never> {
  const agent = new Agent({ keepAlive: false });
  for (;;) {
    const gone = Math.random() < 0.03;
    void (async () => {
      if (Math.random() < 0.5) await resolved(CRAWLER, `www.site${Math.floor(600 * Math.random())}.example`);
      await fetched(CRAWLER, gone ? `10.255.0.2` : anyInternet(), 15_000, agent, gone ? 8_081 : 443);
    })();
    await pause(exponential(0.1));
  }
}

/** Asks many for parts, of whom half do not answer, and loads from some. */
async function peerToPeer(): Promise<never> {
  const socket = createSocket('udp4');
  socket.bind(6_881, PEER_TO_PEER).on('error', () => undefined);
  for (;;) {
    socket.send(Buffer.alloc(100), 6_881, anyInternet(), () => undefined);
    if (Math.random() < 0.15)
      void (async () => {
        const peer = await connection(PEER_TO_PEER, anyInternet(), Math.random() < 0.6 ? 6_881 : 6_882);
        if (peer === undefined) return;
        ask(peer, 400_000);
        await pause(exponential(5));
        peer.end();
      })();
    await pause(exponential(0.4));
  }
}

/** Fifty packets a second, both ways, for minutes, then a rest. */
async function call(from: string): Promise<never> {
  for (;;) {
    const socket = createSocket('udp4');
    socket.on('error', () => undefined).bind(0, from);
    const timer = setInterval(() => socket.send(Buffer.alloc(172), 20_000, CALL_SERVER, () => undefined), 20);
    await pause(60 + exponential(120));
    clearInterval(timer);
    socket.close();
    await pause(exponential(60));
  }
}

/** Loads as fast as it goes for eight seconds, every few minutes. */
async function speedTester(): Promise<never> {
  for (;;) {
    await pause(100 + exponential(60));
    await ended(
      spawn('iperf3', ['-c', SPEED_TEST_SERVER, '-B', SPEED_TESTER, '-R', '-t', '8', '-b', '200M'], {
        stdio: 'ignore',
      }),
    );
  }
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
}

/** Logs in to some machines, again and again, and copies from them; the same machines always. */
async function administrator(from: string, key: string): Promise<never> {
  const own = machines.slice(20, 26);
  for (;;) {
    const command =
      Math.random() < 0.2
        ? 'head -c 20000000 /dev/zero'
        : 'for i in 1 2 3 4 5 6; do echo line; sleep 1; done';
    await ended(
      spawn(
        'ssh',
        [
          '-i',
          key,
          '-b',
          from,
          '-o',
          'StrictHostKeyChecking=no',
          '-o',
          'UserKnownHostsFile=/dev/null',
          '-o',
          'BatchMode=yes',
          `root@${pick(own)}`,
          command,
        ],
        { stdio: 'ignore' },
      ),
    );
    await pause(exponential(15));
  }
}

/** A program that works on a database, over connections that it keeps for a while. */
async function developer(): Promise<never> {
  for (;;) {
    const database = await connection(DEVELOPER, DATABASE, 5_432);
    for (let i = 0; i < 100 && database !== undefined; i++) {
      ask(database, Math.floor(Math.exp(7 + 1.5 * normal())));
      await pause(exponential(0.5));
    }
    database?.end();
  }
}

/** Looks at every machine and desk each minute, by several protocols, of which not all are served. */
async function monitoring(): Promise<never> {
  const watched = [...machines, INTRANET, FILES, MAIL, DATABASE];
  for (;;) {
    const began = Date.now();
    void ended(
      spawn(
        'nping',
        ['--icmp', '-c', '1', '--rate', '20', '-S', MONITORING, ...watched, ...clientAddresses],
        { stdio: 'ignore' },
      ),
    );
    for (const host of watched) {
      datagram(MONITORING, host, 161, 90);
      for (const port of [22, 80, 443, 445])
        void connection(MONITORING, host, port).then((socket) => socket?.end());
      await pause(1);
    }
    await pause(Math.max(0, 60 - (Date.now() - began) / 1000));
  }
}

/** Each of some machines copies what it has to the backup, at ten megabytes a second, one after the other. */
async function backups(from: readonly string[]): Promise<never> {
  for (;;)
    for (const machine of from) {
      const target = await connection(machine, BACKUP, 873);
      if (target !== undefined) {
        await new Promise<void>((resolve) => send(target, 40_000_000, resolve, 10_000_000));
        target.end();
      }
      await pause(45);
    }
}

const roles: Readonly<Record<string, () => void>> = {
  clients: () => {
    const key = process.argv[3]!;
    for (const address of clientAddresses) void person(address);
    for (let i = 0; i < 25; i++) void person(NAT);
    void crawler();
    void peerToPeer();
    for (const phone of PHONES) void call(phone);
    void speedTester();
    void administrator(ADMIN, key);
    void developer();
    process.on('SIGUSR1', () => {
      for (const address of clientAddresses)
        setTimeout(
          () => void fetched(address, UPDATE_SERVER, 8_000_000, new Agent()),
          30_000 * Math.random(),
        );
    });
  },
  servers: () => void backups([FILES, DATABASE, ...machines.slice(30, 34)]),
  ops: () => void monitoring(),
};

const role = roles[process.argv[2] ?? ''];
if (role === undefined) throw new Error(`background.ts takes one of ${Object.keys(roles).join(', ')}`);
process.on('uncaughtException', (error) => process.stderr.write(`${error.stack ?? error.message}\n`));
role();
process.stdout.write('ready\n');
