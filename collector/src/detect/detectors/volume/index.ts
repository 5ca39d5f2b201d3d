import type { Detector } from '../../detector.ts';
import { icmpFlood } from './icmp-flood.ts';
import { synFlood } from './syn-flood.ts';
import { udpFlood } from './udp-flood.ts';

export const volumeDetectors: readonly Detector[] = [synFlood, udpFlood, icmpFlood];
