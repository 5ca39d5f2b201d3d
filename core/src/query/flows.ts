import type { ColumnName } from '../columns.ts';
import { fieldByName } from '../fields/fields.ts';
import { Parameters, filterColumns, filterSql } from '../filter/index.ts';
import { limited } from './answer.ts';
import { bucketFor, ceilTo, floorTo } from './buckets.ts';
import type { CompiledQuery, Notice, ParameterValue, Statement } from './compiled.ts';
import type { CompileContext } from './context.ts';
import { columnForms, isColumn } from './flow-columns.ts';
import { addressText, keyOf } from './keys.ts';
import type { Query, QueryRange } from './model.ts';
import { Refused } from './problem.ts';
import { filterOf, secondsOf } from './question.ts';
import { chooseTable, segmentsOf, slotSeconds } from './tables.ts';

/** What a record shows where the query does not say. */
export const defaultFlowColumns: readonly string[] = [
  'timestamp',
  'exporter',
  'source_ip',
  'source_port',
  'destination_ip',
  'destination_port',
  'protocol',
  'application',
  'tcp_flags',
  'input_interface',
  'output_interface',
  'bytes',
  'packets',
  'bytes_out',
  'packets_out',
  'duration',
  'sampling_rate',
];

/** A column of the answer. */
interface Shown {
  readonly name: string;
  readonly reads: readonly ColumnName[];
  /** SQL over the columns read, which are called c_… here, so that no name of the answer hides one of the table. */
  readonly sql: string;
}

/** Records: the newest, or the largest or longest, one row each; and how many there were over time. */
export function compileFlows(query: Query, range: QueryRange, context: CompileContext): CompiledQuery {
  const { from, to } = secondsOf(range, context);
  const filter = filterOf(query);
  const notices: Notice[] = [];
  if (context.tables.rawFromSeconds !== undefined) notices.push(...chooseRaw(from, to, context));
  if (query.resolution === '1m' || query.resolution === '1h')
    throw new Refused(
      'resolution',
      `${query.resolution} cannot answer: single flows are only in network_flows. Take “auto” or “raw”.`,
    );
  const limit = limited(query, context.maxRows, notices);
  const shown = (query.columns.length === 0 ? defaultFlowColumns : query.columns)
    .filter((name) => name !== 'timestamp')
    .map(shownColumn);
  const reads = [...new Set<ColumnName>(['timestamp', ...shown.flatMap((s) => s.reads)])];
  const values = new Parameters('f');
  const where = conditionSql(filterSql(filter, values));
  const parameters = { from, to, limit, ...values.values };
  const rate = query.correctSampling ? ' * greatest(sampling_rate, 1)' : '';
  // The table is in the order of quarters of an hour: so the newest are found without reading all.
  const order = {
    newest: 'toStartOfFifteenMinutes(timestamp) DESC, timestamp DESC',
    bytes: `(bytes_in + bytes_out)${rate} DESC, timestamp DESC`,
    packets: `(packets_in + packets_out)${rate} DESC, timestamp DESC`,
    duration: 'duration_ms DESC, timestamp DESC',
  }[query.order];
  const main: Statement = {
    name: 'main',
    parameters,
    sql: `SELECT
    toInt64(toUnixTimestamp(c_timestamp)) * 1000 AS timestamp${shown.map((s) => `,\n    ${s.sql} AS ${s.name}`).join('')}
FROM (
    SELECT ${reads.map((name) => `${name} AS c_${name}`).join(', ')}
    FROM ${context.database}.network_flows
    WHERE timestamp >= toDateTime({from:UInt32})
      AND timestamp < toDateTime({to:UInt32})${where}
    ORDER BY ${order}
    LIMIT {limit:UInt32}
)`,
  };
  const volume = volumeStatement(query, range, from, to, context);
  return {
    kind: 'flows',
    statements: [main, volume.statement],
    table: 'network_flows',
    notices,
    bucketSeconds: volume.bucketSeconds,
    fromSeconds: volume.fromSeconds,
    toSeconds: volume.toSeconds,
    unfinishedFromSeconds: undefined,
    dimensions: [],
  };
}

function chooseRaw(from: number, to: number, context: CompileContext): readonly Notice[] {
  return chooseTable(
    {
      fromSeconds: from,
      toSeconds: to,
      grouped: [],
      filtered: [],
      rawOnly: 'records are only in network_flows',
      bucketSeconds: undefined,
      resolution: 'raw',
    },
    context,
  ).notices;
}

