import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { detectRecordings, settingsAtDefaults } from './lab/detect-recording.ts';
import { LabNetwork } from './lab/network.ts';
import { missing } from './lab/programs.ts';
import { datagramsOf, fileOfRecording } from './lab/recording.ts';
import { until } from '../support/workspace.ts';

/*
 * The lab in little: two namespaces, one scan, one exporter, detection. What the lab is made of is tested so; its marks are
 * docs/detection-quality.md.
 */

const problem = missing(['ip', 'sysctl', 'softflowd', 'nmap', 'curl', 'python3']);
if (problem !== undefined) process.stdout.write(`not tested: the quality lab. ${problem}\n`);
const describeHere = problem === undefined ? describe : describe.skip;

const SCANNER = '10.77.3.10';
const VICTIM = '10.77.2.10';
const NAME = 'softflowd';

const namespaces = (): string => spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout;

describeHere('a lab of two namespaces', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-lab-'));
  let lab: LabNetwork;
  let fromMs: number;

  beforeAll(async () => {
    lab = new LabNetwork();
    const [scanner, victim] = [lab.namespace('scanner'), lab.namespace('victim')];
    lab.cable(scanner, 'eth0', victim, 'eth0');
    scanner.ip(`addr add ${SCANNER}/16 dev eth0`);
    victim.ip(`addr add ${VICTIM}/16 dev eth0`);
    const node = (file: string, ...args: string[]): ChildProcess =>
      victim.spawn(process.execPath, [join(import.meta.dirname, 'lab', file), ...args], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
    const recorder = node('recording.ts', folder, `19001=${NAME}`);
    await once(recorder.stdout!, 'data');
    victim.spawn('python3', ['-m', 'http.server', '80', '--bind', VICTIM, '--directory', folder]);
    const exporter = victim.spawn('softflowd', [
      ...['-d', '-i', 'eth0', '-n', '127.0.0.1:19001', '-v', '9', '-c', 'none', '-p', join(folder, 'pid')],
      ...['-t', 'tcp.rst=2', '-t', 'tcp=3', '-t', 'expint=1'],
    ]);
    fromMs = Date.now();
    await until('the web server', async () => {
      const { code } = await scanner.run(
        'curl',
        ['-s', '-m', '2', `http://${VICTIM}/`, '-o', '/dev/null'],
        5,
      );
      return code === 0 ? true : undefined;
    });
    const knock = (): Promise<unknown> =>
      scanner.run('curl', ['-s', '-m', '2', `http://${VICTIM}/`, '-o', '/dev/null'], 5);
    const sent = (): number => [...datagramsOf(fileOfRecording(folder, NAME))].length;
    // What it sends shows that it listens; it looks for flows that have ended when packets come.
    const grown = (what: string, before: number): Promise<true> =>
      until(
        what,
        async () => {
          await knock();
          return sent() > before ? true : undefined;
        },
        60_000,
      );
    await grown('a first export', 0);
    const scan = await scanner.run('nmap', ['-n', '-sS', '-T4', '--top-ports', '200', VICTIM], 30);
    if (!/80\/tcp +open/.test(scan.text)) throw new Error(`nmap has not found the web server: ${scan.text}`);
    await grown('flows of the scan', sent() + 1);
    exporter.kill('SIGTERM');
    await once(exporter, 'exit');
    const ended = once(recorder, 'exit');
    recorder.kill('SIGTERM');
    await ended;
  }, 180_000);

  afterAll(() => {
    lab.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  it('has its scan found in what the exporter has sent, and nothing else of other hosts', () => {
    const detected = detectRecordings({
      recordings: [{ file: fileOfRecording(folder, NAME), address: '10.77.0.1' }],
      settings: settingsAtDefaults(['10.77.0.0/16']),
      learnFrom: fromMs / 1000 - 30,
      learnUntil: fromMs / 1000 - 30,
      learnTimes: 0,
      to: Date.now() / 1000 + 90,
    });
    expect(detected.faults).toEqual([]);
    expect(detected.flows).toBeGreaterThan(200);
    const found = new Map(detected.rows.map(({ row }) => [row.id, row]));
    expect([...found.values()].map(({ type, source_ip }) => ({ type, source_ip }))).toContainEqual({
      type: 'port_scan_vertical',
      source_ip: SCANNER,
    });
    expect(
      [...found.values()].filter(({ source_ip }) => source_ip !== SCANNER).map(({ title }) => title),
    ).toEqual([]);
  });
});

describeHere('a lab whose program ends', () => {
  const program = (ending: string): string =>
    `import { LabNetwork } from ${JSON.stringify(join(import.meta.dirname, 'lab/network.ts'))};
     const lab = new LabNetwork();
     lab.namespace('a').spawn('sleep', ['1000']);
     console.log(lab.id);
     ${ending}`;

  const run = async (ending: string): Promise<{ child: ChildProcess; id: string }> => {
    const child = spawn(
      process.execPath,
      ['--no-warnings', '--input-type=module-typescript', '-e', program(ending)],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    const [data] = (await once(child.stdout!, 'data')) as [Buffer];
    return { child, id: data.toString().trim() };
  };

  it.each([
    ['by an exception', 'setTimeout(() => { throw new Error("no"); }, 300);', undefined],
    ['by Ctrl-C', 'setInterval(() => 0, 1000);', 'SIGINT'],
    ['by SIGTERM', 'setInterval(() => 0, 1000);', 'SIGTERM'],
  ] as const)('leaves no namespace behind %s', async (_, ending, signal) => {
    const { child, id } = await run(ending);
    const exited = once(child, 'exit');
    if (signal !== undefined) child.kill(signal);
    await exited;
    expect(namespaces()).not.toContain(`${id}-`);
  });

  it('leaves what the next lab removes, where it was killed', async () => {
    const { child, id } = await run('setInterval(() => 0, 1000);');
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    expect(namespaces()).toContain(`${id}-`);
    new LabNetwork().dispose();
    expect(namespaces()).not.toContain(`${id}-`);
  });
});
