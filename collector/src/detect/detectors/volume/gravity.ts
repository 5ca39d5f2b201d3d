import type { Severity } from '@weir/core/anomalies';
import type { Entity } from '../../step.ts';

/** How bad a value is by how many times its threshold it reaches: four times is `high`, twenty times `critical`. */
export function severityOf(times: number, least: Severity = 'medium'): Severity {
  if (times >= 20) return 'critical';
  if (times >= 4) return least === 'critical' ? 'critical' : 'high';
  return least;
}

/**
 * From 0 to 1: a half at the threshold, more the farther beyond; less where sampling leaves few samples, each of which would be as
 * good as none.
 */
export function scoreOf(times: number, samples: number, samplingRate: number): number {
  const far = 1 - 0.5 / Math.max(1, times);
  return samplingRate > 1 ? (far * samples) / (samples + 5) : far;
}

/** Samples below which a scaled count says nothing: at ten, it is right within a third or so. */
export const LEAST_SAMPLES = 10;

/**
 * What scaled counts of octets and packets rest on: the packets that were picked. A flow that lasts is one record however many packets of
 * it were picked, so that records alone would take a gigabyte of one flow for next to nothing. Reads `records`, `packets`, `sampling_rate`.
 */
export function samplesOf(entity: Entity, windows = 1): number {
  const records = entity.sum('records', windows);
  const rate = entity.most('sampling_rate', windows);
  return rate <= 1 ? records : Math.max(records, Math.round(entity.sum('packets', windows) / rate));
}

/** Whether a count that rests on so few samples can be held against a threshold. */
export function isFirm(entity: Entity, windows = 1): boolean {
  return entity.most('sampling_rate', windows) <= 1 || samplesOf(entity, windows) >= LEAST_SAMPLES;
}

/** What an anomaly of sampled traffic is to be told with; undefined where nothing is sampled. */
export function samplingCaveat(entity: Entity, windows = 1): string | undefined {
  const rate = entity.most('sampling_rate', windows);
  if (rate <= 1) return undefined;
  const samples = samplesOf(entity, windows);
  const seen = `1:${rate.toLocaleString('en-US')} sampling, ${samples.toLocaleString('en-US')} packets seen`;
  return samples < 100 ? `${seen}: take numbers as rough` : seen;
}
