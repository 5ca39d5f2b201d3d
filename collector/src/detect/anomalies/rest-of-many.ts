import type { Severity } from '@weir/core/anomalies';
import type { Finding } from '../detector.ts';
import { severityRank } from './badness.ts';
import { DistinctCounter } from './distinct-counter.ts';

/** The entity of the anomaly that sums up the others of its type: no host, prefix or interface is called so. */
export const REST_ENTITY = '…';

/** Ends and the like that all findings have in common. */
const common = [
  'source',
  'destination',
  'destinationPrefix',
  'exporter',
  'interface',
  'protocol',
  'port',
  'technique',
] as const;
type Common = { -readonly [Name in (typeof common)[number]]?: Finding[Name] | undefined };

/**
 * Sums up findings of one type and tenant of which there are more than anybody could read: a scan by spoofed hosts is one more
 * anomaly with a number, not a hundred thousand. Takes the same room however many there are.
 */
export class RestOfMany {
  private readonly counter: DistinctCounter;
  /** How many there were before a restart that nothing but the row has outlived. */
  private readonly before: number;
  private severity: Severity = 'low';
  private score = 0;
  private shared: Common | undefined;
  private sources = false;
  private destinations = false;

  constructor(saved?: SavedRest) {
    this.counter = new DistinctCounter(saved?.bits);
    this.before = saved?.before ?? 0;
    if (saved === undefined) return;
    const { severity, score, shared, sources, destinations } = saved;
    Object.assign(this, { severity, score, shared, sources, destinations });
  }

  save(): SavedRest {
    const { before, severity, score, shared, sources, destinations } = this;
    return { bits: this.counter.bits.slice(), before, severity, score, shared, sources, destinations };
  }

  add(finding: Finding): void {
    this.counter.add(finding.entity);
    if (severityRank(finding.severity) > severityRank(this.severity)) this.severity = finding.severity;
    this.score = Math.max(this.score, finding.score);
    this.sources ||= finding.source !== undefined && finding.destination === undefined;
    this.destinations ||= finding.destination !== undefined && finding.source === undefined;
    if (this.shared === undefined) {
      this.shared = {};
      for (const name of common) share(this.shared, name, finding);
    } else for (const name of common) if (this.shared[name] !== finding[name]) this.shared[name] = undefined;
  }

  /** All of them as one finding. */
  finding(of: Pick<Finding, 'type' | 'rule' | 'tenant'>, shown: number, hold: number): Finding {
    const value = Math.max(this.before, this.counter.count());
    const name = of.rule ?? of.type.replaceAll('_', ' ');
    const what =
      this.sources === this.destinations
        ? 'further ones'
        : this.sources
          ? 'further sources'
          : 'further targets';
    const { shared = {} } = this;
    const known = Object.fromEntries(Object.entries(shared).filter(([, v]) => v !== undefined));
    return {
      type: of.type,
      ...(of.rule === undefined ? {} : { rule: of.rule }),
      tenant: of.tenant,
      entity: REST_ENTITY,
      severity: this.severity,
      score: this.score,
      ...known,
      title: `${name}: ${value} ${what}`,
      description:
        `Anomalies of this type are told one by one up to ${shown} at once and ${shown} an hour; ${value} ${what} are only counted. ` +
        `So many have one cause as a rule: forged addresses, a scan of the whole network, a fault that all suffer from, or a threshold ` +
        `that does not fit this network.`,
      metric: 'entities',
      value,
      baseline: 0,
      threshold: 1,
      flowFilter: filterOf(shared),
      evidence: {},
      holdSeconds: hold,
    };
  }
}

function share<Name extends keyof Common>(shared: Common, name: Name, finding: Finding): void {
  shared[name] = finding[name];
}

export interface SavedRest {
  readonly bits: Uint8Array;
  readonly before: number;
  readonly severity: Severity;
  readonly score: number;
  readonly shared: Common | undefined;
  readonly sources: boolean;
  readonly destinations: boolean;
}

/** What was counted as the row says, all else anew. */
export function restOfRow({ severity, score, value }: Finding): RestOfMany {
  return new RestOfMany({
    bits: new DistinctCounter().bits,
    before: value,
    severity,
    score,
    shared: undefined,
    sources: false,
    destinations: false,
  });
}

/** Empty where all flows may be meant. */
function filterOf({
  source,
  destination,
  destinationPrefix = 128,
  exporter,
  protocol,
  port,
}: Common): string {
  const bits = destination?.includes(':') === false ? destinationPrefix - 96 : destinationPrefix;
  return [
    source === undefined ? '' : `source_ip = ${source}`,
    destination === undefined
      ? ''
      : `destination_ip = ${destination}${destinationPrefix === 128 ? '' : `/${bits}`}`,
    port === undefined ? '' : `destination_port = ${port}`,
    protocol === undefined ? '' : `protocol = ${protocol}`,
    exporter === undefined ? '' : `exporter = ${exporter}`,
  ]
    .filter((term) => term !== '')
    .join(' and ');
}
