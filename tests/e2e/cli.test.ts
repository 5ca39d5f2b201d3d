import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Truth } from '../../collector/src/simulate/index.ts';
import { TestCollector, plainEnvironment } from '../support/collector.ts';
import { Workspace, until } from '../support/workspace.ts';

/* The program `weir` as a person runs it, beside a collector that runs. */

const MAIN = join(import.meta.dirname, '../../collector/src/main.ts');
const EXAMPLE = join(import.meta.dirname, '../../docs/weir.example.yaml');
const FLOWS = 3000;

const workspace = new Workspace();
afterAll(() => workspace.dispose());

let collector: TestCollector;
let truth: Truth;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `weir` to its end. */
async function weir(
  args: readonly string[],
  input = '',
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const child = workspace.spawn(process.execPath, [MAIN, ...args], {
    env: { ...plainEnvironment(), NO_COLOR: '1', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin!.end(input);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}

/** The same, told by the environment where the collector is. */
function beside(...args: readonly string[]): Promise<Ended> {
  return weir(args, '', {
    CLICKHOUSE_HTTP_BIND: new URL(collector.clickhouseUrl).host,
    WEIR_HTTP_BIND: new URL(collector.apiUrl).host,
  });
}

beforeAll(async () => {
  collector = await TestCollector.start(workspace);
  const truthFile = workspace.path('truth.json');
  const { code, stderr } = await weir([
    'simulate',
    '--target',
    `127.0.0.1:${collector.udpPort}`,
    '--flows',
    String(FLOWS),
    '--rate',
    '10000',
    '--truth',
    truthFile,
    '--quiet',
  ]);
  if (code !== 0) throw new Error(stderr);
  truth = JSON.parse(readFileSync(truthFile, 'utf8')) as Truth;
  await collector.settled(truth.sent.datagrams);
}, 60_000);

describe('weir', () => {
  test('--help names every command', async () => {
    const { code, stdout } = await weir(['--help']);
    expect(code).toBe(0);
    for (const command of ['collect', 'top', 'exporters', 'query', 'simulate', 'check-config'])
      expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
    expect((await weir(['quary'])).stderr).toContain('Did you mean query?');
  });

  test('query: pretty, as JSON, with parameters, from standard input', async () => {
    const pretty = await beside('query', 'SELECT count() AS flows FROM network_flows');
    expect(pretty).toMatchObject({ code: 0, stderr: expect.stringContaining('1 row in') });
    expect(pretty.stdout).toMatch(/3,?000/);
    const json = await beside(
      'query',
      '--format',
      'json',
      '--param',
      'p=6',
      'SELECT toUInt32(count()) AS flows, toUInt32(sum(packets_in)) AS packets FROM network_flows WHERE protocol = {p:UInt8}',
    );
    const { flows, packets } = truth.byProtocol['6']!;
    expect(JSON.parse(json.stdout)).toEqual({ flows, packets });
    const piped = await weir(['query', '--format', 'tsv', '--url', collector.clickhouseUrl], 'SELECT 1 + 1');
    expect(piped.stdout.trim().split('\n').at(-1)).toBe('2');
  });

  test('query: an error is told and the status is 1', async () => {
    const { code, stderr } = await beside('query', 'SELECT nothing FROM nowhere');
    expect(code).toBe(1);
    expect(stderr).toMatch(/UNKNOWN_TABLE|nowhere/);
    const away = await weir(['query', '--url', 'http://127.0.0.1:1', 'SELECT 1']);
    expect(away.code).toBe(1);
    expect(away.stderr).toContain('127.0.0.1:1');
  });

  test('top --once: who sent most is first', async () => {
    const { code, stdout } = await beside(
      'top',
      '--once',
      '--by',
      'source',
      '--window',
      '10m',
      '--rows',
      '5',
    );
    expect(code).toBe(0);
    const [first, second] = truth.topSources.map(({ address }) => stdout.indexOf(address));
    expect(first).toBeGreaterThan(0);
    expect(second).toBeGreaterThan(first!);
    const protocols = await beside(
      'top',
      '--once',
      '--by',
      'protocol',
      '--window',
      '10m',
      '--order',
      'flows',
    );
    expect(protocols.stdout).toMatch(/tcp/i);
  });

  test('exporters: each of them, in words and as JSON', async () => {
    await until('a report of all flows', async () => {
      const reports = await collector.exporters();
      return reports.reduce((sum, { ledger }) => sum + ledger.flows, 0) === FLOWS || undefined;
    });
    const { code, stdout } = await beside('exporters');
    expect(code).toBe(0);
    for (const { address } of truth.exporters) expect(stdout).toContain(address);
    const { exporters } = JSON.parse((await beside('exporters', '--json')).stdout) as {
      exporters: { address: string; ledger: { flows: number } }[];
    };
    expect(exporters.map(({ address, ledger }) => [address, ledger.flows]).sort()).toEqual(
      truth.exporters.map(({ address, sent }) => [address, sent.flows]),
    );
  });

  test('check-config: what holds and whence; what is wrong, by key', async () => {
    expect(await weir(['check-config', '--quiet', '--config', EXAMPLE])).toMatchObject({ code: 0 });
    const { stdout } = await weir(['check-config'], '', { BATCH_SIZE: '1234' });
    expect(stdout).toMatch(/size: 1_?234 +# BATCH_SIZE|size: 1234.*BATCH_SIZE/);
    const file = workspace.path('wrong.yaml');
    writeFileSync(file, 'batch: { size: many }\nlisten: ["0.0.0.0:99999"]\n');
    const wrong = await weir(['check-config', '--config', file]);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr + wrong.stdout).toContain('batch.size');
    expect(wrong.stderr + wrong.stdout).toContain('listen');
  });

  test('collect: a data folder that another one holds, a port that is taken: what to change', async () => {
    const taken = await weir(['collect'], '', {
      WEIR_DATA_DIR: workspace.path('data'),
      FLOW_COLLECTOR_BIND: `127.0.0.1:${collector.udpPort}`,
      CLICKHOUSE_HTTP_BIND: '127.0.0.1:0',
      WEIR_HTTP_BIND: '127.0.0.1:0',
    });
    expect(taken.code).toBe(1);
    expect(taken.stderr).toContain('set FLOW_COLLECTOR_BIND to another port');
    const held = await weir(['collect'], '', {
      WEIR_DATA_DIR: collector.dataDir,
      FLOW_COLLECTOR_BIND: '127.0.0.1:0',
      CLICKHOUSE_HTTP_BIND: '127.0.0.1:0',
      WEIR_HTTP_BIND: '127.0.0.1:0',
    });
    expect(held.code).toBe(1);
    expect(held.stderr).toMatch(/is held by process \d+/);
  });

  test('SIGTERM ends a collector with what it has stored', async () => {
    expect(await collector.stop()).toBe(0);
    const again = await TestCollector.start(workspace, { dataDir: collector.dataDir });
    expect(await again.number('SELECT count() FROM network_flows')).toBe(FLOWS);
    expect(await again.stop()).toBe(0);
  });
});
