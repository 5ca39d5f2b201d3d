import { type FlowBatch, at } from '@weir/core';

const TWO_32 = 4294967296;

/** Octets and packets of a row on the wire, source to destination: multiplied by its sampling rate. */
export interface BoundCounts {
  bytes(row: number): number;
  packets(row: number): number;
}

export function countsOf(batch: FlowBatch): BoundCounts {
  const rates = batch.has(at.sampling_rate) ? batch.u32(at.sampling_rate) : undefined;
  const of = (index: number): ((row: number) => number) => {
    if (!batch.has(index)) return () => 0;
    const words = batch.u32(index);
    return (row) => {
      const value = words[2 * row + 1]! * TWO_32 + words[2 * row]!;
      const rate = rates === undefined ? 1 : rates[row]!;
      return rate > 1 ? value * rate : value;
    };
  };
  return { bytes: of(at.bytes_in), packets: of(at.packets_in) };
}
