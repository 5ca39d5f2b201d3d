import type { WeirQuery } from '../query/weir-query.ts';

/** The bars over a list of records in Explore: how many flows match over time, by verdict. */
export function volumeQuery(query: WeirQuery): WeirQuery | undefined {
  if (query.hide || (query.kind ?? 'timeseries') !== 'flows') return undefined;
  return {
    refId: `log-volume-${query.refId}`,
    ...(query.datasource === undefined ? {} : { datasource: query.datasource }),
    kind: 'timeseries',
    metric: 'flows',
    filter: query.filter ?? '',
    ...(query.adHoc === undefined ? {} : { adHoc: query.adHoc }),
    dimensions: ['verdict'],
    limit: 5,
    other: true,
    lastBucket: 'keep',
    correctSampling: false,
    legend: '{{verdict}}',
  };
}

/** The records behind a graph: what Explore shows under a metric query as a sample. */
export function sampleQuery(query: WeirQuery, limit: number): WeirQuery | undefined {
  const kind = query.kind ?? 'timeseries';
  if (query.hide || (kind !== 'timeseries' && kind !== 'top')) return undefined;
  return {
    refId: `log-sample-${query.refId}`,
    ...(query.datasource === undefined ? {} : { datasource: query.datasource }),
    kind: 'flows',
    filter: query.filter ?? '',
    ...(query.adHoc === undefined ? {} : { adHoc: query.adHoc }),
    limit,
  };
}
