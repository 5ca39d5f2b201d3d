import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Workspace } from '../../support/workspace.ts';
import type { Filling, FillingTimes } from './filled-store.ts';
import type { StoreTask } from './store-process.ts';

/** A filled database, served on loopback by a process of its own. */
export interface Store {
  readonly url: string;
  readonly pid: number;
  readonly filling: Filling;
  /** What filling took; undefined where the folder was filled before. */
  readonly times: FillingTimes | undefined;
  /** Rows of a SELECT, as the engine's own client gets them. */
  query<Row>(sql: string): Promise<Row[]>;
}

export interface StoreOptions extends Omit<Filling, 'toSeconds'> {
  /** A folder to keep: filled when it is new, taken as it is when it is not. */
  readonly dataDir?: string | undefined;
  /** What the engine may take when it is asked. Default: what the collector's configuration says by default. */
  readonly memoryLimitBytes?: number;
}

const PROCESS = join(import.meta.dirname, 'store-process.ts');
/** Filling in a hurry takes more than the collector, which takes flows as they come. */
const FILLING_MEMORY = 6 * 2 ** 30;
const MEMORY = 512 * 2 ** 20;

export async function openStore(workspace: Workspace, options: StoreOptions): Promise<Store> {
  const dataDir = options.dataDir ?? workspace.path('store');
  const marker = `${dataDir}.filling.json`;
  let times: FillingTimes | undefined;
  if (!existsSync(marker)) {
    const filling: Filling = {
      flows: options.flows,
      hours: options.hours,
      toSeconds: Math.floor(Date.now() / 60_000) * 60,
    };
    const filled = await started(workspace, { dataDir, memoryLimitBytes: FILLING_MEMORY, fill: filling });
    times = filled.line['times'] as FillingTimes;
    writeFileSync(marker, JSON.stringify(filling));
  }
  const filling = JSON.parse(readFileSync(marker, 'utf8')) as Filling;
  const { line, pid } = await started(workspace, {
    dataDir,
    memoryLimitBytes: options.memoryLimitBytes ?? MEMORY,
  });
  const url = line['url'] as string;
  return {
    url,
    pid,
    filling,
    times,
    query: async <Row>(sql: string) => {
      const response = await fetch(`${url}/?database=weir&output_format_json_quote_64bit_integers=0`, {
        method: 'POST',
        body: `${sql} FORMAT JSONEachRow`,
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${text}\n${sql}`);
      return text
        .split('\n')
        .filter((row) => row !== '')
        .map((row) => JSON.parse(row) as Row);
    },
  };
}

/** The first line that the process writes. */
async function started(
  workspace: Workspace,
  task: StoreTask,
): Promise<{ line: Record<string, unknown>; pid: number }> {
  const child = workspace.spawn(process.execPath, [PROCESS, JSON.stringify(task)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout! });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Error(`the store’s process ended with ${code ?? signal}`)),
    );
    lines.once('line', (text) =>
      resolve({ line: JSON.parse(text) as Record<string, unknown>, pid: child.pid! }),
    );
  });
}
