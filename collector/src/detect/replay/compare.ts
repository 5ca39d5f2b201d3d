import type { AnomalyRow } from '@weir/core/anomalies';

/** `same`: both found it; `new`: the replay alone; `missing`: live alone. */
export const replayStatuses = ['same', 'new', 'missing'] as const;
export type ReplayStatus = (typeof replayStatuses)[number];

export interface ComparedAnomaly {
  readonly status: ReplayStatus;
  /** The replay's; of what is missing, the row as it was written live. */
  readonly row: AnomalyRow;
  /** Ids of what was recorded live for it. */
  readonly live: readonly string[];
}

/** An anomaly that ended so long before another began may be the same: one was told of later, or held longer. */
const SLACK_SECONDS = 60;

/**
 * What a replay found beside what was recorded live: the same where type, rule, tenant and entities are the same and both lasted at one
 * time. One may stand for several of the other: a lower threshold joins what a higher one cut apart. In order of their beginning.
 */
export function comparedAnomalies(
  replayed: readonly AnomalyRow[],
  live: readonly AnomalyRow[],
): ComparedAnomaly[] {
  const byEntity = new Map<string, AnomalyRow[]>();
  for (const row of live) {
    const key = entityOf(row);
    const rows = byEntity.get(key);
    if (rows === undefined) byEntity.set(key, [row]);
    else rows.push(row);
  }
  const met = new Set<AnomalyRow>();
  const found = replayed.map((row): ComparedAnomaly => {
    const same = (byEntity.get(entityOf(row)) ?? []).filter((other) => overlap(row, other));
    for (const other of same) met.add(other);
    return { status: same.length > 0 ? 'same' : 'new', row, live: same.map(({ id }) => id) };
  });
  const missing = live
    .filter((row) => !met.has(row))
    .map((row): ComparedAnomaly => ({ status: 'missing', row, live: [row.id] }));
  return [...found, ...missing].sort(
    (a, b) => a.row.opened - b.row.opened || (a.row.id < b.row.id ? -1 : a.row.id > b.row.id ? 1 : 0),
  );
}

function entityOf(row: AnomalyRow): string {
  return [
    row.type,
    row.rule,
    row.tenant_id,
    row.source_ip,
    row.destination_ip,
    row.destination_prefix,
    row.collector_ip,
    row.interface,
  ].join('\n');
}

function overlap(a: AnomalyRow, b: AnomalyRow): boolean {
  return a.opened <= endOf(b) + SLACK_SECONDS && b.opened <= endOf(a) + SLACK_SECONDS;
}

function endOf({ closed }: AnomalyRow): number {
  return closed === 0 ? Infinity : closed;
}
