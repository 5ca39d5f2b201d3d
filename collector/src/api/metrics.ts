import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { ExporterReport } from '../ledger/report.ts';
import { verdictsOf, worstSeverity } from '../ledger/verdict.ts';
import { freeSpace } from './disk.ts';
import { ExporterLabels, OTHER } from './exporter-labels.ts';
import { receiverAlive } from './health.ts';
import { Monotone } from './monotone.ts';
import type { DetectionCounts } from '../detect/live/index.ts';
import type { ApiSources, DetectionReport, LiveReport } from './sources.ts';

export interface MetricsOptions {
  /** Exporters with series of their own. */
  readonly exporters?: number;
  /** Elements without a column that have a series of their own. */
  readonly elements?: number;
  readonly now?: () => number;
}

/** A template that has carried data within this time is in use. */
const IN_USE_MS = 10 * 60_000;

type Labels<L extends string> = Partial<Record<L, string>>;
type Emit<L extends string> = (value: number, labels?: Labels<L>) => void;

/** Everything that the reports say, as Prometheus has it. Counts are read at each scrape; nothing is kept up to date in between. */
export class Metrics {
  private readonly registry = new Registry();
  private readonly sources: ApiSources;
  private readonly now: () => number;
  private readonly elements: number;
  private readonly labels: ExporterLabels;
  private readonly monotone = new Monotone();
  private readonly insertSeconds: Histogram;
  /** The exporters of the scrape under way, by label. */
  private groups = new Map<string, ExporterReport[]>();

  constructor(sources: ApiSources, options: MetricsOptions = {}) {
    this.sources = sources;
    this.now = options.now ?? Date.now;
    this.elements = options.elements ?? 100;
    this.labels = new ExporterLabels(options.exporters ?? 1000);
    collectDefaultMetrics({ register: this.registry });
    this.insertSeconds = new Histogram({
      name: 'weir_store_insert_duration_seconds',
      help: 'Time from sending a block to ClickHouse to its acknowledgement.',
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers: [this.registry],
    });
    this.addProcess();
    this.addListeners();
    this.addReceiver();
    this.addStore();
    this.addExporters();
    this.addLive();
    this.addDetection();
  }

