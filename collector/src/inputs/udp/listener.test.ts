import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { dropsIn } from './kernel-drops.ts';
import { UdpListener } from './listener.ts';

async function send(host: string, port: number, text: string): Promise<void> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  await new Promise((resolve) => socket.send(text, port, host, resolve));
  socket.close();
}

function arrival(): {
  next: Promise<{ text: string; address: string; port: number }>;
  take: ConstructorParameters<typeof UdpListener>[2];
} {
  let resolve!: (value: { text: string; address: string; port: number }) => void;
  const next = new Promise<{ text: string; address: string; port: number }>((r) => (resolve = r));
  return {
    next,
    take: (bytes, address, port) => resolve({ text: Buffer.from(bytes).toString(), address, port }),
  };
}

describe('a UDP listener', () => {
  test.each(['127.0.0.1', '::1'])('hands on datagrams with their sender (%s)', async (host) => {
    const { next, take } = arrival();
    const listener = new UdpListener({ host, port: 0 }, 65_536, take);
    await listener.start();
    await send(host, listener.port, 'hello');
    expect(await next).toMatchObject({ text: 'hello', address: host });
    expect(listener.state()).toMatchObject({ datagrams: 1, bytes: 5, port: listener.port });
    await listener.stop();
  });

  test('says which port is taken and what to change', async () => {
    const taken = createSocket('udp4');
    taken.bind(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address();
    await expect(
      new UdpListener({ host: '127.0.0.1', port }, 65_536, () => undefined).start(),
    ).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}: another program already does. Stop it, or set FLOW_COLLECTOR_BIND`,
    );
    taken.close();
  });

  test('says which address this machine has not', async () => {
    await expect(
      new UdpListener({ host: '192.0.2.1', port: 0 }, 65_536, () => undefined).start(),
    ).rejects.toThrow('no such address');
  });

  test('warns with the sysctl to set where the kernel gives a smaller buffer than was asked', async () => {
    const listener = new UdpListener({ host: '127.0.0.1', port: 0 }, 2 ** 30, () => undefined);
    await listener.start();
    expect(listener.bufferWarning()).toContain(`sysctl -w net.core.rmem_max=${2 ** 30}`);
    await listener.stop();
    const modest = new UdpListener({ host: '127.0.0.1', port: 0 }, 32_768, () => undefined);
    await modest.start();
    expect(modest.bufferWarning()).toBeUndefined();
    await modest.stop();
  });
});

describe('what the kernel dropped', () => {
  const table = [
    '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops             ',
    '  412: 0100007F:0807 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 112233 2 0000000000000000 17        ',
    '  413: 00000000:0807 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 112234 2 0000000000000000 3         ',
    '  900: 00000000:1F90 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 112235 2 0000000000000000 99        ',
  ].join('\n');

  test('is the last column of the lines of the port', () => {
    expect(dropsIn(table, 2055)).toBe(20);
    expect(dropsIn(table, 8080)).toBe(99);
    expect(dropsIn(table, 53)).toBe(0);
  });

  test('is counted for a socket that nobody reads in time', async () => {
    const listener = new UdpListener({ host: '127.0.0.1', port: 0 }, 4_096, () => undefined);
    await listener.start();
    const sender = createSocket('udp4');
    sender.connect(listener.port, '127.0.0.1');
    await once(sender, 'connect');
    const burst = Buffer.alloc(1_400);
    const sent = Array.from({ length: 500 }, () => new Promise((resolve) => sender.send(burst, resolve)));
    const until = performance.now() + 200;
    while (performance.now() < until); // this thread does not read
    await Promise.all(sent);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const { datagrams, kernelDrops } = listener.state();
    expect(datagrams + (kernelDrops ?? 500 - datagrams)).toBe(500);
    sender.close();
    await listener.stop();
  });
});
