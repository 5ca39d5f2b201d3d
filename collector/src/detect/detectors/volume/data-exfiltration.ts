import { WINDOW_SECONDS, addressHash } from '@weir/core/windows';
import type { Usual } from '../../baselines/usual.ts';
import type { Detector, Finding, Report, RunningDetector, Values } from '../../detector.ts';
import { type Entity, MOST_WINDOWS_BACK, type Step } from '../../step.ts';
import { evenSeries } from './even-rate.ts';
import { LEAST_SAMPLES, samplesOf, scoreOf, severityOf } from './gravity.ts';
import { KnownPlaces, placeOf } from './known-places.ts';
import { bytesText } from './quantities.ts';

/*
 * Why it works: who carries data away has a host of the network send much outside. That it is the host that began tells it from a server
 * that is asked for downloads. Two rules:
 *
 * - sustained: over 10 MB/s for half a minute, to places that it does not know since an earlier day, and more than it usually sends;
 * - against habit: much to new places at any speed, many times what the host sends at this hour. Only where its usual is known, and after half a day of
 *   learning where everybody sends to: before that, all places are new.
 *
 * A long flow is told of in parts or at its end: its bytes are laid over the time that it lasted (even-rate.ts), and what is sent to a
 * place is added up over as long as there is no long pause, so that neither a slow copy nor one told of late escapes.
 *
 * What looks alike, and how it is told:
 * - a backup, replication, a VPN to a known place: known since an earlier day. The first one is found; there is no telling it from a theft,
 *   and somebody should know of it;
 * - a web server, a CDN’s origin, an FTP server: contacted, not contacting;
 * - a speed test: over in 15 seconds, in two or three windows; sustained is four;
 * - video calls, VPNs, file sharing among peers: about as much comes back, while a theft is answered with little but acknowledgements;
 * - mail servers: attachments to ever new places, which their usual covers;
 * - a drive in the cloud, updates’ telemetry: places that several own hosts know from earlier days, for the rule of habit;
 * - a bulk copy between own networks: nothing leaves.
 */
const parameters = {
  bytes_per_second: {
    default: 10_000_000,
    unit: 'bytes/s',
    threshold: true,
    least: 100_000,
    doc: 'Sent outside by a host to places not known from earlier days, sustained for half a minute.',
  },
  windows: {
    default: 4,
    unit: 'windows',
    least: 2,
    most: MOST_WINDOWS_BACK,
    doc: 'Windows in a row with sending: the first and the last may be in part. Speed tests take three at most.',
  },
  new_bytes: {
    default: 300_000_000,
    unit: 'bytes',
    threshold: true,
    least: 1_000_000,
    doc: 'Sent to new places without a pause of half an hour: what is worth a look where it is far from usual.',
  },
  times_usual: {
    default: 10,
    unit: 'ratio',
    least: 1,
    doc:
      'So many times the 99th percentile of what the host sends outside at this hour, for ten minutes, is far from usual; of the sustained ' +
      'rule, one and a half times.',
  },
  known_after: {
    default: 43_200,
    unit: 's',
    doc: 'A place is known when it was first sent to so long ago: on an earlier day.',
  },
  answered_share: {
    default: 0.5,
    unit: 'ratio',
    most: 10,
    doc: 'From so much coming back for what is sent, it is an exchange: a call, a tunnel, peers.',
  },
  popular_hosts: {
    default: 4,
    unit: 'hosts',
    least: 1,
    doc: 'A place that so many own hosts know from earlier days is new to none, where it is not about the absolute rate.',
  },
} as const;

type P = typeof parameters;

/** Below so much a window, a host is not looked at. */
const LEAST_BYTES = 1_000_000;
const HABIT = 1.5;
const HABIT_SECONDS = 600;

export const dataExfiltration: Detector<P> = {
  name: 'data_exfiltration',
  title: 'Data exfiltration',
  types: ['data_exfiltration'],
  doc:
    'An own host sends much outside, of its own accord, to places that it does not know: sustained over an absolute rate, or at any ' +
    'speed many times what it usually sends.',
  parameters,
  reads: {
    pair: [
      'records',
      'packets',
      'bytes',
      'bytes_before',
      'bytes_back',
      'contact_flows',
      'outbound_bytes',
      'longest_ms',
      'sampling_rate',
      'internal',
    ],
    source: ['outbound_bytes'],
  },
  windowsBack: MOST_WINDOWS_BACK,
  early: false,
  start: (settings) => new RunningExfiltration(settings),
};

interface Sending {
  readonly pair: Entity;
  readonly place: string;
  readonly bytes: number;
}

class RunningExfiltration implements RunningDetector {
  private readonly settings: (tenant: string) => Values<P>;
  private readonly places = new KnownPlaces();

  constructor(settings: (tenant: string) => Values<P>) {
    this.settings = settings;
  }

