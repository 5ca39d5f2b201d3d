import { scattered } from '@weir/core/windows';
import { type Flow, NOON } from '../../../windows/testing/flows.ts';

/*
 * Traffic as exporters tell of it: flows of one direction (NetFlow v5, v9) where not said otherwise. Times are seconds after NOON.
 */

export const TCP = 6;
export const UDP = 17;
export const ICMP = 1;
export const SYN = 0x02;
export const RST = 0x04;
export const ACK = 0x10;
/** All flags of a connection that came about and ended. */
export const WHOLE = 0x1b;

/** An address of 198.18.0.0/15 and beyond: others' hosts, as many as wanted. */
export function other(n: number): string {
  return `198.${18 + ((n >>> 16) & 1)}.${(n >>> 8) & 255}.${n & 255}`;
}

/** An own host. */
export function own(n: number): string {
  return `10.0.${(n >>> 8) & 255}.${n & 255}`;
}

/** Flows, the n-th made by `make`, all over the seconds `[from, to)`. */
export function spread(flows: number, from: number, to: number, make: (n: number) => Flow): Flow[] {
  return Array.from({ length: flows }, (_, n) => ({
    timestamp: NOON + from + Math.floor((n * (to - from)) / flows),
    ...make(n),
  }));
}

export interface ConnectionShape {
  readonly bytes?: number;
  readonly packets?: number;
  readonly bytesBack?: number;
  readonly packetsBack?: number;
  readonly durationMs?: number;
  readonly protocol?: number;
  readonly samplingRate?: number;
}

/** Both flows of a conversation that a client begins, each by itself. */
export function conversation(
  at: number,
  client: string,
  clientPort: number,
  server: string,
  serverPort: number,
  shape: ConnectionShape = {},
): Flow[] {
  const { bytes = 1_200, packets = 8, bytesBack = 6_000, packetsBack = 8, durationMs = 200 } = shape;
  const { protocol = TCP, samplingRate = 1 } = shape;
  const common = {
    timestamp: NOON + at,
    protocol,
    duration_ms: durationMs,
    sampling_rate: samplingRate,
    ...(protocol === TCP ? { tcp_flags: WHOLE } : {}),
  };
  return [
    {
      ...common,
      source_ip: client,
      source_port: clientPort,
      destination_ip: server,
      destination_port: serverPort,
      bytes_in: bytes,
      packets_in: packets,
    },
    {
      ...common,
      source_ip: server,
      source_port: serverPort,
      destination_ip: client,
      destination_port: clientPort,
      bytes_in: bytesBack,
      packets_in: packetsBack,
    },
  ];
}

/** What unidirectional flows of a conversation are as a biflow. */
export function biflow([forth, back]: readonly Flow[]): Flow {
  return {
    ...forth!,
    bytes_out: back!.bytes_in!,
    packets_out: back!.packets_in!,
    ...(back!.tcp_flags === undefined ? {} : { tcp_flags_out: back!.tcp_flags }),
  };
}

/** What is seen of flows where of each `rate` packets one is looked at, which of them by chance: the same chance each time. */
export function sampled(flows: readonly Flow[], rate: number): Flow[] {
  let seen = 0;
  let block = 0;
  const kept: Flow[] = [];
  for (const flow of flows) {
    const packets = Number(flow.packets_in ?? 0);
    let sampledPackets = 0;
    for (; block * rate + (scattered(block + 1) % rate) < seen + packets; block++) sampledPackets++;
    seen += packets;
    if (sampledPackets === 0) continue;
    kept.push({
      ...flow,
      packets_in: sampledPackets,
      bytes_in: Math.round((Number(flow.bytes_in ?? 0) / packets) * sampledPackets),
      sampling_rate: rate,
    });
  }
  return kept;
}
