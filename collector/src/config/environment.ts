/** Environment variables that stand over the file, and the keys that they set. */
export const environmentKeys = {
  FLOW_COLLECTOR_BIND: 'listen',
  WEIR_DATA_DIR: 'data_dir',
  WEIR_HTTP_BIND: 'http.bind',
  CLICKHOUSE_URL: 'clickhouse.url',
  CLICKHOUSE_USER: 'clickhouse.user',
  CLICKHOUSE_PASSWORD: 'clickhouse.password',
  CLICKHOUSE_PASSWORD_FILE: 'clickhouse.password_file',
  CLICKHOUSE_DATABASE: 'clickhouse.database',
  CLICKHOUSE_HTTP_BIND: 'clickhouse.http_bind',
  BATCH_SIZE: 'batch.size',
  BATCH_TIMEOUT_SECS: 'batch.timeout_secs',
  KAFKA_BROKERS: 'kafka.brokers',
  KAFKA_FLOW_TOPIC: 'kafka.flow_topic',
  WEIR_LOG_LEVEL: 'log.level',
} as const;

/** Names the configuration file itself. */
export const CONFIG_VARIABLE = 'WEIR_CONFIG';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The variables that are set and not empty: compose files hand on empty ones for "not set". */
export function setVariables(env: Environment): { name: string; key: string; value: string }[] {
  return Object.entries(environmentKeys).flatMap(([name, key]) => {
    const value = env[name];
    return value === undefined || value.trim() === '' ? [] : [{ name, key, value }];
  });
}

/** The variable that sets a key, if one does. */
export function variableFor(key: string): string | undefined {
  return Object.entries(environmentKeys).find(([, of]) => of === key)?.[0];
}
