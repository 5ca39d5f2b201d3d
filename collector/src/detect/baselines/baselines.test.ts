import { deserialize, serialize } from 'node:v8';
import { describe, expect, it } from '@jest/globals';
import type { WindowKind } from '@weir/core/windows';
import fc from 'fast-check';
import { type Step, WindowHistory } from '../step.ts';
import { windowsOfFlows } from '../testing/run-detector.ts';
import { type Flow, NOON } from '../windows/testing/flows.ts';
import { Baselines, type UsualValue } from './index.ts';
import { type TestKinds, type TestRow, windowOfRows } from './testing/windows-of-rows.ts';

/** A Monday, 00:00 UTC. */
const MONDAY = Date.UTC(2026, 0, 5) / 1000;
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
const WEEK = 7 * DAY;
const HOST = '10.0.0.1';

/** At least 0, below 1: the same in each run. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Windows that come one after the other, and what baselines make of them. */
class Watch {
  readonly baselines: Baselines;
  private history = new WindowHistory();
  private latest: Step | undefined;

  constructor(baselines = new Baselines()) {
    this.baselines = baselines;
  }

  window(start: number, kinds: TestKinds): Step {
    this.latest = this.history.step(windowOfRows(start, kinds), false);
    this.baselines.learn(this.latest);
    return this.latest;
  }

  /** A window at the beginning of each minute: its bytes are the minute's. */
  minutes(
    from: number,
    to: number,
    rows: (time: number) => readonly TestRow[],
    kind: WindowKind = 'source',
  ): void {
    for (let time = from; time < to; time += MINUTE) this.window(time, { [kind]: rows(time) });
  }

  /** The host's bytes per second, by time. One row that is written again and again, for tests of many weeks. */
  bytes(from: number, to: number, rate: (time: number) => number): void {
    const { kinds } = windowOfRows(from, { source: [{ ip: HOST }] });
    for (let time = from; time < to; time += MINUTE) {
      kinds.source.numbers.bytes[0] = Math.round(60 * rate(time));
      this.latest = this.history.step({ start: time, kinds }, false);
      this.baselines.learn(this.latest);
    }
  }

  usual(
    time: number,
    metric = 'bytes',
    row: TestRow = { ip: HOST },
    kind: WindowKind = 'source',
  ): UsualValue {
    const step = new WindowHistory().step(windowOfRows(time, { [kind]: [row] }), false);
    return this.baselines.of(step, kind, 0, metric);
  }
}

/** Busy by day, at weekends a tenth of it, and never quite the same. */
function officeRate(random: () => number): (time: number) => number {
  return (time) => {
    const hour = (time % DAY) / HOUR;
    const weekend = (time - MONDAY) % WEEK >= 5 * DAY;
    const day = 1000 + 99_000 * Math.max(0, Math.sin((Math.PI * (hour - 6)) / 14)) * (weekend ? 0.1 : 1);
    return day * (0.8 + 0.4 * random());
  };
}

