import { type FlowBatch, V4_MAPPED, at } from '@weir/core';
import { u16, u32 } from './bytes.ts';

/** Sizes by Cisco's description of the version 5 export datagram. */
export const V5_HEADER = 24;
export const V5_RECORD = 48;
export const V5_MAX_RECORDS = 30;

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
  view: DataView,
  records: number,
  header: V5Header,
  batch: FlowBatch,
  row: number,
): void {
  address(view, 0, records, batch.u32(at.source_ip), row);
  address(view, 4, records, batch.u32(at.destination_ip), row);
  address(view, 8, records, batch.u32(at.next_hop), row);
  halves(view, 12, records, batch.u32(at.input_interface), row);
  halves(view, 14, records, batch.u32(at.output_interface), row);
  counter(view, 16, records, batch.u32(at.packets_in), row);
  counter(view, 20, records, batch.u32(at.bytes_in), row);
  time(view, 24, records, header, batch.startMs, row);
  time(view, 28, records, header, batch.endMs, row);
  halves(view, 32, records, batch.u16(at.source_port), row);
  halves(view, 34, records, batch.u16(at.destination_port), row);
  octets(view, 37, records, batch.u16(at.tcp_flags), row);
  octets(view, 38, records, batch.u8(at.protocol), row);
  octets(view, 39, records, batch.u8(at.tos), row);
  halves(view, 40, records, batch.u32(at.source_as), row);
  halves(view, 42, records, batch.u32(at.destination_as), row);
  octets(view, 44, records, batch.u8(at.source_mask), row);
  octets(view, 45, records, batch.u8(at.destination_mask), row);
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

function address(view: DataView, offset: number, n: number, out: Uint32Array, row: number): void {
  for (let to = 4 * row, end = to + 4 * n, at = V5_HEADER + offset; to < end; to += 4, at += V5_RECORD) {
    out[to + 2] = V4_MAPPED;
    out[to + 3] = view.getInt32(at, true);
  }
}

function counter(view: DataView, offset: number, n: number, out: Uint32Array, row: number): void {
  for (let to = 2 * row, end = to + 2 * n, at = V5_HEADER + offset; to < end; to += 2, at += V5_RECORD)
    out[to] = view.getInt32(at);
}

function halves(
  view: DataView,
  offset: number,
  n: number,
  out: Uint16Array | Uint32Array,
  row: number,
): void {
  for (let to = row, end = row + n, at = V5_HEADER + offset; to < end; to++, at += V5_RECORD)
    out[to] = view.getUint16(at);
}

function octets(view: DataView, offset: number, n: number, out: Uint8Array | Uint16Array, row: number): void {
  for (let to = row, end = row + n, at = V5_HEADER + offset; to < end; to++, at += V5_RECORD)
    out[to] = view.getUint8(at);
}

/** Uptime wraps after 49.7 days: the signed difference of 32 bits is right across the wrap. */
function time(
  view: DataView,
  offset: number,
  n: number,
  header: V5Header,
  out: Float64Array,
  row: number,
): void {
  const uptime = header.uptimeMs | 0;
  const { exportMs } = header;
  for (let to = row, end = row + n, at = V5_HEADER + offset; to < end; to++, at += V5_RECORD)
    out[to] = exportMs - ((uptime - view.getInt32(at)) | 0);
}
