import type { Detector, Finding, Report, RunningDetector, Values } from '../../detector.ts';
import { type Entity, MOST_WINDOWS_BACK, type Step } from '../../step.ts';
import { certainty, rounded, samplingCaveat, scoreOver } from './certainty.ts';
import { destinationHash, sourceHash } from './pair-ends.ts';
import {
  type Fingerprint,
  type SavedKeys,
  RememberedKeys,
  fingerprint,
  isSavedKeys,
} from './remembered-keys.ts';

/*
 * Who guesses passwords makes one short connection after the other to a port where one logs in, for the server ends it after a few wrong
 * guesses: hydra with 4 to 16 tasks makes 15 to several hundred a minute against SSH, more against FTP. An attempt is such a connection
 * that came about: a SYN without ACK is a scan's, and what carries less than a key exchange or a few lines is a check that the port is
 * open.
 *
 * Some do so all day and are welcome: build servers that ask a repository over SSH, monitoring that logs in, mail programs behind a NAT
 * gateway, programs that open a connection to a database or directory for each question. Therefore mail, files, directories and databases
 * need more to be suspected within the own networks, and who did the same on two days before has the habit. File copies and
 * configuration management carry more octets than an attempt may have (SHORT_LOGIN_BYTES).
 *
 * Four ways of it: fast, one source against one service within a minute; patient, the same over ten minutes; spraying, one source against
 * many hosts; distributed, many sources against one service. With sampling a connection of many packets leaves a few by chance and looks
 * short: there, SYNs are counted, of which each connection has one, over ten minutes, and at least eight must have been seen.
 */

const parameters = {
  attempts: {
    default: 15,
    unit: 'attempts/min',
    threshold: true,
    least: 5,
    doc: 'So many short logins of one source to one service in a minute. People make one to three; tools that guess, 15 or more.',
  },
  patient_attempts: {
    default: 100,
    unit: 'attempts/10 min',
    threshold: true,
    least: 20,
    doc: 'So many in ten minutes, going on in at least eight of them.',
  },
  spray_hosts: {
    default: 5,
    unit: 'hosts',
    least: 2,
    doc: 'One source against so many hosts, with three times `attempts` in all and two or more for each, sprays passwords.',
  },
  distributed_sources: {
    default: 10,
    unit: 'sources/min',
    threshold: true,
    least: 3,
    doc: 'So many sources with four times `attempts` in all against one service, and five times what that service has on other days.',
  },
} as const;

type BruteForceValues = Values<typeof parameters>;

const TCP = 6;
const DAY = 86_400;
const PATIENT_SECONDS = 600;
const PATIENT_MINUTES = 8;
const HABIT_SECONDS = 21 * DAY;
const HABIT_DAYS = 2;
const HABIT_FACTOR = 4;
/** Attempts a minute from which on a day counts for a habit. */
const HABIT_ATTEMPTS = 3;
const MOST_EDGES = 8192;
const HABITS = 2 ** 16;
const SAMPLED_LEAST = 8;
/** Packets of an attempt's connection, one direction, where they are estimated from samples. */
const SAMPLED_PACKETS = { least: 4, most: 60 };
const LEAST_PACKETS = 4;
const UNKNOWN_FACTOR = 1.5;

const shells = new Set([21, 22, 23, 512, 513, 514, 2222, 2323, 3389, 5900, 5901, 5985, 5986, 8291]);
const mail = new Set([110, 143, 465, 587, 993, 995]);
const ssh = new Set([22, 2222]);

const names: Readonly<Record<number, string>> = {
  21: 'FTP',
  22: 'SSH',
  23: 'Telnet',
  110: 'POP3',
  143: 'IMAP',
  389: 'LDAP',
  445: 'SMB',
  465: 'SMTP',
  587: 'SMTP',
  636: 'LDAP',
  993: 'IMAP',
  995: 'POP3',
  1433: 'SQL Server',
  1521: 'Oracle',
  2222: 'SSH',
  2323: 'Telnet',
  3306: 'MySQL',
  3389: 'RDP',
  5432: 'PostgreSQL',
  5900: 'VNC',
  5901: 'VNC',
  5985: 'WinRM',
  5986: 'WinRM',
  6379: 'Redis',
  27017: 'MongoDB',
};

/** How many times more it takes for this service. */
function factorOf(port: number, own: boolean): number {
  if (shells.has(port)) return 1;
  if (mail.has(port)) return own ? 4 : 2;
  return own ? 5 : 1;
}

