import { type FlowBatch, V4_MAPPED, at } from '@weir/core';
import { u16, u32 } from './bytes.ts';

/** Sizes by Cisco's description of the version 5 export datagram. */
export const V5_HEADER = 24;
export const V5_RECORD = 48;

export interface V5Header {
  /** As the header says: never trusted, see `heldRecords`. */
  readonly count: number;
  readonly heldRecords: number;
  readonly uptimeMs: number;
  readonly exportMs: number;
  readonly sequence: number;
  /** Engine type and id as one number: each engine numbers its own flows. */
  readonly engine: number;
  /** One packet in so many, 0 where the header is silent. */
  readonly samplingRate: number;
}

export function readV5Header(bytes: Uint8Array): V5Header {
  return {
    count: u16(bytes, 2),
    heldRecords: Math.floor((bytes.length - V5_HEADER) / V5_RECORD),
    uptimeMs: u32(bytes, 4),
    exportMs: u32(bytes, 8) * 1000 + Math.floor(u32(bytes, 12) / 1e6),
    sequence: u32(bytes, 16),
    engine: u16(bytes, 20),
    samplingRate: u16(bytes, 22) & 0x3fff, // the upper two bits are the mode
  };
}

/** Decodes `records` records, column by column, into rows `row`, `row + 1`, …: whose zeros are already there. */
export function copyV5Records(
  bytes: Uint8Array,
  records: number,
  header: V5Header,
  batch: FlowBatch,
  row: number,
): void {
  address(bytes, 0, records, batch.u32(at.source_ip), row);
  address(bytes, 4, records, batch.u32(at.destination_ip), row);
  address(bytes, 8, records, batch.u32(at.next_hop), row);
  halves(bytes, 12, records, batch.u32(at.input_interface), row);
  halves(bytes, 14, records, batch.u32(at.output_interface), row);
  counter(bytes, 16, records, batch.u32(at.packets_in), row);
  counter(bytes, 20, records, batch.u32(at.bytes_in), row);
  time(bytes, 24, records, header, batch.startMs, row);
  time(bytes, 28, records, header, batch.endMs, row);
  halves(bytes, 32, records, batch.u16(at.source_port), row);
  halves(bytes, 34, records, batch.u16(at.destination_port), row);
  octets(bytes, 37, records, batch.u16(at.tcp_flags), row);
  octets(bytes, 38, records, batch.u8(at.protocol), row);
  octets(bytes, 39, records, batch.u8(at.tos), row);
  halves(bytes, 40, records, batch.u32(at.source_as), row);
  halves(bytes, 42, records, batch.u32(at.destination_as), row);
  octets(bytes, 44, records, batch.u8(at.source_mask), row);
  octets(bytes, 45, records, batch.u8(at.destination_mask), row);
}

/** Columns that a v5 record fills. */
export const V5_FILLS: ReadonlySet<number> = new Set([
  at.source_ip,
  at.destination_ip,
  at.next_hop,
  at.input_interface,
  at.output_interface,
  at.packets_in,
  at.bytes_in,
  at.source_port,
  at.destination_port,
  at.tcp_flags,
  at.protocol,
  at.tos,
  at.source_as,
  at.destination_as,
  at.source_mask,
  at.destination_mask,
]);

function address(bytes: Uint8Array, offset: number, n: number, out: Uint32Array, row: number): void {
  for (let r = 0, from = V5_HEADER + offset; r < n; r++, from += V5_RECORD) {
    const to = 4 * (row + r);
    out[to + 2] = V4_MAPPED;
    out[to + 3] =
      bytes[from]! | (bytes[from + 1]! << 8) | (bytes[from + 2]! << 16) | (bytes[from + 3]! << 24);
  }
}

function counter(bytes: Uint8Array, offset: number, n: number, out: Uint32Array, row: number): void {
  for (let r = 0, from = V5_HEADER + offset; r < n; r++, from += V5_RECORD)
    out[2 * (row + r)] =
      (bytes[from]! << 24) | (bytes[from + 1]! << 16) | (bytes[from + 2]! << 8) | bytes[from + 3]!;
}

function halves(
  bytes: Uint8Array,
  offset: number,
  n: number,
  out: Uint16Array | Uint32Array,
  row: number,
): void {
  for (let r = 0, from = V5_HEADER + offset; r < n; r++, from += V5_RECORD)
    out[row + r] = (bytes[from]! << 8) | bytes[from + 1]!;
}

function octets(
  bytes: Uint8Array,
  offset: number,
  n: number,
  out: Uint8Array | Uint16Array,
  row: number,
): void {
  for (let r = 0, from = V5_HEADER + offset; r < n; r++, from += V5_RECORD) out[row + r] = bytes[from]!;
}

function time(
  bytes: Uint8Array,
  offset: number,
  n: number,
  header: V5Header,
  out: Float64Array,
  row: number,
): void {
  const uptime = header.uptimeMs | 0;
  for (let r = 0, from = V5_HEADER + offset; r < n; r++, from += V5_RECORD) {
    const value =
      (bytes[from]! << 24) | (bytes[from + 1]! << 16) | (bytes[from + 2]! << 8) | bytes[from + 3]!;
    out[row + r] = header.exportMs - ((uptime - value) | 0);
  }
}
