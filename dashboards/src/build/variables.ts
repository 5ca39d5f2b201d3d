import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  AdHocVariableBuilder,
  CustomVariableBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  type VariableModel,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DATASOURCE_UID, PLUGIN_ID, topologyNodes } from '@weir/core/query';
import { dataSource } from './weir-query.ts';

type Variable = Builder<VariableModel>;

/** Which of the data sources of our kind is asked: the provisioned one at first. */
export function dataSourceVariable(): Variable {
  return new DatasourceVariableBuilder('datasource')
    .label('Data source')
    .description('Which Weir data source is asked.')
    .type(PLUGIN_ID)
    .current({ text: 'Weir', value: DATASOURCE_UID });
}

const all = { text: ['All'], value: ['$__all'] };

/** Values of a field among the flows of the range; `filter` makes a cascade. */
function fieldVariable(name: string, label: string, description: string, filter: string): Variable {
  return new QueryVariableBuilder(name)
    .label(label)
    .description(description)
    .datasource(dataSource)
    .query({ refId: 'variable', field: name, filter, limit: 200 })
    .definition(filter === '' ? name : `${name} where ${filter}`)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .allowCustomValue(true)
    .current(all);
}

export function exporterVariable(): Variable {
  return fieldVariable('exporter', 'Exporter', 'The exporters whose flows are shown.', '');
}

export function interfaceVariable(): Variable {
  return fieldVariable(
    'interface',
    'Interface',
    'The interfaces of these exporters, by name.',
    'exporter in ($exporter)',
  );
}

export function hostVariable(): Variable {
  return new TextBoxVariableBuilder('host')
    .label('Host')
    .description('An address or a prefix: 192.0.2.10, 10.1.0.0/16. Empty for all.')
    .defaultValue('')
    .current({ text: '', value: '' });
}

/** Filters on any field that hold for every panel. */
export function filtersVariable(): Variable {
  return new AdHocVariableBuilder('Filters')
    .label('Filters')
    .description('Conditions on any field: they hold for every panel.')
    .datasource(dataSource);
}

/** A choice of words; the first is chosen at first. `choices` are `[value, text]`. */
function choiceVariable(
  name: string,
  label: string,
  description: string,
  choices: readonly (readonly [value: string, text: string])[],
  chosen = choices[0]!,
): Variable {
  return new CustomVariableBuilder(name)
    .label(label)
    .description(description)
    .values(choices.map(([value, text]) => (value === text ? value : `${text} : ${value}`)).join(', '))
    .options(choices.map(([value, text]) => ({ text, value, selected: value === chosen[0] })))
    .current({ text: chosen[1], value: chosen[0] });
}

/** What tops are ranked by. */
export function metricVariable(): Variable {
  return choiceVariable('metric', 'Measure', 'What is measured and ranked by.', [
    ['bits_per_second', 'Bits/s'],
    ['packets_per_second', 'Packets/s'],
    ['flows_per_second', 'Flows/s'],
  ]);
}

/** How many a top has. */
export function topVariable(): Variable {
  return choiceVariable(
    'top',
    'Top',
    'How many rows and series are named; the rest is “Other”.',
    ['5', '10', '20', '50'].map((n) => [n, n] as const),
    ['10', '10'],
  );
}

/** What a node of the topology is. */
export function nodeVariable(): Variable {
  const texts: Readonly<Record<(typeof topologyNodes)[number], string>> = {
    host: 'Hosts',
    network: 'Networks',
    as: 'Autonomous systems',
    country: 'Countries',
    exporter: 'Exporters',
    interface: 'Interfaces',
    workload: 'Workloads',
    namespace: 'Namespaces',
  };
  return choiceVariable(
    'node',
    'Nodes',
    'What is drawn as a node of the map.',
    topologyNodes.map((node) => [node, texts[node]] as const),
    ['host', 'Hosts'],
  );
}

/** Which addresses are the network’s own: what comes in and goes out is told by it. */
export function insideVariable(): Variable {
  const own = '10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, fc00::/7, 2001:db8::/32';
  return new TextBoxVariableBuilder('inside')
    .label('Own prefixes')
    .description(
      'Your own prefixes, with commas between: traffic to them comes in, traffic from them goes out.',
    )
    .defaultValue(own)
    .current({ text: own, value: own });
}
