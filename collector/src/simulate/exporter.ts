import { IpfixEncoder } from './encode-ipfix.ts';
import { NetFlow5Encoder } from './encode-netflow5.ts';
import { NetFlow9Encoder } from './encode-netflow9.ts';
import type { Datagram, DatagramEncoder, ExportClock, ExportProtocol } from './encoder.ts';
import { copyFlow, createFlowColumns } from './flow-columns.ts';
import type { FlowColumns } from './flow-columns.ts';
import type { Network, Site } from './network.ts';
import { Random } from './random.ts';
import { TrafficModel } from './traffic.ts';

/** What one simulated exporter is. */
export interface ExporterOptions {
  readonly network: Network;
  readonly seed: number;
  /** counts from 0; chooses the site and the exporter's own stream of random numbers */
  readonly number: number;
  readonly protocol: ExportProtocol;
  readonly domain: number;
  readonly samplingRate: number;
  readonly maxPayload: number;
  /** templates and options are sent again after so many datagrams */
  readonly templateRefresh: number;
  /** by how much its clock is wrong */
  readonly skewMs: number;
  /** this share of the flow datagrams is counted in the sequence but not to be sent */
  readonly dropFraction: number;
  readonly ipv6Share: number;
  readonly biflow: boolean;
  /** a host on the Internet scans its site now and then */
  readonly scan?: boolean;
  readonly traceTimes: boolean;
  /** true time of the beginning, milliseconds since 1970 */
  readonly startMs: number;
}

/** A datagram on its way out. */
export interface Emission {
  readonly datagram: Datagram;
  /** its flows are the rows `order[from]` … `order[to − 1]`; none for templates and options */
  readonly from: number;
  readonly to: number;
  readonly clock: ExportClock;
  /** lost on purpose: to be counted, not to be sent */
  readonly withheld: boolean;
}

const DAY_MS = 86_400_000;
/** A datagram is full when it holds this share of what it may. */
const FULL = 0.9;

/** A router of one site that meters traffic and makes datagrams of it; sending them is another's business. */
export class SimulatedExporter {
  readonly options: ExporterOptions;
  readonly name: string;
  readonly site: Site;
  readonly encoder: DatagramEncoder;
  readonly bootMs: number;
  /** rows of the last {@link produce}, valid until the next */
  flows: FlowColumns;
  order: Uint32Array = new Uint32Array(0);
  private readonly traffic: TrafficModel;
  private readonly lossRandom: Random;
  /** flows from here on, in `order`, have not been emitted */
  private firstWaiting = 0;
  private datagramsSinceAnnouncement = Number.POSITIVE_INFINITY;

  constructor(options: ExporterOptions) {
    const { network, number, seed } = options;
    const siteNumber = number % network.sites.length;
    const random = new Random(seed, number * 2 + 1);
    const biflow = options.biflow && options.protocol === 'ipfix';
    this.options = options;
    this.site = network.sites[siteNumber]!;
    this.name = `${this.site.name}-${options.protocol}-${number + 1}`;
    // Less than the 49.7 days after which the uptime's 32 bits start anew; whole seconds are not to be expected.
    this.bootMs = options.startMs + options.skewMs - 10 * DAY_MS - random.below(20 * DAY_MS);
    this.lossRandom = new Random(seed, number * 2 + 2);
    this.traffic = new TrafficModel({
      network,
      site: siteNumber,
      random,
      samplingRate: options.samplingRate,
      ipv6Share: options.protocol === 'v5' ? 0 : options.ipv6Share,
      biflow,
      scan: options.scan === true,
    });
    this.encoder = createEncoder(options, this.site, biflow);
    this.flows = createFlowColumns(network, this.site, 64);
  }

  /** The exporter's clock at a true time, in whole milliseconds. */
  clock(trueMs: number): ExportClock {
    return { nowMs: Math.floor(trueMs + this.options.skewMs), bootMs: this.bootMs };
  }

  /** Templates and options, now. */
  announce(trueMs: number, emit: (emission: Emission) => void): void {
    const clock = this.clock(trueMs);
    this.datagramsSinceAnnouncement = 0;
    for (const datagram of this.encoder.announcements(clock))
      emit({ datagram, from: 0, to: 0, clock, withheld: false });
  }

  /**
   * Makes datagrams of `count` new flows, with templates and options before them when it is time. Without `flush`, flows
   * that do not fill a datagram wait for the next call.
   */
  produce(count: number, trueMs: number, emit: (emission: Emission) => void, flush = true): void {
    const total = this.meter(count);
    const clock = this.clock(trueMs);
    let from = 0;
    while (from < total) {
      if (this.datagramsSinceAnnouncement >= this.options.templateRefresh) this.announce(trueMs, emit);
      const { sequence } = this.encoder;
      const datagram = this.encoder.encode(this.flows, this.order, from, total, clock);
      if (datagram.flows === 0) throw new Error(`a flow does not fit into ${this.options.maxPayload} bytes`);
      const to = from + datagram.flows;
      if (to === total && !flush && !this.isFull(datagram)) {
        this.encoder.sequence = sequence;
        break;
      }
      this.datagramsSinceAnnouncement++;
      emit({ datagram, from, to, clock, withheld: this.withholds() });
      from = to;
    }
    this.firstWaiting = from;
  }

  /** Counts a datagram that was sent again, and says whether it is time for templates. */
  announcementDue(): boolean {
    return ++this.datagramsSinceAnnouncement > this.options.templateRefresh;
  }

  /** Whether the next flow datagram is one of those lost on purpose. */
  withholds(): boolean {
    return this.options.dropFraction > 0 && this.lossRandom.unit() < this.options.dropFraction;
  }

  private isFull(datagram: Datagram): boolean {
    return (
      datagram.flows >= this.encoder.typicalFlows || datagram.payload.length > this.options.maxPayload * FULL
    );
  }

  /** Fills the columns, waiting flows first, and orders rows by kind of record so that a set holds many; says how many they are. */
  private meter(count: number): number {
    const { network } = this.options;
    const waiting = this.waitingRows();
    const total = waiting.length + count;
    const flows =
      this.flows.capacity < total
        ? createFlowColumns(network, this.site, Math.max(total, this.flows.capacity * 2))
        : this.flows;
    // Row numbers ascend, so that no waiting row is overwritten before it has been moved.
    for (let row = 0; row < waiting.length; row++) copyFlow(this.flows, waiting[row]!, flows, row);
    this.flows = flows;
    if (this.order.length < flows.capacity) this.order = new Uint32Array(flows.capacity);
    const { order, encoder } = this;
    this.traffic.fill(flows, waiting.length, total);
    const next = new Uint32Array(encoder.kinds.length + 1);
    for (let row = 0; row < total; row++) next[encoder.kindOf(flows, row) + 1]!++;
    for (let kind = 1; kind < next.length; kind++) next[kind]! += next[kind - 1]!;
    for (let row = 0; row < total; row++) order[next[encoder.kindOf(flows, row)]!++] = row;
    return total;
  }

  private waitingRows(): Uint32Array {
    return this.order.slice(this.firstWaiting, this.flows.length).sort();
  }
}

function createEncoder(options: ExporterOptions, site: Site, biflow: boolean): DatagramEncoder {
  switch (options.protocol) {
    case 'v5':
      return new NetFlow5Encoder(options);
    case 'v9':
      return new NetFlow9Encoder(options, site.interfaces);
    case 'ipfix':
      return new IpfixEncoder(options, site.interfaces, biflow);
  }
}
