import { anomalyTable } from './build/anomaly-table.ts';
import { colours } from './build/colours.ts';
import { dashboardOf } from './build/dashboard.ts';
import { flowTable } from './build/flow-table.ts';
import { collapsed, line, place } from './build/layout.ts';
import { cell, drillDown, filterOn } from './build/links.ts';
import { uids } from './build/names.ts';
import { properties } from './build/panel-parts.ts';
import { graph, judged, shares, stat } from './build/panels.ts';
import { topTable } from './build/top-table.ts';
import { dataSourceVariable, exporterVariable, filtersVariable, hostVariable } from './build/variables.ts';
import { weirQuery } from './build/weir-query.ts';

const either = 'exporter in ($exporter) and host = $host';
const sent = 'exporter in ($exporter) and source = $host';
const received = 'exporter in ($exporter) and destination = $host';

const toPeer = (field: string): ReturnType<typeof drillDown>[] => [
  drillDown(uids.host, 'Host ${__value.text}', { host: cell(field) }),
  drillDown(uids.flows, 'Flows between the two', { ...filterOn('host', cell(field)) }, ['host']),
];

export const host = dashboardOf({
  uid: uids.host,
  title: 'Host',
  description:
    'One host or prefix: what it sends and receives, with whom, through which services, and what is odd about it.',
  from: 'now-3h',
  refresh: '1m',
  variables: [dataSourceVariable(), hostVariable(), exporterVariable(), filtersVariable()],
  next: [uids.topTalkers, uids.conversations, uids.flows, uids.anomalies],
  marksAnomalies: { filter: 'host = $host', severities: ['medium', 'high', 'critical'] },
  parts: [
    line(
      4,
      place(
        2,
        4,
        stat('Sent', 'Bits a second that $host sends.', 'bps', colours.out).withTarget(
          weirQuery({ filter: sent }),
        ),
      ),
      place(
        3,
        4,
        stat('Received', 'Bits a second that $host is sent.', 'bps', colours.in).withTarget(
          weirQuery({ filter: received }),
        ),
      ),
      place(
        4,
        4,
        stat('Flows', 'Flow records a second in which $host has part.', 'fps', 'semi-dark-orange').withTarget(
          weirQuery({ filter: either, metric: 'flows_per_second' }),
        ),
      ),
      place(
        5,
        4,
        stat('Peers reached', 'How many hosts $host sends to, at a time.', 'short', 'purple').withTarget(
          weirQuery({ filter: sent, metric: 'unique_destinations' }),
        ),
      ),
      place(
        6,
        4,
        stat('Peers that reach it', 'How many hosts send to $host, at a time.', 'short', 'purple').withTarget(
          weirQuery({ filter: received, metric: 'unique_sources' }),
        ),
      ),
      place(
        7,
        4,
        judged('Open anomalies', 'Anomalies that $host has part in and that are open now.', 'short', [
          [null, colours.good],
          [1, colours.bad],
        ])
          .decimals(0)
          .noValue('None')
          .withTarget(
            weirQuery({ kind: 'anomalies', anomalyView: 'count', states: ['open'], filter: 'host = $host' }),
          ),
      ),
    ),
    line(
      11,
      place(
        1,
        16,
        graph('Traffic', 'What $host sends (above) and is sent (below).', 'bps')
          .fillOpacity(25)
          .withTarget(weirQuery({ refId: 'A', filter: sent, legend: 'Sent', previousPeriod: true }))
          .withTarget(weirQuery({ refId: 'B', filter: received, legend: 'Received', previousPeriod: true }))
          .overrideByQuery('B', [properties.below()])
          .overrideByRegexp('/^Sent/', [properties.colour(colours.out)])
          .overrideByRegexp('/^Received/', [properties.colour(colours.in)])
          .overrideByRegexp('/previous/', [properties.dashed(), properties.noFill()]),
      ),
      place(
        8,
        8,
        shares('Applications', 'What the traffic of $host is.', 'bps').withTarget(
          weirQuery({ filter: either, dimensions: ['application'], limit: 8 }),
        ),
      ),
    ),
    line(
      12,
      place(
        9,
        12,
        topTable(
          'Peers it sends to',
          'Hosts that $host sends most to.',
          { filter: sent, dimensions: ['destination_ip'], limit: 10 },
          {
            show: ['share', 'max', 'total'],
            links: { destination_ip: toPeer('destination_ip') },
          },
        ),
      ),
      place(
        10,
        12,
        topTable(
          'Peers that send to it',
          'Hosts that send most to $host.',
          { filter: received, dimensions: ['source_ip'], limit: 10 },
          { show: ['share', 'max', 'total'], links: { source_ip: toPeer('source_ip') } },
        ),
      ),
    ),
    line(
      11,
      place(
        11,
        12,
        graph(
          'Services over time',
          'Traffic of $host by service port, the lower of the two.',
          'bps',
          true,
        ).withTarget(weirQuery({ filter: either, dimensions: ['protocol', 'service'], limit: 8 })),
      ),
      place(
        12,
        12,
        topTable(
          'Services',
          'Service ports in the traffic of $host.',
          { filter: either, dimensions: ['protocol', 'service', 'application'], limit: 10 },
          {
            show: ['share', 'total'],
            links: {
              service: [
                drillDown(
                  uids.flows,
                  'Flows of port ${__value.text}',
                  { ...filterOn('service', cell('service')) },
                  ['host'],
                ),
              ],
            },
          },
        ),
      ),
    ),
    line(
      8,
      place(
        13,
        24,
        anomalyTable(
          'Anomalies',
          'What was unusual about $host in this range.',
          { filter: 'host = $host', limit: 50 },
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
        ),
      ),
    ),
    collapsed(
      20,
      'Flow records (reads single flows: expensive)',
      line(
        14,
        place(
          21,
          24,
          flowTable('Flows', 'The newest flow records of $host.', { filter: either, limit: 200 }),
        ),
      ),
    ),
  ],
});
