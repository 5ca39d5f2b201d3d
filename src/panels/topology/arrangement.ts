import type { Force, Simulation, SimulationLinkDatum, SimulationNodeDatum } from 'd3';
import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY } from 'd3';
import { hashOf } from '../palette/colour-of-name.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Where nodes are, and which of them the user has put there: what is remembered from update to update. */
export interface Places {
  readonly positions: Map<string, Point>;
  readonly pinned: Set<string>;
}

export interface ArrangedNode {
  readonly id: string;
  readonly radius: number;
  readonly group: string;
  readonly seed: Point | undefined;
}

export interface ArrangedEdge {
  readonly source: string;
  readonly target: string;
}

interface Body extends SimulationNodeDatum {
  readonly id: string;
  readonly radius: number;
  readonly group: string;
  x: number;
  y: number;
}

/** So many places of nodes that are gone are remembered, for their return. */
const REMEMBERED = 5000;
const COOL = 0.004;

/**
 * The force layout. It moves only what is new: nodes that had a place stay in it while new ones find theirs near their neighbours;
 * without anything new nothing moves. What has gone keeps its place for when it comes back.
 */
export class Arrangement {
  readonly #places: Places;
  #bodies: Body[] = [];
  #simulation: Simulation<Body, SimulationLinkDatum<Body>> | undefined;
  #structure = '';

  constructor(places: Places) {
    this.#places = places;
  }

  /** True while nodes are still moving. */
  get warm(): boolean {
    return this.#simulation !== undefined && this.#simulation.alpha() > COOL;
  }

  /**
   * @param aspect width by height of the panel: the picture grows to its shape
   * @param clustered nodes of a group keep together
   */
  update(
    nodes: readonly ArrangedNode[],
    edges: readonly ArrangedEdge[],
    aspect: number,
    clustered: boolean,
  ): void {
    const structure = JSON.stringify([nodes.map(({ id }) => id).sort(), clustered]);
    if (structure === this.#structure) return;
    this.#structure = structure;
    const { positions, pinned } = this.#places;
    this.#keep();
    const fresh = new Set(nodes.filter(({ id }) => !positions.has(id)).map(({ id }) => id));
    // What has not come to rest yet goes on moving.
    const heat = this.warm ? this.#simulation!.alpha() : 0;
    const moving = new Set(
      heat === 0 ? [] : this.#bodies.filter(({ fx }) => typeof fx !== 'number').map(({ id }) => id),
    );
    const neighbours = neighboursOf(edges);
    this.#bodies = nodes.map((node, index) => {
      const at = positions.get(node.id) ?? node.seed ?? this.#near(node.id, index, neighbours.get(node.id));
      positions.set(node.id, at);
      return { id: node.id, radius: node.radius, group: node.group, x: at.x, y: at.y };
    });
    this.#forget(new Set(nodes.map(({ id }) => id)));
    this.#simulation?.stop();
    this.#simulation = undefined;
    if (fresh.size === 0 && heat === 0) return;

    const mostlyNew = fresh.size > nodes.length / 2;
    const seeded = nodes.every((node) => !fresh.has(node.id) || node.seed !== undefined);
    for (const body of this.#bodies) {
      if (pinned.has(body.id) || (!mostlyNew && !fresh.has(body.id) && !moving.has(body.id))) {
        body.fx = body.x;
        body.fy = body.y;
      }
    }
    const present = new Set(nodes.map(({ id }) => id));
    const springs = edges
      .filter(({ source, target }) => source !== target && present.has(source) && present.has(target))
      .map(({ source, target }) => ({ source, target }));
    const flatness = Math.min(3, Math.max(1 / 3, aspect));
    const simulation = forceSimulation<Body>(this.#bodies)
      .stop()
      .randomSource(repeatable())
      .force(
        'link',
        forceLink<Body, SimulationLinkDatum<Body>>(springs)
          .id(({ id }) => id)
          .distance((link) => 76 + (link.source as Body).radius + (link.target as Body).radius),
      )
      .force('charge', forceManyBody<Body>().strength(-420).distanceMax(900))
      .force('x', forceX<Body>(0).strength(0.05))
      .force('y', forceY<Body>(0).strength(0.05 * flatness ** 1.4))
      .force(
        'collide',
        forceCollide<Body>(({ radius }) => radius + 18),
      )
      .alphaMin(COOL)
      .alphaDecay(0.03)
      .alpha(Math.max(heat, fresh.size === 0 ? 0 : mostlyNew ? (seeded ? 0.3 : 1) : 0.5));
    if (clustered) simulation.force('cluster', clustering());
    this.#simulation = simulation;
  }

