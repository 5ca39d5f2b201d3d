import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import { type Panel, PanelBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as NodeGraph } from '@grafana/grafana-foundation-sdk/nodegraph';
import { SANKEY_PANEL_ID, TOPOLOGY_PANEL_ID } from '@weir/core/query';
import { dataSource } from './weir-query.ts';
import { type PanelQuery, weirQuery } from './weir-query.ts';

/* The two panels that come with the data source, and the core panel that stands in for one of them. */

/** A click filters the whole dashboard. */
const clicks = { clickAction: 'adhoc', adHocVariable: 'Filters', clickVariable: '' };

export function sankey(title: string, description: string, query: PanelQuery, unit: string): Builder<Panel> {
  return new PanelBuilder()
    .type(SANKEY_PANEL_ID)
    .title(title)
    .description(description)
    .datasource(dataSource)
    .unit(unit)
    .withTarget(weirQuery({ kind: 'conversations', ...query }))
    .options({
      showTitles: true,
      showOther: true,
      valueField: '',
      colourBy: 'source',
      nodeWidth: 12,
      nodePadding: 8,
      labelValues: 'value',
      maxLabelWidth: 240,
      ...clicks,
    });
}

export function topology(
  title: string,
  description: string,
  query: PanelQuery,
  unit: string,
): Builder<Panel> {
  return new PanelBuilder()
    .type(TOPOLOGY_PANEL_ID)
    .title(title)
    .description(description)
    .datasource(dataSource)
    .unit(unit)
    .withTarget(weirQuery({ kind: 'topology', ...query }))
    .options({
      layout: 'force',
      groupField: '',
      showHulls: false,
      sizeByTotal: true,
      labels: 'auto',
      showStats: true,
      animate: true,
      maxEdgeWidth: 9,
      showLegend: true,
      showToolbar: true,
      filterKey: '',
      ...clicks,
    });
}

/** The same map by Grafana's own panel. */
export function nodeGraph(
  title: string,
  description: string,
  query: PanelQuery,
  unit: string,
): Builder<Panel> {
  return new NodeGraph()
    .title(title)
    .description(description)
    .datasource(dataSource)
    .unit(unit)
    .withTarget(weirQuery({ kind: 'topology', ...query }));
}
