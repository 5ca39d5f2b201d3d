import { type Query, metricByName } from '@weir/core/query';
import { collectorMetrics } from '@weir/core/collector-metrics';
import { fieldByName } from '@weir/core/fields';

/** Which of the lines of one group this is. */
export interface SeriesPlace {
  readonly reverse: boolean;
  readonly previous: boolean;
}

/** What a series measures, for people and for Grafana. */
export interface Measure {
  /** Name of the value field. */
  readonly name: string;
  readonly label: string;
  readonly unit: string;
  /** Missing buckets are zero. */
  readonly additive: boolean;
}

/** What the values of a query are. */
export function measureOf(query: Query): Measure {
  if (query.kind === 'exporters') {
    if (query.exporterView === 'losses')
      return { name: 'lost', label: 'Lost records', unit: 'percent', additive: false };
    const gauge = collectorMetrics.find((m) => m.name === query.ledgerMeasure);
    if (query.exporterView === 'collector' && gauge !== undefined)
      return { name: gauge.name, label: gauge.label, unit: gauge.unit, additive: false };
    return { name: query.ledgerMeasure, label: readable(query.ledgerMeasure), unit: 'short', additive: true };
  }
  if (query.kind === 'anomalies')
    return { name: 'anomalies', label: 'Anomalies', unit: 'short', additive: true };
  const metric = metricByName(query.metric);
  if (metric === undefined) throw new Error(`no metric is called ${query.metric}`);
  return metric;
}

/** A dimension's head for people. */
export function dimensionLabel(dimension: string): string {
  return fieldByName(dimension)?.label ?? readable(dimension);
}

export function readable(name: string): string {
  const text = name.replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The labels that tell a series from the others: the dimensions' values, and the direction and period where there are two of them. */
export function labelsOf(
  query: Query,
  dimensions: readonly string[],
  values: readonly string[],
  place: SeriesPlace,
): Record<string, string> {
  const labels: Record<string, string> = {};
  dimensions.forEach((dimension, i) => (labels[dimension] = values[i] ?? ''));
  if (query.bidirectional) labels['direction'] = place.reverse ? 'reverse' : 'forward';
  if (place.previous) labels['period'] = 'previous';
  return labels;
}

/** The name of a series in legends: the query's template, else the values one after the other, else what is measured. */
export function displayName(
  query: Query,
  dimensions: readonly string[],
  values: readonly string[],
  place: SeriesPlace,
  measure: Measure,
): string {
  const suffix = `${place.reverse ? ' (reverse)' : ''}${place.previous ? ' (previous)' : ''}`;
  if (query.legend.trim() !== '')
    return (
      query.legend.replace(/\{\{\s*([^{}]*?)\s*\}\}/g, (whole, name: string) => {
        if (name === 'metric') return measure.label;
        if (name === 'direction') return place.reverse ? 'reverse' : 'forward';
        const at = dimensions.indexOf(fieldByName(name)?.name ?? name);
        return at < 0 ? whole : shown(values[at]);
      }) + suffix
    );
  if (dimensions.length === 0) return measure.label + suffix;
  if (values.every((value) => value === values[0])) return shown(values[0]) + suffix;
  return values.map(shown).join(' · ') + suffix;
}

function shown(value: string | undefined): string {
  return value === undefined || value === '' ? '(none)' : value;
}
