import type { ColumnName } from '../columns.ts';
import { type NarrowRollup, isNarrowRollup, narrowRollupNames, narrowRollups } from '../narrow-rollups.ts';
import { ceilTo, floorTo } from './buckets.ts';
import type { CompileContext } from './context.ts';
import { foldedBits, rollupKeys } from './flow-columns.ts';
import type { Resolution } from './model.ts';
import { Refused } from './problem.ts';

/** A table with a row for each minute and combination of its keys. */
export type MinuteTable = 'flows_1m' | NarrowRollup;
export type FlowTable = 'network_flows' | MinuteTable | 'flows_1h';

/** Seconds of a slot: what of a table cannot be told apart. */
export const slotSeconds: Readonly<Record<FlowTable, number>> = {
  network_flows: 1,
  flows_1m: 60,
  flows_1m_applications: 60,
  flows_1m_interfaces: 60,
  flows_1h: 3600,
};

/** A slot of a rollup is there so many seconds after its end. */
const ROLLED_AFTER = { flows_1m: 180, flows_1h: 600 } as const;

const MINUTES_FROM_SECONDS = 6 * 3600;
const HOURS_FROM_SECONDS = 7 * 86_400;
/** What shows no time (conversations, topology) needs no fine slots: hours, with minutes and flows at both ends, cost an eighth. */
const TIMELESS_HOURS_FROM_SECONDS = 86_400;
/** A filter on what rollups keep only of heavy hitters is answered from single flows up to this range. */
const RAW_FILTER_SECONDS = 2 * 86_400;

/** What a question needs of a table. */
export interface TableNeeds {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  /** Columns grouped by and columns filtered by. */
  readonly grouped: readonly ColumnName[];
  readonly filtered: readonly ColumnName[];
  /** Other columns may be read that nobody tells: only tables with all that rollups have will do. */
  readonly anyColumn?: boolean;
  /** Why only single flows can tell, where it is so: 'unique counts', say. */
  readonly rawOnly: string | undefined;
  /** Bucket that the panel would like; undefined where there are none, so that any slot will do. */
  readonly bucketSeconds: number | undefined;
  readonly resolution: Resolution;
}

export interface TableChoice {
  readonly table: FlowTable;
  /** The table that gives minutes, be it the one chosen or beside hours. */
  readonly minutes: MinuteTable;
  readonly notices: { severity: 'info' | 'warning'; text: string }[];
}

/** Which table answers. Throws {@link Refused} where the one asked for cannot. */
export function chooseTable(needs: TableNeeds, context: CompileContext): TableChoice {
  const { grouped, filtered, rawOnly, resolution } = needs;
  const missing = [...grouped, ...filtered].find((c) => !rollupKeys.has(c) && !foldedBits.has(c));
  const impossible = rawOnly ?? (missing === undefined ? undefined : `${missing} is only in network_flows`);
  const heavyFilter = filtered.filter((c) => foldedBits.has(c));
  const heavyKeys = grouped.filter((c) => foldedBits.has(c));
  const rawFrom = context.tables.rawFromSeconds;
  const range = needs.toSeconds - needs.fromSeconds;
  const notices: TableChoice['notices'] = [];
  const minutes = needs.anyColumn === true ? 'flows_1m' : minuteTable(needs, context);
  const chosen = (asked: 'network_flows' | 'flows_1m' | 'flows_1h'): TableChoice => {
    const table = asked === 'flows_1m' ? minutes : asked;
    if (table === 'network_flows') {
      if (rawFrom !== undefined && needs.fromSeconds < rawFrom)
        notices.push({
          severity: 'warning',
          text: `Single flows reach back to ${timeText(rawFrom)}: nothing is known before it.`,
        });
    } else {
      notices.push({ severity: 'info', text: `Answered from the rollup ${table}.` });
      if (heavyFilter.length > 0)
        notices.push({
          severity: 'warning',
          text:
            `The filter on ${heavyFilter.join(', ')} is not exact here: ${table} keeps only the heaviest values of each slot, ` +
            'what lighter ones carried is not counted.',
        });
      if (heavyKeys.length > 0)
        notices.push({
          severity: 'info',
          text: `${table} names the heaviest ${heavyKeys.join(', ')} of each slot; the others are in “Other”.`,
        });
    }
    return { table, minutes, notices };
  };

  if (resolution === 'raw') return chosen('network_flows');
  if (resolution !== 'auto') {
    const table = resolution === '1m' ? 'flows_1m' : 'flows_1h';
    if (impossible !== undefined)
      throw new Refused('resolution', `${resolution} cannot answer: ${impossible}. Take “auto” or “raw”.`);
    return chosen(table);
  }
  if (impossible !== undefined) return chosen('network_flows');

  const expired = rawFrom !== undefined && needs.fromSeconds < rawFrom;
  if (heavyFilter.length > 0 && range <= RAW_FILTER_SECONDS && !expired) return chosen('network_flows');
  // With keys alone a rollup is exact: it is taken wherever its slots fit the buckets.
  const exact = heavyFilter.length === 0 && heavyKeys.length === 0;
  const fits = (table: 'flows_1m' | 'flows_1h'): boolean =>
    exact &&
    (needs.bucketSeconds === undefined
      ? range >= slotSeconds[table] * 60
      : needs.bucketSeconds % slotSeconds[table] === 0);
  const timeless = needs.bucketSeconds === undefined;
  const hoursFrom = timeless ? TIMELESS_HOURS_FROM_SECONDS : HOURS_FROM_SECONDS;
  if (range >= hoursFrom || fits('flows_1h')) return chosen('flows_1h');
  if (range >= MINUTES_FROM_SECONDS || fits('flows_1m')) return chosen('flows_1m');
  if (expired) {
    notices.push({ severity: 'info', text: `Single flows reach back to ${timeText(rawFrom)} only.` });
    return chosen('flows_1m');
  }
  return chosen('network_flows');
}

