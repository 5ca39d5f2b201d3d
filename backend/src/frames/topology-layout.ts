import {
  forceCenter,
  forceCollide,
  forceLink,
  forceManyBody,
  forceSimulation,
  forceX,
  forceY,
} from 'd3-force';
import type { SimulationLinkDatum, SimulationNodeDatum } from 'd3-force';

export interface Position {
  readonly x: number;
  readonly y: number;
}

export interface LayoutEdge {
  readonly source: string;
  readonly target: string;
  readonly value: number;
}

interface Node extends SimulationNodeDatum {
  readonly id: string;
}

const SETTLING_TICKS = 200;
/** A known picture that a few nodes have joined needs less. */
const WARM_TICKS = 30;
const DISTANCE = 160;

/**
 * Places nodes so that those with traffic between them stand together. Nodes that have been placed before stay exactly where they
 * are; new ones find a place among them. The same nodes and edges give the same picture on every machine: a node begins
 * where its name says, and no chance takes part.
 */
export function layOut(
  ids: readonly string[],
  edges: readonly LayoutEdge[],
  known: ReadonlyMap<string, Position>,
): Map<string, Position> {
  const sorted = [...ids].sort();
  const fresh = sorted.filter((id) => !known.has(id));
  const positions = new Map<string, Position>();
  if (fresh.length === 0) {
    for (const id of sorted) positions.set(id, known.get(id)!);
    return positions;
  }
  const neighbours = neighboursOf(edges);
  const nodes: Node[] = sorted.map((id) => {
    const held = known.get(id);
    if (held !== undefined) return { id, x: held.x, y: held.y, fx: held.x, fy: held.y };
    const start = startOf(id, sorted.length, neighbours.get(id) ?? [], known);
    return { id, x: start.x, y: start.y };
  });
  const names = new Set(sorted);
  const most = Math.max(1, ...edges.map((edge) => edge.value));
  const links: (SimulationLinkDatum<Node> & { strength: number })[] = [...edges]
    .filter((edge) => edge.source !== edge.target && names.has(edge.source) && names.has(edge.target))
    .sort((a, b) => (a.source + '\0' + a.target < b.source + '\0' + b.target ? -1 : 1))
    .map((edge) => ({
      source: edge.source,
      target: edge.target,
      strength: 0.1 + 0.4 * Math.sqrt(edge.value / most),
    }));
  const warm = fresh.length < sorted.length;
  const simulation = forceSimulation(nodes)
    .randomSource(lehmer(fresh.length))
    .force('charge', forceManyBody().strength(-400))
    .force(
      'link',
      forceLink<Node, (typeof links)[number]>(links)
        .id((node) => node.id)
        .distance(DISTANCE)
        .strength((link) => link.strength),
    )
    .force('collide', forceCollide(40))
    .force('x', forceX(0).strength(0.03))
    .force('y', forceY(0).strength(0.05))
    .stop();
  if (!warm) simulation.force('center', forceCenter(0, 0));
  const ticks = sorted.length > 300 ? SETTLING_TICKS / 4 : SETTLING_TICKS;
  simulation.tick(warm ? Math.min(ticks, WARM_TICKS + fresh.length) : ticks);
  for (const node of nodes) positions.set(node.id, { x: round(node.x), y: round(node.y) });
  return positions;
}

function round(value: number | undefined): number {
  const rounded = Math.round((value ?? 0) * 10) / 10;
  return Number.isFinite(rounded) ? rounded + 0 : 0;
}

function neighboursOf(edges: readonly LayoutEdge[]): Map<string, string[]> {
  const neighbours = new Map<string, string[]>();
  const add = (from: string, to: string): void => {
    const list = neighbours.get(from);
    if (list === undefined) neighbours.set(from, [to]);
    else list.push(to);
  };
  for (const { source, target } of edges) {
    add(source, target);
    add(target, source);
  }
  return neighbours;
}

/** Beside a neighbour that has its place, else on a circle, at the angle and distance that the name says. */
function startOf(
  id: string,
  count: number,
  neighbours: readonly string[],
  known: ReadonlyMap<string, Position>,
): Position {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193) >>> 0;
  const angle = ((hash & 0xffff) / 0x10000) * 2 * Math.PI;
  const distance = 0.3 + ((hash >>> 16) / 0x10000) * 0.7;
  const beside = neighbours
    .map((neighbour) => known.get(neighbour))
    .find((position) => position !== undefined);
  const radius = beside === undefined ? 60 * Math.sqrt(count) : DISTANCE;
  return {
    x: (beside?.x ?? 0) + Math.cos(angle) * distance * radius,
    y: (beside?.y ?? 0) + Math.sin(angle) * distance * radius,
  };
}

/** Numbers that look like chance and are the same each time. */
function lehmer(seed: number): () => number {
  let state = (seed % 2147483646) + 1;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}
