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
 * What a replay found beside what was recorded live: the same where type, rule and tenant are the same, entities do not contradict each
 * other, and both lasted at one time. One may stand for several of the other: a lower threshold joins what a higher one cut apart. In
 * order of their beginning.
 */
export function comparedAnomalies(
  replayed: readonly AnomalyRow[],
  live: readonly AnomalyRow[],
): ComparedAnomaly[] {
  const byType = new Map<string, AnomalyRow[]>();
  for (const row of live) {
    const rows = byType.get(typeOf(row));
    if (rows === undefined) byType.set(typeOf(row), [row]);
    else rows.push(row);
  }
  const met = new Set<AnomalyRow>();
  const found = replayed.map((row): ComparedAnomaly => {
    const same = (byType.get(typeOf(row)) ?? []).filter(
      (other) => overlap(row, other) && ofSameEntity(row, other),
    );
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

function typeOf({ type, rule, tenant_id }: AnomalyRow): string {
  return [type, rule, tenant_id].join('\n');
}

const NONE = '::';

/**
 * Whether they have an entity in common and none that differs. What one of them does not name, for it is many or was not yet known, says
 * nothing: a scan of one host may have become one of a network.
 */
function ofSameEntity(a: AnomalyRow, b: AnomalyRow): boolean {
  const ends: readonly (readonly [string | number, string | number])[] = [
    [a.source_ip, b.source_ip],
    [
      a.destination_ip === NONE ? NONE : `${a.destination_ip}/${a.destination_prefix}`,
      b.destination_ip === NONE ? NONE : `${b.destination_ip}/${b.destination_prefix}`,
    ],
    [a.collector_ip, b.collector_ip],
    [a.interface, b.interface],
  ];
  const named = (entity: string | number): boolean => entity !== NONE && entity !== 0;
  const both = ends.filter(([of, other]) => named(of) && named(other));
  if (both.some(([of, other]) => of !== other)) return false;
  return both.length > 0 || !ends.some(([of, other]) => named(of) || named(other));
}

function overlap(a: AnomalyRow, b: AnomalyRow): boolean {
  return a.opened <= endOf(b) + SLACK_SECONDS && b.opened <= endOf(a) + SLACK_SECONDS;
}

function endOf({ closed }: AnomalyRow): number {
  return closed === 0 ? Infinity : closed;
}
