import type { Detector } from '../../detector.ts';

export const volumeDetectors: readonly Detector[] = [];
