import { type Entity, MOST_WINDOWS_BACK } from '../../step.ts';

const MANY_PORTS = 20;

/**
 * Whether what comes to a host is a scan of its ports rather than a flood: many ports, each tried a few times, from fewer senders than
 * there are ports. A flood has one port or, where a tool counts ports up, tries each again and again. Records are counted, not flows:
 * scaled counts would make each port of a sampled scan look hammered. Reads of destinations `records`, `ports`, `sources`.
 */
export function isPortScan(host: Entity): boolean {
  const ports = host.distinct('ports', MOST_WINDOWS_BACK);
  return (
    ports >= MANY_PORTS &&
    host.sum('records', MOST_WINDOWS_BACK) < 4 * ports &&
    host.distinct('sources', MOST_WINDOWS_BACK) < ports / 2
  );
}