describe('what is usual of an hour of the week', () => {
  it('is the median, deviation and percentiles of its minutes', () => {
    const watch = new Watch();
    // Each hour has the same sixty values, scaled by the hour, in an order of its own.
    const rate = (time: number): number =>
      (1 + (Math.floor(time / HOUR) % 24)) * (1000 + 10 * ((((time / MINUTE) % 60) * 7) % 60));
    watch.bytes(MONDAY, MONDAY + 3 * WEEK, rate);
    for (const hour of [0, 5, 13, 23, 24 * 6 + 4]) {
      const scale = 1 + ((Math.floor(MONDAY / HOUR) + hour) % 24);
      const usual = watch.usual(MONDAY + 5 * WEEK + hour * HOUR + 30 * MINUTE);
      expect(usual.learning).toBe(false);
      expect(usual.minutes).toBe(180);
      expect(usual.median / (1295 * scale)).toBeCloseTo(1, 2);
      expect(Math.abs(usual.spread / (1.4826 * 150 * scale) - 1)).toBeLessThan(0.05);
      expect(Math.abs(usual.high / (1584.1 * scale) - 1)).toBeLessThan(0.07);
      expect(Math.abs(usual.low / (1005.9 * scale) - 1)).toBeLessThan(0.07);
    }
  });

  it('follows the day, and tells weekends from weekdays', () => {
    const watch = new Watch();
    const rate = officeRate(chance(1));
    watch.bytes(MONDAY, MONDAY + 4 * WEEK, rate);
    const steady = officeRate(() => 0.5);
    for (let hour = 0; hour < 168; hour += 5) {
      const time = MONDAY + 4 * WEEK + hour * HOUR + 30 * MINUTE;
      const right = steady(time);
      const usual = watch.usual(time);
      expect(Math.abs(usual.median / right - 1)).toBeLessThan(0.15);
      expect(usual.low).toBeLessThan(right);
      expect(usual.high).toBeGreaterThan(right);
      expect(usual.high).toBeLessThan(3 * right);
    }
  });

  it('is that of like days as long as its own hour is not known', () => {
    const watch = new Watch();
    const steady = officeRate(() => 0.5);
    watch.bytes(MONDAY, MONDAY + 4 * DAY, officeRate(chance(2)));
    const friday = MONDAY + 4 * DAY + 13.5 * HOUR;
    expect(Math.abs(watch.usual(friday).median / steady(friday) - 1)).toBeLessThan(0.2);
    expect(watch.usual(friday).high).toBeLessThan(2 * steady(friday));
    const night = MONDAY + 4 * DAY + 2.5 * HOUR;
    expect(watch.usual(night).high).toBeLessThan(2 * steady(night));
    // Of a weekend nothing is known: it may be as any day or night was.
    const saturday = watch.usual(MONDAY + 5 * DAY + 13.5 * HOUR);
    expect(saturday.low).toBeLessThan(steady(night));
    expect(saturday.high).toBeGreaterThan(0.8 * steady(friday));
  });

  it('is wider, the less is known', () => {
    const watch = new Watch();
    const reach: number[] = [];
    for (const to of [1, 12, 24, 4 * 24, 4 * 7 * 24]) {
      const from = [0, 1, 12, 24, 4 * 24][reach.length]!;
      watch.bytes(MONDAY + from * HOUR, MONDAY + to * HOUR, (t) => 900 + ((t / 60) % 7) * 30);
      const usual = watch.usual(MONDAY + 5 * WEEK + 30 * MINUTE);
      expect(usual.learning).toBe(false);
      reach.push(usual.high - usual.low);
    }
    expect(reach[0]).toBeGreaterThan(1.2 * reach.at(-1)!);
    for (let i = 1; i < reach.length; i++) expect(reach[i]).toBeLessThanOrEqual(reach[i - 1]! * 1.1);
  });
});

describe('low and high', () => {
  /** Of four weeks, the shares of the fifth's minutes below and above, in percent. */
  const outside = (rate: (time: number) => number): { below: number; above: number } => {
    const watch = new Watch();
    watch.bytes(MONDAY, MONDAY + 4 * WEEK, rate);
    let below = 0;
    let above = 0;
    let minutes = 0;
    for (let time = MONDAY + 4 * WEEK; time < MONDAY + 5 * WEEK; time += HOUR) {
      const { low, high } = watch.usual(time + 30 * MINUTE);
      for (let m = 0; m < 60; m++, minutes++) {
        const value = Math.round(60 * rate(time + m * MINUTE)) / 60;
        if (value < low) below++;
        else if (value > high) above++;
      }
    }
    return { below: (100 * below) / minutes, above: (100 * above) / minutes };
  };
  const normal = (random: () => number): number =>
    Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());

  it('have about a hundredth of the minutes outside each, of traffic that comes in bursts', () => {
    const random = chance(12);
    const { below, above } = outside(() => 1e5 * Math.exp(normal(random)));
    expect(below).toBeLessThan(2.5);
    expect(above).toBeLessThan(2.5);
    expect(above).toBeGreaterThan(0.2);
  });

  it('have no more outside, of a host that keeps no hours', () => {
    const random = chance(13);
    // Rises and falls by itself over some twenty minutes.
    let level = 0;
    const wandering = outside(() => 1e5 * Math.exp((level = 0.95 * level + 0.31 * normal(random))));
    expect(wandering.below).toBeLessThan(3);
    expect(wandering.above).toBeLessThan(3);
    // On for an hour or so, off for another.
    let on = false;
    const switching = outside(() => {
      if (random() < 0.02) on = !on;
      return on ? 1e5 * Math.exp(0.5 * normal(random)) : 0;
    });
    expect(switching.below).toBe(0);
    expect(switching.above).toBeLessThan(3);
  });

  it('know that of a few events a minute there may be none', () => {
    const random = chance(14);
    const few = outside(() => Array.from({ length: 20 }, random).filter((p) => p < 0.1).length / 60);
    expect(few.below).toBe(0);
    expect(few.above).toBeLessThan(3);
  });
});

