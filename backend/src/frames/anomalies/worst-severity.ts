import { type Severity, severities } from '@weir/core/anomalies';

/** The worst of some severities. */
export function worst(list: readonly Severity[]): Severity {
  return list.reduce((a, b) => (severities.indexOf(b) > severities.indexOf(a) ? b : a), 'low');
}
