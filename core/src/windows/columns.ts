import type { WindowKind } from './kinds.ts';

/**
 * The one table of what a window row holds of its entity. The engine's memory, the ClickHouse table, the Native form, the SQL
 * that merges rows and the reference page are read off it.
 *
 * All counts are scaled by the sampling rate (`records` and the two `…_records` alone are not): bytes and packets are multiplied
 * by it; a flow of one sampled packet stands for as many flows as the rate says, one of more packets for itself
 * (Duffield, Lund, Thorup, "Properties and prediction of flow statistics from sampled packet streams", 2002: what is seen once
 * is most likely one of many that are short). Whoever holds a scaled count against a threshold looks at `records` as well: one
 * sampled packet at 1:1000 is no evidence of a thousand flows.
 */
export interface WindowColumn {
  readonly name: string;
  /** ClickHouse type. */
  readonly type: 'UInt64' | 'UInt32' | 'UInt8' | 'Array(UInt64)' | 'Array(UInt32)';
  readonly unit?: string;
  readonly doc: string;
  readonly merge: Merge;
  /** The kinds that have it; all where not said. In others it is zero or empty. */
  readonly kinds?: readonly WindowKind[];
  /** Buckets of a histogram. */
  readonly length?: number;
}

/**
 * How two rows of the same key become one. All are associative and commutative, so that rows of collectors, threads and
 * windows can be merged in any order.
 *
 * - `sum`, `max`, `min`; `or` of bits; `histogram`: sum by element.
 * - `distinct`: the union's smallest hashes, as many as the kind keeps (see distinct.ts).
 */
export type Merge = 'sum' | 'max' | 'min' | 'or' | 'histogram' | 'distinct';

interface Rest {
  readonly unit?: string;
  readonly kinds?: readonly WindowKind[];
  readonly length?: number;
}

function column<const N extends string, const M extends Merge>(
  name: N,
  type: WindowColumn['type'],
  merge: M,
  doc: string,
  rest: Rest = {},
): WindowColumn & { readonly name: N; readonly merge: M } {
  return { name, type, merge, doc, ...rest };
}

function sum<const N extends string>(
  name: N,
  unit: string,
  doc: string,
): WindowColumn & { readonly name: N; readonly merge: 'sum' } {
  return column(name, 'UInt64', 'sum', doc, { unit });
}

/** Hashes that a distinct-count keeps: up to one less it is exact. */
export const DISTINCT_KEPT = 32;
/** The same for kinds of which there are few. */
export const DISTINCT_KEPT_WIDE = 256;
export const wideKinds: readonly WindowKind[] = ['interface', 'tenant'];

export function distinctKept(kind: WindowKind): number {
  return wideKinds.includes(kind) ? DISTINCT_KEPT_WIDE : DISTINCT_KEPT;
}

/** Buckets of the address and port histograms that entropy is computed of. */
export const ENTROPY_BUCKETS = 64;
const entropy = { kinds: wideKinds, length: ENTROPY_BUCKETS } as const;

/** A flow of up to so many bytes falls in this bucket of `size_histogram`; larger ones in one more. */
export const sizeBounds = [64, 256, 1024, 4096, 16_384, 262_144, 4_194_304] as const;
/** The same of `duration_histogram`, in milliseconds. */
export const durationBounds = [0, 100, 1000, 10_000, 60_000, 300_000, 1_500_000] as const;

/** A login attempt is a flow of not more than so many bytes and milliseconds; what is more has got in. */
export const SHORT_LOGIN_BYTES = 16_384;
export const SHORT_LOGIN_MS = 60_000;

const MAPPED = 'hashes of distinct';

/**
 * Sums, those that are mostly zero together standing together: the engine passes over a group that a flow adds nothing to. A
 * contact is a flow of the end that began it: the engine's contact.ts says how that is told.
 */
