import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A folder and the processes that a test file has made. `dispose` ends and removes all of it: call it in `afterAll`, which
 * runs after failures too.
 */
export class Workspace {
  readonly dir: string = mkdtempSync(join(tmpdir(), 'weir-e2e-'));
  private readonly children = new Set<ChildProcess>();
  private readonly closers: (() => Promise<void> | void)[] = [];
  private count = 0;

  /** A path for something new. */
  path(name: string): string {
    return join(this.dir, `${this.count++}-${name}`);
  }

  spawn(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const child = spawn(command, [...args], { cwd: this.dir, ...options });
    this.children.add(child);
    child.once('exit', () => this.children.delete(child));
    child.once('error', () => this.children.delete(child));
    return child;
  }

  /** Something else to be ended, the latest first. */
  onDispose(close: () => Promise<void> | void): void {
    this.closers.unshift(close);
  }

  async dispose(): Promise<void> {
    for (const close of this.closers) await close();
    await Promise.all([...this.children].map((child) => killed(child)));
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** Ends a child at once and waits until it is gone. */
export async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

/** A UDP port of 127.0.0.1 that is free at the moment. */
export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

/** A TCP port of 127.0.0.1 that is free at the moment. */
export async function freeTcpPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Asks again and again until `probe` gives something; rejects after `ms` with what it was waiting for. */
export async function until<T>(
  what: string | (() => string),
  probe: () => Promise<T | undefined> | T | undefined,
  ms = 30_000,
): Promise<T> {
  const deadline = performance.now() + ms;
  for (let pause = 20; ; pause = Math.min(250, pause * 1.5)) {
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() > deadline)
      throw new Error(
        `waited ${Math.round(ms / 1000)} s in vain: ${typeof what === 'string' ? what : what()}`,
      );
    await sleep(pause);
  }
}
