/**
 * Akvorado's table of flows as its version 2026.8 creates it with all defaults: names, types, codecs, order, partition and
 * skip indexes are those of its `common/schema/definition.go`, `common/schema/config.go` and `orchestrator/clickhouse`.
 */

interface AkvoradoColumn {
  readonly name: string;
  readonly type: string;
  readonly codec?: string;
  /** The same of ours, as SQL over `network_flows`. */
  readonly from: string;
}

const TEXT = 'LowCardinality(String)';
/** 15 days in 50 partitions. */
const PARTITION_SECONDS = (15 * 86_400) / 50;

/** A column for the source or the input, and its twin. */
function both(
  names: readonly [string, string],
  type: string,
  from: (side: 'source' | 'destination', way: 'input' | 'output') => string,
  codec?: string,
): AkvoradoColumn[] {
  return [
    { name: names[0], type, from: from('source', 'input'), ...(codec && { codec }) },
    { name: names[1], type, from: from('destination', 'output'), ...(codec && { codec }) },
  ];
}

const none = (): string => `''`;
/** What its classifiers would tell of an interface: 1 and 2 are transits, 3 the backbone, the others LANs. */
const byRole = (
  way: string,
  [transitA, transitB, backbone, lan]: readonly [string, string, string, string],
): string =>
  `multiIf(${way}_interface = 1, ${transitA}, ${way}_interface = 2, ${transitB}, ${way}_interface = 3, ${backbone}, ${lan})`;

export const akvoradoColumns: readonly AkvoradoColumn[] = [
  { name: 'TimeReceived', type: 'DateTime', codec: 'DoubleDelta, LZ4', from: 'timestamp' },
  { name: 'SamplingRate', type: 'UInt64', from: 'sampling_rate' },
  { name: 'ExporterAddress', type: 'LowCardinality(IPv6)', from: 'collector_ip' },
  { name: 'ExporterName', type: TEXT, from: 'exporter_name' },
  { name: 'ExporterGroup', type: TEXT, from: `'edge'` },
  { name: 'ExporterRole', type: TEXT, from: `'router'` },
  { name: 'ExporterSite', type: TEXT, from: `splitByChar('-', exporter_name)[1]` },
  { name: 'ExporterRegion', type: TEXT, from: `if(startsWith(exporter_name, 'chicago'), 'us', 'eu')` },
  { name: 'ExporterTenant', type: TEXT, from: 'tenant_id' },
  ...both(['SrcAddr', 'DstAddr'], 'IPv6', (side) => `${side}_ip`, 'ZSTD(1)'),
  ...both(['SrcNetMask', 'DstNetMask'], 'UInt8', (side) => `${side}_mask`),
  ...both(['SrcAS', 'DstAS'], 'UInt32', (side) => `${side}_as`),
  ...both(['SrcNetName', 'DstNetName'], TEXT, (side) => `${side}_network`),
  ...both(['SrcNetRole', 'DstNetRole'], TEXT, none),
  ...both(['SrcNetSite', 'DstNetSite'], TEXT, none),
  ...both(['SrcNetRegion', 'DstNetRegion'], TEXT, none),
  ...both(['SrcNetTenant', 'DstNetTenant'], TEXT, none),
  ...both(
    ['SrcCountry', 'DstCountry'],
    'FixedString(2)',
    (side) => `toFixedString(toString(${side}_country), 2)`,
  ),
  ...both(['SrcGeoCity', 'DstGeoCity'], TEXT, none),
  ...both(['SrcGeoState', 'DstGeoState'], TEXT, none),
  { name: 'DstASPath', type: 'Array(UInt32)', from: '[]' },
  { name: 'Dst1stAS', type: 'UInt32', from: '0' },
  { name: 'Dst2ndAS', type: 'UInt32', from: '0' },
  { name: 'Dst3rdAS', type: 'UInt32', from: '0' },
  { name: 'DstCommunities', type: 'Array(UInt32)', from: '[]' },
  { name: 'DstLargeCommunities', type: 'Array(UInt128)', from: '[]' },
  ...both(['InIfName', 'OutIfName'], TEXT, (_, way) => `${way}_interface_name`),
  ...both(['InIfDescription', 'OutIfDescription'], TEXT, (_, way) =>
    byRole(way, [`'Transit A'`, `'Transit B'`, `'Backbone'`, `concat('LAN ', toString(${way}_interface))`]),
  ),
  ...both(['InIfSpeed', 'OutIfSpeed'], 'UInt32', (_, way) =>
    byRole(way, ['10000', '10000', '100000', '1000']),
  ),
  ...both(['InIfConnectivity', 'OutIfConnectivity'], TEXT, (_, way) =>
    byRole(way, [`'transit'`, `'transit'`, `'core'`, `''`]),
  ),
  ...both(['InIfProvider', 'OutIfProvider'], TEXT, (_, way) =>
    byRole(way, [`'arelion'`, `'cogent'`, `''`, `''`]),
  ),
  ...both(
    ['InIfBoundary', 'OutIfBoundary'],
    `Enum8('undefined' = 0, 'external' = 1, 'internal' = 2)`,
    (_, way) => byRole(way, [`'external'`, `'external'`, `'internal'`, `'internal'`]),
  ),
  { name: 'EType', type: 'UInt32', from: `if(startsWith(toString(source_ip), '::ffff:'), 2048, 34525)` },
  { name: 'Proto', type: 'UInt32', from: 'protocol' },
  ...both(['SrcPort', 'DstPort'], 'UInt16', (side) => `${side}_port`),
  { name: 'Bytes', type: 'UInt64', codec: 'T64, LZ4', from: 'bytes_in' },
  { name: 'Packets', type: 'UInt64', codec: 'T64, LZ4', from: 'packets_in' },
  { name: 'ForwardingStatus', type: 'UInt32', from: 'forwarding_status' },
  {
    name: 'FlowDirection',
    type: `Enum8('undefined' = 0, 'ingress' = 1, 'egress' = 2)`,
    from: `CAST(toInt8(flow_direction), 'Enum8(\\'undefined\\' = 0, \\'ingress\\' = 1, \\'egress\\' = 2)')`,
  },
];

