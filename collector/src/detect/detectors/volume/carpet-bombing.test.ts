import { describe, expect, it } from '@jest/globals';
import { type Run, runDetector, windowsOfFlows } from '../../testing/run-detector.ts';
import type { Flow } from '../../windows/testing/flows.ts';
import { carpetBombing } from './carpet-bombing.ts';
import { steady, usually } from './testing/fake-usual.ts';
import { filterProblem } from './testing/filter-problem.ts';
import { UDP, conversation, other, own, sampled, spread } from './testing/traffic.ts';

const both = conversation(1, own(500), 40_000, other(1), 443);
const find = (flows: Flow[], run?: Run) =>
  runDetector(carpetBombing, windowsOfFlows([...both, ...flows]), run);

function sent(n: number, to: string, packets: number, size = 1_250): Flow {
  return {
    source_ip: other(n),
    source_port: 20_000 + n,
    destination_ip: to,
    destination_port: 80,
    protocol: UDP,
    packets_in: packets,
    bytes_in: packets * size,
  };
}

describe('carpet bombing', () => {
  it('is found at 100 Mbit/s over 16 addresses of a /24', () => {
    const found = find(spread(800, 0, 10, (n) => sent(n, own(n % 16), 125)));
    expect(found).toMatchObject([
      { entity: '10.0.0.0/24', destination: '10.0.0.0', destinationPrefix: 120, value: 12_500_000 },
    ]);
    expect(found[0]!.title).toContain('10.0.0.0/24 receives 12.5 MB/s over 16 of its addresses');
    expect(filterProblem(found[0]!.flowFilter)).toBeUndefined();
    expect(found[0]!.evidence.contributors).toHaveLength(10);
  });

  it('is not found just below, nor over 15', () => {
    expect(find(spread(800, 0, 10, (n) => sent(n, own(n % 16), 125, 1_249)))).toEqual([]);
    expect(find(spread(800, 0, 10, (n) => sent(n, own(n % 15), 250)))).toEqual([]);
  });

  it('of IPv6 is found by its /48', () => {
    const found = find(
      spread(800, 0, 10, (n) => ({
        ...sent(n, `fd00:1:2::${(n % 40) + 1}`, 125),
        source_ip: `2001:db8::${n % 99}`,
      })),
    );
    expect(found).toMatchObject([{ entity: 'fd00:1:2::/48', destinationPrefix: 48 }]);
    expect(filterProblem(found[0]!.flowFilter)).toBeUndefined();
  });

  it('is found beside a neighbour that is busy and answers', () => {
    const bombs = spread(800, 0, 10, (n) => sent(n, own(n % 40), 150));
    const busy = conversation(1, own(501), 40_000, own(200), 443, {
      bytes: 400_000_000,
      packets: 300_000,
      bytesBack: 9_000_000,
      packetsBack: 150_000,
    });
    expect(find([...busy, ...bombs])).toMatchObject([{ entity: '10.0.0.0/24', value: 15_000_000 }]);
    expect(find(busy)).toEqual([]);
  });

  it('is held against what is usual, where that is known', () => {
    const flows = spread(800, 0, 10, (n) => sent(n, own(n % 100), 240));
    const receives = (rate: number) =>
      usually((_, metric) => (metric === 'bytes' ? steady(rate) : undefined));
    expect(find(flows, { usual: receives(5_000_000) })).toEqual([]);
    expect(find(flows, { usual: receives(4_000_000) })).toMatchObject([{ baseline: 4_000_000 }]);
  });

  it.each([100, 1000])('is found in 1:%i sampling', (rate) => {
    const flows = sampled(
      spread(2_000, 0, 10, (n) => sent(n, own(n % 100), 500)),
      rate,
    );
    expect(find(flows)).toMatchObject([{ entity: '10.0.0.0/24' }]);
  });
});

describe('what is no carpet bombing', () => {
  it('an attack on one host of the prefix', () => {
    const one = spread(800, 0, 10, (n) => sent(n, own(5), 125));
    const rest = spread(800, 0, 10, (n) => sent(n, own(n % 100), 100));
    expect(find([...one, ...rest])).toEqual([]);
  });

  it('a prefix of clients that download, of servers that are asked', () => {
    const downloads = Array.from({ length: 1_000 }, (_, n) =>
      conversation(n % 10, own(n % 200), 2000 + n, other(n % 90), 443, {
        packets: 100,
        bytesBack: 400_000,
        packetsBack: 300,
      }),
    );
    expect(find(downloads.flat())).toEqual([]);
  });

  it('a scan of the prefix by one', () => {
    expect(find(spread(800, 0, 10, (n) => ({ ...sent(0, own(n % 250), 300), source_port: n })))).toEqual([]);
  });
});
