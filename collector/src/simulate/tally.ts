import type { FlowColumns } from './flow-columns.ts';
import { hostAddress } from './network.ts';
import type { Network } from './network.ts';

/** Sums over flow records, as numbers in the records (`packets`, `bytes`) and multiplied by the sampling rate (`scaled…`). */
export interface FlowSums {
  flows: number;
  packets: number;
  bytes: number;
  scaledPackets: number;
  scaledBytes: number;
  /** the reverse direction of biflows, not contained in the sums above */
  reversePackets: number;
  reverseBytes: number;
}

/** What one address or protocol had. */
export interface Share {
  readonly flows: number;
  readonly packets: number;
  readonly bytes: number;
}

export interface AddressShare extends Share {
  readonly address: string;
}

/** Flows, packets and bytes by a small or known set of keys, in arrays. */
class Breakdown {
  readonly flows: Float64Array;
  readonly packets: Float64Array;
  readonly bytes: Float64Array;

  constructor(keys: number) {
    this.flows = new Float64Array(keys);
    this.packets = new Float64Array(keys);
    this.bytes = new Float64Array(keys);
  }

  add(key: number, times: number, packets: number, bytes: number): void {
    this.flows[key]! += times;
    this.packets[key]! += packets;
    this.bytes[key]! += bytes;
  }

  share(key: number): Share {
    return { flows: this.flows[key]!, packets: this.packets[key]!, bytes: this.bytes[key]! };
  }

  /** Keys with the most bytes first. */
  top(count: number): number[] {
    const keys: number[] = [];
    for (let key = 0; key < this.flows.length; key++) if (this.flows[key]! > 0) keys.push(key);
    return keys.sort((a, b) => this.bytes[b]! - this.bytes[a]! || a - b).slice(0, count);
  }
}

/** Adds up flows: all, by protocol, by source and destination address. */
export class Tally {
  readonly sums: FlowSums = {
    flows: 0,
    packets: 0,
    bytes: 0,
    scaledPackets: 0,
    scaledBytes: 0,
    reversePackets: 0,
    reverseBytes: 0,
  };
  private readonly network: Network;
  private readonly protocols = new Breakdown(256);
  private readonly sources: Breakdown | null;
  private readonly destinations: Breakdown | null;

  /** @param byAddress keep sums by address too: some megabytes */
  constructor(network: Network, byAddress: boolean) {
    const hosts = network.hosts.masks.length;
    this.network = network;
    this.sources = byAddress ? new Breakdown(hosts) : null;
    this.destinations = byAddress ? new Breakdown(hosts) : null;
  }

  /** Adds the rows `order[from]` … `order[to − 1]`, `times` over, of an exporter with this sampling rate. */
  add(
    flows: FlowColumns,
    order: Uint32Array,
    from: number,
    to: number,
    samplingRate: number,
    times = 1,
  ): void {
    let packetSum = 0;
    let byteSum = 0;
    for (let n = from; n < to; n++) {
      const row = order[n]!;
      const packets = flows.packets[row]! * times;
      const bytes = flows.bytes[row]! * times;
      packetSum += packets;
      byteSum += bytes;
      this.sums.reversePackets += flows.reversePackets[row]! * times;
      this.sums.reverseBytes += flows.reverseBytes[row]! * times;
      this.protocols.add(flows.protocol[row]!, times, packets, bytes);
      this.sources?.add(flows.sourceHost[row]!, times, packets, bytes);
      this.destinations?.add(flows.destinationHost[row]!, times, packets, bytes);
    }
    this.sums.flows += (to - from) * times;
    this.sums.packets += packetSum;
    this.sums.bytes += byteSum;
    this.sums.scaledPackets += packetSum * samplingRate;
    this.sums.scaledBytes += byteSum * samplingRate;
  }

  byProtocol(): Record<string, Share> {
    return Object.fromEntries(
      this.protocols.top(256).map((protocol) => [String(protocol), this.protocols.share(protocol)]),
    );
  }

  topSources(count: number): AddressShare[] {
    return this.topAddresses(this.sources, count);
  }

  topDestinations(count: number): AddressShare[] {
    return this.topAddresses(this.destinations, count);
  }

  private topAddresses(breakdown: Breakdown | null, count: number): AddressShare[] {
    if (breakdown === null) return [];
    return breakdown
      .top(count)
      .map((host) => ({ address: hostAddress(this.network, host), ...breakdown.share(host) }));
  }
}
