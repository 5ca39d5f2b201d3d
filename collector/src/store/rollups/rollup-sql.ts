import { isNarrowRollup } from '@weir/core';
import { type RollupName, columnsOfRollup, heavyColumns, rollups } from '../schema/ddl.ts';

const WEIGHT = '(bytes_in + bytes_out) * greatest(sampling_rate, 1)';

/**
 * Fills one slot of a rollup: columns that are keys stay, of addresses and autonomous systems the `top` heaviest of the slot
 * and of ports a fifth as many keep their name, the rest is folded into zero. Each dimension is judged by itself, so that a
 * heavy source of many light conversations keeps its name and its whole sum. A narrow rollup has no such column and folds nothing.
 *
 * Parameters: `{from:UInt32}` and `{to:UInt32}`, seconds since 1970.
 */
export function rollupInsert(database: string, name: RollupName, top: number): string {
  const { seconds, from } = rollups[name];
  const source = `${database}.${from}`;
  const inSlot = `timestamp >= toDateTime({from:UInt32}) AND timestamp < toDateTime({to:UInt32})`;
  const raw = from === 'network_flows';
  const names = ['timestamp'];
  const selected = [`toDateTime(intDiv(toUInt32(timestamp), ${seconds}) * ${seconds}) AS slot`];
  const keys = ['slot'];
  const folded: string[] = [];
  for (const column of columnsOfRollup(name)) {
    const { name: c } = column;
    switch (column.rollup) {
      case 'key':
        names.push(c);
        selected.push(`${c} AS k_${c}`);
        keys.push(`k_${c}`);
        break;
      case 'heavy': {
        const keep = c.endsWith('_port') ? Math.max(1, Math.floor(top / 5)) : top;
        const zero = column.type === 'IPv6' ? "toIPv6('::')" : '0';
        const bit = 1 << heavyColumns.indexOf(column);
        // What was folded before, often the heaviest of all, has no name and takes no name's place.
        const named = raw ? '' : ` AND bitAnd(folded, ${bit}) = 0`;
        const heavy = `SELECT ${c} FROM ${source} WHERE ${inSlot}${named} GROUP BY ${c} ORDER BY sum(${WEIGHT}) DESC LIMIT ${keep}`;
        names.push(c);
        selected.push(`if(${c} IN (${heavy}), ${c}, ${zero}) AS k_${c}`);
        keys.push(`k_${c}`);
        // A row folded once stays marked in the coarser rollup.
        const was = raw ? '0' : `bitAnd(${source.split('.')[1]}.folded, ${bit})`;
        folded.push(`bitOr(if(k_${c} != ${c}, ${bit}, 0), ${was})`);
        break;
      }
      case 'sum':
        names.push(c);
        selected.push(`sum(${c}) AS s_${c}`);
        break;
      case 'average':
        names.push(`${c}_sum`, `${c}_count`);
        if (raw) selected.push(`sum(${c}) AS s_${c}`, `countIf(${c} > 0) AS n_${c}`);
        else selected.push(`sum(${c}_sum) AS s_${c}`, `sum(${c}_count) AS n_${c}`);
        break;
    }
  }
  names.push('flow_count');
  selected.push(raw ? 'count() AS n' : 'sum(flow_count) AS n');
  if (folded.length > 0) {
    names.push('folded');
    selected.push(`toUInt8(${folded.reduce((a, b) => `bitOr(${a}, ${b})`)}) AS f`);
    keys.push('f');
  }
  return `INSERT INTO ${database}.${name} (${names.join(', ')})
SELECT ${selected.join(',\n  ')}
FROM ${source} WHERE ${inSlot}
GROUP BY ${keys.join(', ')}`;
}

/**
 * Slots whose rollup does not agree with what it is made from: not yet made, or data has come since. The oldest come first, and a
 * round makes as many of each rollup at most: a slot of a narrow one is never made before that of `flows_1m`, which agrees with the
 * small table that counts what is stored, so that the narrow ones too are held against it.
 */
export function staleSlots(database: string, name: RollupName): string {
  const { seconds, from } = rollups[name];
  const slot = (column: string): string => `intDiv(toUInt32(${column}), ${seconds}) * ${seconds}`;
  const truth =
    from === 'network_flows' || isNarrowRollup(name)
      ? `SELECT ${slot('minute')} AS slot, toInt64(sum(flows)) AS n FROM ${database}.stored_1m WHERE minute >= toDateTime({from:UInt32}) AND minute < toDateTime({to:UInt32}) GROUP BY slot`
      : `SELECT ${slot('timestamp')} AS slot, toInt64(sum(flow_count)) AS n FROM ${database}.flows_1m WHERE timestamp >= toDateTime({from:UInt32}) AND timestamp < toDateTime({to:UInt32}) GROUP BY slot`;
  return `SELECT slot, sumIf(n, made = 0) AS truth, sumIf(n, made = 1) AS rolled FROM (
  SELECT slot, n, 0 AS made FROM (${truth})
  UNION ALL
  SELECT ${slot('timestamp')} AS slot, toInt64(sum(flow_count)) AS n, 1 AS made FROM ${database}.${name}
    WHERE timestamp >= toDateTime({from:UInt32}) AND timestamp < toDateTime({to:UInt32}) GROUP BY slot
) GROUP BY slot HAVING truth != rolled ORDER BY slot LIMIT 500`;
}
