import { describe, expect, it } from '@jest/globals';
import { parseFilter } from '@weir/core/filter';
import { runDetector, windowsOfFlows } from '../../testing/run-detector.ts';
import type { Flow } from '../../windows/testing/flows.ts';
import { beaconing } from './beaconing.ts';
import { runWithRestarts } from './testing/restart.ts';
import { ACK, type Conversation, NOON, connection, forms, times } from './testing/traffic.ts';

const HOST = '10.0.0.66';
const MASTER = '203.0.113.66';
const DAY = 86_400;

const run = (flows: readonly Flow[], set = {}): ReturnType<typeof runDetector> =>
  runDetector(beaconing, windowsOfFlows(flows), { set });

/** Numbers from 0 to 1 that look like chance and are always the same. */
function chance(seed: number): () => number {
  let x = seed;
  return () => {
    x = (Math.imul(x, 1_103_515_245) + 12_345) >>> 0;
    return (x >>> 8) / 2 ** 24;
  };
}

describe.each(forms)('a beacon, reported in %s', (form) => {
  const call = (at: number, more: Partial<Conversation> = {}): Flow[] =>
    connection(form, { at, source: HOST, destination: MASTER, port: 443, bytes: 900, packets: 9, ...more });
  /** Sleeps so long each time, and up to `jitter` of it more or less. */
  const beacon = (n: number, every: number, jitter = 0, more: Partial<Conversation> = {}): Flow[] => {
    const random = chance(n * 31 + every);
    let at = 3;
    return times(n, () => {
      const flows = call(at, { bytes: 880 + Math.floor(40 * random()), ...more });
      at += every * (1 + jitter * (2 * random() - 1));
      return flows;
    });
  };

  it('is found at 16 regular contacts, not at 15', () => {
    expect(run(beacon(15, 60))).toEqual([]);
    const found = run(beacon(16, 60));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      type: 'beaconing',
      entity: `${HOST} → ${MASTER}:443/tcp`,
      value: 16,
      threshold: 16,
      technique: 'T1573',
      since: NOON + 2,
    });
    expect(found[0]!.evidence.measures![0]!.value).toBeCloseTo(60, 0);
    expect(parseFilter(found[0]!.flowFilter)).toMatchObject({ ok: true });
  });

  it('is found at intervals of ten seconds to hours, with a jitter of 20 %', () => {
    for (const [every, n] of [
      [10, 80],
      [45, 40],
      [300, 30],
      [3600, 24],
    ] as const)
      for (const jitter of [0, 0.2])
        expect([every, jitter, run(beacon(n, every, jitter)).length > 0]).toEqual([every, jitter, true]);
  });

  it('is found where some calls are missed, and though the host does other things', () => {
    const flows = beacon(50, 60, 0.1).filter((_, i) => i % 14 > (form === 'flows' ? 1 : 0));
    const browsing = times(100, (i) =>
      call(1 + i * 29, { destination: `198.51.${i}.7`, bytes: 500 + 37 * i }),
    );
    expect(run([...flows, ...browsing]).length).toBeGreaterThan(0);
  });

  it('needs ten minutes', () => {
    expect(run(beacon(30, 10))).toEqual([]);
    expect(run(beacon(66, 10)).length).toBeGreaterThan(0);
  });

  it('goes on over a restart', () => {
    const windows = windowsOfFlows(beacon(20, 60, 0.1));
    const { found } = runWithRestarts(beaconing, windows, [NOON + 300, NOON + 900]);
    expect(found.map((f) => f.value)).toEqual(runDetector(beaconing, windows).map((f) => f.value));
    expect(found.length).toBeGreaterThan(3);
  });

  it('is not: contacts by chance, or of any size', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const random = chance(seed);
      let at = 3;
      const flows = times(60, () => {
        at += 60 * -Math.log(1 - random());
        return call(at);
      });
      expect(run(flows)).toEqual([]);
    }
    expect(run(times(40, (i) => call(3 + 60 * i, { bytes: 500 + ((i * 7919) % 20_000) })))).toEqual([]);
  });

  it('is not: what four own hosts contact, a content network, updates, an agent', () => {
    const flows = times(4, (h) =>
      beacon(40, 60, 0, { source: `10.0.0.${h + 1}`, destination: `203.0.113.${h + 1}` }),
    );
    expect(run(flows)).toEqual([]);
  });

  it('is not: time, names, mail, keepalives of tunnels and telephones', () => {
    for (const [port, protocol] of [
      [123, 17],
      [53, 17],
      [993, 6],
      [4500, 17],
      [5060, 17],
      [51_820, 17],
    ] as const)
      expect(run(beacon(40, 60, 0, { port, protocol }))).toEqual([]);
  });

  it('is not: keepalives of a connection, or its pieces', () => {
    expect(run(beacon(40, 45, 0, { flags: ACK, packets: 1, bytes: 52, sourcePort: 50_000 }))).toEqual([]);
    expect(
      run(beacon(40, 60, 0, { packets: 200, bytes: 20_000, durationMs: 59_000, sourcePort: 50_000 })),
    ).toEqual([]);
  });

  it('is not: monitoring and backups within the own networks', () => {
    expect(run(beacon(40, 60, 0, { destination: '10.1.0.5' }))).toEqual([]);
  });

  it('is not: anything sampled', () => {
    expect(run(beacon(40, 60, 0, { samplingRate: 100 }))).toEqual([]);
  });

  it('becomes a habit after three days', () => {
    const daily = times(5, (d) => times(20, (i) => call(3 + d * DAY + i * 60)));
    const found = run(daily);
    expect([...new Set(found.map((f) => Math.floor((f.at - NOON) / DAY)))]).toEqual([0, 1, 2]);
  });
});

it('remembers not more pairs than there is room for', () => {
  const flows = times(18_000, (i) =>
    connection('biflows', {
      at: 1 + i / 200,
      source: `10.0.0.${i & 127}`,
      destination: `100.${(i >> 14) & 255}.${(i >> 6) & 255}.${i & 255}`,
      port: 443,
    }),
  );
  const { running } = runWithRestarts(beaconing, windowsOfFlows(flows), []);
  expect(running.counts!().entities).toBeLessThanOrEqual(16_384);
});
