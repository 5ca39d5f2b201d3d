import { describe, expect, it } from '@jest/globals';
import { deserialize, serialize } from 'node:v8';
import { parseFilter } from '@weir/core/filter';
import { WindowHistory } from '../../step.ts';
import { type Found, nothingUsual, runDetector } from '../../testing/run-detector.ts';
import type { Flow } from '../../windows/testing/flows.ts';
import { contacts, unanswered, windowNumber, windowsOf } from './testing/traffic.ts';
import { unusualProtocol } from './unusual-protocol.ts';

const LEARNT = 12;
const set = { learn_minutes: 2 };
const of = (protocol: number, more: Partial<Flow> = {}): Flow[] =>
  contacts(1, {
    protocol,
    source_port: 0,
    destination_port: 0,
    tcp_flags: 0,
    bytes_in: 200_000,
    packets_in: 200,
    ...more,
  });
const run = (
  flowsOf: (window: number) => Flow[],
  windows = LEARNT + 1,
  more: Record<string, number> = {},
): Found[] =>
  runDetector(
    unusualProtocol,
    windowsOf(windows, (w) => [...contacts(5), ...flowsOf(w)]),
    {
      set: { ...set, ...more },
    },
  );
const later =
  (flows: Flow[]) =>
  (window: number): Flow[] =>
    window < LEARNT ? [] : flows;

describe('an unusual protocol', () => {
  it('is one that was never there', () => {
    const [found] = run(later(of(47)));
    expect(windowNumber(found!)).toBe(LEARNT);
    expect(found).toMatchObject({
      type: 'unusual_protocol',
      entity: 'gre',
      severity: 'medium',
      source: '10.1.0.1',
      destination: '10.0.0.2',
      protocol: 47,
      technique: 'T1572',
      title: 'GRE is new in this network: 200 kB in a minute, 10.1.0.1 → 10.0.0.2',
    });
    expect(parseFilter(found!.flowFilter)).toMatchObject({ ok: true });
    expect(run(later(of(132)))[0]).toMatchObject({ technique: 'T1095', severity: 'low' });
  });

  it('has more than a probe’s traffic', () => {
    expect(run(later(of(47, { bytes_in: 99_999, packets_in: 99, packets_out: 0 })))).toEqual([]);
    expect(run(later(of(47, { bytes_in: 9_000, packets_in: 100, packets_out: 0 })))).toHaveLength(1);
  });

  it('is not what was there from the beginning, however little, nor in the learning time', () => {
    const vrrp = (w: number): Flow[] =>
      w === 3 ? of(112, { packets_in: 1, bytes_in: 40 }) : later(of(112))(w);
    expect(run(vrrp)).toEqual([]);
    expect(run(() => of(50), 8)).toEqual([]);
  });

  it('is no fragment, no extension header, no TCP, UDP or ICMP, and no new high port', () => {
    for (const protocol of [0, 1, 17, 44, 58, 60]) expect(run(later(of(protocol)))).toEqual([]);
    expect(run(later(contacts(5, { destination_port: 33_333, bytes_in: 5e6 })))).toEqual([]);
    // A client of NFS, with a source port of its own.
    const nfs = contacts(5, { source_port: 876, destination_port: 2049, bytes_in: 5e6 });
    expect(run(later(nfs), LEARNT + 2, { service_learn_hours: 0.01 })).toEqual([]);
  });

  it('becomes usual by use', () => {
    const found = run(later(of(47)), LEARNT + 20, { usual_hours: 10 / 360 });
    expect(found.map((f) => windowNumber(f) - LEARNT)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('is a service that days did not see, but not the ports of a scan', () => {
    const short = { service_learn_hours: 0.02 };
    const finger = contacts(2, { destination_port: 79, bytes_in: 600_000, packets_in: 500 });
    const [found] = run(later(finger), LEARNT + 1, short);
    expect(found).toMatchObject({ severity: 'low', port: 79, protocol: 6 });
    expect(parseFilter(found!.flowFilter)).toMatchObject({ ok: true });
    expect(run(later(finger))).toEqual([]);
    const scan = contacts(500, unanswered).map((f, i) => ({ ...f, destination_port: i, bytes_in: 2e6 }));
    expect(run(later(scan), LEARNT + 1, short)).toEqual([]);
  });

  it('wants records where traffic is sampled', () => {
    const one = of(47, { sampling_rate: 1000, packets_in: 1, bytes_in: 1400, packets_out: 0, bytes_out: 0 });
    expect(run(later(one))).toEqual([]);
    const [found] = run(later([...one, ...one, ...one]));
    expect(found!.evidence.caveat).toBe('1:1000 sampling, 3 records');
  });

  it('takes a tunnel’s one record for as much as packets of it were picked', () => {
    const tunnel = of(47, {
      sampling_rate: 1000,
      packets_in: 40,
      bytes_in: 56_000,
      packets_out: 0,
      bytes_out: 0,
    });
    expect(run(later(tunnel.slice(0, 1)))).toHaveLength(1);
  });

  it('is known over a restart', () => {
    const values = Object.fromEntries(
      Object.entries(unusualProtocol.parameters).map(([n, p]) => [n, p.default]),
    );
    const [before, again] = [0, 1].map(() => unusualProtocol.start(() => ({ ...values, ...set }) as never));
    const history = new WindowHistory();
    const windows = windowsOf(LEARNT + 1, (w) => [...contacts(5), ...of(50), ...(w < LEARNT ? [] : of(47))]);
    for (const window of windows.slice(0, -1)) before!.learn!(history.step(window, false));
    again!.load!(deserialize(serialize(before!.save!())));
    const found: string[] = [];
    again!.detect(history.step(windows.at(-1)!, false), nothingUsual, (f) => found.push(f.entity));
    expect(found).toEqual(['gre']);
  });
});
