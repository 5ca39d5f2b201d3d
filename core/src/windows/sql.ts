import { DISTINCT_KEPT, DISTINCT_KEPT_WIDE, type WindowColumn, wideKinds, windowColumns } from './columns.ts';
import { WINDOW_SECONDS, windowKeys, windowKinds } from './kinds.ts';

/** Type of the column `kind`. */
export const windowKindType = `Enum8(${windowKinds.map((k, i) => `'${k.name}' = ${i + 1}`).join(', ')})`;

export interface MergedWindows {
  /** The table, with its database. */
  readonly table: string;
  /** Over the table's columns as `w.…`: `w.timestamp >= … AND w.kind = 'source'`. All rows where left out. */
  readonly where?: string;
  /** Length of the windows asked for: a multiple of the stored ones' 10 s. */
  readonly seconds?: number;
}

/**
 * Rows of several collectors as one for each window and entity, by each column's own rule, ordered by time. All columns of the
 * table but `collector`, texts as plain strings.
 */
export function mergedWindowsSql({ table, where = '1', seconds = WINDOW_SECONDS }: MergedWindows): string {
  if (seconds % WINDOW_SECONDS !== 0)
    throw new Error(`windows of ${seconds} s cannot be made of windows of ${WINDOW_SECONDS} s`);
  const start = `toDateTime(intDiv(toUnixTimestamp(w.timestamp), ${seconds}) * ${seconds})`;
  const keys = ['kind', 'rest', ...windowKeys.map((k) => k.name)];
  const lines = [
    `${start} AS timestamp`,
    ...['kind', 'rest'].map((name) => `w.${name} AS ${name}`),
    ...windowKeys.map(({ name, type }) =>
      type.includes('String') ? `CAST(w.${name}, 'String') AS ${name}` : `w.${name} AS ${name}`,
    ),
    ...windowColumns.map((c: WindowColumn) => `${merged(c)} AS ${c.name}`),
  ];
  return `SELECT
  ${lines.join(',\n  ')}
FROM ${table} AS w
WHERE ${where}
GROUP BY ${start}, ${keys.map((name) => `w.${name}`).join(', ')}
ORDER BY timestamp, kind`;
}

/** A column's rule as SQL over the table `w`. */
function merged({ name, merge }: WindowColumn): string {
  switch (merge) {
    case 'sum':
    case 'max':
    case 'min':
      return `${merge}(w.${name})`;
    case 'or':
      return `groupBitOr(w.${name})`;
    case 'histogram':
      return `sumForEach(w.${name})`;
    case 'distinct': {
      const kept = `if(w.kind IN (${wideKinds.map((k) => `'${k}'`).join(', ')}), ${DISTINCT_KEPT_WIDE}, ${DISTINCT_KEPT})`;
      return `arraySlice(arraySort(groupUniqArrayArray(w.${name})), 1, ${kept})`;
    }
  }
}

/** The count of a distinct column's merged hashes, as SQL. */
export function distinctCountSql(hashes: string, kept: number = DISTINCT_KEPT): string {
  return `if(length(${hashes}) < ${kept}, toFloat64(length(${hashes})), ${kept - 1} * 4294967296. / (${hashes}[${kept}] + 1))`;
}