  detect(step: Step, usual: Usual, report: Report): void {
    const senders = sendersOf(step);
    if (senders.size === 0) return;
    const sourceRows = rowsOf(step, senders);
    for (const [id, sendings] of senders) {
      const { tenant } = sendings[0]!.pair;
      const v = this.settings(tenant);
      const fresh = sendings.filter(({ place }) => {
        const known = this.places.of(id, place, step.start);
        return known === undefined || step.start - known.first < v.known_after;
      });
      if (fresh.length === 0 || !isFirm(fresh)) continue;
      if (answeredShare(step, fresh) >= v.answered_share) continue;
      const row = sourceRows.get(id);
      const known = row === undefined ? undefined : usual.of(step, 'source', row, 'outbound_bytes');
      const baseline = known === undefined || known.learning ? undefined : known;
      const sustained = sustainedRate(fresh, v);
      if (sustained >= v.bytes_per_second && (baseline === undefined || sustained > HABIT * baseline.high)) {
        report(finding(fresh, 'bytes_per_second', sustained, v.bytes_per_second, baseline?.median ?? 0, v));
        continue;
      }
      const earlier = step.start - v.known_after;
      if (baseline === undefined || !this.places.knowsSince(earlier)) continue;
      const threshold = Math.max(v.new_bytes, v.times_usual * baseline.high * HABIT_SECONDS);
      if (
        fresh.reduce((sum, s) => sum + s.bytes + this.places.sentLately(id, s.place, step.start), 0) <
        threshold
      )
        continue;
      const unpopular = fresh.filter(
        ({ place }) => this.places.hostsThatKnew(tenant, place, earlier) < v.popular_hosts,
      );
      const lately = new Set(unpopular.map(({ place }) => place));
      let bytes = unpopular.reduce((sum, { bytes: now }) => sum + now, 0);
      for (const place of lately) bytes += this.places.sentLately(id, place, step.start);
      if (bytes < threshold) continue;
      report(finding(unpopular, 'bytes_to_new_places', bytes, threshold, baseline.median * HABIT_SECONDS, v));
    }
  }

  learn(step: Step): void {
    this.places.begin(step.start);
    for (const [id, sendings] of sendersOf(step))
      for (const { place, bytes } of sendings) this.places.add(id, place, step.start, bytes);
  }

  save(): unknown {
    return this.places.save();
  }

  load(saved: unknown): void {
    this.places.load(saved);
  }

  counts(): { entities: number; learning: number } {
    return { entities: this.places.size, learning: 0 };
  }
}

/** What own hosts sent outside in contacts of their own, of those that sent enough, in the current window. */
function sendersOf(step: Step): Map<string, Sending[]> {
  const rows = step.rows('pair');
  const { outbound_bytes: outbound, contact_flows: contacts, internal } = rows.numbers;
  const by = new Map<string, Sending[]>();
  for (let row = 0; row < rows.rows; row++) {
    if (rows.rest[row] === 1 || outbound[row] === 0 || contacts[row] === 0 || (internal[row]! & 3) !== 1)
      continue;
    if (outbound[row]! < LEAST_BYTES / 10) continue;
    const pair = step.entity('pair', row);
    const id = hostId(pair.tenant, pair.address('source_ip'));
    const sending = { pair, place: placeOf(pair.address('destination_ip')), bytes: outbound[row]! };
    const sendings = by.get(id);
    if (sendings === undefined) by.set(id, [sending]);
    else sendings.push(sending);
  }
  for (const [id, sendings] of by)
    if (sendings.reduce((sum, s) => sum + s.bytes, 0) < LEAST_BYTES) by.delete(id);
  return by;
}

/** The senders' rows of what they sent in all. Addresses are compared by hash first: there are many rows, and few senders. */
function rowsOf(step: Step, senders: ReadonlyMap<string, readonly Sending[]>): Map<string, number> {
  const hashes = new Set<number>();
  for (const [{ pair }] of senders.values() as Iterable<readonly [Sending]>) hashes.add(pair.addressHash());
  const rows = step.rows('source');
  const words = rows.keys.source_ip!;
  const found = new Map<string, number>();
  for (let row = 0, w = 0; row < rows.rows; row++, w += 4) {
    if (rows.rest[row] === 1) continue;
    if (!hashes.has(addressHash(words[w]!, words[w + 1]!, words[w + 2]!, words[w + 3]!))) continue;
    const host = step.entity('source', row);
    found.set(hostId(host.tenant, host.address('source_ip')), row);
  }
  return found;
}

function hostId(tenant: string, address: string): string {
  return `${tenant} ${address}`;
}

