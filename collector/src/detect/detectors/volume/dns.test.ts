import { describe, expect, it } from '@jest/globals';
import { type Run, runDetector, windowsOfFlows } from '../../testing/run-detector.ts';
import type { Flow } from '../../windows/testing/flows.ts';
import { dnsAnomaly } from './dns-anomaly.ts';
import { dnsTunnel } from './dns-tunnel.ts';
import { steady, usually } from './testing/fake-usual.ts';
import { filterProblem } from './testing/filter-problem.ts';
import { UDP, biflow, conversation, other, own, sampled, spread } from './testing/traffic.ts';

const CLIENT = '10.0.0.9';
const RESOLVER = '10.0.0.53';

const anomalies = (flows: Flow[], run?: Run) => runDetector(dnsAnomaly, windowsOfFlows(flows), run);
const tunnels = (flows: Flow[], run?: Run) => runDetector(dnsTunnel, windowsOfFlows(flows), run);

/** Questions and answers, evenly over the seconds. */
function asks(
  queries: number,
  from: number,
  to: number,
  { size = 75, answer = 160, client = CLIENT, server = RESOLVER, each = 1 } = {},
): Flow[] {
  return Array.from({ length: queries }, (_, n) =>
    conversation(Math.floor(from + (n * (to - from)) / queries), client, 2_000 + n, server, 53, {
      protocol: UDP,
      bytes: size * each,
      packets: each,
      bytesBack: answer * each,
      packetsBack: each,
      durationMs: 5,
    }),
  ).flat();
}

describe('a DNS anomaly', () => {
  it('is 101 queries in a minute, all through it', () => {
    const found = anomalies(asks(101, 0, 60));
    expect(found).toMatchObject([{ entity: CLIENT, value: 101, technique: 'T1071.004', severity: 'low' }]);
    expect(found[0]!.title).toBe(
      '10.0.0.9 asks 101 DNS queries a minute of 10.0.0.53, and talks to next to nobody',
    );
    expect(filterProblem(found[0]!.flowFilter)).toBeUndefined();
    expect(anomalies(asks(101, 0, 60).slice(0, 1)).concat(anomalies(asks(100, 0, 60)))).toEqual([]);
  });

  it('is found in biflows, and in queries from one port', () => {
    const flows = asks(120, 0, 60);
    const biflows = flows.filter((_, n) => n % 2 === 0).map((f, n) => biflow([f, flows[2 * n + 1]!]));
    expect(anomalies(biflows)).toHaveLength(1);
    expect(anomalies(asks(12, 0, 60, { each: 10 }))).toHaveLength(1);
  });

  it('of thousands is found at once', () => {
    expect(anomalies(asks(1_001, 0, 10))).toMatchObject([{ severity: 'medium' }]);
  });

  it('is many times what is usual, where that is known', () => {
    const usual = usually((_, metric) => (metric === 'dns_queries' ? steady(2) : undefined));
    expect(anomalies(asks(287, 0, 60), { usual })).toEqual([]);
    expect(anomalies(asks(289, 0, 60), { usual })).toMatchObject([{ baseline: 120 }]);
  });

  it.each([100, 1000])('is found in 1:%i sampling where enough is seen', (rate) => {
    const flows = sampled(asks(600, 0, 60, { each: 100 }), rate);
    expect(anomalies(flows)[0]).toMatchObject({ entity: CLIENT });
    expect(anomalies(sampled(asks(60, 0, 60, { each: 100 }), 1000))).toEqual([]);
  });
});

describe('what is no DNS anomaly', () => {
  it('browsing: a burst, and contacts to what was asked for', () => {
    expect(anomalies(asks(150, 0, 8))).toEqual([]);
    const contacts = Array.from({ length: 60 }, (_, n) => conversation(n, CLIENT, 9_000 + n, other(n), 443));
    expect(anomalies([...asks(180, 0, 60), ...contacts.flat()])).toEqual([]);
  });

  it('a resolver that others ask, and one that asks many', () => {
    const resolver = asks(2_000, 0, 60, { client: RESOLVER, server: '9.9.9.9' });
    const clients = Array.from({ length: 50 }, (_, n) => asks(40, 0, 60, { client: own(100 + n) })).flat();
    expect(anomalies([...resolver, ...clients])).toEqual([]);
    const recursive = Array.from({ length: 20 }, (_, n) => asks(20, 0, 60, { server: other(n) })).flat();
    expect(anomalies(recursive)).toEqual([]);
  });

  it('a mail server', () => {
    const mail = Array.from({ length: 20 }, (_, n) => conversation(3 * n, other(n), 3_000 + n, CLIENT, 25));
    expect(anomalies([...asks(300, 0, 60), ...mail.flat()])).toEqual([]);
  });

  it('a tunnel, which has its own', () => {
    expect(anomalies(asks(300, 0, 60, { size: 250 }))).toEqual([]);
  });
});

