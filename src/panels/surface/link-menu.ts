import { css } from '@emotion/css';
import type { GrafanaTheme2, LinkModel } from '@grafana/data';
import { coloursOf } from './theme-colours.ts';
import { element } from './tooltip.ts';

/** A choice among the data links of what was clicked. */
export class LinkMenu {
  readonly #theme: GrafanaTheme2;
  readonly #follow: (link: LinkModel, event: Event) => void;
  #menu: HTMLElement | undefined;
  #before: Element | null = null;

  constructor(theme: GrafanaTheme2, follow: (link: LinkModel, event: Event) => void) {
    this.#theme = theme;
    this.#follow = follow;
  }

  /** One link is followed at once; several are offered at this place of the window. */
  open(links: readonly LinkModel[], event: Event, x: number, y: number): void {
    if (links.length === 1) {
      this.#follow(links[0]!, event);
      return;
    }
    this.close();
    const menu = element('div', menuStyle(this.#theme));
    menu.setAttribute('role', 'menu');
    for (const link of links) {
      const item = element('button', 'weir-item', link.title || link.href) as HTMLButtonElement;
      item.type = 'button';
      item.setAttribute('role', 'menuitem');
      item.addEventListener('click', (click) => {
        this.close();
        this.#follow(link, click);
      });
      menu.append(item);
    }
    menu.addEventListener('keydown', (key) => {
      const items = [...menu.querySelectorAll('button')];
      const at = items.indexOf(document.activeElement as HTMLButtonElement);
      if (key.key === 'ArrowDown') items[(at + 1) % items.length]?.focus();
      else if (key.key === 'ArrowUp') items[(at + items.length - 1) % items.length]?.focus();
      else if (key.key === 'Escape') this.close();
      else return;
      key.preventDefault();
      key.stopPropagation();
    });
    this.#before = document.activeElement;
    document.body.append(menu);
    const { width, height } = menu.getBoundingClientRect();
    menu.style.left = `${Math.max(4, Math.min(x, window.innerWidth - width - 4))}px`;
    menu.style.top = `${Math.max(4, Math.min(y, window.innerHeight - height - 4))}px`;
    this.#menu = menu;
    menu.querySelector('button')?.focus();
    document.addEventListener('pointerdown', this.#outside, true);
  }

  close(): void {
    document.removeEventListener('pointerdown', this.#outside, true);
    const had = this.#menu?.contains(document.activeElement) === true;
    this.#menu?.remove();
    this.#menu = undefined;
    if (had && this.#before instanceof HTMLElement) this.#before.focus();
  }

  readonly #outside = (event: Event): void => {
    if (this.#menu?.contains(event.target as Node) !== true) this.close();
  };
}

const menuStyle = (theme: GrafanaTheme2): string =>
  css({
    position: 'fixed',
    zIndex: theme.zIndex.tooltip,
    display: 'flex',
    flexDirection: 'column',
    minWidth: 160,
    padding: 4,
    borderRadius: theme.shape.radius.default,
    border: `1px solid ${coloursOf(theme).border}`,
    background: coloursOf(theme).card,
    boxShadow: theme.shadows.z3,
    '.weir-item': {
      padding: theme.spacing(0.5, 1),
      border: 0,
      borderRadius: theme.shape.radius.default,
      background: 'transparent',
      color: coloursOf(theme).text,
      textAlign: 'left',
      cursor: 'pointer',
      '&:hover, &:focus-visible': { background: coloursOf(theme).hover },
    },
  });