/** The smallest table of minutes that has the columns, in some of the range at least. */
function minuteTable(
  { grouped, filtered, fromSeconds, toSeconds }: TableNeeds,
  context: CompileContext,
): MinuteTable {
  const fitting = narrowRollupNames.find((name) => {
    const reach = context.tables.narrow?.[name];
    return (
      reach !== undefined &&
      reach.fromSeconds < toSeconds &&
      reach.toSeconds > fromSeconds &&
      [...grouped, ...filtered].every((c) => narrowRollups[name].includes(c))
    );
  });
  return fitting ?? 'flows_1m';
}

/** A part of a range and the table that it is read from. */
export interface Segment {
  readonly table: FlowTable;
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

/**
 * Covers a range without gap or overlap: the table asked for where it has whole slots that are made already, the next finer one
 * at both ends, single flows for what is left. So every table gives the same sums. Finer than hours is `minutes`; what a narrow table
 * lacks, `flows_1m` has.
 */
export function segmentsOf(
  table: FlowTable,
  fromSeconds: number,
  toSeconds: number,
  context: CompileContext,
  minutes: MinuteTable = 'flows_1m',
): Segment[] {
  if (fromSeconds >= toSeconds) return [];
  if (table === 'network_flows') return [{ table, fromSeconds, toSeconds }];
  if (isNarrowRollup(table)) {
    const reach = context.tables.narrow?.[table] ?? { fromSeconds: 0, toSeconds: 0 };
    const first = ceilTo(Math.max(fromSeconds, reach.fromSeconds), slotSeconds[table]);
    const last = floorTo(Math.min(toSeconds, reach.toSeconds), slotSeconds[table]);
    if (first >= last) return segmentsOf('flows_1m', fromSeconds, toSeconds, context);
    return [
      ...segmentsOf('flows_1m', fromSeconds, first, context),
      { table, fromSeconds: first, toSeconds: last },
      ...segmentsOf('flows_1m', last, toSeconds, context),
    ];
  }
  const finer = table === 'flows_1h' ? minutes : 'network_flows';
  const slot = slotSeconds[table];
  const nowSeconds = Math.floor(context.nowMs / 1000);
  const made =
    (table === 'flows_1h' ? context.tables.hoursToSeconds : context.tables.minutesToSeconds) ??
    nowSeconds - ROLLED_AFTER[table];
  const oldestFiner =
    (finer === 'network_flows' ? context.tables.rawFromSeconds : context.tables.minutesFromSeconds) ?? 0;
  // Where the finer table has expired, the head is the whole slot rather than nothing.
  const first = fromSeconds < oldestFiner ? floorTo(fromSeconds, slot) : ceilTo(fromSeconds, slot);
  const last = floorTo(Math.min(toSeconds, made), slot);
  if (first >= last) return segmentsOf(finer, fromSeconds, toSeconds, context);
  return [
    ...segmentsOf(finer, fromSeconds, first, context),
    { table, fromSeconds: first, toSeconds: last },
    ...segmentsOf(finer, last, toSeconds, context),
  ];
}

export function timeText(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
