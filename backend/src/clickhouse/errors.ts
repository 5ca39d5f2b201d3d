/** What ClickHouse, or the way to it, says in place of an answer. */
export class ClickHouseError extends Error {
  override readonly name = 'ClickHouseError';
  readonly reason: FailureReason;
  /** ClickHouse's own code; 0 where it did not come so far. */
  readonly code: number;

  constructor(reason: FailureReason, message: string, code = 0) {
    super(message);
    this.reason = reason;
    this.code = code;
  }
}

/**
 * - `dns`, `refused`, `unreachable`, `timeout`, `tls`, `broken`: the way to the server.
 * - `password`, `denied`: who asks. `database`, `table`: what is not there. `limit`: a bound was met. `busy`: too many at once.
 * - `query`: the query is wrong. `server`: anything else that the server says.
 */
export type FailureReason =
  | 'dns'
  | 'refused'
  | 'unreachable'
  | 'timeout'
  | 'tls'
  | 'broken'
  | 'password'
  | 'denied'
  | 'database'
  | 'table'
  | 'limit'
  | 'busy'
  | 'query'
  | 'server';

const REASONS: Readonly<Record<number, FailureReason>> = {
  60: 'table',
  81: 'database',
  159: 'timeout',
  160: 'limit',
  158: 'limit',
  164: 'denied',
  192: 'password',
  193: 'password',
  194: 'password',
  202: 'busy',
  241: 'limit',
  307: 'limit',
  396: 'limit',
  497: 'denied',
  516: 'password',
  209: 'timeout',
  210: 'broken',
};
/** Codes of errors that a query's own text makes: syntax, names, types. */
const QUERY_CODES = new Set([
  6, 10, 16, 27, 36, 38, 41, 42, 43, 44, 46, 47, 49, 50, 53, 62, 63, 70, 72, 153, 179, 184, 206, 215, 352,
  386, 456, 457,
]);

/** An error from the text of ClickHouse's answer. */
export function errorFromAnswer(
  status: number,
  codeHeader: string | undefined,
  body: string,
): ClickHouseError {
  const code = Number(codeHeader ?? /Code: (\d+)/.exec(body)?.[1] ?? 0);
  const text = withoutTrailer(body) || `HTTP status ${status}`;
  if (status === 401 && code === 0)
    return new ClickHouseError('password', `ClickHouse refuses the user or the password: ${text}`);
  if (code === 0)
    return new ClickHouseError(
      'server',
      `The server does not answer as ClickHouse does (HTTP status ${status}): ${text}`,
    );
  const reason = REASONS[code] ?? (QUERY_CODES.has(code) ? 'query' : 'server');
  const opening: Partial<Record<FailureReason, string>> = {
    password: 'ClickHouse refuses the user or the password',
    denied: 'ClickHouse does not allow it',
    database: 'ClickHouse has no such database',
    table: 'ClickHouse has no such table',
    limit: 'The query met a limit of ClickHouse',
    timeout: 'The query took too long',
    busy: 'ClickHouse is busy',
  };
  return new ClickHouseError(reason, `${opening[reason] ?? 'ClickHouse'}: ${text}`, code);
}

/** The first line that says something, without version and stack. */
function withoutTrailer(body: string): string {
  const text = body
    .replace(/^Code: \d+\. /, '')
    .replace(/^DB::Exception: /, '')
    .replace(/\s*\(version [^)]*\)\)?\s*$/, '')
    .replace(/\nStack trace[\s\S]*$/, '')
    .trim();
  return text.length > 2000 ? `${text.slice(0, 2000)} …` : text;
}

const TLS_CODE =
  /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED|ERR_TLS|ERR_SSL|EPROTO|HOSTNAME_MISMATCH|INVALID_CA|UNKNOWN_CERTIFICATE)/;

/** An error of the connection in words that tell its causes apart. `where` is host and port. */
export function errorFromConnection(error: unknown, where: string): ClickHouseError {
  if (error instanceof ClickHouseError) return error;
  const { code = '', message } = innermost(error);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return new ClickHouseError('dns', `The name of ${where} is not known (DNS: ${code}).`);
  if (code === 'ECONNREFUSED' || code === 'ConnectionRefused')
    return new ClickHouseError('refused', `Nothing listens at ${where} (connection refused).`);
  if (code === 'ETIMEDOUT' || code === 'ESOCKETTIMEDOUT')
    return new ClickHouseError('timeout', `${where} does not answer in time.`);
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH' || code === 'EADDRNOTAVAIL')
    return new ClickHouseError('unreachable', `There is no way to ${where} (${code}).`);
  if (TLS_CODE.test(code) || /certificate|ssl|tls/i.test(`${code} ${message}`))
    return new ClickHouseError(
      'tls',
      `TLS with ${where} fails: ${message}${code === '' ? '' : ` (${code})`}.`,
    );
  return new ClickHouseError(
    'broken',
    `The connection to ${where} broke: ${message}${code === '' ? '' : ` (${code})`}.`,
  );
}

/** By its shape: the errors of Node's own sockets may come from another realm. */
function innermost(error: unknown): { code?: string; message: string } {
  if (typeof error !== 'object' || error === null) return { message: String(error) };
  const { code, message, errors } = error as { code?: unknown; message?: unknown; errors?: unknown };
  if (Array.isArray(errors) && errors.length > 0) return innermost(errors[0]);
  return { message: String(message), ...(typeof code === 'string' ? { code } : {}) };
}
