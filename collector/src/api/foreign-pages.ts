import type { IncomingHttpHeaders } from 'node:http';

/**
 * What is wrong with a request that a browser makes for a page of another origin, undefined where nothing is. A browser on this
 * machine or in this network reaches the API for every page that it shows, and no rule of browsers keeps a page from opening a
 * WebSocket to another host: where no token is asked for, the page's origin must be the API's own address. A name is no proof of
 * that, since a foreign DNS can point it here.
 */
export function foreignPage({ host = '', origin }: IncomingHttpHeaders): string | undefined {
  if (origin === undefined) return undefined;
  const name = host.replace(/:\d+$/, '');
  const isAddress = name === 'localhost' || /^(?:[\d.]+|\[[0-9a-fA-F:.]+\])$/.test(name);
  if (isAddress && (origin === `http://${host}` || origin === `https://${host}`)) return undefined;
  return `Pages of other origins (${origin}) may not read this without a token: set http.tokens.`;
}
