import { type Severity, severities } from '@weir/core/anomalies';
import type { Finding } from '../detector.ts';

/** From 0 for low to 3 for critical. */
export function severityRank(severity: Severity): number {
  return severities.indexOf(severity);
}

export function worseSeverity(a: Severity, b: Severity): Severity {
  return severityRank(a) >= severityRank(b) ? a : b;
}

/** Of a drop, and of a rule that asks for little, the least value is the worst. */
function lessIsWorse({ type, value, threshold, baseline }: Finding): boolean {
  return value < threshold && (baseline > value || type === 'rule');
}

/** How many times beyond its threshold: at least 1 as a rule. */
function excess(finding: Finding): number {
  const { value, threshold } = finding;
  if (!(threshold > 0)) return value;
  return lessIsWorse(finding) ? threshold / Math.max(value, 0) : value / threshold;
}

/** How bad a finding is, to be compared. */
export interface Badness {
  readonly severity: number;
  readonly excess: number;
  readonly value: number;
  readonly score: number;
}

export function badnessOf(finding: Finding): Badness {
  return {
    severity: severityRank(finding.severity),
    excess: excess(finding),
    value: lessIsWorse(finding) ? -finding.value : finding.value,
    score: finding.score,
  };
}

/**
 * Above 0 where a is worse than b: by severity, then by how far beyond the threshold, which differs with the hour where it follows from
 * what is usual, then by the value. The order does not depend on which came first, so live and replay agree on the worst.
 */
export function compareBadness(a: Badness, b: Badness): number {
  return (
    a.severity - b.severity || (a.excess === b.excess ? 0 : a.excess - b.excess) || a.value - b.value || 0
  );
}
