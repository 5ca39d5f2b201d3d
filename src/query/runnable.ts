import type { Query } from '@weir/core/query';

/** What keeps a query from being run: nothing to ask, not an error. */
export function isRunnable(query: Query): boolean {
  switch (query.kind) {
    case 'sql':
      return query.sql.trim() !== '';
    case 'top':
      return query.dimensions.length > 0;
    case 'conversations':
      return query.dimensions.length > 1;
    default:
      return true;
  }
}

export interface Complaint {
  readonly part: 'dimensions' | 'metric' | 'limit' | 'minInterval' | 'prefixes' | 'sql';
  readonly text: string;
}

/** What an editor says beside its fields before the backend has to. */
export function complaintsAbout(
  query: Query,
  maxima: { readonly series: number; readonly rows: number },
): Complaint[] {
  const complaints: Complaint[] = [];
  const groups = query.kind === 'timeseries' || query.kind === 'top' || query.kind === 'conversations';
  if (query.kind === 'top' && query.dimensions.length === 0)
    complaints.push({ part: 'dimensions', text: 'Choose at least one field to rank.' });
  if (query.kind === 'conversations' && query.dimensions.length < 2)
    complaints.push({
      part: 'dimensions',
      text: 'Choose two fields or more: the stages from left to right.',
    });
  if (groups && query.metric === 'utilization' && !query.dimensions.some((d) => d.includes('interface')))
    complaints.push({
      part: 'metric',
      text: 'Utilization is of interfaces: group by input, output or either interface.',
    });
  const cap = query.kind === 'timeseries' ? maxima.series : maxima.rows;
  if (
    query.kind !== 'sql' &&
    query.kind !== 'exporters' &&
    !(Number.isInteger(query.limit) && query.limit >= 1)
  )
    complaints.push({ part: 'limit', text: 'The limit is a whole number from 1.' });
  else if (query.limit > cap)
    complaints.push({ part: 'limit', text: `This data source gives ${cap.toLocaleString('en')} at most.` });
  if (!(query.minInterval >= 0)) complaints.push({ part: 'minInterval', text: 'Seconds, 0 or more.' });
  if (!between(query.prefix4, 0, 32) || !between(query.prefix6, 0, 128))
    complaints.push({ part: 'prefixes', text: 'IPv4 prefixes have 0 to 32 bits, IPv6 prefixes 0 to 128.' });
  if (query.kind === 'sql' && query.sql.trim() !== '' && !/^\s*(select|with|\(|--|\/\*)/i.test(query.sql))
    complaints.push({ part: 'sql', text: 'Only SELECT (or WITH … SELECT) is run.' });
  return complaints;
}

function between(value: number, low: number, high: number): boolean {
  return Number.isInteger(value) && value >= low && value <= high;
}
