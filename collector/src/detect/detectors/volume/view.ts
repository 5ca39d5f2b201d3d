import { type Entity, MOST_WINDOWS_BACK, type Step } from '../../step.ts';

/**
 * Whether the exporters show what own hosts send as well. An exporter that reports only what comes in by an uplink shows no answers at
 * all, and nothing can be said of who does not answer. Reads `internal` of tenants.
 */
export function showsAnswers(step: Step, tenantId: number): boolean {
  return (step.entityOf('tenant', Uint32Array.of(tenantId)).bits('internal') & 1) === 1;
}

/**
 * What a host sends back for each packet that it is sent, over a minute: packets of its own flows, and those of biflows' other direction.
 * A service that is used answers; a host that is flooded cannot, or has nothing to say. Reads of sources `packets`, of destinations
 * `packets` and `packets_back`.
 */
export function answersEach(step: Step, host: Entity): number {
  const own = step.host('source', host.tenantId, host.address('destination_ip'));
  const received = host.sum('packets', MOST_WINDOWS_BACK);
  return received === 0 ? 0 : (own.sum('packets') + host.sum('packets_back')) / received;
}

/** Of biflows it is told whether they are answered, not by how much in each protocol: one that is counts as so much of its packets. */
const ANSWERED_BIFLOW = 0.2;

/**
 * The same of UDP alone. Reads of sources `udp_packets`, of destinations `udp_packets`, `flows` and `answered_flows`.
 */
export function udpAnswersEach(step: Step, host: Entity): number {
  const own = step.host('source', host.tenantId, host.address('destination_ip'));
  const received = host.sum('udp_packets');
  const answered = host.sum('answered_flows') / Math.max(1, host.sum('flows'));
  return received === 0 ? 0 : own.sum('udp_packets') / received + ANSWERED_BIFLOW * answered;
}

/** Many hosts, or all of a network, are meant: 224.0.0.0/4, ff00::/8, and broadcasts by their last octet. */
export function isToMany(address: string): boolean {
  if (address.includes(':')) return address.startsWith('ff');
  const first = Number(address.slice(0, address.indexOf('.')));
  return (first >= 224 && first < 240) || address.endsWith('.255');
}

/** Who a destination is to this network: its own hosts and transit are looked after, what own hosts send elsewhere is not. */
export function isLookedAfter(internal: number): boolean {
  return (internal & 3) !== 1;
}
