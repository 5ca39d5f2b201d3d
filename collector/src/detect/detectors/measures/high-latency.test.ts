import { describe, expect, it } from '@jest/globals';
import { parseFilter } from '@weir/core/filter';
import { Baselines } from '../../baselines/index.ts';
import { WindowHistory } from '../../step.ts';
import { type Found, runDetector } from '../../testing/run-detector.ts';
import type { Flow } from '../../windows/testing/flows.ts';
import { highLatency } from './high-latency.ts';
import { type FixedUsual, fixedUsual } from './testing/fixed-usual.ts';
import { contacts, windowNumber, windowsOf } from './testing/traffic.ts';

const usually: FixedUsual = { 'destination 10.0.0.2 rtt': { median: 20_000, spread: 1000, high: 24_000 } };
const run = (windows: number, flowsOf: (window: number) => Flow[], usual = usually): Found[] =>
  runDetector(highLatency, windowsOf(windows, flowsOf), { usual: fixedUsual(usual) });
const rtt = (us: number, count = 40, more: Partial<Flow> = {}): Flow[] =>
  contacts(count, { tcp_rtt_us: us, ...more });

describe('high latency', () => {
  it('is twice the usual, in the first window', () => {
    const found = run(3, (w) => rtt(w < 2 ? 20_000 : 200_000));
    expect(found.map((f) => [windowNumber(f), f.entity])).toEqual([[2, '10.0.0.2']]);
    expect(found[0]).toMatchObject({
      type: 'high_latency',
      severity: 'high',
      destination: '10.0.0.2',
      metric: 'rtt_us',
      value: 200_000,
      baseline: 20_000,
      threshold: 40_000,
      title: 'Round trips of 10.0.0.2 take 200 ms, 10.0 times as long as usual',
    });
    expect(parseFilter(found[0]!.flowFilter)).toMatchObject({ ok: true });
  });

  it('fires just above twice the usual, at once where there are measurements enough, and not just below', () => {
    expect(run(1, () => rtt(40_500, 250)).map(windowNumber)).toEqual([0]);
    expect(run(5, () => rtt(40_500)).map(windowNumber)).toEqual([3, 4]);
    expect(run(3, () => rtt(90_000)).map(windowNumber)).toEqual([1, 2]);
    expect(run(6, () => rtt(39_900))).toEqual([]);
  });

  it('says nothing where twice as long is nothing, or nothing is known yet', () => {
    const fast = { 'destination 10.0.0.2 rtt': { median: 300 } };
    expect(run(3, () => rtt(9000), fast)).toEqual([]);
    expect(run(4, () => rtt(10_400), fast)).not.toEqual([]);
    expect(run(3, () => rtt(500_000), {})).toEqual([]);
  });

  it('wants measurements enough', () => {
    expect(run(3, () => rtt(300_000, 6))).toEqual([]);
    expect(run(4, () => rtt(300_000, 6)).map(windowNumber)).toEqual([3]);
  });

  it('is not a handshake whose packet was lost', () => {
    expect(run(3, (w) => [...rtt(20_000, 20), ...(w === 1 ? rtt(3_020_000, 1) : [])])).toEqual([]);
    expect(run(3, (w) => [...rtt(20_000, 20), ...(w > 0 ? rtt(1_020_000, 1) : [])])).toEqual([]);
  });

  it('is not a client that talks to somewhere else', () => {
    const answers = rtt(300_000, 40, {
      source_ip: '198.51.100.9',
      source_port: 443,
      destination_ip: '10.0.0.2',
      destination_port: 50_000,
      packets_out: 0,
      bytes_out: 0,
    });
    expect(run(3, () => answers)).toEqual([]);
  });

  it('is not what scatters always', () => {
    expect(run(3, () => rtt(90_000), { 'destination * rtt': { median: 40_000, spread: 20_000 } })).toEqual(
      [],
    );
    expect(run(3, () => rtt(90_000), { 'destination * rtt': { median: 40_000, high: 100_000 } })).toEqual([]);
  });

  const all: FixedUsual = {
    'destination * rtt': { median: 20_000 },
    'interface * rtt': { median: 20_000 },
    'service * rtt': { median: 20_000 },
  };
  const servers = (
    slow: (server: number) => boolean,
    more: (server: number) => Partial<Flow> = () => ({}),
  ): Flow[] =>
    Array.from({ length: 8 }, (_, s) =>
      rtt(slow(s) ? 300_000 : 20_000, 40, { destination_ip: `10.0.0.${s}`, ...more(s) }),
    ).flat();

  it('of a server that makes its interface slow is that server’s', () => {
    const found = run(1, () => servers((s) => s === 3), all);
    expect(found.map((f) => f.entity)).toEqual(['10.0.0.3']);
  });

  it('of all behind an interface is the interface’s, the way out', () => {
    const found = run(1, () => servers(() => true), all);
    expect(found.map((f) => f.entity)).toEqual(['192.0.2.1 2 out']);
    expect(parseFilter(found[0]!.flowFilter)).toMatchObject({ ok: true });
  });

  it('of one service on many servers is the service’s', () => {
    const found = run(
      1,
      () =>
        servers(
          (s) => s < 5,
          (s) => ({ destination_port: s < 5 ? 5432 : 443 }),
        ),
      all,
    );
    expect(found.map((f) => f.entity)).toEqual(['6/5432']);
  });

  it('is held against real baselines, and clients of near and far are usual', () => {
    const baselines = new Baselines();
    const history = new WindowHistory();
    const wobble = (w: number): number => 18_000 + ((w * 7) % 5) * 1000;
    const running = highLatency.start(() => ({
      multiple: 2,
      least_increase_us: 10_000,
      least_measurements: 20,
    }));
    const found: [number, string][] = [];
    const windows = windowsOf(300, (w) => rtt(w < 298 ? wobble(w) : 200_000, 30));
    windows.forEach((window, w) => {
      const step = history.step(window, false);
      running.detect(step, baselines, (f) => found.push([w, f.entity]));
      baselines.learn(step);
    });
    expect(found).toEqual([
      [298, '10.0.0.2'],
      [299, '10.0.0.2'],
    ]);
  });
});
