import type { AnomalyType } from '@weir/core/anomalies';
import type { Rule } from './rules.ts';

/** Types of anomalies that one person, or one team, is told of alike. */
export interface AnomalyFamily {
  /** Label `topic` of its alerts, and end of its uid. */
  readonly topic: string;
  readonly title: string;
  readonly types: readonly AnomalyType[];
}

/** Each type is in one family, so that nobody is told twice. */
export const anomalyFamilies: readonly AnomalyFamily[] = [
  {
    topic: 'ddos',
    title: 'DDoS and floods',
    types: [
      'ddos_volumetric',
      'ddos_carpet_bombing',
      'syn_flood',
      'udp_flood',
      'icmp_flood',
      'amplification',
    ],
  },
  { topic: 'scans', title: 'scans', types: ['port_scan_vertical', 'port_scan_horizontal'] },
  {
    topic: 'exfiltration',
    title: 'exfiltration and tunnels',
    types: [
      'data_exfiltration',
      'dns_tunnel',
      'dns_anomaly',
      'beaconing',
      'long_connection',
      'unusual_protocol',
    ],
  },
  {
    topic: 'access',
    title: 'access',
    types: ['brute_force', 'lateral_movement', 'unexpected_connection'],
  },
  { topic: 'performance', title: 'performance', types: ['high_latency', 'packet_loss', 'error_rate'] },
  {
    topic: 'traffic',
    title: 'traffic out of the ordinary',
    types: ['traffic_spike', 'traffic_drop', 'protocol_mix', 'entropy_shift', 'outlier'],
  },
  { topic: 'exporter_silent', title: 'exporter silent', types: ['exporter_silent'] },
  { topic: 'own_rules', title: 'your own rules', types: ['rule'] },
];

/** Low ones are for the dashboard. */
const WAKING = ['critical', 'high', 'medium'] as const;

/**
 * So long an alert outlives its anomaly; and an anomaly that opens and closes between two evaluations is seen all the same. Silenced ones
 * are never asked for.
 */
const SECONDS = 300;
const asked = { kind: 'anomalies', severities: WAKING, states: ['open', 'closed'] } as const;

/** A label of the evidence, where the second query has answered too. */
function said(label: string, otherwise = ''): string {
  return `{{ with $values.evidence }}{{ .Labels.${label} }}{{ else }}${otherwise}{{ end }}`;
}

/** Of `externalURL`, which ends with a slash. */
function linkTo(dashboard: string, parameters: string): string {
  return (
    `{{ with $values.evidence }}{{ externalURL }}d/${dashboard}` +
    `?from={{ .Labels.from }}&to={{ .Labels.to }}${parameters}&var-filter={{ .Labels.flow_filter | urlquery }}{{ end }}`
  );
}

/**
 * A rule for each family; each anomaly is an alert of its own, told apart by its id, under its own severity. The first query says which
 * there are, the second what messages say of them.
 */
export const anomalyRules: readonly Rule[] = anomalyFamilies.map(({ topic, title, types }): Rule => ({
  uid: `weir-anomalies-${topic.replace('_', '-')}`,
  title: `Anomalies: ${title}`,
  summary: said('title', '{{ $labels.type }} {{ $labels.host }}'),
  description: said('description'),
  labels: { topic },
  annotations: {
    measured: said('measured'),
    evidence: said('evidence'),
    technique: said('technique'),
    anomaly_url: linkTo('weir-anomaly', '&var-anomaly={{ .Labels.anomaly }}&var-story={{ .Labels.story }}'),
    flows_url: linkTo('weir-flow-explorer', ''),
  },
  dashboard: 'weir-anomalies',
  queries: [
    {
      refId: 'anomalies',
      query: { ...asked, anomalyTypes: types },
      from: SECONDS,
      intervalSeconds: 60,
      reducer: 'none',
    },
    {
      refId: 'evidence',
      query: { ...asked, anomalyTypes: types, anomalyView: 'evidence' },
      from: SECONDS,
      intervalSeconds: 60,
      reducer: 'none',
    },
  ],
  // Any score: what is there is told.
  condition: '$anomalies >= 0',
  for: '0s',
}));
