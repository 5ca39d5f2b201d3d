import type { FlowBatch, TimeEncoding } from '@weir/core';
import { u32, unsigned } from './bytes.ts';
import type { RecordLayout } from './layout.ts';
import type { Op } from './plan.ts';

/** The clocks that a datagram's times are relative to. */
export interface TimeBase {
  /** When the exporter sent the datagram, by its clock, in milliseconds since 1970. */
  exportMs: number;
  /** The exporter's uptime when it sent it, in milliseconds; NaN where the header has none. */
  uptimeMs: number;
  /** When the exporter started, in milliseconds since 1970; NaN where not known. */
  systemStartMs: number;
}

const TWO_32 = 4294967296;
/** Seconds from NTP's era (1900) to Unix's (1970), RFC 5905 figure 4. */
const NTP_TO_UNIX = 2208988800;

/** One time element over all records of a set, into `startMs` or `endMs`; a zero says "not known" and is not written. */
export function copyTimes(
  op: Op,
  bytes: Uint8Array,
  layout: RecordLayout,
  batch: FlowBatch,
  row: number,
  base: TimeBase,
): void {
  const conversion = op.conversion!;
  const isStart = conversion.startsWith('start');
  const encoding = conversion.slice(isStart ? 5 : 3) as TimeEncoding;
  const out = isStart ? batch.startMs : batch.endMs;
  const n = layout.records;
  const { starts } = layout;
  const first = op.segment * n;
  const { offset, length } = op;
  switch (encoding) {
    case 'Uptime': {
      // Uptime wraps after 49.7 days: the signed difference of 32 bits is right across the wrap.
      const fromHeader = !Number.isNaN(base.uptimeMs);
      const uptime = base.uptimeMs | 0;
      for (let r = 0; r < n; r++) {
        const at = starts[first + r]! + offset;
        const value = length === 4 ? u32(bytes, at) : unsigned(bytes, at, length);
        if (fromHeader) out[row + r] = base.exportMs - ((uptime - value) | 0);
        else out[row + r] = (Number.isNaN(base.systemStartMs) ? 0 : base.systemStartMs) + value;
      }
      return;
    }
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
          length === 8 ? u32(bytes, at) * TWO_32 + u32(bytes, at + 4) : unsigned(bytes, at, length);
        if (value !== 0) out[row + r] = value;
      }
      return;
    case 'NtpMicroseconds':
    case 'NtpNanoseconds': {
      if (length !== 8) return;
      const plainPerMs = encoding === 'NtpMicroseconds' ? 1e3 : 1e6;
      for (let r = 0; r < n; r++) {
        const at = starts[first + r]! + offset;
        const seconds = u32(bytes, at);
        const fraction = u32(bytes, at + 4);
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
  }
}
