import { colours } from './build/colours.ts';
import { dashboardOf } from './build/dashboard.ts';
import { exporterCount } from './build/exporter-count.ts';
import { line, place, section } from './build/layout.ts';
import { cell, drillDown, label } from './build/links.ts';
import { uids } from './build/names.ts';
import { properties } from './build/panel-parts.ts';
import { graph, judged, listLegend, stat, table } from './build/panels.ts';
import { dataSourceVariable, exporterVariable, filtersVariable } from './build/variables.ts';
import { weirQuery } from './build/weir-query.ts';

const filter = 'exporter in ($exporter)';

/** All exporters as one series. */
const totalOfSeries = [
  { id: 'joinByField', options: { byField: 'time', mode: 'outer' } },
  {
    id: 'calculateField',
    options: {
      mode: 'reduceRow',
      reduce: { reducer: 'sum', include: [] },
      replaceFields: true,
      alias: 'All',
    },
  },
] as const;

/** One measure of the ledger by exporter, a minute or more a bucket. */
function measure(
  title: string,
  description: string,
  ledgerMeasure: string,
  noneMeans: string,
): ReturnType<typeof graph> {
  return graph(title, description, 'short')
    .min(0)
    .legend(listLegend())
    .noValue(noneMeans)
    .withTarget(weirQuery({ kind: 'exporters', exporterView: 'ledger', ledgerMeasure, filter, limit: 20 }))
    .overrideByRegexp('/.*/', [properties.links(toInterfaces)]);
}

const toInterfaces = [
  drillDown(uids.interfaces, 'Interfaces of ${__field.labels.exporter}', { exporter: label('exporter') }),
];

const verdictColours = [
  { type: 'regex', options: { pattern: '^All is well.*', result: { color: colours.good, index: 0 } } },
  { type: 'regex', options: { pattern: '^Silent.*', result: { color: colours.bad, index: 1 } } },
  {
    type: 'regex',
    options: { pattern: '.*(lost|Template).*', result: { color: colours.warning, index: 2 } },
  },
  { type: 'regex', options: { pattern: '.+', result: { color: colours.notice, index: 3 } } },
];

const balanced = [
  [null, colours.bad],
  [0, colours.good],
  [1, colours.bad],
] as const;
const lost = [
  [null, colours.neutral],
  [1, colours.warning],
] as const;