  /** Moves all by one tick; true if there is more to do. */
  step(): boolean {
    if (!this.warm) return false;
    this.#simulation!.tick();
    for (const { id, x, y } of this.#bodies) this.#places.positions.set(id, { x, y });
    if (!this.warm) this.#release();
    return this.warm;
  }

  /** Forgets all places but the pinned and lays out anew. */
  restart(): void {
    const { positions, pinned } = this.#places;
    this.#bodies = [];
    for (const id of [...positions.keys()]) if (!pinned.has(id)) positions.delete(id);
    this.#structure = '';
  }

  move(id: string, at: Point): void {
    this.#places.positions.set(id, at);
    const body = this.#bodies.find((one) => one.id === id);
    if (body === undefined) return;
    body.x = at.x;
    body.y = at.y;
    if (this.warm) {
      body.fx = at.x;
      body.fy = at.y;
    }
  }

  pin(id: string): void {
    this.#places.pinned.add(id);
  }

  unpin(id: string): void {
    this.#places.pinned.delete(id);
    const body = this.#bodies.find((one) => one.id === id);
    if (body !== undefined) {
      body.fx = null;
      body.fy = null;
    }
  }

  #release(): void {
    for (const body of this.#bodies) {
      body.fx = null;
      body.fy = null;
    }
  }

  #keep(): void {
    for (const { id, x, y } of this.#bodies) this.#places.positions.set(id, { x, y });
  }

  /** In the middle of its placed neighbours, a little aside; else on a spiral around all. */
  #near(id: string, index: number, neighbours: readonly string[] = []): Point {
    const placed = neighbours.flatMap((name) => this.#places.positions.get(name) ?? []);
    const angle = ((hashOf(id) % 3600) / 3600) * 2 * Math.PI;
    if (placed.length > 0) {
      const x = placed.reduce((sum, at) => sum + at.x, 0) / placed.length;
      const y = placed.reduce((sum, at) => sum + at.y, 0) / placed.length;
      return { x: x + 60 * Math.cos(angle), y: y + 60 * Math.sin(angle) };
    }
    const turn = index * Math.PI * (3 - Math.sqrt(5));
    const radius = 24 * Math.sqrt(0.5 + index);
    return { x: radius * Math.cos(turn), y: radius * Math.sin(turn) };
  }

  #forget(present: ReadonlySet<string>): void {
    const { positions, pinned } = this.#places;
    for (const id of positions.keys()) {
      if (positions.size <= REMEMBERED) return;
      if (!present.has(id) && !pinned.has(id)) positions.delete(id);
    }
  }
}

function neighboursOf(edges: readonly ArrangedEdge[]): Map<string, string[]> {
  const neighbours = new Map<string, string[]>();
  const add = (id: string, other: string): void => {
    const held = neighbours.get(id);
    if (held === undefined) neighbours.set(id, [other]);
    else held.push(other);
  };
  for (const { source, target } of edges) {
    add(source, target);
    add(target, source);
  }
  return neighbours;
}