describe('what is not usual', () => {
  const weeks = 4;
  let saved: unknown;
  const known = (): Watch => {
    const watch = new Watch();
    if (saved === undefined) {
      watch.bytes(MONDAY, MONDAY + weeks * WEEK, officeRate(chance(3)));
      saved = watch.baselines.save();
    } else watch.baselines.load(saved);
    return watch;
  };

  it('does not become so by an attack of ten minutes, an hour, a day', () => {
    const start = MONDAY + weeks * WEEK + DAY;
    const time = start + WEEK + 13.5 * HOUR;
    for (const [from, to] of [
      [start + 13.3 * HOUR, start + 13.5 * HOUR],
      [start + 13 * HOUR, start + 14 * HOUR],
      [start, start + DAY],
    ] as const) {
      const watch = known();
      const before = watch.usual(time);
      const rate = officeRate(chance(4));
      watch.bytes(start - DAY, start + 3 * DAY, (t) => (t >= from && t < to ? 50_000_000 : rate(t)));
      const after = watch.usual(time);
      expect(Math.abs(after.median / before.median - 1)).toBeLessThan(0.1);
      expect(after.high).toBeLessThan(1.35 * before.high);
      expect(after.spread).toBeLessThan(2 * before.spread);
    }
  });

  it('does not become so by single minutes, save where they come again', () => {
    const watch = known();
    const start = MONDAY + weeks * WEEK;
    const before = watch.usual(start + WEEK + 13.5 * HOUR).high;
    const rate = officeRate(chance(5));
    watch.bytes(start, start + WEEK, (t) => (t === start + 13 * HOUR + 300 ? 50_000_000 : rate(t)));
    expect(watch.usual(start + WEEK + 13.5 * HOUR).high).toBeLessThan(1.35 * before);
    // Each night at the same minute a job, from the first day on.
    const nightly = new Watch();
    const job = (t: number): number =>
      (t % DAY) / MINUTE === 125 ? 5_000_000 : 1000 + ((t / MINUTE) % 10) * 10;
    nightly.bytes(MONDAY, MONDAY + 3 * WEEK, job);
    expect(nightly.usual(MONDAY + 3 * WEEK + 2.5 * HOUR).high).toBeGreaterThan(100_000);
    expect(nightly.usual(MONDAY + 3 * WEEK + 4.5 * HOUR).high).toBeLessThan(2000);
  });

  it('is not learnt in the first hours either, where it comes when little is known', () => {
    const watch = new Watch();
    const attacked = (from: number, to: number) => (t: number) =>
      t >= from && t < to ? 1_000_000 : 1000 + (t % 420);
    const start = MONDAY + 10 * HOUR + 20 * MINUTE;
    watch.bytes(start, start + HOUR + 5 * MINUTE, attacked(start + HOUR, start + 2 * HOUR));
    const during = watch.usual(start + HOUR + 5 * MINUTE);
    expect(during.learning).toBe(false);
    expect(during.high).toBeLessThan(10_000);
    watch.bytes(start + HOUR + 5 * MINUTE, start + 3 * HOUR, attacked(0, start + HOUR + 10 * MINUTE));
    expect(watch.usual(start + 3 * HOUR).high).toBeLessThan(10_000);
  });

  it('becomes so where it lasts: in a working week, at weekends in two', () => {
    const watch = known();
    const start = MONDAY + weeks * WEEK + 2 * DAY;
    const rate = officeRate(chance(6));
    const weekday = 13.5 * HOUR;
    const old = watch.usual(start + weekday).median;
    const learnt = (time: number): number => watch.usual(time + weekday).median / old;
    watch.bytes(start, start + 3 * DAY, (t) => 4 * rate(t));
    expect(learnt(start + WEEK)).toBeCloseTo(1, 0);
    watch.bytes(start + 3 * DAY, start + WEEK, (t) => 4 * rate(t));
    expect(learnt(start + WEEK)).toBeGreaterThan(3.3);
    expect(learnt(start + WEEK + DAY)).toBeGreaterThan(3.3);
    const saturday = start + 2 * WEEK + 3 * DAY;
    watch.bytes(start + WEEK, start + 2 * WEEK, (t) => 4 * rate(t));
    const weekend = officeRate(() => 0.5)(saturday + weekday);
    expect(watch.usual(saturday + weekday).median / weekend).toBeGreaterThan(3);
    expect(watch.usual(saturday + weekday).median / weekend).toBeLessThan(5);
  });
});

