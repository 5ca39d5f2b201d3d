import { describe, expect, it } from '@jest/globals';
import { type Run, runDetector, windowsOfFlows } from '../../testing/run-detector.ts';
import { type Flow, NOON } from '../../windows/testing/flows.ts';
import { WindowHistory } from '../../step.ts';
import type { Values } from '../../detector.ts';
import { dataExfiltration } from './data-exfiltration.ts';
import { steady, usually } from './testing/fake-usual.ts';
import { filterProblem } from './testing/filter-problem.ts';
import { TCP, WHOLE, biflow, conversation, own, sampled, spread } from './testing/traffic.ts';

const HOST = '10.0.0.9';
const PLACE = '203.0.113.7';
const DAY = 86_400;
const find = (flows: Flow[], run?: Run) => runDetector(dataExfiltration, windowsOfFlows(flows), run);

/** A host that sends to a port of another, a flow a second. */
function sends(from: number, to: number, bytesPerSecond: number, destination = PLACE, port = 22): Flow[] {
  return spread(to - from, from, to, (n) => ({
    source_ip: HOST,
    source_port: 40_000 + (n % 7),
    destination_ip: destination,
    destination_port: port,
    protocol: TCP,
    tcp_flags: WHOLE,
    packets_in: Math.ceil(bytesPerSecond / 1_400),
    bytes_in: bytesPerSecond,
    duration_ms: 900,
  }));
}

describe('exfiltration', () => {
  it('is found at 10 MB/s within 40 s, and says who sends where', () => {
    const found = find(sends(0, 40, 10_000_000));
    expect(found).toMatchObject([
      { entity: HOST, source: HOST, destination: PLACE, port: 22, at: NOON + 30, technique: 'T1048' },
    ]);
    expect(found[0]!.title).toContain('10.0.0.9 sends 10 MB/s outside, sustained, to 203.0.113.7 port 22');
    expect(filterProblem(found[0]!.flowFilter)).toBeUndefined();
    expect(found[0]!.evidence.contributors).toMatchObject([{ destination_ip: PLACE }]);
  });

  it('is not found just below, nor for less than half a minute', () => {
    expect(find(sends(0, 60, 7_400_000))).toEqual([]);
    expect(find(sends(1, 30, 30_000_000))).toEqual([]);
  });

  it('over many connections to many places at once is one finding', () => {
    const flows = Array.from({ length: 5 }, (_, n) => sends(0, 50, 2_500_000, `203.0.${n}.7`, 443)).flat();
    const found = find(flows);
    expect(found.map((f) => f.entity)).toEqual([HOST, HOST]);
    expect(found[0]!.title).toContain('to 5 networks');
  });

  it('in one flow that is told of each minute is found at its rate', () => {
    const minute = (at: number, bytes: number): Flow => ({
      ...sends(0, 1, bytes)[0]!,
      timestamp: NOON + at,
      duration_ms: 60_000,
    });
    expect(find([minute(65, 720_000_000), minute(125, 720_000_000)])).toHaveLength(2);
    expect(find([minute(65, 420_000_000), minute(125, 420_000_000)])).toEqual([]);
  });

  it('in one flow of half an hour, told of at its end, is found by its rate, not by its sum', () => {
    const whole = (bytes: number): Flow => ({
      ...sends(0, 1, bytes)[0]!,
      timestamp: NOON + 4,
      duration_ms: 1_800_000,
    });
    expect(find([whole(10_000_000 * 1_900)])).toMatchObject([{ entity: HOST, holdSeconds: 2_700 }]);
    expect(find([whole(4_000_000 * 1_800)])).toEqual([]);
  });

  it('in biflows counts what the host sent', () => {
    const both = spread(50, 0, 50, () =>
      biflow(
        conversation(0, HOST, 40_000, PLACE, 443, { bytes: 12_000_000, packets: 9_000, bytesBack: 90_000 }),
      ),
    ).map((f, n) => ({ ...f, timestamp: NOON + n }));
    expect(find(both)[0]).toMatchObject({ entity: HOST, technique: 'T1567' });
  });

  it('against habit is found at 300 MB to a new place, where the host’s usual is known', () => {
    const usual = usually((_, metric) => (metric === 'outbound_bytes' ? steady(20_000) : undefined));
    const dayBefore = sends(-DAY, 1 - DAY, 1_000);
    const found = find([...dayBefore, ...sends(0, 310, 1_000_000)], { usual });
    expect(found[0]).toMatchObject({ metric: 'bytes_to_new_places', at: NOON + 290, value: 300_000_000 });
    expect(find([...dayBefore, ...sends(0, 290, 1_000_000)], { usual })).toEqual([]);
    expect(find([...dayBefore, ...sends(0, 310, 1_000_000)])).toEqual([]);
  });

  it('against habit is not looked for before half a day is known: all places are new then', () => {
    const usual = usually((_, metric) => (metric === 'outbound_bytes' ? steady(20_000) : undefined));
    expect(find([...sends(-3_600, -3_599, 1_000), ...sends(0, 310, 1_000_000)], { usual })).toEqual([]);
  });

  it.each([100, 1000])('is found in 1:%i sampling', (rate) => {
    const found = find(sampled(sends(0, 50, 30_000_000), rate));
    expect(found[0]).toMatchObject({ entity: HOST });
    expect(found[0]!.evidence.caveat).toContain('sampling');
  });
});

