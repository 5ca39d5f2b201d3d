import { describe, expect, it } from '@jest/globals';
import { parseFilter } from '@weir/core/filter';
import { WindowHistory } from '../../step.ts';
import { nothingUsual, runDetector, windowsOfFlows } from '../../testing/run-detector.ts';
import type { Flow } from '../../windows/testing/flows.ts';
import { portScan } from './port-scan.ts';
import {
  ACK,
  type Conversation,
  FIN,
  type Form,
  PSH,
  RST,
  SYN,
  URG,
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

const run = (flows: readonly Flow[], set = {}): ReturnType<typeof runDetector> =>
  runDetector(portScan, windowsOfFlows(flows), { set });
const types = (flows: readonly Flow[]): string[] => [
  ...new Set(run(flows).map((f) => `${f.type} ${f.entity}`)),
];

/** So many ports of one host, evenly within so many seconds. */
const vertical = (
  form: Form,
  ports: number,
  seconds: number,
  more: Partial<Conversation> & { refused?: boolean } = {},
): Flow[] =>
  times(ports, (i) =>
    probe(form, {
      at: 1 + (i * seconds) / ports,
      source: SCANNER,
      destination: TARGET,
      port: 1 + i * 3,
      sourcePort: 50_123,
      ...more,
    }),
  );

describe.each(forms)('a vertical scan, reported in %s', (form) => {
  it('is found from 21 ports a minute on, not at 20', () => {
    expect(run(vertical(form, 20, 50))).toEqual([]);
    const found = run(vertical(form, 21, 50));
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]).toMatchObject({
      type: 'port_scan_vertical',
      entity: SCANNER,
      source: SCANNER,
      destination: TARGET,
      technique: 'T1046',
      metric: 'ports_per_minute',
      value: 21,
      threshold: 20,
    });
    expect(found[0]!.evidence.ports).toHaveLength(21);
    expect(parseFilter(found[0]!.flowFilter)).toMatchObject({ ok: true });
  });

  it.each(['dropped', 'refused'])('is found where it is %s, at any speed', (how) => {
    const refused = how === 'refused';
    for (const [ports, seconds] of [
      [1000, 3],
      [200, 30],
      [30, 50],
    ] as const) {
      expect(types(vertical(form, ports, seconds, { refused }))).toEqual([`port_scan_vertical ${SCANNER}`]);
      expect(types(vertical(form, ports, seconds, { refused, source: OUTSIDE }))).toEqual([
        `port_scan_vertical ${OUTSIDE}`,
      ]);
    }
  });

  it('is found with some ports open, by SYN as by connect scan', () => {
    const open = (flags: number): Flow[] =>
      times(5, (i) =>
        conversation(form, {
          at: 3,
          source: SCANNER,
          destination: TARGET,
          port: 8000 + i,
          flags,
          packets: 2,
          bytes: 84,
          back: { flags: SYN | ACK, packets: 1, bytes: 44 },
        }),
      );
    for (const flags of [SYN | RST, SYN | ACK | RST])
      expect(types([...vertical(form, 30, 5, { refused: true }), ...open(flags)])).toEqual([
        `port_scan_vertical ${SCANNER}`,
      ]);
  });

  it.each([
    ['FIN', FIN],
    ['NULL', 0],
    ['Xmas', FIN | PSH | URG],
    ['ACK', ACK],
  ])('is found as %s scan, refused or dropped', (_name, flags) => {
    for (const back of [{ flags: RST | ACK, bytes: 40, packets: 1 }, undefined])
      expect(
        types([
          ...background(form, 40),
          ...times(60, (i) =>
            conversation(form, {
              at: 5 + i / 3,
              source: SCANNER,
              destination: TARGET,
              port: 1 + i * 7,
              sourcePort: 51_000,
              flags,
              bytes: 40,
              packets: 1,
              durationMs: 0,
              back,
            }),
          ),
        ]),
      ).toEqual([`port_scan_vertical ${SCANNER}`]);
  });

  it('is found as UDP scan, of which only some are answered by ICMP', () => {
    const flows = times(50, (i) => [
      ...conversation(form, {
        at: 2 + i,
        source: SCANNER,
        destination: TARGET,
        port: 1 + i * 7,
        protocol: 17,
        bytes: 40,
        packets: 1,
        durationMs: 0,
      }),
      ...(i % 5 === 0
        ? conversation(form, {
            at: 2 + i,
            source: TARGET,
            destination: SCANNER,
            port: 0,
            protocol: 1,
            bytes: 68,
            packets: 1,
          }).map((f) => ({ ...f, icmp_type: 3, icmp_code: 3 }))
        : []),
    ]);
    expect(types([...background(form, 50), ...flows])).toEqual([`port_scan_vertical ${SCANNER}`]);
  });

  it('is found beside the work of a busy host', () => {
    const work = times(120, (i) =>
      connection(form, {
        at: i / 2.5,
        source: SCANNER,
        destination: `198.51.100.${i + 1}`,
        port: 443,
        sourcePort: 41_000 + i,
      }),
    );
    expect(types([...work, ...vertical(form, 30, 50)])).toEqual([`port_scan_vertical ${SCANNER}`]);
  });

  it('is found of a block of hosts', () => {
    const flows = times(40, (h) =>
      times(40, (p) =>
        probe(form, {
          at: 1 + (h * 40 + p) / 200,
          source: OUTSIDE,
          destination: `10.1.0.${h + 1}`,
          port: 20 + p,
        }),
      ),
    );
    expect(types(flows)).toEqual([`port_scan_vertical ${OUTSIDE}`]);
  });

  it('is found in the window in which it crosses the threshold, while that takes flows', () => {
    const history = new WindowHistory();
    const found: string[] = [];
    for (const window of windowsOfFlows(vertical(form, 30, 8)))
      portScan
        .start(() => ({ ports: 20, hosts: 20, syns: 100, failed_share: 0.5 }))
        .detect(history.step(window, true), nothingUsual, (f) => found.push(f.type));
    expect(found).toEqual(['port_scan_vertical']);
  });

  it('is found at 1:100 where enough is seen, with less certainty', () => {
    const sampled = run(vertical(form, 60, 40, { samplingRate: 100 }));
    expect(sampled.at(-1)).toMatchObject({ type: 'port_scan_vertical' });
    expect(sampled.at(-1)!.evidence.caveat).toContain('1:100');
    expect(sampled.at(-1)!.score).toBeLessThan(run(vertical(form, 60, 40)).at(-1)!.score);
  });
});

