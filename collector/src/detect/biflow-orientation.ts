import { type ColumnName, type FlowBatch, at, columnByName, layoutOf } from '@weir/core';

/*
 * Biflows from whom began. RFC 5103 leaves it to the exporter which end is the source (5.1: initiator, perimeter, or arbitrary), and most do
 * not say. Some (softflowd) sort the two ends by address. Read as they come, half of these would have servers contact their clients, and
 * each victim of a scan scan its attacker.
 */

const TCP = 6;
const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;

/** So many biflows of an exporter, all with the lower address first, are no chance. */
const ENOUGH = 48;
const MOST_EXPORTERS = 4096;

/** Columns of the two ends or directions, which change places. */
const twins: readonly (readonly [ColumnName, ColumnName])[] = [
  ['source_ip', 'destination_ip'],
  ['source_port', 'destination_port'],
  ['bytes_in', 'bytes_out'],
  ['packets_in', 'packets_out'],
  ['tcp_flags', 'tcp_flags_out'],
  ['retransmissions', 'retransmissions_out'],
  ['input_interface', 'output_interface'],
];

interface Habit {
  lowerFirst: number;
  higherFirst: number;
}

/**
 * Turns round the biflows of a batch whose source did not begin, in place:
 *
 * - nothing went from source to destination, yet something came back;
 * - TCP: the destination sent SYN without ACK, or the source did nothing but refuse;
 * - where an exporter always has the lower address first: the source has the lower port, which is the service's.
 *
 * Others stay as they are. It remembers of each exporter how it orders.
 */
export class BiflowOrientation {
  private readonly habits = new Map<number, Habit>();
  private readonly pairs = twins.map(([a, b]) => ({
    a: at[a],
    b: at[b],
    words: layoutOf(columnByName(a)!.type as 'UInt8').words,
  }));
  /** Biflows that were turned round. */
  turned = 0;

  orient(batch: FlowBatch, from = 0, to = batch.rows): void {
    if (!batch.has(at.packets_out)) return;
    const packetsOut = batch.u32(at.packets_out);
    const packetsIn = batch.u32(at.packets_in);
    const source = batch.u32(at.source_ip);
    const destination = batch.u32(at.destination_ip);
    const sourcePort = batch.u16(at.source_port);
    const destinationPort = batch.u16(at.destination_port);
    const protocol = batch.u8(at.protocol);
    const flags = batch.u16(at.tcp_flags);
    const flagsOut = batch.has(at.tcp_flags_out) ? batch.u16(at.tcp_flags_out) : undefined;
    const collector = batch.u32(at.collector_ip);
    for (let r = from; r < to; r++) {
      if (packetsOut[2 * r] === 0 && packetsOut[2 * r + 1] === 0) continue;
      const habit = this.habitOf(collector, 4 * r);
      const order = compared(source, destination, 4 * r);
      if (order < 0) habit.lowerFirst++;
      else if (order > 0) habit.higherFirst++;
      let turn = packetsIn[2 * r] === 0 && packetsIn[2 * r + 1] === 0;
      let known = turn;
      if (!known && protocol[r] === TCP && flagsOut !== undefined) {
        const forward = flags[r]!;
        const back = flagsOut[r]!;
        const begins = (forward & (SYN | ACK)) === SYN;
        const began = (back & (SYN | ACK)) === SYN;
        const refuses = (forward & (SYN | RST)) === RST && (back & SYN) !== 0;
        known = begins || began || refuses;
        turn = !begins && (began || refuses);
      }
      if (!known && habit.higherFirst === 0 && habit.lowerFirst >= ENOUGH)
        turn = sourcePort[r]! < destinationPort[r]!;
      if (turn) this.turn(batch, r);
    }
  }

  private turn(batch: FlowBatch, row: number): void {
    this.turned++;
    for (const { a, b, words } of this.pairs) {
      if (!batch.has(a) && !batch.has(b)) continue;
      const one = batch.array(a);
      const other = batch.array(b);
      for (let i = row * words; i < (row + 1) * words; i++) {
        const value = one[i]!;
        one[i] = other[i]!;
        other[i] = value;
      }
    }
  }

  private habitOf(collector: Uint32Array, o: number): Habit {
    const key = (collector[o]! ^ collector[o + 1]! ^ collector[o + 2]! ^ collector[o + 3]!) >>> 0;
    let habit = this.habits.get(key);
    if (habit === undefined) {
      if (this.habits.size >= MOST_EXPORTERS) this.habits.clear();
      this.habits.set(key, (habit = { lowerFirst: 0, higherFirst: 0 }));
    }
    return habit;
  }
}

/** Below zero where the address in `a` is the lower one, by its bytes. */
function compared(a: Uint32Array, b: Uint32Array, o: number): number {
  for (let k = o; k < o + 4; k++) {
    if (a[k] === b[k]) continue;
    const x = a[k]!;
    const y = b[k]!;
    for (let shift = 0; shift < 32; shift += 8) {
      const d = ((x >>> shift) & 255) - ((y >>> shift) & 255);
      if (d !== 0) return d;
    }
  }
  return 0;
}
