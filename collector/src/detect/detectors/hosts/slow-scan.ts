import { isMap } from 'node:util/types';
import { addressText } from '@weir/core';
import { DISTINCT_KEPT, type WindowRows, addressHash, hashesOf, keptPorts } from '@weir/core/windows';
import type { Detector, Finding, RunningDetector, Values } from '../../detector.ts';
import type { Step } from '../../step.ts';
import { countAnswers } from './answers-seen.ts';
import { scoreOver } from './certainty.ts';
import { HalfOpenSweeps, type SavedSweeps, sweepReads } from './half-open-sweeps.ts';
import { isOutage } from './outage.ts';
import { isMulticast } from './multicast.ts';
import { type Fingerprint, RememberedKeys, fingerprint, isSavedKeys } from './remembered-keys.ts';
import { tenantIds } from './tenant-ids.ts';

/*
 * A scanner that takes its time stays below any count per minute. What it cannot hide is that it does not know who is there: of hosts and
 * ports that it contacts for the first time, most fail. After Jung, Paxson, Berger, Balakrishnan, "Fast Portscan Detection Using
 * Sequential Hypothesis Testing" (IEEE S&P 2004): each first contact moves a likelihood ratio, up where it fails, down where it succeeds; here
 * as a sum of logarithms that never falls below zero, so that a host with a good past is caught as soon.
 *
 * What differs from the paper: a first contact is a host *and port*, so that one host asked port by port counts; failing is thought to be more
 * usual for innocents (0.3; the paper has 0.2), for clients of today ask much that is not there; and the threshold is far higher (the paper's
 * would be four failures in a row), since a network has thousands of hosts and every day many that fail a dozen times: printers that are
 * off, names that are out of date. Left out are own hosts' contacts to the ports of the web, of names and of time outside: where a firewall
 * lets nobody out, all programs fail there, always.
 *
 * It must also look like a scan: many ports of few hosts, or many hosts on few ports. Peer-to-peer has a port a peer.
 *
 * Monitoring knows its hosts, but not always what they have: an own host that goes on with another, or is answered by it, by any service, is
 * given three services that it has not, before or after. Connections that are broken off when they are accepted do not count for that, for
 * so scans do it.
 *
 * As it is known here who was contacted before, sweeps of what is mostly there are told here as well: half-open-sweeps.ts.
 */

const parameters = {
  failures: {
    default: 15,
    unit: 'first contacts',
    threshold: true,
    least: 6,
    doc: 'So many first contacts that fail one after the other are a scan; where some succeed it takes more of them (1.3 for each).',
  },
  idle_hours: {
    default: 4,
    unit: 'h',
    doc: 'A host that failed at nothing new for so long begins anew. nmap’s slowest timing waits five minutes between two probes.',
  },
  sweep_hosts: {
    default: 20,
    unit: 'hosts/min',
    threshold: true,
    least: 5,
    doc:
      'More own hosts than this, new to the source, asked on one port in a minute without going on with them, are a sweep, also where they ' +
      'accept.',
  },
} as const;

const FAIL_BENIGN = 0.3;
const FAIL_SCAN = 0.8;
const FAILURE = Math.log(FAIL_SCAN / FAIL_BENIGN);
const SUCCESS = Math.log((1 - FAIL_SCAN) / (1 - FAIL_BENIGN));
/** The sum goes no higher than this over the threshold, so that a host which stops scanning is soon as others. */
const HEADROOM = 10;

const DAY = 86_400;
const MEMORY_SECONDS = 7 * DAY;
const OWN_CONTACTS = 2 ** 18;
const OUTSIDE_CONTACTS = 2 ** 16;
const REACHED_HOSTS = 2 ** 16;
/** Of a remembered host: the bit that says that it was reached, and what each failure counts. */
const REACHED = 1;
const FAILED = 2;
/** Failures at a host that was reached which do not count. */
const FORGIVEN = 3;
const MOST_SOURCES = 4096;
const MOST_PENDING = 16_384;
const MOST_SET = 64;
const TCP = 6;
const UDP = 17;
const ICMP = 1;
const ICMP6 = 58;
/** Packets from which on a TCP flow without failure has been a connection. */
const CONNECTED_PACKETS = 3;
const EVERYDAY = new Set([53, 80, 123, 443, 853, 3478, 5222, 5223, 5228, 8080, 8443]);
const ANSWERS_SEEN = 0.5;
const ANSWERS_LEAST = 30;
const FADE = 0.99;
/** A scan has ended when so many of its usual pauses have passed; at least a minute, half an hour at most. */
const HOLD_PAUSES = 10;
const LEAST_HOLD_SECONDS = 60;
const MOST_HOLD_SECONDS = 1800;

