import type { FlowBatch } from '@weir/core';
import { V4_MAPPED } from '@weir/core';
import { u32, unsigned } from './bytes.ts';
import type { RecordLayout } from './layout.ts';
import type { Op } from './plan.ts';
import { VARIABLE_LENGTH } from './template.ts';
import { type TimeBase, copyTimes } from './times.ts';

/** What the loops need beside the bytes. */
export interface CopyContext extends TimeBase {
  /** Sampler (selector) of each record, where the template has one. */
  samplers: Float64Array;
  /** Set where a number was cut to its column's largest. */
  saturated: boolean;
}

const TWO_32 = 4294967296;

/** Runs one field's loop over all records of a set: into rows `row`, `row + 1`, … of the batch. */
export function copyField(
  op: Op,
  bytes: Uint8Array,
  layout: RecordLayout,
  batch: FlowBatch,
  row: number,
  context: CopyContext,
): void {
  const n = layout.records;
  const { starts } = layout;
  const first = op.segment * n;
  const { offset, length } = op;
  switch (op.kind) {
    case 'unsigned8': {
      const out = batch.u8(op.column);
      if (length === 1) for (let r = 0; r < n; r++) out[row + r] = bytes[starts[first + r]! + offset]!;
      else
        for (let r = 0; r < n; r++) {
          const value = unsigned(bytes, starts[first + r]! + offset, length);
          if (value > 0xff) context.saturated = true;
          out[row + r] = value > 0xff ? 0xff : value;
        }
      return;
    }
    case 'unsigned16': {
      const out = batch.u16(op.column);
      if (length === 2)
        for (let r = 0; r < n; r++) {
          const at = starts[first + r]! + offset;
          out[row + r] = (bytes[at]! << 8) | bytes[at + 1]!;
        }
      else if (length === 1) for (let r = 0; r < n; r++) out[row + r] = bytes[starts[first + r]! + offset]!;
      else
        for (let r = 0; r < n; r++) {
          const value = unsigned(bytes, starts[first + r]! + offset, length);
          if (value > 0xffff) context.saturated = true;
          out[row + r] = value > 0xffff ? 0xffff : value;
        }
      return;
    }
    case 'unsigned32': {
      const out = batch.u32(op.column);
      if (length === 4)
        for (let r = 0; r < n; r++) {
          const at = starts[first + r]! + offset;
          out[row + r] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
        }
      else if (length === 2)
        for (let r = 0; r < n; r++) {
          const at = starts[first + r]! + offset;
          out[row + r] = (bytes[at]! << 8) | bytes[at + 1]!;
        }
      else
        for (let r = 0; r < n; r++) {
          const value = unsigned(bytes, starts[first + r]! + offset, length);
          if (value >= TWO_32) context.saturated = true;
          out[row + r] = value >= TWO_32 ? 0xffffffff : value;
        }
      return;
    }
    case 'unsigned64': {
      const out = batch.u32(op.column);
      if (length === 4)
        for (let r = 0; r < n; r++) {
          const at = starts[first + r]! + offset;
          out[2 * (row + r)] =
            (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
        }
      else if (length === 8)
        for (let r = 0; r < n; r++) {
          const at = starts[first + r]! + offset;
          out[2 * (row + r)] =
            (bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!;
          out[2 * (row + r) + 1] =
            (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
        }
      else
        for (let r = 0; r < n; r++) {
          const at = starts[first + r]! + offset;
          const low = Math.min(4, length);
          out[2 * (row + r)] = unsigned(bytes, at + length - low, low);
          out[2 * (row + r) + 1] = unsigned(bytes, at, length - low);
        }
      return;
    }
    case 'ipv4': {
      const out = batch.u32(op.column);
      for (let r = 0; r < n; r++) {
        const at = starts[first + r]! + offset;
        const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
        if (op.keepIfZero && word === 0) continue;
        const to = 4 * (row + r);
        out[to] = 0;
        out[to + 1] = 0;
        out[to + 2] = V4_MAPPED;
        out[to + 3] = word;
      }
      return;
    }
    case 'ipv6': {
      const out = batch.u32(op.column);
      for (let r = 0; r < n; r++) {
        const at = starts[first + r]! + offset;
        const a = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
        const b = bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24);
        const c = bytes[at + 8]! | (bytes[at + 9]! << 8) | (bytes[at + 10]! << 16) | (bytes[at + 11]! << 24);
        const d =
          bytes[at + 12]! | (bytes[at + 13]! << 8) | (bytes[at + 14]! << 16) | (bytes[at + 15]! << 24);
        if (op.keepIfZero && (a | b | c | d) === 0) continue;
        const to = 4 * (row + r);
        out[to] = a;
        out[to + 1] = b;
        out[to + 2] = c;
        out[to + 3] = d;
      }
      return;
    }
    case 'text': {
      const out = batch.u32(op.column);
      const dictionary = batch.dictionary(op.column);
      for (let r = 0; r < n; r++) {
        let from = starts[first + r]! + offset;
        let to = from + length;
        if (length === VARIABLE_LENGTH) {
          to = starts[first + r]!;
          from = to - layout.lengths[first + r]!;
        }
        let end = from;
        while (end < to && bytes[end] !== 0) end++; // text of a fixed length ends at its first NUL
        out[row + r] = dictionary.intern(bytes, from, end);
      }
      return;
    }
    case 'hex': {
      const out = batch.u32(op.column);
      const dictionary = batch.dictionary(op.column);
      for (let r = 0; r < n; r++) {
        let from = starts[first + r]! + offset;
        let to = from + length;
        if (length === VARIABLE_LENGTH) {
          to = starts[first + r]!;
          from = to - layout.lengths[first + r]!;
        }
        out[row + r] = dictionary.internText(hexGroups(bytes, from, Math.min(to, from + 64)));
      }
      return;
    }
    case 'highByte':
    case 'lowByte': {
      const out = batch.u8(op.column);
      const at = op.kind === 'highByte' ? offset : offset + 1;
      for (let r = 0; r < n; r++) out[row + r] = bytes[starts[first + r]! + at]!;
      return;
    }
    case 'plusOne': {
      const out = batch.u8(op.column);
      for (let r = 0; r < n; r++) {
        const value = unsigned(bytes, starts[first + r]! + offset, length);
        out[row + r] = value > 1 ? 0 : value + 1;
      }
      return;
    }
    case 'dscp': {
      const out = batch.u8(op.column);
      for (let r = 0; r < n; r++)
        out[row + r] = (unsigned(bytes, starts[first + r]! + offset, length) % 64) << 2;
      return;
    }
    case 'mplsLabel': {
      const out = batch.u32(op.column);
      for (let r = 0; r < n; r++) out[row + r] = unsigned(bytes, starts[first + r]! + offset, 3) >>> 4;
      return;
    }
    case 'milliToMicro':
    case 'microToMilli': {
      const out = batch.u32(op.column);
      const factor = op.kind === 'milliToMicro' ? 1000 : 0.001;
      for (let r = 0; r < n; r++) {
        const value = Math.floor(unsigned(bytes, starts[first + r]! + offset, length) * factor);
        if (value >= TWO_32) context.saturated = true;
        out[row + r] = value >= TWO_32 ? 0xffffffff : value;
      }
      return;
    }
    case 'sampler': {
      const out = context.samplers;
      for (let r = 0; r < n; r++) out[r] = unsigned(bytes, starts[first + r]! + offset, Math.min(length, 8));
      return;
    }
    case 'packetSpace': {
      // RFC 5477 section 8.2: of interval + space packets, the first interval are taken.
      const out = batch.u32(op.column);
      for (let r = 0; r < n; r++) {
        const interval = out[row + r]!;
        const space = unsigned(bytes, starts[first + r]! + offset, Math.min(length, 8));
        out[row + r] = interval === 0 ? 0 : Math.min(Math.round((interval + space) / interval), 0xffffffff);
      }
      return;
    }
    case 'time':
      copyTimes(op, bytes, layout, batch, row, context);
      return;
  }
}

function hexGroups(bytes: Uint8Array, from: number, to: number): string {
  const groups: string[] = [];
  for (let at = from; at + 4 <= to; at += 4) groups.push(u32(bytes, at).toString(16).padStart(8, '0'));
  return groups.join('-');
}
