import type { AnomalyRow } from '@weir/core/anomalies';

/** A port scan by a host, as a row of the table, but for what is said otherwise. */
export function anomalyRow(over: Partial<AnomalyRow> = {}): AnomalyRow {
  const opened = over.opened ?? 1_800_000_000;
  return {
    id: '6a1d2c3e-0000-4000-8000-000000000001',
    tenant_id: '',
    type: 'port_scan_vertical',
    rule: '',
    severity: 'medium',
    score: 0.5,
    state: (over.closed ?? 0) > 0 ? 'closed' : 'open',
    opened,
    updated: opened * 1000,
    closed: 0,
    title: '10.0.0.1 scans',
    description: 'It\'s a "scan".',
    source_ip: '10.0.0.1',
    destination_ip: '::',
    destination_prefix: 128,
    collector_ip: '::',
    exporter_name: '',
    interface: 0,
    protocol: 6,
    port: 0,
    metric: 'ports_per_minute',
    value: 100,
    baseline: 0,
    threshold: 20,
    technique: 'T1046',
    story: over.id ?? '6a1d2c3e-0000-4000-8000-000000000001',
    flow_filter: 'source_ip = 10.0.0.1',
    evidence: '{}',
    ...over,
  };
}