interface Source {
  readonly tenant: string;
  readonly address: string;
  readonly own: boolean;
  sum: number;
  failures: number;
  successes: number;
  /** Seconds since 1970: of the first failure that counts, and of the last. */
  since: number;
  last: number;
  hosts: Set<number>;
  ports: Set<number>;
  /** One host that was asked, as text, while it is one. */
  destination: string;
}

/** A first contact whose answer may still come. */
interface Pending {
  readonly tenant: string;
  readonly words: readonly number[];
  readonly destinationHash: number;
  readonly destination: string;
  readonly port: number;
  readonly at: number;
  /** SYN without ACK; else only that nothing came back. */
  readonly half: boolean;
}

interface Saved {
  readonly version: 1;
  readonly own: ReturnType<RememberedKeys['save']>;
  readonly outside: ReturnType<RememberedKeys['save']>;
  readonly hosts?: ReturnType<RememberedKeys['save']>;
  readonly sweeps?: SavedSweeps;
  readonly sources: readonly Source[];
  readonly pending: readonly Pending[];
  readonly answers: Map<string, { contacts: number; answers: number }>;
  readonly learntAt: number;
}

class SlowScan implements RunningDetector {
  private readonly settings: (tenant: string) => Values<typeof parameters>;
  private readonly own = new RememberedKeys(OWN_CONTACTS, MEMORY_SECONDS);
  private readonly outside = new RememberedKeys(OUTSIDE_CONTACTS, DAY);
  /** Which own host reached which host, and at how many of its services it failed. */
  private readonly hosts = new RememberedKeys(REACHED_HOSTS, MEMORY_SECONDS);
  private readonly sweeps = new HalfOpenSweeps();
  private readonly sources = new Map<string, Source>();
  private pending: Pending[] = [];
  private answers = new Map<string, { contacts: number; answers: number }>();
  private learntAt = 0;

  constructor(settings: (tenant: string) => Values<typeof parameters>) {
    this.settings = settings;
  }

  detect(step: Step, _usual: unknown, report: (finding: Finding) => void): void {
    for (const source of this.sources.values()) {
      const values = this.settings(source.tenant);
      // What was judged when the window before was learnt: said once.
      if (source.last < this.learntAt || source.sum < values.failures * FAILURE - 1e-9) continue;
      const finding = findingOf(source, values.failures, step);
      if (finding !== undefined) report(finding);
    }
    if (this.own.isCrowded(step.start)) return;
    const rows = step.rows('pair');
    const isNew = (row: number): boolean => !this.own.has(contactKey(rows, row), step.start);
    const hosts = (tenant: string): number => this.settings(tenant).sweep_hosts;
    for (const finding of this.sweeps.find(step, isNew, hosts)) report(finding);
  }

  learn(step: Step): void {
    this.learntAt = step.start;
    this.countAnswers(step);
    this.judge(step);
    this.takePairs(step);
    this.takeOutside(step);
    this.sweeps.pass(step);
    this.expire(step.start);
  }

  /** How many contacts of own hosts are answered, over the latest minutes. */
  private countAnswers(step: Step): void {
    for (const tenant of new Set(this.pending.map((p) => p.tenant))) {
      const { contacts, answers } = countAnswers(step, tenant, true);
      const known = this.answers.get(tenant) ?? { contacts: 0, answers: 0 };
      this.answers.set(tenant, {
        contacts: known.contacts * FADE + contacts,
        answers: known.answers * FADE + answers,
      });
    }
  }

  private seesAnswers(tenant: string): boolean {
    const { contacts, answers } = this.answers.get(tenant) ?? { contacts: 0, answers: 0 };
    return contacts >= ANSWERS_LEAST && answers >= ANSWERS_SEEN * contacts;
  }

  /** Whose answer did not come until now, has failed. */
  private judge(step: Step): void {
    const ids = tenantIds(step);
    const later: Pending[] = [];
    for (const p of this.pending) {
      const id = ids.get(p.tenant);
      if (id === undefined) {
        later.push(p);
        continue;
      }
      const back = step.entityOf('destination', Uint32Array.of(id, ...p.words));
      const came = back.hashes('sources').includes(p.destinationHash);
      // What answers and never refuses has accepted.
      if (came && (!p.half || back.sum('refused_flows') === 0)) {
        this.succeed(p);
        const refused = back.sum('refused_flows') + back.sum('unreachable_flows');
        if (!p.half && refused === 0) this.reach(p, step.start);
      } else if (p.half || this.seesAnswers(p.tenant)) this.fail(p, step.start, true);
    }
    this.pending = later;
  }

