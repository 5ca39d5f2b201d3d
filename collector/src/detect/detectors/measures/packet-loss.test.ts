import { describe, expect, it } from '@jest/globals';
import { deserialize, serialize } from 'node:v8';
import { parseFilter } from '@weir/core/filter';
import { WindowHistory } from '../../step.ts';
import { type Found, nothingUsual, runDetector } from '../../testing/run-detector.ts';
import type { Flow } from '../../windows/testing/flows.ts';
import { packetLoss } from './packet-loss.ts';
import { contacts, unanswered, windowNumber, windowsOf } from './testing/traffic.ts';

/** A habit of five minutes, so that tests are quick. */
const set = { learn_minutes: 5 };
const LEARNING_WINDOWS = 30;
const run = (windows: number, flowsOf: (window: number) => Flow[]): Found[] =>
  runDetector(packetLoss, windowsOf(windows, flowsOf), { set });
/** Twenty connections of twenty packets with so many sent again each. */
const again = (count: number, more: Partial<Flow> = {}): Flow[] =>
  contacts(20, { retransmissions: count, tcp_rtt_us: 20_000, ...more });

describe('packet loss', () => {
  it('is more than half of all packets sent again, whatever is usual', () => {
    const found = run(2, (w) => again(w === 0 ? 10 : 11));
    expect(found.map((f) => [windowNumber(f), f.entity, f.severity])).toEqual([[1, '10.0.0.2', 'high']]);
    expect(found[0]).toMatchObject({ value: 0.55, metric: 'retransmission_ratio', threshold: 0.5 });
    expect(parseFilter(found[0]!.flowFilter)).toMatchObject({ ok: true });
  });

  it('is critical from seventy in a hundred on', () => {
    expect(run(1, () => again(14))[0]!.severity).toBe('critical');
  });

  it('wants packets enough', () => {
    const few = (w: number): Flow[] => again(14, {}).slice(0, w === 0 ? 9 : 0);
    expect(run(1, few)).toEqual([]);
  });

  it('is a tenth where the habit is little, and goes on over a restart', () => {
    const windows = windowsOf(LEARNING_WINDOWS + 2, (w) =>
      again(w < LEARNING_WINDOWS ? (w % 5 === 0 ? 1 : 0) : 3),
    );
    const found = runDetector(packetLoss, windows, { set });
    expect(found.map((f) => [windowNumber(f), f.severity])).toEqual([]);
    const worse = windowsOf(LEARNING_WINDOWS + 2, (w) => again(w < LEARNING_WINDOWS ? 0 : 3));
    expect(
      runDetector(packetLoss, worse, { set }).map((f) => [windowNumber(f) - LEARNING_WINDOWS, f.severity]),
    ).toEqual([
      [0, 'medium'],
      [1, 'medium'],
    ]);
    const values = Object.fromEntries(Object.entries(packetLoss.parameters).map(([n, p]) => [n, p.default]));
    const [before, after] = [0, 1].map(() => packetLoss.start(() => ({ ...values, ...set }) as never));
    const history = new WindowHistory();
    for (const window of worse.slice(0, LEARNING_WINDOWS)) before!.learn!(history.step(window, false));
    after!.load!(deserialize(serialize(before!.save!())));
    const later: string[] = [];
    after!.detect(history.step(worse.at(-1)!, false), nothingUsual, (f) => later.push(f.entity));
    expect(later).toEqual(['10.0.0.2']);
  });

  it('is not a dead host that a monitoring server tries again and again', () => {
    const dead = { ...unanswered, packets_in: 4, bytes_in: 240, retransmissions: 3 };
    expect(run(3, () => contacts(100, { ...dead, source_ip: '10.0.0.9' }))).toEqual([]);
  });

  it('is a part of all TCP packets where exporters tell no round trips', () => {
    const one = (): Flow[] => [
      ...contacts(200),
      ...contacts(20, { source_port: 999, retransmissions: 12, packets_in: 10, packets_out: 0 }),
    ];
    expect(run(2, one)).toEqual([]);
  });

  it('of all behind an interface is the interface’s', () => {
    const found = run(1, () =>
      Array.from({ length: 8 }, (_, s) => again(12, { destination_ip: `10.0.0.${s}` })).flat(),
    );
    expect(found.map((f) => f.entity)).toEqual(['192.0.2.1 2 out']);
  });

  it('is what an interface drops against its habit, but not what it denies to a scan', () => {
    const dropping =
      (n: number) =>
      (w: number): Flow[] =>
        contacts(50, { dropped_packets: w < LEARNING_WINDOWS ? 0 : n });
    const found = run(LEARNING_WINDOWS + 1, dropping(3));
    expect(found.map((f) => f.metric)).toEqual(['dropped_ratio']);
    const scan = (w: number): Flow[] => [
      ...contacts(50),
      ...(w < LEARNING_WINDOWS ? [] : contacts(200, { ...unanswered, dropped_packets: 1 })),
    ];
    expect(run(LEARNING_WINDOWS + 1, scan)).toEqual([]);
  });
});
