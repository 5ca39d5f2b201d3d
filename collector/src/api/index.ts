export type { BacktestSource } from './backtest-route.ts';
export { type Health, type HealthReason, type HealthStatus, healthOf } from './health.ts';
export { type Api, type ApiOptions, createApi } from './server.ts';
export type { ApiSources, DetectionReport, ListenerReport, ReceiverReport, StoreReport } from './sources.ts';