  /** First contacts of own hosts. */
  private takePairs(step: Step): void {
    const rows = step.rows('pair');
    const { flows, failed_flows, syn_flows, answered_flows, packets, sampling_rate, internal } = rows.numbers;
    const { protocol, port, source_ip, destination_ip, tenant_id } = rows.keys;
    const outages = new Map<string, boolean>();
    const learnSweep = this.sweeps.learner(step);
    for (let row = 0; row < rows.rows; row++) {
      if (rows.rest[row] === 1 || (internal[row]! & 1) === 0) continue;
      const proto = protocol![row]!;
      const service = port![row]!;
      const ping = proto === ICMP || proto === ICMP6;
      if (!ping && (service === 0 || (proto !== TCP && proto !== UDP))) continue;
      const tenant = rows.texts.tenant_id[tenant_id![row]!] ?? '';
      const fresh = this.own.meet(contactKey(rows, row), step.start);
      if (!fresh || sampling_rate[row]! > 1 || this.own.isCrowded(step.start)) continue;
      learnSweep(row);
      const within = (internal[row]! & 2) !== 0;
      if (!within && (ping || proto === UDP || EVERYDAY.has(service))) continue;
      if (isMulticast(destination_ip!, row)) continue;
      const first = {
        tenant,
        words: wordsOf(source_ip!, row),
        destinationHash: hashAt(destination_ip!, row),
        destination: addressText(destination_ip!, 4 * row),
        port: ping ? 0 : service,
        at: step.start,
      };
      const half = failed_flows[row]! >= flows[row]!;
      const connected =
        proto === TCP && flows[row]! > syn_flows[row]! && packets[row]! >= CONNECTED_PACKETS * flows[row]!;
      if (!half && (connected || answered_flows[row]! > failed_flows[row]!)) {
        this.succeed(first);
        if (connected || proto !== TCP) this.reach(first, step.start);
        continue;
      }
      let outage = outages.get(tenant);
      if (outage === undefined) outages.set(tenant, (outage = isOutage(step, tenant)));
      if (!outage && this.pending.length < MOST_PENDING) this.pending.push({ ...first, half });
    }
  }

  /** First contacts of hosts outside, of which there are no pairs: what their own rows tell. */
  private takeOutside(step: Step): void {
    const rows = step.rows('source');
    const { failed_flows, contact_flows, sampling_rate, internal } = rows.numbers;
    const { source_ip, tenant_id } = rows.keys;
    for (let row = 0; row < rows.rows; row++) {
      if (rows.rest[row] === 1 || (internal[row]! & 1) === 1 || sampling_rate[row]! > 1) continue;
      const failed = failed_flows[row]!;
      const tenant = rows.texts.tenant_id[tenant_id![row]!] ?? '';
      const isKnown = (): boolean =>
        this.sources.has(`${tenant} ${step.entity('source', row).address('source_ip')}`);
      if (failed === 0 && (this.sources.size === 0 || !isKnown())) continue;
      const contacts = hashesOf(rows.distincts.contacts!, row);
      // Whoever contacts more in a window is no slow scanner.
      if (contacts.length >= DISTINCT_KEPT) continue;
      const ports = keptPorts(hashesOf(rows.distincts.ports!, row));
      const failedContacts = hashesOf(rows.distincts.failed_contacts!, row);
      const words = wordsOf(source_ip!, row);
      const accepted = halfAccepted(step, rows, row);
      for (const hash of contacts)
        for (const port of contacts.length === 1 || ports.length === 1 ? ports : [0]) {
          if (!this.outside.meet(fingerprint(tenant, ...words, hash, port), step.start)) continue;
          if (this.outside.isCrowded(step.start) && !isKnown()) continue;
          const fails = failedContacts.includes(hash) && failed * 2 > contact_flows[row]! && !accepted;
          if (!fails) this.succeed({ tenant, words });
          else {
            const destination = step.addressOf(hash) ?? '';
            const first = { tenant, words, destinationHash: hash, destination, port, at: step.start };
            this.fail(first, step.start, false);
          }
        }
    }
  }

  private succeed(first: Pick<Pending, 'tenant' | 'words'>): void {
    if (this.sources.size === 0) return;
    const source = this.sources.get(`${first.tenant} ${addressText(first.words)}`);
    if (source === undefined) return;
    source.successes++;
    source.sum = Math.max(0, source.sum + SUCCESS);
  }

