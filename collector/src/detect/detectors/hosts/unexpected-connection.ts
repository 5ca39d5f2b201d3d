import type { Detector, Finding, Report, RunningDetector, Values } from '../../detector.ts';
import type { Entity, Step } from '../../step.ts';
import { certainty, rounded, samplingCaveat } from './certainty.ts';
import { destinationNetwork } from './pair-ends.ts';
import { isMulticast } from './multicast.ts';
import { type SavedKeys, RememberedKeys, fingerprint, isSavedKeys } from './remembered-keys.ts';

/*
 * A printer, a camera, a controller, a database server talks to the same few for months. That it begins to talk to somebody else is news;
 * that a workstation does, is not. So each own host's peers are learnt (network, protocol, port), and only of hosts with few peers
 * that have not changed for days is anything said:
 *
 * - it never contacted anything outside, and now does;
 * - it contacts something outside by a service that it never used and that is not the web's, of names, or of time;
 * - it contacts an own host by a service that it never used, after twice as long without change.
 *
 * A new server for all is no news of each: what others contact as well is left out. A host that was told of has changed, and is quiet
 * until it has been the same for days again: so one that changes often is never told of.
 */

const parameters = {
  peers: {
    default: 12,
    unit: 'peers',
    most: 16,
    doc: 'A host with more networks and services than this that it contacts is not of the stable kind.',
  },
  known_days: { default: 5, unit: 'd', least: 0.01, doc: 'How long a host must have been known.' },
  unchanged_days: {
    default: 3,
    unit: 'd',
    least: 0.01,
    doc: 'How long it must have had no new peer; twice as long for own destinations.',
  },
  active_hours: {
    default: 24,
    unit: 'h',
    doc: 'In how many different hours it must have contacted anybody: of a host that is seldom on, little is known.',
  },
} as const;

const DAY = 86_400;
const HOUR = 3600;
const TCP = 6;
const UDP = 17;
const ICMP = 1;
const ICMP6 = 58;
const MOST_HOSTS = 8192;
const SERVICES = 2 ** 15;
const MOST_PEERS = 16;
/** A host not seen for so long is forgotten; a peer that was not used for so long is new again. */
const FORGET_SECONDS = 60 * DAY;
/** Hosts that contact the same for it to be no news. */
const USED_BY_OTHERS = 3;
const EVERYDAY = new Set([53, 80, 123, 443, 853]);
/** Services by which hosts find each other: whom they find changes. */
const DISCOVERY = new Set([67, 68, 137, 138, 546, 547, 1900, 3702, 5353, 5355]);
/** Where one contact in so many is to somebody new anyhow, that is no news. */
const NEW_BY_CHANCE = 0.05;
const HOLD_SECONDS = 600;

interface Peer {
  readonly key: number;
  readonly service: number;
  readonly outside: boolean;
  last: number;
  /** Hours in which it was contacted. */
  hours: number;
}

interface Host {
  /** Seconds since 1970. */
  readonly since: number;
  changed: number;
  last: number;
  hours: number;
  lastHour: number;
  peers: Peer[];
}

interface Saved {
  readonly version: 1;
  readonly hosts: readonly (readonly [string, Host])[];
  readonly services: SavedKeys;
}

class UnexpectedConnection implements RunningDetector {
  private readonly settings: (tenant: string) => Values<typeof parameters>;
  /** By tenant and address, the one seen last at the end. */
  private hosts = new Map<string, Host>();
  /** How many own hosts contact a network by a service. */
  private readonly services = new RememberedKeys(SERVICES, FORGET_SECONDS);

  constructor(settings: (tenant: string) => Values<typeof parameters>) {
    this.settings = settings;
  }

  detect(step: Step, _usual: unknown, report: Report): void {
    const fresh = new Map<number, Entity[]>();
    for (const pair of contactsOf(step)) {
      const host = this.hosts.get(nameOf(pair));
      if (host === undefined || !this.isNews(step, pair, host)) continue;
      const key = peerKey(pair);
      fresh.set(key, [...(fresh.get(key) ?? []), pair]);
    }
    const told = new Set<string>();
    for (const pairs of fresh.values()) {
      if (new Set(pairs.map(nameOf)).size >= USED_BY_OTHERS) continue;
      for (const pair of pairs) {
        const name = nameOf(pair);
        // One is enough to look at the host.
        if (told.has(name)) continue;
        told.add(name);
        report(findingOf(step, pair, this.hosts.get(name)!, this.settings(pair.tenant).unchanged_days));
      }
    }
  }

