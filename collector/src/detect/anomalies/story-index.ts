import { addressText, addressWords } from '@weir/core';
import type { AnomalyType } from '@weir/core/anomalies';
import type { Finding } from '../detector.ts';
import { type End, type StoryPart, endsOf } from './story.ts';
import { type SharedEnd, type StoryRule, storyRules } from './story-rules.ts';

/**
 * Finds the anomalies that may be of one story with another, by what the rules ask for, so that a storm of them need not be compared each
 * with each: those of a type that a rule names which share the end that it names, a prefix with those in the same /24 (IPv4) or /48 (IPv6).
 */
export class StoryIndex<Part extends StoryPart> {
  private readonly parts = new Map<string, Set<Part>>();
  private readonly keysOf = new Map<Part, readonly string[]>();

  add(part: Part): void {
    this.remove(part);
    const keys = keysOf(part.finding);
    for (const key of keys) {
      const parts = this.parts.get(key);
      if (parts === undefined) this.parts.set(key, new Set([part]));
      else parts.add(part);
    }
    this.keysOf.set(part, keys);
  }

  remove(part: Part): void {
    for (const key of this.keysOf.get(part) ?? []) {
      const parts = this.parts.get(key);
      parts?.delete(part);
      if (parts?.size === 0) this.parts.delete(key);
    }
    this.keysOf.delete(part);
  }

  /** Each once; the part itself is not among them. */
  near(part: Part): Set<Part> {
    const near = new Set<Part>();
    for (const key of sought(part.finding)) for (const other of this.parts.get(key) ?? []) near.add(other);
    near.delete(part);
    return near;
  }
}

/** A role that a type has in a rule: which end counts, and which end of which types is to be the same. */
interface Role {
  readonly end: SharedEnd;
  readonly others: StoryRule['then'];
  readonly otherEnd: SharedEnd;
}

const rolesOf = new Map<AnomalyType, Role[]>();
for (const { first, then, share } of storyRules) {
  const [end, otherEnd] = share;
  for (const type of first)
    rolesOf.set(type, [...(rolesOf.get(type) ?? []), { end, others: then, otherEnd }]);
  for (const type of then)
    rolesOf.set(type, [...(rolesOf.get(type) ?? []), { end: otherEnd, others: first, otherEnd: end }]);
}

function keysOf(finding: Finding): string[] {
  const { type } = finding;
  const keys = new Set<string>();
  for (const end of new Set(rolesOf.get(type)?.map((role) => role.end)))
    for (const found of endsOf(finding, end)) {
      keys.add(key(finding, type, end, found.text));
      if (end !== 'tenant' && end !== 'exporter') keys.add(key(finding, type, end, netOf(found)));
    }
  return [...keys];
}

function sought(finding: Finding): Set<string> {
  const keys = new Set<string>();
  for (const { end, others, otherEnd } of rolesOf.get(finding.type) ?? [])
    for (const found of endsOf(finding, end))
      for (const other of others) {
        keys.add(key(finding, other, otherEnd, found.text));
        if (end === 'tenant' || end === 'exporter') continue;
        for (const net of netsFor(found)) keys.add(key(finding, other, otherEnd, net));
      }
  return keys;
}

function key({ tenant }: Finding, type: AnomalyType, end: SharedEnd, text: string): string {
  return `${type} ${end} ${text} ${tenant}`;
}

function isWide({ bits }: End): boolean {
  return bits < 128;
}

/** Prefixes are found by hosts and prefixes, hosts by prefixes alone. */
function netsFor(end: End): string[] {
  const net = netText(end.text);
  return isWide(end) ? [`net ${net}`, `in ${net}`] : [`net ${net}`];
}

function netOf(end: End): string {
  return `${isWide(end) ? 'net' : 'in'} ${netText(end.text)}`;
}

/** The /24 or /48 that an address is in; the text itself where it is none. */
function netText(text: string): string {
  if (!text.includes(':')) return text.slice(0, text.lastIndexOf('.'));
  try {
    const words = addressWords(text);
    new Uint8Array(words.buffer).fill(0, 6);
    return addressText(words);
  } catch {
    return text;
  }
}
