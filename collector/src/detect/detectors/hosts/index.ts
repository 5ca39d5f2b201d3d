import type { Detector } from '../../detector.ts';
import { beaconing } from './beaconing.ts';
import { bruteForce } from './brute-force.ts';
import { lateralMovement } from './lateral-movement.ts';
import { longConnection } from './long-connection.ts';
import { portScan } from './port-scan.ts';
import { slowScan } from './slow-scan.ts';
import { unexpectedConnection } from './unexpected-connection.ts';

/** What hosts do that tells of an intruder: looking around, getting in, moving on, calling home. */
export const hostsDetectors: readonly Detector[] = [
  portScan,
  slowScan,
  bruteForce,
  lateralMovement,
  unexpectedConnection,
  beaconing,
  longConnection,
];
