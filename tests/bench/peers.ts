/**
 * Weir beside other collectors: one after another, each gets the same replayed NetFlow v9 over UDP on loopback at the same
 * rates. What they do with it differs, and the table says what. A peer that is not installed is left out.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { mebibytes, printTable, printUsage, thousands } from './support/report.ts';
import { usageOf, usageOfTree } from './support/usage.ts';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');
const quick = process.argv.includes('--quick');
const RATES = quick ? [50_000] : [50_000, 100_000, 200_000];
const SECONDS = quick ? 4 : 8;
const FLOWS_PORT = 22_055;
const API_PORT = 22_056;
const CLICKHOUSE_PORT = 22_057;
const GOFLOW2 = 'github.com/netsampler/goflow2/v2/cmd/goflow2@v2.2.6';

interface Peer {
  readonly name: string;
  /** What a flow has become when it is counted. */
  readonly keeps: string;
  readonly start: (directory: string) => Promise<ChildProcess>;
  /** Flows that it says it has taken; called again until it says no more. */
  readonly count?: (directory: string) => Promise<number>;
  /** Flows that it has kept, once it has ended. */
  readonly countAfter?: (directory: string) => Promise<number>;
}

const directory = await mkdtemp(join(tmpdir(), 'weir-bench-peers-'));
const running = new Set<ChildProcess>();
try {
  const peers = await availablePeers();
  const rows: string[][] = [];
  for (const rate of RATES) for (const peer of peers) rows.push(await measure(peer, rate));
  console.log();
  printTable(
    ['flows/s', 'collector', 'sent', 'received', 'lost', 'CPU s/M flows', 'peak MiB', 'what is kept'],
    rows,
  );
} finally {
  for (const child of running) signal(child, 'SIGKILL');
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}
printUsage();

async function measure(peer: Peer, rate: number): Promise<string[]> {
  const own = await mkdtemp(join(directory, 'run-'));
  const child = await peer.start(own);
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  await sleep(500);
  const pid = child.pid!;
  const before = usageOfTree(pid);
  const sent = await replay(rate, own);
  let received = -1;
  for (let attempt = 0; attempt < 40; attempt++) {
    await sleep(750);
    const now = (await peer.count?.(own)) ?? 0;
    if (now === received || now >= sent) {
      received = now;
      break;
    }
    received = now;
  }
  if (peer.count === undefined) await sleep(1_000);
  let usage = usageOfTree(pid);
  const watch = setInterval(() => {
    const now = usageOf(pid) === undefined ? usage : usageOfTree(pid);
    // Writing what is left is work too; a process that is ending has no memory any more.
    usage = {
      cpuSeconds: Math.max(now.cpuSeconds, usage.cpuSeconds),
      peakBytes: Math.max(now.peakBytes, usage.peakBytes),
    };
  }, 20);
  signal(child, 'SIGINT');
  await Promise.race([ended, sleep(15_000)]);
  clearInterval(watch);
  signal(child, 'SIGKILL');
  running.delete(child);
  if (peer.countAfter !== undefined) received = await peer.countAfter(own);
  await rm(own, { recursive: true, force: true, maxRetries: 5 });
  return [
    thousands(rate),
    peer.name,
    thousands(sent),
    thousands(received),
    `${(((sent - received) / sent) * 100).toFixed(2)} %`,
    ((usage.cpuSeconds - before.cpuSeconds) / (Math.max(1, received) / 1e6)).toFixed(2),
    mebibytes(usage.peakBytes),
    peer.keeps,
  ];
}

/** The same datagrams each time: the seed decides. */
async function replay(rate: number, own: string): Promise<number> {
  const truth = join(own, 'truth.json');
  await run(
    process.execPath,
    [
      join(root, 'collector/src/main.ts'),
      ...['simulate', '--target', `127.0.0.1:${FLOWS_PORT}`, '--protocol', 'v9', '--exporters', '4'],
      ...['--ipv6', '0', '--replay', '--rate', String(rate), '--duration', `${SECONDS}s`],
      ...['--seed', '5', '--truth', truth, '--quiet'],
    ],
    { timeout: 60_000 },
  );
  return (JSON.parse(await readFile(truth, 'utf8')) as { sent: { flows: number } }).sent.flows;
}

function start(command: string, args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  const child = spawn(command, args, { stdio: 'ignore', detached: true, env: { ...process.env, ...env } });
  running.add(child);
  child.once('error', (error) => console.error(`${command}: ${error.message}`));
  return child;
}

/** To the process and all that it has started. */
function signal(child: ChildProcess, name: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, name);
  } catch {
    // it has ended
  }
}

async function availablePeers(): Promise<Peer[]> {
  const peers: Peer[] = [weir()];
  const goflow2 = await installGoflow2();
  if (goflow2 === undefined) console.log('goflow2 is left out: no Go, or it cannot be installed.');
  else
    peers.push(
      goflow2Peer(goflow2, 'bin', 'protobuf to /dev/null'),
      goflow2Peer(goflow2, 'json', 'JSON to /dev/null'),
    );
  if (await has('nfcapd')) peers.push(nfcapd());
  else console.log('nfcapd is left out: install nfdump.');
  if (await has('nfacctd')) peers.push(nfacctd());
  else console.log('nfacctd is left out: install pmacct.');
  return peers;
}