  /** Takes back what it failed at before, as far as that is forgiven. */
  private reach(first: Omit<Pending, 'half'>, now: number): void {
    const key = hostKey(first);
    const known = this.hosts.count(key, now);
    if ((known & REACHED) !== 0) return;
    this.hosts.meet(key, now, REACHED);
    const source = this.sources.get(`${first.tenant} ${addressText(first.words)}`);
    if (source === undefined || known === 0) return;
    const failed = Math.floor(known / FAILED);
    const forgiven = Math.min(FORGIVEN, failed, source.failures);
    source.failures -= forgiven;
    source.sum = Math.max(0, source.sum - forgiven * FAILURE);
    if (failed <= FORGIVEN) source.hosts.delete(first.destinationHash);
  }

  /** Whether it is one of the few services that a host which was reached may lack. */
  private isForgiven(first: Omit<Pending, 'half'>, now: number): boolean {
    const key = hostKey(first);
    const known = this.hosts.count(key, now);
    this.hosts.meet(key, now, FAILED);
    return (known & REACHED) !== 0 && known < FORGIVEN * FAILED;
  }

  private fail(first: Omit<Pending, 'half'>, now: number, own: boolean): void {
    if (own && this.isForgiven(first, now)) return;
    const { tenant, at } = first;
    const address = addressText(first.words);
    const name = `${tenant} ${address}`;
    let source = this.sources.get(name);
    if (source === undefined || source.sum === 0) {
      source = {
        tenant,
        address,
        own,
        sum: 0,
        failures: 0,
        successes: 0,
        since: at,
        last: at,
        hosts: new Set(),
        ports: new Set(),
        destination: first.destination,
      };
      this.sources.set(name, source);
    }
    source.failures++;
    source.last = now;
    source.sum = Math.min(this.settings(tenant).failures * FAILURE + HEADROOM, source.sum + FAILURE);
    if (source.hosts.size < MOST_SET) source.hosts.add(first.destinationHash);
    if (source.ports.size < MOST_SET) source.ports.add(first.port);
    if (source.hosts.size > 1) source.destination = '';
  }

  private expire(now: number): void {
    let of: string | undefined;
    let idle = 0;
    for (const [name, { tenant, last }] of this.sources) {
      if (tenant !== of) idle = this.settings((of = tenant)).idle_hours * 3600;
      if (now - last > idle) this.sources.delete(name);
    }
    if (this.sources.size <= MOST_SOURCES) return;
    const least = [...this.sources].sort(([, a], [, b]) => a.sum - b.sum || a.last - b.last);
    for (const [name] of least.slice(0, this.sources.size - MOST_SOURCES / 2)) this.sources.delete(name);
  }

  save(): Saved {
    return {
      version: 1,
      own: this.own.save(),
      outside: this.outside.save(),
      hosts: this.hosts.save(),
      sweeps: this.sweeps.save(),
      sources: [...this.sources.values()],
      pending: this.pending,
      answers: this.answers,
      learntAt: this.learntAt,
    };
  }

  load(saved: unknown): void {
    const { version, own, outside, hosts, sweeps, sources, pending, answers, learntAt } = (saved ??
      {}) as Partial<Saved>;
    if (version !== 1 || !isSavedKeys(own) || !isSavedKeys(outside)) return;
    if (!Array.isArray(sources) || !Array.isArray(pending) || !isMap(answers)) return;
    if (typeof learntAt !== 'number') return;
    this.own.load(own);
    this.outside.load(outside);
    if (isSavedKeys(hosts)) this.hosts.load(hosts);
    this.sweeps.load(sweeps);
    for (const source of sources as Source[]) this.sources.set(`${source.tenant} ${source.address}`, source);
    this.pending = pending as Pending[];
    this.answers = answers;
    this.learntAt = learntAt;
  }

  counts(): { entities: number; learning: number } {
    return { entities: this.sources.size, learning: 0 };
  }
}

/** Whether half-open connections of a host were accepted: its answers are no refusals. */
function halfAccepted(step: Step, rows: WindowRows, row: number): boolean {
  const back = step.entityOf('destination', step.entity('source', row).key);
  const answers = back.sum('flows') - back.sum('contact_flows');
  return answers >= rows.numbers.failed_flows[row]! && back.sum('refused_flows') === 0;
}

/** Of who contacted whom by what. */
function contactKey({ keys, texts }: WindowRows, row: number): Fingerprint {
  const { protocol, port, source_ip: ends, destination_ip, tenant_id } = keys;
  const at = 4 * row;
  const proto = protocol![row]!;
  const service = proto === ICMP || proto === ICMP6 ? 0 : port![row]!;
  return fingerprint(
    texts.tenant_id[tenant_id![row]!] ?? '',
    ends![at]!,
    ends![at + 1]!,
    ends![at + 2]!,
    ends![at + 3]!,
    hashAt(destination_ip!, row),
    (proto << 16) | service,
  );
}