const bloom = ['SrcAddr', 'DstAddr', 'SrcAS', 'DstAS', 'SrcPort', 'DstPort', 'SrcCountry', 'DstCountry'];
const sets = [
  'InIfProvider',
  'OutIfProvider',
  'InIfConnectivity',
  'OutIfConnectivity',
  'InIfBoundary',
  'OutIfBoundary',
];

/** Expiry is set far off: the simulated hour is in the past. */
export function akvoradoDdl(table: string, skipIndexes = true): string {
  const columns = akvoradoColumns.map(
    ({ name, type, codec }) => `\`${name}\` ${type}${codec === undefined ? '' : ` CODEC(${codec})`}`,
  );
  const index = (type: string) => (name: string) =>
    `INDEX idx_${name.toLowerCase()} ${name} TYPE ${type} GRANULARITY 4`;
  const indexes = skipIndexes
    ? [
        index('minmax')('ExporterName'),
        ...bloom.map(index('bloom_filter(0.001)')),
        ...sets.map(index('set(0)')),
      ]
    : [];
  return `CREATE TABLE ${table} (
  ${[...columns, ...indexes].join(',\n  ')}
) ENGINE = MergeTree
PARTITION BY toYYYYMMDDhhmmss(toStartOfInterval(TimeReceived, toIntervalSecond(${PARTITION_SECONDS})))
PRIMARY KEY toStartOfFiveMinutes(TimeReceived)
ORDER BY (toStartOfFiveMinutes(TimeReceived), ExporterAddress, InIfName, OutIfName)
TTL TimeReceived + toIntervalDay(3650)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1`;
}

/** Fills it with the same flows as ours. */
export function akvoradoInsert(table: string, ours: string): string {
  return `INSERT INTO ${table} (${akvoradoColumns.map((c) => c.name).join(', ')})
SELECT ${akvoradoColumns.map((c) => `${c.from} AS _${c.name}`).join(', ')} FROM ${ours}`;
}

/** The columns of ours that hold what a column of akvorado's holds; none for constants. */
export function oursOfAkvorado(column: AkvoradoColumn): string[] {
  // What its classifiers tell of an interface it stores in each row; with us the interface's own columns say it.
  if (/^(In|Out)If(?!Name)/.test(column.name) || column.name === 'EType') return [];
  if (column.name === 'InIfName') return ['input_interface', 'input_interface_name'];
  if (column.name === 'OutIfName') return ['output_interface', 'output_interface_name'];
  if (column.name === 'ExporterSite' || column.name === 'ExporterRegion') return [];
  const [name] = column.from.match(/\b[a-z]+(_[a-z]+)*_[a-z]+\b|\bprotocol\b|\btimestamp\b/) ?? [];
  return name === undefined ? [] : [name];
}
