import { describe, expect, it } from '@jest/globals';
import type { ClosedWindow } from '@weir/core/windows';
import { type Run, nothingUsual, runDetector, windowsOfFlows } from '../../testing/run-detector.ts';
import { WindowHistory } from '../../step.ts';
import { type Flow, NOON } from '../../windows/testing/flows.ts';
import type { Finding, Values } from '../../detector.ts';
import { steady, usually } from './testing/fake-usual.ts';
import { filterProblem } from './testing/filter-problem.ts';
import { trafficDrop } from './traffic-drop.ts';

const EDGE = '192.0.2.1';
const CORE = '192.0.2.2';

/** A flow by an interface of an exporter, of a service. */
function by(exporter: string, input: number, port: number, bytes: number, at: number): Flow {
  return {
    timestamp: NOON + at,
    collector_ip: exporter,
    input_interface: input,
    output_interface: 9,
    source_ip: '198.18.0.1',
    destination_ip: '10.0.0.1',
    source_port: 50_000,
    destination_port: port,
    protocol: 6,
    tcp_flags: 0x1b,
    packets_in: 1_000,
    bytes_in: bytes,
  };
}

/**
 * A day and ten minutes, told of each minute: 200 kB/s by line 1, as much by line 2, 1 MB/s by a second exporter. Then lines that are no
 * level: 4 falls at this hour each day, 5 is falling since an hour, 6 comes and goes, 7 is next to nothing.
 */
const minutes = 24 * 60 + 10;
const MINUTE_BYTES = 12_000_000;
const before = windowsOfFlows(
  Array.from({ length: minutes }, (_, m) => {
    const at = 60 * m + 5;
    return [
      by(EDGE, 1, 443, MINUTE_BYTES, at),
      by(EDGE, 2, 25, MINUTE_BYTES, at),
      by(CORE, 3, 80, 5 * MINUTE_BYTES, at),
      by(EDGE, 4, 8004, m % 1_440 < 120 ? 0.05 * MINUTE_BYTES : MINUTE_BYTES, at),
      by(EDGE, 5, 8005, m > 1_370 ? 0.1 * MINUTE_BYTES : MINUTE_BYTES, at),
      by(EDGE, 6, 8006, m % 5 === 0 ? 5 * MINUTE_BYTES : 1_000, at),
      by(EDGE, 7, 8007, 0.4 * MINUTE_BYTES, at),
    ];
  }).flat(),
);
const END = minutes * 60;

/** Two minutes of windows, of the lines as told. */
function after(lines: Readonly<Record<number, number>>, exporters = [EDGE, CORE]): ClosedWindow[] {
  const flows: Flow[] = [];
  for (let at = END; at < END + 120; at += 10) {
    if (exporters.includes(EDGE)) {
      if (lines[1] !== undefined) flows.push(by(EDGE, 1, 443, lines[1] * 10, at));
      if (lines[2] !== undefined) flows.push(by(EDGE, 2, 25, lines[2] * 10, at));
    }
    if (exporters.includes(CORE)) flows.push(by(CORE, 3, 80, (lines[3] ?? 1_000_000) * 10, at));
  }
  return windowsOfFlows(flows);
}

const find = (windows: ClosedWindow[], run?: Run) => runDetector(trafficDrop, windows, run);

describe('a traffic drop', () => {
  it('is a line that carries a fifth or less for a minute, told once', () => {
    const found = find([...before, ...after({ 1: 40_000, 2: 200_000 })]);
    expect(found[0]).toMatchObject({
      entity: '192.0.2.1 1 in',
      exporter: EDGE,
      interface: 1,
      at: NOON + END + 50,
      severity: 'medium',
    });
    expect(found[0]!.value).toBeCloseTo(40_000);
    expect(found[0]!.baseline).toBeCloseTo(200_000);
    expect(new Set(found.map((f) => f.entity)).size).toBe(1);
    expect(filterProblem(found[0]!.flowFilter)).toBeUndefined();
    expect(find([...before, ...after({ 1: 41_000, 2: 200_000 })])).toEqual([]);
  });

  it('is a line that is gone altogether', () => {
    const found = find([...before, ...after({ 2: 200_000 })]);
    expect(found.map((f) => f.entity)).toContain('192.0.2.1 1 in');
    expect(found.at(-1)!.title).toContain('carries nothing any more; 200 kB/s are expected');
  });

  it('is known after a restart', () => {
    const values = (): Values<typeof trafficDrop.parameters> =>
      Object.fromEntries(
        Object.entries(trafficDrop.parameters).map(([name, { default: value }]) => [name, value]),
      ) as Values<typeof trafficDrop.parameters>;
    const first = trafficDrop.start(values);
    const history = new WindowHistory();
    for (const window of before) first.learn!(history.step(window, false));
    const second = trafficDrop.start(values);
    second.load!(structuredClone(first.save!()));
    expect(second.counts!().entities).toBe(first.counts!().entities);
    const found: Finding[] = [];
    const next = new WindowHistory();
    for (const window of after({ 2: 200_000 })) {
      const step = next.step(window, false);
      second.detect(step, nothingUsual, (finding) => found.push(finding));
      second.learn!(step);
    }
    expect(found.map((f) => f.entity)).toContain('192.0.2.1 1 in');
    second.load!('of another version');
  });
});

describe('what is no drop', () => {
  it('an exporter that is silent: of its lines, and of what it shares with others, nothing is said', () => {
    expect(find([...before, ...after({}, [CORE])])).toEqual([]);
  });

  it('the night, the end of a day, what comes and goes, what is next to nothing: none of them shows any more', () => {
    expect(find([...before, ...after({ 1: 200_000, 2: 200_000 })])).toEqual([]);
  });

  it('what is known for less than a day', () => {
    expect(find([...before.slice(200), ...after({ 1: 0, 2: 200_000 })])).toEqual([]);
  });

  it('what is usual at this hour of the week', () => {
    const usual = usually((kind) => (kind === 'tenant' ? undefined : steady(150_000)));
    expect(find([...before, ...after({ 1: 35_000, 2: 200_000 })], { usual })).toEqual([]);
  });
});
