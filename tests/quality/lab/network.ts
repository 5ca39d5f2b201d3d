import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'weirlab';

/**
 * Network namespaces and what runs in them. Links are made inside of namespaces alone: nothing of the host's network is touched, not
 * for a moment. `dispose` ends all processes and removes all namespaces; it is called when the program ends, however it ends, and
 * what a killed program has left behind is removed by the next.
 */
export class LabNetwork {
  readonly id = `${PREFIX}-${process.pid}`;
  private readonly folder = mkdtempSync(join(tmpdir(), `${PREFIX}-`));
  private readonly namespaces: Namespace[] = [];
  private disposed = false;
  private readonly onExit = (): void => this.dispose();
  private readonly onSignal = (signal: NodeJS.Signals): void => {
    this.dispose();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };

  constructor() {
    removeLeftovers();
    process.on('exit', this.onExit);
    process.on('SIGINT', this.onSignal);
    process.on('SIGTERM', this.onSignal);
  }

  /** A new namespace, its loopback up. */
  namespace(name: string): Namespace {
    const full = `${this.id}-${name}`;
    ip(['netns', 'add', full]);
    const made = new Namespace(full, this.folder);
    this.namespaces.push(made);
    made.ip('link set lo up');
    for (const setting of ['rp_filter=0', 'send_redirects=0', 'accept_redirects=0'])
      for (const scope of ['all', 'default']) made.set(`net.ipv4.conf.${scope}.${setting}`);
    made.set('net.ipv6.conf.all.disable_ipv6=1');
    made.set('net.ipv6.conf.default.disable_ipv6=1');
    return made;
  }

  /** Joins two namespaces by a cable. Packets on it are as large as on a real one: nothing is left to a network card that is none. */
  cable(a: Namespace, aLink: string, b: Namespace, bLink: string): void {
    a.ip(`link add name ${aLink} type veth peer name ${bLink} netns ${b.name}`);
    for (const [at, link] of [
      [a, aLink],
      [b, bLink],
    ] as const) {
      at.ip(`link set ${link} gso_max_segs 1`);
      at.runSync('ethtool', ['-K', link, 'tso', 'off', 'gso', 'off', 'gro', 'off']);
      at.ip(`link set ${link} up`);
    }
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    process.off('exit', this.onExit);
    process.off('SIGINT', this.onSignal);
    process.off('SIGTERM', this.onSignal);
    for (const { name } of this.namespaces) remove(name);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface Output {
  readonly code: number | null;
  readonly text: string;
}

export class Namespace {
  readonly name: string;
  /** Where programs leave what they like to leave. */
  private readonly folder: string;

  constructor(name: string, folder: string) {
    this.name = name;
    this.folder = folder;
  }

  private args(command: string, args: readonly string[]): string[] {
    return ['netns', 'exec', this.name, command, ...args];
  }

  /** @throws Error with what `ip` said */
  ip(command: string): void {
    ip(['-n', this.name, ...command.split(' ')]);
  }

  /** Many commands of `ip` at once. */
  ipBatch(commands: readonly string[]): void {
    ip(['-n', this.name, '-batch', '-'], commands.join('\n'));
  }

  /** A kernel setting of this namespace alone: `net.ipv4.ip_forward=1`. One that the kernel does not have is passed over. */
  set(setting: string): void {
    this.runSync('sysctl', ['-qw', setting]);
  }

  runSync(command: string, args: readonly string[]): Output {
    const done = spawnSync('ip', this.args(command, args), { encoding: 'utf8' });
    return { code: done.status, text: `${done.stdout}${done.stderr}` };
  }

  spawn(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    return spawn('ip', this.args(command, args), { stdio: 'ignore', cwd: this.folder, ...options });
  }

  /** Runs a program to its end, or for so many seconds: then it is told to end, and killed if it does not. */
  run(command: string, args: readonly string[], seconds: number): Promise<Output> {
    const child = this.spawn('timeout', ['-k', '3', String(seconds), command, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    const add = (data: Buffer): void => {
      text = (text + data.toString()).slice(-20_000);
    };
    child.stdout?.on('data', add);
    child.stderr?.on('data', add);
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, text }));
    });
  }
}

function ip(args: readonly string[], input?: string): void {
  const done = spawnSync('ip', args, { encoding: 'utf8', input });
  if (done.status !== 0) throw new Error(`ip ${args.join(' ')}: ${done.stderr.trim() || done.status}`);
}

function remove(name: string): void {
  const pids = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).stdout;
  for (const pid of pids.split('\n').filter((p) => p !== ''))
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // Gone in the meantime.
    }
  spawnSync('ip', ['netns', 'del', name]);
}

/** Namespaces of labs whose program is no more. */
function removeLeftovers(): void {
  const list = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout ?? '';
  for (const line of list.split('\n')) {
    const name = line.split(' ')[0]!;
    const pid = new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) remove(name);
  }
}
