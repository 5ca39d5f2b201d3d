import type { Entity } from '../../step.ts';

/** Something that is worse than usual, seen in the rows of a destination, an interface or a service. */
export interface Candidate {
  readonly entity: Entity;
  /** How much is beyond the usual in all, in the same unit for all kinds: flows are counted once in each of them. */
  readonly excess: number;
  /** How many times the usual it is. */
  readonly times: number;
}

const MOST_DESTINATIONS = 3;

/**
 * The entities that explain what is seen in many rows: a slow server makes its service and the interface before it look slow, a slow
 * link all services and servers behind it. So:
 *
 * - a few destinations, where they have most of what the worst interface or service has beyond the usual;
 * - a service, where it alone is worse than usual and has most of what the worst interface has, and there are other services that are well;
 * - an interface of each exporter: that of which most is affected; of like ones the way out, where queues are.
 */
export function explaining<C extends Candidate>(
  candidates: readonly C[],
  servicesThatAreWell: (tenant: string) => number,
): C[] {
  const tenants = new Map<string, C[]>();
  for (const candidate of candidates) {
    const of = tenants.get(candidate.entity.tenant);
    if (of === undefined) tenants.set(candidate.entity.tenant, [candidate]);
    else of.push(candidate);
  }
  return [...tenants].flatMap(([tenant, of]) => explainingOf(of, servicesThatAreWell(tenant)));
}

function explainingOf<C extends Candidate>(candidates: readonly C[], well: number): C[] {
  const of = (kind: Entity['kind']): C[] =>
    candidates.filter(({ entity }) => entity.kind === kind).sort((a, b) => b.excess - a.excess);
  const [destinations, interfaces, services] = [of('destination'), of('interface'), of('service')];
  const most = Math.max(interfaces[0]?.excess ?? 0, services[0]?.excess ?? 0);
  const few = destinations.slice(0, MOST_DESTINATIONS);
  if (few.length > 0 && few.reduce((sum, { excess }) => sum + excess, 0) >= 0.7 * most)
    return most === 0 ? destinations : few.filter(({ excess }) => excess >= 0.2 * few[0]!.excess);
  const [service] = services;
  if (
    service !== undefined &&
    services.length === 1 &&
    well > 0 &&
    service.excess >= 0.7 * (interfaces[0]?.excess ?? 0)
  )
    return [service];
  if (interfaces.length === 0) return services;
  const exporters = new Map<string, C>();
  for (const candidate of interfaces) {
    const exporter = candidate.entity.address('collector_ip');
    const before = exporters.get(exporter);
    if (before === undefined || isWorse(candidate, before)) exporters.set(exporter, candidate);
  }
  return [...exporters.values()];
}

function isWorse(a: Candidate, b: Candidate): boolean {
  if (a.times > 1.1 * b.times || b.times > 1.1 * a.times) return a.times > b.times;
  if (a.entity.number('direction') !== b.entity.number('direction'))
    return a.entity.number('direction') === 2;
  return a.entity.number('interface') < b.entity.number('interface');
}
