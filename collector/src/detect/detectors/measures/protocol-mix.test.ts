import { describe, expect, it } from '@jest/globals';
import { deserialize, serialize } from 'node:v8';
import { parseFilter } from '@weir/core/filter';
import { WindowHistory } from '../../step.ts';
import { type Found, nothingUsual, runDetector } from '../../testing/run-detector.ts';
import type { Flow } from '../../windows/testing/flows.ts';
import { protocolMix } from './protocol-mix.ts';
import { contacts, windowNumber, windowsAlways, windowsOf } from './testing/traffic.ts';

const set = { learn_minutes: 5 };
const LEARNT = 36;
/** So many flows of 50 kB each, of which a part is UDP. */
const mix = (udp: number, of = 20, more: Partial<Flow> = {}): Flow[] =>
  contacts(of, { bytes_in: 50_000, packets_in: 50, bytes_out: 0, packets_out: 0, ...more }).map((flow, i) =>
    i < udp ? { ...flow, protocol: 17, destination_port: 5000 + i, tcp_flags: 0 } : flow,
  );
const after = (flowsOf: () => Flow[], windows = 1, before = mix(4)): Found[] =>
  runDetector(protocolMix, [...windowsAlways(LEARNT, before), ...windowsOf(windows, flowsOf, LEARNT)], {
    set,
  });

describe('the mix of protocols', () => {
  it('is off where UDP takes over, told once for the tenant', () => {
    const found = after(() => mix(200, 216));
    expect(found.map((f) => [windowNumber(f) - LEARNT, f.entity])).toEqual([[0, 'all traffic']]);
    expect(found[0]!.title).toBe('UDP is 70 % of the bytes of all traffic, usual are 20 %');
    expect(parseFilter(found[0]!.flowFilter)).toMatchObject({ ok: true });
    expect(found[0]!.evidence.contributors).toHaveLength(3);
  });

  it('is not off by less than three tenths', () => {
    expect(after(() => mix(9), 6)).toEqual([]);
    expect(after(() => mix(11), 6).length).toBeGreaterThan(0);
  });

  it('is not off by a backup of one pair of hosts', () => {
    const backup = (): Flow[] => [
      ...mix(16),
      ...contacts(4, { source_ip: '10.1.0.1', bytes_in: 300e6, packets_in: 200_000, destination_port: 22 }),
    ];
    expect(after(backup, 6, mix(16))).toEqual([]);
    const many = (): Flow[] => [
      ...mix(16),
      ...contacts(200, { bytes_in: 300e4, packets_in: 2000 }).map((f, i) => ({
        ...f,
        destination_ip: `10.0.3.${i}`,
      })),
    ];
    expect(after(many, 2, mix(16))).not.toEqual([]);
  });

  it('is not off where it is never the same', () => {
    const windows = windowsOf(80, (w) => mix(Math.floor(w / 8) % 2 === 0 ? 2 : 18));
    expect(runDetector(protocolMix, windows, { set })).toEqual([]);
  });

  it('has none where there is little traffic, and says nothing before it is learnt', () => {
    expect(after(() => mix(18, 20, { bytes_in: 500 }), 3, mix(2, 20, { bytes_in: 500 }))).toEqual([]);
    expect(
      runDetector(
        protocolMix,
        windowsOf(20, (w) => mix(w < 10 ? 2 : 20)),
        { set },
      ),
    ).toEqual([]);
  });

  it('is an interface’s where the tenant’s is as usual', () => {
    const two = (udp: number): Flow[] => [
      ...mix(4, 200),
      ...mix(udp, 10, { input_interface: 7, output_interface: 0 }),
    ];
    const found = after(() => two(10), 6, two(0));
    expect([...new Set(found.map((f) => f.entity))]).toEqual(['192.0.2.1 7 in']);
  });

  it('is remembered over a restart', () => {
    const values = Object.fromEntries(Object.entries(protocolMix.parameters).map(([n, p]) => [n, p.default]));
    const [before, again] = [0, 1].map(() => protocolMix.start(() => ({ ...values, ...set }) as never));
    const history = new WindowHistory();
    for (const window of windowsAlways(LEARNT, mix(4))) before!.learn!(history.step(window, false));
    again!.load!(deserialize(serialize(before!.save!())));
    const found: string[] = [];
    const [last] = windowsOf(1, () => mix(200, 216), LEARNT);
    again!.detect(history.step(last!, false), nothingUsual, (f) => found.push(f.entity));
    expect(found).toEqual(['all traffic']);
    for (const wrong of [undefined, 5, {}, { mixes: [3] }])
      protocolMix.start(() => values as never).load!(wrong);
  });
});
