import type { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';
import { severities } from '@weir/core/anomalies';
import { severityColours } from './colours.ts';
import { cell, drillDown, drillDownTo, elsewhere } from './links.ts';
import { uids } from './names.ts';
import { properties, wordMapping } from './panel-parts.ts';
import { table } from './panels.ts';
import { type PanelQuery, weirQuery } from './weir-query.ts';

/** Columns of the answer that are shown, by their heads. */
const heads = {
  severity: 'Severity',
  state: 'State',
  type: 'Type',
  title: 'Title',
  opened: 'Opened',
  lasted: 'Lasted',
  source_ip: 'Source',
  destination_ip: 'Destination',
  service: 'Service',
  exporter_name: 'Exporter',
  measured: 'Measured',
  technique: 'Technique',
  in_story: 'In story',
  description: 'Description',
  evidence: 'Evidence',
} as const;
export type AnomalyColumn = keyof typeof heads;

const widths: Partial<Record<AnomalyColumn, number>> = {
  severity: 80,
  state: 75,
  type: 150,
  opened: 155,
  lasted: 80,
  source_ip: 125,
  destination_ip: 125,
  service: 125,
  exporter_name: 120,
  measured: 240,
  technique: 125,
  in_story: 70,
};

export const severityMapping = wordMapping(
  Object.fromEntries(severities.map((severity) => [severity, { colour: severityColours[severity] }])),
);
export const stateMapping = wordMapping({
  open: { colour: 'orange' },
  closed: { colour: 'green' },
  silenced: { colour: 'text' },
});

/** The span of the row's anomaly, and what it takes to its own page. */
const span = { from: cell('from'), to: cell('to') };
const its = { anomaly: cell('id'), story: cell('story'), filter: cell('flow_filter') };

/** Leads to the flows that the row's anomaly was seen in, at its time. */
const toFlows = drillDownTo(uids.flows, 'Its flows', span, { filter: cell('flow_filter') });

/**
 * Anomalies as a table of the columns named, in that order. Titles lead to the anomaly's own page, its flows and its story; hosts to their
 * pages, techniques to MITRE ATT&CK.
 */
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
        excludeByName: Object.fromEntries(hidden.map((name) => [heads[name], true])),
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
      properties.links([drillDownTo(uids.anomaly, 'Its evidence', span, its), toFlows]),
    ])
    .overrideByName(heads.opened, [properties.unit('dateTimeAsIso')])
    .overrideByName(heads.lasted, [properties.unit('ms'), properties.decimals(0)])
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
    .overrideByName(heads.measured, [properties.links([toFlows])])
    .overrideByName(heads.technique, [
      properties.links([
        elsewhere('MITRE ATT&CK', 'https://attack.mitre.org/techniques/${__data.fields["technique_path"]}/'),
      ]),
    ])
    .overrideByName(heads.in_story, [
      properties.align('center'),
      properties.links([drillDown(uids.anomalies, 'All of this story', { story: cell('story') })]),
    ])
    // What links need stays in the data and out of sight.
    .overrideByRegexp('/^[a-z_]+$/', [properties.hidden(), properties.hiddenFromView()]);
  for (const name of columns) {
    const width = widths[name];
    if (width !== undefined) panel.overrideByName(heads[name], [properties.width(width)]);
  }
  return panel;
}

/** Stories as a table: each leads to its anomalies. */
export function storyTable(title: string, description: string, query: PanelQuery): Table {
  return table(title, description)
    .noValue('No stories: no two anomalies belong together')
    .withTarget(weirQuery({ kind: 'anomalies', anomalyView: 'stories', ...query }))
    .overrideByName('Severity', [
      properties.cellColour(),
      properties.mappings([severityMapping]),
      properties.align('center'),
      properties.width(85),
    ])
    .overrideByName('State', [
      properties.textColour(),
      properties.mappings([stateMapping]),
      properties.width(80),
    ])
    .overrideByName('Began as', [
      properties.links([drillDown(uids.anomalies, 'Its anomalies', { story: cell('story') })]),
    ])
    .overrideByName('Anomalies', [properties.align('center'), properties.width(95)])
    .overrideByName('Hosts', [properties.width(180)])
    .overrideByName('Opened', [properties.unit('dateTimeAsIso'), properties.width(160)])
    .overrideByName('Lasted', [properties.unit('ms'), properties.decimals(0), properties.width(90)])
    .overrideByName('story', [properties.hidden(), properties.hiddenFromView()]);
}

/** What anomalies rest on, a row for each thing that is known; the anomaly's title only where there may be several. */
export function evidenceTable(
  title: string,
  description: string,
  query: PanelQuery,
  several: boolean,
): Table {
  return table(title, description)
    .noValue('No anomalies')
    .withTarget(weirQuery({ kind: 'anomalies', anomalyView: 'evidence', ...query }))
    .withTransformation({
      id: 'organize',
      options: { excludeByName: several ? {} : { Anomaly: true }, indexByName: {}, renameByName: {} },
    })
    .overrideByName('Anomaly', [properties.width(420)])
    .overrideByName('Evidence', [properties.width(105)])
    .overrideByName('Of what', [properties.wrapped(), properties.width(several ? 300 : 230)])
    .overrideByName('Value', [properties.wrapped(), properties.unit('string')])
    .overrideByName('id', [properties.hidden(), properties.hiddenFromView()]);
}

/** The largest flows of anomalies, as they were found when they were opened. */
export function largestFlowsTable(title: string, description: string, query: PanelQuery): Table {
  return table(title, description)
    .noValue('No flows were recorded with it')
    .withTarget(weirQuery({ kind: 'anomalies', anomalyView: 'flows', ...query }))
    .withTransformation({
      id: 'organize',
      options: { excludeByName: { Anomaly: true }, indexByName: {}, renameByName: {} },
    })
    .overrideByName('Time', [properties.unit('dateTimeAsIso'), properties.width(155)])
    .overrideByRegexp('/port$/', [properties.width(75)])
    .overrideByName('Protocol', [properties.width(70)])
    .overrideByName('Source', [
      properties.width(115),
      properties.links([drillDown(uids.host, 'Host ${__value.text}', { host: cell('source_ip') })]),
    ])
    .overrideByName('Destination', [
      properties.width(115),
      properties.links([drillDown(uids.host, 'Host ${__value.text}', { host: cell('destination_ip') })]),
    ])
    .overrideByName('id', [properties.hidden(), properties.hiddenFromView()]);
}
