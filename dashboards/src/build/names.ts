/** Uids of the dashboards: links, alert rules and bookmarks name them, so they stay. */
export const uids = {
  overview: 'weir-noc-overview',
  topTalkers: 'weir-top-talkers',
  host: 'weir-host',
  interfaces: 'weir-interfaces',
  geography: 'weir-as-and-geography',
  conversations: 'weir-conversations-and-topology',
  applications: 'weir-applications-and-qos',
  flows: 'weir-flow-explorer',
  anomalies: 'weir-anomalies',
  anomaly: 'weir-anomaly',
  exporters: 'weir-exporters',
  collector: 'weir-collector-health',
} as const;

export type DashboardUid = (typeof uids)[keyof typeof uids];

/** Variables that dashboards have in common, by name: a drill-down carries them along. */
export const shared = ['datasource', 'exporter', 'Filters'] as const;
