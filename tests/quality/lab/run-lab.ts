import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Label, Labelled } from '../labels.ts';
import { type Attack, type Hands, attacks } from './attacks.ts';
import { type LabExporter, commandOf, labExporters } from './exporters.ts';
import type { Namespace, Output } from './network.ts';
import {
  BRANCH_SERVER,
  CRAWLER,
  LEG,
  MONITORING,
  BACKUP,
  NAT,
  type Office,
  PEER_TO_PEER,
  PHONES,
  RESOLVER,
  SPEED_TESTER,
  SPEED_TEST_SERVER,
  TUNNEL_DOMAIN,
  TUNNEL_SERVER,
  UPLOAD_SERVER,
  WEB,
  buildOffice,
  ownHosts,
} from './office.ts';

/** What a run of the lab leaves in its folder as `lab.json`, beside recordings. */
export interface LabRun extends Labelled {
  readonly version: 1;
  readonly exporters: readonly LabExporter[];
  /** Of a second router, which has a little traffic of its own and goes on to the end. */
  readonly secondExporter: string;
  /** Seconds since 1970: the background alone, to learn from, then the background alone to be scored. */
  readonly calmFrom: number;
  readonly learnUntil: number;
  readonly attacksFrom: number;
  readonly attacksTo: number;
  /** Seconds since 1970 at which all exporters but the second were silenced. */
  readonly silencedAt: number;
  /** How the branch's line was made bad: by the kernel's netem, or by a program in its place. */
  readonly impairedBy: string;
  /** Programs' versions. */
  readonly programs: Readonly<Record<string, string>>;
  /** What attacks said at their end, by label: their last lines. */
  readonly said: Readonly<Record<string, string>>;
  readonly packets: { readonly captured: number; readonly dropped: number };
}

export interface LabOptions {
  readonly folder: string;
  /** Minutes of background to learn from, and then to be scored, before the first attack. */
  readonly learnMinutes: number;
  readonly calmMinutes: number;
  /** Only attacks for which it is true. */
  readonly only?: (attack: Attack) => boolean;
  readonly exporters?: readonly LabExporter[];
  /** Keeps all packets, so that they can be exported again. */
  readonly wholeCapture?: boolean;
  readonly say: (line: string) => void;
}

const HERE = import.meta.dirname;
const SNAP_LENGTH = 96;
/** Of all packets there would be a gigabyte; those of the line that is made bad are kept, to be measured. */
const CAPTURED = `host ${BRANCH_SERVER}`;
const SETTLE_SECONDS = 12;
const WARM_UP_SECONDS = 45;
const SILENT_SECONDS = 200;
const SECOND = 'softflowd-second-router';
const SECOND_PORT = 19_900;
const seconds = (): number => Date.now() / 1000;
const pause = (s: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, s * 1000));

/** Runs the whole lab: builds the network, runs background, exporters and attacks, and takes all away again. */
export async function runLab(options: LabOptions): Promise<LabRun> {
  const { folder, say } = options;
  mkdirSync(folder, { recursive: true });
  say('Namespaces …');
  const office = buildOffice();
  try {
    return await inOffice(office, options);
  } finally {
    office.lab.dispose();
  }
}

