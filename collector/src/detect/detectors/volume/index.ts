import type { Detector } from '../../detector.ts';
import { amplification } from './amplification.ts';
import { carpetBombing } from './carpet-bombing.ts';
import { dataExfiltration } from './data-exfiltration.ts';
import { ddosVolumetric } from './ddos.ts';
import { dnsAnomaly } from './dns-anomaly.ts';
import { dnsTunnel } from './dns-tunnel.ts';
import { icmpFlood } from './icmp-flood.ts';
import { synFlood } from './syn-flood.ts';
import { trafficDrop } from './traffic-drop.ts';
import { trafficSpike } from './traffic-spike.ts';
import { udpFlood } from './udp-flood.ts';

export const volumeDetectors: readonly Detector[] = [
  trafficSpike,
  trafficDrop,
  ddosVolumetric,
  carpetBombing,
  synFlood,
  udpFlood,
  icmpFlood,
  amplification,
  dataExfiltration,
  dnsAnomaly,
  dnsTunnel,
];
