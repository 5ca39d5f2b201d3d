import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { coloursOf } from './theme-colours.ts';

export interface TooltipContent {
  readonly colour?: string;
  readonly title: string;
  readonly subtitle?: string;
  readonly rows: readonly (readonly [label: string, value: string])[];
  readonly hint?: string;
}

/** A card beside the pointer. It hangs on the page, not on the panel, so that a small panel does not cut it. */
export class Tooltip {
  readonly #card: HTMLDivElement;

  constructor(theme: GrafanaTheme2) {
    this.#card = document.createElement('div');
    this.#card.className = cardStyle(theme);
    this.#card.setAttribute('role', 'tooltip');
    this.#card.style.display = 'none';
    document.body.appendChild(this.#card);
  }

  /** `x` and `y` are coordinates of the window. */
  show(content: TooltipContent, x: number, y: number): void {
    const head = element('div', 'weir-head');
    if (content.colour !== undefined) {
      const dot = element('span', 'weir-dot');
      dot.style.background = content.colour;
      head.append(dot);
    }
    head.append(element('span', 'weir-title', content.title));
    const parts: HTMLElement[] = [head];
    if (content.subtitle !== undefined && content.subtitle !== '') {
      parts.push(element('div', 'weir-subtitle', content.subtitle));
    }
    const grid = element('div', 'weir-grid');
    for (const [label, value] of content.rows) {
      grid.append(element('span', 'weir-label', label), element('span', 'weir-value', value));
    }
    parts.push(grid);
    if (content.hint !== undefined) parts.push(element('div', 'weir-hint', content.hint));
    this.#card.replaceChildren(...parts);
    this.#card.style.display = 'block';
    const { width, height } = this.#card.getBoundingClientRect();
    const gap = 14;
    const left = x + gap + width > window.innerWidth ? x - gap - width : x + gap;
    const top = y + gap + height > window.innerHeight ? y - gap - height : y + gap;
    this.#card.style.left = `${Math.max(4, left)}px`;
    this.#card.style.top = `${Math.max(4, top)}px`;
  }

  hide(): void {
    this.#card.style.display = 'none';
  }

  destroy(): void {
    this.#card.remove();
  }
}

export function element(tag: string, className: string, text?: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// Names of classes begin with weir-: Grafana has global styles for the likes of .row and .label.
const cardStyle = (theme: GrafanaTheme2): string =>
  css({
    position: 'fixed',
    zIndex: theme.zIndex.tooltip,
    pointerEvents: 'none',
    maxWidth: 420,
    padding: theme.spacing(1, 1.25),
    borderRadius: theme.shape.radius.default,
    border: `1px solid ${coloursOf(theme).border}`,
    background: coloursOf(theme).card,
    boxShadow: theme.shadows.z3,
    color: coloursOf(theme).text,
    fontSize: theme.typography.bodySmall.fontSize,
    lineHeight: 1.45,
    '.weir-head': {
      display: 'flex',
      alignItems: 'center',
      gap: 8,
      fontWeight: theme.typography.fontWeightMedium,
    },
    '.weir-dot': { flex: 'none', width: 10, height: 10, borderRadius: 3 },
    '.weir-title': { overflowWrap: 'anywhere' },
    '.weir-subtitle': { color: coloursOf(theme).faintText },
    '.weir-grid': {
      display: 'grid',
      gridTemplateColumns: 'auto auto',
      columnGap: 20,
      marginTop: 4,
      '.weir-label': { color: coloursOf(theme).faintText },
      '.weir-value': { textAlign: 'right', fontVariantNumeric: 'tabular-nums' },
    },
    '.weir-hint': { marginTop: 6, color: coloursOf(theme).faintText, fontStyle: 'italic' },
  });
