import { isIP, isIPv6 } from 'node:net';

/** Where to listen: an address (IPv6 without brackets) or a host name, and a port; port 0 lets the kernel choose. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

const HOST_NAME =
  /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?)*\.?$/;

/** `127.0.0.1:2055`, `[::]:2055`, `[fe80::1%eth0]:2055`, `localhost:2055`; undefined for anything else. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text.trim());
  if (match === null) return undefined;
  const [, bracketed, plain] = match;
  const port = Number(match[3]);
  if (port > 65_535) return undefined;
  if (bracketed !== undefined) return isIPv6(bracketed) ? { host: bracketed, port } : undefined;
  const host = plain!;
  const looksLikeAddress = /^[\d.]+$/.test(host);
  return (looksLikeAddress ? isIP(host) === 4 : HOST_NAME.test(host)) ? { host, port } : undefined;
}

export function formatEndpoint({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether only programs on this machine can reach it. */
export function isLoopback({ host }: Endpoint): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
