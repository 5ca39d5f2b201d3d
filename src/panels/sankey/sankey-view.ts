import { css } from '@emotion/css';
import type { GrafanaTheme2, LinkModel } from '@grafana/data';
import * as d3 from 'd3';
import { formatShare } from '../frames/field-reading.ts';
import type { ClickFilter } from '../filters/click-filter.ts';
import { colourOfName, colourOfPlace } from '../palette/colour-of-name.ts';
import { LinkMenu } from '../surface/link-menu.ts';
import { prefersStillness } from '../surface/motion.ts';
import { coloursOf } from '../surface/theme-colours.ts';
import type { TooltipContent } from '../surface/tooltip.ts';
import { Tooltip } from '../surface/tooltip.ts';
import { fitText } from '../text/ellipsis.ts';
import { filtersOfLink, filtersOfNode } from './clicks.ts';
import { highlightOf } from './highlight.ts';
import type { LinkBand, NodeBox, Order } from './layout.ts';
import { layoutSankey, visibleLabels } from './layout.ts';
import type { SankeyLink, SankeyModel, SankeyNode } from './model.ts';
import type { SankeyOptions } from './options.ts';

export interface SankeyActions {
  readonly filter: (filters: readonly ClickFilter[]) => void;
  readonly follow: (link: LinkModel, event: Event) => void;
}

interface NodeMark {
  readonly node: SankeyNode;
  readonly box: NodeBox;
  readonly colour: string;
  readonly name: string;
  readonly amount: string;
  /** Where the label stands, relative to the node's top left. */
  readonly labelX: number;
  readonly anchor: 'start' | 'end';
}

interface LinkMark {
  readonly link: SankeyLink;
  readonly band: LinkBand;
  readonly paint: string;
}

const FONT_SIZE = 12;
const LABEL_HEIGHT = 17;
const TITLE_HEIGHT = 28;
const LABEL_GAP = 8;
const MOVE_MS = 650;

let pictures = 0;

/** Draws a sankey into an element with d3; knows nothing of React. */
export class SankeyView {
  readonly #theme: GrafanaTheme2;
  readonly #actions: SankeyActions;
  readonly #svg: d3.Selection<SVGSVGElement, unknown, null, undefined>;
  readonly #tooltip: Tooltip;
  readonly #menu: LinkMenu;
  readonly #picture = `weir-sankey-${++pictures}`;
  readonly #measure: (text: string) => number;
  #model: SankeyModel | undefined;
  #options: SankeyOptions | undefined;
  #order: Order | undefined;
  #stageKeys = '';
  #size = '';
  #lit: string | null = null;

  constructor(host: HTMLElement, theme: GrafanaTheme2, actions: SankeyActions) {
    this.#theme = theme;
    this.#actions = actions;
    this.#tooltip = new Tooltip(theme);
    this.#menu = new LinkMenu(theme, actions.follow);
    const context = document.createElement('canvas').getContext('2d')!;
    context.font = `${FONT_SIZE}px ${theme.typography.fontFamily}`;
    this.#measure = (text) => context.measureText(text).width;
    this.#svg = d3
      .select(host)
      .append('svg')
      .attr('class', pictureStyle(theme))
      .attr('role', 'group')
      .on('keydown', (event: KeyboardEvent) => {
        if (event.key === 'Escape') this.#clear();
      });
    this.#svg.append('defs');
    this.#svg.append('g').attr('class', 'titles');
    this.#svg.append('g').attr('class', 'links');
    this.#svg.append('g').attr('class', 'nodes');
  }

