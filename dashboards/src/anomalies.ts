import { GraphDrawStyle } from '@grafana/grafana-foundation-sdk/common';
import { PanelBuilder as StateTimeline } from '@grafana/grafana-foundation-sdk/statetimeline';
import { CustomVariableBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { anomalyStates, severities } from '@weir/core/anomalies';
import { anomalyTable } from './build/anomaly-table.ts';
import { colours, severityColours } from './build/colours.ts';
import { dashboardOf } from './build/dashboard.ts';
import { collapsed, line, place } from './build/layout.ts';
import { uids } from './build/names.ts';
import { properties, wordMapping } from './build/panel-parts.ts';
import { graph, judged, listLegend, table } from './build/panels.ts';
import { dataSourceVariable, exporterVariable, filtersVariable, hostVariable } from './build/variables.ts';
import { dataSource, weirQuery } from './build/weir-query.ts';

const filter = 'exporter in ($exporter) and host = $host';
const chosen = { filter, severities: ['$severity'], states: ['$state'] } as const;
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
      9,
      place(
        1,
        16,
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
        6,
        8,
        table('By type', 'What kinds of anomalies there were in this range, and how many.')
          .noValue('No anomalies')
          .withTarget(weirQuery({ kind: 'anomalies', ...chosen, limit: 1000 }))
          .withTransformation({
            id: 'groupBy',
            options: {
              fields: {
                Type: { operation: 'groupby', aggregations: [] },
                Id: { operation: 'aggregate', aggregations: ['count'] },
                Score: { operation: 'aggregate', aggregations: ['max'] },
              },
            },
          })
          .withTransformation({
            id: 'organize',
            options: {
              excludeByName: {},
              indexByName: {},
              renameByName: { 'Id (count)': 'How many', 'Score (max)': 'Highest score' },
            },
          })
          .withTransformation({ id: 'sortBy', options: { sort: [{ field: 'How many', desc: true }] } })
          .overrideByName('How many', [
            properties.gauge(),
            properties.min(0),
            properties.colour(colours.warning),
          ])
          .overrideByName('Highest score', [properties.unit('percentunit'), properties.decimals(0)]),
      ),
    ),
    line(
      8,
      place(
        7,
        24,
        new StateTimeline()
          .title('When')
          .description('When anomalies of each severity lasted; the number is how many at a time.')
          .datasource(dataSource)
          .unit('short')
          .decimals(0)
          .noValue('No anomalies')
          .rowHeight(0.8)
          .disablePagination()
          .mergeValues(true)
          .fillOpacity(80)
          .legend(listLegend().showLegend(false))
          .mappings([wordMapping({ 0: { text: ' ', colour: 'rgba(128, 128, 128, 0.12)' } })])
          .overrides(severityOverrides)
          .withTarget(weirQuery({ kind: 'anomalies', anomalyView: 'count', ...chosen })),
      ),
    ),
    line(
      16,
      place(
        8,
        24,
        anomalyTable(
          'Anomalies',
          'Each anomaly of this range; its title leads to the flows that it was seen in, hosts to their pages.',
          { ...chosen, limit: 500 },
          [
            'severity',
            'state',
            'opened',
            'closed',
            'type',
            'title',
            'source_ip',
            'destination_ip',
            'exporter_name',
            'value',
            'score',
          ],
        ).filterable(true),
      ),
    ),
    collapsed(
      20,
      'Evidence',
      line(
        14,
        place(
          21,
          24,
          anomalyTable(
            'Descriptions and evidence',
            'What was seen and what to look at, with the filter of the flows and the numbers behind it.',
            { ...chosen, limit: 200 },
            [
              'severity',
              'opened',
              'title',
              'description',
              'metric',
              'value',
              'baseline',
              'threshold',
              'flow_filter',
              'evidence',
            ],
          )
            .inspect(true)
            .overrideByRegexp('/^(Title|Description|Flow filter|Evidence)$/', [properties.wrapped()]),
        ),
      ),
    ),
  ],
});
