import type { DetectionSettings } from '../detect/settings.ts';
import type { NetflowLimits } from '../inputs/netflow/index.ts';
import type { Endpoint } from './endpoint.ts';
import type { WrittenSettings, logLevels } from './schema.ts';

/** The effective configuration: the file, environment variables over it, defaults under it. Plain data, fit for worker threads. */
export interface Config {
  /** UDP sockets for flow exports. */
  readonly listen: readonly Endpoint[];
  /** Asked of the kernel for each socket. */
  readonly receiveBufferBytes: number;
  readonly dataDir: string;
  readonly http: {
    readonly bind: Endpoint;
    /** Who may read exporters and live flows; none: everyone who reaches the API. */
    readonly tokens: readonly TokenEntry[];
    readonly liveSubscriptions: number;
  };
  readonly clickhouse: ClickHouseConfig;
  readonly batch: { readonly size: number; readonly timeoutMs: number };
  readonly spool: { readonly maxBytes: number; readonly fsync: boolean };
  readonly retention: {
    readonly flowsDays: number;
    readonly rollup1mDays: number;
    readonly rollup1hDays: number;
    readonly ledgerDays: number;
    readonly windowsDays: number;
    readonly anomaliesDays: number;
  };
  /** Addresses and ports that a rollup keeps for each slot. */
  readonly rollup: { readonly top: number };
  readonly exporters: readonly ExporterEntry[];
  /** Networks by prefix: what flows say of their ends where the records do not. */
  readonly networks: readonly NetworkEntry[];
  /** Name the application by protocol and port where the records do not. */
  readonly applicationByPort: boolean;
  readonly tenants: { readonly default: string; readonly map: readonly TenantEntry[] };
  readonly detection: DetectionConfig;
  readonly limits: NetflowLimits;
  /** Reserved: accepted and not yet used. */
  readonly kafka: { readonly brokers: readonly string[]; readonly flowTopic: string };
  readonly log: { readonly level: (typeof logLevels)[number] };
  /** How it came about; for showing, not for deciding. */
  readonly origin: ConfigOrigin;
}

export interface DetectionConfig extends DetectionSettings {
  /** Days of stored windows to learn from where nothing was saved. */
  readonly warmUpDays: number;
}

export interface ClickHouseConfig {
  /** A server; undefined for the embedded engine. Without user and password, which stand below even if the URL held them. */
  readonly url: string | undefined;
  readonly user: string | undefined;
  /** From the configuration or from its password file. */
  readonly password: string | undefined;
  readonly database: string;
  readonly tls: {
    readonly caFile: string | undefined;
    readonly certFile: string | undefined;
    readonly keyFile: string | undefined;
    /** Do not check the server's certificate. */
    readonly insecure: boolean;
  };
  /** Where the embedded engine's HTTP interface listens; null for nowhere. */
  readonly httpBind: Endpoint | null;
  /** Users of the embedded engine's HTTP interface; none: whoever reaches it, without password. */
  readonly users: readonly ClickHouseUser[];
  readonly readers: number;
  readonly memoryLimitBytes: number;
}

export interface ClickHouseUser {
  readonly name: string;
  /** SHA-256 of the password, 64 hexadecimal digits in lower case, whichever way it was configured. */
  readonly passwordSha256: string;
  readonly readOnly: boolean;
  /** Sees only this tenant; undefined for all. */
  readonly tenant: string | undefined;
}

export interface TokenEntry {
  readonly name: string;
  /** SHA-256 of the token, 64 hexadecimal digits in lower case, whichever way it was configured. */
  readonly tokenSha256: string;
  /** Sees only this tenant; undefined for all. */
  readonly tenant: string | undefined;
}

export interface ExporterEntry {
  /** An address or a prefix. */
  readonly address: string;
  readonly name: string | undefined;
  /** Holds against whatever the exporter says. */
  readonly samplingRate: number | undefined;
  /** Holds where the exporter says nothing. */
  readonly defaultSamplingRate: number | undefined;
  readonly interfaces: readonly InterfaceEntry[];
  /** Bits per second of interfaces that have no speed of their own. */
  readonly defaultInterfaceSpeed: number | undefined;
}

export interface InterfaceEntry {
  /** SNMP ifIndex, as flows carry it. */
  readonly index: number;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  /** Bits per second. */
  readonly speed?: number | undefined;
}

export interface NetworkEntry {
  /** An address or a prefix. */
  readonly prefix: string;
  readonly name: string | undefined;
  /** ISO 3166-1, two capitals. */
  readonly country: string | undefined;
  readonly as: number | undefined;
}

export interface TenantEntry {
  /** An address or a prefix. */
  readonly match: string;
  readonly tenant: string;
}

export interface ConfigOrigin {
  /** The file that was read; undefined where there was none. */
  readonly file: string | undefined;
  /** For each key that was set, by its path (`batch.size`): "file", or the environment variable's name. */
  readonly setBy: Readonly<Record<string, string>>;
  /** All settings as a file would have them, defaults too, secrets hidden. */
  readonly settings: WrittenSettings;
}
