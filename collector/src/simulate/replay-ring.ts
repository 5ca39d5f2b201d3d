import type { Emission, SimulatedExporter } from './exporter.ts';
import type { ExporterLedger } from './exporter-ledger.ts';
import { Random } from './random.ts';
import type { UdpSender } from './udp-sender.ts';

/** A datagram that is sent again and again. */
class Slot {
  readonly emission: Emission;
  /** the second of its times */
  seconds: number;
  /** given to the kernel; of these, refused */
  sends = 0;
  refusals = 0;
  withheld = 0;
  readonly done: (error: Error | null) => void;

  constructor(emission: Emission, sender: UdpSender) {
    this.emission = emission;
    this.seconds = Math.floor(emission.clock.nowMs / 1000);
    this.done = (error) => {
      if (error === null) sender.accepted();
      else {
        this.refusals++;
        sender.refused(error);
      }
    };
  }
}

/**
 * Datagrams encoded once and sent in turn, their sequence numbers and times put right in place: what is left to do for a
 * datagram is the system call. Times move by whole seconds, all of a datagram's together (header, start and end of each
 * flow), so that they are as consistent as in the original; a slot's are touched once a second at most.
 */
export class ReplayRing {
  private readonly exporter: SimulatedExporter;
  private readonly sender: UdpSender;
  private readonly slots: Slot[] = [];
  private next = 0;

  constructor(exporter: SimulatedExporter, sender: UdpSender, datagrams: number, trueMs: number) {
    this.exporter = exporter;
    this.sender = sender;
    const sequence = exporter.encoder.sequence;
    // Once only: the columns behind the slots must stay as they are, the truth is read off them at the end.
    exporter.produce(datagrams * exporter.encoder.typicalFlows, trueMs, (emission) => {
      if (emission.datagram.flows > 0) this.slots.push(new Slot(emission, sender));
    });
    exporter.encoder.sequence = sequence; // nothing has been sent yet
    // The exporter groups flows by template; all of a ring at once would send all IPv4, then all IPv6.
    const random = new Random(exporter.options.seed, exporter.options.number);
    for (let last = this.slots.length - 1; last > 0; last--) {
      const other = random.below(last + 1);
      [this.slots[last], this.slots[other]] = [this.slots[other]!, this.slots[last]!];
    }
  }

  /** Sends the next datagram (or withholds it) and returns the number of its flows. */
  send(trueMs: number): number {
    const { exporter } = this;
    const slot = this.slots[this.next]!;
    this.next = this.next + 1 === this.slots.length ? 0 : this.next + 1;
    const { datagram } = slot.emission;
    const { encoder } = exporter;
    putU32(datagram.payload, encoder.sequenceOffset, encoder.sequence);
    encoder.sequence = (encoder.sequence + datagram.sequenceStep) >>> 0;
    const seconds = Math.floor((trueMs + exporter.options.skewMs) / 1000);
    if (seconds !== slot.seconds) this.moveTimes(slot, seconds);
    if (exporter.withholds()) slot.withheld++;
    else {
      slot.sends++;
      this.sender.send(datagram.payload, slot.done);
    }
    return datagram.flows;
  }

  /** Puts what was sent so far into the ledger; to be called once, at the end. */
  book(ledger: ExporterLedger): void {
    for (const slot of this.slots) {
      ledger.book(slot.emission, 'sent', slot.sends - slot.refusals);
      ledger.book(slot.emission, 'refused', slot.refusals);
      ledger.book(slot.emission, 'withheld', slot.withheld);
    }
  }

  private moveTimes(slot: Slot, seconds: number): void {
    const { encoder } = this.exporter;
    const { payload, uptimeOffsets, epochMsOffsets } = slot.emission.datagram;
    const moveMs = (seconds - slot.seconds) * 1000;
    slot.seconds = seconds;
    putU32(payload, encoder.secondsOffset, seconds);
    if (encoder.uptimeOffset >= 0)
      putU32(payload, encoder.uptimeOffset, getU32(payload, encoder.uptimeOffset) + moveMs);
    for (let i = 0; i < uptimeOffsets.length; i++) {
      const offset = uptimeOffsets[i]!;
      putU32(payload, offset, getU32(payload, offset) + moveMs);
    }
    for (let i = 0; i < epochMsOffsets.length; i++) {
      const offset = epochMsOffsets[i]!;
      const time = getU32(payload, offset) * 4294967296 + getU32(payload, offset + 4) + moveMs;
      putU32(payload, offset, Math.floor(time / 4294967296));
      putU32(payload, offset + 4, time);
    }
  }
}

function getU32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** The low 32 bits of a whole number. */
function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
