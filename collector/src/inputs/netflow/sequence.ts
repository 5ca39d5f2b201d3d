/** What the sequence says about a datagram that has arrived. */
export type SequenceVerdict =
  | { readonly kind: 'first' | 'inOrder' | 'duplicate' | 'reset' }
  /** `missing` units lie between the one before and this one. */
  | { readonly kind: 'gap'; readonly missing: number }
  /** It is older than the newest; `fills`: it had been reported as missing. */
  | { readonly kind: 'late'; readonly fills: boolean };

/** What a sequence number counts: v5 and IPFIX records, v9 datagrams. Exporters are known to do the other. */
export type SequenceUnit = 'records' | 'datagrams';

/** What the records in a datagram say about the sequence, once they are known. */
export type SequenceSettlement =
  | { readonly kind: 'agreed' }
  /** What `arrive` said was wrong: the number fits this exporter's way of counting. */
  | { readonly kind: 'revoked' }
  /** `missing` records lie between the datagram before and this one. */
  | { readonly kind: 'gap'; readonly missing: number };

/** Datagrams among which a doubled one is looked for: the network's doubles follow each other closely. */
const REMEMBERED = 8;
/** A stream that has kept its order for so long is believed when it repeats a number. */
const PROVEN = 8;
const REMEMBERED_GAPS = 64;
/** Beyond this a jump is a restart or another stream, not loss. */
const LARGEST_GAP: Readonly<Record<SequenceUnit, number>> = { records: 2_000_000, datagrams: 50_000 };
/** How far behind the newest a datagram may come without the stream being taken for a new one. */
const LARGEST_LAG: Readonly<Record<SequenceUnit, number>> = { records: 4_096, datagrams: 64 };
/** Steps in which the two readings differ, before one of them is settled on. */
const TRIALS = 8;
/** A boot time that moves by more is another boot. */
const SAME_BOOT_MS = 10_000;

const IN_ORDER: SequenceVerdict = { kind: 'inOrder' };
const FIRST: SequenceVerdict = { kind: 'first' };
const DUPLICATE: SequenceVerdict = { kind: 'duplicate' };
const RESET: SequenceVerdict = { kind: 'reset' };
const FILLS: SequenceVerdict = { kind: 'late', fills: true };
const LATE: SequenceVerdict = { kind: 'late', fills: false };
const AGREED: SequenceSettlement = { kind: 'agreed' };
const REVOKED: SequenceSettlement = { kind: 'revoked' };

/**
 * Follows one stream of datagrams by its sequence numbers (RFC 3954 section 5.1, RFC 7011 section 3.1): tells gaps, late
 * and doubled datagrams and restarts apart, and learns what the exporter really counts.
 */
export class SequenceTracker {
  unit: SequenceUnit;
  /** Records that its sender had sent, in all observation domains, when this stream's latest datagram had been read. */
  sentByAll = 0;
  /** Whether the exporter's own habit decided `unit` against its protocol. */
  contrary = false;
  private started = false;
  private last = 0;
  private lastRecords = 0;
  private bootMs = NaN;
  /** Datagrams in a row that advanced as they should. */
  private run = 0;
  private lateInARow = 0;
  private trialsForUnit = 0;
  private trialsAgainst = 0;
  /**
   * The number counts the flows up to the end of its own datagram, where protocols say up to its beginning: softflowd's
   * IPFIX does. It shows at the first change of size; until then both readings agree.
   */
  private throughOwn = false;
  /** A step has shown that the number counts to the beginning. */
  private toBeginning = false;
  private verdict: SequenceVerdict = FIRST;
  private sequence = 0;
  /** `last` and `lastRecords` before the datagram last judged. */
  private previous = 0;
  private previousRecords = 0;
  /** The datagram last judged is not the newest: its records do not move the sequence. */
  private behind = false;
  private readonly seen = new Float64Array(REMEMBERED).fill(-1);
  private readonly prints = new Uint32Array(REMEMBERED);
  private seenAt = 0;
  private readonly gaps: { from: number; units: number }[] = [];

  constructor(unit: SequenceUnit) {
    this.unit = unit;
  }

  /**
   * A datagram numbered `sequence` (32 bits) with a fingerprint of its bytes; `bootMs` is when its exporter started, NaN
   * where not known. Call `settle` with its number of records once they are known.
   */
  arrive(sequence: number, fingerprint: number, bootMs: number): SequenceVerdict {
    const verdict = this.judge(sequence, fingerprint, bootMs);
    if (verdict.kind === 'duplicate') return verdict;
    this.verdict = verdict;
    this.sequence = sequence;
    this.previous = this.last;
    this.previousRecords = this.lastRecords;
    this.seen[this.seenAt] = sequence;
    this.prints[this.seenAt] = fingerprint;
    this.seenAt = (this.seenAt + 1) % REMEMBERED;
    this.behind = verdict.kind === 'late';
    this.lateInARow = verdict === LATE ? this.lateInARow + 1 : 0;
    if (verdict.kind === 'reset') this.run = 0;
    else if (verdict.kind === 'inOrder' && sequence !== this.last) this.run++;
    if (!this.behind) {
      this.last = sequence;
      this.lastRecords = 0;
      this.bootMs = bootMs;
      this.started = true;
    }
    return verdict;
  }

