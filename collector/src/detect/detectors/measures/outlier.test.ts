import { describe, expect, it } from '@jest/globals';
import { deserialize, serialize } from 'node:v8';
import { parseFilter } from '@weir/core/filter';
import type { ClosedWindow } from '@weir/core/windows';
import type { Finding, RunningDetector } from '../../detector.ts';
import { WindowHistory } from '../../step.ts';
import { nothingUsual, runDetector } from '../../testing/run-detector.ts';
import type { Flow } from '../../windows/testing/flows.ts';
import { outlier } from './outlier.ts';
import { contacts, unanswered, windowNumber, windowsOf } from './testing/traffic.ts';

/** Six minutes of learning instead of a day. */
const set = { learn_hours: 0.1 };
const LEARNT = 72;
const HOSTS = 30;

/** Thirty hosts, each with its own size and a little otherwise every time; the first is a resolver. */
const office = (w: number): Flow[] =>
  Array.from({ length: HOSTS }, (_, h) => {
    const wobble = 1 + ((h * 31 + w * 17) % 10) / 10;
    if (h === 0)
      return contacts(40, { source_ip: '10.2.0.0', destination_port: 53, protocol: 17, tcp_flags: 0 }).map(
        (f, i) => ({
          ...f,
          destination_ip: `198.51.100.${(i + w) % 60}`,
        }),
      );
    return contacts(1 + ((h + w) % 3), {
      source_ip: `10.2.0.${h}`,
      destination_ip: `198.51.100.${h}`,
      bytes_in: Math.round(3000 * (1 + h) * wobble),
      packets_in: Math.round(20 * wobble),
    });
  }).flat();
const learning = windowsOf(LEARNT, office);
const values = Object.fromEntries(Object.entries(outlier.parameters).map(([n, p]) => [n, p.default]));
const started = (): RunningDetector => outlier.start(() => ({ ...values, ...set }) as never);

/** What is remembered after these. */
function learntOf(windows: readonly ClosedWindow[]): Uint8Array {
  const running = started();
  const history = new WindowHistory();
  for (const window of windows) running.learn!(history.step(window, false));
  return serialize(running.save!());
}

type Found = Finding & { readonly at: number };

function detected(running: RunningDetector, windows: readonly ClosedWindow[]): Found[] {
  const history = new WindowHistory();
  const found: Found[] = [];
  for (const window of windows) {
    const step = history.step(window, false);
    running.detect(step, nothingUsual, (f) => found.push({ ...f, at: step.start }));
    running.learn!(step);
  }
  return found;
}

const state = learntOf(learning);
const after = (flowsOf: (w: number) => Flow[], windows = 4): Found[] => {
  const running = started();
  running.load!(deserialize(state));
  return detected(
    running,
    windowsOf(windows, (w) => [...office(w), ...flowsOf(w)], LEARNT),
  );
};

/** Much to many, which a host has never done. */
const strange = (host: number): Flow[] =>
  contacts(120, { source_ip: `10.2.0.${host}`, bytes_in: 2e6, packets_in: 2000 }).map((f, i) => ({
    ...f,
    destination_ip: `203.0.113.${i}`,
    destination_port: 1000 + i,
  }));

/** The same, and all else that a host can do. */
const wild = (host: number): Flow[] => [
  ...strange(host),
  ...[1, 47].flatMap((protocol) =>
    contacts(5, {
      source_ip: `10.2.0.${host}`,
      protocol,
      source_port: 0,
      destination_port: 0,
      packets_in: 30_000,
    }),
  ),
  ...contacts(200, {
    source_ip: `10.2.0.${host}`,
    protocol: 17,
    destination_port: 53,
    packets_in: 1000,
    tcp_flags: 0,
  }),
  ...contacts(200, { ...unanswered, source_ip: `10.2.0.${host}`, destination_port: 22 }).map((f, i) => ({
    ...f,
    destination_ip: `10.77.0.${i}`,
  })),
];

