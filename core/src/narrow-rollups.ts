import type { ColumnName } from './columns.ts';

/** Rollups of a minute that keep few columns, and so few rows: a fraction of `flows_1m`, from which they are made. */
export type NarrowRollup = 'flows_1m_applications' | 'flows_1m_interfaces';

const exporter = ['tenant_id', 'collector_ip', 'exporter_name', 'flow_source', 'sampling_rate'] as const;

/**
 * The columns that each keeps as they are, the smallest table first. All measures of `flows_1m` are in each; columns of heavy
 * hitters in none, so that nothing is folded. A column that means one end of a flow is there with that of the other end, since
 * queries look at flows from both. The tables exist with these: another column here wants a migration of the collector's schema.
 */
export const narrowRollups: Readonly<Record<NarrowRollup, readonly ColumnName[]>> = {
  flows_1m_applications: [...exporter, 'protocol', 'application', 'tos', 'verdict'],
  flows_1m_interfaces: [
    ...exporter,
    'input_interface',
    'output_interface',
    'input_interface_name',
    'output_interface_name',
    'flow_direction',
  ],
};

export const narrowRollupNames = Object.keys(narrowRollups) as readonly NarrowRollup[];

export function isNarrowRollup(table: string): table is NarrowRollup {
  return Object.hasOwn(narrowRollups, table);
}
