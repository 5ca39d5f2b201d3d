import type { RequestHeaders } from './request-headers.ts';
import type { Logger } from './logging/logger.ts';

/** Who asks. Alert rules are evaluated as `grafana_scheduler` with the role Admin: never grant rows by role alone. */
export interface User {
  readonly login: string;
  readonly name: string;
  readonly email: string;
  readonly role: string;
}

/** Settings of one data source (or app) as saved in Grafana. */
export interface InstanceSettings {
  readonly kind: 'datasource' | 'app';
  readonly orgId: number;
  /** Kubernetes-style name of the organisation; empty from older Grafana. */
  readonly namespace: string;
  readonly pluginId: string;
  /** Empty for apps. */
  readonly uid: string;
  readonly id: number;
  readonly name: string;
  readonly url: string;
  readonly user: string;
  readonly database: string;
  readonly basicAuthEnabled: boolean;
  readonly basicAuthUser: string;
  /** `{}` when nothing was saved. */
  readonly jsonData: Readonly<Record<string, unknown>>;
  /** Decrypted secrets. Prints and serialises as `[secrets]`, so that it cannot get into a log by accident. */
  readonly secureJsonData: Readonly<Record<string, string>>;
  readonly lastUpdatedMs: number;
  readonly apiVersion: string;
  /** Grafana's own settings for plugins (`GF_…`), such as `GF_CONCURRENT_QUERY_COUNT`. */
  readonly grafanaConfig: Readonly<Record<string, string>>;
}

export interface PluginContext {
  readonly orgId: number;
  readonly namespace: string;
  readonly pluginId: string;
  readonly pluginVersion: string;
  /** Of the form `Grafana/12.4.0 (linux; amd64)`; empty from older Grafana. */
  readonly userAgent: string;
  readonly apiVersion: string;
  readonly user: User | undefined;
  readonly settings: InstanceSettings;
  readonly grafanaConfig: Readonly<Record<string, string>>;
}

/** What comes with every call. */
export interface CallContext {
  /** Aborted when the deadline passes, the caller goes away or the plugin stops; its `reason` is a `CallAborted` that tells which. */
  readonly signal: AbortSignal;
  /** Point in time (ms since the epoch) until which the answer is of use; undefined without a deadline. */
  readonly deadlineMs: number | undefined;
  /** Names in any case, with or without Grafana's `http_` prefix. */
  readonly headers: RequestHeaders;
  readonly user: User | undefined;
  readonly orgId: number;
  readonly pluginContext: PluginContext;
  readonly settings: InstanceSettings;
  readonly grafanaConfig: Readonly<Record<string, string>>;
  /** Tells the RPC and the data source on each line. */
  readonly log: Logger;
  /** W3C trace context of the caller. */
  readonly traceparent: string | undefined;
}
