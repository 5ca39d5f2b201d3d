import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A panel as the browser asks for it: all of its queries in one request. */
export interface Panel {
  readonly title: string;
  /** Of the dashboard's 24 columns. */
  readonly width: number;
  readonly models: readonly { readonly refId: string; readonly [key: string]: unknown }[];
}

const FOLDER = join(import.meta.dirname, '../../../dashboards');
/** Pixels of a dashboard's width on a usual screen: what Grafana takes for `maxDataPoints`. */
const PIXELS = 1880;

/** The dashboards' variables as they are when a dashboard is opened; conditions on a variable that is "All" are left out. */
const VARIABLES: Readonly<Record<string, string>> = {
  $metric: 'bits_per_second',
  $node: 'host',
  '${inside:raw}': '10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, fc00::/7, 2001:db8::/32',
};
const ALL = ['exporter in ($exporter)', 'interface in ($interface)', 'host = $host', '(${filter:raw})'];
const TOP = 10;

interface SavedPanel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: { readonly w: number };
  readonly targets?: readonly { readonly refId: string; readonly [key: string]: unknown }[];
  readonly panels?: readonly SavedPanel[];
}

/**
 * Panels of a dashboard in the order of its layout, those in closed rows included.
 *
 * @param ids only these
 */
export function panelsOf(dashboard: string, ids?: readonly number[]): Panel[] {
  const saved = JSON.parse(readFileSync(join(FOLDER, `${dashboard}.json`), 'utf8')) as {
    panels: readonly SavedPanel[];
  };
  const all = saved.panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
  const chosen = all.filter(({ id, targets = [] }) => targets.length > 0 && (ids?.includes(id) ?? true));
  const missing = ids?.filter((id) => !chosen.some((panel) => panel.id === id)) ?? [];
  if (missing.length > 0) throw new Error(`the dashboard ${dashboard} has no panel ${missing.join(', ')}`);
  return chosen.map(({ title, gridPos, targets = [] }) => ({
    title,
    width: gridPos.w,
    models: targets.map((target) => ({ ...(withoutVariables(target) as object), refId: target.refId })),
  }));
}

function withoutVariables(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutVariables(item));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name]) => name !== 'datasource')
        .map(([name, item]) => [name, withoutVariables(item, name)]),
    );
  if (typeof value !== 'string') return value;
  if (key === 'limit' && value === '$top') return TOP;
  let text = value;
  if (key === 'filter')
    text = text
      .split(' and ')
      .filter((condition) => !ALL.includes(condition))
      .join(' and ');
  for (const [name, put] of Object.entries(VARIABLES)) text = text.replaceAll(name, put);
  if (text.includes('$')) throw new Error(`the benchmark knows no value for the variable in “${text}”`);
  return text;
}

/** `maxDataPoints` and the interval that Grafana asks a panel of this width for. */
export function resolutionOf(
  width: number,
  seconds: number,
): { readonly maxDataPoints: number; readonly intervalMs: number } {
  const maxDataPoints = Math.round((width / 24) * PIXELS);
  return { maxDataPoints, intervalMs: Math.max(1000, Math.round((seconds * 1000) / maxDataPoints)) };
}
