import type { MessagePort } from 'node:worker_threads';
import type { FeedCounts } from '../detect/live/block-feed.ts';
import type { ExporterSettings } from '../enrich/exporter-profiles.ts';
import type { NetworkSettings } from '../enrich/networks.ts';
import type { NetflowLimits } from '../inputs/netflow/index.ts';
import type { ListenAddress, ListenerState } from '../inputs/udp/listener.ts';
import type { LiveSubscription, TapCounts, TapMessage } from '../live/subscription.ts';
import type { ExporterReport, InterfaceInventory } from '../ledger/report.ts';
import type { SealedBatch } from '../sealed-batch.ts';

/** What the receiving thread is started with: plain data. */
export interface ReceiverSettings {
  readonly listen: readonly ListenAddress[];
  readonly receiveBuffer: number;
  readonly sealMs: number;
  readonly limits: NetflowLimits;
  readonly exporters: ExporterSettings;
  readonly networks: readonly NetworkSettings[];
  readonly applicationByPort: boolean;
  /** Where templates and learnt names are kept over a restart. */
  readonly stateFile: string;
  /** Bytes of sealed batches that may be on their way to the spool. */
  readonly queueBytes: number;
  /** Bytes of sealed blocks that may be on their way to detection. */
  readonly feedBytes: number;
}

export interface ReceiverReports {
  readonly exporters: readonly ExporterReport[];
  readonly listeners: readonly ListenerState[];
  /** Datagrams of exporters for which there was no room. */
  readonly refusedUnnamed: number;
  readonly queuedBytes: number;
  readonly lastFault: string | null;
  /** What the thread has used, in seconds of CPU and parts of one core's time. */
  readonly utilization: number;
  readonly live: TapCounts;
  readonly feed: FeedCounts;
  /** How long it took to make this report, in milliseconds. */
  readonly tookMs: number;
}

export type ToReceiver =
  | {
      readonly kind: 'reconfigure';
      readonly exporters: ExporterSettings;
      readonly networks: readonly NetworkSettings[];
    }
  | { readonly kind: 'report'; readonly id: number }
  /** A sealed batch of so many bytes has reached the spool; its memory comes back for another. */
  | { readonly kind: 'taken'; readonly bytes: number; readonly memory: ArrayBuffer }
  /** Flows of an exporter, handed over before, will not be stored. */
  | { readonly kind: 'lost'; readonly exporter: string; readonly flows: number }
  /** Where copies of sealed blocks go from now on. */
  | { readonly kind: 'feed'; readonly port: MessagePort }
  | { readonly kind: 'subscribe'; readonly subscription: LiveSubscription }
  | { readonly kind: 'unsubscribe'; readonly id: number }
  | { readonly kind: 'stop' };

export type FromReceiver =
  | { readonly kind: 'started'; readonly warnings: readonly string[]; readonly ports: readonly number[] }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'sealed'; readonly batch: SealedBatch }
  | { readonly kind: 'report'; readonly id: number; readonly reports: ReceiverReports }
  /** All interfaces known, when something about them has changed. */
  | { readonly kind: 'interfaces'; readonly inventory: readonly InterfaceInventory[] }
  | { readonly kind: 'live'; readonly message: TapMessage }
  | { readonly kind: 'stopped' };
