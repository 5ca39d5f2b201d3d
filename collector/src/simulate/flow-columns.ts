import type { Network, Site } from './network.ts';

/** Why the exporter reported the flow when it did (IPFIX `flowEndReason`, RFC 5102 5.11.3). */
export const END_IDLE = 1;
export const END_ACTIVE_TIMEOUT = 2;
export const END_OF_FLOW = 3;

/** `name` and `user` of a flow that has none. */
export const NO_NAME = 0xffff;

/**
 * Flows in columns: row i of every array is flow i. Counters are whole numbers as the exporter reports them, that is
 * counted over the sampled packets; multiply by its sampling rate for what was on the wire.
 */
export interface FlowColumns {
  readonly network: Network;
  /** the site whose router reports the flows: interfaces are positions in its list */
  readonly site: Site;
  readonly capacity: number;
  /** rows in use */
  length: number;
  /** host numbers of the network; odd = IPv6 */
  readonly sourceHost: Uint32Array;
  readonly destinationHost: Uint32Array;
  readonly sourcePort: Uint16Array;
  readonly destinationPort: Uint16Array;
  /** ICMP type × 256 + code; 0 for other protocols */
  readonly icmpTypeCode: Uint16Array;
  readonly protocol: Uint8Array;
  /** all TCP flags seen, ORed */
  readonly tcpFlags: Uint8Array;
  /** the IP type of service byte: DSCP × 4 + ECN */
  readonly tos: Uint8Array;
  readonly packets: Float64Array;
  readonly bytes: Float64Array;
  /** the other direction's, of a biflow (RFC 5103); 0 otherwise */
  readonly reversePackets: Float64Array;
  readonly reverseBytes: Float64Array;
  readonly reverseTcpFlags: Uint8Array;
  /** first and last packet, milliseconds before the moment of export */
  readonly startAgeMs: Uint32Array;
  readonly endAgeMs: Uint32Array;
  /** positions in the site's `interfaces` */
  readonly input: Uint8Array;
  readonly output: Uint8Array;
  /** 0 ingress, 1 egress: outward interfaces are metered both ways, LANs not at all, so that each flow is seen once */
  readonly direction: Uint8Array;
  readonly endReason: Uint8Array;
  /** position in the table of applications */
  readonly application: Uint8Array;
  /** positions in the network's `names` and `users`, or {@link NO_NAME} */
  readonly name: Uint16Array;
  readonly user: Uint16Array;
}

export function createFlowColumns(network: Network, site: Site, capacity: number): FlowColumns {
  return {
    network,
    site,
    capacity,
    length: 0,
    sourceHost: new Uint32Array(capacity),
    destinationHost: new Uint32Array(capacity),
    sourcePort: new Uint16Array(capacity),
    destinationPort: new Uint16Array(capacity),
    icmpTypeCode: new Uint16Array(capacity),
    protocol: new Uint8Array(capacity),
    tcpFlags: new Uint8Array(capacity),
    tos: new Uint8Array(capacity),
    packets: new Float64Array(capacity),
    bytes: new Float64Array(capacity),
    reversePackets: new Float64Array(capacity),
    reverseBytes: new Float64Array(capacity),
    reverseTcpFlags: new Uint8Array(capacity),
    startAgeMs: new Uint32Array(capacity),
    endAgeMs: new Uint32Array(capacity),
    input: new Uint8Array(capacity),
    output: new Uint8Array(capacity),
    direction: new Uint8Array(capacity),
    endReason: new Uint8Array(capacity),
    application: new Uint8Array(capacity),
    name: new Uint16Array(capacity),
    user: new Uint16Array(capacity),
  };
}

/** Copies one row into another table; slow, for the odd one. */
export function copyFlow(from: FlowColumns, row: number, to: FlowColumns, toRow: number): void {
  const columns: Record<string, unknown> = { ...to };
  for (const [name, source] of Object.entries(from)) {
    const target = columns[name];
    if (isColumn(source) && isColumn(target)) target[toRow] = source[row]!;
  }
}

function isColumn(value: unknown): value is Uint8Array | Uint16Array | Uint32Array | Float64Array {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}
