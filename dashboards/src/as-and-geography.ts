import { PanelBuilder as Geomap } from '@grafana/grafana-foundation-sdk/geomap';
import { dashboardOf } from './build/dashboard.ts';
import { collapsed, line, place } from './build/layout.ts';
import { cell, drillDown, filterOn, label } from './build/links.ts';
import { uids } from './build/names.ts';
import { properties } from './build/panel-parts.ts';
import { graph } from './build/panels.ts';
import { topTable } from './build/top-table.ts';
import {
  dataSourceVariable,
  exporterVariable,
  filtersVariable,
  metricVariable,
  topVariable,
} from './build/variables.ts';
import { sankey } from './build/weir-panels.ts';
import { dataSource, weirQuery } from './build/weir-query.ts';

const filter = 'exporter in ($exporter)';
const asked = { filter, metric: '$metric', limit: '$top' } as const;
const countries = { filter: `${filter} and country is known`, metric: '$metric' } as const;

function toConversations(field: string): ReturnType<typeof drillDown>[] {
  return [
    drillDown(uids.conversations, 'Conversations of ${__value.text}', filterOn(field, cell(field))),
    drillDown(uids.flows, 'Flows of ${__value.text}', filterOn(field, cell(field))),
  ];
}

function seriesToConversations(field: string): ReturnType<typeof drillDown>[] {
  const name = `\${__field.labels.${field}}`;
  return [
    drillDown(uids.conversations, `Conversations of ${name}`, filterOn(field, label(field))),
    drillDown(uids.flows, `Flows of ${name}`, filterOn(field, label(field))),
  ];
}

const stages = { ...asked, dimensions: ['source_as', 'exporter', 'destination_as'] } as const;

/** Circles on countries, as large and dark as their traffic. The outlines come with Grafana: nothing is fetched from elsewhere. */
function map(): Geomap {
  return new Geomap()
    .title('Countries')
    .description('Traffic by country of either end: the larger the circle, the more.')
    .datasource(dataSource)
    .unit('bps')
    .withTarget(weirQuery({ kind: 'top', ...countries, dimensions: ['country'], limit: 100, other: false }))
    .view({ build: () => ({ id: 'coords', lat: 30, lon: 5, zoom: 2, allLayers: true }) })
    .controls({
      build: () => ({
        showZoom: true,
        mouseWheelZoom: false,
        showAttribution: false,
        showScale: false,
        showDebug: false,
        showMeasure: false,
      }),
    })
    .tooltip({ build: () => ({ mode: 'details' as never }) })
    .basemap({
      build: () => ({
        type: 'geojson',
        name: 'Countries’ outlines',
        config: {
          src: 'public/maps/countries.geojson',
          rules: [],
          style: { color: { fixed: 'rgba(128, 136, 150, 0.55)' }, opacity: 0.25, lineWidth: 1 },
        },
        tooltip: false,
      }),
    })
    .layers([
      {
        build: () => ({
          type: 'markers',
          name: 'Traffic',
          config: {
            showLegend: false,
            style: {
              size: { field: 'share', fixed: 8, min: 7, max: 56 },
              color: { fixed: 'semi-dark-orange' },
              opacity: 0.6,
              symbol: { fixed: 'img/icons/marker/circle.svg', mode: 'fixed' },
              symbolAlign: { horizontal: 'center', vertical: 'center' },
              rotation: { fixed: 0, mode: 'mod', min: -360, max: 360 },
              text: { field: 'country', fixed: '', mode: 'field' },
              textConfig: {
                fontSize: 12,
                offsetX: 0,
                offsetY: 0,
                textAlign: 'center',
                textBaseline: 'middle',
              },
            },
          },
          location: {
            mode: 'lookup' as never,
            lookup: 'country',
            gazetteer: 'public/gazetteer/countries.json',
          },
          tooltip: true,
        }),
      },
    ]);
}

export const asAndGeography = dashboardOf({
  uid: uids.geography,
  title: 'AS and geography',
  description:
    'Where traffic comes from and goes to: autonomous systems with their 95th percentiles, countries, and the way between.',
  from: 'now-6h',
  refresh: '5m',
  variables: [dataSourceVariable(), exporterVariable(), metricVariable(), topVariable(), filtersVariable()],
  next: [uids.overview, uids.conversations, uids.flows],
  marksAnomalies: {},
  parts: [
    line(
      10,
      place(
        1,
        12,
        graph('From autonomous systems', 'Traffic by source AS.', 'bps', true)
          .withTarget(weirQuery({ ...asked, dimensions: ['source_as'] }))
          .overrideByRegexp('/.*/', [properties.links(seriesToConversations('source_as'))]),
      ),
      place(
        2,
        12,
        graph('To autonomous systems', 'Traffic by destination AS.', 'bps', true)
          .withTarget(weirQuery({ ...asked, dimensions: ['destination_as'] }))
          .overrideByRegexp('/.*/', [properties.links(seriesToConversations('destination_as'))]),
      ),
    ),
    line(
      12,
      place(
        3,
        12,
        topTable(
          'Source AS: average, 95th, peak',
          'What came from each AS: the 95th percentile is what transit and peering are settled by.',
          { ...asked, dimensions: ['source_as'] },
          {
            show: ['share', 'p95', 'max', 'total'],
            links: { source_as: toConversations('source_as') },
          },
        ),
      ),
      place(
        4,
        12,
        topTable(
          'Destination AS: average, 95th, peak',
          'What went to each AS: the 95th percentile is what transit and peering are settled by.',
          { ...asked, dimensions: ['destination_as'] },
          {
            show: ['share', 'p95', 'max', 'total'],
            links: { destination_as: toConversations('destination_as') },
          },
        ),
      ),
    ),
    line(
      15,
      place(5, 16, map()),
      place(
        6,
        8,
        topTable(
          'Top countries',
          'Traffic by country of either end; flows with both ends known count in both.',
          { ...countries, dimensions: ['country'], limit: 30 },
          { show: ['share'], links: { country: toConversations('country') } },
        ),
      ),
    ),
    line(
      16,
      place(
        7,
        24,
        sankey(
          'From AS through exporters to AS',
          'Source AS, the exporter that saw it, destination AS: as broad as the traffic. A click filters.',
          stages,
          'bps',
        ),
      ),
    ),
    collapsed(
      20,
      'Without Weir’s panels',
      line(
        12,
        place(
          21,
          24,
          topTable(
            'From AS through exporters to AS, as a table',
            'The same paths as the diagram above, for a Grafana without Weir’s panels.',
            { ...stages },
            { show: ['share', 'p95', 'total'] },
          ),
        ),
      ),
    ),
  ],
});
