import type { Detector } from '../../detector.ts';

import { entropyShift } from './entropy-shift.ts';
import { errorRate } from './error-rate.ts';
import { exporterSilent } from './exporter-silent.ts';
import { highLatency } from './high-latency.ts';
import { outlier } from './outlier.ts';
import { packetLoss } from './packet-loss.ts';
import { protocolMix } from './protocol-mix.ts';
import { unusualProtocol } from './unusual-protocol.ts';

export const measuresDetectors: readonly Detector[] = [
  highLatency,
  packetLoss,
  errorRate,
  protocolMix,
  unusualProtocol,
  entropyShift,
  outlier,
  exporterSilent,
];
