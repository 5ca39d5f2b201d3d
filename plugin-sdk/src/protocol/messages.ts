/**
 * The messages of `proto/*.proto` as the loader gives and takes them: absent messages are null on reading, 64-bit
 * integers are numbers, enums are their numbers. What a handler writes may leave fields out.
 */
export type StringMap = Record<string, string>;
export type StringListMap = Record<string, { values: string[] }>;
export type Empty = Record<string, never>;

export interface WireUser {
  login: string;
  name: string;
  email: string;
  role: string;
}

export interface WireAppInstanceSettings {
  jsonData: Uint8Array;
  decryptedSecureJsonData: StringMap;
  lastUpdatedMS: number;
  apiVersion: string;
}

export interface WireDataSourceInstanceSettings {
  id: number;
  name: string;
  url: string;
  user: string;
  database: string;
  basicAuthEnabled: boolean;
  basicAuthUser: string;
  jsonData: Uint8Array;
  decryptedSecureJsonData: StringMap;
  lastUpdatedMS: number;
  uid: string;
  apiVersion: string;
}

export interface WirePluginContext {
  orgId: number;
  pluginId: string;
  user: WireUser | null;
  appInstanceSettings: WireAppInstanceSettings | null;
  dataSourceInstanceSettings: WireDataSourceInstanceSettings | null;
  grafanaConfig: StringMap;
  pluginVersion: string;
  userAgent: string;
  apiVersion: string;
  namespace: string;
}

export const FORMAT_ARROW = 0;
export const FORMAT_JSON = 1;

export interface WireDataQuery {
  refId: string;
  maxDataPoints: number;
  intervalMS: number;
  timeRange: { fromEpochMS: number; toEpochMS: number } | null;
  json: Uint8Array;
  queryType: string;
}

export interface WireQueryDataRequest {
  pluginContext: WirePluginContext | null;
  headers: StringMap;
  queries: WireDataQuery[];
  format: number;
}

export interface WireDataResponse {
  frames: Uint8Array[];
  error: string;
  status: number;
  errorSource: string;
  format: number;
}

export interface WireQueryDataResponse {
  responses: Record<string, WireDataResponse>;
}

export interface WireCallResourceRequest {
  pluginContext: WirePluginContext | null;
  path: string;
  method: string;
  url: string;
  headers: StringListMap;
  body: Uint8Array;
}

export interface WireCallResourceResponse {
  code: number;
  headers: StringListMap;
  body: Uint8Array;
}

export interface WireCheckHealthRequest {
  pluginContext: WirePluginContext | null;
  headers: StringMap;
}

export const HEALTH_STATUS = { unknown: 0, ok: 1, error: 2 } as const;

export interface WireCheckHealthResponse {
  status: number;
  message: string;
  jsonDetails: Uint8Array;
}

export interface WireCollectMetricsResponse {
  metrics: { prometheus: Uint8Array } | null;
}

/** `SubscribeStreamRequest`, `RunStreamRequest` and `PublishStreamRequest` are alike. */
export interface WireStreamRequest {
  pluginContext: WirePluginContext | null;
  path: string;
  data: Uint8Array;
  headers: StringMap;
}

export const STREAM_STATUS = { ok: 0, 'not-found': 1, 'permission-denied': 2 } as const;

/** `SubscribeStreamResponse` and `PublishStreamResponse` are alike. */
export interface WireStreamResponse {
  status: number;
  data: Uint8Array;
}

export interface WireStreamPacket {
  data: Uint8Array;
}

export const SERVING = 1;
export const SERVICE_UNKNOWN = 3;
