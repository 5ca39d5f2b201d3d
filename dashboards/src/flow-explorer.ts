import { PanelBuilder as Logs } from '@grafana/grafana-foundation-sdk/logs';
import { LogsDedupStrategy, LogsSortOrder } from '@grafana/grafana-foundation-sdk/common';
import { TextBoxVariableBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboardOf } from './build/dashboard.ts';
import { flowTable } from './build/flow-table.ts';
import { line, place } from './build/layout.ts';
import { uids } from './build/names.ts';
import { graph, listLegend, shares } from './build/panels.ts';
import { dataSourceVariable, exporterVariable, filtersVariable, hostVariable } from './build/variables.ts';
import { dataSource, weirQuery } from './build/weir-query.ts';

/** All flows, in the filter language: a place in a filter cannot be left empty. */
const EVERYTHING = 'exporter = ::/0';

const filter = 'exporter in ($exporter) and host = $host and (${filter:raw})';

export const flowExplorer = dashboardOf({
  uid: uids.flows,
  title: 'Flow explorer',
  description:
    'Single flow records: narrowed by host, filter and clicks, as a table and as lines that can follow live.',
  from: 'now-15m',
  refresh: '1m',
  variables: [
    dataSourceVariable(),
    exporterVariable(),
    hostVariable(),
    new TextBoxVariableBuilder('filter')
      .label('Filter')
      .description(`In the filter language: port = 443 and not country = DE. ${EVERYTHING} is everything.`)
      .defaultValue(EVERYTHING)
      .current({ text: EVERYTHING, value: EVERYTHING }),
    filtersVariable(),
  ],
  next: [uids.topTalkers, uids.host, uids.conversations, uids.anomalies],
  marksAnomalies: {},
  parts: [
    line(
      8,
      place(
        1,
        12,
        graph('Flows over time', 'Flow records a second that match, by protocol.', 'fps', true)
          .legend(listLegend())
          .withTarget(
            weirQuery({
              filter,
              metric: 'flows_per_second',
              minInterval: 1,
              dimensions: ['protocol'],
              limit: 6,
            }),
          ),
      ),
      place(
        2,
        6,
        shares('Applications', 'What the matching traffic is.', 'bps').withTarget(
          weirQuery({ filter, dimensions: ['application'], limit: 6 }),
        ),
      ),
      place(
        3,
        6,
        shares('Exporters', 'Who saw the matching traffic.', 'bps').withTarget(
          weirQuery({ filter, dimensions: ['exporter'], limit: 6 }),
        ),
      ),
    ),
    line(
      16,
      place(
        4,
        24,
        flowTable(
          'Flow records',
          'The newest records that match; the funnel in a column’s head filters, a host leads to its page.',
          { filter, limit: 500 },
        ),
      ),
    ),
    line(
      14,
      place(
        5,
        24,
        new Logs()
          .title('Live')
          .description('Flows as they come: the newest first, each unfolds to all that is known of it.')
          .datasource(dataSource)
          .noValue('No flows')
          .showTime(true)
          .showLabels(false)
          .showCommonLabels(false)
          .wrapLogMessage(false)
          .prettifyLogMessage(false)
          .enableLogDetails(true)
          .dedupStrategy(LogsDedupStrategy.None)
          .sortOrder(LogsSortOrder.Descending)
          .withTarget(weirQuery({ kind: 'flows', filter, limit: 200, live: true })),
      ),
    ),
  ],
});