describe.each(forms)('a horizontal scan, reported in %s', (form) => {
  const sweep = (
    hosts: number,
    more: Partial<Conversation> & { refused?: boolean } = {},
    every = 1,
  ): Flow[] =>
    times(hosts, (i) =>
      probe(form, {
        at: 1 + (i * 50) / hosts,
        source: SCANNER,
        destination: `10.1.${i >> 8}.${(i * every) & 255}`,
        port: 445,
        sourcePort: 50_123,
        ...more,
      }),
    );

  it('is found from 21 hosts a minute on, not at 20', () => {
    expect(run(sweep(20))).toEqual([]);
    const [first] = run(sweep(21));
    expect(first).toMatchObject({
      type: 'port_scan_horizontal',
      entity: SCANNER,
      port: 445,
      value: 21,
      technique: 'T1046',
    });
    expect(parseFilter(first!.flowFilter)).toMatchObject({ ok: true });
  });

  it('is found where hosts refuse, and by ping', () => {
    expect(types(sweep(100, { refused: true, source: OUTSIDE }))).toEqual([
      `port_scan_horizontal ${OUTSIDE}`,
    ]);
    expect(types([...background(form, 50), ...sweep(100, { protocol: 1, port: 0, bytes: 84 })])).toEqual([
      `port_scan_horizontal ${SCANNER}`,
    ]);
  });

  it('is not a link that is down: then all hosts fail', () => {
    const flows = times(10, (h) =>
      times(40, (i) =>
        probe(form, { at: 1 + i, source: `10.0.0.${h + 1}`, destination: `198.51.100.${i + 1}`, port: 443 }),
      ),
    );
    expect(run(flows)).toEqual([]);
  });

  it('is found at 1:100 where nearly all that is seen are SYNs', () => {
    expect(types(sweep(60, { samplingRate: 100 }))).toEqual([`port_scan_horizontal ${SCANNER}`]);
  });
});