async function inOffice(office: Office, options: LabOptions): Promise<LabRun> {
  const { folder, say } = options;
  const exporters = options.exporters ?? labExporters;
  await startServices(office, folder);
  const background = await startBackground(office, folder);
  const recorder = await started(office.router, 'recording.ts', [
    folder,
    ...exporters.map((e) => `${e.port}=${e.name}`),
  ]);
  const capture = office.router.spawn(
    'tcpdump',
    [
      '-i',
      LEG,
      '-Q',
      'in',
      '-s',
      String(SNAP_LENGTH),
      '-B',
      '65536',
      '-U',
      '-n',
      '-Z',
      'root',
      '-w',
      join(folder, 'lab.pcap'),
      ...(options.wholeCapture === true ? [] : [CAPTURED]),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let captureSaid = '';
  capture.stderr?.on('data', (data: Buffer) => (captureSaid += data.toString()));
  const running = exporters.map((exporter) => office.router.spawn(...commandOf(exporter, folder)));
  const second = await secondRouter(office, folder);
  await pause(2);
  const dead = exporters.filter((_, i) => running[i]!.exitCode !== null);
  if (dead.length > 0) throw new Error(`not running: ${dead.map((d) => d.name).join(', ')}`);

  // All begin at once, which is not usual.
  await pause(options.only === undefined ? WARM_UP_SECONDS : 0);
  const calmFrom = seconds();
  say(
    `Background alone: ${options.learnMinutes} min to learn from, ${options.calmMinutes} min to be scored …`,
  );
  await pause(options.learnMinutes * 60);
  const learnUntil = seconds();
  await pause((options.calmMinutes * 60) / 2);
  const updatesAt = seconds();
  process.kill(await pidOf(background.clients), 'SIGUSR1');
  await pause((options.calmMinutes * 60) / 2);
  const attacksFrom = seconds();
  const said: Record<string, string> = {};
  const hands: Hands = {
    office,
    folder,
    background: (going) =>
      void pidOf(background.clients).then((pid) => process.kill(pid, going ? 'SIGCONT' : 'SIGSTOP')),
    impair: (delayMs, loss) => impair(office, delayMs, loss),
  };
  const labels = await runAttacks(
    attacks().filter((a) => options.only?.(a) ?? true),
    hands,
    said,
    say,
  );
  const attacksTo = seconds();
  say('Calm again …');
  await pause(SETTLE_SECONDS + 60 * Math.min(2, options.calmMinutes));
  const silencedAt = seconds();
  say(`Exporters silenced for ${SILENT_SECONDS} s …`);
  for (const child of running) child.kill('SIGKILL');
  for (const exporter of exporters) office.router.runSync('sh', ['-c', killPort(exporter)]);
  await pause(options.only === undefined ? SILENT_SECONDS : 20);
  const to = seconds();
  capture.kill('SIGTERM');
  office.router.runSync('pkill', ['-x', 'tcpdump', '-P', String(capture.pid)]);
  await Promise.race([once(capture, 'close'), pause(5)]);
  for (const r of [recorder, second.recorder]) await ended(r);
  const run: LabRun = {
    version: 1,
    exporters,
    secondExporter: SECOND,
    labels: [...labels, ...silence(silencedAt, to), ...benign(calmFrom, to, updatesAt)],
    from: learnUntil,
    to,
    ownHosts,
    calmFrom,
    learnUntil,
    attacksFrom,
    attacksTo,
    silencedAt,
    impairedBy: netem === true ? 'netem' : 'impair.py, for this kernel has no netem',
    programs: versions(),
    said,
    packets: {
      captured: Number(/(\d+) packets captured/.exec(captureSaid)?.[1] ?? NaN),
      dropped: Number(/(\d+) packets dropped by kernel/.exec(captureSaid)?.[1] ?? NaN),
    },
  };
  writeFileSync(join(folder, 'lab.json'), JSON.stringify(run, null, 1));
  const bytes = exporters.reduce((sum, e) => sum + statSync(join(folder, `${e.name}.datagrams`)).size, 0);
  say(`Recorded: ${(bytes / 1e6).toFixed(1)} MB of exports, ${run.packets.captured} packets.`);
  return run;
}

/** A run from before, with what attacks are held for by now. */
export function readLabRun(folder: string): LabRun {
  const run = JSON.parse(readFileSync(join(folder, 'lab.json'), 'utf8')) as LabRun;
  const known = new Map(attacks().map((attack) => [attack.id, attack]));
  return {
    ...run,
    labels: run.labels.map((label) => {
      const { expected, also, victims, required } = known.get(label.id) ?? label;
      return {
        ...label,
        expected,
        also,
        required: required && label.required,
        ...(victims === undefined ? {} : { victims }),
      };
    }),
  };
}

const killPort = (e: LabExporter): string =>
  `for p in $(ip netns pids "$(ip netns identify $$)"); do tr '\\0' ' ' </proc/$p/cmdline | grep -q -e '${e.name}' -e '127.0.0.1:${e.port} ' && ! grep -q recording /proc/$p/cmdline && kill -9 $p; done; true`;

/** `ip netns exec` becomes the program: its id is the child's. */
async function pidOf(child: ChildProcess): Promise<number> {
  await Promise.resolve();
  if (child.pid === undefined) throw new Error('a program of the lab has not started');
  return child.pid;
}

/** A program of ours in a namespace; resolves when it says that it is ready. */
async function started(where: Namespace, file: string, args: readonly string[]): Promise<ChildProcess> {
  const child = where.spawn(process.execPath, [join(HERE, file), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr?.on('data', (data: Buffer) => (said = (said + data.toString()).slice(-2_000)));
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`${file} ${args[0]} ended with ${code}: ${said}`)));
    child.once('error', reject);
  });
  return child;
}

async function ended(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await Promise.race([gone, pause(5)]);
}

