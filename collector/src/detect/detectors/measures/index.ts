import type { Detector } from '../../detector.ts';

import { exporterSilent } from './exporter-silent.ts';

export const measuresDetectors: readonly Detector[] = [exporterSilent];
