import type { GrafanaTheme2, LinkModel } from '@grafana/data';
import * as d3 from 'd3';
import type { ClickFilter } from '../filters/click-filter.ts';
import { formatShare } from '../frames/field-reading.ts';
import { CalmColours, hashOf } from '../palette/colour-of-name.ts';
import { LinkMenu } from '../surface/link-menu.ts';
import { prefersStillness } from '../surface/motion.ts';
import type { ThemeColours } from '../surface/theme-colours.ts';
import { coloursOf } from '../surface/theme-colours.ts';
import { Tooltip } from '../surface/tooltip.ts';
import type { ArrangedNode, Places, Point } from './arrangement.ts';
import { Arrangement, leftToRight, ringOf } from './arrangement.ts';
import { glyphOf } from './glyphs.ts';
import type { Lane } from './lanes.ts';
import { distanceTo, laneBetween, liveliness, pointOn, widthOfRate } from './lanes.ts';
import type { TopologyEdge, TopologyModel, TopologyNode } from './model.ts';
import { filtersOfEdge, filtersOfNode } from './model.ts';
import type { TopologyOptions } from './options.ts';

export interface TopologyActions {
  readonly filter: (filters: readonly ClickFilter[]) => void;
  readonly follow: (link: LinkModel, event: Event) => void;
  /** Nodes have come to rest, or the user has moved one. */
  readonly placed: () => void;
}

/** How a node or an edge is drawn now, on its way to how it is to be drawn. */
interface NodeMark {
  node: TopologyNode;
  radius: number;
  alpha: number;
  gone: boolean;
}

interface EdgeMark {
  edge: TopologyEdge;
  /** Width of either lane. */
  there: number;
  back: number;
  alpha: number;
  gone: boolean;
  /** Pixels that the traffic has moved on. */
  thereMoved: number;
  backMoved: number;
}

/** A lane as it is drawn now, on the screen. */
interface DrawnLane {
  readonly mark: EdgeMark;
  readonly lane: Lane;
  readonly width: number;
  readonly colour: string;
  readonly lively: number;
  readonly reverse: boolean;
}

type Lit = { readonly kind: 'node' | 'edge'; readonly id: string } | null;

const MARGIN = 46;
const EASE_MS = 260;
const FADE_MS = 2400;
const SETTLE_MS = 300;
const TICKS_MS = 6;
/** Moving marks on the screen at most: what a frame of 16 ms can draw without haste. */
const MARKS = 3200;

/** Draws a topology on canvases with d3's forces and zoom; knows nothing of React. */
export class TopologyView {
  readonly #host: HTMLElement;
  readonly #theme: GrafanaTheme2;
  readonly #colours: ThemeColours;
  readonly #actions: TopologyActions;
  readonly #places: Places;
  readonly #arrangement: Arrangement;
  readonly #tooltip: Tooltip;
  readonly #menu: LinkMenu;
  /** From back to front: edges, their moving traffic, nodes. */
  readonly #layers: readonly CanvasRenderingContext2D[];
  readonly #zoom: d3.ZoomBehavior<HTMLElement, unknown>;
  readonly #watch: IntersectionObserver;
  readonly #nodes = new Map<string, NodeMark>();
  readonly #edges = new Map<string, EdgeMark>();
  readonly #resolved = new Map<string, string>();
  readonly #groups = new CalmColours();
  #targets: Map<string, Point> | undefined;
  #lanes: DrawnLane[] = [];
  /** Of the targets, from left to right. */
  #extent: readonly [number, number] = [0, 0];
  #hullNames: { text: string; colour: string; x: number; y: number }[] = [];
  #model: TopologyModel | undefined;
  #options: TopologyOptions | undefined;
  #width = 0;
  #height = 0;
  #transform = d3.zoomIdentity;
  #userMoved = false;
  #lit: Lit = null;
  #frame = 0;
  /** While a frame is drawn nobody else may ask for the next: there would be two of them from then on. */
  #drawing = false;
  #before = 0;
  #dirty = true;
  #onScreen = true;
  #clickTimer: ReturnType<typeof setTimeout> | undefined;
  #drag: { id: string; startX: number; startY: number; moved: boolean } | undefined;

