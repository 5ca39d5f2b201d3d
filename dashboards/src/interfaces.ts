import { colours } from './build/colours.ts';
import { dashboardOf } from './build/dashboard.ts';
import { collapsed, line, place } from './build/layout.ts';
import { cell, drillDown, filterOn, label } from './build/links.ts';
import { uids } from './build/names.ts';
import { properties, steps, thresholdColours } from './build/panel-parts.ts';
import { bars, graph, sideLegend, table } from './build/panels.ts';
import { topTable } from './build/top-table.ts';
import {
  dataSourceVariable,
  exporterVariable,
  filtersVariable,
  interfaceVariable,
} from './build/variables.ts';
import { weirQuery } from './build/weir-query.ts';

const into = 'exporter in ($exporter) and input_interface in ($interface)';
const outOf = 'exporter in ($exporter) and output_interface in ($interface)';

const fullness = [
  [null, colours.good],
  [50, colours.notice],
  [80, colours.warning],
  [95, colours.bad],
] as const;

type End = 'input' | 'output';
const filters: Readonly<Record<End, string>> = { input: into, output: outOf };
const ways: Readonly<Record<End, string>> = { input: 'in', output: 'out' };

function toFlows(end: End): ReturnType<typeof drillDown>[] {
  const field = `${end}_interface`;
  const name = `\${__field.labels.${field}}`;
  return [
    drillDown(uids.topTalkers, `Top talkers of ${name}`, {
      exporter: label('exporter'),
      interface: label(field),
    }),
    drillDown(uids.flows, `Flows of ${name}`, {
      exporter: label('exporter'),
      ...filterOn(field, label(field)),
    }),
  ];
}

function utilization(end: End): ReturnType<typeof graph> {
  return graph(
    `Utilization, ${ways[end]}`,
    `What goes ${ways[end]} in percent of the interface’s speed; an alert fires above 80 %.`,
    'percent',
  )
    .min(0)
    .axisSoftMax(100)
    .thresholds(
      steps([
        [null, 'transparent'],
        [80, colours.warning],
        [95, colours.bad],
      ]),
    )
    .thresholdsStyle({ build: () => ({ mode: 'dashed' as never }) })
    .withTarget(
      weirQuery({
        filter: filters[end],
        metric: 'utilization',
        dimensions: ['exporter', `${end}_interface`],
        limit: 12,
        other: false,
      }),
    )
    .overrideByRegexp('/.*/', [properties.links(toFlows(end))]);
}

function traffic(end: End): ReturnType<typeof topTable> {
  const field = `${end}_interface`;
  return topTable(
    `Traffic ${ways[end]}: average, 95th, peak`,
    `What came ${ways[end]} by interface: the 95th percentile is what transit is billed by.`,
    { filter: filters[end], dimensions: ['exporter', field], limit: 30 },
    {
      show: ['p95', 'max', 'total'],
      widths: { [field]: 190 },
      links: {
        [field]: [
          drillDown(uids.topTalkers, 'Top talkers of ${__value.text}', {
            exporter: cell('exporter'),
            interface: cell(field),
          }),
          drillDown(uids.flows, 'Flows of ${__value.text}', {
            exporter: cell('exporter'),
            ...filterOn(field, cell(field)),
          }),
        ],
        exporter: [drillDown(uids.exporters, 'Exporter ${__value.text}', { exporter: cell('exporter') })],
      },
    },
  );
}

function fullest(end: End): ReturnType<typeof topTable> {
  const field = `${end}_interface`;
  return topTable(
    `Fullest ${ways[end]}: average, 95th, peak`,
    `Utilization ${ways[end]} in percent of the interface’s speed: mean, 95th percentile and peak.`,
    { filter: filters[end], metric: 'utilization', dimensions: ['exporter', field], limit: 15 },
    { show: ['p95', 'max'] },
  )
    .colorScheme(thresholdColours())
    .thresholds(steps(fullness))
    .min(0)
    .max(100)
    .decimals(1)
    .overrideByRegexp('/^(Interface utilization|95th percentile|Maximum)$/', [properties.gauge()]);
}

