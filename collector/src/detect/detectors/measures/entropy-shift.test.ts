import { describe, expect, it } from '@jest/globals';
import { deserialize, serialize } from 'node:v8';
import { parseFilter } from '@weir/core/filter';
import { WindowHistory } from '../../step.ts';
import { type Found, nothingUsual, runDetector } from '../../testing/run-detector.ts';
import type { Flow } from '../../windows/testing/flows.ts';
import { entropyShift } from './entropy-shift.ts';
import { contacts, unanswered, windowNumber, windowsOf } from './testing/traffic.ts';

const set = { learn_minutes: 5 };
const LEARNT = 32;
/** An office: sixty clients, forty servers, a little otherwise in each window. */
const office = (w: number): Flow[] =>
  contacts(120).map((flow, i) => ({
    ...flow,
    source_ip: `10.1.0.${(i * 7 + w) % 60}`,
    destination_ip: `198.51.100.${(i * 11 + 3 * w) % 40}`,
    destination_port: [443, 443, 80, 993, 22][(i + w) % 5]!,
    packets_in: 5 + ((i * 13 + w) % 20),
  }));
const learning = windowsOf(LEARNT, office);
const after = (flowsOf: (w: number) => Flow[], windows = 2): Found[] =>
  runDetector(
    entropyShift,
    [...learning, ...windowsOf(windows, (w) => [...office(w), ...flowsOf(w)], LEARNT)],
    { set },
  );

describe('the entropy of addresses and ports', () => {
  it('shifts with a flood from everywhere to one target', () => {
    const flood = (): Flow[] =>
      contacts(800, { ...unanswered, packets_in: 20, destination_ip: '10.0.0.2', destination_port: 80 }).map(
        (f, i) => ({
          ...f,
          source_ip: `203.0.${i >> 8}.${i & 255}`,
        }),
      );
    const found = after(flood);
    expect(found.map((f) => [windowNumber(f) - LEARNT, f.entity])).toEqual([
      [0, 'all traffic'],
      [1, 'all traffic'],
    ]);
    expect(found[0]!.description).toContain('a flood of one target');
    expect(parseFilter(found[0]!.flowFilter)).toMatchObject({ ok: true });
    expect(found[0]!.evidence.contributors).toContainEqual({ destination_ip: '10.0.0.2', value: 16_000 });
  });

  it('shifts the other way with a scan of ports', () => {
    const scan = (): Flow[] =>
      contacts(1000, { ...unanswered, packets_in: 2, source_ip: '10.9.9.9', destination_ip: '10.0.0.2' }).map(
        (f, i) => ({
          ...f,
          destination_port: i,
        }),
      );
    const found = after(scan);
    expect(found[0]!.description).toContain('Few targets and many ports');
  });

  it('does not shift with the office itself', () => {
    expect(after(() => [], 40)).toEqual([]);
  });

  it('is not told for one large flow', () => {
    const backup = (): Flow[] =>
      contacts(1, {
        source_ip: '10.1.0.1',
        destination_ip: '10.0.0.9',
        packets_in: 100_000,
        destination_port: 22,
      });
    expect(after(backup, 4)).toEqual([]);
  });

  it('is not told for a download that is most of what there is, however alike the sources were before', () => {
    // All clients of this office use the same proxy: its address is half of all sources, and always was.
    const proxied = (w: number): Flow[] =>
      office(w).map((flow, i) => (i % 4 === 0 ? flow : { ...flow, source_ip: '10.1.9.9', packets_in: 60 }));
    const download = contacts(1, {
      source_ip: '10.1.9.9',
      destination_ip: '10.1.0.7',
      source_port: 443,
      destination_port: 50_000,
      packets_in: 100_000,
    });
    const windows = [
      ...windowsOf(LEARNT, proxied),
      ...windowsOf(2, (w) => [...proxied(w), ...download], LEARNT),
    ];
    expect(runDetector(entropyShift, windows, { set })).toEqual([]);
  });

  it('is not told for an update that all fetch of one server', () => {
    // Flows of one direction: answers go from few ports to many.
    const oneWay = (w: number): Flow[] =>
      office(w).flatMap(({ bytes_out: _b, packets_out: _p, ...flow }) => [
        flow,
        {
          ...flow,
          source_ip: flow.destination_ip!,
          destination_ip: flow.source_ip!,
          source_port: flow.destination_port!,
          destination_port: flow.source_port!,
        },
      ]);
    const answers = (server: string, clients: (i: number) => string): Flow[] =>
      Array.from({ length: 60 }, (_, i) => ({
        ...contacts(1)[0]!,
        source_ip: server,
        destination_ip: clients(i),
        source_port: 443,
        destination_port: 40_000 + 97 * i,
        packets_in: 200,
        packets_out: 0,
        bytes_out: 0,
      }));
    const found = (more: Flow[]): Found[] =>
      runDetector(
        entropyShift,
        [...windowsOf(LEARNT, oneWay), ...windowsOf(4, (w) => [...oneWay(w), ...more], LEARNT)],
        { set },
      );
    expect(found(answers('198.51.100.7', (i) => `10.1.0.${i}`))).toEqual([]);
  });

  it('says nothing before it is learnt, nor of few records', () => {
    expect(runDetector(entropyShift, learning.slice(0, 10))).toEqual([]);
    const few = windowsOf(LEARNT + 2, (w) => (w < LEARNT ? office(w).slice(0, 40) : contacts(40)));
    expect(runDetector(entropyShift, few, { set })).toEqual([]);
  });

  it('is remembered over a restart', () => {
    const values = Object.fromEntries(
      Object.entries(entropyShift.parameters).map(([n, p]) => [n, p.default]),
    );
    const [before, again] = [0, 1].map(() => entropyShift.start(() => ({ ...values, ...set }) as never));
    const history = new WindowHistory();
    for (const window of learning) before!.learn!(history.step(window, false));
    again!.load!(deserialize(serialize(before!.save!())));
    const found: string[] = [];
    const [last] = windowsOf(1, (w) => [
      ...office(w),
      ...contacts(1000, { ...unanswered, packets_in: 2, source_ip: '10.9.9.9' }).map((f, i) => ({
        ...f,
        destination_port: i,
      })),
    ]);
    again!.detect(history.step(last!, false), nothingUsual, (f) => found.push(f.entity));
    expect(found).toEqual(['all traffic']);
  });
});
