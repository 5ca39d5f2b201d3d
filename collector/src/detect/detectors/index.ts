import type { Detector } from '../detector.ts';
import { hostsDetectors } from './hosts/index.ts';
import { measuresDetectors } from './measures/index.ts';
import { volumeDetectors } from './volume/index.ts';

/** All detectors, in the order of the reference page. */
export const detectors: readonly Detector[] = [...hostsDetectors, ...volumeDetectors, ...measuresDetectors];
