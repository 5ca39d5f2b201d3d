import type { ClickOptions } from '../filters/apply-click.ts';

export type TopologyLayout = 'force' | 'ring' | 'left-right';
export type Labels = 'auto' | 'all' | 'none';

/** The panel's settings as dashboards save them. */
export interface TopologyOptions extends ClickOptions {
  readonly layout: TopologyLayout;
  readonly groupField: string;
  readonly showHulls: boolean;
  /** Nodes grow with their traffic. */
  readonly sizeByTotal: boolean;
  readonly labels: Labels;
  readonly showStats: boolean;
  /** Moving traffic on the edges; not moving for those who prefer less motion. */
  readonly animate: boolean;
  /** Pixels of the broadest edge. */
  readonly maxEdgeWidth: number;
  readonly showLegend: boolean;
  readonly showToolbar: boolean;
  readonly filterKey: string;
}