  /** The number of records in the datagram last judged, and how many of them are flows. */
  settle(records: number, flows = records): SequenceSettlement {
    const settlement =
      this.unit === 'records' && this.verdict !== FIRST ? this.reconsider(records, flows) : AGREED;
    if (!this.behind) this.lastRecords += records;
    return settlement;
  }

  private reconsider(records: number, flows: number): SequenceSettlement {
    const step = (this.sequence - this.previous) | 0;
    const toBeginning = step === this.previousRecords;
    const throughOwn = step > 0 && (step === flows || step === records);
    if (!this.throughOwn) {
      if (toBeginning && !throughOwn) this.toBeginning = true;
      if (toBeginning || !throughOwn || this.toBeginning || this.contrary || step === 1) return AGREED;
      this.throughOwn = true;
      this.contrary = true;
      if (this.verdict.kind === 'gap') this.gaps.pop();
      this.behind = false;
      this.lateInARow = 0;
      this.last = this.sequence;
      this.lastRecords = 0;
      return REVOKED;
    }
    if (this.verdict !== IN_ORDER || throughOwn) return AGREED;
    if (toBeginning) {
      // One step was a coincidence.
      this.throughOwn = false;
      this.contrary = false;
      this.toBeginning = true;
      return AGREED;
    }
    const missing = step - flows;
    if (missing <= 0) return AGREED;
    this.rememberGap((this.previous + 1) >>> 0, missing);
    return { kind: 'gap', missing };
  }

  private judge(sequence: number, fingerprint: number, bootMs: number): SequenceVerdict {
    if (!this.started) return FIRST;
    if (this.run >= PROVEN && ((sequence - this.last) | 0) <= 0 && this.hasSeen(sequence, fingerprint))
      return DUPLICATE;
    const expected = this.throughOwn ? this.last : this.expected(sequence);
    if (sequence === expected) return IN_ORDER;
    if (Math.abs(bootMs - this.bootMs) > SAME_BOOT_MS) return this.restart();
    const ahead = (sequence - expected) | 0;
    if (ahead > LARGEST_GAP[this.unit]) return this.restart();
    if (ahead > 0) {
      if (this.throughOwn) return IN_ORDER; // `settle` tells what is missing
      this.rememberGap(expected, ahead);
      return { kind: 'gap', missing: ahead };
    }
    if (this.gaps.some((gap) => (sequence - gap.from) >>> 0 < gap.units)) return FILLS;
    // Nothing is known to be missing there: a stream that began anew, unless it is close by and has been in order before.
    const strays = -ahead <= LARGEST_LAG[this.unit] && this.run > 0 && this.lateInARow < REMEMBERED;
    return strays ? LATE : this.restart();
  }

  /** The number that should come now; learns from each step what it is that the exporter counts. */
  private expected(sequence: number): number {
    const byRecords = (this.last + this.lastRecords) >>> 0;
    const byDatagrams = (this.last + 1) >>> 0;
    const own = this.unit === 'records' ? byRecords : byDatagrams;
    const other = this.unit === 'records' ? byDatagrams : byRecords;
    if (own === other || this.trialsForUnit + this.trialsAgainst >= TRIALS) return own;
    if (sequence === own) this.trialsForUnit++;
    else if (sequence === other) this.trialsAgainst++;
    if (this.trialsAgainst === TRIALS) {
      this.unit = this.unit === 'records' ? 'datagrams' : 'records';
      this.contrary = true;
    }
    return this.trialsForUnit === 0 && this.trialsAgainst > 0 ? other : own;
  }

  private rememberGap(from: number, units: number): void {
    if (this.gaps.length === REMEMBERED_GAPS) this.gaps.shift();
    this.gaps.push({ from, units });
  }

  private hasSeen(sequence: number, fingerprint: number): boolean {
    for (let i = 0; i < REMEMBERED; i++)
      if (this.seen[i] === sequence && this.prints[i] === fingerprint) return true;
    return false;
  }

  private restart(): SequenceVerdict {
    this.gaps.length = 0;
    return RESET;
  }
}

/** A few words of the datagram, enough to tell a doubled one from another with the same number. */
export function fingerprint(bytes: Uint8Array): number {
  let hash = 0x811c9dc5 ^ bytes.length;
  const step = Math.max(1, bytes.length >> 4);
  for (let i = 0; i < bytes.length; i += step) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash >>> 0;
}
