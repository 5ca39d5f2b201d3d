import type { Datagram, RecordKind } from './encoder.ts';
import type { Emission, SimulatedExporter } from './exporter.ts';
import { Tally } from './tally.ts';
import type { FlowSums } from './tally.ts';

/** What became of some of an exporter's datagrams. */
export interface DatagramSums {
  datagrams: number;
  /** UDP payload */
  payloadBytes: number;
  flows: number;
}

/** Records of one template that were sent. */
export interface KindTruth extends RecordKind {
  readonly flows: number;
}

const nothing = (): DatagramSums => ({ datagrams: 0, payloadBytes: 0, flows: 0 });

/** Counts what one exporter sent, what the kernel refused, what was withheld on purpose. */
export class ExporterLedger {
  readonly sent = nothing();
  /** not taken by the kernel: the sequence goes on, as after a loss on the way */
  readonly refused = nothing();
  /** lost on purpose */
  readonly withheld = nothing();
  /** sent datagrams of templates and options, and records of options data in them */
  announcements = 0;
  optionRecords = 0;
  readonly tally: Tally;
  private readonly exporter: SimulatedExporter;
  private readonly total: Tally;
  private readonly flowsByKind: Float64Array;

  /** @param total is added to as well */
  constructor(exporter: SimulatedExporter, total: Tally, byAddress: boolean) {
    this.exporter = exporter;
    this.total = total;
    this.tally = new Tally(exporter.options.network, byAddress);
    this.flowsByKind = new Float64Array(exporter.encoder.kinds.length);
  }

  /** Books what became of the datagram of an emission, `times` over. */
  book(emission: Emission, fate: 'sent' | 'refused' | 'withheld', times = 1): void {
    if (times === 0) return;
    const { datagram, from, to } = emission;
    const sums = this[fate];
    sums.datagrams += times;
    sums.payloadBytes += datagram.payload.length * times;
    sums.flows += datagram.flows * times;
    if (fate !== 'sent') return;
    if (datagram.flows === 0) this.announcements += times;
    this.optionRecords += datagram.optionRecords * times;
    this.bookKinds(datagram, times);
    const { flows, order, options } = this.exporter;
    this.tally.add(flows, order, from, to, options.samplingRate, times);
    this.total.add(flows, order, from, to, options.samplingRate, times);
  }

  get sums(): Readonly<FlowSums> {
    return this.tally.sums;
  }

  /** Kinds of record of which some were sent. */
  kinds(): KindTruth[] {
    return this.exporter.encoder.kinds
      .map(({ templateId, name }, kind) => ({ templateId, name, flows: this.flowsByKind[kind]! }))
      .filter((kind) => kind.flows > 0);
  }

  private bookKinds(datagram: Datagram, times: number): void {
    for (let kind = 0; kind < this.flowsByKind.length; kind++) {
      this.flowsByKind[kind]! += datagram.flowsByKind[kind]! * times;
    }
  }
}
