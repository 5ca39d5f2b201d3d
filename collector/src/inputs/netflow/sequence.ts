/** What the sequence says about a datagram that has arrived. */
export type SequenceVerdict =
  | { readonly kind: 'first' | 'inOrder' | 'duplicate' | 'reset' }
  /** `missing` units lie between the one before and this one. */
  | { readonly kind: 'gap'; readonly missing: number }
  /** It fills a gap that had been reported: of `units`, or 0 where the gap is too old to be remembered. */
  | { readonly kind: 'late'; readonly units: number };

/** What a sequence number counts: v5 and IPFIX records, v9 datagrams. Exporters are known to do the other. */
export type SequenceUnit = 'records' | 'datagrams';

const REMEMBERED = 64;
/** Beyond this a jump is a restart or another stream, not loss. */
const LARGEST_GAP: Readonly<Record<SequenceUnit, number>> = { records: 2_000_000, datagrams: 50_000 };
/** Steps in which the two readings differ, before one of them is settled on. */
const TRIALS = 8;

const IN_ORDER: SequenceVerdict = { kind: 'inOrder' };
const FIRST: SequenceVerdict = { kind: 'first' };
const DUPLICATE: SequenceVerdict = { kind: 'duplicate' };
const RESET: SequenceVerdict = { kind: 'reset' };

/**
 * Follows one stream of datagrams by its sequence numbers (RFC 3954 section 5.1, RFC 7011 section 3.1): tells gaps, late
 * and doubled datagrams and restarts apart, and learns what the exporter really counts.
 */
export class SequenceTracker {
  unit: SequenceUnit;
  /** Whether the exporter's own habit decided `unit` against its protocol. */
  contrary = false;
  private started = false;
  private last = 0;
  private lastRecords = 0;
  private bootMs = NaN;
  private trialsForUnit = 0;
  private trialsAgainst = 0;
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
    this.seen[this.seenAt] = sequence;
    this.prints[this.seenAt] = fingerprint;
    this.seenAt = (this.seenAt + 1) % REMEMBERED;
    if (verdict.kind !== 'late') {
      this.last = sequence;
      this.lastRecords = 0;
      this.bootMs = bootMs;
      this.started = true;
    }
    return verdict;
  }

  /** The number of records in the datagram last judged (when it was not late): more may be added when waiting data is decoded. */
  settle(records: number): void {
    this.lastRecords += records;
  }

  private judge(sequence: number, fingerprint: number, bootMs: number): SequenceVerdict {
    if (!this.started) return FIRST;
    const byRecords = (this.last + this.lastRecords) >>> 0;
    const byDatagrams = (this.last + 1) >>> 0;
    const own = this.unit === 'records' ? byRecords : byDatagrams;
    const other = this.unit === 'records' ? byDatagrams : byRecords;
    if (own !== other && this.trialsForUnit + this.trialsAgainst < TRIALS) {
      if (sequence === own) this.trialsForUnit++;
      else if (sequence === other) this.trialsAgainst++;
      if (this.trialsAgainst === TRIALS) {
        this.unit = this.unit === 'records' ? 'datagrams' : 'records';
        this.contrary = true;
      }
      if (sequence === other && this.trialsForUnit === 0) return IN_ORDER;
    }
    if (sequence === own) return IN_ORDER;

    const restarted = Math.abs(bootMs - this.bootMs) > 10_000;
    if (restarted) return RESET;
    for (let i = 0; i < REMEMBERED; i++)
      if (this.seen[i] === sequence && this.prints[i] === fingerprint) return DUPLICATE;
    const ahead = (sequence - own) | 0;
    if (ahead > LARGEST_GAP[this.unit]) return RESET;
    if (ahead > 0) {
      if (this.gaps.length === REMEMBERED) this.gaps.shift();
      this.gaps.push({ from: own, units: ahead });
      return { kind: 'gap', missing: ahead };
    }
    if (-ahead > LARGEST_GAP[this.unit]) return RESET;
    return this.fill(sequence, -ahead);
  }

  private fill(sequence: number, behind: number): SequenceVerdict {
    for (const gap of this.gaps) {
      const into = (sequence - gap.from) >>> 0;
      if (into < gap.units) return { kind: 'late', units: gap.units };
    }
    // Nothing is known to be missing there: a stream that began anew, unless it is close by.
    return behind <= REMEMBERED * (this.unit === 'records' ? 64 : 1) ? { kind: 'late', units: 0 } : RESET;
  }
}

/** A few words of the datagram, enough to tell a doubled one from another with the same number. */
export function fingerprint(bytes: Uint8Array): number {
  let hash = 0x811c9dc5 ^ bytes.length;
  const step = Math.max(1, bytes.length >> 6);
  for (let i = 0; i < bytes.length; i += step) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash >>> 0;
}
