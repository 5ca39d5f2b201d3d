import type { ColumnName } from '../columns.ts';
import { fieldByName } from '../fields/fields.ts';
import { adHocFilters, andFilters, filterColumns, parseFilter } from '../filter/index.ts';
import type { Filter } from '../filter/index.ts';
import { bucketFor, ceilTo, floorTo } from './buckets.ts';
import type { Notice } from './compiled.ts';
import type { CompileContext } from './context.ts';
import { type Key, type Prefixes, keyOf } from './keys.ts';
import { type Measure, measureOf } from './measures.ts';
import type { Query, QueryRange } from './model.ts';
import { Refused } from './problem.ts';
import { type FlowTable, type MinuteTable, chooseTable, segmentsOf, slotSeconds } from './tables.ts';

/** A query of flows, understood: what is grouped, by what, over which time, from which table. */
export interface Question {
  readonly query: Query;
  readonly context: CompileContext;
  readonly measure: Measure;
  readonly prefixes: Prefixes;
  readonly keys: readonly Key[];
  /** Each flow counts at both of its ends. */
  readonly either: boolean;
  readonly filter: Filter;
  readonly dimensions: readonly string[];
  /** The interface whose speed utilization is measured by. */
  readonly speedOf: Key | undefined;
  readonly table: FlowTable;
  /** The table that gives minutes beside hours. */
  readonly minutes: MinuteTable;
  readonly bucketSeconds: number;
  /** The span asked for, in whole seconds; of time series: in whole buckets. */
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly unfinishedFromSeconds: number | undefined;
  readonly notices: Notice[];
}

export interface QuestionOptions {
  /** Names of fields grouped by. */
  readonly dimensions: readonly string[];
  /** More columns that are read. */
  readonly columns?: readonly ColumnName[];
  /** Buckets are shown (the span is whole buckets), only help (least, last, percentile), or there are none. */
  readonly buckets: 'shown' | 'inner' | 'none';
}

/** The filter of a query with the dashboard's ad hoc filters. Throws {@link Refused} with place and advice. */
export function filterOf(query: Query): Filter {
  const written = parseFilter(query.filter);
  if (!written.ok) {
    const { from, message, advice } = written.problems[0]!;
    throw new Refused('filter', `At character ${from + 1}: ${message} ${advice}`.trim());
  }
  const added = adHocFilters(query.adHoc);
  if (!added.ok)
    throw new Refused('adHoc', `${added.problems[0]!.message} ${added.problems[0]!.advice}`.trim());
  return andFilters(written.filter, added.filter);
}

/**
 * The same for what is no flow and knows a few of a flow's columns only: the dashboard's ad hoc filters by others are left out with a
 * notice, since they are meant for the dashboard's other panels; in the query's own filter they are refused.
 */
export function filterWithin(
  query: Query,
  known: (column: ColumnName) => boolean,
  what: { readonly refusal: (column: string) => string; readonly notice: (fields: string) => string },
  notices: Notice[],
): Filter {
  const foreign = (filter: Filter): ColumnName | undefined =>
    [...filterColumns(filter)].find((column) => !known(column));
  const written = filterOf({ ...query, adHoc: [] });
  const column = foreign(written);
  if (column !== undefined) throw new Refused('filter', what.refusal(column));
  const meant = query.adHoc.filter(
    (one) => foreign(filterOf({ ...query, filter: '', adHoc: [one] })) === undefined,
  );
  const left = query.adHoc.filter((one) => !meant.includes(one)).map((one) => one.key);
  if (left.length > 0) notices.push({ severity: 'info', text: what.notice([...new Set(left)].join(', ')) });
  return filterOf({ ...query, adHoc: meant });
}

/** Whole seconds of a range, its end not in it. Throws {@link Refused} where it is none or too long. */
export function secondsOf(range: QueryRange, context: CompileContext): { from: number; to: number } {
  const from = Math.floor(range.fromMs / 1000);
  const to = Math.ceil(range.toMs / 1000);
  if (!Number.isFinite(from) || !Number.isFinite(to) || from < 0 || to > 0xffffffff)
    throw new Refused('', 'The time range is not one between 1970 and 2106.');
  if (to <= from) throw new Refused('', 'The time range ends before it begins.');
  if (context.maxRangeDays > 0 && to - from > context.maxRangeDays * 86_400)
    throw new Refused(
      '',
      `The time range is longer than the ${context.maxRangeDays} days that the data source’s settings allow: choose a shorter one.`,
    );
  return { from, to };
}

