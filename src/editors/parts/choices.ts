import { anomalyStates, anomalyTypes, severities } from '@weir/core/anomalies';
import { collectorMetrics } from '@weir/core/collector-metrics';
import { fields } from '@weir/core/fields';
import { lastBuckets, metrics, rankings, resolutions, topologyNodes } from '@weir/core/query';
import type { Choice } from './compat-combobox.tsx';

/** The fields that may stand in a grouping. */
export const dimensionChoices: readonly Choice[] = fields
  .filter((field) => field.groups)
  .map(({ name, label, doc, category }) => ({ value: name, label, description: doc, group: category }));

/** All fields: columns of records, variables. */
export const fieldChoices: readonly Choice[] = fields.map(({ name, label, doc, category }) => ({
  value: name,
  label,
  description: doc,
  group: category,
}));

/** The fields that are one column: of records. */
export const columnChoices: readonly Choice[] = fieldChoices.filter(
  ({ value }) => fields.find((f) => f.name === value)?.columns.length === 1,
);

export const metricChoices: readonly Choice[] = metrics.map(({ name, label, doc, category }) => ({
  value: name,
  label,
  description: doc,
  group: category,
}));

const rankingTexts = {
  avg: ['Average', 'By the mean over the range.'],
  max: ['Peak', 'By the highest bucket.'],
  last: ['Last', 'By the newest bucket.'],
  p95: ['95th percentile', 'By the value that 95 % of the buckets stay under.'],
} as const;
export const rankingChoices: readonly Choice[] = rankings.map((value) => choice(value, rankingTexts[value]));

const resolutionTexts = {
  auto: ['Automatic', 'The coarsest table that answers exactly.'],
  raw: ['Flows', 'Every flow record: exact, and slow over long ranges.'],
  '1m': ['1 minute', 'The rollup by minute.'],
  '1h': ['1 hour', 'The rollup by hour.'],
} as const;
export const resolutionChoices: readonly Choice[] = resolutions.map((value) =>
  choice(value, resolutionTexts[value]),
);

const lastBucketTexts = {
  omit: ['Leave out', 'The newest bucket is left out while flows are still to come for it.'],
  mark: ['Mark', 'It is shown and marked as not finished.'],
  keep: ['Show', 'It is shown as any other.'],
} as const;
export const lastBucketChoices: readonly Choice[] = lastBuckets.map((value) =>
  choice(value, lastBucketTexts[value]),
);

const nodeTexts = {
  host: ['Hosts', 'Addresses, cut to prefixes where set.'],
  network: ['Networks', 'Names of networks, from configuration.'],
  as: ['Autonomous systems', 'By number and name.'],
  country: ['Countries', 'Of both ends.'],
  exporter: ['Exporters', 'Who saw it.'],
  interface: ['Interfaces', 'Of exporters: in and out.'],
  workload: ['Workloads', 'Of Kubernetes.'],
  namespace: ['Namespaces', 'Of Kubernetes.'],
} as const;
export const nodeChoices: readonly Choice[] = topologyNodes.map((value) => choice(value, nodeTexts[value]));

export const orderChoices: readonly Choice[] = [
  { value: 'newest', label: 'Newest' },
  { value: 'bytes', label: 'Most bytes' },
  { value: 'packets', label: 'Most packets' },
  { value: 'duration', label: 'Longest' },
];

export const severityChoices: readonly Choice[] = severities.map(plain);
export const stateChoices: readonly Choice[] = anomalyStates.map(plain);
export const anomalyTypeChoices: readonly Choice[] = anomalyTypes.map(plain);

/** Measures of the ledger; others can be written. */
export const ledgerChoices: readonly Choice[] = [
  'flows',
  'records_announced',
  'records_lost',
  'records_waiting',
  'datagrams_received',
  'datagrams_decoded',
  'datagrams_refused',
  'datagrams_missing',
  'bytes_received',
  'sequence_gaps',
  'sequence_resets',
].map(plain);

/** Gauges of the collectors; others can be written. */
export const gaugeChoices: readonly Choice[] = collectorMetrics.map(({ name, label, doc }) => ({
  value: name,
  label,
  description: doc,
}));

/** The dashboard's variables, where one may stand for a word. */
export function variableChoices(names: readonly string[]): Choice[] {
  return names.map((name) => ({
    value: `$${name}`,
    label: `$${name}`,
    description: 'What the variable holds.',
    group: 'Variables',
  }));
}

function choice(value: string, [label, description]: readonly [string, string]): Choice {
  return { value, label, description };
}

function plain(value: string): Choice {
  const text = value.replaceAll('_', ' ');
  return { value, label: text.charAt(0).toUpperCase() + text.slice(1) };
}
