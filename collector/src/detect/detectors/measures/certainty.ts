import type { Entity } from '../../step.ts';

/**
 * What sampling leaves of certainty. A scaled count that rests on n records has a relative standard error of about 1 / sqrt(n) (Duffield,
 * Lund, Thorup 2002; sFlow's "percentage error <= 196 sqrt(1 / n)"), so few records lower the score and are said.
 */
export function certaintyOf(rate: number, records: number): number {
  if (rate <= 1) return 1;
  return Math.max(0.3, 1 - 1.96 / Math.sqrt(Math.max(4, records)));
}

export function caveatOf(rate: number, records: number): string | undefined {
  if (rate <= 1) return undefined;
  return `1:${rate} sampling, ${records} ${records === 1 ? 'record' : 'records'}`;
}

/** The same of an entity over windows, as parts of a finding. */
export function sampled(entity: Entity, windows: number): { certainty: number; caveat: { caveat?: string } } {
  const rate = entity.most('sampling_rate', windows);
  const records = entity.sum('records', windows);
  const caveat = caveatOf(rate, records);
  return { certainty: certaintyOf(rate, records), caveat: caveat === undefined ? {} : { caveat } };
}
