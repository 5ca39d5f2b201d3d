import { afterEach, describe, expect, test } from '@jest/globals';
import { NOW_MS, healthyReport } from '../ledger/testing/reports.ts';
import { verdictsOf } from '../ledger/verdict.ts';
import { exportersCommand } from './exporters.ts';
import { capturedIo, run } from './testing/captured-io.ts';
import { type FakeServer, fakeServer } from './testing/fake-server.ts';

let server: FakeServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const reports = [
  healthyReport(),
  healthyReport({
    address: '2001:db8::1',
    name: '2001:db8::1',
    versions: [10],
    clockOffsetMs: -240_000,
    samplingRate: 1,
  }),
];

async function collector(exporters = reports): Promise<string> {
  const body = {
    timeMs: NOW_MS,
    exporters: exporters.map((r) => ({ ...r, verdicts: verdictsOf(r, NOW_MS) })),
  };
  server = await fakeServer((_, response) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body)),
  );
  return server.url;
}

describe('weir exporters', () => {
  test('a row for each, the worst first, and under it what is to be said', async () => {
    const io = capturedIo();
    expect(await run(exportersCommand(io), '--url', await collector())).toBeUndefined();
    expect(io.out().split('\n')).toEqual([
      'STATE    EXPORTER            PROTOCOL   FLOWS  LOST    SAMPLING     LAST',
      'problem  2001:db8::1         IPFIX     20,000   0 %        none  2 s ago',
      '         Clock 4 min behind: its flows’ start and end times are off by as much (timestamp, by which queries go, is this',
      '         collector’s). Configure NTP on it.',
      'ok       core-1 (192.0.2.1)  v9        20,000   0 %  1 in 1,000  2 s ago',
      '         All is well: 20,000 flows, the latest 2 s ago.',
      '',
    ]);
  });

  test('--trouble leaves out those with which all is well', async () => {
    const io = capturedIo();
    await run(exportersCommand(io), '--trouble', '--url', await collector());
    expect(io.out()).not.toContain('core-1');
  });

  test('a collector that asks for a token gets WEIR_HTTP_TOKEN, and without it the user is told of it', async () => {
    server = await fakeServer((request, response) => {
      const admitted = request.headers.authorization === 'Bearer right';
      response
        .writeHead(admitted ? 200 : 401, { 'content-type': 'application/json' })
        .end(JSON.stringify(admitted ? { timeMs: NOW_MS, exporters: [] } : { error: 'no' }));
    });
    const without = await run(exportersCommand(capturedIo()), '--url', server.url);
    expect(String(without)).toContain('WEIR_HTTP_TOKEN');
    const io = capturedIo({ env: { WEIR_HTTP_TOKEN: 'right' } });
    expect(await run(exportersCommand(io), '--url', server.url)).toBeUndefined();
  });

  test('--json gives the collector’s answer', async () => {
    const io = capturedIo();
    await run(exportersCommand(io), '--json', '--url', await collector());
    expect(JSON.parse(io.out())).toMatchObject({
      timeMs: NOW_MS,
      exporters: [{ address: '192.0.2.1' }, { address: '2001:db8::1' }],
    });
  });

  test('nobody has sent yet', async () => {
    const io = capturedIo();
    await run(exportersCommand(io), '--url', await collector([]));
    expect(io.out()).toBe(
      'No exporter has sent anything yet. Point one at this machine, or try: weir simulate\n',
    );
  });

  test('no collector, and something else than a collector', async () => {
    const url = await collector();
    await server!.close();
    expect(await run(exportersCommand(capturedIo({ env: { WEIR_HTTP_BIND: url.slice(7) } })))).toBe(
      `no collector answers at ${url}. Start one with: weir collect. If it listens elsewhere, set WEIR_HTTP_BIND or --url.`,
    );
    server = await fakeServer((_, response) => response.end('<html>'));
    expect(await run(exportersCommand(capturedIo()), '--url', server.url)).toContain(
      'is no collector’s address',
    );
  });
});
