import { anomalyTable } from './build/anomaly-table.ts';
import { colours, severityColours } from './build/colours.ts';
import { dashboardOf } from './build/dashboard.ts';
import { line, place } from './build/layout.ts';
import { cell, drillDown, filterOn, label } from './build/links.ts';
import { uids } from './build/names.ts';
import { properties } from './build/panel-parts.ts';
import { bars, graph, judged, sideLegend, stat } from './build/panels.ts';
import { exporterCount } from './build/exporter-count.ts';
import { topTable } from './build/top-table.ts';
import { dataSourceVariable, exporterVariable, filtersVariable, insideVariable } from './build/variables.ts';
import { weirQuery } from './build/weir-query.ts';

const filter = 'exporter in ($exporter)';
const incoming = `${filter} and destination in (\${inside:raw}) and not source in (\${inside:raw})`;
const outgoing = `${filter} and source in (\${inside:raw}) and not destination in (\${inside:raw})`;

const toHost = (field: string, name: string): ReturnType<typeof drillDown>[] => [
  drillDown(uids.host, `Host ${name}`, { host: cell(field) }),
  drillDown(uids.flows, `Flows of ${name}`, { host: cell(field) }),
];

/** The whole network at a glance: what a wallboard shows. */
export const nocOverview = dashboardOf({
  uid: uids.overview,
  title: 'NOC overview',
  description: 'The whole network at a glance: how much, by whom, through what, and what is not as usual.',
  from: 'now-1h',
  refresh: '30s',
  variables: [dataSourceVariable(), exporterVariable(), insideVariable(), filtersVariable()],
  next: [uids.topTalkers, uids.interfaces, uids.exporters, uids.anomalies],
  marksAnomalies: {},
  // As high as a screen of 1080 lines in kiosk mode: a wallboard does not scroll.
  parts: [
    line(
      3,
      place(
        2,
        4,
        stat('Traffic', 'Bits a second through all exporters, sampling corrected.', 'bps').withTarget(
          weirQuery({ filter }),
        ),
      ),
      place(
        3,
        4,
        stat(
          'Packets',
          'Packets a second through all exporters, sampling corrected.',
          'pps',
          'purple',
        ).withTarget(weirQuery({ filter, metric: 'packets_per_second' })),
      ),
      place(
        4,
        4,
        stat('Flows', 'Flow records a second, as received.', 'fps', 'semi-dark-orange').withTarget(
          weirQuery({ filter, metric: 'flows_per_second' }),
        ),
      ),
      place(
        5,
        3,
        exporterCount('Exporters up', 'Exporters that sent flows in the last five minutes.', 'up', filter),
      ),
      place(
        6,
        2,
        exporterCount(
          'Silent',
          'Exporters that sent flows within this range, and none in the last five minutes.',
          'silent',
          filter,
        ),
      ),
      place(
        7,
        3,
        judged(
          'Worst loss',
          'Records lost in percent of those announced: the exporter that loses most.',
          'percent',
          [
            [null, colours.good],
            [0.1, colours.notice],
            [1, colours.bad],
          ],
        )
          .decimals(2)
          .min(0)
          .noValue('0 %')
          .withTarget(weirQuery({ kind: 'exporters', exporterView: 'losses', filter, limit: 200 }))
          .withTransformation({ id: 'joinByField', options: { byField: 'time', mode: 'outer' } })
          .withTransformation({
            id: 'calculateField',
            options: {
              mode: 'reduceRow',
              reduce: { reducer: 'max', include: [] },
              replaceFields: true,
              alias: 'Worst loss',
            },
          })
          .dataLinks([]),
      ),
      place(
        8,
        4,
        stat('Open anomalies', 'Anomalies that are open now, by severity.', 'short', colours.good)
          .textMode('value_and_name' as never)
          .noValue('None')
          .decimals(0)
          .withTarget(weirQuery({ kind: 'anomalies', anomalyView: 'count', states: ['open'], filter }))
          .overrideByName('critical', [properties.colour(severityColours.critical)])
          .overrideByName('high', [properties.colour(severityColours.high)])
          .overrideByName('medium', [properties.colour(severityColours.medium)])
          .overrideByName('low', [properties.colour(severityColours.low)]),
      ),
    ),
    line(
      8,
      place(
        1,
        12,
        graph('Traffic by exporter', 'Bits a second by exporter, one on the other.', 'bps', true)
          .withTarget(weirQuery({ filter, dimensions: ['exporter'], limit: 12 }))
          .dataLinks([])
          .overrideByRegexp('/.*/', [
            properties.links([
              drillDown(uids.interfaces, 'Interfaces of ${__field.labels.exporter}', {
                exporter: label('exporter'),
              }),
              drillDown(uids.topTalkers, 'Top talkers through ${__field.labels.exporter}', {
                exporter: label('exporter'),
              }),
            ]),
          ]),
      ),
      place(
        9,
        12,
        graph(
          'Into and out of the network',
          'Traffic into (above) and out of (below) your own prefixes, and what it was the same span of time before (dashed).',
          'bps',
        )
          .withTarget(weirQuery({ refId: 'A', filter: incoming, legend: 'In', previousPeriod: true }))
          .withTarget(weirQuery({ refId: 'B', filter: outgoing, legend: 'Out', previousPeriod: true }))
          .legend(sideLegend())
          .fillOpacity(20)
          .axisCenteredZero(false)
          .overrideByQuery('B', [properties.below()])
          .overrideByRegexp('/^In/', [properties.colour(colours.in)])
          .overrideByRegexp('/^Out/', [properties.colour(colours.out)])
          .overrideByRegexp('/previous/', [properties.dashed(), properties.noFill()]),
      ),
    ),
    line(
      7,
      place(
        10,
        12,
        graph('Top applications', 'Bits a second of the applications that carry most.', 'bps', true)
          .withTarget(weirQuery({ filter, dimensions: ['application'], limit: 8 }))
          .overrideByRegexp('/.*/', [
            properties.links([
              drillDown(uids.applications, 'Applications and quality'),
              drillDown(
                uids.flows,
                'Flows of ${__field.labels.application}',
                filterOn('application', label('application')),
              ),
            ]),
          ]),
      ),
      place(
        13,
        12,
        bars(
          'Busiest interfaces',
          'Mean use of the fullest interfaces in percent of their speed, in and out.',
          'percent',
          [
            [null, colours.good],
            [50, colours.notice],
            [80, colours.warning],
            [95, colours.bad],
          ],
          'mean',
        )
          .max(100)
          .decimals(1)
          .withTarget(
            weirQuery({
              refId: 'A',
              filter,
              metric: 'utilization',
              dimensions: ['exporter', 'input_interface'],
              limit: 5,
              other: false,
              legend: '{{exporter}} {{input_interface}} in',
            }),
          )
          .withTarget(
            weirQuery({
              refId: 'B',
              filter,
              metric: 'utilization',
              dimensions: ['exporter', 'output_interface'],
              limit: 5,
              other: false,
              legend: '{{exporter}} {{output_interface}} out',
            }),
          )
          .dataLinks([])
          .overrideByRegexp('/.*/', [
            properties.links([
              drillDown(uids.interfaces, 'Interfaces of ${__field.labels.exporter}', {
                exporter: label('exporter'),
              }),
            ]),
          ]),
      ),
    ),
    line(
      8,
      place(
        11,
        8,
        topTable(
          'Top sources',
          'Hosts that send most, with their share of all traffic.',
          { filter, dimensions: ['source_ip'], limit: 10 },
          { show: ['share'], links: { source_ip: toHost('source_ip', '${__value.text}') } },
        ),
      ),
      place(
        12,
        8,
        topTable(
          'Top destinations',
          'Hosts that are sent most, with their share of all traffic.',
          { filter, dimensions: ['destination_ip'], limit: 10 },
          {
            show: ['share'],
            links: { destination_ip: toHost('destination_ip', '${__value.text}') },
          },
        ),
      ),
      place(
        14,
        8,
        anomalyTable(
          'Latest anomalies',
          'What was unusual in this range, the newest first.',
          { filter, limit: 20 },
          ['severity', 'lasted', 'title'],
        ),
      ),
    ),
  ],
});
