import { plainAddress } from './query-result.ts';
import { protocolName, serviceName } from './service-names.ts';
import { printable } from './text-width.ts';

/** A value of a key column as ClickHouse's JSON gives it. */
export type Key = string | number;

/** By what the talkers are told apart. */
export interface TopView {
  /** As it stands in the headline: "top sources". */
  readonly plural: string;
  readonly titles: readonly string[];
  /** Expressions over `network_flows` that make the key. */
  readonly keys: readonly string[];
  /** Directions that count: of a biflow, the reverse one is not traffic of its source. */
  readonly directions: 'forward' | 'both';
  /** A key in words, a text for each title. */
  label(key: readonly Key[]): string[];
}

const address = (key: Key): string => plainAddress(String(key));
const interfaceLabel = (index: Key, name: Key): string => (name === '' ? `interface ${index}` : `${name}`);
// The lower port is the service's: ephemeral ports begin far above.
const SERVICE_PORT =
  'multiIf(source_port = 0, destination_port, destination_port = 0, source_port, least(source_port, destination_port))';

export const topViews = {
  source: {
    plural: 'sources',
    titles: ['SOURCE'],
    keys: ['source_ip'],
    directions: 'forward',
    label: ([source]) => [address(source!)],
  },
  destination: {
    plural: 'destinations',
    titles: ['DESTINATION'],
    keys: ['destination_ip'],
    directions: 'forward',
    label: ([destination]) => [address(destination!)],
  },
  pair: {
    plural: 'pairs',
    titles: ['SOURCE', 'DESTINATION'],
    keys: ['source_ip', 'destination_ip'],
    directions: 'both',
    label: ([source, destination]) => [address(source!), address(destination!)],
  },
  application: {
    plural: 'applications',
    titles: ['APPLICATION'],
    keys: ['application', "if(application != '', 0, protocol)", `if(application != '', 0, ${SERVICE_PORT})`],
    directions: 'both',
    label: ([application, protocol, port]) => [
      application === '' ? serviceName(Number(protocol), Number(port)) : printable(String(application)),
    ],
  },
  port: {
    plural: 'ports',
    titles: ['PORT'],
    keys: ['protocol', SERVICE_PORT],
    directions: 'both',
    label: ([protocol, port]) => [serviceName(Number(protocol), Number(port))],
  },
  exporter: {
    plural: 'exporters',
    titles: ['EXPORTER', 'ADDRESS'],
    keys: ['exporter_name', 'collector_ip'],
    directions: 'both',
    label: ([name, ip]) => [printable(String(name)), address(ip!)],
  },
  interface: {
    plural: 'input interfaces',
    titles: ['EXPORTER', 'INTERFACE'],
    keys: ['exporter_name', 'input_interface', 'input_interface_name'],
    directions: 'forward',
    label: ([exporter, index, name]) => [
      printable(String(exporter)),
      printable(interfaceLabel(index!, name!)),
    ],
  },
  'output-interface': {
    plural: 'output interfaces',
    titles: ['EXPORTER', 'INTERFACE'],
    keys: ['exporter_name', 'output_interface', 'output_interface_name'],
    directions: 'forward',
    label: ([exporter, index, name]) => [
      printable(String(exporter)),
      printable(interfaceLabel(index!, name!)),
    ],
  },
  protocol: {
    plural: 'protocols',
    titles: ['PROTOCOL'],
    keys: ['protocol'],
    directions: 'both',
    label: ([protocol]) => [protocolName(Number(protocol))],
  },
} as const satisfies Record<string, TopView>;

export type TopViewName = keyof typeof topViews;
export const topViewNames = Object.keys(topViews) as TopViewName[];
export const topOrders = ['bits', 'packets', 'flows'] as const;
export type TopOrder = (typeof topOrders)[number];