function leastBytes(port: number): number {
  return ssh.has(port) ? 500 : 250;
}

/** What a pair did in a window that may be attempts. */
interface Recent {
  readonly at: number;
  readonly attempts: number;
  readonly packets: number;
  /** Not scaled: SYNs seen alone, where sampled. */
  readonly synRecords: number;
}

interface Edge {
  recent: Recent[];
}

interface Saved {
  readonly version: 1;
  readonly edges: readonly (readonly [string, Edge])[];
  readonly days: SavedKeys;
  readonly marked: SavedKeys;
  readonly peaks: SavedKeys;
}

/** A pair over the last minute. */
interface Minute {
  readonly pair: Entity;
  readonly port: number;
  readonly source: string;
  readonly destination: string;
  /** Whether some of it is in the current window. */
  readonly now: boolean;
  readonly own: boolean;
  readonly rate: number;
  readonly records: number;
  readonly attempts: number;
  /** Logins that lasted or carried more than an attempt. */
  readonly lasting: number;
}

class BruteForce implements RunningDetector {
  private readonly settings: (tenant: string) => BruteForceValues;
  private edges = new Map<string, Edge>();
  /** Days on which an edge, or a service, had attempts; which of them were counted already; and the most a minute. */
  private readonly days = new RememberedKeys(HABITS, HABIT_SECONDS);
  private readonly marked = new RememberedKeys(HABITS, 2 * DAY);
  private readonly peaks = new RememberedKeys(HABITS, HABIT_SECONDS);
  private workedOut: { readonly step: Step; readonly minutes: readonly Minute[] } | undefined;

  constructor(settings: (tenant: string) => BruteForceValues) {
    this.settings = settings;
  }

  /** What `detect` has worked out of a step, `learn` need not again. */
  private minutes(step: Step): readonly Minute[] {
    if (this.workedOut?.step !== step) this.workedOut = { step, minutes: minutesOf(step) };
    return this.workedOut.minutes;
  }

  detect(step: Step, _usual: unknown, report: Report): void {
    const sprays = new Map<string, Minute[]>();
    const services = new Map<string, Minute[]>();
    const minutes = this.minutes(step);
    for (const minute of minutes) {
      const { pair, source, destination, port } = minute;
      add(sprays, `${pair.tenant} ${source} ${port}`, minute);
      add(services, `${pair.tenant} ${destination} ${port}`, minute);
    }
    const spraying = new Set<string>();
    for (const [name, of] of sprays) {
      const finding = this.spray(step, of);
      if (finding === undefined) continue;
      spraying.add(name);
      report(finding);
    }
    for (const minute of minutes) {
      if (!minute.now || spraying.has(`${minute.pair.tenant} ${minute.source} ${minute.port}`)) continue;
      const finding = this.single(step, minute);
      if (finding !== undefined) report(finding);
    }
    for (const of of services.values()) {
      const finding = this.distributed(step, of);
      if (finding !== undefined) report(finding);
    }
  }

  private single(step: Step, minute: Minute): Finding | undefined {
    const { pair, port, own, rate, attempts, records } = minute;
    const values = this.settings(pair.tenant);
    const factor = factorOf(port, own);
    const edge = this.edges.get(nameOf(minute));
    const recent = [...(edge?.recent ?? []), recentOf(step, pair, 0)].filter(
      ({ at }) => at > step.end - PATIENT_SECONDS,
    );
    const total = recent.reduce((sum, r) => sum + r.attempts, 0);
    const active = new Set(recent.filter((r) => r.attempts > 0).map((r) => Math.floor(r.at / 60))).size;
    if (rate > 1) {
      const syns = recent.reduce((sum, r) => sum + r.synRecords, 0);
      const packets = recent.reduce((sum, r) => sum + r.packets, 0) / Math.max(1, total);
      const aMinute = total / 10;
      if (syns < SAMPLED_LEAST || aMinute < values.attempts * factor) return undefined;
      if (packets < SAMPLED_PACKETS.least || packets > SAMPLED_PACKETS.most) return undefined;
      if (this.isHabit(step, edgeKey(minute), aMinute)) return undefined;
      return pairFinding(minute, aMinute, values.attempts * factor, 'attempts_per_minute', syns);
    }
    if (this.isHabit(step, edgeKey(minute), attempts)) return undefined;
    if (attempts >= values.attempts * factor)
      return pairFinding(minute, attempts, values.attempts * factor, 'attempts_per_minute', records);
    if (total >= values.patient_attempts * factor && active >= PATIENT_MINUTES)
      return pairFinding(
        minute,
        total,
        values.patient_attempts * factor,
        'attempts_per_ten_minutes',
        records,
      );
    return undefined;
  }

