import { FlowBatch, encodeNative, liveColumns } from '@weir/core';
import {
  Exporters,
  type FlowSink,
  NetflowDecoder,
  type NetflowLimits,
  type ProfileOf,
  defaultLimits,
} from '../inputs/netflow/index.ts';
import { type ListenAddress, type ListenerState, UdpListener } from '../inputs/udp/listener.ts';
import { type LedgerEntry, LedgerDeltas } from '../ledger/delta.ts';
import type { HandOver, SealedBatch } from '../sealed-batch.ts';
import { LiveTap } from '../live/tap.ts';
import type { LiveSubscription, TapCounts, TapMessage } from '../live/subscription.ts';
import type { ExporterReport } from '../ledger/report.ts';
import { snapshot } from '../ledger/snapshot.ts';
import type { NetworkEnricher } from '../enrich/networks.ts';
import { type SavedState, restoreState, saveState } from '../inputs/netflow/state.ts';

/**
 * Rows of a batch while it is filled: small enough that turning it into a block does not keep the socket waiting. The store
 * puts many such blocks into one insert.
 */
const BATCH_ROWS = 32_768;
const SWEEP_MS = 5_000;
const SPARE_BLOCKS = 4;
const DRAIN_MS = 500;
const STATE_MS = 250;
/** How often new rows are shown to live readers. */
const LIVE_MS = 25;

export interface ReceiverOptions {
  readonly listen: readonly ListenAddress[];
  readonly receiveBuffer: number;
  /** The longest a flow stays in a batch that does not fill. */
  readonly sealMs: number;
  readonly limits?: Partial<NetflowLimits>;
  readonly profileOf: ProfileOf;
  /** Adds to rows what their records do not say; undefined where there is nothing to add. */
  readonly enrich?: NetworkEnricher | undefined;
  readonly state?: SavedState | undefined;
  /** Takes a sealed batch; `refused` where too many are waiting already: then its flows are lost for the reason "queue". */
  readonly onSealed: (batch: SealedBatch) => HandOver;
  /** Called with templates and learnt names whenever they have changed, a moment later. */
  readonly onState: (state: SavedState) => void;
  /** Takes what live readers are to be told. */
  readonly onLive?: (message: TapMessage) => void;
  readonly now?: () => number;
}

/** Sockets, decoder and the batch being filled: from datagrams to sealed batches, on one thread. */
export class Receiver implements FlowSink {
  readonly exporters: Exporters;
  private readonly options: ReceiverOptions;
  private readonly decoder: NetflowDecoder;
  private readonly batch = new FlowBatch(Math.max(BATCH_ROWS, 65_536));
  private readonly deltas = new LedgerDeltas();
  private readonly now: () => number;
  private listeners: UdpListener[] = [];
  private timers: NodeJS.Timeout[] = [];
  private sealedAtMs = 0;
  private savedChanges = 0;
  private enrich: NetworkEnricher | undefined;
  /** Rows of the batch that have been enriched. */
  private enriched = 0;
  /** Rows of the batch that live readers have been shown. */
  private shown = 0;
  private readonly tap: LiveTap;
  private liveTimer: NodeJS.Timeout | undefined;
  private readonly memory: ArrayBuffer[] = [];
  private kernelDropsNow = 0;
  private kernelDropsSeen = 0;
  /** Faults of ours while decoding: a datagram is refused, the process lives. */
  lastFault: unknown;
  /** Datagrams refused before an exporter could be named. */
  refusedUnnamed = 0;
  private refusedWritten = 0;

  constructor(options: ReceiverOptions) {
    this.options = options;
    this.now = options.now ?? Date.now;
    const limits = { ...defaultLimits, ...options.limits };
    this.exporters = new Exporters(options.profileOf, limits.exporters);
    this.decoder = new NetflowDecoder(limits);
    this.enrich = options.enrich;
    this.tap = new LiveTap(options.onLive ?? (() => undefined), this.now);
    if (options.state !== undefined) restoreState(options.state, this.exporters, this.decoder, this.now());
    this.savedChanges = this.decoder.changes;
  }

  /** Opens the sockets; rejects with what to change where one cannot be bound. Returns warnings for the administrator. */
  async start(): Promise<string[]> {
    this.listeners = this.options.listen.map(
      (address) =>
        new UdpListener(address, this.options.receiveBuffer, (bytes, from, port) =>
          this.receive(bytes, from, port),
        ),
    );
    await Promise.all(this.listeners.map((l) => l.start()));
    this.sealedAtMs = this.now();
    this.every(Math.min(1_000, this.options.sealMs), () => this.sealIfOld());
    this.every(SWEEP_MS, () => this.decoder.sweep(this.exporters, this.now()));
    this.every(STATE_MS, () => this.saveIfChanged());
    return this.listeners.map((l) => l.bufferWarning()).filter((w) => w !== undefined);
  }

  private every(ms: number, work: () => void): void {
    const timer = setInterval(work, ms);
    this.timers.push(timer);
  }

