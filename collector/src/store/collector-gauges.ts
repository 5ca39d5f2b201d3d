import { hostname } from 'node:os';
import type { CollectorMetric } from '@weir/core';
import { freeSpace } from '../api/disk.ts';
import type { ApiSources } from '../api/sources.ts';
import type { Database } from './clickhouse/database.ts';
import { quoted } from './schema/ddl.ts';

/** What the collector counts up since its start, at one instant. */
interface Totals {
  readonly ms: number;
  readonly flows: number;
  readonly datagrams: number;
  readonly kernelDrops: number;
  readonly rowsStored: number;
  readonly cpuMicroseconds: number;
  readonly insertSeconds: number;
  readonly inserts: number;
  readonly windowRows: number;
  readonly passedOver: number;
  /** null where it is not known. */
  readonly detectionCpuSeconds: number | null;
}

/** Writes the collector's own gauges into the table `collector_metrics`: rates are those since the last time. */
export class CollectorGauges {
  private readonly database: Database;
  private readonly name: string;
  private readonly sources: ApiSources;
  private insertSeconds = 0;
  private inserts = 0;
  private before: Totals | undefined;

  constructor(database: Database, name: string, sources: ApiSources) {
    this.database = database;
    this.name = name;
    this.sources = sources;
  }

  observeInsert(seconds: number): void {
    this.insertSeconds += seconds;
    this.inserts++;
  }

  async write(nowMs: number): Promise<void> {
    const gauges = await this.read(nowMs);
    const at = Math.floor(nowMs / 1000);
    const rows = Object.entries(gauges)
      .filter(([, value]) => value !== null && Number.isFinite(value))
      .map(([metric, value]) => `(${at}, ${quoted(hostname())}, ${quoted(metric)}, ${value})`);
    await this.database.command(
      `INSERT INTO ${this.name}.collector_metrics (timestamp, collector, metric, value) VALUES ${rows.join(', ')}`,
    );
  }

  private async read(nowMs: number): Promise<Record<CollectorMetric['name'], number | null>> {
    const { sources } = this;
    const now = this.totals(nowMs);
    const { before } = this;
    this.before = now;
    const seconds = before === undefined ? 0 : (now.ms - before.ms) / 1000;
    const rate = (of: (t: Totals) => number): number | null =>
      before === undefined || seconds <= 0 ? null : Math.max(0, of(now) - of(before)) / seconds;
    const store = sources.store();
    const receiver = sources.receiver();
    const exporters = sources.exporters();
    const detection = sources.detection()?.counts;
    const space = await freeSpace(sources.dataDir);
    const inserts = before === undefined ? 0 : now.inserts - before.inserts;
    return {
      flows_per_second: rate((t) => t.flows),
      datagrams_per_second: rate((t) => t.datagrams),
      kernel_drops_per_second: rate((t) => t.kernelDrops),
      lag_seconds: store.oldestBlockMs === null ? 0 : Math.max(0, nowMs - store.oldestBlockMs) / 1000,
      spool_bytes: store.spoolBytes,
      spool_used_percent: (100 * store.spoolBytes) / store.spoolMaxBytes,
      rows_stored_per_second: rate((t) => t.rowsStored),
      insert_seconds: inserts > 0 ? (now.insertSeconds - before!.insertSeconds) / inserts : null,
      receiver_utilization_percent: receiver.utilization === null ? null : receiver.utilization * 100,
      cpu_percent: before === undefined || seconds <= 0 ? null : rate((t) => t.cpuMicroseconds)! / 1e4,
      memory_bytes: process.memoryUsage.rss(),
      disk_free_percent: space === undefined ? null : (100 * space.freeBytes) / space.totalBytes,
      disk_free_bytes: space === undefined ? null : space.freeBytes,
      exporters: exporters.length,
      templates: exporters.reduce((sum, e) => sum + e.domains.reduce((n, d) => n + d.templates.length, 0), 0),
      anomalies_open: detection?.engine.open ?? null,
      detection_delay_seconds: detection?.delaySeconds ?? null,
      detection_cpu_percent:
        before === undefined || before.detectionCpuSeconds === null || now.detectionCpuSeconds === null
          ? null
          : 100 * rate((t) => t.detectionCpuSeconds ?? 0)!,
      detection_memory_bytes: detection === undefined ? null : detection.windowBytes + detection.heapBytes,
      detection_passed_over_per_second: detection === undefined ? null : rate((t) => t.passedOver),
      detection_learning_percent:
        detection === undefined || detection.engine.entities === 0
          ? null
          : (100 * detection.engine.learning) / detection.engine.entities,
      window_rows_per_second: detection === undefined ? null : rate((t) => t.windowRows),
      clickhouse_connected: store.connected ? 1 : 0,
    };
  }

  private totals(ms: number): Totals {
    const exporters = this.sources.exporters();
    const listeners = this.sources.listeners();
    const cpu = process.cpuUsage();
    return {
      ms,
      flows: exporters.reduce((sum, e) => sum + e.ledger.flows, 0),
      datagrams: listeners.reduce((sum, l) => sum + l.datagrams, 0),
      kernelDrops: listeners.reduce((sum, l) => sum + (l.kernelDrops ?? 0), 0),
      rowsStored: this.sources.store().rowsStored,
      windowRows: this.sources.store().windowRowsStored,
      passedOver: this.sources.detection()?.flowsPassedOver ?? 0,
      detectionCpuSeconds: this.sources.detection()?.counts?.cpuSeconds ?? null,
      cpuMicroseconds: cpu.user + cpu.system,
      insertSeconds: this.insertSeconds,
      inserts: this.inserts,
    };
  }
}
