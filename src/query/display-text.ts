import { fieldByName } from '@weir/core/fields';
import { type Query, metricByName } from '@weir/core/query';
import { exporterViewTexts, kinds } from './kinds.ts';

/** A query in one line, for collapsed editors and Explore's history. */
export function displayText(query: Query): string {
  const kind = kinds.find((k) => k.kind === query.kind)?.label ?? query.kind;
  const filter = query.filter.trim() === '' ? '' : ` where ${query.filter.trim()}`;
  const by = query.dimensions.map((name) => fieldByName(name)?.label ?? name);
  const metric = metricByName(query.metric)?.label ?? query.metric;
  switch (query.kind) {
    case 'timeseries':
      return `${metric}${by.length > 0 ? ` by ${by.join(', ')}, top ${query.limit}` : ''}${filter}`;
    case 'top':
      return `Top ${query.limit} ${by.join(', ')} by ${metric}${filter}`;
    case 'flows':
      return `${query.live ? 'Live flows' : 'Flows'}${filter}`;
    case 'conversations':
      return `${by.join(' → ')} by ${metric}${filter}`;
    case 'topology':
      return `Topology of ${query.node}s by ${metric}${filter}`;
    case 'exporters':
      return `Exporters: ${exporterViewTexts[query.exporterView][0].toLowerCase()}${filter}`;
    case 'anomalies':
      return `${query.replay === null ? 'Anomalies' : 'Replayed anomalies'}${query.severities.length > 0 ? ` (${query.severities.join(', ')})` : ''}${filter}`;
    case 'sql':
      return query.sql.replaceAll(/\s+/g, ' ').trim();
    default:
      return kind;
  }
}

/** The options that differ from the defaults, in a few words, for the head of their section. */
export function optionsSummary(query: Query): string {
  const parts: string[] = [];
  if (query.resolution !== 'auto')
    parts.push(query.resolution === 'raw' ? 'raw flows' : `${query.resolution} rollup`);
  if (query.minInterval > 0) parts.push(`buckets of ${query.minInterval} s or more`);
  if (!query.correctSampling) parts.push('sampling not corrected');
  if (query.spread) parts.push('long flows spread');
  if (query.kind === 'timeseries' && query.lastBucket !== 'omit')
    parts.push(query.lastBucket === 'mark' ? 'last bucket marked' : 'last bucket kept');
  if (query.prefix4 < 32) parts.push(`IPv4 by /${query.prefix4}`);
  if (query.prefix6 < 128) parts.push(`IPv6 by /${query.prefix6}`);
  if (query.legend !== '') parts.push(`legend ${query.legend}`);
  return parts.length === 0 ? 'Resolution auto, sampling corrected' : parts.join(' · ');
}