const groups = [
  [
    sum('records', 'records', 'Flow records seen, not scaled: what the others’ certainty rests on.'),
    sum('flows', 'flows', 'Flows.'),
    sum('bytes', 'bytes', 'Octets, source to destination.'),
    sum('packets', 'packets', 'Packets, source to destination.'),
    sum('contact_flows', 'flows', 'Flows that are contacts: begun by their source.'),
  ],
  [
    sum(
      'bytes_before',
      'bytes',
      'Of `bytes`, what had been sent before the window began, taking each flow as even: `bytes` - `bytes_before` is the least ' +
        'that the window itself saw.',
    ),
    sum('outbound_bytes', 'bytes', 'Octets from own networks to others, either direction of a biflow.'),
    sum('inbound_bytes', 'bytes', 'Octets from other networks to own ones, either direction of a biflow.'),
    sum('late_records', 'records', 'Records of earlier windows that came when those were closed.'),
  ],
  [
    sum('bytes_back', 'bytes', 'Octets of biflows’ reverse direction.'),
    sum('packets_back', 'packets', 'Packets of biflows’ reverse direction.'),
    sum('answered_flows', 'flows', 'Biflows with packets in both directions.'),
  ],
  [
    sum('syn_flows', 'flows', 'TCP flows with SYN and without ACK: no connection came about.'),
    sum('syn_packets', 'packets', 'Packets of those.'),
    sum('rst_flows', 'flows', 'TCP flows with RST from the source.'),
    sum('refused_flows', 'flows', 'TCP flows of RST or RST and ACK alone: the source refused a connection.'),
    sum(
      'failed_flows',
      'flows',
      'Contacts of which one record says that they failed: SYN without ACK; of a biflow: answered by RST alone.',
    ),
  ],
  [
    sum('udp_bytes', 'bytes', 'Octets of UDP.'),
    sum('udp_packets', 'packets', 'Packets of UDP.'),
    sum('icmp_bytes', 'bytes', 'Octets of ICMP and ICMPv6.'),
    sum('icmp_packets', 'packets', 'Packets of ICMP and ICMPv6.'),
    sum('other_bytes', 'bytes', 'Octets of protocols other than TCP, UDP, ICMP. TCP is what is left.'),
    sum('other_packets', 'packets', 'Packets of those.'),
    sum('unreachable_flows', 'flows', 'ICMP "destination unreachable" from the source.'),
    sum(
      'fragment_packets',
      'packets',
      'Packets of flows of fragments: with an offset, or TCP or UDP without ports.',
    ),
  ],
  [
    sum('dns_queries', 'queries', 'Packets over UDP to port 53, flows over TCP.'),
    sum('dns_query_bytes', 'bytes', 'Octets to port 53.'),
    sum('dns_answers', 'answers', 'Packets over UDP from port 53, flows over TCP.'),
    sum('dns_answer_bytes', 'bytes', 'Octets from port 53.'),
    sum('amplified_bytes', 'bytes', 'Octets of UDP from ports that amplify (see ports.ts).'),
    sum('amplified_packets', 'packets', 'Packets of those.'),
  ],
  [
    sum('login_flows', 'flows', 'Contacts to login and administration ports over TCP (see ports.ts).'),
    sum('login_short_flows', 'flows', 'Those of few bytes and seconds: attempts.'),
    sum('login_bytes', 'bytes', 'Octets of those to login ports, both directions of a biflow.'),
  ],
  [
    sum('rtt_sum_us', 'us', 'Sum of TCP round-trip times where known.'),
    sum('rtt_records', 'records', 'Number of those: not scaled.'),
    sum('retransmissions', 'packets', 'Packets sent again, both directions of a biflow.'),
    sum(
      'measured_packets',
      'packets',
      'Packets, both directions, of TCP flows with a round-trip time or retransmissions: what `retransmissions` is a part of.',
    ),
    sum('dropped_packets', 'packets', 'Packets dropped on the way.'),
    sum(
      'dropped_flows',
      'flows',
      'Flows whose forwarding status, verdict or firewall event says dropped or denied.',
    ),
  ],
] as const;

