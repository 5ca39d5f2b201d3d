import { readFileSync } from 'node:fs';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Config } from '../config/index.ts';
import { exceptionText, linesOf } from './answer-body.ts';
import { CommandFailure } from './failure.ts';
import { localUrl } from './settings.ts';

const MOST_SAID = 64 * 1024;

/** A ClickHouse to ask: a server, or the one embedded in a running collector. */
export interface ClickHouseTarget {
  readonly url: string;
  readonly embedded: boolean;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string;
  readonly tls: Config['clickhouse']['tls'];
}

/** What the command line says over the configuration. */
export interface TargetOptions {
  readonly url?: string | undefined;
  readonly user?: string | undefined;
  readonly database?: string | undefined;
}

export function targetOf({ clickhouse }: Config, options: TargetOptions): ClickHouseTarget {
  const url = options.url ?? clickhouse.url;
  if (url === undefined && clickhouse.httpBind === null)
    throw new CommandFailure(
      'clickhouse.http_bind is off, so that the collector’s ClickHouse cannot be asked from outside. Set it to 127.0.0.1:8123, or name a server in CLICKHOUSE_URL.',
    );
  if (options.url !== undefined && !/^https?:\/\//.test(options.url))
    throw new CommandFailure(
      `--url is '${options.url}'; it must begin with http:// or https://, such as http://127.0.0.1:8123.`,
    );
  return {
    url: url ?? localUrl(clickhouse.httpBind!),
    embedded: url === undefined,
    user: options.user ?? clickhouse.user,
    password: clickhouse.password,
    database: options.database ?? clickhouse.database,
    tls: clickhouse.tls,
  };
}

/** Settings are not among it: a user with readonly=1 may not change any. */
export interface Question {
  readonly sql: string;
  /** The format where the SQL names none. */
  readonly format: string;
  /** Values of `{name:Type}` in the SQL. */
  readonly parameters?: Readonly<Record<string, string | number>>;
  readonly signal?: AbortSignal | undefined;
}

/** Asks over ClickHouse's HTTP interface. Resolves with the stream of the answer; fails with what ClickHouse said, made readable. */
export async function ask(target: ClickHouseTarget, question: Question): Promise<IncomingMessage> {
  const url = new URL(target.url);
  url.searchParams.set('database', target.database);
  url.searchParams.set('default_format', question.format);
  for (const [name, value] of Object.entries(question.parameters ?? {}))
    url.searchParams.set(`param_${name}`, String(value));
  const { tls } = target;
  const headers: Record<string, string> = { 'content-type': 'text/plain; charset=utf-8' };
  if (target.user !== undefined) headers['x-clickhouse-user'] = target.user;
  if (target.password !== undefined) headers['x-clickhouse-key'] = target.password;

  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      headers,
      ...(question.signal && { signal: question.signal }),
      ...(tls.caFile !== undefined && { ca: readFileSync(tls.caFile) }),
      ...(tls.certFile !== undefined && { cert: readFileSync(tls.certFile) }),
      ...(tls.keyFile !== undefined && { key: readFileSync(tls.keyFile) }),
      rejectUnauthorized: !tls.insecure,
    });
    sent.once('response', resolve).once('error', reject);
    sent.end(question.sql);
  }).catch((error: unknown) => {
    if (question.signal?.aborted === true) throw error;
    throw new CommandFailure(unreachable(target, error));
  });
  if (response.statusCode === 200) return response;
  throw new CommandFailure(refusal(target, response.statusCode ?? 0, await textOf(response)));
}

/** The rows of an answer of one JSON object a line; 64-bit integers may come as text. */
export async function askRows<Row>(
  target: ClickHouseTarget,
  question: Omit<Question, 'format'>,
): Promise<Row[]> {
  const response = await ask(target, {
    ...question,
    format: 'JSONEachRow',
  });
  const rows: Row[] = [];
  for await (const line of linesOf(response)) if (line !== '') rows.push(JSON.parse(line) as Row);
  return rows;
}

function unreachable({ url, embedded }: ClickHouseTarget, error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED')
    return embedded
      ? `nothing answers at ${url}. Is the collector running? Start it with: weir collect. If its ClickHouse listens elsewhere, set CLICKHOUSE_HTTP_BIND or --url.`
      : `nothing answers at ${url}. Is ClickHouse running there? Another address is set with CLICKHOUSE_URL or --url.`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `${new URL(url).hostname} has no address. Correct CLICKHOUSE_URL or --url.`;
  if (code?.includes('CERT') === true || code?.includes('SIGNATURE') === true)
    return `the certificate of ${url} is not trusted (${message}). Name its authority in clickhouse.tls.ca_file.`;
  return `${url} cannot be asked: ${message || code || String(error)}.`;
}

function refusal(target: ClickHouseTarget, status: number, body: string): string {
  const said = exceptionText(body);
  if (/AUTHENTICATION_FAILED|REQUIRED_PASSWORD|UNKNOWN_USER/.test(body) || status === 401)
    return `${target.url} refuses user ${target.user ?? 'default'}: ${said || `HTTP ${status}`}. Give --user, and its password in CLICKHOUSE_PASSWORD.`;
  if (said === '')
    return `${target.url} answers with HTTP ${status} and nothing else: is it ClickHouse’s HTTP interface?`;
  if (!body.includes('DB::Exception') && /<html/i.test(body))
    return `${target.url} answers with HTTP ${status} and a web page: is it ClickHouse’s HTTP interface?`;
  return said;
}

/** The beginning of a body that is expected to be short. */
async function textOf(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  try {
    for await (const chunk of response as AsyncIterable<string>) if (text.length < MOST_SAID) text += chunk;
  } catch {
    // What came is better than nothing.
  }
  return text;
}
