import type { AnomalyType } from '@weir/core/anomalies';
import type { AnomalyRecord } from './anomaly-record.ts';

const typeWords: Readonly<Record<AnomalyType, string>> = {
  port_scan_vertical: 'Port scan',
  port_scan_horizontal: 'Network scan',
  traffic_spike: 'Traffic spike',
  traffic_drop: 'Traffic drop',
  ddos_volumetric: 'Volumetric DDoS',
  ddos_carpet_bombing: 'Carpet bombing',
  syn_flood: 'SYN flood',
  udp_flood: 'UDP flood',
  icmp_flood: 'ICMP flood',
  amplification: 'Amplification',
  data_exfiltration: 'Data exfiltration',
  dns_anomaly: 'DNS anomaly',
  dns_tunnel: 'DNS tunnel',
  lateral_movement: 'Lateral movement',
  brute_force: 'Brute force',
  beaconing: 'Beaconing',
  long_connection: 'Long connection',
  high_latency: 'High latency',
  packet_loss: 'Packet loss',
  error_rate: 'Error rate',
  protocol_mix: 'Protocol mix',
  unusual_protocol: 'Unusual protocol',
  unexpected_connection: 'Unexpected connection',
  entropy_shift: 'Entropy shift',
  outlier: 'Outlier',
  exporter_silent: 'Exporter silent',
  rule: 'Rule',
};

/** The type's name for people; of a user's rule its own. */
export function typeText({ type, rule }: Pick<AnomalyRecord, 'type' | 'rule'>): string {
  if (type === 'rule' && rule !== '') return `Rule ${rule}`;
  return Object.hasOwn(typeWords, type) ? typeWords[type as AnomalyType] : type.replaceAll('_', ' ');
}

/** Names in MITRE ATT&CK for Enterprise of the techniques that detectors name. */
const techniqueNames: Readonly<Record<string, string>> = {
  T1021: 'Remote Services',
  'T1021.001': 'Remote Desktop Protocol',
  'T1021.002': 'SMB/Windows Admin Shares',
  'T1021.003': 'Distributed Component Object Model',
  'T1021.004': 'SSH',
  'T1021.005': 'VNC',
  'T1021.006': 'Windows Remote Management',
  T1046: 'Network Service Discovery',
  T1048: 'Exfiltration Over Alternative Protocol',
  T1071: 'Application Layer Protocol',
  'T1071.004': 'Application Layer Protocol: DNS',
  T1095: 'Non-Application Layer Protocol',
  T1110: 'Brute Force',
  'T1110.003': 'Password Spraying',
  T1498: 'Network Denial of Service',
  'T1498.001': 'Direct Network Flood',
  'T1498.002': 'Reflection Amplification',
  T1567: 'Exfiltration Over Web Service',
  T1572: 'Protocol Tunneling',
  T1573: 'Encrypted Channel',
};

/** `T1046 Network Service Discovery`; empty for none. */
export function techniqueText(technique: string): string {
  const name = techniqueNames[technique];
  return name === undefined ? technique : `${technique} ${name}`;
}

/** Of its page, below `https://attack.mitre.org/techniques/`: `T1498/001`. */
export function techniquePath(technique: string): string {
  return technique.replace('.', '/');
}
