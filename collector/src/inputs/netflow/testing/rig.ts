import { FlowBatch } from '@weir/core';
import { datagramReasons } from '../../../ledger/reasons.ts';
import { type DatagramOutcome, NetflowDecoder } from '../decoder.ts';
import type { Exporter, ExporterProfile } from '../exporter.ts';
import { Exporters } from '../exporters.ts';
import { type NetflowLimits, defaultLimits } from '../limits.ts';
import { type FlowRow, dirtBeyondRows, rowsOf } from './flows.ts';

/** 2024-07-03T12:00:00Z: when datagrams arrive, where a test does not say otherwise. */
export const NOON = 1_720_008_000_000;

export interface Arrival {
  readonly from?: string;
  readonly port?: number;
  readonly atMs?: number;
}

/** A decoder with all it needs, that books the flows of each datagram and checks the ledger after each. */
export class Rig {
  readonly decoder: NetflowDecoder;
  readonly exporters: Exporters;
  readonly batch: FlowBatch;

  constructor(limits: Partial<NetflowLimits> = {}, profile: Partial<ExporterProfile> = {}, capacity = 4_096) {
    this.decoder = new NetflowDecoder(limits);
    this.exporters = new Exporters(
      () => ({ name: '', tenantId: '', ...profile }),
      limits.exporters ?? defaultLimits.exporters,
    );
    this.batch = new FlowBatch(capacity);
  }

  exporter(from = '192.0.2.1', atMs = NOON): Exporter {
    const exporter = this.exporters.at(from, atMs);
    if (exporter === undefined) throw new Error('no room for another exporter');
    return exporter;
  }

  /** Decodes a datagram; its flows are `flows()` until the next. */
  send(datagram: Uint8Array, { from, port = 50_000, atMs = NOON }: Arrival = {}): DatagramOutcome {
    const exporter = this.exporter(from, atMs);
    this.batch.reset();
    const outcome = this.decoder.decode(datagram, exporter, port, atMs, {
      reserve: (rows) => {
        if (rows > this.batch.room) throw new Error(`${rows} rows wanted, room for ${this.batch.room}`);
        return this.batch;
      },
    });
    this.verify(exporter, outcome);
    return outcome;
  }

  /** The flows that the last datagram gave. */
  flows(): FlowRow[] {
    return rowsOf(this.batch);
  }

  /** Sends and returns the flows. */
  flowsOf(datagram: Uint8Array, arrival: Arrival = {}): FlowRow[] {
    this.send(datagram, arrival);
    return this.flows();
  }

  sweep(nowMs: number): void {
    this.decoder.sweep(this.exporters, nowMs);
    for (const exporter of this.exporters) checkLedger(exporter);
  }

  private verify(exporter: Exporter, outcome: DatagramOutcome): void {
    checkLedger(exporter);
    const flows = outcome.kind === 'decoded' ? outcome.flows : 0;
    if (flows !== this.batch.rows) throw new Error(`${flows} flows told, ${this.batch.rows} rows written`);
    const dirt = dirtBeyondRows(this.batch);
    if (dirt.length > 0) throw new Error(`rows beyond the last are not zero in ${dirt.join(', ')}`);
  }
}

/** Both identities of the ledger. */
export function checkLedger(exporter: Exporter): void {
  const { ledger } = exporter;
  if (ledger.imbalance() !== 0) throw new Error(`records are out of balance by ${ledger.imbalance()}`);
  let refused = 0;
  for (const reason of datagramReasons) refused += ledger.datagramsRefused[reason];
  if (ledger.datagramsReceived !== ledger.datagramsDecoded + refused)
    throw new Error('datagrams received are not those decoded and refused');
  for (const [name, count] of Object.entries({ ...ledger.recordsLost, waiting: ledger.recordsWaiting }))
    if (count < 0 || !Number.isInteger(count)) throw new Error(`${count} records ${name}`);
}
