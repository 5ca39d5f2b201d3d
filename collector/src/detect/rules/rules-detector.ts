import { type WindowKind, WINDOW_SECONDS } from '@weir/core/windows';
import type { Detector, Finding, Report, RunningDetector, WindowColumnName } from '../detector.ts';
import { sampled } from '../detectors/measures/certainty.ts';
import { whatOf } from '../detectors/measures/what.ts';
import type { RuleSettings } from '../settings.ts';
import type { Entity, Step } from '../step.ts';
import { type CompiledRule, compileRule } from './compile.ts';
import type { Threshold } from './condition.ts';
import { directions } from './condition.ts';
import { windowField } from './window-fields.ts';

/** Findings of a rule in a window: who writes `flows > 0` gets the largest, and is told how many there are. */
const MOST_FINDINGS = 200;
/** Entities of a rule that are watched for `forSeconds`. */
const MOST_WATCHED = 20_000;

/** An entity for which the condition holds. */
interface Held {
  readonly entity: Entity;
  readonly id: string;
  readonly value: number;
}

interface RunningRule extends CompiledRule {
  /** By entity, when the first window of those in a row began in which the condition holds. */
  since: Map<string, number>;
  /** When the last window that was learnt ended. */
  until: number;
}

/**
 * The user's own rules: a condition in the filter language over the columns of a kind of window. An entity is a finding where the condition
 * holds over `overSeconds`, and has held in every window for `forSeconds`. Rules that `compileRule` refuses are left out: the configuration's
 * checks have said so.
 */
export function rulesDetector(rules: readonly RuleSettings[]): Detector {
  const compiled = rules.flatMap((settings) => {
    const result = compileRule(settings);
    return result.ok ? [result.rule] : [];
  });
  return {
    name: 'rules',
    title: 'Rules of your own',
    types: ['rule'],
    doc:
      'Conditions from the configuration, in the filter language over the columns of windows: bytes > 1G and contacts > 200 and ' +
      'source_ip in 10.0.0.0/8. Sums and distinct counts are taken over a number of seconds; the condition can be asked to hold for a ' +
      'while before it counts.',
    parameters: {},
    reads: readsOf(compiled),
    windowsBack: Math.max(1, ...compiled.map(({ settings }) => settings.overSeconds / WINDOW_SECONDS)),
    early: false,
    start: () => new RunningRules(compiled),
  };
}

function readsOf(rules: readonly CompiledRule[]): Detector['reads'] {
  const reads: Partial<Record<WindowKind, Set<WindowColumnName>>> = {};
  for (const { settings, condition } of rules) {
    const of = (reads[settings.kind] ??= new Set<WindowColumnName>(['records', 'sampling_rate']));
    for (const field of condition.fields) for (const column of field.reads) of.add(column);
  }
  return Object.fromEntries(Object.entries(reads).map(([kind, columns]) => [kind, [...columns]]));
}

class RunningRules implements RunningDetector {
  private readonly rules: RunningRule[];
  /** What `detect` found of a step, so that `learn` need not look again. */
  private looked: { readonly step: Step; readonly held: readonly Held[][] } | undefined;

  constructor(rules: readonly CompiledRule[]) {
    this.rules = rules.map((rule) => ({ ...rule, since: new Map(), until: -Infinity }));
  }

  detect(step: Step, _usual: unknown, report: Report): void {
    this.held(step).forEach((held, i) => {
      const rule = this.rules[i]!;
      const { forSeconds } = rule.settings;
      const ripe = held.filter(({ id }) => step.end - sinceOf(rule, id, step) >= forSeconds);
      const shown = ripe.length > MOST_FINDINGS ? largest(rule, ripe) : ripe;
      for (const one of shown) report(findingOf(rule, one, sinceOf(rule, one.id, step), step, ripe.length));
    });
  }

  learn(step: Step): void {
    this.held(step).forEach((held, i) => {
      const rule = this.rules[i]!;
      const since = new Map<string, number>();
      for (const { id } of held) {
        if (since.size >= MOST_WATCHED) break;
        since.set(id, sinceOf(rule, id, step));
      }
      rule.since = since;
      rule.until = step.end;
    });
    this.looked = undefined;
  }

  private held(step: Step): readonly Held[][] {
    if (this.looked?.step !== step)
      this.looked = { step, held: this.rules.map((rule) => heldOf(rule, step)) };
    return this.looked.held;
  }

  save(): unknown {
    return this.rules.map(({ settings, since, until }) => ({
      of: signature(settings),
      since: [...since],
      until,
    }));
  }

  load(saved: unknown): void {
    if (!Array.isArray(saved)) return;
    for (const one of saved as readonly Partial<{ of: string; since: unknown; until: unknown }>[]) {
      const rule = this.rules.find(({ settings }) => signature(settings) === one?.of);
      if (rule === undefined || !Array.isArray(one.since) || typeof one.until !== 'number') continue;
      rule.since = new Map(one.since as [string, number][]);
      rule.until = one.until;
    }
  }

