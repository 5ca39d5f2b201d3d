import { describe, expect, it } from '@jest/globals';
import type { AnomalyRow } from '@weir/core/anomalies';
import { detectors } from './detectors/index.ts';
import { DetectionEngine, type EngineOptions } from './engine.ts';
import type { DetectionSettings } from './settings.ts';
import { windowsOfFlows } from './testing/run-detector.ts';
import { NOON, type Flow } from './windows/testing/flows.ts';

const settings: DetectionSettings = {
  enabled: true,
  ownNetworks: ['10.0.0.0/8'],
  latenessSeconds: 20,
  capacities: {},
  detectors: {},
  tenants: {},
  exclude: [],
  silences: [],
  rules: [],
};
const withoutUsual = detectors.filter(({ usesUsual }) => usesUsual === false).map(({ name }) => name);

/** For five minutes some hosts ask a server each second; in the last one asks each port of another. */
function flows(): Flow[] {
  const all: Flow[] = [];
  for (let s = 0; s < 300; s++) {
    const ends = { timestamp: NOON + s, protocol: 6, packets_in: 10, bytes_in: 4000, tcp_flags: 0x1b };
    for (let h = 1; h <= 5; h++)
      all.push({ ...ends, source_ip: `10.0.0.${h}`, destination_ip: '10.0.1.1', destination_port: 443 });
    if (s >= 240)
      all.push({
        ...ends,
        ...{ source_ip: '10.0.0.66', destination_ip: '10.0.1.1', destination_port: s, tcp_flags: 2 },
        ...{ packets_in: 1, bytes_in: 44 },
      });
  }
  return all;
}

function rowsOf(options: Partial<EngineOptions>): { rows: AnomalyRow[]; engine: DetectionEngine } {
  const engine = new DetectionEngine({
    settings,
    onFault: (detector, error) => {
      throw new Error(`${detector}: ${String(error)}`);
    },
    ...options,
  });
  return { rows: windowsOfFlows(flows()).flatMap((window) => engine.take(window)), engine };
}

describe('an engine that learns baselines where they are used', () => {
  it('learns and reads none for detectors that ask for none, and finds the same', () => {
    const always = rowsOf({ detectors: withoutUsual });
    const used = rowsOf({ detectors: withoutUsual, baselines: 'where used' });
    expect(used.rows.map(({ type }) => type)).toContain('port_scan_vertical');
    expect(used.rows).toEqual(always.rows);
    expect(used.engine.reads.service.size).toBeLessThan(always.engine.reads.service.size);
  });

  it('learns them where one asks', () => {
    const { engine } = rowsOf({ detectors: [...withoutUsual, 'traffic_spike'], baselines: 'where used' });
    expect(engine.counts().entities).toBeGreaterThan(0);
    expect(rowsOf({ detectors: withoutUsual, baselines: 'where used' }).engine.counts().entities).toBe(0);
  });
});
