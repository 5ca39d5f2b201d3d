import { BlockList, isIPv6 } from 'node:net';
import type { AnomalyRow, AnomalyType } from '@weir/core/anomalies';
import type { Label, Labelled } from './labels.ts';

/** A row of the table `anomalies`, and when it was written by the clock that drove detection: seconds since 1970. */
export interface WrittenRow {
  readonly at: number;
  readonly row: AnomalyRow;
}

/** What became of a label. */
export interface LabelScore {
  readonly label: Label;
  readonly found: boolean;
  /** Seconds from its beginning, and from when the threshold was crossed, to the first row that says so. */
  readonly secondsToDetect?: number;
  readonly secondsFromCrossing?: number;
  /** Of the expected types. */
  readonly foundAs: readonly AnomalyType[];
  /** Anomalies that are true of it, the `also` ones among them: more than one or two are noise. */
  readonly anomalies: number;
}

export interface FalseAlarm {
  readonly at: number;
  readonly row: AnomalyRow;
  /** Benign labels whose hosts it names. */
  readonly near: readonly string[];
}

export interface TypeScore {
  readonly type: AnomalyType;
  /** Required labels that expect it first, and how many of those were found. */
  readonly labels: number;
  readonly found: number;
  /** Anomalies of the type that are true, false, and neither. */
  readonly true: number;
  readonly false: number;
  readonly neutral: number;
  /** NaN where there is nothing to take a part of. */
  readonly recall: number;
  readonly precision: number;
  readonly falsePerDay: number;
  /** NaN where nothing was found. */
  readonly medianSecondsToDetect: number;
  readonly medianSecondsFromCrossing: number;
  readonly mostSecondsFromCrossing: number;
}

export interface Score {
  readonly types: readonly TypeScore[];
  readonly labels: readonly LabelScore[];
  readonly falseAlarms: readonly FalseAlarm[];
  readonly observedSeconds: number;
  readonly ownHosts: number;
  readonly recall: number;
  readonly precision: number;
  readonly falsePerDay: number;
}

export interface ScoreOptions {
  /** Seconds before a label's beginning at which an anomaly may open: one window, for windows begin at multiples of ten seconds. */
  readonly early?: number;
  /** Seconds after a label's end within which it may still be reported: what exporters and windows take, and its consequences. */
  readonly grace?: number;
}

/**
 * Holds anomalies against labels. An anomaly is true where a label expects its type, or allows it, one of its ends is one of the
 * label's hosts, and it was first said while the label lasted (what it tells of may reach back); all others are false, those alone excepted that a benign label says are
 * neither. A label is found when an anomaly of an expected type says so, at any time of the label's; and where it has to be found
 * counts for the recall of the first type that it expects.
 */