  private spray(step: Step, of: readonly Minute[]): Finding | undefined {
    const first = of[0]!;
    const values = this.settings(first.pair.tenant);
    if (!of.some((m) => m.now)) return undefined;
    if (of.length < values.spray_hosts || of.some((m) => m.rate > 1)) return undefined;
    const fresh = of.filter((m) => m.attempts >= 2 && !this.isHabit(step, edgeKey(m), m.attempts));
    const attempts = fresh.reduce((sum, m) => sum + m.attempts, 0);
    const threshold = 3 * values.attempts * factorOf(first.port, first.own);
    if (fresh.length < values.spray_hosts || attempts < threshold) return undefined;
    return sprayFinding(fresh, attempts, threshold);
  }

  private distributed(step: Step, of: readonly Minute[]): Finding | undefined {
    const first = of[0]!;
    const values = this.settings(first.pair.tenant);
    if (!of.some((m) => m.now)) return undefined;
    if (of.length < values.distributed_sources || of.some((m) => m.rate > 1)) return undefined;
    // Who does enough alone is told of alone.
    const few = of.filter((m) => m.attempts < values.attempts * factorOf(m.port, m.own));
    const attempts = few.reduce((sum, m) => sum + m.attempts, 0);
    const outside = few.filter((m) => !m.own).length;
    const key = serviceKey(first);
    const known = this.days.count(key, step.start) >= HABIT_DAYS;
    const usual = known ? this.peaks.count(key, step.start) : 0;
    const least = 4 * values.attempts * factorOf(first.port, outside === 0);
    // Of a service that is new it is not known how many people use it.
    const threshold = known ? Math.max(least, 5 * usual) : UNKNOWN_FACTOR * least;
    if (few.length < values.distributed_sources || attempts < threshold) return undefined;
    if (!known && (!shells.has(first.port) || outside < 2 * values.distributed_sources)) return undefined;
    return distributedFinding(few, attempts, threshold, usual);
  }

  /** Whether so many are usual of it: on two days before, and not much less. */
  private isHabit(step: Step, key: Fingerprint, attempts: number): boolean {
    const today = this.marked.has(dayOf(key, step.start), step.start) ? 1 : 0;
    return (
      this.days.count(key, step.start) - today >= HABIT_DAYS &&
      attempts <= HABIT_FACTOR * this.peaks.count(key, step.start)
    );
  }

  learn(step: Step): void {
    const services = new Map<string, Minute[]>();
    for (const minute of this.minutes(step)) {
      add(services, `${minute.pair.tenant} ${minute.destination} ${minute.port}`, minute);
      if (!minute.now) continue;
      const name = nameOf(minute);
      const edge = this.edges.get(name) ?? { recent: [] };
      this.edges.delete(name);
      this.edges.set(name, edge);
      const recent = recentOf(step, minute.pair, 0);
      edge.recent = [...edge.recent, recent].filter(({ at }) => at > step.end - PATIENT_SECONDS);
      this.remember(step, edgeKey(minute), minute.attempts);
    }
    for (const of of services.values())
      this.remember(
        step,
        serviceKey(of[0]!),
        of.reduce((sum, m) => sum + m.attempts, 0),
      );
    for (const [name, { recent }] of this.edges) {
      if (this.edges.size <= MOST_EDGES && (recent.at(-1)?.at ?? 0) > step.end - PATIENT_SECONDS) break;
      this.edges.delete(name);
    }
  }

  private remember(step: Step, key: Fingerprint, attempts: number): void {
    if (attempts < HABIT_ATTEMPTS) return;
    if (this.marked.meet(dayOf(key, step.start), step.start)) this.days.meet(key, step.start, 1);
    const peak = this.peaks.count(key, step.start);
    const more = Math.max(0, Math.ceil(attempts) - peak);
    // What is a habit grows slowly: what goes far beyond it is not to become it while it goes on.
    const known = this.days.count(key, step.start) > HABIT_DAYS;
    this.peaks.meet(key, step.start, known ? Math.min(1, more) : more);
  }

  save(): Saved {
    return {
      version: 1,
      edges: [...this.edges],
      days: this.days.save(),
      marked: this.marked.save(),
      peaks: this.peaks.save(),
    };
  }

