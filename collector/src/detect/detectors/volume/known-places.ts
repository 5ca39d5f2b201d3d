/*
 * Where each own host sends much: so a backup to its usual place is told from a copy to a new one. A place is a /24 (IPv6: /48), since
 * services in clouds change addresses. Bounded: so many hosts, each with so many places, the least lately used give way.
 */

/** Since when it is sent to, when last, and how much since the last long pause: seconds since 1970, octets. */
export interface Place {
  first: number;
  last: number;
  bytes: number;
}

const MOST_HOSTS = 20_000;
const MOST_PLACES = 32;
/** A pause after which sending is another thing. */
const PAUSE_SECONDS = 1_800;
/** Not seen for so long, a place is new again. */
const FORGOTTEN_SECONDS = 35 * 86_400;

export class KnownPlaces {
  private hosts = new Map<string, Map<string, Place>>();
  /** Since when places are learnt; NaN before the first. */
  private since = NaN;

  get size(): number {
    return this.hosts.size;
  }

  of(host: string, place: string, now: number): Place | undefined {
    const known = this.hosts.get(host)?.get(place);
    return known === undefined || now - known.last > FORGOTTEN_SECONDS ? undefined : known;
  }

  /** What had been sent there before without a long pause. */
  sentLately(host: string, place: string, now: number): number {
    const known = this.of(host, place, now);
    return known === undefined || now - known.last > PAUSE_SECONDS ? 0 : known.bytes;
  }

  /** Whether places have been learnt for so long. */
  knowsSince(start: number): boolean {
    return this.since <= start;
  }

  /** Of a tenant’s hosts, how many knew a place before `start`. Looks at all: for what is nearly a finding already. */
  hostsThatKnew(tenant: string, place: string, start: number): number {
    let hosts = 0;
    for (const [host, places] of this.hosts)
      if (host.startsWith(`${tenant} `) && (places.get(place)?.first ?? Infinity) <= start) hosts++;
    return hosts;
  }

  /** Says that what is sent is learnt from now on. */
  begin(now: number): void {
    if (Number.isNaN(this.since)) this.since = now;
  }

  add(host: string, place: string, now: number, bytes: number): void {
    const before = this.sentLately(host, place, now);
    const first = this.of(host, place, now)?.first ?? now;
    const places = this.hosts.get(host) ?? new Map<string, Place>();
    this.hosts.delete(host);
    this.hosts.set(host, places);
    places.delete(place);
    places.set(place, { first, last: now, bytes: before + bytes });
    if (places.size > MOST_PLACES) places.delete(places.keys().next().value!);
    if (this.hosts.size > MOST_HOSTS) this.hosts.delete(this.hosts.keys().next().value!);
  }

  save(): unknown {
    return { version: 1, hosts: this.hosts, since: this.since };
  }

  load(saved: unknown): void {
    const { version, hosts, since } = (saved ?? {}) as {
      version?: number;
      hosts?: Map<string, Map<string, Place>>;
      since?: number;
    };
    if (version !== 1 || hosts === undefined) return;
    this.hosts = new Map(hosts);
    this.since = since ?? NaN;
  }
}

export function placeOf(address: string): string {
  return address.includes(':')
    ? `${address.split(':').slice(0, 3).join(':')}::/48`
    : `${address.slice(0, address.lastIndexOf('.'))}.0/24`;
}
