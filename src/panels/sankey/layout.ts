import { sankey } from 'd3-sankey';
import type { SankeyModel } from './model.ts';
import { isOther } from './model.ts';

export interface LayoutOptions {
  readonly width: number;
  readonly height: number;
  readonly margin: {
    readonly left: number;
    readonly right: number;
    readonly top: number;
    readonly bottom: number;
  };
  readonly nodeWidth: number;
  /** Pixels between nodes of a stage; more is taken where labels need it and there is room. */
  readonly nodePadding: number;
  readonly labelHeight: number;
}

export interface NodeBox {
  readonly id: string;
  readonly stage: number;
  readonly x0: number;
  readonly x1: number;
  readonly y0: number;
  readonly y1: number;
}

export interface LinkBand {
  readonly id: string;
  readonly x0: number;
  readonly x1: number;
  /** Middle of the band where it leaves and where it arrives. */
  readonly y0: number;
  readonly y1: number;
  readonly width: number;
}

/** Ids of each stage's nodes from top to bottom. */
export type Order = readonly (readonly string[])[];

export interface SankeyLayout {
  readonly nodes: ReadonlyMap<string, NodeBox>;
  readonly links: ReadonlyMap<string, LinkBand>;
  readonly order: Order;
}

interface LaidNode {
  id: string;
  stage: number;
}
interface LaidLink {
  id: string;
}

/** A kept order is given up when links cross so many times more than they need to. */
const PATIENCE = 1.5;

/**
 * Places nodes and bands. The order of a former picture is kept, new nodes go where their neighbours are, so that the picture does
 * not jump with every update; only when it has become much more tangled than it need be is it sorted anew. "Other" is last always.
 */
export function layoutSankey(
  model: SankeyModel,
  options: LayoutOptions,
  former: Order | undefined,
): SankeyLayout {
  const fresh = orderOf(place(model, options, undefined), model);
  let order = fresh;
  if (former !== undefined && former.length === model.stages.length) {
    const kept = keepOrder(former, fresh);
    if (tangle(model, kept) <= PATIENCE * tangle(model, fresh)) order = kept;
  }
  return { ...place(model, options, order), order };
}

type Placed = Omit<SankeyLayout, 'order'>;

function place(model: SankeyModel, options: LayoutOptions, order: Order | undefined): Placed {
  const { width, height, margin } = options;
  const rank = new Map<string, number>();
  for (const stage of order ?? []) stage.forEach((id, at) => rank.set(id, at));
  const counts = model.stages.map((_, stage) => model.nodes.filter((node) => node.stage === stage).length);
  const tallest = Math.max(1, ...counts);
  const room = Math.max(1, height - margin.top - margin.bottom);
  // Labels need their height each; but at least two fifths of the height go to the flows themselves.
  const padding = Math.min(
    Math.max(options.nodePadding, options.labelHeight - 2),
    tallest > 1 ? (0.6 * room) / (tallest - 1) : room,
  );
  const engine = sankey<LaidNode, LaidLink>()
    .nodeId((node) => node.id)
    .nodeAlign((node) => node.stage)
    .nodeWidth(options.nodeWidth)
    .nodePadding(padding)
    .extent([
      [margin.left, margin.top],
      [Math.max(margin.left + 2 * options.nodeWidth, width - margin.right), margin.top + room],
    ])
    .iterations(order === undefined ? 24 : 8);
  if (order !== undefined) {
    engine.nodeSort((one, two) => (rank.get(one.id) ?? 0) - (rank.get(two.id) ?? 0));
  }
  const graph = engine({
    nodes: model.nodes.map(({ id, stage }) => ({ id, stage })),
    links: model.links.map(({ id, source, target, value }) => ({ id, source, target, value })),
  });
  const stages = Math.max(1, model.stages.length - 1);
  const across = Math.max(0, width - margin.left - margin.right - options.nodeWidth);
  const nodes = new Map<string, NodeBox>();
  for (const node of graph.nodes) {
    // d3-sankey puts a node without successors into the last column; its stage is what counts.
    const x0 = margin.left + (across * node.stage) / stages;
    nodes.set(node.id, {
      id: node.id,
      stage: node.stage,
      x0,
      x1: x0 + options.nodeWidth,
      y0: node.y0!,
      y1: node.y1!,
    });
  }
  const links = new Map<string, LinkBand>();
  for (const link of graph.links) {
    const source = nodes.get((link.source as LaidNode).id)!;
    const target = nodes.get((link.target as LaidNode).id)!;
    links.set(link.id, {
      id: link.id,
      x0: source.x1,
      x1: target.x0,
      y0: link.y0!,
      y1: link.y1!,
      width: Math.max(1, link.width!),
    });
  }
  return { nodes, links };
}

function orderOf(placed: Placed, model: SankeyModel): Order {
  const last = new Set(model.nodes.filter(({ other }) => other).map(({ id }) => id));
  return model.stages.map((_, stage) =>
    [...placed.nodes.values()]
      .filter((box) => box.stage === stage)
      .sort(
        (one, two) =>
          Number(last.has(one.id)) - Number(last.has(two.id)) ||
          one.y0 - two.y0 ||
          (one.id < two.id ? -1 : 1),
      )
      .map(({ id }) => id),
  );
}

/** The former order of what is still there; what is new stands behind the one that it follows in the fresh order. */
export function keepOrder(former: Order, fresh: Order): Order {
  return fresh.map((stage, at) => {
    const here = new Set(stage);
    const other = stage.find((id) => isOther(id.slice(id.indexOf(':') + 1)));
    const kept = (former[at] ?? []).filter((id) => here.has(id) && id !== other);
    const held = new Set(kept);
    stage.forEach((id, place) => {
      if (held.has(id) || id === other) return;
      const before = place === 0 ? -1 : kept.indexOf(stage[place - 1]!);
      kept.splice(before + 1, 0, id);
      held.add(id);
    });
    return other === undefined ? kept : [...kept, other];
  });
}

/** How much flow crosses how much flow, between nodes in this order. */
export function tangle(model: SankeyModel, order: Order): number {
  const rank = new Map<string, number>();
  for (const stage of order) stage.forEach((id, at) => rank.set(id, at));
  const stageOf = new Map(model.nodes.map(({ id, stage }) => [id, stage]));
  const byGap = new Map<string, { from: number; to: number; value: number }[]>();
  for (const { source, target, value } of model.links) {
    const gap = `${stageOf.get(source)}-${stageOf.get(target)}`;
    const held = byGap.get(gap) ?? [];
    held.push({ from: rank.get(source) ?? 0, to: rank.get(target) ?? 0, value });
    byGap.set(gap, held);
  }
  let sum = 0;
  for (const links of byGap.values()) {
    for (let one = 0; one < links.length; one++) {
      for (let two = one + 1; two < links.length; two++) {
        const a = links[one]!;
        const b = links[two]!;
        if ((a.from - b.from) * (a.to - b.to) < 0) sum += Math.min(a.value, b.value);
      }
    }
  }
  return sum;
}

/** Which labels are shown where room is short: the greater ones first, none over another. */
export function visibleLabels(
  boxes: readonly { readonly id: string; readonly y: number; readonly value: number }[],
  labelHeight: number,
): ReadonlySet<string> {
  const shown: { readonly id: string; readonly y: number }[] = [];
  for (const box of [...boxes].sort((one, two) => two.value - one.value)) {
    if (shown.every(({ y }) => Math.abs(y - box.y) >= labelHeight)) shown.push(box);
  }
  return new Set(shown.map(({ id }) => id));
}
