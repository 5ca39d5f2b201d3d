import type { Entity } from '../../step.ts';
import { countText } from './quantities.ts';

/** ` on port 443`, ` on about 1,200 ports`; nothing where no port is told: of answers, the port is anybody’s. Reads `ports`. */
export function onPorts(host: Entity, port: number): string {
  if (port > 0) return ` on port ${port}`;
  const ports = host.distinct('ports', 1);
  if (ports < 2) return '';
  return ` on ${ports >= 32 ? 'about ' : ''}${countText(Number(ports.toPrecision(2)))} ports`;
}
