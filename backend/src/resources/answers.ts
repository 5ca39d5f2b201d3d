import { type ResourceRequest, type ResourceResponse, PluginError, jsonResponse } from '@weir/plugin-sdk';
import { toPluginError } from '../queries/failures.ts';

/** Kept by the browser of whoever asked, for a minute: what the editors ask for changes slowly. */
const CACHING = { 'cache-control': 'private, max-age=60' };
const NO_CACHING = { 'cache-control': 'private, no-store' };

export function answer(value: unknown, { cached }: { readonly cached: boolean }): ResourceResponse {
  return jsonResponse(value, { headers: cached ? CACHING : NO_CACHING });
}

/** Answers an error as `{error}` with its status; faults of ours are thrown on, to be logged. */
export async function answered(work: () => Promise<ResourceResponse>): Promise<ResourceResponse> {
  try {
    return await work();
  } catch (error) {
    const shown = toPluginError(error);
    if (!(shown instanceof PluginError)) throw error;
    return jsonResponse({ error: shown.message }, { status: shown.status, headers: NO_CACHING });
  }
}

export function badRequest(message: string): PluginError {
  return new PluginError(message, { status: 400, source: 'downstream' });
}

/** A whole number among the parameters. */
export function wholeNumber(
  { search }: Pick<ResourceRequest, 'search'>,
  name: string,
  { from, to, otherwise }: { readonly from: number; readonly to: number; readonly otherwise: number },
): number {
  const text = search.get(name);
  if (text === null || text === '') return otherwise;
  const value = Number(text);
  if (!Number.isFinite(value)) throw badRequest(`${name} must be a number, not “${text.slice(0, 50)}”.`);
  return Math.min(to, Math.max(from, Math.round(value)));
}

/** A text among the parameters; one too long is an error. */
export function text({ search }: Pick<ResourceRequest, 'search'>, name: string, longest = 1000): string {
  const value = search.get(name) ?? '';
  if (value.length > longest) throw badRequest(`${name} is longer than ${longest} characters.`);
  return value;
}
