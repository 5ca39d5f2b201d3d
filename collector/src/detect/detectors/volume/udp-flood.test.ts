import { describe, expect, it } from '@jest/globals';
import { type Run, runDetector, windowsOfFlows } from '../../testing/run-detector.ts';
import { type Flow, NOON } from '../../windows/testing/flows.ts';
import { steady, usually } from './testing/fake-usual.ts';
import { filterProblem } from './testing/filter-problem.ts';
import { UDP, biflow, conversation, other, own, sampled, spread } from './testing/traffic.ts';
import { udpFlood } from './udp-flood.ts';

const VICTIM = '10.0.0.5';

/** A little of own hosts’ traffic: that exporters show both directions. */
const both = conversation(1, own(50), 40_000, other(1), 443);
const find = (flows: Flow[], run?: Run) => runDetector(udpFlood, windowsOfFlows([...both, ...flows]), run);

function udp(source: string, sourcePort: number, port: number, packets = 1, size = 60, to = VICTIM): Flow {
  return {
    source_ip: source,
    source_port: sourcePort,
    destination_ip: to,
    destination_port: port,
    protocol: UDP,
    packets_in: packets,
    bytes_in: size * packets,
  };
}

describe('a UDP flood', () => {
  it('is found at 2,000 packets/s of forged sources', () => {
    const found = find(spread(2_000, 0, 10, (n) => udp(other(n), 30_000 + n, 27_960, 10)));
    expect(found).toMatchObject([{ entity: VICTIM, value: 2_000, port: 27_960, technique: 'T1498.001' }]);
    expect(found[0]!.title).toMatch(/receives 2,000 UDP packets\/s from about [\d,]+ sources on port 27960/);
    expect(filterProblem(found[0]!.flowFilter)).toBeUndefined();
  });

  it('is not found just below', () => {
    expect(find(spread(1_999, 0, 10, (n) => udp(other(n), 30_000 + n, 27_960, 10)))).toEqual([]);
  });

  it('of one source that counts its port up is found, also where each port comes round some times', () => {
    const found = find(spread(5_000, 0, 10, (n) => udp('192.0.2.1', 1024 + n, 53, 15)));
    expect(found).toMatchObject([{ entity: VICTIM, source: '192.0.2.1', value: 7_500 }]);
  });

  it('with always the same ports is found by its empty packets', () => {
    expect(find(spread(10, 0, 10, () => udp('192.0.2.1', 5000, 80, 8_000, 28)))).toHaveLength(1);
    expect(find(spread(10, 0, 10, () => udp('192.0.2.1', 5000, 80, 7_999, 28)))).toEqual([]);
  });

  it('is found on a busy host, in flows of one direction and in biflows', () => {
    const busy = Array.from({ length: 400 }, (_, n) =>
      conversation(n % 10, other(n), 2000 + n, VICTIM, 443, { packets: 50, packetsBack: 100 }),
    );
    const flood = spread(4_000, 0, 10, (n) => udp(other(n), 30_000 + n, 27_960, 10));
    expect(find([...busy.flat(), ...flood])).toMatchObject([{ entity: VICTIM, value: 4_000 }]);
    expect(find([...busy.map(biflow), ...flood])).toMatchObject([{ entity: VICTIM, value: 4_000 }]);
  });

  it.each([100, 1000])('is found in 1:%i sampling', (rate) => {
    const flood = sampled(
      spread(10_000, 0, 10, (n) => udp(other(n), n, 80, 100)),
      rate,
    );
    const [found] = find(flood);
    expect(found).toMatchObject({ entity: VICTIM });
    expect(found!.value / 100_000).toBeCloseTo(1, 1);
    expect(found!.evidence.caveat).toContain(`1:${rate.toLocaleString('en-US')} sampling`);
  });

  it('where only one direction is shown is found at ten times the threshold', () => {
    const windows = (each: number): ReturnType<typeof windowsOfFlows> =>
      windowsOfFlows(spread(4_000, 0, 10, (n) => udp(other(n), n, 80, each)));
    expect(runDetector(udpFlood, windows(50))).toHaveLength(1);
    expect(runDetector(udpFlood, windows(49))).toEqual([]);
  });
});

describe('what is no UDP flood', () => {
  it('iperf3 over UDP, video: large packets of one source to one port', () => {
    expect(find(spread(10, 0, 10, () => udp('192.0.2.1', 5000, 5201, 8_500, 1_470)))).toEqual([]);
    expect(find(spread(300, 0, 10, (n) => udp(own(n), 5000, 5004, 500, 1_356)))).toEqual([]);
  });

  it('the same, sampled', () => {
    expect(
      find(
        sampled(
          spread(10, 0, 10, () => udp('192.0.2.1', 5000, 5201, 85_000, 1_470)),
          100,
        ),
      ),
    ).toEqual([]);
  });

  it('a VPN’s half hour, told of at its end', () => {
    const at = { timestamp: NOON + 5, duration_ms: 1_800_000 };
    expect(find([{ ...udp('192.0.2.1', 51_820, 51_820, 900_000, 90), ...at }])).toEqual([]);
  });

  it('QUIC and uTP downloads from many: they are answered', () => {
    const download = Array.from({ length: 1_000 }, (_, n) =>
      conversation(n % 10, VICTIM, 2000 + n, other(n), 443, {
        protocol: UDP,
        packets: 4,
        packetsBack: 40,
        bytesBack: 40_000,
      }),
    );
    expect(find(download.flat())).toEqual([]);
    const asked = download.map(([ours, theirs]) => biflow([theirs!, ours!]));
    expect(find(asked)).toEqual([]);
  });

  it('a DNS server', () => {
    const dns = Array.from({ length: 3_000 }, (_, n) =>
      conversation(n % 10, other(n), 2000 + n, VICTIM, 53, {
        protocol: UDP,
        bytes: 70,
        packets: 1,
        bytesBack: 200,
        packetsBack: 1,
      }),
    );
    expect(find(dns.flat(), { set: { packets_per_second: 250 } })).toEqual([]);
  });

  it('VoIP: thousands of calls of a gateway', () => {
    const calls = Array.from({ length: 500 }, (_, n) =>
      conversation(n % 10, other(n), 16_384 + n, VICTIM, 10_000 + n, {
        protocol: UDP,
        packets: 500,
        bytes: 30_000,
        packetsBack: 500,
        bytesBack: 30_000,
      }),
    );
    expect(find(calls.flat())).toEqual([]);
  });

  it('what collects syslog: the same senders, many packets a flow; or what it always receives', () => {
    expect(find(spread(400, 0, 10, (n) => udp(own(n), 514, 514, 100, 200)))).toEqual([]);
    const each = spread(3_000, 0, 10, (n) => udp(own(n % 90), n, 8125));
    const usual = usually((kind) => (kind === 'destination' ? steady(250) : undefined));
    const set = { packets_per_second: 250 };
    expect(find(each, { set })).toHaveLength(1);
    expect(find(each, { set, usual })).toEqual([]);
  });

  it('a scan of UDP ports', () => {
    expect(
      find(
        spread(3_000, 0, 10, (n) => udp('192.0.2.1', 40_000, n)),
        { set: { packets_per_second: 250 } },
      ),
    ).toEqual([]);
  });

  it('multicast', () => {
    expect(find(spread(5_000, 0, 10, (n) => udp(own(n), n, 5353, 10, 60, '224.0.0.251')))).toEqual([]);
  });
});
