import type { ExporterReport, InterfaceInventory } from '../ledger/report.ts';
import { verdictsOf } from '../ledger/verdict.ts';
import type { Database } from './clickhouse/database.ts';
import { quoted } from './schema/ddl.ts';

const ROWS_A_STATEMENT = 500;

/** Writes what is known of exporters and interfaces into their tables: the latest state of each, for joins and dashboards. */
export class Inventory {
  private readonly database: Database;
  private readonly name: string;

  constructor(database: Database, name: string) {
    this.database = database;
    this.name = name;
  }

  async writeExporters(reports: readonly ExporterReport[], nowMs: number): Promise<void> {
    const rows = reports.map((report) => {
      const verdicts = verdictsOf(report, nowMs);
      return (
        `(toIPv6(${quoted(report.address)}), ${quoted(report.name)}, ${quoted(report.tenantId)}, ${seconds(report.lastSeenMs)}, ` +
        `${seconds(report.firstSeenMs)}, [${report.versions.join(', ')}], ${report.samplingRate}, ${report.clockOffsetMs ?? 0}, ` +
        `${quoted(verdicts.map((v) => v.text).join(' '))}, ${quoted(JSON.stringify(report))})`
      );
    });
    await this.insert(
      'exporters (collector_ip, exporter_name, tenant_id, seen, first_seen, versions, sampling_rate, clock_offset_ms, verdict, state)',
      rows,
    );
  }

  async writeInterfaces(inventory: readonly InterfaceInventory[], nowMs: number): Promise<void> {
    const rows = inventory.flatMap(({ address, exporterName, tenantId, interfaces }) =>
      interfaces.map(
        ([index, { name, description, speed }]) =>
          `(toIPv6(${quoted(address)}), ${index}, ${quoted(name)}, ${quoted(description)}, ${seconds(nowMs)}, ` +
          `${quoted(tenantId)}, ${speed}, ${quoted(exporterName)})`,
      ),
    );
    await this.insert(
      'interfaces (collector_ip, interface, name, description, seen, tenant_id, speed, exporter_name)',
      rows,
    );
  }

  private async insert(into: string, rows: readonly string[]): Promise<void> {
    for (let from = 0; from < rows.length; from += ROWS_A_STATEMENT)
      await this.database.command(
        `INSERT INTO ${this.name}.${into} VALUES ${rows.slice(from, from + ROWS_A_STATEMENT).join(', ')}`,
      );
  }
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
