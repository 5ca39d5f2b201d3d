import { describe, expect, it } from '@jest/globals';
import { type Run, runDetector, windowsOfFlows } from '../../testing/run-detector.ts';
import { type Flow, NOON } from '../../windows/testing/flows.ts';
import { ddosVolumetric } from './ddos.ts';
import { steady, usually } from './testing/fake-usual.ts';
import { filterProblem } from './testing/filter-problem.ts';
import { ACK, TCP, UDP, conversation, other, own, sampled, spread } from './testing/traffic.ts';

const VICTIM = '10.0.0.5';
const both = conversation(1, own(50), 40_000, other(1), 443);
const find = (flows: Flow[], run?: Run) =>
  runDetector(ddosVolumetric, windowsOfFlows([...both, ...flows]), run);

function sent(n: number, packets: number, size: number, protocol = UDP): Flow {
  return {
    source_ip: other(n),
    source_port: 20_000 + n,
    destination_ip: VICTIM,
    destination_port: 80,
    protocol,
    ...(protocol === TCP ? { tcp_flags: ACK } : {}),
    packets_in: packets,
    bytes_in: packets * size,
  };
}

describe('a volumetric DDoS', () => {
  it('is found at 100 Mbit/s from thirty sources', () => {
    const found = find(spread(500, 0, 10, (n) => sent(n % 30, 200, 1_250)));
    expect(found).toMatchObject([
      { entity: VICTIM, value: 12_500_000, technique: 'T1498', severity: 'high' },
    ]);
    expect(found[0]!.title).toMatch(/^10\.0\.0\.5 receives 12\.5 MB\/s from 30 sources, unanswered/);
    expect(filterProblem(found[0]!.flowFilter)).toBeUndefined();
  });

  it('is not found just below, nor from a few', () => {
    expect(find(spread(500, 0, 10, (n) => sent(n % 30, 200, 1_249)))).toEqual([]);
    expect(find(spread(500, 0, 10, (n) => sent(n % 29, 400, 1_250)))).toEqual([]);
  });

  it('in packets is found where no flood detector explains them', () => {
    expect(find(spread(500, 0, 10, (n) => sent(n, 400, 60, TCP)))).toMatchObject([
      { entity: VICTIM, metric: 'packets_per_second', value: 20_000 },
    ]);
    expect(find(spread(500, 0, 10, (n) => sent(n, 400, 60, UDP)))).toEqual([]);
  });

  it('is held against what is usual, where that is known', () => {
    const flows = spread(500, 0, 10, (n) => sent(n, 400, 1_250));
    const receives = (rate: number) =>
      usually((_, metric) => (metric === 'bytes' ? steady(rate) : undefined));
    expect(find(flows, { usual: receives(5_000_000) })).toEqual([]);
    expect(find(flows, { usual: receives(4_000_000) })).toMatchObject([{ baseline: 4_000_000 }]);
  });

  it.each([100, 1000])('is found in 1:%i sampling', (rate) => {
    const flows = sampled(
      spread(1_000, 0, 10, (n) => sent(n, 1_000, 1_250)),
      rate,
    );
    expect(find(flows)).toMatchObject([{ entity: VICTIM, value: 125_000_000 }]);
  });

  it('where one direction is shown is found at ten times', () => {
    const flows = spread(500, 0, 10, (n) => sent(n, 2_000, 1_250));
    expect(runDetector(ddosVolumetric, windowsOfFlows(flows))).toHaveLength(1);
    const fewer = spread(500, 0, 10, (n) => sent(n, 1_900, 1_250));
    expect(runDetector(ddosVolumetric, windowsOfFlows(fewer))).toEqual([]);
  });
});

describe('an attack on a prefix', () => {
  it('is left to carpet bombing, not told of each host', () => {
    const on = (hosts: number): Flow[] =>
      spread(hosts * 40, 0, 10, (n) => ({ ...sent(n, 2_500, 1_250), destination_ip: own(n % hosts) }));
    expect(find(on(16))).toHaveLength(16);
    expect(find(on(17))).toEqual([]);
  });
});

describe('what is no DDoS', () => {
  it('a flash crowd, a CDN’s edge', () => {
    const crowd = Array.from({ length: 2_000 }, (_, n) =>
      conversation(n % 10, other(n), 2000 + n, VICTIM, 443, {
        bytes: 150_000,
        packets: 120,
        packetsBack: 100,
      }),
    );
    expect(find(crowd.flat())).toEqual([]);
  });

  it('a download from hundreds of peers', () => {
    const peers = Array.from({ length: 500 }, (_, n) =>
      conversation(n % 10, VICTIM, 6881, other(n), 20_000 + n, {
        protocol: UDP,
        bytes: 8_000,
        packets: 100,
        bytesBack: 560_000,
        packetsBack: 400,
      }),
    );
    expect(find(peers.flat())).toEqual([]);
  });

  it('a backup target at night', () => {
    const backups = Array.from({ length: 200 }, (_, n) =>
      conversation(n % 10, own(100 + n), 40_000 + n, VICTIM, 873, {
        bytes: 3_000_000,
        packets: 2_100,
        packetsBack: 700,
      }),
    );
    expect(find(backups.flat())).toEqual([]);
  });

  it('what own hosts send to one outside', () => {
    const uploads = spread(500, 0, 10, (n) => ({
      ...sent(n, 1_000, 1_250),
      source_ip: own(n),
      destination_ip: '203.0.113.9',
    }));
    expect(find(uploads)).toEqual([]);
  });

  it('long streams of many, told of at their end', () => {
    const streams = Array.from({ length: 60 }, (_, n) => ({
      ...sent(n, 100_000, 1_250),
      timestamp: NOON + 5,
      duration_ms: 1_800_000,
    }));
    expect(find(streams)).toEqual([]);
  });
});
