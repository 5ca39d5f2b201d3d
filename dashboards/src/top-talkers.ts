import { dashboardOf } from './build/dashboard.ts';
import { collapsed, line, place } from './build/layout.ts';
import { cell, drillDown, filterOn, label } from './build/links.ts';
import { uids } from './build/names.ts';
import { properties } from './build/panel-parts.ts';
import { graph, shares } from './build/panels.ts';
import { topTable } from './build/top-table.ts';
import {
  dataSourceVariable,
  exporterVariable,
  filtersVariable,
  interfaceVariable,
  metricVariable,
  topVariable,
} from './build/variables.ts';
import { weirQuery } from './build/weir-query.ts';

const filter = 'exporter in ($exporter) and interface in ($interface)';
const asked = { filter, metric: '$metric', limit: '$top' } as const;

const toHost = (field: string): ReturnType<typeof drillDown>[] => [
  drillDown(uids.host, 'Host ${__value.text}', { host: cell(field) }),
  drillDown(uids.flows, 'Flows of ${__value.text}', { host: cell(field) }),
];
const hostOfSeries = (name: string): ReturnType<typeof drillDown>[] => [
  drillDown(uids.host, `Host \${__field.labels.${name}}`, { host: label(name) }),
  drillDown(uids.flows, `Flows of \${__field.labels.${name}}`, { host: label(name) }),
];

export const topTalkers = dashboardOf({
  uid: uids.topTalkers,
  title: 'Top talkers',
  description: 'Who talks most: hosts, networks, services and pairs, by bits, packets or flows.',
  from: 'now-1h',
  refresh: '1m',
  variables: [
    dataSourceVariable(),
    exporterVariable(),
    interfaceVariable(),
    metricVariable(),
    topVariable(),
    filtersVariable(),
  ],
  next: [uids.overview, uids.host, uids.conversations, uids.flows],
  marksAnomalies: {},
  parts: [
    line(
      10,
      place(
        1,
        12,
        graph('Top sources over time', 'The hosts that send most, and all others.', 'bps', true)
          .withTarget(weirQuery({ ...asked, dimensions: ['source_ip'] }))
          .overrideByRegexp('/.*/', [properties.links(hostOfSeries('source_ip'))]),
      ),
      place(
        2,
        12,
        graph('Top destinations over time', 'The hosts that are sent most, and all others.', 'bps', true)
          .withTarget(weirQuery({ ...asked, dimensions: ['destination_ip'] }))
          .overrideByRegexp('/.*/', [properties.links(hostOfSeries('destination_ip'))]),
      ),
    ),
    line(
      12,
      place(
        3,
        12,
        topTable(
          'Top sources',
          'Hosts that send most: share, peak, 95th percentile and total.',
          { ...asked, dimensions: ['source_ip'] },
          { show: ['share', 'max', 'p95', 'total'], links: { source_ip: toHost('source_ip') } },
        ),
      ),
      place(
        4,
        12,
        topTable(
          'Top destinations',
          'Hosts that are sent most: share, peak, 95th percentile and total.',
          { ...asked, dimensions: ['destination_ip'] },
          {
            show: ['share', 'max', 'p95', 'total'],
            links: { destination_ip: toHost('destination_ip') },
          },
        ),
      ),
    ),
    line(
      12,
      place(
        5,
        12,
        topTable(
          'Top conversations',
          'Pairs of hosts that exchange most; a click leads to their flows.',
          { ...asked, dimensions: ['source_ip', 'destination_ip'] },
          {
            show: ['share', 'total'],
            links: {
              source_ip: [
                drillDown(uids.host, 'Host ${__value.text}', { host: cell('source_ip') }),
                drillDown(uids.flows, 'Flows of the pair', {
                  host: cell('source_ip'),
                  ...filterOn('host', cell('destination_ip')),
                }),
              ],
              destination_ip: [
                drillDown(uids.host, 'Host ${__value.text}', { host: cell('destination_ip') }),
              ],
            },
          },
        ),
      ),
      place(
        6,
        6,
        shares('Applications', 'What the traffic is, as exporters or enrichment name it.', 'bps').withTarget(
          weirQuery({ ...asked, dimensions: ['application'] }),
        ),
      ),
      place(
        7,
        6,
        shares('Services', 'Traffic by service port, the lower of the two.', 'bps').withTarget(
          weirQuery({ ...asked, dimensions: ['service'] }),
        ),
      ),
    ),
    line(
      11,
      place(
        8,
        12,
        topTable(
          'Top source networks',
          'Sources cut to /24 and /48: many small talkers of one network together.',
          { ...asked, dimensions: ['source_ip'], prefix4: 24, prefix6: 48 },
          {
            show: ['share', 'max', 'total'],
            heads: { source_ip: 'Source network' },
            links: { source_ip: toHost('source_ip') },
          },
        ),
      ),
      place(
        9,
        12,
        topTable(
          'Top named networks',
          'Traffic from network to network, as the collector’s configuration names them.',
          { ...asked, dimensions: ['source_network', 'destination_network'] },
          {
            show: ['share', 'total'],
            links: {
              source_network: [
                drillDown(
                  uids.conversations,
                  'Conversations from ${__value.text}',
                  filterOn('source_network', cell('source_network')),
                ),
              ],
            },
          },
        ),
      ),
    ),
    collapsed(
      20,
      'Who reaches many (reads single flows: expensive)',
      line(
        11,
        place(
          21,
          12,
          topTable(
            'Most destinations',
            'Sources by how many different hosts they sent to: scanners, resolvers and proxies lead.',
            { filter, limit: '$top', metric: 'unique_destinations', dimensions: ['source_ip'] },
            { show: ['max'], links: { source_ip: toHost('source_ip') } },
          ),
        ),
        place(
          22,
          12,
          topTable(
            'Most ports',
            'Sources by how many different destination ports they tried.',
            { filter, limit: '$top', metric: 'unique_ports', dimensions: ['source_ip'] },
            { show: ['max'], links: { source_ip: toHost('source_ip') } },
          ),
        ),
      ),
    ),
  ],
});
