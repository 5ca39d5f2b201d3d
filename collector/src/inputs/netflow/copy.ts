import type { FlowBatch } from '@weir/core';
import { V4_MAPPED } from '@weir/core';
import { applicationHigh, applicationLow } from './application.ts';
import { type Octets, u32, unsigned } from './bytes.ts';
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
  octets: Octets,
  layout: RecordLayout,
  batch: FlowBatch,
  row: number,
  context: CopyContext,
): void {
  const n = layout.records;
  const { starts } = layout;
  const first = op.segment * n;
  const { offset, length } = op;
  const { bytes, view } = octets;
  switch (op.kind) {
    case 'unsigned8':
      if (length === 1) copy8(bytes, starts, first, offset, n, batch.u8(op.column), row);
      else cut(op, bytes, starts, first, n, batch.u8(op.column), row, 0xff, context);
      return;
    case 'unsigned16':
      if (length === 2) copy16(view, starts, first, offset, n, batch.u16(op.column), row);
      else if (length === 1) copy8To16(bytes, starts, first, offset, n, batch.u16(op.column), row);
      else cut(op, bytes, starts, first, n, batch.u16(op.column), row, 0xffff, context);
      return;
    case 'unsigned32':
      if (length === 4) copy32(view, starts, first, offset, n, batch.u32(op.column), row);
      else if (length === 2) copy16To32(view, starts, first, offset, n, batch.u32(op.column), row);
      else cut(op, bytes, starts, first, n, batch.u32(op.column), row, TWO_32 - 1, context);
      return;
    case 'unsigned64':
      if (length === 4) copy32To64(view, starts, first, offset, n, batch.u32(op.column), row);
      else if (length === 8) copy64(view, starts, first, offset, n, batch.u32(op.column), row);
      else copyOddTo64(bytes, starts, first, offset, length, n, batch.u32(op.column), row);
      return;
    case 'ipv4':
      copyIpv4(view, starts, first, offset, n, batch.u32(op.column), row, op.keepIfZero);
      return;
    case 'ipv6':
      copyIpv6(view, starts, first, offset, n, batch.u32(op.column), row, op.keepIfZero);
      return;
    case 'text': {
      const out = batch.u32(op.column);
      const dictionary = batch.dictionary(op.column);
      for (let r = 0; r < n; r++) {
        const from = fieldStart(op, layout, r);
        const to = from + fieldLength(op, layout, r);
        let end = from;
        while (end < to && bytes[end] !== 0) end++; // text of a fixed length ends at its first NUL
        const id = dictionary.intern(bytes, from, end);
        if (id !== 0 || !op.keepIfZero) out[row + r] = id;
      }
      return;
    }
    case 'hex': {
      const out = batch.u32(op.column);
      const dictionary = batch.dictionary(op.column);
      for (let r = 0; r < n; r++) {
        const from = fieldStart(op, layout, r);
        out[row + r] = dictionary.internText(
          hexGroups(bytes, from, from + Math.min(fieldLength(op, layout, r), 64)),
        );
      }
      return;
    }
    case 'applicationId': {
      const out = batch.u32(op.column);
      for (let r = 0; r < n; r++) {
        const from = fieldStart(op, layout, r);
        const to = from + fieldLength(op, layout, r);
        out[2 * (row + r)] = applicationLow(bytes, from, to);
        out[2 * (row + r) + 1] = applicationHigh(bytes, from, to);
      }
      return;
    }
    case 'highByte':
      copy8(bytes, starts, first, offset, n, batch.u8(op.column), row);
      return;
    case 'lowByte':
      copy8(bytes, starts, first, offset + 1, n, batch.u8(op.column), row);
      return;
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
        out[row + r] = value >= TWO_32 ? TWO_32 - 1 : value;
      }
      return;
    }
    case 'sampler': {
      const out = context.samplers;
      for (let r = 0; r < n; r++) out[r] = unsigned(bytes, starts[first + r]! + offset, length);
      return;
    }
    case 'or16': {
      const out = batch.u16(op.column);
      for (let r = 0; r < n; r++) {
        const at = starts[first + r]! + offset;
        out[row + r] = out[row + r]! | (length === 1 ? bytes[at]! : view.getUint16(at));
      }
      return;
    }
    case 'packetSpace': {
      // RFC 5477 section 8.2: of interval + space packets, the first interval are taken.
      const out = batch.u32(op.column);
      for (let r = 0; r < n; r++) {
        const interval = out[row + r]!;
        const space = unsigned(bytes, starts[first + r]! + offset, length);
        out[row + r] = interval === 0 ? 0 : Math.min(Math.round((interval + space) / interval), TWO_32 - 1);
      }
      return;
    }
    case 'time':
      copyTimes(op, octets, layout, batch, row, context);
      return;
  }
}

/**
 * A field whose column another field has filled: only its values other than zero are written. Rare enough to keep what was
 * there and to put it back.
 */
export function overlayField(
  op: Op,
  octets: Octets,
  layout: RecordLayout,
  batch: FlowBatch,
  row: number,
  context: CopyContext,
): void {
  const wide = op.kind === 'unsigned64' || op.kind === 'applicationId';
  const words = wide ? 2 : 1;
  const array = batch.array(op.column);
  const before = array.slice(row * words, (row + layout.records) * words);
  array.fill(0, row * words, (row + layout.records) * words);
  copyField(op, octets, layout, batch, row, context);
  for (let r = 0; r < layout.records; r++) {
    const at = (row + r) * words;
    if (array[at] !== 0 || (wide && array[at + 1] !== 0)) continue;
    for (let w = 0; w < words; w++) array[at + w] = before[r * words + w]!;
  }
}

