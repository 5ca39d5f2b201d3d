import { parseFilter } from '@weir/core/filter';
import type { Finding } from '../detector.ts';
import { settingsOf } from '../detector-settings.ts';
import type { DetectionSettings } from '../settings.ts';
import {
  FindingMatcher,
  type Matchable,
  OneAnomaly,
  type WhenAbsent,
  contributorAs,
} from './finding-match.ts';

/** What the configuration says of a finding. */
export type Verdict =
  /** `silencedUntil`: milliseconds since 1970, 0 where no silence is meant for it. */
  | { readonly kind: 'kept'; readonly silencedUntil: number }
  /** `by`: the exclusion's place in the configuration. */
  | { readonly kind: 'excluded'; readonly by: number; readonly filter: string }
  | { readonly kind: 'out of scope' }
  | { readonly kind: 'detector off' };

interface Meant {
  readonly matcher: FindingMatcher;
  /** Empty: all. */
  readonly detectors: ReadonlySet<string>;
}

/** Exclusions, silences and scopes as they are configured, ready to be asked. What could not be read hides nothing. */
export class Scope {
  private readonly settings: DetectionSettings;
  private readonly exclusions: readonly (Meant & { readonly by: number })[];
  private readonly silences: readonly (Meant & { readonly until: number })[];
  private readonly scopes = new Map<string, FindingMatcher | undefined>();
  private readonly one = new OneAnomaly();

  constructor(settings: DetectionSettings) {
    this.settings = settings;
    this.exclusions = settings.exclude.flatMap((exclusion, by) => {
      const matcher = matcherOf(exclusion.filter, 'doubt');
      return matcher === undefined ? [] : [{ matcher, detectors: new Set(exclusion.detectors), by }];
    });
    this.silences = settings.silences.flatMap((silence) => {
      const matcher = matcherOf(silence.filter, 'doubt');
      return matcher === undefined
        ? []
        : [{ matcher, detectors: new Set(silence.detectors), until: silence.until }];
    });
  }

  judge(finding: Finding, detector: string, exporterName: string): Verdict {
    const { enabled, scope } = settingsOf(this.settings, detector, finding.tenant);
    if (enabled === false) return { kind: 'detector off' };
    const of = matchable(finding, exporterName);
    const matcher = scope === undefined ? undefined : this.scopeOf(scope);
    if (matcher !== undefined && !this.holds(matcher, of, finding)) return { kind: 'out of scope' };
    for (const exclusion of this.exclusions)
      if (meant(exclusion, detector) && this.holds(exclusion.matcher, of, finding))
        return {
          kind: 'excluded',
          by: exclusion.by,
          filter: this.settings.exclude[exclusion.by]!.filter,
        };
    let silencedUntil = 0;
    for (const silence of this.silences)
      if (
        silence.until > silencedUntil &&
        meant(silence, detector) &&
        this.holds(silence.matcher, of, finding)
      )
        silencedUntil = silence.until;
    return { kind: 'kept', silencedUntil };
  }

  private scopeOf(text: string): FindingMatcher | undefined {
    if (!this.scopes.has(text)) this.scopes.set(text, matcherOf(text, 'no'));
    return this.scopes.get(text);
  }

  /**
   * Whether the filter holds of the finding, or of contributors that make up more than half of what all contributed. The latter counts
   * only where the contributors are most of the finding: the largest of ten thousand sources does not stand for them.
   */
  private holds(matcher: FindingMatcher, of: Matchable, finding: Finding): boolean {
    this.one.fill(of);
    if (matcher.matches(this.one)) return true;
    const contributors = finding.evidence.contributors ?? [];
    let all = 0;
    let matching = 0;
    for (const contributor of contributors) {
      const value = Math.abs(contributor.value);
      all += value;
      this.one.fill(contributorAs(of, contributor));
      if (matcher.matches(this.one)) matching += value;
    }
    return matching > all / 2 && all >= finding.value / 2;
  }
}

function meant({ detectors }: Meant, detector: string): boolean {
  return detectors.size === 0 || detectors.has(detector);
}

function matcherOf(text: string, whenAbsent: WhenAbsent): FindingMatcher | undefined {
  const parsed = parseFilter(text);
  return parsed.ok ? new FindingMatcher(parsed.filter, whenAbsent) : undefined;
}

function matchable(finding: Finding, exporterName: string): Matchable {
  const { tenant, source, destination, destinationPrefix, exporter, protocol, port } = finding;
  return {
    tenant,
    source,
    destination,
    destinationPrefix,
    exporter,
    exporterName: exporter === undefined ? undefined : exporterName,
    interface: finding.interface,
    protocol,
    port,
  };
}