  counts(): { entities: number; learning: number } {
    return { entities: this.rules.reduce((sum, { since }) => sum + since.size, 0), learning: 0 };
  }
}

/** A rule that was changed begins anew. */
function signature({ name, kind, where, overSeconds }: RuleSettings): string {
  return JSON.stringify([name, kind, where, overSeconds]);
}

/** A window in which nothing was seen ends what held. */
function sinceOf(rule: RunningRule, id: string, step: Step): number {
  return rule.until === step.start ? (rule.since.get(id) ?? step.start) : step.start;
}

function heldOf({ settings, condition }: CompiledRule, step: Step): Held[] {
  const { kind, overSeconds } = settings;
  const rows = step.rows(kind);
  const windows = overSeconds / WINDOW_SECONDS;
  const main = condition.thresholds[0];
  const held: Held[] = [];
  for (let row = 0; row < rows.rows; row++) {
    if (rows.rest[row] === 1 || !condition.maybe(rows, row)) continue;
    const entity = step.entity(kind, row);
    if (!condition.holds(rows, row, entity, overSeconds)) continue;
    const id = `${entity.tenant}\n${whatOf(entity).entity}`;
    held.push({ entity, id, value: main === undefined ? 0 : valueOf(main, entity, windows) });
  }
  return held;
}

function valueOf({ field }: Threshold, entity: Entity, windows: number): number {
  return field.value.from === 'measure' ? field.value.of(entity, windows) : 0;
}

/** Those furthest beyond the threshold; of like ones in the order of their names, so that it is always the same ones. */
function largest({ condition }: CompiledRule, held: readonly Held[]): Held[] {
  const sign = condition.thresholds[0]?.above === false ? -1 : 1;
  return [...held]
    .sort((a, b) => sign * (b.value - a.value) || (a.id < b.id ? -1 : 1))
    .slice(0, MOST_FINDINGS);
}

function findingOf(
  { settings, condition }: CompiledRule,
  { entity, value }: Held,
  since: number,
  step: Step,
  all: number,
): Finding {
  const { name, kind, overSeconds, severity } = settings;
  const windows = overSeconds / WINDOW_SECONDS;
  const what = whatOf(entity);
  const main = condition.thresholds[0];
  const { certainty, caveat } = sampled(entity, windows);
  const measures = condition.thresholds.map((threshold) => ({
    name: threshold.field.field.name,
    value: valueOf(threshold, entity, windows),
    unit: threshold.field.unit,
  }));
  const more = all > MOST_FINDINGS ? `${all} entities match; the ${MOST_FINDINGS} furthest are shown.` : '';
  const caveats = [caveat.caveat ?? '', more].filter((text) => text !== '').join('. ');
  const filled = (text: string): string => withValues(text, kind, entity, windows);
  const seen = measures
    .map((m) => `${m.name} ${rounded(m.value)}${m.unit === '' ? '' : ` ${m.unit}`}`)
    .join(', ');
  return {
    type: 'rule',
    rule: name,
    tenant: entity.tenant,
    entity: what.entity,
    severity,
    score: certainty * margin(value, main),
    title: settings.title === '' ? `${name}: ${what.name}` : filled(settings.title),
    description:
      settings.description === ''
        ? `Of ${what.name} over ${overSeconds} s: ${seen}. The rule asks for ${settings.where}.`
        : filled(settings.description),
    ...what.columns,
    metric: main?.field.field.name ?? '',
    value,
    baseline: 0,
    threshold: main?.value ?? 0,
    flowFilter: what.flowFilter,
    evidence: { measures, ...(caveats === '' ? {} : { caveat: caveats }) },
    ...(since < step.start ? { since } : {}),
  };
}

/** From a half at the threshold towards one far beyond it. */
function margin(value: number, threshold: Threshold | undefined): number {
  if (threshold === undefined) return 0.5;
  const [more, less] = threshold.above ? [value, threshold.value] : [threshold.value, value];
  return more <= 0 ? 0.5 : 1 - 0.5 * Math.min(1, Math.max(0, less / more));
}

/** `{source_ip}` and `{bytes}` in texts are the values of the anomaly's entity. What is no field stays as it is. */
function withValues(text: string, kind: WindowKind, entity: Entity, windows: number): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const found = windowField(kind, name);
    if (found === undefined) return whole;
    const { value } = found;
    if (value.from === 'measure')
      return found.reads.length > 0 ? String(rounded(value.of(entity, windows))) : whole;
    const { key } = value;
    if (key === 'tenant_id') return entity.tenant;
    if (key === 'application') return entity.application;
    if (key === 'collector_ip' || key === 'source_ip' || key === 'destination_ip') return entity.address(key);
    return key === 'direction' ? (directions[entity.number(key)] ?? '') : String(entity.number(key));
  });
}

function rounded(value: number): number {
  return value >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}
