import type { DataFrame, Field, LinkModel } from '@grafana/data';
import type { Format } from '../frames/field-reading.ts';
import {
  fieldNamed,
  formatOf,
  isNumber,
  isText,
  linksAt,
  numberAt,
  readable,
  textAt,
  titleOf,
} from '../frames/field-reading.ts';

/** One thing at one stage: the same address as source and as destination is two nodes. */
export interface SankeyNode {
  readonly id: string;
  readonly stage: number;
  readonly name: string;
  /** Sums up what is beyond the query's limit: cannot be filtered by, and stands last. */
  readonly other: boolean;
  readonly value: number;
  readonly links: () => readonly LinkModel[];
}

export interface SankeyLink {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  /** Name at the first stage where the link is split by it, else empty. */
  readonly origin: string;
  readonly value: number;
  readonly links: () => readonly LinkModel[];
}

/** A way through all stages; only tables of paths tell them. */
export interface SankeyPath {
  readonly nodes: readonly string[];
  readonly links: readonly string[];
  readonly value: number;
}

export interface SankeyStage {
  /** The field's name, for filters; empty where the frame does not tell. */
  readonly key: string;
  readonly title: string;
}

export interface SankeyModel {
  readonly stages: readonly SankeyStage[];
  readonly nodes: readonly SankeyNode[];
  readonly links: readonly SankeyLink[];
  readonly paths: readonly SankeyPath[];
  /** Sum of all that flows. */
  readonly total: number;
  readonly valueTitle: string;
  readonly format: Format;
}

export interface ReadingOptions {
  /** Show what is summed up as "Other". */
  readonly showOther: boolean;
  /** Split links by the name at the first stage. */
  readonly byOrigin: boolean;
  /** Name of the number field that gives the width; empty for `value` or the first. */
  readonly valueField: string;
}

export type SankeyReading =
  | { readonly kind: 'model'; readonly model: SankeyModel }
  | { readonly kind: 'empty'; readonly reason: string };

/** More paths than can be told apart are summed up as "Other". */
const PATHS = 300;
const STAGES = 8;
const NO_NAME = '(none)';

const noLinks = (): readonly LinkModel[] => [];

export function isOther(name: string): boolean {
  return /^others?$/i.test(name.trim());
}

const linkFields = new Set(['source', 'target', 'source_stage', 'target_stage', 'other']);

function valueFieldOf(frame: DataFrame, wanted: string): Field | undefined {
  const named = wanted === '' ? undefined : fieldNamed(frame, wanted);
  if (named !== undefined && isNumber(named)) return named;
  const value = fieldNamed(frame, 'value');
  if (value !== undefined && isNumber(value)) return value;
  return frame.fields.find((field) => isNumber(field) && !linkFields.has(field.name.toLowerCase()));
}

function stageFields(frame: DataFrame): readonly Field[] {
  return frame.fields.filter(isText).slice(0, STAGES);
}

function isLinksFrame(frame: DataFrame): boolean {
  const source = fieldNamed(frame, 'source');
  const target = fieldNamed(frame, 'target');
  if (source === undefined || target === undefined) return false;
  return (
    frame.name === 'links' ||
    fieldNamed(frame, 'source_stage') !== undefined ||
    frame.fields.filter(isText).length === 2
  );
}

/**
 * Reads what flows between stages: a frame of paths (a text field for each stage from left to right, and a number), or one of links
 * (`source`, `target`, `value`, and if known `source_stage`, `target_stage`, `other`). Paths are preferred, since they tell what
 * belongs together over all stages.
 */
export function readSankey(frames: readonly DataFrame[], options: ReadingOptions): SankeyReading {
  const filled = frames.filter((frame) => frame.length > 0);
  if (filled.length === 0) return { kind: 'empty', reason: 'No data in this range' };
  const asPaths = (frame: DataFrame): boolean =>
    stageFields(frame).length >= 2 && valueFieldOf(frame, options.valueField) !== undefined;
  const paths =
    filled.find((frame) => frame.name === 'paths' && asPaths(frame)) ??
    (filled.some(isLinksFrame) ? undefined : filled.find(asPaths));
  const links = filled.find((frame) => isLinksFrame(frame) && valueFieldOf(frame, options.valueField));
  const model =
    paths !== undefined
      ? fromPaths(paths, options)
      : links !== undefined
        ? fromLinks(links, frames, options)
        : undefined;
  if (model === undefined) {
    return {
      kind: 'empty',
      reason:
        'A sankey needs a table with two or more text fields (its stages) and a number, or the fields source, target and value',
    };
  }
  if (model.links.length === 0)
    return { kind: 'empty', reason: 'Nothing flows in this range: all values are nought' };
  return { kind: 'model', model };
}

