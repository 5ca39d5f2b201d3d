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
} from '../frames/field-reading.ts';
import type { ClickFilter } from '../filters/click-filter.ts';

export interface TopologyNode {
  readonly id: string;
  readonly title: string;
  readonly subtitle: string;
  /** What nodes are put together by, in rings and hulls; empty for none. */
  readonly group: string;
  /** Sum of the rates of all its edges, both ways. */
  readonly total: number;
  /** The frame's own statistics, as label and text. */
  readonly stats: readonly (readonly [label: string, text: string])[];
  /** A CSS colour or a name of Grafana's; empty for the group's. */
  readonly colour: string;
  readonly icon: string;
  /** Shares of the ring with their colours; they add up to 1. */
  readonly arcs: readonly { readonly share: number; readonly colour: string; readonly title: string }[];
  readonly seed: { readonly x: number; readonly y: number } | undefined;
  /** What a click asks for; undefined for what cannot be filtered by. */
  readonly filter: Omit<ClickFilter, 'operator'> | undefined;
  readonly links: () => readonly LinkModel[];
}

export interface TopologyEdge {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  /** From source to target, and back. */
  readonly rate: number;
  readonly reverseRate: number;
  /** Percent; NaN where not known. */
  readonly utilization: number;
  /** Of the threshold that utilization has passed, or the frame's own; empty for the theme's. */
  readonly colour: string;
  readonly stats: readonly (readonly [label: string, text: string])[];
  readonly links: () => readonly LinkModel[];
}

export interface Threshold {
  readonly from: number;
  readonly colour: string;
}

export interface TopologyModel {
  readonly nodes: readonly TopologyNode[];
  readonly edges: readonly TopologyEdge[];
  /** Sum of all edges' rates, both ways. */
  readonly total: number;
  /** The greatest rate, rounded up to 1, 2 or 5 times a power of ten: the scale of widths stays when rates waver. */
  readonly scale: number;
  readonly format: Format;
  /** Steps of the colours by utilization; empty where none is known. */
  readonly thresholds: readonly Threshold[];
}

export interface ReadingOptions {
  /** Field of the nodes that groups them; empty for `group`, else the subtitle. */
  readonly groupField: string;
  /** The field that a click on a node filters by; empty for what the frame tells. */
  readonly filterKey: string;
}

export type TopologyReading =
  | { readonly kind: 'model'; readonly model: TopologyModel }
  | { readonly kind: 'empty'; readonly reason: string };

const defaultThresholds: readonly Threshold[] = [
  { from: -Infinity, colour: 'green' },
  { from: 50, colour: 'yellow' },
  { from: 80, colour: 'orange' },
  { from: 95, colour: 'red' },
];

/**
 * Reads the two frames that Grafana's node graph takes: `edges` (`id`, `source`, `target`, and `value`, `reverse_value`, `utilization`
 * of Weir's) and `nodes` (`id`, `title`, …). Without a frame of nodes, the ends of the edges are the nodes.
 */
export function readTopology(frames: readonly DataFrame[], options: ReadingOptions): TopologyReading {
  const edgesFrame = frames.find(
    (frame) => frame.length > 0 && fieldNamed(frame, 'source') && fieldNamed(frame, 'target'),
  );
  const nodesFrame = frames.find(
    (frame) => frame.length > 0 && fieldNamed(frame, 'id') && !fieldNamed(frame, 'source'),
  );
  if (edgesFrame === undefined && nodesFrame === undefined) {
    return {
      kind: 'empty',
      reason: frames.some((frame) => frame.length > 0)
        ? 'A topology needs a frame with the fields source and target, and may have one with id and title'
        : 'No data in this range',
    };
  }
  const { edges, format, thresholds } = readEdges(edgesFrame);
  const totals = new Map<string, number>();
  for (const edge of edges) {
    const rate = edge.rate + edge.reverseRate;
    totals.set(edge.source, (totals.get(edge.source) ?? 0) + rate);
    if (edge.target !== edge.source) totals.set(edge.target, (totals.get(edge.target) ?? 0) + rate);
  }
  const nodes = readNodes(nodesFrame, totals, options);
  const known = new Set(nodes.map(({ id }) => id));
  for (const [id, total] of totals) if (!known.has(id)) nodes.push(bareNode(id, total, options));
  let greatest = 0;
  let total = 0;
  for (const { rate, reverseRate } of edges) {
    greatest = Math.max(greatest, rate, reverseRate);
    total += rate + reverseRate;
  }
  return { kind: 'model', model: { nodes, edges, total, scale: roundUp(greatest), format, thresholds } };
}

