import { describe, expect, it } from '@jest/globals';
import { parseFilter } from '@weir/core/filter';
import { runDetector, windowsOfFlows } from '../../testing/run-detector.ts';
import { type Flow } from '../../windows/testing/flows.ts';
import { slowScan } from './slow-scan.ts';
import { runWithRestarts } from './testing/restart.ts';
import {
  type Conversation,
  NOON,
  RST,
  SYN,
  ACK,
  background,
  connection,
  conversation,
  forms,
  probe,
  times,
} from './testing/traffic.ts';

const SCANNER = '10.0.0.66';
const OUTSIDE = '203.0.113.66';
const TARGET = '10.1.0.5';

const run = (flows: readonly Flow[]): ReturnType<typeof runDetector> =>
  runDetector(slowScan, windowsOfFlows(flows));
const types = (flows: readonly Flow[]): string[] => [
  ...new Set(run(flows).map((f) => `${f.type} ${f.entity}`)),
];
/** Own hosts at work so long, a little. */
const others = (form: (typeof forms)[number], seconds: number): Flow[] => background(form, seconds, 3);

type Scan = Partial<Conversation> & { readonly refused?: boolean };

describe.each(forms)('a slow scan, reported in %s', (form) => {
  /** nmap -T1 waits 15 s between two probes. */
  const ports = (n: number, more: Scan = {}): Flow[] =>
    times(n, (i) =>
      probe(form, { at: 5 + 15 * i, source: SCANNER, destination: TARGET, port: 20 + i, ...more }),
    );
  const hosts = (n: number, more: Scan = {}): Flow[] =>
    times(n, (i) =>
      probe(form, { at: 5 + 30 * i, source: SCANNER, destination: `10.1.0.${i + 1}`, port: 22, ...more }),
    );

  it('of the ports of a host is found at 15 first contacts that fail, not at 14', () => {
    expect(run([...others(form, 300), ...ports(14)])).toEqual([]);
    const found = run([...others(form, 300), ...ports(15)]);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      type: 'port_scan_vertical',
      entity: SCANNER,
      destination: TARGET,
      value: 15,
      threshold: 15,
      technique: 'T1046',
      since: NOON,
    });
    expect(parseFilter(found[0]!.flowFilter)).toMatchObject({ ok: true });
  });

  it.each([true, false])('is found from inside and outside, refused: %s', (refused) => {
    for (const source of [SCANNER, OUTSIDE]) {
      expect(types([...others(form, 500), ...ports(30, { refused, source })])).toEqual([
        `port_scan_vertical ${source}`,
      ]);
      expect(types([...others(form, 700), ...hosts(20, { refused, source })])).toEqual([
        `port_scan_horizontal ${source}`,
      ]);
    }
  });

  it('is found where a few are open', () => {
    const open = times(4, (i) =>
      conversation(form, {
        at: 100 + i * 20,
        source: SCANNER,
        destination: TARGET,
        port: 8000 + i,
        flags: SYN | RST,
        packets: 2,
        bytes: 84,
        back: { flags: SYN | ACK, packets: 1, bytes: 44 },
      }),
    );
    expect(types([...others(form, 500), ...ports(28, { refused: true }), ...open])).toEqual([
      `port_scan_vertical ${SCANNER}`,
    ]);
  });

  it('is found by what nobody answers, over UDP, where answers are seen', () => {
    const udp = ports(25, { protocol: 17, flags: 0 });
    expect(types([...others(form, 500), ...udp])).toEqual([`port_scan_vertical ${SCANNER}`]);
    const oneWay = others(form, 500).filter((f) => String(f.source_ip).startsWith('10.9.'));
    for (const flow of oneWay) {
      delete flow.packets_out;
      delete flow.bytes_out;
    }
    expect(run([...oneWay, ...udp])).toEqual([]);
  });

  it('goes on being counted over a restart, and is said once for each contact', () => {
    const windows = windowsOfFlows([...others(form, 300), ...ports(18)]);
    const { found } = runWithRestarts(slowScan, windows, [NOON + 100, NOON + 200]);
    expect(found.map((f) => [f.value, f.at])).toEqual(
      runDetector(slowScan, windows).map((f) => [f.value, f.at]),
    );
    expect(found.at(-1)!.value).toBe(18);
  });
});

