/** The data source's settings as Grafana stores them (`jsonData`). */
export interface DataSourceSettings {
  /** Of ClickHouse's HTTP interface: http://clickhouse:8123. */
  readonly url: string;
  readonly database: string;
  readonly user: string;
  /** Certificates are in PEM. */
  readonly tlsSkipVerify: boolean;
  readonly tlsServerName: string;
  /** Only this tenant's flows are seen; empty for all. */
  readonly tenant: string;
  /** Of the collector's API, for live tails: http://collector:9055. Empty: no live tail. */
  readonly collectorUrl: string;
  /** Seconds that a query may take at most. */
  readonly timeoutSeconds: number;
  /** Rows that a table or list of records has at most. */
  readonly maxRows: number;
  /** Series that a graph or an alert query has at most. */
  readonly maxSeries: number;
  /** Days that a query may reach over at most; 0 for any. */
  readonly maxRangeDays: number;
  /** Queries that run side by side for this data source. */
  readonly concurrency: number;
  /** Whether the SQL kind is allowed. */
  readonly allowSql: boolean;
}

/** The secret ones (`secureJsonData`). */
export interface DataSourceSecrets {
  readonly password?: string;
  readonly collectorToken?: string;
  readonly tlsCaCert?: string;
  readonly tlsClientCert?: string;
  readonly tlsClientKey?: string;
}

export const defaultSettings: DataSourceSettings = {
  url: 'http://127.0.0.1:8123',
  database: 'weir',
  user: '',
  tlsSkipVerify: false,
  tlsServerName: '',
  tenant: '',
  collectorUrl: '',
  timeoutSeconds: 30,
  maxRows: 10_000,
  maxSeries: 200,
  maxRangeDays: 0,
  concurrency: 8,
  allowSql: true,
};
