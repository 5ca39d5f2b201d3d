import { PluginError } from '@weir/plugin-sdk';
import type { DataSource } from '../instances/data-source.ts';

/** Nothing that the collector says is longer. */
const MOST_BYTES = 64 << 20;

export interface CollectorRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: object;
  readonly signal: AbortSignal;
}

/**
 * Asks the collector's HTTP interface.
 *
 * @throws {PluginError} that says why there is no answer, and what to change
 */
export async function askCollector(
  { settings, secrets }: Pick<DataSource, 'settings' | 'secrets'>,
  { method, path, body, signal }: CollectorRequest,
): Promise<unknown> {
  if (settings.collectorUrl === '')
    throw refused(
      400,
      'The collector runs replays, and this data source does not know where it is: set the collector URL in its settings.',
    );
  const where = new URL(settings.collectorUrl).host;
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${settings.collectorUrl.replace(/\/+$/, '')}${path}`, {
      method,
      signal,
      redirect: 'error',
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(secrets.collectorToken === undefined
          ? {}
          : { authorization: `Bearer ${secrets.collectorToken}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    text = await textOf(response);
  } catch (error) {
    if (error instanceof PluginError || signal.aborted) throw error;
    const { code, message } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
    throw refused(502, `The collector at ${where} cannot be reached: ${code ?? message}.`);
  }
  const answer = parsed(text);
  if (response.ok && answer !== undefined) return answer;
  const said = typeof answer?.['error'] === 'string' ? answer['error'] : undefined;
  switch (response.status) {
    case 400:
    case 429:
    case 503:
      throw refused(response.status, said ?? `The collector at ${where} refuses it.`);
    case 401:
    case 403:
      throw refused(
        403,
        `The collector at ${where} refuses the token: ${said ?? `HTTP status ${response.status}`} Check the collector token.`,
      );
    case 404:
      throw refused(
        502,
        `The collector at ${where} runs no replays (HTTP status 404): check the collector URL and its version.`,
      );
    default:
      throw refused(
        502,
        `The collector at ${where}: ${said ?? `HTTP status ${response.status}, and no JSON.`}`,
      );
  }
}

async function textOf(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += (part as Uint8Array).length;
    if (bytes > MOST_BYTES) throw refused(502, 'The collector’s answer is too long: ask for less time.');
    parts.push(part as Uint8Array);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function refused(status: number, message: string): PluginError {
  return new PluginError(message, { status, source: 'downstream' });
}
