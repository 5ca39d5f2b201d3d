import type { Emission } from '../exporter.ts';
import { SimulatedExporter } from '../exporter.ts';
import type { ExporterOptions } from '../exporter.ts';
import { buildNetwork } from '../network.ts';

export const network = buildNetwork(1);

/** A Saturday noon, and some milliseconds: rounding must show. */
export const NOON_MS = Date.UTC(2026, 10, 21, 12, 0, 0) + 987;

export function makeExporter(options: Partial<ExporterOptions> = {}): SimulatedExporter {
  return new SimulatedExporter({
    network,
    seed: 1,
    number: 0,
    protocol: 'v9',
    domain: 7,
    samplingRate: 1,
    maxPayload: 1400,
    templateRefresh: 500,
    skewMs: 0,
    dropFraction: 0,
    ipv6Share: 0.25,
    biflow: false,
    traceTimes: false,
    startMs: NOON_MS,
    ...options,
  });
}

/** All emissions of `count` flows. */
export function collect(exporter: SimulatedExporter, count: number, nowMs = NOON_MS): Emission[] {
  const emissions: Emission[] = [];
  exporter.produce(count, nowMs, (emission) => emissions.push(emission));
  return emissions;
}
