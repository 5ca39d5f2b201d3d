import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnomalyRow } from '@weir/core/anomalies';
import type { TestStore } from './store.ts';

/** The time that the known flows are looked at: ten minutes past noon. */
export const NOW_MS = Date.UTC(2026, 2, 1, 12, 10);
export const HOUR = { fromMs: Date.UTC(2026, 2, 1, 11), toMs: Date.UTC(2026, 2, 1, 12) } as const;

/**
 * An hour of flows that can be reckoned by hand, minute by minute:
 *
 * - tenant `north`, exporter edge-1, 1 in 10 sampled: a host of 10.0.0.1 to 10.0.0.3, one after the other, sends 1000, 2000 or 3000
 *   octets in 10 packets to 198.51.100.1:443 (TCP) and gets 100 back;
 * - tenant `north`, exporter edge-2, unsampled (rate 1): 10.0.1.1 asks 198.51.100.2:53 (UDP), 500 octets there in 5 packets;
 * - tenant `south`, exporter edge-3, rate not known: 172.16.0.9 sends 9000 octets to 203.0.113.9:22.
 *
 * And one flow each of the ten minutes after.
 */
export async function storeKnownFlows(store: TestStore): Promise<void> {
  const { database } = store;
  await store.command(`ALTER TABLE ${database}.network_flows MODIFY COLUMN application REMOVE ALIAS`);
  const insert = (rows: string, select: string): Promise<void> =>
    store.command(`INSERT INTO ${database}.network_flows
(timestamp, tenant_id, collector_ip, exporter_name, flow_source, sampling_rate, source_ip, destination_ip, source_port, destination_port,
 protocol, bytes_in, packets_in, bytes_out, packets_out, input_interface, output_interface, duration_ms, application)
SELECT ${select} FROM numbers(${rows})`);
  const at = "toDateTime('2026-03-01 11:00:30', 'UTC') + number * 60";
  await insert(
    '70',
    `${at}, 'north', toIPv6('192.0.2.1'), 'edge-1', 'ipfix', 10, toIPv6(concat('10.0.0.', toString(number % 3 + 1))), toIPv6('198.51.100.1'),
     50000 + number, 443, 6, 1000 * (number % 3 + 1), 10, 100, 1, 1, 2, 1000, 'https'`,
  );
  await insert(
    '70',
    `${at}, 'north', toIPv6('192.0.2.2'), 'edge-2', 'netflow9', 1, toIPv6('10.0.1.1'), toIPv6('198.51.100.2'),
     40000, 53, 17, 500, 5, 0, 0, 1, 2, 0, 'dns'`,
  );
  await insert(
    '70',
    `${at}, 'south', toIPv6('192.0.2.3'), 'edge-3', 'sflow', 0, toIPv6('172.16.0.9'), toIPv6('203.0.113.9'),
     60000, 22, 6, 9000, 9, 0, 0, 3, 4, 500, 'ssh'`,
  );
  await store.command(`INSERT INTO ${database}.interfaces (collector_ip, interface, name, description, seen, tenant_id, speed, exporter_name) VALUES
    (toIPv6('192.0.2.1'), 1, 'ge-0/0/1', 'uplink', '2026-03-01 12:00:00', 'north', 1000000, 'edge-1'),
    (toIPv6('192.0.2.1'), 2, 'ge-0/0/2', 'lan', '2026-03-01 12:00:00', 'north', 0, 'edge-1')`);
  await store.command(`INSERT INTO ${database}.exporters
    (collector_ip, exporter_name, tenant_id, seen, first_seen, versions, sampling_rate, clock_offset_ms, verdict, state) VALUES
    (toIPv6('192.0.2.1'), 'edge-1', 'north', toDateTime(1772366999), toDateTime(1772362800), [10], 10, 0, '', '{}'),
    (toIPv6('192.0.2.2'), 'edge-2', 'north', toDateTime(1772366999), toDateTime(1772362800), [9], 1, 12, '', '{}'),
    (toIPv6('192.0.2.3'), 'edge-3', 'south', toDateTime(1772366999), toDateTime(1772362800), [5], 0, 0, 'The sampling rate is not known.', '{}')`);
  await store.command(`INSERT INTO ${database}.ledger (minute, tenant_id, collector_ip, exporter_name, measure, reason, value)
    SELECT toDateTime('2026-03-01 11:00:00', 'UTC') + number * 60, 'north', toIPv6('192.0.2.1'), 'edge-1', m.1, m.2, m.3 FROM numbers(60)
    ARRAY JOIN [('datagrams_received', '', 4), ('datagrams_decoded', '', 4), ('records_announced', '', 5), ('flows', '', 4), ('records_lost', 'sequence_gap', 1)] AS m`);
  await store.command(`INSERT INTO ${database}.anomalies
    (id, tenant_id, type, severity, score, state, opened, updated, closed, title, description, source_ip, destination_ip, exporter_name, metric, value, baseline, threshold) VALUES
    ('00000000-0000-0000-0000-000000000001', 'north', 'port_scan_vertical', 'high', 0.9, 'closed', toDateTime(1772363400), toDateTime64(1772364000, 3), toDateTime(1772364000),
     '10.0.0.1 scans the ports of 198.51.100.1', 'Many ports in a short time.', toIPv6('10.0.0.1'), toIPv6('198.51.100.1'), 'edge-1', 'ports_per_minute', 900, 3, 100),
    ('00000000-0000-0000-0000-000000000002', 'south', 'syn_flood', 'critical', 1, 'open', toDateTime(1772365200), toDateTime64(1772365800, 3), toDateTime(0),
     'A flood towards 203.0.113.9', 'Half-open connections.', toIPv6('::'), toIPv6('203.0.113.9'), 'edge-3', 'syn_per_second', 5000, 10, 1000)`);
  await store.command(
    `INSERT INTO ${database}.anomalies FORMAT JSONEachRow\n${detectedAnomalies()
      .map((row) => JSON.stringify(row))
      .join('\n')}`,
  );
  await store.roll(HOUR.fromMs, NOW_MS - 180_000);
}

/** Rows as detectors and the tracker wrote them of a scan, of passwords tried after it, and of a flood, with evidence. */
function detectedAnomalies(): Record<string, unknown>[] {
  const rows = JSON.parse(
    readFileSync(join(import.meta.dirname, 'detected-anomalies.json'), 'utf8'),
  ) as AnomalyRow[];
  const mapped = (address: string): string => (address.includes(':') ? address : `::ffff:${address}`);
  return rows.map((row) => ({
    ...row,
    updated: row.updated / 1000,
    source_ip: mapped(row.source_ip),
    destination_ip: mapped(row.destination_ip),
    evidence: JSON.stringify(row.evidence),
  }));
}