  load(saved: unknown): void {
    const { version, edges, days, marked, peaks } = (saved ?? {}) as Partial<Saved>;
    if (version !== 1 || !Array.isArray(edges)) return;
    if (!isSavedKeys(days) || !isSavedKeys(marked) || !isSavedKeys(peaks)) return;
    this.edges = new Map(edges as [string, Edge][]);
    this.days.load(days);
    this.marked.load(marked);
    this.peaks.load(peaks);
  }

  counts(): { entities: number; learning: number } {
    return { entities: this.edges.size, learning: 0 };
  }
}

/** Pairs that made attempts within the last minute. */
function minutesOf(step: Step): Minute[] {
  const minutes: Minute[] = [];
  for (let back = 0; back < MOST_WINDOWS_BACK; back++) {
    const rows = step.rowsBack('pair', back);
    if (rows === undefined) continue;
    const { login_short_flows: short } = rows.numbers;
    const { protocol, port } = rows.keys;
    for (let row = 0; row < rows.rows; row++) {
      if (rows.rest[row] === 1 || short[row] === 0 || protocol![row] !== TCP || port![row] === 0) continue;
      const pair = step.entityBack('pair', back, row)!;
      if (wasMet(pair, back)) continue;
      let attempts = 0;
      for (let b = back; b < MOST_WINDOWS_BACK; b++) attempts += recentOf(step, pair, b).attempts;
      if (attempts === 0) continue;
      minutes.push({
        pair,
        port: port![row]!,
        source: pair.address('source_ip'),
        destination: pair.address('destination_ip'),
        now: back === 0,
        own: (pair.bits('internal') & 1) === 1,
        rate: pair.most('sampling_rate'),
        records: pair.sum('records'),
        attempts,
        lasting: pair.sum('login_flows') - pair.sum('login_short_flows'),
      });
    }
  }
  return minutes;
}

/** Whether a later window has brought it already. */
function wasMet(pair: Entity, back: number): boolean {
  for (let b = 0; b < back; b++) if (pair.at('login_short_flows', b) !== 0) return true;
  return false;
}

function recentOf(step: Step, pair: Entity, back: number): Recent {
  const at = step.start - 10 * back;
  const syn = pair.at('syn_flows', back);
  const packets = pair.at('packets', back);
  const rate = pair.at('sampling_rate', back);
  if (rate > 1) return { at, attempts: syn, packets, synRecords: syn / rate };
  const flows = pair.at('flows', back);
  const made = flows - syn;
  const attempts = Math.max(0, pair.at('login_short_flows', back) - syn);
  // What is too small was no login: a check that the port is open.
  const enough =
    pair.at('bytes', back) - 60 * syn >= leastBytes(pair.number('port')) * made &&
    packets - syn >= LEAST_PACKETS * made;
  return { at, attempts: enough ? attempts : 0, packets, synRecords: 0 };
}

function nameOf({ pair, source, destination, port }: Minute): string {
  return `${pair.tenant} ${source} ${destination} ${port}`;
}

function edgeKey({ pair, port }: Minute): Fingerprint {
  return fingerprint(pair.tenant, 1, sourceHash(pair), destinationHash(pair), port);
}

function serviceKey({ pair, port }: Minute): Fingerprint {
  return fingerprint(pair.tenant, 2, destinationHash(pair), port);
}

function dayOf({ high, low }: Fingerprint, now: number): Fingerprint {
  return fingerprint('', high, low, Math.floor(now / DAY));
}

function add(groups: Map<string, Minute[]>, name: string, minute: Minute): void {
  const group = groups.get(name);
  if (group === undefined) groups.set(name, [minute]);
  else group.push(minute);
}

function serviceName(port: number): string {
  return names[port] ?? `port ${port}`;
}

function pairFinding(
  minute: Minute,
  value: number,
  threshold: number,
  metric: string,
  records: number,
): Finding {
  const { pair, source, destination, port, own, rate, lasting } = minute;
  const time = metric === 'attempts_per_minute' ? 'a minute' : 'ten minutes';
  const got = lasting > 0 && rate <= 1;
  const caveat = samplingCaveat(records, rate);
  return {
    type: 'brute_force',
    tenant: pair.tenant,
    entity: `${source} → ${destination}:${port}`,
    severity: got ? 'critical' : own || value >= 10 * threshold ? 'high' : 'medium',
    score: scoreOver(value, threshold) * certainty(records, rate),
    title: `${source} tries passwords on ${destination} (${serviceName(port)}): ${rounded(value)} logins in ${time}`,
    description:
      `${rounded(value)} short connections in ${time} to ${serviceName(port)} of ${destination}, each as small as a login that fails. ` +
      (got ? `${rounded(lasting)} lasted longer: it may have got in. ` : '') +
      'A script that logs in again and again looks the same, and is known after two days. See the log of the server for failed logins.',
    source,
    destination,
    protocol: TCP,
    port,
    metric,
    value,
    baseline: 0,
    threshold,
    technique: 'T1110',
    flowFilter: `source_ip = ${source} and destination_ip = ${destination} and destination_port = ${port}`,
    evidence: {
      measures: [
        { name: 'attempts', value: minute.attempts, unit: 'attempts/min' },
        { name: 'lasting_logins', value: lasting, unit: 'flows/min' },
        { name: 'bytes', value: pair.sum('bytes') / Math.max(1, pair.sum('flows')), unit: 'bytes/flow' },
      ],
      ports: [port],
      ...(caveat === undefined ? {} : { caveat }),
    },
  };
}

