import type { SavedQuery } from '@weir/core/query';

/** What Grafana calls the place that a query is made in: `CoreApp` of @grafana/data, as text. */
export type App = string;

export function isAlerting(app: App | undefined): boolean {
  return app === 'unified-alerting' || app === 'cloud-alerting';
}

/** The first query of an editor: what people of that place look for. */
export function defaultsFor(app: App | undefined): SavedQuery {
  if (isAlerting(app)) {
    // A rule watches one number; more series are a choice, and "Other" would hide who it is.
    return { kind: 'timeseries', metric: 'bits_per_second', dimensions: [], other: false };
  }
  if (app === 'explore') return { kind: 'flows', limit: 500 };
  return { kind: 'timeseries', metric: 'bits_per_second', dimensions: ['application'], limit: 10 };
}