describe('who is new', () => {
  it('is being learnt for 45 minutes from when a place was given', () => {
    const watch = new Watch();
    expect(watch.usual(MONDAY)).toEqual({
      median: 0,
      spread: 0,
      high: 0,
      low: 0,
      minutes: 0,
      learning: true,
    });
    watch.bytes(MONDAY, MONDAY + 30 * MINUTE, () => 1000);
    expect(watch.usual(MONDAY + 30 * MINUTE)).toMatchObject({ learning: true });
    expect(watch.baselines.counts()).toMatchObject({ entities: 1, learning: 1 });
    watch.bytes(MONDAY + 30 * MINUTE, MONDAY + 50 * MINUTE, () => 1000);
    const usual = watch.usual(MONDAY + 50 * MINUTE);
    expect(usual).toMatchObject({ learning: false, minutes: 46 });
    expect(usual.median).toBeCloseTo(1000, 0);
    expect(usual.spread).toBeGreaterThan(250);
    expect(watch.baselines.counts()).toMatchObject({ entities: 1, learning: 0 });
    expect(watch.usual(MONDAY + 50 * MINUTE, 'bytes', { ip: '10.0.0.2' }).learning).toBe(true);
    expect(watch.usual(MONDAY + 50 * MINUTE, 'bytes', { ip: HOST, tenant: 'other' }).learning).toBe(true);
  });

  it('is not learnt where it is the row of all that did not fit', () => {
    const watch = new Watch();
    watch.minutes(MONDAY, MONDAY + 2 * HOUR, () => [{ ip: '::', rest: 1, bytes: 1e9 }]);
    expect(watch.baselines.counts()).toMatchObject({ entities: 0, folded: 0 });
    expect(watch.usual(MONDAY + 2 * HOUR, 'bytes', { ip: '::', rest: 1 }).learning).toBe(true);
  });

  it('finds no place where there are 2^32 of them, once each', () => {
    const watch = new Watch(new Baselines({ entities: { source: 50 } }));
    const hosts = Array.from({ length: 50 }, (_, i) => `10.0.0.${i}`);
    const regular = hosts.map((ip) => ({ ip, bytes: 60_000, internal: 1 }));
    watch.minutes(MONDAY, MONDAY + 2 * HOUR, () => regular);
    const random = chance(7);
    const before = watch.baselines.counts();
    watch.minutes(MONDAY + 2 * HOUR, MONDAY + 3 * HOUR, () => [
      ...regular,
      ...Array.from({ length: 500 }, () => ({
        ip: Array.from({ length: 4 }, () => Math.floor(random() * 256)).join('.'),
        bytes: 1e9,
      })),
    ]);
    const after = watch.baselines.counts();
    expect(after.entities).toBe(50);
    expect(after.bytes).toBe(before.bytes);
    expect(after.folded).toBeGreaterThan(10_000);
    for (const ip of hosts) {
      const usual = watch.usual(MONDAY + 3 * HOUR, 'bytes', { ip });
      expect(usual.learning).toBe(false);
      expect(usual.median).toBeCloseTo(1000, 0);
    }
  });

  it('takes the place of who has gone, not of who is there', () => {
    const watch = new Watch(new Baselines({ entities: { source: 2 } }));
    const one = { ip: '192.0.2.1', bytes: 6000 };
    const gone = { ip: '192.0.2.2', bytes: 6000 };
    const late = { ip: '192.0.2.3', bytes: 6000 };
    watch.minutes(MONDAY, MONDAY + HOUR, () => [one, gone]);
    watch.minutes(MONDAY + HOUR, MONDAY + 1.9 * HOUR, () => [one, late]);
    expect(watch.usual(MONDAY + 2 * HOUR, 'bytes', late).minutes).toBe(0);
    watch.minutes(MONDAY + 1.9 * HOUR, MONDAY + 3 * HOUR, () => [one, late]);
    expect(watch.usual(MONDAY + 3 * HOUR, 'bytes', late)).toMatchObject({ learning: false });
    expect(watch.usual(MONDAY + 3 * HOUR, 'bytes', one)).toMatchObject({ learning: false });
    expect(watch.usual(MONDAY + 3 * HOUR, 'bytes', gone).minutes).toBe(0);
  });

  it('has a right to a place as an own host before others', () => {
    const watch = new Watch(new Baselines({ entities: { source: 1 } }));
    watch.minutes(MONDAY, MONDAY + 20 * MINUTE, () => [{ ip: '192.0.2.1', bytes: 6000 }]);
    watch.minutes(MONDAY + 20 * MINUTE, MONDAY + 2 * HOUR, () => [
      { ip: '192.0.2.1', bytes: 6000 },
      { ip: HOST, bytes: 6000, internal: 1 },
    ]);
    expect(watch.usual(MONDAY + 2 * HOUR)).toMatchObject({ learning: false });
  });

  it('is forgotten after four weeks away', () => {
    const watch = new Watch();
    watch.bytes(MONDAY, MONDAY + HOUR, () => 1000);
    for (let t = MONDAY + HOUR; t < MONDAY + 4 * WEEK + 3 * HOUR; t += 3 * MINUTE) watch.window(t, {});
    expect(watch.baselines.counts().entities).toBe(0);
  });
});

