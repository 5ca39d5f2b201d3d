import { TextBoxVariableBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { anomalyTable, evidenceTable, largestFlowsTable } from './build/anomaly-table.ts';
import { dashboardOf } from './build/dashboard.ts';
import { line, place } from './build/layout.ts';
import { uids } from './build/names.ts';
import { properties } from './build/panel-parts.ts';
import { graph, listLegend } from './build/panels.ts';
import { dataSourceVariable, exporterVariable, filtersVariable } from './build/variables.ts';
import { weirQuery } from './build/weir-query.ts';

/** A place in a filter cannot be left empty: this is all flows. */
const EVERYTHING = 'exporter = ::/0';

const one = { anomalyIds: ['$anomaly'], limit: 5 } as const;
const flows = 'exporter in ($exporter) and (${filter:raw})';
/** What is over in minutes is looked at closely. */
const CLOSELY = { minInterval: 10, limit: 8 } as const;

function idVariable(name: string, label: string, description: string): TextBoxVariableBuilder {
  return new TextBoxVariableBuilder(name)
    .label(label)
    .description(description)
    .defaultValue('')
    .current({ text: '', value: '' });
}

/** Where a click on an anomaly and a link in an alert lead: all that is known of one, at its time. */
export const anomaly = dashboardOf({
  uid: uids.anomaly,
  title: 'Anomaly',
  description:
    'One anomaly: what was measured, on what it rests, its flows, and what belongs to the same story.',
  from: 'now-6h',
  refresh: '1m',
  variables: [
    dataSourceVariable(),
    idVariable('anomaly', 'Anomaly', 'The id of an anomaly; the newest ones where it is empty.'),
    idVariable('story', 'Story', 'The id of its story; all anomalies of the range where it is empty.'),
    new TextBoxVariableBuilder('filter')
      .label('Its flows')
      .description(`In the filter language: the flows that it was seen in. ${EVERYTHING} is everything.`)
      .defaultValue(EVERYTHING)
      .current({ text: EVERYTHING, value: EVERYTHING }),
    exporterVariable(),
    filtersVariable(),
  ],
  next: [uids.anomalies, uids.host, uids.flows],
  marksAnomalies: { anomalyIds: ['$anomaly'] },
  parts: [
    line(
      4,
      place(
        1,
        24,
        anomalyTable('What', 'How bad it is, since when, who and whom, and how far from usual.', one, [
          'severity',
          'state',
          'type',
          'title',
          'opened',
          'lasted',
          'source_ip',
          'destination_ip',
          'service',
          'technique',
        ]).overrideByName('Technique', [properties.width(230)]),
      ),
    ),
    line(
      14,
      place(
        2,
        12,
        evidenceTable(
          'Evidence',
          'What was measured against what is usual, who contributed most, ports, and the parameters that decided.',
          one,
          false,
        ),
      ),
      place(
        3,
        12,
        graph('Its traffic, by source', 'Bits a second of the flows that it was seen in.', 'bps', true)
          .legend(listLegend())
          .withTarget(weirQuery({ ...CLOSELY, filter: flows, dimensions: ['source_ip'] })),
      ),
    ),
    line(
      9,
      place(
        4,
        12,
        largestFlowsTable(
          'Largest flows',
          'The ten largest, recorded soon after it was opened.',
          one,
        ).overrideByRegexp('/^(TCP flags|Duration|Sampled 1 in|Exporter)$/', [
          properties.hidden(),
          properties.hiddenFromView(),
        ]),
      ),
      place(
        5,
        12,
        graph('Its flows, by destination', 'Flow records a second that it was seen in.', 'fps', true)
          .legend(listLegend())
          .withTarget(
            weirQuery({
              ...CLOSELY,
              filter: flows,
              metric: 'flows_per_second',
              dimensions: ['destination_ip'],
            }),
          ),
      ),
    ),
    line(
      7,
      place(
        6,
        24,
        anomalyTable(
          'Its story',
          'Anomalies that belong together, this one among them: what came before, what after.',
          { stories: ['$story'], limit: 100 },
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
          ],
        ),
      ),
    ),
  ],
});
