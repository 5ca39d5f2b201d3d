import { defaultLimits } from '../inputs/netflow/limits.ts';
import { type DatagramReason, type LossReason, lossReasons } from './reasons.ts';
import type { ExporterReport } from './report.ts';
import { bytesText, countOf, countText, percentText, spanText } from './words.ts';

export type Severity = 'ok' | 'warning' | 'problem';

export type VerdictCode =
  | 'all_well'
  | 'silent'
  | 'no_flows'
  | 'template_missing'
  | 'sampling_unknown'
  | 'clock_skew'
  | 'records_lost'
  | 'datagrams_refused'
  | 'sets_malformed'
  | 'sequence_contrary'
  | 'elements_unused'
  | 'ledger_imbalance';

/** One thing to know about an exporter, in words that say what to do where something is to be done. */
export interface Verdict {
  readonly severity: Severity;
  readonly code: VerdictCode;
  readonly text: string;
}

const SILENT_WARNING_MS = 3 * 60_000;
const SILENT_PROBLEM_MS = 15 * 60_000;
/** An exporter has this long to send flows before it is said that it sends none. */
const PATIENCE_MS = 2 * 60_000;
const CLOCK_PROBLEM_MS = 2 * 60_000;
const LOSS_WARNING = 0.001;
const LOSS_PROBLEM = 0.01;
/** Of datagrams. */
const REFUSED_PROBLEM = 0.01;
const MOST_NAMED = 5;

const ORDER: Readonly<Record<Severity, number>> = { problem: 0, warning: 1, ok: 2 };

/** What can be said about an exporter by its report, the worst first; never empty. */
export function verdictsOf(report: ExporterReport, nowMs: number): Verdict[] {
  const found = [
    imbalance(report),
    silence(report, nowMs),
    nothingButTemplates(report, nowMs),
    missingTemplates(report, nowMs),
    losses(report),
    refusals(report),
    malformedSets(report),
    unknownSampling(report),
    clock(report),
    contrarySequence(report),
    unusedElements(report),
  ].filter((verdict) => verdict !== undefined);
  if (found.every(({ severity }) => severity === 'ok')) found.unshift(allWell(report, nowMs));
  return found.sort((a, b) => ORDER[a.severity] - ORDER[b.severity]);
}

/** The worst of several. */
export function worstSeverity(verdicts: readonly Verdict[]): Severity {
  return verdicts.reduce<Severity>(
    (worst, { severity }) => (ORDER[severity] < ORDER[worst] ? severity : worst),
    'ok',
  );
}

function allWell({ ledger, lastSeenMs }: ExporterReport, nowMs: number): Verdict {
  return {
    severity: 'ok',
    code: 'all_well',
    text: `All is well: ${countOf(ledger.flows, 'flow')}, the latest ${spanText(nowMs - lastSeenMs)} ago.`,
  };
}

function silence({ lastSeenMs }: ExporterReport, nowMs: number): Verdict | undefined {
  const silent = nowMs - lastSeenMs;
  if (silent < SILENT_WARNING_MS) return undefined;
  return {
    severity: silent < SILENT_PROBLEM_MS ? 'warning' : 'problem',
    code: 'silent',
    text: `Silent for ${spanText(silent)}. Is it up, can it reach this collector, and does its export still point here?`,
  };
}

function nothingButTemplates(
  { ledger, firstSeenMs, domains }: ExporterReport,
  nowMs: number,
): Verdict | undefined {
  if (ledger.flows > 0 || ledger.recordsWaiting > 0 || nowMs - firstSeenMs < PATIENCE_MS) return undefined;
  if (ledger.datagramsDecoded === 0) return undefined; // told as refusals
  const templates = domains.reduce((n, domain) => n + domain.templates.length, 0);
  return {
    severity: 'warning',
    code: 'no_flows',
    text:
      `${countOf(ledger.datagramsDecoded, 'datagram')} and no flow yet` +
      (templates === 0 ? '.' : `, only templates (${templates}).`) +
      ' Is the flow monitor bound to an interface with traffic?',
  };
}