  /** To be told of each block that ClickHouse has acknowledged. */
  observeInsert(seconds: number): void {
    this.insertSeconds.observe(seconds);
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** The text that a scrape gets. */
  text(): Promise<string> {
    this.groups = this.labels.group(this.sources.exporters());
    return this.registry.metrics();
  }

  private addProcess(): void {
    this.gauge('weir_build_info', 'Version of Weir; always 1.', ['version'], (emit) =>
      emit(1, { version: this.sources.version }),
    );
    this.gauge('weir_start_time_seconds', 'When the collector started.', [], (emit) =>
      emit(this.sources.startedMs / 1000),
    );
    this.gauge(
      'weir_data_dir_free_bytes',
      'Room left on the file system of the data folder.',
      [],
      async (emit) => {
        const space = await freeSpace(this.sources.dataDir);
        if (space !== undefined) emit(space.freeBytes);
      },
    );
    this.gauge(
      'weir_data_dir_size_bytes',
      'Size of the file system of the data folder.',
      [],
      async (emit) => {
        const space = await freeSpace(this.sources.dataDir);
        if (space !== undefined) emit(space.totalBytes);
      },
    );
  }

  private addListeners(): void {
    const labels = ['listener'] as const;
    this.counter('weir_listener_datagrams_total', 'Datagrams read from the socket.', labels, (emit) => {
      for (const l of this.sources.listeners()) emit(l.datagrams, { listener: l.address });
    });
    this.counter('weir_listener_bytes_total', 'UDP payload read from the socket.', labels, (emit) => {
      for (const l of this.sources.listeners()) emit(l.bytes, { listener: l.address });
    });
    this.counter(
      'weir_listener_kernel_drops_total',
      'Datagrams that the kernel dropped because the socket’s buffer was full.',
      labels,
      (emit) => {
        for (const l of this.sources.listeners())
          if (l.kernelDrops !== null)
            emit(this.monotone.of(`drops ${l.address}`, l.kernelDrops), { listener: l.address });
      },
    );
    this.gauge(
      'weir_listener_receive_buffer_asked_bytes',
      'Receive buffer asked of the kernel.',
      labels,
      (emit) => {
        for (const l of this.sources.listeners()) emit(l.receiveBufferAsked, { listener: l.address });
      },
    );
    this.gauge(
      'weir_listener_receive_buffer_got_bytes',
      'Receive buffer that the kernel gave; less than asked: raise net.core.rmem_max.',
      labels,
      (emit) => {
        for (const l of this.sources.listeners()) emit(l.receiveBufferGot, { listener: l.address });
      },
    );
  }

  private addReceiver(): void {
    const receiver = () => this.sources.receiver();
    this.gauge('weir_receiver_up', 'Whether the receiving thread gives signs of life.', [], (emit) =>
      emit(receiverAlive(receiver(), this.sources.startedMs, this.now()) ? 1 : 0),
    );
    this.gauge(
      'weir_receiver_utilization_ratio',
      'Share of one core that the receiving thread uses.',
      [],
      (emit) => {
        const { utilization } = receiver();
        if (utilization !== null) emit(utilization);
      },
    );
    this.gauge('weir_receiver_queue_bytes', 'Sealed batches on their way to the spool.', [], (emit) =>
      emit(receiver().queuedBytes),
    );
    this.gauge(
      'weir_receiver_queue_limit_bytes',
      'Beyond this, flows are lost for the reason "queue".',
      [],
      (emit) => emit(receiver().queueLimitBytes),
    );
    this.counter(
      'weir_receiver_refused_datagrams_total',
      'Datagrams of exporters for which limits.exporters left no room.',
      [],
      (emit) => emit(receiver().refusedUnnamed),
    );
  }

  private addLive(): void {
    const live = () => this.sources.live();
    this.gauge('weir_live_subscriptions', 'Live readers connected.', ['kind'], (emit) => {
      for (const [kind, count] of Object.entries(live().subscriptions)) emit(count, { kind });
    });
    const counters: readonly [name: string, help: string, of: (report: LiveReport) => number][] = [
      ['rows_sent', 'Rows sent to live readers.', (r) => r.rowsSent],
      ['messages_sent', 'Messages sent to live readers.', (r) => r.messagesSent],
      ['messages_dropped', 'Messages that slow live readers have lost.', (r) => r.messagesDropped],
      ['rows_skipped', 'Flows that matched and were not shown to a live reader.', (r) => r.rowsSkipped],
      ['refused', 'Live subscriptions refused.', (r) => r.refused],
      ['rows_tested', 'Flows tested for live readers.', (r) => r.rowsTested],
      [
        'rows_passed_over',
        'Flows that there was no time to test for a live reader.',
        (r) => r.rowsPassedOver,
      ],
    ];
    for (const [name, help, of] of counters)
      this.counter(`weir_live_${name}_total`, help, [], (emit) => emit(of(live())));
  }

  private addDetection(): void {
    const report = (read: (report: DetectionReport) => void): void => {
      const detection = this.sources.detection();
      if (detection !== null) read(detection);
    };
    const counts = (read: (counts: DetectionCounts) => void): void =>
      report((r) => {
        if (r.counts !== undefined) read(r.counts);
      });
    this.gauge('weir_detection_up', 'Whether the detection thread lives.', [], (emit) =>
      report((r) => emit(r.alive ? 1 : 0)),
    );
    this.counter('weir_detection_deaths_total', 'Times that the detection thread has died.', [], (emit) =>
      report((r) => emit(r.deaths)),
    );
    this.gauge('weir_detection_queue_bytes', 'Copies of blocks on their way to detection.', [], (emit) =>
      report((r) => emit(r.queuedBytes)),
    );
    this.gauge('weir_detection_queue_limit_bytes', 'Beyond this, blocks are passed over.', [], (emit) =>
      report((r) => emit(r.queueLimitBytes)),
    );
    this.counter(
      'weir_detection_passed_over_flows_total',
      'Flows that detection has not seen, for it was too far behind; they are stored.',
      [],
      (emit) => report((r) => emit(r.flowsPassedOver)),
    );
    this.gauge('weir_detection_waiting_anomalies', 'Anomalies to be written yet.', [], (emit) =>
      report((r) => emit(r.writer.waiting)),
    );
    this.counter(
      'weir_detection_dropped_anomalies_total',
      'Rows of anomalies that ClickHouse refused, or that there was no room for while it was away.',
      [],
      (emit) => report((r) => emit(r.writer.dropped)),
    );
    this.counter(
      'weir_detection_evidence_total',
      'Anomalies whose largest flows were asked for, by what came of it.',
      ['result'],
      (emit) =>
        report(({ evidence: { found, without, failed, passedOver } }) => {
          for (const [result, count] of Object.entries({ found, without, failed, passed_over: passedOver }))
            emit(count, { result });
        }),
    );
    const counters: readonly [name: string, help: string, of: (counts: DetectionCounts) => number][] = [
      ['closed_windows', 'Windows closed.', (c) => c.windowsClosed],
      ['taken_windows', 'Windows that detectors have looked at, empty ones too.', (c) => c.windowsTaken],
      [
        'passed_over_windows',
        'Windows that waited too long for the learning at the start to end: detectors have not seen them.',
        (c) => c.windowsPassedOver,
      ],
      ['learnt_windows', 'Stored windows learnt from at the start.', (c) => c.windowsLearnt],
      ['records', 'Flow records counted in windows.', (c) => c.records],
      ['late_records', 'Records that came when their window was closed.', (c) => c.lateRecords],
      ['early_records', 'Records of a time for which no window was open yet.', (c) => c.earlyRecords],
      [
        'refused_names',
        'Names of tenants and applications for which windows had no room.',
        (c) => c.namesRefused,
      ],
      ['faulty_blocks', 'Blocks that could not be read: a fault of Weir’s.', (c) => c.faultyBlocks],
      [
        'close_seconds',
        'Time spent on closed windows: encoding, detecting, learning.',
        (c) => c.closeSeconds,
      ],
      ['early_seconds', 'Time spent on looks at windows that still took flows.', (c) => c.earlySeconds],
      ['early_looks', 'Looks at windows that still took flows.', (c) => c.earlyLooks],
      ['cpu_seconds', 'CPU time of the detection thread.', (c) => c.cpuSeconds],
      [
        'out_of_scope_findings',
        'Findings outside of their detector’s scope.',
        (c) => c.engine.anomalies.outOfScope,
      ],
      [
        'summed_up_findings',
        'Findings without an anomaly of their own, for too many of their type were open.',
        (c) => c.engine.anomalies.summedUp,
      ],
      ['anomaly_rows', 'Rows of anomalies written, updates too.', (c) => c.anomalyRows],
    ];
    for (const [name, help, of] of counters)
      this.counter(`weir_detection_${name}_total`, help, [], (emit) => counts((c) => emit(of(c))));
    this.counter(
      'weir_detection_folded_records_total',
      'Records for whose entity a window had no room: counted in the row of the rest.',
      ['kind'],
      (emit) =>
        counts((c) => {
          for (const [kind, records] of Object.entries(c.foldedRecords)) emit(records, { kind });
        }),
    );
    this.counter(
      'weir_detection_findings_total',
      'What detectors found in closed windows, before exclusions.',
      ['type'],
      (emit) =>
        counts((c) => {
          for (const [type, found] of Object.entries(c.engine.findings)) emit(found, { type });
        }),
    );
    this.counter(
      'weir_detection_excluded_findings_total',
      'Findings that an exclusion of the configuration left out, by its filter.',
      ['filter'],
      (emit) =>
        counts((c) => {
          for (const [filter, found] of Object.entries(c.engine.anomalies.excluded)) emit(found, { filter });
        }),
    );
    this.counter(
      'weir_detection_faults_total',
      'Times that a detector failed, which is a fault of Weir’s.',
      ['detector'],
      (emit) =>
        counts((c) => {
          for (const [detector, faults] of Object.entries(c.engine.faults)) emit(faults, { detector });
        }),
    );
    const gauges: readonly [name: string, help: string, of: (counts: DetectionCounts) => number | null][] = [
      [
        'catching_up',
        'Whether detection still learns from stored windows; live ones wait.',
        (c) => (c.catchingUp ? 1 : 0),
      ],
      ['waiting_windows', 'Live windows that wait for that to end.', (c) => c.waitingWindows],
      ['window_bytes', 'Memory of the windows.', (c) => c.windowBytes],
      ['window_limit_bytes', 'Memory that the windows take at most.', (c) => c.windowMostBytes],
      ['heap_bytes', 'Memory of the detection thread beside its windows.', (c) => c.heapBytes],
      [
        'delay_seconds',
        'From the end of the latest window to when detectors had looked at it.',
        (c) => c.delaySeconds,
      ],
      ['open_anomalies', 'Anomalies that last.', (c) => c.engine.open],
      ['silenced_anomalies', 'Those of them that are silenced.', (c) => c.engine.anomalies.silenced],
      ['entities', 'Entities with a baseline.', (c) => c.engine.entities],
      ['learning_entities', 'Those of which the usual is still being learnt.', (c) => c.engine.learning],
      [
        'saved_timestamp_seconds',
        'When what was learnt was saved.',
        (c) => (c.savedMs === null ? null : c.savedMs / 1000),
      ],
      ['saved_bytes', 'Size of what was saved.', (c) => (c.savedMs === null ? null : c.savedBytes)],
    ];
    for (const [name, help, of] of gauges)
      this.gauge(`weir_detection_${name}`, help, [], (emit) =>
        counts((c) => {
          const value = of(c);
          if (value !== null) emit(value);
        }),
      );
  }

  private addStore(): void {
    const store = () => this.sources.store();
    this.gauge(
      'weir_store_connected',
      'Whether the latest attempt to reach ClickHouse succeeded.',
      [],
      (emit) => emit(store().connected ? 1 : 0),
    );
    this.gauge('weir_store_queue_batches', 'Batches received and not yet in the spool.', [], (emit) =>
      emit(store().queueDepth),
    );
    this.gauge(
      'weir_store_spool_blocks',
      'Blocks on disk that ClickHouse has not acknowledged.',
      [],
      (emit) => emit(store().spoolBlocks),
    );
    this.gauge('weir_store_spool_bytes', 'Size of the blocks in the spool.', [], (emit) =>
      emit(store().spoolBytes),
    );
    this.gauge(
      'weir_store_spool_limit_bytes',
      'Size at which the spool is full and flows are lost.',
      [],
      (emit) => emit(store().spoolMaxBytes),
    );
    this.gauge(
      'weir_store_lag_seconds',
      'Age of the oldest block in the spool: how far queries are behind. 0 when it is empty.',
      [],
      (emit) => {
        const { oldestBlockMs } = store();
        emit(oldestBlockMs === null ? 0 : Math.max(0, this.now() - oldestBlockMs) / 1000);
      },
    );
    this.counter('weir_store_inserted_rows_total', 'Flows that ClickHouse has acknowledged.', [], (emit) =>
      emit(store().rowsStored),
    );
    this.counter(
      'weir_store_inserted_window_rows_total',
      'Rows of windows that ClickHouse has acknowledged.',
      [],
      (emit) => emit(store().windowRowsStored),
    );
    this.counter(
      'weir_store_rejected_window_rows_total',
      'Rows of windows that ClickHouse refuses for good, kept aside on disk.',
      [],
      (emit) => emit(store().windowRowsRejected),
    );
    this.counter(
      'weir_store_refused_window_rows_total',
      'Rows of windows lost because the spool was full or could not be written.',
      [],
      (emit) => emit(store().windowRowsLost),
    );
    this.counter('weir_store_inserted_blocks_total', 'Blocks that ClickHouse has acknowledged.', [], (emit) =>
      emit(store().blocksStored),
    );
    this.counter(
      'weir_store_rejected_rows_total',
      'Flows in blocks that ClickHouse refuses for good, kept aside on disk.',
      [],
      (emit) => emit(store().rowsRejected),
    );
    this.counter(
      'weir_store_refused_rows_total',
      'Flows lost because the spool was full or could not be written.',
      [],
      (emit) => emit(store().rowsRefused),
    );
  }

  private addExporters(): void {
    this.gauge('weir_exporters', 'Exporters known, by the worst verdict on them.', ['severity'], (emit) => {
      const counts = { ok: 0, warning: 0, problem: 0 };
      const now = this.now();
      for (const report of this.reports()) counts[worstSeverity(verdictsOf(report, now))]++;
      for (const [severity, count] of Object.entries(counts)) emit(count, { severity });
    });
    this.gauge(
      'weir_exporter_info',
      'Name, tenant and protocol versions of an exporter; always 1.',
      ['exporter', 'name', 'tenant', 'versions'],
      (emit) => {
        for (const [exporter, reports] of this.groups) {
          if (exporter === OTHER) continue;
          const { name, tenantId, versions } = reports[0]!;
          emit(1, {
            exporter,
            name,
            tenant: tenantId,
            versions: [...versions].sort((a, b) => a - b).join(','),
          });
        }
      },
    );

    this.exporterCounter('received_datagrams', 'Datagrams received.', (r) => r.ledger.datagramsReceived);
    this.exporterCounter('received_bytes', 'UDP payload received.', (r) => r.ledger.bytesReceived);
    this.exporterCounter('decoded_datagrams', 'Datagrams decoded.', (r) => r.ledger.datagramsDecoded);
    this.exporterCounter(
      'missing_datagrams',
      'Datagrams that NetFlow v9’s sequence shows as missing.',
      (r) => r.ledger.datagramsMissing,
    );
    this.exporterCounter(
      'announced_records',
      'Records that the exporter says it sent: flows, options, waiting and lost ones.',
      (r) => r.ledger.recordsAnnounced,
    );
    this.exporterCounter('flows', 'Flows decoded and handed to the store.', (r) => r.ledger.flows);
    this.exporterCounter('options_records', 'Options records decoded.', (r) => r.ledger.optionsRecords);
    this.exporterCounter(
      'received_templates',
      'Templates received, repetitions too.',
      (r) => r.ledger.templatesReceived,
    );
    this.exporterCounter('sequence_gaps', 'Gaps in sequence numbers.', (r) => r.ledger.sequenceGaps);
    this.exporterCounter('sequence_resets', 'Sequences that began anew.', (r) => r.ledger.sequenceResets);
    this.exporterCounter('reordered_datagrams', 'Datagrams that came late.', (r) => r.ledger.reordered);
    this.exporterReasons(
      'refused_datagrams',
      'Datagrams refused whole, by reason.',
      (r) => r.ledger.datagramsRefused,
    );
    this.exporterReasons('malformed_sets', 'Sets not understood, by reason.', (r) => r.ledger.setsMalformed);
    this.exporterReasons(
      'lost_records',
      'Announced records that are not in the table, by reason.',
      (r) => r.ledger.recordsLost,
      true,
    );

    this.exporterGauge(
      'waiting_records',
      'Records that wait for their template.',
      sum((r) => r.ledger.recordsWaiting),
    );
    this.exporterGauge(
      'pending_bytes',
      'Data that waits for its template.',
      sum((r) => r.pendingBytes),
    );
    this.exporterGauge(
      'ledger_imbalance_records',
      'Announced records of which nobody knows what became of them: 0, or a fault of Weir’s.',
      sum((r) => r.ledger.imbalance),
    );
    this.exporterGauge(
      'templates',
      'Templates known.',
      sum((r) => r.domains.reduce((n, d) => n + d.templates.length, 0)),
    );
    this.exporterGauge(
      'domains',
      'Observation domains known.',
      sum((r) => r.domains.length),
    );
    this.exporterGauge(
      'interfaces',
      'Interface names learnt.',
      sum((r) => r.interfaces),
    );
    this.exporterGauge(
      'applications',
      'Application names learnt.',
      sum((r) => r.applications),
    );
    this.exporterGauge(
      'last_seen_timestamp_seconds',
      'When its latest datagram came.',
      latest((r) => r.lastSeenMs / 1000),
    );
    this.exporterGauge(
      'template_age_seconds',
      'Since a template that is in use was last announced, the longest.',
      latest((r) => this.templateAge(r)),
    );
    const single = 'Not for the sum of others.';
    this.exporterGauge(
      'clock_offset_seconds',
      `The exporter’s clock minus ours. ${single}`,
      (reports, label) =>
        label === OTHER || reports[0]!.clockOffsetMs === null ? undefined : reports[0]!.clockOffsetMs / 1000,
    );
    this.exporterGauge(
      'sampling_rate',
      `Rate stored with its latest flow, 0 for not known. ${single}`,
      (reports, label) => (label === OTHER ? undefined : reports[0]!.samplingRate),
    );

    this.counter(
      'weir_unused_element_records_total',
      'Records that carried an element which no column takes, over all exporters.',
      ['element', 'pen', 'id'],
      (emit) => this.emitElements(emit),
    );
  }

  private templateAge(report: ExporterReport): number | undefined {
    const now = this.now();
    let age: number | undefined;
    for (const { templates } of report.domains)
      for (const { usedMs, seenMs } of templates)
        if (now - usedMs < IN_USE_MS) age = Math.max(age ?? 0, (now - seenMs) / 1000);
    return age;
  }

  private emitElements(emit: Emit<'element' | 'pen' | 'id'>): void {
    const sums = new Map<string, { name: string; pen: number; id: number; records: number }>();
    for (const report of this.reports())
      for (const { pen, id, name, records } of report.unused) {
        const key = `${pen}:${id}`;
        const known = sums.get(key);
        if (known === undefined) sums.set(key, { name, pen, id, records });
        else known.records += records;
      }
    const ordered = [...sums.values()].sort((a, b) => b.records - a.records);
    for (const { name, pen, id, records } of ordered.slice(0, this.elements))
      emit(this.monotone.of(`element ${pen}:${id}`, records), {
        element: name,
        pen: String(pen),
        id: String(id),
      });
    const rest = ordered.slice(this.elements).reduce((n, { records }) => n + records, 0);
    if (rest > 0) emit(this.monotone.of('element other', rest), { element: OTHER, pen: '', id: '' });
  }

  private *reports(): Generator<ExporterReport> {
    for (const reports of this.groups.values()) yield* reports;
  }

  private exporterCounter(name: string, help: string, value: (report: ExporterReport) => number): void {
    this.counter(`weir_exporter_${name}_total`, help, ['exporter'], (emit) => {
      for (const [exporter, reports] of this.groups)
        emit(this.monotone.of(`${name} ${exporter}`, total(reports, value)), { exporter });
    });
  }

  /** Of reasons that have not occurred, only those of `always` have a series. */
  private exporterReasons(
    name: string,
    help: string,
    counts: (report: ExporterReport) => Readonly<Record<string, number>>,
    always = false,
  ): void {
    this.counter(`weir_exporter_${name}_total`, help, ['exporter', 'reason'], (emit) => {
      for (const [exporter, reports] of this.groups)
        for (const reason of Object.keys(counts(reports[0]!))) {
          const value = this.monotone.of(
            `${name} ${reason} ${exporter}`,
            total(reports, (r) => counts(r)[reason] ?? 0),
          );
          if (value > 0 || always) emit(value, { exporter, reason });
        }
    });
  }

  private exporterGauge(
    name: string,
    help: string,
    value: (reports: readonly ExporterReport[], label: string) => number | undefined,
  ): void {
    this.gauge(`weir_exporter_${name}`, help, ['exporter'], (emit) => {
      for (const [exporter, reports] of this.groups) {
        const now = value(reports, exporter);
        if (now !== undefined) emit(now, { exporter });
      }
    });
  }

  private counter<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    read: (emit: Emit<L>) => void,
  ): void {
    new Counter<L>({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
      collect() {
        this.reset();
        read((value, labels) => this.inc((labels ?? {}) as Labels<L>, Math.max(0, value)));
      },
    });
  }

  private gauge<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    read: (emit: Emit<L>) => void | Promise<void>,
  ): void {
    new Gauge<L>({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
      async collect() {
        this.reset();
        if (labelNames.length === 0) this.remove(); // else "not known" would be told as 0
        await read((value, labels) => this.set((labels ?? {}) as Labels<L>, value));
      },
    });
  }
}

function total(reports: readonly ExporterReport[], value: (report: ExporterReport) => number): number {
  let all = 0;
  for (const report of reports) all += value(report);
  return all;
}

function sum(value: (report: ExporterReport) => number): (reports: readonly ExporterReport[]) => number {
  return (reports) => total(reports, value);
}

function latest(
  value: (report: ExporterReport) => number | undefined,
): (reports: readonly ExporterReport[]) => number | undefined {
  return (reports) => {
    let most: number | undefined;
    for (const report of reports) {
      const of = value(report);
      if (of !== undefined && (most === undefined || of > most)) most = of;
    }
    return most;
  };
}
