import { type Filter, Parameters, filterSql } from '../filter/index.ts';
import { limited } from './answer.ts';
import { bucketFor, ceilTo, floorTo } from './buckets.ts';
import type { CompiledQuery, Notice, ParameterValue } from './compiled.ts';
import type { CompileContext } from './context.ts';
import { addressText } from './keys.ts';
import type { Query, QueryRange } from './model.ts';
import { filterWithin, secondsOf } from './question.ts';

/** Columns of flows that an anomaly has too, and by what: so that the filter language asks both alike. */
const flowColumns: Readonly<Record<string, string>> = {
  source_ip: 'source_ip',
  destination_ip: 'destination_ip',
  collector_ip: 'collector_ip',
  exporter_name: 'exporter_name',
  tenant_id: 'tenant_id',
  protocol: 'protocol',
  source_port: 'toUInt16(0)',
  destination_port: 'port',
  input_interface: 'interface',
  output_interface: 'interface',
  input_interface_name: "''",
  output_interface_name: "''",
};

const KEPT = [
  'id',
  'type',
  'rule',
  'severity',
  'state',
  'score',
  'opened',
  'updated',
  'closed',
  'title',
  'description',
  'destination_prefix',
  'interface',
  'port',
  'metric',
  'value',
  'baseline',
  'threshold',
  'technique',
  'story',
  'flow_filter',
  'evidence',
];

/** The filter of a query of anomalies, the dashboard's with it as far as anomalies have what it asks for. Throws {@link Refused} elsewhere. */
export function anomaliesFilter(query: Query, notices: Notice[]): Filter {
  return filterWithin(
    query,
    (column) => Object.hasOwn(flowColumns, column),
    {
      refusal: (column) =>
        `Anomalies have no ${column}: they can be filtered by host, source, destination, exporter, interface, protocol, port and tenant.`,
      notice: (names) => `Anomalies have no ${names}: the dashboard’s filter by it is left out here.`,
    },
    notices,
  );
}

/** Anomalies that lasted into the range: the newest word on each, as a table, or how many there were at a time by severity. */
export function compileAnomalies(query: Query, range: QueryRange, context: CompileContext): CompiledQuery {
  const { from, to } = secondsOf(range, context);
  const notices: Notice[] = [];
  const filter = anomaliesFilter(query, notices);
  const values = new Parameters('f');
  const conditions = [filterSql(filter, values)].filter((c) => c !== '1');
  const parameters: Record<string, ParameterValue> = {};
  const choose = (column: string, list: readonly string[]): void => {
    if (list.length === 0) return;
    parameters[column] = list;
    conditions.push(`toString(${column}) IN {${column}:Array(String)}`);
  };
  choose('severity', query.severities);
  choose('type', query.anomalyTypes);
  choose('state', query.states);
  choose('id', query.anomalyIds);
  choose('story', query.stories);

  const count = query.anomalyView === 'count';
  const bucketSeconds = count ? bucketFor(range, query.minInterval, context.maxBuckets) : 0;
  let fromSeconds = from;
  let toSeconds = to;
  let unfinishedFromSeconds: number | undefined;
  if (count) {
    fromSeconds = floorTo(from, bucketSeconds);
    toSeconds = ceilTo(to, bucketSeconds);
    const whole = Math.max(
      fromSeconds,
      floorTo(Math.floor(context.nowMs / 1000) - context.lagSeconds, bucketSeconds),
    );
    if (toSeconds > whole) {
      if (query.lastBucket === 'omit' || context.forAlert) toSeconds = whole;
      else if (query.lastBucket === 'mark') unfinishedFromSeconds = whole;
    }
  }
  const own = Object.entries(flowColumns)
    .map(([name, sql]) => (name === sql ? name : `${sql} AS ${name}`))
    .join(', ');
  const latest = `    SELECT ${KEPT.join(', ')},
        ${own}
    FROM (
        SELECT *
        FROM ${context.database}.anomalies
        WHERE opened < toDateTime({to:UInt32})
        ORDER BY updated DESC
        LIMIT 1 BY tenant_id, id
    )
    WHERE (toUnixTimestamp(closed) = 0 OR closed >= toDateTime({from:UInt32}))`;
  const matching = `SELECT *
FROM (
${latest}
)${conditions.length === 0 ? '' : `\nWHERE ${conditions.join('\n  AND ')}`}`;

  let sql: string;
  if (count) {
    sql = `SELECT
    [toString(severity)] AS keys,
    toUInt8(0) AS other,
    toUInt8(0) AS reverse,
    toUInt8(0) AS previous,
    groupArray(bucket) AS buckets,
    groupArray(toFloat64(n)) AS values,
    toUInt8(0) AS speedless,
    toUInt8(0) AS unsampled
FROM (
    SELECT severity, toUInt32(slice * ${bucketSeconds}) AS bucket, count() AS n
    FROM (
${matching.replaceAll(/^/gm, '        ')}
    )
    ARRAY JOIN range(
        toUInt64(intDiv(greatest(toUnixTimestamp(opened), {from:UInt32}), ${bucketSeconds})),
        toUInt64(intDiv(if(toUnixTimestamp(closed) = 0, {to:UInt32} - 1, least(toUnixTimestamp(closed), {to:UInt32} - 1)), ${bucketSeconds}) + 1)
    ) AS slice
    GROUP BY severity, bucket
    ORDER BY severity, bucket
)
GROUP BY severity
ORDER BY severity DESC
LIMIT 10`;
  } else {
    const limit = limited(query, context.maxRows, notices);
    parameters['limit'] = limit;
    const address = (column: string): string => `if(${column} = toIPv6('::'), '', ${addressText(column)})`;
    sql = `SELECT
    toString(id) AS id,
    toInt64(toUnixTimestamp(opened)) * 1000 AS opened_ms,
    toInt64(toUnixTimestamp(closed)) * 1000 AS closed_ms,
    toUnixTimestamp64Milli(updated) AS updated_ms,
    toString(severity) AS severity,
    toString(state) AS state,
    toString(type) AS type,
    toString(rule) AS rule,
    title,
    description,
    score,
    ${address('source_ip')} AS source_ip,
    concat(${address('destination_ip')}, multiIf(destination_prefix IN (0, 128), '', ${IS_IPV4}, concat('/', toString(toInt16(destination_prefix) - 96)), concat('/', toString(destination_prefix)))) AS destination_ip,
    if(exporter_name = '', ${address('collector_ip')}, toString(exporter_name)) AS exporter_name,
    interface,
    protocol,
    port,
    toString(metric) AS metric,
    value,
    baseline,
    threshold,
    toString(technique) AS technique,
    toString(story) AS story,
    flow_filter,
    evidence,
    toString(tenant_id) AS tenant
FROM (
${matching.replaceAll(/^/gm, '    ')}
    ORDER BY opened DESC, id
    LIMIT {limit:UInt32}
)
ORDER BY opened_ms DESC, id
LIMIT ${limit}`;
  }
  return {
    kind: 'anomalies',
    statements: [
      {
        name: 'main',
        sql,
        parameters: { from: fromSeconds, to: toSeconds, ...parameters, ...values.values },
      },
    ],
    table: 'anomalies',
    notices,
    bucketSeconds,
    fromSeconds,
    toSeconds,
    unfinishedFromSeconds,
    dimensions: count ? ['severity'] : [],
  };
}

const IS_IPV4 = "destination_ip BETWEEN toIPv6('::ffff:0.0.0.0') AND toIPv6('::ffff:255.255.255.255')";
