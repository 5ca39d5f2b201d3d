import type { ExporterReport } from '../../ledger/report.ts';
import { NOW_MS } from '../../ledger/testing/reports.ts';
import { windowKinds } from '@weir/core/windows';
import type { DetectionCounts } from '../../detect/live/index.ts';
import type { ApiSources, DetectionReport, ListenerReport, ReceiverReport, StoreReport } from '../sources.ts';

/** A collector that is well; each part can be changed. */
export function healthySources(
  change: {
    exporters?: readonly ExporterReport[];
    listener?: Partial<ListenerReport>;
    receiver?: Partial<ReceiverReport>;
    store?: Partial<StoreReport>;
    detection?: Partial<DetectionReport> | null;
  } = {},
): ApiSources {
  return {
    exporters: () => change.exporters ?? [],
    listeners: () => [
      {
        address: '0.0.0.0:2055',
        receiveBufferAsked: 33_554_432,
        receiveBufferGot: 4_194_304,
        kernelDrops: 7,
        datagrams: 1000,
        bytes: 1_400_000,
        ...change.listener,
      },
    ],
    receiver: () => ({
      reportedMs: NOW_MS - 500,
      refusedUnnamed: 0,
      queuedBytes: 0,
      queueLimitBytes: 1 << 28,
      utilization: 0.25,
      lastFault: null,
      ...change.receiver,
    }),
    store: () => ({
      connected: true,
      lastError: null,
      spoolBlocks: 1,
      spoolBytes: 4096,
      spoolMaxBytes: 1 << 30,
      oldestBlockMs: NOW_MS - 3_000,
      queueDepth: 0,
      rowsStored: 20_000,
      blocksStored: 4,
      rowsRejected: 0,
      rowsRefused: 0,
      windowRowsStored: 9_000,
      windowRowsRejected: 0,
      windowRowsLost: 12,
      ...change.store,
    }),
    live: () => ({
      subscriptions: { flows: 2, rates: 1 },
      rowsSent: 500,
      messagesSent: 40,
      messagesDropped: 3,
      rowsSkipped: 70,
      refused: 1,
      rowsTested: 9_000,
      rowsPassedOver: 11,
    }),
    detection: () => (change.detection === null ? null : { ...healthyDetection(), ...change.detection }),
    startedMs: NOW_MS - 3_600_000,
    version: '1.2.3',
    dataDir: '/',
  };
}

function healthyDetection(): DetectionReport {
  return {
    alive: true,
    deaths: 0,
    lastDeath: null,
    queuedBytes: 0,
    queueLimitBytes: 1 << 26,
    flowsPassedOver: 0,
    counts: healthyCounts(),
    writer: { waiting: 0, written: 7, dropped: 0, lastError: null },
    evidence: { waiting: 1, found: 5, without: 1, failed: 0, passedOver: 0 },
  };
}

export function healthyCounts(): DetectionCounts {
  const folded = Object.fromEntries(windowKinds.map(({ name }) => [name, 0]));
  return {
    catchingUp: false,
    windowsClosed: 40,
    windowsTaken: 41,
    windowsPassedOver: 0,
    waitingWindows: 0,
    windowsLearnt: 8640,
    records: 20_000,
    lateRecords: 30,
    earlyRecords: 0,
    foldedRecords: { ...(folded as DetectionCounts['foldedRecords']), source: 5 },
    namesRefused: 0,
    windowBytes: 50_000_000,
    windowMostBytes: 200_000_000,
    faultyBlocks: 0,
    closeSeconds: 2.5,
    earlySeconds: 1.5,
    earlyLooks: 80,
    delaySeconds: 0.4,
    anomalyRows: 7,
    cpuSeconds: 12,
    heapBytes: 30_000_000,
    savedMs: NOW_MS - 60_000,
    savedBytes: 100_000,
    engine: {
      windows: 41,
      findings: { port_scan_vertical: 3 },
      open: 2,
      anomalies: {
        open: 2,
        silenced: 1,
        remembered: 3,
        summedUp: 0,
        outOfScope: 4,
        excluded: { 'source_ip = 10.0.0.9': 6, 'port = 22': 1 },
      },
      faults: {},
      entities: 500,
      learning: 40,
    },
  };
}
