import type { AnomalyEvidence, AnomalyRow, AnomalyState, Severity } from '@weir/core/anomalies';
import type { Finding } from '../detector.ts';
import { worseSeverity } from './badness.ts';

/**
 * The evidence as rows have it: what the detector gave, and what lets the same row go on after a restart and tells a person whom to
 * configure.
 */
export interface KeptEvidence extends AnomalyEvidence {
  readonly detector: string;
  readonly entity: string;
  /** Seconds since 1970: end of the last window with a finding. */
  readonly last_seen: number;
  /** Seconds without a finding after which it has ended. */
  readonly hold_seconds: number;
  /** How often it came again after it had ended. */
  readonly reopened?: number;
  /** The severity by itself, where the story raised it, and why. */
  readonly raised?: { readonly from: Severity; readonly because: string };
  /** Why it ended, where not by itself: `excluded by source = 10.0.0.9`. */
  readonly ended?: string;
}

/** An anomaly as it is remembered. Plain data, so that it can be saved. Times are seconds since 1970 where not said. */
export interface Tracked {
  readonly id: string;
  readonly key: string;
  readonly entity: string;
  detector: string;
  readonly opened: number;
  /** End of the last window with a finding. */
  last: number;
  /** Seconds without a finding after which it has ended, as the detector wants it. */
  hold: number;
  /** How often it came again. */
  reopened: number;
  /** 0 while it lasts. */
  closed: number;
  /** The finding at its worst: what the row says. */
  finding: Finding;
  /** Beginning of its window. */
  findingAt: number;
  score: number;
  exporterName: string;
  /** The least severity that the story gives it. */
  raised: { readonly to: Severity; readonly because: string } | undefined;
  /** Milliseconds since 1970. */
  silencedUntil: number;
  /** Why it is to end without waiting. */
  ended: string | undefined;
  story: string;
  /** Sums up what there was no room for. */
  readonly rest: boolean;
  /** Of the newest row, which says what has been written. */
  written: Written | undefined;
}

interface Written {
  /** Milliseconds since 1970. */
  readonly updated: number;
  /** Time of the windows when it was written, in seconds. */
  readonly at: number;
  readonly last: number;
  readonly severity: Severity;
  readonly state: AnomalyState;
  readonly story: string;
  readonly value: number;
}

/** Seconds after which a row is written again as a sign of life. */
const SIGN_OF_LIFE = 60;
const TELLING_CHANGE = 0.1;

export function severityOf({ finding, raised }: Tracked): Severity {
  return raised === undefined ? finding.severity : worseSeverity(finding.severity, raised.to);
}

/** @param time milliseconds since 1970 */
export function stateOf(tracked: Tracked, time: number): AnomalyState {
  return tracked.closed > 0 ? 'closed' : time < tracked.silencedUntil ? 'silenced' : 'open';
}

/** Whether there is something worth a row. */
export function isToBeWritten(tracked: Tracked, state: AnomalyState, at: number, early: boolean): boolean {
  const { written } = tracked;
  if (written === undefined || written.state !== state || written.story !== tracked.story) return true;
  if (written.severity !== severityOf(tracked)) return true;
  if (Math.abs(tracked.finding.value - written.value) > TELLING_CHANGE * Math.abs(written.value)) return true;
  return !early && state !== 'closed' && tracked.last > written.last && at - written.at >= SIGN_OF_LIFE;
}

/**
 * The row as it is now, which is taken to be written.
 *
 * @param clock milliseconds since 1970; a row is later than the one before whatever it says
 */
