import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/*
 * Datagram to queryable row, everything on: replayed NetFlow v9 (28 records of 21 fields a datagram) over UDP on loopback,
 * into the collector with its embedded ClickHouse. The sender shares the machine's cores.
 */

const root = resolve(import.meta.dirname, '../..');
const FLOWS_PORT = 21055;
const API = 'http://127.0.0.1:21056';
const CLICKHOUSE_PORT = 21057;
const TICKS_PER_SECOND = 100;

interface Outcome {
  readonly asked: number;
  readonly sent: number;
  readonly stored: number;
  readonly kernelDrops: number;
  readonly bytesEqual: boolean;
  readonly cpuPerMillion: number;
  readonly senderCpuPerMillion: number;
  readonly peakMiB: number;
  readonly drainSeconds: number;
  readonly latencySeconds: number;
}

interface Truth {
  readonly sent: { readonly flows: number };
  readonly sums: { readonly bytes: number; readonly packets: number };
  readonly cpuSeconds: number;
}

/** Runs each rate (flows a second) for `seconds`, and prints a table. */
export async function endToEnd(rates: readonly number[], seconds: number): Promise<void> {
  console.log(
    `Datagram to queryable row: ${seconds} s at each rate, NetFlow v9, 4 exporters, sender on the same cores`,
  );
  const rows: Record<string, string>[] = [];
  for (const rate of rates) {
    const o = await run(rate, seconds);
    rows.push({
      'flows/s asked': String(o.asked),
      'flows/s sent': (o.sent / seconds).toFixed(0),
      lost: `${(o.sent === 0 ? 0 : ((o.sent - o.stored) / o.sent) * 100).toFixed(3)} %`,
      'kernel drops': String(o.kernelDrops),
      'bytes equal': o.bytesEqual ? 'yes' : 'no',
      'CPU s/M': o.cpuPerMillion.toFixed(2),
      'sender CPU s/M': o.senderCpuPerMillion.toFixed(2),
      'peak MiB': o.peakMiB.toFixed(0),
      'drain s': o.drainSeconds.toFixed(1),
      'newest row s': o.latencySeconds.toFixed(1),
    });
    console.table(rows);
  }
}

async function run(rate: number, seconds: number): Promise<Outcome> {
  const dataDir = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  const collector = weir(['collect'], {
    WEIR_DATA_DIR: dataDir,
    FLOW_COLLECTOR_BIND: `127.0.0.1:${FLOWS_PORT}`,
    WEIR_HTTP_BIND: API.slice('http://'.length),
    CLICKHOUSE_HTTP_BIND: `127.0.0.1:${CLICKHOUSE_PORT}`,
    WEIR_LOG_LEVEL: 'warn',
  });
  try {
    await until(async () => (await fetch(`${API}/health`)).ok, 20_000);
    const idleCpu = cpuSeconds(collector.pid!);
    const truthFile = join(dataDir, 'truth.json');
    const sender = weir(
      [
        'simulate',
        '--target',
        `127.0.0.1:${FLOWS_PORT}`,
        '--protocol',
        'v9',
        '--exporters',
        '4',
        '--ipv6',
        '0',
        '--replay',
        '--rate',
        String(rate),
        '--duration',
        String(seconds),
        '--truth',
        truthFile,
        '--quiet',
      ],
      {},
    );
    const middle = new Promise((r) => setTimeout(r, (seconds * 1000) / 2)).then(() => newestRowAge());
    await exited(sender);
    const latencySeconds = await middle;
    const truth = JSON.parse(readFileSync(truthFile, 'utf8')) as { all?: Truth } & Truth;
    const ended = Date.now();
    await drained();
    const drainSeconds = (Date.now() - ended) / 1000;
    const [stored = 0, bytes = 0] = (
      await query('SELECT count(), sum(bytes_in) FROM network_flows FORMAT TSV')
    )
      .split('\t')
      .map(Number);
    const metrics = await (await fetch(`${API}/metrics`)).text();
    const kernelDrops = [...metrics.matchAll(/^weir_\w*kernel\w*\{[^}]*\} (\d+)/gm)].reduce(
      (sum, m) => sum + Number(m[1]),
      0,
    );
    const millions = stored / 1e6;
    return {
      asked: rate,
      sent: truth.sent.flows,
      stored,
      kernelDrops,
      bytesEqual: bytes === truth.sums.bytes,
      cpuPerMillion: (cpuSeconds(collector.pid!) - idleCpu) / millions,
      senderCpuPerMillion: truth.cpuSeconds / (truth.sent.flows / 1e6),
      peakMiB:
        Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${collector.pid!}/status`, 'utf8'))?.[1]) / 1024,
      drainSeconds,
      latencySeconds,
    };
  } finally {
    collector.kill('SIGTERM');
    await exited(collector);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function weir(args: readonly string[], env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, [join(root, 'collector/src/main.ts'), ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function exited(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.on('exit', () => resolve());
  });
}

async function query(sql: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${CLICKHOUSE_PORT}/`, { method: 'POST', body: sql });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
}

async function newestRowAge(): Promise<number> {
  return Number(
    await query("SELECT dateDiff('second', max(timestamp), now()) FROM network_flows FORMAT TSV"),
  );
}

/** Waits until the count of rows has stood still for three seconds. */
async function drained(): Promise<void> {
  let last = -1;
  let still = 0;
  await until(
    async () => {
      const health = (await (await fetch(`${API}/health`)).json()) as { store: { spoolBlocks: number } };
      const count = Number(await query('SELECT count() FROM network_flows FORMAT TSV'));
      still = count === last && health.store.spoolBlocks === 0 ? still + 1 : 0;
      last = count;
      return still >= 4;
    },
    180_000,
    1500,
  );
}

async function until(condition: () => Promise<boolean>, withinMs: number, everyMs = 200): Promise<void> {
  const end = Date.now() + withinMs;
  for (;;) {
    try {
      if (await condition()) return;
    } catch {
      // asked again
    }
    if (Date.now() > end) throw new Error('waited in vain');
    await new Promise((r) => setTimeout(r, everyMs));
  }
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

if (import.meta.main) {
  const quick = process.argv.includes('--quick');
  await endToEnd(quick ? [100_000] : [100_000, 300_000, 600_000, 800_000, 1_000_000], quick ? 10 : 60);
}
