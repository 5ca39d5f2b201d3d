import { GraphDrawStyle, VisibilityMode } from '@grafana/grafana-foundation-sdk/common';
import { PanelBuilder as StateTimeline } from '@grafana/grafana-foundation-sdk/statetimeline';
import { CustomVariableBuilder, TextBoxVariableBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { anomalyStates, anomalyTypes, severities } from '@weir/core/anomalies';
import { anomalyTable, evidenceTable, severityMapping, storyTable } from './build/anomaly-table.ts';
import { colours, severityColours } from './build/colours.ts';
import { dashboardOf } from './build/dashboard.ts';
import { collapsed, line, place } from './build/layout.ts';
import { drillDown, elsewhere } from './build/links.ts';
import { uids } from './build/names.ts';
import { properties } from './build/panel-parts.ts';
import { graph, judged, listLegend, table } from './build/panels.ts';
import { dataSourceVariable, exporterVariable, filtersVariable, hostVariable } from './build/variables.ts';
import { dataSource, weirQuery } from './build/weir-query.ts';

const filter = 'exporter in ($exporter) and host = $host';
const chosen = {
  filter,
  severities: ['$severity'],
  states: ['$state'],
  anomalyTypes: ['$type'],
  stories: ['$story'],
} as const;
const all = { text: ['All'], value: ['$__all'] };

const names: Readonly<Record<(typeof severities)[number], string>> = {
  critical: 'Critical',
  high: 'High',
  medium: 'Medium',
  low: 'Low',
};

const severityOverrides = severities.map((severity) => ({
  matcher: { id: 'byName', options: severity },
  properties: [properties.colour(severityColours[severity])],
}));

/** How many there are of each value of a column, the most first; `more` are further columns, and what of them is told. */
function groups(
  title: string,
  description: string,
  by: string,
  more: Readonly<Record<string, readonly string[]>> = {},
): ReturnType<typeof table> {
  const aggregated = { id: ['count'], Opened: ['max'], ...more };
  return (
    table(title, description)
      .noValue('No anomalies')
      .withTarget(weirQuery({ kind: 'anomalies', ...chosen, limit: 1000 }))
      // An empty one is none.
      .withTransformation({
        id: 'filterByValue',
        options: {
          type: 'include',
          match: 'any',
          filters: [{ fieldName: by, config: { id: 'regex', options: { value: '.' } } }],
        },
      })
      .withTransformation({
        id: 'groupBy',
        options: {
          fields: {
            [by]: { operation: 'groupby', aggregations: [] },
            ...Object.fromEntries(
              Object.entries(aggregated).map(([field, aggregations]) => [
                field,
                { operation: 'aggregate', aggregations },
              ]),
            ),
          },
        },
      })
      .withTransformation({
        id: 'organize',
        options: {
          excludeByName: {},
          indexByName: {},
          renameByName: { 'id (count)': 'How many', 'Opened (max)': 'Last opened' },
        },
      })
      .withTransformation({ id: 'sortBy', options: { sort: [{ field: 'How many', desc: true }] } })
      .overrideByName('How many', [
        properties.gauge(),
        properties.shown(),
        properties.shownInView(),
        properties.min(0),
        properties.unit('short'),
        properties.colour(colours.warning),
        properties.width(110),
      ])
      .overrideByName('Last opened', [properties.unit('dateTimeAsIso'), properties.width(160)])
  );
}

function openOf(severity: (typeof severities)[number]): ReturnType<typeof judged> {
  return judged(names[severity], `Anomalies of severity ${severity} that are open now.`, 'short', [
    [null, colours.good],
    [1, severityColours[severity]],
  ])
    .decimals(0)
    .noValue('0')
    .withTarget(
      weirQuery({
        kind: 'anomalies',
        anomalyView: 'count',
        states: ['open'],
        severities: [severity],
        filter,
      }),
    );
}

export const anomalies = dashboardOf({
  uid: uids.anomalies,
  title: 'Anomalies',
  description: 'What is not as usual: how bad, how long, who, and the flows that it was seen in.',
  from: 'now-24h',
  refresh: '1m',
  variables: [
    dataSourceVariable(),
    exporterVariable(),
    hostVariable(),
    new CustomVariableBuilder('severity')
      .label('Severity')
      .description('How bad.')
      .values([...severities].reverse().join(', '))
      .multi(true)
      .includeAll(true)
      .current(all),
    new CustomVariableBuilder('state')
      .label('State')
      .description('Open while it lasts.')
      .values(anomalyStates.join(', '))
      .multi(true)
      .includeAll(true)
      .current(all),
    new CustomVariableBuilder('type')
      .label('Type')
      .description('What kind.')
      .values(anomalyTypes.map((type) => `${type.replaceAll('_', ' ')} : ${type}`).join(', '))
      .multi(true)
      .includeAll(true)
      .current(all),
    new TextBoxVariableBuilder('story')
      .label('Story')
      .description('The id of a story: its anomalies alone. All where it is empty.')
      .defaultValue('')
      .current({ text: '', value: '' }),
    filtersVariable(),
  ],
  next: [uids.overview, uids.host, uids.flows],
  parts: [
    line(
      4,
      place(2, 6, openOf('critical')),
      place(3, 6, openOf('high')),
      place(4, 6, openOf('medium')),
      place(5, 6, openOf('low')),
    ),
    line(
      10,
      place(
        1,
        10,
        graph('Anomalies by severity', 'How many anomalies lasted at a time, by severity.', 'short', true)
          .drawStyle(GraphDrawStyle.Bars)
          .fillOpacity(80)
          .decimals(0)
          .min(0)
          .noValue('No anomalies')
          .legend(listLegend())
          .withTarget(weirQuery({ kind: 'anomalies', anomalyView: 'count', ...chosen }))
          .overrides(severityOverrides),
      ),
      place(
        7,
        14,
        new StateTimeline()
          .title('When, by type')
          .description('When anomalies of each type lasted; the colour is the worst severity at the time.')
          .datasource(dataSource)
          .unit('string')
          .noValue('No anomalies')
          .rowHeight(0.8)
          .disablePagination()
          .mergeValues(true)
          .showValue(VisibilityMode.Never)
          .fillOpacity(80)
          .legend(listLegend().showLegend(false))
          .mappings([severityMapping])
          .withTarget(weirQuery({ kind: 'anomalies', anomalyView: 'timeline', ...chosen, limit: 1000 })),
      ),
    ),
    line(
      14,
      place(
        8,
        24,
        anomalyTable(
          'Anomalies',
          'Each anomaly of this range; its title leads to its evidence and its flows, hosts to their pages.',
          { ...chosen, limit: 500 },
          [
            'severity',
            'state',
            'opened',
            'lasted',
            'type',
            'title',
            'source_ip',
            'destination_ip',
            'measured',
            'technique',
            'in_story',
          ],
        ).filterable(true),
      ),
    ),
    line(
      8,
      place(
        9,
        24,
        storyTable(
          'Stories',
          'Anomalies that belong together, as a scan and the logins that follow it; the title leads to all of them.',
          { ...chosen, limit: 1000 },
        ),
      ),
    ),
    line(
      9,
      place(
        6,
        8,
        groups('By type', 'What kinds of anomalies there were in this range, and how many.', 'Type'),
      ),
      place(
        10,
        8,
        groups('By host', 'Who acts, or is acted on where nobody in particular acts.', 'host').overrideByName(
          'host',
          [
            properties.name('Host'),
            properties.shown(),
            properties.shownInView(),
            properties.links([drillDown(uids.host, 'Host ${__value.text}', { host: '${__value.raw}' })]),
          ],
        ),
      ),
      place(
        11,
        8,
        groups('MITRE ATT&CK', 'Techniques that the anomalies may be part of.', 'Technique', {
          technique_path: ['firstNotNull'],
        })
          .overrideByName('Technique', [
            properties.links([
              elsewhere(
                'MITRE ATT&CK',
                'https://attack.mitre.org/techniques/${__data.fields["technique_path (firstNotNull)"]}/',
              ),
            ]),
          ])
          .overrideByRegexp('/^technique_path/', [properties.hidden(), properties.hiddenFromView()]),
      ),
    ),
    collapsed(
      20,
      'Evidence of all of them',
      line(
        16,
        place(
          21,
          24,
          evidenceTable(
            'Evidence',
            'What the newest anomalies rest on: numbers, contributors, ports, caveats, flows, parameters.',
            { ...chosen, limit: 50 },
            true,
          ).filterable(true),
        ),
      ),
    ),
  ],
});