describe('exfiltration by one connection, of which one packet in ten is picked', () => {
  /** Told of when it has been active for a minute, in one record each way. */
  const copy = (bytesPerSecond: number, samplingRate = 10): Flow[] =>
    conversation(60, HOST, 40_000, PLACE, 5201, {
      bytes: (60 * bytesPerSecond) / samplingRate,
      packets: (60 * bytesPerSecond) / 1_400 / samplingRate,
      bytesBack: 4_000,
      packetsBack: 100,
      durationMs: 60_000,
      samplingRate,
    });

  it('is found by its packets, though it is one record', () => {
    expect(find(copy(12_000_000))).toMatchObject([{ entity: HOST, metric: 'bytes_per_second' }]);
    expect(find(copy(9_000_000))).toEqual([]);
  });

  it('is not found by nine packets', () => {
    const few = copy(12_000_000).map((flow) => ({ ...flow, packets_in: 9, sampling_rate: 10 }));
    expect(find(few)).toEqual([]);
  });
});

describe('what is no exfiltration', () => {
  it('a web server, a CDN’s origin: contacted', () => {
    const downloads = Array.from({ length: 500 }, (_, n) =>
      conversation(n % 50, '198.18.0.9', 2000 + n, HOST, 443, { bytesBack: 4_000_000, packetsBack: 3_000 }),
    );
    expect(find(downloads.flat())).toEqual([]);
    expect(find(downloads.map(biflow))).toEqual([]);
  });

  it('a copy to an own host', () => {
    expect(find(sends(0, 60, 50_000_000, own(77)))).toEqual([]);
  });

  it('a video call, a tunnel: as much comes back', () => {
    const call = Array.from({ length: 60 }, (_, n) =>
      conversation(n, HOST, 40_000, PLACE, 3480, {
        protocol: 17,
        bytes: 15_000_000,
        packets: 12_000,
        bytesBack: 12_000_000,
        packetsBack: 9_000,
      }),
    );
    expect(find(call.flat())).toEqual([]);
    expect(find(call.map(biflow))).toEqual([]);
  });

  it('a drive in the cloud that others of the network have used before', () => {
    const usual = usually((_, metric) => (metric === 'outbound_bytes' ? steady(20_000) : undefined));
    const others = [1, 2, 3, 4].flatMap((n) =>
      sends(-DAY, 10 - DAY, 500_000).map((f) => ({ ...f, source_ip: own(n) })),
    );
    expect(find([...others.slice(0, 30), ...sends(0, 310, 1_000_000)], { usual })).not.toEqual([]);
    expect(find([...others, ...sends(0, 310, 1_000_000)], { usual })).toEqual([]);
  });

  it('a speed test', () => {
    expect(find(sends(7, 22, 100_000_000))).toEqual([]);
  });

  it('a backup that is usual at this hour', () => {
    const usual = usually((_, metric) => (metric === 'outbound_bytes' ? steady(18_000_000) : undefined));
    expect(find(sends(0, 60, 20_000_000), { usual })).toEqual([]);
  });

  it('a backup to the same network as the day before; to another it is found', () => {
    const first = sends(0, 60, 20_000_000);
    expect(
      find([...first, ...sends(DAY, DAY + 60, 20_000_000, '203.0.113.99')]).every((f) => f.at < NOON + DAY),
    ).toBe(true);
    expect(
      find([...first, ...sends(DAY, DAY + 60, 20_000_000, '192.0.2.99')]).some((f) => f.at > NOON + DAY),
    ).toBe(true);
  });
});

describe('after a restart', () => {
  it('known places are known', () => {
    const settings = (): Values<typeof dataExfiltration.parameters> =>
      Object.fromEntries(
        Object.entries(dataExfiltration.parameters).map(([name, { default: value }]) => [name, value]),
      ) as Values<typeof dataExfiltration.parameters>;
    const before = dataExfiltration.start(settings);
    const history = new WindowHistory();
    for (const window of windowsOfFlows(sends(0, 60, 20_000_000))) before.learn!(history.step(window, false));
    const after = dataExfiltration.start(settings);
    after.load!(structuredClone(before.save!()));
    expect(after.counts!()).toEqual({ entities: 1, learning: 0 });
    const next = new WindowHistory();
    const usual = usually(() => undefined);
    let found = 0;
    for (const window of windowsOfFlows(sends(DAY, DAY + 60, 20_000_000))) {
      const step = next.step(window, false);
      after.detect(step, usual, () => found++);
      after.learn!(step);
    }
    expect(found).toBe(0);
    after.load!({ of: 'another version' });
  });
});
