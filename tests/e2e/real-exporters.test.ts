import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Rig } from '../../collector/src/inputs/netflow/testing/rig.ts';
import { type Capture, ICMP, ICMPV6, type Traffic, keyOf, officeCapture } from '../support/capture.ts';
import { type Balance, TestCollector, dotted, imbalances } from '../support/collector.ts';
import { Tap } from '../support/datagrams.ts';
import { provided } from '../support/packages.ts';
import { type Reading, readByTshark, readingOfRow } from '../support/tshark.ts';
import { Workspace, until } from '../support/workspace.ts';

/*
 * Programs that make flows of packets, on a capture of which every packet is known: what the table holds is what was in the
 * capture, and each datagram says the same to our decoder as to tshark.
 */

const workspace = new Workspace();
afterAll(() => workspace.dispose());

type Version = 5 | 9 | 10;

interface Exporter {
  readonly program: 'softflowd' | 'pmacctd';
  readonly version: Version;
  readonly run: (pcap: string, port: number) => ChildProcess;
  /** Whether it says that it does not sample. */
  readonly saysRate: boolean;
  /** Whether VLAN tags are in its records. */
  readonly hasVlan: boolean;
}

const softflowd = (version: Version, ...more: string[]): Exporter => ({
  program: 'softflowd',
  version,
  saysRate: version !== 5,
  hasVlan: version !== 5,
  run: (pcap, port) =>
    workspace.spawn(
      'softflowd',
      // Its socket for commands is none: on some paths it waits for one for ever.
      [
        '-d',
        '-r',
        pcap,
        '-n',
        `127.0.0.1:${port}`,
        '-v',
        String(version),
        '-T',
        'vlan',
        '-c',
        'none',
        '-p',
        workspace.path('pid'),
        ...more,
      ],
      { stdio: 'ignore' },
    ),
});

const pmacctd = (version: Version): Exporter => ({
  program: 'pmacctd',
  version,
  saysRate: false,
  hasVlan: version !== 5,
  run: (pcap, port) => {
    const file = workspace.path('pmacctd.conf');
    writeFileSync(
      file,
      [
        'daemonize: false',
        `pcap_savefile: ${pcap}`,
        'plugins: nfprobe[flows]',
        'aggregate[flows]: src_host, dst_host, src_port, dst_port, proto, tos, tcpflags, vlan',
        `nfprobe_receiver[flows]: 127.0.0.1:${port}`,
        `nfprobe_version[flows]: ${version}`,
        '',
      ].join('\n'),
    );
    return workspace.spawn('pmacctd', ['-f', file], { stdio: 'ignore' });
  },
});

const EXPORTERS = [softflowd(5), softflowd(9), softflowd(10), pmacctd(5), pmacctd(9), pmacctd(10)];
const NAMES = { 5: 'NetFlow v5', 9: 'NetFlow v9', 10: 'IPFIX' } as const;
const SOURCES = { 5: 'netflow5', 9: 'netflow9', 10: 'ipfix' } as const;

let collector: TestCollector;
let capture: Capture;
let pcap: string;

beforeAll(async () => {
  // Programs are installed here where they are missing; what cannot be had is said and skipped.
  for (const program of ['tshark', 'softflowd', 'pmacctd'] as const) provided(program);
  capture = officeCapture(Math.floor(Date.now() / 1000) * 1000 - 60_000 + 250);
  pcap = workspace.path('office.pcap');
  capture.write(pcap);
  collector = await TestCollector.start(workspace);
}, 400_000);

/** A stored conversation, all records of it together. */
interface Stored {
  readonly source: string;
  readonly destination: string;
  readonly source_port: number;
  readonly destination_port: number;
  readonly protocol: number;
  readonly bytes: number;
  readonly packets: number;
  readonly flags: number;
  readonly tos: number;
  readonly vlan: number;
  readonly icmp_type: number;
  readonly icmp_code: number;
  readonly first_ms: number;
  readonly last_ms: number;
  readonly flow_source: string;
  readonly record_flags: number;
}

function stored(exporter: string): Promise<Stored[]> {
  return collector.query<Stored>(
    `SELECT ${dotted('source_ip')} AS source, ${dotted('destination_ip')} AS destination, source_port, destination_port, protocol,
       sum(bytes_in) AS bytes, sum(packets_in) AS packets, groupBitOr(tcp_flags) AS flags, max(tos) AS tos, max(vlan_id) AS vlan,
       any(icmp_type) AS icmp_type, any(icmp_code) AS icmp_code, toUnixTimestamp64Milli(min(flow_start_time)) AS first_ms,
       toUnixTimestamp64Milli(max(flow_end_time)) AS last_ms, any(toString(flow_source)) AS flow_source,
       groupBitOr(record_flags) AS record_flags
     FROM network_flows WHERE ${dotted('collector_ip')} = '${exporter}'
     GROUP BY source, destination, source_port, destination_port, protocol`,
  );
}

const isIcmp = ({ protocol }: { protocol: number }): boolean => protocol === ICMP || protocol === ICMPV6;
const keyOfTraffic = (t: Traffic): string =>
  keyOf(t.source, t.sourcePort, t.destination, t.destinationPort, t.protocol);