describe('minutes', () => {
  it('are zero for who is known and not there, and unknown where nobody was there', () => {
    const some = new Watch();
    some.minutes(MONDAY, MONDAY + 2 * HOUR, (t) =>
      t < MONDAY + HOUR ? [{ ip: HOST, bytes: 60_000 }] : [{ ip: '10.9.9.9', bytes: 600 }],
    );
    some.window(MONDAY + 2 * HOUR, {});
    expect(some.usual(MONDAY + 1.5 * HOUR)).toMatchObject({ low: 0, minutes: 117 });

    const nobody = new Watch();
    nobody.bytes(MONDAY, MONDAY + HOUR, () => 1000);
    nobody.bytes(MONDAY + 10 * DAY, MONDAY + 10 * DAY + HOUR, () => 1000);
    // Three minutes until it had a place; the last before the gap may have been cut, the last of all is not over.
    const usual = nobody.usual(MONDAY + 10 * DAY + HOUR);
    expect(usual.minutes).toBe(56 + 59);
    expect(usual.low).toBeGreaterThan(800);
    expect(usual.median).toBeCloseTo(1000, 0);
  });

  it('are zero where windows are absent for two or three of them only', () => {
    const watch = new Watch();
    for (let m = 0; m < 180; m += 3)
      watch.window(MONDAY + m * MINUTE, { source: [{ ip: HOST, bytes: 60_000 }] });
    expect(watch.usual(MONDAY + 3 * HOUR)).toMatchObject({ median: 0, low: 0, learning: false });
  });

  it('are unknown where they were not watched from beginning to end', () => {
    const watch = new Watch();
    const times: number[] = [];
    // From the middle of a minute on, with a gap of five minutes that begins and ends in the middle of one.
    for (let t = MONDAY + 30; t < MONDAY + HOUR; t += 10)
      if (t < MONDAY + 1830 || t >= MONDAY + 2130) times.push(t);
    for (const t of times) watch.window(t, { source: [{ ip: HOST, bytes: 10_000 }] });
    watch.window(MONDAY + HOUR, { source: [] });
    // Three minutes until it had a place; of the gap four whole ones and two halves.
    expect(watch.usual(MONDAY + HOUR)).toMatchObject({ minutes: 60 - 3 - 6, learning: false });
    expect(watch.usual(MONDAY + HOUR).low).toBeGreaterThan(500);
  });

  it('count distinct values over their six windows, as `now` does', () => {
    const watch = new Watch();
    let step: Step | undefined;
    for (let t = MONDAY; t < MONDAY + HOUR; t += 10) {
      const base = (t / 10) % 6;
      step = watch.window(t, {
        source: [{ ip: HOST, distinct: { contacts: [base * 2 ** 28, base * 2 ** 28 + 1, 7], ports: [443] } }],
      });
    }
    expect(watch.baselines.now(step!, 'source', 0, 'contacts')).toBe(13);
    expect(watch.usual(MONDAY + HOUR, 'contacts').median).toBeCloseTo(13, 0);
    expect(watch.usual(MONDAY + HOUR, 'ports').median).toBeCloseTo(1, 1);
  });

  it('have a round-trip time only where it was measured often enough', () => {
    const watch = new Watch();
    const rows = (time: number): TestRow[] => [
      {
        ip: HOST,
        rtt_sum_us: time % 120 === 0 ? 20_000 * 10 : 900_000 * 2,
        rtt_records: time % 120 === 0 ? 10 : 2,
      },
    ];
    watch.minutes(MONDAY, MONDAY + 3 * HOUR, rows, 'destination');
    const usual = watch.usual(MONDAY + 3 * HOUR, 'rtt', { ip: HOST }, 'destination');
    expect(usual.learning).toBe(false);
    expect(usual.median / 20_000).toBeCloseTo(1, 2);
    expect(usual.low).toBeGreaterThan(10_000);
    const step = watch.window(MONDAY + 4 * HOUR, { destination: rows(60) });
    expect(watch.baselines.now(step, 'destination', 0, 'rtt')).toBeNaN();
    const measured = watch.window(MONDAY + 4 * HOUR + 10, { destination: rows(0) });
    expect(watch.baselines.now(measured, 'destination', 0, 'rtt')).toBeCloseTo((200_000 + 1_800_000) / 12, 6);
  });

  it('share the bytes of flows that are reported every half hour, instead of having a spike each', () => {
    const watch = new Watch();
    const rate = 1_000_000;
    let most = 0;
    let sum = 0;
    for (let t = MONDAY; t < MONDAY + 6 * HOUR; t += 10) {
      const reported = t % 1800 === 1790;
      const row = reported
        ? { ip: HOST, bytes: rate * 1800, bytes_before: rate * 1790, longest_ms: 1_800_000 }
        : { ip: HOST, bytes: 0 };
      const step = watch.window(t, { source: [row] });
      if (t < MONDAY + 2 * HOUR) continue;
      const now = watch.baselines.now(step, 'source', 0, 'bytes');
      most = Math.max(most, now);
      sum += now / (4 * 360);
    }
    expect(most).toBeLessThan(3 * rate);
    expect(sum / rate).toBeGreaterThan(0.85);
    expect(sum / rate).toBeLessThan(1.15);
    const usual = watch.usual(MONDAY + 5 * WEEK);
    expect(usual.median / rate).toBeGreaterThan(0.5);
    expect(usual.high / rate).toBeLessThan(4);
  });

  it('have all of a flow of a minute at once', () => {
    const watch = new Watch();
    const step = watch.window(MONDAY, {
      source: [{ ip: HOST, bytes: 6_000_000, bytes_before: 5_000_000, longest_ms: 60_000 }],
    });
    expect(watch.baselines.now(step, 'source', 0, 'bytes')).toBe(100_000);
  });
});

