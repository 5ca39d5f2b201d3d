import type { IncomingHttpHeaders } from 'node:http';
import { exception } from './exceptions.ts';

/** What a request's address and headers say, sorted into what ClickHouse makes of it. */
export interface RequestParameters {
  readonly query: string;
  readonly queryId: string | undefined;
  readonly database: string | undefined;
  readonly defaultFormat: string | undefined;
  /** Answer in ClickHouse's own compressed blocks. */
  readonly compress: boolean;
  /** The body is in ClickHouse's own compressed blocks. */
  readonly decompress: boolean;
  readonly waitEndOfQuery: boolean;
  readonly session:
    { readonly id: string; readonly timeoutSeconds: number; readonly mustExist: boolean } | undefined;
  readonly closeSession: boolean;
  /** Settings, in the order given. */
  readonly settings: ReadonlyMap<string, string>;
  /** Values of `{name:Type}`, as given. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly roles: readonly string[];
}

const RESERVED = new Set([
  'query',
  'query_id',
  'database',
  'default_format',
  'compress',
  'decompress',
  'user',
  'password',
  'quota_key',
  'stacktrace',
  'role',
  'buffer_size',
  'wait_end_of_query',
  'session_id',
  'session_timeout',
  'session_check',
  'close_session',
  'client_protocol_version',
]);

/** Settings of ClickHouse's HTTP interface itself: they change how it answers here, and mean nothing to the engine. */
const INTERFACE_SETTINGS = new Set([
  'send_progress_in_http_headers',
  'http_headers_progress_interval_ms',
  'http_wait_end_of_query',
  'http_response_buffer_size',
  'http_write_exception_in_output_format',
  'add_http_cors_header',
  'cancel_http_readonly_queries_on_client_close',
]);

const MAX_SESSION_SECONDS = 3600;
const DEFAULT_SESSION_SECONDS = 60;

/**
 * @param form fields of a multipart body, which stand on a level with the address's parameters
 * @throws {DatabaseError} for values that are no legal ones
 */
export function readParameters(
  address: URLSearchParams,
  headers: IncomingHttpHeaders,
  form: ReadonlyMap<string, string> = new Map(),
): RequestParameters {
  const all: [string, string][] = [...address, ...form];
  const get = (name: string): string | undefined => all.find(([key]) => key === name)?.[1];
  const settings = new Map<string, string>();
  const parameters = new Map<string, string>();
  const roles: string[] = [];
  for (const [name, value] of all) {
    if (name.startsWith('param_')) parameters.set(name.slice('param_'.length), value);
    else if (name === 'role') roles.push(value);
    else if (name !== '' && !RESERVED.has(name) && !INTERFACE_SETTINGS.has(name)) settings.set(name, value);
  }
  const id = get('session_id');
  return {
    query: get('query') ?? '',
    queryId: nonEmpty(get('query_id')),
    database: nonEmpty(header(headers, 'x-clickhouse-database')) ?? nonEmpty(get('database')),
    defaultFormat: nonEmpty(header(headers, 'x-clickhouse-format')) ?? nonEmpty(get('default_format')),
    compress: flag(get('compress')),
    decompress: flag(get('decompress')),
    waitEndOfQuery: flag(get('wait_end_of_query')) || flag(get('http_wait_end_of_query')),
    session:
      id === undefined || id === ''
        ? undefined
        : {
            id,
            timeoutSeconds: sessionTimeout(get('session_timeout')),
            mustExist: get('session_check') === '1',
          },
    closeSession: get('close_session') === '1',
    settings,
    parameters,
    roles,
  };
}

function flag(value: string | undefined): boolean {
  return value !== undefined && !/^(?:0|false|no|off|)$/i.test(value);
}

function sessionTimeout(value: string | undefined): number {
  if (value === undefined) return DEFAULT_SESSION_SECONDS;
  if (!/^\d+$/.test(value)) throw exception('INVALID_SESSION_TIMEOUT', `Invalid session timeout: '${value}'`);
  if (Number(value) > MAX_SESSION_SECONDS) {
    throw exception(
      'INVALID_SESSION_TIMEOUT',
      `Session timeout '${value}' is larger than max_session_timeout: ${MAX_SESSION_SECONDS}`,
    );
  }
  return Number(value);
}

/** The one value of a header. */
export function header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
