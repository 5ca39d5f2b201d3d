import { type Flow, NOON } from '../../../windows/testing/flows.ts';

export { NOON };
export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;
export const URG = 0x20;
export const ESTABLISHED = SYN | ACK | PSH | FIN;

/** How exporters report a conversation: as two flows (NetFlow v5, v9), or as one with both directions (RFC 5103). */
export type Form = 'flows' | 'biflows';
export const forms: readonly Form[] = ['flows', 'biflows'];

export interface Conversation {
  /** Seconds after noon at which it ended; may have a fraction. */
  readonly at: number;
  readonly source: string;
  readonly destination: string;
  readonly port: number;
  readonly sourcePort?: number;
  readonly protocol?: number;
  readonly flags?: number;
  readonly bytes?: number;
  readonly packets?: number;
  readonly durationMs?: number;
  /** What came back; nothing where left out. */
  readonly back?: { readonly flags?: number; readonly bytes?: number; readonly packets?: number } | undefined;
  readonly tenant?: string;
  readonly samplingRate?: number;
}

/** The records of a conversation. */
export function conversation(form: Form, c: Conversation): Flow[] {
  const received = Math.ceil(NOON + c.at);
  const forward: Flow = {
    timestamp: received,
    end_lag_ms: Math.round((received - NOON - c.at) * 1000),
    tenant_id: c.tenant ?? '',
    collector_ip: '192.0.2.1',
    source_ip: c.source,
    destination_ip: c.destination,
    source_port: c.sourcePort ?? 40_000 + (Math.floor(c.at * 7 + c.port) % 20_000),
    destination_port: c.port,
    protocol: c.protocol ?? 6,
    tcp_flags: (c.protocol ?? 6) === 6 ? (c.flags ?? ESTABLISHED) : 0,
    bytes_in: c.bytes ?? 600,
    packets_in: c.packets ?? 8,
    duration_ms: c.durationMs ?? 100,
    sampling_rate: c.samplingRate ?? 1,
    input_interface: 1,
    ...(c.protocol === 1 ? { icmp_type: 8, source_port: 0, destination_port: 0 } : {}),
  };
  const { back } = c;
  if (back === undefined) return [forward];
  const bytes = back.bytes ?? 2000;
  const packets = back.packets ?? 8;
  const flags = (c.protocol ?? 6) === 6 ? (back.flags ?? ESTABLISHED) : 0;
  if (form === 'biflows')
    return [{ ...forward, bytes_out: bytes, packets_out: packets, tcp_flags_out: flags }];
  return [
    forward,
    {
      ...forward,
      source_ip: forward.destination_ip!,
      destination_ip: forward.source_ip!,
      source_port: forward.destination_port!,
      destination_port: forward.source_port!,
      bytes_in: bytes,
      packets_in: packets,
      tcp_flags: flags,
      ...(c.protocol === 1 ? { icmp_type: 0 } : {}),
    },
  ];
}

/** A connection that comes about. */
export function connection(form: Form, c: Conversation): Flow[] {
  return conversation(form, { back: {}, ...c });
}

/** A SYN that is refused, or that nobody answers. */
export function probe(form: Form, c: Conversation & { readonly refused?: boolean }): Flow[] {
  return conversation(form, {
    flags: SYN,
    bytes: 44,
    packets: 1,
    durationMs: 0,
    ...c,
    back: c.refused === true ? { flags: RST | ACK, bytes: 40, packets: 1 } : undefined,
  });
}

export function times<T>(n: number, of: (i: number) => readonly T[]): T[] {
  return Array.from({ length: n }, (_, i) => of(i)).flat();
}

/** A network of own hosts that browse, by the way: so that it is seen that answers are seen. */
export function background(form: Form, seconds: number, hosts = 8): Flow[] {
  return times(Math.floor(seconds / 5), (i) =>
    times(hosts, (h) =>
      connection(form, {
        at: i * 5 + h / hosts,
        source: `10.9.0.${h + 1}`,
        destination: `198.51.100.${((i + h) % 9) + 1}`,
        port: 443,
        sourcePort: 40_000 + ((i * hosts + h) % 20_000),
      }),
    ),
  );
}