  constructor(host: HTMLElement, theme: GrafanaTheme2, places: Places, actions: TopologyActions) {
    this.#host = host;
    this.#theme = theme;
    this.#colours = coloursOf(theme);
    this.#places = places;
    this.#actions = actions;
    this.#arrangement = new Arrangement(places);
    this.#tooltip = new Tooltip(theme);
    this.#menu = new LinkMenu(theme, actions.follow);
    this.#layers = [0, 1, 2].map(() => {
      const canvas = document.createElement('canvas');
      canvas.style.cssText = 'position:absolute;inset:0;pointer-events:none';
      canvas.setAttribute('aria-hidden', 'true');
      host.append(canvas);
      return canvas.getContext('2d')!;
    });
    this.#zoom = d3
      .zoom<HTMLElement, unknown>()
      .scaleExtent([0.08, 6])
      .filter((event: MouseEvent) => {
        // A wheel alone scrolls the dashboard.
        if (event.type === 'wheel') return event.ctrlKey || event.altKey || event.metaKey;
        return event.button === 0 && this.#nodeAt(this.#local(event)) === undefined;
      })
      .on('zoom', (event: d3.D3ZoomEvent<HTMLElement, unknown>) => {
        this.#transform = event.transform;
        if (event.sourceEvent !== null) this.#userMoved = true;
        this.#wake(true);
      });
    d3.select(host).call(this.#zoom).on('dblclick.zoom', null);
    host.addEventListener('pointerdown', this.#down);
    host.addEventListener('pointermove', this.#hover);
    host.addEventListener('pointerup', this.#up);
    host.addEventListener('pointercancel', this.#cancel);
    host.addEventListener('pointerleave', this.#leave);
    host.addEventListener('click', this.#clicked);
    host.addEventListener('dblclick', this.#doubleClicked);
    document.addEventListener('visibilitychange', this.#seen);
    this.#watch = new IntersectionObserver((entries) => {
      this.#onScreen = entries.at(-1)?.isIntersecting ?? true;
      this.#wake(true);
    });
    this.#watch.observe(host);
  }

  update(model: TopologyModel, options: TopologyOptions, width: number, height: number): void {
    const first = this.#model === undefined;
    const former = this.#options;
    this.#model = model;
    this.#options = options;
    if (width !== this.#width || height !== this.#height) this.#resize(width, height);
    // In the order of names, so that they do not hang on who has most traffic today.
    for (const group of [...new Set(model.nodes.map((node) => node.group))].sort()) {
      this.#groups.of(group, this.#theme.isDark);
    }
    this.#reconcile(model);
    this.#place(model, options, former !== undefined && former.layout !== options.layout);
    if (first || former?.layout !== options.layout) {
      if (prefersStillness()) while (this.#arrangement.step());
      else {
        const until = performance.now() + SETTLE_MS;
        while (performance.now() < until && this.#arrangement.step());
      }
      if (first) {
        for (const mark of this.#nodes.values()) mark.radius = this.#radiusOf(mark.node);
        for (const mark of this.#edges.values()) this.#grow(mark, 1);
      }
    }
    if (!this.#userMoved) this.#fit();
    this.#wake(true);
  }

  destroy(): void {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#clickTimer);
    this.#watch.disconnect();
    document.removeEventListener('visibilitychange', this.#seen);
    d3.select(this.#host).interrupt().on('.zoom', null);
    this.#host.removeEventListener('pointerdown', this.#down);
    this.#host.removeEventListener('pointermove', this.#hover);
    this.#host.removeEventListener('pointerup', this.#up);
    this.#host.removeEventListener('pointercancel', this.#cancel);
    this.#host.removeEventListener('pointerleave', this.#leave);
    this.#host.removeEventListener('click', this.#clicked);
    this.#host.removeEventListener('dblclick', this.#doubleClicked);
    for (const { canvas } of this.#layers) canvas.remove();
    this.#tooltip.destroy();
    this.#menu.close();
  }

  zoomBy(factor: number): void {
    this.#userMoved = true;
    this.#gently((selection) => this.#zoom.scaleBy(selection, factor));
  }

  /** Shows all, and follows the picture as it grows from now on. */
  fit(): void {
    this.#userMoved = false;
    this.#fit();
  }

  rearrange(): void {
    this.#arrangement.restart();
    this.#userMoved = false;
    if (this.#model === undefined || this.#options === undefined) return;
    this.#place(this.#model, this.#options, false);
    this.#wake(true);
  }

  /** Lights a node up, and brings it into sight if it is not. */
  choose(id: string | null): void {
    this.#lit = id === null || !this.#nodes.has(id) ? null : { kind: 'node', id };
    const at = id === null ? undefined : this.#placeOf(id);
    if (this.#lit !== null && at !== undefined) {
      const [x, y] = this.#transform.apply([at.x, at.y]);
      if (x < MARGIN || y < MARGIN || x > this.#width - MARGIN || y > this.#height - MARGIN) this.centre(id!);
    }
    this.#wake(true);
  }

  centre(id: string): void {
    const at = this.#placeOf(id);
    if (at === undefined) return;
    this.#userMoved = true;
    this.#lit = { kind: 'node', id };
    const k = Math.max(1, this.#transform.k);
    const to = d3.zoomIdentity.translate(this.#width / 2 - k * at.x, this.#height / 2 - k * at.y).scale(k);
    this.#gently((selection) => this.#zoom.transform(selection, to));
  }

  /** What a click on the node does, for the keyboard. */
  press(id: string, event: KeyboardEvent): void {
    const mark = this.#nodes.get(id);
    const at = this.#placeOf(id);
    if (mark === undefined || at === undefined) return;
    const bounds = this.#host.getBoundingClientRect();
    const [x, y] = this.#transform.apply([at.x, at.y]);
    this.#act(event, mark.node.links(), bounds.left + x, bounds.top + y, (operator) =>
      filtersOfNode(mark.node, operator),
    );
  }

  #gently(
    change: (
      selection:
        | d3.Selection<HTMLElement, unknown, null, undefined>
        | d3.Transition<HTMLElement, unknown, null, undefined>,
    ) => void,
  ): void {
    const selection = d3.select(this.#host);
    if (prefersStillness()) change(selection);
    else change(selection.transition().duration(320));
  }

  #resize(width: number, height: number): void {
    this.#width = width;
    this.#height = height;
    const ratio = window.devicePixelRatio || 1;
    for (const { canvas } of this.#layers) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
  }

  #reconcile(model: TopologyModel): void {
    for (const mark of this.#nodes.values()) mark.gone = true;
    for (const node of model.nodes) {
      const mark = this.#nodes.get(node.id);
      if (mark === undefined) this.#nodes.set(node.id, { node, radius: 0, alpha: 0, gone: false });
      else Object.assign(mark, { node, gone: false });
    }
    for (const mark of this.#edges.values()) mark.gone = true;
    for (const edge of model.edges) {
      const mark = this.#edges.get(edge.id);
      if (mark === undefined) {
        const phase = hashOf(edge.id) % 997;
        this.#edges.set(edge.id, {
          edge,
          there: 0,
          back: 0,
          alpha: 0,
          gone: false,
          thereMoved: phase,
          backMoved: phase * 1.7,
        });
      } else Object.assign(mark, { edge, gone: false });
    }
  }

  #place(model: TopologyModel, options: TopologyOptions, switched: boolean): void {
    const nodes = model.nodes.map((node): ArrangedNode => ({
      id: node.id,
      radius: this.#radiusOf(node),
      group: node.group,
      seed: node.seed,
    }));
    const aspect = this.#width / Math.max(1, this.#height);
    if (options.layout === 'force') {
      this.#targets = undefined;
      if (switched) this.#userMoved = false;
      this.#arrangement.update(nodes, model.edges, aspect, options.showHulls);
      return;
    }
    // Sizes that follow the traffic must not move the places.
    const even = nodes.map((node) => ({ ...node, radius: options.sizeByTotal ? 20 : 12 }));
    this.#targets = options.layout === 'ring' ? ringOf(even, aspect) : leftToRight(even, model.edges, aspect);
    const [least, most] = d3.extent([...this.#targets.values()], ({ x }) => x);
    this.#extent = [least ?? 0, most ?? 0];
    if (switched) this.#userMoved = false;
  }

  readonly #shown = new Map<string, Point>();

  /** In world coordinates. Structured layouts are drawn on the way to their targets. */
  #placeOf(id: string): Point | undefined {
    return this.#targets === undefined ? this.#places.positions.get(id) : this.#shown.get(id);
  }

  #radiusOf(node: TopologyNode): number {
    if (this.#options?.sizeByTotal !== true || this.#model === undefined) return 11;
    let greatest = 0;
    for (const { total } of this.#model.nodes) greatest = Math.max(greatest, total);
    return greatest > 0 ? 8 + 16 * Math.sqrt(node.total / greatest) : 11;
  }

  #fit(): void {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const [id, mark] of this.#nodes) {
      if (mark.gone) continue;
      const at = this.#targets?.get(id) ?? this.#placeOf(id);
      if (at === undefined) continue;
      left = Math.min(left, at.x);
      right = Math.max(right, at.x);
      top = Math.min(top, at.y);
      bottom = Math.max(bottom, at.y);
    }
    if (left > right || this.#width === 0) return;
    const side = Math.min(this.#targets === undefined ? 72 : 190, this.#width * 0.14);
    // Below are the lowest node's name and the legend.
    const below = this.#options?.showLegend === true ? 84 : 60;
    const k = Math.min(
      1.8,
      Math.max(10, this.#width - 2 * side) / Math.max(1, right - left),
      Math.max(10, this.#height - MARGIN - below) / Math.max(1, bottom - top),
    );
    const to = d3.zoomIdentity
      .translate(
        this.#width / 2 - (k * (left + right)) / 2,
        (this.#height + MARGIN - below) / 2 - (k * (top + bottom)) / 2,
      )
      .scale(k);
    d3.select(this.#host).interrupt();
    this.#zoom.transform(d3.select(this.#host), to);
  }

  readonly #seen = (): void => this.#wake(true);

  #wake(dirty: boolean): void {
    this.#dirty ||= dirty;
    if (this.#drawing || this.#frame !== 0 || document.hidden || !this.#onScreen) return;
    this.#before = performance.now();
    this.#frame = requestAnimationFrame(this.#draw);
  }

  readonly #draw = (now: number): void => {
    this.#frame = 0;
    if (this.#model === undefined || this.#options === undefined) return;
    this.#drawing = true;
    const elapsed = Math.min(64, Math.max(0, now - this.#before));
    this.#before = now;
    let moving = false;
    if (this.#targets === undefined && this.#arrangement.warm) {
      // The sooner the picture comes to rest the better: as many ticks as leave time to draw.
      const until = performance.now() + TICKS_MS;
      do moving = this.#arrangement.step();
      while (moving && performance.now() < until);
      if (!moving) this.#actions.placed();
      if (!this.#userMoved) this.#fit();
      moving = true;
    }
    moving = this.#ease(elapsed) || moving;
    if (moving || this.#dirty) {
      this.#dirty = false;
      this.#drawEdges();
      this.#drawNodes();
    }
    const still = prefersStillness() || !this.#options.animate;
    this.#drawTraffic(still ? 0 : elapsed, still);
    this.#drawing = false;
    if ((moving || !still || this.#dirty) && !document.hidden && this.#onScreen) {
      this.#frame = requestAnimationFrame(this.#draw);
    }
  };

  /** Brings what is drawn a step nearer to what is to be drawn; true while there is a way to go. */
  #ease(elapsed: number): boolean {
    const still = prefersStillness();
    const part = still ? 1 : 1 - Math.exp(-elapsed / EASE_MS);
    let moving = false;
    for (const [id, mark] of this.#nodes) {
      if (mark.gone) {
        mark.alpha -= still ? 1 : elapsed / FADE_MS;
        if (mark.alpha <= 0) this.#nodes.delete(id);
        moving = true;
        continue;
      }
      const radius = this.#radiusOf(mark.node);
      if (mark.alpha < 1 || Math.abs(radius - mark.radius) > 0.1) moving = true;
      mark.alpha = Math.min(1, mark.alpha + (still ? 1 : elapsed / 400));
      mark.radius += (radius - mark.radius) * part;
    }
    for (const [id, mark] of this.#edges) {
      if (mark.gone) {
        mark.alpha -= still ? 1 : elapsed / FADE_MS;
        if (mark.alpha <= 0) this.#edges.delete(id);
        moving = true;
        continue;
      }
      if (mark.alpha < 1) moving = true;
      mark.alpha = Math.min(1, mark.alpha + (still ? 1 : elapsed / 400));
      moving = this.#grow(mark, part) || moving;
    }
    if (this.#targets !== undefined) {
      for (const [id, to] of this.#targets) {
        const from = this.#shown.get(id) ?? this.#places.positions.get(id) ?? to;
        const x = from.x + (to.x - from.x) * part;
        const y = from.y + (to.y - from.y) * part;
        const there = Math.abs(to.x - x) + Math.abs(to.y - y) < 0.3;
        moving ||= !there;
        this.#shown.set(id, there ? to : { x, y });
      }
    } else if (this.#shown.size > 0) this.#shown.clear();
    return moving;
  }

  #grow(mark: EdgeMark, part: number): boolean {
    const { scale } = this.#model!;
    const widest = this.#options!.maxEdgeWidth;
    const there = widthOfRate(mark.edge.rate, scale, widest);
    const back = widthOfRate(mark.edge.reverseRate, scale, widest);
    const moving = Math.abs(there - mark.there) + Math.abs(back - mark.back) > 0.05;
    mark.there += (there - mark.there) * part;
    mark.back += (back - mark.back) * part;
    return moving;
  }

  /** Sizes grow slower than distances when zooming in, and shrink slower when zooming out. */
  get #grain(): number {
    return Math.min(1.7, Math.max(0.45, this.#transform.k ** 0.6));
  }

  #clear(layer: CanvasRenderingContext2D): void {
    const ratio = window.devicePixelRatio || 1;
    layer.setTransform(ratio, 0, 0, ratio, 0, 0);
    layer.clearRect(0, 0, this.#width, this.#height);
  }

  #screen(id: string): Point | undefined {
    const at = this.#placeOf(id);
    return at === undefined
      ? undefined
      : { x: this.#transform.applyX(at.x), y: this.#transform.applyY(at.y) };
  }

  #edgeColour(edge: TopologyEdge): string {
    return edge.colour === '' ? (this.#theme.isDark ? '#6E9FFF' : '#3871DC') : this.#resolve(edge.colour);
  }

  #nodeColour(node: TopologyNode): string {
    if (node.colour !== '') return this.#resolve(node.colour);
    if (node.filter === undefined) return this.#theme.isDark ? '#8E949F' : '#7B818C';
    return this.#groups.of(node.group, this.#theme.isDark);
  }

  #resolve(colour: string): string {
    let resolved = this.#resolved.get(colour);
    if (resolved === undefined) {
      resolved = this.#theme.visualization.getColorByName(colour);
      this.#resolved.set(colour, resolved);
    }
    return resolved;
  }

  #isLit(edge: TopologyEdge): boolean {
    if (this.#lit === null) return true;
    return this.#lit.kind === 'edge'
      ? this.#lit.id === edge.id
      : edge.source === this.#lit.id || edge.target === this.#lit.id;
  }

  #drawEdges(): void {
    const layer = this.#layers[0]!;
    this.#clear(layer);
    if (this.#options!.showHulls) this.#drawHulls(layer);
    layer.lineCap = 'round';
    const grain = this.#grain;
    this.#lanes = [];
    for (const mark of this.#edges.values()) {
      const from = this.#screen(mark.edge.source);
      const to = this.#screen(mark.edge.target);
      if (from === undefined || to === undefined || mark.edge.source === mark.edge.target) continue;
      const colour = this.#edgeColour(mark.edge);
      const { scale } = this.#model!;
      const both = mark.back > 0.05;
      const add = (a: Point, b: Point, width: number, rate: number, reverse: boolean): void => {
        const wide = Math.max(0.8, width * grain);
        const lane = laneBetween(a, b, both ? wide / 2 + 1.2 : 0);
        this.#lanes.push({ mark, lane, width: wide, colour, lively: liveliness(rate, scale), reverse });
      };
      add(from, to, mark.there, mark.edge.rate, false);
      if (both) add(to, from, mark.back, mark.edge.reverseRate, true);
    }
    for (const { mark, lane, width, colour } of this.#lanes) {
      const lit = this.#isLit(mark.edge);
      layer.globalAlpha =
        mark.alpha * (lit ? (this.#lit === null ? (this.#theme.isDark ? 0.42 : 0.5) : 0.8) : 0.07);
      layer.strokeStyle = colour;
      layer.lineWidth = width;
      if (mark.gone) layer.setLineDash([4, 6]);
      layer.beginPath();
      layer.moveTo(lane.from.x, lane.from.y);
      layer.quadraticCurveTo(lane.bend.x, lane.bend.y, lane.to.x, lane.to.y);
      layer.stroke();
      if (mark.gone) layer.setLineDash([]);
    }
    layer.globalAlpha = 1;
  }

  #drawHulls(layer: CanvasRenderingContext2D): void {
    const rim = 30 * this.#grain;
    const around = d3
      .range(0, 2 * Math.PI, Math.PI / 8)
      .map((angle) => [Math.cos(angle) * rim, Math.sin(angle) * rim]);
    const groups = new Map<string, [number, number][]>();
    this.#hullNames = [];
    for (const { node, gone } of this.#nodes.values()) {
      const at = this.#screen(node.id);
      if (gone || node.group === '' || at === undefined) continue;
      const held = groups.get(node.group) ?? [];
      for (const [x, y] of around) held.push([at.x + x!, at.y + y!]);
      groups.set(node.group, held);
    }
    for (const [group, points] of groups) {
      const hull = points.length > around.length ? d3.polygonHull(points) : null;
      if (hull === null) continue;
      const colour = this.#groups.of(group, this.#theme.isDark);
      layer.beginPath();
      hull.forEach(([x, y], at) => (at === 0 ? layer.moveTo(x, y) : layer.lineTo(x, y)));
      layer.closePath();
      layer.globalAlpha = this.#theme.isDark ? 0.11 : 0.08;
      layer.fillStyle = colour;
      layer.fill();
      layer.globalAlpha = 0.5;
      layer.strokeStyle = colour;
      layer.lineWidth = 1;
      layer.stroke();
      const [x, y] = hull.reduce((top, point) => (point[1] < top[1] ? point : top));
      this.#hullNames.push({ text: group, colour, x, y: Math.max(14, y - 6) });
    }
    layer.globalAlpha = 1;
  }

  /** Short dashes that run along the lanes: fast and close where there is much traffic. */
  #drawTraffic(elapsed: number, still: boolean): void {
    const layer = this.#layers[1]!;
    this.#clear(layer);
    if (still && this.#options!.animate === false) return;
    let count = 0;
    for (const { lane, lively } of this.#lanes) count += lane.length / spacingOf(lively);
    const thinning = Math.max(1, count / MARKS);
    const strokes = new Map<string, { colour: string; width: number; alpha: number; at: number[] }>();
    for (const { mark, lane, width, colour, lively, reverse } of this.#lanes) {
      if (lively <= 0 || lane.length < 12 || !this.#isLit(mark.edge)) continue;
      const spacing = spacingOf(lively) * thinning;
      const moved = (reverse ? mark.backMoved : mark.thereMoved) + ((16 + 104 * lively) * elapsed) / 1000;
      if (reverse) mark.backMoved = moved;
      else mark.thereMoved = moved;
      const wide = Math.max(1.4, Math.round(width * 0.55 * 2) / 2);
      const alpha = Math.round(mark.alpha * 5) / 5;
      const key = `${colour}|${wide}|${alpha}`;
      let stroke = strokes.get(key);
      if (stroke === undefined) strokes.set(key, (stroke = { colour, width: wide, alpha, at: [] }));
      const long = 4 + 7 * lively;
      for (let at = moved % spacing; at < lane.length; at += spacing) {
        const head = pointOn(lane, at / lane.length);
        const tail = pointOn(lane, Math.max(0, at - long) / lane.length);
        stroke.at.push(tail.x, tail.y, head.x, head.y);
      }
    }
    layer.lineCap = 'round';
    for (const { colour, width, alpha, at } of strokes.values()) {
      layer.globalAlpha = 0.95 * alpha;
      layer.strokeStyle = this.#bright(colour);
      layer.lineWidth = width;
      layer.beginPath();
      for (let n = 0; n < at.length; n += 4) {
        layer.moveTo(at[n]!, at[n + 1]!);
        layer.lineTo(at[n + 2]!, at[n + 3]!);
      }
      layer.stroke();
    }
    layer.globalAlpha = 1;
  }

  readonly #brights = new Map<string, string>();

  /** Towards the light on dark ground, deeper on light ground. */
  #bright(colour: string): string {
    let bright = this.#brights.get(colour);
    if (bright === undefined) {
      bright = this.#theme.isDark
        ? d3.interpolateRgb(colour, '#ffffff')(0.45)
        : d3.interpolateRgb(colour, '#000000')(0.28);
      this.#brights.set(colour, bright);
    }
    return bright;
  }

  #drawNodes(): void {
    const layer = this.#layers[2]!;
    this.#clear(layer);
    const grain = this.#grain;
    const neighbours = this.#neighboursOfLit();
    const marks = [...this.#nodes.values()].sort((one, two) => one.node.total - two.node.total);
    for (const mark of marks) {
      const at = this.#screen(mark.node.id);
      if (at === undefined) continue;
      layer.globalAlpha =
        Math.max(0, mark.alpha) * (neighbours === null || neighbours.has(mark.node.id) ? 1 : 0.22);
      this.#drawNode(layer, mark, at, mark.radius * grain);
    }
    this.#drawLabels(layer, marks.reverse(), neighbours, grain);
    layer.globalAlpha = 1;
    layer.textAlign = 'center';
    layer.textBaseline = 'bottom';
    layer.font = `600 12px ${this.#theme.typography.fontFamily}`;
    for (const { text, colour, x, y } of this.#options!.showHulls ? this.#hullNames : []) {
      layer.strokeText(text, x, y);
      layer.fillStyle = colour;
      layer.fillText(text, x, y);
    }
    layer.globalAlpha = 1;
  }

  #drawNode(layer: CanvasRenderingContext2D, mark: NodeMark, at: Point, radius: number): void {
    const { node } = mark;
    const colour = this.#nodeColour(node);
    const { ground } = this.#colours;
    const circle = (r: number): void => {
      layer.beginPath();
      layer.arc(at.x, at.y, Math.max(0.5, r), 0, 2 * Math.PI);
    };
    layer.fillStyle = ground;
    circle(radius + 2.5);
    layer.fill();
    layer.fillStyle = d3.interpolateRgb(ground, colour)(this.#theme.isDark ? 0.32 : 0.22);
    circle(radius);
    layer.fill();
    const line = Math.max(1.5, radius * 0.15);
    layer.lineWidth = line;
    layer.lineCap = 'butt';
    if (node.arcs.length > 0) {
      let from = -Math.PI / 2;
      for (const arc of node.arcs) {
        layer.strokeStyle = arc.colour === '' ? colour : this.#resolve(arc.colour);
        layer.beginPath();
        layer.arc(at.x, at.y, radius, from, (from += arc.share * 2 * Math.PI));
        layer.stroke();
      }
    } else {
      layer.strokeStyle = colour;
      circle(radius - line / 2);
      layer.stroke();
    }
    if (this.#lit?.kind === 'node' && this.#lit.id === node.id) {
      layer.strokeStyle = this.#colours.text;
      layer.lineWidth = 2;
      circle(radius + 4);
      layer.stroke();
    }
    const glyph = radius >= 7 ? glyphOf(node.icon) : undefined;
    if (glyph !== undefined) {
      const size = (radius * 1.08) / 24;
      layer.save();
      layer.translate(at.x - 12 * size, at.y - 12 * size);
      layer.scale(size, size);
      layer.strokeStyle = this.#theme.isDark ? d3.interpolateRgb(colour, '#fff')(0.55) : colour;
      layer.lineWidth = 2;
      layer.lineCap = 'round';
      layer.lineJoin = 'round';
      layer.stroke(glyph);
      layer.restore();
    }
    if (this.#places.pinned.has(node.id) && this.#targets === undefined) {
      layer.fillStyle = this.#colours.text;
      layer.beginPath();
      layer.arc(at.x + radius * 0.75, at.y - radius * 0.75, 2.5, 0, 2 * Math.PI);
      layer.fill();
    }
  }

  /** The names, of those with most traffic first; none over another. */
  #drawLabels(
    layer: CanvasRenderingContext2D,
    marks: readonly NodeMark[],
    neighbours: ReadonlySet<string> | null,
    grain: number,
  ): void {
    const { labels, showStats } = this.#options!;
    if (labels === 'none' && neighbours === null) return;
    const size = Math.round(Math.min(13, Math.max(10, 11.5 * grain)));
    const font = `${size}px ${this.#theme.typography.fontFamily}`;
    const taken: { left: number; top: number; right: number; bottom: number }[] = [];
    layer.textAlign = 'center';
    layer.textBaseline = 'top';
    layer.lineJoin = 'round';
    // A name over another node would be read as that node's.
    const discs = marks.flatMap(({ node, radius }) => {
      const at = this.#screen(node.id);
      return at === undefined ? [] : [{ id: node.id, x: at.x, y: at.y, r: 0.8 * radius * grain }];
    });
    const order =
      neighbours === null
        ? marks
        : [
            ...marks.filter(({ node }) => neighbours.has(node.id)),
            ...(labels === 'none' ? [] : marks.filter(({ node }) => !neighbours.has(node.id))),
          ];
    for (const mark of order) {
      const at = this.#screen(mark.node.id);
      if (at === undefined) continue;
      if (at.x < -60 || at.y < -30 || at.x > this.#width + 60 || at.y > this.#height + 30) continue;
      const stat = showStats && mark.node.total > 0 ? this.#model!.format(mark.node.total) : '';
      layer.font = font;
      const width = Math.max(layer.measureText(mark.node.title).width, stat === '' ? 0 : 40);
      const side = this.#sideOf(mark.node.id);
      const away = mark.radius * grain + 6;
      const high = size + (stat === '' ? 0 : size + 2);
      const x = at.x + (side === 'left' ? -away : side === 'right' ? away : 0);
      const top =
        side === 'below' ? at.y + away - 1 : side === 'above' ? at.y - away - high : at.y - high / 2;
      layer.textAlign = side === 'left' ? 'right' : side === 'right' ? 'left' : 'center';
      const left = side === 'left' ? x - width : side === 'right' ? x : x - width / 2;
      const box = {
        left: left - 3,
        right: left + width + 3,
        top,
        bottom: top + size + (stat === '' ? 2 : size + 3),
      };
      const covered =
        taken.some(
          (one) =>
            one.left < box.right && one.right > box.left && one.top < box.bottom && one.bottom > box.top,
        ) ||
        discs.some(
          ({ id, x: cx, y: cy, r }) =>
            id !== mark.node.id &&
            cx + r > box.left &&
            cx - r < box.right &&
            cy + r > box.top &&
            cy - r < box.bottom,
        );
      if (covered && labels !== 'all' && !(this.#lit?.kind === 'node' && this.#lit.id === mark.node.id))
        continue;
      taken.push(box);
      layer.globalAlpha =
        Math.max(0, mark.alpha) * (neighbours === null || neighbours.has(mark.node.id) ? 1 : 0.25);
      layer.strokeStyle = this.#colours.ground;
      layer.lineWidth = 3.5;
      layer.strokeText(mark.node.title, x, top);
      layer.fillStyle = this.#colours.text;
      layer.fillText(mark.node.title, x, top);
      if (stat !== '') {
        layer.font = `${size - 1}px ${this.#theme.typography.fontFamily}`;
        layer.strokeText(stat, x, top + size + 2);
        layer.fillStyle = this.#colours.faintText;
        layer.fillText(stat, x, top + size + 2);
      }
    }
  }

  /** Names stand outside of a ring, and beside the outer columns; else below. */
  #sideOf(id: string): 'left' | 'right' | 'above' | 'below' {
    const at = this.#targets?.get(id);
    if (at === undefined) return 'below';
    const [least, most] = this.#extent;
    if (this.#options!.layout === 'left-right') {
      return at.x <= least ? 'left' : at.x >= most ? 'right' : 'below';
    }
    const across = at.x / Math.max(1, most);
    return across < -0.45 ? 'left' : across > 0.45 ? 'right' : at.y < 0 ? 'above' : 'below';
  }

  #neighboursOfLit(): ReadonlySet<string> | null {
    const lit = this.#lit;
    if (lit === null) return null;
    const ids = new Set<string>(lit.kind === 'node' ? [lit.id] : []);
    for (const { edge } of this.#edges.values()) {
      if (!this.#isLit(edge)) continue;
      ids.add(edge.source);
      ids.add(edge.target);
    }
    return ids;
  }

  #local(event: MouseEvent): Point {
    const bounds = this.#host.getBoundingClientRect();
    return { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
  }

  #nodeAt(point: Point): NodeMark | undefined {
    let found: NodeMark | undefined;
    let nearest = Infinity;
    for (const mark of this.#nodes.values()) {
      const at = this.#screen(mark.node.id);
      if (at === undefined || mark.gone) continue;
      const distance = Math.hypot(at.x - point.x, at.y - point.y) - mark.radius * this.#grain;
      if (distance < 5 && distance < nearest) {
        nearest = distance;
        found = mark;
      }
    }
    return found;
  }

  #edgeAt(point: Point): EdgeMark | undefined {
    let found: EdgeMark | undefined;
    let nearest = 5;
    for (const { mark, lane, width } of this.#lanes) {
      if (mark.gone) continue;
      const distance = distanceTo(lane, point) - width / 2;
      if (distance < nearest) {
        nearest = distance;
        found = mark;
      }
    }
    return found;
  }

  readonly #down = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    const mark = this.#nodeAt(this.#local(event));
    if (mark === undefined) return;
    this.#drag = { id: mark.node.id, startX: event.clientX, startY: event.clientY, moved: false };
    this.#host.setPointerCapture(event.pointerId);
  };

  readonly #hover = (event: PointerEvent): void => {
    const drag = this.#drag;
    if (drag !== undefined) {
      drag.moved ||= Math.hypot(event.clientX - drag.startX, event.clientY - drag.startY) > 3;
      if (drag.moved && this.#targets === undefined) {
        const { x, y } = this.#local(event);
        const [wx, wy] = this.#transform.invert([x, y]);
        this.#userMoved = true;
        this.#tooltip.hide();
        this.#arrangement.move(drag.id, { x: wx, y: wy });
        this.#wake(true);
      }
      return;
    }
    if (event.buttons !== 0) return;
    const point = this.#local(event);
    const node = this.#nodeAt(point);
    const edge = node === undefined ? this.#edgeAt(point) : undefined;
    const lit: Lit =
      node !== undefined
        ? { kind: 'node', id: node.node.id }
        : edge !== undefined
          ? { kind: 'edge', id: edge.edge.id }
          : null;
    if (lit?.kind !== this.#lit?.kind || lit?.id !== this.#lit?.id) {
      this.#lit = lit;
      this.#wake(true);
    }
    this.#host.style.cursor = lit === null ? 'grab' : 'pointer';
    if (node !== undefined) this.#nodeCard(node.node, event);
    else if (edge !== undefined) this.#edgeCard(edge.edge, event);
    else this.#tooltip.hide();
  };

  readonly #up = (): void => {
    const drag = this.#drag;
    if (drag?.moved !== true || this.#targets !== undefined) return;
    this.#arrangement.pin(drag.id);
    this.#actions.placed();
    this.#wake(true);
  };

  readonly #cancel = (): void => {
    this.#drag = undefined;
  };

  readonly #leave = (): void => {
    this.#tooltip.hide();
    if (this.#lit === null) return;
    this.#lit = null;
    this.#wake(true);
  };

  readonly #clicked = (event: MouseEvent): void => {
    const moved = this.#drag?.moved === true;
    this.#drag = undefined;
    if (moved) return;
    const point = this.#local(event);
    const node = this.#nodeAt(point)?.node;
    const edge = node === undefined ? this.#edgeAt(point)?.edge : undefined;
    if (node !== undefined) {
      const act = (): void =>
        this.#act(event, node.links(), event.clientX, event.clientY, (operator) =>
          filtersOfNode(node, operator),
        );
      clearTimeout(this.#clickTimer);
      // A pinned node may be about to be clicked a second time, which lets it go.
      if (this.#places.pinned.has(node.id)) {
        if (event.detail < 2) this.#clickTimer = setTimeout(act, 280);
      } else act();
    } else if (edge !== undefined) {
      this.#act(event, edge.links(), event.clientX, event.clientY, (operator) =>
        filtersOfEdge(this.#model!, edge, operator),
      );
    }
  };

  readonly #doubleClicked = (event: MouseEvent): void => {
    const mark = this.#nodeAt(this.#local(event));
    if (mark === undefined || !this.#places.pinned.has(mark.node.id)) return;
    clearTimeout(this.#clickTimer);
    this.#arrangement.unpin(mark.node.id);
    this.#actions.placed();
    this.#wake(true);
  };

  #act(
    event: MouseEvent | KeyboardEvent,
    links: readonly LinkModel[],
    x: number,
    y: number,
    filters: (operator: ClickFilter['operator']) => readonly ClickFilter[],
  ): void {
    if (links.length > 0) {
      this.#tooltip.hide();
      this.#menu.open(links, event, x, y);
      return;
    }
    const asked = filters(event.ctrlKey || event.metaKey ? '!=' : '=');
    if (asked.length > 0) this.#actions.filter(asked);
  }

  #hint(links: readonly LinkModel[], filters: readonly ClickFilter[], more: string): { hint?: string } {
    const parts: string[] = [];
    if (links.length > 0) parts.push(links.length === 1 ? `Click: ${links[0]!.title}` : 'Click for links');
    else if (this.#options!.clickAction === 'adhoc' && filters.length > 0) {
      parts.push('Click to filter, Ctrl+click to exclude');
    } else if (this.#options!.clickAction === 'variable' && filters.length > 0) parts.push('Click to choose');
    if (more !== '') parts.push(more);
    return parts.length === 0 ? {} : { hint: parts.join(' · ') };
  }

  #nodeCard(node: TopologyNode, event: PointerEvent): void {
    const model = this.#model!;
    let [into, outOf, ends] = [0, 0, 0];
    for (const edge of model.edges) {
      if (edge.source !== node.id && edge.target !== node.id) continue;
      ends++;
      into += edge.target === node.id ? edge.rate : edge.reverseRate;
      outOf += edge.source === node.id ? edge.rate : edge.reverseRate;
    }
    const rows: [string, string][] = [
      ['Sends', model.format(outOf)],
      ['Receives', model.format(into)],
      ['Share of all shown', formatShare(into + outOf, model.total)],
      ['Neighbours', String(ends)],
    ];
    const pinned = this.#places.pinned.has(node.id) && this.#targets === undefined;
    this.#tooltip.show(
      {
        colour: this.#nodeColour(node),
        title: node.title,
        subtitle: node.subtitle,
        rows: [
          ...rows,
          ...node.stats.map(([label, text]): [string, string] => [label, text]),
          ...node.arcs.map(({ title, share }): [string, string] => [title, formatShare(share, 1)]),
        ],
        ...this.#hint(node.links(), filtersOfNode(node, '='), pinned ? 'double click to unpin' : ''),
      },
      event.clientX,
      event.clientY,
    );
  }

  #edgeCard(edge: TopologyEdge, event: PointerEvent): void {
    const model = this.#model!;
    const title = (id: string): string => this.#nodes.get(id)?.node.title ?? id;
    const rows: [string, string][] = [[`→ ${title(edge.target)}`, model.format(edge.rate)]];
    if (edge.reverseRate > 0) rows.push([`← ${title(edge.source)}`, model.format(edge.reverseRate)]);
    if (edge.utilization >= 0) rows.push(['Utilisation', `${edge.utilization.toFixed(1)} %`]);
    rows.push(['Share of all shown', formatShare(edge.rate + edge.reverseRate, model.total)]);
    this.#tooltip.show(
      {
        colour: this.#edgeColour(edge),
        title: `${title(edge.source)} – ${title(edge.target)}`,
        rows: [...rows, ...edge.stats],
        ...this.#hint(edge.links(), filtersOfEdge(model, edge, '='), ''),
      },
      event.clientX,
      event.clientY,
    );
  }
}

function spacingOf(lively: number): number {
  return 64 - 36 * lively;
}
