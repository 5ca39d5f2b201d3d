import { describe, expect, it } from '@jest/globals';
import { parseFilter } from '@weir/core/filter';
import { runDetector, windowsOfFlows } from '../../testing/run-detector.ts';
import type { Flow } from '../../windows/testing/flows.ts';
import { runWithRestarts } from './testing/restart.ts';
import { type Conversation, NOON, connection, forms, times } from './testing/traffic.ts';
import { unexpectedConnection } from './unexpected-connection.ts';

const PRINTER = '10.0.0.40';
const HOUR = 3600;
const DAY = 86_400;

const run = (flows: readonly Flow[]): ReturnType<typeof runDetector> =>
  runDetector(unexpectedConnection, windowsOfFlows(flows));

describe.each(forms)('an unexpected connection, reported in %s', (form) => {
  const call = (at: number, destination: string, port: number, more: Partial<Conversation> = {}): Flow[] =>
    connection(form, { at, source: PRINTER, destination, port, ...more });
  /** So many days of a printer: names, time, mail within the house. */
  const usual = (days: number, source = PRINTER): Flow[] =>
    times(days * 8, (i) => [
      ...call(i * 3 * HOUR + 1, '10.1.0.1', 53, { protocol: 17, source }),
      ...call(i * 3 * HOUR + 2, '10.1.0.2', 123, { protocol: 17, source }),
      ...call(i * 3 * HOUR + 3, '10.1.0.3', 25, { source }),
    ]);

  it('to the outside, the first ever, is found once', () => {
    const found = run([
      ...usual(6),
      ...call(6 * DAY, '203.0.113.9', 443),
      ...call(6 * DAY + 60, '203.0.113.9', 443),
    ]);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      type: 'unexpected_connection',
      entity: `${PRINTER} → 203.0.113.9`,
      port: 443,
      severity: 'high',
    });
    expect(found[0]!.value).toBeCloseTo(6, 0);
    expect(parseFilter(found[0]!.flowFilter)).toMatchObject({ ok: true });
  });

  it('is not told of before a host is known for five days', () => {
    expect(run([...usual(4), ...call(4 * DAY, '203.0.113.9', 443)])).toEqual([]);
  });

  it('by a service that it never used is found; of an own host after longer', () => {
    const cloud = times(8, (i) => call(i * 20 * HOUR + 5, '198.51.100.1', 443));
    expect(run([...usual(7), ...cloud, ...call(7 * DAY, '203.0.113.9', 4444)])).toHaveLength(1);
    expect(run([...usual(7), ...call(7 * DAY, '10.2.0.9', 3389)])).toMatchObject([{ severity: 'low' }]);
    expect(run([...usual(5), ...call(5.1 * DAY, '10.2.0.9', 3389)])).toEqual([]);
  });

  it('is told with less certainty where sampled', () => {
    const [sampled] = run([...usual(6), ...call(6 * DAY, '203.0.113.9', 443, { samplingRate: 100 })]);
    expect(sampled!.evidence.caveat).toContain('1:100');
    expect(sampled!.score).toBeLessThan(run([...usual(6), ...call(6 * DAY, '203.0.113.9', 443)])[0]!.score);
  });

  it('is remembered over a restart', () => {
    const windows = windowsOfFlows([...usual(6), ...call(6 * DAY, '203.0.113.9', 443)]);
    const { found } = runWithRestarts(unexpectedConnection, windows, [NOON + 2 * DAY, NOON + 5.9 * DAY]);
    expect(found).toHaveLength(1);
  });

  it('is not: the web, names and time at another place, for who uses these outside', () => {
    const cloud = times(8, (i) => call(i * 20 * HOUR + 5, '198.51.100.1', 443));
    expect(run([...usual(7), ...cloud, ...call(7 * DAY, '203.0.113.9', 443)])).toEqual([]);
    expect(run([...usual(7), ...cloud, ...call(7 * DAY, '198.51.100.77', 443)])).toEqual([]);
    expect(run([...usual(7), ...call(7 * DAY, '10.2.0.1', 53, { protocol: 17 })])).toEqual([]);
  });

  it('is not: a workstation, a crawler, a NAT gateway, whose peers change', () => {
    const browsing = times(56, (i) => call(i * 3 * HOUR + 7, `198.51.${i}.1`, i % 5 === 0 ? 8000 + i : 443));
    expect(run([...usual(7), ...browsing, ...call(7 * DAY, '203.0.113.9', 4444)])).toEqual([]);
  });

  it('is not: a host that is seen seldom, so that little is known of it', () => {
    const seldom = times(7, (d) => call(d * DAY + 1, '10.1.0.1', 53, { protocol: 17 }));
    const hours = { active_hours: 5 };
    const flows = [...seldom, ...call(7 * DAY, '203.0.113.9', 443)];
    expect(runDetector(unexpectedConnection, windowsOfFlows(flows), { set: hours })).toEqual([]);
  });

  it('is not: a new server for all', () => {
    const printers = [1, 2, 3].map((i) => `10.0.0.${40 + i}`);
    const flows = printers.flatMap((source) => [
      ...usual(6, source),
      ...call(6 * DAY + 1, '203.0.113.9', 443, { source }),
    ]);
    expect(run(flows)).toEqual([]);
  });

  it('is not: discovery and multicast', () => {
    expect(
      run([
        ...usual(7),
        ...call(7 * DAY, '239.255.255.250', 4000, { protocol: 17 }),
        ...call(7 * DAY, '10.2.0.9', 5353, { protocol: 17 }),
      ]),
    ).toEqual([]);
  });
});

it('remembers not more hosts than there is room for', () => {
  const flows = times(20_000, (i) =>
    connection('biflows', {
      at: 1 + i / 500,
      source: `10.${i >> 14}.${(i >> 7) & 127}.${i & 127}`,
      destination: '198.51.100.1',
      port: 443,
    }),
  );
  const { running } = runWithRestarts(unexpectedConnection, windowsOfFlows(flows), []);
  expect(running.counts!().entities).toBeLessThanOrEqual(8192);
});