function missingTemplates(report: ExporterReport, nowMs: number): Verdict | undefined {
  const waiting = report.domains.filter((domain) => domain.waitingFor.length > 0);
  if (waiting.length === 0) return undefined;
  const which = waiting
    .slice(0, MOST_NAMED)
    .map(({ id, waitingFor }) => `${named(waitingFor)} of domain ${id}`)
    .join(', ');
  const plural = waiting.length > 1 || waiting[0]!.waitingFor.length > 1;
  const sets = waiting.reduce((n, domain) => n + domain.waitingSets, 0);
  const since =
    report.templateMissingMs === 0 ? '' : `, the latest ${spanText(nowMs - report.templateMissingMs)} ago`;
  return {
    severity: report.ledger.recordsLost.template_missing > 0 ? 'problem' : 'warning',
    code: 'template_missing',
    text:
      `Template${plural ? 's' : ''} ${which}${waiting.length > MOST_NAMED ? ', …' : ''} missing: ${countOf(sets, 'set')} of data ` +
      `(${bytesText(report.pendingBytes)}) came without ${plural ? 'them' : 'it'}${since}, and waits. ` +
      'It is decoded when the template comes: lower the exporter’s template timeout to 1 minute.',
  };
}

const LOSS_WORDS: Readonly<Record<LossReason, string>> = {
  sequence_gap: 'lost on the way (see kernel drops of the listeners, then the network)',
  template_missing: 'their template never came (lower the exporter’s template timeout)',
  malformed: 'malformed by the exporter',
  queue: 'this collector could not keep up',
  store: 'the spool was full or could not be written',
};

function losses({ ledger }: ExporterReport): Verdict | undefined {
  const lost = lossReasons.reduce((sum, reason) => sum + Math.max(0, ledger.recordsLost[reason]), 0);
  const share = ledger.recordsAnnounced === 0 ? 0 : lost / ledger.recordsAnnounced;
  // What this collector loses by its own fault is told however little it is.
  const ours = ledger.recordsLost.queue + ledger.recordsLost.store;
  if (share < LOSS_WARNING && ours === 0) return undefined;
  const reasons = lossReasons
    .filter((reason) => ledger.recordsLost[reason] > 0)
    .sort((a, b) => ledger.recordsLost[b] - ledger.recordsLost[a])
    .map((reason) => `${countText(ledger.recordsLost[reason])} ${LOSS_WORDS[reason]}`);
  return {
    severity: share < LOSS_PROBLEM ? 'warning' : 'problem',
    code: 'records_lost',
    text: `${percentText(share)} of ${countText(ledger.recordsAnnounced)} announced records lost: ${reasons.join('; ')}.`,
  };
}

const REFUSAL_WORDS: Readonly<Record<Exclude<DatagramReason, 'duplicate'>, string>> = {
  too_short: 'shorter than a header',
  unknown_version: 'of no version of NetFlow or IPFIX (does something else send here?)',
  bad_length: 'with a length that cannot be',
  no_records: 'without records',
  exporter_limit: 'beyond limits.exporters',
  fault: 'by a fault of this collector (please report it with its log)',
};

function refusals({ ledger }: ExporterReport): Verdict | undefined {
  const refused = (Object.keys(REFUSAL_WORDS) as (keyof typeof REFUSAL_WORDS)[]).filter(
    (reason) => ledger.datagramsRefused[reason] > 0,
  );
  if (refused.length === 0) return undefined;
  const total = refused.reduce((sum, reason) => sum + ledger.datagramsRefused[reason], 0);
  const parts = refused.map(
    (reason) => `${countText(ledger.datagramsRefused[reason])} ${REFUSAL_WORDS[reason]}`,
  );
  const grave = ledger.datagramsRefused.fault > 0 || total / ledger.datagramsReceived >= REFUSED_PROBLEM;
  return {
    severity: grave ? 'problem' : 'warning',
    code: 'datagrams_refused',
    text: `${countText(total)} of ${countOf(ledger.datagramsReceived, 'datagram')} refused: ${parts.join('; ')}.`,
  };
}

