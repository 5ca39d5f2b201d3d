import type { RequestHeaders } from '../request-headers.ts';

/** A request to `/api/datasources/uid/<uid>/resources/<path>`. Every viewer can make one: validate and bound it. */
export interface ResourceRequest {
  readonly method: string;
  /** Without the leading slash and without the query, as Grafana cleaned it. */
  readonly path: string;
  readonly search: URLSearchParams;
  readonly headers: RequestHeaders;
  readonly body: Uint8Array;
  /** Parameters of the route (`values/:dimension`), decoded. Empty without a router. */
  readonly params: Readonly<Record<string, string>>;
  /** The body as JSON. Throws a `PluginError` of status 400 when it is none. */
  json(): unknown;
}

export type ResourceBody = string | Uint8Array | AsyncIterable<string | Uint8Array>;

export interface ResourceResponse {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** An async iterable is sent chunk by chunk as it comes; its iteration is ended (`return()`) when the caller goes away. */
  readonly body?: ResourceBody;
}

/** A JSON answer. */
export const jsonResponse = (
  value: unknown,
  { status = 200, headers = {} }: { status?: number; headers?: Readonly<Record<string, string>> } = {},
): ResourceResponse => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  body: JSON.stringify(value),
});