async function has(command: string): Promise<boolean> {
  return run('sh', ['-c', `command -v ${command}`]).then(
    () => true,
    () => false,
  );
}

function weir(): Peer {
  const query = async (sql: string): Promise<string> =>
    (await fetch(`http://127.0.0.1:${CLICKHOUSE_PORT}/?query=${encodeURIComponent(sql)}`)).text();
  return {
    name: 'Weir, everything on',
    keeps: 'rows in ClickHouse',
    start: async (own) => {
      const child = start(process.execPath, [join(root, 'collector/src/main.ts'), 'collect'], {
        WEIR_DATA_DIR: join(own, 'data'),
        FLOW_COLLECTOR_BIND: `127.0.0.1:${FLOWS_PORT}`,
        WEIR_HTTP_BIND: `127.0.0.1:${API_PORT}`,
        CLICKHOUSE_HTTP_BIND: `127.0.0.1:${CLICKHOUSE_PORT}`,
        WEIR_LOG_LEVEL: 'error',
        UV_THREADPOOL_SIZE: '16',
        BATCH_TIMEOUT_SECS: '2',
      });
      for (let attempt = 0; attempt < 80; attempt++) {
        await sleep(250);
        const up = await fetch(`http://127.0.0.1:${API_PORT}/health`).then(
          (r) => r.ok,
          () => false,
        );
        if (up) return child;
      }
      throw new Error('weir collect does not come up');
    },
    count: async () => {
      await sleep(3_000); // rows wait for company for two seconds at most
      return Number(await query('SELECT count() FROM weir.network_flows'));
    },
  };
}

async function installGoflow2(): Promise<string | undefined> {
  const given = process.env['GOFLOW2'];
  if (given !== undefined && existsSync(given)) return given;
  const bin = join(directory, 'bin');
  await mkdir(bin);
  return run('go', ['install', GOFLOW2], { env: { ...process.env, GOBIN: bin }, timeout: 300_000 }).then(
    () => join(bin, 'goflow2'),
    () => undefined,
  );
}

function goflow2Peer(binary: string, format: string, keeps: string): Peer {
  return {
    name: `goflow2 2.2.6, ${format}`,
    keeps: `nothing: ${keeps}`,
    start: async () =>
      start(binary, [
        ...[
          '-listen',
          `netflow://127.0.0.1:${FLOWS_PORT}`,
          '-format',
          format,
          '-addr',
          `127.0.0.1:${API_PORT}`,
        ],
        ...['-transport.file', '/dev/null', '-loglevel', 'error'],
      ]),
    count: async () => {
      const text = await (await fetch(`http://127.0.0.1:${API_PORT}/metrics`)).text();
      let sum = 0;
      for (const [, value] of text.matchAll(
        /^goflow2_flow_process_nf_flowset_records_total\{[^}]*type="DataFlowSet"[^}]*\} (\S+)$/gm,
      ))
        sum += Number(value);
      return sum;
    },
  };
}

function nfcapd(): Peer {
  return {
    name: 'nfcapd 1.7',
    keeps: 'files',
    start: async (own) => {
      await mkdir(join(own, 'nf'));
      return start('nfcapd', [
        ...[
          '-w',
          join(own, 'nf'),
          '-b',
          '127.0.0.1',
          '-p',
          String(FLOWS_PORT),
          '-t',
          '3600',
          '-B',
          '4194304',
        ],
      ]);
    },
    countAfter: async (own) => {
      const { stdout } = await run('nfdump', ['-R', join(own, 'nf'), '-I'], { maxBuffer: 1 << 24 });
      return Number(/^Flows: (\d+)/m.exec(stdout)?.[1] ?? 0);
    },
  };
}

function nfacctd(): Peer {
  return {
    name: 'nfacctd 1.7, print',
    keeps: 'aggregates in a file',
    start: async (own) => {
      const config = join(own, 'nfacctd.conf');
      await writeFile(
        config,
        [
          'daemonize: false',
          'nfacctd_ip: 127.0.0.1',
          `nfacctd_port: ${FLOWS_PORT}`,
          'nfacctd_pipe_size: 4194304',
          'plugins: print[a]',
          'plugin_pipe_size[a]: 134217728',
          'plugin_buffer_size[a]: 131072',
          'aggregate[a]: src_host, dst_host, src_port, dst_port, proto, tos, tcpflags, in_iface, out_iface, src_as, dst_as, flows',
          `print_output_file[a]: ${join(own, 'pm-%s.csv')}`,
          'print_output[a]: csv',
          'print_refresh_time[a]: 60',
          'print_cache_entries[a]: 65521',
          '',
        ].join('\n'),
      );
      return start('nfacctd', ['-f', config]);
    },
    countAfter: async (own) => {
      await sleep(1_000);
      let flows = 0;
      for (const name of (await readdir(own)).filter((n) => n.endsWith('.csv'))) {
        const lines = (await readFile(join(own, name), 'utf8')).split('\n');
        const at = lines[0]!.split(',').indexOf('FLOWS');
        for (const line of lines.slice(1)) if (line !== '') flows += Number(line.split(',')[at] ?? 0) || 0;
      }
      return flows;
    },
  };
}