function malformedSets({ ledger }: ExporterReport): Verdict | undefined {
  const reasons = Object.entries(ledger.setsMalformed).filter(([, count]) => count > 0);
  if (reasons.length === 0) return undefined;
  const total = reasons.reduce((sum, [, count]) => sum + count, 0);
  const limits = reasons.every(([reason]) => reason === 'template_limit' || reason === 'domain_limit');
  return {
    severity: 'warning',
    code: 'sets_malformed',
    text:
      `${countOf(total, 'set')} not understood: ${reasons.map(([reason, count]) => `${reason} ${countText(count)}`).join(', ')}. ` +
      (limits
        ? 'It sends more templates than limits.templates_per_exporter or limits.templates allow.'
        : 'The rest of each datagram was decoded. An update of the exporter’s software may help; a capture would show why.'),
  };
}

function unknownSampling({ address, ledger, samplingRate }: ExporterReport): Verdict | undefined {
  if (ledger.flows === 0 || samplingRate !== 0) return undefined;
  return {
    severity: 'warning',
    code: 'sampling_unknown',
    text:
      'Sampling rate not known: bytes and packets are shown as sent. Let it export its sampler’s options, or say it under ' +
      `exporters in the configuration: { address: ${quotedIfIpv6(address)}, sampling_rate: 1000 }, or 1 if it does not sample.`,
  };
}

function clock({ clockOffsetMs }: ExporterReport): Verdict | undefined {
  if (clockOffsetMs === null || Math.abs(clockOffsetMs) <= defaultLimits.clockSkewMs) return undefined;
  return {
    severity: Math.abs(clockOffsetMs) < CLOCK_PROBLEM_MS ? 'warning' : 'problem',
    code: 'clock_skew',
    text:
      `Clock ${spanText(clockOffsetMs)} ${clockOffsetMs < 0 ? 'behind' : 'ahead'}: its flows’ start and end times are off by as much ` +
      '(timestamp, by which queries go, is this collector’s). Configure NTP on it.',
  };
}

function contrarySequence({ domains }: ExporterReport): Verdict | undefined {
  const contrary = domains.filter((domain) => domain.contrarySequence);
  if (contrary.length === 0) return undefined;
  const parts = contrary
    .slice(0, MOST_NAMED)
    .map(({ id, version }) =>
      version === 9
        ? `domain ${id} counts records where NetFlow v9 counts datagrams`
        : `domain ${id} does not count the records before a datagram, as ${version === 10 ? 'IPFIX' : 'NetFlow v5'} does`,
    );
  return {
    severity: 'ok',
    code: 'sequence_contrary',
    text: `Its sequence numbers are not what the protocol says: ${parts.join('; ')}. Loss is counted by its own habit.`,
  };
}

function unusedElements({ unused }: ExporterReport): Verdict | undefined {
  if (unused.length === 0) return undefined;
  const most = unused.slice(0, MOST_NAMED).map(({ name }) => name);
  return {
    severity: 'ok',
    code: 'elements_unused',
    text: `Sends ${countOf(unused.length, 'element')} in vain, as no column takes them: ${most.join(', ')}${unused.length > MOST_NAMED ? ', …' : ''}.`,
  };
}

function imbalance({ ledger }: ExporterReport): Verdict | undefined {
  const refused = Object.values(ledger.datagramsRefused).reduce((sum, count) => sum + count, 0);
  const datagrams = ledger.datagramsReceived - ledger.datagramsDecoded - refused;
  if (ledger.imbalance === 0 && datagrams === 0) return undefined;
  const parts = [
    ...(ledger.imbalance === 0 ? [] : [`${countText(ledger.imbalance)} records`]),
    ...(datagrams === 0 ? [] : [`${countText(datagrams)} datagrams`]),
  ];
  return {
    severity: 'problem',
    code: 'ledger_imbalance',
    text: `The ledger does not balance by ${parts.join(' and ')}. This is a fault of Weir’s: please report it with this exporter’s /exporters entry.`,
  };
}

function named(ids: readonly number[]): string {
  const shown = ids.slice(0, MOST_NAMED).join(', ');
  return ids.length > MOST_NAMED ? `${shown}, … (${ids.length})` : shown;
}

function quotedIfIpv6(address: string): string {
  return address.includes(':') ? `'${address}'` : address;
}
