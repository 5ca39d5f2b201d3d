import { PanelBuilder as BarGauge } from '@grafana/grafana-foundation-sdk/bargauge';
import {
  BarGaugeDisplayMode,
  BarGaugeNamePlacement,
  BarGaugeValueMode,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueJustifyMode,
  BigValueTextMode,
  GraphDrawStyle,
  GraphGradientMode,
  LegendDisplayMode,
  LegendPlacement,
  LineInterpolation,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TableCellHeight,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  PanelBuilder as PieChart,
  PieChartLegendOptionsBuilder,
  PieChartLegendValues,
  PieChartType,
} from '@grafana/grafana-foundation-sdk/piechart';
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries';
import { colours } from './colours.ts';
import { emptyAsDash, fixedColour, palette, properties, steps, thresholdColours } from './panel-parts.ts';
import { dataSource } from './weir-query.ts';

/* The panels that every dashboard is made of, each in one look. A dashboard adds what is its own. */

const NOTHING = 'No data';

/**
 * Lines over time, with a table of their averages and peaks below; stacked areas where parts make up a whole, with the table of the
 * parts beside them.
 */
export function graph(title: string, description: string, unit: string, stacked = false): TimeSeries {
  const panel = new TimeSeries()
    .title(title)
    .description(description)
    .datasource(dataSource)
    .unit(unit)
    .noValue(NOTHING)
    .drawStyle(GraphDrawStyle.Line)
    .lineInterpolation(LineInterpolation.Linear)
    .lineWidth(stacked ? 1 : 2)
    .fillOpacity(stacked ? 45 : 8)
    .gradientMode(GraphGradientMode.None)
    .showPoints(VisibilityMode.Never)
    .stacking(new StackingConfigBuilder().mode(stacked ? StackingMode.Normal : StackingMode.None).group('A'))
    .axisBorderShow(false)
    .axisSoftMin(0)
    .colorScheme(palette())
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .legend(stacked ? sideLegend() : tableLegend(['mean', 'max', 'lastNotNull']));
  return stacked ? panel.overrideByName('Other', [properties.colour(colours.quiet)]) : panel;
}

/** A legend of names and numbers, the largest first. */
export function tableLegend(
  calcs: readonly string[],
  placement = LegendPlacement.Bottom,
): VizLegendOptionsBuilder {
  return new VizLegendOptionsBuilder()
    .displayMode(LegendDisplayMode.Table)
    .placement(placement)
    .showLegend(true)
    .calcs([...calcs]);
}

/** The same to the right of a wide graph: a row for each series, all of them in sight. */
export function sideLegend(calcs: readonly string[] = ['mean', 'max'], width = 300): VizLegendOptionsBuilder {
  return tableLegend(calcs, LegendPlacement.Right).width(width);
}

/** Names in a line. */
export function listLegend(): VizLegendOptionsBuilder {
  return new VizLegendOptionsBuilder()
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom)
    .showLegend(true)
    .calcs([]);
}

/** One large number with its course behind it. */
export function stat(
  title: string,
  description: string,
  unit: string,
  colour: string = colours.in,
  calc = 'lastNotNull',
): Stat {
  return new Stat()
    .title(title)
    .description(description)
    .datasource(dataSource)
    .unit(unit)
    .noValue(NOTHING)
    .colorScheme(fixedColour(colour))
    .colorMode(BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.Area)
    .justifyMode(BigValueJustifyMode.Center)
    .textMode(BigValueTextMode.Value)
    .wideLayout(true)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs([calc]).values(false).fields(''));
}

/** A number that is judged: green, yellow, red. */
export function judged(
  title: string,
  description: string,
  unit: string,
  thresholds: readonly (readonly [from: number | null, colour: string])[],
  calc = 'lastNotNull',
): Stat {
  return stat(title, description, unit, colours.good, calc)
    .colorScheme(thresholdColours())
    .thresholds(steps(thresholds));
}

/**
 * A table, small rows, no type icons, its columns sorted by a click. Units come with the columns: a panel's unit would be put behind
 * texts that look like numbers too, port 443 say.
 */
export function table(title: string, description: string): Table {
  return new Table()
    .title(title)
    .description(description)
    .datasource(dataSource)
    .noValue(NOTHING)
    .showHeader(true)
    .cellHeight(TableCellHeight.Sm)
    .filterable(false)
    .minWidth(70)
    .inspect(false)
    .colorScheme(thresholdColours())
    .thresholds(steps([[null, colours.in]]))
    .mappings([emptyAsDash]);
}

/** Bars to the right, one a series, coloured by how bad. */
export function bars(
  title: string,
  description: string,
  unit: string,
  thresholds: readonly (readonly [from: number | null, colour: string])[],
  calc = 'lastNotNull',
): BarGauge {
  return new BarGauge()
    .title(title)
    .description(description)
    .datasource(dataSource)
    .unit(unit)
    .noValue(NOTHING)
    .min(0)
    .colorScheme(thresholdColours())
    .thresholds(steps(thresholds))
    .displayMode(BarGaugeDisplayMode.Basic)
    .valueMode(BarGaugeValueMode.Color)
    .namePlacement(BarGaugeNamePlacement.Left)
    .orientation(VizOrientation.Horizontal)
    .showUnfilled(true)
    .minVizHeight(16)
    .maxVizHeight(28)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs([calc]).values(false).fields(''));
}

/** Shares of a whole, named beside with their percentages. */
export function shares(title: string, description: string, unit: string): PieChart {
  return new PieChart()
    .title(title)
    .description(description)
    .datasource(dataSource)
    .unit(unit)
    .noValue(NOTHING)
    .colorScheme(palette())
    .pieType(PieChartType.Donut)
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Single).sort(SortOrder.None))
    .legend(
      new PieChartLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Right)
        .showLegend(true)
        .values([PieChartLegendValues.Value, PieChartLegendValues.Percent]),
    )
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['mean']).values(false).fields(''))
    .overrideByName('Other', [properties.colour(colours.quiet)]);
}
