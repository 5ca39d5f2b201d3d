import { describe, expect, it } from '@jest/globals';
import type { ClosedWindow } from '@weir/core/windows';
import { Baselines } from '../../baselines/index.ts';
import type { Detector, Finding, Values } from '../../detector.ts';
import { WindowHistory } from '../../step.ts';
import { windowsOfFlows } from '../../testing/run-detector.ts';
import { type Flow, NOON } from '../../windows/testing/flows.ts';
import { volumeDetectors } from './index.ts';
import { conversation, other, own, spread } from './testing/traffic.ts';

const HOURS = 2;
const END = HOURS * 3_600;

/** Runs all of them together, with baselines that learn as they do in the engine. */
function runAll(windows: readonly ClosedWindow[]): (Finding & { at: number; by: string })[] {
  const running = volumeDetectors.map((detector: Detector) => ({
    name: detector.name,
    it: detector.start(
      () =>
        Object.fromEntries(
          Object.entries(detector.parameters).map(([name, { default: value }]) => [name, value]),
        ) as Values,
    ),
  }));
  const usual = new Baselines();
  const history = new WindowHistory();
  const found: (Finding & { at: number; by: string })[] = [];
  for (const window of windows) {
    const step = history.step(window, false);
    for (const { name, it } of running)
      it.detect(step, usual, (finding) => found.push({ ...finding, at: step.start, by: name }));
    for (const { it } of running) it.learn?.(step);
    usual.learn(step);
  }
  return found;
}

/** An office by the minute: 20 clients browse, ask names, download now and then; a server is asked; 150 kB/s in all, more or less. */
function office(minutes: number): Flow[] {
  const flows: Flow[] = [];
  for (let m = 0; m < minutes; m++) {
    for (let c = 0; c < 20; c++) {
      const at = 60 * m + ((c * 7) % 60);
      const bytesBack = 200_000 + ((m * 37 + c * 91) % 100) * 3_000;
      flows.push(
        ...conversation(at, own(10 + c), 30_000 + m, other((m * 7 + c) % 90), 443, {
          bytesBack,
          packetsBack: bytesBack / 1_000,
          packets: bytesBack / 2_000,
          durationMs: 2_000,
        }),
        ...conversation(at, own(10 + c), 20_000 + m, own(5), 53, {
          protocol: 17,
          bytes: 300,
          packets: 4,
          bytesBack: 700,
          packetsBack: 4,
          durationMs: 5,
        }),
      );
    }
    flows.push(
      ...conversation(60 * m + 30, other(m % 50), 40_000, own(8), 443, {
        bytes: 20_000,
        packets: 100,
        bytesBack: 3_000_000,
        packetsBack: 2_200,
        durationMs: 4_000,
      }),
    );
  }
  return flows.map((f) => ({ ...f, collector_ip: '192.0.2.254', input_interface: 1 }));
}

describe('all volume detectors, with baselines that learn', () => {
  const quiet = windowsOfFlows(office(HOURS * 60));

  it('find nothing in two hours of an office', () => {
    expect(runAll(quiet).map((f) => `${f.by}: ${f.title}`)).toEqual([]);
  });

  it('find a spike once, within half a minute', () => {
    const spike = spread(60 * 8, END, END + 60, (n) => ({
      ...conversation(0, own(10 + (n % 20)), 30_000 + n, other(n % 90), 443, {
        bytesBack: 1_500_000,
        packetsBack: 1_100,
      })[1]!,
      timestamp: NOON + END + Math.floor(n / 8),
      collector_ip: '192.0.2.254',
      input_interface: 1,
    }));
    const found = runAll([...quiet, ...windowsOfFlows(spike)]);
    expect([...new Set(found.map((f) => `${f.by} ${f.entity}`))]).toEqual(['traffic_spike TCP 443']);
    expect(found[0]!.at).toBeLessThanOrEqual(NOON + END + 30);
    expect(Math.max(...found.map((f) => f.value)) / 12_000_000).toBeCloseTo(1, 1);
  });

  it('find a flood once, by its own name, not as a spike besides', () => {
    const flood = spread(20_000, END, END + 20, (n) => ({
      source_ip: other(n),
      source_port: 1_024 + n,
      destination_ip: own(8),
      destination_port: 443,
      protocol: 6,
      tcp_flags: 0x02,
      packets_in: 1,
      bytes_in: 60,
      collector_ip: '192.0.2.254',
      input_interface: 1,
    }));
    const found = runAll([...quiet, ...windowsOfFlows(flood)]);
    expect([...new Set(found.map((f) => `${f.by} ${f.entity}`))]).toEqual(['syn_flood 10.0.0.8']);
  });

  it('find a UDP flood once, though it carries more than all else', () => {
    const flood = spread(15_000, END, END + 30, (n) => ({
      source_ip: other(n),
      source_port: 30_000 + n,
      destination_ip: own(8),
      destination_port: 443,
      protocol: 17,
      packets_in: 45,
      bytes_in: 45 * 60,
      collector_ip: '192.0.2.254',
      input_interface: 1,
    }));
    const found = runAll([
      ...quiet,
      ...windowsOfFlows([...office(HOURS * 60 + 1).filter(isAfter), ...flood]),
    ]);
    expect([...new Set(found.map((f) => `${f.by} ${f.entity}`))]).toEqual(['udp_flood 10.0.0.8']);
  });
});

function isAfter(flow: Flow): boolean {
  return Number(flow.timestamp) >= NOON + END;
}
