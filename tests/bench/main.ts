/**
 * `npm run bench [-- name…] [-- --quick]`: each benchmark in a process of its own, so that its peak memory is its own.
 * Results and what they mean: docs/benchmarks.md.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const BENCHMARKS = [
  'decode',
  'storage',
  'end-to-end',
  'live',
  'backend-overhead',
  'dashboard',
  'windows',
  'detection',
  'peers',
];
/** Nothing runs longer, whatever goes wrong: filling a hundred million flows and rolling them up takes most of it. */
const LIMIT_MS = 60 * 60_000;

async function main(args: readonly string[]): Promise<number> {
  const options = args.filter((a) => a.startsWith('--') && a !== '--');
  const asked = args.filter((a) => !a.startsWith('--'));
  const here = BENCHMARKS.filter((name) => existsSync(fileOf(name)));
  const unknown = asked.filter((name) => !here.includes(name));
  if (unknown.length > 0 || options.some((o) => o !== '--quick')) {
    console.error(`npm run bench [-- name…] [-- --quick]; names: ${here.join(', ')}`);
    return 2;
  }
  let failed = 0;
  for (const name of asked.length > 0 ? asked : here) {
    console.log(`\n== ${name} ==`);
    if ((await run(name, options)) !== 0) {
      console.error(`${name} failed`);
      failed = 1;
    }
  }
  return failed;
}

function fileOf(name: string): string {
  return join(import.meta.dirname, `${name}.ts`);
}

function run(name: string, options: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--expose-gc', fileOf(name), ...options], {
      stdio: 'inherit',
      // The embedded engine runs each statement on a thread of libuv's pool.
      env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
      timeout: LIMIT_MS,
      killSignal: 'SIGKILL',
    });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

process.exitCode = await main(process.argv.slice(2));
