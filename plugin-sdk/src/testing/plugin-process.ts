import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type CallerOptions, PluginClient } from './plugin-client.ts';

export interface StartOptions {
  /** Added to what the host gives. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** How long to wait for the line. Default 20 s. */
  readonly timeoutMs?: number;
  /** What the client's calls are made on behalf of. */
  readonly source?: CallerOptions;
}

/** A plugin under test. */
export interface PluginProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly address: string;
  readonly client: PluginClient;
  /** All of standard output and standard error so far. */
  stdout(): string;
  stderr(): string;
  /** Standard error as the host reads it: one object a line. Throws on a line that is no JSON. */
  logLines(): Record<string, unknown>[];
  /** Exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>;
  /** Asks for shutdown, kills after two seconds as the host does, and tells how it ended. */
  stop(): Promise<number | NodeJS.Signals>;
}

/** The environment Grafana 12.4 gives to a plugin: its cookie and limits, and nothing of its own environment. */
export const HOST_ENVIRONMENT: Readonly<Record<string, string>> = {
  grafana_plugin_type: 'datasource',
  PLUGIN_PROTOCOL_VERSIONS: '2',
  PLUGIN_MIN_PORT: '10000',
  PLUGIN_MAX_PORT: '25000',
};

const LINE = /^1\|2\|tcp\|([^|]+:\d+)\|grpc$/;
const KILL_AFTER_MS = 2_000;

/** Starts an executable as Grafana's plugin host does. Rejects, with what it printed, when no handshake line comes. */
export const startPlugin = async (
  command: string,
  args: readonly string[] = [],
  { env = {}, cwd, timeoutMs = 20_000, source = {} }: StartOptions = {},
): Promise<PluginProcess> => {
  const child = spawn(command, args, {
    env: { ...HOST_ENVIRONMENT, ...env },
    stdio: ['inherit', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  });
  let stdout = '';
  let stderr = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdout!.setEncoding('utf8');
  const exited = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal ?? -1));
    child.once('error', (error) => {
      stderr += String(error);
      resolve(-1);
    });
  });

  const address = await new Promise<string>((resolve, reject) => {
    const fail = (what: string): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new Error(`${command} ${what}.\nstdout: ${stdout}\nstderr: ${stderr}`));
    };
    const timer = setTimeout(() => fail(`printed no handshake line within ${timeoutMs} ms`), timeoutMs);
    void exited.then((code) => fail(`ended with ${code} before its handshake line`));
    child.stdout!.on('data', (text: string) => {
      stdout += text;
      const end = stdout.indexOf('\n');
      if (end < 0) return;
      const match = LINE.exec(stdout.slice(0, end));
      if (!match) return fail('printed something else than a handshake line first');
      clearTimeout(timer);
      resolve(match[1]!);
    });
  });

  const client = new PluginClient(address, source);
  return {
    child,
    pid: child.pid!,
    address,
    client,
    stdout: () => stdout,
    stderr: () => stderr,
    logLines: () =>
      stderr
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    exited,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) {
        client.close();
        return exited;
      }
      const timer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
      await client.shutdown().catch(() => child.kill('SIGTERM'));
      client.close();
      const code = await exited;
      clearTimeout(timer);
      return code;
    },
  };
};

/** Runs an executable that is not expected to serve, and tells how it ended. */
export const runToEnd = async (
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ code: number | null; stdout: string; stderr: string }> => {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
};
