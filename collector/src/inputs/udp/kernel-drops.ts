import { readFileSync } from 'node:fs';

/**
 * Datagrams that the kernel has dropped for the sockets bound to `port`, by the last column of /proc/net/udp and
 * /proc/net/udp6 (proc(5)). Undefined where the system has no such table.
 */
export function kernelDrops(port: number): number | undefined {
  let drops: number | undefined;
  for (const table of ['/proc/net/udp', '/proc/net/udp6']) {
    let text: string;
    try {
      text = readFileSync(table, 'utf8');
    } catch {
      continue;
    }
    drops = (drops ?? 0) + dropsIn(text, port);
  }
  return drops;
}

/** The sum over one table's text: exported for tests. */
export function dropsIn(table: string, port: number): number {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  let drops = 0;
  for (const line of table.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    if (fields[1]?.endsWith(`:${wanted}`)) drops += Number(fields.at(-1));
  }
  return drops;
}