export const sumGroups: readonly (readonly WindowColumn[])[] = groups;

/** One for each row that is neither sum nor of many values. */
const extremes = [
  column('longest_ms', 'UInt32', 'max', 'Duration of the longest flow.', { unit: 'ms' }),
  column('sampling_rate', 'UInt32', 'max', 'The highest sampling rate; 1 where nothing was sampled.'),
  column(
    'internal',
    'UInt8',
    'or',
    'Bits: 1 a source was in own networks, 2 a destination was. Of a host’s row, its own bit says whether it is an own host.',
  ),
  column(
    'amplifiers',
    'UInt32',
    'or',
    'Bits: from which of the amplifying ports, by their order in ports.ts.',
  ),
  column('first_ms', 'UInt64', 'min', 'When the first of its flows began, milliseconds since 1970.', {
    unit: 'ms',
  }),
  column('last_ms', 'UInt64', 'max', 'When the last of its flows began, milliseconds since 1970.', {
    unit: 'ms',
  }),
] as const;

const histograms = [
  column(
    'size_histogram',
    'Array(UInt64)',
    'histogram',
    `Flows by bytes: up to ${sizeBounds.join(', ')}, more.`,
    {
      length: sizeBounds.length + 1,
    },
  ),
  column(
    'duration_histogram',
    'Array(UInt64)',
    'histogram',
    `Flows by milliseconds: up to ${durationBounds.join(', ')}, more.`,
    { length: durationBounds.length + 1 },
  ),
  column('source_histogram', 'Array(UInt64)', 'histogram', 'Packets by hash of the source address.', entropy),
  column(
    'destination_histogram',
    'Array(UInt64)',
    'histogram',
    'Packets by hash of the destination address.',
    entropy,
  ),
  column(
    'source_port_histogram',
    'Array(UInt64)',
    'histogram',
    'Packets by hash of the source port.',
    entropy,
  ),
  column(
    'destination_port_histogram',
    'Array(UInt64)',
    'histogram',
    'Packets by hash of the destination port.',
    entropy,
  ),
] as const;

const distincts = [
  column('sources', 'Array(UInt32)', 'distinct', `${MAPPED} source addresses.`, {
    kinds: ['destination', 'interface', 'service', 'tenant', 'prefix'],
  }),
  column('destinations', 'Array(UInt32)', 'distinct', `${MAPPED} destination addresses.`, {
    kinds: ['interface', 'service', 'tenant', 'prefix'],
  }),
  column('contacts', 'Array(UInt32)', 'distinct', `${MAPPED} addresses that the host contacted.`, {
    kinds: ['source'],
  }),
  column(
    'failed_contacts',
    'Array(UInt32)',
    'distinct',
    `${MAPPED} addresses that the host failed to reach.`,
    {
      kinds: ['source'],
    },
  ),
  column('ports', 'Array(UInt32)', 'distinct', `${MAPPED} destination ports of contacts.`, {
    kinds: ['source', 'destination', 'interface', 'tenant'],
  }),
] as const;

/** All columns but the key, in the order of the table. */
export const windowColumns = [...groups.flat(), ...extremes, ...histograms, ...distincts] as const;

type Of<M extends Merge> = Extract<(typeof windowColumns)[number], { readonly merge: M }>['name'];
/** Columns with one number a row. */
export type WindowNumber = Of<'sum' | 'max' | 'min' | 'or'>;
export type WindowHistogram = Of<'histogram'>;
export type WindowDistinct = Of<'distinct'>;

/** The columns of a kind's rows. */
export function columnsOfKind(kind: WindowKind): readonly (WindowColumn & {
  readonly name: WindowNumber | WindowHistogram | WindowDistinct;
})[] {
  return windowColumns.filter((c: WindowColumn) => c.kinds === undefined || c.kinds.includes(kind));
}
