import { DATASOURCE_UID, type SavedQuery } from '@weir/core/query';
import { anomalyRules } from './anomaly-rules.ts';

/** An alert rule in our words: what is asked, what it is reduced to, and from where on somebody is told. */
export interface Rule {
  readonly uid: string;
  readonly title: string;
  /** What a person on call reads: `$labels` and `$values` as in Grafana's templates. */
  readonly summary: string;
  readonly description: string;
  /** That of the alerts themselves where left out. */
  readonly severity?: 'critical' | 'warning' | 'info';
  readonly labels?: Readonly<Record<string, string>>;
  /** More of what messages say. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Dashboard (uid) that shows it. */
  readonly dashboard: string;
  /** Its panel that shows it, by id; the first where left out. */
  readonly panel?: number;
  readonly queries: readonly RuleQuery[];
  /** Over the reduced queries `$A`, `$B` …: anything but 0 fires. */
  readonly condition: string;
  /** How long it must hold. */
  readonly for: string;
  readonly keepFiringFor?: string;
  /** For who wants it: nobody is told until it is resumed. */
  readonly paused?: boolean;
}

export interface RuleQuery {
  readonly refId: string;
  readonly query: SavedQuery;
  /** Seconds before now: the span that is looked at. */
  readonly from: number;
  readonly to?: number;
  readonly intervalSeconds: number;
  /** `none` where the answer is a number for each series already: then the query itself has the name `refId`. */
  readonly reducer: 'last' | 'mean' | 'max' | 'min' | 'sum' | 'none';
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const byExporter: SavedQuery = { kind: 'timeseries', dimensions: ['exporter'], limit: 200, other: false };
const trafficByExporter: SavedQuery = { ...byExporter, metric: 'bits_per_second' };

const ownRules: readonly Rule[] = [
  {
    uid: 'weir-exporter-silent',
    title: 'Exporter silent',
    summary: '{{ $labels.exporter }} has sent no flows for 10 minutes',
    description:
      'It did so within the last 6 hours. Is it reachable, is its export configured, does a firewall drop UDP on the way?',
    severity: 'critical',
    labels: { topic: 'exporter_silent' },
    dashboard: 'weir-exporters',
    queries: [
      {
        refId: 'A',
        query: { kind: 'exporters', exporterView: 'ledger', ledgerMeasure: 'datagrams_received', limit: 200 },
        from: 6 * HOUR,
        intervalSeconds: 10 * MINUTE,
        reducer: 'last',
      },
    ],
    condition: '$A < 1',
    for: '1m',
  },
  {
    uid: 'weir-flow-loss',
    title: 'Flows lost',
    summary:
      '{{ $labels.exporter }} loses {{ if $values.A }}{{ humanize $values.A.Value }}{{ end }} % of its flows',
    description:
      'Announced by the exporter and not stored, over 15 minutes. The ledger names the reasons: lost on the way, kernel buffer, templates, spool.',
    severity: 'warning',
    dashboard: 'weir-exporters',
    queries: [
      {
        refId: 'A',
        query: { kind: 'exporters', exporterView: 'losses', limit: 200 },
        from: 15 * MINUTE,
        intervalSeconds: MINUTE,
        reducer: 'mean',
      },
    ],
    condition: '$A > 1',
    for: '5m',
  },
  {
    uid: 'weir-sampling-unknown',
    title: 'Sampling rate unknown',
    summary: '{{ $labels.exporter }} does not say its sampling rate',
    description:
      'Its bytes and packets are shown as sent, which is too little if it samples. Set sampling_rate or default_sampling_rate for it in the collector’s configuration: 1 if it does not sample.',
    severity: 'info',
    dashboard: 'weir-exporters',
    queries: [
      {
        refId: 'A',
        query: { ...byExporter, metric: 'flows', filter: 'sampling_rate = 0', resolution: 'auto' },
        from: HOUR,
        intervalSeconds: 10 * MINUTE,
        reducer: 'sum',
      },
    ],
    condition: '$A > 0',
    for: '30m',
  },
  ...(['input', 'output'] as const).map((direction): Rule => ({
    uid: `weir-interface-${direction}-busy`,
    title: `Interface over 80 % (${direction})`,
    summary: `{{ $labels.exporter }} {{ $labels.${direction}_interface }} is at {{ if $values.A }}{{ humanize $values.A.Value }}{{ end }} % of its speed (${direction})`,
    description: 'Mean of 10 minutes. Who uses it: the interfaces dashboard.',
    severity: 'warning',
    dashboard: 'weir-interfaces',
    queries: [
      {
        refId: 'A',
        query: {
          kind: 'timeseries',
          metric: 'utilization',
          dimensions: [`${direction}_interface`],
          limit: 200,
          other: false,
        },
        from: 10 * MINUTE,
        intervalSeconds: MINUTE,
        reducer: 'mean',
      },
    ],
    condition: '$A > 80',
    for: '5m',
    keepFiringFor: '5m',
  })),
  {
    // Detection knows better what is usual, and is told of by the anomaly rules: this and the next are for who has it off.
    uid: 'weir-traffic-spike',
    title: 'Traffic 3 times its usual',
    summary:
      '{{ $labels.exporter }} carries {{ if $values.A }}{{ humanize $values.A.Value }}{{ end }}bit/s: usual at this time is {{ if $values.B }}{{ humanize $values.B.Value }}{{ end }}bit/s',
    description:
      'Mean of 10 minutes against the same hour of yesterday. Top talkers and conversations say who.',
    severity: 'warning',
    dashboard: 'weir-noc-overview',
    queries: [
      { refId: 'A', query: trafficByExporter, from: 11 * MINUTE, intervalSeconds: MINUTE, reducer: 'mean' },
      {
        refId: 'B',
        query: trafficByExporter,
        from: DAY + 30 * MINUTE,
        to: DAY - 30 * MINUTE,
        intervalSeconds: 5 * MINUTE,
        reducer: 'mean',
      },
    ],
    condition: '$A > 3 * $B && $A > 1000000',
    for: '5m',
    paused: true,
  },
  {
    uid: 'weir-traffic-drop',
    title: 'Traffic under 20 % of its usual',
    summary:
      '{{ $labels.exporter }} carries {{ if $values.A }}{{ humanize $values.A.Value }}{{ end }}bit/s: usual at this time is {{ if $values.B }}{{ humanize $values.B.Value }}{{ end }}bit/s',
    description:
      'Mean of 10 minutes against the same hour of yesterday. A link down, a route moved, or an exporter that stopped reporting part of it?',
    severity: 'warning',
    dashboard: 'weir-noc-overview',
    queries: [
      { refId: 'A', query: trafficByExporter, from: 11 * MINUTE, intervalSeconds: MINUTE, reducer: 'mean' },
      {
        refId: 'B',
        query: trafficByExporter,
        from: DAY + 30 * MINUTE,
        to: DAY - 30 * MINUTE,
        intervalSeconds: 5 * MINUTE,
        reducer: 'mean',
      },
    ],
    condition: '$A < 0.2 * $B && $B > 1000000',
    for: '10m',
    paused: true,
  },
  {
    uid: 'weir-collector-lag',
    title: 'Collector lags',
    summary:
      '{{ $labels.collector }}: flows wait {{ if $values.A }}{{ humanize $values.A.Value }}{{ end }} s to be stored',
    description:
      'ClickHouse refuses or is slow; flows are safe in the spool until it is full. See the collector’s log and health.',
    severity: 'warning',
    dashboard: 'weir-collector-health',
    queries: [
      {
        refId: 'A',
        query: { kind: 'exporters', exporterView: 'collector', ledgerMeasure: 'lag_seconds' },
        from: 10 * MINUTE,
        intervalSeconds: MINUTE,
        reducer: 'min',
      },
    ],
    condition: '$A > 60',
    for: '5m',
  },
  {
    uid: 'weir-collector-disk',
    title: 'Collector’s disk nearly full',
    summary:
      '{{ $labels.collector }}: {{ if $values.A }}{{ humanize $values.A.Value }}{{ end }} % of the disk is free',
    description: 'When it is full nothing can be stored. Shorten retention, or give it a larger disk.',
    severity: 'critical',
    dashboard: 'weir-collector-health',
    queries: [
      {
        refId: 'A',
        query: { kind: 'exporters', exporterView: 'collector', ledgerMeasure: 'disk_free_percent' },
        from: 10 * MINUTE,
        intervalSeconds: MINUTE,
        reducer: 'last',
      },
    ],
    condition: '$A < 10',
    for: '5m',
  },
  {
    uid: 'weir-collector-spool',
    title: 'Collector’s spool fills',
    summary:
      '{{ $labels.collector }}: the spool is {{ if $values.A }}{{ humanize $values.A.Value }}{{ end }} % full',
    description:
      'When it is full, new flows are lost (and counted). ClickHouse does not keep up, or is away.',
    severity: 'critical',
    dashboard: 'weir-collector-health',
    queries: [
      {
        refId: 'A',
        query: { kind: 'exporters', exporterView: 'collector', ledgerMeasure: 'spool_used_percent' },
        from: 10 * MINUTE,
        intervalSeconds: MINUTE,
        reducer: 'last',
      },
    ],
    condition: '$A > 50',
    for: '2m',
  },
];

export const rules: readonly Rule[] = [...ownRules, ...anomalyRules];

/** The query's own name beside that of its reduced values. */
function queryName({ refId, reducer }: RuleQuery): string {
  return reducer === 'none' ? refId : `query_${refId}`;
}

const expression = { type: '__expr__', uid: '__expr__' };

/** The rules as Grafana's provisioning files have them. Rules without data are quiet: each says what it looks for. */
export function ruleFile(): object {
  return {
    apiVersion: 1,
    groups: [
      {
        orgId: 1,
        name: 'weir',
        folder: 'Weir',
        interval: '1m',
        rules: rules.map((rule) => ({
          uid: rule.uid,
          title: rule.title,
          condition: 'condition',
          for: rule.for,
          ...(rule.keepFiringFor !== undefined && { keepFiringFor: rule.keepFiringFor }),
          noDataState: 'OK',
          execErrState: 'Error',
          isPaused: rule.paused ?? false,
          labels: {
            ...(rule.severity !== undefined && { severity: rule.severity }),
            ...rule.labels,
            team: 'noc',
          },
          annotations: {
            summary: rule.summary,
            description: rule.description,
            ...rule.annotations,
            // From these, and from them alone, the messages' links to dashboards are made.
            __dashboardUid__: rule.dashboard,
            __panelId__: String(rule.panel ?? 1),
          },
          dashboardUid: rule.dashboard,
          panelId: rule.panel ?? 1,
          data: [
            ...rule.queries.map((q) => ({
              refId: queryName(q),
              queryType: q.query.kind,
              relativeTimeRange: { from: q.from, to: q.to ?? 0 },
              datasourceUid: DATASOURCE_UID,
              model: {
                ...q.query,
                refId: queryName(q),
                version: 1,
                datasource: { type: 'weir-flow-datasource', uid: DATASOURCE_UID },
                minInterval: q.intervalSeconds,
                intervalMs: q.intervalSeconds * 1000,
                maxDataPoints: Math.max(10, Math.ceil((q.from - (q.to ?? 0)) / q.intervalSeconds)),
              },
            })),
            ...rule.queries
              .filter(({ reducer }) => reducer !== 'none')
              .map((q) => ({
                refId: q.refId,
                relativeTimeRange: { from: q.from, to: q.to ?? 0 },
                datasourceUid: '__expr__',
                model: {
                  refId: q.refId,
                  type: 'reduce',
                  expression: queryName(q),
                  reducer: q.reducer,
                  settings: { mode: 'dropNN' },
                  datasource: expression,
                },
              })),
            {
              refId: 'condition',
              relativeTimeRange: { from: 600, to: 0 },
              datasourceUid: '__expr__',
              model: { refId: 'condition', type: 'math', expression: rule.condition, datasource: expression },
            },
          ],
        })),
      },
    ],
  };
}
