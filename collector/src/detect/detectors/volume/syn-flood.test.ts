import { describe, expect, it } from '@jest/globals';
import { WindowHistory } from '../../step.ts';
import { nothingUsual, runDetector, windowsOfFlows } from '../../testing/run-detector.ts';
import type { Flow } from '../../windows/testing/flows.ts';
import { synFlood } from './syn-flood.ts';
import { filterProblem } from './testing/filter-problem.ts';
import { ACK, RST, SYN, TCP, conversation, other, own, sampled, spread } from './testing/traffic.ts';

const VICTIM = '10.0.0.5';

const find = (flows: Flow[]) => runDetector(synFlood, windowsOfFlows(flows));

function syn(source: string, sourcePort: number, destination = VICTIM, port = 443, packets = 1): Flow {
  return {
    source_ip: source,
    source_port: sourcePort,
    destination_ip: destination,
    destination_port: port,
    protocol: TCP,
    tcp_flags: SYN,
    packets_in: packets,
    bytes_in: 40 * packets,
  };
}

describe('a SYN flood', () => {
  it('is found at 500 SYN/s from forged sources, and says how many, on which port', () => {
    const found = find(spread(5_000, 0, 10, (n) => syn(other(n), 1024 + n)));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      type: 'syn_flood',
      entity: VICTIM,
      severity: 'medium',
      value: 500,
      threshold: 500,
      port: 443,
      technique: 'T1498.001',
    });
    expect(found[0]!.title).toMatch(/^10\.0\.0\.5 receives 500 SYN\/s from about [\d,]+ sources on port 443/);
    expect(filterProblem(found[0]!.flowFilter)).toBeUndefined();
  });

  it('is not found just below', () => {
    expect(find(spread(4_999, 0, 10, (n) => syn(other(n), 1024 + n)))).toEqual([]);
  });

  it('of one source is found with its source, and SYN with the sender’s RST counts as well', () => {
    const found = find(
      spread(20_000, 0, 10, (n) => ({ ...syn('192.0.2.1', n % 60_000), tcp_flags: SYN | RST })),
    );
    expect(found).toMatchObject([{ entity: VICTIM, source: '192.0.2.1', value: 2_000, severity: 'high' }]);
    expect(found[0]!.title).toContain('from 192.0.2.1');
    expect(found[0]!.evidence.contributors).toMatchObject([{ source_ip: '192.0.2.1', value: 2_000 }]);
  });

  it('that counts ports up is found: each port is hit again and again', () => {
    const found = find(spread(20_000, 0, 10, (n) => syn('192.0.2.1', n, VICTIM, 1 + (n % 2_000))));
    expect(found).toMatchObject([{ entity: VICTIM }]);
  });

  it('beside a busy service is found though its connections are far more', () => {
    const busy = Array.from({ length: 3_000 }, (_, n) =>
      conversation(n % 10, other(n % 900), 2000 + n, VICTIM, 443),
    );
    const found = find([...busy.flat(), ...spread(6_000, 0, 10, (n) => syn(other(n), 1024 + n))]);
    expect(found).toMatchObject([{ entity: VICTIM, value: 600 }]);
  });

  it('with always the same ports, told of once a minute, counts for its minute', () => {
    const minute = (packets: number): Flow => ({
      ...syn('192.0.2.1', 5555, VICTIM, 80, packets),
      timestamp: Number(spread(1, 60, 61, () => ({}))[0]!.timestamp),
      duration_ms: 60_000,
    });
    expect(find([minute(29_000)])).toEqual([]);
    expect(find([minute(31_000)])).toMatchObject([{ entity: VICTIM }]);
  });

  it.each([100, 1000])('is found in 1:%i sampling, with less certainty, not in single records', (rate) => {
    const flood = sampled(
      spread(200_000, 0, 10, (n) => syn(other(n), n % 60_000)),
      rate,
    );
    const [found] = find(flood);
    expect(found!.value).toBeGreaterThan(15_000);
    expect(found!.evidence.caveat).toContain('sampling');
    expect(
      find(
        sampled(
          spread(5_000, 0, 10, (n) => syn(other(n), n)),
          1000,
        ),
      ),
    ).toEqual([]);
  });

  it('from an own host to a few others is that host’s, where no victim gets enough by itself', () => {
    const found = find(spread(6_000, 0, 10, (n) => syn(own(9), 2000 + n, `203.0.113.${n % 5}`, 80)));
    expect(found).toMatchObject([{ entity: '10.0.0.9', source: '10.0.0.9', value: 600, port: 80 }]);
    expect(filterProblem(found[0]!.flowFilter)).toBeUndefined();
  });
});

describe('in a window that still takes flows', () => {
  const early = (flows: Flow[]): string[] => {
    const running = synFlood.start(() => ({ syn_per_second: 500, destinations: 10 }));
    const found: string[] = [];
    for (const window of windowsOfFlows(flows))
      running.detect(new WindowHistory().step(window, true), nothingUsual, (f) => found.push(f.entity));
    return found;
  };

  it('what more flows cannot undo is found, what they can is waited for', () => {
    const flood = spread(6_000, 0, 10, (n) => syn(other(n), 1024 + n));
    expect(early(flood)).toEqual([VICTIM]);
    expect(early(flood.map((f) => ({ ...f, sampling_rate: 10 })))).toEqual([]);
  });
});

describe('what is no SYN flood', () => {
  it('a fast scan of all ports', () => {
    expect(find(spread(12_000, 0, 10, (n) => syn('192.0.2.1', 40_000, VICTIM, n)))).toEqual([]);
  });

  it('a sampled scan of all ports', () => {
    const scan = spread(12_000, 0, 10, (n) => syn('192.0.2.1', 40_000, VICTIM, n));
    expect(find(sampled(scan, 10))).toEqual([]);
  });

  it('a scan of many hosts on one port', () => {
    expect(find(spread(20_000, 0, 10, (n) => syn('192.0.2.1', 40_000, own(n % 4_000), 22)))).toEqual([]);
    expect(find(spread(20_000, 0, 10, (n) => syn(own(1), 40_000, other(n), 22)))).toEqual([]);
  });

  it('a CDN’s edge with many thousand connections a second', () => {
    const edge = Array.from({ length: 8_000 }, (_, n) =>
      conversation(n % 10, other(n), 2000 + n, VICTIM, 443),
    );
    expect(find(edge.flat())).toEqual([]);
  });

  it('the same sampled, where of many connections only the SYN is seen', () => {
    // 1:1000 of 200,000 short connections a second, 5 packets of the client each: its SYN, and what has ACK.
    const seen = spread(10_000, 0, 10, (n) => ({
      ...syn(other(n), 2000 + n),
      tcp_flags: n % 5 === 0 ? SYN : ACK,
      sampling_rate: 1000,
    }));
    expect(find(seen)).toEqual([]);
  });

  it('a dead service that 1,000 clients try again', () => {
    expect(find(spread(3_000, 0, 10, (n) => syn(own(n % 1000), 2000 + n)))).toEqual([]);
  });

  it('a NAT gateway whose uplink is down', () => {
    expect(find(spread(20_000, 0, 10, (n) => syn(own(1), 2000 + n, other(n % 2_000), 443)))).toEqual([]);
  });
});
