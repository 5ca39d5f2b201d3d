export { NetflowDecoder, type DatagramOutcome, type FlowSink } from './decoder.ts';
export { Exporters, type ProfileOf } from './exporters.ts';
export { type ConfiguredInterface, Exporter, type ExporterProfile } from './exporter.ts';
export { type NetflowLimits, defaultLimits } from './limits.ts';
