import { describe, expect, it } from '@jest/globals';
import { deserialize, serialize } from 'node:v8';
import { parseFilter } from '@weir/core/filter';
import { WindowHistory } from '../../step.ts';
import { type Found, nothingUsual, runDetector } from '../../testing/run-detector.ts';
import type { Flow } from '../../windows/testing/flows.ts';
import { errorRate } from './error-rate.ts';
import { fixedUsual } from './testing/fixed-usual.ts';
import { contacts, unanswered, windowNumber, windowsAlways, windowsOf } from './testing/traffic.ts';

/** A habit of five minutes, so that tests are quick. */
const set = { learn_minutes: 5 };
const LEARNT = 34;
/** A server that is learnt, then what comes. */
const after = (windows: number, flowsOf: () => Flow[], before = contacts(20)): Found[] =>
  runDetector(errorRate, [...windowsAlways(LEARNT, before), ...windowsOf(windows, flowsOf, LEARNT)], { set });
const since = (found: Found): number => windowNumber(found) - LEARNT;
const failing = (failed: number, of = 20, more: Partial<Flow> = {}): Flow[] => [
  ...contacts(of - failed, more),
  ...contacts(failed, { ...unanswered, ...more }),
];

describe('the error rate', () => {
  it('is seen in the first window of an outage', () => {
    const found = after(2, () => failing(20));
    expect(found.map((f) => [since(f), f.entity])).toEqual([
      [0, '10.0.0.2'],
      [1, '10.0.0.2'],
    ]);
    expect(found[0]).toMatchObject({
      type: 'error_rate',
      severity: 'high',
      value: 1,
      destination: '10.0.0.2',
    });
    expect(parseFilter(found[0]!.flowFilter)).toMatchObject({ ok: true });
  });

  it('is a twentieth of a minute’s contacts, and not less', () => {
    // 3 of 40 in each window: the fifth makes it 15 of 240 in a minute.
    const found = after(6, () => failing(3, 40), contacts(40));
    expect(found.map(since)).toEqual([4, 5]);
    expect(found.at(-1)!.severity).toBe('low');
    expect(after(6, () => failing(2, 40), contacts(40))).toEqual([]);
  });

  it('is not that of a monitoring check that fails always', () => {
    expect(after(6, () => failing(10), failing(10))).toEqual([]);
    expect(after(3, () => failing(20), failing(20))).toEqual([]);
  });

  it('says nothing of what it does not know yet', () => {
    expect(
      runDetector(
        errorRate,
        windowsOf(20, (w) => (w < 10 ? contacts(20) : failing(20))),
      ),
    ).toEqual([]);
  });

  it('is not a scan’s, of the host or its interface', () => {
    const vertical = (): Flow[] => [
      ...contacts(20),
      ...contacts(300, { ...unanswered, source_ip: '10.9.9.9' }).map((f, i) => ({
        ...f,
        destination_port: i + 1,
      })),
    ];
    expect(after(6, vertical)).toEqual([]);
    const horizontal = (): Flow[] => [
      ...contacts(20),
      ...contacts(250, { ...unanswered, source_ip: '198.51.100.5' }).map((f, i) => ({
        ...f,
        destination_ip: `10.0.0.${i}`,
      })),
    ];
    expect(after(6, horizontal)).toEqual([]);
  });

  it('is not that of a scan which was over in a second, while the minute still holds it', () => {
    const scan = contacts(100, { ...unanswered, source_ip: '10.9.9.9' }).map((f, i) => ({
      ...f,
      destination_port: i + 1,
    }));
    const windows = [
      ...windowsAlways(LEARNT, contacts(20)),
      ...windowsOf(7, (w) => [...contacts(20), ...(w === LEARNT ? scan : [])], LEARNT),
    ];
    expect(runDetector(errorRate, windows, { set })).toEqual([]);
  });

  it('is seen while somebody scans', () => {
    const both = (): Flow[] => [
      ...failing(20),
      ...contacts(100, { ...unanswered, source_ip: '198.51.100.5' }).map((f, i) => ({
        ...f,
        destination_ip: `10.0.7.${i}`,
      })),
    ];
    expect(after(1, both).map((f) => f.entity)).toContain('10.0.0.2');
  });

  it('is not a flood’s', () => {
    const windows = [
      ...windowsAlways(LEARNT, contacts(20)),
      ...windowsOf(1, () => failing(400, 420), LEARNT),
    ];
    const flows = { median: 2, high: 3, now: 42 };
    const usual = fixedUsual({
      'destination * flows': flows,
      'interface * flows': flows,
      'service * flows': flows,
    });
    expect(runDetector(errorRate, windows, { set, usual })).toEqual([]);
    expect(runDetector(errorRate, windows, { set })).not.toEqual([]);
  });

  it('is the firewall’s where flows are denied', () => {
    const found = after(1, () => contacts(20, { firewall_event: 3 }));
    expect(found[0]!.title).toBe('100 % of the contacts to 10.0.0.2 are dropped');
  });

  it('does not take the SYNs that sampling picks for failures', () => {
    const sampledFlows = (): Flow[] => failing(4, 20, { sampling_rate: 1000 });
    expect(after(6, sampledFlows, sampledFlows())).toEqual([]);
  });

  it('keeps its habits over a restart', () => {
    const values = Object.fromEntries(Object.entries(errorRate.parameters).map(([n, p]) => [n, p.default]));
    const [before, again] = [0, 1].map(() => errorRate.start(() => ({ ...values, ...set }) as never));
    const windows = [...windowsAlways(LEARNT, contacts(20)), ...windowsOf(2, () => failing(20), LEARNT)];
    const history = new WindowHistory();
    for (const window of windows.slice(0, -2)) before!.learn!(history.step(window, false));
    again!.load!(deserialize(serialize(before!.save!())));
    const found: string[] = [];
    again!.detect(history.step(windows.at(-1)!, false), nothingUsual, (f) => found.push(f.entity));
    expect(found).toEqual(['10.0.0.2']);
  });
});