export function writeRow(tracked: Tracked, state: AnomalyState, at: number, clock: number): AnomalyRow {
  const { finding, written } = tracked;
  const severity = severityOf(tracked);
  const updated = Math.max(Math.floor(clock), (written?.updated ?? 0) + 1);
  const { last, story } = tracked;
  tracked.written = { updated, at, last, severity, state, story, value: finding.value };
  return {
    id: tracked.id,
    tenant_id: finding.tenant,
    type: finding.type,
    rule: finding.rule ?? '',
    severity,
    score: Math.min(1, Math.max(0, finite(tracked.score))),
    state,
    opened: tracked.opened,
    updated,
    closed: tracked.closed,
    title: finding.title,
    description: finding.description,
    source_ip: finding.source ?? '::',
    destination_ip: finding.destination ?? '::',
    destination_prefix: finding.destination === undefined ? 0 : (finding.destinationPrefix ?? 128),
    collector_ip: finding.exporter ?? '::',
    exporter_name: tracked.exporterName,
    interface: finding.interface ?? 0,
    protocol: finding.protocol ?? 0,
    port: finding.port ?? 0,
    metric: finding.metric,
    value: finite(finding.value),
    baseline: finite(finding.baseline),
    threshold: finite(finding.threshold),
    technique: finding.technique ?? '',
    story,
    flow_filter: finding.flowFilter,
    evidence: JSON.stringify(keptEvidence(tracked)),
  };
}

/** More would make the row large and tell nobody anything. */
const MOST_CONTRIBUTORS = 50;
const MOST_PORTS = 32;

function keptEvidence(tracked: Tracked): KeptEvidence {
  const { finding, raised, ended, reopened } = tracked;
  const { contributors, ports } = finding.evidence;
  return {
    ...finding.evidence,
    ...(contributors === undefined ? {} : { contributors: contributors.slice(0, MOST_CONTRIBUTORS) }),
    ...(ports === undefined ? {} : { ports: ports.slice(0, MOST_PORTS) }),
    detector: tracked.detector,
    entity: tracked.entity,
    last_seen: tracked.last,
    hold_seconds: tracked.hold,
    ...(reopened === 0 ? {} : { reopened }),
    ...(raised === undefined ? {} : { raised: { from: finding.severity, because: raised.because } }),
    ...(ended === undefined ? {} : { ended }),
  };
}

/**
 * The finding that a row was made of, and what its evidence keeps beside it. Of a row whose evidence was written by something else nobody
 * can say what goes on: its entity is its id, so that it ends by itself.
 */
export function readRow(row: AnomalyRow): { readonly finding: Finding; readonly kept: KeptEvidence } {
  const kept = readEvidence(row);
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- named to be left out of the rest
  const { detector, entity, last_seen, hold_seconds, reopened, raised, ended, ...evidence } = kept;
  const known = (address: string): string | undefined => (address === '::' ? undefined : address);
  const numbered = (value: number): number | undefined => (value === 0 ? undefined : value);
  const found: { -readonly [Name in keyof Finding]?: Finding[Name] | undefined } = {
    type: row.type,
    rule: row.rule === '' ? undefined : row.rule,
    tenant: row.tenant_id,
    entity,
    severity: raised?.from ?? row.severity,
    score: row.score,
    title: row.title,
    description: row.description,
    source: known(row.source_ip),
    destination: known(row.destination_ip),
    destinationPrefix: known(row.destination_ip) === undefined ? undefined : row.destination_prefix,
    exporter: known(row.collector_ip),
    interface: numbered(row.interface),
    protocol: numbered(row.protocol),
    port: numbered(row.port),
    metric: row.metric,
    value: row.value,
    baseline: row.baseline,
    threshold: row.threshold,
    technique: row.technique === '' ? undefined : row.technique,
    flowFilter: row.flow_filter,
    evidence,
    holdSeconds: hold_seconds,
  };
  const finding = Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
  return { finding: finding as unknown as Finding, kept };
}

function readEvidence({ id, evidence, opened, closed, updated }: AnomalyRow): KeptEvidence {
  let read: Partial<KeptEvidence> | null = null;
  try {
    read = JSON.parse(evidence) as Partial<KeptEvidence> | null;
  } catch {
    // As if there were none
  }
  const last_seen = closed > 0 ? closed : Math.max(opened, Math.floor(updated / 1000));
  const kept = { detector: '', entity: id, last_seen, hold_seconds: 60 };
  return typeof read === 'object' && typeof read?.entity === 'string' ? { ...kept, ...read } : kept;
}

function finite(value: number): number {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? 0 : Math.sign(value) * Number.MAX_VALUE;
}