/** The same numbers every time: the same data gives the same picture. */
function repeatable(): () => number {
  let state = 1;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

/** Draws the nodes of a group towards its middle. */
function clustering(): Force<Body, undefined> {
  let bodies: readonly Body[] = [];
  const force = (alpha: number): void => {
    const middles = new Map<string, { x: number; y: number; count: number }>();
    for (const { group, x, y } of bodies) {
      const middle = middles.get(group) ?? { x: 0, y: 0, count: 0 };
      middle.x += x;
      middle.y += y;
      middle.count++;
      middles.set(group, middle);
    }
    for (const body of bodies) {
      const middle = middles.get(body.group)!;
      body.vx = (body.vx ?? 0) + (middle.x / middle.count - body.x) * 0.35 * alpha;
      body.vy = (body.vy ?? 0) + (middle.y / middle.count - body.y) * 0.35 * alpha;
    }
  };
  force.initialize = (all: Body[]): void => {
    bodies = all;
  };
  return force;
}

const byName = (one: string, two: string): number => one.localeCompare(two, 'en', { numeric: true });

/** All on one ring, group beside group, by name within: who joins shifts his neighbours and nobody else's order. */
export function ringOf(nodes: readonly ArrangedNode[], aspect: number): Map<string, Point> {
  const groups = new Map<string, ArrangedNode[]>();
  for (const node of [...nodes].sort((one, two) => byName(one.group, two.group) || byName(one.id, two.id))) {
    const held = groups.get(node.group);
    if (held === undefined) groups.set(node.group, [node]);
    else held.push(node);
  }
  const gap = groups.size > 1 ? 48 : 0;
  const lengthOf = (node: ArrangedNode): number => 2 * node.radius + 18;
  let around = 0;
  for (const members of groups.values())
    around += gap + members.reduce((sum, node) => sum + lengthOf(node), 0);
  const radius = Math.max(160, around / (2 * Math.PI));
  const stretch = Math.sqrt(Math.min(2.4, Math.max(0.6, aspect)));
  const places = new Map<string, Point>();
  let at = 0;
  for (const members of groups.values()) {
    at += gap / 2;
    for (const node of members) {
      places.set(node.id, onEllipse(radius * stretch, radius / stretch, (at + lengthOf(node) / 2) / around));
      at += lengthOf(node);
    }
    at += gap / 2;
  }
  return places;
}

/** The point at this part of an ellipse's circumference, from the top on, clockwise. */
function onEllipse(a: number, b: number, part: number): Point {
  const steps = 360;
  const at = (step: number): Point => {
    const angle = (step / steps) * 2 * Math.PI - Math.PI / 2;
    return { x: a * Math.cos(angle), y: b * Math.sin(angle) };
  };
  const lengths = [0];
  for (let step = 1; step <= steps; step++) {
    const [one, two] = [at(step - 1), at(step)];
    lengths.push(lengths[step - 1]! + Math.hypot(two.x - one.x, two.y - one.y));
  }
  const wanted = part * lengths[steps]!;
  const after = Math.max(
    1,
    lengths.findIndex((length) => length >= wanted),
  );
  const before = lengths[after - 1]!;
  return at(after - 1 + (wanted - before) / (lengths[after]! - before));
}

/** In columns along the direction of the edges, what only sends at the left; edges against it are left out of account. */
export function leftToRight(
  nodes: readonly ArrangedNode[],
  edges: readonly ArrangedEdge[],
  aspect: number,
): Map<string, Point> {
  const ids = nodes.map(({ id }) => id).sort(byName);
  const next = new Map<string, string[]>(ids.map((id) => [id, []]));
  const incoming = new Map<string, number>(ids.map((id) => [id, 0]));
  for (const { source, target } of edges) {
    if (source === target || !next.has(source) || !next.has(target)) continue;
    next.get(source)!.push(target);
    incoming.set(target, incoming.get(target)! + 1);
  }
  for (const targets of next.values()) targets.sort(byName);

  // Depth first from what nobody sends to: an edge to a node that is still open closes a circle.
  const state = new Map<string, 'open' | 'done'>();
  const finished: string[] = [];
  const forward = new Map<string, string[]>(ids.map((id) => [id, []]));
  const visit = (root: string): void => {
    const stack: { id: string; at: number }[] = [{ id: root, at: 0 }];
    state.set(root, 'open');
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const target = next.get(top.id)![top.at++];
      if (target === undefined) {
        state.set(top.id, 'done');
        finished.push(top.id);
        stack.pop();
      } else if (state.get(target) !== 'open') {
        forward.get(top.id)!.push(target);
        if (!state.has(target)) {
          state.set(target, 'open');
          stack.push({ id: target, at: 0 });
        }
      }
    }
  };
  const roots = [...ids].sort((one, two) => incoming.get(one)! - incoming.get(two)! || byName(one, two));
  for (const id of roots) if (!state.has(id)) visit(id);
  const column = new Map<string, number>(ids.map((id) => [id, 0]));
  for (const id of finished.reverse()) {
    for (const target of forward.get(id)!) {
      column.set(target, Math.min(7, Math.max(column.get(target)!, column.get(id)! + 1)));
    }
  }

  const columns: string[][] = [];
  for (const id of ids) (columns[column.get(id)!] ??= []).push(id);
  const radii = new Map(nodes.map(({ id, radius }) => [id, radius]));
  const heightOf = (id: string): number => 2 * radii.get(id)! + 24;
  const neighbours = neighboursOf(edges);
  const filled = columns.filter((members) => members !== undefined);
  const tallest = Math.max(1, ...filled.map((members) => members.reduce((sum, id) => sum + heightOf(id), 0)));
  const apart = Math.max(180, (tallest * Math.min(3, aspect)) / Math.max(1, filled.length - 1));
  const places = new Map<string, Point>();
  filled.forEach((members, at) => {
    const middle = (id: string): number => {
      const ys = (neighbours.get(id) ?? []).flatMap((name) => places.get(name)?.y ?? []);
      return ys.length === 0 ? 0 : ys.reduce((sum, y) => sum + y, 0) / ys.length;
    };
    const sorted = [...members].sort((one, two) => middle(one) - middle(two) || byName(one, two));
    const spread = tallest / sorted.reduce((sum, id) => sum + heightOf(id), 0);
    const loosened = Math.min(spread, 2.5);
    let y = (-tallest * (loosened / spread)) / 2;
    for (const id of sorted) {
      const height = heightOf(id) * loosened;
      places.set(id, { x: at * apart, y: y + height / 2 });
      y += height;
    }
  });
  return places;
}
