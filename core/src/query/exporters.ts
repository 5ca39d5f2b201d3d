import { Parameters, filterSql } from '../filter/index.ts';
import { limited } from './answer.ts';
import { bucketFor, ceilTo, floorTo } from './buckets.ts';
import type { CompiledQuery, Notice, ParameterValue } from './compiled.ts';
import type { CompileContext } from './context.ts';
import { addressText } from './keys.ts';
import type { Query, QueryRange } from './model.ts';
import { filterWithin, secondsOf } from './question.ts';

/** Why records are lost, as `docs/reference/ledger.md` says. */
const LOST_REASONS = ['sequence_gap', 'template_missing', 'malformed', 'queue', 'store'] as const;

const KNOWN: ReadonlySet<string> = new Set(['collector_ip', 'exporter_name', 'tenant_id']);
const SHOWN_NAME = `if(name = '', ${addressText('collector_ip')}, toString(name))`;

/** Exporters and their ledger: tables (`state`, `balance`) or time series by exporter (`ledger`, `losses`). */
export function compileExporters(query: Query, range: QueryRange, context: CompileContext): CompiledQuery {
  const { from, to } = secondsOf(range, context);
  const notices: Notice[] = [];
  const filter = filterWithin(
    query,
    (column) => KNOWN.has(column),
    {
      refusal: (column) =>
        `The ledger knows exporters and tenants only: ${column} cannot be filtered by here.`,
      notice: (names) =>
        `The ledger knows exporters and tenants only: the dashboard’s filter by ${names} is left out here.`,
    },
    notices,
  );
  const values = new Parameters('f');
  const condition = filterSql(filter, values);
  const where = condition === '1' ? '' : `\n      AND ${condition}`;
  const { database } = context;
  const view = query.exporterView;
  const series = view === 'ledger' || view === 'losses';
  const bucketSeconds = series
    ? ceilTo(bucketFor(range, Math.max(60, query.minInterval), context.maxBuckets), 60)
    : 0;
  const complete = Math.floor(context.nowMs / 1000) - context.lagSeconds;
  let fromSeconds = floorTo(from, series ? bucketSeconds : 60);
  let toSeconds = ceilTo(to, series ? bucketSeconds : 60);
  let unfinishedFromSeconds: number | undefined;
  if (series) {
    const whole = Math.max(fromSeconds, floorTo(complete, bucketSeconds));
    if (toSeconds > whole) {
      if (query.lastBucket === 'omit' || context.forAlert) toSeconds = whole;
      else if (query.lastBucket === 'mark') unfinishedFromSeconds = whole;
    }
  }
  fromSeconds = Math.min(fromSeconds, toSeconds);
  let parameters: Record<string, ParameterValue> = { from: fromSeconds, to: toSeconds, ...values.values };
  const inTime = 'minute >= toDateTime({from:UInt32})\n      AND minute < toDateTime({to:UInt32})';

  let sql: string;
  let table = 'ledger';
  if (view === 'state') {
    table = 'exporters';
    const limit = limited(
      { ...query, limit: Math.max(query.limit, context.maxRows) },
      context.maxRows,
      notices,
    );
    parameters = { to: toSeconds, ...values.values };
    sql = `SELECT
    if(exporter_name = '', ${addressText('collector_ip')}, exporter_name) AS exporter,
    ${addressText('collector_ip')} AS address,
    toInt64(toUnixTimestamp(seen)) * 1000 AS seen_ms,
    toInt64(toUnixTimestamp(first_seen)) * 1000 AS first_seen_ms,
    arrayStringConcat(arrayMap(v -> toString(v), versions), ', ') AS versions,
    sampling_rate,
    clock_offset_ms,
    verdict,
    tenant_id AS tenant
FROM (
    SELECT collector_ip, exporter_name, tenant_id, seen, first_seen, versions, sampling_rate, clock_offset_ms, verdict
    FROM ${database}.exporters
    WHERE first_seen < toDateTime({to:UInt32})${where}
    ORDER BY seen DESC
    LIMIT 1 BY collector_ip
)
ORDER BY exporter, address
LIMIT ${limit}`;
  } else if (view === 'balance') {
    const measures = [
      'datagrams_received',
      'datagrams_decoded',
      'datagrams_refused',
      'datagrams_missing',
      'records_announced',
      'flows',
      'options_records',
      'records_waiting',
      'records_lost',
    ];
    sql = `SELECT
    ${SHOWN_NAME} AS exporter,
    ${addressText('collector_ip')} AS address,
    ${measures.join(',\n    ')},
    ${LOST_REASONS.map((reason) => `lost_${reason}`).join(',\n    ')},
    rows_stored,
    datagrams_received - datagrams_decoded - datagrams_refused AS datagrams_unexplained,
    records_announced - flows - options_records - records_waiting - records_lost AS records_unexplained,
    flows - rows_stored AS flows_unexplained,
    if(records_announced <= 0, 0, 100 * records_lost / records_announced) AS loss_percent
FROM (
    SELECT
        collector_ip,
        argMaxIf(exporter, at, exporter != '') AS name,
        ${measures.map((m) => `sumIf(amount, measure_name = '${m}') AS ${m}`).join(',\n        ')},
        ${LOST_REASONS.map((r) => `sumIf(amount, measure_name = 'records_lost' AND why = '${r}') AS lost_${r}`).join(',\n        ')},
        sumIf(amount, measure_name = 'stored') AS rows_stored
    FROM (
        SELECT collector_ip, toString(exporter_name) AS exporter, minute AS at, toString(measure) AS measure_name,
            toString(reason) AS why, value AS amount
        FROM ${database}.ledger
        WHERE ${inTime.replace('\n      ', '\n          ')}${where.replace('\n      ', '\n          ')}
        UNION ALL
        SELECT collector_ip, '', minute, 'stored', '', toInt64(flows)
        FROM ${database}.stored_1m
        WHERE ${inTime.replace('\n      ', '\n          ')}${
          condition === '1'
            ? ''
            : `
          AND collector_ip IN (SELECT collector_ip FROM ${database}.ledger WHERE ${inTime.replaceAll('\n      ', ' ')}${where.trim() === '' ? '' : ` ${where.trim()}`})`
        }
    )
    GROUP BY collector_ip
)
ORDER BY exporter, address
LIMIT ${context.maxRows}`;
  } else {
    const limit = limited(query, context.maxSeries, notices);
    const losses = view === 'losses';
    parameters = losses ? parameters : { ...parameters, measure: query.ledgerMeasure };
    const other = query.other && !losses;
    sql = `WITH
cells AS (
    SELECT
        collector_ip,
        argMaxIf(exporter_name, minute, exporter_name != '') AS exporter,
        toUInt32(intDiv(toUInt32(minute), ${bucketSeconds}) * ${bucketSeconds}) AS bucket,
        ${losses ? "sumIf(value, measure = 'records_lost') AS x,\n        sumIf(value, measure = 'records_announced') AS w" : 'sum(value) AS x'}
    FROM ${database}.ledger
    WHERE ${inTime}
      AND measure ${losses ? "IN ('records_lost', 'records_announced')" : '= {measure:String}'}${where}
    GROUP BY collector_ip, bucket
),
series AS (
    SELECT
        collector_ip,
        argMaxIf(exporter, bucket, exporter != '') AS name,
        groupArray(bucket) AS t,
        groupArray(x) AS xs${losses ? ',\n        groupArray(w) AS ws' : ''},
        row_number() OVER (ORDER BY ${losses ? 'sum(x) / greatest(sum(w), 1)' : 'sum(x)'} DESC, collector_ip) AS position
    FROM cells
    GROUP BY collector_ip
),
groups AS (
    SELECT
        if(position <= ${limit}, position, 0) AS place,
        if(place = 0, '', any(${SHOWN_NAME})) AS exporter,
        sumMap(t, xs${losses ? ', ws' : ''}) AS sums
    FROM series
    GROUP BY place
)
SELECT
    [exporter] AS keys,
    toUInt8(place = 0) AS other,
    toUInt8(0) AS reverse,
    toUInt8(0) AS previous,
    ${losses ? 'arrayFilter((b, w) -> w > 0, sums.1, sums.3)' : 'sums.1'} AS buckets,
    ${losses ? 'arrayMap((x, w) -> 100 * toFloat64(x) / w, arrayFilter((x, w) -> w > 0, sums.2, sums.3), arrayFilter(w -> w > 0, sums.3))' : 'arrayMap(x -> toFloat64(x), sums.2)'} AS values,
    toUInt8(0) AS speedless,
    toUInt8(0) AS unsampled
FROM groups${other ? '' : '\nWHERE place > 0'}
ORDER BY other, place
LIMIT ${limit + 1}`;
  }
  return {
    kind: 'exporters',
    statements: [{ name: 'main', sql, parameters }],
    table,
    notices,
    bucketSeconds,
    fromSeconds,
    toSeconds,
    unfinishedFromSeconds,
    dimensions: series ? ['exporter'] : [],
  };
}
