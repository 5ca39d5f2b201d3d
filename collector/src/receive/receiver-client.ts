import { type MessagePort, Worker } from 'node:worker_threads';
import type { ExporterSettings } from '../enrich/exporter-profiles.ts';
import type { NetworkSettings } from '../enrich/networks.ts';
import type { FromReceiver, ReceiverReports, ReceiverSettings, ToReceiver } from './messages.ts';
import type { LiveSubscription, TapMessage } from '../live/subscription.ts';
import type { InterfaceInventory } from '../ledger/report.ts';
import type { SealedBatch } from '../sealed-batch.ts';

/** The receiving thread as the rest of the collector sees it. */
export class ReceiverClient {
  private readonly settings: ReceiverSettings;
  private worker: Worker | undefined;
  private readonly reportsWanted = new Map<number, (reports: ReceiverReports) => void>();
  private reportId = 0;
  private stopped: (() => void) | undefined;
  /** Called for each sealed batch; resolve when it is in the spool. */
  onSealed: ((batch: SealedBatch) => Promise<void>) | undefined;
  /** Called with all known interfaces when something about them has changed. */
  onInterfaces: ((inventory: readonly InterfaceInventory[]) => void) | undefined;
  /** Called with what live readers are to be told. */
  onLive: ((message: TapMessage) => void) | undefined;
  /** Called when the thread ends though nobody stopped it. */
  onDeath: ((error: Error) => void) | undefined;
  private failure: Error | undefined;

  constructor(settings: ReceiverSettings) {
    this.settings = settings;
  }

  /** Resolves with warnings and the ports bound when the sockets are open; rejects with what to change. */
  start(): Promise<{ warnings: readonly string[]; ports: readonly number[] }> {
    const worker = new Worker(new URL('./receiver-thread.ts', import.meta.url), {
      workerData: this.settings,
      name: 'weir-receive',
    });
    this.worker = worker;
    return new Promise((resolve, reject) => {
      worker.on('error', (error: Error) => {
        this.failure = error;
        reject(error);
      });
      worker.on('exit', () => {
        if (this.stopped !== undefined) this.stopped();
        else this.onDeath?.(this.failure ?? new Error('the receiving thread has ended'));
      });
      worker.on('message', (message: FromReceiver) => {
        switch (message.kind) {
          case 'started':
            resolve({ warnings: message.warnings, ports: message.ports });
            return;
          case 'failed':
            reject(new Error(message.message));
            return;
          case 'sealed': {
            const bytes = message.batch.block.length;
            void this.onSealed?.(message.batch).finally(() => {
              const memory = message.batch.block.buffer;
              this.worker?.postMessage({ kind: 'taken', bytes, memory } satisfies ToReceiver, [memory]);
            });
            return;
          }
          case 'report':
            this.reportsWanted.get(message.id)?.(message.reports);
            this.reportsWanted.delete(message.id);
            return;
          case 'live':
            this.onLive?.(message.message);
            return;
          case 'interfaces':
            this.onInterfaces?.(message.inventory);
            return;
          case 'stopped':
            return;
        }
      });
    });
  }

  private send(message: ToReceiver): void {
    this.worker?.postMessage(message);
  }

  reports(): Promise<ReceiverReports> {
    const id = this.reportId++;
    return new Promise((resolve) => {
      this.reportsWanted.set(id, resolve);
      this.send({ kind: 'report', id });
    });
  }

  /** Copies of sealed blocks go there from now on. */
  feed(port: MessagePort): void {
    this.worker?.postMessage({ kind: 'feed', port } satisfies ToReceiver, [port]);
  }

  subscribe(subscription: LiveSubscription): void {
    this.send({ kind: 'subscribe', subscription });
  }

  unsubscribe(id: number): void {
    this.send({ kind: 'unsubscribe', id });
  }

  /** Flows of an exporter, handed over before, will not be stored. */
  lost(exporter: string, flows: number): void {
    this.send({ kind: 'lost', exporter, flows });
  }

  reconfigure(exporters: ExporterSettings, networks: readonly NetworkSettings[]): void {
    this.send({ kind: 'reconfigure', exporters, networks });
  }

  /** Closes the sockets and hands on what is left; resolves when the thread has ended. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.stopped = resolve;
      this.send({ kind: 'stop' });
    });
  }

  /** Ends the thread at once, for a start that failed. */
  async terminate(): Promise<void> {
    this.stopped = () => undefined;
    await this.worker?.terminate();
  }
}
