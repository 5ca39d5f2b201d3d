import { describe, expect, it } from '@jest/globals';
import type { WindowKind } from '@weir/core/windows';
import { type Run, runDetector, windowsOfFlows } from '../../testing/run-detector.ts';
import { type Flow, NOON } from '../../windows/testing/flows.ts';
import { steady, unknown, usually } from './testing/fake-usual.ts';
import { filterProblem } from './testing/filter-problem.ts';
import { other, own, sampled, spread } from './testing/traffic.ts';
import { trafficSpike } from './traffic-spike.ts';

const find = (flows: Flow[], run?: Run) => runDetector(trafficSpike, windowsOfFlows(flows), run);

/** Traffic of many clients to many, by one exporter. */
function traffic(seconds: number, bytesPerSecond: number, flow: Partial<Flow> = {}): Flow[] {
  return spread(seconds * 4, 0, seconds, (n) => ({
    collector_ip: '192.0.2.254',
    input_interface: 1,
    output_interface: 2,
    source_ip: other(n % 300),
    source_port: 443,
    destination_ip: own(n % 300),
    destination_port: 40_000,
    protocol: 6,
    tcp_flags: 0x1b,
    packets_in: 1_000,
    bytes_in: bytesPerSecond / 4,
    ...flow,
  }));
}

const of = (kinds: readonly WindowKind[], rate: number) =>
  usually((kind) => (kinds.includes(kind) ? steady(rate) : undefined));

describe('a traffic spike', () => {
  it('is three times the usual for three windows', () => {
    const usual = of(['tenant'], 1_000_000);
    const found = find(traffic(30, 3_000_000), { usual });
    expect(found).toMatchObject([
      { entity: 'network', value: 3_000_000, baseline: 1_000_000, at: NOON + 20 },
    ]);
    expect(found[0]!.title).toBe('The whole network carries 3 MB/s, 3.0 times the usual 1 MB/s');
    expect(find(traffic(30, 2_999_000), { usual })).toEqual([]);
    expect(find(traffic(20, 9_000_000), { usual })).toEqual([]);
  });

  it('shows on many entities and is told of the one closest to the cause', () => {
    const all = of(['tenant', 'interface', 'service', 'source', 'destination', 'prefix'], 1_000_000);
    const one = find(traffic(30, 9_000_000, { destination_ip: own(5), source_ip: other(9) }), { usual: all });
    expect(one).toMatchObject([{ entity: '10.0.0.5', destination: '10.0.0.5', severity: 'medium' }]);
    expect(one[0]!.evidence.contributors![0]).toMatchObject({ destination_ip: '10.0.0.5' });
    const service = find(traffic(30, 9_000_000), { usual: all });
    expect(service).toMatchObject([{ entity: 'TCP 443', port: 443 }]);
    const link = find(traffic(30, 9_000_000), { usual: of(['tenant', 'interface'], 1_000_000) });
    expect(link).toHaveLength(1);
    expect(link[0]!.entity).toMatch(/^192\.0\.2\.254 [12] (in|out)$/);
    for (const found of [...one, ...service, ...link])
      expect(filterProblem(found.flowFilter)).toBeUndefined();
  });

  it('of more than a few hosts at once is told of what they have in common', () => {
    const all = usually((kind) =>
      kind === 'destination' ? steady(200_000) : kind === 'tenant' ? steady(3_000_000) : undefined,
    );
    const found = find(
      spread(30 * 20, 0, 30, (n) => ({ ...traffic(1, 4_000_000)[0]!, destination_ip: own(n % 5) })).map(
        (f, n) => ({
          ...f,
          timestamp: NOON + Math.floor(n / 20),
        }),
      ),
      { usual: all },
    );
    expect(found.map((f) => f.entity)).toEqual(['network']);
  });

  it.each([100, 1000])('is found in 1:%i sampling', (rate) => {
    const found = find(sampled(traffic(30, 9_000_000, { packets_in: 5_000 }), rate), {
      usual: of(['tenant'], 1_000_000),
    });
    expect(found[0]).toMatchObject({ entity: 'network' });
    expect(found[0]!.evidence.caveat).toContain('sampling');
  });

  it('is found where flows are told of each minute', () => {
    const flow = traffic(1, 4)[0]!;
    const minute = {
      ...flow,
      destination_ip: own(5),
      bytes_in: 600_000_000,
      duration_ms: 60_000,
      timestamp: NOON + 65,
    };
    expect(find([minute], { usual: of(['destination'], 1_000_000) })).toHaveLength(1);
  });
});

describe('what is no spike', () => {
  it('something of which nothing is known yet, or too little', () => {
    expect(find(traffic(60, 50_000_000))).toEqual([]);
    expect(find(traffic(60, 50_000_000), { usual: usually(() => unknown) })).toEqual([]);
    expect(find(traffic(60, 50_000_000), { usual: of(['tenant'], 9_000) })).toEqual([]);
  });

  it('a small network that grows', () => {
    expect(find(traffic(60, 900_000), { usual: of(['tenant'], 20_000) })).toEqual([]);
  });

  it('a backup that is usual at this hour', () => {
    expect(find(traffic(60, 50_000_000), { usual: of(['tenant', 'source', 'service'], 40_000_000) })).toEqual(
      [],
    );
  });

  it('within the usual spread, or what some minutes always have', () => {
    const wide = usually(() => ({ ...steady(1_000_000), spread: 900_000 }));
    expect(find(traffic(30, 6_000_000), { usual: wide })).toEqual([]);
    const bursts = usually(() => ({ ...steady(1_000_000), high: 5_000_000 }));
    expect(find(traffic(30, 7_000_000), { usual: bursts })).toEqual([]);
    expect(find(traffic(30, 8_000_000), { usual: bursts })).toHaveLength(1);
  });

  it('one file between two hosts, unless it goes on for five minutes', () => {
    const usual = of(['tenant', 'service', 'prefix'], 1_000_000);
    const file = (seconds: number): Flow[] =>
      traffic(seconds, 9_000_000, { destination_ip: own(5), source_ip: other(9) });
    expect(find(file(250), { usual })).toEqual([]);
    expect(find(file(320), { usual })[0]).toMatchObject({ at: NOON + 310 });
  });

  it('what is above the usual of less than a day, unless by twice as much', () => {
    const usual = usually(() => ({ ...steady(1_000_000), minutes: 600 }));
    expect(find(traffic(30, 5_900_000), { usual })).toEqual([]);
    expect(find(traffic(30, 6_200_000), { usual })).toHaveLength(1);
  });

  it('a client’s download: clients have no level', () => {
    const client = usually((kind) =>
      kind === 'destination' ? { ...steady(150_000), high: 9_000_000 } : undefined,
    );
    expect(find(traffic(60, 50_000_000, { destination_ip: own(5) }), { usual: client })).toEqual([]);
  });

  it('a flow of half an hour, told of at its end', () => {
    const flow = {
      ...traffic(1, 4)[0]!,
      bytes_in: 3_600_000_000,
      duration_ms: 1_800_000,
      timestamp: NOON + 5,
    };
    expect(find([flow], { usual: of(['tenant', 'destination'], 1_500_000) })).toEqual([]);
  });
});
