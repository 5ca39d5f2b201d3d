import { describe, expect, it } from '@jest/globals';
import { parseFilter } from '@weir/core/filter';
import { runDetector, windowsOfFlows } from '../../testing/run-detector.ts';
import type { Flow } from '../../windows/testing/flows.ts';
import { bruteForce } from './brute-force.ts';
import { runWithRestarts } from './testing/restart.ts';
import {
  type Conversation,
  NOON,
  PSH,
  ACK,
  RST,
  SYN,
  connection,
  conversation,
  forms,
  probe,
  times,
} from './testing/traffic.ts';

const ATTACKER = '10.0.0.66';
const OUTSIDE = '203.0.113.66';
const SERVER = '10.1.0.5';
const DAY = 86_400;

const run = (flows: readonly Flow[]): ReturnType<typeof runDetector> =>
  runDetector(bruteForce, windowsOfFlows(flows));
const entities = (flows: readonly Flow[]): string[] => [...new Set(run(flows).map((f) => f.entity))];

describe.each(forms)('password guessing, reported in %s', (form) => {
  /** As hydra against SSH: a key exchange and some wrong guesses. */
  const logins = (
    n: number,
    seconds: number,
    more: (i: number) => Partial<Conversation> = () => ({}),
  ): Flow[] =>
    times(n, (i) =>
      connection(form, {
        at: 1 + (i * seconds) / n,
        source: ATTACKER,
        destination: SERVER,
        port: 22,
        sourcePort: 30_000 + i,
        bytes: 2600,
        packets: 18,
        durationMs: 4000,
        ...more(i),
      }),
    );

  it('is found from 15 attempts a minute on, not at 14', () => {
    expect(run(logins(14, 50))).toEqual([]);
    const [first] = run(logins(15, 50));
    expect(first).toMatchObject({
      type: 'brute_force',
      entity: `${ATTACKER} → ${SERVER}:22`,
      source: ATTACKER,
      destination: SERVER,
      port: 22,
      value: 15,
      technique: 'T1110',
      severity: 'high',
    });
    expect(parseFilter(first!.flowFilter)).toMatchObject({ ok: true });
  });

  it('is found against FTP, RDP, Telnet, from outside as well', () => {
    for (const [port, bytes] of [
      [21, 500],
      [3389, 1800],
      [23, 700],
    ] as const)
      expect(entities(logins(200, 50, () => ({ source: OUTSIDE, port, bytes, packets: 9 })))).toEqual([
        `${OUTSIDE} → ${SERVER}:${port}`,
      ]);
  });

  it('is found where it is patient: 100 in ten minutes, not 90', () => {
    expect(run(logins(90, 590))).toEqual([]);
    const found = run(logins(102, 590));
    expect(found[0]).toMatchObject({ metric: 'attempts_per_ten_minutes' });
    expect(found[0]!.value).toBeGreaterThanOrEqual(100);
  });

  it('is found as spraying of many hosts, as one thing', () => {
    const spray = (n: number): Flow[] => logins(n, 50, (i) => ({ destination: `10.1.0.${(i % 10) + 1}` }));
    expect(run(spray(44))).toEqual([]);
    const found = run(spray(60));
    expect([...new Set(found.map((f) => f.entity))]).toEqual([`${ATTACKER} → SSH`]);
    expect(found[0]).toMatchObject({ technique: 'T1110.003' });
    expect(parseFilter(found[0]!.flowFilter)).toMatchObject({ ok: true });
  });

  it('is found where many sources each do little', () => {
    const flows = logins(200, 50, (i) => ({ source: `203.0.113.${i % 40}` }));
    expect(entities(flows)).toEqual([`→ ${SERVER}:22`]);
    expect(run(logins(60, 50, (i) => ({ source: `203.0.113.${i % 40}` })))).toEqual([]);
  });

  it('is found where many sources try once or twice a minute', () => {
    const flows = logins(120, 58, (i) => ({ source: `203.0.113.${i % 100}` }));
    expect(entities(flows)).toEqual([`→ ${SERVER}:22`]);
  });

  it('says when one may have got in', () => {
    const flows = [
      ...logins(40, 30),
      ...connection(form, {
        at: 35,
        source: ATTACKER,
        destination: SERVER,
        port: 22,
        sourcePort: 29_999,
        bytes: 90_000,
        packets: 400,
      }),
    ];
    expect(run(flows).at(-1)).toMatchObject({ severity: 'critical' });
  });

  it('is found at 1:100, from SYNs, over ten minutes', () => {
    // 150 attempts a minute of 18 packets: 15 SYNs and 255 other packets are seen.
    const sampled = times(270, (i) =>
      conversation(form, {
        at: 1 + i * 2.2,
        source: ATTACKER,
        destination: SERVER,
        port: 22,
        sourcePort: 1024 + i,
        flags: i % 18 === 0 ? SYN : PSH | ACK,
        bytes: 90,
        packets: 1,
        durationMs: 0,
        samplingRate: 100,
      }),
    );
    const found = run(sampled);
    expect(found.at(-1)).toMatchObject({ entity: `${ATTACKER} → ${SERVER}:22` });
    expect(found.at(-1)!.evidence.caveat).toContain('1:100');
    expect(found.at(-1)!.value).toBeGreaterThan(100);
  });
});

