import { type Filter, type Problem, conditionsOf, parseFilter } from '@weir/core/filter';
import { WINDOW_SECONDS, type WindowKind, windowKinds } from '@weir/core/windows';
import type { RuleSettings } from '../settings.ts';
import { MOST_WINDOWS_BACK } from '../step.ts';
import { type WindowCondition, windowCondition } from './condition.ts';
import { fieldListOf, windowField } from './window-fields.ts';

export const MOST_OVER_SECONDS = MOST_WINDOWS_BACK * WINDOW_SECONDS;
export const MOST_FOR_SECONDS = 86_400;

/** What is wrong with a rule, and what would be right. `from` and `to` are places in the value of `where`, 0 of other keys. */
export interface RuleProblem extends Problem {
  readonly key: 'name' | 'kind' | 'where' | 'forSeconds' | 'overSeconds';
}

export interface CompiledRule {
  readonly settings: RuleSettings;
  readonly condition: WindowCondition;
}

export type RuleCompilation =
  | { readonly ok: true; readonly rule: CompiledRule }
  | { readonly ok: false; readonly problems: readonly RuleProblem[] };

/** Reads a rule's condition and checks its numbers. Never throws. */
export function compileRule(rule: RuleSettings): RuleCompilation {
  const problems: RuleProblem[] = [];
  const add = (key: RuleProblem['key'], message: string, advice: string): void => {
    problems.push({ key, from: 0, to: 0, message, advice });
  };
  if (rule.name.trim() === '')
    add('name', 'The rule has no name.', 'Anomalies are told apart by it: give one.');
  if (
    !isMultiple(rule.overSeconds) ||
    rule.overSeconds < WINDOW_SECONDS ||
    rule.overSeconds > MOST_OVER_SECONDS
  )
    add(
      'overSeconds',
      `Sums cannot be taken over ${rule.overSeconds} s.`,
      `Windows are ${WINDOW_SECONDS} s long and kept for a minute: write 10, 20, 30, 40, 50 or 60; for what lasts longer, use for.`,
    );
  if (!isMultiple(rule.forSeconds) || rule.forSeconds < 0 || rule.forSeconds > MOST_FOR_SECONDS)
    add(
      'forSeconds',
      `A condition cannot be watched for ${rule.forSeconds} s.`,
      `Write 0 or a multiple of ${WINDOW_SECONDS}, ${MOST_FOR_SECONDS} at most.`,
    );
  if (!windowKinds.some(({ name }) => name === rule.kind)) {
    add(
      'kind',
      `There are no windows of the kind “${rule.kind}”.`,
      `Kinds are ${windowKinds.map(({ name }) => name).join(', ')}.`,
    );
    return { ok: false, problems };
  }
  const parsed = parseFilter(rule.where, fieldListOf(rule.kind));
  if (!parsed.ok) problems.push(...parsed.problems.map((p) => ({ key: 'where' as const, ...p })));
  else if (!measures(rule.kind, parsed.filter))
    problems.push({
      key: 'where',
      from: 0,
      to: rule.where.length,
      message: 'The condition measures nothing: all that it asks of are keys.',
      advice: 'Ask for an amount as well: bytes > 1G, flows > 1000.',
    });
  if (problems.length > 0 || !parsed.ok) return { ok: false, problems };
  return {
    ok: true,
    rule: { settings: rule, condition: windowCondition(rule.kind, parsed.filter) },
  };
}

function isMultiple(seconds: number): boolean {
  return Number.isInteger(seconds) && seconds % WINDOW_SECONDS === 0;
}

function measures(kind: WindowKind, filter: Filter): boolean {
  return conditionsOf(filter).some(({ field }) => windowField(kind, field)?.value.from === 'measure');
}