function users(
  end: End,
  host: 'source_ip' | 'destination_ip',
  title: string,
  what: string,
): ReturnType<typeof topTable> {
  const field = `${end}_interface`;
  return topTable(
    title,
    what,
    { filter: filters[end], dimensions: ['exporter', field, host], limit: 15 },
    {
      show: ['share', 'max'],
      widths: { [field]: 190, [host]: 140 },
      links: {
        [host]: [
          drillDown(uids.host, 'Host ${__value.text}', { host: cell(host) }),
          drillDown(uids.flows, 'Its flows by this interface', {
            host: cell(host),
            exporter: cell('exporter'),
            ...filterOn(field, cell(field)),
          }),
        ],
      },
    },
  );
}

export const interfaces = dashboardOf({
  uid: uids.interfaces,
  title: 'Interfaces',
  description:
    'How full interfaces are, what they carry on average, at peak and at the 95th percentile, and who fills them.',
  from: 'now-6h',
  refresh: '1m',
  variables: [dataSourceVariable(), exporterVariable(), interfaceVariable(), filtersVariable()],
  next: [uids.exporters, uids.topTalkers, uids.flows],
  marksAnomalies: {},
  parts: [
    line(11, place(1, 12, utilization('input')), place(2, 12, utilization('output'))),
    line(11, place(3, 12, fullest('input')), place(4, 12, fullest('output'))),
    line(
      10,
      place(
        5,
        15,
        graph('Traffic in and out', 'Bits a second in (above) and out (below) by interface.', 'bps', true)
          .legend(sideLegend(['mean'], 360))
          .withTarget(
            weirQuery({ refId: 'A', filter: into, dimensions: ['exporter', 'input_interface'], limit: 8 }),
          )
          .withTarget(
            weirQuery({ refId: 'B', filter: outOf, dimensions: ['exporter', 'output_interface'], limit: 8 }),
          )
          .overrideByQuery('B', [
            properties.below(),
            { id: 'custom.stacking', value: { mode: 'normal', group: 'B' } },
          ]),
      ),
      place(
        6,
        9,
        bars(
          '95th percentile of use',
          'What 95 % of the time was not exceeded, in percent of the speed, in and out.',
          'percent',
          fullness,
          'p95',
        )
          .max(100)
          .decimals(1)
          .withTarget(
            weirQuery({
              refId: 'A',
              filter: into,
              metric: 'utilization',
              dimensions: ['exporter', 'input_interface'],
              limit: 6,
              rankBy: 'p95',
              other: false,
              legend: '{{exporter}} {{input_interface}} in',
            }),
          )
          .withTarget(
            weirQuery({
              refId: 'B',
              filter: outOf,
              metric: 'utilization',
              dimensions: ['exporter', 'output_interface'],
              limit: 6,
              rankBy: 'p95',
              other: false,
              legend: '{{exporter}} {{output_interface}} out',
            }),
          ),
      ),
    ),
    line(13, place(7, 12, traffic('input')), place(8, 12, traffic('output'))),
    line(
      12,
      place(9, 12, users('input', 'source_ip', 'Who sends in', 'Hosts that send most in by each interface.')),
      place(
        10,
        12,
        users(
          'output',
          'destination_ip',
          'Who is sent to',
          'Hosts that are sent most out by each interface.',
        ),
      ),
    ),
    collapsed(
      20,
      'Inventory: names, speeds, descriptions',
      line(
        12,
        place(
          21,
          24,
          table('Interfaces known', 'Interfaces by exporter, with the speed that utilization is measured by.')
            .filterable(true)
            .withTarget(
              weirQuery({
                kind: 'sql',
                format: 'table',
                sql: `SELECT exporter_name AS exporter, interface AS index, argMax(name, seen) AS name, argMax(description, seen) AS description,
  argMax(speed, seen) AS speed, max(seen) AS last_seen
FROM interfaces
WHERE seen < $__toTime
GROUP BY exporter, index
ORDER BY exporter, index
LIMIT 1000`,
              }),
            )
            .withTransformation({
              id: 'organize',
              options: {
                excludeByName: {},
                indexByName: {},
                renameByName: {
                  exporter: 'Exporter',
                  index: 'Index',
                  name: 'Name',
                  description: 'Description',
                  speed: 'Speed',
                  last_seen: 'Last seen',
                },
              },
            })
            .overrideByName('Last seen', [properties.unit('dateTimeAsIso')])
            .overrideByName('Speed', [
              properties.unit('bps'),
              {
                id: 'mappings',
                value: [
                  { type: 'value', options: { 0: { text: 'not known', color: colours.warning, index: 0 } } },
                ],
              },
            ]),
        ),
      ),
    ),
  ],
});
