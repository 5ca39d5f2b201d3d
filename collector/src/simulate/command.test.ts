import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseDuration } from './duration.ts';
import type { Truth } from './truth.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-simulate-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function simulate(...options: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...options], (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

describe('weir simulate', () => {
  test('--help teaches with examples', async () => {
    const { code, stdout } = await simulate('--help');
    expect(code).toBe(0);
    for (const word of ['Examples:', '--target', '--replay', '--truth-flows', 'weir simulate --single'])
      expect(stdout).toContain(word);
  });

  test('says what it sent', async () => {
    const { code, stdout, stderr } = await simulate(
      '--flows',
      '300',
      '--rate',
      '50000',
      '--target',
      '127.0.0.1:9',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Sent [\d,]+ flows in [\d,]+ datagrams/);
    expect(stderr).toContain('to 127.0.0.1:9');
  });

  test('SIGINT ends it cleanly, the truth is written', async () => {
    const truthFile = join(folder, 'truth.json');
    const child = spawn(process.execPath, [MAIN, '--truth', truthFile, '--target', '127.0.0.1:9'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await once(child.stderr, 'data'); // it has begun
    setTimeout(() => child.kill('SIGINT'), 300);
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(0);
    const truth = JSON.parse(readFileSync(truthFile, 'utf8')) as Truth;
    expect(truth.exporters.map(({ protocol }) => protocol)).toEqual(['v9', 'ipfix', 'v5']);
  });

  test.each([
    ['--target', 'localhost', /--target.*localhost.*Give host:port, such as 127.0.0.1:2055/],
    ['--protocol', 'v7', /--protocol.*“v7” is none of v5, v9, ipfix, mix/],
    ['--rate', '-3', /--rate.*must be a number greater than 0: flows a second, such as 2000/],
    ['--duration', 'long', /--duration.*Give seconds, or a number with ms, s, m, h or d/],
    ['--drop-fraction', '3', /--drop-fraction.*fraction from 0 to 1, such as 0.03/],
    ['--payload', '100', /--payload is 100; it must be a whole number from 512/],
    ['--truth', '/nowhere/truth.json', /--truth cannot be written: .*nowhere/],
  ])('%s %s is refused with what would be right', async (option, value, message) => {
    const { code, stderr } = await simulate(option, value, '--single');
    expect(code).toBe(1);
    expect(stderr.replaceAll('\n', ' ')).toMatch(message);
  });

  test('durations', () => {
    expect(['90', '90s', '5m', '2h', '500ms', '-4m', '1.5s', '1d'].map(parseDuration)).toEqual([
      90_000, 90_000, 300_000, 7_200_000, 500, -240_000, 1500, 86_400_000,
    ]);
    expect(['', 'm', '5 minutes', '1e3'].map(parseDuration)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
