import type { Finding, Report } from '../../detector.ts';

/** Hosts of one prefix hit at once, beyond which it is the prefix that is attacked: carpet-bombing.ts tells of it, once. */
const MOST_OF_A_PREFIX = 16;

/** Reports findings about destinations, but none of those that are parts of one attack on their prefix. */
export function reportBelowCarpets(findings: readonly Finding[], report: Report): void {
  const byPrefix = new Map<string, Finding[]>();
  for (const finding of findings) {
    const prefix = `${finding.tenant} ${prefixOf(finding.destination ?? '')}`;
    byPrefix.set(prefix, [...(byPrefix.get(prefix) ?? []), finding]);
  }
  for (const group of byPrefix.values()) if (group.length <= MOST_OF_A_PREFIX) group.forEach(report);
}

/** Of a /24, or of a /48 as texts of most networks have it. */
function prefixOf(address: string): string {
  return address.includes(':')
    ? address.split(':').slice(0, 3).join(':')
    : address.slice(0, address.lastIndexOf('.'));
}
