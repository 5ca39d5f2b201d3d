import type { AnomalyType, Severity } from '@weir/core/anomalies';

/**
 * Which of an anomaly's ends is compared: `host` is any of its ends, those of its contributors among them; `tenant` is all of a tenant.
 * A prefix is shared by the hosts in it.
 */
export type SharedEnd = 'source' | 'destination' | 'host' | 'exporter' | 'tenant';

/** Two anomalies of one tenant that are one story. */
export interface StoryRule {
  readonly first: readonly AnomalyType[];
  readonly then: readonly AnomalyType[];
  /** The end of `first` and the end of `then` that are the same. */
  readonly share: readonly [SharedEnd, SharedEnd];
  /** Seconds between the one's end and the other's beginning, at most. */
  readonly within: number;
  /** `then` opens after `first`; else either may come before the other. */
  readonly inOrder?: boolean;
  /**
   * `then` is a mark that `first` leaves on something larger. It joins the nearest one only, and only while it is alone, so that it does
   * not tie together causes that have nothing in common.
   */
  readonly mark?: boolean;
  /** The least severity that `then` has within the story. */
  readonly raises?: Severity;
  readonly because: string;
}

const MINUTE = 60;
const HOUR = 3600;

const scans = ['port_scan_vertical', 'port_scan_horizontal'] as const;
const floods = [
  'ddos_volumetric',
  'ddos_carpet_bombing',
  'syn_flood',
  'udp_flood',
  'icmp_flood',
  'amplification',
] as const;
const suffering = ['high_latency', 'packet_loss', 'error_rate'] as const;
const shapes = ['entropy_shift', 'protocol_mix'] as const;
const leaks = ['data_exfiltration', 'dns_tunnel'] as const;

/** What belongs together, and why. Read from top to bottom: the way of an intruder, floods and what they do, faults, marks. */
export const storyRules: readonly StoryRule[] = [
  {
    first: scans,
    then: scans,
    share: ['source', 'source'],
    within: HOUR,
    because: 'The same host scans hosts and ports.',
  },
  {
    first: scans,
    then: ['brute_force'],
    share: ['source', 'source'],
    within: HOUR,
    inOrder: true,
    raises: 'high',
    because: 'The host that tries logins scanned before: it looked for them.',
  },
  {
    first: scans,
    then: ['lateral_movement'],
    share: ['source', 'source'],
    within: HOUR,
    inOrder: true,
    raises: 'high',
    because: 'The host that logs in elsewhere scanned before.',
  },
  {
    first: ['brute_force'],
    then: ['lateral_movement', ...leaks],
    share: ['source', 'source'],
    within: 4 * HOUR,
    inOrder: true,
    raises: 'high',
    because: 'The host tried logins before.',
  },
  {
    first: ['brute_force'],
    then: ['lateral_movement', 'beaconing', ...leaks, ...scans],
    share: ['destination', 'source'],
    within: 4 * HOUR,
    inOrder: true,
    raises: 'critical',
    because: 'The host acts whose login was tried before: the login may have been found.',
  },
  {
    first: ['lateral_movement'],
    then: [...leaks, 'beaconing'],
    share: ['host', 'source'],
    within: 4 * HOUR,
    inOrder: true,
    raises: 'critical',
    because: 'Data leave from a host that was reached, or that reached others, over administration ports.',
  },
  {
    first: ['lateral_movement'],
    then: ['lateral_movement'],
    share: ['destination', 'source'],
    within: 4 * HOUR,
    inOrder: true,
    raises: 'high',
    because: 'The host that was reached goes on to others.',
  },
  {
    first: ['beaconing', 'unexpected_connection', 'long_connection', 'dns_anomaly'],
    then: leaks,
    share: ['source', 'source'],
    within: 4 * HOUR,
    because: 'The same host keeps up connections to the outside and sends much.',
  },
  {
    first: ['beaconing'],
    then: [...scans, 'brute_force', 'lateral_movement'],
    share: ['source', 'source'],
    within: 4 * HOUR,
    inOrder: true,
    raises: 'high',
    because: 'A host that calls home regularly now attacks others: somebody may be steering it.',
  },
  {
    first: floods,
    then: floods,
    share: ['destination', 'destination'],
    within: 10 * MINUTE,
    because: 'Floods upon the same target.',
  },
  {
    first: floods,
    then: suffering,
    share: ['destination', 'host'],
    within: 10 * MINUTE,
    because: 'The target of the flood answers late or not at all.',
  },
  {
    first: floods,
    then: ['traffic_spike'],
    share: ['destination', 'host'],
    within: 10 * MINUTE,
    because: 'The flood’s target contributes to the spike.',
  },
  {
    first: leaks,
    then: ['traffic_spike'],
    share: ['source', 'host'],
    within: 10 * MINUTE,
    mark: true,
    because: 'The host that sends much contributes to the spike.',
  },
  {
    first: ['traffic_spike'],
    then: ['traffic_spike'],
    share: ['exporter', 'exporter'],
    within: MINUTE,
    because: 'What comes in by one interface of a router goes out by another.',
  },
  {
    first: ['exporter_silent'],
    then: ['traffic_drop'],
    share: ['exporter', 'exporter'],
    within: 15 * MINUTE,
    because: 'Traffic is missing as the exporter does not report.',
  },
  {
    first: ['exporter_silent'],
    then: ['traffic_drop'],
    share: ['tenant', 'tenant'],
    within: 5 * MINUTE,
    mark: true,
    because: 'Traffic is missing as an exporter does not report.',
  },
  {
    first: ['traffic_drop'],
    then: suffering,
    share: ['host', 'host'],
    within: 10 * MINUTE,
    because: 'A host has less traffic, and what it has is ill.',
  },
  {
    first: suffering,
    then: suffering,
    share: ['host', 'host'],
    within: 10 * MINUTE,
    because: 'The same host is slow, loses packets or refuses.',
  },
  {
    first: [...floods, ...scans],
    then: [...shapes, 'traffic_spike'],
    share: ['tenant', 'tenant'],
    within: 2 * MINUTE,
    mark: true,
    because: 'The tenant’s traffic as a whole changed as the attack began.',
  },
  {
    first: [...scans, ...floods, ...leaks, 'brute_force', 'lateral_movement', 'dns_anomaly'],
    then: ['outlier', 'unusual_protocol', 'unexpected_connection', 'error_rate'],
    share: ['host', 'host'],
    within: 10 * MINUTE,
    mark: true,
    because: 'The same host stands out in other ways too.',
  },
  {
    first: ['dns_anomaly'],
    then: ['dns_tunnel'],
    share: ['source', 'source'],
    within: HOUR,
    because: 'The same host asks much and oddly.',
  },
];
