import { isDeepStrictEqual } from 'node:util';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { AnomalyRow } from '@weir/core/anomalies';
import type { WindowReads } from '../replay/window-reads.ts';
import type { DetectionSettings } from '../settings.ts';
import type { DetectionCounts, DetectionThreadSettings, FromDetection, ToDetection } from './messages.ts';

export interface DetectionLog {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export interface DetectionClientOptions {
  readonly settings: Omit<DetectionThreadSettings, 'feed'>;
  readonly reads: WindowReads;
  readonly log: DetectionLog;
  /** Gives the receiving thread its end of the feed. */
  readonly connect: (feed: MessagePort) => void;
  /** Takes a closed window as a Native block for `windows_10s`. */
  readonly onWindow: (block: Uint8Array<ArrayBuffer>, rows: number) => void;
  readonly onAnomalies: (rows: readonly AnomalyRow[]) => void;
}

const AGAIN_FIRST_MS = 5_000;
const AGAIN_LONGEST_MS = 10 * 60_000;
/** A thread that has lived so long is not one that dies at the start. */
const SOUND_MS = 10 * 60_000;

/** The detection thread as the rest of the collector sees it. Where it dies, it is started anew: flows are stored in any case. */
export class DetectionClient {
  private readonly options: DetectionClientOptions;
  private detection: DetectionSettings;
  private names: ReadonlyMap<string, string> = new Map();
  private worker: Worker | undefined;
  private stopping = false;
  private stopped: (() => void) | undefined;
  private again: NodeJS.Timeout | undefined;
  private pauseMs = AGAIN_FIRST_MS;
  private startedMs = 0;
  private latest: DetectionCounts | undefined;
  private deaths = 0;
  private lastDeath: string | null = null;

  constructor(options: DetectionClientOptions) {
    this.options = options;
    this.detection = options.settings.detection;
  }

  start(): void {
    const { port1, port2 } = new MessageChannel();
    const workerData: DetectionThreadSettings = {
      ...this.options.settings,
      detection: this.detection,
      feed: port1,
    };
    const worker = new Worker(new URL('./detection-thread.ts', import.meta.url), {
      workerData,
      transferList: [port1],
      name: 'weir-detect',
    });
    this.worker = worker;
    this.startedMs = Date.now();
    let failure: Error | undefined;
    worker.on('error', (error: Error) => (failure = error));
    worker.on('exit', () => this.ended(failure));
    worker.on('message', (message: FromDetection) => this.take(worker, message));
    this.send({ kind: 'names', names: this.names }, worker);
    this.options.connect(port2);
  }

  private take(worker: Worker, message: FromDetection): void {
    switch (message.kind) {
      case 'window':
        this.options.onWindow(message.block, message.rows);
        return;
      case 'anomalies':
        this.options.onAnomalies(message.rows);
        return;
      case 'counts':
        this.latest = message.counts;
        return;
      case 'ask': {
        const { sql, parameters, form } = message.question;
        const { reads } = this.options;
        const asked: Promise<unknown> =
          form === 'rows' ? reads.query(sql, parameters) : reads.queryNative(sql, parameters);
        const { id } = message;
        asked.then(
          (value) => this.send({ kind: 'answer', id, answer: { ok: true, value } }, worker),
          (error: unknown) => {
            const text = error instanceof Error ? error.message : String(error);
            this.send({ kind: 'answer', id, answer: { ok: false, message: text } }, worker);
          },
        );
        return;
      }
      case 'log':
        this.options.log[message.level](message.message);
        return;
      case 'stopped':
        return;
    }
  }

  private ended(failure: Error | undefined): void {
    this.worker = undefined;
    if (this.stopping) {
      this.stopped?.();
      return;
    }
    this.deaths++;
    this.lastDeath = failure?.stack ?? 'the thread has ended';
    if (Date.now() - this.startedMs > SOUND_MS) this.pauseMs = AGAIN_FIRST_MS;
    this.options.log.error(
      `Detection has ended and is started again in ${this.pauseMs / 1000} s; flows are stored meanwhile. Please report it: ${this.lastDeath}`,
    );
    this.again = setTimeout(() => this.start(), this.pauseMs);
    this.pauseMs = Math.min(AGAIN_LONGEST_MS, this.pauseMs * 2);
  }

  private send(message: ToDetection, to: Worker | undefined): void {
    to?.postMessage(message);
  }

  /** Settings as they hold from the next window on; own networks, lateness and capacities stay as they were at the start. */
  reconfigure(detection: DetectionSettings): void {
    const { ownNetworks, latenessSeconds, capacities } = this.detection;
    this.detection = { ...detection, ownNetworks, latenessSeconds, capacities };
    this.send({ kind: 'reconfigure', detection: this.detection }, this.worker);
  }

  nameExporters(names: ReadonlyMap<string, string>): void {
    if (isDeepStrictEqual(names, this.names)) return;
    this.names = names;
    this.send({ kind: 'names', names }, this.worker);
  }

  /** As of the last second. */
  counts(): DetectionCounts | undefined {
    return this.latest;
  }

  /** How often it has died, and of what last. */
  get failures(): { readonly alive: boolean; readonly deaths: number; readonly lastDeath: string | null } {
    return { alive: this.worker !== undefined, deaths: this.deaths, lastDeath: this.lastDeath };
  }

  /** Takes what the receiving thread, which has closed its end, still has sent; stores open windows; saves what was learnt. */
  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.again);
    if (this.worker === undefined) return;
    await new Promise<void>((resolve) => {
      this.stopped = resolve;
      this.send({ kind: 'stop' }, this.worker);
    });
  }

  /** Ends the thread at once, for a start that failed. */
  async terminate(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.again);
    await this.worker?.terminate();
  }
}