export function questionOf(
  query: Query,
  range: QueryRange,
  context: CompileContext,
  options: QuestionOptions,
): Question {
  const { from, to } = secondsOf(range, context);
  const filter = filterOf(query);
  const measure = measureOf(query.metric);
  const prefixes: Prefixes = query;
  const names = [...options.dimensions];
  const speedField =
    query.metric === 'utilization'
      ? names.find((n) => n === 'input_interface' || n === 'output_interface' || n === 'interface')
      : undefined;
  if (query.metric === 'utilization' && speedField === undefined)
    throw new Refused(
      'dimensions',
      'Utilization is an interface’s: group by input_interface (what came in), output_interface (what went out) or interface (both).',
    );
  // An index or a name of an interface means something only with its exporter.
  if (names.some((n) => n.endsWith('interface')) && !names.includes('exporter')) names.unshift('exporter');
  const keys = names.map((name) => keyOf(fieldByName(name)!, prefixes));
  const either = keys.some((key) => key.either);
  const notices: Notice[] = [];
  const spread = query.spread && measure.spreads && options.buckets !== 'none';
  if (query.spread && !measure.spreads)
    notices.push({
      severity: 'info',
      text: `${measure.metric.label} cannot be shared among buckets: flows count when they come.`,
    });

  const lag = context.lagSeconds;
  const complete = Math.floor(context.nowMs / 1000) - lag;
  const lastBucket = context.forAlert ? 'omit' : query.lastBucket;
  if (context.forAlert && query.lastBucket !== 'omit')
    notices.push({
      severity: 'info',
      text: 'For the alert rule, buckets that are not complete are left out.',
    });

  let bucket = 0;
  if (options.buckets === 'shown') bucket = bucketFor(range, query.minInterval, context.maxBuckets);
  else if (options.buckets === 'inner')
    bucket = bucketFor(
      { ...range, intervalMs: 0, maxDataPoints: 100 },
      query.minInterval,
      context.maxBuckets,
    );
  const grouped = [...new Set([...keys.flatMap((key) => key.columns)])];
  const choice = chooseTable(
    {
      fromSeconds: from,
      toSeconds: to,
      grouped,
      filtered: [...filterColumns(filter)],
      rawOnly: spread ? 'long flows can be spread only one by one' : measure.rawOnly,
      bucketSeconds: options.buckets === 'shown' ? bucket : undefined,
      resolution: query.resolution,
    },
    context,
  );
  notices.push(...choice.notices);
  if (bucket > 0) bucket = bucketOf(bucket, slotSeconds[choice.table]);

  let start = from;
  let end = to;
  let unfinished: number | undefined;
  if (options.buckets === 'shown') {
    start = floorTo(from, bucket);
    end = ceilTo(to, bucket);
    const whole = floorTo(complete, bucket);
    if (end > whole) {
      if (lastBucket === 'omit') end = Math.max(start, whole);
      else if (lastBucket === 'mark') unfinished = Math.max(start, whole);
    }
  } else if (options.buckets === 'inner' && lastBucket === 'omit')
    end = Math.max(start, Math.min(end, complete));
  if (choice.table !== 'network_flows' && end > start) {
    // Where the flows of the ragged head have expired, the span begins with a whole slot.
    const first = segmentsOf(choice.table, start, end, context, choice.minutes)[0]!.fromSeconds;
    start = Math.min(start, first);
  }
  if (either)
    notices.push({
      severity: 'info',
      text: `Each flow counts at both of its ends (${keys
        .filter((k) => k.either)
        .map((k) => k.field)
        .join(', ')}): parts can add up to more than the whole.`,
    });
  return {
    query: { ...query, spread },
    context,
    measure,
    prefixes,
    keys,
    either,
    filter,
    dimensions: names,
    speedOf: keys.find((key) => key.field === speedField),
    table: choice.table,
    minutes: choice.minutes,
    bucketSeconds: bucket,
    fromSeconds: start,
    toSeconds: end,
    unfinishedFromSeconds: unfinished,
    notices,
  };
}

/** A bucket that whole slots make up: steps are multiples of a minute from a minute on, of an hour from an hour on. */
function bucketOf(bucket: number, slot: number): number {
  return bucket % slot === 0 ? bucket : ceilTo(Math.max(bucket, slot), slot);
}
