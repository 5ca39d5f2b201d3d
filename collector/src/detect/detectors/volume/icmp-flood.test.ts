import { describe, expect, it } from '@jest/globals';
import { type Run, runDetector, windowsOfFlows } from '../../testing/run-detector.ts';
import { type Flow, NOON } from '../../windows/testing/flows.ts';
import { icmpFlood } from './icmp-flood.ts';
import { steady, usually } from './testing/fake-usual.ts';
import { filterProblem } from './testing/filter-problem.ts';
import { ICMP, TCP, WHOLE, conversation, other, own, sampled, spread } from './testing/traffic.ts';

const VICTIM = '10.0.0.5';
const ECHO = 8;
const REPLY = 0;
const UNREACHABLE = 3;

const find = (flows: Flow[], run?: Run) => runDetector(icmpFlood, windowsOfFlows(flows), run);

function icmp(from: string, to: string, type: number, packets = 1): Flow {
  return {
    source_ip: from,
    destination_ip: to,
    protocol: ICMP,
    icmp_type: type,
    packets_in: packets,
    bytes_in: 84 * packets,
  };
}

describe('an ICMP flood', () => {
  it('is found at 1,000 echo requests a second, from many or from one', () => {
    expect(find(spread(10_000, 0, 10, (n) => icmp(other(n), VICTIM, ECHO)))).toMatchObject([
      { entity: VICTIM, value: 1_000, technique: 'T1498.001' },
    ]);
    const one = find(spread(10, 0, 10, () => icmp('192.0.2.1', VICTIM, ECHO, 1_000)));
    expect(one).toMatchObject([{ entity: VICTIM, source: '192.0.2.1' }]);
    expect(one[0]!.title).toBe('10.0.0.5 receives 1,000 ICMP packets/s from 192.0.2.1');
    expect(filterProblem(one[0]!.flowFilter)).toBeUndefined();
  });

  it('is not found just below', () => {
    expect(find(spread(9_999, 0, 10, (n) => icmp(other(n), VICTIM, ECHO)))).toEqual([]);
  });

  it('is found where the host answers each, in flows of one direction and in biflows', () => {
    const flows = spread(10, 0, 10, () => icmp('192.0.2.1', VICTIM, ECHO, 2_000));
    const replies = spread(10, 0, 10, () => icmp(VICTIM, '192.0.2.1', REPLY, 2_000));
    expect(find([...flows, ...replies])).toMatchObject([{ entity: VICTIM }]);
    expect(find(flows.map((f) => ({ ...f, packets_out: 2_000 })))).toMatchObject([{ entity: VICTIM }]);
  });

  it('of replies that nobody asked for is found', () => {
    const found = find(spread(10_000, 0, 10, (n) => icmp(other(n), VICTIM, REPLY)));
    expect(found).toMatchObject([{ entity: VICTIM }]);
    expect(found[0]!.description).toContain('in its name');
  });

  it('is found beside the ordinary traffic of the host', () => {
    const busy = Array.from({ length: 50 }, (_, n) => conversation(n % 10, VICTIM, 2000 + n, other(n), 443));
    const one = spread(10, 0, 10, () => icmp('192.0.2.1', VICTIM, ECHO, 2_000));
    const replies = spread(10, 0, 10, () => icmp(VICTIM, '192.0.2.1', REPLY, 2_000));
    expect(find([...busy.flat(), ...one, ...replies])).toMatchObject([{ entity: VICTIM }]);
    const ordinary = Array.from({ length: 500 }, (_, n) =>
      conversation(n % 10, VICTIM, 2000 + n, other(n), 443),
    );
    const flood = spread(20_000, 0, 10, (n) => icmp(other(n), VICTIM, ECHO));
    expect(find([...ordinary.flat(), ...flood])).toMatchObject([{ entity: VICTIM }]);
  });

  it.each([100, 1000])('is found in 1:%i sampling', (rate) => {
    const flood = sampled(
      spread(20_000, 0, 10, (n) => icmp(other(n), VICTIM, ECHO, 10)),
      rate,
    );
    expect(find(flood)).toMatchObject([{ entity: VICTIM, value: 20_000 }]);
  });

  it('of one source is found in one sampled record of many packets', () => {
    const flow = { ...icmp(other(1), VICTIM, ECHO, 2_000), sampling_rate: 10, timestamp: NOON };
    expect(find([flow])).toMatchObject([{ entity: VICTIM, value: 2_000 }]);
  });

  it('is not seen in one sampled record', () => {
    expect(find([{ ...icmp(other(1), VICTIM, ECHO, 1), sampling_rate: 10_000, timestamp: NOON }])).toEqual(
      [],
    );
  });
});

describe('what is no ICMP flood', () => {
  it('a monitoring server that pings ten thousand hosts a second', () => {
    const pings = spread(10_000, 0, 10, (n) => icmp(own(5), other(n), ECHO, 10));
    const replies = spread(10_000, 0, 10, (n) => icmp(other(n), own(5), REPLY, 10));
    expect(find([...pings, ...replies])).toEqual([]);
  });

  it('a scanner that is told of what is not there', () => {
    const scan = spread(20_000, 0, 10, (n) => ({
      source_ip: own(5),
      destination_ip: other(n),
      destination_port: 22,
      source_port: 40_000,
      protocol: TCP,
      tcp_flags: WHOLE,
      packets_in: 1,
      bytes_in: 40,
    }));
    const errors = spread(15_000, 0, 10, (n) => icmp(other(n), own(5), UNREACHABLE));
    expect(find([...scan, ...errors])).toEqual([]);
  });

  it('a ping of an hour, told of at its end', () => {
    const ping = { ...icmp(other(1), VICTIM, ECHO, 36_000), timestamp: NOON + 3, duration_ms: 3_600_000 };
    expect(find([ping])).toEqual([]);
  });

  it('a router that always receives as much', () => {
    const flows = spread(12_000, 0, 10, (n) => icmp(own(n % 600), VICTIM, ECHO));
    expect(find(flows, { usual: usually(() => steady(1_100)) })).toEqual([]);
  });
});
