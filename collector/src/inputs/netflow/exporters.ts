import { Exporter, type ExporterProfile } from './exporter.ts';
import { addressWords } from './address.ts';

export type ProfileOf = (address: string) => ExporterProfile;

/** Exporters by address, bounded: spoofed sources push each other out, never one that has sent flows. */
export class Exporters {
  private readonly byAddress = new Map<string, Exporter>();
  private profileOf: ProfileOf;
  private readonly limit: number;
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
    if (this.byAddress.size >= this.limit && !this.makeRoom()) return undefined;
    const exporter = new Exporter(canonical, addressWords(canonical), this.profileOf(canonical), nowMs);
    this.byAddress.set(canonical, exporter);
    return exporter;
  }

  /** Takes new configuration: names, tenants and rates change from the next datagram on. */
  reconfigure(profileOf: ProfileOf): void {
    this.profileOf = profileOf;
    for (const exporter of this.byAddress.values()) exporter.profile = profileOf(exporter.address);
  }

  [Symbol.iterator](): IterableIterator<Exporter> {
    return this.byAddress.values();
  }

  get size(): number {
    return this.byAddress.size;
  }

  private makeRoom(): boolean {
    for (const [address, exporter] of this.byAddress) {
      if (exporter.ledger.flows > 0 || exporter.ledger.optionsRecords > 0) continue;
      this.byAddress.delete(address);
      this.forgotten++;
      return true;
    }
    return false;
  }
}
