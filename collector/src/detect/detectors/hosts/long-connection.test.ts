import { describe, expect, it } from '@jest/globals';
import { parseFilter } from '@weir/core/filter';
import { runDetector, windowsOfFlows } from '../../testing/run-detector.ts';
import type { Flow } from '../../windows/testing/flows.ts';
import { longConnection } from './long-connection.ts';
import { runWithRestarts } from './testing/restart.ts';
import { type Conversation, NOON, connection, forms, times } from './testing/traffic.ts';

const HOST = '10.0.0.66';
const OTHER = '203.0.113.66';
const HOUR = 3600;
const DAY = 86_400;

const run = (flows: readonly Flow[]): ReturnType<typeof runDetector> =>
  runDetector(longConnection, windowsOfFlows(flows));

describe.each(forms)('a long connection, reported in %s', (form) => {
  /** One record of so many seconds that ended at a time. */
  const flow = (end: number, seconds: number, more: Partial<Conversation> = {}): Flow[] =>
    connection(form, {
      at: end,
      source: HOST,
      destination: OTHER,
      port: 4444,
      sourcePort: 50_000,
      durationMs: seconds * 1000,
      bytes: 20_000,
      packets: 200,
      ...more,
    });
  /** A connection that an exporter cuts into pieces. */
  const pieces = (from: number, seconds: number, timeout: number, more: Partial<Conversation> = {}): Flow[] =>
    times(Math.floor(seconds / timeout), (i) => flow(from + (i + 1) * timeout - 0.5, timeout - 1, more));
  /** The first day: so that something is learnt. */
  const first = (): Flow[] =>
    times(13, (i) => flow(i * 2 * HOUR + 30, 25, { destination: '198.51.100.1', port: 443 }));
  const START = DAY + HOUR;

  it('is found over 1,500 s, not at 1,500', () => {
    expect(run([...first(), ...flow(START + 1500, 1500)])).toEqual([]);
    const found = run([...first(), ...flow(START + 1501, 1501)]);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      type: 'long_connection',
      entity: `${HOST} → ${OTHER}:4444/tcp`,
      value: 1501,
      threshold: 1500,
      severity: 'medium',
      since: NOON + START,
    });
    expect(parseFilter(found[0]!.flowFilter)).toMatchObject({ ok: true });
  });

  it.each([60, 300, 1800])('is found from pieces of %s s', (timeout) => {
    const found = run([...first(), ...pieces(START, 2 * HOUR, timeout)]);
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]!.value).toBeGreaterThan(1500);
    expect(found[0]!.value).toBeLessThan(1500 + 2 * timeout);
    expect(found.at(-1)!.value).toBeGreaterThan(2 * HOUR - 2 * timeout);
    expect(run([...first(), ...pieces(START, 1400, Math.min(700, timeout))])).toEqual([]);
  });

  it('is found where records keep the first start', () => {
    const growing = times(30, (i) => flow(START + (i + 1) * 60, (i + 1) * 60));
    const found = run([...first(), ...growing]);
    expect(found.map((f) => f.value)).toEqual([1560, 1620, 1680, 1740, 1800]);
  });

  it('is found at 1:100, with less certainty', () => {
    const found = run([...first(), ...flow(START + 3000, 3000, { samplingRate: 100 })]);
    expect(found[0]!.evidence.caveat).toContain('1:100');
    expect(found[0]!.score).toBeLessThan(run([...first(), ...flow(START + 3000, 3000)])[0]!.score);
  });

  it('goes on over a restart', () => {
    const windows = windowsOfFlows([...first(), ...pieces(START, 2400, 60)]);
    const { found } = runWithRestarts(longConnection, windows, [NOON + 5 * HOUR, NOON + START + 900]);
    expect(found.map((f) => f.value)).toEqual(runDetector(longConnection, windows).map((f) => f.value));
    expect(found.length).toBeGreaterThan(5);
  });

  it('is not: anything of the first day, or that began in it', () => {
    expect(run(pieces(HOUR, 3 * HOUR, 300))).toEqual([]);
    expect(run([...first(), ...pieces(22 * HOUR, 8 * HOUR, 300)])).toEqual([]);
  });

  it('is not: what is usual for the pair, twice as long for it is', () => {
    const usual = flow(5 * HOUR, HOUR);
    expect(run([...first(), ...usual, ...flow(START + 2 * HOUR, 2 * HOUR)])).toEqual([]);
    expect(run([...first(), ...usual, ...flow(START + 2 * HOUR + 60, 2 * HOUR + 10)])).toMatchObject([
      { baseline: HOUR, threshold: 2 * HOUR },
    ]);
  });

  it('is not: usual for the service, or for the port', () => {
    const colleague = flow(5 * HOUR, HOUR, { source: '10.0.0.67' });
    expect(run([...first(), ...colleague, ...flow(START + 2 * HOUR, 7000)])).toEqual([]);
    const sessions = times(3, (i) =>
      flow((5 + i) * HOUR, HOUR, { source: `10.0.0.${i}`, destination: `203.0.114.${i}` }),
    );
    expect(run([...first(), ...sessions, ...flow(START + 2 * HOUR, 7000)])).toEqual([]);
  });

  it('is not: a telephone call among calls, each on a port of its own', () => {
    const call = (at: number, seconds: number, n: number): Flow[] =>
      flow(at + seconds, seconds, {
        source: `10.0.1.${n}`,
        destination: `10.0.2.${n}`,
        port: 16_384 + 202 * n,
        sourcePort: 16_500 + 202 * n,
        protocol: 17,
      });
    const calls = times(6, (i) => call(i * 2 * HOUR + 30, 1000 + 100 * i, i + 1));
    expect(run([...first(), ...calls, ...call(START, 2600, 20)])).toEqual([]);
    expect(run([...first(), ...call(START, 2600, 20)])).not.toEqual([]);
  });

  it('is not: a link that is made anew each day: replication, a VPN, BGP', () => {
    const night = flow(10 * HOUR, 9 * HOUR, { port: 5432, destination: '10.1.0.5' });
    expect(
      run([
        ...first(),
        ...night,
        ...flow(START + 23 * HOUR, 23 * HOUR - 60, { port: 5432, destination: '10.1.0.5' }),
      ]),
    ).toEqual([]);
    for (const [port, protocol] of [
      [179, 6],
      [51_820, 17],
    ] as const)
      expect(run([...first(), ...flow(START + 3000, 3000, { port, protocol, sourcePort: 51_820 })])).toEqual(
        [],
      );
  });

  it('is not: many connections one after the other, or at the same time', () => {
    const short = times(200, (i) => flow(START + i * 20, 30, { sourcePort: 40_000 + i }));
    expect(run([...first(), ...short])).toEqual([]);
    const polls = times(60, (i) => flow(START + i * 90, 25, { sourcePort: 40_000 + i }));
    expect(run([...first(), ...polls])).toEqual([]);
  });
});