  private isNews(step: Step, pair: Entity, host: Host): boolean {
    const values = this.settings(pair.tenant);
    const now = step.start;
    if (host.peers.length > values.peers || now - host.since < values.known_days * DAY) return false;
    if (host.hours < values.active_hours) return false;
    const unchanged = (now - host.changed) / DAY;
    if (unchanged < values.unchanged_days || chanceOfNew(host) > NEW_BY_CHANCE) return false;
    const key = peerKey(pair);
    const service = serviceOf(pair);
    if (host.peers.some((p) => p.key === key)) return false;
    if (this.services.count(serviceKey(pair, key), now) >= USED_BY_OTHERS) return false;
    const newService = !host.peers.some((p) => p.service === service);
    if (isOutside(pair)) {
      const wasOutside = host.peers.some((p) => p.outside);
      return !wasOutside || (newService && !EVERYDAY.has(pair.number('port')));
    }
    return newService && unchanged >= 2 * values.unchanged_days;
  }

  learn(step: Step): void {
    const now = step.start;
    for (const pair of contactsOf(step)) {
      const name = nameOf(pair);
      let host = this.hosts.get(name);
      if (host === undefined)
        host = { since: now, changed: now, last: now, hours: 0, lastHour: -1, peers: [] };
      else this.hosts.delete(name);
      this.hosts.set(name, host);
      host.last = now;
      const hour = Math.floor(now / HOUR);
      if (hour !== host.lastHour) host.hours++;
      host.lastHour = hour;
      const key = peerKey(pair);
      const known = peerOf(host, key);
      if (known !== undefined) {
        if (Math.floor(known.last / HOUR) !== hour) known.hours++;
        known.last = now;
        continue;
      }
      host.changed = now;
      this.services.meet(serviceKey(pair, key), now, 1);
      host.peers = [
        ...host.peers.filter((p) => now - p.last < FORGET_SECONDS),
        { key, service: serviceOf(pair), outside: isOutside(pair), last: now, hours: 1 },
      ].slice(-MOST_PEERS - 1);
    }
    for (const [name, { last }] of this.hosts) {
      if (this.hosts.size <= MOST_HOSTS && now - last < FORGET_SECONDS) break;
      this.hosts.delete(name);
    }
  }

  save(): Saved {
    return { version: 1, hosts: [...this.hosts], services: this.services.save() };
  }

  load(saved: unknown): void {
    const { version, hosts, services } = (saved ?? {}) as Partial<Saved>;
    if (version !== 1 || !Array.isArray(hosts) || !isSavedKeys(services)) return;
    this.hosts = new Map(hosts as [string, Host][]);
    this.services.load(services);
  }

  counts(): { entities: number; learning: number } {
    let learning = 0;
    for (const host of this.hosts.values())
      if (host.last - host.since < parameters.known_days.default * DAY) learning++;
    return { entities: this.hosts.size, learning };
  }
}

function peerOf({ peers }: Host, key: number): Peer | undefined {
  for (let i = 0; i < peers.length; i++) if (peers[i]!.key === key) return peers[i];
  return undefined;
}

/** Whom own hosts contact in the current window. */
function* contactsOf(step: Step): Generator<Entity> {
  const rows = step.rows('pair');
  const { internal, contact_flows } = rows.numbers;
  const { protocol, port, destination_ip } = rows.keys;
  for (let row = 0; row < rows.rows; row++) {
    if (rows.rest[row] === 1 || (internal[row]! & 1) === 0 || contact_flows[row] === 0) continue;
    const proto = protocol![row]!;
    const ported = proto === TCP || proto === UDP;
    if (ported ? port![row] === 0 || DISCOVERY.has(port![row]!) : proto !== ICMP && proto !== ICMP6) continue;
    if (isMulticast(destination_ip!, row)) continue;
    yield step.entity('pair', row);
  }
}

/**
 * How likely the next contact is to a new peer, by those met only once so far (Good, "The population frequencies of species and the
 * estimation of population parameters", 1953): of who is seen seldom, as where one packet in a thousand is sampled, little is known.
 */
