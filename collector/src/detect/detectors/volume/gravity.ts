import type { Severity } from '@weir/core/anomalies';
import type { Entity } from '../../step.ts';

/** How bad a value is by how many times its threshold it reaches: four times is `high`, twenty times `critical`. */
export function severityOf(times: number, least: Severity = 'medium'): Severity {
  if (times >= 20) return 'critical';
  if (times >= 4) return least === 'critical' ? 'critical' : 'high';
  return least;
}

/**
 * From 0 to 1: a half at the threshold, more the farther beyond; less where sampling leaves few records, each of which would be as
 * good as none.
 */
export function scoreOf(times: number, records: number, samplingRate: number): number {
  const far = 1 - 0.5 / Math.max(1, times);
  return samplingRate > 1 ? (far * records) / (records + 5) : far;
}

/** Records below which a scaled count says nothing: at ten, it is right within a third or so. */
export const LEAST_SAMPLED_RECORDS = 10;

/** Whether a count that rests on so few sampled records can be held against a threshold. */
export function isFirm(entity: Entity, windows = 1): boolean {
  return (
    entity.most('sampling_rate', windows) <= 1 || entity.sum('records', windows) >= LEAST_SAMPLED_RECORDS
  );
}

/** What an anomaly of sampled traffic is to be told with; undefined where nothing is sampled. */
export function samplingCaveat(entity: Entity, windows = 1): string | undefined {
  const rate = entity.most('sampling_rate', windows);
  if (rate <= 1) return undefined;
  const records = entity.sum('records', windows);
  const seen = `1:${rate.toLocaleString('en-US')} sampling, ${records.toLocaleString('en-US')} records`;
  return records < 100 ? `${seen}: take numbers as rough` : seen;
}