interface Row {
  readonly names: readonly string[];
  readonly row: number;
  value: number;
}

function fromPaths(frame: DataFrame, options: ReadingOptions): SankeyModel {
  const fields = stageFields(frame);
  const valueField = valueFieldOf(frame, options.valueField)!;
  const byPath = new Map<string, Row>();
  for (let row = 0; row < frame.length; row++) {
    const value = numberAt(valueField, row);
    if (!(value > 0)) continue;
    const names = fields.map((field) => textAt(field, row) || NO_NAME);
    if (!options.showOther && names.some(isOther)) continue;
    const key = names.join('\u0000');
    const held = byPath.get(key);
    if (held === undefined) byPath.set(key, { names, row, value });
    else held.value += value;
  }
  const rows = [...byPath.values()].sort((one, two) => two.value - one.value);
  const beyond = rows.slice(PATHS);
  if (beyond.length > 0 && options.showOther) {
    rows.splice(PATHS, rows.length, {
      names: fields.map(() => 'Other'),
      row: -1,
      value: beyond.reduce((sum, { value }) => sum + value, 0),
    });
  } else {
    rows.length = Math.min(rows.length, PATHS);
  }

  const gathering = new Gathering();
  const paths = rows.map(({ names, row, value }): SankeyPath => {
    const nodes = names.map((name, stage) =>
      gathering.node(stage, name, value, row < 0 ? noLinks : () => linksAt(fields[stage], row)),
    );
    const links = nodes
      .slice(1)
      .map((target, at) =>
        gathering.link(
          nodes[at]!,
          target,
          options.byOrigin ? names[0]! : '',
          value,
          row < 0 ? noLinks : () => linksAt(valueField, row),
        ),
      );
    return { nodes, links, value };
  });
  return gathering.model(
    fields.map((field) => ({ key: field.name, title: titleOf(field) })),
    paths,
    paths.reduce((sum, { value }) => sum + value, 0),
    valueField,
  );
}

function fromLinks(frame: DataFrame, frames: readonly DataFrame[], options: ReadingOptions): SankeyModel {
  const source = fieldNamed(frame, 'source')!;
  const target = fieldNamed(frame, 'target')!;
  const valueField = valueFieldOf(frame, options.valueField)!;
  const sourceStage = fieldNamed(frame, 'source_stage');
  const targetStage = fieldNamed(frame, 'target_stage');
  const other = fieldNamed(frame, 'other');
  const rows = Array.from({ length: frame.length }, (_, row) => row).filter((row) => {
    if (!(numberAt(valueField, row) > 0)) return false;
    const summed = isOther(textAt(source, row)) || isOther(textAt(target, row)) || numberAt(other, row) === 1;
    return options.showOther || !summed;
  });
  const stageOf =
    sourceStage !== undefined && targetStage !== undefined
      ? undefined
      : depths(
          rows.map((row): readonly [string, string] => [
            textAt(source, row) || NO_NAME,
            textAt(target, row) || NO_NAME,
          ]),
        );

  const gathering = new Gathering();
  const outOf = new Map<string, number>();
  const into = new Map<string, number>();
  const linksOf = new Map<string, () => readonly LinkModel[]>();
  for (const row of rows) {
    const from = textAt(source, row) || NO_NAME;
    const to = textAt(target, row) || NO_NAME;
    const fromStage = stageOf === undefined ? numberAt(sourceStage, row) : (stageOf?.get(from) ?? 0);
    const toStage = stageOf === undefined ? numberAt(targetStage, row) : stageOf.get(to)!;
    const value = numberAt(valueField, row);
    // In a cycle no order of stages is right: all that sends stands on the left, all that receives on the right.
    const [left, right] = toStage > fromStage ? [fromStage, toStage] : [0, 1];
    const sourceId = gathering.node(left, from, 0, () => linksAt(source, row));
    const targetId = gathering.node(right, to, 0, () => linksAt(target, row));
    outOf.set(sourceId, (outOf.get(sourceId) ?? 0) + value);
    into.set(targetId, (into.get(targetId) ?? 0) + value);
    linksOf.set(
      gathering.link(sourceId, targetId, '', value, () => linksAt(valueField, row)),
      noLinks,
    );
  }
  gathering.weigh((id) => Math.max(outOf.get(id) ?? 0, into.get(id) ?? 0));
  const total = [...outOf].filter(([id]) => !into.has(id)).reduce((sum, [, value]) => sum + value, 0);
  return gathering.model(stagesOf(frame, frames, gathering.stages()), [], total, valueField);
}

