/** Simulated exporters: NetFlow v5, v9 and IPFIX with realistic traffic, and the truth about what they sent. */
export { simulateCommand } from './command.ts';
export type { ExportProtocol } from './encoder.ts';
export type { DatagramSums, KindTruth } from './exporter-ledger.ts';
export { checkOptions, DEFAULTS, OptionError } from './options.ts';
export type { SimulationOptions } from './options.ts';
export { startSimulation } from './simulation.ts';
export type { Simulation, SimulationProgress } from './simulation.ts';
export type { AddressShare, FlowSums, Share } from './tally.ts';
export type { ExporterTruth, Truth } from './truth.ts';
export type { TruthFlow } from './truth-flows.ts';