/** Octets a second over the windows that count as sustained; 0 where one of them has hardly any. */
function sustainedRate(sendings: readonly Sending[], v: Values<P>): number {
  const series = new Float64Array(MOST_WINDOWS_BACK);
  for (const { pair } of sendings) evenSeries(pair, 'outbound_bytes', series);
  const last = series.subarray(0, v.windows);
  if (last.some((rate) => rate < 0.2 * v.bytes_per_second)) return 0;
  const total = last.reduce((sum, rate) => sum + rate, 0);
  // One window’s worth may lack, for the first and the last are in part; those between are whole.
  const whole = last.subarray(1, -1);
  if (whole.reduce((sum, rate) => sum + rate, 0) < whole.length * v.bytes_per_second) return 0;
  return total / (v.windows - 1) >= v.bytes_per_second ? Math.max(total / v.windows, v.bytes_per_second) : 0;
}

/** Octets that came back for each that was sent, over the latest windows. */
function answeredShare(step: Step, sendings: readonly Sending[]): number {
  let sent = 0;
  let back = 0;
  for (const { pair } of sendings) {
    sent += pair.sum('bytes');
    back += pair.sum('bytes_back') + step.entityOf('pair', answerKey(pair.key)).sum('bytes');
  }
  return sent === 0 ? 0 : back / sent;
}

/** The key of what the contacted end sends back: a pair of its own where each direction is reported alone, without a port. */
function answerKey(key: Uint32Array): Uint32Array {
  return Uint32Array.of(key[0]!, ...key.subarray(5, 9), ...key.subarray(1, 5), key[9]!, 0);
}

function samplesSeen(sendings: readonly Sending[]): number {
  return sendings.reduce((sum, { pair }) => sum + samplesOf(pair, MOST_WINDOWS_BACK), 0);
}

function isFirm(sendings: readonly Sending[]): boolean {
  return (
    sendings.every(({ pair }) => pair.most('sampling_rate') <= 1) || samplesSeen(sendings) >= LEAST_SAMPLES
  );
}

function finding(
  sendings: readonly Sending[],
  metric: 'bytes_per_second' | 'bytes_to_new_places',
  value: number,
  threshold: number,
  baseline: number,
  v: Values<P>,
): Finding {
  const sorted = [...sendings].sort((a, b) => b.bytes - a.bytes);
  const { pair } = sorted[0]!;
  const source = pair.address('source_ip');
  const total = sorted.reduce((sum, s) => sum + s.bytes, 0);
  const mostly = sorted[0]!.bytes >= 0.8 * total;
  const destination = pair.address('destination_ip');
  const places = new Set(sorted.map((s) => s.place)).size;
  const rate = metric === 'bytes_per_second';
  const amount = (bytes: number): string => bytesText(bytes) + (rate ? '/s' : '');
  const times = value / threshold;
  const samples = samplesSeen(sorted);
  const sampling = Math.max(...sorted.map((s) => s.pair.most('sampling_rate')));
  const longest = Math.max(...sorted.map((s) => s.pair.most('longest_ms'))) / 1000;
  return {
    type: 'data_exfiltration',
    tenant: pair.tenant,
    entity: source,
    severity: severityOf(times, 'high'),
    score: scoreOf(times, samples, sampling),
    title:
      `${source} sends ${amount(value)} outside` +
      (rate ? ', sustained, ' : ', ') +
      (mostly
        ? `to ${destination}${pair.number('port') > 0 ? ` port ${pair.number('port')}` : ''}`
        : `to ${places} ${places === 1 ? 'network' : 'networks'}`) +
      ', not known from earlier days' +
      (baseline > 0 ? `; usual is ${amount(baseline)}${rate ? '' : ' in ten minutes'}` : ''),
    description:
      `The host itself began to send; the threshold is ${amount(threshold)}. Find out which program sends and what. ` +
      'The first run of a backup or a large upload looks the same: from the next day on its place is known.',
    source,
    ...(mostly ? { destination, port: pair.number('port'), protocol: pair.number('protocol') } : {}),
    metric,
    value,
    baseline,
    threshold,
    technique: pair.number('port') === 443 || pair.number('port') === 80 ? 'T1567' : 'T1048',
    flowFilter: `source = ${source}` + (mostly ? ` and destination = ${destination}` : ''),
    evidence: {
      measures: [
        { name: 'window_bytes', value: total, unit: 'bytes' },
        { name: 'networks', value: places, unit: 'networks' },
        { name: 'longest_flow', value: longest, unit: 's' },
      ],
      contributors: sorted.slice(0, 10).map((s) => ({
        source_ip: source,
        destination_ip: s.pair.address('destination_ip'),
        protocol: s.pair.number('protocol'),
        destination_port: s.pair.number('port'),
        value: rate ? s.bytes / WINDOW_SECONDS : s.bytes,
      })),
      ...(sampling > 1
        ? {
            caveat: `1:${sampling.toLocaleString('en-US')} sampling, ${samples.toLocaleString('en-US')} packets seen`,
          }
        : {}),
      parameters: { bytes_per_second: v.bytes_per_second, new_bytes: v.new_bytes, windows: v.windows },
    },
    // Of a flow that is told of every half hour only, the next part is to be waited for.
    holdSeconds: Math.min(3_600, Math.max(60, Math.round(1.5 * longest))),
  };
}