export function conditionSql(filter: string): string {
  return filter === '1' ? '' : `\n      AND ${filter}`;
}

function shownColumn(name: string): Shown {
  const field = fieldByName(name);
  if (field === undefined || !field.groups) {
    const column = field?.columns[0] ?? name;
    if (!isColumn(column)) throw new Refused('columns', `There is no field or column “${name}”.`);
    return { name: field?.name ?? name, reads: [column], sql: columnSql(column) };
  }
  const key = keyOf(field, { prefix4: 32, prefix6: 128 });
  if (key.either) {
    const [source, destination] = field.columns;
    throw new Refused(
      'columns',
      `${field.name} means either end, a record shows both: take ${source} and ${destination ?? source}.`,
    );
  }
  const renamed = key.columns.reduce(
    (sql, column) => sql.replace(new RegExp(`\\b${column}\\b`, 'g'), `c_${column}`),
    key.source,
  );
  const number = ['port', 'number', 'microseconds', 'bytes', 'milliseconds'].includes(field.type);
  return { name: field.name, reads: key.columns, sql: number ? renamed : key.text(renamed) };
}

function columnSql(column: ColumnName): string {
  const read = `c_${column}`;
  switch (columnForms[column]) {
    case 'address':
      return addressText(read);
    case 'mac':
      return `lower(MACNumToString(${read}))`;
    case 'time':
      return `toInt64(toUnixTimestamp(${read})) * 1000`;
    case 'milliseconds':
      return `toUnixTimestamp64Milli(${read})`;
    case 'enum':
    case 'uuid':
    case 'text':
      return `toString(${read})`;
    case 'number':
      return read;
  }
}

/** How many flows there were, bucket by bucket. */
function volumeStatement(
  query: Query,
  range: QueryRange,
  from: number,
  to: number,
  context: CompileContext,
): { statement: Statement; bucketSeconds: number; fromSeconds: number; toSeconds: number } {
  const filter = filterOf(query);
  const wanted = bucketFor(
    { ...range, intervalMs: 0, maxDataPoints: 100 },
    query.minInterval,
    context.maxBuckets,
  );
  // Bars beside records must be of the same flows: single ones, or rollups where these are exact.
  const filtered = [...filterColumns(filter)];
  const { table, minutes } = chooseTable(
    {
      fromSeconds: from,
      toSeconds: to,
      grouped: filtered,
      filtered: [],
      rawOnly: undefined,
      bucketSeconds: wanted,
      resolution: 'auto',
    },
    context,
  );
  const exact = filtered.every(
    (c) =>
      ![
        'source_ip',
        'destination_ip',
        'source_port',
        'destination_port',
        'source_as',
        'destination_as',
      ].includes(c),
  );
  const chosen = exact && query.resolution === 'auto' ? table : 'network_flows';
  const bucketSeconds = ceilTo(wanted, slotSeconds[chosen]);
  const values = new Parameters('f');
  const where = conditionSql(filterSql(filter, values));
  const times: Record<string, ParameterValue> = {};
  const fromSeconds = floorTo(from, bucketSeconds);
  const toSeconds = ceilTo(to, bucketSeconds);
  const parts = segmentsOf(chosen, fromSeconds, toSeconds, context, minutes).map((segment, i) => {
    times[`from_${i}`] = segment.fromSeconds;
    times[`to_${i}`] = segment.toSeconds;
    return `    SELECT toUInt32(intDiv(toUInt32(timestamp), ${bucketSeconds}) * ${bucketSeconds}) AS bucket, ${segment.table === 'network_flows' ? '1' : 'flow_count'} AS n
    FROM ${context.database}.${segment.table}
    WHERE timestamp >= toDateTime({from_${i}:UInt32})
      AND timestamp < toDateTime({to_${i}:UInt32})${where}`;
  });
  return {
    statement: {
      name: 'volume',
      parameters: { ...times, ...values.values },
      sql: `SELECT bucket, toFloat64(sum(n)) AS value
FROM (
${parts.join('\n    UNION ALL\n')}
)
GROUP BY bucket
ORDER BY bucket
LIMIT ${context.maxBuckets + 2}`,
    },
    bucketSeconds,
    fromSeconds,
    toSeconds,
  };
}
