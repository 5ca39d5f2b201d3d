import { describe, expect, it } from '@jest/globals';
import { runDetector, windowsOfFlows } from '../../testing/run-detector.ts';
import type { Flow } from '../../windows/testing/flows.ts';
import { amplification } from './amplification.ts';
import { filterProblem } from './testing/filter-problem.ts';
import { UDP, conversation, other, own, sampled, spread } from './testing/traffic.ts';

const VICTIM = '10.0.0.5';
const find = (flows: Flow[]) => runDetector(amplification, windowsOfFlows(flows));

function answer(from: string, port: number, packets: number, size: number, to = VICTIM): Flow {
  return {
    source_ip: from,
    source_port: port,
    destination_ip: to,
    destination_port: 3333,
    protocol: UDP,
    packets_in: packets,
    bytes_in: packets * size,
  };
}

describe('amplification', () => {
  it('is found at 1 MB/s of large answers of three that nobody asked', () => {
    const found = find(spread(300, 0, 10, (n) => answer(other(n % 3), 123, 100, 334)));
    expect(found).toMatchObject([{ entity: VICTIM, technique: 'T1498.002', value: 1_002_000 }]);
    expect(found[0]!.title).toBe('10.0.0.5 receives 1 MB/s of unasked-for NTP answers from 3 sources');
    expect(found[0]!.evidence.contributors).toHaveLength(3);
    expect(filterProblem(found[0]!.flowFilter)).toBeUndefined();
  });

  it('is not found just below, nor of two', () => {
    expect(find(spread(300, 0, 10, (n) => answer(other(n % 3), 123, 100, 333)))).toEqual([]);
    expect(find(spread(300, 0, 10, (n) => answer(other(n % 2), 123, 100, 480)))).toEqual([]);
  });

  it('of several services at once names them', () => {
    const found = find(spread(3_000, 0, 10, (n) => answer(other(n), [53, 389, 11211][n % 3]!, 10, 1_400)));
    expect(found[0]).toMatchObject({ severity: 'high' });
    expect(found[0]!.title).toContain('DNS, CLDAP, memcached');
    expect(found[0]!.flowFilter).toContain('source_port in (53, 389, 11211)');
  });

  it.each([100, 1000])('is found in 1:%i sampling', (rate) => {
    const flows = sampled(
      spread(2_000, 0, 10, (n) => answer(other(n), 389, 50, 1_400)),
      rate,
    );
    expect(find(flows)).toMatchObject([{ entity: VICTIM, value: 14_000_000 }]);
  });

  it('of an own host that is abused is found, though the victim seems to ask', () => {
    const flows = [
      ...spread(1_000, 0, 10, () => ({
        ...answer(other(7), 80, 1, 36, own(9)),
        destination_port: 123,
      })),
      ...spread(1_000, 0, 10, () => ({ ...answer(own(9), 123, 40, 468, other(7)), destination_port: 80 })),
    ];
    const found = find(flows);
    expect(found).toMatchObject([{ entity: own(9), source: own(9) }]);
    expect(filterProblem(found[0]!.flowFilter)).toBeUndefined();
  });
});

describe('what is no amplification', () => {
  it('a large site’s resolver, also where only answers are shown', () => {
    const dns = (n: number): Flow[] =>
      conversation(n % 10, VICTIM, 1024 + n, other(n % 500), 53, {
        protocol: UDP,
        bytes: 70,
        packets: 1,
        bytesBack: 240,
        packetsBack: 1,
      });
    const flows = Array.from({ length: 4_000 }, (_, n) => dns(n));
    const scaled = flows.flat().map((f) => ({ ...f, sampling_rate: 20 }));
    expect(find(scaled)).toEqual([]);
    expect(find(scaled.filter((f) => f.destination_ip === VICTIM))).toEqual([]);
  });

  it('a resolver that validates, with large answers', () => {
    const flows = Array.from({ length: 2_000 }, (_, n) =>
      conversation(n % 10, VICTIM, 1024 + n, other(n % 500), 53, {
        protocol: UDP,
        bytes: 1_200,
        packets: 15,
        bytesBack: 18_000,
        packetsBack: 15,
      }),
    );
    expect(find(flows.flat())).toEqual([]);
  });

  it('a VPN on port 53', () => {
    expect(find(spread(10, 0, 10, () => answer(other(1), 53, 8_000, 1_400)))).toEqual([]);
  });

  it('an authoritative server with DNSSEC', () => {
    const flows = Array.from({ length: 2_000 }, (_, n) =>
      conversation(n % 10, other(n), 1024 + n, own(9), 53, {
        protocol: UDP,
        bytes: 800,
        packets: 10,
        bytesBack: 6_000,
        packetsBack: 10,
      }),
    );
    expect(find(flows.flat())).toEqual([]);
  });

  it('mDNS of a large network', () => {
    expect(find(spread(3_000, 0, 10, (n) => answer(own(n), 5353, 10, 500, '224.0.0.251')))).toEqual([]);
  });
});
