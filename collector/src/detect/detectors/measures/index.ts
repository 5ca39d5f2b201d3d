import type { Detector } from '../../detector.ts';

export const measuresDetectors: readonly Detector[] = [];
