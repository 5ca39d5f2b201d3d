import type { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';
import { fieldByName } from '@weir/core/fields';
import { colours } from './colours.ts';
import type { DataLink } from './links.ts';
import { properties } from './panel-parts.ts';
import { table } from './panels.ts';
import { type PanelQuery, weirQuery } from './weir-query.ts';

/** Columns of a top besides its fields and its value, by their heads. */
const statistics = {
  share: 'Share',
  min: 'Minimum',
  max: 'Maximum',
  avg: 'Average',
  last: 'Last',
  p95: '95th percentile',
  total: 'Total',
} as const;
export type Statistic = keyof typeof statistics;

export interface TopTableOptions {
  /** Statistics that are shown; in the order of the data source. */
  readonly show?: readonly Statistic[];
  /** Links of the fields' cells. */
  readonly links?: Readonly<Record<string, readonly DataLink[]>>;
  /** Columns' heads as they shall be: field → head. */
  readonly heads?: Readonly<Record<string, string>>;
  /** Pixels that fields’ columns need. */
  readonly widths?: Readonly<Record<string, number>>;
}

/** The top ones as a table: fields, value, a bar for the share, and what of the statistics is asked for. */
export function topTable(
  title: string,
  description: string,
  query: PanelQuery,
  options: TopTableOptions,
): Table {
  const show = new Set(options.show ?? ['share', 'max', 'total']);
  const panel = table(title, description)
    .withTarget(weirQuery({ kind: 'top', other: false, ...query }))
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: Object.fromEntries(
          (Object.keys(statistics) as Statistic[])
            .filter((name) => !show.has(name))
            .flatMap((name) => [[statistics[name], true] as const]),
        ),
        indexByName: {},
        renameByName: {},
      },
    })
    .overrideByName('share', [
      properties.gauge(),
      properties.unit('percent'),
      properties.min(0),
      properties.max(100),
      properties.colour(colours.in),
      properties.width(120),
    ]);
  for (const field of query.dimensions ?? []) {
    const links = options.links?.[field];
    const head = options.heads?.[field];
    const width = options.widths?.[field];
    const own = [
      ...(width === undefined ? [] : [properties.width(width)]),
      ...(links === undefined ? [] : [properties.links(links)]),
      ...(head === undefined ? [] : [properties.name(head)]),
    ];
    if (own.length > 0) panel.overrideByName(fieldByName(field)!.label, own);
  }
  return panel;
}
