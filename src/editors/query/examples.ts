import type { SavedQuery } from '@weir/core/query';

export interface Example {
  readonly title: string;
  readonly doc: string;
  readonly query: SavedQuery;
}

/** What people ask first, ready to be used. */
export const examples: readonly Example[] = [
  {
    title: 'Traffic by application',
    doc: 'Bits a second over time, the ten busiest applications and the rest.',
    query: { kind: 'timeseries', metric: 'bits_per_second', dimensions: ['application'], limit: 10 },
  },
  {
    title: 'Top talkers',
    doc: 'The sources that sent most.',
    query: { kind: 'top', metric: 'bytes', dimensions: ['source_ip'], limit: 20 },
  },
  {
    title: 'What one subnet does on the web',
    doc: 'A prefix and ports as a filter, by destination.',
    query: {
      kind: 'top',
      metric: 'bits_per_second',
      filter: 'source in 10.0.0.0/8 and destination_port in (80, 443)',
      dimensions: ['destination_ip'],
    },
  },
  {
    title: 'Interfaces by utilization',
    doc: 'Percent of the speed, in and out mirrored.',
    query: {
      kind: 'timeseries',
      metric: 'utilization',
      dimensions: ['input_interface'],
      limit: 10,
      other: false,
    },
  },
  {
    title: 'Who scans?',
    doc: 'Sources that meet many destinations with SYN alone.',
    query: {
      kind: 'top',
      metric: 'unique_destinations',
      filter: 'protocol = TCP and tcp_flags has SYN and not tcp_flags has ACK',
      dimensions: ['source_ip'],
      other: false,
    },
  },
  {
    title: 'Conversations through an exporter',
    doc: 'Pairs for the Sankey panel: source network, application, destination network.',
    query: {
      kind: 'conversations',
      metric: 'bits_per_second',
      dimensions: ['source_network', 'application', 'destination_network'],
      limit: 30,
    },
  },
  {
    title: 'Refused flows',
    doc: 'Records that a firewall dropped.',
    query: { kind: 'flows', filter: 'verdict = dropped' },
  },
  {
    title: 'Lost records',
    doc: 'Percent of what exporters announced.',
    query: { kind: 'exporters', exporterView: 'losses' },
  },
];

export const filterCheatSheet: readonly (readonly [text: string, doc: string])[] = [
  ['host in 10.0.0.0/8', 'either end in a prefix'],
  ['source = 192.0.2.1 and port = 443', 'both hold'],
  ['protocol = UDP or protocol = ICMP', 'either holds'],
  ['not (exporter = edge-1)', 'the opposite'],
  ['port in (80, 443, 8000-8100)', 'one of these values or ranges'],
  ['application ~ "^dns"', 'a regular expression'],
  ['as = 64496', 'an autonomous system, either end'],
  ['country != US', 'neither end'],
  ['tcp_flags has SYN', 'the flag is set'],
  ['bytes > 10MB', 'a size'],
  ['duration >= 5m', 'a time'],
  ['interface = "xe-0/0/1"', 'by name, or by index without quotes'],
  ['user is known', 'is not empty'],
  ['source in $hosts', 'a variable: one value, or several'],
];
