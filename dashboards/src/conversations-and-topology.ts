import { dashboardOf } from './build/dashboard.ts';
import { collapsed, line, place } from './build/layout.ts';
import { cell, drillDown, filterOn } from './build/links.ts';
import { uids } from './build/names.ts';
import { graph, sideLegend } from './build/panels.ts';
import { topTable } from './build/top-table.ts';
import {
  dataSourceVariable,
  exporterVariable,
  filtersVariable,
  metricVariable,
  nodeVariable,
  topVariable,
} from './build/variables.ts';
import { nodeGraph, sankey, topology } from './build/weir-panels.ts';
import { weirQuery } from './build/weir-query.ts';

const filter = 'exporter in ($exporter)';
const asked = { filter, metric: '$metric', limit: '$top' } as const;
const map = { filter, metric: '$metric', node: '$node', limit: 60 } as const;
const path = ['source_ip', 'application', 'destination_ip'] as const;

const toHost = (field: string): ReturnType<typeof drillDown>[] => [
  drillDown(uids.host, 'Host ${__value.text}', { host: cell(field) }),
  drillDown(uids.flows, 'Flows of ${__value.text}', { host: cell(field) }),
];

export const conversationsAndTopology = dashboardOf({
  uid: uids.conversations,
  title: 'Conversations and topology',
  description: 'Who talks to whom and through what: as streams, as a map, and as tables.',
  from: 'now-1h',
  refresh: '1m',
  variables: [
    dataSourceVariable(),
    exporterVariable(),
    metricVariable(),
    topVariable(),
    nodeVariable(),
    filtersVariable(),
  ],
  next: [uids.topTalkers, uids.geography, uids.host, uids.flows],
  parts: [
    line(
      16,
      place(
        1,
        24,
        sankey(
          'Conversations',
          'Source, application, destination: as broad as the traffic. A click on a name filters the dashboard by it.',
          { ...asked, dimensions: path },
          'bps',
        ),
      ),
    ),
    line(
      18,
      place(
        2,
        16,
        topology(
          'Topology',
          'Nodes and the traffic between them; positions stay as they are from refresh to refresh. A click filters.',
          map,
          'bps',
        ),
      ),
      place(
        3,
        8,
        topTable(
          'Top pairs',
          'Pairs of hosts that exchange most.',
          { filter, metric: '$metric', limit: 16, dimensions: ['source_ip', 'destination_ip'] },
          {
            show: [],
            links: {
              source_ip: [
                ...toHost('source_ip'),
                drillDown(uids.flows, 'Flows of the pair', {
                  host: cell('source_ip'),
                  ...filterOn('host', cell('destination_ip')),
                }),
              ],
              destination_ip: toHost('destination_ip'),
            },
          },
        ),
      ),
    ),
    line(
      14,
      place(
        4,
        12,
        sankey(
          'Between networks',
          'Traffic from network to network, as the collector’s configuration names them.',
          { ...asked, dimensions: ['source_network', 'destination_network'] },
          'bps',
        ),
      ),
      place(
        5,
        12,
        graph('Conversations over time', 'The pairs that exchange most, and all others.', 'bps', true)
          .legend(sideLegend(['mean'], 360))
          .withTarget(weirQuery({ ...asked, dimensions: ['source_ip', 'destination_ip'] })),
      ),
    ),
    collapsed(
      20,
      'Without Weir’s panels',
      line(
        18,
        place(
          21,
          14,
          nodeGraph('Topology, as a node graph', 'The same map by Grafana’s own panel.', map, 'bps'),
        ),
        place(
          22,
          10,
          topTable(
            'Conversations, as a table',
            'The same streams as above, for a Grafana without Weir’s panels.',
            { ...asked, dimensions: [...path] },
            {
              show: ['share'],
              links: { source_ip: toHost('source_ip'), destination_ip: toHost('destination_ip') },
            },
          ),
        ),
      ),
      line(
        11,
        place(
          23,
          24,
          topTable(
            'Between networks, as a table',
            'The same streams between networks, for a Grafana without Weir’s panels.',
            { ...asked, dimensions: ['source_network', 'destination_network'] },
            { show: ['share', 'p95', 'max', 'total'] },
          ),
        ),
      ),
    ),
  ],
});
