import type { ExporterReport } from '../../ledger/report.ts';
import { NOW_MS } from '../../ledger/testing/reports.ts';
import type { ApiSources, ListenerReport, ReceiverReport, StoreReport } from '../sources.ts';

/** A collector that is well; each part can be changed. */
export function healthySources(
  change: {
    exporters?: readonly ExporterReport[];
    listener?: Partial<ListenerReport>;
    receiver?: Partial<ReceiverReport>;
    store?: Partial<StoreReport>;
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
    startedMs: NOW_MS - 3_600_000,
    version: '1.2.3',
    dataDir: '/',
  };
}