/** Frames of links tell the stages' fields, if at all, as `meta.custom.stages` or `meta.custom.dimensions`, a list of names. */
function stagesOf(frame: DataFrame, frames: readonly DataFrame[], count: number): readonly SankeyStage[] {
  const custom = frame.meta?.custom ?? {};
  const told: unknown = custom['stages'] ?? custom['dimensions'];
  const names = Array.isArray(told) ? told.map(String) : [];
  const paths = frames.find(({ name }) => name === 'paths');
  return Array.from({ length: count }, (_, stage) => {
    const field = paths?.fields.filter(isText)[stage];
    if (field !== undefined) return { key: field.name, title: titleOf(field) };
    const name = names[stage];
    if (name !== undefined) return { key: name, title: readable(name) };
    const title = count === 2 ? (stage === 0 ? 'Source' : 'Target') : `Stage ${stage + 1}`;
    return { key: '', title };
  });
}

/** How many links lie before each name at most; where links run in a circle, senders are at 0 and all else at 1. */
function depths(pairs: readonly (readonly [string, string])[]): Map<string, number> {
  const waiting = new Map<string, number>();
  const next = new Map<string, string[]>();
  for (const [from, to] of pairs) {
    if (!waiting.has(from)) waiting.set(from, 0);
    waiting.set(to, (waiting.get(to) ?? 0) + 1);
    const held = next.get(from);
    if (held === undefined) next.set(from, [to]);
    else held.push(to);
  }
  const depth = new Map<string, number>();
  const ready = [...waiting].filter(([, count]) => count === 0).map(([name]) => name);
  for (const name of ready) depth.set(name, 0);
  for (let at = 0; at < ready.length; at++) {
    const name = ready[at]!;
    for (const to of next.get(name) ?? []) {
      depth.set(to, Math.max(depth.get(to) ?? 0, depth.get(name)! + 1));
      waiting.set(to, waiting.get(to)! - 1);
      if (waiting.get(to) === 0) ready.push(to);
    }
  }
  const circular = ready.length < waiting.size || Math.max(0, ...depth.values()) >= STAGES;
  if (!circular) return depth;
  return new Map([...waiting.keys()].map((name) => [name, 0]));
}

/** Collects nodes and links by id while rows are read. */
class Gathering {
  readonly #nodes = new Map<string, SankeyNode & { value: number }>();
  readonly #links = new Map<string, SankeyLink & { value: number }>();

  node(stage: number, name: string, value: number, links: SankeyNode['links']): string {
    const id = `${stage}:${name}`;
    const held = this.#nodes.get(id);
    if (held === undefined) {
      this.#nodes.set(id, { id, stage, name, other: isOther(name), value, links });
    } else {
      held.value += value;
    }
    return id;
  }

  link(source: string, target: string, origin: string, value: number, links: SankeyLink['links']): string {
    const id = [source, target, origin].join('\u0000');
    const held = this.#links.get(id);
    if (held === undefined) this.#links.set(id, { id, source, target, origin, value, links });
    else held.value += value;
    return id;
  }

  weigh(valueOf: (id: string) => number): void {
    for (const node of this.#nodes.values()) node.value = valueOf(node.id);
  }

  stages(): number {
    return 1 + Math.max(-1, ...[...this.#nodes.values()].map(({ stage }) => stage));
  }

  model(
    stages: readonly SankeyStage[],
    paths: readonly SankeyPath[],
    total: number,
    valueField: Field,
  ): SankeyModel {
    return {
      stages,
      nodes: [...this.#nodes.values()],
      links: [...this.#links.values()],
      paths,
      total,
      valueTitle: titleOf(valueField),
      format: formatOf(valueField),
    };
  }
}
