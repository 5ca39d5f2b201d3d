import { Exporter, type ExporterProfile } from './exporter.ts';
import { addressWords } from '@weir/core';

export type ProfileOf = (address: string) => ExporterProfile;

/** An exporter silent for so long gives way to another where there is no room. */
const SILENT_MS = 24 * 3_600_000;
/** Where there was no room, how long nobody looks for any. */
const RETRY_MS = 1_000;

/**
 * Exporters by address, bounded: addresses that have sent nothing of use (spoofed ones, say) push each other out, and one
 * that has sent flows gives way only after a day of silence.
 */
export class Exporters {
  private readonly byAddress = new Map<string, Exporter>();
  /** Those that had sent nothing of use when last looked at, oldest first. */
  private readonly unproven = new Set<Exporter>();
  private profileOf: ProfileOf;
  private readonly limit: number;
  private fullUntilMs = 0;
  /** Exporters forgotten for want of room. */
  forgotten = 0;

  constructor(profileOf: ProfileOf, limit: number) {
    this.profileOf = profileOf;
    this.limit = limit;
  }

  /** The exporter of an address as the socket gives it; undefined where there is no room for another. */
  at(address: string, nowMs: number): Exporter | undefined {
    const known = this.byAddress.get(address);
    if (known !== undefined) return known;
    const canonical =
      address.startsWith('::ffff:') && address.includes('.')
        ? address.slice(7)
        : (address.split('%')[0] ?? address);
    const same = this.byAddress.get(canonical);
    if (same !== undefined) return same;
    if (this.byAddress.size >= this.limit && !this.makeRoom(nowMs)) return undefined;
    const exporter = new Exporter(canonical, addressWords(canonical), this.profileOf(canonical), nowMs);
    this.byAddress.set(canonical, exporter);
    this.unproven.add(exporter);
    return exporter;
  }

  /** Takes new configuration: names, tenants and rates change from the next datagram on. */
  reconfigure(profileOf: ProfileOf): void {
    this.profileOf = profileOf;
    for (const exporter of this.byAddress.values()) {
      exporter.profile = profileOf(exporter.address);
      exporter.namesVersion++;
    }
  }

  [Symbol.iterator](): IterableIterator<Exporter> {
    return this.byAddress.values();
  }

  get size(): number {
    return this.byAddress.size;
  }

  private makeRoom(nowMs: number): boolean {
    for (const exporter of this.unproven) {
      this.unproven.delete(exporter);
      if (exporter.ledger.flows > 0 || exporter.ledger.optionsRecords > 0) continue;
      this.forget(exporter);
      return true;
    }
    if (nowMs < this.fullUntilMs) return false;
    let silent: Exporter | undefined;
    for (const exporter of this.byAddress.values())
      if (silent === undefined || exporter.lastSeenMs < silent.lastSeenMs) silent = exporter;
    if (silent === undefined || nowMs - silent.lastSeenMs < SILENT_MS) {
      this.fullUntilMs = nowMs + RETRY_MS;
      return false;
    }
    this.forget(silent);
    return true;
  }

  private forget(exporter: Exporter): void {
    this.byAddress.delete(exporter.address);
    this.forgotten++;
  }
}
