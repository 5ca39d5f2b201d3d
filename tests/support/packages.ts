import { spawnSync } from 'node:child_process';

/** Programs that a test needs, and the Debian packages that hold them. */
const PACKAGES: Readonly<Record<string, string>> = {
  softflowd: 'softflowd',
  pmacctd: 'pmacct',
  tshark: 'tshark',
  'ovs-vswitchd': 'openvswitch-switch',
  fprobe: 'fprobe',
};

/**
 * Whether a program is there. Where it is not and we may, its package is installed; else a plain line says what is not tested.
 */
export function provided(program: keyof typeof PACKAGES & string): boolean {
  if (has(program)) return true;
  const name = PACKAGES[program]!;
  if (process.getuid?.() === 0 && has('apt-get')) {
    spawnSync('apt-get', ['install', '-y', '--no-install-recommends', name], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
      stdio: 'ignore',
      timeout: 180_000,
    });
    if (has(program)) return true;
  }
  process.stdout.write(`not tested: ${program} is not installed here (apt-get install ${name})\n`);
  return false;
}

function has(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0;
}