function hostKey({ tenant, words, destinationHash }: Omit<Pending, 'half'>): Fingerprint {
  return fingerprint(tenant, ...words, destinationHash);
}

function wordsOf(words: Uint32Array, row: number): number[] {
  return Array.from(words.subarray(4 * row, 4 * row + 4));
}

function hashAt(words: Uint32Array, row: number): number {
  const at = 4 * row;
  return addressHash(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
}

function findingOf(source: Source, failures: number, step: Step): Finding | undefined {
  const { hosts, ports, own, address, destination, tenant } = source;
  const vertical =
    ports.size >= 2 * hosts.size ||
    (hosts.size < MOST_SET && source.failures >= 3 * Math.max(hosts.size, ports.size));
  if (!vertical && hosts.size < 3 * ports.size) return undefined;
  const hours = (step.end - source.since) / 3600;
  const time = hours < 2 ? `${Math.round(hours * 60)} minutes` : `${Math.round(hours)} hours`;
  const list = [...ports].filter((port) => port > 0).sort((a, b) => a - b);
  const what = vertical
    ? `${ports.size} ports of ${hosts.size === 1 && destination !== '' ? destination : hosts.size === 1 ? 'one host' : `${hosts.size} hosts`}`
    : `${hosts.size} hosts`;
  return {
    type: vertical ? 'port_scan_vertical' : 'port_scan_horizontal',
    tenant,
    entity: address,
    severity: own ? 'medium' : 'low',
    score: scoreOver(source.sum, failures * FAILURE) * (own ? 0.9 : 0.8),
    title: `${address} scans slowly: ${what} tried in ${time}, ${source.failures} in vain`,
    description:
      `Of ${source.failures + source.successes} hosts and ports that ${address} contacted for the first time in ${time}, ` +
      `${source.failures} refused or did not answer. Programs know whom they contact; who looks around does not. ` +
      'An inventory, or a program with an old list of hosts, does the same: see what runs there.',
    source: address,
    ...(hosts.size === 1 && destination !== '' ? { destination } : {}),
    ...(list.length === 1 && ports.size === 1 ? { port: list[0]! } : {}),
    metric: 'failed_first_contacts',
    value: source.failures,
    baseline: 0,
    threshold: failures,
    technique: 'T1046',
    flowFilter:
      hosts.size === 1 && destination !== ''
        ? `source_ip = ${address} and destination_ip = ${destination}`
        : !vertical && list.length > 0 && list.length <= 8
          ? `source_ip = ${address} and destination_port in (${list.join(', ')})`
          : `source_ip = ${address}`,
    evidence: {
      measures: [
        { name: 'failed', value: source.failures, unit: 'first contacts' },
        { name: 'succeeded', value: source.successes, unit: 'first contacts' },
        { name: 'hosts', value: hosts.size, unit: 'hosts' },
        { name: 'ports', value: ports.size, unit: 'ports' },
        { name: 'log_likelihood_ratio', value: source.sum, unit: 'nats' },
      ],
      ports: list.slice(0, 32),
      parameters: { failures },
    },
    since: source.since,
    holdSeconds: Math.min(
      MOST_HOLD_SECONDS,
      Math.max(
        LEAST_HOLD_SECONDS,
        Math.ceil((HOLD_PAUSES * (source.last - source.since)) / (source.failures + source.successes)),
      ),
    ),
  };
}

export const slowScan: Detector<typeof parameters> = {
  name: 'slow_scan',
  title: 'Slow scan',
  types: ['port_scan_vertical', 'port_scan_horizontal'],
  doc:
    'Who scans slowly fails at most of what it contacts for the first time. A sequential test (threshold random walk: Jung, Paxson, Berger, ' +
    'Balakrishnan 2004) over first contacts, by host and port, per source over hours. A contact has failed where a SYN led to no connection, or, ' +
    'where answers are seen otherwise, where none came within the next window. Silent where traffic is sampled, for then what was answered cannot be ' +
    'told; silent while most own hosts fail. Also sweeps of one port over own hosts that mostly answer, where the source breaks off what is accepted.',
  parameters,
  reads: {
    source: [
      'flows',
      'contact_flows',
      'answered_flows',
      'failed_flows',
      'sampling_rate',
      'internal',
      'contacts',
      'failed_contacts',
      'ports',
    ],
    destination: ['flows', 'contact_flows', 'refused_flows', 'unreachable_flows', 'sources'],
    pair: [...sweepReads, 'syn_flows'],
  },
  windowsBack: 6,
  early: false,
  usesUsual: false,
  start: (settings) => new SlowScan(settings),
};
