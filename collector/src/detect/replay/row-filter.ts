import type { AnomalyRow } from '@weir/core/anomalies';
import { parseFilter } from '@weir/core/filter';
import { FindingMatcher, OneAnomaly } from '../anomalies/finding-match.ts';
import { checkDetectionFilters } from '../anomalies/check-filters.ts';
import { ReplayProblem } from './settings-for-replay.ts';

const NONE = '::';

/**
 * Which rows of anomalies a filter in the filter language wants; an empty one wants all.
 *
 * @throws ReplayProblem where it is no filter, or asks for what anomalies do not have
 */
export function rowFilter(text: string): (row: AnomalyRow) => boolean {
  if (text.trim() === '') return () => true;
  const parsed = parseFilter(text);
  const silence = { filter: text, detectors: [], comment: '', until: 0 };
  const [problem] = checkDetectionFilters({ detectors: {}, tenants: {}, exclude: [], silences: [silence] });
  if (problem !== undefined || !parsed.ok)
    throw new ReplayProblem(
      `the filter: ${`${problem?.message ?? ''} ${problem?.advice ?? ''}`.trim().replace(/\.$/, '')}`,
    );
  const matcher = new FindingMatcher(parsed.filter, 'no');
  const one = new OneAnomaly();
  return (row) => {
    one.fill({
      tenant: row.tenant_id,
      source: addressOf(row.source_ip),
      destination: addressOf(row.destination_ip),
      destinationPrefix: row.destination_prefix,
      exporter: addressOf(row.collector_ip),
      exporterName: row.exporter_name === '' ? undefined : row.exporter_name,
      interface: row.interface === 0 ? undefined : row.interface,
      protocol: row.protocol === 0 ? undefined : row.protocol,
      port: row.port === 0 ? undefined : row.port,
    });
    return matcher.matches(one);
  };
}

function addressOf(text: string): string | undefined {
  return text === NONE ? undefined : text;
}