function sprayFinding(of: readonly Minute[], attempts: number, threshold: number): Finding {
  const { pair, source, port, own } = of[0]!;
  const got = of.some((m) => m.lasting > 0);
  return {
    type: 'brute_force',
    tenant: pair.tenant,
    entity: `${source} → ${serviceName(port)}`,
    severity: own || got ? 'high' : 'medium',
    score: scoreOver(attempts, threshold),
    title: `${source} tries passwords on ${of.length} hosts (${serviceName(port)}): ${rounded(attempts)} logins in a minute`,
    description:
      `${rounded(attempts)} short logins within a minute, spread over ${of.length} hosts: few for each, so that no account is locked. ` +
      'Monitoring that logs in looks the same, and is known after two days. See the logs of the hosts for failed logins.',
    source,
    protocol: TCP,
    port,
    metric: 'attempts_per_minute',
    value: attempts,
    baseline: 0,
    threshold,
    technique: 'T1110.003',
    flowFilter: `source_ip = ${source} and destination_port = ${port}`,
    evidence: {
      measures: [{ name: 'hosts', value: of.length, unit: 'hosts/min' }],
      contributors: most(of).map((m) => ({
        destination_ip: m.destination,
        destination_port: port,
        value: m.attempts,
      })),
      ports: [port],
    },
  };
}

function distributedFinding(
  of: readonly Minute[],
  attempts: number,
  threshold: number,
  usual: number,
): Finding {
  const { pair, destination, port } = of[0]!;
  return {
    type: 'brute_force',
    tenant: pair.tenant,
    entity: `→ ${destination}:${port}`,
    severity: 'high',
    score: scoreOver(attempts, threshold),
    title: `${of.length} hosts try passwords on ${destination} (${serviceName(port)}): ${rounded(attempts)} logins in a minute`,
    description:
      `${rounded(attempts)} short logins within a minute, from ${of.length} hosts of which none does much. ` +
      (usual > 0 ? `The most on other days was ${rounded(usual)} a minute. ` : '') +
      'If the service need not be open to them, close it; see its log for failed logins.',
    destination,
    protocol: TCP,
    port,
    metric: 'attempts_per_minute',
    value: attempts,
    baseline: usual,
    threshold,
    technique: 'T1110',
    flowFilter: `destination_ip = ${destination} and destination_port = ${port}`,
    evidence: {
      measures: [{ name: 'sources', value: of.length, unit: 'sources/min' }],
      contributors: most(of).map((m) => ({ source_ip: m.source, destination_port: port, value: m.attempts })),
      ports: [port],
    },
  };
}

function most(of: readonly Minute[]): readonly Minute[] {
  return [...of].sort((a, b) => b.attempts - a.attempts).slice(0, 10);
}

export const bruteForce: Detector<typeof parameters> = {
  name: 'brute_force',
  title: 'Password guessing',
  types: ['brute_force'],
  doc:
    'Short connections to ports where one logs in, one after the other: of one source to one service within a minute or patiently over ten, of one ' +
    'source to many hosts, of many sources to one service. Connections that did not come about, or carry less than a login, do not count. Mail, ' +
    'directories, files and databases need more within the own networks; who did the same on two days before has the habit. Where sampled, SYNs are ' +
    'counted, over ten minutes.',
  parameters,
  reads: {
    pair: [
      'records',
      'flows',
      'bytes',
      'packets',
      'syn_flows',
      'login_flows',
      'login_short_flows',
      'sampling_rate',
      'internal',
    ],
  },
  windowsBack: MOST_WINDOWS_BACK,
  early: false,
  usesUsual: false,
  start: (settings) => new BruteForce(settings),
};
