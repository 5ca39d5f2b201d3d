import { addressWords } from '@weir/core';
import type { AnomalyType } from '@weir/core/anomalies';
import type { Finding } from '../detector.ts';
import { type SharedEnd, type StoryRule, storyRules } from './story-rules.ts';

/** What of an anomaly decides which story it is in. Times are seconds since 1970. */
export interface StoryPart {
  readonly id: string;
  readonly opened: number;
  /** End of the last window with a finding. */
  readonly last: number;
  readonly finding: Finding;
}

/** Not more anomalies in one story: whatever ties together more says nothing. */
export const LARGEST_STORY = 100;

/**
 * Which anomalies are one story: disjoint sets. Each is named by the anomaly that began it. Joining renames the members of one of the
 * two, which is what must be written anyway; so finding needs no path to walk.
 */
export class Stories {
  private readonly storyOf = new Map<string, string>();
  private readonly stories = new Map<string, { opened: number; readonly members: Set<string> }>();

  /** Takes up an anomaly, in a story of its own if none is said. */
  add(id: string, opened: number, story = id): void {
    if (this.storyOf.has(id)) return;
    const found = this.stories.get(story);
    if (found === undefined) this.stories.set(story, { opened, members: new Set([id]) });
    else {
      found.members.add(id);
      found.opened = Math.min(found.opened, opened);
    }
    this.storyOf.set(id, story);
  }

  /** Forgets an anomaly; its story keeps the name. */
  forget(id: string): void {
    const story = this.storyOf.get(id);
    if (story === undefined) return;
    this.storyOf.delete(id);
    const { members } = this.stories.get(story)!;
    members.delete(id);
    if (members.size === 0) this.stories.delete(story);
  }

  of(id: string): string {
    return this.storyOf.get(id) ?? id;
  }

  isAlone(id: string): boolean {
    const story = this.of(id);
    return story === id && (this.stories.get(story)?.members.size ?? 1) === 1;
  }

  /** Makes the stories of two anomalies one. Returns those that are now in another: none where they were one, or it would be too large. */
  join(a: string, b: string): string[] {
    const [one, other] = [this.of(a), this.of(b)];
    const [x, y] = [this.stories.get(one), this.stories.get(other)];
    if (one === other || x === undefined || y === undefined) return [];
    if (x.members.size + y.members.size > LARGEST_STORY) return [];
    const [kept, lost, name, gone] = this.isFirst(one, other) ? [x, y, one, other] : [y, x, other, one];
    for (const id of lost.members) {
      kept.members.add(id);
      this.storyOf.set(id, name);
    }
    kept.opened = Math.min(kept.opened, lost.opened);
    this.stories.delete(gone);
    return [...lost.members];
  }

  private isFirst(one: string, other: string): boolean {
    const [x, y] = [this.stories.get(one)!, this.stories.get(other)!];
    return x.opened === y.opened ? one < other : x.opened < y.opened;
  }
}

/** A rule that holds between two anomalies, and which of them is `then`. */
export interface Tie<Part extends StoryPart> {
  readonly rule: StoryRule;
  readonly first: Part;
  readonly then: Part;
}

/** Rules that hold between two anomalies of one tenant. */
export function tiesBetween<Part extends StoryPart>(a: Part, b: Part): Tie<Part>[] {
  const ties: Tie<Part>[] = [];
  if (a.finding.tenant !== b.finding.tenant) return ties;
  for (const rule of rulesBetween(a.finding.type, b.finding.type))
    if (holds(rule, a, b)) ties.push({ rule, first: a, then: b });
  for (const rule of rulesBetween(b.finding.type, a.finding.type))
    if (holds(rule, b, a)) ties.push({ rule, first: b, then: a });
  return ties;
}

const byTypes = new Map<AnomalyType, Map<AnomalyType, StoryRule[]>>();
for (const rule of storyRules)
  for (const first of rule.first) {
    const thens = byTypes.get(first) ?? new Map<AnomalyType, StoryRule[]>();
    byTypes.set(first, thens);
    for (const then of rule.then) thens.set(then, [...(thens.get(then) ?? []), rule]);
  }

function rulesBetween(first: AnomalyType, then: AnomalyType): readonly StoryRule[] {
  return byTypes.get(first)?.get(then) ?? [];
}

/** An attack's steps may be seen in one window: how much before `first` `then` may open and still come after it. */
const ORDER_SLACK = 60;

function holds(rule: StoryRule, first: StoryPart, then: StoryPart): boolean {
  if (Math.max(first.opened - then.last, then.opened - first.last) > rule.within) return false;
  if (rule.inOrder === true && then.opened < first.opened - ORDER_SLACK) return false;
  const [firstEnd, thenEnd] = rule.share;
  const ends = endsOf(first.finding, firstEnd);
  return ends.length > 0 && endsOf(then.finding, thenEnd).some((e) => ends.some((f) => sameEnd(e, f)));
}

/** An address or prefix, exporter or tenant. */
export interface End {
  readonly text: string;
  /** Of an address, as of an IPv6 address. */
  readonly bits: number;
}

/** The ends of an anomaly that a rule may compare. */
export function endsOf(finding: Finding, end: SharedEnd): End[] {
  switch (end) {
    case 'tenant':
      return [{ text: finding.tenant, bits: 128 }];
    case 'exporter':
      return ended(finding.exporter);
    case 'source':
      return ended(finding.source);
    case 'destination':
      return ended(finding.destination, finding.destinationPrefix);
    case 'host':
      return [
        ...ended(finding.source),
        ...ended(finding.destination, finding.destinationPrefix),
        ...(finding.evidence.contributors ?? []).flatMap((c) => [
          ...ended(c.source_ip),
          ...ended(c.destination_ip),
        ]),
      ];
  }
}

function ended(text: string | undefined, bits = 128): End[] {
  return text === undefined || text === '' || text === '::' ? [] : [{ text, bits: bits === 0 ? 128 : bits }];
}

function sameEnd(a: End, b: End): boolean {
  if (a.text === b.text) return true;
  const bits = Math.min(a.bits, b.bits);
  if (bits >= 128) return false;
  const [x, y] = [bytesOf(a.text), bytesOf(b.text)];
  if (x === undefined || y === undefined) return false;
  for (let i = 0; i * 8 < bits; i++) {
    const mask = bits >= 8 * i + 8 ? 0xff : (0xff00 >>> (bits & 7)) & 0xff;
    if (((x[i]! ^ y[i]!) & mask) !== 0) return false;
  }
  return true;
}

function bytesOf(text: string): Uint8Array | undefined {
  try {
    return new Uint8Array(addressWords(text).buffer);
  } catch {
    return undefined;
  }
}
