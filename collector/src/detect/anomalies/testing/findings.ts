import type { AnomalyRow } from '@weir/core/anomalies';
import type { DetectionSettings } from '../../settings.ts';
import type { AnomalyTracker, DetectedFinding } from '../tracker.ts';

/** A window's beginning. */
export const NOON = Date.UTC(2026, 2, 10, 12) / 1000;

export const settings: DetectionSettings = {
  enabled: true,
  ownNetworks: ['10.0.0.0/8'],
  latenessSeconds: 30,
  capacities: {},
  detectors: {},
  tenants: {},
  exclude: [],
  silences: [],
  rules: [],
};

/** A host that scans; fields as given. */
export function scan(of: Partial<DetectedFinding> = {}): DetectedFinding {
  const source = of.source ?? '10.0.0.7';
  return {
    detector: 'port_scan',
    type: 'port_scan_vertical',
    tenant: 'acme',
    entity: source,
    severity: 'medium',
    score: 0.7,
    title: `${source} scans ports`,
    description: 'Many ports.',
    source,
    metric: 'ports_per_minute',
    value: 30,
    baseline: 0,
    threshold: 20,
    technique: 'T1046',
    flowFilter: `source_ip = ${source}`,
    evidence: {},
    ...of,
  };
}

/** A finding of another type, between two hosts. */
export function found(type: DetectedFinding['type'], of: Partial<DetectedFinding> = {}): DetectedFinding {
  const { source, destination, exporter } = of;
  const entity = [source, destination, exporter].filter((end) => end !== undefined).join(' → ');
  return {
    detector: type,
    type,
    tenant: 'acme',
    entity: entity === '' ? 'all' : entity,
    severity: 'medium',
    score: 0.5,
    title: type.replaceAll('_', ' '),
    description: '',
    metric: 'count',
    value: 2,
    baseline: 0,
    threshold: 1,
    flowFilter: '',
    evidence: {},
    ...of,
  };
}

/** A window so many after noon that is closed; returns rows to be written. */
export function closed(
  tracker: AnomalyTracker,
  window: number,
  ...findings: readonly DetectedFinding[]
): AnomalyRow[] {
  return tracker.take(findings, { ...times(window), early: false });
}

/** A window that still takes flows. */
export function early(
  tracker: AnomalyTracker,
  window: number,
  ...findings: readonly DetectedFinding[]
): AnomalyRow[] {
  return tracker.take(findings, { ...times(window), early: true });
}

/** Closed windows without a finding: `from` to `to`, both of them. */
export function quiet(tracker: AnomalyTracker, from: number, to: number): AnomalyRow[] {
  const rows: AnomalyRow[] = [];
  for (let window = from; window <= to; window++) rows.push(...closed(tracker, window));
  return rows;
}

/** Seconds since 1970: when a window begins. */
export function beginningOf(window: number): number {
  return NOON + 10 * window;
}

function times(window: number): { readonly start: number; readonly end: number } {
  return { start: beginningOf(window), end: beginningOf(window + 1) };
}

/** As the table answers: of each id the newest row. */
export function newest(rows: Iterable<AnomalyRow>): Map<string, AnomalyRow> {
  const table = new Map<string, AnomalyRow>();
  for (const row of rows) {
    const known = table.get(row.id);
    if (known === undefined || row.updated > known.updated) table.set(row.id, row);
  }
  return table;
}