describe('real windows', () => {
  it('are learnt, of every kind, and an attack stands out', () => {
    const flows: Flow[] = [];
    const flow = (second: number, more: Partial<Flow> = {}): Flow => ({
      timestamp: NOON + second,
      source_ip: '10.0.0.1',
      destination_ip: '198.51.100.7',
      source_port: 50_000,
      destination_port: 443,
      protocol: 6,
      tcp_flags: 0x1b,
      bytes_in: 10_000,
      packets_in: 10,
      collector_ip: '192.0.2.1',
      input_interface: 3,
      tcp_rtt_us: 20_000,
      ...more,
    });
    for (let second = 0; second < HOUR; second += 10) flows.push(flow(second));
    for (let second = HOUR; second < HOUR + MINUTE; second += 10)
      flows.push(flow(second, { bytes_in: 1_000_000 }));
    const history = new WindowHistory();
    const baselines = new Baselines();
    let step: Step | undefined;
    for (const window of windowsOfFlows(flows)) baselines.learn((step = history.step(window, false)));
    for (const kind of ['source', 'destination', 'interface', 'service', 'tenant', 'prefix'] as const) {
      const usual = baselines.of(step!, kind, 0, 'bytes');
      expect(usual).toMatchObject({ learning: false });
      expect(usual.median).toBeCloseTo(1000, 0);
      expect(baselines.now(step!, kind, 0, 'bytes')).toBe(100_000);
    }
    expect(baselines.of(step!, 'source', 0, 'outbound_bytes').median).toBeCloseTo(1000, 0);
    expect(baselines.of(step!, 'tenant', 0, 'sources').median).toBeCloseTo(1, 1);
    expect(baselines.of(step!, 'interface', 0, 'rtt').median / 20_000).toBeCloseTo(1, 2);
    expect(baselines.now(step!, 'service', 0, 'rtt')).toBe(20_000);
  });
});

