import type { AnomalyType } from '@weir/core/anomalies';
import type { Random } from '../../../collector/src/simulate/random.ts';
import type { Background } from './background.ts';
import { interfaceOf } from './background.ts';
import {
  type Conversation,
  type FlowRing,
  addressWord,
  emptyConversation,
  wordAddress,
} from './flow-ring.ts';
import type { Office } from './office.ts';

/** Something that somebody does on purpose: told what detectors should say of it. */
export interface Attack {
  readonly id: string;
  readonly description: string;
  readonly expected: readonly AnomalyType[];
  readonly also: readonly AnomalyType[];
  readonly hosts: readonly string[];
  readonly durationMs: number;
  readonly crossesAfter: number;
  readonly required: boolean;
  /** What of it happens in the ten seconds from `startMs` on; `sinceMs`: since it began. */
  tick(startMs: number, sinceMs: number): void;
}

const SYN = 2;
const RST = 4;
const PSH = 8;
const ACK = 16;
const FIN = 1;
const TICK_MS = 10_000;
const SECOND = 1000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

interface Means {
  readonly office: Office;
  readonly random: Random;
  readonly ring: FlowRing;
  readonly background: Background;
}

/**
 * The attacks of one round, each with new hosts and sizes: from plain to careful. What is below the detectors' defaults on purpose is
 * marked as not required.
 */
