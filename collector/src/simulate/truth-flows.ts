import { createWriteStream } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { once } from 'node:events';
import { APPLICATIONS } from './applications.ts';
import { NO_NAME } from './flow-columns.ts';
import type { FlowColumns } from './flow-columns.ts';
import type { Emission, SimulatedExporter } from './exporter.ts';
import { formatAddress } from './addresses.ts';
import { hostAddress } from './network.ts';

/** One flow as it was sent: a line of the file of flows. Names are those of the columns that Weir stores. */
export interface TruthFlow {
  readonly exporter: string;
  readonly observation_domain: number;
  readonly flow_source: 'netflow5' | 'netflow9' | 'ipfix';
  readonly template: number;
  readonly source_ip: string;
  readonly destination_ip: string;
  readonly source_port: number;
  readonly destination_port: number;
  readonly protocol: number;
  readonly bytes: number;
  readonly packets: number;
  readonly reverse_bytes: number;
  readonly reverse_packets: number;
  readonly reverse_tcp_flags: number;
  readonly sampling_rate: number;
  readonly tcp_flags: number;
  readonly tos: number;
  readonly icmp_type: number;
  readonly icmp_code: number;
  /** milliseconds since 1970, by the exporter's clock */
  readonly start_ms: number;
  readonly end_ms: number;
  readonly input_interface: number;
  readonly output_interface: number;
  readonly next_hop: string;
  /** the true number: a field of 16 bits holds 23456 for those above 65535 */
  readonly source_as: number;
  readonly destination_as: number;
  readonly source_mask: number;
  readonly destination_mask: number;
  /** 0 ingress, 1 egress; `vlan`, `vrf`, names and what follows only in the protocols that have them */
  readonly direction: number;
  readonly vlan: number;
  readonly vrf: number;
  readonly flow_end_reason: number;
  readonly application: string;
  readonly name: string;
  readonly user: string;
}

const SOURCES = { v5: 'netflow5', v9: 'netflow9', ipfix: 'ipfix' } as const;

/** The flow in a row, as the exporter sent it in an emission. */
export function truthFlow(
  exporter: SimulatedExporter,
  address: string,
  emission: Pick<Emission, 'clock'>,
  flows: FlowColumns,
  row: number,
): TruthFlow {
  const { network, site } = flows;
  const { hosts } = network;
  const source = flows.sourceHost[row]!;
  const destination = flows.destinationHost[row]!;
  const input = site.interfaces[flows.input[row]!]!;
  const output = site.interfaces[flows.output[row]!]!;
  const nextHop = (source & 1) === 0 ? output.nextHopIpv4 : output.nextHopIpv6;
  const text = (table: readonly Uint8Array[], position: number): string =>
    position === NO_NAME ? '' : new TextDecoder().decode(table[position]);
  const { nowMs } = emission.clock;
  return {
    exporter: address,
    observation_domain: exporter.options.domain,
    flow_source: SOURCES[exporter.options.protocol],
    template: exporter.encoder.kinds[exporter.encoder.kindOf(flows, row)]!.templateId,
    source_ip: hostAddress(network, source),
    destination_ip: hostAddress(network, destination),
    source_port: flows.sourcePort[row]!,
    destination_port: flows.destinationPort[row]!,
    protocol: flows.protocol[row]!,
    bytes: flows.bytes[row]!,
    packets: flows.packets[row]!,
    reverse_bytes: flows.reverseBytes[row]!,
    reverse_packets: flows.reversePackets[row]!,
    reverse_tcp_flags: flows.reverseTcpFlags[row]!,
    sampling_rate: exporter.options.samplingRate,
    tcp_flags: flows.tcpFlags[row]!,
    tos: flows.tos[row]!,
    icmp_type: flows.icmpTypeCode[row]! >>> 8,
    icmp_code: flows.icmpTypeCode[row]! & 0xff,
    start_ms: nowMs - flows.startAgeMs[row]!,
    end_ms: nowMs - flows.endAgeMs[row]!,
    input_interface: input.index,
    output_interface: output.index,
    next_hop: formatAddress(nextHop),
    source_as: hosts.autonomousSystems[source >>> 1]!,
    destination_as: hosts.autonomousSystems[destination >>> 1]!,
    source_mask: hosts.masks[source]!,
    destination_mask: hosts.masks[destination]!,
    direction: flows.direction[row]!,
    vlan: input.vlan,
    vrf: input.vrf,
    flow_end_reason: flows.endReason[row]!,
    application: APPLICATIONS[flows.application[row]!]!.name,
    name: text(network.names, flows.name[row]!),
    user: text(network.users, flows.user[row]!),
  };
}

/** Writes every flow that was sent as a line of JSON; for small runs, it takes some microseconds a flow. */
export class TruthFlowsFile {
  private readonly stream: WriteStream;

  private constructor(stream: WriteStream) {
    this.stream = stream;
  }

  static async create(path: string): Promise<TruthFlowsFile> {
    const stream = createWriteStream(path);
    await once(stream, 'open');
    return new TruthFlowsFile(stream);
  }

  write(exporter: SimulatedExporter, address: string, emission: Emission): void {
    let lines = '';
    for (let n = emission.from; n < emission.to; n++) {
      lines +=
        JSON.stringify(truthFlow(exporter, address, emission, exporter.flows, exporter.order[n]!)) + '\n';
    }
    if (lines !== '') this.stream.write(lines);
  }

  async close(): Promise<void> {
    this.stream.end();
    await once(this.stream, 'close');
  }
}