describe('a DNS tunnel', () => {
  it('is told by its questions', () => {
    const found = tunnels(asks(120, 0, 60, { size: 250, answer: 120 }));
    expect(found.at(-1)).toMatchObject({
      entity: '10.0.0.9 → 10.0.0.53',
      metric: 'mean_query_bytes',
      value: 250,
      technique: 'T1572',
    });
    expect(found.at(-1)!.title).toContain('120 queries/min of 250 bytes, answers of 120 bytes');
    expect(filterProblem(found[0]!.flowFilter)).toBeUndefined();
  });

  it('is told by its answers, in flows of one direction and in biflows', () => {
    const flows = asks(120, 0, 60, { size: 95, answer: 1_150, server: '203.0.113.53' });
    expect(tunnels(flows).at(-1)).toMatchObject({ metric: 'mean_answer_bytes', value: 1_150 });
    const biflows = flows.filter((_, n) => n % 2 === 0).map((f, n) => biflow([f, flows[2 * n + 1]!]));
    expect(tunnels(biflows).at(-1)).toMatchObject({ metric: 'mean_answer_bytes', value: 1_150 });
  });

  it('of raw packets to port 53, told of in few long flows, is found', () => {
    const flows = spread(12, 0, 60, (n) => ({
      ...asks(1, 0, 1, { size: 1_100, answer: 1_200, each: 40, server: '203.0.113.53' })[0]!,
      source_port: 40_000,
      timestamp: Number(spread(12, 0, 60, () => ({}))[n]!.timestamp),
    }));
    expect(tunnels(flows).length).toBeGreaterThan(0);
  });

  /** A socket's questions and answers as an exporter tells of them: a flow each way, when it has ended or been active for long. */
  const socket = (
    queries: number,
    size: number,
    answer: number,
    { durationMs = 46_000, server = RESOLVER } = {},
  ): Flow[] =>
    conversation(50, CLIENT, 44_052, server, 53, {
      protocol: UDP,
      bytes: size * queries,
      packets: queries,
      bytesBack: answer * queries,
      packetsBack: queries,
      durationMs,
    });

  it('that carries little at a time is told by its one socket, of one flow each way', () => {
    const found = tunnels(socket(1_740, 119, 191, { server: '203.0.113.200' }));
    expect(found).toMatchObject([{ entity: '10.0.0.9 → 203.0.113.200', value: 119, threshold: 100 }]);
    expect(found[0]!.description).toContain('out of one port');
    expect(tunnels([biflow(socket(1_740, 80, 301))])).toMatchObject([{ value: 301, threshold: 300 }]);
    expect(anomalies(socket(1_740, 119, 191))).toEqual([]);
  });

  it('by one socket is not found just below its rate or its sizes, nor where it was a burst', () => {
    expect(tunnels(socket(300, 100, 100))).toHaveLength(1);
    expect(tunnels(socket(299, 100, 100))).toEqual([]);
    expect(tunnels(socket(1_740, 99, 299))).toEqual([]);
    expect(tunnels(socket(1_740, 119, 191, { durationMs: 9_000 }))).toEqual([]);
  });

  it('by one socket is found in sampling by the packets that were seen, however few records they are in', () => {
    for (const rate of [10, 100])
      expect(tunnels(sampled(socket(1_740, 119, 191), rate))[0]!.evidence.caveat).toContain('sampling');
    expect(tunnels(sampled(socket(1_740, 119, 191), 1_000))).toEqual([]);
    expect(tunnels(sampled(asks(1_740, 0, 60, { size: 119, answer: 191 }), 10))).toEqual([]);
  });

  it('of a flow that is told of each half an hour is measured by the minute', () => {
    const halfAnHour = { durationMs: 1_800_000 };
    expect(tunnels(socket(30 * 301, 119, 191, halfAnHour))[0]!.title).toContain('301 queries/min');
    expect(tunnels(socket(30 * 299, 119, 191, halfAnHour))).toEqual([]);
    // A device that asks forty times a minute out of one port.
    expect(anomalies(socket(30 * 40, 75, 160, halfAnHour))).toEqual([]);
    expect(anomalies(socket(30 * 1_001, 75, 160, halfAnHour))).toMatchObject([{ value: 1_001 }]);
  });

  it('is not found just below its sizes or its rate', () => {
    expect(tunnels(asks(120, 0, 60, { size: 149, answer: 499 }))).toEqual([]);
    expect(tunnels(asks(59, 0, 60, { size: 300, answer: 900 }))).toEqual([]);
  });

  it.each([100, 1000])('is found in 1:%i sampling where enough is seen', (rate) => {
    const found = tunnels(sampled(asks(600, 0, 60, { size: 260, answer: 800, each: 100 }), rate));
    expect(found.at(-1)!.evidence.caveat).toContain('sampling');
  });
});

describe('what is no DNS tunnel', () => {
  it('reverse lookups of IPv6, DNSSEC and DKIM', () => {
    expect(tunnels(asks(600, 0, 60, { size: 135, answer: 190 }))).toEqual([]);
    expect(tunnels(asks(600, 0, 60, { size: 85, answer: 420 }))).toEqual([]);
    expect(tunnels([...asks(300, 0, 60), ...asks(50, 0, 60, { answer: 1_400 })])).toEqual([]);
  });

  it('a forwarder whose clients ask much', () => {
    const asked = asks(300, 0, 60, { client: own(80), size: 250 });
    const forwarded = asks(300, 0, 60, { client: RESOLVER, server: '9.9.9.9', size: 250 });
    expect(tunnels([...asked, ...forwarded]).every((f) => f.source === own(80))).toBe(true);
  });

  it('a forwarder with one port, and names as they are', () => {
    const flows = spread(6, 0, 60, (n) => ({
      ...asks(1, 0, 1, { size: 82, answer: 220, each: 400 })[0]!,
      source_port: 4_096,
      timestamp: Number(spread(6, 0, 60, () => ({}))[n]!.timestamp),
    }));
    expect(tunnels(flows)).toEqual([]);
  });

  it('a burst of long names', () => {
    expect(tunnels(asks(200, 0, 9, { size: 180 }))).toEqual([]);
  });

  it('what the host always does', () => {
    const usual = usually((_, metric) => (metric === 'dns_queries' ? steady(5) : undefined));
    expect(tunnels(asks(300, 0, 60, { size: 180 }), { usual })).toEqual([]);
  });
});
