import { afterEach, describe, expect, test } from '@jest/globals';
import { capturedIo, run } from './testing/captured-io.ts';
import { type FakeServer, fakeServer } from './testing/fake-server.ts';
import { serviceName } from './service-names.ts';
import { bar, rateText, topLines } from './top-screen.ts';
import { topViewNames, topViews } from './top-views.ts';
import { topCommand } from './top.ts';
import { textWidth } from './text-width.ts';

let server: FakeServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const UNTIL = 1_795_262_519;

/** A ClickHouse in which two hosts talk. */
async function talking(latest = { until: UNTIL, since: UNTIL - 59, now: UNTIL + 3 }): Promise<FakeServer> {
  server = await fakeServer(({ body }, response) => {
    const rows = body.includes('max(timestamp)')
      ? [latest]
      : body.includes('GROUP BY')
        ? [
            { key_0: '::ffff:192.0.2.1', bits: 750_000_000, packets: 90_000, flows: 12.5 },
            { key_0: '2001:db8::1', bits: 250_000_000, packets: 1_000, flows: 0.02 },
          ]
        : [{ bits: 1_000_000_000, packets: 91_000, flows: 100 }];
    response.end(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  });
  return server;
}

describe('weir top --once', () => {
  test('who talks most, with shares of all', async () => {
    const { url } = await talking();
    const io = capturedIo();
    expect(await run(topCommand(io), '--once', '--url', url)).toBeUndefined();
    const [head, sum, empty, titles, first, second] = io.out().split('\n');
    expect(head).toMatch(/^Top sources by bits, 60 s until \d\d:\d\d:\d\d$/);
    expect(sum).toBe('All together: 1 Gbit/s, 91 k packets/s, 100 flows/s');
    expect(empty).toBe('');
    expect(titles).toBe('#  SOURCE       BITS/S  PACKETS/S  FLOWS/S   SHARE');
    expect(first).toBe('1  192.0.2.1     750 M       90 k     12.5  75.0 %  ████████████');
    expect(second).toBe('2  2001:db8::1   250 M        1 k     0.02  25.0 %  ████');
  });

  test('multiplies by the sampling rate, in the window that ends with the latest flow', async () => {
    const { url, seen } = await talking({ until: UNTIL, since: UNTIL - 9, now: UNTIL });
    await run(
      topCommand(capturedIo()),
      '--once',
      '--url',
      url,
      '--where',
      'protocol = 17',
      '--order',
      'packets',
    );
    const asked = seen.find(({ body }) => body.includes('GROUP BY'))!;
    expect(asked.body).toContain('sum(bytes_in * greatest(sampling_rate, 1)) * 8 / {seconds:UInt32} AS bits');
    expect(asked.body).toContain('AND (protocol = 17)');
    expect(asked.body).toContain('ORDER BY packets DESC');
    expect(Object.fromEntries(asked.url.searchParams)).toMatchObject({
      param_until: String(UNTIL),
      param_seconds: '10',
    });
  });

  test('no flows at all says what to do', async () => {
    const { url } = await talking({ until: 0, since: 0, now: UNTIL });
    const io = capturedIo();
    await run(topCommand(io), '--once', '--url', url);
    expect(io.out()).toBe('No flows in the last 15 min. Does an exporter send? See: weir exporters\n');
  });

  test('a wrong window is told', async () => {
    expect(await run(topCommand(capturedIo()), '--window', 'soon')).toContain('Give a time from 1s to 24h');
  });
});

describe('the screen', () => {
  const question = { view: 'source', order: 'bits', seconds: 60, rows: 5, where: undefined } as const;
  const answer = {
    untilMs: UNTIL * 1000,
    ageMs: 240_000,
    seconds: 60,
    all: { bits: 8, packets: 1, flows: 1 },
    talkers: [{ bits: 8, packets: 1, flows: 1, key: ['2001:db8:1234:5678:9abc:def0:1234:5678'] }],
  };

  test.each([120, 80, 60, 40])('is no wider than %d cells', (width) => {
    for (const line of topLines(question, answer, width, (_, text) => text))
      expect(textWidth(line)).toBeLessThanOrEqual(width);
  });

  test('says when data is old', () => {
    expect(topLines(question, answer, 80, (_, text) => text)[2]).toBe('The latest flow came 4 min ago.');
  });
});

test('every view has a title for each text of its label', () => {
  for (const name of topViewNames) {
    const { keys, titles, label } = topViews[name];
    expect(label(keys.map(() => '1'))).toHaveLength(titles.length);
  }
});

test('names of services', () => {
  expect(serviceName(6, 443)).toBe('https (tcp/443)');
  expect(serviceName(17, 40_000)).toBe('udp/40000');
  expect(serviceName(1, 0)).toBe('icmp');
  expect(serviceName(200, 0)).toBe('protocol 200');
});

test('rates have three digits that count', () => {
  expect([0, 0.25, 999, 999.6, 1234, 56_789, 1e9, 1.5e15].map((value) => rateText(value, 'bit/s'))).toEqual([
    '0 bit/s',
    '0.25 bit/s',
    '999 bit/s',
    '1.00 kbit/s',
    '1.23 kbit/s',
    '56.8 kbit/s',
    '1 Gbit/s',
    '1.50 Pbit/s',
  ]);
});

test('bars', () => {
  expect([0, 0.5, 1, 2, 0.01].map((share) => bar(share, 8))).toEqual([
    '',
    '████',
    '████████',
    '████████',
    '▏',
  ]);
});
