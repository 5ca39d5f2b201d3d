import type { ClickOptions } from '../filters/apply-click.ts';

/** What a link takes its colour from. */
export type ColourBy = 'source' | 'name' | 'stage';
export type LabelValues = 'value' | 'share' | 'both' | 'none';

/** The panel's settings as dashboards save them. */
export interface SankeyOptions extends ClickOptions {
  readonly showTitles: boolean;
  readonly nodeWidth: number;
  readonly nodePadding: number;
  readonly colourBy: ColourBy;
  readonly labelValues: LabelValues;
  /** Pixels. */
  readonly maxLabelWidth: number;
  readonly showOther: boolean;
  readonly valueField: string;
}
