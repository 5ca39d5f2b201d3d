import type { FlowColumns } from './flow-columns.ts';

/** The export protocol, as users name it. */
export type ExportProtocol = 'v5' | 'v9' | 'ipfix';

/** AS_TRANS (RFC 6793): stands for a number of 32 bits in a field of 16. */
export const AS_TRANS = 23456;

/** A datagram as it goes on the wire, and what its receiver should find in it. */
export interface Datagram {
  readonly payload: Uint8Array;
  /** flow records, those of options not among them */
  readonly flows: number;
  /** by how much the header's sequence number goes on behind it */
  readonly sequenceStep: number;
  /** flow records by kind: the position in {@link DatagramEncoder.kinds} */
  readonly flowsByKind: Uint32Array;
  /** records of options data */
  readonly optionRecords: number;
  /** offsets of the times in it that are milliseconds since boot (32 bits), and milliseconds since 1970 (64 bits) */
  readonly uptimeOffsets: readonly number[];
  readonly epochMsOffsets: readonly number[];
}

/** The exporter's own clock at the moment of export. */
export interface ExportClock {
  /** milliseconds since 1970, whole, with the exporter's error in it */
  readonly nowMs: number;
  /** when the exporter was booted, by that clock */
  readonly bootMs: number;
}

/** A kind of flow record: one template, or the one record of NetFlow v5. */
export interface RecordKind {
  /** 0 for NetFlow v5, which has no templates */
  readonly templateId: number;
  readonly name: string;
}

/** What every encoder is told. */
export interface EncoderOptions {
  /** NetFlow v5: engine type × 256 + engine id; v9: source id; IPFIX: observation domain id */
  readonly domain: number;
  readonly samplingRate: number;
  /** largest UDP payload in bytes */
  readonly maxPayload: number;
  /** fill in the offsets of times, which replay needs */
  readonly traceTimes: boolean;
}

/** Turns rows of {@link FlowColumns} into datagrams of one protocol. */
export interface DatagramEncoder {
  readonly protocol: ExportProtocol;
  readonly kinds: readonly RecordKind[];
  /** next sequence number, in the protocol's own unit */
  sequence: number;
  /** offset of the sequence number in the header */
  readonly sequenceOffset: number;
  /** offsets in the header of the seconds since 1970, and of the milliseconds since boot (−1: it has none) */
  readonly secondsOffset: number;
  readonly uptimeOffset: number;
  /** flow records that fit into one datagram, usually */
  readonly typicalFlows: number;
  /** which kind of record a row becomes */
  kindOf(flows: FlowColumns, row: number): number;
  /** Templates, options templates and options data; none where the protocol has no such thing. */
  announcements(clock: ExportClock): Datagram[];
  /** Encodes as many of the rows `order[from]` … `order[to − 1]` as fit into one datagram: `flows` of the result says how many. */
  encode(flows: FlowColumns, order: Uint32Array, from: number, to: number, clock: ExportClock): Datagram;
}
