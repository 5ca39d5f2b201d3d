import { bytesText, countOf, percentText, spanText } from '../ledger/words.ts';
import type { Space } from './disk.ts';
import type { ApiSources, DetectionReport, ReceiverReport } from './sources.ts';

/** `degraded`: somebody should look, and nothing is lost yet or only what could not be helped. `failing`: flows are being lost. */
export type HealthStatus = 'ok' | 'degraded' | 'failing';

export interface HealthReason {
  readonly status: Exclude<HealthStatus, 'ok'>;
  readonly code: string;
  readonly text: string;
}

export interface Health {
  readonly status: HealthStatus;
  readonly reasons: readonly HealthReason[];
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly receiver: { readonly alive: boolean; readonly listeners: number; readonly queuedBytes: number };
  readonly store: {
    readonly connected: boolean;
    readonly lastError: string | null;
    readonly spoolBlocks: number;
    readonly spoolBytes: number;
    readonly spoolMaxBytes: number;
    /** null where nothing waits. */
    readonly oldestBlockAgeSeconds: number | null;
  };
  readonly disk: { readonly freeBytes: number; readonly totalBytes: number } | null;
  /** null where detection is off. */
  readonly detection: {
    readonly alive: boolean;
    readonly catchingUp: boolean;
    readonly openAnomalies: number;
  } | null;
  readonly exporters: number;
  /** Since the latest datagram of an exporter that has sent flows; null before the first. */
  readonly lastFlowAgeSeconds: number | null;
}

const RECEIVER_SILENT_MS = 15_000;
const SPOOL_NEARLY_FULL = 0.8;
const STORE_LATE_MS = 5 * 60_000;
const NO_FLOWS_MS = 10 * 60_000;
const DISK_LOW = { bytes: 1024 ** 3, share: 0.05 };
const DISK_OUT_BYTES = 128 * 1024 ** 2;
const QUEUE_NEARLY_FULL = 0.8;

/** Whether the receiving thread gives signs of life; it has a while for its first. */
export function receiverAlive({ reportedMs }: ReceiverReport, startedMs: number, nowMs: number): boolean {
  return nowMs - (reportedMs ?? startedMs) < RECEIVER_SILENT_MS;
}

type Add = (status: HealthReason['status'], code: string, text: string) => void;

function addDetection(report: DetectionReport, add: Add): void {
  if (!report.alive)
    add(
      'degraded',
      'detection_down',
      `Detection has ended, for the ${ordinal(report.deaths)} time, and is started again; flows are stored meanwhile. Please report it with the collector’s log.`,
    );
  if (report.queuedBytes >= report.queueLimitBytes * QUEUE_NEARLY_FULL)
    add(
      'degraded',
      'detection_behind',
      `Detection is behind: ${bytesText(report.queuedBytes)} wait for it, of ${bytesText(report.queueLimitBytes)} possible; beyond, it does not see all flows (${countOf(report.flowsPassedOver, 'flow')} so far). They are stored.`,
    );
  const faults = Object.entries(report.counts?.engine.faults ?? {});
  if (faults.length > 0)
    add(
      'degraded',
      'detector_fails',
      `${faults.map(([name, times]) => `${name} has failed ${countOf(times, 'time')}`).join(', ')}: the other detectors go on. This is a fault of Weir’s: please report it with the collector’s log.`,
    );
}

function ordinal(n: number): string {
  return n === 1 ? 'first' : n === 2 ? 'second' : n === 3 ? 'third' : `${n}th`;
}

