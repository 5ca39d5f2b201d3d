import type { Key } from './keys.ts';

/** Slots that pairs and longer keys are counted in first, and how many of the fullest are looked into. */
const SLOTS = 1_048_576;
const FULLEST = 16_384;

/**
 * A named part of a statement, `candidates`: the keys that weigh most. One address is grouped by as it is: a million of them fit into the
 * memory of a query. Pairs can be as many as flows: they are counted in slots by their hash first, and only those in the fullest slots
 * are told apart. A key is never heavier than its slot, so that the heaviest are found wherever they stand out from the rest at all.
 */
export function candidatesSql(
  keys: readonly Key[],
  from: string,
  where: readonly string[],
  weight: string,
  limit: number,
  name = 'candidates',
  names: readonly string[] = keys.map((_, i) => `k${i}`),
): string {
  const list = names.join(', ');
  const slot = `cityHash64(${list}) % ${SLOTS}`;
  const conditions = where.filter((c) => c !== '');
  const crowded = keys.filter((key) => key.many).length > 1;
  const clause = (more: readonly string[]): string => {
    const all = [...conditions, ...more];
    return all.length === 0 ? '' : `\n    WHERE ${all.join(' AND ')}`;
  };
  const slots = crowded
    ? `crowded AS (
    SELECT ${slot} AS slot
    FROM ${from}${clause([])}
    GROUP BY slot
    ORDER BY ${weight} DESC
    LIMIT ${FULLEST}
),
`
    : '';
  return `${slots}${name} AS (
    SELECT ${list}
    FROM ${from}${clause(crowded ? [`${slot} IN crowded`] : [])}
    GROUP BY ${list}
    ORDER BY ${weight} DESC, ${list}
    LIMIT ${limit}
)`;
}
