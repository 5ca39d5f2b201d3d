import type { Detector } from '../../detector.ts';

export const hostsDetectors: readonly Detector[] = [];