/** What the collector's state means for who operates it. */
export function healthOf(sources: ApiSources, disk: Space | undefined, nowMs: number): Health {
  const store = sources.store();
  const receiver = sources.receiver();
  const exporters = sources.exporters();
  const alive = receiverAlive(receiver, sources.startedMs, nowMs);
  const withFlows = exporters.filter(({ ledger }) => ledger.flows > 0);
  const lastFlowMs = withFlows.reduce<number | null>(
    (last, { lastSeenMs }) => Math.max(last ?? 0, lastSeenMs),
    null,
  );
  const unbalanced = exporters.filter(({ ledger }) => ledger.imbalance !== 0).length;
  const waitedMs = store.oldestBlockMs === null ? null : Math.max(0, nowMs - store.oldestBlockMs);

  const reasons: HealthReason[] = [];
  const add = (status: HealthReason['status'], code: string, text: string): void =>
    void reasons.push({ status, code, text });

  if (!alive)
    add(
      'failing',
      'receiver_silent',
      `The receiving thread has given no sign of life for ${spanText(nowMs - (receiver.reportedMs ?? sources.startedMs))}. Restart the collector, and please report it with its log.`,
    );
  if (receiver.queueLimitBytes > 0 && receiver.queuedBytes >= receiver.queueLimitBytes * QUEUE_NEARLY_FULL)
    add(
      'degraded',
      'queue_filling',
      `${bytesText(receiver.queuedBytes)} wait for the spool, of ${bytesText(receiver.queueLimitBytes)} possible: is the disk too slow?`,
    );

  if (!store.connected)
    add(
      'degraded',
      'store_unreachable',
      `ClickHouse takes no data${store.lastError === null ? '' : ` (${store.lastError})`}. Flows wait in the spool, which is ${percentText(store.spoolBytes / store.spoolMaxBytes)} full.`,
    );
  if (store.spoolBytes >= store.spoolMaxBytes)
    add(
      'failing',
      'spool_full',
      `The spool is full (${bytesText(store.spoolBytes)}): new flows are lost. Let ClickHouse take data again, or raise spool.max_size.`,
    );
  else if (store.spoolBytes >= store.spoolMaxBytes * SPOOL_NEARLY_FULL)
    add(
      'degraded',
      'spool_filling',
      `The spool is ${percentText(store.spoolBytes / store.spoolMaxBytes)} full: when it is full, new flows are lost.`,
    );
  if (store.connected && waitedMs !== null && waitedMs > STORE_LATE_MS)
    add(
      'degraded',
      'store_late',
      `Queries are ${spanText(waitedMs)} behind: ClickHouse takes data more slowly than it comes, or works off what has waited.`,
    );
  if (store.rowsRejected > 0)
    add(
      'degraded',
      'rows_rejected',
      `${countOf(store.rowsRejected, 'flow')} in blocks that ClickHouse refuses for good are kept aside in the spool’s folder rejected.`,
    );

  const detection = sources.detection();
  if (detection !== null) addDetection(detection, add);

  if (disk !== undefined) {
    if (disk.freeBytes < DISK_OUT_BYTES)
      add(
        'failing',
        'disk_full',
        `The disk of ${sources.dataDir} is full (${bytesText(disk.freeBytes)} left). Make room, or shorten retention.`,
      );
    else if (disk.freeBytes < DISK_LOW.bytes || disk.freeBytes < disk.totalBytes * DISK_LOW.share)
      add(
        'degraded',
        'disk_low',
        `The disk of ${sources.dataDir} has ${bytesText(disk.freeBytes)} left (${percentText(disk.freeBytes / disk.totalBytes)}). Make room, or shorten retention.`,
      );
  }
  if (unbalanced > 0)
    add(
      'degraded',
      'ledger_imbalance',
      `The ledgers of ${countOf(unbalanced, 'exporter')} do not balance. This is a fault of Weir’s: please report it with what /exporters says.`,
    );
  if (lastFlowMs !== null && nowMs - lastFlowMs > NO_FLOWS_MS)
    add('degraded', 'no_flows', `No exporter has sent anything for ${spanText(nowMs - lastFlowMs)}.`);

  return {
    status: reasons.some(({ status }) => status === 'failing')
      ? 'failing'
      : reasons.length > 0
        ? 'degraded'
        : 'ok',
    reasons,
    version: sources.version,
    uptimeSeconds: Math.round((nowMs - sources.startedMs) / 1000),
    receiver: { alive, listeners: sources.listeners().length, queuedBytes: receiver.queuedBytes },
    store: {
      connected: store.connected,
      lastError: store.lastError,
      spoolBlocks: store.spoolBlocks,
      spoolBytes: store.spoolBytes,
      spoolMaxBytes: store.spoolMaxBytes,
      oldestBlockAgeSeconds: waitedMs === null ? null : Math.round(waitedMs / 1000),
    },
    disk: disk ?? null,
    detection:
      detection === null
        ? null
        : {
            alive: detection.alive,
            catchingUp: detection.counts?.catchingUp ?? true,
            openAnomalies: detection.counts?.engine.open ?? 0,
          },
    exporters: exporters.length,
    lastFlowAgeSeconds: lastFlowMs === null ? null : Math.round((nowMs - lastFlowMs) / 1000),
  };
}
