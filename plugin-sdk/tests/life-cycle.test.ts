import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { HOST_ENVIRONMENT, runToEnd, startPlugin } from '../src/testing/index.ts';
import { anyPlugin } from './plugin-commands.ts';

const { command, args } = anyPlugin();

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
};

describe('any plugin process', () => {
  it('prints the handshake line and nothing else on standard output', async () => {
    const plugin = await startPlugin(command, args);
    expect(await plugin.client.ping('plugin')).toBe(1);
    expect(await plugin.client.ping('')).toBe(1);
    await plugin.stop();
    expect(plugin.stdout()).toMatch(/^1\|2\|tcp\|127\.0\.0\.1:\d+\|grpc\n$/);
  });

  it('logs in JSON lines with level and message, without a time', async () => {
    const plugin = await startPlugin(command, args);
    await plugin.stop();
    const lines = plugin.logLines();
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      expect(line).toMatchObject({ '@level': expect.any(String), '@message': expect.any(String) });
      expect(line).not.toHaveProperty('@timestamp');
    }
  });

  it('tells whoever starts it by hand what it is, and exits with 1', async () => {
    const { code, stdout, stderr } = await runToEnd(command, args, {});
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('backend of the Grafana plugin');
  });

  it('refuses a host that wants mutual TLS or another protocol', async () => {
    const tls = await runToEnd(command, args, { ...HOST_ENVIRONMENT, PLUGIN_CLIENT_CERT: 'x' });
    expect(tls.code).toBe(1);
    expect(tls.stderr).toContain('TLS');
    const version = await runToEnd(command, args, { ...HOST_ENVIRONMENT, PLUGIN_PROTOCOL_VERSIONS: '3,4' });
    expect(version.code).toBe(1);
    expect(version.stderr).toContain('protocol');
  });

  it('ends with 0 within the two seconds the host gives, with the streams of the host open', async () => {
    const plugin = await startPlugin(command, args);
    const streams = plugin.client.holdHostStreams();
    await plugin.client.ping();
    const asked = performance.now();
    expect(await plugin.stop()).toBe(0);
    expect(performance.now() - asked).toBeLessThan(2_000);
    expect(await streams).toEqual([0, 0]);
  });

  it('ignores SIGINT and obeys SIGTERM', async () => {
    const plugin = await startPlugin(command, args);
    plugin.child.kill('SIGINT');
    expect(await plugin.client.ping()).toBe(1);
    plugin.child.kill('SIGTERM');
    expect(await plugin.exited).toBe(0);
    plugin.client.close();
  });

  it('ends when the process that started it is killed', async () => {
    const script = `
      const { spawn } = require('node:child_process');
      const child = spawn(process.argv[1], JSON.parse(process.argv[2]), {
        env: { ...JSON.parse(process.argv[3]), PLUGIN_PARENT_POLL_MS: '50' }, stdio: ['ignore', 'pipe', 'ignore'] });
      child.stdout.once('data', () => console.log(child.pid));`;
    const host = spawn(
      process.execPath,
      ['-e', script, command, JSON.stringify(args), JSON.stringify(HOST_ENVIRONMENT)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const pid = await new Promise<number>((resolve) =>
      host.stdout.once('data', (text: Buffer) => resolve(Number(text.toString()))),
    );
    expect(isAlive(pid)).toBe(true);
    host.kill('SIGKILL');
    await until(() => !isAlive(pid));
    expect(isAlive(pid)).toBe(false);
  });

  it('survives garbage on its port', async () => {
    const plugin = await startPlugin(command, args);
    const [host, port] = plugin.address.split(':');
    for (const bytes of [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.alloc(70_000, 0xff),
      Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.alloc(5_000, 0x7f)]),
    ]) {
      await new Promise<void>((resolve) => {
        const socket = connect(Number(port), host!, () => socket.end(bytes));
        socket.on('error', () => undefined);
        socket.on('close', () => resolve());
        socket.resume();
      });
    }
    expect(await plugin.client.ping()).toBe(1);
    expect(await plugin.stop()).toBe(0);
  });

  it('answers UNIMPLEMENTED for what it does not serve', async () => {
    const plugin = await startPlugin(command, args);
    await expect(plugin.client.raw('data', 'QueryChunkedData', {})).rejects.toMatchObject({ code: 12 });
    await plugin.stop();
  });

  it('runs standalone where it says, without a host', async () => {
    const child = spawn(command, [...args, '--standalone'], { env: {}, stdio: ['ignore', 'pipe', 'ignore'] });
    const text = await new Promise<string>((resolve) =>
      child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString())),
    );
    expect(text).toMatch(/listens on 127\.0\.0\.1:\d+/);
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    expect(await gone).toBe(0);
  });
});