  update(model: SankeyModel, options: SankeyOptions, width: number, height: number): void {
    const size = `${width}x${height}`;
    const moves = this.#model !== undefined && this.#size === size && !prefersStillness();
    const keys = model.stages.map(({ key, title }) => `${key}/${title}`).join('|');
    if (keys !== this.#stageKeys) this.#order = undefined;
    this.#stageKeys = keys;
    this.#size = size;
    this.#model = model;
    this.#options = options;

    const margin = this.#margins(model, options, width);
    const layout = layoutSankey(
      model,
      {
        width,
        height,
        margin,
        nodeWidth: options.nodeWidth,
        nodePadding: options.nodePadding,
        labelHeight: LABEL_HEIGHT,
      },
      this.#order,
    );
    this.#order = layout.order;

    this.#svg
      .attr('width', width)
      .attr('height', height)
      .attr('viewBox', `0 0 ${width} ${height}`)
      .attr(
        'aria-label',
        `Sankey diagram: ${model.valueTitle} from ${model.stages.map(({ title }) => title).join(' through ')}`,
      );
    this.#drawTitles(model, options, layout.nodes, width);
    this.#drawLinks(model, options, layout.links, moves);
    this.#drawNodes(model, options, layout.nodes, width, moves);
    if (this.#lit !== null && highlightOf(model, this.#lit) === null) this.#clear();
    else this.#light(this.#lit);
  }

  destroy(): void {
    this.#svg.selectAll('*').interrupt();
    this.#svg.remove();
    this.#tooltip.destroy();
    this.#menu.close();
  }

  /** The first and the last stage have their labels outside, as wide as these need within what the panel can spare. */
  #margins(
    model: SankeyModel,
    options: SankeyOptions,
    width: number,
  ): { left: number; right: number; top: number; bottom: number } {
    const most = Math.min(options.maxLabelWidth, width * 0.24);
    const widest = (stage: number): number => {
      let wide = 0;
      for (const node of model.nodes) {
        if (node.stage !== stage) continue;
        wide = Math.max(wide, this.#measure(`${node.name}  ${this.#amount(node, options)}`));
      }
      return most < 40 ? 4 : Math.ceil(Math.min(wide, most)) + LABEL_GAP + 4;
    };
    return {
      left: widest(0),
      right: widest(model.stages.length - 1),
      top: options.showTitles ? TITLE_HEIGHT : 6,
      bottom: 6,
    };
  }

  #amount(node: SankeyNode, options: SankeyOptions): string {
    const model = this.#model!;
    const value = model.format(node.value);
    const share = formatShare(node.value, model.total);
    switch (options.labelValues) {
      case 'none':
        return '';
      case 'value':
        return value;
      case 'share':
        return share;
      case 'both':
        return `${value} · ${share}`;
    }
  }

  #drawTitles(
    model: SankeyModel,
    options: SankeyOptions,
    boxes: ReadonlyMap<string, NodeBox>,
    width: number,
  ): void {
    const last = model.stages.length - 1;
    const places = model.stages.map((_, stage) => {
      const box = [...boxes.values()].find((one) => one.stage === stage);
      return stage === 0
        ? (box?.x1 ?? 0)
        : stage === last
          ? (box?.x0 ?? width)
          : ((box?.x0 ?? 0) + (box?.x1 ?? 0)) / 2;
    });
    const room = width / model.stages.length - 12;
    this.#svg
      .select<SVGGElement>('g.titles')
      .selectAll<SVGTextElement, (typeof model.stages)[number]>('text')
      .data(options.showTitles ? model.stages : [])
      .join('text')
      .attr('x', (_, stage) => places[stage]!)
      .attr('y', 15)
      .attr('text-anchor', (_, stage) => (stage === 0 ? 'end' : stage === last ? 'start' : 'middle'))
      .text(({ title }) => fitText(title, room, (text) => this.#measure(text) * 1.05));
  }

  #colourOf(node: SankeyNode, options: SankeyOptions): string {
    const dark = this.#theme.isDark;
    if (node.other) return dark ? '#6E7480' : '#9AA0AB';
    if (options.colourBy === 'stage') return colourOfPlace(node.stage, dark);
    if (options.colourBy === 'source' && node.stage > 0 && this.#model!.paths.length > 0) {
      return dark ? '#B9BEC9' : '#5C6370';
    }
    return colourOfName(node.name, dark);
  }

  #drawLinks(
    model: SankeyModel,
    options: SankeyOptions,
    bands: ReadonlyMap<string, LinkBand>,
    moves: boolean,
  ): void {
    const nodes = new Map(model.nodes.map((node) => [node.id, node]));
    const origins = new Map(model.nodes.filter(({ stage }) => stage === 0).map((node) => [node.name, node]));
    const gradients: { id: string; band: LinkBand; from: string; to: string }[] = [];
    const marks = model.links.map((link): LinkMark => {
      const band = bands.get(link.id)!;
      const origin = origins.get(link.origin);
      const from = this.#colourOf(origin ?? nodes.get(link.source)!, options);
      const to = origin === undefined ? this.#colourOf(nodes.get(link.target)!, options) : from;
      if (from === to) return { link, band, paint: from };
      const id = `${this.#picture}-${gradients.length}`;
      gradients.push({ id, band, from, to });
      return { link, band, paint: `url(#${id})` };
    });
    this.#svg
      .select('defs')
      .selectAll<SVGLinearGradientElement, (typeof gradients)[number]>('linearGradient')
      .data(gradients)
      .join((enter) => {
        const made = enter.append('linearGradient').attr('gradientUnits', 'userSpaceOnUse');
        made.append('stop').attr('offset', '10%');
        made.append('stop').attr('offset', '90%');
        return made;
      })
      .attr('id', ({ id }) => id)
      .attr('x1', ({ band }) => band.x0)
      .attr('x2', ({ band }) => band.x1)
      .each(function ({ from, to }) {
        d3.select(this)
          .selectAll('stop')
          .data([from, to])
          .attr('stop-color', (colour) => colour);
      });

    const all = this.#svg
      .select<SVGGElement>('g.links')
      .selectAll<SVGPathElement, LinkMark>('path')
      .data(marks, ({ link }) => link.id);
    leave(all.exit<LinkMark>(), moves);
    const entered = all
      .enter()
      .append('path')
      .attr('d', ({ band }) => pathOf(band))
      .attr('stroke-width', ({ band }) => band.width);
    appear(entered, moves);
    const merged = entered
      .merge(all)
      .attr('stroke', ({ paint }) => paint)
      .on('pointermove', (event: PointerEvent, mark) => {
        this.#light(mark.link.id);
        this.#tooltip.show(this.#linkCard(mark), event.clientX, event.clientY);
      })
      .on('pointerleave', () => this.#clear())
      .on('click', (event: MouseEvent, { link }) =>
        this.#click(event, link.links(), (operator) => filtersOfLink(model, link.id, operator)),
      );
    merged.classed('clickable', ({ link }) =>
      this.#clickable(link.links(), filtersOfLink(model, link.id, '=')),
    );
    if (moves) {
      all
        .transition('move')
        .duration(MOVE_MS)
        .attr('d', ({ band }) => pathOf(band))
        .attr('stroke-width', ({ band }) => band.width);
    } else {
      all
        .interrupt('move')
        .attr('d', ({ band }) => pathOf(band))
        .attr('stroke-width', ({ band }) => band.width);
    }
    // Thin bands over broad ones, so that all can be pointed at.
    merged.sort((one, two) => two.band.width - one.band.width);
  }

  #drawNodes(
    model: SankeyModel,
    options: SankeyOptions,
    boxes: ReadonlyMap<string, NodeBox>,
    width: number,
    moves: boolean,
  ): void {
    const marks = this.#nodeMarks(model, options, boxes, width);
    const all = this.#svg
      .select<SVGGElement>('g.nodes')
      .selectAll<SVGGElement, NodeMark>('g.node')
      .data(marks, ({ node }) => node.id);
    leave(all.exit<NodeMark>(), moves);
    const entered = all.enter().append('g').attr('class', 'node').attr('transform', placeOf);
    entered.append('rect').attr('class', 'bar').attr('rx', 2).attr('height', heightOf);
    entered.append('rect').attr('class', 'hold');
    const text = entered.append('text').attr('dy', '0.35em').attr('y', middleOf);
    text.append('tspan').attr('class', 'name');
    text.append('tspan').attr('class', 'amount');
    appear(entered, moves);

    const merged = entered
      .merge(all)
      .order()
      .attr('tabindex', 0)
      .attr('role', 'button')
      .attr('aria-label', ({ node }) => this.#nodeLabel(node))
      .classed('other', ({ node }) => node.other)
      .classed('clickable', ({ node }) => this.#clickable(node.links(), filtersOfNode(model, node.id, '=')))
      .on('pointermove', (event: PointerEvent, mark) => {
        this.#light(mark.node.id);
        this.#tooltip.show(this.#nodeCard(mark), event.clientX, event.clientY);
      })
      .on('pointerleave', () => this.#clear())
      .on('focus', (event: FocusEvent, mark) => {
        const shape = event.currentTarget as SVGGElement;
        if (!shape.matches(':focus-visible')) return;
        const { right, top } = shape.querySelector('rect')!.getBoundingClientRect();
        this.#light(mark.node.id);
        this.#tooltip.show(this.#nodeCard(mark), right, top);
      })
      .on('blur', () => this.#clear())
      .on('keydown', (event: KeyboardEvent, { node }) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        this.#click(event, node.links(), (operator) => filtersOfNode(model, node.id, operator));
      })
      .on('click', (event: MouseEvent, { node }) =>
        this.#click(event, node.links(), (operator) => filtersOfNode(model, node.id, operator)),
      );
    merged
      .select<SVGRectElement>('rect.bar')
      .attr('width', options.nodeWidth)
      .attr('fill', ({ colour }) => colour);
    // Thin nodes are hard to hit: what takes the pointer is as high as a label and covers it.
    merged
      .select<SVGRectElement>('rect.hold')
      .attr('x', (mark) => (mark.anchor === 'end' ? -LABEL_GAP - this.#labelWidth(mark) : -4))
      .attr('width', (mark) => options.nodeWidth + 4 + LABEL_GAP + this.#labelWidth(mark))
      .attr('y', (mark) => Math.min(0, (heightOf(mark) - LABEL_HEIGHT) / 2))
      .attr('height', (mark) => Math.max(heightOf(mark), LABEL_HEIGHT));
    const labels = merged
      .select<SVGTextElement>('text')
      .attr('x', ({ labelX }) => labelX)
      .attr('text-anchor', ({ anchor }) => anchor);
    labels.select('tspan.name').text(({ name }) => name);
    labels.select('tspan.amount').text(({ amount }) => amount);

    if (moves) {
      const move = d3.transition('move').duration(MOVE_MS) as unknown as d3.Transition<
        d3.BaseType,
        unknown,
        null,
        undefined
      >;
      all.transition(move).attr('transform', placeOf);
      all.select<SVGRectElement>('rect.bar').transition(move).attr('height', heightOf);
      all.select<SVGTextElement>('text').transition(move).attr('y', middleOf);
    } else {
      all.interrupt('move').attr('transform', placeOf);
      all.select<SVGRectElement>('rect.bar').interrupt('move').attr('height', heightOf);
      all.select<SVGTextElement>('text').interrupt('move').attr('y', middleOf);
    }
  }

  #labelWidth({ name, amount }: NodeMark): number {
    return this.#measure(name + amount);
  }

  #nodeMarks(
    model: SankeyModel,
    options: SankeyOptions,
    boxes: ReadonlyMap<string, NodeBox>,
    width: number,
  ): readonly NodeMark[] {
    const last = model.stages.length - 1;
    const shown = new Set<string>();
    for (let stage = 0; stage <= last; stage++) {
      const labels = model.nodes
        .filter((node) => node.stage === stage)
        .map(({ id, value }) => ({ id, value, y: (boxes.get(id)!.y0 + boxes.get(id)!.y1) / 2 }));
      for (const id of visibleLabels(labels, LABEL_HEIGHT - 3)) shown.add(id);
    }
    return model.nodes.map((node): NodeMark => {
      const box = boxes.get(node.id)!;
      const first = node.stage === 0;
      const outside = first
        ? box.x0 - LABEL_GAP - 2
        : node.stage === last
          ? width - box.x1 - LABEL_GAP - 2
          : (width / Math.max(1, last)) * 0.55;
      const room = Math.min(options.maxLabelWidth, outside);
      const amount = shown.has(node.id) ? this.#amount(node, options) : '';
      const amountWidth = amount === '' ? 0 : this.#measure(amount) + 8;
      let name = shown.has(node.id) ? fitText(node.name, room - amountWidth, this.#measure) : '';
      let said = amount;
      if (name === '' && shown.has(node.id)) {
        // Too little room for both: the name is what people look for.
        name = fitText(node.name, room, this.#measure);
        said = '';
      }
      return {
        node,
        box,
        colour: this.#colourOf(node, options),
        name,
        amount: name === '' || said === '' ? '' : `\u2002${said}`,
        labelX: first ? -LABEL_GAP : options.nodeWidth + LABEL_GAP,
        anchor: first ? 'end' : 'start',
      };
    });
  }

  #nodeLabel(node: SankeyNode): string {
    const model = this.#model!;
    const stage = model.stages[node.stage]?.title ?? '';
    return `${stage} ${node.name}: ${model.format(node.value)}, ${formatShare(node.value, model.total)}`;
  }

  #nodeCard({ node, colour }: NodeMark): TooltipContent {
    const model = this.#model!;
    const into = model.links.filter(({ target }) => target === node.id);
    const outOf = model.links.filter(({ source }) => source === node.id);
    const ends = (links: readonly SankeyLink[], end: 'source' | 'target'): string =>
      String(new Set(links.map((link) => link[end])).size);
    const rows: [string, string][] = [
      [model.valueTitle, model.format(node.value)],
      ['Share of all shown', formatShare(node.value, model.total)],
    ];
    const stages = model.stages.map(({ title }) => title);
    if (into.length > 0) rows.push([`From (${stages[node.stage - 1] ?? 'before'})`, ends(into, 'source')]);
    if (outOf.length > 0) rows.push([`To (${stages[node.stage + 1] ?? 'after'})`, ends(outOf, 'target')]);
    return {
      colour,
      title: node.name,
      subtitle: stages[node.stage] ?? '',
      rows,
      ...this.#hint(node.links(), filtersOfNode(model, node.id, '=')),
    };
  }

  #linkCard({ link }: LinkMark): TooltipContent {
    const model = this.#model!;
    const node = (id: string): SankeyNode => model.nodes.find((one) => one.id === id)!;
    const source = node(link.source);
    const target = node(link.target);
    const rows: [string, string][] = [
      [model.valueTitle, model.format(link.value)],
      ['Share of all shown', formatShare(link.value, model.total)],
      [`Share of ${source.name}`, formatShare(link.value, source.value)],
      [`Share of ${target.name}`, formatShare(link.value, target.value)],
    ];
    if (link.origin !== '' && source.stage > 0) {
      rows.unshift([model.stages[0]?.title ?? 'Source', link.origin]);
    }
    return {
      colour: this.#colourOf(link.origin === '' ? source : node(`0:${link.origin}`), this.#options!),
      title: `${source.name} → ${target.name}`,
      rows,
      ...this.#hint(link.links(), filtersOfLink(model, link.id, '=')),
    };
  }

  #clickable(links: readonly LinkModel[], filters: readonly ClickFilter[]): boolean {
    return links.length > 0 || (this.#options!.clickAction !== 'none' && filters.length > 0);
  }

  #hint(links: readonly LinkModel[], filters: readonly ClickFilter[]): { hint?: string } {
    if (links.length > 0)
      return { hint: links.length === 1 ? `Click: ${links[0]!.title}` : 'Click for links' };
    if (!this.#clickable(links, filters)) return {};
    return {
      hint:
        this.#options!.clickAction === 'adhoc' ? 'Click to filter, Ctrl+click to exclude' : 'Click to choose',
    };
  }

  #click(
    event: MouseEvent | KeyboardEvent,
    links: readonly LinkModel[],
    filters: (operator: ClickFilter['operator']) => readonly ClickFilter[],
  ): void {
    if (links.length > 0) {
      const at =
        event instanceof MouseEvent
          ? { x: event.clientX, y: event.clientY }
          : (event.currentTarget as Element).getBoundingClientRect();
      this.#tooltip.hide();
      this.#menu.open(links, event, at.x, at.y);
      return;
    }
    const asked = filters(event.ctrlKey || event.metaKey ? '!=' : '=');
    if (asked.length > 0) this.#actions.filter(asked);
  }

  #light(id: string | null): void {
    this.#lit = id;
    const lit = id === null ? null : highlightOf(this.#model!, id);
    this.#svg.classed('dimmed', lit !== null);
    this.#svg
      .selectAll<SVGPathElement, LinkMark>('g.links path')
      .classed('lit', ({ link }) => lit?.links.has(link.id) === true);
    this.#svg
      .selectAll<SVGGElement, NodeMark>('g.node')
      .classed('lit', ({ node }) => lit?.nodes.has(node.id) === true);
  }

  #clear(): void {
    this.#tooltip.hide();
    if (this.#model !== undefined) this.#light(null);
  }
}

function pathOf({ x0, x1, y0, y1 }: LinkBand): string {
  const middle = (x0 + x1) / 2;
  return `M${x0},${y0}C${middle},${y0} ${middle},${y1} ${x1},${y1}`;
}
const placeOf = ({ box }: NodeMark): string => `translate(${box.x0},${box.y0})`;
const heightOf = ({ box }: NodeMark): number => Math.max(1.5, box.y1 - box.y0);
const middleOf = (mark: NodeMark): number => heightOf(mark) / 2;

function appear<E extends SVGElement, D>(
  selection: d3.Selection<E, D, SVGGElement, unknown>,
  moves: boolean,
): void {
  if (!moves) return;
  selection
    .style('opacity', 0)
    .transition('appear')
    .duration(MOVE_MS)
    .style('opacity', 1)
    .on('end interrupt', function () {
      d3.select(this).style('opacity', null);
    });
}

function leave<E extends SVGElement, D>(
  selection: d3.Selection<E, D, SVGGElement, unknown>,
  moves: boolean,
): void {
  if (moves) {
    selection.style('pointer-events', 'none').transition('leave').duration(300).style('opacity', 0).remove();
  } else {
    selection.remove();
  }
}

const pictureStyle = (theme: GrafanaTheme2): string => {
  const ground = coloursOf(theme).ground;
  return css({
    display: 'block',
    overflow: 'visible',
    fontFamily: theme.typography.fontFamily,
    fontSize: FONT_SIZE,
    '.titles text': {
      fill: coloursOf(theme).faintText,
      fontWeight: theme.typography.fontWeightMedium,
      letterSpacing: '0.01em',
    },
    '.links path': {
      fill: 'none',
      strokeOpacity: theme.isDark ? 0.46 : 0.36,
      transition: 'stroke-opacity 140ms',
    },
    '&.dimmed .links path': { strokeOpacity: 0.07 },
    '&.dimmed .links path.lit': { strokeOpacity: theme.isDark ? 0.75 : 0.65 },
    '.clickable': { cursor: 'pointer' },
    '.node': { outline: 'none', transition: 'opacity 140ms' },
    '&.dimmed .node:not(.lit)': { opacity: 0.3 },
    '.node .hold': { fill: 'transparent' },
    '.node text': {
      pointerEvents: 'none',
      paintOrder: 'stroke',
      stroke: ground,
      strokeOpacity: 0.8,
      strokeWidth: 3,
      strokeLinejoin: 'round',
    },
    '.node .name': { fill: coloursOf(theme).text },
    '.node .amount': { fill: coloursOf(theme).text, fillOpacity: 0.78, fontVariantNumeric: 'tabular-nums' },
    '.node.other .name': { fill: coloursOf(theme).faintText, fontStyle: 'italic' },
    '.node:focus-visible .bar': { stroke: theme.colors.primary.border, strokeWidth: 2.5 },
    '.node:focus-visible .name': { fill: theme.colors.primary.text, textDecoration: 'underline' },
    '@media (prefers-reduced-motion: reduce)': { '*': { transition: 'none !important' } },
  });
};
