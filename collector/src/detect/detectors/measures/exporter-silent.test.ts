import { describe, expect, it } from '@jest/globals';
import { deserialize, serialize } from 'node:v8';
import { parseFilter } from '@weir/core/filter';
import type { ClosedWindow } from '@weir/core/windows';
import type { Finding, RunningDetector } from '../../detector.ts';
import { WindowHistory } from '../../step.ts';
import { nothingUsual, runDetector, windowsOfFlows } from '../../testing/run-detector.ts';
import { type Flow, NOON } from '../../windows/testing/flows.ts';
import { exporterSilent } from './exporter-silent.ts';

/** Half an hour of learning, so that tests need not run for days. */
const LEARN = 60;
const set = { learn_windows: LEARN };

/** A record of an exporter in each of the windows given by number. */
function sending(exporter: number, windows: Iterable<number>): Flow[] {
  return [...windows].map((window) => ({
    timestamp: NOON + 10 * window + 1,
    collector_ip: `192.0.2.${exporter}`,
    input_interface: 1,
    source_ip: '10.0.0.1',
    destination_ip: '10.0.0.2',
    protocol: 6,
    bytes_in: 100,
    packets_in: 1,
  }));
}
function* range(from: number, to: number, step = 1): Iterable<number> {
  for (let i = from; i < to; i += step) yield i;
}
const at = (found: { at: number }): number => (found.at - NOON) / 10;
const run = (flows: readonly Flow[], more: Record<string, number> = {}): ReturnType<typeof runDetector> =>
  runDetector(exporterSilent, windowsOfFlows(flows), { set: { ...set, ...more } });

describe('an exporter that falls silent', () => {
  it('is missed after two minutes, until it sends again', () => {
    const found = run([
      ...sending(1, range(0, 140)),
      ...sending(2, range(0, 80)),
      ...sending(2, range(120, 140)),
    ]);
    expect(found.map(at)).toEqual([...range(91, 120)]);
    expect(found[0]).toMatchObject({
      type: 'exporter_silent',
      entity: '192.0.2.2',
      exporter: '192.0.2.2',
      severity: 'high',
      title: 'Exporter 192.0.2.2 has sent nothing for 2 min',
      value: 120,
      baseline: 10,
      threshold: 120,
      since: NOON + 800,
    });
    expect(parseFilter(found[0]!.flowFilter)).toMatchObject({ ok: true });
    expect(new Set(found.map((f) => f.entity)).size).toBe(1);
  });

  it('is not missed one window earlier', () => {
    expect(run([...sending(1, range(0, 91)), ...sending(2, range(0, 80))])).toEqual([]);
    expect(run([...sending(1, range(0, 92)), ...sending(2, range(0, 80))])).toHaveLength(1);
  });

  it('is not missed where little is known of it', () => {
    expect(run([...sending(1, range(0, 200)), ...sending(2, range(0, LEARN - 1))])).toEqual([]);
    expect(run([...sending(1, range(0, 200)), ...sending(2, range(0, LEARN))])).not.toEqual([]);
  });

  it('has its own habit of pauses', () => {
    // Once in five minutes, as a small office's switch at night: missed after fifteen.
    const found = run([...sending(1, range(0, 692)), ...sending(2, range(0, 601, 30))], {
      learn_windows: 20,
    });
    expect(found.map(at)).toEqual([690, 691]);
    expect(found[0]).toMatchObject({ baseline: 300, threshold: 900 });
  });

  it('is not missed at night where it was silent on two nights before', () => {
    const day = 8640;
    const nights = [0, 1, 2].flatMap((d) => [...range(d * day, d * day + 300)]);
    const windows = [...sending(1, range(0, 360)), ...sending(2, nights)];
    // The other exporter sends around the end of each day and a while into each night.
    for (const d of [1, 2]) windows.push(...sending(1, range(d * day - 60, d * day + 360)));
    const sparse = windows.sort((a, b) => Number(a.timestamp) - Number(b.timestamp));
    const found = run(sparse).filter((f) => f.entity === '192.0.2.2');
    const nightsFound = new Set(found.map((f) => Math.floor(at(f) / day)));
    expect(nightsFound.has(0)).toBe(true);
    expect(nightsFound.has(2)).toBe(false);
  });

  it('is not blamed for the time that the collector was away', () => {
    const both = (from: number, to: number): Flow[] => [
      ...sending(1, range(from, to)),
      ...sending(2, range(from, to)),
    ];
    expect(run([...both(0, 100), ...both(1000, 1100)])).toEqual([]);
    // Away for long, and one does not come back: missed two minutes after the collector did.
    const found = run([...both(0, 100), ...sending(1, range(1000, 1020))]);
    expect(at(found[0]!)).toBe(1011);
  });

  it('is one anomaly where all fall silent together', () => {
    const empty = windowsOfFlows(sending(1, [0])).map((w) => w)[0]!;
    const flows = [1, 2, 3, 4].flatMap((e) => sending(e, range(0, 100)));
    const windows = windowsOfFlows(flows);
    const nothing = (n: number): ClosedWindow => emptied(empty, NOON + 10 * n);
    const found = runDetector(exporterSilent, [...windows, ...Array.from(range(100, 115), nothing)], { set });
    expect(new Set(found.map((f) => f.entity))).toEqual(new Set(['all exporters']));
    expect(found[0]).toMatchObject({ severity: 'critical', value: 120 });
  });

  it('goes on being missed over a restart', () => {
    const windows = windowsOfFlows([...sending(1, range(0, 110)), ...sending(2, range(0, 80))]);
    const later = windowsOfFlows(sending(1, range(200, 203)));
    const before = started();
    replay(before, windows);
    const after = started();
    after.load!(deserialize(serialize(before.save!())));
    const found = replay(after, later);
    expect(found.map((f) => f.entity)).toEqual(['192.0.2.2', '192.0.2.2', '192.0.2.2']);
    expect(found[0]!.since).toBe(NOON + 800);
  });

  it('takes no state of another form', () => {
    const running = started();
    for (const saved of [undefined, null, 3, {}, { version: 2 }, { version: 1, end: 1, exporters: 5 }])
      running.load!(saved ?? undefined);
    expect(running.counts!()).toEqual({ entities: 0, learning: 0 });
  });
});

function started(): RunningDetector {
  const values = Object.fromEntries(
    Object.entries(exporterSilent.parameters).map(([name, p]) => [name, p.default]),
  );
  return exporterSilent.start(() => ({ ...values, ...set }) as never);
}

function replay(running: RunningDetector, windows: readonly ClosedWindow[]): Finding[] {
  const history = new WindowHistory();
  const found: Finding[] = [];
  for (const window of windows) {
    const step = history.step(window, false);
    running.detect(step, nothingUsual, (f) => found.push(f));
    running.learn!(step);
  }
  return found;
}

function emptied(window: ClosedWindow, start: number): ClosedWindow {
  const kinds = Object.fromEntries(
    Object.entries(window.kinds).map(([kind, rows]) => [kind, { ...rows, rows: 0 }]),
  ) as unknown as ClosedWindow['kinds'];
  return { start, kinds };
}