describe.each(forms)('no scan, reported in %s, is', (form) => {
  const many = (n: number, of: (i: number) => Partial<Conversation>): Flow[] =>
    times(n, (i) =>
      connection(form, { at: 1 + (i * 50) / n, source: SCANNER, destination: TARGET, port: 443, ...of(i) }),
    );
  const failing = (n: number, of: (i: number) => Partial<Conversation>): Flow[] =>
    times(n, (i) =>
      probe(form, { at: 1 + (i * 50) / n, source: SCANNER, destination: TARGET, port: 443, ...of(i) }),
    );
  const host = (i: number): string => `198.51.${100 + (i >> 8)}.${i & 255}`;

  it('a server on a high port whose clients have any', () => {
    const flows = times(400, (i) =>
      connection(form, {
        at: 1 + i / 8,
        source: '10.2.0.1',
        destination: '10.0.0.7',
        port: 30_443,
        sourcePort: 1024 + i * 150,
      }),
    );
    expect(run(flows)).toEqual([]);
  });

  it('such a server, of which only its answers are seen', () => {
    const flows = times(400, (i) =>
      conversation(form, {
        at: 1 + i / 8,
        source: '10.0.0.7',
        sourcePort: 30_443,
        destination: `203.0.113.${i % 5}`,
        port: 1024 + i * 70,
        bytes: 4000,
      }),
    );
    expect(run(flows)).toEqual([]);
  });

  it('peer-to-peer: a port for each peer, and many of them gone', () => {
    const peer = (i: number): Partial<Conversation> => ({ destination: host(i), port: 1024 + i * 97 });
    expect(run([...failing(150, peer), ...many(80, (i) => peer(i + 150)), ...background(form, 50)])).toEqual(
      [],
    );
  });

  it('a media server’s streams, and FTP’s passive connections', () => {
    expect(
      run(
        many(100, (i) => ({ protocol: 17, port: 16_384 + 2 * i, sourcePort: 20_000 + 2 * i, packets: 500 })),
      ),
    ).toEqual([]);
    expect(run(many(60, (i) => ({ port: 40_000 + i, sourcePort: 50_000 + i, bytes: 50_000 })))).toEqual([]);
  });

  it('a browser whose IPv6 has no route', () => {
    const flows = failing(40, (i) => ({
      source: 'fd00::66',
      destination: `2001:db8:${i + 1}::1`,
      port: 443,
    }));
    expect(run(flows)).toEqual([]);
  });

  it('traceroute', () => {
    const flows = failing(60, (i) => ({ protocol: 17, port: 33_434 + i, bytes: 60 }));
    expect(run([...background(form, 50), ...flows])).toEqual([]);
  });

  it('a NAT gateway: many hosts and ports, of which some fail', () => {
    const flows = [
      ...many(1500, (i) => ({ destination: host(i % 500), sourcePort: 2000 + i })),
      ...failing(90, (i) => ({ destination: host(500 + i), port: i % 3 === 0 ? 1000 + i * 31 : 443 })),
    ];
    expect(run(flows)).toEqual([]);
  });

  it('a crawler and a resolver, of which one in ten is not there', () => {
    expect(
      run([
        ...many(270, (i) => ({ destination: host(i) })),
        ...failing(30, (i) => ({ destination: host(300 + i) })),
      ]),
    ).toEqual([]);
    const dns = { protocol: 17, port: 53, bytes: 70, packets: 1 };
    expect(
      run([
        ...many(270, (i) => ({ ...dns, destination: host(i), sourcePort: 2000 + i * 9 })),
        ...failing(30, (i) => ({ ...dns, destination: host(300 + i) })),
      ]),
    ).toEqual([]);
  });

  it('a monitoring server: many hosts, which answer', () => {
    expect(
      run(many(200, (i) => ({ destination: host(i), protocol: 17, port: 161, packets: 2, bytes: 160 }))),
    ).toEqual([]);
    expect(
      run(many(200, (i) => ({ destination: host(i), protocol: 1, port: 0, packets: 1, bytes: 84 }))),
    ).toEqual([]);
  });

  it('a monitoring server that asks each host for services, of which all lack one', () => {
    const round = times(60, (i) => [
      ...[22, 80, 445].flatMap((port) =>
        connection(form, { at: 1 + i / 2, source: SCANNER, destination: host(i), port, packets: 4 }),
      ),
      ...probe(form, { at: 1 + i / 2, source: SCANNER, destination: host(i), port: 443, refused: true }),
    ]);
    expect(run(round)).toEqual([]);
    // Those that answer nothing are not reached.
    const dark = times(30, (i) =>
      [22, 80, 445].flatMap((port) =>
        probe(form, { at: 1 + i, source: SCANNER, destination: host(200 + i), port }),
      ),
    );
    expect(run([...round.slice(0, 10), ...dark]).map((f) => f.type)).toContain('port_scan_horizontal');
  });

  it('a load balancer that checks its servers half open', () => {
    const check = {
      flags: SYN | RST,
      packets: 2,
      bytes: 84,
      back: { flags: SYN | ACK, packets: 1, bytes: 44 },
    };
    expect(run(many(100, (i) => ({ ...check, port: 8000 + i, destination: `10.1.0.${i % 4}` })))).toEqual([]);
    expect(run(many(100, (i) => ({ ...check, port: 80, destination: `10.1.0.${i}` })))).toEqual([]);
  });

  it('a busy client at 1:100, of whose connections now and then the SYN alone is seen', () => {
    const flows = many(300, (i) => ({
      destination: host(i),
      samplingRate: 100,
      packets: 1,
      bytes: 60,
      flags: i % 8 === 0 ? SYN : ACK,
      port: [443, 80, 22, 25][i % 4]!,
    }));
    expect(run(flows)).toEqual([]);
  });
});

describe('where no answers are seen at all', () => {
  it('takes only SYNs for scans', () => {
    const oneWay = times(10, (h) =>
      times(30, (i) =>
        conversation('flows', {
          at: 1 + i,
          source: `10.0.0.${h + 1}`,
          destination: `198.51.100.${i + 1}`,
          port: 53,
          protocol: 17,
          packets: 1,
          bytes: 70,
        }),
      ),
    );
    expect(run(oneWay)).toEqual([]);
    expect(types([...oneWay, ...vertical('flows', 30, 20)])).toEqual([`port_scan_vertical ${SCANNER}`]);
  });
});