  /** One datagram from `address`. Public for inputs that are not sockets: files, tests, benchmarks. */
  receive(bytes: Uint8Array, address: string, port: number): void {
    const nowMs = this.now();
    const exporter = this.exporters.at(address, nowMs);
    if (exporter === undefined) {
      this.refusedUnnamed++;
      return;
    }
    try {
      this.decoder.decode(bytes, exporter, port, nowMs, this);
    } catch (fault) {
      // A fault of ours: rows half-written lie beyond `rows` and are cleared with the batch.
      this.lastFault = fault;
      exporter.ledger.datagramsRefused.fault++;
      this.seal();
    }
    if (this.batch.rows >= BATCH_ROWS) this.seal();
  }

  reserve(rows: number): FlowBatch {
    if (this.batch.room < rows) this.seal();
    return this.batch;
  }

  /** Takes back the memory of a block that has been written. */
  reuse(memory: ArrayBuffer): void {
    if (memory.byteLength > 0 && this.memory.length < SPARE_BLOCKS) this.memory.push(memory);
  }

  private sealIfOld(): void {
    this.kernelDropsNow = this.listeners.reduce((sum, l) => sum + (l.state().kernelDrops ?? 0), 0);
    if (this.now() - this.sealedAtMs >= this.options.sealMs) this.seal();
  }

  /** Hands on what has been received since the last time. */
  seal(): void {
    const { batch } = this;
    this.sealedAtMs = this.now();
    const entries = this.takeEntries();
    if (batch.rows === 0 && entries.length === 0) return;
    this.finishRows();
    if (this.tap.active) {
      this.showRows();
      this.tap.settle();
    }
    const block = batch.rows === 0 ? new Uint8Array(0) : encodeNative(batch, this.memory.pop());
    const { rows } = batch;
    const columns = liveColumns(batch);
    batch.reset();
    this.enriched = 0;
    this.shown = 0;
    if (this.options.onSealed({ block, rows, columns, entries }) === 'held') return;
    for (const { measure, exporter, value } of entries)
      if (measure === 'flows') this.bookAsLost(exporter, value, 'queue');
    this.options.onSealed({ block: new Uint8Array(0), rows: 0, columns: [], entries });
  }

  /** Brings rows that have come since the last time to what is stored and shown of them. */
  private finishRows(): void {
    this.enrich?.(this.batch, this.enriched, this.batch.rows);
    this.enriched = this.batch.rows;
  }

  /** Shows live readers the rows that have come since the last time. */
  private showRows(): void {
    this.finishRows();
    const from = this.shown;
    this.shown = this.batch.rows;
    this.tap.look(this.batch, from, this.batch.rows);
  }

  /** Without a subscription there is no timer, and nothing to do for a row. */
  subscribe(subscription: LiveSubscription): void {
    if (!this.tap.active) {
      this.shown = this.batch.rows;
      this.liveTimer = setInterval(() => this.showRows(), LIVE_MS);
    }
    this.tap.add(subscription);
  }

  unsubscribe(id: number): void {
    this.tap.remove(id);
    if (!this.tap.active) clearInterval(this.liveTimer);
  }

  get live(): TapCounts {
    return this.tap.counts();
  }

  /** Flows that were counted as handed on and will not be stored: the next entries carry the correction. */
  bookAsLost(address: string, flows: number, reason: 'queue' | 'store'): void {
    const ledger = this.exporters.at(address, this.now())?.ledger;
    if (ledger === undefined) return;
    ledger.flows -= flows;
    ledger.recordsLost[reason] += flows;
  }

  private takeEntries(): LedgerEntry[] {
    const entries = this.deltas.take(this.exporters);
    const drops = this.kernelDropsNow;
    if (drops > this.kernelDropsSeen) {
      entries.push({
        exporter: '::',
        exporterName: '',
        tenantId: '',
        measure: 'datagrams_dropped',
        reason: 'kernel',
        value: drops - this.kernelDropsSeen,
      });
      this.kernelDropsSeen = drops;
    }
    if (this.refusedUnnamed > this.refusedWritten) {
      const value = this.refusedUnnamed - this.refusedWritten;
      const nobody = { exporter: '::', exporterName: '', tenantId: '' };
      entries.push(
        { ...nobody, measure: 'datagrams_received', reason: '', value },
        { ...nobody, measure: 'datagrams_refused', reason: 'exporter_limit', value },
      );
      this.refusedWritten = this.refusedUnnamed;
    }
    return entries;
  }

  private saveIfChanged(): void {
    if (this.decoder.changes === this.savedChanges) return;
    this.savedChanges = this.decoder.changes;
    this.options.onState(saveState(this.exporters));
  }

  reconfigure(profileOf: ProfileOf, enrich?: NetworkEnricher): void {
    this.enrich = enrich;
    this.exporters.reconfigure(profileOf);
  }

  reports(): { exporters: ExporterReport[]; listeners: ListenerState[] } {
    return { exporters: [...this.exporters].map(snapshot), listeners: this.listeners.map((l) => l.state()) };
  }

  /** Takes what has arrived, closes the sockets, then hands on what is left. */
  async stop(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    clearInterval(this.liveTimer);
    await this.drain();
    await Promise.all(this.listeners.map((l) => l.stop()));
    this.seal();
    this.saveIfChanged();
  }

  /** Lets the sockets empty what the kernel has already taken; not longer, where exporters go on sending. */
  private async drain(): Promise<void> {
    const arrived = (): number => this.listeners.reduce((sum, l) => sum + l.state().datagrams, 0);
    const end = performance.now() + DRAIN_MS;
    for (let before = -1; before !== arrived() && performance.now() < end;) {
      before = arrived();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
