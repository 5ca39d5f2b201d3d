import { TCP } from './applications.ts';
import type { FlowColumns } from './flow-columns.ts';

/** What a probe measures of one TCP flow; zeros for other protocols. */
export interface TcpQuality {
  readonly roundTripUs: number;
  readonly responseUs: number;
  readonly retransmissions: number;
}

const NONE: TcpQuality = { roundTripUs: 0, responseUs: 0, retransmissions: 0 };
const LONGEST_US = 220_000;
/** Packets of which about one is sent again; on paths over long distances, and on few bad ones, more. */
const PACKETS_A_RETRANSMISSION = 400;

/**
 * Made of the flow itself, without random numbers: every pair of hosts has a distance, most are near and some far, about which its
 * flows vary a little; servers have a slowness of their own.
 */
export function tcpQuality(flows: FlowColumns, row: number): TcpQuality {
  if (flows.protocol[row] !== TCP) return NONE;
  const source = flows.sourceHost[row]! >>> 1;
  const destination = flows.destinationHost[row]! >>> 1;
  const near = share(Math.imul(source + 1, destination + 1));
  const jitter = 0.9 + 0.2 * share(flows.bytes[row]! + 31 * flows.sourcePort[row]!);
  const roundTripUs = Math.round((600 + LONGEST_US * near ** 4) * jitter);
  const server = flows.sourcePort[row]! < flows.destinationPort[row]! ? source : destination;
  const responseUs = Math.round((300 + 80_000 * share(server + 7) ** 6) * jitter);
  const lossy = near > 0.97 ? 12 : 0.3 + near;
  const expected = (flows.packets[row]! * lossy) / PACKETS_A_RETRANSMISSION;
  const retransmissions = Math.floor(expected + share(flows.bytes[row]! ^ flows.destinationPort[row]!));
  return { roundTripUs, responseUs, retransmissions: Math.min(retransmissions, flows.packets[row]!) };
}

/** A number from 0 to 1 that looks random and depends on `of` alone. */
function share(of: number): number {
  let hash = Math.imul(of | 0, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return ((hash ^ (hash >>> 13)) >>> 0) / 4294967296;
}