describe.each(forms)('no password guessing, reported in %s, is', (form) => {
  const repeat = (n: number, more: (i: number) => Partial<Conversation>): Flow[] =>
    times(n, (i) =>
      connection(form, {
        at: 1 + (i * 50) / n,
        source: ATTACKER,
        destination: SERVER,
        port: 22,
        sourcePort: 30_000 + i,
        bytes: 2600,
        packets: 18,
        durationMs: 2000,
        ...more(i),
      }),
    );

  it('a check that the port is open, and a scan of it', () => {
    expect(run(repeat(100, () => ({ bytes: 340, packets: 6 })))).toEqual([]);
    const half = { flags: SYN | RST, bytes: 84, packets: 2 };
    expect(run(repeat(100, (i) => ({ ...half, destination: `10.1.0.${i}` })))).toEqual([]);
    expect(
      run(
        times(100, (i) =>
          probe(form, { at: i / 2, source: ATTACKER, destination: SERVER, port: 22, sourcePort: 2000 + i }),
        ),
      ),
    ).toEqual([]);
  });

  it('configuration management and copies: they carry more', () => {
    expect(
      run(repeat(100, (i) => ({ destination: `10.1.0.${i % 50}`, bytes: 90_000, packets: 120 }))),
    ).toEqual([]);
  });

  it('one command on each of many hosts', () => {
    expect(run(repeat(80, (i) => ({ destination: `10.1.0.${i}`, bytes: 4000 })))).toEqual([]);
  });

  it('mail programs behind a gateway, pools of a database, a directory’s clients', () => {
    expect(run(repeat(50, () => ({ port: 993 })))).toEqual([]);
    expect(run(repeat(70, () => ({ port: 5432, bytes: 900 })))).toEqual([]);
    expect(run(repeat(70, () => ({ port: 389, bytes: 700 })))).toEqual([]);
    expect(run(repeat(70, () => ({ port: 445, bytes: 1500 })))).toEqual([]);
  });

  it('a public mail server with many users', () => {
    expect(run(repeat(200, (i) => ({ port: 993, source: `203.0.113.${i % 60}` })))).toEqual([]);
  });

  it('a long session at 1:100, of which packets are seen now and then', () => {
    const flows = times(200, (i) =>
      conversation(form, {
        at: 1 + i * 3,
        source: ATTACKER,
        destination: SERVER,
        port: 22,
        sourcePort: 40_000,
        flags: PSH | ACK,
        bytes: 100,
        packets: 1,
        samplingRate: 100,
      }),
    );
    expect(run(flows)).toEqual([]);
  });

  it('a build server that does so every day', () => {
    const day = (d: number, n = 30): Flow[] =>
      repeat(n, (i) => ({ at: d * DAY + 1 + (i * 50) / n, bytes: 4500 }));
    const found = run([0, 1, 2, 3, 4].flatMap((d) => day(d)));
    expect([...new Set(found.map((f) => Math.floor((f.at - NOON) / DAY)))]).toEqual([0, 1]);
    // It keeps the habit over a restart; far more than usual is found all the same.
    const windows = windowsOfFlows([...[0, 1, 2, 3].flatMap((d) => day(d)), ...day(4, 300)]);
    const { found: after } = runWithRestarts(bruteForce, windows, [NOON + 2.5 * DAY, NOON + 3.5 * DAY]);
    expect([...new Set(after.map((f) => Math.floor((f.at - NOON) / DAY)))]).toEqual([0, 1, 4]);
  });
});