export const exportersAndLedger = dashboardOf({
  uid: uids.exporters,
  title: 'Exporters and loss ledger',
  description:
    'Who exports flows, what to know about each, and a ledger that balances: announced = stored + lost, with reasons.',
  from: 'now-6h',
  refresh: '1m',
  variables: [dataSourceVariable(), exporterVariable(), filtersVariable()],
  next: [uids.overview, uids.interfaces, uids.collector, uids.flows],
  parts: [
    line(
      4,
      place(2, 4, exporterCount('Up', 'Exporters that sent flows in the last five minutes.', 'up', filter)),
      place(
        3,
        4,
        exporterCount(
          'Silent',
          'Exporters that sent flows within this range, and none in the last five minutes.',
          'silent',
          filter,
        ),
      ),
      place(
        4,
        4,
        stat('Flows stored', 'Flow records that the ledger counts in this range.', 'short', colours.in, 'sum')
          .withTarget(
            weirQuery({
              kind: 'exporters',
              exporterView: 'ledger',
              ledgerMeasure: 'flows',
              filter,
              limit: 200,
            }),
          )
          .withTransformation(totalOfSeries[0]!)
          .withTransformation(totalOfSeries[1]!),
      ),
      place(
        5,
        4,
        judged(
          'Records lost',
          'Records that were announced and are not stored, in this range.',
          'short',
          [
            [null, colours.good],
            [1, colours.warning],
          ],
          'sum',
        )
          .noValue('0')
          .withTarget(
            weirQuery({
              kind: 'exporters',
              exporterView: 'ledger',
              ledgerMeasure: 'records_lost',
              filter,
              limit: 200,
            }),
          )
          .withTransformation(totalOfSeries[0]!)
          .withTransformation(totalOfSeries[1]!),
      ),
      place(
        6,
        4,
        judged(
          'Datagrams refused',
          'Datagrams that could not be taken, in this range: not a flow protocol, too short, or one of too many exporters.',
          'short',
          [
            [null, colours.good],
            [1, colours.warning],
          ],
          'sum',
        )
          .noValue('0')
          .withTarget(
            weirQuery({
              kind: 'exporters',
              exporterView: 'ledger',
              ledgerMeasure: 'datagrams_refused',
              filter,
              limit: 200,
            }),
          )
          .withTransformation(totalOfSeries[0]!)
          .withTransformation(totalOfSeries[1]!),
      ),
      place(
        7,
        4,
        judged(
          'Kernel drops',
          'Datagrams that the kernel dropped because the socket’s buffer was full, in this range.',
          'short',
          [
            [null, colours.good],
            [1, colours.bad],
          ],
          'sum',
        )
          .noValue('0')
          .withTarget(
            weirQuery({
              kind: 'exporters',
              exporterView: 'ledger',
              ledgerMeasure: 'datagrams_dropped',
              limit: 200,
            }),
          )
          .withTransformation(totalOfSeries[0]!)
          .withTransformation(totalOfSeries[1]!),
      ),
    ),
    line(
      8,
      place(
        8,
        24,
        table(
          'Exporters',
          'Every exporter that is known: when it was last seen, how it exports, and the verdict on it.',
        )
          .withTarget(weirQuery({ kind: 'exporters', exporterView: 'state', filter, limit: 1000 }))
          .withTransformation({
            id: 'organize',
            options: { excludeByName: { Tenant: true }, indexByName: {}, renameByName: {} },
          })
          .overrideByName('Exporter', [
            properties.width(160),
            properties.links([
              drillDown(uids.interfaces, 'Interfaces of ${__value.text}', { exporter: cell('exporter') }),
              drillDown(uids.flows, 'Flows of ${__value.text}', { exporter: cell('exporter') }),
            ]),
          ])
          .overrideByName('Address', [properties.width(140)])
          .overrideByName('Seen', [properties.unit('dateTimeFromNow'), properties.width(140)])
          .overrideByName('First seen', [properties.unit('dateTimeAsIso'), properties.width(170)])
          .overrideByName('Versions', [properties.width(90)])
          .overrideByName('Sampling rate', [
            properties.width(120),
            properties.mappings([
              {
                type: 'value' as never,
                options: { 0: { text: 'not known', color: colours.warning, index: 0 } },
              } as never,
            ]),
            properties.textColour(),
            properties.thresholds([[null, colours.neutral]]),
          ])
          .overrideByName('Clock offset ms', [
            properties.unit('ms'),
            properties.name('Clock offset'),
            properties.width(110),
          ])
          .overrideByName('Verdict', [
            properties.wrappedColour(),
            properties.wrapped(),
            properties.mappings(verdictColours as never),
          ]),
      ),
    ),
    line(
      10,
      place(
        1,
        12,
        graph(
          'Losses',
          'Records lost in percent of those announced, by exporter; an alert fires above 1 %.',
          'percent',
        )
          .min(0)
          .axisSoftMax(1)
          .decimals(2)
          .withTarget(weirQuery({ kind: 'exporters', exporterView: 'losses', filter, limit: 20 }))
          .overrideByRegexp('/.*/', [properties.links(toInterfaces)]),
      ),
      place(
        9,
        12,
        graph('Flows by exporter', 'Flow records a second, as received, by exporter.', 'fps', true)
          .withTarget(weirQuery({ filter, metric: 'flows_per_second', dimensions: ['exporter'], limit: 20 }))
          .overrideByRegexp('/.*/', [properties.links(toInterfaces)]),
      ),
    ),
    line(
      8,
      place(
        10,
        24,
        table(
          'Balance',
          'Announced = stored + options + waiting + lost; Δ is what is unexplained, 0 when it balances; on the way is what is stored beyond the range’s ends.',
        )
          .withTarget(weirQuery({ kind: 'exporters', exporterView: 'balance', filter, limit: 1000 }))
          .withTransformation({
            id: 'organize',
            options: {
              excludeByName: {
                Address: true,
                'Datagrams decoded': true,
                'Options records': true,
                'Rows stored': true,
              },
              indexByName: {},
              renameByName: {
                'Datagrams received': 'Datagrams',
                'Datagrams refused': 'Refused',
                'Datagrams missing': 'Missing',
                'Records announced': 'Announced',
                Flows: 'Stored',
                'Records waiting': 'Waiting',
                'Records lost': 'Lost',
                'Lost sequence gap': 'Gap',
                'Lost template missing': 'No template',
                'Lost malformed': 'Malformed',
                'Lost queue': 'Queue',
                'Lost store': 'Store',
                'Datagrams unexplained': 'Δ datagrams',
                'Records unexplained': 'Δ records',
                'Flows unexplained': 'On the way',
                'Loss percent': 'Loss',
              },
            },
          })
          .overrideByFieldType('number', [properties.unit('locale')])
          .overrideByName('Exporter', [
            properties.width(140),
            properties.links([
              drillDown(uids.interfaces, 'Interfaces of ${__value.text}', { exporter: cell('exporter') }),
            ]),
          ])
          .overrideByRegexp('/^(Refused|Missing|Lost|Gap|No template|Malformed|Queue|Store)$/', [
            properties.textColour(),
            properties.thresholds(lost),
          ])
          .overrideByRegexp('/^Δ/', [properties.cellColour(), properties.thresholds(balanced)])
          .overrideByName('Loss', [
            properties.gauge(),
            properties.unit('percent'),
            properties.decimals(2),
            properties.min(0),
            properties.max(5),
            properties.thresholds([
              [null, colours.good],
              [0.1, colours.notice],
              [1, colours.bad],
            ]),
          ]),
      ),
    ),
    section(
      20,
      'The ledger over time',
      line(
        8,
        place(
          21,
          8,
          measure('Datagrams received', 'Datagrams that came, by exporter.', 'datagrams_received', 'None'),
        ),
        place(
          22,
          8,
          measure('Records announced', 'Records that exporters say they sent.', 'records_announced', 'None'),
        ),
        place(
          23,
          8,
          measure('Flows stored', 'Flow records decoded and given to the store.', 'flows', 'None'),
        ),
      ),
      line(
        8,
        place(
          24,
          8,
          measure(
            'Records lost',
            'Records announced and not stored, for all reasons together.',
            'records_lost',
            'None lost',
          ),
        ),
        place(
          25,
          8,
          measure(
            'Datagrams refused',
            'Datagrams that could not be taken.',
            'datagrams_refused',
            'None refused',
          ),
        ),
        place(
          26,
          8,
          measure(
            'Datagrams missing',
            'Datagrams that the sequence numbers show were sent and have not come.',
            'datagrams_missing',
            'None missing',
          ),
        ),
      ),
      line(
        8,
        place(
          27,
          8,
          measure('Sequence gaps', 'How often sequence numbers jumped forward.', 'sequence_gaps', 'None'),
        ),
        place(
          28,
          8,
          measure(
            'Sequence resets',
            'How often an exporter began to count anew: it was restarted.',
            'sequence_resets',
            'None',
          ),
        ),
        place(29, 8, measure('Out of order', 'Datagrams that came after later ones.', 'reordered', 'None')),
      ),
    ),
  ],
});
