import { spawnSync } from 'node:child_process';

/** Programs of the lab, and the Debian packages that hold them. */
const PROGRAMS = {
  ip: 'iproute2',
  sysctl: 'procps',
  ethtool: 'ethtool',
  tcpdump: 'tcpdump',
  tshark: 'tshark',
  softflowd: 'softflowd',
  pmacctd: 'pmacct',
  nmap: 'nmap',
  nping: 'nmap',
  hping3: 'hping3',
  hydra: 'hydra',
  iperf3: 'iperf3',
  iodine: 'iodine',
  iodined: 'iodine',
  curl: 'curl',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  sshd: 'openssh-server',
  python3: 'python3',
} as const;

export type Program = keyof typeof PROGRAMS;

export const allPrograms = Object.keys(PROGRAMS) as Program[];

export function has(program: string): boolean {
  return (
    spawnSync('sh', ['-c', `PATH=$PATH:/usr/sbin:/sbin command -v ${program}`], { stdio: 'ignore' })
      .status === 0
  );
}

/** Why the lab cannot run here, in a line that says what would help; undefined where it can. */
export function missing(programs: readonly Program[] = allPrograms): string | undefined {
  if (process.platform !== 'linux')
    return 'the lab is made of Linux network namespaces: it runs on Linux alone';
  if (process.getuid?.() !== 0) return 'the lab makes network namespaces: run it as root';
  const absent = programs.filter((program) => !has(program));
  if (absent.length > 0) {
    const packages = [...new Set(absent.map((program) => PROGRAMS[program]))];
    return `not installed here: ${absent.join(', ')} (apt-get install --no-install-recommends ${packages.join(' ')})`;
  }
  const probe = `weirlab-probe-${process.pid}`;
  if (spawnSync('ip', ['netns', 'add', probe], { stdio: 'ignore' }).status !== 0)
    return 'network namespaces cannot be made here: a container needs CAP_SYS_ADMIN and CAP_NET_ADMIN for that';
  spawnSync('ip', ['netns', 'del', probe]);
  return undefined;
}
