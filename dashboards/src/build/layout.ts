import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel, RowPanel } from '@grafana/grafana-foundation-sdk/dashboard';
import { PLUGIN_VERSION } from './panel-parts.ts';

/** A panel in its place: its id, which stays as it is for ever, and how many of the 24 columns it takes. */
export interface Placed {
  readonly id: number;
  readonly width: number;
  readonly panel: Builder<Panel>;
}

/** Panels side by side, all of one height. */
export interface Line {
  readonly height: number;
  readonly panels: readonly Placed[];
}

/** A headed part of the dashboard. Collapsed, its queries run only when somebody opens it. */
export interface Section {
  readonly id: number;
  readonly title: string;
  readonly collapsed: boolean;
  readonly lines: readonly Line[];
}

export const COLUMNS = 24;

export function place(id: number, width: number, panel: Builder<Panel>): Placed {
  return { id, width, panel };
}

export function line(height: number, ...panels: readonly Placed[]): Line {
  const width = panels.reduce((sum, panel) => sum + panel.width, 0);
  if (width !== COLUMNS)
    throw new Error(
      `the line of panels ${panels.map(({ id }) => id).join(', ')} is ${width} columns wide, not ${COLUMNS}`,
    );
  return { height, panels };
}

export function section(id: number, title: string, ...lines: readonly Line[]): Section {
  return { id, title, collapsed: false, lines };
}

export function collapsed(id: number, title: string, ...lines: readonly Line[]): Section {
  return { id, title, collapsed: true, lines };
}

/** The parts one below the other. */
export function layOut(parts: readonly (Line | Section)[]): (Panel | RowPanel)[] {
  const out: (Panel | RowPanel)[] = [];
  let y = 0;
  const lines = (list: readonly Line[]): Panel[] =>
    list.flatMap(({ height, panels }) => {
      let x = 0;
      const placed = panels.map(({ id, width, panel }) => {
        const built = panel.build();
        const at = { x, y, w: width, h: height };
        x += width;
        const { transparent: _transparent, repeatDirection: _direction, ...rest } = built;
        return { ...rest, id, gridPos: at, pluginVersion: PLUGIN_VERSION };
      });
      y += height;
      return placed;
    });
  for (const part of parts) {
    if (!('lines' in part)) {
      out.push(...lines([part]));
      continue;
    }
    const row = { type: 'row' as const, id: part.id, title: part.title, collapsed: part.collapsed };
    const gridPos = { x: 0, y, w: COLUMNS, h: 1 };
    y++;
    if (part.collapsed) {
      out.push({ ...row, gridPos, panels: lines(part.lines) });
      // What a collapsed row holds takes no room until it is opened.
      y = gridPos.y + 1;
    } else {
      out.push({ ...row, gridPos, panels: [] });
      out.push(...lines(part.lines));
    }
  }
  return out;
}