function chanceOfNew({ peers }: Host): number {
  const once = peers.filter((p) => p.hours === 1).length;
  return (once + 1) / (peers.reduce((sum, p) => sum + p.hours, 0) + 1);
}

function isOutside(pair: Entity): boolean {
  return (pair.bits('internal') & 2) === 0;
}

function nameOf(pair: Entity): string {
  return pair.hostName('source_ip');
}

function serviceOf(pair: Entity): number {
  const protocol = pair.number('protocol');
  return protocol * 65_536 + (protocol === ICMP || protocol === ICMP6 ? 0 : pair.number('port'));
}

/** The network (a /24 or /48) and the service: addresses within one change by themselves. */
function peerKey(pair: Entity): number {
  const { high, low } = fingerprint('', destinationNetwork(pair), serviceOf(pair));
  return high * 2 ** 20 + (low >>> 12);
}

function serviceKey(pair: Entity, peer: number): ReturnType<typeof fingerprint> {
  return fingerprint(pair.tenant, Math.floor(peer / 2 ** 32), peer % 2 ** 32);
}

function findingOf(step: Step, pair: Entity, host: Host, unchangedDays: number): Finding {
  const source = pair.address('source_ip');
  const destination = pair.address('destination_ip');
  const protocol = pair.number('protocol');
  const ported = protocol === TCP || protocol === UDP;
  const port = ported ? pair.number('port') : 0;
  const outside = isOutside(pair);
  const first = outside && !host.peers.some((p) => p.outside);
  const days = (step.start - host.changed) / DAY;
  const records = pair.sum('records');
  const rate = pair.most('sampling_rate');
  const caveat = samplingCaveat(records, rate);
  const service = ported ? `${protocol === TCP ? 'TCP' : 'UDP'} port ${port}` : 'ICMP';
  return {
    type: 'unexpected_connection',
    tenant: pair.tenant,
    entity: `${source} → ${destination}`,
    severity: first ? 'high' : outside ? 'medium' : 'low',
    // The longer nothing changed, the more it says.
    score:
      Math.min(0.95, 0.5 + 0.15 * Math.log2(Math.max(1, days)) + (first ? 0.15 : 0)) *
      certainty(records, rate),
    title: first
      ? `${source} contacts the outside for the first time: ${destination}, ${service}`
      : `${source} contacts ${destination} by ${service}, which it never did`,
    description:
      `${source} has ${host.peers.length} networks and services that it contacts, and for ${rounded(days)} days there was no new one. ` +
      (first ? 'None of them is outside. ' : '') +
      'A new configuration or an update may be behind it; if there was none, find out what made the connection.',
    source,
    destination,
    protocol,
    ...(ported ? { port } : {}),
    metric: 'days_unchanged',
    value: days,
    baseline: 0,
    threshold: outside ? unchangedDays : 2 * unchangedDays,
    technique: outside ? 'T1071' : 'T1021',
    flowFilter:
      `source_ip = ${source} and destination_ip = ${destination} and protocol = ${protocol}` +
      (ported ? ` and destination_port = ${port}` : ''),
    evidence: {
      measures: [
        { name: 'known_peers', value: host.peers.length, unit: 'peers' },
        { name: 'days_known', value: (step.start - host.since) / DAY, unit: 'd' },
        { name: 'bytes', value: pair.sum('bytes') + pair.sum('bytes_back'), unit: 'bytes' },
      ],
      ...(ported ? { ports: [port] } : {}),
      ...(caveat === undefined ? {} : { caveat }),
    },
    holdSeconds: HOLD_SECONDS,
  };
}

export const unexpectedConnection: Detector<typeof parameters> = {
  name: 'unexpected_connection',
  title: 'Unexpected connection',
  types: ['unexpected_connection'],
  doc:
    'A host with few peers that were the same for days contacts somebody else: the outside for the first time, or by a service that it never used. ' +
    'Hosts whose peers change, as those of workstations do, are never told of; what several hosts begin to contact is no news either.',
  parameters,
  reads: {
    pair: ['records', 'contact_flows', 'bytes', 'bytes_back', 'sampling_rate', 'internal'],
  },
  windowsBack: 6,
  early: false,
  usesUsual: false,
  start: (settings) => new UnexpectedConnection(settings),
};
