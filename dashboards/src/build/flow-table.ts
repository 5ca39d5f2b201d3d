import type { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';
import { cell, drillDown } from './links.ts';
import { uids } from './names.ts';
import { properties } from './panel-parts.ts';
import { table } from './panels.ts';
import { type PanelQuery, weirQuery } from './weir-query.ts';

/** Columns of a record, of use in most networks. */
const columns = [
  'timestamp',
  'exporter',
  'source_ip',
  'source_port',
  'destination_ip',
  'destination_port',
  'protocol',
  'application',
  'tcp_flags',
  'input_interface',
  'output_interface',
  'bytes',
  'packets',
  'duration',
];

/** Flow records, one a row; cells of hosts lead to the host, cells can be filtered by. */
export function flowTable(title: string, description: string, query: PanelQuery): Table {
  return table(title, description)
    .filterable(true)
    .frameIndex(0)
    .withTarget(weirQuery({ kind: 'flows', columns, ...query }))
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: {},
        indexByName: {},
        renameByName: { 'Source port': 'Src port', 'Destination port': 'Dst port' },
      },
    })
    .overrideByName('Source', [
      properties.links([drillDown(uids.host, 'Host ${__value.text}', { host: cell('source_ip') })]),
    ])
    .overrideByName('Destination', [
      properties.links([drillDown(uids.host, 'Host ${__value.text}', { host: cell('destination_ip') })]),
    ])
    .overrideByRegexp('/^(body|id|labels|severity)$/', [properties.hidden(), properties.hiddenFromView()])
    .overrideByName('timestamp', [
      properties.name('Time'),
      properties.unit('dateTimeAsIso'),
      properties.width(160),
    ])
    .overrideByRegexp('/^(Source|Destination)$/', [properties.width(150)])
    .overrideByRegexp('/port$/', [properties.width(95)])
    .overrideByRegexp('/^(Protocol|Packets)$/', [properties.width(90)])
    .overrideByName('Bytes', [properties.unit('decbytes'), properties.width(100)])
    .overrideByName('Duration', [properties.unit('ms'), properties.width(100)]);
}
