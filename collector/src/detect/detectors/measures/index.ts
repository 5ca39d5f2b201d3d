import type { Detector } from '../../detector.ts';

import { errorRate } from './error-rate.ts';
import { exporterSilent } from './exporter-silent.ts';
import { highLatency } from './high-latency.ts';
import { packetLoss } from './packet-loss.ts';

export const measuresDetectors: readonly Detector[] = [highLatency, packetLoss, errorRate, exporterSilent];