/** Of ICMP, ports are the exporter's own idea: type and code stand for themselves. */
const keyOfStored = (s: Stored): string =>
  isIcmp(s)
    ? keyOf(s.source, 0, s.destination, 0, s.protocol)
    : keyOf(s.source, s.source_port, s.destination, s.destination_port, s.protocol);

describe.each(
  EXPORTERS.map((exporter, n) => ({
    ...exporter,
    title: `${exporter.program}, ${NAMES[exporter.version]}`,
    n,
  })),
)('$title', ({ program, version, run, saysRate, hasVlan, n }) => {
  const address = `127.1.0.${n + 1}`;
  let tap: Tap | undefined;
  let rows: Stored[] = [];
  let balance: Balance | undefined;

  beforeAll(async () => {
    if (!provided(program)) return;
    tap = await Tap.open(collector.udpPort, address);
    workspace.onDispose(() => tap?.close());
    const child = run(pcap, tap.port);
    await until(
      `${program} is done`,
      () => (child.exitCode ?? child.signalCode ?? undefined) !== undefined || undefined,
    );
    await tap.quiet();
    await until('all its datagrams are in the ledger', async () => {
      balance = (await collector.balances()).get(address);
      return balance?.datagrams_received === tap!.received.length || undefined;
    });
    rows = await stored(address);
  }, 60_000);

  test('each conversation has the packets and bytes that the capture holds', () => {
    if (tap === undefined) return;
    const expected = [...capture.traffic.values()].filter((t) => version !== 5 || !t.source.includes(':'));
    const size = (packets: number, bytes: number): string => `${packets} packets, ${bytes} bytes`;
    expect(new Map(rows.map((s) => [keyOfStored(s), size(s.packets, s.bytes)]))).toEqual(
      new Map(expected.map((t) => [keyOfTraffic(t), size(t.packets, t.bytes)])),
    );
    expect(new Set(rows.map((s) => s.flow_source))).toEqual(new Set([SOURCES[version]]));
  });

  test('flags, type of service, ICMP, VLAN and times are those of the packets', () => {
    const wrong: string[] = [];
    for (const s of rows) {
      const t = capture.traffic.get(keyOfStored(s))!;
      const check = (what: string, has: number, wants: number): void => {
        if (has !== wants) wrong.push(`${keyOfStored(s)}: ${what} ${has}, not ${wants}`);
      };
      check('flags', s.flags, t.flags);
      // Both keep the type of service of the packet that began the conversation, and none for the answers.
      const back = capture.traffic.get(
        keyOf(t.destination, t.destinationPort, t.source, t.sourcePort, t.protocol),
      );
      const isAnswer = back !== undefined && back.firstMs < t.firstMs;
      check('tos', s.tos, isAnswer ? 0 : t.tos);
      if (hasVlan) check('vlan', s.vlan, t.vlan);
      if (isIcmp(s)) {
        check('icmp type', s.icmp_type, t.icmpType);
        check('icmp code', s.icmp_code, t.icmpCode);
      }
      // And where they see a conversation in two directions, both get the times of the whole.
      const firstMs = Math.min(t.firstMs, back?.firstMs ?? Infinity);
      const lastMs = Math.max(t.lastMs, back?.lastMs ?? 0);
      const own = t.lastMs - t.firstMs;
      const duration = s.last_ms - s.first_ms;
      check('duration in ms', duration, duration === own ? own : lastMs - firstMs);
      const starts = duration === own ? t.firstMs : firstMs;
      if (Math.abs(s.first_ms - starts) > CLOCK_MS)
        wrong.push(`${keyOfStored(s)}: starts ${s.first_ms - starts} ms late`);
    }
    expect(wrong.slice(0, 10)).toEqual([]);
  });

  test('the ledger balances and reports no loss that was none', async () => {
    if (tap === undefined) return;
    expect(imbalances(new Map([[address, balance!]]))).toEqual([]);
    expect(balance).toMatchObject({
      datagrams_refused: 0,
      records_lost: 0,
      records_waiting: 0,
      datagrams_decoded: tap.received.length,
    });
    const report = await until('its report', async () =>
      (await collector.exporters()).find((e) => e.address === address && e.ledger.flows === balance!.flows),
    );
    expect(report.ledger).toMatchObject({ sequenceGaps: 0, sequenceResets: 0, reordered: 0, imbalance: 0 });
    expect(Object.values(report.ledger.setsMalformed).every((count) => count === 0)).toBe(true);
    expect(report.versions).toEqual([version]);
    expect(report.samplingRate).toBe(saysRate ? 1 : 0);
  });

  test('each datagram says to our decoder what it says to tshark', () => {
    if (tap === undefined || !provided('tshark')) return;
    const payloads = tap.received.map(({ payload }) => payload);
    const theirs = readByTshark(payloads);
    const rig = new Rig();
    const ours: Reading[][] = payloads.map((payload, i) =>
      rig.flowsOf(payload, { atMs: Date.now() }).map((row, r) => readingOfRow(row, theirs[i]?.[r] ?? {})),
    );
    expect(ours).toEqual(theirs);
    const records = theirs.reduce((sum, one) => sum + one.length, 0);
    expect(records).toBe(balance!.flows);
    process.stdout.write(`${program} ${NAMES[version]}: ${payloads.length} datagrams, ${records} records\n`);
  });
});

/** Times are placed by the uptime in a header that has whole seconds beside it. */
const CLOCK_MS = 1100;
