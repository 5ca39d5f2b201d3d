import type { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';
import { severities } from '@weir/core/anomalies';
import { severityColours } from './colours.ts';
import { cell, drillDown } from './links.ts';
import { uids } from './names.ts';
import { properties, wordMapping } from './panel-parts.ts';
import { table } from './panels.ts';
import { type PanelQuery, weirQuery } from './weir-query.ts';

/** Columns of the answer, by their heads. */
const heads = {
  id: 'Id',
  opened: 'Opened',
  closed: 'Closed',
  updated: 'Updated',
  severity: 'Severity',
  state: 'State',
  type: 'Type',
  rule: 'Rule',
  title: 'Title',
  description: 'Description',
  score: 'Score',
  source_ip: 'Source',
  destination_ip: 'Destination',
  exporter_name: 'Exporter',
  interface: 'Interface',
  protocol: 'Protocol',
  port: 'Port',
  metric: 'Metric',
  value: 'Value',
  baseline: 'Baseline',
  threshold: 'Threshold',
  technique: 'Technique',
  story: 'Story',
  flow_filter: 'Flow filter',
  evidence: 'Evidence',
  tenant: 'Tenant',
} as const;
export type AnomalyColumn = keyof typeof heads;

const widths: Partial<Record<AnomalyColumn, number>> = {
  severity: 90,
  state: 80,
  type: 150,
  opened: 160,
  closed: 160,
  source_ip: 140,
  destination_ip: 150,
  exporter_name: 130,
  value: 100,
  baseline: 100,
  score: 110,
  technique: 100,
  threshold: 100,
};

const severityMapping = wordMapping(
  Object.fromEntries(severities.map((severity) => [severity, { colour: severityColours[severity] }])),
);
const stateMapping = wordMapping({
  open: { colour: 'orange' },
  closed: { colour: 'green' },
  silenced: { colour: 'text' },
});

/** Anomalies as a table of the columns named, in that order; each leads to its flows and to the hosts in it. */
export function anomalyTable(
  title: string,
  description: string,
  query: PanelQuery,
  columns: readonly AnomalyColumn[],
): Table {
  const hidden = (Object.keys(heads) as AnomalyColumn[]).filter((name) => !columns.includes(name));
  const panel = table(title, description)
    .noValue('No anomalies')
    .withTarget(weirQuery({ kind: 'anomalies', ...query }))
    .withTransformation({
      id: 'organize',
      options: {
        // What links need stays in the data and out of sight.
        excludeByName: Object.fromEntries(
          hidden.filter((name) => name !== 'flow_filter').map((name) => [heads[name], true]),
        ),
        indexByName: Object.fromEntries(columns.map((name, i) => [heads[name], i])),
        renameByName: {},
      },
    })
    .overrideByName(heads.severity, [
      properties.cellColour(),
      properties.mappings([severityMapping]),
      properties.align('center'),
    ])
    .overrideByName(heads.state, [properties.textColour(), properties.mappings([stateMapping])])
    .overrideByName(heads.title, [
      properties.links([
        drillDown(uids.flows, 'Its flows', { filter: cell('flow_filter') }),
        drillDown(uids.anomalies, 'All anomalies'),
      ]),
    ])
    .overrideByName(heads.source_ip, [
      properties.links([drillDown(uids.host, 'Host ${__value.text}', { host: cell('source_ip') })]),
    ])
    .overrideByName(heads.destination_ip, [
      properties.links([drillDown(uids.host, 'Host ${__value.text}', { host: cell('destination_ip') })]),
    ])
    .overrideByName(heads.exporter_name, [
      properties.links([
        drillDown(uids.exporters, 'Exporter ${__value.text}', { exporter: cell('exporter_name') }),
      ]),
    ])
    .overrideByName(heads.score, [
      properties.gauge(),
      properties.min(0),
      properties.max(1),
      properties.unit('percentunit'),
      properties.decimals(0),
    ]);
  if (!columns.includes('flow_filter'))
    panel.overrideByName(heads.flow_filter, [properties.hidden(), properties.hiddenFromView()]);
  for (const name of columns) {
    const width = widths[name];
    if (width !== undefined) panel.overrideByName(heads[name], [properties.width(width)]);
  }
  return panel;
}
