import { fields } from '@weir/core/fields';
import { macros } from '@weir/core/query';

export interface SqlOffer {
  readonly label: string;
  readonly kind: 'column' | 'macro' | 'table' | 'variable';
  readonly insert: string;
  readonly detail: string;
}

const tables: readonly (readonly [string, string])[] = [
  ['network_flows', 'every flow record'],
  ['flows_1m', 'sums by minute'],
  ['flows_1m_applications', 'sums by minute, exporter and application'],
  ['flows_1m_interfaces', 'sums by minute, exporter and interfaces'],
  ['flows_1h', 'sums by hour'],
  ['exporters', 'who exports'],
  ['interfaces', 'names and speeds of interfaces'],
  ['ledger', 'what came and what was lost'],
  ['anomalies', 'what was found unusual'],
];

/** What an SQL editor offers: columns, macros, tables, variables of the dashboard. */
export function sqlOffers(columns: readonly string[], variables: readonly string[]): SqlOffer[] {
  const docs = new Map<string, string>();
  // A column's own field comes before those that mean either end.
  for (const { columns: of, doc } of [...fields].sort((a, b) => a.columns.length - b.columns.length))
    for (const column of of) if (!docs.has(column)) docs.set(column, doc);
  const names = [
    ...new Set([...docs.keys(), 'timestamp', 'flow_start_time', 'flow_end_time', ...columns]),
  ].sort();
  return [
    ...macros.map(({ name, call, doc }): SqlOffer => ({
      label: name,
      kind: 'macro',
      insert: call,
      detail: doc,
    })),
    ...variables.map((name): SqlOffer => ({
      label: `$${name}`,
      kind: 'variable',
      insert: `$${name}`,
      detail: 'variable',
    })),
    ...tables.map(([name, doc]): SqlOffer => ({ label: name, kind: 'table', insert: name, detail: doc })),
    ...names.map((name): SqlOffer => ({
      label: name,
      kind: 'column',
      insert: name,
      detail: docs.get(name) ?? 'column',
    })),
  ];
}
