export type {
  ClickHouseConfig,
  ClickHouseUser,
  Config,
  ConfigOrigin,
  DetectionConfig,
  ExporterEntry,
  TenantEntry,
} from './config.ts';
export { describeConfig } from './describe.ts';
export { parseDuration } from './duration.ts';
export { type Endpoint, formatEndpoint, isLoopback, parseEndpoint } from './endpoint.ts';
export {
  type ConfigProblem,
  type ConfigSources,
  DEFAULT_FILE,
  type LoadedConfig,
  loadConfig,
} from './load.ts';
export { formatSize, parseSize } from './size.ts';
