import type { FlowBatch } from '@weir/core';
import { type Octets, unsigned } from './bytes.ts';
import type { RecordLayout } from './layout.ts';
import type { Op, Place } from './plan.ts';

/** The clocks that a datagram's times are relative to. */
export interface TimeBase {
  /** When the exporter sent the datagram, by its clock, in milliseconds since 1970. */
  exportMs: number;
  /** The exporter's uptime when it sent it, in milliseconds; NaN where not known. */
  uptimeMs: number;
  /** Where each record says when the system started, which IPFIX exporters do; undefined where none does. */
  systemStart: Place | undefined;
}

const TWO_32 = 4294967296;
/** Seconds from NTP's era (1900) to Unix's (1970), RFC 5905 figure 4. */
const NTP_TO_UNIX = 2208988800;

/** One time element over all records of a set, into `startMs` or `endMs`; where it is not known it is not written. */
export function copyTimes(
  op: Op,
  octets: Octets,
  layout: RecordLayout,
  batch: FlowBatch,
  row: number,
  base: TimeBase,
): void {
  const out = op.isStart ? batch.startMs : batch.endMs;
  const n = layout.records;
  const { starts } = layout;
  const first = op.segment * n;
  const { offset, length } = op;
  const { bytes, view } = octets;
  switch (op.encoding) {
    case 'Uptime':
      if (base.systemStart !== undefined) copyUptimesOfRecords(op, octets, layout, out, row, base);
      else if (length === 4 && !op.keepIfZero)
        copyUptimes(view, starts, first, offset, n, out, row, base.exportMs, base.uptimeMs);
      else
        for (let r = 0; r < n; r++) {
          const value = unsigned(bytes, starts[first + r]! + offset, length);
          if (value !== 0 || !op.keepIfZero) out[row + r] = placed(value, base.exportMs, base.uptimeMs);
        }
      return;
    case 'Seconds':
      for (let r = 0; r < n; r++) {
        const value = unsigned(bytes, starts[first + r]! + offset, length);
        if (value !== 0) out[row + r] = value * 1000;
      }
      return;
    case 'Milliseconds':
      for (let r = 0; r < n; r++) {
        const at = starts[first + r]! + offset;
        const value =
          length === 8 ? view.getUint32(at) * TWO_32 + view.getUint32(at + 4) : unsigned(bytes, at, length);
        if (value !== 0) out[row + r] = value;
      }
      return;
    case 'NtpMicroseconds':
    case 'NtpNanoseconds': {
      const plainPerMs = op.encoding === 'NtpMicroseconds' ? 1e3 : 1e6;
      for (let r = 0; r < n; r++) {
        const at = starts[first + r]! + offset;
        const seconds = view.getUint32(at);
        const fraction = view.getUint32(at + 4);
        if (seconds === 0 && fraction === 0) continue;
        // Before 1970 in NTP's count: an exporter that sends a plain number of units since 1970.
        if (seconds >= NTP_TO_UNIX)
          out[row + r] = (seconds - NTP_TO_UNIX) * 1000 + (fraction / TWO_32) * 1000;
        else out[row + r] = (seconds * TWO_32 + fraction) / plainPerMs;
      }
      return;
    }
    case 'DeltaMicroseconds':
      for (let r = 0; r < n; r++)
        out[row + r] = base.exportMs - unsigned(bytes, starts[first + r]! + offset, length) / 1000;
      return;
    case undefined:
      return;
  }
}

/** Uptime wraps after 49.7 days: the signed difference of 32 bits is right across the wrap. Without a base it stays as it is. */
function placed(value: number, exportMs: number, uptimeMs: number): number {
  return uptimeMs === uptimeMs ? exportMs - (((uptimeMs | 0) - value) | 0) : value;
}

function copyUptimes(
  view: DataView,
  starts: Int32Array,
  first: number,
  offset: number,
  n: number,
  out: Float64Array,
  row: number,
  exportMs: number,
  uptimeMs: number,
): void {
  if (uptimeMs === uptimeMs) {
    const uptime = uptimeMs | 0;
    for (let r = 0; r < n; r++)
      out[row + r] = exportMs - ((uptime - view.getInt32(starts[first + r]! + offset)) | 0);
  } else for (let r = 0; r < n; r++) out[row + r] = view.getUint32(starts[first + r]! + offset);
}

function copyUptimesOfRecords(
  op: Op,
  { bytes }: Octets,
  layout: RecordLayout,
  out: Float64Array,
  row: number,
  base: TimeBase,
): void {
  const n = layout.records;
  const system = base.systemStart!;
  for (let r = 0; r < n; r++) {
    const start = unsigned(bytes, layout.starts[system.segment * n + r]! + system.offset, system.length);
    const value = unsigned(bytes, layout.starts[op.segment * n + r]! + op.offset, op.length);
    if (value === 0 && op.keepIfZero) continue;
    out[row + r] =
      start === 0
        ? placed(value, base.exportMs, base.uptimeMs)
        : placed(value, base.exportMs, base.exportMs - start);
  }
}