describe('what was saved', () => {
  const row = (random: () => number, ip: string): TestRow => ({
    ip,
    tenant: 'acme',
    bytes: Math.floor(random() * 1e6),
    bytes_before: 1000,
    longest_ms: 600_000,
    packets: 10,
    flows: 3,
    distinct: { contacts: Array.from({ length: 40 }, () => Math.floor(random() * 2 ** 32)).slice(0, 32) },
  });
  const feed = (watch: Watch, seed: number, from: number, to: number): void => {
    const random = chance(seed);
    for (let t = from; t < to; t += 10)
      watch.window(t, {
        source: ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((ip) => row(random, ip)),
        service: [
          { tenant: 'acme', application: t % 20 === 0 ? 'ssh' : 'dns', port: 22, bytes: 100, flows: 1 },
        ],
      });
  };
  const answers = (watch: Watch, time: number): UsualValue[] =>
    ['10.0.0.1', '10.0.0.2', '10.0.0.3']
      .flatMap((ip) =>
        ['bytes', 'packets', 'contacts'].map((m) => watch.usual(time, m, { ip, tenant: 'acme' })),
      )
      .concat(
        ['ssh', 'dns'].map((application) =>
          watch.usual(time, 'bytes', { tenant: 'acme', application, port: 22 }, 'service'),
        ),
      );

  it('gives the same answers, and goes on the same, with names numbered anew', () => {
    const whole = new Watch();
    // In the middle of a minute, just after an hour's end.
    const cut = MONDAY + 2 * HOUR + 25;
    feed(whole, 8, MONDAY, cut);
    const again = new Watch();
    again.minutes(MONDAY, MONDAY + HOUR, () => [{ ip: '10.1.1.1', tenant: 'zeta', bytes: 5 }]);
    again.baselines.load(deserialize(serialize(whole.baselines.save())));
    expect(again.baselines.counts()).toEqual(whole.baselines.counts());
    const time = MONDAY + WEEK + 2.5 * HOUR;
    expect(answers(again, time)).toEqual(answers(whole, time));
    expect(answers(whole, time).every((a) => !a.learning)).toBe(true);
    for (const watch of [whole, again]) feed(watch, 9, cut + 5, MONDAY + 5 * HOUR);
    expect(answers(again, time)).toEqual(answers(whole, time));
    expect(serialize(again.baselines.save()).equals(serialize(whole.baselines.save()))).toBe(true);
  });

  it('is small where few entities are known', () => {
    const watch = new Watch();
    feed(watch, 10, MONDAY, MONDAY + HOUR);
    expect(serialize(watch.baselines.save()).length).toBeLessThan(1_500_000);
  });

  it('is ignored where it is of another version, and its kinds where they are of another form', () => {
    const watch = new Watch();
    watch.bytes(MONDAY, MONDAY + HOUR, () => 1000);
    const whole = watch.baselines.save() as { minute: number; kinds: { source: object } };
    const { source } = whole.kinds;
    const broken = [
      { ...whole, kinds: { source: {} } },
      { ...whole, kinds: { source: { ...source, saved: undefined } } },
      { ...whole, kinds: { source: { ...source, saved: { entities: 5, store: {} } } } },
      { ...whole, kinds: { source: { ...source, metrics: ['bytes'] } } },
    ];
    for (const saved of [undefined, null, 7, 'text', {}, { ...whole, version: 2 }, { ...whole, kinds: null }])
      watch.baselines.load(saved);
    expect(watch.usual(MONDAY + HOUR).learning).toBe(false);
    for (const saved of broken) {
      watch.baselines.load(saved);
      expect(watch.usual(MONDAY + HOUR).learning).toBe(true);
    }
    watch.bytes(MONDAY + HOUR, MONDAY + 2 * HOUR, () => 1000);
    expect(watch.usual(MONDAY + 2 * HOUR).learning).toBe(false);
  });

  it('leaves out those with the least right to a place where there is less room', () => {
    const watch = new Watch();
    watch.minutes(MONDAY, MONDAY + HOUR, (t) => [
      { ip: HOST, bytes: 600 },
      ...(t < MONDAY + 0.5 * HOUR ? [{ ip: '10.0.0.2', bytes: 600 }] : []),
    ]);
    const smaller = new Watch(new Baselines({ entities: { source: 1 } }));
    smaller.baselines.load(watch.baselines.save());
    expect(smaller.baselines.counts().entities).toBe(1);
    expect(smaller.usual(MONDAY + HOUR)).toEqual(watch.usual(MONDAY + HOUR));
  });
});