/** Asks who is there, and breaks off what is accepted. */
const asks = (form: (typeof forms)[number], c: Pick<Conversation, 'at' | 'port' | 'destination'>): Flow[] =>
  conversation(form, {
    source: SCANNER,
    flags: SYN | RST,
    packets: 2,
    bytes: 84,
    back: { flags: SYN | ACK, packets: 1, bytes: 44 },
    ...c,
  });

describe.each(forms)('a sweep of hosts that are there, reported in %s', (form) => {
  const learnt = 660;
  const before = [
    ...others(form, learnt + 100),
    ...connection(form, { at: 2, source: SCANNER, destination: '10.1.9.9', port: 22 }),
  ];
  const sweep = (n: number, every: number, at = learnt): Flow[] =>
    times(n, (i) => asks(form, { at: at + every * i, destination: `10.1.0.${i + 1}`, port: 445 }));

  it('is found from 21 hosts on, in the window in which there are so many', () => {
    expect(run([...before, ...sweep(20, 0.4)])).toEqual([]);
    const found = run([...before, ...sweep(21, 0.4)]);
    expect(found).toMatchObject([
      {
        type: 'port_scan_horizontal',
        entity: SCANNER,
        port: 445,
        value: 21,
        threshold: 20,
        technique: 'T1046',
        at: NOON + learnt,
      },
    ]);
    expect(parseFilter(found[0]!.flowFilter)).toMatchObject({ ok: true });
    // Over several windows.
    expect(run([...before, ...sweep(30, 1.5)]).map((f) => f.at - NOON - learnt)).toEqual([30, 40]);
  });

  it('is found where a third is not there', () => {
    const flows = [
      ...sweep(40, 0.4),
      ...times(20, (i) =>
        probe(form, {
          at: learnt + 0.4 * i,
          source: SCANNER,
          destination: `10.1.1.${i}`,
          port: 445,
        }),
      ),
    ];
    expect(types([...before, ...flows])).toEqual([`port_scan_horizontal ${SCANNER}`]);
  });

  it('is none of whom it always asks, nor in the first minutes, when nothing is known', () => {
    const checks = times(4, (round) => sweep(40, 0.2, 30 + round * 200));
    expect(run([...before, ...checks])).toEqual([]);
  });

  it('is none where it goes on with most', () => {
    const poller = times(50, (i) => {
      const c = { at: learnt + i / 2, source: SCANNER, destination: `10.1.0.${i + 1}`, port: 445 };
      return i % 2 === 0 ? connection(form, c) : probe(form, c);
    });
    const more = times(10, (i) =>
      connection(form, { at: learnt, source: SCANNER, destination: `10.1.2.${i}`, port: 445 }),
    );
    expect(run([...before, ...poller, ...more])).toEqual([]);
  });

  it('goes on being counted over a restart', () => {
    const windows = windowsOfFlows([...before, ...sweep(30, 1.5)]);
    const { found } = runWithRestarts(slowScan, windows, [NOON + learnt + 20]);
    expect(found.map((f) => [f.value, f.at])).toEqual(
      runDetector(slowScan, windows).map((f) => [f.value, f.at]),
    );
  });
});

