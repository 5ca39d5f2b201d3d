import { describe, expect, it } from '@jest/globals';
import { parseFilter } from '@weir/core/filter';
import { runDetector, windowsOfFlows } from '../../testing/run-detector.ts';
import type { Flow } from '../../windows/testing/flows.ts';
import { lateralMovement } from './lateral-movement.ts';
import { runWithRestarts } from './testing/restart.ts';
import { type Conversation, NOON, connection, forms, probe, times } from './testing/traffic.ts';

const ATTACKER = '10.0.0.66';
const DAY = 86_400;

const run = (flows: readonly Flow[]): ReturnType<typeof runDetector> =>
  runDetector(lateralMovement, windowsOfFlows(flows));

describe.each(forms)('lateral movement, reported in %s', (form) => {
  const reach = (at: number, source: string, destination: string, more: Partial<Conversation> = {}): Flow[] =>
    connection(form, { at, source, destination, port: 22, bytes: 5000, packets: 30, ...more });
  /** A day of the usual: each client uses the file server, one the other. */
  const usual = times(24, (h) => [
    ...times(8, (i) => reach(h * 3600 + i * 20, `10.0.0.${80 + i}`, '10.1.0.1', { port: 445 })),
    ...reach(h * 3600 + 200, ATTACKER, '10.1.0.2'),
  ]);
  const attack = (n: number, more: (i: number) => Partial<Conversation> = () => ({}), every = 60): Flow[] =>
    times(n, (i) => reach(DAY + 60 + i * every, ATTACKER, `10.2.0.${i + 1}`, more(i)));

  it('is found at three hosts never reached before, not at two', () => {
    expect(run([...usual, ...attack(2)])).toEqual([]);
    const found = run([...usual, ...attack(3)]);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      type: 'lateral_movement',
      entity: ATTACKER,
      value: 3,
      threshold: 3,
      port: 22,
      technique: 'T1021.004',
      since: NOON + DAY + 60,
    });
    expect(parseFilter(found[0]!.flowFilter)).toMatchObject({ ok: true });
  });

  it('is found over several ports, and not where it takes hours', () => {
    const [found] = run([...usual, ...attack(3, (i) => ({ port: [445, 3389, 5985][i]! }))]);
    expect(found).toMatchObject({ technique: 'T1021' });
    expect(run([...usual, ...attack(5, () => ({}), 1800)])).toEqual([]);
  });

  it('is found where sampled, by connections alone', () => {
    const flows = attack(4, () => ({ samplingRate: 100, packets: 3, bytes: 500 }));
    const found = run([...usual, ...flows]);
    expect(found.at(-1)!.evidence.caveat).toContain('1:100');
  });

  it('goes on over a restart, with what was learnt', () => {
    const windows = windowsOfFlows([...usual, ...attack(4)]);
    const { found } = runWithRestarts(lateralMovement, windows, [NOON + 40_000, NOON + DAY + 100]);
    expect(found.map((f) => [f.at, f.value])).toEqual(
      runDetector(lateralMovement, windows).map((f) => [f.at, f.value]),
    );
    expect(found).toHaveLength(2);
  });

  it('is not: the first day, where all is new', () => {
    expect(run(attack(20).map((f) => ({ ...f, timestamp: Number(f.timestamp) - DAY })))).toEqual([]);
  });

  it('is not: hosts that it reached before, or that all use', () => {
    const before = times(6, (i) => reach(7000 + i * 60, ATTACKER, `10.2.0.${i + 1}`));
    expect(run([...usual, ...before, ...attack(6)])).toEqual([]);
    const servers = times(6, (s) =>
      times(5, (i) => reach(9000 + i, `10.0.0.${70 + i}`, `10.2.0.${s + 1}`, { port: 445 })),
    );
    expect(run([...usual, ...servers, ...attack(6, () => ({ port: 445 }))])).toEqual([]);
  });

  it('is not: a jump host or a deployment with many edges that gets some more', () => {
    const edges = times(50, (i) => reach(1000 + i * 10, ATTACKER, `10.3.0.${i + 1}`));
    expect(run([...usual, ...edges, ...attack(8)])).toEqual([]);
    expect(run([...usual, ...edges, ...attack(20, () => ({}), 20)]).length).toBeGreaterThan(0);
  });

  it('is not: one of many who go everywhere, so that new edges are nothing new', () => {
    const everywhere = times(200, (n) =>
      times(12, (i) => reach(DAY - 20_000 + n * 100 + i, `10.0.1.${i}`, `10.4.${i}.${n}`)),
    );
    expect(run([...usual, ...everywhere, ...attack(5)])).toEqual([]);
  });

  it('is not: a scan, hosts outside, other ports', () => {
    const scan = times(30, (i) =>
      probe(form, {
        at: DAY + 60 + i,
        source: ATTACKER,
        destination: `10.2.0.${i + 1}`,
        port: 22,
        refused: i % 2 === 0,
      }),
    );
    expect(run([...usual, ...scan])).toEqual([]);
    const outside = times(9, (i) => reach(DAY + 60 + i * 20, ATTACKER, `198.51.100.${i + 1}`));
    expect(run([...usual, ...outside, ...attack(9, () => ({ port: 443 }))])).toEqual([]);
  });
});
