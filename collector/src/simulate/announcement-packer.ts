import { ByteWriter } from './byte-writer.ts';

/** A set (FlowSet) ready to be put into a datagram: its header, its records, its padding. */
export interface EncodedSet {
  readonly bytes: Uint8Array;
  /** records in it, templates among them */
  readonly records: number;
  /** those that are data records of options */
  readonly optionRecords: number;
}

/** Writes one set: its id, its length, what `body` writes, zeros up to a multiple of four bytes. */
export function encodeSet(id: number, body: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter(new Uint8Array(65_535));
  writer.u16(id);
  writer.u16(0);
  body(writer);
  writer.zeros(-writer.position & 3);
  writer.patchU16(2, writer.position);
  return writer.bytes.slice(0, writer.position);
}

/** Sets of options data, each small enough for one datagram: `write` writes record `i` of `count`, none longer than `longest`. */
export function encodeOptionSets(
  id: number,
  count: number,
  longest: number,
  room: number,
  write: (writer: ByteWriter, i: number) => void,
): EncodedSet[] {
  const perSet = Math.max(1, Math.floor((room - 8) / longest));
  const sets: EncodedSet[] = [];
  for (let from = 0; from < count; from += perSet) {
    const to = Math.min(count, from + perSet);
    const bytes = encodeSet(id, (writer) => {
      for (let i = from; i < to; i++) write(writer, i);
    });
    sets.push({ bytes, records: to - from, optionRecords: to - from });
  }
  return sets;
}

/** Distributes sets over datagrams with `room` bytes each behind the header, in their order. */
export function packSets(sets: readonly EncodedSet[], room: number): EncodedSet[][] {
  const datagrams: EncodedSet[][] = [];
  let current: EncodedSet[] = [];
  let used = 0;
  for (const set of sets) {
    if (current.length > 0 && used + set.bytes.length > room) {
      datagrams.push(current);
      current = [];
      used = 0;
    }
    current.push(set);
    used += set.bytes.length;
  }
  if (current.length > 0) datagrams.push(current);
  return datagrams;
}