describe.each(forms)('no slow scan, reported in %s, is', (form) => {
  const failing = (n: number, of: (i: number) => Scan): Flow[] =>
    times(n, (i) =>
      probe(form, { at: 5 + 10 * i, source: SCANNER, destination: TARGET, port: 443, ...of(i) }),
    );
  const succeeding = (n: number, of: (i: number) => Partial<Conversation>): Flow[] =>
    times(n, (i) =>
      connection(form, { at: 7 + 10 * i, source: SCANNER, destination: TARGET, port: 443, ...of(i) }),
    );

  it('one host that is away, contacted again and again', () => {
    expect(run([...others(form, 600), ...failing(60, () => ({ port: 9100 }))])).toEqual([]);
  });

  it('a poller, a third of whose hosts are switched off', () => {
    const host = (i: number): string => `10.1.0.${i + 1}`;
    expect(
      run([
        ...others(form, 700),
        ...succeeding(60, (i) => ({ destination: host(i), port: 161, protocol: 17 })),
        ...failing(30, (i) => ({ destination: host(100 + i), port: 161, protocol: 17, at: 5 + 20 * i })),
      ]),
    ).toEqual([]);
  });

  /** Each host is asked for three services that it has and for so many that it has not. */
  const monitored = (hosts: number, lacking: number): Flow[] =>
    times(hosts, (i) => [
      ...times(lacking, (n) =>
        probe(form, {
          at: 5 + 10 * i + n / 4,
          source: SCANNER,
          destination: `10.1.0.${i + 1}`,
          port: [5985, 3389, 8006, 9100][n]!,
          refused: true,
        }),
      ),
      ...connection(form, { at: 7 + 10 * i, source: SCANNER, destination: `10.1.0.${i + 1}`, port: 22 }),
    ]);

  it('a monitoring server, which asks hosts that it knows for what some have not', () => {
    expect(run([...others(form, 700), ...monitored(60, 3)])).toEqual([]);
    expect(types([...others(form, 700), ...monitored(60, 4)])).toEqual([]);
  });

  it('what is forgiven of hosts that are known: a scan of their ports is found three later', () => {
    const known = connection(form, { at: 2, source: SCANNER, destination: TARGET, port: 443 });
    const ports = (n: number): Flow[] => failing(n, (i) => ({ at: 100 + 10 * i, port: 20 + i }));
    expect(run([...others(form, 400), ...known, ...ports(17)])).toEqual([]);
    expect(run([...others(form, 400), ...known, ...ports(18)])).toMatchObject([{ value: 15 }]);
  });

  it('a host whom the firewall does not let out to the web', () => {
    expect(run([...others(form, 600), ...failing(60, (i) => ({ destination: `198.51.100.${i}` }))])).toEqual(
      [],
    );
  });

  it('peer-to-peer, whose peers are gone', () => {
    expect(
      run([
        ...others(form, 1000),
        ...failing(100, (i) => ({ destination: `198.51.100.${i}`, port: 2000 + 37 * i })),
      ]),
    ).toEqual([]);
  });

  it('multicast and broadcast, which nobody answers', () => {
    expect(
      run([
        ...others(form, 600),
        ...failing(60, (i) => ({ destination: `239.1.0.${i}`, port: 5000, protocol: 17 })),
      ]),
    ).toEqual([]);
  });

  it('a load balancer that checks its servers half open', () => {
    const flows = times(40, (i) =>
      conversation(form, {
        at: 5 + 10 * i,
        source: SCANNER,
        destination: `10.1.0.${i + 1}`,
        port: 80,
        flags: SYN | RST,
        packets: 2,
        bytes: 84,
        back: { flags: SYN | ACK, packets: 1, bytes: 44 },
      }),
    );
    expect(run([...others(form, 500), ...flows])).toEqual([]);
  });

  it('anything that is sampled: what failed cannot be told', () => {
    expect(run(failing(60, (i) => ({ port: i + 1, samplingRate: 100 })))).toEqual([]);
    expect(run(failing(60, (i) => ({ port: i + 1, samplingRate: 100, source: OUTSIDE })))).toEqual([]);
  });

  it('an outage', () => {
    const flows = times(10, (h) =>
      times(40, (i) => [
        ...probe(form, { at: 1 + i * 2, source: `10.0.0.${h + 1}`, destination: `10.1.0.${i}`, port: 445 }),
        ...probe(form, { at: 1 + i * 2, source: `10.0.0.${h + 1}`, destination: `10.1.1.${i}`, port: 445 }),
      ]),
    );
    expect(run([...others(form, 100), ...flows])).toEqual([]);
  });
});

it('remembers not more hosts than there is room for', () => {
  const flows = times(30_000, (i) =>
    probe('flows', {
      at: 1 + i / 1000,
      source: `203.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
      destination: TARGET,
      port: 80,
    }),
  );
  const { running } = runWithRestarts(slowScan, windowsOfFlows(flows), []);
  expect(running.counts!().entities).toBeLessThanOrEqual(4096);
});