describe('rows of a window', () => {
  it('may come in any order', () => {
    const host = fc.record({
      ip: fc.integer({ min: 0, max: 30 }).map((i) => `10.0.0.${i}`),
      bytes: fc.integer({ min: 0, max: 1e9 }),
      internal: fc.constantFrom(0, 1),
      contacts: fc.uniqueArray(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { maxLength: 32 }),
    });
    const window = fc.uniqueArray(host, { selector: ({ ip }) => ip, maxLength: 30 });
    fc.assert(
      fc.property(
        fc.array(window, { minLength: 4, maxLength: 12 }),
        fc.infiniteStream(fc.nat()),
        (windows, order) => {
          const limits = { entities: { source: 4 } };
          const [straight, shuffled] = [new Watch(new Baselines(limits)), new Watch(new Baselines(limits))];
          for (let n = 0; n < 24; n++) {
            const rows = windows[n % windows.length]!.map(({ contacts, ...row }) => ({
              ...row,
              distinct: { contacts },
            }));
            const other = rows
              .map((row) => ({ row, at: order.next().value! }))
              .sort((a, b) => a.at - b.at)
              .map(({ row }) => row);
            straight.window(MONDAY + n * 30, { source: rows });
            shuffled.window(MONDAY + n * 30, { source: other });
          }
          expect(shuffled.baselines.counts()).toEqual(straight.baselines.counts());
          for (let i = 0; i <= 30; i++) {
            const row = { ip: `10.0.0.${i}` };
            expect(shuffled.usual(MONDAY + HOUR, 'contacts', row)).toEqual(
              straight.usual(MONDAY + HOUR, 'contacts', row),
            );
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('who asks', () => {
  it('is told which metrics there are', () => {
    const watch = new Watch();
    expect(() => watch.usual(MONDAY, 'byts')).toThrow(
      /no usual `byts` of the kind source: it has bytes, packets/,
    );
    expect(() => watch.usual(MONDAY, 'bytes', {}, 'pair')).toThrow(/no usual of the kind pair: of source, /);
  });
});
