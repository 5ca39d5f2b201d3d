import type { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat';
import type { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries';
import { collectorMetrics } from '@weir/core';
import { colours } from './build/colours.ts';
import { dashboardOf } from './build/dashboard.ts';
import { line, place, section } from './build/layout.ts';
import { uids } from './build/names.ts';
import { properties, steps } from './build/panel-parts.ts';
import { graph, judged, listLegend } from './build/panels.ts';
import { dataSourceVariable } from './build/variables.ts';
import { type PanelQuery, weirQuery } from './build/weir-query.ts';

type Steps = readonly (readonly [from: number | null, colour: string])[];

function gauge(name: string): (typeof collectorMetrics)[number] {
  const found = collectorMetrics.find((metric) => metric.name === name);
  if (found === undefined) throw new Error(`collectors have no gauge called ${name}`);
  return found;
}

function asked(name: string): PanelQuery {
  return { kind: 'exporters', exporterView: 'collector', ledgerMeasure: gauge(name).name, limit: 50 };
}

/** A gauge of each collector over time, with the line from where on it is bad. */
function course(name: string, title = gauge(name).label, bad?: Steps): TimeSeries {
  const { unit, doc } = gauge(name);
  const panel = graph(title, doc, unit)
    .min(0)
    .withTarget(weirQuery(asked(name)));
  return bad === undefined
    ? panel
    : panel.thresholds(steps(bad)).thresholdsStyle({ build: () => ({ mode: 'dashed' as never }) });
}

/** The gauge now, judged: one value for each collector. */
function now(name: string, thresholds: Steps, title = gauge(name).label): Stat {
  const { unit, doc } = gauge(name);
  return judged(title, doc, unit, thresholds).withTarget(weirQuery(asked(name)));
}

const high = (notice: number, bad: number): Steps => [
  [null, colours.good],
  [notice, colours.notice],
  [bad, colours.bad],
];
const low = (bad: number, notice: number): Steps => [
  [null, colours.bad],
  [bad, colours.notice],
  [notice, colours.good],
];
const line80: Steps = [
  [null, 'transparent'],
  [80, colours.bad],
];

export const collectorHealth = dashboardOf({
  uid: uids.collector,
  title: 'Collector health',
  description:
    'The collectors themselves: what they take in, what waits, how busy they are and how much room is left.',
  from: 'now-3h',
  refresh: '30s',
  // Flows’ filters mean nothing to a collector’s gauges.
  variables: [dataSourceVariable()],
  next: [uids.exporters, uids.overview],
  parts: [
    line(
      4,
      place(
        2,
        3,
        now('clickhouse_connected', low(0.5, 1)).mappings([
          {
            type: 'value',
            options: {
              0: { text: 'Away', color: colours.bad, index: 0 },
              1: { text: 'Connected', color: colours.good, index: 1 },
            },
          } as never,
        ]),
      ),
      place(3, 3, now('lag_seconds', high(30, 60))),
      place(4, 3, now('spool_used_percent', high(20, 50)).decimals(1)),
      place(5, 3, now('kernel_drops_per_second', high(0.001, 1))),
      place(6, 3, now('receiver_utilization_percent', high(60, 85), 'Receiver').decimals(0)),
      place(7, 3, now('cpu_percent', high(150, 300)).decimals(0)),
      place(8, 3, now('disk_free_percent', low(10, 20)).decimals(0)),
      place(9, 3, now('exporters', low(1, 1)).decimals(0)),
    ),
    line(
      9,
      place(
        1,
        12,
        course('lag_seconds', 'Lag', [
          [null, 'transparent'],
          [60, colours.bad],
        ]),
      ),
      place(10, 12, course('rows_stored_per_second', 'Rows stored')),
    ),
    section(
      20,
      'Coming in',
      line(
        8,
        place(21, 8, course('flows_per_second')),
        place(22, 8, course('datagrams_per_second')),
        place(
          23,
          8,
          course('kernel_drops_per_second').overrideByRegexp('/.*/', [properties.colour(colours.bad)]),
        ),
      ),
    ),
    section(
      30,
      'Waiting and being stored',
      line(
        8,
        place(31, 8, course('spool_bytes')),
        place(
          32,
          8,
          course('spool_used_percent', 'Spool used', [
            [null, 'transparent'],
            [50, colours.bad],
          ]).axisSoftMax(100),
        ),
        place(33, 8, course('insert_seconds')),
      ),
    ),
    section(
      40,
      'The process and its machine',
      line(
        8,
        place(41, 8, course('receiver_utilization_percent', 'Receiving thread', line80).axisSoftMax(100)),
        place(42, 8, course('cpu_percent')),
        place(43, 8, course('memory_bytes')),
      ),
      line(
        8,
        place(
          44,
          8,
          course('disk_free_percent', 'Disk free, share', [
            [null, colours.bad],
            [10, 'transparent'],
          ]).max(100),
        ),
        place(45, 8, course('disk_free_bytes')),
        place(46, 4, course('templates').legend(listLegend())),
        place(47, 4, course('exporters', 'Exporters known').legend(listLegend())),
      ),
    ),
  ],
});
