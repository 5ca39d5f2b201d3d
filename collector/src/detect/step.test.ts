import { describe, expect, it } from '@jest/globals';
import { addressWords } from '@weir/core';
import { addressHash } from '@weir/core/windows';
import { WindowHistory } from './step.ts';
import { windowsOfFlows } from './testing/run-detector.ts';
import { NOON, type Flow } from './windows/testing/flows.ts';

const flow = (second: number, more: Partial<Flow> = {}): Flow => ({
  timestamp: NOON + second,
  source_ip: '10.0.0.1',
  destination_ip: '10.0.0.2',
  source_port: 50_000,
  destination_port: 443,
  protocol: 6,
  bytes_in: 100,
  packets_in: 1,
  ...more,
});

function sourceRow(step: ReturnType<WindowHistory['step']>, address: string): number {
  for (let r = 0; r < step.rows('source').rows; r++)
    if (step.rows('source').rest[r] === 0 && step.entity('source', r).address('source_ip') === address)
      return r;
  return -1;
}

describe('a step', () => {
  it('adds up an entity over the latest windows, also where it was away', () => {
    const history = new WindowHistory();
    const steps = windowsOfFlows([
      flow(1),
      flow(2, { destination_port: 80 }),
      flow(11, { source_ip: '10.0.0.9' }),
      flow(21, { bytes_in: 1000, destination_ip: '10.0.0.3' }),
    ]).map((window) => history.step(window, false));
    const last = steps.at(-1)!;
    const host = last.entity('source', sourceRow(last, '10.0.0.1'));
    expect([host.sum('bytes', 1), host.sum('bytes', 2), host.sum('bytes', 3), host.sum('bytes')]).toEqual([
      1000, 1000, 1200, 1200,
    ]);
    expect(host.most('bytes')).toBe(1000);
    expect(host.distinct('contacts')).toBe(2);
    expect(host.distinct('ports', 1)).toBe(1);
    expect(host.distinct('ports')).toBe(2);
    expect(host.seen()).toBe(2);
    expect(host.histogram('size_histogram').reduce((a, b) => a + b, 0)).toBe(3);
    const pairs = last.pairsOf(host, 'source', 6);
    expect(pairs.map((p) => `${p.address('destination_ip')}:${p.number('port')}`).sort()).toEqual([
      '10.0.0.2:443',
      '10.0.0.2:80',
      '10.0.0.3:443',
    ]);
    expect(last.host('destination', host.tenantId, '10.0.0.2').sum('bytes')).toBe(300);
    const [a, b, c, d] = addressWords('10.0.0.9');
    expect(last.addressOf(addressHash(a!, b!, c!, d!))).toBe('10.0.0.9');
  });

  it('sees a window that still takes flows in its latest state, and forgets after a minute', () => {
    const history = new WindowHistory();
    const [first] = windowsOfFlows([flow(1)]);
    const [fuller] = windowsOfFlows([flow(1), flow(1)]);
    expect(
      history
        .step(first!, true)
        .entity('source', 0 + rowOf(first!))
        .sum('bytes'),
    ).toBe(100);
    expect(history.step(fuller!, false).entity('source', rowOf(fuller!)).sum('bytes')).toBe(200);
    const [later] = windowsOfFlows([flow(61)]);
    expect(history.step(later!, false).entity('source', rowOf(later!)).sum('bytes')).toBe(100);
  });
});

function rowOf(window: ReturnType<typeof windowsOfFlows>[number]): number {
  return [...window.kinds.source.rest].indexOf(0);
}
