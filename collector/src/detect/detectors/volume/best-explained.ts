import type { Finding } from '../../detector.ts';

/** That traffic grew or fell, as one entity shows it. */
export interface Explanation {
  /** 0 for what is closest to the cause; the whole network is the farthest. */
  readonly level: number;
  /** By how much, in the same unit for all. */
  readonly amount: number;
  readonly finding: Finding;
}

/** What shows so much of a thing is the thing. */
const MOSTLY = 0.5;

/**
 * One thing that happens shows on a host, its prefix, a service, the interfaces that it passes and the tenant at once. Told is the entity
 * closest to the cause that has at least half of what a wider one shows; of several of one level that show about the same, one; and where
 * several hosts together make up something wider that none of them explains, the wider.
 */
export function bestExplained(explanations: readonly Explanation[]): Finding[] {
  const byTenant = new Map<string, Explanation[]>();
  for (const e of explanations) {
    const key = `${e.finding.tenant} ${e.finding.metric}`;
    byTenant.set(key, [...(byTenant.get(key) ?? []), e]);
  }
  return [...byTenant.values()].flatMap((all) => {
    const hosts = all.filter((e) => e.level === 0).map((e) => e.amount);
    const wider = all.filter((e) => e.level > 0);
    const sum = hosts.reduce((total, amount) => total + amount, 0);
    const common = wider.some((e) => Math.max(...hosts) < MOSTLY * e.amount && sum >= MOSTLY * e.amount);
    return kept(common ? wider : all).map((e) => e.finding);
  });
}

function kept(explanations: readonly Explanation[]): Explanation[] {
  const told: Explanation[] = [];
  for (const e of [...explanations].sort((a, b) => a.level - b.level || b.amount - a.amount)) {
    const isTold = told.some(
      (t) => t.amount >= MOSTLY * e.amount && (t.level < e.level || e.amount >= MOSTLY * t.amount),
    );
    if (!isTold) told.push(e);
  }
  return told;
}
