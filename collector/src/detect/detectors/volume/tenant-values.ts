import type { WindowKind } from '@weir/core/windows';
import type { Step } from '../../step.ts';

/** The values that hold for a row of the current window, looked up once a tenant. */
export function valuesByRow<V>(
  step: Step,
  kind: WindowKind,
  settings: (tenant: string) => V,
): (row: number) => V {
  const rows = step.rows(kind);
  const known = new Map<number, V>();
  return (row) => {
    const tenant = rows.keys.tenant_id![row]!;
    let values = known.get(tenant);
    if (values === undefined) known.set(tenant, (values = settings(step.tenant(kind, row))));
    return values;
  };
}
