import { dashboardOf } from './build/dashboard.ts';
import { line, place, section } from './build/layout.ts';
import { cell, drillDown, filterOn, label } from './build/links.ts';
import { uids } from './build/names.ts';
import { properties } from './build/panel-parts.ts';
import { graph, shares } from './build/panels.ts';
import { topTable } from './build/top-table.ts';
import { dataSourceVariable, exporterVariable, filtersVariable, metricVariable } from './build/variables.ts';
import { weirQuery } from './build/weir-query.ts';

const filter = 'exporter in ($exporter)';
const asked = { filter, metric: '$metric' } as const;

const toFlows = (field: string): ReturnType<typeof drillDown>[] => [
  drillDown(uids.conversations, 'Conversations of ${__value.text}', filterOn(field, cell(field))),
  drillDown(uids.flows, 'Flows of ${__value.text}', filterOn(field, cell(field))),
];
const seriesToFlows = (field: string): ReturnType<typeof drillDown>[] => [
  drillDown(
    uids.conversations,
    `Conversations of \${__field.labels.${field}}`,
    filterOn(field, label(field)),
  ),
  drillDown(uids.flows, `Flows of \${__field.labels.${field}}`, filterOn(field, label(field))),
];

export const applicationsAndQos = dashboardOf({
  uid: uids.applications,
  title: 'Applications and quality of service',
  description:
    'What the traffic is: applications, services, protocols and classes of service, and how well it goes.',
  from: 'now-3h',
  refresh: '1m',
  variables: [dataSourceVariable(), exporterVariable(), metricVariable(), filtersVariable()],
  next: [uids.overview, uids.topTalkers, uids.conversations, uids.flows],
  marksAnomalies: {},
  parts: [
    line(
      10,
      place(
        1,
        16,
        graph('Applications', 'Traffic of the applications that carry most, and all others.', 'bps', true)
          .withTarget(weirQuery({ ...asked, dimensions: ['application'], limit: 10 }))
          .overrideByRegexp('/.*/', [properties.links(seriesToFlows('application'))]),
      ),
      place(
        2,
        8,
        shares('Protocols', 'Traffic by IP protocol.', 'bps').withTarget(
          weirQuery({ ...asked, dimensions: ['protocol'], limit: 6 }),
        ),
      ),
    ),
    line(
      12,
      place(
        3,
        12,
        topTable(
          'Top applications',
          'Applications by traffic, with share, peak and total.',
          { ...asked, dimensions: ['application'], limit: 20 },
          { show: ['share', 'max', 'total'], links: { application: toFlows('application') } },
        ),
      ),
      place(
        4,
        12,
        topTable(
          'Top services',
          'Protocol and service port, the lower of the two: what exporters do not name.',
          { ...asked, dimensions: ['protocol', 'service'], limit: 20 },
          { show: ['share', 'max', 'total'], links: { service: toFlows('service') } },
        ),
      ),
    ),
    section(
      10,
      'Classes of service',
      line(
        9,
        place(
          11,
          12,
          graph('DSCP', 'Traffic by differentiated services code point.', 'bps', true)
            .withTarget(weirQuery({ ...asked, dimensions: ['dscp'], limit: 8 }))
            .overrideByRegexp('/.*/', [properties.links(seriesToFlows('dscp'))]),
        ),
        place(
          12,
          12,
          graph(
            'TCP flags',
            'TCP flow records a second by the flags seen in them: many with SYN alone mean scans or floods.',
            'fps',
            true,
          )
            .withTarget(
              weirQuery({
                filter: `${filter} and protocol = tcp`,
                metric: 'flows_per_second',
                dimensions: ['tcp_flags'],
                limit: 8,
              }),
            )
            .overrideByRegexp('/.*/', [properties.links(seriesToFlows('tcp_flags'))]),
        ),
      ),
    ),
    section(
      30,
      'Quality',
      line(
        9,
        place(
          31,
          8,
          graph(
            'Packet size',
            'Mean octets of a packet by application: small packets are calls, queries and floods.',
            'decbytes',
          ).withTarget(
            weirQuery({ filter, metric: 'packet_size', dimensions: ['application'], limit: 6, other: false }),
          ),
        ),
        place(
          32,
          8,
          graph(
            'TCP round trip',
            'Mean TCP round-trip time by destination network, of the flows that tell it.',
            'µs',
          ).withTarget(
            weirQuery({
              filter,
              metric: 'tcp_rtt',
              dimensions: ['destination_network'],
              limit: 6,
              other: false,
            }),
          ),
        ),
        place(
          33,
          8,
          graph(
            'Server response',
            'Mean time that servers take to answer, by application, of the flows that tell it.',
            'µs',
          ).withTarget(
            weirQuery({
              filter,
              metric: 'server_response',
              dimensions: ['application'],
              limit: 6,
              other: false,
            }),
          ),
        ),
      ),
      line(
        9,
        place(
          34,
          12,
          graph('Retransmissions', 'Retransmitted packets in percent of all, by application.', 'percent')
            .min(0)
            .withTarget(
              weirQuery({
                filter,
                metric: 'retransmission_rate',
                dimensions: ['application'],
                limit: 6,
                other: false,
              }),
            ),
        ),
        place(
          35,
          12,
          graph(
            'Dropped by exporters',
            'Packets a second that exporters say they dropped, by exporter.',
            'pps',
          )
            .min(0)
            .withTarget(
              weirQuery({
                filter,
                metric: 'dropped_packets_per_second',
                dimensions: ['exporter'],
                limit: 10,
              }),
            ),
        ),
      ),
    ),
  ],
});