function readEdges(frame: DataFrame | undefined): Pick<TopologyModel, 'format' | 'thresholds'> & {
  edges: TopologyEdge[];
} {
  if (frame === undefined) return { edges: [], format: formatOf(undefined), thresholds: [] };
  const field = (...names: string[]): Field | undefined => fieldNamed(frame, ...names);
  const id = field('id');
  const source = field('source')!;
  const target = field('target')!;
  const number = (candidate: Field | undefined): Field | undefined =>
    candidate !== undefined && isNumber(candidate) ? candidate : undefined;
  const value = number(field('value')) ?? number(field('mainstat')) ?? number(field('thickness'));
  // Node graph frames have no field of their own for the way back: Weir's have it second.
  const isOurs = frame.meta?.custom?.['node'] !== undefined;
  const reverse = number(field('reverse_value')) ?? (isOurs ? number(field('secondarystat')) : undefined);
  const utilization = number(field('utilization', 'detail__utilization'));
  const colour = field('color');
  const steps = thresholdsOf(utilization);
  const seen = new Map<string, number>();
  const edges: TopologyEdge[] = [];
  let known = false;
  for (let row = 0; row < frame.length; row++) {
    const from = textAt(source, row);
    const to = textAt(target, row);
    const name = textAt(id, row) || `${from}\u0000${to}`;
    const times = seen.get(name) ?? 0;
    seen.set(name, times + 1);
    const percent = numberAt(utilization, row);
    const used = percent >= 0 ? percent : Number.NaN;
    known ||= percent >= 0;
    edges.push({
      id: times === 0 ? name : `${name}\u0000${times}`,
      source: from,
      target: to,
      rate: value === undefined ? 1 : positive(numberAt(value, row)),
      reverseRate: positive(numberAt(reverse, row)),
      utilization: used,
      colour: percent >= 0 ? thresholdColour(steps, percent) : colourAt(colour, row),
      stats: statsAt(frame, row),
      links: () =>
        [value, field('mainstat'), source, target, id].flatMap((one, at, all) =>
          all.indexOf(one) === at ? linksAt(one, row) : [],
        ),
    });
  }
  return { edges, format: formatOf(value), thresholds: known ? steps : [] };
}

function readNodes(
  frame: DataFrame | undefined,
  totals: ReadonlyMap<string, number>,
  options: ReadingOptions,
): TopologyNode[] {
  if (frame === undefined) return [];
  const field = (...names: string[]): Field | undefined => fieldNamed(frame, ...names);
  const id = field('id')!;
  const title = field('title', 'name', 'label');
  const subtitle = field('subtitle');
  const group =
    options.groupField === ''
      ? field('group', 'detail__group', 'subtitle')
      : field(options.groupField, `detail__${options.groupField}`);
  const x = field('fixedx');
  const y = field('fixedy');
  const custom = frame.meta?.custom ?? {};
  const told: unknown = custom['filterKey'] ?? custom['field'] ?? custom['node'];
  const arcs = frame.fields.filter((one) => one.name.toLowerCase().startsWith('arc__') && isNumber(one));
  const nodes = new Map<string, TopologyNode>();
  for (let row = 0; row < frame.length; row++) {
    const name = textAt(id, row);
    if (nodes.has(name)) continue;
    const at = { x: numberAt(x, row), y: numberAt(y, row) };
    const key =
      options.filterKey || textAt(field('filter_key'), row) || (told === undefined ? 'host' : String(told));
    const value = textAt(field('filter_value'), row) || name;
    nodes.set(name, {
      id: name,
      title: textAt(title, row) || name || 'Other',
      subtitle: textAt(subtitle, row),
      group: textAt(group, row),
      total: totals.get(name) ?? 0,
      stats: statsAt(frame, row),
      colour: colourAt(field('color'), row),
      icon: textAt(field('icon'), row),
      arcs: arcs
        .map((arc) => ({
          share: positive(numberAt(arc, row)),
          colour: arc.config.color?.fixedColor ?? '',
          title: arc.config.displayName ?? readable(arc.name.slice('arc__'.length)),
        }))
        .filter(({ share }) => share > 0),
      seed: Number.isFinite(at.x) && Number.isFinite(at.y) ? at : undefined,
      filter: isSummedUp(name) ? undefined : { key, value },
      links: () =>
        [title, id, field('mainstat')].flatMap((one, place, all) =>
          all.indexOf(one) === place ? linksAt(one, row) : [],
        ),
    });
  }
  return [...nodes.values()];
}

