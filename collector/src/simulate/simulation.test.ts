import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { OptionError } from './options.ts';
import type { SimulationOptions } from './options.ts';
import { startSimulation } from './simulation.ts';
import type { Truth } from './truth.ts';
import type { TruthFlow } from './truth-flows.ts';

interface Received {
  readonly payload: Buffer;
  readonly address: string;
  readonly port: number;
}

let socket: Socket;
let folder: string;
let received: Received[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weir-simulate-'));
  received = [];
  socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
  socket.on('message', (payload, { address, port }) => received.push({ payload, address, port }));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  rmSync(folder, { recursive: true });
});

/** Runs a simulation to the socket and waits until that has everything. */
async function simulate(options: Partial<SimulationOptions>, stopAfterMs?: number): Promise<Truth> {
  const simulation = startSimulation({
    target: { host: '127.0.0.1', port: socket.address().port },
    ...options,
  });
  if (stopAfterMs !== undefined) setTimeout(() => simulation.stop(), stopAfterMs);
  const truth = await simulation.done;
  const deadline = performance.now() + 2000;
  while (received.length < truth.sent.datagrams && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return truth;
}

/** The sums of the NetFlow v5 records in a datagram, read by hand. */
function sumsOfV5(datagrams: readonly Received[]): { flows: number; packets: number; bytes: number } {
  const sums = { flows: 0, packets: 0, bytes: 0 };
  for (const { payload } of datagrams) {
    const count = payload.readUInt16BE(2);
    expect(payload).toHaveLength(24 + 48 * count);
    for (let at = 24; at < payload.length; at += 48) {
      sums.flows++;
      sums.packets += payload.readUInt32BE(at + 16);
      sums.bytes += payload.readUInt32BE(at + 20);
    }
  }
  return sums;
}

/** Datagrams by sender, in their order. */
function bySender(): Map<string, Received[]> {
  const senders = new Map<string, Received[]>();
  for (const one of received) {
    const key = `${one.address}:${one.port}`;
    senders.set(key, [...(senders.get(key) ?? []), one]);
  }
  return senders;
}

const V5 = { protocols: ['v5'], exporters: 2, rate: 20_000 } as const;

describe('the truth', () => {
  test('is what a socket received: datagrams, payload, senders', async () => {
    const truth = await simulate({ exporters: 3, rate: 20_000, flows: 5001 });
    expect(truth.sent.flows).toBe(5001);
    expect(truth.sent.datagrams).toBe(received.length);
    expect(truth.sent.payloadBytes).toBe(received.reduce((sum, { payload }) => sum + payload.length, 0));
    const senders = bySender();
    for (const exporter of truth.exporters) {
      expect(senders.get(`${exporter.address}:${exporter.port}`)).toHaveLength(exporter.sent.datagrams);
      expect(exporter.kinds.reduce((sum, { flows }) => sum + flows, 0)).toBe(exporter.sent.flows);
    }
    expect(truth.refused.datagrams).toBe(0);
  });

  test('has the sums of the records on the wire', async () => {
    const truth = await simulate({ ...V5, flows: 3000, samplingRates: [10, 100] });
    expect(truth.sums).toMatchObject(sumsOfV5(received));
    const [first, second] = truth.exporters;
    expect(truth.sums.scaledBytes).toBe(first!.sums.bytes * 10 + second!.sums.bytes * 100);
    const shares = Object.values(truth.byProtocol);
    expect(shares.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(truth.sums.bytes);
    expect(truth.topSources[0]!.bytes).toBeGreaterThanOrEqual(truth.topSources[1]!.bytes);
  });

  test('is written to its file, with every flow in another', async () => {
    const truthFile = join(folder, 'truth.json');
    const truthFlowsFile = join(folder, 'flows.ndjson');
    const truth = await simulate({ exporters: 3, rate: 20_000, flows: 600, truthFile, truthFlowsFile });
    expect(JSON.parse(readFileSync(truthFile, 'utf8'))).toEqual(truth);
    const flows = readFileSync(truthFlowsFile, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as TruthFlow);
    expect(flows).toHaveLength(600);
    expect(flows.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(truth.sums.bytes);
    expect(new Set(flows.map(({ exporter }) => exporter)).size).toBe(3);
    const top = truth.topDestinations[0]!;
    const toTop = flows.filter(({ destination_ip }) => destination_ip === top.address);
    expect(toTop.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(top.bytes);
  });

  test('tells what was lost on purpose, and the sequence shows the gap', async () => {
    const truth = await simulate({ ...V5, flows: 6000, dropFraction: 0.2 });
    expect(truth.withheld.flows).toBeGreaterThan(500);
    expect(truth.sent.flows + truth.withheld.flows).toBe(6000);
    expect(truth.sums).toMatchObject(sumsOfV5(received));
    const senders = bySender();
    for (const exporter of truth.exporters) {
      let expected = 0;
      let missing = 0;
      for (const { payload } of senders.get(`${exporter.address}:${exporter.port}`)!) {
        missing += payload.readUInt32BE(16) - expected;
        expected = payload.readUInt32BE(16) + payload.readUInt16BE(2);
      }
      expect(missing + exporter.nextSequence - expected).toBe(exporter.withheld.flows);
    }
  });
});

describe('replay', () => {
  test('sends a ring of datagrams with their sequence put right, and knows the sums', async () => {
    const truth = await simulate({
      ...V5,
      mode: 'replay',
      ringDatagrams: 16,
      flows: 6000,
      dropFraction: 0.05,
    });
    expect(truth.sent.flows + truth.withheld.flows).toBeGreaterThanOrEqual(6000);
    expect(truth.sent.datagrams).toBe(received.length);
    expect(truth.sums).toMatchObject(sumsOfV5(received));
    for (const datagrams of bySender().values()) {
      const sequences = datagrams.map(({ payload }) => payload.readUInt32BE(16));
      expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b));
    }
  });

  test.each(['v5', 'v9', 'ipfix'] as const)(
    '%s: times of flows move on with the header’s',
    async (protocol) => {
      // An hour of simulated time in 0.3 s: every round of the ring is at another time.
      await simulate({
        protocols: [protocol],
        exporters: 1,
        rate: 3000,
        mode: 'replay',
        ringDatagrams: 2,
        speed: 12_000,
        durationMs: 300,
        ipv6Share: 0,
      });
      const flows = received.filter(({ payload }) => {
        if (protocol === 'v5') return true;
        const set = payload.readUInt16BE(protocol === 'v9' ? 20 : 16);
        return set >= 256 && set < 300; // below: templates; above: options
      });
      const secondsAt = protocol === 'ipfix' ? 4 : 8;
      const seconds = flows.map(({ payload }) => payload.readUInt32BE(secondsAt));
      expect(seconds.at(-1)! - seconds[0]!).toBeGreaterThan(1000);
      const ages = flows.map(({ payload }) => {
        // The first record's end, seen from its header: offsets by the records' layouts.
        if (protocol === 'v5') return payload.readUInt32BE(4) - payload.readUInt32BE(24 + 28);
        if (protocol === 'v9') return payload.readUInt32BE(4) - payload.readUInt32BE(24 + 28);
        return payload.readUInt32BE(4) * 1000 - Number(payload.readBigUInt64BE(20 + 14 + 16 + 2 + 8 + 8));
      });
      for (const age of ages) {
        expect(age).toBeGreaterThanOrEqual(0);
        expect(age).toBeLessThan(80_000);
      }
    },
  );
});

describe('a simulation', () => {
  test('ends when told to', async () => {
    const truth = await simulate({ exporters: 2, rate: 5000 }, 2_000);
    expect(truth.elapsedSeconds).toBeLessThan(10);
    expect(truth.sent.flows).toBeGreaterThan(0);
    expect(truth.sent.datagrams).toBe(received.length);
  });

  test('holds its rate', async () => {
    const truth = await simulate({ exporters: 3, rate: 8000, durationMs: 1000 });
    expect(truth.flowsPerSecond).toBeGreaterThan(5000);
    expect(truth.flowsPerSecond).toBeLessThan(8500);
  });

  test('single: templates and one datagram of each exporter', async () => {
    const truth = await simulate({ exporters: 3, single: true, ipv6Share: 0 });
    for (const exporter of truth.exporters) {
      expect(exporter.sent.datagrams - exporter.announcements).toBeGreaterThanOrEqual(1);
      expect(exporter.sent.datagrams - exporter.announcements).toBeLessThanOrEqual(2);
    }
  });

  test('tells that nobody listens, and goes on', async () => {
    const notices: string[] = [];
    const free = createSocket('udp4');
    await new Promise<void>((resolve) => free.bind(0, '127.0.0.1', resolve));
    const { port } = free.address();
    await new Promise<void>((resolve) => free.close(() => resolve()));
    const truth = await startSimulation({
      target: { host: '127.0.0.1', port },
      rate: 20_000,
      flows: 2000,
      onNotice: (text) => notices.push(text),
    }).done;
    expect(truth.sent.flows + truth.refused.flows).toBe(2000);
    expect(truth.refusals.ECONNREFUSED).toBe(truth.refused.datagrams);
    expect(notices).toEqual([expect.stringContaining('Nothing listens')]);
  });

  test('refuses options that make no sense, by name', () => {
    const start =
      (options: Partial<SimulationOptions>): (() => unknown) =>
      () =>
        startSimulation(options);
    expect(start({ rate: 0 })).toThrow(OptionError);
    expect(start({ rate: 0 })).toThrow(/--rate/);
    expect(start({ dropFraction: 2 })).toThrow(/--drop-fraction is 2; it must be a fraction from 0 to 1/);
    expect(start({ samplingRates: [20_000] })).toThrow(
      /--sampling 20000 does not fit into the 14 bits of NetFlow v5/,
    );
    expect(start({ mode: 'replay', truthFlowsFile: 'x' })).toThrow(
      /--truth-flows cannot be used with --replay/,
    );
  });
});
