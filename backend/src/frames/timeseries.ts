import type { Notice } from '@weir/core/query';
import { type Field, type Frame, PluginError } from '@weir/plugin-sdk';
import { type Table, numberListsOf, optionalNumbersOf, textListsOf } from '../clickhouse/columns.ts';
import { type Answer, OTHER, emptyFrame, mainTable, metaOf } from './answer.ts';
import { type Measure, type SeriesPlace, displayName, labelsOf, measureOf } from './series-names.ts';

const TYPE = 'timeseries-multi';

/** Dashes, and no fill, for the span before: what the time series panel knows. */
const PREVIOUS_STYLE = { lineStyle: { fill: 'dash', dash: [6, 6] }, lineWidth: 1, fillOpacity: 0 };

/** One line as the answer holds it. */
interface Series extends SeriesPlace {
  readonly row: number;
  readonly values: readonly string[];
}

/**
 * A frame for each series, the highest first: a time for every bucket of the range and one number.
 *
 * Buckets without data are 0 for measures that add up and null for others. In panels the reverse direction is negative, so that
 * the two directions stand on two sides of the axis; alert rules compare with thresholds and get it positive. The unfinished
 * newest bucket, where it is kept to be marked, has a region of its own in a frame of annotations.
 */
export function timeseriesFrames(answer: Answer): Frame[] {
  const table = mainTable(answer);
  const { query, compiled, forAlert, limits } = answer;
  const all = seriesOf(table, compiled.dimensions.length);
  const series = forAlert ? all.filter(({ previous }) => !previous) : all;
  const groups = series.filter(({ reverse, previous }) => !reverse && !previous).length;
  const notices = noticesOf(table);
  if (forAlert && groups > limits.maxSeries + (query.other ? 1 : 0))
    throw new PluginError(
      `The rule’s query gives more than ${limits.maxSeries} series. Each is an alert of its own, and leaving some out could miss one: ` +
        'narrow the filter, group by fewer fields, set a limit in the query, or allow more series in the data source’s settings.',
      { status: 400, source: 'downstream' },
    );
  const hasValues =
    series.length > 0 &&
    !(compiled.dimensions.length === 0 && numberListsOf(table, 'buckets').every((b) => b.length === 0));
  if (!hasValues) return [emptyFrame(answer, TYPE, { notices, preferredVisualisationType: 'graph' })];
  const measure = measureOf(query);
  const times = bucketTimes(answer);
  const frames: Frame[] = series.map((one, i) => ({
    fields: [timeField(times, compiled.bucketSeconds), valueField(answer, table, one, measure, times.length)],
    meta:
      i === 0
        ? metaOf(answer, { type: TYPE, typeVersion: [0, 1], notices, preferredVisualisationType: 'graph' })
        : { type: TYPE, typeVersion: [0, 1] },
  }));
  const mark = forAlert ? undefined : unfinishedFrame(answer);
  return mark === undefined ? frames : [...frames, mark];
}

function seriesOf(table: Table, dimensions: number): Series[] {
  if (table.rows === 0) return [];
  const keys = textListsOf(table, 'keys');
  const other = optionalNumbersOf(table, 'other');
  const reverse = optionalNumbersOf(table, 'reverse');
  const previous = optionalNumbersOf(table, 'previous');
  return keys.map((values, row) => ({
    row,
    values: other?.[row] === 1 ? Array.from({ length: dimensions }, () => OTHER) : values,
    reverse: reverse?.[row] === 1,
    previous: previous?.[row] === 1,
  }));
}

function noticesOf(table: Table): Notice[] {
  const count = (name: string): number =>
    Array.from(optionalNumbersOf(table, name) ?? []).filter((flag) => flag === 1).length;
  const speedless = count('speedless');
  const unsampled = count('unsampled');
  return [
    ...(speedless === 0
      ? []
      : [
          {
            severity: 'warning' as const,
            text: `The speed of ${speedless === 1 ? 'one interface is' : `${speedless} interfaces is`} not known, so that there is no utilization: SNMP or the collector’s configuration can tell it.`,
          },
        ]),
    ...(unsampled === 0
      ? []
      : [
          {
            severity: 'warning' as const,
            text: `In ${unsampled === 1 ? 'one series' : `${unsampled} series`} there are flows whose sampling rate is not known: they count as they are, so that the true traffic may be more.`,
          },
        ]),
  ];
}

/** Starts of all buckets, in milliseconds. */
function bucketTimes({ compiled }: Answer): Float64Array {
  const { fromSeconds, toSeconds, bucketSeconds } = compiled;
  if (!(bucketSeconds > 0)) throw new Error('a time series needs buckets');
  const count = Math.max(0, Math.ceil((toSeconds - fromSeconds) / bucketSeconds));
  const times = new Float64Array(count);
  for (let i = 0; i < count; i++) times[i] = (fromSeconds + i * bucketSeconds) * 1000;
  return times;
}

function timeField(values: Float64Array, bucketSeconds: number): Field {
  return { name: 'time', type: 'time', values, config: { interval: bucketSeconds * 1000 } };
}

function valueField(answer: Answer, table: Table, series: Series, measure: Measure, count: number): Field {
  const { query, compiled, forAlert } = answer;
  const buckets = numberListsOf(table, 'buckets')[series.row]!;
  const numbers = numberListsOf(table, 'values')[series.row]!;
  const speedless = optionalNumbersOf(table, 'speedless')?.[series.row] === 1;
  const sign = series.reverse && !forAlert ? -1 : 1;
  const values = new Float64Array(count);
  const fillsZero = measure.additive && !speedless;
  const validity = fillsZero ? undefined : new Uint8Array((count + 7) >> 3);
  for (let i = 0; i < buckets.length; i++) {
    const at = (buckets[i]! - compiled.fromSeconds) / compiled.bucketSeconds;
    const value = numbers[i];
    if (!Number.isInteger(at) || at < 0 || at >= count || value === undefined || Number.isNaN(value))
      continue;
    values[at] = value === 0 ? 0 : sign * value;
    if (validity !== undefined) validity[at >> 3]! |= 1 << (at & 7);
  }
  return {
    name: measure.name,
    type: 'number',
    values,
    labels: labelsOf(query, compiled.dimensions, series.values, series),
    config: {
      displayNameFromDS: displayName(query, compiled.dimensions, series.values, series, measure),
      unit: measure.unit,
      ...(series.previous ? { custom: PREVIOUS_STYLE } : {}),
    },
    ...(validity === undefined ? {} : { validity }),
  };
}

/** Marks the buckets for which flows may still come. */
function unfinishedFrame({ compiled }: Answer): Frame | undefined {
  const { unfinishedFromSeconds, toSeconds } = compiled;
  if (unfinishedFromSeconds === undefined || unfinishedFromSeconds >= toSeconds) return undefined;
  return {
    name: 'unfinished',
    meta: { dataTopic: 'annotations' },
    fields: [
      { name: 'time', type: 'time', values: Float64Array.of(unfinishedFromSeconds * 1000) },
      { name: 'timeEnd', type: 'time', values: Float64Array.of(toSeconds * 1000) },
      { name: 'title', type: 'string', values: ['Not complete'] },
      { name: 'text', type: 'string', values: ['Flows for this time are still to come.'] },
      { name: 'isRegion', type: 'boolean', values: [true] },
    ],
  };
}
