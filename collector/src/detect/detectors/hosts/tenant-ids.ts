import type { Step } from '../../step.ts';

/** The numbers that tenants have in keys of entities, by name: of those with flows in the current window. */
export function tenantIds(step: Step): ReadonlyMap<string, number> {
  const rows = step.rows('tenant');
  const ids = new Map<string, number>();
  for (let row = 0; row < rows.rows; row++)
    if (rows.rest[row] === 0) ids.set(step.tenant('tenant', row), step.entity('tenant', row).tenantId);
  return ids;
}