describe('an outlier', () => {
  it('does several things that it never did, and is told what they are', () => {
    const found = after(() => strange(5));
    expect(found.map((f) => [windowNumber(f) - LEARNT, f.entity])).toEqual([
      [1, '10.2.0.5'],
      [2, '10.2.0.5'],
      [3, '10.2.0.5'],
    ]);
    const [first] = found;
    expect(first!.severity).toBe('medium');
    expect(first!.value).toBeGreaterThan(first!.threshold);
    expect(first!.description).toMatch(/usual .*at most/);
    expect(first!.evidence.measures!.map((m) => m.name)).toContain('bytes sent');
    expect(first!.evidence.contributors).toHaveLength(5);
    expect(parseFilter(first!.flowFilter)).toMatchObject({ ok: true });
  });

  it('is none in the office itself', () => {
    expect(after(() => [], 20)).toEqual([]);
  });

  it('is not the resolver, nor what is less than a host ever did', () => {
    const busy = (): Flow[] =>
      contacts(20, { source_ip: '10.2.0.0', destination_port: 53, protocol: 17, tcp_flags: 0 });
    expect(after(busy)).toEqual([]);
  });

  it('is not a host of others', () => {
    const other = (): Flow[] => strange(5).map((f) => ({ ...f, source_ip: '203.0.113.200' }));
    expect(after(other)).toEqual([]);
  });

  it('is not many at once', () => {
    expect(after(() => [3, 4, 5, 6, 7].flatMap(strange))).toEqual([]);
  });

  it('is not a single window', () => {
    expect(after((w) => (w === LEARNT ? strange(5) : []), 1)).toEqual([]);
  });

  it('is not told before the network is learnt, nor of a new host', () => {
    const early = windowsOf(40, (w) => [...office(w), ...(w < 30 ? [] : strange(5))]);
    expect(runDetector(outlier, early, { set })).toEqual([]);
    const fresh = (): Flow[] => strange(5).map((f) => ({ ...f, source_ip: '10.2.9.9' }));
    expect(after(fresh)).toEqual([]);
  });

  it('must stand out more than any in the last seven days', () => {
    const tomorrow = windowsOf(4, (w) => [...office(w), ...strange(5).slice(0, 40)], 8640);
    const run = (before: readonly ClosedWindow[]): string[] => {
      const running = started();
      running.load!(deserialize(state));
      detected(running, before);
      return detected(running, tomorrow).map((f) => f.entity);
    };
    expect(new Set(run([]))).toEqual(new Set(['10.2.0.5']));
    expect(run(windowsOf(8, (w) => [...office(w), ...wild(9)], LEARNT))).toEqual([]);
  });

  it('is the same over a restart, and where it is run as the engine does', () => {
    const later = windowsOf(2, (w) => [...office(w), ...strange(5)], LEARNT);
    const whole = runDetector(outlier, [...learning, ...later], { set });
    expect(whole).toHaveLength(1);
    const again = started();
    again.load!(deserialize(state));
    // The minute before is there again when windows are.
    const [found] = detected(again, later);
    expect(found!.entity).toBe(whole[0]!.entity);
    expect(found!.value).toBeCloseTo(whole[0]!.value, 2);
  });

  it('takes no state of another form', () => {
    for (const wrong of [undefined, 5, {}, { version: 2 }]) {
      const running = started();
      running.load!(wrong);
      expect(running.counts!()).toEqual({ entities: 0, learning: 0 });
    }
  });

  it('wants what is unanswered as well', () => {
    const scan = (): Flow[] =>
      contacts(250, { ...unanswered, source_ip: '10.2.0.6' }).map((f, i) => ({
        ...f,
        destination_ip: `10.77.0.${i}`,
      }));
    const [first] = after(scan);
    expect(first!.evidence.measures!.map((m) => m.name)).toContain('hosts not reached');
  });
});