export function attacksOf({ office, random, ring, background }: Means): Attack[] {
  const one = <T>(of: readonly T[]): T => of[random.below(of.length)]!;
  const workstation = (): number => one(office.workstations).address;
  const server = (): number => one(office.servers.all.slice(40));
  const outsider = (): number =>
    addressWord(
      `${[45, 91, 185, 193, 5][random.below(5)]!}.${random.below(256)}.${random.below(256)}.${1 + random.below(254)}`,
    );
  const ephemeral = (): number => 32_768 + random.below(28_000);

  const c = emptyConversation();
  const send = (part: Partial<Conversation>): void => {
    Object.assign(
      c,
      { durationMs: 0, protocol: 6, bytesDown: 0, packetsDown: 0, flagsUp: 0, flagsDown: 0, icmpType: 0 },
      part,
    );
    c.input = interfaceOf(c.client);
    c.output = interfaceOf(c.server);
    ring.add(c);
  };
  const probe = (
    client: number,
    to: number,
    port: number,
    startMs: number,
    answer: 'none' | 'refused' | 'open',
    flags = SYN,
  ): void =>
    send({
      client,
      server: to,
      clientPort: ephemeral(),
      serverPort: port,
      startMs,
      bytesUp: answer === 'open' ? 84 : 44,
      packetsUp: answer === 'open' ? 2 : 1,
      flagsUp: answer === 'open' ? flags | RST : flags,
      packetsDown: answer === 'none' ? 0 : 1,
      bytesDown: answer === 'none' ? 0 : 44,
      flagsDown: answer === 'open' ? SYN | ACK : answer === 'refused' ? RST | ACK : 0,
    });
  /** So many a second, evenly, in the ten seconds. */
  const evenly = (startMs: number, perSecond: number, run: (atMs: number, n: number) => void): void => {
    const n = random.round(perSecond * 10);
    for (let i = 0; i < n; i++) run(startMs + Math.floor((i * TICK_MS) / n), i);
  };
  const text = wordAddress;

  const portScan = (
    name: string,
    source: number,
    target: number,
    perSecond: number,
    answer: 'none' | 'refused',
    flags = SYN,
    required = true,
  ): Attack => {
    let port = 0;
    return {
      id: `port scan, ${name}`,
      description: `${text(source)} tries ports of ${text(target)}, ${perSecond} a second, ${answer === 'none' ? 'dropped' : 'refused'}`,
      expected: ['port_scan_vertical'],
      also: [
        'port_scan_horizontal',
        'error_rate',
        'entropy_shift',
        'outlier',
        'unexpected_connection',
        'lateral_movement',
      ],
      hosts: [text(source), text(target)],
      durationMs: Math.min(20 * MINUTE, Math.max(30 * SECOND, (1000 / perSecond) * SECOND)),
      crossesAfter: Math.ceil(21 / perSecond),
      required,
      tick: (startMs) =>
        evenly(startMs, perSecond, (at) =>
          probe(source, target, 1 + ((port++ * 7919) % 65_000), at, port % 40 === 0 ? 'open' : answer, flags),
        ),
    };
  };
  const sweep = (
    name: string,
    source: number,
    port: number,
    perSecond: number,
    prefix: string,
    required = true,
  ): Attack => {
    let host = 0;
    return {
      id: `sweep, ${name}`,
      description: `${text(source)} tries port ${port} of ${prefix}0/24, ${perSecond} hosts a second`,
      expected: ['port_scan_horizontal'],
      also: [
        'port_scan_vertical',
        'error_rate',
        'lateral_movement',
        'brute_force',
        'entropy_shift',
        'outlier',
        'unexpected_connection',
      ],
      hosts: [text(source)],
      durationMs: Math.min(40 * MINUTE, Math.max(30 * SECOND, (250 / perSecond) * SECOND)),
      crossesAfter: Math.ceil(25 / perSecond),
      required,
      tick: (startMs) =>
        evenly(startMs, perSecond, (at) => {
          host = (host % 254) + 1;
          probe(
            source,
            addressWord(`${prefix}${host}`),
            port,
            at,
            host % 12 === 0 ? 'open' : host % 3 === 0 ? 'refused' : 'none',
          );
        }),
    };
  };
  const synFlood = (victim: number, perSecond: number, forged: boolean): Attack => {
    const source = outsider();
    return {
      id: `SYN flood, ${forged ? 'forged sources' : 'one source'}`,
      description: `${perSecond} SYN a second to ${text(victim)}:443`,
      expected: ['syn_flood'],
      also: [
        'ddos_volumetric',
        'traffic_spike',
        'error_rate',
        'entropy_shift',
        'outlier',
        'port_scan_vertical',
        'port_scan_horizontal',
      ],
      hosts: [text(victim), ...(forged ? [] : [text(source)])],
      durationMs: 2 * MINUTE,
      crossesAfter: 1,
      required: true,
      tick: (startMs) =>
        evenly(startMs, perSecond, (at) =>
          send({
            client: forged ? random.uint32() | 1 : source,
            server: victim,
            clientPort: 1024 + random.below(64_000),
            serverPort: 443,
            startMs: at,
            bytesUp: 44,
            packetsUp: 1,
            flagsUp: SYN,
          }),
        ),
    };
  };
  const packets = (
    name: string,
    expected: AnomalyType[],
    victim: number,
    sources: number,
    packetsPerSecond: number,
    bytesPerPacket: number,
    part: Partial<Conversation>,
  ): Attack => {
    const senders = Array.from({ length: sources }, outsider);
    return {
      id: name,
      description: `${sources} sources send ${packetsPerSecond} packets of ${bytesPerPacket} bytes a second to ${text(victim)}`,
      expected,
      also: [
        'udp_flood',
        'icmp_flood',
        'ddos_volumetric',
        'amplification',
        'traffic_spike',
        'protocol_mix',
        'entropy_shift',
        'outlier',
        'dns_anomaly',
        'unusual_protocol',
      ],
      hosts: [text(victim), ...(sources === 1 ? [text(senders[0]!)] : [])],
      durationMs: 3 * MINUTE,
      crossesAfter: 5,
      required: true,
      tick: (startMs) => {
        // A tool takes another source port for each packet, or few; records are of some packets each.
        const flows = Math.max(1, Math.round(300 / sources));
        for (let k = 0; k < flows * sources; k++) {
          const sender = senders[k % sources]!;
          const n = random.round((packetsPerSecond * 10) / (sources * flows));
          if (n > 0)
            send({
              client: sender,
              server: victim,
              clientPort: ephemeral(),
              serverPort: 40_000 + random.below(100),
              protocol: 17,
              startMs,
              durationMs: 9_500,
              packetsUp: n,
              bytesUp: n * bytesPerPacket,
              ...part,
            });
        }
      },
    };
  };
  const carpet = (): Attack => ({
    id: 'carpet bombing',
    description: 'UDP to all hosts of 10.20.200.0/24, each below what would be seen of a host',
    expected: ['ddos_carpet_bombing'],
    also: [
      'ddos_volumetric',
      'udp_flood',
      'traffic_spike',
      'protocol_mix',
      'entropy_shift',
      'outlier',
      'port_scan_horizontal',
    ],
    hosts: ['10.20.200.0/24'],
    durationMs: 4 * MINUTE,
    crossesAfter: 10,
    required: true,
    tick: (startMs) => {
      for (let h = 1; h < 255; h++)
        for (let k = 0; k < 6; k++)
          send({
            client: random.uint32() | 1,
            server: addressWord(`10.20.200.${h}`),
            clientPort: ephemeral(),
            serverPort: 1024 + random.below(60_000),
            protocol: 17,
            startMs: startMs + random.below(TICK_MS),
            packetsUp: 1500,
            bytesUp: 1500 * 1200,
            durationMs: 0,
          });
    },
  });
  const bruteForce = (
    name: string,
    source: number,
    targets: readonly number[],
    port: number,
    perMinute: number,
    required = true,
  ): Attack => ({
    id: `brute force, ${name}`,
    description: `${text(source)} tries passwords at ${targets.length} hosts on port ${port}, ${perMinute} a minute`,
    expected: ['brute_force'],
    also: ['unexpected_connection', 'lateral_movement', 'outlier', 'port_scan_horizontal', 'beaconing'],
    hosts: [text(source), ...targets.map(text)],
    durationMs: 8 * MINUTE,
    crossesAfter: Math.ceil(60 * (25 / perMinute)),
    required,
    tick: (startMs) =>
      evenly(startMs, perMinute / 60, (at) =>
        send({
          client: source,
          server: one(targets),
          clientPort: ephemeral(),
          serverPort: port,
          startMs: at,
          durationMs: 1_200 + random.below(1_500),
          packetsUp: 14,
          bytesUp: 1_900 + random.below(400),
          packetsDown: 14,
          bytesDown: 2_700 + random.below(400),
          flagsUp: FIN | SYN | PSH | ACK,
          flagsDown: FIN | SYN | PSH | ACK,
        }),
      ),
  });
  const exfiltration = (
    name: string,
    source: number,
    bytesPerSecond: number,
    minutes: number,
    required = true,
  ): Attack => {
    const to = outsider();
    const port = ephemeral();
    return {
      id: `exfiltration, ${name}`,
      description: `${text(source)} sends ${(bytesPerSecond / 1e6).toFixed(0)} MB/s to ${text(to)} for ${minutes} min`,
      expected: ['data_exfiltration'],
      also: [
        'traffic_spike',
        'outlier',
        'unexpected_connection',
        'entropy_shift',
        'protocol_mix',
        'long_connection',
      ],
      hosts: [text(source)],
      durationMs: minutes * MINUTE,
      crossesAfter: 60,
      required,
      tick: (startMs, sinceMs) => {
        if (sinceMs % MINUTE >= TICK_MS) return;
        const up = bytesPerSecond * 60;
        background.transfer(
          {
            client: source,
            server: to,
            port: 443,
            clientPort: port,
            startMs,
            durationMs: 59_900,
            up,
            down: up / 70,
          },
          0,
          ACK | PSH,
        );
      },
    };
  };
  const dnsBurst = (source: number, perMinute: number): Attack => ({
    id: 'DNS burst',
    description: `${text(source)} asks ${perMinute} names a minute`,
    expected: ['dns_anomaly'],
    also: ['dns_tunnel', 'outlier', 'traffic_spike', 'port_scan_horizontal'],
    hosts: [text(source)],
    durationMs: 6 * MINUTE,
    crossesAfter: Math.ceil(6000 / perMinute),
    required: true,
    tick: (startMs) =>
      evenly(startMs, perMinute / 60, (at) =>
        background.transfer(
          {
            client: source,
            server: office.servers.resolvers[0]!,
            port: 53,
            protocol: 17,
            startMs: at,
            durationMs: 20,
            up: 40,
            down: 110,
          },
          0,
        ),
      ),
  });
  const dnsTunnel = (source: number, perSecond: number, up: number, down: number): Attack => {
    const to = outsider();
    return {
      id: `DNS tunnel, ${up} bytes a question`,
      description: `${text(source)} carries data in DNS to ${text(to)}, ${perSecond} questions a second`,
      expected: ['dns_tunnel'],
      also: ['dns_anomaly', 'unexpected_connection', 'outlier', 'beaconing', 'data_exfiltration'],
      hosts: [text(source), text(to)],
      durationMs: 15 * MINUTE,
      crossesAfter: 60,
      required: true,
      tick: (startMs) =>
        evenly(startMs, perSecond, (at) =>
          background.transfer(
            { client: source, server: to, port: 53, protocol: 17, startMs: at, durationMs: 30, up, down },
            0,
          ),
        ),
    };
  };
  const lateral = (name: string, source: number, ports: readonly number[], perMinute: number): Attack => ({
    id: `lateral movement, ${name}`,
    description: `${text(source)} logs in to hosts that it never was on, ${perMinute} a minute`,
    expected: ['lateral_movement'],
    also: ['port_scan_horizontal', 'brute_force', 'unexpected_connection', 'outlier'],
    hosts: [text(source)],
    durationMs: 10 * MINUTE,
    crossesAfter: Math.ceil((60 * 5) / perMinute),
    required: true,
    tick: (startMs) =>
      evenly(startMs, perMinute / 60, (at) =>
        background.transfer(
          {
            client: source,
            server: random.unit() < 0.5 ? server() : workstation(),
            port: one(ports),
            startMs: at,
            durationMs: 20_000,
            up: 30_000,
            down: 90_000,
          },
          0,
        ),
      ),
  });
  const beacon = (name: string, source: number, periodMs: number, jitter: number, hours: number): Attack => {
    const to = outsider();
    let nextMs = 0;
    return {
      id: `beacon, ${name}`,
      description: `${text(source)} calls ${text(to)} every ${periodMs / SECOND} s ± ${100 * jitter} %`,
      expected: ['beaconing'],
      also: ['unexpected_connection', 'outlier'],
      hosts: [text(source), text(to)],
      durationMs: hours * HOUR,
      crossesAfter: Math.min(3_600, (periodMs / SECOND) * 20),
      required: true,
      tick: (startMs) => {
        for (
          nextMs = Math.max(nextMs, startMs - periodMs);
          nextMs < startMs + TICK_MS;
          nextMs += periodMs * (1 + jitter * (2 * random.unit() - 1))
        )
          if (nextMs >= startMs)
            background.transfer(
              { client: source, server: to, port: 443, startMs: nextMs, durationMs: 250, up: 800, down: 450 },
              0,
            );
      },
    };
  };
  const longConnection = (source: number): Attack => {
    const to = outsider();
    const port = ephemeral();
    return {
      id: 'long connection',
      description: `${text(source)} keeps one connection to ${text(to)} for two hours and a half`,
      expected: ['long_connection'],
      also: ['unexpected_connection', 'beaconing', 'outlier'],
      hosts: [text(source), text(to)],
      durationMs: 2.5 * HOUR,
      crossesAfter: 1_560,
      required: true,
      tick: (startMs, sinceMs) => {
        if (sinceMs % MINUTE >= TICK_MS) return;
        background.transfer(
          {
            client: source,
            server: to,
            port: 8443,
            clientPort: port,
            startMs,
            durationMs: 59_900,
            up: 9_000,
            down: 30_000,
          },
          0,
          ACK | PSH,
        );
      },
    };
  };
  const errors = (to: number): Attack => ({
    id: 'a service refuses',
    description: `the database ${text(to)} refuses all that come`,
    expected: ['error_rate'],
    also: ['outlier', 'port_scan_horizontal', 'brute_force', 'traffic_spike', 'traffic_drop'],
    hosts: [text(to), ...office.servers.applications.map(text)],
    durationMs: 10 * MINUTE,
    crossesAfter: 60,
    required: true,
    tick: (startMs) =>
      evenly(startMs, 3, (at) => probe(one(office.servers.applications), to, 5432, at, 'refused')),
  });
  const tunnelled = (source: number): Attack => {
    const to = outsider();
    return {
      id: 'GRE tunnel',
      description: `${text(source)} tunnels 1 MB/s in GRE to ${text(to)}`,
      expected: ['unusual_protocol'],
      also: ['protocol_mix', 'outlier', 'unexpected_connection', 'long_connection', 'data_exfiltration'],
      hosts: [text(source), text(to)],
      durationMs: 10 * MINUTE,
      crossesAfter: 60,
      required: true,
      tick: (startMs) =>
        send({
          client: source,
          server: to,
          clientPort: 0,
          serverPort: 0,
          protocol: 47,
          startMs,
          durationMs: 9_900,
          packetsUp: 8_000,
          bytesUp: 1e7,
          packetsDown: 4_000,
          bytesDown: 4e5,
        }),
    };
  };
  const download = (): Attack => {
    const from = outsider();
    const to = workstation();
    const port = ephemeral();
    return {
      id: 'ten times the usual traffic',
      description: `${text(from)} pours 300 MB/s into ${text(to)}`,
      expected: ['traffic_spike', 'ddos_volumetric'],
      also: [
        'protocol_mix',
        'entropy_shift',
        'outlier',
        'unexpected_connection',
        'udp_flood',
        'long_connection',
      ],
      hosts: [],
      durationMs: 6 * MINUTE,
      crossesAfter: 90,
      required: true,
      tick: (startMs) =>
        background.transfer(
          {
            client: to,
            server: from,
            port: 443,
            clientPort: port,
            startMs,
            durationMs: 9_900,
            up: 4e7,
            down: 3e9,
          },
          0,
          ACK | PSH,
        ),
    };
  };

  const web = one(office.servers.publicWeb);
  return [
    portScan('from inside, fast', workstation(), server(), 200, 'refused'),
    portScan('from inside, two a second', workstation(), server(), 2, 'refused'),
    portScan('from outside, dropped', outsider(), web, 60, 'none'),
    portScan('FIN, from outside', outsider(), web, 50, 'refused', FIN),
    portScan('one in fifteen seconds', workstation(), server(), 1 / 15, 'refused', SYN, false),
    sweep('SSH inside', workstation(), 22, 20, '10.20.200.'),
    sweep('SMB inside, one a second', workstation(), 445, 1, '10.20.3.'),
    sweep('from outside', outsider(), 3389, 30, '10.20.200.'),
    sweep('outwards, as a worm', workstation(), 23, 40, '77.12.8.'),
    sweep('one in ten seconds', workstation(), 445, 0.1, '10.20.200.', false),
    synFlood(web, 3_000, true),
    synFlood(web, 2_500, false),
    packets('UDP flood, many sources', ['udp_flood', 'ddos_volumetric'], web, 300, 40_000, 800, {}),
    packets('UDP flood, one source', ['udp_flood'], web, 1, 30_000, 500, {}),
    packets('ICMP flood', ['icmp_flood'], web, 20, 20_000, 84, {
      protocol: 1,
      clientPort: 0,
      serverPort: 0,
      icmpType: 8,
    }),
    packets('NTP amplification', ['amplification'], web, 400, 30_000, 468, { clientPort: 123 }),
    packets('DNS amplification', ['amplification'], server(), 250, 20_000, 1_400, { clientPort: 53 }),
    carpet(),
    bruteForce('SSH from outside', outsider(), [web], 22, 120),
    bruteForce('RDP inside, over many', workstation(), Array.from({ length: 12 }, server), 3389, 90),
    bruteForce('FTP, fast', outsider(), [web], 21, 600),
    bruteForce('six a minute', outsider(), [web], 22, 6, false),
    exfiltration('40 MB/s', workstation(), 4e7, 6),
    exfiltration('12 MB/s', server(), 1.2e7, 10),
    exfiltration('2 MB/s for an hour, far above its habit', one(office.things), 2e6, 60),
    dnsBurst(workstation(), 400),
    dnsBurst(one(office.things), 150),
    dnsTunnel(workstation(), 20, 180, 240),
    dnsTunnel(server(), 5, 220, 900),
    lateral('SSH and RDP', workstation(), [22, 3389], 6),
    lateral('SMB and WinRM', workstation(), [445, 5985, 135], 4),
    beacon('a minute', workstation(), MINUTE, 0.1, 4),
    beacon('ten seconds', server(), 10 * SECOND, 0.05, 1.5),
    beacon('five minutes', workstation(), 5 * MINUTE, 0.15, 8),
    longConnection(workstation()),
    errors(one(office.servers.databases)),
    tunnelled(workstation()),
    download(),
  ];
}
