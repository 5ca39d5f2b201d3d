import { dateTime } from '@grafana/data';

let number = 0;

/** Noon of the known flows and the hour before it. */
const HOUR = { from: Date.UTC(2026, 2, 1, 11), to: Date.UTC(2026, 2, 1, 12) };

/** A request as panels and Explore make it. */
export function requestFor(targets, options = {}) {
  const { from, to } = options.range ?? HOUR;
  const range = { from: dateTime(from), to: dateTime(to), raw: { from: dateTime(from), to: dateTime(to) } };
  const maxDataPoints = 600;
  const intervalMs = Math.max(1000, Math.ceil((to - from) / maxDataPoints));
  return {
    app: options.app ?? 'panel-editor',
    requestId: `Q${++number}`,
    timezone: 'utc',
    range,
    interval: `${intervalMs / 1000}s`,
    intervalMs,
    maxDataPoints,
    targets: targets.map((target) => ({ ...target, datasource: { type: 'weir-flow-datasource', uid: 'weir' } })),
    scopedVars: {},
    filters: options.filters,
    startTime: Date.now(),
    panelId: 1,
    dashboardUID: 'browser',
  };
}