async function startServices(office: Office, folder: string): Promise<void> {
  await Promise.all([
    started(office.servers, 'services.ts', ['servers']),
    started(office.ops, 'services.ts', ['ops']),
    started(office.branch, 'services.ts', ['branch']),
    started(office.internet, 'services.ts', ['internet']),
  ]);
  writeFileSync(join(folder, 'passwords'), Array.from({ length: 2_000 }, (_, i) => `guess${i}\n`).join(''));
  writeFileSync(join(folder, 'ask.py'), readFileSync(join(HERE, 'ask.py')));
  for (const name of ['host_key', 'admin_key'])
    spawnSync('sh', ['-c', `rm -f ${folder}/${name}*; ssh-keygen -q -t ed25519 -N '' -f ${folder}/${name}`]);
  mkdirSync('/run/sshd', { recursive: true });
  writeFileSync(
    join(folder, 'sshd_config'),
    [
      'Port 22',
      'ListenAddress 0.0.0.0',
      `HostKey ${folder}/host_key`,
      `AuthorizedKeysFile ${folder}/admin_key.pub`,
      'StrictModes no',
      'UsePAM no',
      'UseDNS no',
      'PasswordAuthentication yes',
      'PermitRootLogin prohibit-password',
      'MaxStartups 200',
      'PidFile none',
      '',
    ].join('\n'),
  );
  office.servers.spawn('/usr/sbin/sshd', ['-D', '-f', join(folder, 'sshd_config')]);
  office.internet.spawn('iperf3', ['-s', '-B', SPEED_TEST_SERVER]);
  office.internet.spawn('iperf3', ['-s', '-B', UPLOAD_SERVER]);
  office.internet.spawn('iodined', [
    '-f',
    '-c',
    '-P',
    'lab',
    '-l',
    TUNNEL_SERVER,
    '10.99.0.1/24',
    TUNNEL_DOMAIN,
  ]);
}

async function startBackground(office: Office, folder: string): Promise<{ clients: ChildProcess }> {
  const [clients] = await Promise.all([
    started(office.clients, 'background.ts', ['clients', join(folder, 'admin_key')]),
    started(office.servers, 'background.ts', ['servers']),
    started(office.ops, 'background.ts', ['ops']),
  ]);
  return { clients };
}

/** A small router elsewhere, so that the silence of one exporter is not the silence of all. */
async function secondRouter(office: Office, folder: string): Promise<{ recorder: ChildProcess }> {
  const router = office.lab.namespace('second');
  const host = office.lab.namespace('second-host');
  office.lab.cable(router, 'lan0', host, 'eth0');
  router.ip('addr add 10.77.8.1/24 dev lan0');
  host.ip('addr add 10.77.8.10/24 dev eth0');
  const recorder = await started(router, 'recording.ts', [folder, `${SECOND_PORT}=${SECOND}`]);
  router.spawn('python3', [
    '-m',
    'http.server',
    '80',
    '--bind',
    '10.77.8.1',
    '--directory',
    '/usr/share/nmap',
  ]);
  host.spawn('sh', [
    '-c',
    'while :; do curl -s -m 3 http://10.77.8.1/nmap-services -o /dev/null; sleep 2; done',
  ]);
  const [command, args] = commandOf(
    { name: SECOND, program: 'softflowd', version: 9, samplingRate: 1, biflows: false, port: SECOND_PORT },
    folder,
  );
  router.spawn(
    command,
    args.map((a) => (a === `1:${LEG}` ? '1:lan0' : a)).filter((a) => a !== 'inbound'),
  );
  return { recorder };
}

async function runAttacks(
  all: readonly Attack[],
  hands: Hands,
  said: Record<string, string>,
  say: (line: string) => void,
): Promise<Label[]> {
  const labels: Label[] = [];
  const run = async (attack: Attack): Promise<void> => {
    const from = seconds();
    const output: Output = await attack
      .run(hands, attack.seconds)
      .catch((error: Error) => ({ code: -1, text: error.message }));
    said[attack.id] = output.text.trim().split('\n').slice(-6).join('\n');
    labels.push(labelOf(attack, from, seconds(), rateOf(output.text, seconds() - from)));
    say(`  ${attack.id}: ${Math.round(seconds() - from)} s`);
  };
  const lane = async (name: Attack['lane']): Promise<void> => {
    for (const attack of all.filter((a) => a.lane === name)) {
      await run(attack);
      await pause(SETTLE_SECONDS);
    }
  };
  const along = all.filter((a) => a.lane === 'all along');
  const began = seconds();
  for (const attack of along) void attack.run(hands, attack.seconds);
  await Promise.all([lane('inside'), lane('outside'), lane('slow')]);
  // They go on to the end of the lab, which ends them.
  return [...labels, ...along.map((attack) => labelOf(attack, began, seconds()))];
}