function fieldStart(op: Op, layout: RecordLayout, record: number): number {
  const at = op.segment * layout.records + record;
  return op.length === VARIABLE_LENGTH
    ? layout.starts[at]! - layout.lengths[at]!
    : layout.starts[at]! + op.offset;
}

function fieldLength(op: Op, layout: RecordLayout, record: number): number {
  return op.length === VARIABLE_LENGTH ? layout.lengths[op.segment * layout.records + record]! : op.length;
}

/*
 * The loops that most fields of most exporters run through, one for each kind of array so that each stays fast. `starts[first + r] + offset` is where the field of record r
 * lies; one read of a DataView costs less than the bytes one by one.
 */

function copy8(
  bytes: Uint8Array,
  starts: Int32Array,
  first: number,
  offset: number,
  n: number,
  out: Uint8Array,
  row: number,
): void {
  for (let r = 0; r < n; r++) out[row + r] = bytes[starts[first + r]! + offset]!;
}

function copy8To16(
  bytes: Uint8Array,
  starts: Int32Array,
  first: number,
  offset: number,
  n: number,
  out: Uint16Array,
  row: number,
): void {
  for (let r = 0; r < n; r++) out[row + r] = bytes[starts[first + r]! + offset]!;
}

function copy16(
  view: DataView,
  starts: Int32Array,
  first: number,
  offset: number,
  n: number,
  out: Uint16Array,
  row: number,
): void {
  for (let r = 0; r < n; r++) out[row + r] = view.getUint16(starts[first + r]! + offset);
}

function copy16To32(
  view: DataView,
  starts: Int32Array,
  first: number,
  offset: number,
  n: number,
  out: Uint32Array,
  row: number,
): void {
  for (let r = 0; r < n; r++) out[row + r] = view.getUint16(starts[first + r]! + offset);
}

function copy32(
  view: DataView,
  starts: Int32Array,
  first: number,
  offset: number,
  n: number,
  out: Uint32Array,
  row: number,
): void {
  for (let r = 0; r < n; r++) out[row + r] = view.getInt32(starts[first + r]! + offset);
}

function copy32To64(
  view: DataView,
  starts: Int32Array,
  first: number,
  offset: number,
  n: number,
  out: Uint32Array,
  row: number,
): void {
  for (let r = 0; r < n; r++) out[2 * (row + r)] = view.getInt32(starts[first + r]! + offset);
}

function copy64(
  view: DataView,
  starts: Int32Array,
  first: number,
  offset: number,
  n: number,
  out: Uint32Array,
  row: number,
): void {
  for (let r = 0; r < n; r++) {
    const at = starts[first + r]! + offset;
    out[2 * (row + r)] = view.getInt32(at + 4);
    out[2 * (row + r) + 1] = view.getInt32(at);
  }
}

function copyIpv4(
  view: DataView,
  starts: Int32Array,
  first: number,
  offset: number,
  n: number,
  out: Uint32Array,
  row: number,
  keepIfZero: boolean,
): void {
  if (!keepIfZero) {
    // The first half is zero in a row that nothing has been written to.
    for (let r = 0, to = 4 * row; r < n; r++, to += 4) {
      out[to + 2] = V4_MAPPED;
      out[to + 3] = view.getInt32(starts[first + r]! + offset, true);
    }
    return;
  }
  for (let r = 0; r < n; r++) {
    const word = view.getInt32(starts[first + r]! + offset, true);
    if (word === 0) continue;
    const to = 4 * (row + r);
    out[to] = 0;
    out[to + 1] = 0;
    out[to + 2] = V4_MAPPED;
    out[to + 3] = word;
  }
}

function copyIpv6(
  view: DataView,
  starts: Int32Array,
  first: number,
  offset: number,
  n: number,
  out: Uint32Array,
  row: number,
  keepIfZero: boolean,
): void {
  for (let r = 0; r < n; r++) {
    const at = starts[first + r]! + offset;
    const a = view.getInt32(at, true);
    const b = view.getInt32(at + 4, true);
    const c = view.getInt32(at + 8, true);
    const d = view.getInt32(at + 12, true);
    if (keepIfZero && (a | b | c | d) === 0) continue;
    const to = 4 * (row + r);
    out[to] = a;
    out[to + 1] = b;
    out[to + 2] = c;
    out[to + 3] = d;
  }
}

/** A number of an unusual length (RFC 7011 section 6.2), cut to the column's largest. */
function cut(
  op: Op,
  bytes: Uint8Array,
  starts: Int32Array,
  first: number,
  n: number,
  out: Uint8Array | Uint16Array | Uint32Array,
  row: number,
  largest: number,
  context: CopyContext,
): void {
  for (let r = 0; r < n; r++) {
    const value = unsigned(bytes, starts[first + r]! + op.offset, op.length);
    if (value > largest) context.saturated = true;
    out[row + r] = value > largest ? largest : value;
  }
}

function copyOddTo64(
  bytes: Uint8Array,
  starts: Int32Array,
  first: number,
  offset: number,
  length: number,
  n: number,
  out: Uint32Array,
  row: number,
): void {
  const low = Math.min(4, length);
  for (let r = 0; r < n; r++) {
    const at = starts[first + r]! + offset;
    out[2 * (row + r)] = unsigned(bytes, at + length - low, low);
    out[2 * (row + r) + 1] = unsigned(bytes, at, length - low);
  }
}

function hexGroups(bytes: Uint8Array, from: number, to: number): string {
  const groups: string[] = [];
  for (let at = from; at + 4 <= to; at += 4) groups.push(u32(bytes, at).toString(16).padStart(8, '0'));
  return groups.join('-');
}