function bareNode(id: string, total: number, options: ReadingOptions): TopologyNode {
  return {
    id,
    title: id === '' ? 'Other' : id,
    subtitle: '',
    group: '',
    total,
    stats: [],
    colour: '',
    icon: '',
    arcs: [],
    seed: undefined,
    filter: isSummedUp(id) ? undefined : { key: options.filterKey || 'host', value: id },
    links: () => [],
  };
}

function isSummedUp(id: string): boolean {
  return id === '' || /^others?$/i.test(id);
}

function positive(value: number): number {
  return value > 0 && Number.isFinite(value) ? value : 0;
}

function statsAt(frame: DataFrame, row: number): [string, string][] {
  const stats: [string, string][] = [];
  for (const field of frame.fields) {
    if (!/^(mainstat|secondarystat|detail__.+)$/i.test(field.name)) continue;
    const number = numberAt(field, row);
    const text = isText(field) ? textAt(field, row) : Number.isFinite(number) ? formatOf(field)(number) : '';
    if (text === '') continue;
    const bare = field.name.replace(/^detail__/i, '');
    const named = field.config.displayName ?? field.config.displayNameFromDS;
    const label =
      named ?? (/stat$/i.test(bare) ? (/^main/i.test(bare) ? 'Traffic' : 'Also') : readable(bare));
    stats.push([label, text]);
  }
  return stats;
}

function colourAt(field: Field | undefined, row: number): string {
  if (field === undefined) return '';
  if (!isNumber(field)) return textAt(field, row);
  return field.display?.(numberAt(field, row)).color ?? '';
}

/** The steps of the field's settings, else 50, 80 and 95 percent. */
function thresholdsOf(field: Field | undefined): readonly Threshold[] {
  const steps = field?.config.thresholds?.steps ?? [];
  if (steps.length === 0) return defaultThresholds;
  // A saved dashboard has null for the lowest step, since JSON knows no infinity.
  return steps
    .map((step) => ({ from: (step.value as number | null) ?? -Infinity, colour: step.color }))
    .sort((one, two) => one.from - two.from);
}

export function thresholdColour(steps: readonly Threshold[], value: number): string {
  let colour = steps[0]?.colour ?? '';
  for (const step of steps) if (value >= step.from) colour = step.colour;
  return colour;
}

/** The next of …, 1, 2, 5, 10, 20, 50, … */
export function roundUp(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  for (const step of [1, 2, 5]) if (value <= step * power * (1 + 1e-9)) return step * power;
  return 10 * power;
}

export function filtersOfNode(
  node: TopologyNode | undefined,
  operator: ClickFilter['operator'],
): readonly ClickFilter[] {
  return node?.filter === undefined ? [] : [{ ...node.filter, operator }];
}

/** Both ends: with a field that means either end, this is what the two say to each other. */
export function filtersOfEdge(
  model: TopologyModel,
  edge: TopologyEdge,
  operator: ClickFilter['operator'],
): readonly ClickFilter[] {
  return [edge.source, edge.target].flatMap((end) =>
    filtersOfNode(
      model.nodes.find(({ id }) => id === end),
      operator,
    ),
  );
}
