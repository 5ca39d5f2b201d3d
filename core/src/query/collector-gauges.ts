import { collectorMetrics } from '../collector-metrics.ts';
import { limited } from './answer.ts';
import { bucketFor, ceilTo, floorTo } from './buckets.ts';
import type { CompiledQuery, Notice } from './compiled.ts';
import type { CompileContext } from './context.ts';
import type { Query, QueryRange } from './model.ts';
import { Refused } from './problem.ts';
import { secondsOf } from './question.ts';

/** How often collectors write their gauges, with room for a slow one. */
const WRITTEN_EVERY = 60;

/** Time series of one of the collectors' own gauges, the mean in each bucket, by collector. */
export function compileCollectorGauges(
  query: Query,
  range: QueryRange,
  context: CompileContext,
): CompiledQuery {
  const metric = collectorMetrics.find((m) => m.name === query.ledgerMeasure);
  if (metric === undefined)
    throw new Refused(
      'ledgerMeasure',
      `Collectors write no gauge called “${query.ledgerMeasure}”: ${collectorMetrics.map((m) => m.name).join(', ')} would be right.`,
    );
  if (query.filter.trim() !== '')
    throw new Refused('filter', 'Collectors’ gauges cannot be filtered: they are of no flows.');
  const notices: Notice[] = [];
  if (query.adHoc.length > 0)
    notices.push({
      severity: 'info',
      text: 'The dashboard’s filters are left out: collectors’ gauges are of no flows.',
    });
  const limit = limited(query, context.maxSeries, notices);
  const { from, to } = secondsOf(range, context);
  const bucketSeconds = ceilTo(
    bucketFor(range, Math.max(WRITTEN_EVERY, query.minInterval), context.maxBuckets),
    WRITTEN_EVERY,
  );
  const fromSeconds = floorTo(from, bucketSeconds);
  // A mean is right from its first value on: no bucket needs to be complete.
  const toSeconds = ceilTo(to, bucketSeconds);
  const sql = `SELECT
    [toString(collector)] AS keys,
    toUInt8(0) AS other,
    toUInt8(0) AS reverse,
    toUInt8(0) AS previous,
    groupArray(bucket) AS buckets,
    groupArray(gauge) AS values,
    toUInt8(0) AS speedless,
    toUInt8(0) AS unsampled
FROM (
    SELECT
        collector,
        toUInt32(intDiv(toUInt32(timestamp), ${bucketSeconds}) * ${bucketSeconds}) AS bucket,
        avg(value) AS gauge
    FROM ${context.database}.collector_metrics
    WHERE metric = {metric:String}
      AND timestamp >= toDateTime({from:UInt32})
      AND timestamp < toDateTime({to:UInt32})
    GROUP BY collector, bucket
    ORDER BY collector, bucket
)
GROUP BY collector
ORDER BY collector
LIMIT ${limit}`;
  return {
    kind: 'exporters',
    statements: [
      { name: 'main', sql, parameters: { from: fromSeconds, to: toSeconds, metric: metric.name } },
    ],
    table: 'collector_metrics',
    notices,
    bucketSeconds,
    fromSeconds,
    toSeconds,
    unfinishedFromSeconds: undefined,
    dimensions: ['collector'],
  };
}
