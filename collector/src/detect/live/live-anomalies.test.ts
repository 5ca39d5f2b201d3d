import { describe, expect, it } from '@jest/globals';
import { encodeNative } from '@weir/core';
import type { AnomalyRow } from '@weir/core/anomalies';
import { DetectionEngine } from '../engine.ts';
import type { DetectionSettings } from '../settings.ts';
import { type Flow, NOON, batchOf } from '../windows/testing/flows.ts';
import { LiveDetection } from './live-detection.ts';

/* Windows, the real engine and its detectors together, on a clock that is set by hand. */

const settings: DetectionSettings = {
  enabled: true,
  ownNetworks: ['10.0.0.0/8'],
  latenessSeconds: 20,
  capacities: { source: 64, destination: 64, pair: 512, interface: 64, service: 512, tenant: 8, prefix: 64 },
  // It takes its time to see a scan end.
  detectors: { slow_scan: { enabled: false } },
  tenants: {},
  exclude: [],
  silences: [],
  rules: [],
};
const SCANNER = '10.0.0.66';
const VICTIM = '10.0.9.1';
const SYN = 2;
const RST_ACK = 0x14;

class Rig {
  time: number;
  readonly rows: (AnomalyRow & { at: number })[] = [];
  readonly engine = new DetectionEngine({ settings });
  readonly live: LiveDetection;

  constructor(from: number, before?: { state?: Uint8Array; rows?: readonly AnomalyRow[] }) {
    this.time = from;
    if (before?.state !== undefined) this.engine.load(before.state);
    this.engine.resume(before?.rows ?? []);
    this.live = new LiveDetection({
      settings,
      collector: 'here',
      engine: this.engine,
      onWindow: () => undefined,
      onAnomalies: (rows) => this.rows.push(...rows.map((row) => ({ ...row, at: this.time }))),
      onFault: (error) => {
        throw error;
      },
      now: () => (NOON + this.time) * 1000,
    });
    this.live.go();
  }

  scan(ports: number, from: number): void {
    const flows = Array.from({ length: ports }, (_, i) => from + i).flatMap((port): Flow[] => [
      flow({
        source_ip: SCANNER,
        destination_ip: VICTIM,
        source_port: 40_000,
        destination_port: port,
        tcp_flags: SYN,
      }),
      flow({
        source_ip: VICTIM,
        destination_ip: SCANNER,
        source_port: port,
        destination_port: 40_000,
        tcp_flags: RST_ACK,
      }),
    ]);
    this.live.observe(encodeNative(batchOf(flows.map((f) => ({ ...f, timestamp: NOON + this.time })))));
  }

  /** Turns once a second. */
  until(time: number): void {
    for (; this.time < time;) {
      this.time++;
      this.live.turn();
    }
  }

  get scans(): (AnomalyRow & { at: number })[] {
    return this.rows.filter(({ type }) => type === 'port_scan_vertical');
  }
}

function flow(of: Flow): Flow {
  return { tenant_id: 'acme', protocol: 6, packets_in: 1, bytes_in: 40, collector_ip: '192.0.2.1', ...of };
}

describe('a scan while flows come', () => {
  it('is said when its window ends, before that is closed; goes on in one row, and is closed when it has ended', () => {
    const rig = new Rig(2);
    rig.scan(100, 1);
    rig.until(9);
    expect(rig.rows).toEqual([]);
    rig.until(10);
    expect(rig.scans).toMatchObject([{ state: 'open', source_ip: SCANNER, at: 10 }]);
    rig.until(15);
    rig.scan(100, 101);
    rig.until(400);
    const ids = new Set(rig.scans.map(({ id }) => id));
    expect(ids.size).toBe(1);
    const last = rig.scans.at(-1)!;
    expect(last).toMatchObject({ state: 'closed' });
    expect(last.closed).toBeLessThan(NOON + 120);
    expect(last.at).toBeLessThan(240);
    expect(rig.scans.filter(({ state }) => state === 'closed')).toHaveLength(1);
    expect(rig.engine.counts()).toMatchObject({ open: 0, faults: {} });
  });

  it('goes on in its row after a restart: by what was saved, by the table alone, or by both', () => {
    const rig = new Rig(2);
    rig.scan(100, 1);
    rig.until(35);
    const before = rig.scans.at(-1)!;
    expect(before.state).toBe('open');
    const state = rig.engine.save();
    for (const known of [{ state }, { rows: [before] }, { state, rows: [before] }]) {
      const again = new Rig(45, known);
      again.scan(100, 301);
      again.until(60);
      const ids = new Set(again.scans.map(({ id }) => id));
      expect([...ids]).toEqual([before.id]);
      again.until(400);
      expect(again.scans.at(-1)).toMatchObject({ id: before.id, state: 'closed', opened: before.opened });
    }
  });
});