export function score(rows: readonly WrittenRow[], traffic: Labelled, options: ScoreOptions = {}): Score {
  const { early = 10, grace = 90 } = options;
  const anomalies = anomaliesOf(rows).filter(
    (a) => a.written.at(-1)! >= traffic.from && a.opened <= traffic.to && a.last.state !== 'silenced',
  );
  const attacks = traffic.labels.filter((l) => l.kind === 'attack');
  const benign = traffic.labels.filter((l) => l.kind === 'benign');
  const trueOf = (a: Anomaly, label: Label): boolean =>
    (((label.expected.includes(a.last.type) || label.also.includes(a.last.type)) &&
      namesOneOf(a.last, label.hosts)) ||
      (label.also.includes(a.last.type) && isDestination(a.last, label.victims ?? []))) &&
    a.written[0]! >= label.from - early &&
    a.opened <= label.to + grace;
  const verdicts = new Map<Anomaly, 'true' | 'false' | 'neutral'>();
  for (const a of anomalies) {
    const isTrue = attacks.some((label) => trueOf(a, label));
    const neutral = benign.some(
      (label) =>
        label.also.includes(a.last.type) &&
        namesOneOf(a.last, label.hosts, false) &&
        a.opened >= label.from - early &&
        a.opened <= label.to + grace,
    );
    verdicts.set(a, isTrue ? 'true' : neutral ? 'neutral' : 'false');
  }
  const labels = attacks.map((label): LabelScore => {
    const of = anomalies.filter((a) => trueOf(a, label));
    const says = anomalies.filter(
      (a) =>
        verdicts.get(a) === 'true' && label.expected.includes(a.last.type) && namesOneOf(a.last, label.hosts),
    );
    const when = says
      .flatMap((a) => a.written)
      .filter((at) => at >= label.from - early && at <= label.to + grace)
      .sort((a, b) => a - b)[0];
    const foundAs = [
      ...new Set(
        says
          .filter((a) => a.written.some((at) => at >= label.from - early && at <= label.to + grace))
          .map((a) => a.last.type),
      ),
    ];
    return {
      label,
      found: when !== undefined,
      foundAs,
      anomalies: of.length,
      ...(when === undefined
        ? {}
        : {
            secondsToDetect: when - label.from,
            secondsFromCrossing: when - label.from - label.crossesAfter,
          }),
    };
  });
  const observedSeconds = traffic.to - traffic.from;
  const days = observedSeconds / 86_400;
  const required = labels.filter((l) => l.label.required);
  const names = new Set<AnomalyType>([
    ...required.map((l) => l.label.expected[0]!),
    ...anomalies.map((a) => a.last.type),
  ]);
  const types = [...names].sort().map((type): TypeScore => {
    const own = required.filter((l) => l.label.expected[0] === type);
    const of = anomalies.filter((a) => a.last.type === type);
    const count = (verdict: string): number => of.filter((a) => verdicts.get(a) === verdict).length;
    const found = own.filter((l) => l.found);
    const crossing = found.map((l) => l.secondsFromCrossing!);
    return {
      type,
      labels: own.length,
      found: found.length,
      true: count('true'),
      false: count('false'),
      neutral: count('neutral'),
      recall: found.length / own.length,
      precision: count('true') / (count('true') + count('false')),
      falsePerDay: count('false') / days,
      medianSecondsToDetect: median(found.map((l) => l.secondsToDetect!)),
      medianSecondsFromCrossing: median(crossing),
      mostSecondsFromCrossing: crossing.length === 0 ? NaN : Math.max(...crossing),
    };
  });
  const falseAlarms = anomalies
    .filter((a) => verdicts.get(a) === 'false')
    .map((a) => ({
      at: a.written[0]!,
      row: a.last,
      near: benign.filter((l) => l.hosts.length > 0 && namesOneOf(a.last, l.hosts, false)).map((l) => l.id),
    }));
  const allTrue = [...verdicts.values()].filter((v) => v === 'true').length;
  return {
    types,
    labels,
    falseAlarms,
    observedSeconds,
    ownHosts: traffic.ownHosts,
    recall: required.filter((l) => l.found).length / required.length,
    precision: allTrue / (allTrue + falseAlarms.length),
    falsePerDay: falseAlarms.length / days,
  };
}

interface Anomaly {
  /** Seconds since 1970: when it began by its row, never later than it was first written. */
  readonly opened: number;
  readonly written: readonly number[];
  readonly last: AnomalyRow;
}

/** Rows of the same id are one anomaly. One that is reopened goes on. */
function anomaliesOf(rows: readonly WrittenRow[]): Anomaly[] {
  const byId = new Map<string, WrittenRow[]>();
  for (const written of rows) {
    const known = byId.get(written.row.id);
    if (known === undefined) byId.set(written.row.id, [written]);
    else known.push(written);
  }
  return [...byId.values()].map((all) => {
    const last = all.at(-1)!.row;
    return {
      opened: Math.min(last.opened, all[0]!.at),
      // A row that closes says that it is over, not that it is there.
      written: all.filter(({ row }, i) => i === 0 || row.state !== 'closed').map(({ at }) => at),
      last,
    };
  });
}

/** Whether an anomaly names one of the hosts, or none at all: then it is about the tenant or an interface, and time alone tells. */
function namesOneOf(row: AnomalyRow, hosts: readonly string[], orNone = true): boolean {
  if (hosts.length === 0) return true;
  const ends = [row.source_ip, prefixOf(row)].filter((end) => end !== '::');
  return (orNone && ends.length === 0) || ends.some((end) => hosts.some((host) => overlaps(end, host)));
}

function isDestination(row: AnomalyRow, hosts: readonly string[]): boolean {
  const end = prefixOf(row);
  return end !== '::' && hosts.some((host) => overlaps(end, host));
}

function prefixOf({ destination_ip: address, destination_prefix: bits }: AnomalyRow): string {
  if (address === '::' || bits === 0 || bits === 128) return address;
  return isIPv6(address) ? `${address}/${bits}` : `${address}/${bits - 96}`;
}

const lists = new Map<string, BlockList>();

function listOf(prefix: string): BlockList {
  let list = lists.get(prefix);
  if (list === undefined) {
    const [address, bits] = prefix.split('/') as [string, string | undefined];
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    list = new BlockList();
    list.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family);
    lists.set(prefix, list);
  }
  return list;
}

function holds(prefix: string, other: string): boolean {
  const address = other.split('/')[0]!;
  return listOf(prefix).check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

function overlaps(a: string, b: string): boolean {
  return holds(a, b) || holds(b, a);
}

export function median(values: readonly number[]): number {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
