import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { LiveMessage } from '@weir/core/live';
import { type Frame, type FrameInclude, frameToJson } from '@weir/plugin-sdk';
import { type WebSocket, WebSocketServer } from 'ws';
import { runStream } from './run-stream.ts';
import type { StreamSpec } from './stream-specs.ts';
import { StreamSpecs } from './stream-specs.ts';

const TOKEN = 'hunter2';
const SCHEMA: LiveMessage = { type: 'schema', columns: ['timestamp', 'source_ip', 'bytes'], version: '1' };
const flows = (t: number, rows: (string | number)[][], skipped = 0): LiveMessage => ({
  type: 'flows',
  t,
  rows,
  matched: rows.length + skipped,
  skipped,
});

let server: Server;
let sockets: WebSocketServer;
let collectorUrl: string;
const requests: string[] = [];
let onConnection: (socket: WebSocket, count: number) => void;

beforeEach(async () => {
  requests.length = 0;
  server = createServer();
  sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    requests.push(request.url ?? '');
    if (request.headers.authorization !== `Bearer ${TOKEN}`) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (ws) => onConnection(ws, requests.length));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  collectorUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  for (const socket of sockets.clients) socket.terminate();
  await new Promise((done) => server.close(done));
});

interface Packet {
  readonly frame: Frame;
  readonly include: FrameInclude;
}

/** Runs a stream until it has sent so many packets. */
async function packetsOf(spec: StreamSpec, count: number, token = TOKEN): Promise<Packet[]> {
  const packets: Packet[] = [];
  const stop = new AbortController();
  await runStream(
    { url: collectorUrl, token },
    spec,
    {
      send: (frame, include = 'all') => {
        packets.push({ frame, include });
        if (packets.length >= count) stop.abort();
        return Promise.resolve();
      },
    },
    stop.signal,
  );
  return packets;
}

const spec: StreamSpec = { kind: 'flows', filter: 'source = 10.0.0.1', columns: ['source_ip'], limit: 50 };
const say = (socket: WebSocket, ...messages: LiveMessage[]): void =>
  messages.forEach((message) => socket.send(JSON.stringify(message)));

describe('a live tail', () => {
  it('sends the schema, then rows alone', async () => {
    onConnection = (socket) =>
      say(socket, SCHEMA, flows(1_772_366_400_000, [[1_772_366_399_000, '10.0.0.1', 7]]));
    const packets = await packetsOf(spec, 2);
    expect(requests).toEqual(['/ws/flows?filter=source+%3D+10.0.0.1&columns=source_ip&limit=50']);
    expect(packets.map(({ include }) => include)).toEqual(['all', 'data']);
    expect(packets[0]!.frame.fields.map(({ name, type }) => [name, type])).toEqual([
      ['timestamp', 'time'],
      ['source_ip', 'string'],
      ['bytes', 'number'],
    ]);
    expect(frameToJson(packets[1]!.frame, 'data').data!.values).toEqual([
      [1_772_366_399_000],
      ['10.0.0.1'],
      [7],
    ]);
  });

  it('says how many flows are not shown', async () => {
    onConnection = (socket) => say(socket, SCHEMA, flows(1, [[1, '10.0.0.1', 7]], 12));
    const [, packet] = await packetsOf(spec, 2);
    expect([packet!.include, packet!.frame.meta?.notices?.[0]?.text]).toEqual([
      'all',
      expect.stringContaining('12 more matched'),
    ]);
  });

  it('stays while the collector is away, says so, and goes on when it is back', async () => {
    onConnection = (socket, count) => {
      say(socket, SCHEMA);
      if (count === 1) socket.close();
      else say(socket, flows(2, [[2, '10.0.0.2', 8]]));
    };
    const packets = await packetsOf(spec, 4);
    expect(packets[1]!.frame.meta?.notices).toEqual([
      { severity: 'warning', text: expect.stringContaining('has closed the connection') },
    ]);
    expect(frameToJson(packets[3]!.frame, 'data').data!.values[1]).toEqual(['10.0.0.2']);
  });

  it('says what the collector refuses: the token, or the filter', async () => {
    const [refused] = await packetsOf(spec, 1, 'wrong');
    expect(refused!.frame.meta?.notices).toEqual([
      { severity: 'error', text: expect.stringMatching(/refuses the token \(HTTP status 401\)/) },
    ]);
    onConnection = (socket) => {
      say(socket, { type: 'error', error: 'no field is called sauce' });
      socket.close();
    };
    const [wrong] = await packetsOf(spec, 1);
    expect(wrong!.frame.meta?.notices).toEqual([
      { severity: 'error', text: expect.stringContaining('no field is called sauce') },
    ]);
  });
});

describe('live rates', () => {
  it('are bits, packets and flows a second by group', async () => {
    onConnection = (socket) =>
      say(
        socket,
        { type: 'schema', columns: ['exporter', 'bytes', 'packets', 'flows'], version: '1' },
        {
          type: 'rates',
          t: 5,
          seconds: 2,
          rows: [['edge-1', 1000, 20, 4]],
          total: { bytes: 1000, packets: 20, flows: 4 },
        },
      );
    const [, packet] = await packetsOf(
      { kind: 'rates', filter: '', by: ['exporter'], limit: 5, every: 2000 },
      2,
    );
    expect(requests).toEqual(['/ws/rates?by=exporter&every=2000&limit=5']);
    const { fields } = packet!.frame;
    expect(
      Object.fromEntries(fields.map(({ name, values }) => [name, [...(values as Iterable<unknown>)]])),
    ).toEqual({
      time: [5],
      exporter: ['edge-1'],
      bits_per_second: [4000],
      packets_per_second: [10],
      flows_per_second: [2],
    });
  });
});

describe('a path', () => {
  it('means what its subscriber says, or what a query has named', () => {
    const specs = new StreamSpecs();
    expect(specs.read('flows/abc', { filter: 'bytes > 5' })).toEqual({
      kind: 'flows',
      filter: 'bytes > 5',
      columns: [],
      limit: 200,
    });
    expect(specs.read('rates/abc', { by: ['exporter'], every: 1000 })).toMatchObject({
      kind: 'rates',
      by: ['exporter'],
    });
    const path = specs.remember(spec);
    expect(path).toMatch(/^flows\/[0-9a-f]{32}$/);
    expect(specs.read(path, undefined)).toEqual(spec);
    expect(specs.read('flows/unknown', undefined)).toBeUndefined();
    for (const bad of ['evil/x', 'flows', 'flows/a/b', '../flows/x'])
      expect(specs.read(bad, {})).toBeUndefined();
  });

  it('with data that make no sense is refused, with what is wrong', () => {
    const specs = new StreamSpecs();
    for (const data of [{ columns: ['a b'] }, { limit: 0 }, { filter: 5 }, 'text', [1]])
      expect(() => specs.read('flows/x', data)).toThrow(/^The stream’s /);
  });
});