/** What a flood has reached: hping3 says at its end how many packets it has sent. */
function rateOf(text: string, took: number): number | undefined {
  const sent = /(\d+) packets transmitted/.exec(text)?.[1];
  return sent === undefined ? undefined : Number(sent) / took;
}

function labelOf(attack: Attack, from: number, to: number, rate?: number): Label {
  const { id, expected, also, hosts, victims, crossesAfter, packetsPerSecond } = attack;
  const description =
    rate === undefined ? attack.description : `${attack.description}: ${Math.round(rate)} packets/s`;
  const required =
    attack.required && (packetsPerSecond === undefined || (rate ?? Infinity) >= packetsPerSecond);
  return {
    ...(victims === undefined ? {} : { victims }),
    id,
    kind: attack.kind ?? 'attack',
    description,
    expected,
    also,
    hosts,
    crossesAfter,
    required,
    from,
    to,
  };
}

function silence(from: number, to: number): Label[] {
  return [
    {
      id: 'exporter silenced',
      kind: 'attack',
      description: 'the exporter is killed; a second one goes on',
      expected: ['exporter_silent'],
      also: ['traffic_drop', 'protocol_mix', 'entropy_shift', 'outlier'],
      hosts: [],
      from,
      to,
      crossesAfter: 60,
      required: true,
    },
  ];
}

function benign(from: number, to: number, updatesAt: number): Label[] {
  const label = (id: string, hosts: readonly string[], also: Label['also'] = []): Label => ({
    ...{
      id,
      kind: 'benign',
      description: id,
      expected: [],
      also,
      hosts,
      from,
      to,
      crossesAfter: 0,
      required: false,
    },
  });
  return [
    label('crawler', [CRAWLER]),
    label('NAT gateway with 25 people', [NAT]),
    label('resolver', [RESOLVER]),
    label('monitoring server', [MONITORING]),
    label('backups', [BACKUP]),
    label('peer-to-peer program', [PEER_TO_PEER]),
    label('calls', PHONES),
    // A speed test is a spike, and operators exclude it by name.
    label('speed tests', [SPEED_TESTER, SPEED_TEST_SERVER], ['traffic_spike']),
    label('public web server', [WEB]),
    // Three hundred megabytes within a minute are one as well, of whatever they went through.
    { ...label('updates for all', [], ['traffic_spike']), from: updatesAt, to: updatesAt + 60 },
    label('branch', [BRANCH_SERVER]),
  ];
}

let netem: boolean | undefined;

const MARK = 77;

async function impair(office: Office, delayMs: number, loss: number): Promise<() => Promise<void>> {
  const { branch } = office;
  const rule = ['qdisc', 'add', 'dev', 'eth0', 'root', 'netem', 'delay', `${delayMs}ms`, 'loss', `${loss}%`];
  netem = branch.runSync('tc', rule).code === 0;
  if (netem)
    return () => {
      branch.runSync('tc', ['qdisc', 'del', 'dev', 'eth0', 'root']);
      return Promise.resolve();
    };
  const relay = branch.spawn(
    'python3',
    [join(HERE, 'impair.py'), 'bad0', String(delayMs), String(loss), String(MARK)],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  await Promise.race([once(relay.stdout!, 'data'), pause(5)]);
  branch.ipBatch([
    'link set bad0 up',
    'route flush table 100',
    `route add 10.77.0.1 dev eth0 scope link table 100`,
    `route add default via 10.77.0.1 dev eth0 table 100`,
    'route add default dev bad0 table 101',
    `rule add fwmark ${MARK} lookup 100 pref 100`,
    'rule add from all lookup local pref 50',
    `rule add from ${BRANCH_SERVER} lookup 101 pref 200`,
  ]);
  return async () => {
    branch.ipBatch([
      `rule del from ${BRANCH_SERVER} lookup 101 pref 200`,
      `rule del fwmark ${MARK} lookup 100 pref 100`,
      'rule del from all lookup local pref 50',
    ]);
    await ended(relay);
  };
}

function versions(): Record<string, string> {
  const first = (command: string, ...args: string[]): string => {
    const done = spawnSync(command, args, { encoding: 'utf8' });
    return (`${done.stdout}${done.stderr}`.split('\n').find((line) => /\d+\.\d+/.test(line)) ?? '')
      .trim()
      .slice(0, 80);
  };
  return {
    softflowd: first('softflowd', '-h'),
    pmacctd: first('pmacctd', '-V'),
    nmap: first('nmap', '--version'),
    hping3: first('hping3', '--version'),
    hydra: first('hydra', '-h'),
    iperf3: first('iperf3', '--version'),
    iodine: first('iodine', '-v'),
    kernel: first('uname', '-r'),
  };
}
